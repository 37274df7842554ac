#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outbox.h"
#include "core/share.h"
#include "core/suppression.h"
#include "planning.h"

/* deliveries 1 and 2, of persons 1 and 2 on list police, with versions 1, 2 */
static void scene(struct planning *p, bool is_live)
{
	planning_open(p);
	add_version(p, 1);
	add_version(p, 2);
	open_now(p, "police", is_live);
	assert_int_equal(plan_all(p, 100), 2);
}

static size_t claim(struct planning *p, bool is_live, size_t max,
		    struct outbox_claim **ret, int *ret_cancelled)
{
	struct share *share = share_new(max);
	const struct outbox_wish wish = {.is_live = is_live,
					 .key_id = '1',
					 .relay = "relay.example",
					 .max = max,
					 .share = share};
	struct outbox_claims claims;

	store_begin(&p->store);
	store_check(&p->store,
		    outbox_claim(p->store.db, &p->context, &wish,
				 p->store.arena, &claims, &p->store.err));
	store_commit(&p->store);
	share_free(share);
	if (ret)
		*ret = claims.list;
	if (ret_cancelled)
		*ret_cancelled = claims.cancelled;
	return claims.count;
}

static const char *settle_with(struct planning *p, int64_t delivery,
			       int attempt, enum outbox_outcome outcome,
			       enum outbox_blame blame, int other_relays)
{
	struct outbox_result result = {
	    .delivery_id = delivery,
	    .attempt = attempt,
	    .outcome = outcome,
	    .began_at = p->context.now - 2,
	    .ended_at = p->context.now - 1,
	    .relay = "relay.example",
	    .code = 250,
	    .text = "2.0.0 Ok: p1@police.example",
	    .queue_id = "4F3A2",
	    .duration_ms = 1000,
	    .blame = blame,
	    .other_relays = other_relays,
	};
	const char *state = NULL;

	store_begin(&p->store);
	store_check(&p->store,
		    outbox_settle(p->store.db, &p->settings, &result,
				  p->context.now, &state, &p->store.err));
	store_commit(&p->store);
	return state;
}

static const char *settle(struct planning *p, int64_t delivery, int attempt,
			  enum outbox_outcome outcome)
{
	return settle_with(p, delivery, attempt, outcome, OUTBOX_BLAME_MAIL, 0);
}

static const char *delivery_text(struct planning *p)
{
	return store_text(&p->store,
			  "SELECT group_concat(id || ' ' || state || ' ' ||"
			  " detail, ';') FROM delivery");
}

/* --- claiming */

static void f10_claims_are_committed_before_the_act(void **state)
{
	struct outbox_claim *claims;
	struct planning p;

	(void)state;
	scene(&p, true);
	assert_int_equal(claim(&p, true, 10, &claims, NULL), 2);
	assert_int_equal(claims[0].delivery_id, 1);
	assert_int_equal(claims[0].letter_id, 1);
	assert_int_equal(claims[0].attempt, 1);
	assert_string_equal(claims[0].address, "p1@police.example");
	assert_string_equal(claims[0].recipient, "p1@police.example");
	assert_string_equal(claims[0].name, "Person 1");
	assert_string_equal(claims[0].list_name, "police");
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(state || attempt || ' ' "
				 "|| claimed_at) FROM delivery"),
	    "sending1 1795420800,sending1 1795420800");
	assert_int_equal(claim(&p, true, 10, NULL, NULL), 0);
	planning_close(&p);
}

static void f10_the_oldest_first_and_no_more_than_asked(void **state)
{
	struct outbox_claim *claims;
	struct planning p;

	(void)state;
	scene(&p, true);
	store_do(&p.store, "UPDATE delivery SET due_at = due_at - 1 WHERE"
			   " id = 2");
	assert_int_equal(claim(&p, true, 1, &claims, NULL), 1);
	assert_int_equal(claims[0].delivery_id, 2);
	store_do(&p.store, "UPDATE delivery SET due_at = due_at + 1 WHERE"
			   " id = 1");
	assert_int_equal(claim(&p, true, 1, &claims, NULL), 0);
	p.context.now++;
	assert_int_equal(claim(&p, true, 1, &claims, NULL), 1);
	planning_close(&p);
}

static void f10_one_alone_for_a_relay(void **state)
{
	struct outbox_wish wish = {.is_live = true,
				   .key_id = '1',
				   .relay = "second.example",
				   .max = 10,
				   .share = share_new(10),
				   .delivery_id = 2};
	struct outbox_claims claims;
	struct planning p;

	(void)state;
	scene(&p, true);
	/* the second time it is no longer due */
	for (size_t expected = 1; expected + 1 > 0; expected--) {
		store_begin(&p.store);
		store_check(&p.store,
			    outbox_claim(p.store.db, &p.context, &wish,
					 p.store.arena, &claims, &p.store.err));
		store_commit(&p.store);
		assert_int_equal(claims.count, expected);
	}
	assert_string_equal(store_text(&p.store,
				       "SELECT group_concat(id || relay) FROM "
				       "delivery WHERE state = 'sending'"),
			    "2second.example");
	share_free(wish.share);
	planning_close(&p);
}

