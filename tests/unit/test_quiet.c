#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/civil.h"
#include "base/err.h"
#include "core/quiet.h"
#include "tools/zone.h"

static void f10_what_is_a_part_of_a_day(void **state)
{
	static const struct {
		const char *text;
		int from, to; /* -1: refused */
	} cases[] = {
	    {"", 0, 0},
	    {"20:00-07:00", 1200, 420},
	    {"12:30-13:15", 750, 795},
	    {"00:00-23:59", 0, 1439},
	    {"20:00-20:00", -1, -1},
	    {"24:00-07:00", -1, -1},
	    {"20:60-07:00", -1, -1},
	    {"20:00-7:00", -1, -1},
	    {"20:00 07:00", -1, -1},
	    {"20:00-07:00 ", -1, -1},
	    {"20:00-07:0x", -1, -1},
	    {"2000-0700", -1, -1},
	    {" 8:00-07:00", -1, -1},
	    {"-1:00-07:00", -1, -1},
	    {"never", -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct quiet quiet = {-7, -7};
		struct err err = {0};
		bool good = quiet_parse(cases[i].text, &quiet, &err);

		if (good != (cases[i].from >= 0) ||
		    (good &&
		     (quiet.from != cases[i].from || quiet.to != cases[i].to)))
			fail_msg("\"%s\": %d-%d", cases[i].text, quiet.from,
				 quiet.to);
		if (!good)
			assert_int_equal(err.kind, ERR_INPUT);
	}
}

static int64_t utc(const char *text)
{
	struct civil civil = {0};

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d:%d", &civil.year,
				&civil.month, &civil.day, &civil.hour,
				&civil.minute, &civil.second),
			 6);
	return civil_to_utc(&civil);
}

/* In 2027 London's clocks change on 28 March and 31 October at 01:00 UTC. */
static void f10_until_when(void **state)
{
	static const struct {
		const char *zone, *hours, *now, *until; /* UTC; NULL: not */
	} cases[] = {
	    {"Europe/London", "20:00-07:00", "2027-01-10 19:59:59", NULL},
	    {"Europe/London", "20:00-07:00", "2027-01-10 20:00:00",
	     "2027-01-11 07:00:00"},
	    {"Europe/London", "20:00-07:00", "2027-01-11 00:00:00",
	     "2027-01-11 07:00:00"},
	    {"Europe/London", "20:00-07:00", "2027-01-11 06:59:59",
	     "2027-01-11 07:00:00"},
	    {"Europe/London", "20:00-07:00", "2027-01-11 07:00:00", NULL},
	    {"Europe/London", "20:00-07:00", "2027-07-10 18:59:59", NULL},
	    {"Europe/London", "20:00-07:00", "2027-07-10 19:00:00",
	     "2027-07-11 06:00:00"},
	    {"Europe/London", "12:00-13:00", "2027-01-10 12:30:30",
	     "2027-01-10 13:00:00"},
	    {"Europe/London", "", "2027-01-10 12:30:30", NULL},
	    /* a night of one hour less, and one more */
	    {"Europe/London", "20:00-07:00", "2027-03-27 22:00:00",
	     "2027-03-28 06:00:00"},
	    {"Europe/London", "20:00-07:00", "2027-10-30 22:00:00",
	     "2027-10-31 07:00:00"},
	    /* the clocks skip the end: it is over when they have */
	    {"Europe/London", "20:00-01:30", "2027-03-28 00:10:00",
	     "2027-03-28 01:00:00"},
	    {"Europe/London", "01:15-01:45", "2027-03-28 01:00:00", NULL},
	    /* they repeat it: each time counts */
	    {"Europe/London", "20:00-01:30", "2027-10-31 00:10:00",
	     "2027-10-31 00:30:00"},
	    {"Europe/London", "20:00-01:30", "2027-10-31 00:45:00", NULL},
	    {"Europe/London", "20:00-01:30", "2027-10-31 01:10:00",
	     "2027-10-31 01:30:00"},
	    {"Australia/Lord_Howe", "20:00-07:00", "2027-04-03 10:00:00",
	     "2027-04-03 20:30:00"},
	    {"Asia/Kathmandu", "20:00-07:00", "2027-01-10 15:00:00",
	     "2027-01-11 01:15:00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct zone *zone = zone_open(cases[i].zone, NULL);
		struct quiet quiet;

		assert_non_null(zone);
		assert_true(quiet_parse(cases[i].hours, &quiet, NULL));
		int64_t until = quiet_until(&quiet, zone, utc(cases[i].now));
		int64_t wanted = cases[i].until ? utc(cases[i].until) : 0;
		if (until != wanted)
			fail_msg("%s %s at %s: %lld, not %lld", cases[i].zone,
				 cases[i].hours, cases[i].now, (long long)until,
				 (long long)wanted);
		zone_close(zone);
	}
}

/* each minute of the two nights on which clocks change, and of all hours */
static void f20_the_end_is_the_first_moment(void **state)
{
	struct zone *zone = zone_open("Europe/London", NULL);

	(void)state;
	for (int hour = 0; hour < 24; hour++) {
		const struct quiet quiet = {hour * 60, (hour + 5) % 24 * 60};

		for (int night = 0; night < 2; night++) {
			int64_t begin = utc(night ? "2027-10-30 12:00:00"
						  : "2027-03-27 12:00:00");
			int64_t end = 0;

			for (int i = 0; i < 1800; i++) {
				int64_t at = begin + (int64_t)i * 60;
				int64_t until = quiet_until(&quiet, zone, at);

				/* it is what was said when it began */
				if (end > at)
					assert_int_equal(until, end);
				else
					assert_true(until == 0 || until > at);
				end = until;
			}
		}
	}
	zone_close(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_what_is_a_part_of_a_day),
	    cmocka_unit_test(f10_until_when),
	    cmocka_unit_test(f20_the_end_is_the_first_moment),
	};

	return cmocka_run_group_tests_name("quiet", tests, NULL, NULL);
}
