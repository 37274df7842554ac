-- name: exemption_find
-- What the latest version of briefing ?2 that was asked of who has the address ?1
-- asks of them, under list ?3 (0: any).
SELECT r.id, p.public_id, r.due_at, r.acknowledged_at,
	COALESCE(r.closed_as, ''), v.number, v.closed_at IS NOT NULL
FROM identity i
JOIN person p ON p.id = i.person_id
JOIN requirement r ON r.person_id = p.id
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE i.address_key = ?1 AND b.ref = ?2 AND (?3 = 0 OR r.list_id = ?3)
ORDER BY v.number DESC LIMIT 1;

-- name: exemption_set
-- Exempt from ?2 on; 0: no more.
UPDATE requirement SET closed_at = NULLIF(?2, 0),
	closed_as = CASE WHEN ?2 = 0 THEN NULL ELSE 'exempt' END
WHERE id = ?1 AND acknowledged_at IS NULL
	AND COALESCE(closed_as, '') = CASE WHEN ?2 = 0 THEN 'exempt' ELSE '' END;

-- name: exemption_told
-- Who is told of requirement ?1, and of what.
SELECT r.person_id, r.version_id, r.delivery_id, r.due_at, i.address, i.name,
	l.name
FROM requirement r
JOIN identity i ON i.person_id = r.person_id
JOIN list l ON l.id = r.list_id
WHERE r.id = ?1;