static void f10_a_rehearsal_goes_to_one_address(void **state)
{
	struct outbox_claim *claims;
	struct planning p;

	(void)state;
	scene(&p, false);
	assert_int_equal(claim(&p, false, 10, &claims, NULL), 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(claims[i].recipient, "rehearsal@x.example");
		assert_string_not_equal(claims[i].address,
					"rehearsal@x.example");
	}
	planning_close(&p);
}

static void f20_what_is_no_longer_allowed_is_cancelled(void **state)
{
	static const struct {
		const char *name, *sql, *delivery_text;
		size_t claimed;
		bool is_rehearsal;
	} cases[] = {
	    {"nothing happened", "", "1 sending ;2 sending ", 2, false},
	    {"one version was withdrawn",
	     "UPDATE briefing SET withdrawn_at = 5 WHERE id = 1",
	     "1 cancelled withdrawn;2 cancelled withdrawn;3 due ;4 due ", 0,
	     false},
	    {"all of it was", "UPDATE briefing SET withdrawn_at = 5",
	     "1 cancelled withdrawn;2 cancelled withdrawn", 0, false},
	    {"one was superseded",
	     "INSERT INTO version SELECT 9, 1, 2, 'h', kind, title, language,"
	     " marking, approved_by, approved_on, approval_ref, not_before_at,"
	     " acknowledge_within_days, publish, already_circulated, audience,"
	     " themes, key_messages, questions, 0, '', 0, taken_at, NULL, NULL,"
	     " summary FROM version WHERE id = 1;"
	     "UPDATE version SET closed_at = 5, closed_as = 'superseded'"
	     " WHERE id = 1",
	     "1 cancelled superseded;2 cancelled superseded;3 due ;4 due ", 0,
	     false},
	    {"all is embargoed",
	     "UPDATE version SET not_before_at = 1795420801",
	     "1 cancelled embargoed;2 cancelled embargoed", 0, false},
	    {"one person left",
	     "UPDATE member SET status = 'left' WHERE id = 11",
	     "1 cancelled left;2 sending ", 1, false},
	    {"said it is not for them",
	     "INSERT INTO member_status VALUES"
	     " (1, 12, 'not-for-me', 5, NULL, 'h', 5, 'x')",
	     "1 sending ;2 cancelled not-for-me", 1, false},
	    {"went on leave",
	     "UPDATE member SET status = 'on-leave' WHERE id = 11",
	     "1 cancelled on-leave;2 sending ", 1, false},
	    {"is in the list's file no more",
	     "UPDATE member SET removed_at = 5 WHERE id = 11",
	     "1 cancelled removed;2 sending ", 1, false},
	    {"was erased", "DELETE FROM identity WHERE person_id = 1",
	     "1 cancelled removed;2 sending ", 1, false},
	    {"the list went", "UPDATE list SET removed_at = 5 WHERE id = 1",
	     "1 cancelled removed;2 cancelled removed", 0, false},
	    {"moved to another address",
	     "UPDATE identity SET address = 'n@police.example' WHERE"
	     " person_id = 1",
	     "1 cancelled the address changed;2 sending ;3 due ", 1, false},
	    {"one became marked, for another domain",
	     "UPDATE version SET marking = 'OFFICIAL-SENSITIVE' WHERE id = 1;"
	     "UPDATE list SET domains = '[]' WHERE id = 1",
	     "1 cancelled marking: not for this domain;"
	     "2 cancelled marking: not for this domain;3 due ;4 due ",
	     0, false},
	    {"became marked, for this domain",
	     "UPDATE version SET marking = 'OFFICIAL-SENSITIVE' WHERE id = 1",
	     "1 sending ;2 sending ", 2, false},
	    {"planned in rehearsal, and the board is live", "",
	     "1 cancelled the mode changed;2 cancelled the mode changed", 0,
	     true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		int cancelled;

		scene(&p, !cases[i].is_rehearsal);
		store_do(&p.store, cases[i].sql);
		size_t claimed = claim(&p, true, 10, NULL, &cancelled);
		const char *found = delivery_text(&p);
		if (strcmp(found, cases[i].delivery_text) != 0 ||
		    claimed != cases[i].claimed)
			fail_msg("%s: %zu, %s", cases[i].name, claimed, found);
		assert_int_equal(claimed + (size_t)cancelled, 2);
		assert_int_equal(
		    store_number(&p.store,
				 "SELECT count(*) FROM event WHERE kind ="
				 " 'delivery-cancelled'"),
		    cancelled);
		/* what was planned anew goes through */
		claim(&p, true, 10, NULL, &cancelled);
		assert_int_equal(cancelled, 0);
		assert_int_equal(store_number(&p.store,
					      "SELECT count(*) FROM delivery"
					      " WHERE state = 'due'"),
				 0);
		planning_close(&p);
	}
}

/* NOW is 08:00 in London */
static void f20_quiet_hours_put_off_the_whole_list(void **state)
{
	struct outbox_claim *claims;
	struct planning p;

	(void)state;
	scene(&p, true);
	open_now(&p, "health", true);
	plan_all(&p, 100);
	store_do(&p.store, "UPDATE list SET quiet_hours = '07:00-09:30' WHERE"
			   " id = 1");
	/* one that is looked at takes the others of its list with it, and
	 * leaves its place to another list's */
	assert_int_equal(claim(&p, true, 1, &claims, NULL), 1);
	assert_string_equal(claims[0].list_name, "health");
	assert_string_equal(store_text(&p.store,
				       "SELECT group_concat(state || (due_at -"
				       " 1795420800), ' ') FROM delivery"),
			    "due5400 due5400 sending0");
	assert_int_equal(claim(&p, true, 10, NULL, NULL), 0);
	p.context.now += 5399;
	assert_int_equal(claim(&p, true, 10, NULL, NULL), 0);
	p.context.now += 1;
	assert_int_equal(claim(&p, true, 10, NULL, NULL), 2);
	planning_close(&p);
}

static void f20_an_address_that_changed_gets_the_mail(void **state)
{
	struct outbox_claim *claims;
	struct planning p;

	(void)state;
	scene(&p, true);
	store_do(&p.store, "UPDATE identity SET address = 'n@police.example'"
			   " WHERE person_id = 1");
	assert_int_equal(claim(&p, true, 10, &claims, NULL), 1);
	assert_int_equal(claim(&p, true, 10, &claims, NULL), 1);
	assert_int_equal(claims[0].delivery_id, 3);
	assert_string_equal(claims[0].recipient, "n@police.example");
	planning_close(&p);
}

/* --- settling */

static void f10_verdicts(void **state)
{
	static const struct {
		const char *name, *sql;
		enum outbox_outcome outcome;
		const char *state, *detail, *event;
	} cases[] = {
	    {"accepted", "", OUTBOX_ACCEPTED, "accepted", "",
	     "delivery-accepted"},
	    {"refused", "", OUTBOX_REFUSED, "refused", "", "delivery-refused"},
	    {"later", "", OUTBOX_LATER, "due", "", ""},
	    {"later, for five days",
	     "INSERT INTO attempt VALUES (1, 9, 1794988700, 1794988700,"
	     " 'later', '', '', 450, '', '', '', 1, 1)",
	     OUTBOX_LATER, "refused", "gave up", "delivery-refused"},
	    {"later, not for five days yet",
	     "INSERT INTO attempt VALUES (1, 9, 1794988900, 1794988900,"
	     " 'later', '', '', 450, '', '', '', 1, 1)",
	     OUTBOX_LATER, "due", "", ""},
	    {"later, but an operator asked for another try since",
	     "INSERT INTO attempt VALUES (1, 9, 1794988700, 1794988700,"
	     " 'later', '', '', 450, '', '', '', 1, 1);"
	     "UPDATE delivery SET retried_at = 1795420000",
	     OUTBOX_LATER, "due", "", ""},
	    {"in doubt, resend", "", OUTBOX_UNSURE, "due", "",
	     "delivery-unsure"},
	    {"in doubt, hold", "UPDATE list SET unsure = 'hold'", OUTBOX_UNSURE,
	     "unsure", "held: it may have arrived", "delivery-unsure"},
	    {"in doubt for the third time",
	     "INSERT INTO attempt VALUES (1, 8, 5, 5, 'unsure', '', '', 0, '',"
	     " '', '', 1, 1), (1, 9, 5, 5, 'unsure', '', '', 0, '', '', '', 1,"
	     " 1)",
	     OUTBOX_UNSURE, "unsure", "held: in doubt too often",
	     "delivery-unsure"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p, true);
		claim(&p, true, 1, NULL, NULL);
		store_do(&p.store, cases[i].sql);
		const char *found = settle(&p, 1, 1, cases[i].outcome);
		const char *detail = store_text(
		    &p.store, "SELECT detail FROM delivery WHERE id = 1");
		const char *event = store_text(
		    &p.store, "SELECT coalesce((SELECT kind FROM event WHERE"
			      " kind GLOB 'delivery-*' AND kind <>"
			      " 'delivery-planned'), '')");
		if (strcmp(found, cases[i].state) != 0 ||
		    strcmp(detail, cases[i].detail) != 0 ||
		    strcmp(event, cases[i].event) != 0)
			fail_msg("%s: %s, \"%s\", %s", cases[i].name, found,
				 detail, event);
		assert_string_equal(
		    store_text(&p.store,
			       "SELECT state FROM delivery WHERE id = 1"),
		    found);
		assert_int_equal(store_number(&p.store,
					      "SELECT ended_at IS NOT NULL FROM"
					      " delivery WHERE id = 1"),
				 strcmp(found, "accepted") == 0 ||
				     strcmp(found, "refused") == 0);
		planning_close(&p);
	}
}

static void f30_a_relay_in_trouble_is_not_the_mails_fault(void **state)
{
	static const struct {
		const char *name, *sql;
		enum outbox_blame blame;
		int other_relays;
		bool is_spared;
		int64_t waits; /* seconds at most, where it is not spared */
	} cases[] = {
	    {"the mail's", "", OUTBOX_BLAME_MAIL, 1, false, 300},
	    {"another relay can take it", "", OUTBOX_BLAME_RELAY, 1, true, 0},
	    {"no other can", "", OUTBOX_BLAME_RELAY, 0, false, 300},
	    {"no other can, for this one is dead", "", OUTBOX_BLAME_DEAD_RELAY,
	     0, true, 0},
	    {"all others have tried it",
	     "INSERT INTO attempt VALUES (1, 9, 5, 5, 'later', '', '', 0, '',"
	     " '', '', 1, 0)",
	     OUTBOX_BLAME_RELAY, 1, false, 300},
	    {"one other has not tried it",
	     "INSERT INTO attempt VALUES (1, 9, 5, 5, 'later', '', '', 0, '',"
	     " '', '', 1, 0)",
	     OUTBOX_BLAME_RELAY, 2, true, 0},
	    {"all others have tried it, but that was before the last wait",
	     "INSERT INTO attempt VALUES (1, 8, 5, 5, 'later', '', '', 0, '',"
	     " '', '', 1, 0), (1, 9, 1795420000, 5, 'later', '', '', 0, '',"
	     " '', '', 1, 1)",
	     OUTBOX_BLAME_RELAY, 1, true, 0},
	    {"tries that were spared lengthen no wait",
	     "INSERT INTO attempt VALUES (1, 8, 5, 5, 'later', '', '', 0, '',"
	     " '', '', 1, 0), (1, 9, 1795420000, 5, 'later', '', '', 0, '',"
	     " '', '', 1, 1)",
	     OUTBOX_BLAME_MAIL, 1, false, 600},
	    {"and bring the end no nearer, however long ago",
	     "INSERT INTO attempt VALUES (1, 9, 5, 5, 'later', '', '', 0, '',"
	     " '', '', 1, 0)",
	     OUTBOX_BLAME_MAIL, 1, false, 300},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p, true);
		claim(&p, true, 1, NULL, NULL);
		store_do(&p.store, cases[i].sql);
		assert_string_equal(settle_with(&p, 1, 1, OUTBOX_LATER,
						cases[i].blame,
						cases[i].other_relays),
				    "due");
		int64_t wait =
		    store_number(&p.store,
				 "SELECT due_at FROM delivery WHERE id = 1") -
		    p.context.now;
		int64_t counts = store_number(
		    &p.store, "SELECT counts FROM attempt WHERE number = 1");
		if (counts == cases[i].is_spared || wait > cases[i].waits ||
		    wait < cases[i].waits * 3 / 4)
			fail_msg("%s: counts %lld, waits %lld", cases[i].name,
				 (long long)counts, (long long)wait);
		planning_close(&p);
	}
}

