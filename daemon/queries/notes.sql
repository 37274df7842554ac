-- name: notes_last_withdrawal
-- When a briefing was last withdrawn, if that was after ?1.
SELECT coalesce(max(closed_at), 0) FROM version
WHERE closed_as = 'withdrawn' AND closed_at > ?1;

-- name: notes_had_mail
-- Has the person ?1 a digest since ?2?
SELECT 1 FROM delivery
WHERE person_id = ?1 AND digest_id IS NOT NULL AND mode = 'live'
	AND state <> 'cancelled' AND created_at >= ?2
LIMIT 1;

-- name: notes_outstanding
-- What the person ?1 has under list ?2, or one that they left for it, that is
-- neither confirmed, attested nor closed at ?3 and whose mail a relay took, with its
-- deadline in (?4, ?5], and how many reminders went; nothing while their mail comes
-- back.
SELECT r.id, r.version_id, r.due_at, r.required_at,
	coalesce((SELECT max(x.number) FROM reminder x
		JOIN delivery s ON s.id = x.delivery_id
			AND s.state <> 'cancelled'
		WHERE x.requirement_id = r.id), 0), v.marking
FROM requirement r
	JOIN version v ON v.id = r.version_id AND v.closed_at IS NULL
	JOIN delivery d ON d.id = r.delivery_id AND d.state = 'accepted'
WHERE r.person_id = ?1
	AND (r.list_id = ?2 OR NOT EXISTS (SELECT 1 FROM member m
		WHERE m.list_id = r.list_id AND m.person_id = ?1
			AND m.removed_at IS NULL))
	AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
	AND r.closed_at IS NULL AND r.closes_at > ?3
	AND r.due_at > ?4 AND r.due_at <= ?5
	AND NOT EXISTS (SELECT 1 FROM attestation a
		WHERE a.requirement_id = r.id AND a.undone_at IS NULL)
	AND NOT EXISTS (SELECT 1 FROM identity i
		JOIN suppression b ON b.address_key = i.address_key
			AND b.suppressed_at IS NOT NULL
		WHERE i.person_id = ?1)
ORDER BY r.due_at, r.id;

-- name: notes_any_outstanding
-- Has anyone something outstanding under list ?1 with its deadline in (?2, ?3]?
SELECT 1 FROM requirement
WHERE list_id = ?1 AND due_at > ?2 AND due_at <= ?3
	AND acknowledged_at IS NULL AND missed_at IS NULL
	AND closed_at IS NULL
LIMIT 1;

-- name: notes_withdrawn
-- What the person ?1 had under list ?2 that was withdrawn since ?3 and is so, and
-- that they were not told of.
SELECT r.version_id, v.marking
FROM requirement r
	JOIN version v ON v.id = r.version_id AND v.closed_as = 'withdrawn'
	JOIN briefing b ON b.id = v.briefing_id AND b.withdrawn_at IS NOT NULL
	JOIN delivery d ON d.id = r.delivery_id AND d.state = 'accepted'
WHERE r.person_id = ?1 AND r.list_id = ?2 AND v.closed_at > ?3
	AND NOT EXISTS (SELECT 1 FROM withdrawal_told t
		JOIN delivery s ON s.id = t.delivery_id
			AND s.state <> 'cancelled'
		WHERE t.version_id = r.version_id AND t.person_id = ?1)
	AND NOT EXISTS (SELECT 1 FROM identity i
		JOIN suppression x ON x.address_key = i.address_key
			AND x.suppressed_at IS NOT NULL
		WHERE i.person_id = ?1)
ORDER BY r.version_id;

-- name: notes_any_withdrawn
-- Was something withdrawn since ?2 and ?3 that the list ?1 was sent?
SELECT 1 FROM version v
	JOIN letter_version lv ON lv.version_id = v.id
	JOIN letter l ON l.id = lv.letter_id
	JOIN digest g ON g.id = l.digest_id
WHERE v.closed_as = 'withdrawn' AND v.closed_at > ?2 AND v.closed_at > ?3
	AND g.list_id = ?1 AND g.mode = 'live'
LIMIT 1;

-- name: notes_mailed_lists
-- The lists behind ?2 that were sent what of the briefing ?1 is withdrawn, of
-- which none is being told by hand already.
SELECT l.id, l.name FROM list l
WHERE l.id > ?2 AND l.removed_at IS NULL AND l.id IN (SELECT g.list_id
		FROM briefing b
			JOIN version v ON v.briefing_id = b.id
				AND v.closed_as = 'withdrawn'
			JOIN letter_version lv ON lv.version_id = v.id
			JOIN letter t ON t.id = lv.letter_id
			JOIN digest g ON g.id = t.digest_id
		WHERE b.ref = ?1 AND g.mode = 'live')
	AND NOT EXISTS (SELECT 1 FROM digest n
		WHERE n.list_id = l.id AND n.state = 'planning'
			AND n.kind = 'notes' AND n.requested_by IS NOT NULL
			AND n.cursor = 0)
ORDER BY l.id
LIMIT ?3;

-- name: notes_add_reminder
-- That a reminder went with this delivery; one that was cancelled is replaced.
INSERT INTO reminder (requirement_id, number, delivery_id)
VALUES (?1, ?2, ?3)
ON CONFLICT (requirement_id, number) DO UPDATE SET
	delivery_id = excluded.delivery_id;

-- name: notes_add_told
-- That a person was told of a withdrawal, likewise.
INSERT INTO withdrawal_told (version_id, person_id, delivery_id)
VALUES (?1, ?2, ?3)
ON CONFLICT (version_id, person_id) DO UPDATE SET
	delivery_id = excluded.delivery_id;

-- name: notes_set_from
-- Notes up to this time are dealt with.
UPDATE list SET notes_from_at = ?2 WHERE id = ?1;

-- name: notes_is_over
-- Does the delivery remind of something that is confirmed, attested or closed by
-- now?
SELECT 1 FROM reminder x JOIN requirement r ON r.id = x.requirement_id
WHERE x.delivery_id = ?1 AND (r.acknowledged_at IS NOT NULL
	OR r.missed_at IS NOT NULL OR r.closed_at IS NOT NULL
	OR EXISTS (SELECT 1 FROM attestation a
		WHERE a.requirement_id = r.id AND a.undone_at IS NULL))
LIMIT 1;
