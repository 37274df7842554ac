-- name: board_load
-- the whole store's state
SELECT mode, paused_at, paused_reason, clock_held_at, clock_ahead, boot_id,
	clock_offset
FROM board WHERE id = 1;

-- name: board_pause
-- changes nothing when paused already
UPDATE board SET paused_at = ?1, paused_reason = ?2
WHERE id = 1 AND paused_at IS NULL;

-- name: board_resume
-- changes nothing when not paused
UPDATE board SET paused_at = NULL, paused_reason = NULL
WHERE id = 1 AND paused_at IS NOT NULL;

-- name: board_set_mode
-- changes nothing when in that mode already
UPDATE board SET mode = ?1 WHERE id = 1 AND mode <> ?1;

-- name: board_home
-- where the store last ran
SELECT home FROM board WHERE id = 1;

-- name: board_set_home
-- it runs here now
UPDATE board SET home = ?1 WHERE id = 1;

-- name: board_pause_moved
-- a pause that was there before keeps its time, the reason is the new one
UPDATE board SET paused_at = COALESCE(paused_at, ?1), paused_reason = ?2
WHERE id = 1;

-- name: board_hold_clock
-- it jumped forward; one that did so before keeps its time
UPDATE board SET clock_held_at = coalesce(clock_held_at, ?1), clock_ahead = ?2
WHERE id = 1;

-- name: board_trust_clock
-- changes nothing when it is trusted already
UPDATE board SET clock_held_at = NULL, clock_ahead = NULL
WHERE id = 1 AND clock_held_at IS NOT NULL;

-- name: board_note_clock
-- what it is compared with after a restart
UPDATE board SET boot_id = ?1, clock_offset = ?2 WHERE id = 1;
