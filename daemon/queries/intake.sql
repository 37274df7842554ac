-- name: intake_find_version
-- the same content, whichever folder brought it
SELECT number FROM version WHERE briefing_id = ?1 AND content_hash = ?2;

-- name: intake_load_latest
-- what the next version is compared with
SELECT number, title, approved_on, approval_ref, closed_at IS NULL,
	already_circulated, marking
FROM version
WHERE briefing_id = ?1 ORDER BY number DESC LIMIT 1;

-- name: intake_find_other_folder
-- another folder that is there and brought this ref
SELECT name FROM folder
WHERE ref = ?1 AND name <> ?2 ORDER BY name LIMIT 1;

-- name: intake_add_briefing
-- its first version follows
INSERT INTO briefing (ref, created_at) VALUES (?1, ?2);

-- name: intake_add_version
-- as the manifest says
INSERT INTO version (briefing_id, number, content_hash, kind, title, language,
	marking, approved_by, approved_on, approval_ref, not_before_at,
	acknowledge_within_days, publish, already_circulated, audience, themes,
	key_messages, questions, summary, taken_at, carries, changes,
	essential)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
	?17, ?18, ?19, ?20, ?21, ?22, ?23);

-- name: intake_add_document
-- the bytes are in documents/ under their hash
INSERT INTO document (version_id, position, file, title, sha256, size, type)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: intake_add_action
-- what an agency is asked to do
INSERT INTO action (version_id, position, ref, agency, text, due_on)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: intake_lift_withdrawal
-- approved anew
UPDATE briefing SET withdrawn_at = NULL, withdrawn_reason = NULL
WHERE id = ?1;

-- name: intake_put_folder
-- what the last look made of it
INSERT INTO folder (name, state, ref, detail, stamp, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (name) DO UPDATE SET state = excluded.state, ref = excluded.ref,
	detail = excluded.detail, stamp = excluded.stamp,
	seen_at = excluded.seen_at;

-- name: intake_load_stamp
-- of the last look
SELECT stamp FROM folder WHERE name = ?1;

-- name: intake_load_folders
-- all that were there at the last scan
SELECT name, state, detail, seen_at FROM folder ORDER BY name;

-- name: intake_forget_folder
-- it is gone; what it brought stays
DELETE FROM folder WHERE name = ?1;

-- name: intake_look_again
-- what stood in a rejected folder's way may be gone
UPDATE folder SET stamp = '' WHERE state = 'rejected';
