#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/retry_hint.h"

static void f10_the_words_of_servers(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
	    {"4.7.1 Greylisted, please try again in 300 seconds", 300},
	    {"4.2.0 <a@b.example>: Recipient address rejected: Greylisted for "
	     "5 minutes",
	     300},
	    {"4.7.1 Greylisting in action, please come back in 00:04:30", 270},
	    {"4.3.2 Please try again after 1 hour.", 3600},
	    {"Try Again In 15 Min", 900},
	    {"retry in 90s", 90},
	    {"Too many messages, retry after 2h", 7200},
	    {"4.4.5 Please wait 60 seconds and try again", 60},
	    {"please wait for at least 10 minutes", 600},
	    {"try again in about 3 minutes", 180},
	    {"try again in 5-minute", 300},
	    {"retry-after: 30 sec", 30},
	    {"come back in 5:00", 300},
	    {"try again in 5 minutes, or better try again in 1 hour", 3600},
	    {"try again in 0 seconds", 0},
	    /* bounded */
	    {"try again in 90000 seconds", RETRY_HINT_MAX_SECONDS},
	    {"try again in 99999999999999999999999 hours",
	     RETRY_HINT_MAX_SECONDS},
	    {"come back in 99999999999:00:00", 0},
	    /* nothing is said, or not in words that are known */
	    {"", 0},
	    {"try again later", 0},
	    {"try again in", 0},
	    {"try again in 5", 0},
	    {"try again in 5 monkeys", 0},
	    {"try again in five minutes", 0},
	    {"try again in -5 minutes", 0},
	    {"came back in 5:00:00:00", 0},
	    {"await 5 minutes", 0},
	    {"5 minutes", 0},
	    {"limit of 100 messages in 10 minutes", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t found = retry_hint_seconds(cases[i].text);

		if (found != cases[i].seconds)
			fail_msg("%s: %lld", cases[i].text, (long long)found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_the_words_of_servers),
	};

	return cmocka_run_group_tests_name("retry_hint", tests, NULL, NULL);
}