static void f30_a_server_says_how_long_to_wait(void **state)
{
	static const struct {
		const char *text;
		int code, days_ago;
		int64_t least, most; /* seconds */
	} cases[] = {
	    {"4.7.1 try again in 2 hours", 451, 0, 7200, 8100},
	    {"4.7.1 try again in 2 seconds", 451, 0, 450, 600},
	    {"4.7.1 try again later", 451, 0, 450, 600},
	    {"4.7.1 try again in 99 hours", 451, 0, 86400, 97200},
	    /* but for one last try in time */
	    {"4.7.1 try again in 99 hours", 451, 4, 86400, 86400},
	    /* a text without a reply is none of the server's */
	    {"try again in 2 hours", 0, 0, 450, 600},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct outbox_result result = {
		    .delivery_id = 1,
		    .attempt = 1,
		    .outcome = OUTBOX_LATER,
		    .code = cases[i].code,
		    .text = cases[i].text,
		};
		const char *found;
		struct planning p;
		char sql[200];

		scene(&p, true);
		claim(&p, true, 1, NULL, NULL);
		snprintf(sql, sizeof(sql),
			 "INSERT INTO attempt VALUES (1, 9, %lld, 5, 'later',"
			 " '', '', 0, '', '', '', 1, 1)",
			 (long long)p.context.now - cases[i].days_ago * 86400);
		store_do(&p.store, sql);
		store_begin(&p.store);
		store_check(&p.store,
			    outbox_settle(p.store.db, &p.settings, &result,
					  p.context.now, &found, &p.store.err));
		store_commit(&p.store);
		assert_string_equal(found, "due");
		int64_t wait =
		    store_number(&p.store,
				 "SELECT due_at FROM delivery WHERE id = 1") -
		    p.context.now;
		if (wait < cases[i].least || wait > cases[i].most)
			fail_msg("%s: %lld", cases[i].text, (long long)wait);
		planning_close(&p);
	}
}

