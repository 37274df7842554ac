-- name: pack_versions
-- The versions of briefing ?1 that there were by ?2.
SELECT v.id, v.content_hash FROM version v JOIN briefing b ON b.id = v.briefing_id
WHERE b.ref = ?1 AND v.taken_at <= ?2 ORDER BY v.number;

-- name: pack_lists
-- The lists it was required under.
SELECT DISTINCT l.name FROM requirement r
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
JOIN list l ON l.id = r.list_id
WHERE b.ref = ?1 AND r.required_at <= ?2 ORDER BY l.name;

-- name: pack_list
-- Who was on list ?2 when it was required of them, and what came of it by ?3.
SELECT p.public_id, v.number, r.agency, r.required_at, r.due_at, r.closes_at,
	CASE WHEN r.acknowledged_at <= ?3 THEN r.acknowledged_at
		ELSE x.acknowledged_at END,
	CASE WHEN r.acknowledged_at <= ?3 THEN r.grade ELSE x.grade END,
	CASE WHEN r.acknowledged_at <= ?3 THEN r.event_id ELSE x.event_id END,
	CASE WHEN r.missed_at <= ?3 THEN r.missed_at END,
	CASE WHEN s.closed_at <= ?3 AND x.id IS NULL THEN s.closed_at END,
	CASE WHEN s.closed_at <= ?3 AND x.id IS NULL THEN s.closed_as END,
	r.delivery_id
FROM requirement r
JOIN standing_requirement s ON s.id = r.id
JOIN person p ON p.id = r.person_id
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
JOIN list l ON l.id = r.list_id
-- what stood then and was disowned since
LEFT JOIN disowned x ON x.id = (SELECT MAX(o.id) FROM disowned o
	WHERE o.requirement_id = r.id AND o.acknowledged_at <= ?3
		AND o.disowned_at > ?3)
WHERE b.ref = ?1 AND l.name = ?2 AND r.required_at <= ?3
ORDER BY v.number, p.public_id;

-- name: pack_names
-- Who they are; the name of one of whom that is no longer known is "(erased)".
-- With the date ?3.
SELECT p.public_id, coalesce(i.address, ''), coalesce(i.name, '(erased)'),
	coalesce(i.role, ''), coalesce(i.team, ''), ?3
FROM person p LEFT JOIN identity i ON i.person_id = p.id
WHERE p.id IN (SELECT r.person_id FROM requirement r
	JOIN version v ON v.id = r.version_id
	JOIN briefing b ON b.id = v.briefing_id
	WHERE b.ref = ?1 AND r.required_at <= ?2)
ORDER BY p.public_id;

-- name: pack_letters
-- The letters it went in.
SELECT DISTINCT lv.letter_id FROM letter_version lv
JOIN letter t ON t.id = lv.letter_id
JOIN version v ON v.id = lv.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE b.ref = ?1 AND t.made_at <= ?2 ORDER BY lv.letter_id;

-- name: pack_deliveries
-- Its deliveries.
SELECT DISTINCT d.id FROM delivery d
JOIN letter_version lv ON lv.letter_id = d.letter_id
JOIN version v ON v.id = lv.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE b.ref = ?1 AND d.created_at <= ?2 ORDER BY d.id;

-- name: pack_digests
-- Its digests.
SELECT DISTINCT d.digest_id FROM delivery d
JOIN letter_version lv ON lv.letter_id = d.letter_id
JOIN version v ON v.id = lv.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE b.ref = ?1 AND d.created_at <= ?2 AND d.digest_id IS NOT NULL
ORDER BY d.digest_id;

-- name: pack_people
-- Of whom it was required.
SELECT DISTINCT p.public_id FROM requirement r
JOIN person p ON p.id = r.person_id
JOIN version v ON v.id = r.version_id
JOIN briefing b ON b.id = v.briefing_id
WHERE b.ref = ?1 AND r.required_at <= ?2 ORDER BY p.public_id;

-- name: pack_copies
-- Each copy that a relay took by ?2, with its hash where it is known.
SELECT DISTINCT d.id, d.letter_id, p.public_id, l.name, d.ended_at, c.sha256
FROM delivery d
JOIN letter_version lv ON lv.letter_id = d.letter_id
JOIN version v ON v.id = lv.version_id
JOIN briefing b ON b.id = v.briefing_id
JOIN person p ON p.id = d.person_id
JOIN digest g ON g.id = d.digest_id
JOIN list l ON l.id = g.list_id
LEFT JOIN copy c ON c.delivery_id = d.id
WHERE b.ref = ?1 AND d.mode = 'live' AND d.state IN ('accepted', 'bounced')
	AND d.ended_at <= ?2
ORDER BY d.id;

-- name: pack_texts
-- Who approved it, and under which minute, as the events up to ?2 promise it.
SELECT t.event_id, t.name, lower(hex(t.salt)), t.text
FROM event_text t JOIN event e ON e.id = t.event_id
WHERE e.kind = 'briefing-taken' AND e.id <= ?2
	AND json_extract(e.body, '$.ref') = ?1
	AND t.name IN ('approved_by', 'approval_ref')
ORDER BY t.event_id, t.name;
