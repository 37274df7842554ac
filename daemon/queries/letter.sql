-- name: letter_insert
-- A letter as it is from now on.
INSERT INTO letter (digest_id, content_key, format, made_at, sender, head, body,
	reply_word)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: letter_insert_version
-- What it carries, in its order.
INSERT INTO letter_version (letter_id, version_id, position, part)
VALUES (?1, ?2, ?3, ?4);

-- name: letter_insert_notice
-- A notice's, likewise.
INSERT INTO letter (notice_id, content_key, format, made_at, sender, head, body)
VALUES (?1, '', ?2, ?3, ?4, ?5, ?6);

-- name: letter_load
-- A letter, to be assembled.
SELECT format, made_at, sender, head, body, digest_id IS NOT NULL
FROM letter WHERE id = ?1;
