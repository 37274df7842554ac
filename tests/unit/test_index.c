#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/index.h"

static bool same(const void *array, size_t position, const void *key)
{
	return ((const uint64_t *)array)[position] == *(const uint64_t *)key;
}

/* the same hash for many: still each is found, and no other */
static void f10_each_is_found(void **state)
{
	enum { COUNT = 5000 };
	uint64_t *numbers = calloc(COUNT, sizeof(*numbers));
	struct index index = {0};
	uint64_t missing = COUNT * 3 + 1;

	(void)state;
	assert_non_null(numbers);
	assert_true(index_find(&index, 1, same, numbers, &missing) ==
		    INDEX_NONE);
	for (size_t i = 0; i < COUNT; i++) {
		uint64_t hash = i < 50 ? 7 : index_hash_numbers(i * 3, 0);

		numbers[i] = i * 3;
		index_add(&index, hash, i);
	}
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(
		    index_find(&index,
			       i < 50 ? 7 : index_hash_numbers(i * 3, 0), same,
			       numbers, &numbers[i]),
		    i);
	assert_true(index_find(&index, 7, same, numbers, &missing) ==
		    INDEX_NONE);
	index_done(&index);
	assert_true(index_find(&index, 7, same, numbers, &numbers[0]) ==
		    INDEX_NONE);
	free(numbers);
}

static void f20_hashes_differ(void **state)
{
	(void)state;
	assert_true(index_hash("abcdefgh1", 9) != index_hash("abcdefgh2", 9));
	assert_true(index_hash("", 0) != index_hash("\0", 1));
	assert_true(index_hash_numbers(1, 2) != index_hash_numbers(2, 1));
	assert_true(index_hash("same", 4) == index_hash("same", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_each_is_found),
	    cmocka_unit_test(f20_hashes_differ),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
