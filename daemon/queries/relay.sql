-- name: relay_clear
-- The settings may name other relays now.
DELETE FROM relay;

-- name: relay_put
-- How a relay stands.
INSERT INTO relay (name, position, state, since_at, failures, probe_at, trouble)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name) DO UPDATE SET
	position = excluded.position,
	state = excluded.state,
	since_at = excluded.since_at,
	failures = excluded.failures,
	probe_at = excluded.probe_at,
	trouble = excluded.trouble;

-- name: relay_use
-- So many mails more in a minute.
INSERT INTO relay_use (relay, minute, mails) VALUES (?1, ?2, ?3)
ON CONFLICT (relay, minute) DO UPDATE SET mails = mails + excluded.mails;

-- name: relay_forget
-- Minutes before this one no cap asks about.
DELETE FROM relay_use WHERE relay = ?1 AND minute < ?2;

-- name: relay_recall
-- What a relay took in each minute, oldest first.
SELECT minute, mails FROM relay_use WHERE relay = ?1 ORDER BY minute;

-- name: relay_all
-- The relays, with what each took in the last whole minute and in 24 hours.
SELECT r.name, r.position, r.state = 'broken', r.since_at, r.failures,
	r.probe_at, r.trouble,
	coalesce((SELECT sum(u.mails) FROM relay_use u
		WHERE u.relay = r.name AND u.minute = ?1 - 1), 0),
	coalesce((SELECT sum(u.mails) FROM relay_use u
		WHERE u.relay = r.name AND u.minute >= ?2), 0)
FROM relay r ORDER BY r.position;
