#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outbox.h"
#include "core/share.h"
#include "planning.h"
#include "scene.h"
#include "store.h"

/*
 * LTB-1 went to police on Monday 2026-11-23 at 08:00, with 8 days: until the
 * end of Tuesday 1 December. The list reminds a day before and a day after, and
 * its digests go on Mondays at 08:00.
 */
#define DUE_DAY (NOW + 8 * DAY) /* Tuesday, at 08:00 */

static void begin(struct planning *p)
{
	planning_open(p);
	store_do(&p->store,
		 "UPDATE list SET deadline_days = 8, reminders = '-1,1',"
		 " notes_from_at = 1795420800, slots_from_at = 1795420800");
	add_version_of(p, 1, 1, 1, "OFFICIAL", "police");
	open_now(p, "police", true);
	plan_all(p, 100);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " ended_at = 1795420800");
}

static int open_due(struct planning *p, int64_t *ret_next_at)
{
	int opened = -1;
	int64_t next_at;
	bool more;

	store_begin(&p->store);
	store_check(&p->store,
		    digest_open_due(p->store.db, &p->context, true, 10000,
				    &more, &opened, &next_at, &p->store.err));
	store_commit(&p->store);
	if (ret_next_at)
		*ret_next_at = next_at;
	return opened;
}

/* what is opened and planned at this moment: how many mails */
static int go_to(struct planning *p, int64_t at)
{
	p->context.now = at;
	open_due(p, NULL);
	return plan_all(p, 100);
}

/* "1.1 2.1": person and number of each reminder */
static const char *reminded(struct planning *p)
{
	return store_text(
	    &p->store,
	    "SELECT group_concat(x, ' ') FROM (SELECT r.person_id || '.' ||"
	    " x.number AS x FROM reminder x JOIN requirement r"
	    " ON r.id = x.requirement_id ORDER BY r.person_id, x.number)");
}

/* --- who is reminded */

struct who_case {
	const char *name, *sql, *expected;
};

