-- name: lead_people_reach
-- What was asked of members of list ?1 since ?2, or is still open: how it
-- stands now.
SELECT b.ref, v.title, count(*), count(r.acknowledged_at),
	sum(r.acknowledged_at IS NULL AND r.closed_at IS NULL
		AND r.missed_at IS NULL),
	sum(r.acknowledged_at IS NULL AND r.closed_at IS NULL
		AND r.missed_at IS NOT NULL),
	sum(r.acknowledged_at IS NULL AND r.closed_at IS NOT NULL
		AND r.closed_as = 'exempt'),
	sum(r.acknowledged_at IS NULL AND r.closed_at IS NOT NULL
		AND r.closed_as <> 'exempt'),
	max(r.due_at), v.marking,
	sum(r.acknowledged_at IS NULL AND a.id IS NOT NULL)
FROM standing_requirement r
LEFT JOIN attestation a ON a.requirement_id = r.id AND a.undone_at IS NULL
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE r.list_id = ?1
GROUP BY v.id
HAVING max(r.required_at) >= ?2
	OR sum(r.acknowledged_at IS NULL AND r.closed_at IS NULL
		AND r.missed_at IS NULL) > 0
ORDER BY max(r.required_at) DESC, b.ref
LIMIT 100;

-- name: lead_people_load
-- Members of list ?1 as they stand at ?2: those who are waited for
-- (?3 NULL), those whose name, address, role or team has ?3 (folded by nothing:
-- ASCII letters alone lose their case), or the one with public id ?4.
SELECT p.public_id, i.name, i.address, i.role, i.team,
	coalesce(s.status, m.status), coalesce(s.until_at, 0),
	(SELECT group_concat(b.ref, ', ') FROM requirement r
		JOIN version v ON v.id = r.version_id AND v.closed_at IS NULL
		JOIN briefing b ON b.id = v.briefing_id
		WHERE r.person_id = m.person_id AND r.list_id = ?1
		AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
		AND r.closed_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM attestation a
			WHERE a.requirement_id = r.id AND a.undone_at IS NULL)),
	(SELECT min(r.due_at) FROM requirement r
		JOIN version v ON v.id = r.version_id AND v.closed_at IS NULL
		WHERE r.person_id = m.person_id AND r.list_id = ?1
		AND r.acknowledged_at IS NULL AND r.missed_at IS NULL
		AND r.closed_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM attestation a
			WHERE a.requirement_id = r.id AND a.undone_at IS NULL)) AS due_at,
	m.person_id, i.address_key, s.id IS NOT NULL
FROM member m
JOIN person p ON p.id = m.person_id
JOIN identity i ON i.person_id = m.person_id
LEFT JOIN member_status s ON s.id = (SELECT max(last.id)
	FROM member_status last
	WHERE last.member_id = m.id AND last.row_hash = m.row_hash
		AND last.from_at <= ?2
		AND (last.until_at IS NULL OR last.until_at > ?2))
WHERE m.list_id = ?1 AND m.removed_at IS NULL
	AND (?4 IS NULL OR p.public_id = ?4)
	AND (?4 IS NOT NULL OR CASE WHEN ?3 IS NULL
		THEN coalesce(s.status, m.status) = 'active'
			AND due_at IS NOT NULL
		ELSE instr(lower(i.name || char(10) || i.address || char(10)
			|| i.role || char(10) || i.team), lower(?3)) > 0 END)
ORDER BY due_at IS NULL, due_at, i.name, i.address
LIMIT ?5;

-- name: lead_people_duties
-- What list ?1 asked of the person ?2, the latest first.
SELECT b.ref, v.title, v.number, r.required_at, r.due_at,
	coalesce(r.acknowledged_at, 0), coalesce(r.grade, ''),
	coalesce(r.missed_at, 0), coalesce(r.closed_at, 0),
	coalesce(r.closed_as, ''), v.marking,
	coalesce((SELECT s.signed_at FROM attestation a
		JOIN sheet s ON s.id = a.sheet_id
		WHERE a.requirement_id = r.id AND a.undone_at IS NULL), 0)
FROM standing_requirement r
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE r.list_id = ?1 AND r.person_id = ?2
ORDER BY r.required_at DESC, b.ref
LIMIT 100;

-- name: lead_people_unconfirmed_count
-- How many have something outstanding, of the same.
SELECT count(DISTINCT r.person_id)
FROM requirement r
	JOIN version v ON v.id = r.version_id AND v.closed_at IS NULL
	JOIN member m ON m.list_id = r.list_id AND m.person_id = r.person_id
		AND m.removed_at IS NULL
WHERE r.list_id = ?1 AND r.acknowledged_at IS NULL
	AND r.missed_at IS NULL AND r.closed_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM attestation a
		WHERE a.requirement_id = r.id AND a.undone_at IS NULL)
	AND coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?2 AND (s.until_at IS NULL OR s.until_at > ?2)
		ORDER BY s.id DESC LIMIT 1), m.status) = 'active';
