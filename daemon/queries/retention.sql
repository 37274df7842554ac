-- What has been kept for long enough goes: each statement in slices, and again
-- without harm.

-- name: retention_leaver
-- The next person behind ?1, as far as ?2, who was on a list last before ?3; or
-- who was mailed last then and never on any.
SELECT i.person_id, p.public_id
FROM identity i JOIN person p ON p.id = i.person_id
WHERE i.person_id > ?1 AND i.person_id <= ?2
	AND NOT EXISTS (SELECT 1 FROM member m JOIN list l ON l.id = m.list_id
		WHERE m.person_id = i.person_id AND m.removed_at IS NULL
			AND l.removed_at IS NULL)
	AND coalesce((SELECT max(coalesce(m.removed_at, l.removed_at))
			FROM member m JOIN list l ON l.id = m.list_id
			WHERE m.person_id = i.person_id),
		(SELECT max(d.created_at) FROM delivery d
			WHERE d.person_id = i.person_id), p.created_at) < ?3
ORDER BY i.person_id LIMIT 1;

-- name: retention_leavers
-- How many they are.
SELECT count(*)
FROM identity i JOIN person p ON p.id = i.person_id
WHERE NOT EXISTS (SELECT 1 FROM member m JOIN list l ON l.id = m.list_id
		WHERE m.person_id = i.person_id AND m.removed_at IS NULL
			AND l.removed_at IS NULL)
	AND coalesce((SELECT max(coalesce(m.removed_at, l.removed_at))
			FROM member m JOIN list l ON l.id = m.list_id
			WHERE m.person_id = i.person_id),
		(SELECT max(d.created_at) FROM delivery d
			WHERE d.person_id = i.person_id), p.created_at) < ?1;

-- name: retention_last
-- How far there is something to look at.
SELECT (SELECT coalesce(max(person_id), 0) FROM identity),
	(SELECT coalesce(max(id), 0) FROM delivery),
	(SELECT coalesce(max(id), 0) FROM returned),
	(SELECT coalesce(max(id), 0) FROM letter),
	(SELECT coalesce(max(sheet_id), 0) FROM sheet_scan),
	(SELECT coalesce(max(event_id), 0) FROM event_text);

-- name: retention_attempts
-- What servers said before ?3.
UPDATE attempt SET text = '' WHERE delivery_id > ?1 AND delivery_id <= ?2
	AND ended_at < ?3 AND text <> '';

-- name: retention_returned
-- What came back before ?3.
UPDATE returned SET text = '' WHERE id > ?1 AND id <= ?2 AND recorded_at < ?3
	AND text <> '';

-- name: retention_letters
-- Notices that were made before ?3, and do not wait.
UPDATE letter SET head = x'', body = x'' WHERE id > ?1 AND id <= ?2
	AND made_at < ?3 AND notice_id IS NOT NULL AND length(body) > 0
	AND NOT EXISTS (SELECT 1 FROM delivery d
		WHERE d.notice_id = letter.notice_id
			AND d.state IN ('due', 'held', 'sending', 'unsure'));

-- name: retention_scans
-- Scans of sheets that were recorded before ?3.
DELETE FROM sheet_scan WHERE sheet_id > ?1 AND sheet_id <= ?2
	AND (SELECT s.recorded_at FROM sheet s WHERE s.id = sheet_id) < ?3;

-- name: retention_texts
-- What was written before ?3 by people and about them; of who is erased, and of
-- letters that are gone, whenever.
DELETE FROM event_text WHERE event_id > ?1 AND event_id <= ?2
	AND EXISTS (SELECT 1 FROM event e WHERE e.id = event_text.event_id
		AND e.kind NOT IN ('briefing-taken', 'person-erased',
			'person-readmitted')
		AND ((json_extract(e.body, '$.person') IS NOT NULL
				OR json_extract(e.body, '$.delivery') IS NOT NULL)
			AND e.recorded_at < ?3
		OR EXISTS (SELECT 1 FROM person p WHERE p.erased_at IS NOT NULL
			AND p.public_id = json_extract(e.body, '$.person'))
		OR e.kind = 'notice-queued' AND EXISTS (SELECT 1 FROM letter l
			WHERE l.id = json_extract(e.body, '$.letter')
			AND length(l.body) = 0)));

-- name: retention_counts
-- What is older: texts before ?1, mails before ?2, scans before ?3.
SELECT (SELECT count(*) FROM event_text t JOIN event e ON e.id = t.event_id
		WHERE e.recorded_at < ?1
		AND e.kind NOT IN ('briefing-taken', 'person-erased',
			'person-readmitted')
		AND (json_extract(e.body, '$.person') IS NOT NULL
			OR json_extract(e.body, '$.delivery') IS NOT NULL)),
	(SELECT count(*) FROM attempt WHERE ended_at < ?2 AND text <> '')
	+ (SELECT count(*) FROM returned WHERE recorded_at < ?2 AND text <> '')
	+ (SELECT count(*) FROM letter WHERE made_at < ?2
		AND notice_id IS NOT NULL AND length(body) > 0
		AND NOT EXISTS (SELECT 1 FROM delivery d
			WHERE d.notice_id = letter.notice_id AND d.state IN
				('due', 'held', 'sending', 'unsure'))),
	(SELECT count(*) FROM sheet_scan x JOIN sheet s ON s.id = x.sheet_id
		WHERE s.recorded_at < ?3);
