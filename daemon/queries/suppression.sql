-- name: suppression_load
-- How an address stands.
SELECT score, scored_at, suppressed_at IS NOT NULL FROM suppression
WHERE address_key = ?1;

-- name: suppression_score
-- Its score, as it is now.
INSERT INTO suppression (address_key, score, scored_at) VALUES (?1, ?2, ?3)
ON CONFLICT (address_key) DO UPDATE SET
	score = excluded.score, scored_at = excluded.scored_at;

-- name: suppression_suppress
-- No more mail to it.
INSERT INTO suppression (address_key, score, scored_at, suppressed_at, why)
VALUES (?1, 0, 0, ?2, ?3)
ON CONFLICT (address_key) DO UPDATE SET
	suppressed_at = excluded.suppressed_at, why = excluded.why;

-- name: suppression_since
-- Does mail to an address come back, and since when?
SELECT suppressed_at FROM suppression
WHERE address_key = lower(?1) AND suppressed_at IS NOT NULL;

-- name: suppression_count
-- How many were suppressed since, ?2 at most.
SELECT count(*) FROM (SELECT 1 FROM suppression
	WHERE suppressed_at > ?1 LIMIT ?2);

-- name: suppression_release
-- A person said that it works; what was counted is forgotten.
UPDATE suppression SET score = 0, scored_at = 0, suppressed_at = NULL,
	why = NULL, released_at = ?2
WHERE address_key = ?1 AND suppressed_at IS NOT NULL;

-- name: suppression_person
-- Whose address it is.
SELECT p.public_id FROM identity i JOIN person p ON p.id = i.person_id
WHERE i.address_key = ?1;