static void f20_what_an_attempt_and_an_event_tell(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	claim(&p, true, 1, NULL, NULL);
	settle(&p, 1, 1, OUTBOX_ACCEPTED);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT number || outcome || relay || tls || code ||"
		       " queue_id || duration_ms || ' ' || began_at FROM"
		       " attempt"),
	    "1acceptedrelay.example2504F3A21000 1795420798");
	/* the reply quotes an address: it is not in the record for ever */
	assert_string_equal(
	    store_text(&p.store, "SELECT body || effective_at FROM event WHERE"
				 " kind = 'delivery-accepted'"),
	    "{\"attempt\":1,\"code\":250,\"delivery\":1,\"list\":\"police\","
	    "\"mode\":\"live\",\"person\":\"public-1\",\"queue_id\":\"4F3A2\","
	    "\"state\":\"accepted\"}1795420799");
	planning_close(&p);
}

/* what run/sending settles with, most often */
static void f20_what_the_claim_knew_is_enough(void **state)
{
	struct outbox_claim *claims;
	struct outbox_result result = {
	    .outcome = OUTBOX_ACCEPTED,
	    .ended_at = 1795420799,
	    .code = 250,
	    .queue_id = "4F3A2",
	};
	const char *now_is = NULL;
	struct planning p;

	(void)state;
	scene(&p, true);
	claim(&p, true, 1, &claims, NULL);
	result.delivery_id = claims->delivery_id;
	result.attempt = claims->attempt;
	result.public_id = claims->public_id;
	result.list_name = claims->list_name;
	result.mode = claims->mode;
	/* the second time it is harmless */
	for (int i = 0; i < 2; i++) {
		store_begin(&p.store);
		store_check(&p.store, outbox_settle(p.store.db, &p.settings,
						    &result, p.context.now,
						    &now_is, &p.store.err));
		store_commit(&p.store);
		assert_string_equal(now_is, "accepted");
	}
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(body || effective_at)"
				 " FROM event WHERE kind ="
				 " 'delivery-accepted'"),
	    "{\"attempt\":1,\"code\":250,\"delivery\":1,\"list\":\"police\","
	    "\"mode\":\"live\",\"person\":\"public-1\",\"queue_id\":\"4F3A2\","
	    "\"state\":\"accepted\"}1795420799");
	assert_int_equal(store_number(&p.store, "SELECT count(*) FROM attempt"),
			 1);
	/* of an attempt that never was it is a fault */
	result.attempt++;
	store_begin(&p.store);
	assert_false(outbox_settle(p.store.db, &p.settings, &result,
				   p.context.now, &now_is, &p.store.err));
	assert_int_equal(p.store.err.kind, ERR_GONE);
	db_rollback(p.store.db);
	planning_close(&p);
}