static void f10_who_is_reminded(void **state)
{
	static const struct who_case cases[] = {
	    {"all", "", "1.1 2.1"},
	    {"not who confirmed",
	     "UPDATE requirement SET acknowledged_at = 5, grade = 'confirmed'"
	     " WHERE person_id = 2",
	     "1.1"},
	    {"not what was withdrawn",
	     "UPDATE version SET closed_at = 5, closed_as = 'withdrawn'", ""},
	    {"nor superseded",
	     "UPDATE version SET closed_at = 5, closed_as = 'superseded'", ""},
	    {"but under a small change of it",
	     "INSERT INTO version SELECT 3, 1, 2, 'h3', kind, title, language,"
	     " marking, approved_by, approved_on, approval_ref, not_before_at,"
	     " acknowledge_within_days, publish, already_circulated, audience,"
	     " themes, key_messages, questions, 1, '', 0, taken_at, NULL, NULL,"
	     " summary FROM version WHERE id = 1",
	     "1.1 2.1"},
	    {"not who is exempt",
	     "UPDATE requirement SET closed_at = 5, closed_as = 'exempt'"
	     " WHERE person_id = 2",
	     "1.1"},
	    {"not who is on leave",
	     "UPDATE member SET status = 'on-leave' WHERE id = 12", "1.1"},
	    {"not who left", "UPDATE member SET status = 'left' WHERE id = 12",
	     "1.1"},
	    {"not whose row is gone",
	     "UPDATE member SET removed_at = 5 WHERE id = 12", "1.1"},
	    {"not whose mail comes back",
	     "INSERT INTO suppression VALUES ('p2@police.example', 0, 5, 5,"
	     " 'hard', NULL)",
	     "1.1"},
	    {"not whom the mail did not reach",
	     "UPDATE delivery SET state = 'refused' WHERE person_id = 2",
	     "1.1"},
	    {"nor whose mail is still on its way",
	     "UPDATE delivery SET state = 'held' WHERE person_id = 2", "1.1"},
	    {"not past the window",
	     "UPDATE requirement SET closes_at = 5 WHERE person_id = 2", "1.1"},
	    {"not of what is marked, where the domain is no longer the list's",
	     "UPDATE version SET marking = 'OFFICIAL-SENSITIVE';"
	     "UPDATE list SET domains = '[]'",
	     ""},
	    {"not on a list without reminders",
	     "UPDATE list SET reminders = ''", ""},
	    {"under the list that asked",
	     "UPDATE requirement SET list_id = 2 WHERE person_id = 2;"
	     "UPDATE list SET reminders = '' WHERE id = 2;"
	     "INSERT INTO member (id, list_id, person_id, row_key, row_hash,"
	     " is_primary, joined_at, status, added_at) VALUES"
	     " (22, 2, 2, 'k2', 'h', 0, 0, 'active', 0)",
	     "1.1"},
	    {"or under another, when they left that one",
	     "UPDATE requirement SET list_id = 2 WHERE person_id = 2",
	     "1.1 2.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		begin(&p);
		store_do(&p.store, cases[i].sql);
		/* Monday, the day before, is a slot of the list's */
		go_to(&p, DUE_DAY - DAY);
		const char *found = reminded(&p);
		if (strcmp(found, cases[i].expected) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, found);
		/* never twice */
		go_to(&p, DUE_DAY - DAY + HOUR);
		assert_string_equal(reminded(&p), cases[i].expected);
		planning_close(&p);
	}
}

/* Nor who signed a sheet, as long as that stands; what waits is not sent. */
static void f10_who_signed_a_sheet_is_not_reminded(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	attest(&p, 2);
	go_to(&p, DUE_DAY - DAY);
	assert_string_equal(reminded(&p), "1.1");
	store_do(&p.store, UNDO_SHEETS);
	go_to(&p, DUE_DAY + DAY);
	assert_string_equal(reminded(&p), "1.1 1.2 2.2");
	planning_close(&p);
}

/* --- when */

static void f10_a_day_without_a_slot_has_a_digest_of_reminders(void **state)
{
	struct planning p;
	int64_t next_at;

	(void)state;
	begin(&p);
	add_version_of(&p, 2, 2, 1, "OFFICIAL", "police");
	store_do(&p.store, "UPDATE version SET taken_at = 1796000000"
			   " WHERE id = 2");
	/* Monday's slot brings the new one and the first reminder, in one mail
	 */
	assert_int_equal(go_to(&p, DUE_DAY - DAY), 2);
	assert_string_equal(deliveries(&p),
			    "police/1=1 police/1=2 r1@1796169600 police/2=1 "
			    "police/2=2 r1@1796169600");
	/* nothing on the days between */
	assert_int_equal(go_to(&p, DUE_DAY), 0);
	p.context.now = DUE_DAY + DAY - 1;
	assert_int_equal(open_due(&p, &next_at), 0);
	assert_int_equal(next_at, DUE_DAY + DAY);
	/* Wednesday at the list's hour: reminders alone */
	add_version_of(&p, 3, 3, 1, "OFFICIAL", "police");
	assert_int_equal(go_to(&p, DUE_DAY + DAY), 2);
	assert_string_equal(reminded(&p), "1.1 1.2 2.1 2.2");
	assert_string_equal(store_text(&p.store,
				       "SELECT content_key FROM letter"
				       " ORDER BY id DESC LIMIT 1"),
			    " r1@1796169600");
	assert_int_equal(store_number(&p.store, "SELECT count(*) FROM digest"
						" WHERE kind = 'notes'"),
			 1);
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event"
				      " WHERE kind = 'reminder-planned'"),
			 4);
	/* then never again */
	for (int day = 2; day < 30; day++)
		go_to(&p, DUE_DAY + day * DAY);
	assert_string_equal(reminded(&p), "1.1 1.2 2.1 2.2");
	planning_close(&p);
}

