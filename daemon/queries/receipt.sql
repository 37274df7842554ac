-- name: receipt_load
-- The receipt ?3 of version ?2, behind the link of the live delivery ?1.
SELECT r.receipt, r.grade, r.acknowledged_at, r.person_id,
	COALESCE(a.address, ''), COALESCE(a.name, ''), l.name, l.title,
	COALESCE(t.text, '')
FROM delivery d
JOIN digest g ON g.id = d.digest_id
JOIN list l ON l.id = g.list_id
JOIN letter_version lv ON lv.letter_id = d.letter_id AND lv.version_id = ?2
JOIN requirement r ON r.version_id = lv.version_id
	AND r.person_id = d.person_id AND r.receipt = ?3
LEFT JOIN addressee a ON a.delivery_id = d.id
LEFT JOIN event_text t ON t.event_id = r.event_id AND t.name = 'reflection'
WHERE d.id = ?1 AND d.mode = 'live';
