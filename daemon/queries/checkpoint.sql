-- name: checkpoint_last
-- The last of at most ?1 events.
SELECT c.note, c.made_at, k.verifier
FROM checkpoint c JOIN ledger_key k ON k.id = c.key_id
WHERE c.size <= ?1 ORDER BY c.size DESC LIMIT 1;

-- name: checkpoint_covering
-- The first of at least ?1 events.
SELECT c.note, c.made_at, k.verifier
FROM checkpoint c JOIN ledger_key k ON k.id = c.key_id
WHERE c.size >= ?1 ORDER BY c.size LIMIT 1;

-- name: checkpoint_all
-- Each, oldest first.
SELECT c.note, c.made_at, k.verifier, c.size
FROM checkpoint c JOIN ledger_key k ON k.id = c.key_id
ORDER BY c.size;

-- name: checkpoint_keys
-- Keys that signed, the latest first.
SELECT verifier FROM ledger_key ORDER BY id DESC;

-- name: checkpoint_last_size
-- How many events the last one has.
SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1;

-- name: checkpoint_is_due
-- There are events since the last one, and it is from before ?1, when the day
-- began, or a digest is planned that was opened behind one of them.
SELECT (SELECT coalesce(max(id), 0) FROM event) > coalesce(c.size, 0)
	AND (c.size IS NULL OR c.made_at < ?1 OR EXISTS (
		SELECT 1 FROM digest d WHERE d.state = 'planning'
		AND d.last_event > c.size))
FROM ledger LEFT JOIN checkpoint c
	ON c.size = (SELECT max(size) FROM checkpoint)
WHERE ledger.id = 1;

-- name: checkpoint_insert
-- One more, never changed.
INSERT INTO checkpoint (size, made_at, note, key_id)
SELECT ?1, ?2, ?3, id FROM ledger_key WHERE verifier = ?4;

-- name: checkpoint_use_key
-- A key that signs from now on; one that did before is known.
INSERT INTO ledger_key (verifier, first_used_at) VALUES (?1, ?2)
ON CONFLICT (verifier) DO NOTHING;
