#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/err.h"
#include "core/schedule.h"
#include "tools/zone.h"

static struct zone *london;

static int64_t utc(const char *text)
{
	struct civil civil;

	assert_true(civil_parse_local(text, &civil));
	return civil_to_utc(&civil);
}

/* after and slot in UTC; the board is in London */
static const struct {
	const char *schedule, *after, *slot;
} next_cases[] = {
    {"daily 08:00", "2026-11-22T07:59:59", "2026-11-22T08:00"},
    {"daily 08:00", "2026-11-22T08:00", "2026-11-23T08:00"},
    {"Daily 08:00", "2026-07-01T00:00", "2026-07-01T07:00"},
    {"daily 00:00", "2026-07-01T00:00", "2026-07-01T23:00"},
    {"daily 23:59", "2026-12-31T23:59", "2027-01-01T23:59"},
    /* 08:00 stays 08:00 across both changes */
    {"daily 08:00", "2026-03-28T08:00", "2026-03-29T07:00"},
    {"daily 08:00", "2026-10-24T07:00", "2026-10-25T08:00"},
    /* spring: 01:30 is not there and comes as 02:30, once */
    {"daily 01:30", "2026-03-28T01:30", "2026-03-29T01:30"},
    {"daily 01:30", "2026-03-29T01:29:59", "2026-03-29T01:30"},
    {"daily 01:30", "2026-03-29T01:30", "2026-03-30T00:30"},
    {"daily 01:00", "2026-03-28T12:00", "2026-03-29T01:00"},
    {"daily 02:30", "2026-03-28T12:00", "2026-03-29T01:30"},
    /* autumn: 01:30 comes twice, and the first counts */
    {"daily 01:30", "2026-10-24T00:30", "2026-10-25T00:30"},
    {"daily 01:30", "2026-10-25T00:30", "2026-10-26T01:30"},
    {"daily 01:30", "2026-10-25T01:30", "2026-10-26T01:30"},
    {"daily 01:30", "2026-10-25T01:00", "2026-10-26T01:30"},
    {"daily 02:00", "2026-10-24T12:00", "2026-10-25T02:00"},
    {"weekly sun 01:30", "2026-03-22T12:00", "2026-03-29T01:30"},
    {"weekly sun 01:30", "2026-03-29T01:30", "2026-04-05T00:30"},
    {"weekly sun 01:30", "2026-10-18T12:00", "2026-10-25T00:30"},
    {"weekly sun 01:30", "2026-10-25T00:30", "2026-11-01T01:30"},
    {"monthly last sun 01:30", "2026-03-01T12:00", "2026-03-29T01:30"},
    {"monthly last sun 01:30", "2026-10-01T12:00", "2026-10-25T00:30"},
    {"weekly mon 08:00", "2026-11-22T12:00", "2026-11-23T08:00"},
    {"weekly Monday 08:00", "2026-11-23T08:00", "2026-11-30T08:00"},
    {"  weekly   sun \t08:00 ", "2026-11-22T08:00", "2026-11-29T08:00"},
    {"weekly mon 08:00", "2026-03-23T08:00", "2026-03-30T07:00"},
    {"weekly mon 08:00", "2026-10-19T07:00", "2026-10-26T08:00"},
    {"monthly first mon 08:00", "2026-11-22T12:00", "2026-12-07T08:00"},
    {"monthly second tue 08:00", "2026-11-22T12:00", "2026-12-08T08:00"},
    {"monthly third wed 08:00", "2026-11-22T12:00", "2026-12-16T08:00"},
    {"monthly fourth thu 08:00", "2026-11-22T12:00", "2026-11-26T08:00"},
    {"monthly last fri 08:00", "2026-11-27T08:00", "2026-12-25T08:00"},
    {"monthly last sat 08:00", "2026-01-01T00:00", "2026-01-31T08:00"},
    {"monthly first mon 08:00", "2026-05-31T00:00", "2026-06-01T07:00"},
    {"monthly 15 08:00", "2026-11-22T12:00", "2026-12-15T08:00"},
    {"monthly 1 08:00", "2026-12-01T08:00", "2027-01-01T08:00"},
    {"monthly 05 08:00", "2026-12-01T08:00", "2026-12-05T08:00"},
    /* a month that is too short has it on its last day */
    {"monthly 31 08:00", "2026-01-31T08:00", "2026-02-28T08:00"},
    {"monthly 31 08:00", "2026-02-28T08:00", "2026-03-31T07:00"},
    {"monthly 31 08:00", "2026-03-31T07:00", "2026-04-30T07:00"},
    {"monthly 30 08:00", "2028-01-30T08:00", "2028-02-29T08:00"},
    {"monthly 29 08:00", "2028-01-29T08:00", "2028-02-29T08:00"},
    {"monthly 29 08:00", "2026-01-29T08:00", "2026-02-28T08:00"},
    /* rules */
    {"RRULE:FREQ=DAILY", "2026-11-22T12:00", "2026-11-23T08:00"},
    {"rrule:freq=daily;byhour=9;byminute=15", "2026-11-22T12:00",
     "2026-11-23T09:15"},
    {"RRULE:FREQ=DAILY;BYMINUTE=30", "2026-11-22T12:00", "2026-11-23T08:30"},
    {"RRULE:FREQ=WEEKLY", "2026-11-22T12:00", "2026-11-23T08:00"},
    {"RRULE:FREQ=MONTHLY", "2026-11-22T12:00", "2026-12-01T08:00"},
    {"RRULE:FREQ=YEARLY", "2026-11-22T12:00", "2027-01-01T08:00"},
    /* every other week, counted from Monday 2001-01-01 */
    {"RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "2026-11-22T12:00",
     "2026-12-01T08:00"},
    {"RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "2026-12-01T08:00",
     "2026-12-15T08:00"},
    {"RRULE:FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO;BYHOUR=8", "2026-11-22T12:00",
     "2027-01-04T08:00"},
    {"RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-11-22T12:00",
     "2026-11-30T08:00"},
    {"RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=1MO", "2026-11-22T12:00",
     "2027-09-06T07:00"},
    {"RRULE:FREQ=DAILY;BYHOUR=1;BYMINUTE=30", "2026-03-29T00:59",
     "2026-03-29T01:30"},
    /* years away from ours, too */
    {"daily 08:00", "1999-07-01T12:00", "2001-01-01T08:00"},
    {"weekly mon 08:00", "2050-06-01T12:00", "2050-06-06T07:00"},
    {"daily 01:30", "2050-03-26T12:00", "2050-03-27T01:30"},
};

