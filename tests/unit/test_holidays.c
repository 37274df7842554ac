#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/file.h"
#include "base/problems.h"
#include "core/briefing.h"
#include "core/digest_scope.h"
#include "core/holidays.h"
#include "core/settings.h"
#include "tools/zone.h"

#define SHIPPED "config/bank-holidays"

static int64_t day_of(const char *date)
{
	struct civil civil;

	assert_true(civil_parse_date(date, &civil));
	return civil_days(civil.year, civil.month, civil.day);
}

/* --- what comes with briefingd, against the rules of the calendar */

struct expected {
	int64_t days[400];
	size_t count;
};

static bool is_expected(const struct expected *all, int64_t day)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->days[i] == day)
			return true;
	return false;
}

/* the day, or the first behind it that is neither at a weekend nor taken */
static void keep(struct expected *all, int64_t day)
{
	while (civil_weekday(day) == 0 || civil_weekday(day) == 6 ||
	       is_expected(all, day))
		day++;
	all->days[all->count++] = day;
}

static int64_t first_monday(int year, int month)
{
	int64_t day = civil_days(year, month, 1);

	return day + (8 - civil_weekday(day)) % 7;
}

static int64_t last_monday(int year, int month)
{
	int64_t day = civil_days(year, month, 31);

	return day - (civil_weekday(day) + 6) % 7;
}

/* by the moon's table of the Book of Common Prayer, as Gauss has it */
static int64_t easter(int year)
{
	int a = year % 19, b = year % 4, c = year % 7, k = year / 100;
	int p = (13 + 8 * k) / 25, q = k / 4;
	int m = (15 - p + k - q) % 30, n = (4 + k - q) % 7;
	int d = (19 * a + m) % 30, e = (2 * b + 4 * c + 6 * d + n) % 7;
	int64_t day = civil_days(year, 3, 22) + d + e;

	if ((d == 29 && e == 6) ||
	    (d == 28 && e == 6 && (11 * m + 11) % 30 < 19))
		day -= 7;
	return day;
}

static void expect_year(struct expected *all, int year, const char *region)
{
	bool is_scotland = strcmp(region, "scotland") == 0;
	bool is_ireland = strcmp(region, "northern-ireland") == 0;

	keep(all, civil_days(year, 1, 1));
	if (is_scotland)
		keep(all, civil_days(year, 1, 2));
	if (is_ireland)
		keep(all, civil_days(year, 3, 17));
	keep(all, easter(year) - 2);
	if (!is_scotland)
		keep(all, easter(year) + 1);
	keep(all, first_monday(year, 5));
	keep(all, last_monday(year, 5));
	if (is_ireland)
		keep(all, civil_days(year, 7, 12));
	keep(all, is_scotland ? first_monday(year, 8) : last_monday(year, 8));
	if (is_scotland)
		keep(all, civil_days(year, 11, 30));
	keep(all, civil_days(year, 12, 25));
	keep(all, civil_days(year, 12, 26));
	/* a proclamation of 2026 */
	if (is_scotland && year == 2026)
		keep(all, civil_days(2026, 6, 15));
}

static void read_shipped(const char *region, struct arena *arena,
			 struct holidays *ret)
{
	struct problems problems = {0};
	struct err err = {0};
	char *text;
	size_t size;

	if (!file_read(SHIPPED, HOLIDAYS_MAX_SIZE, &text, &size, &err))
		fail_msg("%s", err.text);
	assert_true(
	    holidays_parse(SHIPPED, text, size, region, arena, ret, &problems));
	free(text);
}

static void f10_the_shipped_days_follow_from_the_rules(void **state)
{
	static const char *const regions[] = {"england-and-wales", "scotland",
					      "northern-ireland"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct arena *arena = arena_new();
		struct expected expected = {.count = 0};
		struct holidays all;

		read_shipped(regions[i], arena, &all);
		for (int year = 2026; year <= 2030; year++)
			expect_year(&expected, year, regions[i]);
		for (size_t j = 0; j < all.count; j++)
			if (!is_expected(&expected, all.days[j]))
				fail_msg("%s: day %lld is none", regions[i],
					 (long long)all.days[j]);
		assert_int_equal(all.count, expected.count);
		assert_int_equal(all.last_year, 2030);
		arena_free(arena);
	}
}

/* --- deadlines */

struct deadline_case {
	const char *name, *region;
	struct civil sent; /* in London */
	int days;
	const char *last_day;
};

