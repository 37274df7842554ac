#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/request.h"
#include "store.h"

static void f10_asked_answered_once(void **state)
{
	struct store store;
	struct request *list;
	size_t count;
	int64_t first, second;
	const char *answer;

	(void)state;
	store_open(&store);
	store_check(&store, request_add(store.db, "run", "police", "jo", 100,
					&first, &store.err));
	store_check(&store, request_add(store.db, "reload", "", "jo", 101,
					&second, &store.err));
	store_check(&store, request_load_open(store.db, store.arena, &list,
					      &count, &store.err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].id, first);
	assert_string_equal(list[0].verb, "run");
	assert_string_equal(list[0].argument, "police");
	assert_string_equal(list[0].actor, "jo");
	store_check(&store, request_poll(store.db, first, store.arena, &answer,
					 &store.err));
	assert_null(answer);
	store_begin(&store);
	store_check(&store, request_answer(store.db, first, "2 mails", 110,
					   &store.err));
	store_check(&store,
		    request_answer(store.db, first, "twice", 120, &store.err));
	store_commit(&store);
	store_check(&store, request_poll(store.db, first, store.arena, &answer,
					 &store.err));
	assert_string_equal(answer, "2 mails");
	store_check(&store, request_load_open(store.db, store.arena, &list,
					      &count, &store.err));
	assert_int_equal(count, 1);
	assert_int_equal(list[0].id, second);
	store_close(&store);
}

static void f20_unknown_request_is_gone(void **state)
{
	struct store store;
	const char *answer;

	(void)state;
	store_open(&store);
	assert_false(
	    request_poll(store.db, 99, store.arena, &answer, &store.err));
	assert_int_equal(store.err.kind, ERR_GONE);
	store_close(&store);
}

static void f30_unknown_verb_is_refused(void **state)
{
	struct store store;
	int64_t id;

	(void)state;
	store_open(&store);
	assert_false(
	    request_add(store.db, "explode", "", "jo", 1, &id, &store.err));
	/* and the transaction is over */
	store_check(&store,
		    request_add(store.db, "run", "", "jo", 1, &id, &store.err));
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_asked_answered_once),
	    cmocka_unit_test(f20_unknown_request_is_gone),
	    cmocka_unit_test(f30_unknown_verb_is_refused),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
