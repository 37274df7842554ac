#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outbox_operate.h"
#include "planning.h"

/* deliveries 1 and 2, of persons 1 and 2 on list police; 3 on list health */
static void scene(struct planning *p)
{
	planning_open(p);
	add_version(p, 1);
	store_do(&p->store, "UPDATE board SET mode = 'live'");
	open_now(p, "police", true);
	open_now(p, "health", true);
	assert_int_equal(plan_all(p, 100), 3);
}

static struct outbox_order order_of(enum outbox_verb verb)
{
	return (struct outbox_order){.verb = verb,
				     .actor = "jo@host",
				     .reason = "seen in the relay's log",
				     .now = NOW + HOUR};
}

static const char *states(struct planning *p)
{
	return store_text(&p->store,
			  "SELECT group_concat(state || CASE WHEN due_at <> "
			  "1795420800 THEN due_at - 1795420800 ELSE '' END ||"
			  " CASE WHEN ended_at IS NULL THEN '' ELSE '.' END,"
			  " ' ') FROM delivery");
}

static const char *set_state(struct planning *p, const char *state)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "UPDATE delivery SET state = '%s', attempt = 1,"
		 " due_at = 1795420900, detail = 'x', ended_at = CASE WHEN"
		 " '%s' IN ('accepted', 'refused', 'cancelled') THEN 5 END"
		 " WHERE id = 1",
		 state, state);
	store_do(&p->store, sql);
	return state;
}

static void f10_what_each_verb_does_in_each_state(void **state)
{
	static const struct {
		enum outbox_verb verb;
		const char *from;
		const char *now_is; /* and its due_at */
		const char *says;   /* NULL: done */
	} cases[] = {
	    {OUTBOX_RETRY, "due", "due 3600", NULL},
	    {OUTBOX_RETRY, "refused", "due 3600", NULL},
	    {OUTBOX_RETRY, "sending", NULL, "is being sent at this moment"},
	    {OUTBOX_RETRY, "accepted", NULL, "never sent again"},
	    {OUTBOX_RETRY, "unsure", NULL, "may have arrived"},
	    {OUTBOX_RETRY, "cancelled", NULL, "was cancelled"},
	    {OUTBOX_RETRY, "held", NULL, "is held"},
	    {OUTBOX_HOLD, "due", "held 100", NULL},
	    {OUTBOX_HOLD, "sending", NULL, "only what waits can be held"},
	    {OUTBOX_HOLD, "accepted", NULL, "only what waits"},
	    {OUTBOX_HOLD, "refused", NULL, "was refused by the relay"},
	    {OUTBOX_HOLD, "unsure", NULL, "only what waits"},
	    {OUTBOX_HOLD, "held", "held 100", NULL},
	    {OUTBOX_RELEASE, "held", "due 100", NULL},
	    {OUTBOX_RELEASE, "due", NULL, "only what is held"},
	    {OUTBOX_RELEASE, "accepted", NULL, "only what is held"},
	    {OUTBOX_CANCEL, "due", "cancelled 100", NULL},
	    {OUTBOX_CANCEL, "held", "cancelled 100", NULL},
	    {OUTBOX_CANCEL, "sending", NULL, "is being sent"},
	    {OUTBOX_CANCEL, "accepted", NULL, "was accepted"},
	    {OUTBOX_CANCEL, "unsure", NULL, "see queue resolve"},
	    {OUTBOX_SENT, "unsure", "accepted 100", NULL},
	    {OUTBOX_SENT, "due", NULL, "only what is unsure"},
	    {OUTBOX_SENT, "accepted", NULL, "only what is unsure"},
	    {OUTBOX_NOT_SENT, "unsure", "due 3600", NULL},
	    {OUTBOX_NOT_SENT, "refused", NULL, "only what is unsure"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct outbox_order order = order_of(cases[i].verb);
		struct err err = {0};
		struct planning p;

		scene(&p);
		set_state(&p, cases[i].from);
		bool good = outbox_operate_one(p.store.db, &order, 1, &err);
		const char *found = store_text(
		    &p.store, "SELECT state || ' ' || (due_at - 1795420800)"
			      " FROM delivery WHERE id = 1");
		if (good != !cases[i].says ||
		    (good && strcmp(found, cases[i].now_is) != 0) ||
		    (!good && (err.kind != ERR_INPUT ||
			       !strstr(err.text, cases[i].says) ||
			       !strstr(err.text, "delivery 1 "))))
			fail_msg("%d of %s: %s, %s", cases[i].verb,
				 cases[i].from, found, err.text);
		/* a state that is final has its time, no other has */
		assert_int_equal(
		    store_number(&p.store,
				 "SELECT count(*) FROM delivery WHERE"
				 " (ended_at IS NOT NULL) <> (state IN"
				 " ('accepted', 'refused', 'cancelled'))"),
		    0);
		planning_close(&p);
	}
}

static void f10_each_is_an_event_with_its_actor(void **state)
{
	struct outbox_order order = order_of(OUTBOX_NOT_SENT);
	struct planning p;

	(void)state;
	scene(&p);
	set_state(&p, "unsure");
	store_check(&p.store,
		    outbox_operate_one(p.store.db, &order, 1, &p.store.err));
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT name || ' ' || kind || ' ' || effective_at ||"
		       " json_extract(body, '$.from') || json_extract(body,"
		       " '$.state') || json_extract(body, '$.why') ||"
		       " json_extract(body, '$.person') FROM event"
		       " JOIN operator ON actor = 'operator:' || public_id"
		       " ORDER BY id DESC LIMIT 1"),
	    "jo@host delivery-resolved 1795424400unsureduenot-sentpublic-1");
	assert_string_equal(store_text(&p.store, "SELECT text FROM event_text"),
			    "seen in the relay's log");
	/* what is so already is no event */
	order.verb = OUTBOX_HOLD;
	store_check(&p.store,
		    outbox_operate_one(p.store.db, &order, 2, &p.store.err));
	store_check(&p.store,
		    outbox_operate_one(p.store.db, &order, 2, &p.store.err));
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE"
				      " kind = 'delivery-held'"),
			 1);
	planning_close(&p);
}

