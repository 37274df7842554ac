-- name: copy_find
-- Copies of briefing ?1 that were accepted and have no hash yet, at most ?2.
SELECT d.id, d.letter_id, coalesce(d.key_id, '0'), a.address, a.name
FROM briefing b
JOIN version v ON v.briefing_id = b.id
JOIN letter_version lv ON lv.version_id = v.id
JOIN delivery d ON d.letter_id = lv.letter_id
	AND d.state IN ('accepted', 'bounced')
JOIN addressee a ON a.delivery_id = d.id
WHERE b.ref = ?1 AND NOT EXISTS (SELECT 1 FROM copy c
	WHERE c.delivery_id = d.id)
GROUP BY d.id ORDER BY d.letter_id, d.id LIMIT ?2;

-- name: copy_store
-- Once; an empty one can't be made any more.
INSERT INTO copy (delivery_id, sha256) VALUES (?1, ?2);
