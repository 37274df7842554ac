-- A delivery is a digest's, or a guest's: a notice whose link opens what another
-- mail asked (the source).

-- name: acknowledgement_delivery
-- Whose delivery ?1 is, and the times that its link hangs on.
SELECT d.person_id, p.public_id, COALESCE(a.address, ''), COALESCE(a.name, ''),
	d.mode, d.state, d.created_at, COALESCE(d.claimed_at, 0),
	COALESCE(d.ended_at, 0),
	(SELECT COALESCE(MAX(r.closes_at), 0) FROM requirement r
	 WHERE r.delivery_id = d.id),
	l.confirm, u.source_id IS NOT NULL,
	COALESCE(m.is_shared, 0), p.erased_at IS NOT NULL
FROM delivery d
LEFT JOIN guest u ON u.delivery_id = d.id
JOIN delivery s ON s.id = COALESCE(u.source_id, d.id)
JOIN digest g ON g.id = s.digest_id
JOIN list l ON l.id = g.list_id
JOIN person p ON p.id = d.person_id
LEFT JOIN addressee a ON a.delivery_id = d.id
LEFT JOIN member m ON m.list_id = l.id AND m.person_id = d.person_id
	AND u.source_id IS NULL
WHERE d.id = ?1;

-- name: acknowledgement_items
-- The versions in the letter of delivery ?1, with what is required of them. In
-- a rehearsal nothing is, and of a guest nothing either. And when a confirmation
-- of it was last disowned.
SELECT lv.version_id, r.id, COALESCE(r.acknowledged_at, w.confirmed_at, 0),
	COALESCE(r.due_at, 0), r.closed_as, COALESCE(r.receipt, w.receipt),
	(SELECT COUNT(*) FROM beside f WHERE f.version_id = lv.version_id
		AND f.person_id = d.person_id AND f.kind = 'further'
		AND f.disowned_at IS NULL),
	MAX(COALESCE((SELECT MAX(x.disowned_at) FROM disowned x
		WHERE x.requirement_id = r.id), 0),
		COALESCE((SELECT MAX(x.disowned_at) FROM beside x
		WHERE x.version_id = lv.version_id
			AND x.person_id = d.person_id), 0))
FROM delivery d
LEFT JOIN guest u ON u.delivery_id = d.id
JOIN delivery s ON s.id = COALESCE(u.source_id, d.id)
JOIN letter_version lv ON lv.letter_id = s.letter_id
LEFT JOIN requirement r ON r.version_id = lv.version_id
	AND r.person_id = d.person_id AND d.mode = 'live'
LEFT JOIN beside w ON w.version_id = lv.version_id
	AND w.person_id = d.person_id AND w.kind = 'wider'
	AND w.disowned_at IS NULL
WHERE d.id = ?1
ORDER BY lv.position;

-- name: acknowledgement_later
-- What else is outstanding for the person of the live delivery ?1.
SELECT r.version_id, r.due_at
FROM delivery d
JOIN standing_requirement r ON r.person_id = d.person_id
WHERE d.id = ?1 AND d.mode = 'live'
	AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM letter_version lv
		WHERE lv.letter_id = d.letter_id AND lv.version_id = r.version_id)
ORDER BY r.due_at, r.id;

-- name: acknowledgement_find
-- The open requirement that delivery ?1 confirms for version ?2, if there is
-- one: of its own letter, live, neither withdrawn nor superseded; nor disowned
-- after ?3, for who presses then did not know. Is it one of a shared mailbox?
SELECT r.id, p.public_id, b.ref, v.number, COALESCE(m.is_shared, 0)
FROM delivery d
JOIN digest g ON g.id = d.digest_id
LEFT JOIN member m ON m.list_id = g.list_id AND m.person_id = d.person_id
JOIN letter_version lv ON lv.letter_id = d.letter_id AND lv.version_id = ?2
JOIN requirement r ON r.version_id = lv.version_id
	AND r.person_id = d.person_id
JOIN person p ON p.id = r.person_id AND p.erased_at IS NULL
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE d.id = ?1 AND d.mode = 'live'
	AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
	AND b.withdrawn_at IS NULL AND v.closed_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM disowned x
		WHERE x.requirement_id = r.id AND x.disowned_at > ?3);

-- name: acknowledgement_find_beside
-- What delivery ?1 confirms for version ?2 beside what is required: of a guest,
-- once, unless it is required of them as well; of a shared mailbox, behind its
-- first, and how many there are with that one; likewise.
SELECT CASE WHEN u.source_id IS NULL THEN 'further' ELSE 'wider' END,
	p.id, p.public_id, b.ref, v.number, l.id, l.name, l.agency,
	1 + (SELECT COUNT(*) FROM beside f WHERE f.version_id = v.id
		AND f.person_id = p.id AND f.kind = 'further'
		AND f.disowned_at IS NULL)
