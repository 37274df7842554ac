#ifndef CORE_HOLIDAYS_H
#define CORE_HOLIDAYS_H

/*
 * The bank holidays of one region, from a file that a person can write
 * (config/bank-holidays is the one that comes with briefingd), and the rule
 * for deadlines: one that would end on a Saturday, a Sunday or a bank holiday
 * ends on the next day that is none. Plain data in the caller's arena, read
 * only once parsed; days are counted since 1970 (base/civil).
 *
 *	holidays_parse("bank-holidays", text, size, "scotland", arena, &all,
 *		       &problems);
 *	last_day = holidays_working_day(&all, last_day);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct problems;

#define HOLIDAYS_MAX_SIZE (64 * 1024)
#define HOLIDAYS_REGIONS "england-and-wales|scotland|northern-ireland"

struct holidays {
	int64_t *days; /* ascending, each once */
	size_t count;
	int last_year; /* of the last day: what comes later nobody knows yet */
};

/* Any bytes from outside. A line is empty, a comment behind "#", or a date, the
 * regions that keep it (or "all"), a colon and its name. A file without a day
 * of the region is a problem, too. */
bool holidays_parse(const char *file_name, const char *text, size_t size,
		    const char *region, struct arena *arena,
		    struct holidays *ret, struct problems *problems);

/* holidays NULL: Saturdays and Sundays alone are free */
bool holidays_is_working_day(const struct holidays *holidays, int64_t day);

/* This day if it is a working day, else the next one. */
int64_t holidays_working_day(const struct holidays *holidays, int64_t day);

#endif
