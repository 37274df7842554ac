-- name: event_insert
-- one change that is evidence
INSERT INTO event (kind, effective_at, recorded_at, actor, body)
VALUES (?1, ?2, ?3, ?4, ?5);

-- name: event_text_insert
-- its free text, apart, so that it can be erased
INSERT INTO event_text (event_id, name, salt, text)
VALUES (?1, ?2, ?3, ?4);

-- name: event_operator
-- The random id of one at the control program.
SELECT public_id FROM operator WHERE name = ?1;

-- name: event_operator_add
-- Their first event.
INSERT INTO operator (public_id, name) VALUES (?1, ?2);