FROM delivery d
LEFT JOIN guest u ON u.delivery_id = d.id
JOIN delivery s ON s.id = COALESCE(u.source_id, d.id)
JOIN digest g ON g.id = s.digest_id
JOIN list l ON l.id = g.list_id
JOIN letter_version lv ON lv.letter_id = s.letter_id AND lv.version_id = ?2
JOIN person p ON p.id = d.person_id AND p.erased_at IS NULL
JOIN version v ON v.id = lv.version_id
JOIN briefing b ON b.id = v.briefing_id
LEFT JOIN member m ON m.list_id = l.id AND m.person_id = p.id
LEFT JOIN requirement r ON r.version_id = v.id AND r.person_id = p.id
WHERE d.id = ?1 AND d.mode = 'live'
	AND b.withdrawn_at IS NULL AND v.closed_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM beside x
		WHERE x.version_id = v.id AND x.person_id = p.id
			AND x.disowned_at > ?3)
	AND CASE WHEN u.source_id IS NULL
		THEN m.is_shared = 1 AND r.acknowledged_at IS NOT NULL
		ELSE r.id IS NULL AND NOT EXISTS (SELECT 1 FROM beside w
			WHERE w.version_id = v.id AND w.person_id = p.id
			AND w.kind = 'wider' AND w.disowned_at IS NULL) END;

-- name: acknowledgement_find_name
-- The receipt of the one with the name ?3 who confirmed version ?2 with the
-- mailbox of delivery ?1, whatever the case of its (ASCII) letters.
SELECT k.receipt
FROM (SELECT r.receipt, r.event_id FROM requirement r
	WHERE r.version_id = ?2 AND r.person_id =
		(SELECT d.person_id FROM delivery d WHERE d.id = ?1)
	UNION ALL
	SELECT f.receipt, f.event_id FROM beside f
	WHERE f.version_id = ?2 AND f.kind = 'further'
		AND f.disowned_at IS NULL AND f.person_id =
		(SELECT d.person_id FROM delivery d WHERE d.id = ?1)) k
JOIN event_text t ON t.event_id = k.event_id AND t.name = 'name'
WHERE lower(t.text) = lower(?3);

-- name: acknowledgement_add_beside
-- It is a record of its own.
INSERT INTO beside (kind, version_id, person_id, list_id, agency, confirmed_at,
	grade, receipt, event_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: acknowledgement_mark
-- The person confirmed it at ?2, with that grade, receipt and event.
UPDATE requirement SET acknowledged_at = ?2, grade = ?3, receipt = ?4,
	event_id = ?5
WHERE id = ?1 AND acknowledged_at IS NULL AND closed_at IS NULL;

-- name: acknowledgement_closing
-- Windows that closed by ?1 without a confirmation, at most ?2. One who left or
-- was exempted only after the deadline is not let off (the condition is that of
-- the index requirement_open); one to whom nothing was mailed, the delivery having
-- been cancelled, has missed nothing, nor has one whose version was closed.
SELECT r.id, p.public_id, b.ref, v.number, r.closes_at
FROM requirement r
JOIN delivery d ON d.id = r.delivery_id AND d.state <> 'cancelled'
JOIN person p ON p.id = r.person_id
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE r.closes_at <= ?1
	AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
	AND (r.closed_at IS NULL
		OR r.closed_as IN ('left', 'exempt') AND r.closed_at > r.due_at)
	AND (r.closed_at IS NOT NULL OR v.closed_at IS NULL)
ORDER BY r.closes_at, r.id
LIMIT ?2;

-- name: acknowledgement_closing_one
-- Requirement ?1, likewise, once its confirmation was disowned; here a version that
-- was closed after the window changes nothing: it would have been missed by then.
SELECT r.id, p.public_id, b.ref, v.number, r.closes_at
FROM requirement r
JOIN delivery d ON d.id = r.delivery_id AND d.state <> 'cancelled'
JOIN person p ON p.id = r.person_id
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE r.id = ?1 AND r.closes_at <= ?2
	AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
	AND (r.closed_at IS NULL
		OR r.closed_as IN ('left', 'exempt') AND r.closed_at > r.due_at)
	AND (v.closed_at IS NULL OR v.closed_at > r.closes_at);

-- name: acknowledgement_miss
-- The negative receipt, written at ?2.
UPDATE requirement SET missed_at = ?2
WHERE id = ?1 AND acknowledged_at IS NULL AND missed_at IS NULL;

-- name: acknowledgement_settle
-- Windows that closed by ?1 on a version that was closed before, at most ?2:
-- the row says itself what its version says, and leaves requirement_open.
UPDATE requirement SET
	closed_at = (SELECT v.closed_at FROM version v
		WHERE v.id = requirement.version_id),
	closed_as = (SELECT v.closed_as FROM version v
		WHERE v.id = requirement.version_id)
WHERE id IN (SELECT r.id
	FROM requirement r
	JOIN version v ON v.id = r.version_id AND v.closed_at IS NOT NULL
	WHERE r.closes_at <= ?1
		AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
		AND (r.closed_at IS NULL OR r.closed_as IN ('left', 'exempt')
			AND r.closed_at > r.due_at)
		AND r.closed_at IS NULL
	LIMIT ?2);
