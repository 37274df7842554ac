-- name: disown_load
-- The confirmation with the receipt ?3 of version ?2 that stands behind the link of
-- the live delivery ?1, and how often its person disowned one in the day before ?4.
WITH kept AS (
	SELECT r.id AS requirement_id, 0 AS beside_id, 'required' AS kind,
		r.person_id, r.list_id, r.acknowledged_at AS at, r.event_id,
		r.due_at, r.closes_at, r.missed_at
	FROM requirement r
	WHERE r.version_id = ?2 AND r.receipt = ?3
		AND r.acknowledged_at IS NOT NULL AND r.person_id =
		(SELECT d.person_id FROM delivery d WHERE d.id = ?1)
	UNION ALL
	SELECT 0, w.id, w.kind, w.person_id, w.list_id, w.confirmed_at,
		w.event_id, 0, 0, NULL
	FROM beside w
	WHERE w.version_id = ?2 AND w.receipt = ?3
		AND w.disowned_at IS NULL AND w.person_id =
		(SELECT d.person_id FROM delivery d WHERE d.id = ?1)
)
SELECT k.requirement_id, k.beside_id, k.kind, k.person_id, k.at, k.event_id,
	k.due_at, k.closes_at, k.missed_at IS NOT NULL, p.public_id, b.ref,
	v.number, v.closed_at IS NOT NULL, l.id, l.name, l.title, l.lead,
	COALESCE(a.address, ''), COALESCE(n.text, a.name, ''),
	-- off every list, by its row or by what was said since; a list that is no
	-- more closed nothing when it went
	NOT EXISTS (SELECT 1 FROM member m
		WHERE m.person_id = p.id AND m.removed_at IS NULL
		AND COALESCE((SELECT s.status FROM member_status s
			WHERE s.member_id = m.id AND s.row_hash = m.row_hash
			AND s.from_at <= ?4
			AND (s.until_at IS NULL OR s.until_at > ?4)
			ORDER BY s.id DESC LIMIT 1), m.status)
			NOT IN ('left', 'not-for-me')),
	(SELECT COUNT(*) FROM requirement r
		JOIN disowned x ON x.requirement_id = r.id
		WHERE r.person_id = p.id AND x.disowned_at > ?4 - 86400)
	+ (SELECT COUNT(*) FROM beside w WHERE w.person_id = p.id
		AND w.disowned_at IS NOT NULL AND w.disowned_at > ?4 - 86400)
FROM delivery d
LEFT JOIN guest u ON u.delivery_id = d.id
JOIN delivery s ON s.id = COALESCE(u.source_id, d.id)
JOIN letter_version lv ON lv.letter_id = s.letter_id AND lv.version_id = ?2
JOIN kept k ON k.person_id = d.person_id
JOIN person p ON p.id = k.person_id AND p.erased_at IS NULL
JOIN version v ON v.id = lv.version_id
JOIN briefing b ON b.id = v.briefing_id
JOIN list l ON l.id = k.list_id
LEFT JOIN addressee a ON a.delivery_id = d.id
LEFT JOIN event_text n ON n.event_id = k.event_id AND n.name = 'name'
WHERE d.id = ?1 AND d.mode = 'live';

-- name: disown_keep
-- What stands in the row of requirement ?1 until ?2, with the event that ends it.
INSERT INTO disowned (requirement_id, acknowledged_at, disowned_at, grade,
	receipt, event_id, disowned_event_id)
SELECT id, acknowledged_at, ?2, grade, receipt, event_id, ?3
FROM requirement WHERE id = ?1 AND acknowledged_at IS NOT NULL;

-- name: disown_unmark
-- It is kept; the duty is open again.
UPDATE requirement SET acknowledged_at = NULL, grade = NULL, receipt = NULL,
	event_id = NULL
WHERE id = ?1 AND acknowledged_at IS NOT NULL;

-- name: disown_close
-- Who it is asked of has left: closed at ?2, unless it is closed or was missed.
UPDATE requirement SET closed_at = ?2, closed_as = 'left'
WHERE id IN (SELECT r.id FROM standing_requirement r
	WHERE r.id = ?1 AND r.acknowledged_at IS NULL
		AND r.missed_at IS NULL AND r.closed_at IS NULL);

-- name: disown_end_beside
-- It counts until ?2, which event ?3 says.
UPDATE beside SET disowned_at = ?2, disowned_event_id = ?3
WHERE id = ?1 AND disowned_at IS NULL;

-- name: disown_is
-- What became of requirement ?1: closed, missed, or open and due then.
SELECT COALESCE(closed_as, ''), missed_at IS NOT NULL, due_at
FROM standing_requirement WHERE id = ?1;
