-- What is erased of one person: each table that has such data has its statement
-- here, in core/person_data.c. Those that walk take ?1 the person, ?2 the
-- address (NULL: it is another's now), ?3 the name (NULL: none to look for), ?4
-- the public id, and the rows behind ?5 as far as ?6. Once more is harmless.

-- name: erase_find
-- Who has the address ?1, or had it when it was given to another.
SELECT p.public_id FROM person p JOIN identity i ON i.person_id = p.id
WHERE i.address_key = ?1
UNION
SELECT p.public_id FROM person p JOIN identity i ON i.person_id = p.id
WHERE i.address_key IS NULL AND lower(i.address) = ?1;

-- name: erase_load
-- Who that is, as long as it is known.
SELECT p.id, i.address_key, i.name, lower(i.address) FROM person p
JOIN identity i ON i.person_id = p.id
WHERE p.public_id = ?1;

-- name: erase_last
-- How far there is something to walk over.
SELECT (SELECT coalesce(max(id), 0) FROM delivery),
	(SELECT coalesce(max(id), 0) FROM returned),
	(SELECT coalesce(max(id), 0) FROM letter),
	(SELECT coalesce(max(event_id), 0) FROM event_text);

-- name: erase_waiting
-- Mails to person ?1 that were not sent, or are being sent.
SELECT id, state FROM delivery
WHERE person_id = ?1 AND state IN ('due', 'held', 'sending') LIMIT ?2;

-- name: erase_waiting_walk
-- Likewise to the address, whoever's they are.
SELECT d.id, d.state FROM delivery d JOIN addressee a ON a.delivery_id = d.id
WHERE d.id > ?5 AND d.id <= ?6 AND d.state IN ('due', 'held', 'sending')
	AND (d.person_id = ?1 OR lower(a.address) = ?2);

-- name: erase_own_deliveries
-- The mails to person ?1 behind ?2.
SELECT id FROM delivery WHERE person_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3;

-- name: erase_own_returned
-- What came back of them, likewise.
SELECT r.id FROM delivery d JOIN returned r ON r.delivery_id = d.id
WHERE d.person_id = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3;

-- name: erase_member
-- On no list any more, at ?2; what is outstanding stays so.
UPDATE member SET row_key = NULL, row_hash = '', since_on = NULL,
	joined_at = added_at, removed_at = coalesce(removed_at, ?2)
WHERE person_id = ?1;

-- name: erase_member_status
-- The hash of a row is none that can't be guessed.
UPDATE member_status SET row_hash = ''
WHERE member_id IN (SELECT id FROM member WHERE person_id = ?1);

-- name: erase_addressee
-- Whom mails went to.
DELETE FROM addressee WHERE delivery_id > ?5 AND delivery_id <= ?6
	AND (delivery_id IN (SELECT id FROM delivery WHERE person_id = ?1)
		OR lower(address) = ?2);

-- name: erase_attempt
-- What servers said, which tells the address.
UPDATE attempt SET text = '' WHERE delivery_id > ?5 AND delivery_id <= ?6
	AND text <> ''
	AND (delivery_id IN (SELECT id FROM delivery WHERE person_id = ?1)
		OR instr(lower(text), ?2) > 0);

-- name: erase_returned
-- What came back, likewise.
UPDATE returned SET text = '' WHERE id > ?5 AND id <= ?6 AND text <> ''
	AND (delivery_id IN (SELECT id FROM delivery WHERE person_id = ?1)
		OR instr(lower(text), ?2) > 0 OR instr(text, ?3) > 0);

-- name: erase_letters
-- Notices: what tells of someone is found in their text.
SELECT l.id, d.id, d.state, coalesce(d.person_id, 0) = ?1
	OR coalesce(lower(a.address) = ?2, 0), l.body
FROM letter l
	JOIN delivery d ON d.letter_id = l.id
	LEFT JOIN addressee a ON a.delivery_id = d.id
WHERE l.id > ?5 AND l.id <= ?6 AND l.notice_id IS NOT NULL
	AND length(l.body) > 0
ORDER BY l.id;

-- name: erase_letter
-- It can't be sent any more.
UPDATE letter SET head = x'', body = x'' WHERE id = ?1;

-- name: erase_event_text
-- Texts with their salts, of events that know the person, of notices whose
-- letter is gone, and what names them elsewhere; who approved a briefing and
-- why someone was erased stays.
DELETE FROM event_text WHERE event_id > ?5 AND event_id <= ?6 AND event_id IN (
	SELECT t.event_id FROM event_text t JOIN event e ON e.id = t.event_id
	WHERE t.event_id > ?5 AND t.event_id <= ?6
		AND e.kind NOT IN ('briefing-taken', 'person-erased',
			'person-readmitted')
		AND (instr(e.body, '"' || ?4 || '"') > 0
			OR e.actor = 'person:' || ?4
			OR instr(lower(t.text), ?2) > 0
			OR instr(t.text, ?3) > 0
			OR e.kind = 'notice-queued' AND EXISTS (
				SELECT 1 FROM letter l WHERE l.id =
					json_extract(e.body, '$.letter')
				AND length(l.body) = 0)));

-- name: erase_scan
-- One of the scans of sheets that they are on, or were.
DELETE FROM sheet_scan WHERE sheet_id = (SELECT x.sheet_id FROM requirement r
	JOIN attestation a ON a.requirement_id = r.id
	JOIN sheet_scan x ON x.sheet_id = a.sheet_id
	WHERE r.person_id = ?1 LIMIT 1);

-- name: erase_identity
-- Who they were.
DELETE FROM identity WHERE person_id = ?1;

-- name: erase_suppression
-- Whether mail to the address arrives.
DELETE FROM suppression WHERE address_key = ?1;

-- name: erase_forward
-- Links asked for with it.
DELETE FROM forward WHERE lower(address) = ?1;

-- name: erase_lead
-- Who recorded things as a list's lead keeps the random id alone.
UPDATE operator SET name = 'lead, erased: ' || public_id
WHERE lower(name) = 'lead ' || ?1;

-- name: erase_list_problem
-- What was wrong with an agency's file.
UPDATE list SET problem = 'a row of someone who was erased since'
WHERE instr(lower(problem), ?1) > 0;

-- name: erase_relay_trouble
-- What a relay said last.
UPDATE relay SET trouble = '' WHERE instr(lower(trouble), ?1) > 0;

-- name: erase_person
-- It begins, once: from here on nothing more is recorded of them.
UPDATE person SET erased_at = ?2 WHERE id = ?1 AND erased_at IS NULL;

-- name: erase_since
-- When it began.
SELECT erased_at FROM person WHERE id = ?1;

-- name: erase_lists_again
-- Lists that the person's rows were on are read again: a row that is still
-- there is refused, and said so.
UPDATE list SET csv_hash = 'again'
WHERE csv_hash <> '' AND id IN (SELECT list_id FROM member WHERE person_id = ?1);

-- name: tombstone_is
-- Was who has that address erased?
SELECT 1 FROM tombstone WHERE mac = ?1;

-- name: tombstone_any
-- Was anybody erased?
SELECT EXISTS (SELECT 1 FROM tombstone);

-- name: tombstone_put
-- Once.
INSERT INTO tombstone (mac, made_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: tombstone_remove
-- The address may be taken from lists again.
DELETE FROM tombstone WHERE mac = ?1;

-- name: tombstone_lists_again
-- Lists that have a row which was refused are read again.
UPDATE list SET csv_hash = 'again' WHERE refused_lines <> '';
