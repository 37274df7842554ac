#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/err.h"
#include "tools/calendar.h"

#define MAX 8

static int64_t from_local(const struct zone *zone, const char *text)
{
	struct civil civil;

	assert_true(civil_parse_local(text, &civil));
	return zone_to_utc(zone, &civil);
}

/* The first times in local time, after "after". The RFC's own examples start on
 * 1997-09-02, a Tuesday, at 09:00. */
static const struct {
	const char *rule, *start, *after, *expected[MAX];
} cases[] = {
    {"FREQ=DAILY;BYHOUR=8",
     "2026-01-01",
     "2026-11-22T08:00",
     {"2026-11-23T08:00", "2026-11-24T08:00"}},
    {"freq=daily;byhour=8",
     "2026-01-01",
     "2026-11-22T07:59:59",
     {"2026-11-22T08:00"}},
    {"FREQ=DAILY;BYHOUR=16,8;BYMINUTE=30,0",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-01T08:00", "2026-01-01T08:30", "2026-01-01T16:00",
      "2026-01-01T16:30", "2026-01-02T08:00"}},
    {"FREQ=DAILY;INTERVAL=10",
     "1997-09-02T09:00",
     "1997-09-01",
     {"1997-09-02T09:00", "1997-09-12T09:00", "1997-09-22T09:00",
      "1997-10-02T09:00"}},
    {"FREQ=WEEKLY",
     "1997-09-02T09:00",
     "1997-10-29",
     {"1997-11-04T09:00", "1997-11-11T09:00"}},
    {"FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH",
     "1997-09-02T09:00",
     "1997-09-01",
     {"1997-09-02T09:00", "1997-09-04T09:00", "1997-09-16T09:00",
      "1997-09-18T09:00"}},
    /* where a week begins matters */
    {"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
     "1997-08-05T09:00",
     "1997-08-01",
     {"1997-08-05T09:00", "1997-08-10T09:00", "1997-08-19T09:00",
      "1997-08-24T09:00"}},
    {"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
     "1997-08-05T09:00",
     "1997-08-01",
     {"1997-08-05T09:00", "1997-08-17T09:00", "1997-08-19T09:00",
      "1997-08-31T09:00"}},
    {"FREQ=MONTHLY;BYDAY=1FR",
     "1997-09-05T09:00",
     "1997-09-01",
     {"1997-09-05T09:00", "1997-10-03T09:00", "1997-11-07T09:00"}},
    {"FREQ=MONTHLY;BYDAY=-2MO",
     "1997-09-22T09:00",
     "1997-09-01",
     {"1997-09-22T09:00", "1997-10-20T09:00", "1997-11-17T09:00"}},
    {"FREQ=MONTHLY;BYDAY=5MO",
     "2026-01-01T09:00",
     "2026-01-01",
     {"2026-03-30T09:00", "2026-06-29T09:00", "2026-08-31T09:00"}},
    {"FREQ=MONTHLY;BYMONTHDAY=-3",
     "1997-09-28T09:00",
     "1997-09-01",
     {"1997-09-28T09:00", "1997-10-29T09:00", "1997-11-28T09:00"}},
    {"FREQ=MONTHLY;BYMONTHDAY=31",
     "2026-01-01T09:00",
     "2026-01-01",
     {"2026-01-31T09:00", "2026-03-31T09:00", "2026-05-31T09:00"}},
    {"FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11",
     "1997-09-10T09:00",
     "1997-09-01",
     {"1997-09-10T09:00", "1997-09-11T09:00", "1999-03-10T09:00"}},
    {"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
     "1997-09-02T09:00",
     "1997-09-01",
     {"1998-02-13T09:00", "1998-03-13T09:00", "1998-11-13T09:00",
      "1999-08-13T09:00", "2000-10-13T09:00"}},
    {"FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
     "1997-09-13T09:00",
     "1997-09-01",
     {"1997-09-13T09:00", "1997-10-11T09:00"}},
    {"FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3",
     "1997-09-04T09:00",
     "1997-09-01",
     {"1997-09-04T09:00", "1997-10-07T09:00", "1997-11-06T09:00"}},
    {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
     "1997-09-29T09:00",
     "1997-09-01",
     {"1997-09-29T09:00", "1997-10-30T09:00", "1997-11-27T09:00",
      "1997-12-30T09:00"}},
    /* a place counts times, not days */
    {"FREQ=MONTHLY;BYMONTHDAY=1,2;BYHOUR=8,20;BYSETPOS=2,-1",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-01T20:00", "2026-01-02T20:00", "2026-02-01T20:00"}},
    {"FREQ=YEARLY;BYDAY=20MO",
     "1997-05-19T09:00",
     "1997-01-01",
     {"1997-05-19T09:00", "1998-05-18T09:00", "1999-05-17T09:00"}},
    {"FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
     "1997-03-13T09:00",
     "1997-01-01",
     {"1997-03-13T09:00", "1997-03-20T09:00", "1997-03-27T09:00",
      "1998-03-05T09:00"}},
    {"FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200",
     "1997-01-01T09:00",
     "1997-01-01T09:00",
     {"1997-04-10T09:00", "1997-07-19T09:00", "2000-01-01T09:00",
      "2000-04-09T09:00"}},
    {"FREQ=YEARLY;BYYEARDAY=-1",
     "2026-01-01T09:00",
     "2026-01-01",
     {"2026-12-31T09:00", "2027-12-31T09:00"}},
    /* the first Tuesday behind a Monday in November, every fourth year */
    {"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
     "1996-11-05T09:00",
     "1996-01-01",
     {"1996-11-05T09:00", "2000-11-07T09:00", "2004-11-02T09:00"}},
    {"FREQ=YEARLY;BYMONTHDAY=1",
     "2026-01-01T09:00",
     "2026-01-01",
     {"2026-01-01T09:00", "2026-02-01T09:00", "2026-03-01T09:00"}},
    {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
     "2026-01-01T09:00",
     "2026-01-01",
     {"2028-02-29T09:00", "2032-02-29T09:00"}},
    {"FREQ=YEARLY",
     "2026-03-05T09:00",
     "2026-01-01",
     {"2026-03-05T09:00", "2027-03-05T09:00"}},
    {"FREQ=MONTHLY",
     "2026-01-15T09:00",
     "2026-01-15T09:00",
     {"2026-02-15T09:00", "2026-03-15T09:00"}},
    /* nothing before the start */
    {"FREQ=DAILY;BYHOUR=8",
     "2026-01-01T09:00",
     "2020-01-01",
     {"2026-01-02T08:00"}},
};

