#ifndef CORE_DAY_H
#define CORE_DAY_H

/*
 * Days of the board's calendar, counted since 1970 (base/civil), in its time
 * zone. Pure functions over the settings' zone.
 *
 *	today = day_of(settings, now);
 *	tomorrow_at = day_start(settings, today + 1);
 */
#include <stdint.h>

struct settings;

int64_t day_of(const struct settings *settings, int64_t utc);
/* its first second, in UTC */
int64_t day_start(const struct settings *settings, int64_t day);
/* The day of a deadline, which is the midnight behind it. */
int64_t day_due(const struct settings *settings, int64_t due_at);

#endif
