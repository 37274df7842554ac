-- name: person_find
-- Whose address it is now.
SELECT p.id, p.public_id FROM identity i JOIN person p ON p.id = i.person_id
WHERE i.address_key = ?1;

-- name: person_identity
-- Who they are, as their agency says.
SELECT p.public_id, i.address, i.name, i.role, i.team, p.created_at
FROM person p JOIN identity i ON i.person_id = p.id WHERE p.id = ?1;

-- name: person_lists
-- The lists they are or were on.
SELECT l.name, l.title, l.agency, m.row_key, m.since_on, m.joined_at, m.status,
	m.added_at, m.removed_at
FROM member m JOIN list l ON l.id = m.list_id WHERE m.person_id = ?1
ORDER BY m.added_at, m.id;

-- name: person_statuses
-- What they or others said of them since.
SELECT l.name, s.status, s.from_at, s.until_at, s.recorded_at, s.actor
FROM member_status s
	JOIN member m ON m.id = s.member_id
	JOIN list l ON l.id = m.list_id
WHERE m.person_id = ?1
ORDER BY s.id;

-- name: person_requirements
-- What they had to acknowledge, and did.
SELECT v.ref, v.number, v.title, l.name, r.required_at, r.due_at,
	r.acknowledged_at, r.grade, r.receipt, r.missed_at, r.closed_at,
	r.closed_as
FROM standing_requirement s
	JOIN requirement r ON r.id = s.id
	JOIN briefing_version v ON v.id = r.version_id
	JOIN list l ON l.id = r.list_id
WHERE r.person_id = ?1
ORDER BY r.required_at, r.id;

-- name: person_beside
-- What they confirmed beside what was required.
SELECT v.ref, v.number, l.name, b.kind, b.confirmed_at, b.grade, b.receipt
FROM beside b
	JOIN briefing_version v ON v.id = b.version_id
	JOIN list l ON l.id = b.list_id
WHERE b.person_id = ?1 AND b.disowned_at IS NULL
ORDER BY b.id;

-- name: person_disowned
-- What was recorded under their name, and they said was not theirs.
SELECT v.ref, v.number, x.acknowledged_at, x.grade, x.receipt, x.disowned_at,
	x.event_id
FROM requirement r
	JOIN disowned x ON x.requirement_id = r.id
	JOIN briefing_version v ON v.id = r.version_id
WHERE r.person_id = ?1
UNION ALL
SELECT v.ref, v.number, b.confirmed_at, b.grade, b.receipt, b.disowned_at,
	b.event_id
FROM beside b JOIN briefing_version v ON v.id = b.version_id
WHERE b.person_id = ?1 AND b.disowned_at IS NOT NULL
ORDER BY 6, 7;

-- name: person_sheets
-- The sheets that they signed, as their lead says; a scan shows others, too, and is
-- not told.
SELECT v.ref, v.number, s.agency, s.signed_at, a.attested_at, a.undone_at,
	CASE WHEN EXISTS (SELECT 1 FROM sheet_scan x WHERE x.sheet_id = s.id)
		THEN 'kept' ELSE 'gone' END, s.id
FROM requirement r
	JOIN attestation a ON a.requirement_id = r.id
	JOIN sheet s ON s.id = a.sheet_id
	JOIN briefing_version v ON v.id = r.version_id
WHERE r.person_id = ?1
ORDER BY a.id;

-- name: person_forwards
-- Links that were asked for with the address, and are not sent yet.
SELECT delivery_id, asked_at FROM forward WHERE lower(address) = ?1
ORDER BY id;

-- name: person_reminders
-- What they were reminded of, and what they were told was withdrawn.
SELECT v.ref, v.number, 'reminder', n.delivery_id
FROM requirement r
	JOIN reminder n ON n.requirement_id = r.id
	JOIN briefing_version v ON v.id = r.version_id
WHERE r.person_id = ?1
UNION ALL
SELECT v.ref, v.number, 'withdrawn', t.delivery_id
FROM withdrawal_told t JOIN briefing_version v ON v.id = t.version_id
WHERE t.person_id = ?1
ORDER BY 4, 1;

-- name: person_withheld
-- What was kept from them, for it is marked.
SELECT v.ref, v.number, l.name, w.reason, w.withheld_at
FROM withheld w
	JOIN briefing_version v ON v.id = w.version_id
	JOIN list l ON l.id = w.list_id
WHERE w.person_id = ?1
ORDER BY w.withheld_at, w.version_id;

-- name: person_mails
-- The mails to them, and to the address, whoever's it was then.
SELECT d.id, coalesce(l.name, n.kind), a.address, a.name, d.mode, d.state,
	d.created_at, d.ended_at, d.bounced_at
FROM addressee a
	JOIN delivery d ON d.id = a.delivery_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN list l ON l.id = g.list_id
WHERE d.person_id = ?1 OR lower(a.address) = ?2
ORDER BY d.id;

-- name: person_attempts
-- What mail servers said of each try.
SELECT t.delivery_id, t.number, t.began_at, t.outcome, t.relay, t.code, t.text
FROM addressee a
	JOIN delivery d ON d.id = a.delivery_id
	JOIN attempt t ON t.delivery_id = d.id
WHERE d.person_id = ?1 OR lower(a.address) = ?2
ORDER BY t.delivery_id, t.number;

-- name: person_returned
-- What came back.
SELECT r.delivery_id, r.recorded_at, r.kind, r.class, r.code, r.status, r.text,
	r.answer
FROM returned r
	JOIN delivery d ON d.id = r.delivery_id
	LEFT JOIN addressee a ON a.delivery_id = d.id
WHERE d.person_id = ?1 OR lower(a.address) = ?2
ORDER BY r.id;

-- name: person_suppression
-- Whether mail to the address arrives.
SELECT score, scored_at, suppressed_at, why, released_at FROM suppression
WHERE address_key = ?1;

-- name: person_texts
-- What was written, by them or of them, and can be erased.
SELECT t.event_id, e.kind, e.recorded_at, t.name, t.text
FROM event_text t JOIN event e ON e.id = t.event_id
WHERE instr(e.body, '"' || ?1 || '"') > 0 OR e.actor = 'person:' || ?1
ORDER BY t.event_id, t.name;

-- name: person_offices
-- The lists that they are the lead or the board member of, as their files say.
SELECT name, agency, 'lead', lead, lead_address FROM list
WHERE lower(lead_address) = ?1 AND removed_at IS NULL
UNION ALL
SELECT name, agency, 'board member', board_member, board_member_address
FROM list WHERE lower(board_member_address) = ?1 AND removed_at IS NULL
ORDER BY 1, 3 DESC;

-- name: person_deeds
-- What they recorded as a list's lead; of whom is not theirs to have.
SELECT e.id, e.kind, e.effective_at, e.recorded_at
FROM operator o JOIN event e ON e.actor = 'lead:' || o.public_id
WHERE lower(o.name) = 'lead ' || ?1
ORDER BY e.id;

-- name: person_events
-- The record, which knows them by a random id.
SELECT id, kind, effective_at, recorded_at, actor, body FROM event
WHERE instr(body, '"' || ?1 || '"') > 0 OR actor = 'person:' || ?1
ORDER BY id;