static void check_case(const struct zone *zone, size_t i)
{
	struct err err = {0};
	struct recurrence *r = recurrence_parse(cases[i].rule, &err);
	int64_t start = from_local(zone, cases[i].start);
	int64_t at = from_local(zone, cases[i].after);

	if (!r)
		fail_msg("%s: %s", cases[i].rule, err.text);
	for (size_t k = 0; k < MAX && cases[i].expected[k]; k++) {
		char text[CIVIL_UTC_SIZE];

		assert_true(recurrence_next(r, zone, start, at, &at));
		civil_format_utc(at, text);
		if (at != from_local(zone, cases[i].expected[k]))
			fail_msg("%s: %s is no %s", cases[i].rule, text,
				 cases[i].expected[k]);
	}
	recurrence_free(r);
}

static void f10_rules(void **state)
{
	struct zone *london = zone_open("Europe/London", NULL);
	struct zone *utc = zone_open("UTC", NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		check_case(london, i);
		check_case(utc, i);
	}
	zone_close(london);
	zone_close(utc);
}

static void f20_refused_rules(void **state)
{
	static const struct {
		const char *rule, *words;
	} refused[] = {
	    {"", "NAME=VALUE"},
	    {"DAILY", "NAME=VALUE"},
	    {"FREQ=", "NAME=VALUE"},
	    {"BYHOUR=8", "FREQ is missing"},
	    {"FREQ=FORTNIGHTLY", "DAILY, WEEKLY"},
	    {"FREQ=HOURLY", "DAILY, WEEKLY"},
	    {"FREQ=MINUTELY", "DAILY, WEEKLY"},
	    {"FREQ=SECONDLY", "DAILY, WEEKLY"},
	    {"FREQ=DAILY;FREQ=WEEKLY", "FREQ stands twice"},
	    {"FREQ=DAILY;", "NAME=VALUE"},
	    {";FREQ=DAILY", "NAME=VALUE"},
	    {"FREQ=DAILY;COUNT=3", "COUNT can't be used"},
	    {"FREQ=DAILY;UNTIL=20270101", "UNTIL can't be used"},
	    {"FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO can't be used"},
	    {"FREQ=DAILY;BYEASTER=1", "\"BYEASTER\" is no part"},
	    {"FREQ=DAILY;INTERVAL=0", "1 to 999"},
	    {"FREQ=DAILY;INTERVAL=1000", "1 to 999"},
	    {"FREQ=DAILY;INTERVAL=99999999999999999999", "1 to 999"},
	    {"FREQ=DAILY;BYHOUR=24", "from 0 to 23"},
	    {"FREQ=DAILY;BYHOUR=-1", "from 0 to 23"},
	    {"FREQ=DAILY;BYHOUR=8,", "from 0 to 23"},
	    {"FREQ=DAILY;BYHOUR=8,8", "the same value twice"},
	    {"FREQ=DAILY;BYHOUR=8 ", "from 0 to 23"},
	    {"FREQ=DAILY;BYMINUTE=60", "from 0 to 59"},
	    {"FREQ=MONTHLY;BYMONTHDAY=0", "from 1 to 31"},
	    {"FREQ=MONTHLY;BYMONTHDAY=32", "from 1 to 31"},
	    {"FREQ=MONTHLY;BYMONTHDAY=-32", "from 1 to 31"},
	    {"FREQ=YEARLY;BYMONTH=13", "from 1 to 12"},
	    {"FREQ=WEEKLY;BYDAY=XX", "MO TU WE"},
	    {"FREQ=WEEKLY;BYDAY=M", "MO TU WE"},
	    {"FREQ=MONTHLY;BYDAY=0MO", "MO TU WE"},
	    {"FREQ=MONTHLY;BYDAY=54MO", "MO TU WE"},
	    {"FREQ=MONTHLY;BYDAY=+MO", "MO TU WE"},
	    {"FREQ=MONTHLY;BYDAY=1MO,1MO", "the same value twice"},
	    {"FREQ=WEEKLY;WKST=8", "WKST=8"},
	    {"FREQ=WEEKLY;BYDAY=1MO", "needs FREQ=MONTHLY"},
	    {"FREQ=DAILY;BYDAY=-1MO", "needs FREQ=MONTHLY"},
	    {"FREQ=WEEKLY;BYMONTHDAY=1", "can't stand with FREQ=WEEKLY"},
	    {"FREQ=MONTHLY;BYYEARDAY=1", "can't stand with FREQ=MONTHLY"},
	    {"FREQ=MONTHLY;BYSETPOS=1", "needs another part"},
	    {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no day at all"},
	    {"FREQ=MONTHLY;BYDAY=6MO", "no day at all"},
	    {"FREQ=DAILY;INTERVAL=7;BYDAY=TU", "no day at all"},
	    {"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "no day at all"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct err err = {0};
		struct recurrence *r = recurrence_parse(refused[i].rule, &err);

		if (r || !strstr(err.text, refused[i].words))
			fail_msg("%s: %s", refused[i].rule, err.text);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

/* On the day the clocks go forward, 01:30 comes an hour late and so falls
 * together with 02:30: once, and in order. */
static void f30_times_in_the_gap_keep_their_order(void **state)
{
	static const char *const expected[] = {
	    "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z",
	    "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z",
	    "2026-03-29T02:00:00Z",
	};
	struct zone *zone = zone_open("Europe/London", NULL);
	struct recurrence *r =
	    recurrence_parse("FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,30", NULL);
	int64_t start = from_local(zone, "2026-01-01");
	int64_t at = from_local(zone, "2026-03-29") - 1;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		char text[CIVIL_UTC_SIZE];

		assert_true(recurrence_next(r, zone, start, at, &at));
		civil_format_utc(at, text);
		assert_string_equal(text, expected[i]);
	}
	recurrence_free(r);
	zone_close(zone);
}

/* Samoa had no 30 December 2011: that day's 08:00 is the 31st's. */
static void f40_a_day_that_never_was(void **state)
{
	struct zone *zone = zone_open("Pacific/Apia", NULL);
	struct recurrence *r = recurrence_parse("FREQ=DAILY;BYHOUR=8", NULL);
	int64_t start = from_local(zone, "2011-01-01");
	int64_t at = from_local(zone, "2011-12-28T09:00");

	(void)state;
	assert_true(recurrence_next(r, zone, start, at, &at));
	assert_int_equal(at, from_local(zone, "2011-12-29T08:00"));
	assert_true(recurrence_next(r, zone, start, at, &at));
	assert_int_equal(at, from_local(zone, "2011-12-31T08:00"));
	assert_true(recurrence_next(r, zone, start, at, &at));
	assert_int_equal(at, from_local(zone, "2012-01-01T08:00"));
	recurrence_free(r);
	zone_close(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_rules),
	    cmocka_unit_test(f20_refused_rules),
	    cmocka_unit_test(f30_times_in_the_gap_keep_their_order),
	    cmocka_unit_test(f40_a_day_that_never_was),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
