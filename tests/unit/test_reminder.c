#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/reminder.h"

/* asked on day 100, to be done by day 114 */
#define ASKED 100
#define DUE 114

static void f10_when_a_reminder_is_due(void **state)
{
	static const struct {
		const char *name;
		struct reminders reminders;
		int64_t today;
		int number;
	} cases[] = {
	    {"none are set", {{0}, 0}, DUE, 0},
	    {"not yet", {{-3, 1}, 2}, DUE - 4, 0},
	    {"on its day", {{-3, 1}, 2}, DUE - 3, 1},
	    {"later, when it could not go", {{-3, 1}, 2}, DUE, 1},
	    {"the next one takes its place", {{-3, 1}, 2}, DUE + 1, 2},
	    {"a week late", {{-3, 1}, 2}, DUE + 7, 2},
	    {"stale", {{-3, 1}, 2}, DUE + 8, 0},
	    {"on the last day", {{0}, 1}, DUE, 1},
	    {"the day they were asked reminds enough", {{-14, 1}, 2}, ASKED, 0},
	    {"nor later because of that day", {{-14, 1}, 2}, ASKED + 1, 0},
	    {"the day behind it does", {{-13, 1}, 2}, ASKED + 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int number = reminders_due(&cases[i].reminders, cases[i].today,
					   ASKED, DUE);

		if (number != cases[i].number)
			fail_msg("%s: %d", cases[i].name, number);
	}
}

static void f10_what_a_person_may_write(void **state)
{
	static const struct {
		int64_t days[REMINDERS_MAX + 1];
		size_t count;
		const char *text, *why;
	} cases[] = {
	    {{0}, 0, "", NULL},
	    {{1, -3}, 2, "-3,1", NULL},
	    {{-90, -89, -88, 88, 89, 90}, 6, "-90,-89,-88,88,89,90", NULL},
	    {{0, 0}, 2, NULL, "0 is there twice"},
	    {{91}, 1, NULL, "from -90 (before) to 90 (after)"},
	    {{-91}, 1, NULL, "-91: days from the deadline"},
	    {{INT64_MAX}, 1, NULL, "9223372036854775807: "},
	    {{1, 2, 3, 4, 5, 6, 7}, 7, NULL, "at most 6"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reminders reminders, again;
		struct err err = {0};
		char text[REMINDERS_SIZE];
		bool good = reminders_take(cases[i].days, cases[i].count,
					   &reminders, &err);

		if (!good) {
			assert_non_null(cases[i].why);
			assert_non_null(strstr(err.text, cases[i].why));
			continue;
		}
		assert_null(cases[i].why);
		reminders_format(&reminders, text);
		assert_string_equal(text, cases[i].text);
		reminders_parse(text, &again);
		assert_int_equal(again.count, cases[i].count);
		assert_memory_equal(again.days, reminders.days,
				    again.count * sizeof(*again.days));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_when_a_reminder_is_due),
	    cmocka_unit_test(f10_what_a_person_may_write),
	};

	return cmocka_run_group_tests_name("reminder", tests, NULL, NULL);
}