static void f20_no_mail_of_reminders_alone_on_a_free_day(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	/* due on Tuesday, four days after that is a Saturday */
	store_do(&p.store, "UPDATE list SET reminders = '4',"
			   " schedule = 'weekly wed 16:30'");
	go_to(&p, DUE_DAY + DAY + 9 * HOUR);
	assert_int_equal(go_to(&p, DUE_DAY + 4 * DAY + 12 * HOUR), 0);
	assert_int_equal(go_to(&p, DUE_DAY + 5 * DAY + 12 * HOUR), 0);
	/* Monday at the hour that the list's digests have */
	assert_int_equal(go_to(&p, DUE_DAY + 6 * DAY + 8 * HOUR), 0);
	assert_int_equal(go_to(&p, DUE_DAY + 6 * DAY + 8 * HOUR + HOUR / 2), 2);
	planning_close(&p);
}

static void f20_never_a_second_mail_on_one_day(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	store_do(&p.store, "UPDATE list SET reminders = '1'");
	/* on Wednesday morning person 1 gets a mail run by hand */
	p.context.now = DUE_DAY + DAY - HOUR;
	store_do(&p.store, "UPDATE member SET status = 'left' WHERE id = 12;"
			   "UPDATE list SET reminders = ''");
	add_version_of(&p, 2, 2, 1, "OFFICIAL", "police");
	open_now(&p, "police", true);
	assert_int_equal(plan_all(&p, 100), 1);
	store_do(&p.store, "UPDATE member SET status = 'active' WHERE id = 12;"
			   "UPDATE list SET reminders = '1'");
	assert_int_equal(go_to(&p, DUE_DAY + DAY), 1);
	assert_string_equal(reminded(&p), "2.1");
	/* the next working day it goes to them, too */
	assert_int_equal(go_to(&p, DUE_DAY + 2 * DAY), 1);
	assert_string_equal(reminded(&p), "1.1 2.1");
	planning_close(&p);
}

static void f20_a_list_that_sends_at_once_reminds_in_the_morning(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	store_do(&p.store, "UPDATE list SET schedule = 'immediately'");
	assert_int_equal(go_to(&p, DUE_DAY - DAY - 1), 0);
	assert_int_equal(go_to(&p, DUE_DAY - DAY), 2);
	assert_string_equal(reminded(&p), "1.1 2.1");
	planning_close(&p);
}

static void f20_nothing_of_it_in_a_rehearsal(void **state)
{
	struct planning p;
	int opened;
	int64_t next_at;
	bool more;

	(void)state;
	begin(&p);
	p.context.now = DUE_DAY + DAY;
	store_begin(&p.store);
	store_check(&p.store,
		    digest_open_due(p.store.db, &p.context, false, 10000, &more,
				    &opened, &next_at, &p.store.err));
	store_commit(&p.store);
	plan_all(&p, 100);
	assert_string_equal(reminded(&p), "");
	planning_close(&p);
}

/* However planning is cut, each gets one. */
static void f30_in_slices(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	p.context.now = DUE_DAY - DAY;
	assert_int_equal(open_due(&p, NULL), 1);
	assert_int_equal(plan_all(&p, 1), 2);
	assert_string_equal(reminded(&p), "1.1 2.1");
	planning_close(&p);
}

/* --- at the claim */

static size_t claim(struct planning *p, size_t *ret_cancelled)
{
	struct share *share = share_new(10);
	struct outbox_claims claims;
	const struct outbox_wish wish = {.is_live = true,
					 .share = share,
					 .relay = "r",
					 .key_id = 'k',
					 .max = 10};

	store_begin(&p->store);
	store_check(&p->store,
		    outbox_claim(p->store.db, &p->context, &wish,
				 p->store.arena, &claims, &p->store.err));
	store_commit(&p->store);
	share_free(share);
	*ret_cancelled = (size_t)claims.cancelled;
	return claims.count;
}

