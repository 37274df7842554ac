-- name: team_session_agency
-- Has any list that agency?
SELECT 1 FROM list WHERE agency = ?1 LIMIT 1;

-- name: team_session_agencies
SELECT DISTINCT agency FROM list ORDER BY agency;

-- name: team_session_like
-- Does one that stands say the very same?
SELECT id FROM team_session
WHERE version_id = ?1 AND agency = ?2 AND held_at = ?3 AND reached = ?4
	AND head_count = ?5 AND undone_at IS NULL
LIMIT 1;

-- name: team_session_add
INSERT INTO team_session (version_id, agency, held_at, reached, head_count,
	recorded_at, event_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: team_session_load
-- Those of briefing ?1 (NULL: all) and agency ?2 (NULL: all), the latest first;
-- ?3: that one alone (0: all). Texts that were erased are ''.
SELECT t.id, b.ref, v.number, t.agency, t.held_at, t.reached, t.head_count,
	t.recorded_at, t.event_id, COALESCE(t.undone_at, 0),
	COALESCE((SELECT text FROM event_text x
		WHERE x.event_id = t.event_id AND x.name = 'setting'), ''),
	COALESCE((SELECT text FROM event_text x
		WHERE x.event_id = t.event_id AND x.name = 'note'), ''),
	COALESCE((SELECT text FROM event_text x
		WHERE x.event_id = t.undone_event_id AND x.name = 'reason'), ''),
	COALESCE((SELECT o.name FROM operator o
		WHERE o.public_id = substr(e.actor, instr(e.actor, ':') + 1)),
		e.actor)
FROM team_session t
JOIN event e ON e.id = t.event_id
JOIN version v ON v.id = t.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE (?1 IS NULL OR b.ref = ?1) AND (?2 IS NULL OR t.agency = ?2)
	AND (?3 = 0 OR t.id = ?3)
ORDER BY t.held_at DESC, t.id DESC;

-- name: team_session_undo
UPDATE team_session SET undone_at = ?2, undone_event_id = ?3
WHERE id = ?1 AND undone_at IS NULL;