static void f20_what_cannot_be_moved(void **state)
{
	struct outbox_order order = order_of(OUTBOX_RETRY);
	struct err err = {0};
	struct planning p;

	(void)state;
	scene(&p);
	assert_false(outbox_operate_one(p.store.db, &order, 99, &err));
	assert_int_equal(err.kind, ERR_GONE);
	store_do(&p.store, "UPDATE board SET mode = 'rehearsal'");
	assert_false(outbox_operate_one(p.store.db, &order, 1, &err));
	assert_non_null(strstr(err.text, "planned in mode live"));
	/* it would not go out: to hold or to cancel it is fine */
	order.verb = OUTBOX_CANCEL;
	store_check(&p.store,
		    outbox_operate_one(p.store.db, &order, 1, &p.store.err));
	planning_close(&p);
}

static int64_t operate_all(struct planning *p, enum outbox_verb verb,
			   const char *list_name, int64_t from_at)
{
	struct outbox_order order = order_of(verb);
	int64_t count = -1;

	store_check(&p->store,
		    outbox_operate_all(p->store.db, &order, list_name, from_at,
				       &count, &p->store.err));
	return count;
}

static void f20_a_list_or_all(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	assert_int_equal(operate_all(&p, OUTBOX_HOLD, "police", 0), 2);
	assert_string_equal(states(&p), "held held due");
	assert_int_equal(operate_all(&p, OUTBOX_HOLD, NULL, 0), 1);
	assert_int_equal(operate_all(&p, OUTBOX_HOLD, NULL, 0), 0);
	assert_int_equal(operate_all(&p, OUTBOX_RELEASE, "health", 0), 1);
	assert_string_equal(states(&p), "held held due");
	assert_int_equal(operate_all(&p, OUTBOX_RELEASE, NULL, 0), 2);
	/* what is due needs no other try; what waits and was refused does */
	assert_int_equal(operate_all(&p, OUTBOX_RETRY, NULL, 0), 0);
	store_do(&p.store,
		 "UPDATE delivery SET due_at = due_at + 9999 WHERE id = 1;"
		 "UPDATE delivery SET state = 'refused', ended_at = 5 WHERE"
		 " id = 3;"
		 "UPDATE delivery SET state = 'accepted', ended_at = 5 WHERE"
		 " id = 2");
	/* planned before the links of today */
	assert_int_equal(operate_all(&p, OUTBOX_RETRY, NULL, NOW), 0);
	assert_int_equal(operate_all(&p, OUTBOX_RETRY, NULL, NOW - 1), 2);
	assert_string_equal(states(&p), "due3600 accepted. due3600");
	assert_int_equal(operate_all(&p, OUTBOX_RETRY, NULL, 0), 0);
	/* of another mode: let be */
	store_do(&p.store, "UPDATE board SET mode = 'rehearsal'");
	assert_int_equal(operate_all(&p, OUTBOX_HOLD, NULL, 0), 0);
	planning_close(&p);
}

static void f20_a_thousand_rows_a_transaction(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	store_do(&p.store,
		 "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1"
		 " FROM n WHERE i < 2509) INSERT INTO delivery (digest_id,"
		 " person_id, generation, letter_id, mode, state, due_at,"
		 " created_at) SELECT 1, 1, i, 1, 'live', 'due', 5, 5 FROM n");
	assert_int_equal(operate_all(&p, OUTBOX_HOLD, "police", 0), 2502);
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE"
				      " kind = 'delivery-held'"),
			 2502);
	assert_int_equal(operate_all(&p, OUTBOX_RELEASE, NULL, 0), 2502);
	planning_close(&p);
}

static void f20_what_was_cancelled_by_hand_is_not_planned_anew(void **state)
{
	struct outbox_order order = order_of(OUTBOX_CANCEL);
	struct planning p;

	(void)state;
	scene(&p);
	store_check(&p.store,
		    outbox_operate_one(p.store.db, &order, 1, &p.store.err));
	p.context.now += HOUR;
	assert_int_equal(open_now(&p, "police", true), 0);
	/* another reason lets it: they get what they missed */
	store_do(&p.store, "UPDATE delivery SET by_hand = 0");
	assert_int_not_equal(open_now(&p, "police", true), 0);
	assert_int_equal(plan_all(&p, 100), 1);
	/* the duty stays: the figures are honest */
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM requirement WHERE"
				      " closed_at IS NULL"),
			 3);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_what_each_verb_does_in_each_state),
	    cmocka_unit_test(f10_each_is_an_event_with_its_actor),
	    cmocka_unit_test(f20_what_cannot_be_moved),
	    cmocka_unit_test(f20_a_list_or_all),
	    cmocka_unit_test(f20_a_thousand_rows_a_transaction),
	    cmocka_unit_test(
		f20_what_was_cancelled_by_hand_is_not_planned_anew),
	};

	return cmocka_run_group_tests_name("outbox_operate", tests, NULL, NULL);
}
