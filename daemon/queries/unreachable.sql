-- name: unreachable_people
-- The members of list ?1 as they stand at ?3 whose address is suppressed, or
-- whose mail failed after ?2.
WITH failure AS (
	SELECT d.id, d.person_id, r.recorded_at AS at
	FROM returned r JOIN delivery d ON d.id = r.delivery_id
	WHERE r.recorded_at > ?2 AND r.kind = 'returned'
		AND d.mode = 'live' AND d.digest_id IS NOT NULL
	UNION ALL
	SELECT d.id, d.person_id, d.ended_at
	FROM delivery d
	WHERE d.state = 'refused' AND d.ended_at > ?2
		AND d.mode = 'live' AND d.digest_id IS NOT NULL
), found AS (
	SELECT i.person_id, i.name, i.address, x.suppressed_at
	FROM suppression x JOIN identity i ON i.address_key = x.address_key
	WHERE x.suppressed_at IS NOT NULL
	UNION
	SELECT i.person_id, i.name, i.address, 0
	FROM failure f
		JOIN addressee a ON a.delivery_id = f.id
		JOIN identity i ON i.person_id = f.person_id
			AND i.address = a.address
		LEFT JOIN suppression x ON x.address_key = i.address_key
	WHERE x.suppressed_at IS NULL AND coalesce(x.released_at, 0) < f.at
)
SELECT f.person_id, f.name, f.address, f.suppressed_at
FROM found f
	JOIN member m ON m.person_id = f.person_id AND m.list_id = ?1
WHERE m.removed_at IS NULL
	AND coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?3 AND (s.until_at IS NULL OR s.until_at > ?3)
		ORDER BY s.id DESC LIMIT 1), m.status)
		NOT IN ('left', 'not-for-me')
ORDER BY f.name, f.address;

-- name: unreachable_reason
-- What was last said when mail to person ?1 at ?2 failed.
SELECT class, code, status, text, at FROM (
	SELECT r.class, r.code, r.status, r.text, r.recorded_at AS at
	FROM delivery d
		JOIN addressee a ON a.delivery_id = d.id
		JOIN returned r ON r.delivery_id = d.id
	WHERE d.person_id = ?1 AND a.address = ?2 AND d.mode = 'live'
		AND r.kind = 'returned'
	UNION ALL
	SELECT NULL, t.code, t.enhanced, t.text, d.ended_at
	FROM delivery d
		JOIN addressee a ON a.delivery_id = d.id
		JOIN attempt t ON t.delivery_id = d.id AND t.number = d.attempt
	WHERE d.person_id = ?1 AND a.address = ?2 AND d.mode = 'live'
		AND d.state = 'refused'
)
ORDER BY at DESC LIMIT 1;
