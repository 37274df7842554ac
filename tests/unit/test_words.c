#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/words.h"
#include "tools/calendar.h"

static struct zone *zone;

static int open_zone(void **state)
{
	struct err err = {0};

	(void)state;
	zone = zone_open("Europe/London", &err);
	return zone ? 0 : -1;
}

static int close_zone(void **state)
{
	(void)state;
	zone_close(zone);
	return 0;
}

static void f10_times_are_of_the_zone(void **state)
{
	char text[WORDS_SIZE];

	(void)state;
	words_time(zone, 1795356180, text);
	assert_string_equal(text, "Sunday 22 November 2026 at 14:03");
	words_time(zone, 1784810580, text); /* summer time */
	assert_string_equal(text, "Thursday 23 July 2026 at 13:43");
	words_day(zone, 1795356180, text);
	assert_string_equal(text, "Sunday 22 November 2026");
	/* midnight at the end of a day, and its last second */
	words_deadline(zone, 1795392000, text);
	assert_string_equal(text, "Sunday 22 November 2026");
	words_deadline(zone, 1795391999, text);
	assert_string_equal(text, "Sunday 22 November 2026");
}

static void f10_dates(void **state)
{
	char text[WORDS_SIZE];

	(void)state;
	words_date("2026-11-09", text);
	assert_string_equal(text, "9 November 2026");
	words_date("soon", text);
	assert_string_equal(text, "soon");
}

static void f10_sizes(void **state)
{
	static const struct {
		int64_t size;
		const char *text;
	} cases[] = {
	    {0, "0 bytes"},     {1, "1 byte"},       {999, "999 bytes"},
	    {1000, "1 KB"},     {83499, "83 KB"},    {999499, "999 KB"},
	    {999500, "1.0 MB"}, {2449000, "2.4 MB"},
	};
	char text[WORDS_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		words_bytes(cases[i].size, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void f10_shares_never_flatter(void **state)
{
	static const struct {
		int64_t part, whole;
		const char *text;
	} cases[] = {
	    {0, 0, "-"},
	    {0, 20, "0/20, 0%"},
	    {12, 20, "12/20, 60%"},
	    {20, 20, "20/20, 100%"},
	    {1, 3, "1/3, 33%"},
	    {2, 3, "2/3, 67%"},
	    {999, 1000, "999/1000, 99%"},
	    {1, 1000, "1/1000, 1%"},
	};
	char text[WORDS_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		words_share(cases[i].part, cases[i].whole, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void f20_types(void **state)
{
	(void)state;
	assert_string_equal(words_type("application/pdf"), "PDF");
	assert_string_equal(words_type("image/png"), "picture");
	assert_string_equal(words_type("x/y"), "file");
}

static void f20_agencies(void **state)
{
	static const struct {
		const char *agency, *text;
	} cases[] = {
	    {"police", "Police"},
	    {"social-care", "Social care"},
	    {"Avon Vale Police", "Avon Vale Police"},
	    {"NHS-trust", "NHS-trust"},
	    {"Świetlica-1", "Świetlica-1"},
	    {"", ""},
	};
	char text[WORDS_AGENCY_SIZE], exact[WORDS_AGENCY_SIZE * 2 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		words_agency(cases[i].agency, text);
		assert_string_equal(text, cases[i].text);
	}
	/* cut between two characters */
	for (size_t i = 0; i < WORDS_AGENCY_SIZE; i++)
		memcpy(exact + 2 * i, "ś", 2);
	exact[2 * WORDS_AGENCY_SIZE] = '\0';
	words_agency(exact, text);
	assert_int_equal(strlen(text), (WORDS_AGENCY_SIZE - 1) / 2 * 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_times_are_of_the_zone),
	    cmocka_unit_test(f10_dates),
	    cmocka_unit_test(f10_sizes),
	    cmocka_unit_test(f10_shares_never_flatter),
	    cmocka_unit_test(f20_types),
	    cmocka_unit_test(f20_agencies),
	};

	return cmocka_run_group_tests(tests, open_zone, close_zone);
}
