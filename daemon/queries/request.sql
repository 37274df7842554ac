-- name: request_insert
-- asked by the control program
INSERT INTO request (verb, argument, actor, asked_at, reason)
VALUES (?1, ?2, ?3, ?4, ?5);

-- name: request_load_open
-- what the daemon has yet to do, in the order asked
SELECT id, verb, argument, actor, reason FROM request
WHERE done_at IS NULL ORDER BY id;

-- name: request_answer
-- done, once
UPDATE request SET done_at = ?2, answer = ?3, reason = '',
	argument = CASE reason WHEN '' THEN argument ELSE '' END
WHERE id = ?1 AND done_at IS NULL;

-- name: request_answer_all
-- done, for all who asked the same
UPDATE request SET done_at = ?2, answer = ?3
WHERE verb = ?1 AND done_at IS NULL;

-- name: request_poll
-- the answer, NULL until there is one
SELECT answer FROM request WHERE id = ?1;
