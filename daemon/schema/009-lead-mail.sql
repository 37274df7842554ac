-- When a list's lead is told of their week (core/lead_week.h): the words behind
-- "weekly" in core/schedule.h.
ALTER TABLE list ADD COLUMN lead_mail TEXT NOT NULL DEFAULT 'mon 08:00';
