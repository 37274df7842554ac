-- name: digest_lists
-- The lists that are there, for planning.
SELECT id, name, agency, schedule, domains, audience, deadline_days,
	slots_from_at, reminders, notes_from_at, catalogue_per_week
FROM list WHERE removed_at IS NULL ORDER BY name;

-- name: digest_versions
-- What may be new to someone: the latest versions that were not withdrawn and
-- are meant to be mailed, if only to joiners.
SELECT id, marking, approved_on, not_before_at, acknowledge_within_days,
	audience, carries, already_circulated, essential
FROM briefing_version
WHERE is_latest AND withdrawn_at IS NULL
	AND (already_circulated = 0 OR essential = 1)
ORDER BY approved_on DESC, ref;

-- name: digest_members
-- A slice of a list, with each member's status as it counts at ?4.
SELECT m.id, m.person_id, p.public_id, i.address, i.name, m.since_on,
	m.joined_at,
	coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?4 AND (s.until_at IS NULL OR s.until_at > ?4)
		ORDER BY s.id DESC LIMIT 1), m.status),
	(SELECT count(*) FROM member o
		WHERE o.person_id = m.person_id AND o.removed_at IS NULL) > 1
FROM member m
	JOIN person p ON p.id = m.person_id
	JOIN identity i ON i.person_id = m.person_id
WHERE m.list_id = ?1 AND m.id > ?2 AND m.removed_at IS NULL
ORDER BY m.id
LIMIT ?3;

-- name: digest_member
-- One person on a list, by id or by address, likewise.
SELECT m.id, m.person_id, p.public_id, i.address, i.name, m.since_on,
	m.joined_at,
	coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?4 AND (s.until_at IS NULL OR s.until_at > ?4)
		ORDER BY s.id DESC LIMIT 1), m.status),
	(SELECT count(*) FROM member o
		WHERE o.person_id = m.person_id AND o.removed_at IS NULL) > 1
FROM member m
	JOIN person p ON p.id = m.person_id
	JOIN identity i ON i.person_id = m.person_id
WHERE m.list_id = ?1 AND (m.person_id = ?2 OR i.address_key = ?3)
	AND m.removed_at IS NULL;

-- name: digest_person_lists
-- The lists that a person is on, the one they are counted under first.
SELECT m.list_id,
	coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?2 AND (s.until_at IS NULL OR s.until_at > ?2)
		ORDER BY s.id DESC LIMIT 1), m.status)
FROM member m JOIN list l ON l.id = m.list_id
WHERE m.person_id = ?1 AND m.removed_at IS NULL AND l.removed_at IS NULL
ORDER BY m.is_primary DESC, l.name;

-- name: digest_had
-- The versions that are not new to a person, for each that is open the one in
-- force, which carries it: they have a delivery of it in this mode, also one that an operator cancelled, or (live) have no duty any
-- more. What did not reach them is not new again by itself, for it would come
-- back again; it is when their address is another than it went to, or was
-- released since.
SELECT CASE WHEN v.closed_at IS NULL THEN (SELECT n.id FROM version n
		WHERE n.briefing_id = v.briefing_id
		ORDER BY n.number DESC LIMIT 1) ELSE v.id END
FROM delivery d
	JOIN letter_version lv ON lv.letter_id = d.letter_id AND lv.part = 'new'
	JOIN version v ON v.id = lv.version_id
WHERE d.person_id = ?1 AND d.mode = ?2
	AND (d.state <> 'cancelled' OR d.by_hand = 1 OR d.detail = 'suppressed')
	AND NOT (d.state IN ('refused', 'bounced', 'cancelled')
		AND d.by_hand = 0 AND EXISTS (
		SELECT 1 FROM addressee a
			JOIN identity i ON i.person_id = d.person_id
			LEFT JOIN suppression x ON x.address_key = i.address_key
		WHERE a.delivery_id = d.id AND (a.address <> i.address
			OR x.released_at >= coalesce(d.bounced_at, d.ended_at))))
UNION ALL
SELECT CASE WHEN v.closed_at IS NULL THEN (SELECT n.id FROM version n
		WHERE n.briefing_id = v.briefing_id
		ORDER BY n.number DESC LIMIT 1) ELSE v.id END
