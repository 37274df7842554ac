#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/share.h"

static void f10_domains_are_numbers(void **state)
{
	(void)state;
	assert_int_equal(share_domain("ann@police.example"),
			 share_domain("\"b@c\"@POLICE.example"));
	assert_int_not_equal(share_domain("ann@police.example"),
			     share_domain("ann@health.example"));
	assert_true(share_domain("") >= 0);
}

/* How many more the domain may begin, which it then does. */
static size_t fill(struct share *share, int64_t domain)
{
	size_t count = 0;

	while (share_allows(share, domain)) {
		share_begin(share, domain);
		count++;
	}
	return count;
}

static void f10_there_is_always_room_for_one_more_domain(void **state)
{
	struct share *share = share_new(16);

	(void)state;
	assert_int_equal(fill(share, 1), 8);
	assert_int_equal(fill(share, 2), 6);
	assert_true(share_allows(share, 3));
	/* the first has more than its part of two now */
	for (int i = 0; i < 2; i++) {
		assert_false(share_allows(share, 1));
		share_end(share, 1);
	}
	assert_false(share_allows(share, 1));
	share_end(share, 1);
	assert_true(share_allows(share, 1));
	share_free(share);
	share_free(NULL);
}

static void f20_one_connection_is_for_all(void **state)
{
	struct share *share = share_new(1);

	(void)state;
	for (int64_t domain = 0; domain < 3; domain++) {
		assert_int_equal(fill(share, domain), 1);
		share_end(share, domain);
	}
	assert_int_equal(share_cursor(share), -1);
	share_set_cursor(share, 7);
	assert_int_equal(share_cursor(share), 7);
	share_free(share);
}

/* A slow domain with endless mails beside fast ones: what the fast ones get. */
static void f30_a_slow_domain_leaves_the_rest_its_part(void **state)
{
	const size_t connections = 8;
	struct share *share = share_new(connections);
	size_t slow = 0, used = 0, fast[3] = {0};

	(void)state;
	srandom(1);
	for (int turn = 0; turn < 10000; turn++) {
		/* who is allowed begins, in any order; slow mails never end */
		while (used < connections) {
			int64_t domain = random() % 4;

			if (!share_allows(share, domain)) {
				if (domain == 3)
					break;
				continue;
			}
			share_begin(share, domain);
			used++;
			if (domain == 3)
				slow++;
			else
				fast[domain]++;
		}
		for (int64_t domain = 0; domain < 3; domain++)
			while (fast[domain] > 0 && random() % 2) {
				share_end(share, domain);
				fast[domain]--;
				used--;
			}
		assert_true(slow <= connections / 2);
	}
	share_free(share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_domains_are_numbers),
	    cmocka_unit_test(f10_there_is_always_room_for_one_more_domain),
	    cmocka_unit_test(f20_one_connection_is_for_all),
	    cmocka_unit_test(f30_a_slow_domain_leaves_the_rest_its_part),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
