-- The last event when a digest was opened: a checkpoint for its mails has that
-- one. By the clock it can't be told, not within a second nor when it was put
-- back.
ALTER TABLE digest ADD COLUMN last_event INTEGER NOT NULL DEFAULT 0;
UPDATE digest SET last_event = (SELECT coalesce(max(id), 0) FROM event)
WHERE state = 'planning';
