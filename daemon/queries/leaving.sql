-- name: leaving_load
-- Whose delivery ?1 is and from which list, with the status there as it counts
-- at ?2.
SELECT l.id, l.name, l.title, l.lead, l.lead_address, l.reply_to, l.mandatory,
	d.mode, d.person_id, COALESCE(a.address, ''),
	m.id IS NOT NULL AND m.removed_at IS NULL AND l.removed_at IS NULL
	AND COALESCE((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?2 AND (s.until_at IS NULL OR s.until_at > ?2)
		ORDER BY s.id DESC LIMIT 1), m.status)
		NOT IN ('left', 'not-for-me')
FROM delivery d
JOIN digest g ON g.id = d.digest_id
JOIN list l ON l.id = g.list_id
LEFT JOIN addressee a ON a.delivery_id = d.id
LEFT JOIN member m ON m.list_id = l.id AND m.person_id = d.person_id
WHERE d.id = ?1;
