#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/event.h"
#include "store.h"

static void f10_body_is_canonical_and_columns_are_kept(void **state)
{
	struct store store;
	struct event event;

	(void)state;
	store_open(&store);
	store_begin(&store);
	event_begin(&event, "tested", 1000, "jo@host");
	event_text(&event, "ref", "LTB \"1\" \n\xc3\xa9");
	event_integer(&event, "count", 7);
	store_check(&store, event_end(&event, store.db, 2000, &store.err));
	store_commit(&store);
	assert_string_equal(
	    store_text(&store, "SELECT body FROM event"),
	    "{\"count\":7,\"ref\":\"LTB \\\"1\\\" \\n\xc3\xa9\"}");
	assert_string_equal(
	    store_text(&store, "SELECT kind || ' ' || effective_at || ' ' || "
			       "recorded_at FROM event"),
	    "tested 1000 2000");
	store_close(&store);
}

static void f20_free_text_stands_apart_and_is_promised(void **state)
{
	struct store store;
	struct event event;

	(void)state;
	store_open(&store);
	store_begin(&store);
	event_begin(&event, "paused", 1000, "jo@host");
	event_private(&event, "reason", "Ann Smith asked");
	event_private(&event, "note", "Ann Smith asked");
	store_check(&store, event_end(&event, store.db, 1000, &store.err));
	store_commit(&store);
	assert_null(
	    strstr(store_text(&store, "SELECT body FROM event"), "Ann"));
	assert_string_equal(
	    store_text(&store,
		       "SELECT text FROM event_text WHERE name = 'reason'"),
	    "Ann Smith asked");
	/* two salts: the same text twice is not seen to be the same */
	assert_int_equal(
	    store_number(&store, "SELECT json_extract(body, '$.reason') <> "
				 "json_extract(body, '$.note') FROM event"),
	    1);
	assert_int_equal(
	    store_number(&store, "SELECT length(salt) FROM event_text"), 16);
	store_close(&store);
}

static void f30_hash_is_over_salt_and_text(void **state)
{
	struct store store;
	struct event event;
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];

	(void)state;
	store_open(&store);
	store_begin(&store);
	event_begin(&event, "paused", 1000, "jo@host");
	event_private(&event, "reason", "because");
	store_check(&store, event_end(&event, store.db, 1000, &store.err));
	store_commit(&store);
	sqlite3_stmt *row = store_ask(
	    &store, "SELECT salt || CAST(text AS BLOB) FROM event_text");
	crypto_sha256(sqlite3_column_blob(row, 0),
		      (size_t)sqlite3_column_bytes(row, 0), hash);
	crypto_hex(hash, sizeof(hash), hex);
	sqlite3_finalize(row);
	assert_string_equal(
	    hex, store_text(&store, "SELECT json_extract(body, '$.reason') "
				    "FROM event"));
	store_close(&store);
}

static void f40_rolled_back_with_its_change(void **state)
{
	struct store store;
	struct event event;

	(void)state;
	store_open(&store);
	store_begin(&store);
	event_begin(&event, "tested", 1, "briefingd");
	store_check(&store, event_end(&event, store.db, 1, &store.err));
	db_rollback(store.db);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"), 0);
	store_close(&store);
}

static void add_by(struct store *store, const char *actor)
{
	struct event event;

	store_begin(store);
	event_begin(&event, "tested", 1, actor);
	store_check(store, event_end(&event, store->db, 1, &store->err));
	store_commit(store);
}

static void f20_an_operator_is_a_random_id_and_always_the_same(void **state)
{
	struct store store;

	(void)state;
	store_open(&store);
	add_by(&store, "jo@host");
	add_by(&store, "kim@host");
	add_by(&store, "jo@host");
	add_by(&store, "briefingd");
	add_by(&store, "person:abc");
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event WHERE"
					      " actor GLOB '*@*'"),
			 0);
	assert_string_equal(
	    store_text(&store,
		       "SELECT group_concat(coalesce(name, actor), ' ') FROM"
		       " (SELECT * FROM event ORDER BY id) e LEFT JOIN operator"
		       " o ON e.actor = 'operator:' || o.public_id"),
	    "jo@host kim@host jo@host briefingd person:abc");
	assert_int_equal(store_number(&store, "SELECT min(length(actor)) FROM"
					      " event WHERE actor GLOB 'op*'"),
			 29);
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_body_is_canonical_and_columns_are_kept),
	    cmocka_unit_test(f20_free_text_stands_apart_and_is_promised),
	    cmocka_unit_test(
		f20_an_operator_is_a_random_id_and_always_the_same),
	    cmocka_unit_test(f30_hash_is_over_salt_and_text),
	    cmocka_unit_test(f40_rolled_back_with_its_change),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
