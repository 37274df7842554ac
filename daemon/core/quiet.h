#ifndef CORE_QUIET_H
#define CORE_QUIET_H

/*
 * Hours of the day in which a list's mails wait, in the board's time zone.
 * They are what the clocks on the wall show: where these are put on or back,
 * a night is an hour shorter or longer.
 *
 *	struct quiet quiet;
 *	if (!quiet_parse("20:00-07:00", &quiet, err)) ...
 *	int64_t until = quiet_until(&quiet, zone, now);
 */
#include <stdbool.h>
#include <stdint.h>

struct err;
struct zone;

struct quiet {
	int from, to; /* minutes of the day; the same: never quiet */
};

/* "20:00-07:00", over midnight or not; "" is never. ERR_INPUT otherwise. */
bool quiet_parse(const char *text, struct quiet *ret, struct err *err);

/* The first moment behind now at which it is quiet no more; 0: it is not quiet
 * now. */
int64_t quiet_until(const struct quiet *quiet, const struct zone *zone,
		    int64_t now);

#endif