static struct schedule *parse(const char *text)
{
	struct err err = {0};
	struct schedule *schedule = schedule_parse(text, &err);

	if (!schedule)
		fail_msg("%s: %s", text, err.text);
	return schedule;
}

static void f10_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(next_cases) / sizeof(*next_cases); i++) {
		struct schedule *schedule = parse(next_cases[i].schedule);
		char text[CIVIL_UTC_SIZE] = "none";
		int64_t slot;

		assert_false(schedule_is_immediate(schedule));
		assert_true(schedule_next(schedule, london,
					  utc(next_cases[i].after), &slot));
		civil_format_utc(slot, text);
		if (slot != utc(next_cases[i].slot))
			fail_msg("%s after %s: %s", next_cases[i].schedule,
				 next_cases[i].after, text);
		schedule_free(schedule);
	}
}

static void f10_immediately(void **state)
{
	struct schedule *schedule = parse("Immediately");
	int64_t slot = 7;

	(void)state;
	assert_true(schedule_is_immediate(schedule));
	assert_false(schedule_next(schedule, london, 0, &slot));
	assert_false(
	    schedule_last(schedule, london, utc("2026-01-01"), 0, &slot));
	assert_int_equal(slot, 7);
	schedule_free(schedule);
	schedule_free(NULL);
}

