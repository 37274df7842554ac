-- name: operate_standing
-- A delivery before an operator's verb, and the mode that the board is in.
SELECT d.state, d.attempt, d.mode, coalesce(p.public_id, ''),
	coalesce(l.name, ''), (SELECT b.mode FROM board b),
	d.mode = 'live' AND x.suppressed_at IS NOT NULL,
	p.erased_at IS NOT NULL OR n.id IS NOT NULL AND a.delivery_id IS NULL
FROM delivery d
	LEFT JOIN addressee a ON a.delivery_id = d.id
	LEFT JOIN suppression x ON x.address_key = lower(a.address)
	LEFT JOIN person p ON p.id = d.person_id
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN list l ON l.id = coalesce(g.list_id, n.list_id)
WHERE d.id = ?1;

-- name: operate_move
-- due, held, refused, unsure -> due, held, cancelled, accepted
UPDATE delivery SET state = ?4, due_at = coalesce(?5, due_at), detail = ?6,
	ended_at = ?7, retried_at = coalesce(?8, retried_at), by_hand = ?9
WHERE id = ?1 AND state = ?2 AND attempt = ?3;

-- name: operate_find
-- The next deliveries behind ?1 that a verb may move, of one list or all: in
-- one of two states, due later than ?5, planned after ?6.
SELECT d.id FROM delivery d
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN list l ON l.id = coalesce(g.list_id, n.list_id)
WHERE d.id > ?1 AND (?2 IS NULL OR l.name = ?2)
	AND d.mode = (SELECT b.mode FROM board b)
	AND (d.state = ?3 AND d.due_at > ?5 OR d.state = ?4)
	AND d.created_at > ?6
ORDER BY d.id
LIMIT ?7;
