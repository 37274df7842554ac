-- name: event_insert
-- one change that is evidence
INSERT INTO event (kind, effective_at, recorded_at, actor, body)
VALUES (?1, ?2, ?3, ?4, ?5);

-- name: event_text_insert
-- its free text, apart, so that it can be erased
INSERT INTO event_text (event_id, name, salt, text)
VALUES (?1, ?2, ?3, ?4);