static void f20_later_waits_longer_each_time(void **state)
{
	struct planning p;
	int64_t most = 300;

	(void)state;
	scene(&p, true);
	for (int attempt = 1; attempt <= 10; attempt++) {
		assert_int_equal(claim(&p, true, 1, NULL, NULL), 1);
		settle(&p, 1, attempt, OUTBOX_LATER);
		int64_t delay = store_number(&p.store, "SELECT due_at FROM "
						       "delivery WHERE"
						       " id = 1") -
				p.context.now;
		/* up to a quarter less, never more than four hours */
		if (delay > most || delay < most - most / 4)
			fail_msg("attempt %d: %lld of %lld", attempt,
				 (long long)delay, (long long)most);
		most = most * 2 > 4 * HOUR ? 4 * HOUR : most * 2;
		p.context.now += delay;
		store_do(&p.store, "UPDATE delivery SET state = 'cancelled'"
				   " WHERE id = 2");
	}
	planning_close(&p);
}

static void f20_a_verdict_twice_is_harmless(void **state)
{
	struct outbox_result stray = {.delivery_id = 1, .attempt = 2};
	const char *now_is;
	struct err err = {0};
	struct planning p;

	(void)state;
	scene(&p, true);
	claim(&p, true, 1, NULL, NULL);
	assert_string_equal(settle(&p, 1, 1, OUTBOX_LATER), "due");
	assert_string_equal(settle(&p, 1, 1, OUTBOX_LATER), "due");
	/* nor does an old one move what is under way again */
	p.context.now += HOUR;
	claim(&p, true, 10, NULL, NULL);
	assert_string_equal(settle(&p, 1, 1, OUTBOX_REFUSED), "sending");
	assert_string_equal(settle(&p, 1, 2, OUTBOX_ACCEPTED), "accepted");
	assert_string_equal(settle(&p, 1, 2, OUTBOX_ACCEPTED), "accepted");
	assert_int_equal(store_number(&p.store, "SELECT count(*) FROM attempt"),
			 2);
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE kind ="
				      " 'delivery-accepted'"),
			 1);
	/* of an attempt that never was it is a fault */
	stray.attempt = 3;
	assert_false(
	    outbox_settle(p.store.db, &p.settings, &stray, NOW, &now_is, &err));
	assert_int_equal(err.kind, ERR_GONE);
	stray.delivery_id = 99;
	assert_false(
	    outbox_settle(p.store.db, &p.settings, &stray, NOW, &now_is, &err));
	assert_int_equal(err.kind, ERR_GONE);
	planning_close(&p);
}