/* slot NULL: there is none */
static const struct {
	const char *schedule, *at_or_before, *not_before, *slot;
} last_cases[] = {
    {"daily 08:00", "2026-11-22T09:00", "2026-11-21T08:00", "2026-11-22T08:00"},
    {"daily 08:00", "2026-11-22T08:00", "2026-11-21T08:00", "2026-11-22T08:00"},
    {"daily 08:00", "2026-11-22T07:59:59", "2026-11-21T08:00", NULL},
    /* it was run: not again */
    {"daily 08:00", "2026-11-22T20:00", "2026-11-22T08:00", NULL},
    {"daily 08:00", "2026-11-22T08:00", "2026-11-22T08:00", NULL},
    {"daily 08:00", "2026-11-22T08:00", "2026-11-23T08:00", NULL},
    /* down for long: the last one alone */
    {"daily 08:00", "2026-11-22T09:00", "2026-01-01T08:00", "2026-11-22T08:00"},
    {"weekly mon 08:00", "2026-11-22T09:00", "2020-01-01T08:00",
     "2026-11-16T08:00"},
    {"monthly first mon 08:00", "2026-11-01T09:00", "2020-01-01T08:00",
     "2026-10-05T07:00"},
    {"monthly first mon 08:00", "2026-11-01T09:00", "1970-01-01T00:00",
     "2026-10-05T07:00"},
    {"RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2027-11-01T09:00",
     "2001-01-01T08:00", "2024-02-29T08:00"},
    {"RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2027-11-01T09:00",
     "2024-02-29T08:00", NULL},
    {"RRULE:FREQ=DAILY;BYHOUR=8,9,10;BYMINUTE=0,20,40", "2026-11-22T09:50",
     "2026-11-01T08:00", "2026-11-22T09:40"},
    /* spring */
    {"daily 01:30", "2026-03-29T01:29", "2026-03-28T01:30", NULL},
    {"daily 01:30", "2026-03-29T01:30", "2026-03-28T01:30", "2026-03-29T01:30"},
    {"daily 01:30", "2026-03-29T12:00", "2026-03-29T01:30", NULL},
    /* autumn: the second 01:30 is no slot */
    {"daily 01:30", "2026-10-25T12:00", "2026-10-24T12:00", "2026-10-25T00:30"},
    {"daily 01:30", "2026-10-25T12:00", "2026-10-25T00:30", NULL},
    /* before all rules begin */
    {"daily 08:00", "2000-11-22T09:00", "1999-11-21T08:00", NULL},
};

static void f20_last(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(last_cases) / sizeof(*last_cases); i++) {
		struct schedule *schedule = parse(last_cases[i].schedule);
		int64_t slot = 0;
		int64_t expected =
		    last_cases[i].slot ? utc(last_cases[i].slot) : 0;
		bool found = schedule_last(
		    schedule, london, utc(last_cases[i].at_or_before),
		    utc(last_cases[i].not_before), &slot);

		if (found != (expected != 0) || slot != expected)
			fail_msg("case %zu, %s: %lld", i,
				 last_cases[i].schedule, (long long)slot);
		schedule_free(schedule);
	}
}

/* A daemon that runs asks for the next slot; one that was down asks for the
 * last. Both must name the same slots: else one is sent twice or never. */
static void f30_next_and_last_agree(void **state)
{
	static const char *const schedules[] = {
	    "daily 01:30",
	    "daily 02:00",
	    "weekly sun 01:00",
	    "monthly last sun 01:30",
	    "monthly 31 08:00",
	    "RRULE:FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=0,30",
	    "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;BYHOUR=1,8",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(schedules) / sizeof(*schedules); i++) {
		struct schedule *schedule = parse(schedules[i]);
		int64_t slot = utc("2026-01-01"), before, last = 0;

		assert_true(schedule_next(schedule, london, slot, &slot));
		while (slot < utc("2027-01-01")) {
			before = slot;
			assert_true(
			    schedule_next(schedule, london, before, &slot));
			assert_true(slot > before);
			assert_true(schedule_last(schedule, london, slot - 1, 0,
						  &last));
			assert_int_equal(last, before);
			assert_true(schedule_last(schedule, london, slot,
						  before, &last));
			assert_int_equal(last, slot);
		}
		schedule_free(schedule);
	}
}

