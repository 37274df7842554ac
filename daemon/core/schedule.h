#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

/*
 * When a list's digests go out: words, or an RFC 5545 rule, in the board's time
 * zone. A slot is a moment at which the schedule fires. A local time that the
 * clocks skip in spring fires once, later by the gap; one that they repeat in
 * autumn fires once, the first time. The schedule is the caller's, read only
 * once parsed.
 *
 *	struct schedule *s = schedule_parse("weekly mon 08:00", err);
 *	if (schedule_next(s, zone, now, &slot)) ...
 *	schedule_free(s);
 */
#include <stdbool.h>
#include <stdint.h>

struct err;
struct schedule;
struct zone;

/*
 * Words, in any case:
 *	immediately
 *	daily 08:00
 *	weekly mon 08:00                 mon ... sun, or the whole name
 *	monthly first mon 08:00          first second third fourth last
 *	monthly 15 08:00                 a shorter month: on its last day
 *	RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;BYHOUR=8;BYMINUTE=30
 * A rule is one that tools/calendar takes. It starts on Monday 2001-01-01 (so
 * INTERVAL counts from there) and fires at 08:00 unless it says BYHOUR.
 * Refused are SECONDLY, MINUTELY and HOURLY (nobody reads mail so often), COUNT
 * and UNTIL (a list that ends in silence looks like one that works), BYSECOND,
 * and rules that never fire. ERR_INPUT says what is allowed.
 */
struct schedule *schedule_parse(const char *text, struct err *err);
/* What stands behind "weekly": "mon 08:00". ERR_INPUT likewise. */
struct schedule *schedule_parse_weekly(const char *text, struct err *err);
void schedule_free(struct schedule *schedule);

/* It has no slots: what is new is sent when it is found. */
bool schedule_is_immediate(const struct schedule *schedule);

/* The first slot strictly after after. false: there is none (immediately). */
bool schedule_next(const struct schedule *schedule, const struct zone *zone,
		   int64_t after, int64_t *ret_utc);

/* The latest slot s with not_before < s <= at_or_before: what was missed while
 * the daemon was down, to be run once. false: there is none. */
bool schedule_last(const struct schedule *schedule, const struct zone *zone,
		   int64_t at_or_before, int64_t not_before, int64_t *ret_utc);

#endif
