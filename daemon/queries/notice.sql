-- name: notice_find
-- The board's mode, and whether this was queued in it before.
SELECT b.mode, EXISTS (SELECT 1 FROM notice n
	WHERE n.key = ?1 AND n.mode = b.mode)
FROM board b;

-- name: notice_insert
-- A notice, once.
INSERT INTO notice (key, mode, kind, list_id, link_delivery_id, is_prompt,
	created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: notice_add_delivery
-- Its one mail.
INSERT INTO delivery (notice_id, person_id, generation, letter_id, mode, state,
	due_at, created_at, domain)
VALUES (?1, ?2, 1, ?3, ?4, 'due', ?5, ?5, ?6);

-- name: notice_candidate
-- A notice that is due, as outbox_candidate has the others.
SELECT d.id, 0, coalesce(d.person_id, 0), d.letter_id, d.mode, d.attempt,
	coalesce(p.public_id, ''), a.address, a.name, a.address,
	coalesce(l.name, ''), '[]', 'active', d.key_id,
	d.mode = 'live' AND x.suppressed_at IS NOT NULL, coalesce(l.id, 0),
	CASE WHEN n.is_prompt THEN '' ELSE coalesce(l.quiet_hours, '') END,
	d.domain, coalesce(n.link_delivery_id, d.id)
FROM delivery d
	JOIN notice n ON n.id = d.notice_id
	JOIN addressee a ON a.delivery_id = d.id
	LEFT JOIN person p ON p.id = d.person_id
	LEFT JOIN list l ON l.id = n.list_id
	LEFT JOIN suppression x ON x.address_key = lower(a.address)
WHERE d.id = ?2 AND d.state = 'due' AND d.due_at <= ?1;

-- name: notice_count_of
-- How many with such a key were queued since.
SELECT count(*) FROM notice
WHERE key >= ?1 AND key < ?1 || '~' AND created_at > ?2;

-- name: notice_count_replies
-- How many replies were passed on to an address since. Keys say which they are.
SELECT count(*)
FROM notice n
	JOIN delivery d ON d.notice_id = n.id
	JOIN addressee a ON a.delivery_id = d.id
WHERE n.key >= 'reply' AND n.key < 'reply~' AND n.kind = 'reply'
	AND n.created_at > ?2 AND d.notice_id IS NOT NULL AND a.address = ?1;
