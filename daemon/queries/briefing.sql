-- The columns of the first four are those that briefing.c reads, in order.

-- name: briefing_load_version
-- one version, in force or not
SELECT id, briefing_id, number, is_latest, ref, kind, title, language, marking,
	approved_by, approved_on, approval_ref, not_before_at,
	acknowledge_within_days, publish, already_circulated, audience,
	themes, key_messages, questions, summary, taken_at, withdrawn_at,
	withdrawn_reason, carries, changes, closed_at, essential
FROM briefing_version
WHERE id = ?1;

-- name: briefing_load_ref
-- the version in force
SELECT id, briefing_id, number, is_latest, ref, kind, title, language, marking,
	approved_by, approved_on, approval_ref, not_before_at,
	acknowledge_within_days, publish, already_circulated, audience,
	themes, key_messages, questions, summary, taken_at, withdrawn_at,
	withdrawn_reason, carries, changes, closed_at, essential
FROM briefing_version
WHERE ref = ?1 AND is_latest;

-- name: briefing_load_all
-- the version in force of each, newest approval first
SELECT id, briefing_id, number, is_latest, ref, kind, title, language, marking,
	approved_by, approved_on, approval_ref, not_before_at,
	acknowledge_within_days, publish, already_circulated, audience,
	themes, key_messages, questions, summary, taken_at, withdrawn_at,
	withdrawn_reason, carries, changes, closed_at, essential
FROM briefing_version
WHERE is_latest
ORDER BY approved_on DESC, taken_at DESC, id DESC;

-- name: briefing_load_published
-- likewise, of those that the library lists, without their long texts
SELECT id, briefing_id, number, is_latest, ref, kind, title, language, marking,
	approved_by, approved_on, approval_ref, not_before_at,
	acknowledge_within_days, publish, already_circulated, audience,
	themes, '[]', '[]', '', taken_at, withdrawn_at,
	withdrawn_reason, carries, changes, closed_at, essential
FROM briefing_version
WHERE is_latest AND publish AND marking = 'OFFICIAL' AND withdrawn_at IS NULL
ORDER BY approved_on DESC, taken_at DESC, id DESC;

-- name: briefing_load_documents
-- of one version
SELECT position, file, title, sha256, type, size FROM document
WHERE version_id = ?1 ORDER BY position;

-- name: briefing_load_actions
-- of one version
SELECT ref, agency, text, due_on FROM action
WHERE version_id = ?1 ORDER BY position;

-- name: briefing_find
-- by its ref
SELECT id, withdrawn_at FROM briefing WHERE ref = ?1;

-- name: briefing_withdraw
-- once
UPDATE briefing SET withdrawn_at = ?2, withdrawn_reason = ?3
WHERE id = ?1 AND withdrawn_at IS NULL;

-- name: briefing_close_versions
-- all that are open, as withdrawn or superseded; what is outstanding on them is
-- closed with them (standing_requirement)
UPDATE version SET closed_at = ?2, closed_as = ?3
WHERE briefing_id = ?1 AND closed_at IS NULL;
