-- name: lead_week_words
-- When leads are told, each of their times once.
SELECT DISTINCT lead_mail FROM list WHERE removed_at IS NULL ORDER BY lead_mail;

-- name: lead_week_next_list
-- A list with the words ?1 whose lead was told last before ?2, or under a clock
-- that was ahead of ?3.
SELECT name, CASE WHEN told_slot_at < ?2 THEN told_slot_at ELSE 0 END FROM list
WHERE removed_at IS NULL AND lead_mail = ?1
	AND (told_slot_at < ?2 OR told_slot_at > ?3)
ORDER BY name LIMIT 1;

-- name: lead_week_told
-- When the lead of list ?1 was told last, or there was nothing to tell.
SELECT told_slot_at FROM list WHERE id = ?1;

-- name: lead_week_set_told
-- Its lead was told, or there was nothing to tell.
UPDATE list SET told_slot_at = ?2 WHERE name = ?1;

-- name: lead_week_reach
-- Each briefing that somebody under list ?1 who is on no sheet is still to confirm
-- and was asked by ?2: required, acknowledged, outstanding, the last deadline of who
-- is waited for, and how many of the outstanding are attested.
SELECT b.ref, count(*), count(r.acknowledged_at),
	sum(r.acknowledged_at IS NULL AND r.missed_at IS NULL
		AND r.closed_at IS NULL),
	max(CASE WHEN r.acknowledged_at IS NULL AND r.missed_at IS NULL
		AND r.closed_at IS NULL AND a.id IS NULL THEN r.due_at END),
	sum(r.acknowledged_at IS NULL AND r.missed_at IS NULL
		AND r.closed_at IS NULL AND a.id IS NOT NULL)
FROM standing_requirement r
LEFT JOIN attestation a ON a.requirement_id = r.id AND a.undone_at IS NULL
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE r.version_id IN (SELECT o.version_id FROM requirement o
		WHERE o.list_id = ?1 AND o.required_at <= ?2
		AND o.acknowledged_at IS NULL
		AND o.missed_at IS NULL AND o.closed_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM attestation a
			WHERE a.requirement_id = o.id AND a.undone_at IS NULL))
	AND r.list_id = ?1 AND v.closed_at IS NULL
GROUP BY v.id
ORDER BY v.approved_on DESC, b.ref;

-- name: lead_week_unconfirmed
-- The members of list ?1 as they stand at ?2 who are still to confirm something
-- that they were asked by ?3: what, and its first deadline. On leave is no member who
-- is waited for, nor who signed a sheet.
SELECT i.name, i.address, group_concat(b.ref, ', '), min(r.due_at)
FROM requirement r
	JOIN version v ON v.id = r.version_id AND v.closed_at IS NULL
	JOIN briefing b ON b.id = v.briefing_id
	JOIN member m ON m.list_id = r.list_id AND m.person_id = r.person_id
		AND m.removed_at IS NULL
	JOIN identity i ON i.person_id = r.person_id
WHERE r.list_id = ?1 AND r.required_at <= ?3
	AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
	AND r.closed_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM attestation a
		WHERE a.requirement_id = r.id AND a.undone_at IS NULL)
	AND coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?2 AND (s.until_at IS NULL OR s.until_at > ?2)
		ORDER BY s.id DESC LIMIT 1), m.status) = 'active'
GROUP BY r.person_id
ORDER BY min(r.due_at), i.name, i.address;

-- name: lead_week_actions
-- What the latest versions that stand ask of agency ?1, due by ?2.
SELECT b.ref, a.ref, a.text, a.due_on, v.marking
FROM action a
JOIN version v ON v.id = a.version_id AND v.closed_at IS NULL
JOIN briefing b ON b.id = v.briefing_id
WHERE a.agency = ?1 AND a.due_on <= ?2
	AND v.number = (SELECT max(number) FROM version
		WHERE briefing_id = v.briefing_id)
ORDER BY a.due_on, b.ref, a.position
LIMIT 50;
