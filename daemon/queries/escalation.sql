-- name: escalation_lists
-- Lists that tell someone what is overdue, and up to which deadline they have.
SELECT name, id, escalate_to_lead_days, lead_told_due_at,
	escalate_to_board_days, board_told_due_at
FROM list
WHERE removed_at IS NULL
	AND (escalate_to_lead_days > 0 OR escalate_to_board_days > 0)
ORDER BY name;

-- name: escalation_overdue
-- What is outstanding under list ?1 with its deadline in (?2, ?3], of people who
-- are there at ?4 and whose mail a relay took; at most ?5. Who signed a sheet stands
-- behind the others, and is not chased.
SELECT r.version_id, r.due_at, i.name, i.address, b.ref, v.title, v.marking,
	a.id IS NOT NULL
FROM requirement r
	LEFT JOIN attestation a ON a.requirement_id = r.id
		AND a.undone_at IS NULL
	JOIN version v ON v.id = r.version_id AND v.closed_at IS NULL
	JOIN briefing b ON b.id = v.briefing_id
	JOIN delivery d ON d.id = r.delivery_id AND d.state = 'accepted'
	JOIN member m ON m.list_id = r.list_id AND m.person_id = r.person_id
		AND m.removed_at IS NULL
	JOIN identity i ON i.person_id = r.person_id
WHERE r.list_id = ?1 AND r.due_at > ?2 AND r.due_at <= ?3
	AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
	AND r.closed_at IS NULL
	AND coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?4 AND (s.until_at IS NULL OR s.until_at > ?4)
		ORDER BY s.id DESC LIMIT 1), m.status) = 'active'
ORDER BY r.due_at, r.version_id, a.id IS NOT NULL, i.name, i.address
LIMIT ?5;

-- name: escalation_lead_told
-- Up to this deadline.
UPDATE list SET lead_told_due_at = ?2 WHERE id = ?1;

-- name: escalation_board_told
-- Likewise.
UPDATE list SET board_told_due_at = ?2 WHERE id = ?1;
