#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/relay.h"
#include "core/relay_record.h"
#include "store.h"

#define NOW 1795420800 /* a whole minute */

static void use(struct store *store, const char *name, int64_t mails,
		int64_t at)
{
	store_begin(store);
	store_check(store,
		    relay_record_use(store->db, name, mails, at, &store->err));
	store_commit(store);
}

static struct relay *recall(struct store *store, int64_t per_minute,
			    int64_t per_day, int64_t at)
{
	struct relay *relay = relay_new(per_minute, per_day);

	store_check(store, relay_record_recall(store->db, "one", relay, at,
					       500 * 1000, &store->err));
	return relay;
}

static void f10_what_a_relay_took_outlives_the_daemon(void **state)
{
	struct store store;
	struct relay *relay;

	(void)state;
	store_open(&store);
	use(&store, "one", 2, NOW + 1);
	use(&store, "one", 1, NOW + 59);
	use(&store, "other", 50, NOW + 59);
	relay = recall(&store, 10, 0, NOW + 59);
	assert_int_equal(relay_room(relay, 500 * 1000), 7);
	relay_free(relay);
	/* within the minute of the latest that they may have ended */
	relay = recall(&store, 10, 0, NOW + 60 + 58);
	assert_int_equal(relay_room(relay, 500 * 1000), 7);
	assert_int_equal(relay_room(relay, 503 * 1000), 10);
	relay_free(relay);
	relay = recall(&store, 10, 5, NOW + 130);
	assert_int_equal(relay_room(relay, 500 * 1000), 2);
	relay_free(relay);
	store_close(&store);
}

static void f20_a_day_later_it_is_forgotten(void **state)
{
	const int64_t day = 24 * 3600;
	struct store store;
	struct relay *relay;

	(void)state;
	store_open(&store);
	use(&store, "one", 3, NOW);
	relay = recall(&store, 0, 5, NOW + day);
	assert_int_equal(relay_room(relay, 500 * 1000), 2);
	relay_free(relay);
	relay = recall(&store, 0, 5, NOW + day + 180);
	assert_int_equal(relay_room(relay, 500 * 1000), 5);
	relay_free(relay);
	use(&store, "one", 1, NOW + 2 * day);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM relay_use"),
			 1);
	store_close(&store);
}

static void f10_how_they_stand(void **state)
{
	static const struct relay_standing two[] = {
	    {.name = "one", .since_at = NOW - 9, .trouble = ""},
	    {.name = "other",
	     .position = 1,
	     .is_broken = true,
	     .since_at = NOW - 5,
	     .failures = 3,
	     .probe_at = NOW + 5,
	     .trouble = "421 4.3.2 busy"},
	};
	struct relay_standing *found;
	struct store store;
	size_t count;

	(void)state;
	store_open(&store);
	use(&store, "other", 4, NOW - 3600);
	use(&store, "other", 7, NOW - 1);
	use(&store, "other", 9, NOW);
	store_begin(&store);
	store_check(&store, relay_record_clear(store.db, &store.err));
	for (int i = 1; i >= 0; i--)
		store_check(&store,
			    relay_record_put(store.db, &two[i], &store.err));
	store_commit(&store);
	store_check(&store, relay_record_load(store.db, NOW, store.arena,
					      &found, &count, &store.err));
	assert_int_equal(count, 2);
	assert_string_equal(found[0].name, "one");
	assert_false(found[0].is_broken);
	assert_int_equal(found[0].in_day, 0);
	assert_true(found[1].is_broken);
	assert_int_equal(found[1].since_at, NOW - 5);
	assert_int_equal(found[1].failures, 3);
	assert_int_equal(found[1].probe_at, NOW + 5);
	assert_string_equal(found[1].trouble, "421 4.3.2 busy");
	assert_int_equal(found[1].in_minute, 7);
	assert_int_equal(found[1].in_day, 20);
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_what_a_relay_took_outlives_the_daemon),
	    cmocka_unit_test(f20_a_day_later_it_is_forgotten),
	    cmocka_unit_test(f10_how_they_stand),
	};

	return cmocka_run_group_tests_name("relay_record", tests, NULL, NULL);
}
