#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/scratch.h"

#define CEILING ((size_t)8 * 1024 * 1024)

static const char *folder(void)
{
	const char *chosen = getenv("TMPDIR");

	return chosen ? chosen : "/tmp";
}

static struct scratch *make(void)
{
	struct err err = {0};
	struct scratch *scratch = scratch_new(folder(), CEILING, &err);

	if (!scratch)
		fail_msg("%s", err.text);
	return scratch;
}

static void f10_bytes_in_their_order(void **state)
{
	struct scratch *scratch = make();

	(void)state;
	assert_string_equal(scratch_data(scratch), "");
	assert_true(scratch_add(scratch, "one ", 4, NULL));
	assert_true(scratch_add(scratch, "two", 3, NULL));
	assert_int_equal(scratch_size(scratch), 7);
	assert_string_equal(scratch_data(scratch), "one two");
	scratch_free(scratch);
}

static void f20_nothing_moves_as_it_grows(void **state)
{
	struct scratch *scratch = make();
	char *before = scratch_data(scratch);
	char block[4096];

	(void)state;
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < CEILING / sizeof(block); i++)
		assert_true(scratch_add(scratch, block, sizeof(block), NULL));
	assert_ptr_equal(scratch_data(scratch), before);
	assert_int_equal(scratch_size(scratch), CEILING);
	assert_int_equal(before[CEILING - 1], 'x');
	assert_int_equal(before[CEILING], '\0');
	scratch_free(scratch);
}

static void f20_memory_behind_the_bytes(void **state)
{
	struct scratch *scratch = make();

	(void)state;
	for (size_t size = 15; size <= 17; size++) {
		assert_true(
		    scratch_add(scratch, "0123456789abcdefg", size, NULL));
		char *end = scratch_data(scratch) + scratch_size(scratch);
		int64_t *numbers =
		    scratch_alloc(scratch, 1000 * sizeof(*numbers), NULL);
		assert_non_null(numbers);
		assert_int_equal((uintptr_t)numbers % sizeof(*numbers), 0);
		assert_int_equal(*end, '\0');
		for (int i = 0; i < 1000; i++)
			assert_int_equal(numbers[i], 0);
		memset(numbers, 0xff, 1000 * sizeof(*numbers));
		assert_int_equal(*end, '\0');
	}
	scratch_free(scratch);
}

static void f50_past_the_ceiling(void **state)
{
	static const size_t sizes[] = {CEILING + 1, SIZE_MAX - 1, SIZE_MAX};
	struct scratch *scratch = make();

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct err err = {0};

		assert_null(scratch_alloc(scratch, sizes[i], &err));
		assert_int_equal(err.kind, ERR_FULL);
		assert_int_equal(scratch_size(scratch), 0);
	}
	assert_true(scratch_add(scratch, "x", 1, NULL));
	struct err err = {0};
	assert_false(scratch_add(scratch, "", CEILING, &err));
	assert_int_equal(err.kind, ERR_FULL);
	assert_int_equal(scratch_size(scratch), 1);
	scratch_free(scratch);
}

static void f50_no_folder(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(scratch_new("/nowhere", CEILING, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "/nowhere"));
	scratch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_bytes_in_their_order),
	    cmocka_unit_test(f20_nothing_moves_as_it_grows),
	    cmocka_unit_test(f20_memory_behind_the_bytes),
	    cmocka_unit_test(f50_past_the_ceiling),
	    cmocka_unit_test(f50_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