static void f40_one_slot_a_day_all_year(void **state)
{
	struct schedule *schedule = parse("daily 01:30");
	int64_t slot = utc("2026-01-01") - 1, end = utc("2027-01-01");
	int count = 0;

	(void)state;
	while (schedule_next(schedule, london, slot, &slot) && slot < end)
		count++;
	assert_int_equal(count, 365);
	schedule_free(schedule);
}

static void f50_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
	    {"", "allowed are immediately, daily 08:00"},
	    {"hourly", "allowed are immediately"},
	    {"daily", "allowed are immediately"},
	    {"daily 08:00 sharp", "allowed are immediately"},
	    {"immediately 08:00", "allowed are immediately"},
	    {"daily 8:00", "\"8:00\" is no time of day"},
	    {"daily 24:00", "00:00 to 23:59"},
	    {"daily 08:60", "00:00 to 23:59"},
	    {"daily 0800", "00:00 to 23:59"},
	    {"daily 08.00", "00:00 to 23:59"},
	    {"daily 08:00h", "00:00 to 23:59"},
	    {"weekly 08:00", "allowed are immediately"},
	    {"weekly moon 08:00", "\"moon\" is no day of the week"},
	    {"weekly mon", "allowed are immediately"},
	    {"monthly fifth mon 08:00",
	     "first, second, third, fourth and last"},
	    {"monthly first moon 08:00", "is no day of the week"},
	    {"monthly first mon 8", "is no time of day"},
	    {"monthly 0 08:00", "a day from 1 to 31"},
	    {"monthly 32 08:00", "a day from 1 to 31"},
	    {"monthly -1 08:00", "a day from 1 to 31"},
	    {"monthly first 08:00", "a day from 1 to 31"},
	    {"monthly first mon 08:00 x", "allowed are immediately"},
	    {"RRULE:", "NAME=VALUE"},
	    {"RRULE:FREQ=HOURLY", "DAILY, WEEKLY"},
	    {"RRULE:FREQ=SECONDLY", "DAILY, WEEKLY"},
	    {"RRULE:FREQ=DAILY;COUNT=5", "COUNT is not allowed: a list"},
	    {"RRULE:until=20270101;FREQ=DAILY", "UNTIL is not allowed: a list"},
	    {"RRULE:FREQ=DAILY;BYSECOND=5", "BYSECOND is not allowed"},
	    {"RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no day at all"},
	    {"RRULE: FREQ=DAILY", "allowed are immediately"},
	    {"FREQ=DAILY", "allowed are immediately"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		struct schedule *schedule = schedule_parse(cases[i].text, &err);

		if (schedule || !strstr(err.text, cases[i].words))
			fail_msg("\"%s\": %s", cases[i].text, err.text);
		assert_int_equal(err.kind, ERR_INPUT);
	}
	char longer[1000];
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_null(schedule_parse(longer, NULL));
}

static void f10_the_words_behind_weekly(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
	} cases[] = {
	    {"mon 08:00", true},
	    {"Wednesday 17:45", true},
	    {" sun  00:00", true},
	    {"", false},
	    {"08:00", false},
	    {"weekly mon 08:00", false},
	    {"mon 8:00", false},
	    {"first mon 08:00", false},
	    {"mon 08:00 x", false},
	    {"immediately", false},
	    {"RRULE:FREQ=DAILY", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		struct schedule *schedule =
		    schedule_parse_weekly(cases[i].text, &err);

		if (!schedule != !cases[i].is_good)
			fail_msg("\"%s\": %s", cases[i].text, err.text);
		if (!schedule)
			assert_non_null(strstr(err.text, "\"mon 08:00\""));
		schedule_free(schedule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_next),
	    cmocka_unit_test(f10_immediately),
	    cmocka_unit_test(f10_the_words_behind_weekly),
	    cmocka_unit_test(f20_last),
	    cmocka_unit_test(f30_next_and_last_agree),
	    cmocka_unit_test(f40_one_slot_a_day_all_year),
	    cmocka_unit_test(f50_refused),
	};

	london = zone_open("Europe/London", NULL);
	int failed = cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
	zone_close(london);
	return failed;
}
