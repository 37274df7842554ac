#ifndef TOOLS_ZONE_H
#define TOOLS_ZONE_H

/*
 * Time zones, from the system's tzdata (Abseil's time library: libical's zones
 * differ from tzdata in 18 of its 312 zones between 1990 and 2037, though not
 * in Europe/London; libc knows one zone at a time, by the environment). A zone
 * is the caller's and read only: threads may share it. A zone that tzdata
 * changes is seen after a restart.
 *
 *	struct zone *zone = zone_open("Europe/London", err);
 *	struct civil eight = {2026, 11, 23, 8, 0, 0};
 *	int64_t sent_at = zone_to_utc(zone, &eight);
 *	zone_close(zone);
 */
#include <stdint.h>

#include "base/civil.h"

struct err;
struct zone;

/* By its IANA name, or "UTC". ERR_INPUT: no such zone. */
struct zone *zone_open(const char *name, struct err *err);
void zone_close(struct zone *zone);

/* A time that does not exist (clocks go forward) moves forward by the gap:
 * 01:30 is 02:30. One that occurs twice (clocks go back) is the first. */
int64_t zone_to_utc(const struct zone *zone, const struct civil *civil);
struct civil zone_from_utc(const struct zone *zone, int64_t utc);

#endif
