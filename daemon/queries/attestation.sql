-- name: attestation_list
-- The list of that name.
SELECT id, agency FROM list WHERE name = ?1;

-- name: attestation_agency
-- Has any list that agency?
SELECT 1 FROM list WHERE agency = ?1 LIMIT 1;

-- name: attestation_find
-- What briefing ?2 last asked of who has the address ?1 under list ?3 (0: any) of
-- agency ?4 (NULL: any): is it asked of them, and the sheet that says already that
-- they signed (0: none).
SELECT r.id, p.public_id, v.number, v.taken_at, r.closed_as,
	r.acknowledged_at IS NOT NULL OR r.closed_at IS NULL
		OR r.closed_as IN ('left', 'exempt') AND r.closed_at > r.due_at,
	coalesce((SELECT a.sheet_id FROM attestation a
		WHERE a.requirement_id = r.id AND a.undone_at IS NULL), 0)
FROM identity i
JOIN person p ON p.id = i.person_id AND p.erased_at IS NULL
JOIN standing_requirement r ON r.person_id = p.id
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE i.address_key = ?1 AND b.ref = ?2
	AND (?3 = 0 OR r.list_id = ?3) AND (?4 IS NULL OR r.agency = ?4)
ORDER BY v.number DESC LIMIT 1;

-- name: attestation_add_sheet
INSERT INTO sheet (version_id, agency, list_id, signed_at, scan_type,
	scan_size, recorded_at, event_id)
VALUES (?1, ?2, NULLIF(?3, 0), ?4, ?5, ?6, ?7, ?8);

-- name: attestation_add_scan
INSERT INTO sheet_scan (sheet_id, salt, bytes) VALUES (?1, ?2, ?3);

-- name: attestation_add
INSERT INTO attestation (sheet_id, requirement_id, attested_at, event_id)
VALUES (?1, ?2, ?3, ?4);

-- name: attestation_sheets
-- Those of briefing ?1 (NULL: all), list ?2 (NULL: all) and agency ?3 (NULL: all),
-- the latest first; ?4: that one alone (0: all). Texts that were erased are ''.
SELECT s.id, b.ref, v.number, s.agency, coalesce(l.name, ''), s.signed_at,
	s.recorded_at, s.event_id, s.scan_type, s.scan_size,
	EXISTS (SELECT 1 FROM sheet_scan x WHERE x.sheet_id = s.id),
	(SELECT count(*) FROM attestation a WHERE a.sheet_id = s.id),
	(SELECT count(*) FROM attestation a WHERE a.sheet_id = s.id
		AND a.undone_at IS NULL),
	coalesce((SELECT text FROM event_text x
		WHERE x.event_id = s.event_id AND x.name = 'note'), ''),
	coalesce((SELECT o.name FROM operator o
		WHERE o.public_id = substr(e.actor, instr(e.actor, ':') + 1)),
		e.actor)
FROM sheet s
JOIN event e ON e.id = s.event_id
JOIN version v ON v.id = s.version_id
JOIN briefing b ON b.id = v.briefing_id
LEFT JOIN list l ON l.id = s.list_id
WHERE (?1 IS NULL OR b.ref = ?1) AND (?2 IS NULL OR l.name = ?2)
	AND (?3 IS NULL OR s.agency = ?3) AND (?4 = 0 OR s.id = ?4)
ORDER BY s.signed_at DESC, s.id DESC;

-- name: attestation_people
-- Who signed sheet ?1, those undone among them; ?2: that person alone, by address
-- or public id (NULL: all). What was erased is ''.
SELECT a.id, p.public_id, coalesce(i.address, ''), coalesce(i.name, ''),
	v.number, coalesce(r.acknowledged_at, 0), a.event_id,
	coalesce(a.undone_at, 0),
	coalesce((SELECT text FROM event_text x
		WHERE x.event_id = a.undone_event_id AND x.name = 'reason'), '')
FROM attestation a
JOIN requirement r ON r.id = a.requirement_id
JOIN version v ON v.id = r.version_id
JOIN person p ON p.id = r.person_id
LEFT JOIN identity i ON i.person_id = p.id
WHERE a.sheet_id = ?1
	AND (?2 IS NULL OR i.address_key = ?2 OR p.public_id = ?2)
ORDER BY i.name, i.address, a.id;

-- name: attestation_scan
SELECT x.bytes, s.scan_type FROM sheet s
LEFT JOIN sheet_scan x ON x.sheet_id = s.id
WHERE s.id = ?1;

-- name: attestation_undo
-- One, by its id, at ?2 by the event ?3.
UPDATE attestation SET undone_at = ?2, undone_event_id = ?3
WHERE id = ?1 AND undone_at IS NULL;

-- name: attestation_undo_sheet
-- Likewise all that stand on the sheet ?1.
UPDATE attestation SET undone_at = ?2, undone_event_id = ?3
WHERE sheet_id = ?1 AND undone_at IS NULL;
