#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/limit.h"

static void f10_burst_and_refill(void **state)
{
	struct limit *limit = limit_new(8, 3, 60);
	int64_t wait_s = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(limit_allows(limit, 5, 1000, &wait_s));
		limit_count(limit, 5, 1000);
	}
	assert_false(limit_allows(limit, 5, 1000, &wait_s));
	assert_int_equal(wait_s, 60);
	assert_false(limit_allows(limit, 5, 1059, &wait_s));
	assert_int_equal(wait_s, 1);
	/* one more each minute, and after all is forgotten a whole burst */
	assert_true(limit_allows(limit, 5, 1060, NULL));
	limit_count(limit, 5, 1060);
	assert_false(limit_allows(limit, 5, 1060, NULL));
	assert_true(limit_allows(limit, 6, 1060, NULL));
	for (int i = 0; i < 3; i++) {
		assert_true(limit_allows(limit, 5, 9000, NULL));
		limit_count(limit, 5, 9000);
	}
	assert_false(limit_allows(limit, 5, 9000, NULL));
	limit_free(limit);
}

static void f20_a_full_table_forgets_the_least(void **state)
{
	struct limit *limit = limit_new(8, 3, 60);

	(void)state;
	for (int i = 0; i < 3; i++)
		limit_count(limit, 100, 1000);
	/* eight places: the many that failed once push each other out */
	for (uint64_t key = 1; key < 50; key++)
		limit_count(limit, key, 1000);
	assert_false(limit_allows(limit, 100, 1000, NULL));
	limit_free(limit);
}

static void f20_keys_are_networks(void **state)
{
	(void)state;
	assert_int_equal(limit_key("2001:db8:1:2::1"),
			 limit_key("2001:db8:1:2:ffff::"));
	assert_int_not_equal(limit_key("2001:db8:1:2::1"),
			     limit_key("2001:db8:1:3::1"));
	assert_int_not_equal(limit_key("192.0.2.1"), limit_key("192.0.2.2"));
	assert_int_equal(limit_key(""), 0);
	assert_int_equal(limit_key("no address"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_burst_and_refill),
	    cmocka_unit_test(f20_a_full_table_forgets_the_least),
	    cmocka_unit_test(f20_keys_are_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
