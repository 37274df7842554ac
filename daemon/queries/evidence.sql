-- name: evidence_versions
-- Each version, with what was closed with it.
SELECT v.id, b.ref, v.number, v.content_hash, v.closed_at, v.closed_as
FROM version v JOIN briefing b ON b.id = v.briefing_id ORDER BY v.id;

-- name: evidence_people
-- Who a row is about, the last first; when they were erased, and is it known who
-- they were?
SELECT p.id, p.public_id, coalesce(p.erased_at, 0), i.person_id IS NOT NULL
FROM person p LEFT JOIN identity i ON i.person_id = p.id
ORDER BY p.id DESC;

-- name: evidence_requirements
-- Each duty, with all that a figure rests on.
SELECT r.id, r.version_id, r.person_id, r.required_at, r.due_at, r.closes_at,
	coalesce(r.acknowledged_at, 0), coalesce(r.missed_at, 0),
	r.closed_at, r.closed_as, r.agency, r.grade, r.event_id
FROM requirement r ORDER BY r.id;

-- name: evidence_deliveries
-- Each delivery, as it ended.
SELECT id, state, coalesce(ended_at, 0) FROM delivery ORDER BY id;

-- name: evidence_letter
-- The bytes that all who share it have in common.
SELECT head, body FROM letter WHERE id = ?1;

-- name: evidence_texts
-- Free text, with the event that promised it.
SELECT t.event_id, t.name, t.salt, t.text, e.body, e.kind
FROM event_text t JOIN event e ON e.id = t.event_id;

-- name: evidence_keys
-- The keys that signed; and is there an event that says so?
SELECT k.verifier, EXISTS (SELECT 1 FROM event e
	WHERE e.kind = 'ledger-key' AND instr(e.body, k.verifier) > 0)
FROM ledger_key k;

-- name: evidence_acknowledgement
-- The event by which the person with the address or public id ?1 acknowledged
-- briefing ?2.
SELECT r.event_id FROM requirement r
JOIN person p ON p.id = r.person_id
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id AND b.ref = ?2
WHERE r.acknowledged_at IS NOT NULL
	AND p.id IN (SELECT x.person_id FROM identity x WHERE x.address_key = ?1
		UNION ALL SELECT x.id FROM person x WHERE x.public_id = ?1)
ORDER BY v.number DESC LIMIT 1;

-- name: evidence_besides
-- What stands beside what was required; and does its event say the same?
SELECT 'confirmation', s.id, s.event_id, EXISTS (SELECT 1 FROM event e
	JOIN person p ON p.id = s.person_id
	JOIN version v ON v.id = s.version_id
	JOIN briefing b ON b.id = v.briefing_id
	WHERE e.id = s.event_id AND e.effective_at = s.confirmed_at
	AND json_extract(e.body, '$.person') = p.public_id
	AND json_extract(e.body, '$.ref') = b.ref
	AND json_extract(e.body, '$.version') = v.number
	AND json_extract(e.body, '$.kind') = s.kind
	AND json_extract(e.body, '$.grade') = s.grade
	AND json_extract(e.body, '$.receipt') = s.receipt)
FROM beside s
UNION ALL
SELECT 'disowning of confirmation', s.id, s.disowned_event_id, EXISTS (
	SELECT 1 FROM event e
	WHERE e.id = s.disowned_event_id AND e.effective_at = s.disowned_at
	AND json_extract(e.body, '$.as') = s.kind
	AND json_extract(e.body, '$.event') = s.event_id)
FROM beside s WHERE s.disowned_at IS NOT NULL
UNION ALL
-- the event that recorded it says what the row did, and this one ended it
SELECT 'disowned confirmation', d.id, d.disowned_event_id, EXISTS (
	SELECT 1 FROM event e
	JOIN event a ON a.id = d.event_id AND a.kind = 'acknowledged'
	JOIN requirement r ON r.id = d.requirement_id
	JOIN person p ON p.id = r.person_id
	JOIN version v ON v.id = r.version_id
	JOIN briefing b ON b.id = v.briefing_id
	WHERE e.id = d.disowned_event_id AND e.effective_at = d.disowned_at
	AND a.effective_at = d.acknowledged_at
	AND json_extract(e.body, '$.as') = 'required'
	AND json_extract(e.body, '$.event') = d.event_id
	AND json_extract(a.body, '$.person') = p.public_id
	AND json_extract(a.body, '$.ref') = b.ref
	AND json_extract(a.body, '$.version') = v.number
	AND json_extract(a.body, '$.grade') = d.grade
	AND json_extract(a.body, '$.receipt') = d.receipt)
