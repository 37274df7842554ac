-- name: receipt_load
-- The receipt ?3 of version ?2, behind the link of the live delivery ?1.
WITH kept AS (
	SELECT r.person_id, r.receipt, r.grade, r.acknowledged_at AS at,
		r.event_id, NULL AS disowned_at
	FROM requirement r
	WHERE r.version_id = ?2 AND r.receipt = ?3 AND r.person_id =
		(SELECT d.person_id FROM delivery d WHERE d.id = ?1)
	UNION ALL
	SELECT r.person_id, x.receipt, x.grade, x.acknowledged_at, x.event_id,
		x.disowned_at
	FROM requirement r
	JOIN disowned x ON x.requirement_id = r.id AND x.receipt = ?3
	WHERE r.version_id = ?2 AND r.person_id =
		(SELECT d.person_id FROM delivery d WHERE d.id = ?1)
	UNION ALL
	SELECT w.person_id, w.receipt, w.grade, w.confirmed_at, w.event_id,
		w.disowned_at
	FROM beside w
	WHERE w.version_id = ?2 AND w.receipt = ?3 AND w.person_id =
		(SELECT d.person_id FROM delivery d WHERE d.id = ?1)
)
SELECT k.receipt, k.grade, k.at, k.person_id, COALESCE(a.address, ''),
	COALESCE(n.text, a.name, ''), l.name, l.title,
	CASE WHEN k.disowned_at IS NULL THEN COALESCE(t.text, '') ELSE '' END,
	COALESCE(k.disowned_at, 0)
FROM delivery d
LEFT JOIN guest u ON u.delivery_id = d.id
JOIN delivery s ON s.id = COALESCE(u.source_id, d.id)
JOIN digest g ON g.id = s.digest_id
JOIN list l ON l.id = g.list_id
JOIN letter_version lv ON lv.letter_id = s.letter_id AND lv.version_id = ?2
JOIN kept k ON k.person_id = d.person_id
LEFT JOIN addressee a ON a.delivery_id = d.id
LEFT JOIN event_text t ON t.event_id = k.event_id AND t.name = 'reflection'
LEFT JOIN event_text n ON n.event_id = k.event_id AND n.name = 'name'
WHERE d.id = ?1 AND d.mode = 'live';
