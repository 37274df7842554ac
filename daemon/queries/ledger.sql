-- name: ledger_count
-- The events that the ledger has taken up, and the last there is.
SELECT size, (SELECT coalesce(max(id), 0) FROM event) FROM ledger WHERE id = 1;

-- name: ledger_set_size
-- So many are taken up now.
UPDATE ledger SET size = ?1 WHERE id = 1;

-- name: ledger_events
-- The events behind ?1, at most ?2.
SELECT id, kind, effective_at, recorded_at, actor, body
FROM event WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: ledger_event
-- One of them.
SELECT id, kind, effective_at, recorded_at, actor, body
FROM event WHERE id = ?1;

-- name: ledger_tile
-- 256 hashes of a level, or those that there are.
SELECT hashes FROM ledger_tile WHERE level = ?1 AND number = ?2;

-- name: ledger_save_tile
-- The last tile of a level grows.
INSERT INTO ledger_tile (level, number, hashes) VALUES (?1, ?2, ?3)
ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes;
