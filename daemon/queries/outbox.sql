-- name: outbox_due
-- The oldest deliveries that are due.
SELECT id, domain FROM delivery WHERE state = 'due' AND due_at <= ?1
ORDER BY due_at, id LIMIT ?2;

-- name: outbox_next_domain
-- The domain behind this one that has something due, now or later.
SELECT domain FROM delivery WHERE state = 'due' AND domain > ?1
ORDER BY domain LIMIT 1;

-- name: outbox_due_of
-- What is due to a domain, the oldest.
SELECT id FROM delivery WHERE state = 'due' AND domain = ?1 AND due_at <= ?2
ORDER BY due_at, id LIMIT 1;

-- name: outbox_candidate
-- One that is due, with what the claim checks again.
SELECT d.id, d.digest_id, d.person_id, d.letter_id, d.mode, d.attempt,
	p.public_id, a.address, a.name, i.address, l.name, l.domains,
	CASE WHEN i.person_id IS NULL OR l.removed_at IS NOT NULL
		OR m.id IS NULL OR m.removed_at IS NOT NULL THEN 'removed'
	ELSE coalesce((SELECT s.status FROM member_status s
		WHERE s.member_id = m.id AND s.row_hash = m.row_hash
		AND s.from_at <= ?1 AND (s.until_at IS NULL OR s.until_at > ?1)
		ORDER BY s.id DESC LIMIT 1), m.status) END, d.key_id,
	d.mode = 'live' AND x.suppressed_at IS NOT NULL, l.id, l.quiet_hours,
	d.domain, d.id
FROM delivery d
	JOIN addressee a ON a.delivery_id = d.id
	JOIN person p ON p.id = d.person_id
	JOIN digest g ON g.id = d.digest_id
	JOIN list l ON l.id = g.list_id
	LEFT JOIN identity i ON i.person_id = d.person_id
	LEFT JOIN suppression x ON x.address_key = i.address_key
	LEFT JOIN member m ON m.list_id = g.list_id AND m.person_id = d.person_id
WHERE d.id = ?2 AND d.state = 'due' AND d.due_at <= ?1;

-- name: outbox_versions
-- What a letter carries, as far as it decides whether it may still go.
SELECT v.marking, v.not_before_at, coalesce(v.withdrawn_at, 0), v.is_latest,
	lv.part, v.closed_at IS NULL
FROM letter_version lv JOIN briefing_version v ON v.id = lv.version_id
WHERE lv.letter_id = ?1
ORDER BY lv.position;

-- name: outbox_postpone
-- In a list's quiet hours, until they end: this one, and what else of the list
-- is among the oldest. The inner LIMIT bounds the work, whatever is due.
UPDATE delivery SET due_at = ?4
WHERE state = 'due' AND (id = ?1 OR id IN (
	SELECT d.id FROM (SELECT id, digest_id FROM delivery
			WHERE state = 'due' AND due_at <= ?3
			ORDER BY due_at, id LIMIT ?5) d
		JOIN digest g ON g.id = d.digest_id
	WHERE g.list_id = ?2));

-- name: outbox_take
-- due -> sending; the key of its first claim stays
UPDATE delivery SET state = 'sending', attempt = attempt + 1, claimed_at = ?3,
	key_id = coalesce(key_id, ?4), relay = ?5, detail = ''
WHERE id = ?1 AND state = 'due' AND attempt = ?2;

-- name: outbox_hold
-- sending -> held: it was not tried
UPDATE delivery SET state = 'held', attempt = attempt - 1, detail = ?3
WHERE id = ?1 AND state = 'sending' AND attempt = ?2;

-- name: outbox_cancel
-- due -> cancelled
UPDATE delivery SET state = 'cancelled', detail = ?3, ended_at = ?4
WHERE id = ?1 AND state = 'due' AND attempt = ?2;

-- name: outbox_standing
-- Where a delivery stands and what decides where it goes.
SELECT d.state, d.attempt, d.mode, coalesce(p.public_id, ''),
	coalesce(l.name, ''), coalesce(l.unsure, 'resend'),
	coalesce(a.address, '')
FROM delivery d
	LEFT JOIN addressee a ON a.delivery_id = d.id
	LEFT JOIN person p ON p.id = d.person_id
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN list l ON l.id = coalesce(g.list_id, n.list_id)
WHERE d.id = ?1;

-- name: outbox_history
-- What was tried before: how often in doubt, since when, and how often in all,
-- as far as it counts; what was spared since; and in doubt without counting.
SELECT count(CASE WHEN t.outcome = 'unsure' AND t.counts THEN 1 END),
	coalesce(min(CASE WHEN t.counts AND t.began_at >= d.retried_at
		THEN t.began_at END), 0),
	count(CASE WHEN t.counts AND t.began_at >= d.retried_at THEN 1 END),
	count(CASE WHEN t.number > coalesce((SELECT max(o.number)
		FROM attempt o WHERE o.delivery_id = ?1 AND o.counts), 0)
		AND t.outcome = 'later' THEN 1 END),
	count(CASE WHEN t.outcome = 'unsure' AND NOT t.counts THEN 1 END)
FROM delivery d JOIN attempt t ON t.delivery_id = d.id
WHERE d.id = ?1;

