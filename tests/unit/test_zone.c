#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/err.h"
#include "tools/zone.h"

static int64_t utc(const char *text)
{
	struct civil civil;

	assert_true(civil_parse_local(text, &civil));
	return civil_to_utc(&civil);
}

static int64_t from_local(const struct zone *zone, const char *text)
{
	struct civil civil;

	assert_true(civil_parse_local(text, &civil));
	return zone_to_utc(zone, &civil);
}

static int offset(const struct zone *zone, int64_t at)
{
	struct civil local = zone_from_utc(zone, at);

	return (int)(civil_to_utc(&local) - at);
}

/* 01:00 UTC on the last Sunday of the month */
static int64_t british_change(int year, int month)
{
	int64_t last = civil_days(year, month, 31);

	return (last - civil_weekday(last)) * 86400 + 3600;
}

static void f10_local_and_utc(void **state)
{
	static const struct {
		const char *zone, *local, *utc;
	} cases[] = {
	    {"UTC", "2026-07-01T08:00", "2026-07-01T08:00"},
	    {"Europe/London", "2026-11-23T08:00", "2026-11-23T08:00"},
	    {"Europe/London", "2026-07-01T08:00", "2026-07-01T07:00"},
	    /* does not exist: moves forward by the gap */
	    {"Europe/London", "2026-03-29T00:59:59", "2026-03-29T00:59:59"},
	    {"Europe/London", "2026-03-29T01:00", "2026-03-29T01:00"},
	    {"Europe/London", "2026-03-29T01:30", "2026-03-29T01:30"},
	    {"Europe/London", "2026-03-29T02:00", "2026-03-29T01:00"},
	    /* happens twice: the first */
	    {"Europe/London", "2026-10-25T00:59", "2026-10-24T23:59"},
	    {"Europe/London", "2026-10-25T01:00", "2026-10-25T00:00"},
	    {"Europe/London", "2026-10-25T01:30", "2026-10-25T00:30"},
	    {"Europe/London", "2026-10-25T02:00", "2026-10-25T02:00"},
	    /* summer time all through the winter of 1969 */
	    {"Europe/London", "1970-01-15T12:00", "1970-01-15T11:00"},
	    {"Asia/Kolkata", "2026-01-01T08:00", "2026-01-01T02:30"},
	    {"America/New_York", "2026-07-01T08:00", "2026-07-01T12:00"},
	    /* half an hour of summer time */
	    {"Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct zone *zone = zone_open(cases[i].zone, NULL);

		assert_non_null(zone);
		int64_t at = from_local(zone, cases[i].local);
		if (at != utc(cases[i].utc))
			fail_msg("%s %s", cases[i].zone, cases[i].local);
		zone_close(zone);
	}
	zone_close(NULL);
}

/* tzdata lists the changes up to 2037 and tells the rest by a rule */
static void f20_both_changes_of_each_year(void **state)
{
	struct zone *zone = zone_open("Europe/London", NULL);

	(void)state;
	assert_non_null(zone);
	for (int year = 2020; year <= 2070; year++) {
		int64_t spring = british_change(year, 3);
		int64_t autumn = british_change(year, 10);

		assert_int_equal(offset(zone, spring - 1), 0);
		assert_int_equal(offset(zone, spring), 3600);
		assert_int_equal(offset(zone, autumn - 1), 3600);
		assert_int_equal(offset(zone, autumn), 0);
	}
	zone_close(zone);
}

static void f20_every_hour_goes_there_and_back(void **state)
{
	struct zone *zone = zone_open("Europe/London", NULL);
	int64_t end = utc("2027-01-01");

	(void)state;
	assert_non_null(zone);
	for (int64_t at = utc("2026-01-01"); at < end; at += 1800) {
		struct civil local = zone_from_utc(zone, at);
		int64_t back = zone_to_utc(zone, &local);
		bool is_second = at >= british_change(2026, 10) &&
				 at < british_change(2026, 10) + 3600;

		assert_int_equal(back, is_second ? at - 3600 : at);
	}
	zone_close(zone);
}

static void f30_bad_names(void **state)
{
	static const char *const names[] = {
	    "",
	    "Europe/Nowhere",
	    "../../etc/passwd",
	    "/etc/localtime",
	    "right/Europe/London",
	    "Europe/London ",
	    "Europe",
	    "file:/etc/localtime",
	    "Europe/../Europe/London",
	    "tzdata.zi",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct err err = {0};

		if (zone_open(names[i], &err))
			fail_msg("%s is a zone", names[i]);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_local_and_utc),
	    cmocka_unit_test(f20_both_changes_of_each_year),
	    cmocka_unit_test(f20_every_hour_goes_there_and_back),
	    cmocka_unit_test(f30_bad_names),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
