-- When a link that is asked for is sent: at a moment that nobody can know.
ALTER TABLE forward ADD COLUMN answer_at INTEGER NOT NULL DEFAULT 0;
