#ifndef TOOLS_CALENDAR_H
#define TOOLS_CALENDAR_H

/*
 * Time zones (the system's tzdata) and recurrence rules (RFC 5545, libical). A
 * zone and a recurrence are the caller's; both are read only after they are
 * made, so that threads may share them.
 *
 *	struct zone *zone = zone_open("Europe/London", err);
 *	struct civil eight = {2026, 11, 23, 8, 0, 0};
 *	int64_t sent_at = zone_to_utc(zone, &eight);
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/civil.h"

struct err;
struct zone;
struct recurrence;

/* By its IANA name, or "UTC". ERR_INPUT: no such zone. */
struct zone *zone_open(const char *name, struct err *err);
void zone_close(struct zone *zone);
const char *zone_name(const struct zone *zone);

/* A time that does not exist (clocks go forward) moves forward by the gap:
 * 01:30 is 02:30. One that occurs twice (clocks go back) is the first. */
int64_t zone_to_utc(const struct zone *zone, const struct civil *civil);
struct civil zone_from_utc(const struct zone *zone, int64_t utc);

/* The value of RRULE, without its name: "FREQ=WEEKLY;BYDAY=MO;BYHOUR=8".
 * ERR_INPUT, with libical's reason, when it is none. */
struct recurrence *recurrence_parse(const char *text, struct err *err);
void recurrence_free(struct recurrence *recurrence);

/*
 * The first time of the rule strictly after after_utc. The rule starts (its
 * DTSTART) at start_utc and runs in the zone's local time, so that 08:00 stays
 * 08:00 when the clocks change; zone_to_utc says what local times that are
 * missing or doubled mean. false: it has ended, or there is none in the 10,000
 * repetitions that follow (FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30).
 */
bool recurrence_next(const struct recurrence *recurrence,
		     const struct zone *zone, int64_t start_utc,
		     int64_t after_utc, int64_t *ret_utc);

#endif
