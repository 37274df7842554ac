-- name: lead_link_load
-- The list whose lead the mail ?1 was for, and when it was sent.
SELECT l.id, l.name, l.title, l.agency, l.lead, l.lead_address, d.mode,
	n.created_at, coalesce(a.address, ''),
	coalesce(CASE d.state WHEN 'accepted' THEN d.ended_at
		ELSE d.claimed_at END, 0)
FROM delivery d
JOIN notice n ON n.id = d.notice_id
JOIN list l ON l.id = n.list_id AND l.removed_at IS NULL
LEFT JOIN addressee a ON a.delivery_id = d.id
WHERE d.id = ?1 AND n.kind IN ('lead-week', 'lead-link');

-- name: lead_link_code
-- The mail ?1 with a code in it: of which list, to whom, in which mode, when.
SELECT n.list_id, coalesce(a.address, ''), d.mode, n.created_at
FROM delivery d
JOIN notice n ON n.id = d.notice_id
LEFT JOIN addressee a ON a.delivery_id = d.id
WHERE d.id = ?1 AND n.kind = 'lead-code';
