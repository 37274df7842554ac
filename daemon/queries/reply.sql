-- name: reply_word
-- What the mail of a delivery in the board's mode asks for in a reply.
SELECT t.reply_word
FROM delivery d
	JOIN letter t ON t.id = d.letter_id
WHERE d.id = ?1 AND d.mode = (SELECT mode FROM board);

-- name: reply_list
-- The list that a delivery is of.
SELECT l.name
FROM delivery d
	JOIN digest g ON g.id = d.digest_id
	JOIN list l ON l.id = g.list_id
WHERE d.id = ?1;