static void f20_in_doubt_it_goes_at_once_again(void **state)
{
	struct outbox_claim *claims;
	struct planning p;

	(void)state;
	scene(&p, true);
	claim(&p, true, 1, NULL, NULL);
	settle(&p, 1, 1, OUTBOX_UNSURE);
	assert_int_equal(claim(&p, true, 10, &claims, NULL), 2);
	assert_int_equal(claims[0].delivery_id, 1);
	assert_int_equal(claims[0].attempt, 2);
	planning_close(&p);
}

/* --- at start */

static void f20_what_was_sending_is_in_doubt(void **state)
{
	struct planning p;
	int count;

	(void)state;
	scene(&p, true);
	claim(&p, true, 1, NULL, NULL);
	store_begin(&p.store);
	store_check(&p.store,
		    outbox_recover(p.store.db, NOW + 60, &count, &p.store.err));
	store_commit(&p.store);
	assert_int_equal(count, 1);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT group_concat(state || due_at) FROM delivery"),
	    "due1795420860,due1795420800");
	assert_string_equal(store_text(&p.store,
				       "SELECT outcome || number || began_at ||"
				       " relay FROM attempt"),
			    "unsure11795420800relay.example");
	/* the relay may have taken it */
	assert_string_equal(
	    store_text(&p.store, "SELECT relay || mails FROM relay_use"),
	    "relay.example1");

	store_do(&p.store, "UPDATE list SET unsure = 'hold'");
	claim(&p, true, 10, NULL, NULL);
	store_begin(&p.store);
	store_check(&p.store,
		    outbox_recover(p.store.db, NOW + 60, &count, &p.store.err));
	store_check(&p.store,
		    outbox_recover(p.store.db, NOW + 60, &count, &p.store.err));
	store_commit(&p.store);
	assert_int_equal(count, 0);
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM delivery WHERE"
				      " state = 'unsure'"),
			 1);
	planning_close(&p);
}

/* --- looking */

/* the daemon is killed while it sends the first */
static const char *die(struct planning *p)
{
	int count;

	assert_int_equal(claim(p, true, 1, NULL, NULL), 1);
	store_begin(&p->store);
	store_check(&p->store,
		    outbox_recover(p->store.db, NOW, &count, &p->store.err));
	store_commit(&p->store);
	assert_int_equal(count, 1);
	return store_text(&p->store, "SELECT state || ' ' || detail FROM"
				     " delivery WHERE id = 1");
}

/* Who restarts it again and again is not the mail's fault; a mail on which it
 * dies each time is. */
static void f30_killed_again_and_again_it_goes_again(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	store_do(&p.store, "UPDATE delivery SET due_at = due_at + 9"
			   " WHERE id <> 1");
	for (int deaths = 1; deaths < 10; deaths++)
		assert_string_equal(die(&p), "due ");
	assert_string_equal(die(&p), "unsure held: in doubt too often");
	planning_close(&p);
}

static void f30_what_cannot_be_made_is_held(void **state)
{
	struct outbox_claim *claims;
	struct planning p;

	(void)state;
	scene(&p, true);
	assert_int_equal(claim(&p, true, 1, &claims, NULL), 1);
	store_begin(&p.store);
	store_check(&p.store, outbox_hold(p.store.db, &claims[0], "no key", NOW,
					  &p.store.err));
	store_commit(&p.store);
	assert_string_equal(
	    store_text(&p.store, "SELECT state || attempt || detail || key_id"
				 " FROM delivery WHERE id = 1"),
	    "held0no key1");
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE kind ="
				      " 'delivery-held' AND actor = 'briefingd'"
				      " AND body LIKE '%\"why\":\"no key\"%'"),
			 1);
	/* the other one goes on */
	assert_int_equal(claim(&p, true, 10, NULL, NULL), 1);
	planning_close(&p);
}