static void f30_confirmed_while_the_reminder_waited(void **state)
{
	struct planning p;
	size_t cancelled;

	(void)state;
	for (int is_attested = 0; is_attested < 2; is_attested++) {
		begin(&p);
		go_to(&p, DUE_DAY - DAY);
		if (is_attested)
			attest(&p, 2);
		else
			store_do(&p.store,
				 "UPDATE requirement SET acknowledged_at = 5,"
				 " grade = 'confirmed' WHERE person_id = 2");
		assert_int_equal(claim(&p, &cancelled), 1);
		assert_int_equal(cancelled, 1);
		assert_string_equal(
		    store_text(&p.store,
			       "SELECT person_id || detail FROM delivery"
			       " WHERE state = 'cancelled'"),
		    "2a reminder is no longer due");
		planning_close(&p);
	}
}

/* What else was in that mail goes again. */
static void f30_the_rest_of_it_goes(void **state)
{
	struct planning p;
	size_t cancelled;

	(void)state;
	begin(&p);
	add_version_of(&p, 2, 2, 1, "OFFICIAL", "police");
	go_to(&p, DUE_DAY - DAY);
	store_do(&p.store, "UPDATE briefing SET withdrawn_at = 5 WHERE id = 2;"
			   "UPDATE version SET closed_at = 5,"
			   " closed_as = 'withdrawn' WHERE id = 2");
	assert_int_equal(claim(&p, &cancelled), 0);
	assert_int_equal(cancelled, 2);
	assert_int_equal(claim(&p, &cancelled), 2);
	assert_int_equal(cancelled, 0);
	assert_string_equal(deliveries(&p),
			    "police/1=1 police/1= r1@1796169600 police/2=1 "
			    "police/2= r1@1796169600");
	assert_string_equal(reminded(&p), "1.1 2.1");
	planning_close(&p);
}

/* --- withdrawals */

#define WITHDRAWN                                                              \
	"UPDATE briefing SET withdrawn_at = 1795430000;"                       \
	"UPDATE version SET closed_at = 1795430000, closed_as = 'withdrawn'"

static void f10_who_is_told_of_a_withdrawal(void **state)
{
	static const struct who_case cases[] = {
	    {"all who had it", WITHDRAWN, "1 2"},
	    {"also who had confirmed it",
	     "UPDATE requirement SET acknowledged_at = 5, grade = 'confirmed'"
	     " WHERE person_id = 2;" WITHDRAWN,
	     "1 2"},
	    {"not whom it did not reach",
	     "UPDATE delivery SET state = 'refused' WHERE person_id = "
	     "2;" WITHDRAWN,
	     "1"},
	    {"not who is gone",
	     "UPDATE member SET status = 'left' WHERE id = 12;" WITHDRAWN, "1"},
	    {"not when it is in force again",
	     WITHDRAWN ";UPDATE briefing SET withdrawn_at = NULL", ""},
	    {"not of another version",
	     "UPDATE version SET closed_at = 5, closed_as = 'superseded'", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static const char told[] =
		    "SELECT group_concat(person_id, ' ') FROM withdrawal_told";
		struct planning p;

		begin(&p);
		store_do(&p.store, cases[i].sql);
		/* Tuesday is no slot: in the morning */
		go_to(&p, NOW + DAY);
		const char *found = store_text(&p.store, told);
		if (strcmp(found, cases[i].expected) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, found);
		/* once */
		for (int day = 2; day < 10; day++)
			assert_int_equal(go_to(&p, NOW + day * DAY), 0);
		planning_close(&p);
	}
}

/* By hand: so many lists were opened. */
static int tell_now(struct planning *p)
{
	int lists;

	store_check(&p->store, digest_tell_withdrawal(p->store.db, "LTB-1",
						      "Ann", p->context.now,
						      &lists, &p->store.err));
	return lists;
}

/* On a Sunday, to who had a mail of that day, without the reminder that is due
 * besides, and once. */
static void f20_a_withdrawal_is_told_at_once(void **state)
{
	static const char today[] =
	    "INSERT INTO delivery (digest_id, person_id, generation, letter_id,"
	    " mode, state, due_at, created_at, ended_at, domain)"
	    " SELECT digest_id, person_id, 2, letter_id, mode, 'accepted', "
	    "1795939200, 1795939200, 1795939200, domain FROM delivery";
	struct planning p;

	(void)state;
	begin(&p);
	add_version_of(&p, 2, 2, 1, "OFFICIAL", "police");
	p.context.now = NOW + DAY;
	open_now(&p, "police", true);
	plan_all(&p, 100);
	store_do(&p.store, "UPDATE delivery SET state = 'accepted',"
			   " ended_at = 1795507200 WHERE state = 'due';"
			   "UPDATE requirement SET due_at = 1795996799"
			   " WHERE version_id = 2");
	p.context.now = NOW + 6 * DAY; /* Sunday */
	store_do(&p.store, today);
	store_do(&p.store, "UPDATE briefing SET withdrawn_at = 1795939200"
			   " WHERE id = 1;"
			   "UPDATE version SET closed_at = 1795939200,"
			   " closed_as = 'withdrawn' WHERE briefing_id = 1");
	assert_int_equal(go_to(&p, NOW + 6 * DAY), 0);
	assert_int_equal(tell_now(&p), 1);
	assert_int_equal(plan_all(&p, 1), 2);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT group_concat(person_id || '=' || version_id,"
		       " ' ') FROM withdrawal_told"),
	    "1=1 2=1");
	assert_string_equal(reminded(&p), "");
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(part) FROM letter_version"
				 " WHERE letter_id = (SELECT max(id) FROM"
				 " letter)"),
	    "withdrawn");
	tell_now(&p);
	assert_int_equal(plan_all(&p, 100), 0);
	planning_close(&p);
}

