-- The columns of the first two are those that roster.c reads, in order.

-- name: roster_load_lists
-- all, also those whose files are gone
SELECT id, name, agency, title, lead, lead_address, review_on, schedule,
	audience, deadline_days, mandatory, from_name, reply_to, documents,
	unsure, domains, csv_hash, waiting_hash, waiting_removals,
	accepted_hash, problem, slots_from_at, removed_at,
	(SELECT COUNT(*) FROM member WHERE member.list_id = list.id
		AND member.removed_at IS NULL AND member.status <> 'left'),
	quiet_hours, confirm, reminders, catalogue_per_week,
	escalate_to_lead_days, escalate_to_board_days, board_member,
	board_member_address, confirm_by_reply, refused_lines, lead_mail
FROM list ORDER BY name;

-- name: roster_load_list
-- one by its name
SELECT id, name, agency, title, lead, lead_address, review_on, schedule,
	audience, deadline_days, mandatory, from_name, reply_to, documents,
	unsure, domains, csv_hash, waiting_hash, waiting_removals,
	accepted_hash, problem, slots_from_at, removed_at,
	(SELECT COUNT(*) FROM member WHERE member.list_id = list.id
		AND member.removed_at IS NULL AND member.status <> 'left'),
	quiet_hours, confirm, reminders, catalogue_per_week,
	escalate_to_lead_days, escalate_to_board_days, board_member,
	board_member_address, confirm_by_reply, refused_lines, lead_mail
FROM list WHERE name = ?1;

-- name: roster_find_list
-- is its configuration the same as before?
SELECT id, conf_hash, removed_at FROM list WHERE name = ?1;

-- name: roster_add_list
-- seen for the first time
INSERT INTO list (name, agency, title, lead, lead_address, review_on, schedule,
	audience, deadline_days, mandatory, from_name, reply_to, documents,
	unsure, domains, conf_hash, slots_from_at, loaded_at, quiet_hours,
	confirm, reminders, catalogue_per_week, escalate_to_lead_days,
	escalate_to_board_days, board_member, board_member_address,
	confirm_by_reply, lead_mail)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
	?17, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27);

-- name: roster_change_list
-- slots start anew for a list that comes back
UPDATE list SET agency = ?2, title = ?3, lead = ?4, lead_address = ?5,
	review_on = ?6, schedule = ?7, audience = ?8, deadline_days = ?9,
	mandatory = ?10, from_name = ?11, reply_to = ?12, documents = ?13,
	unsure = ?14, domains = ?15, conf_hash = ?16, quiet_hours = ?18,
	confirm = ?19, reminders = ?20, catalogue_per_week = ?21,
	escalate_to_lead_days = ?22, escalate_to_board_days = ?23,
	board_member = ?24, board_member_address = ?25, confirm_by_reply = ?26,
	lead_mail = ?27,
	slots_from_at = CASE WHEN removed_at IS NULL THEN slots_from_at
		ELSE ?17 END,
	removed_at = NULL
WHERE name = ?1;

-- name: roster_set_problem
-- why the files can't be used
UPDATE list SET problem = ?2 WHERE name = ?1 AND problem IS NOT ?2;

-- name: roster_load_present_names
-- lists whose files were there at the last scan
SELECT name FROM list WHERE removed_at IS NULL ORDER BY name;

-- name: roster_remove_list
-- its files are gone
UPDATE list SET removed_at = ?2 WHERE name = ?1 AND removed_at IS NULL;

-- name: roster_accept
-- lets the waiting CSV through
UPDATE list SET accepted_hash = waiting_hash, waiting_hash = NULL,
	waiting_removals = NULL
WHERE name = ?1 AND waiting_hash IS NOT NULL;

-- name: roster_load_members
-- each with its status as it counts, and the list under which it is counted
SELECT member.id, member.person_id, person.public_id, identity.address,
	identity.name, identity.role, identity.team,
	CASE WHEN member.removed_at IS NOT NULL THEN 'removed' ELSE COALESCE(
		(SELECT member_status.status FROM member_status
			WHERE member_status.member_id = member.id
				AND member_status.row_hash = member.row_hash
				AND member_status.from_at <= ?2
				AND (member_status.until_at IS NULL
					OR member_status.until_at > ?2)
			ORDER BY member_status.id DESC LIMIT 1),
		member.status) END,
	member.since_on, member.joined_at,
	(SELECT other.name FROM member AS also
		JOIN list AS other ON other.id = also.list_id
		WHERE also.person_id = member.person_id
			AND also.removed_at IS NULL AND also.status <> 'left'
			AND other.removed_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM member_status
				WHERE member_status.member_id = also.id
				AND member_status.row_hash = also.row_hash
				AND member_status.status <> 'on-leave'
				AND member_status.from_at <= ?2
				AND (member_status.until_at IS NULL
					OR member_status.until_at > ?2))
		ORDER BY also.is_primary DESC, other.name LIMIT 1),
	list.name
FROM member
JOIN list ON list.id = member.list_id
JOIN person ON person.id = member.person_id
LEFT JOIN identity ON identity.person_id = member.person_id
WHERE member.list_id = ?1
ORDER BY identity.name, identity.address, member.id;

-- ------------------------------------------------------------ loading a CSV

-- name: roster_load_state
-- of the list when a load begins
SELECT name, csv_hash, accepted_hash, waiting_hash FROM list WHERE id = ?1;

-- name: roster_hold
-- too many would go
UPDATE list SET waiting_hash = ?2, waiting_removals = ?3 WHERE id = ?1;

-- name: roster_finish
-- applied whole; ?4 NULL: without a look at its rows
UPDATE list SET csv_hash = ?2, waiting_hash = NULL, waiting_removals = NULL,
	accepted_hash = NULL, loaded_at = ?3,
	refused_lines = coalesce(?4, refused_lines)