FROM disowned d
UNION ALL
SELECT 'team session', t.id, t.event_id, EXISTS (SELECT 1 FROM event e
	JOIN version v ON v.id = t.version_id
	JOIN briefing b ON b.id = v.briefing_id
	WHERE e.id = t.event_id AND e.kind = 'team-session-recorded'
	AND e.effective_at = t.held_at AND e.recorded_at = t.recorded_at
	AND json_extract(e.body, '$.agency') = t.agency
	AND json_extract(e.body, '$.ref') = b.ref
	AND json_extract(e.body, '$.version') = v.number
	AND json_extract(e.body, '$.reached') = t.reached
	AND json_extract(e.body, '$.head_count') = t.head_count)
FROM team_session t
UNION ALL
SELECT 'undoing of session', t.id, t.undone_event_id, EXISTS (
	SELECT 1 FROM event e
	WHERE e.id = t.undone_event_id AND e.kind = 'team-session-undone'
	AND e.recorded_at = t.undone_at
	AND json_extract(e.body, '$.session') = t.event_id)
FROM team_session t WHERE t.undone_at IS NOT NULL
UNION ALL
SELECT 'sheet', s.id, s.event_id, EXISTS (SELECT 1 FROM event e
	JOIN version v ON v.id = s.version_id
	JOIN briefing b ON b.id = v.briefing_id
	WHERE e.id = s.event_id AND e.kind = 'sheet-recorded'
	AND e.effective_at = s.signed_at AND e.recorded_at = s.recorded_at
	AND json_extract(e.body, '$.agency') = s.agency
	AND json_extract(e.body, '$.list') IS (SELECT l.name FROM list l
		WHERE l.id = s.list_id)
	AND json_extract(e.body, '$.ref') = b.ref
	AND json_extract(e.body, '$.version') = v.number
	AND json_extract(e.body, '$.scan_type') = s.scan_type
	AND json_extract(e.body, '$.scan_size') = s.scan_size
	AND json_extract(e.body, '$.people') = (SELECT count(*)
		FROM attestation a WHERE a.sheet_id = s.id))
FROM sheet s
UNION ALL
SELECT 'attestation', a.id, a.event_id, EXISTS (SELECT 1 FROM event e
	JOIN sheet s ON s.id = a.sheet_id
	JOIN requirement r ON r.id = a.requirement_id
	JOIN person p ON p.id = r.person_id
	JOIN version v ON v.id = r.version_id
	JOIN briefing b ON b.id = v.briefing_id
	WHERE e.id = a.event_id AND e.kind = 'attested'
	AND e.effective_at = s.signed_at AND e.recorded_at = a.attested_at
	AND json_extract(e.body, '$.person') = p.public_id
	AND json_extract(e.body, '$.ref') = b.ref
	AND json_extract(e.body, '$.version') = v.number
	AND json_extract(e.body, '$.grade') = 'attested-by-lead'
	AND json_extract(e.body, '$.sheet') = s.event_id)
FROM attestation a
UNION ALL
SELECT 'undoing of attestation', a.id, a.undone_event_id, EXISTS (
	SELECT 1 FROM event e JOIN sheet s ON s.id = a.sheet_id
	WHERE e.id = a.undone_event_id AND e.recorded_at = a.undone_at
	AND (e.kind = 'attestation-undone'
			AND json_extract(e.body, '$.attested') = a.event_id
		OR e.kind = 'sheet-undone'
			AND json_extract(e.body, '$.sheet') = s.event_id
			AND json_extract(e.body, '$.people') = (
				SELECT count(*) FROM attestation o
				WHERE o.undone_event_id = e.id)))
FROM attestation a WHERE a.undone_at IS NOT NULL;

-- name: evidence_scans
-- Scans that are there yet, with what the event of each promised.
SELECT s.id, x.salt, x.bytes, e.body
FROM sheet_scan x
JOIN sheet s ON s.id = x.sheet_id
JOIN event e ON e.id = s.event_id
ORDER BY s.id;
