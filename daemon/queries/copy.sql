-- name: copy_find
-- Copies of briefing ?1 that were accepted and have no hash yet, at most ?2, of
-- the deliveries behind ?3 as far as ?4: so many are looked at and no more.
SELECT d.id, d.letter_id, coalesce(d.key_id, '0'), a.address, a.name
FROM delivery d JOIN addressee a ON a.delivery_id = d.id
WHERE d.id > ?3 AND d.id <= ?4 AND d.state IN ('accepted', 'bounced')
	AND EXISTS (SELECT 1 FROM letter_version lv
			JOIN version v ON v.id = lv.version_id
			JOIN briefing b ON b.id = v.briefing_id
		WHERE lv.letter_id = d.letter_id AND b.ref = ?1)
	AND NOT EXISTS (SELECT 1 FROM copy c WHERE c.delivery_id = d.id)
ORDER BY d.id LIMIT ?2;

-- name: copy_find_of_person
-- Likewise of all digests that went to person ?1, or may have; at most ?2.
SELECT d.id, d.letter_id, coalesce(d.key_id, '0'), a.address, a.name
FROM delivery d JOIN addressee a ON a.delivery_id = d.id
WHERE d.person_id = ?1 AND d.digest_id IS NOT NULL
	AND d.state IN ('accepted', 'bounced', 'unsure')
	AND NOT EXISTS (SELECT 1 FROM copy c WHERE c.delivery_id = d.id)
ORDER BY d.id LIMIT ?2;

-- name: copy_last_delivery
-- How far there are any.
SELECT coalesce(max(id), 0) FROM delivery;

-- name: copy_store
-- Once; an empty one can't be made any more.
INSERT INTO copy (delivery_id, sha256) VALUES (?1, ?2);