WHERE id = ?1;

-- name: roster_each_member
-- in slices
SELECT member.id, member.person_id, member.row_key, member.row_hash,
	member.removed_at, identity.address_key
FROM member LEFT JOIN identity ON identity.person_id = member.person_id
WHERE member.list_id = ?1 AND member.person_id > ?2
ORDER BY member.person_id LIMIT ?3;

-- name: roster_load_member
-- as it was before this row, with the status as it counts at ?2
SELECT member.joined_at,
	COALESCE((SELECT member_status.status FROM member_status
		WHERE member_status.member_id = member.id
			AND member_status.row_hash = member.row_hash
			AND member_status.from_at <= ?2
			AND (member_status.until_at IS NULL
				OR member_status.until_at > ?2)
		ORDER BY member_status.id DESC LIMIT 1), member.status),
	member.removed_at, person.public_id, member.since_on,
	COALESCE((SELECT member_status.until_at FROM member_status
		WHERE member_status.member_id = member.id
			AND member_status.row_hash = member.row_hash
			AND member_status.from_at <= ?2
			AND (member_status.until_at IS NULL
				OR member_status.until_at > ?2)
		ORDER BY member_status.id DESC LIMIT 1), 0)
FROM member JOIN person ON person.id = member.person_id
WHERE member.id = ?1;

-- name: roster_find_member
-- a person on this list, there or gone
SELECT id, row_key, removed_at FROM member WHERE list_id = ?1 AND person_id = ?2;

-- name: roster_add_member
-- a row that was not there before
INSERT INTO member (list_id, person_id, row_key, row_hash, is_primary,
	since_on, joined_at, status, added_at, is_shared)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: roster_change_member
-- a row that changed, or is back
UPDATE member SET row_key = ?2, row_hash = ?3, is_primary = ?4, since_on = ?5,
	joined_at = ?6, status = ?7, is_shared = ?8, removed_at = NULL
WHERE id = ?1;

-- name: roster_remove_member
-- its row is gone
UPDATE member SET removed_at = ?2, row_key = NULL
WHERE id = ?1 AND removed_at IS NULL;

-- name: roster_find_address
-- whose it is
SELECT person_id FROM identity WHERE address_key = ?1;

-- name: roster_add_person
-- under a random name
INSERT INTO person (public_id, created_at) VALUES (?1, ?2);

-- name: roster_load_public_id
-- for events
SELECT public_id FROM person WHERE id = ?1;

-- name: roster_add_identity
-- who that is
INSERT INTO identity (person_id, address_key, address, name, role, team)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: roster_change_identity
-- the address only in its case: another one is taken by roster_take_address
UPDATE identity SET name = ?2, role = ?3, team = ?4,
	address = CASE WHEN address_key = ?5 THEN ?6 ELSE address END
WHERE person_id = ?1;

-- name: roster_take_address
-- it is this person's now
UPDATE identity SET address_key = ?2, address = ?3 WHERE person_id = ?1;

-- name: roster_give_address_up
-- it is another person's now
UPDATE identity SET address_key = NULL WHERE person_id = ?1;

-- name: roster_count_lists
-- on which a person is and has not left
SELECT COUNT(*) FROM member JOIN list ON list.id = member.list_id
WHERE member.person_id = ?1 AND member.removed_at IS NULL
	AND member.status <> 'left' AND list.removed_at IS NULL;

-- name: roster_count_standing
-- on which a person is and counts at ?2: neither the row nor a record says that
-- they left
SELECT COUNT(*) FROM member JOIN list ON list.id = member.list_id
WHERE member.person_id = ?1 AND member.removed_at IS NULL
	AND list.removed_at IS NULL
	AND COALESCE((SELECT member_status.status FROM member_status
		WHERE member_status.member_id = member.id
			AND member_status.row_hash = member.row_hash
			AND member_status.from_at <= ?2
			AND (member_status.until_at IS NULL
				OR member_status.until_at > ?2)
		ORDER BY member_status.id DESC LIMIT 1), member.status)
		NOT IN ('left', 'not-for-me');

-- name: roster_add_status
-- what a person or a verb says, as long as the row is this one
INSERT INTO member_status (member_id, status, from_at, until_at, row_hash,
	recorded_at, actor)
SELECT id, ?2, ?3, NULLIF(?5, 0), row_hash, ?3, ?4 FROM member WHERE id = ?1;

-- name: roster_end_statuses
-- what was said of the member ?1 and counts at ?2 ends then
UPDATE member_status SET until_at = ?2
WHERE member_id = ?1 AND from_at <= ?2 AND (until_at IS NULL OR until_at > ?2)
	AND row_hash = (SELECT row_hash FROM member WHERE id = ?1);

-- name: roster_count_open
-- what a person has outstanding, and how much of it is overdue
SELECT COUNT(*), COALESCE(SUM(due_at < ?2), 0) FROM standing_requirement
WHERE person_id = ?1 AND acknowledged_at IS NULL AND missed_at IS NULL
	AND closed_at IS NULL;

-- name: roster_close_open
-- they have left
UPDATE requirement SET closed_at = ?2, closed_as = 'left'
WHERE id IN (SELECT r.id FROM standing_requirement r
	WHERE r.person_id = ?1 AND r.acknowledged_at IS NULL
		AND r.missed_at IS NULL AND r.closed_at IS NULL);

-- name: roster_reopen
-- they are back: what was closed lately and is still in force
UPDATE requirement SET closed_at = NULL, closed_as = NULL
WHERE person_id = ?1 AND closed_as = 'left' AND closed_at > ?2
	AND version_id IN (SELECT id FROM version WHERE closed_at IS NULL);