static void f30_looking(void **state)
{
	struct outbox_counts counts;
	struct outbox_item *items;
	struct outbox_attempt *attempts;
	struct planning p;
	size_t count;
	int64_t at;

	(void)state;
	scene(&p, true);
	store_check(&p.store, outbox_next_due(p.store.db, &at, &p.store.err));
	assert_int_equal(at, NOW);
	claim(&p, true, 1, NULL, NULL);
	settle(&p, 1, 1, OUTBOX_LATER);
	store_check(&p.store,
		    outbox_count(p.store.db, NOW, &counts, &p.store.err));
	assert_int_equal(counts.due, 2);
	assert_int_equal(counts.waiting, 1);
	assert_int_equal(counts.oldest_due_at, NOW);
	assert_true(counts.next_due_at > NOW);
	store_check(&p.store,
		    outbox_load_items(p.store.db, NULL, 10, p.store.arena,
				      &items, &count, &p.store.err));
	assert_int_equal(count, 2);
	assert_int_equal(items[0].delivery_id, 1);
	assert_int_equal(items[0].last_code, 250);
	assert_string_equal(items[0].address, "p1@police.example");
	assert_int_equal(items[1].last_code, 0);
	store_check(&p.store,
		    outbox_load_attempts(p.store.db, 1, p.store.arena,
					 &attempts, &count, &p.store.err));
	assert_int_equal(count, 1);
	assert_string_equal(attempts[0].outcome, "later");
	assert_string_equal(attempts[0].relay, "relay.example");

	store_do(&p.store, "UPDATE delivery SET state = 'cancelled'");
	store_check(&p.store, outbox_next_due(p.store.db, &at, &p.store.err));
	assert_int_equal(at, 0);
	store_check(&p.store,
		    outbox_load_items(p.store.db, NULL, 10, p.store.arena,
				      &items, &count, &p.store.err));
	assert_int_equal(count, 0);
	store_check(&p.store,
		    outbox_load_items(p.store.db, "cancelled", 1, p.store.arena,
				      &items, &count, &p.store.err));
	assert_int_equal(count, 1);
	planning_close(&p);
}

/* --- what a refusal says of the address */