static void f10_a_deadline_ends_on_a_working_day(void **state)
{
	static const char ew[] = "england-and-wales", s[] = "scotland",
			  ni[] = "northern-ireland";
	static const struct deadline_case cases[] = {
	    {"a working day", ew, {2026, 11, 23, 8, 0, 0}, 14, "2026-12-07"},
	    {"late in the day",
	     ew,
	     {2026, 11, 23, 23, 59, 59},
	     1,
	     "2026-11-24"},
	    {"a Saturday", ew, {2026, 11, 23, 8, 0, 0}, 12, "2026-12-07"},
	    {"a Sunday", ew, {2026, 11, 23, 8, 0, 0}, 13, "2026-12-07"},
	    {"Christmas, its weekend and Boxing Day's substitute",
	     ew,
	     {2026, 12, 11, 8, 0, 0},
	     14,
	     "2026-12-29"},
	    {"Good Friday to Easter Tuesday",
	     ew,
	     {2027, 3, 12, 8, 0, 0},
	     14,
	     "2027-03-30"},
	    {"Easter Monday is none in Scotland",
	     s,
	     {2027, 3, 12, 8, 0, 0},
	     14,
	     "2027-03-29"},
	    {"New Year in Scotland, both substituted",
	     s,
	     {2027, 12, 18, 8, 0, 0},
	     14,
	     "2028-01-05"},
	    {"the same in England",
	     ew,
	     {2027, 12, 18, 8, 0, 0},
	     14,
	     "2028-01-04"},
	    {"St Patrick's Day", ni, {2027, 3, 3, 8, 0, 0}, 14, "2027-03-18"},
	    {"no holiday in England",
	     ew,
	     {2027, 3, 3, 8, 0, 0},
	     14,
	     "2027-03-17"},
	    {"the Boyne, on a Sunday",
	     ni,
	     {2026, 6, 28, 8, 0, 0},
	     14,
	     "2026-07-14"},
	    {"past the clocks' change",
	     ew,
	     {2027, 3, 15, 23, 30, 0},
	     15,
	     "2027-03-30"},
	    {"past the file's end",
	     ew,
	     {2030, 12, 18, 8, 0, 0},
	     14,
	     "2031-01-01"},
	};
	struct err err = {0};
	struct zone *zone = zone_open("Europe/London", &err);

	(void)state;
	assert_non_null(zone);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct deadline_case *c = &cases[i];
		struct arena *arena = arena_new();
		struct holidays all;
		struct settings settings = {.zone = zone, .holidays = &all};
		struct digest_list list = {.deadline_days = c->days};
		struct briefing_version version = {0};

		read_shipped(c->region, arena, &all);
		int64_t due_at = digest_scope_deadline(
		    &settings, &list, &version, zone_to_utc(zone, &c->sent));
		struct civil end = civil_from_days(day_of(c->last_day) + 1);
		if (due_at != zone_to_utc(zone, &end))
			fail_msg("%s: %lld days off", c->name,
				 (long long)(due_at - zone_to_utc(zone, &end)) /
				     86400);
		arena_free(arena);
	}
	zone_close(zone);
}

static void f20_without_a_file_weekends_are_free(void **state)
{
	(void)state;
	assert_false(holidays_is_working_day(NULL, day_of("2026-11-28")));
	assert_false(holidays_is_working_day(NULL, day_of("2026-11-29")));
	assert_true(holidays_is_working_day(NULL, day_of("2026-12-25")));
	assert_int_equal(holidays_working_day(NULL, day_of("2026-11-28")),
			 day_of("2026-11-30"));
}

/* --- files of a person's own */

struct file_case {
	const char *name, *text, *problems;
	size_t count;
};

#define ONE "2027-05-03 all: May\n"

static void f10_files(void **state)
{
	static const char bad_date[] =
	    "f:1: begins with no date; write \"2027-05-03 all: Early May bank "
	    "holiday\"\n";
	static const char no_name[] =
	    "f:2: has no colon with the day's name behind it\n";
	static const char no_region[] =
	    "f:1: between date and colon stand regions: england-and-wales, "
	    "scotland, northern-ireland, or all\n";
	static const struct file_case cases[] = {
	    {"all", ONE, "", 1},
	    {"ours", "2027-05-03 scotland: May\n", "", 1},
	    {"among others", "2027-05-03  england-and-wales\tscotland : May",
	     "", 1},
	    {"twice, out of order", "2028-05-03 all: B\n" ONE ONE, "", 2},
	    {"comments, empty lines, CRLF", "# May\r\n\r\n  " ONE "\r\n", "",
	     1},
	    {"another's", "2027-05-03 northern-ireland: May\n",
	     "f: has no holiday of scotland\n", 0},
	    {"nothing", "", "f: has no holiday of scotland\n", 0},
	    {"no date", "May all: x\n" ONE, bad_date, 0},
	    {"no such day", "2027-02-30 all: x\n" ONE, bad_date, 0},
	    {"a longer date", "2027-05-031 all: x\n" ONE, bad_date, 0},
	    {"no colon", ONE "2027-05-04 all x\n", no_name, 0},
	    {"no name", ONE "2027-05-04 all:  \n", no_name, 0},
	    {"no region", "2027-05-03 : x\n" ONE, no_region, 0},
	    {"unknown region", "2027-05-03 wales: x\n" ONE, no_region, 0},
	    {"two faults", "x\n2027-05-04 all\n" ONE,
	     "f:1: begins with no date; write \"2027-05-03 all: Early May bank "
	     "holiday\"\nf:2: has no colon with the day's name behind it\n",
	     0},
	    {"no UTF-8", "\xff", "f: is not UTF-8\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct file_case *c = &cases[i];
		struct arena *arena = arena_new();
		struct problems problems = {0};
		struct holidays all = {0};
		bool good = holidays_parse("f", c->text, strlen(c->text),
					   "scotland", arena, &all, &problems);
		char *told = problems_format(&problems);

		if (good != (c->count > 0) || all.count != c->count ||
		    strcmp(told, c->problems) != 0)
			fail_msg("%s: %zu days\n%s", c->name, all.count, told);
		free(told);
		problems_done(&problems);
		arena_free(arena);
	}
}

static void f90_a_file_that_is_too_large(void **state)
{
	static char text[HOLIDAYS_MAX_SIZE + 1];
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct holidays all;

	(void)state;
	memset(text, '\n', sizeof(text));
	assert_false(holidays_parse("f", text, sizeof(text), "scotland", arena,
				    &all, &problems));
	problems_done(&problems);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_the_shipped_days_follow_from_the_rules),
	    cmocka_unit_test(f10_a_deadline_ends_on_a_working_day),
	    cmocka_unit_test(f20_without_a_file_weekends_are_free),
	    cmocka_unit_test(f10_files),
	    cmocka_unit_test(f90_a_file_that_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
