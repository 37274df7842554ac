-- name: leaving_load
-- Whose delivery ?1 is and from which list, with the status there as it counts
-- at ?2 ('removed': the row or the list is gone), until when it was said to, and
-- how often something was said in the day before.
SELECT l.id, l.name, l.title, l.lead, l.lead_address, l.mandatory, d.mode,
	d.person_id, p.public_id, COALESCE(a.address, ''), COALESCE(a.name, ''),
	COALESCE(CASE d.state WHEN 'accepted' THEN d.ended_at
		ELSE d.claimed_at END, 0),
	CASE WHEN m.id IS NULL OR m.removed_at IS NOT NULL
		OR l.removed_at IS NOT NULL THEN 'removed'
		ELSE COALESCE(s.status, m.status) END,
	COALESCE(s.until_at, 0),
	(SELECT COUNT(*) FROM member_status said
	 WHERE said.member_id = m.id AND said.recorded_at > ?2 - 86400),
	p.erased_at IS NOT NULL
FROM delivery d
JOIN digest g ON g.id = d.digest_id
JOIN list l ON l.id = g.list_id
JOIN person p ON p.id = d.person_id
LEFT JOIN addressee a ON a.delivery_id = d.id
LEFT JOIN member m ON m.list_id = l.id AND m.person_id = d.person_id
LEFT JOIN member_status s ON s.id = (SELECT MAX(last.id)
	FROM member_status last
	WHERE last.member_id = m.id AND last.row_hash = m.row_hash
		AND last.from_at <= ?2
		AND (last.until_at IS NULL OR last.until_at > ?2))
WHERE d.id = ?1;