static void f20_refusals_count_as_what_comes_back_does(void **state)
{
	static const struct {
		const char *name;
		bool is_live, is_of_recipient;
		enum outbox_outcome outcome;
		int code;
		const char *enhanced, *text;
		const char *why; /* it is suppressed for; NULL: it is not */
		int64_t score;
	} cases[] = {
	    {"gone", true, true, OUTBOX_REFUSED, 550, "5.1.1", "", "hard", 0},
	    {"gone, in words", true, true, OUTBOX_REFUSED, 550, "",
	     "no such user here", "hard", 0},
	    {"our account", true, true, OUTBOX_REFUSED, 550, "",
	     "Your account has been disabled for sending", NULL, 0},
	    {"our account, as if it were theirs", true, true, OUTBOX_REFUSED,
	     550, "5.1.1", "Sending account disabled", NULL, 0},
	    {"our domain", true, true, OUTBOX_REFUSED, 550, "",
	     "Domain not verified for this account", NULL, 0},
	    {"our quota", true, true, OUTBOX_REFUSED, 550, "5.4.5",
	     "Daily sending quota exceeded", NULL, 0},
	    {"nobody is left", true, true, OUTBOX_REFUSED, 554, "",
	     "No valid recipients", NULL, 0},
	    {"no way there", true, true, OUTBOX_REFUSED, 550, "5.4.4",
	     "Unable to route: no such host", NULL, 0},
	    {"spam", true, true, OUTBOX_REFUSED, 550, "5.7.1",
	     "5.7.1 looks like spam", NULL, 0},
	    {"blocked, whatever the code", true, true, OUTBOX_REFUSED, 550,
	     "5.1.1", "your ip is blacklisted", NULL, 0},
	    {"full", true, true, OUTBOX_REFUSED, 552, "5.2.2", "", NULL, 1000},
	    {"of the sender", true, false, OUTBOX_REFUSED, 550, "5.1.1", "",
	     NULL, 0},
	    {"nothing was said", true, true, OUTBOX_REFUSED, 0, "", "", NULL,
	     0},
	    {"in a rehearsal", false, true, OUTBOX_REFUSED, 550, "5.1.1", "",
	     NULL, 0},
	    {"tried again", true, true, OUTBOX_LATER, 450, "4.2.2", "", NULL,
	     0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct outbox_result result = {
		    .delivery_id = 1,
		    .attempt = 1,
		    .outcome = cases[i].outcome,
		    .began_at = NOW,
		    .ended_at = NOW,
		    .code = cases[i].code,
		    .enhanced = cases[i].enhanced,
		    .text = cases[i].text,
		    .is_of_recipient = cases[i].is_of_recipient};
		const char *became;
		struct planning p;

		scene(&p, cases[i].is_live);
		claim(&p, cases[i].is_live, 1, NULL, NULL);
		store_begin(&p.store);
		store_check(&p.store,
			    outbox_settle(p.store.db, &p.settings, &result, NOW,
					  &became, &p.store.err));
		store_commit(&p.store);
		const char *why =
		    store_text(&p.store, "SELECT (SELECT why FROM suppression"
					 " WHERE address_key ="
					 " 'p1@police.example')");
		int64_t score = store_number(
		    &p.store,
		    "SELECT coalesce((SELECT score FROM suppression), 0)");
		if (strcmp(why, cases[i].why ? cases[i].why : "") != 0 ||
		    score != cases[i].score)
			fail_msg("%s: \"%s\" %lld", cases[i].name, why,
				 (long long)score);
		planning_close(&p);
	}
}

/* The relay that says of everyone that they are gone is wrong. */
static void f20_many_refusals_tell_of_the_relay(void **state)
{
	const struct outbox_result result = {.delivery_id = 1,
					     .attempt = 1,
					     .outcome = OUTBOX_REFUSED,
					     .began_at = NOW,
					     .ended_at = NOW,
					     .code = 550,
					     .enhanced = "5.1.1",
					     .is_of_recipient = true};

	(void)state;
	for (int before = SUPPRESSION_REFUSALS_AN_HOUR - 1;
	     before <= SUPPRESSION_REFUSALS_AN_HOUR; before++) {
		const char *became;
		struct planning p;

		scene(&p, true);
		claim(&p, true, 1, NULL, NULL);
		for (int i = 0; i < before; i++) {
			char sql[200];

			snprintf(sql, sizeof(sql),
				 "INSERT INTO suppression VALUES ('a%d@x', 0,"
				 " 0, %lld, 'hard', NULL)",
				 i, (long long)(NOW - 60));
			store_do(&p.store, sql);
		}
		store_begin(&p.store);
		store_check(&p.store,
			    outbox_settle(p.store.db, &p.settings, &result, NOW,
					  &became, &p.store.err));
		store_commit(&p.store);
		assert_string_equal(became, "refused");
		assert_int_equal(
		    store_number(&p.store, "SELECT count(*) FROM suppression"),
		    SUPPRESSION_REFUSALS_AN_HOUR);
		planning_close(&p);
	}
}

/* Full for so long that the outbox gave up. */
static void f20_given_up_is_a_soft_one(void **state)
{
	const struct outbox_result result = {.delivery_id = 1,
					     .attempt = 1,
					     .outcome = OUTBOX_LATER,
					     .began_at = NOW,
					     .ended_at = NOW,
					     .code = 452,
					     .enhanced = "4.2.2",
					     .is_of_recipient = true};
	const char *became;
	struct planning p;

	(void)state;
	scene(&p, true);
	claim(&p, true, 1, NULL, NULL);
	store_do(&p.store, "INSERT INTO attempt VALUES (1, 9, 1794988700,"
			   " 1794988700, 'later', '', '', 452, '', '', '', 1,"
			   " 1)");
	store_begin(&p.store);
	store_check(&p.store, outbox_settle(p.store.db, &p.settings, &result,
					    NOW, &became, &p.store.err));
	store_commit(&p.store);
	assert_string_equal(became, "refused");
	assert_int_equal(
	    store_number(&p.store, "SELECT score FROM suppression"), 1000);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_claims_are_committed_before_the_act),
	    cmocka_unit_test(f10_the_oldest_first_and_no_more_than_asked),
	    cmocka_unit_test(f10_one_alone_for_a_relay),
	    cmocka_unit_test(f10_a_rehearsal_goes_to_one_address),
	    cmocka_unit_test(f10_verdicts),
	    cmocka_unit_test(f20_what_is_no_longer_allowed_is_cancelled),
	    cmocka_unit_test(f20_quiet_hours_put_off_the_whole_list),
	    cmocka_unit_test(f20_an_address_that_changed_gets_the_mail),
	    cmocka_unit_test(f30_a_relay_in_trouble_is_not_the_mails_fault),
	    cmocka_unit_test(f30_a_server_says_how_long_to_wait),
	    cmocka_unit_test(f20_what_an_attempt_and_an_event_tell),
	    cmocka_unit_test(f20_later_waits_longer_each_time),
	    cmocka_unit_test(f20_a_verdict_twice_is_harmless),
	    cmocka_unit_test(f20_what_the_claim_knew_is_enough),
	    cmocka_unit_test(f20_in_doubt_it_goes_at_once_again),
	    cmocka_unit_test(f20_what_was_sending_is_in_doubt),
	    cmocka_unit_test(f30_killed_again_and_again_it_goes_again),
	    cmocka_unit_test(f30_what_cannot_be_made_is_held),
	    cmocka_unit_test(f30_looking),
	    cmocka_unit_test(f20_refusals_count_as_what_comes_back_does),
	    cmocka_unit_test(f20_many_refusals_tell_of_the_relay),
	    cmocka_unit_test(f20_given_up_is_a_soft_one),
	};

	return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