static void f20_only_lists_that_had_it_are_opened(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	assert_int_equal(tell_now(&p), 0); /* it is not withdrawn */
	store_do(&p.store, WITHDRAWN);
	assert_int_equal(tell_now(&p), 1);
	/* it is being planned */
	assert_int_equal(tell_now(&p), 0);
	assert_string_equal(
	    store_text(&p.store, "SELECT list_id || ' ' || requested_by FROM"
				 " digest WHERE kind = 'notes'"),
	    "1 Ann");
	planning_close(&p);
}

/* A notice of withdrawal is not held up by what it tells of. */
static void f20_that_it_was_withdrawn_may_go(void **state)
{
	struct planning p;
	size_t cancelled;

	(void)state;
	begin(&p);
	store_do(&p.store, WITHDRAWN);
	go_to(&p, NOW + DAY);
	assert_int_equal(claim(&p, &cancelled), 2);
	assert_int_equal(cancelled, 0);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_who_is_reminded),
	    cmocka_unit_test(f10_who_signed_a_sheet_is_not_reminded),
	    cmocka_unit_test(
		f10_a_day_without_a_slot_has_a_digest_of_reminders),
	    cmocka_unit_test(f20_no_mail_of_reminders_alone_on_a_free_day),
	    cmocka_unit_test(f20_never_a_second_mail_on_one_day),
	    cmocka_unit_test(
		f20_a_list_that_sends_at_once_reminds_in_the_morning),
	    cmocka_unit_test(f20_nothing_of_it_in_a_rehearsal),
	    cmocka_unit_test(f30_in_slices),
	    cmocka_unit_test(f30_confirmed_while_the_reminder_waited),
	    cmocka_unit_test(f30_the_rest_of_it_goes),
	    cmocka_unit_test(f10_who_is_told_of_a_withdrawal),
	    cmocka_unit_test(f20_a_withdrawal_is_told_at_once),
	    cmocka_unit_test(f20_only_lists_that_had_it_are_opened),
	    cmocka_unit_test(f20_that_it_was_withdrawn_may_go),
	};

	return cmocka_run_group_tests_name("digest_notes", tests, NULL, NULL);
}
