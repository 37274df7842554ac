#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/jump.h"

#define DAY 86400

struct look {
	int64_t offset;
	bool is_synchronised;
	enum jump_turn turn;
	int64_t ahead; /* then */
};

static void f10_histories(void **state)
{
	static const struct {
		const char *name;
		struct look looks[6];
		size_t count;
	} cases[] = {
	    {"nothing happens",
	     {{1000, false, JUMP_NONE, 0}, {1001, true, JUMP_NONE, 0}},
	     2},
	    {"NTP pulls it, further than a jump in all",
	     {{1500, false, JUMP_NONE, 0},
	      {2000, false, JUMP_NONE, 0},
	      {2500, false, JUMP_NONE, 0}},
	     3},
	    {"ten minutes are no jump, a second more is",
	     {{1600, false, JUMP_NONE, 0}, {2201, false, JUMP_HELD, 601}},
	     2},
	    {"the kernel says that it is right",
	     {{1000 + DAY, true, JUMP_FORWARD, 0},
	      {1000 + DAY, false, JUMP_NONE, 0}},
	     2},
	    {"in doubt until it says so",
	     {{1000 + DAY, false, JUMP_HELD, DAY},
	      {1000 + DAY, false, JUMP_NONE, DAY},
	      {1000 + DAY + 5, false, JUMP_NONE, DAY + 5},
	      {1000 + DAY + 5, true, JUMP_SYNCHRONISED, 0},
	      {1000 + DAY + 5, false, JUMP_NONE, 0}},
	     5},
	    {"in doubt until it is back, or near",
	     {{1000 + DAY, false, JUMP_HELD, DAY},
	      {1000 + 300, false, JUMP_RETURNED, 0},
	      {1000 + 300 + DAY, false, JUMP_HELD, DAY}},
	     3},
	    {"far back out of doubt is no doubt",
	     {{1000 + DAY, false, JUMP_HELD, DAY},
	      {1000 - DAY, false, JUMP_RETURNED, 0},
	      {1000, false, JUMP_HELD, DAY}},
	     3},
	    {"a second jump while in doubt",
	     {{1000 + DAY, false, JUMP_HELD, DAY},
	      {1000 + 2 * DAY, false, JUMP_NONE, 2 * DAY},
	      {1000 + DAY, false, JUMP_NONE, DAY}},
	     3},
	    {"back",
	     {{1000 - DAY, false, JUMP_BACK, 0},
	      {1000 - DAY - 600, false, JUMP_NONE, 0},
	      {1000 - DAY, true, JUMP_NONE, 0}},
	     3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct jump jump = {.offset = 1000};

		for (size_t j = 0; j < cases[i].count; j++) {
			const struct look *look = &cases[i].looks[j];
			enum jump_turn turn = jump_look(&jump, look->offset,
							look->is_synchronised);

			if (turn != look->turn || jump.ahead != look->ahead)
				fail_msg("%s: look %zu: turn %d, ahead %lld",
					 cases[i].name, j + 1, turn,
					 (long long)jump.ahead);
		}
	}
}

static void f10_an_operator_trusts_it(void **state)
{
	struct jump jump = {.offset = 1000};

	(void)state;
	assert_int_equal(jump_look(&jump, 1000 + DAY, false), JUMP_HELD);
	jump_trust(&jump, 1000 + DAY);
	assert_int_equal(jump_look(&jump, 1000 + DAY, false), JUMP_NONE);
	/* set right after all: nothing is held by that */
	assert_int_equal(jump_look(&jump, 1000, false), JUMP_BACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_histories),
	    cmocka_unit_test(f10_an_operator_trusts_it),
	};

	return cmocka_run_group_tests_name("jump", tests, NULL, NULL);
}
