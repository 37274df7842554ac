-- name: forward_ask
-- Who has the mail ?1, which was passed on, asks for a link of their own, and is
-- answered at ?4.
INSERT INTO forward (delivery_id, address, asked_at, answer_at)
SELECT d.id, ?2, ?3, ?4
FROM delivery d JOIN person p ON p.id = d.person_id AND p.erased_at IS NULL
WHERE d.id = ?1 AND d.mode = 'live' AND d.digest_id IS NOT NULL;

-- name: forward_next
-- The first of what is answered by ?1, with the list and those briefings of that mail that
-- are still in force (NULL: none is), and when it went out.
SELECT f.id, f.delivery_id, f.address, l.name,
	(SELECT group_concat(b.ref, ', ') FROM letter_version lv
		JOIN version v ON v.id = lv.version_id AND v.closed_at IS NULL
		JOIN briefing b ON b.id = v.briefing_id
			AND b.withdrawn_at IS NULL
		WHERE lv.letter_id = d.letter_id),
	COALESCE(d.ended_at, d.created_at)
FROM forward f
JOIN delivery d ON d.id = f.delivery_id
JOIN digest g ON g.id = d.digest_id
JOIN list l ON l.id = g.list_id
WHERE f.answer_at <= ?1
ORDER BY f.answer_at, f.id LIMIT 1;

-- name: forward_find_person
-- Whose the address ?1 is, and the last mail that they got themselves with a
-- briefing of delivery ?2; 0: none.
SELECT i.person_id, i.name, COALESCE((SELECT MAX(own.id)
	FROM delivery own
	JOIN letter_version lv ON lv.letter_id = own.letter_id
	WHERE own.person_id = i.person_id AND own.mode = 'live'
		AND own.digest_id IS NOT NULL AND own.state <> 'cancelled'
		AND lv.version_id IN (SELECT passed.version_id
			FROM delivery d
			JOIN letter_version passed
				ON passed.letter_id = d.letter_id
			WHERE d.id = ?2)), 0)
FROM identity i
WHERE i.address_key = ?1;

-- name: forward_count_sent
-- How many such mails the person ?1 was sent since ?2.
SELECT count(*) FROM delivery d JOIN notice n ON n.id = d.notice_id
WHERE d.person_id = ?1 AND n.kind IN ('own-link', 'guest-link')
	AND d.created_at > ?2;

-- name: forward_add_guest
-- The notice ?1 has a link to what the mail ?2 asked.
INSERT INTO guest (delivery_id, source_id) VALUES (?1, ?2);

-- name: forward_forget
-- It was answered, or is not to be.
DELETE FROM forward WHERE id = ?1;
