#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outbox_pick.h"
#include "core/share.h"
#include "store.h"

#define NOW 1000

/* Deliveries of a digest, which nothing but the picking looks at. */
static void add(struct store *store, int64_t first, int64_t count,
		int64_t domain, int64_t due_at)
{
	char sql[600];

	snprintf(sql, sizeof(sql),
		 "PRAGMA foreign_keys = OFF;"
		 "WITH RECURSIVE n (id) AS (SELECT %lld UNION ALL"
		 " SELECT id + 1 FROM n WHERE id + 1 < %lld)"
		 "INSERT INTO delivery (id, digest_id, person_id, generation,"
		 " letter_id, mode, state, due_at, created_at, domain)"
		 " SELECT id, 1, id, 1, 1, 'live', 'due', %lld, 1, %lld FROM n",
		 (long long)first, (long long)(first + count),
		 (long long)due_at, (long long)domain);
	store_do(store, sql);
}

/* One claim: the ids in the order in which they were picked and taken. */
static const char *pick(struct store *store, struct share *share, size_t max)
{
	static char said[4000];
	struct outbox_pick pick;
	size_t used = 0;
	int64_t id;

	said[0] = '\0';
	store_check(store, outbox_pick_init(&pick, store->db, NOW, share, max,
					    store->arena, &store->err));
	while (max-- > 0) {
		char sql[100];

		store_check(store, outbox_pick_next(&pick, &id, &store->err));
		if (id == 0)
			break;
		used +=
		    (size_t)snprintf(said + used, sizeof(said) - used, "%s%lld",
				     used ? " " : "", (long long)id);
		snprintf(sql, sizeof(sql),
			 "SELECT domain FROM delivery WHERE id = %lld",
			 (long long)id);
		share_begin(share, store_number(store, sql));
		snprintf(sql, sizeof(sql),
			 "UPDATE delivery SET state = 'sending' WHERE id = "
			 "%lld",
			 (long long)id);
		store_do(store, sql);
	}
	return said;
}

static void f10_one_domain_has_all_connections(void **state)
{
	struct store store;
	struct share *share = share_new(4);

	(void)state;
	store_open(&store);
	add(&store, 1, 20, 7, 10);
	assert_string_equal(pick(&store, share, 4), "1 2 3 4");
	share_end(share, 7);
	assert_string_equal(pick(&store, share, 1), "5");
	share_free(share);
	store_close(&store);
}

static void f10_others_have_theirs(void **state)
{
	struct store store;
	struct share *share = share_new(4);

	(void)state;
	store_open(&store);
	add(&store, 1, 1000, 7, 10); /* slow, and first in the queue */
	add(&store, 2001, 3, 3, 20);
	add(&store, 3001, 3, 9, 30);
	add(&store, 4001, 3, 11, NOW + 1); /* not yet */
	assert_string_equal(pick(&store, share, 4), "1 2 2001 3001");
	/* what becomes free goes to who has less, in turn */
	share_end(share, 9);
	assert_string_equal(pick(&store, share, 1), "2002");
	share_end(share, 3);
	assert_string_equal(pick(&store, share, 1), "3002");
	share_end(share, 3);
	assert_string_equal(pick(&store, share, 1), "2003");
	share_end(share, 3);
	share_end(share, 9);
	assert_string_equal(pick(&store, share, 2), "3003 3");
	share_free(share);
	store_close(&store);
}

static void f20_all_that_is_due_is_in_sight(void **state)
{
	struct store store;
	struct share *share = share_new(4);

	(void)state;
	store_open(&store);
	add(&store, 1, 3, 7, 10);
	assert_string_equal(pick(&store, share, 4), "1 2 3");
	assert_string_equal(pick(&store, share, 1), "");
	share_free(share);
	store_close(&store);
}

/* However many domains have nothing but later mails, one that waits has its
 * turn within a few claims; and the slow one goes on meanwhile. */
static void f30_nobody_starves_behind_sleeping_domains(void **state)
{
	struct store store;
	struct share *share = share_new(4);
	int claims = 0;

	(void)state;
	store_open(&store);
	add(&store, 1, 1000, 3, 10);
	for (int64_t domain = 10; domain < 2010; domain++)
		add(&store, 10000 + domain, 1, domain, NOW + 500);
	add(&store, 20000, 1, 5000, 20);
	assert_string_equal(pick(&store, share, 4), "1 2 3 4");
	do {
		share_end(share, 3);
		claims++;
	} while (strcmp(pick(&store, share, 1), "20000") != 0 && claims < 50);
	assert_in_range(claims, 1, 6);
	share_free(share);
	store_close(&store);
}

/* No order of ends lets one domain have all while another waits. */
static void f40_any_mixture(void **state)
{
	struct store store;
	struct share *share = share_new(6);
	int64_t flying[6];

	(void)state;
	store_open(&store);
	srandom(3);
	add(&store, 1, 2000, 1, 10);
	add(&store, 3001, 300, 2, 10);
	add(&store, 4001, 300, 3, 11);
	for (int i = 0; i < 6; i++)
		flying[i] = 0;
	for (int turn = 0; turn < 300; turn++) {
		int i = (int)(random() % 6), same = 0;
		char sql[100];
		int64_t id;

		if (flying[i])
			share_end(share, flying[i]);
		flying[i] = 0;
		id = strtoll(pick(&store, share, 1), NULL, 10);
		assert_true(id > 0);
		snprintf(sql, sizeof(sql),
			 "SELECT domain FROM delivery WHERE id = %lld",
			 (long long)id);
		flying[i] = store_number(&store, sql);
		for (int j = 0; j < 6; j++)
			same += flying[j] == flying[i];
		assert_true(same <= 3);
	}
	share_free(share);
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_one_domain_has_all_connections),
	    cmocka_unit_test(f10_others_have_theirs),
	    cmocka_unit_test(f20_all_that_is_due_is_in_sight),
	    cmocka_unit_test(f30_nobody_starves_behind_sleeping_domains),
	    cmocka_unit_test(f40_any_mixture),
	};

	return cmocka_run_group_tests_name("outbox_pick", tests, NULL, NULL);
}
