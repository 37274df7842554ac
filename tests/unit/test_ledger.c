#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/event.h"
#include "core/ledger.h"
#include "store.h"

static void add_events(struct store *store, int count)
{
	store_begin(store);
	for (int i = 0; i < count; i++) {
		struct event event;

		event_begin(&event, "tested", 1000 + i, "briefingd");
		event_integer(&event, "number", i);
		store_check(store,
			    event_end(&event, store->db, 2000, &store->err));
	}
	store_commit(store);
}

static void append_all(struct store *store, int64_t slice)
{
	bool more = true;

	while (more) {
		store_begin(store);
		store_check(
		    store, ledger_append(store->db, slice, &more, &store->err));
		store_commit(store);
	}
}

static struct merkle_hash root_of(struct store *store, int64_t size)
{
	struct merkle_hash root = {{0}};

	store_check(store, ledger_root(store->db, size, &root, &store->err));
	return root;
}

static void f10_the_leaf_is_canonical_json(void **state)
{
	const struct ledger_event event = {
	    .id = 7,
	    .kind = "te\"sted",
	    .effective_at = -5,
	    .recorded_at = INT64_MIN,
	    .actor = "person:\xc3\xa9",
	    .body = "{\"a\":1}",
	};
	struct merkle_hash hash, expected;
	struct buf leaf;

	(void)state;
	crypto_start();
	buf_init(&leaf, LEDGER_LEAF_MAX);
	ledger_format_leaf(&event, &leaf);
	assert_string_equal(leaf.data + 1,
			    "{\"actor\":\"person:\xc3\xa9\",\"body\":{\"a\":1},"
			    "\"effective_at\":-5,\"id\":7,\"kind\":\"te\\\""
			    "sted\",\"recorded_at\":-9223372036854775808}");
	ledger_hash_leaf(&leaf, &hash);
	merkle_leaf(leaf.data + 1, leaf.size - 1, &expected);
	assert_memory_equal(&hash, &expected, sizeof(hash));
	buf_done(&leaf);
}

/* Whatever the slices, across tiles of the second level too. */
static void f20_the_tree_does_not_depend_on_the_slices(void **state)
{
	const int64_t slices[] = {1000, 300, 256, 97};
	struct merkle_hash roots[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct store store;

		store_open(&store);
		add_events(&store, 700);
		append_all(&store, slices[i]);
		add_events(&store, 323);
		append_all(&store, slices[i]);
		roots[i] = root_of(&store, 1023);
		assert_int_equal(
		    store_number(&store, "SELECT size FROM ledger"), 1023);
		assert_string_equal(
		    store_text(&store, "SELECT group_concat(length(hashes) /"
				       " 32) FROM (SELECT * FROM ledger_tile"
				       " ORDER BY level, number)"),
		    "256,256,256,255,3");
		store_close(&store);
		assert_memory_equal(&roots[i], &roots[0], sizeof(roots[0]));
	}
}

static struct merkle_hash leaf_of(struct store *store, int64_t id)
{
	struct query *q = db_query(store->db, QUERY_LEDGER_EVENT);
	struct ledger_event event;
	struct merkle_hash hash;
	struct buf leaf;

	buf_init(&leaf, LEDGER_LEAF_MAX);
	query_integer(q, 1, id);
	assert_true(query_next(q));
	ledger_event_read(q, &event);
	ledger_format_leaf(&event, &leaf);
	store_check(store, query_done(q, &store->err));
	ledger_hash_leaf(&leaf, &hash);
	buf_done(&leaf);
	return hash;
}

static void f30_proofs_from_tiles_verify(void **state)
{
	const int64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 770, 1030};
	struct store store;
	struct merkle_path path;

	(void)state;
	store_open(&store);
	add_events(&store, 1030);
	append_all(&store, 4096);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct merkle_hash root = root_of(&store, sizes[i]);
		int64_t at = sizes[i] * 2 / 3;
		struct merkle_hash leaf = leaf_of(&store, at + 1);

		store_check(&store, ledger_prove(store.db, at, sizes[i], &path,
						 &store.err));
		assert_true(
		    merkle_check_inclusion(&leaf, at, sizes[i], &path, &root));
		for (size_t j = 0; j <= i; j++) {
			struct merkle_hash old = root_of(&store, sizes[j]);

			store_check(&store, ledger_prove_consistency(
						store.db, sizes[j], sizes[i],
						&path, &store.err));
			assert_true(merkle_check_consistency(
			    sizes[j], &old, sizes[i], &root, &path));
		}
	}
	store_close(&store);
}

static void f40_an_event_that_is_gone_is_named(void **state)
{
	struct store store;
	bool more;

	(void)state;
	store_open(&store);
	add_events(&store, 300);
	store_do(&store, "DELETE FROM event WHERE id = 280");
	store_begin(&store);
	assert_false(ledger_append(store.db, 4096, &more, &store.err));
	assert_non_null(strstr(store.err.text, "event 280 is not there"));
	db_rollback(store.db);
	store_close(&store);
}

static void f40_a_tile_that_is_cut_is_named(void **state)
{
	struct store store;
	struct merkle_hash root;
	bool more;

	(void)state;
	store_open(&store);
	add_events(&store, 300);
	append_all(&store, 4096);
	store_do(&store, "UPDATE ledger_tile SET hashes = substr(hashes, 33)"
			 " WHERE level = 0 AND number = 1");
	assert_false(ledger_root(store.db, 300, &root, &store.err));
	assert_non_null(strstr(store.err.text, "0/1 is not whole"));
	add_events(&store, 1);
	store_begin(&store);
	assert_false(ledger_append(store.db, 4096, &more, &store.err));
	db_rollback(store.db);
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_the_leaf_is_canonical_json),
	    cmocka_unit_test(f20_the_tree_does_not_depend_on_the_slices),
	    cmocka_unit_test(f30_proofs_from_tiles_verify),
	    cmocka_unit_test(f40_an_event_that_is_gone_is_named),
	    cmocka_unit_test(f40_a_tile_that_is_cut_is_named),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