-- name: outbox_attempt_find
-- Is this attempt recorded?
SELECT 1 FROM attempt WHERE delivery_id = ?1 AND number = ?2;

-- name: outbox_attempt_add
-- What came of an attempt.
INSERT INTO attempt (delivery_id, number, began_at, ended_at, outcome, relay,
	tls, code, enhanced, text, queue_id, duration_ms, counts)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);

-- name: outbox_move
-- sending -> accepted, refused, unsure, due
UPDATE delivery SET state = ?3, due_at = coalesce(?4, due_at), detail = ?5,
	ended_at = ?6
WHERE id = ?1 AND state = 'sending' AND attempt = ?2;

-- name: outbox_sending
-- What was under way.
SELECT id, attempt, claimed_at, relay FROM delivery WHERE state = 'sending'
ORDER BY id;

-- name: outbox_next_due
-- When the next delivery is due.
SELECT min(due_at) FROM delivery WHERE state = 'due';

-- name: outbox_count
-- How many deliveries are in each state.
SELECT state, count(*) FROM delivery GROUP BY state;

-- name: outbox_count_due
-- Of those that are due: how many wait for another try, the first, the next.
SELECT count(CASE WHEN attempt > 0 AND due_at > ?1 THEN 1 END),
	coalesce(min(CASE WHEN due_at <= ?1 THEN due_at END), 0),
	coalesce(min(CASE WHEN due_at > ?1 THEN due_at END), 0)
FROM delivery WHERE state = 'due';

-- name: outbox_progress
-- The slots that are being planned or sent, and how far each is.
SELECT g.id, g.slot_at, l.name, g.state = 'planning',
	count(CASE WHEN d.state <> 'cancelled' THEN 1 END),
	count(CASE WHEN d.state = 'accepted' THEN 1 END),
	count(CASE WHEN d.state IN ('due', 'sending') THEN 1 END),
	count(CASE WHEN d.state = 'due' AND d.due_at > ?1 THEN 1 END)
FROM digest g
	JOIN list l ON l.id = g.list_id
	LEFT JOIN delivery d ON d.digest_id = g.id
WHERE g.id IN (SELECT id FROM digest WHERE state = 'planning'
	UNION SELECT digest_id FROM delivery WHERE state = 'due'
	UNION SELECT digest_id FROM delivery WHERE state = 'sending')
GROUP BY g.id
ORDER BY g.id;

-- name: outbox_items
-- The deliveries of a state, or all that are not final, oldest first.
SELECT d.id, coalesce(l.name, ''), d.state, d.mode, coalesce(a.address, ''), d.detail,
	d.attempt, d.due_at, d.created_at, coalesce(t.code, 0),
	coalesce(t.text, ''), coalesce(n.kind, 'digest')
FROM delivery d
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN list l ON l.id = coalesce(g.list_id, n.list_id)
	LEFT JOIN addressee a ON a.delivery_id = d.id
	LEFT JOIN attempt t ON t.delivery_id = d.id AND t.number = (
		SELECT max(o.number) FROM attempt o WHERE o.delivery_id = d.id)
WHERE d.state = ?1
	OR (?1 IS NULL AND d.state IN ('due', 'sending', 'unsure', 'held'))
ORDER BY d.created_at, d.id
LIMIT ?2;

-- name: outbox_item
-- One delivery, likewise.
SELECT d.id, coalesce(l.name, ''), d.state, d.mode, coalesce(a.address, ''), d.detail,
	d.attempt, d.due_at, d.created_at, coalesce(t.code, 0),
	coalesce(t.text, ''), coalesce(n.kind, 'digest')
FROM delivery d
	LEFT JOIN digest g ON g.id = d.digest_id
	LEFT JOIN notice n ON n.id = d.notice_id
	LEFT JOIN list l ON l.id = coalesce(g.list_id, n.list_id)
	LEFT JOIN addressee a ON a.delivery_id = d.id
	LEFT JOIN attempt t ON t.delivery_id = d.id AND t.number = (
		SELECT max(o.number) FROM attempt o WHERE o.delivery_id = d.id)
WHERE d.id = ?1;

-- name: outbox_attempts
-- All tries of a delivery.
SELECT number, code, began_at, duration_ms, outcome, relay, tls, enhanced,
	text, queue_id
FROM attempt WHERE delivery_id = ?1 ORDER BY number;

-- name: outbox_ahead
-- The next that wait behind (?1, ?2), and whether that is because a clock was
-- ahead of ?3: they were written later than now, or wait longer than until ?4.
SELECT d.id, d.due_at,
	d.due_at > ?4 OR d.created_at > ?3 OR d.retried_at > ?3
	OR EXISTS (SELECT 1 FROM attempt t WHERE t.delivery_id = d.id
		AND t.number = d.attempt AND t.ended_at > ?3)
FROM delivery d
WHERE d.state = 'due' AND d.due_at >= ?1 AND (d.due_at > ?1 OR d.id > ?2)
ORDER BY d.due_at, d.id
LIMIT ?5;

-- name: outbox_mend
-- It waits no longer.
UPDATE delivery SET due_at = ?2 WHERE id = ?1 AND state = 'due';