FROM requirement r JOIN version v ON v.id = r.version_id
WHERE r.person_id = ?1 AND ?2 = 'live'
	AND (r.acknowledged_at IS NOT NULL OR r.closed_as = 'exempt');

-- name: digest_catalogue_lately
-- How much of the back catalogue a person who joined on ?4 had since ?3.
SELECT count(DISTINCT v.briefing_id)
FROM delivery d
	JOIN letter_version lv ON lv.letter_id = d.letter_id AND lv.part = 'new'
	JOIN version v ON v.id = lv.version_id AND v.approved_on < ?4
WHERE d.person_id = ?1 AND d.mode = ?2 AND d.state <> 'cancelled'
	AND d.created_at >= ?3;

-- name: digest_add
-- One slot of a list, once.
INSERT INTO digest (list_id, slot_at, mode, state, requested_by, created_at,
	kind, last_event)
VALUES (?1, ?2, ?3, 'planning', ?4, ?5, ?6,
	(SELECT coalesce(max(id), 0) FROM event))
ON CONFLICT (list_id, slot_at, mode) DO NOTHING;

-- name: digest_find_planning
-- The list's digest that is being planned.
SELECT id FROM digest WHERE list_id = ?1 AND mode = ?2 AND state = 'planning'
ORDER BY id LIMIT 1;

-- name: digest_free_slot
-- The first moment from ?3 on that is no slot of the list yet.
SELECT max(?3, coalesce(max(slot_at) + 1, ?3)) FROM digest
WHERE list_id = ?1 AND mode = ?2 AND slot_at >= ?3;

-- name: digest_set_slots_from
-- Slots up to this time are dealt with.
UPDATE list SET slots_from_at = ?2 WHERE id = ?1 AND slots_from_at < ?2;

-- name: digest_clock_back
-- Nothing was dealt with later than now: the clock was wrong, or is.
UPDATE list SET slots_from_at = min(slots_from_at, ?1),
	notes_from_at = min(notes_from_at, ?1)
WHERE slots_from_at > ?1 OR notes_from_at > ?1;

-- name: digest_times
-- When something last happened that makes a version new to someone; and when
-- the next embargo ends.
SELECT max(
	coalesce((SELECT max(max(taken_at, not_before_at)) FROM version
		WHERE not_before_at <= ?1), 0),
	coalesce((SELECT recorded_at FROM event WHERE kind = 'mode-set'
		OR kind = 'list-loaded' OR kind = 'briefing-restored'
		OR kind = 'address-released' ORDER BY id DESC LIMIT 1), 0)),
	coalesce((SELECT min(not_before_at) FROM version
		WHERE not_before_at > ?1), 0);

-- name: digest_oldest_planning
-- The digest whose planning goes on.
SELECT id, list_id, slot_at, mode, cursor, coalesce(requested_by, ''),
	created_at, generation, kind
FROM digest WHERE state = 'planning' ORDER BY postponed_at, id LIMIT 1;

-- name: digest_postpone
-- Others first.
UPDATE digest SET postponed_at = ?1
WHERE id = (SELECT id FROM digest WHERE state = 'planning'
	ORDER BY postponed_at, id LIMIT 1);

-- name: digest_load
-- One digest, likewise.
SELECT id, list_id, slot_at, mode, cursor, coalesce(requested_by, ''),
	created_at, generation, kind
FROM digest WHERE id = ?1;

-- name: digest_move_cursor
-- The last member planned.
UPDATE digest SET cursor = ?2 WHERE id = ?1 AND state = 'planning';

-- name: digest_end
-- planning -> planned
UPDATE digest SET state = 'planned', planned_at = ?2
WHERE id = ?1 AND state = 'planning';

-- name: digest_drop
-- A slot that turned out to have nothing new for anyone.
DELETE FROM digest WHERE id = ?1 AND state = 'planning';

-- name: digest_count_made
-- What planning has made of a digest.
SELECT (SELECT count(*) FROM delivery WHERE digest_id = ?1),
	(SELECT count(*) FROM letter WHERE digest_id = ?1);

-- name: digest_has_letters
-- Has planning made anything of it yet?
SELECT count(*) FROM letter WHERE digest_id = ?1;

-- name: digest_find_letter
-- The letter with these versions.
SELECT id FROM letter WHERE digest_id = ?1 AND content_key = ?2;

