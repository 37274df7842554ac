-- name: returned_find
-- A mail by its bytes.
SELECT id, is_understood, coalesce(delivery_id, 0) FROM returned
WHERE sha256 = ?1;

-- name: returned_insert
-- A mail of the bounce mailbox, once.
INSERT INTO returned (sha256, place, kind, class, delivery_id, is_understood,
	code, status, text, recorded_at, answer)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- name: returned_delivery
-- What it is about.
SELECT d.state, d.attempt, d.mode, coalesce(p.public_id, ''),
	coalesce(l.name, ''), coalesce(a.address, ''), d.notice_id IS NOT NULL,
	coalesce(a.name, ''), coalesce(d.ended_at, d.claimed_at, 0),
	d.mode <> (SELECT mode FROM board), p.erased_at IS NOT NULL
FROM delivery d
	LEFT JOIN person p ON p.id = d.person_id
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN list l ON l.id = coalesce(g.list_id, n.list_id)
	LEFT JOIN addressee a ON a.delivery_id = d.id
WHERE d.id = ?1;

-- name: returned_bounce
-- accepted, unsure -> bounced. One in doubt was never known as accepted.
UPDATE delivery SET state = 'bounced', detail = '', bounced_at = ?4,
	ended_at = coalesce(ended_at, ?4)
WHERE id = ?1 AND state = ?2 AND attempt = ?3;

-- name: returned_of_list
-- What came back of a list's live mails and notices or was refused at once, and
-- whether mail is sent there now.
SELECT d.id, r.kind, r.class, r.code, r.status, r.text, r.recorded_at,
	coalesce(a.address, ''), coalesce(a.name, ''),
	coalesce(x.suppressed_at, 0), coalesce(n.kind, ''), r.id
FROM returned r
	JOIN delivery d ON d.id = r.delivery_id
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN addressee a ON a.delivery_id = d.id
	LEFT JOIN suppression x ON x.address_key = lower(a.address)
WHERE coalesce(g.list_id, n.list_id) = ?1 AND d.mode = 'live'
	AND r.kind IN ('returned', 'abuse')
UNION ALL
SELECT d.id, 'refused', NULL, t.code, t.enhanced, t.text, d.ended_at,
	coalesce(a.address, ''), coalesce(a.name, ''),
	coalesce(x.suppressed_at, 0), coalesce(n.kind, ''), 0
FROM delivery d
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	JOIN attempt t ON t.delivery_id = d.id AND t.number = d.attempt
	LEFT JOIN addressee a ON a.delivery_id = d.id
	LEFT JOIN suppression x ON x.address_key = lower(a.address)
WHERE coalesce(g.list_id, n.list_id) = ?1 AND d.mode = 'live'
	AND d.state = 'refused'
ORDER BY 7 DESC, 12 DESC, 1 DESC
LIMIT ?2;

-- name: returned_count
-- How many of which kind.
SELECT count(CASE WHEN is_understood = 1 AND kind = 'returned' THEN 1 END),
	count(CASE WHEN is_understood = 1 AND kind = 'reply'
		AND answer NOT IN ('confirmed', 'declined') THEN 1 END),
	count(CASE WHEN is_understood = 1 AND kind = 'abuse' THEN 1 END),
	count(CASE WHEN kind IN ('delayed', 'auto-reply', 'receipt')
		THEN 1 END),
	count(CASE WHEN answer = 'confirmed' THEN 1 END),
	count(CASE WHEN answer = 'declined' THEN 1 END),
	count(CASE WHEN answer = 'unproved' THEN 1 END),
	count(CASE WHEN is_understood = 0 THEN 1 END),
	(SELECT count(*) FROM suppression WHERE suppressed_at IS NOT NULL),
	(SELECT coalesce(looked_at, 0) FROM mailbox),
	(SELECT problem FROM mailbox)
FROM returned;

-- name: returned_look
-- When the mailbox was looked at, and what was wrong.
UPDATE mailbox SET looked_at = ?1, problem = ?2 WHERE id = 1;
