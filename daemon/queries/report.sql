-- name: report_figures
-- Figures as of ?1 of what was required in [?2, ?3) (0: open), for the briefing
-- with ref ?4 (NULL: all), at three levels: 0 in all, 1 for a version, 2 for an
-- agency within it, where agencies with fewer than ?5 share the row ''. The
-- CASE is the one definition of the states; core/report.h says them in words.
WITH mail AS (
	-- per person and version: when a relay first took what had not come back
	-- by ?1; and was one refused, returned, or not sent for such a reason
	SELECT d.person_id, lv.version_id,
		MIN(CASE WHEN d.state = 'accepted' OR d.bounced_at > ?1
			THEN d.ended_at END) AS accepted_at,
		MAX(CASE WHEN d.state IN ('refused', 'cancelled')
			OR d.bounced_at <= ?1 THEN 1 ELSE 0 END) AS failed
	FROM delivery d
	JOIN letter_version lv ON lv.letter_id = d.letter_id
	WHERE d.mode = 'live' AND d.ended_at <= ?1
		AND (d.state IN ('accepted', 'refused', 'bounced')
			OR d.state = 'cancelled' AND d.detail = 'suppressed')
	GROUP BY d.person_id, lv.version_id
), past AS (
	-- what stood at ?1 and was disowned since
	SELECT x.requirement_id, x.acknowledged_at, x.grade FROM disowned x
	WHERE x.id = (SELECT MAX(o.id) FROM disowned o
		WHERE o.requirement_id = x.requirement_id
			AND o.acknowledged_at <= ?1 AND o.disowned_at > ?1)
), fact AS (
	SELECT r.version_id, r.agency, r.due_at,
		CASE WHEN r.acknowledged_at <= ?1 THEN r.acknowledged_at
			ELSE x.acknowledged_at END AS acknowledged_at,
		CASE WHEN r.acknowledged_at <= ?1 THEN r.grade
			ELSE x.grade END AS grade,
		COUNT(*) OVER (PARTITION BY r.version_id, r.agency) AS size,
		m.accepted_at,
		CASE WHEN m.accepted_at IS NULL THEN COALESCE(m.failed, 0)
			ELSE 0 END AS failed,
		CASE WHEN r.closed_at <= ?1 AND r.closed_at > r.due_at
			AND r.closed_as IN ('left', 'exempt')
			THEN 1 ELSE 0 END AS closed_too_late,
		EXISTS (SELECT 1 FROM attestation a
			WHERE a.requirement_id = r.id AND a.attested_at <= ?1
			AND COALESCE(a.undone_at > ?1, 1)) AS is_attested,
		CASE WHEN r.acknowledged_at <= ?1
				OR x.requirement_id IS NOT NULL
				THEN 'acknowledged'
			WHEN r.closed_at <= ?1
				AND r.closed_as IN ('withdrawn', 'superseded')
				THEN 'closed'
			WHEN r.closed_at <= ?1 AND r.closed_at <= r.due_at
				THEN CASE r.closed_as WHEN 'exempt'
					THEN 'exempt' ELSE 'closed' END
			WHEN r.missed_at <= ?1 THEN 'missed'
			ELSE 'outstanding' END AS state
	FROM standing_requirement r
	JOIN version v ON v.id = r.version_id
	JOIN briefing b ON b.id = v.briefing_id
	LEFT JOIN mail m ON m.person_id = r.person_id
		AND m.version_id = r.version_id
	LEFT JOIN past x ON x.requirement_id = r.id
	WHERE r.required_at <= ?1
		AND (?2 = 0 OR r.required_at >= ?2)
		AND (?3 = 0 OR r.required_at < ?3)
		AND (?4 IS NULL OR b.ref = ?4)
), sized AS (
	SELECT DISTINCT version_id, agency, size FROM fact
), figure AS (
	SELECT version_id, 1 AS required,
		CASE WHEN size < ?5 THEN '' ELSE agency END AS agency,
		CASE WHEN accepted_at IS NULL THEN 0 ELSE 1 END AS accepted,
		failed,
		CASE WHEN state = 'acknowledged' AND acknowledged_at <= due_at
			THEN 1 ELSE 0 END AS in_time,
		CASE WHEN state = 'acknowledged' AND acknowledged_at > due_at
			THEN 1 ELSE 0 END AS late,
		CASE WHEN state = 'acknowledged'
			AND grade = 'confirmed-with-reflection'
			THEN 1 ELSE 0 END AS reflected,
		CASE WHEN state = 'acknowledged' AND grade = 'confirmed-by-reply'
			THEN 1 ELSE 0 END AS by_reply,
		CASE WHEN state = 'outstanding' THEN 1 ELSE 0 END AS outstanding,
		CASE WHEN state = 'outstanding' AND due_at < ?1
			THEN 1 ELSE 0 END AS overdue,
		CASE WHEN state = 'missed' THEN 1 ELSE 0 END AS missed,
		CASE WHEN state = 'exempt' THEN 1 ELSE 0 END AS exempt,
		CASE WHEN state = 'closed' THEN 1 ELSE 0 END AS closed,
		CASE WHEN state IN ('outstanding', 'missed')
			THEN closed_too_late ELSE 0 END AS flagged,
		CASE WHEN state = 'acknowledged' AND acknowledged_at >= accepted_at
			THEN acknowledged_at - accepted_at END AS seconds,
		CASE WHEN state = 'acknowledged' THEN 0 ELSE is_attested
			END AS attested,
		0 AS wider, 0 AS further, 0 AS sessions,
		0 AS session_reached, 0 AS session_heads
	FROM fact
	UNION ALL
	-- beside what was required, by when it was confirmed
	SELECT w.version_id, 0, CASE WHEN z.size >= ?5 THEN w.agency ELSE '' END,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0,
		CASE w.kind WHEN 'wider' THEN 1 ELSE 0 END,
		CASE w.kind WHEN 'further' THEN 1 ELSE 0 END, 0, 0, 0
	FROM beside w
	JOIN version v ON v.id = w.version_id
	JOIN briefing b ON b.id = v.briefing_id
	LEFT JOIN sized z ON z.version_id = w.version_id AND z.agency = w.agency
	WHERE w.confirmed_at <= ?1 AND COALESCE(w.disowned_at > ?1, 1)
		AND (?2 = 0 OR w.confirmed_at >= ?2)
		AND (?3 = 0 OR w.confirmed_at < ?3)
		AND (?4 IS NULL OR b.ref = ?4)
	UNION ALL
	-- head counts, by the day of the session
	SELECT t.version_id, 0, CASE WHEN z.size >= ?5 THEN t.agency ELSE '' END,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0,
		1, t.reached, t.head_count
	FROM team_session t
	JOIN version v ON v.id = t.version_id
	JOIN briefing b ON b.id = v.briefing_id
	LEFT JOIN sized z ON z.version_id = t.version_id AND z.agency = t.agency
	WHERE t.recorded_at <= ?1 AND COALESCE(t.undone_at > ?1, 1)
		AND (?2 = 0 OR t.held_at >= ?2)
		AND (?3 = 0 OR t.held_at < ?3)
		AND (?4 IS NULL OR b.ref = ?4)
), rowed AS (
	SELECT version_id, agency, SUM(required) AS required,
		SUM(accepted) AS accepted, SUM(failed) AS failed,
		SUM(in_time) AS in_time, SUM(late) AS late,
		SUM(reflected) AS reflected, SUM(by_reply) AS by_reply,
		SUM(outstanding) AS outstanding, SUM(overdue) AS overdue,
		SUM(missed) AS missed, SUM(exempt) AS exempt,
		SUM(closed) AS closed, SUM(flagged) AS flagged,
		SUM(attested) AS attested, SUM(wider) AS wider,
		SUM(further) AS further, SUM(sessions) AS sessions,
		SUM(session_reached) AS session_reached,
		SUM(session_heads) AS session_heads
	FROM figure
	GROUP BY version_id, agency
), summed AS (
	SELECT 2 AS level, rowed.* FROM rowed
	UNION ALL
	SELECT 1, version_id, '', SUM(required), SUM(accepted), SUM(failed),
		SUM(in_time), SUM(late), SUM(reflected), SUM(by_reply), SUM(outstanding),
		SUM(overdue), SUM(missed), SUM(exempt), SUM(closed), SUM(flagged),
		SUM(attested), SUM(wider), SUM(further), SUM(sessions),
		SUM(session_reached), SUM(session_heads)
	FROM rowed
	GROUP BY version_id
	UNION ALL
	SELECT 0, 0, '', SUM(required), SUM(accepted), SUM(failed),
		SUM(in_time), SUM(late), SUM(reflected), SUM(by_reply), SUM(outstanding),
		SUM(overdue), SUM(missed), SUM(exempt), SUM(closed), SUM(flagged),
		SUM(attested), SUM(wider), SUM(further), SUM(sessions),
		SUM(session_reached), SUM(session_heads)
	FROM rowed
	HAVING COUNT(*) > 0
), waited AS (
	SELECT 2 AS level, version_id, agency, seconds FROM figure
	WHERE seconds IS NOT NULL
	UNION ALL
	SELECT 1, version_id, '', seconds FROM figure
	WHERE seconds IS NOT NULL
	UNION ALL
	SELECT 0, 0, '', seconds FROM figure WHERE seconds IS NOT NULL
), ranked AS (
	SELECT level, version_id, agency, seconds,
		ROW_NUMBER() OVER (PARTITION BY level, version_id, agency
			ORDER BY seconds) AS number,
		COUNT(*) OVER (PARTITION BY level, version_id, agency) AS total
	FROM waited
), median AS (
	SELECT level, version_id, agency, AVG(seconds) AS seconds
	FROM ranked
	WHERE number IN ((total + 1) / 2, (total + 2) / 2)
	GROUP BY level, version_id, agency
)
SELECT s.level, s.version_id, s.agency, s.required, s.accepted, s.failed,
	s.in_time, s.late, s.reflected, s.by_reply, s.outstanding, s.overdue,
	s.missed, s.exempt, s.closed, s.flagged, s.attested, s.wider,
	s.further, s.sessions, s.session_reached, s.session_heads, m.seconds, b.ref,
	v.title, v.kind, v.number
FROM summed s
LEFT JOIN median m ON m.level = s.level AND m.version_id = s.version_id
	AND m.agency = s.agency
LEFT JOIN version v ON v.id = s.version_id
LEFT JOIN briefing b ON b.id = v.briefing_id
ORDER BY s.level, v.approved_on DESC, b.ref, v.number DESC,
	CASE s.agency WHEN '' THEN 1 ELSE 0 END, s.agency;