-- name: digest_add_delivery
-- One mail to one person.
INSERT INTO delivery (digest_id, person_id, generation, letter_id, mode, state,
	due_at, created_at, domain)
VALUES (?1, ?2, ?3, ?4, ?5, 'due', ?6, ?6, ?7)
ON CONFLICT (digest_id, person_id, generation) DO NOTHING;

-- name: digest_add_addressee
-- To whom, frozen.
INSERT INTO addressee (delivery_id, address, name) VALUES (?1, ?2, ?3);

-- name: digest_require
-- The duty to acknowledge. One whose delivery was cancelled or did not arrive
-- goes on with the new delivery; when it had been closed since, it begins again.
-- A negative receipt stays what it is.
INSERT INTO requirement (version_id, person_id, list_id, agency, delivery_id,
	required_at, due_at, closes_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (version_id, person_id) DO UPDATE SET
	list_id = excluded.list_id,
	agency = excluded.agency,
	delivery_id = excluded.delivery_id,
	required_at = CASE WHEN requirement.closed_at IS NULL
		THEN requirement.required_at ELSE excluded.required_at END,
	due_at = CASE WHEN requirement.missed_at IS NULL
		THEN excluded.due_at ELSE requirement.due_at END,
	closes_at = CASE WHEN requirement.missed_at IS NULL
		THEN excluded.closes_at ELSE requirement.closes_at END,
	closed_at = NULL,
	closed_as = NULL
WHERE requirement.acknowledged_at IS NULL
	AND EXISTS (SELECT 1 FROM delivery d
		WHERE d.id = requirement.delivery_id
			AND d.state IN ('cancelled', 'refused', 'bounced'));

-- name: digest_supersede
-- What a person was still to confirm of the versions before ?1, but was never
-- mailed: this one goes in its place. Not what its version closed before, which
-- would be told of another time; nor what is overdue, for that is no way out.
UPDATE requirement SET closed_at = ?3, closed_as = 'superseded'
WHERE person_id = ?2 AND acknowledged_at IS NULL AND missed_at IS NULL
	AND closed_at IS NULL AND due_at >= ?3
	AND version_id IN (SELECT o.id FROM version v
		JOIN version o ON o.briefing_id = v.briefing_id
			AND o.number < v.number AND o.closed_at IS NULL
		WHERE v.id = ?1);

-- name: digest_withhold
-- That a marked version did not go to a person, told once.
INSERT INTO withheld (version_id, person_id, list_id, reason, withheld_at)
VALUES (?1, ?2, ?3, 'domain', ?4)
ON CONFLICT (version_id, person_id) DO NOTHING;

-- name: digest_last_generation
-- The person's latest delivery in a digest.
SELECT generation, letter_id, state FROM delivery
WHERE digest_id = ?1 AND person_id = ?2
ORDER BY generation DESC LIMIT 1;

-- name: digest_still_allowed
-- What of a letter may still go out: of each version that is open the one in
-- force, which carries it.
SELECT n.id
FROM letter_version lv
	JOIN version v ON v.id = lv.version_id
	JOIN briefing_version n ON n.briefing_id = v.briefing_id
WHERE lv.letter_id = ?1 AND lv.part = 'new' AND v.closed_at IS NULL
	AND n.is_latest
	AND n.withdrawn_at IS NULL AND n.not_before_at <= ?2;

-- name: digest_has_notes
-- Does the letter tell more than what is new?
SELECT 1 FROM letter_version WHERE letter_id = ?1 AND part <> 'new' LIMIT 1;

-- name: digest_list_versions
-- What a list was sent in this mode, for each version that is open the one in
-- force, which carries it.
SELECT DISTINCT CASE WHEN v.closed_at IS NULL THEN (SELECT n.id FROM version n
		WHERE n.briefing_id = v.briefing_id
		ORDER BY n.number DESC LIMIT 1) ELSE v.id END
FROM digest g
	JOIN letter l ON l.digest_id = g.id
	JOIN letter_version lv ON lv.letter_id = l.id
	JOIN version v ON v.id = lv.version_id
WHERE g.list_id = ?1 AND g.mode = ?2;

-- name: digest_end_other_mode
-- A digest that was being planned when the board changed its mode ends there.
UPDATE digest SET state = 'planned', planned_at = ?2
WHERE state = 'planning' AND mode <> ?1;
