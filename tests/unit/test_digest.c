#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/briefing.h"
#include "core/roster.h"
#include "planning.h"
#include "store.h"

/* --- what is new to whom */

struct news_case {
	const char *name, *sql, *expected;
};

static void one_version(struct planning *p)
{
	add_version(p, 1);
}

static void two_versions(struct planning *p)
{
	add_version(p, 1);
	add_version(p, 2);
}

/* person 4 is on both lists */
static void on_both(struct planning *p)
{
	add_version(p, 1);
	add_person(p, 4, "police.example");
	add_member(p, 1, 4);
	add_member(p, 2, 4);
}

static void marked(struct planning *p)
{
	add_version(p, 1);
	add_version_of(p, 2, 2, 1, "OFFICIAL-SENSITIVE", "all");
	add_person(p, 4, "elsewhere.example");
	add_member(p, 1, 4);
}

static void run_cases(void (*scene)(struct planning *),
		      const struct news_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct planning p;

		planning_open(&p);
		scene(&p);
		store_do(&p.store, cases[i].sql);
		open_now(&p, "police", true);
		open_now(&p, "health", true);
		plan_all(&p, 100);
		const char *found = deliveries(&p);
		if (strcmp(found, cases[i].expected) != 0)
			fail_msg("%s: \"%s\" and not \"%s\"", cases[i].name,
				 found, cases[i].expected);
		/* whoever got it has nothing new now */
		open_now(&p, "police", true);
		open_now(&p, "health", true);
		assert_int_equal(plan_all(&p, 100), 0);
		planning_close(&p);
	}
}

static void f10_new_to_a_person(void **state)
{
#define ALL "health/3=1 police/1=1 police/2=1"
#define BUT_2 "health/3=1 police/1=1"
	static const struct news_case cases[] = {
	    {"for all", "", ALL},
	    {"for an agency", "UPDATE version SET audience = '[\"police\"]'",
	     "police/1=1 police/2=1"},
	    {"for a word", "UPDATE version SET audience = '[\"nhs\"]'",
	     "health/3=1"},
	    {"for nobody here", "UPDATE version SET audience = '[\"housing\"]'",
	     ""},
	    {"embargoed", "UPDATE version SET not_before_at = 1795420801", ""},
	    {"embargo over", "UPDATE version SET not_before_at = 1795420800",
	     ALL},
	    {"withdrawn",
	     "UPDATE briefing SET withdrawn_at = 5, withdrawn_reason = ''", ""},
	    {"circulated before", "UPDATE version SET already_circulated = 1",
	     ""},
	    {"joined after the approval",
	     "UPDATE member SET since_on = '2026-11-20' WHERE id = 12", BUT_2},
	    {"joined on its day",
	     "UPDATE member SET since_on = '2026-11-19' WHERE id = 12", ALL},
	    {"seen first after the approval",
	     "UPDATE member SET joined_at = 1795132800 WHERE id = 12", BUT_2},
	    {"on leave", "UPDATE member SET status = 'on-leave' WHERE id = 12",
	     BUT_2},
	    {"left", "UPDATE member SET status = 'left' WHERE id = 12", BUT_2},
	    {"row gone", "UPDATE member SET removed_at = 5 WHERE id = 12",
	     BUT_2},
	    {"not for me, by a record",
	     "INSERT INTO member_status VALUES"
	     " (1, 12, 'not-for-me', 5, NULL, 'h', 5, 'x')",
	     BUT_2},
	    {"a record of a row that changed",
	     "INSERT INTO member_status VALUES"
	     " (1, 12, 'left', 5, NULL, 'old', 5, 'x')",
	     ALL},
	    {"on leave until now",
	     "INSERT INTO member_status VALUES"
	     " (1, 12, 'on-leave', 5, 1795420800, 'h', 5, 'x')",
	     ALL},
	    {"on leave until later",
	     "INSERT INTO member_status VALUES"
	     " (1, 12, 'on-leave', 5, 1795420801, 'h', 5, 'x')",
	     BUT_2},
	    {"to leave later",
	     "INSERT INTO member_status VALUES"
	     " (1, 12, 'left', 1795420801, NULL, 'h', 5, 'x')",
	     ALL},
	    {"erased", "DELETE FROM identity WHERE person_id = 2", BUT_2},
	};

	(void)state;
	run_cases(one_version, cases, sizeof(cases) / sizeof(*cases));
}

static void f10_versions_in_one_mail(void **state)
{
	static const struct news_case cases[] = {
	    {"both", "", "health/3=1,2 police/1=1,2 police/2=1,2"},
	    {"the second is a version of the first",
	     "UPDATE version SET briefing_id = 1, number = 2 WHERE id = 2",
	     "health/3=2 police/1=2 police/2=2"},
	    {"one each",
	     "UPDATE version SET audience = '[\"nhs\"]' WHERE"
	     " id = 1; UPDATE version SET audience ="
	     " '[\"police\"]' WHERE id = 2",
	     "health/3=1 police/1=2 police/2=2"},
	    {"a joiner gets the later one",
	     "UPDATE version SET approved_on = '2026-11-21' WHERE id = 2;"
	     "UPDATE member SET since_on = '2026-11-20' WHERE id = 12",
	     "health/3=1,2 police/1=1,2 police/2=2"},
	};

	(void)state;
	run_cases(two_versions, cases, sizeof(cases) / sizeof(*cases));
}

/* 3 is version 2 of LTB-1, in force, to police alone; person 1 had the first */
static void a_new_version(struct planning *p)
{
	add_version_of(p, 1, 1, 1, "OFFICIAL", "police");
	open_now(p, "police", true);
	plan_all(p, 100);
	store_do(&p->store,
		 "UPDATE delivery SET state = 'accepted', ended_at = 5"
		 " WHERE person_id = 1;"
		 "UPDATE delivery SET state = 'cancelled', detail = 'x'"
		 " WHERE person_id = 2");
	add_version_of(p, 3, 1, 2, "OFFICIAL", "police");
	store_do(&p->store, "UPDATE version SET carries = 1 WHERE id = 3");
	p->context.now += HOUR;
}

static void f10_a_small_change_goes_to_whom_the_text_did_not_reach(void **state)
{
	static const struct news_case cases[] = {
	    {"small", "", "police/1=1 police/2=3"},
	    {"the same, confirmed",
	     "UPDATE requirement SET acknowledged_at = 5,"
	     " grade = 'confirmed'",
	     "police/1=1"},
	    {"material",
	     "UPDATE version SET carries = 0 WHERE id = 3;"
	     "UPDATE version SET closed_at = 5, closed_as = 'superseded'"
	     " WHERE id = 1",
	     "police/1=1 police/1=3 police/2=3"},
	    {"a later version is in force",
	     "INSERT INTO version SELECT 4, 1, 3, 'h4', kind, title, language,"
	     " marking, approved_by, approved_on, approval_ref, not_before_at,"
	     " acknowledge_within_days, publish, already_circulated, audience,"
	     " themes, key_messages, questions, 1, '', 0, taken_at, NULL, NULL,"
	     " summary FROM version WHERE id = 3",
	     "police/1=1 police/2=4"},
	};

	(void)state;
	run_cases(a_new_version, cases, sizeof(cases) / sizeof(*cases));
}

/* The duty of the text that never went ends where the new one's begins. */
static void f20_one_duty_of_a_small_change(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	a_new_version(&p);
	open_now(&p, "police", true);
	plan_all(&p, 100);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT group_concat(x, ' ') FROM (SELECT person_id ||"
		       " '/' || version_id || coalesce(closed_as, '') AS x FROM"
		       " requirement ORDER BY person_id, version_id)"),
	    "1/1 2/1superseded 2/3");
	planning_close(&p);
}

/* What ended before, and what is overdue, is told of as it was. */
static void f20_a_small_change_ends_nothing_twice(void **state)
{
	static const struct {
		const char *sql, *expected;
	} cases[] = {
	    {"UPDATE version SET closed_at = 5, closed_as = 'superseded'"
	     " WHERE id = 1",
	     "5"},
	    {"UPDATE requirement SET due_at = 7 WHERE version_id = 1", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		planning_open(&p);
		a_new_version(&p);
		store_do(&p.store, cases[i].sql);
		open_now(&p, "police", true);
		plan_all(&p, 100);
		assert_string_equal(
		    store_text(&p.store,
			       "SELECT coalesce(closed_at, '') FROM"
			       " standing_requirement WHERE person_id = 2 AND"
			       " version_id = 1"),
		    cases[i].expected);
		planning_close(&p);
	}
}

/* A mail that was cancelled at its claim because a small change came goes with
 * that one, and at once. */
static void f30_a_small_change_takes_the_place_of_what_is_due(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	a_new_version(&p);
	store_begin(&p.store);
	store_check(&p.store, digest_plan_person(p.store.db, &p.context, 1, 2,
						 &p.store.err));
	store_commit(&p.store);
	assert_string_equal(deliveries(&p), "police/1=1 police/2=3");
	planning_close(&p);
}

/* --- the back catalogue */

/* three that are essential, of which person 2 joined too late for two */
static void a_catalogue(struct planning *p)
{
	for (int i = 1; i <= 3; i++)
		add_version_of(p, i, i, 1, "OFFICIAL", "police");
	store_do(&p->store,
		 "UPDATE version SET essential = 1,"
		 " approved_on = '2026-10-0' || id;"
		 "UPDATE list SET catalogue_per_week = 1;"
		 "UPDATE member SET since_on = '2026-10-03' WHERE id = 12");
}

static void f10_a_joiner_gets_what_is_essential(void **state)
{
#define P1 "police/1=1,2,3 "
	static const struct news_case cases[] = {
	    {"one of two, and what is new", "", P1 "police/2=2,3"},
	    {"both", "UPDATE list SET catalogue_per_week = 2",
	     P1 "police/2=1,2,3"},
	    {"none", "UPDATE list SET catalogue_per_week = 0", P1 "police/2=3"},
	    {"what is not essential, never",
	     "UPDATE version SET essential = 0 WHERE id = 2",
	     P1 "police/2=1,3"},
	    {"history, to the joiner alone",
	     "UPDATE version SET already_circulated = 1 WHERE id < 3",
	     "police/1=3 police/2=2,3"},
	    {"not what was withdrawn",
	     "UPDATE briefing SET withdrawn_at = 5 WHERE id = 2",
	     "police/1=1,3 police/2=1,3"},
	};

	(void)state;
	run_cases(a_catalogue, cases, sizeof(cases) / sizeof(*cases));
}

/* so many in any seven days, until all were had */
static void f20_the_catalogue_is_paced(void **state)
{
	static const struct {
		int day, mails;
	} slots[] = {{0, 2}, {3, 0}, {6, 0}, {7, 1}, {14, 0}, {21, 0}};
	struct planning p;

	(void)state;
	planning_open(&p);
	a_catalogue(&p);
	for (size_t i = 0; i < sizeof(slots) / sizeof(*slots); i++) {
		/* some minutes earlier each time */
		p.context.now = NOW + slots[i].day * DAY - (int64_t)i * 60;
		open_now(&p, "police", true);
		if (plan_all(&p, 100) != slots[i].mails)
			fail_msg("day %d: %s", slots[i].day, deliveries(&p));
	}
	assert_string_equal(deliveries(&p),
			    "police/1=1,2,3 police/2=2,3 police/2=1");
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM requirement"), 6);
	planning_close(&p);
}

static void f10_a_person_on_two_lists_gets_one_mail(void **state)
{
#define REST " police/1=1 police/2=1"
	static const struct news_case cases[] = {
	    {"first by name", "", "health/3=1 health/4=1" REST},
	    {"primary", "UPDATE member SET is_primary = 1 WHERE id = 14",
	     "health/3=1" REST " police/4=1"},
	    {"primary, but it is not for that list",
	     "UPDATE member SET is_primary = 1 WHERE id = 14;"
	     "UPDATE version SET audience = '[\"nhs\"]'",
	     "health/3=1 health/4=1"},
	    {"on leave from the one",
	     "UPDATE member SET status = 'on-leave' WHERE id = 24",
	     "health/3=1" REST " police/4=1"},
	    {"left the one", "UPDATE member SET removed_at = 5 WHERE id = 24",
	     "health/3=1" REST " police/4=1"},
	};

	(void)state;
	run_cases(on_both, cases, sizeof(cases) / sizeof(*cases));
}

static void f20_marked_content_stays_in_the_lists_domains(void **state)
{
	static const struct news_case cases[] = {
	    {"no domain, no marked content", "",
	     "health/3=1 police/1=1,2 police/2=1,2 police/4=1"},
	    {"a domain of two",
	     "UPDATE list SET domains ="
	     " '[\"police.example\",\"Elsewhere.Example\"]' WHERE id = 1",
	     "health/3=1 police/1=1,2 police/2=1,2 police/4=1,2"},
	    {"a subdomain is another",
	     "UPDATE identity SET address = 'p2@sub.police.example'"
	     " WHERE person_id = 2",
	     "health/3=1 police/1=1,2 police/2=1 police/4=1"},
	};
	struct planning p;

	(void)state;
	run_cases(marked, cases, sizeof(cases) / sizeof(*cases));

	planning_open(&p);
	marked(&p);
	for (int i = 0; i < 3; i++) {
		open_now(&p, "health", true);
		open_now(&p, "police", true);
		plan_all(&p, 100);
	}
	/* told once each */
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT group_concat(person_id || '/' || version_id) "
		       "FROM withheld"),
	    "3/2,4/2");
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE kind ="
				      " 'delivery-withheld'"),
			 2);
	planning_close(&p);
}

/* --- what stands from before */

static void f20_what_a_person_had(void **state)
{
	static const struct {
		const char *name, *sql, *expected;
		bool is_new;
	} cases[] = {
	    {"accepted", "UPDATE delivery SET state = 'accepted'", "", false},
	    {"refused", "UPDATE delivery SET state = 'refused'", "", false},
	    {"in doubt", "UPDATE delivery SET state = 'unsure'", "", false},
	    {"cancelled", "UPDATE delivery SET state = 'cancelled'", "", true},
	    {"cancelled, but confirmed",
	     "UPDATE delivery SET state = 'cancelled';"
	     "UPDATE requirement SET acknowledged_at = 5, grade ="
	     " 'confirmed'",
	     "", false},
	    {"cancelled and exempt",
	     "UPDATE delivery SET state = 'cancelled';"
	     "UPDATE requirement SET closed_at = 5, closed_as = 'exempt'",
	     "", false},
	    {"cancelled when they left, and they are back",
	     "UPDATE delivery SET state = 'cancelled';"
	     "UPDATE requirement SET closed_at = 5, closed_as = 'left'",
	     "", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		int64_t first;

		planning_open(&p);
		add_version(&p, 1);
		first = open_now(&p, "health", true);
		plan_all(&p, 100);
		store_do(&p.store, cases[i].sql);
		p.context.now += HOUR;
		int64_t second = open_now(&p, "health", true);
		if ((second != 0) != cases[i].is_new)
			fail_msg("%s: digest %lld", cases[i].name,
				 (long long)second);
		assert_int_not_equal(first, second);
		assert_int_equal(plan_all(&p, 100), cases[i].is_new);
		/* one requirement, and it goes with what stands */
		assert_int_equal(
		    store_number(&p.store, "SELECT count(*) FROM requirement"),
		    1);
		if (cases[i].is_new)
			assert_string_equal(
			    store_text(&p.store,
				       "SELECT (r.delivery_id = (SELECT max(id)"
				       " FROM delivery)) || coalesce(closed_at,"
				       " 'open') FROM requirement r"),
			    "1open");
		planning_close(&p);
	}
}

static void f20_rehearsal_counts_for_nothing(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	open_now(&p, "police", false);
	assert_int_equal(plan_all(&p, 100), 2);
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM requirement"), 0);
	assert_int_equal(store_number(&p.store, "SELECT count(*) FROM delivery"
						" WHERE mode = 'rehearsal'"),
			 2);
	assert_int_equal(open_now(&p, "police", false), 0);
	/* and all of it is new when the board goes live, in the same second */
	assert_int_not_equal(open_now(&p, "police", true), 0);
	assert_int_equal(plan_all(&p, 100), 2);
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM requirement"), 2);
	planning_close(&p);
}

static void f30_a_change_of_mode_ends_what_is_planned(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	assert_int_not_equal(open_now(&p, "police", true), 0);
	store_begin(&p.store);
	store_check(&p.store, digest_end_other_mode(p.store.db, false, NOW,
						    &p.store.err));
	store_commit(&p.store);
	assert_int_equal(plan_all(&p, 100), 0);
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM requirement"), 0);
	/* nobody is left out when it is live again */
	assert_int_not_equal(open_now(&p, "police", true), 0);
	assert_int_equal(plan_all(&p, 100), 2);
	planning_close(&p);
}

static void f30_a_joiner_of_many_gets_them_in_parts(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	for (int i = 1; i <= 25; i++)
		add_version(&p, i);
	store_do(&p.store, "UPDATE version SET approved_on = '2026-11-18'"
			   " WHERE id <= 5");
	open_now(&p, "health", true);
	plan_all(&p, 100);
	p.context.now += HOUR;
	open_now(&p, "health", true);
	plan_all(&p, 100);
	assert_string_equal(deliveries(&p),
			    "health/3=6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
			    "21,22,23,24,25 health/3=1,2,3,4,5");
	planning_close(&p);
}

/* --- what planning writes */

static void f10_what_a_delivery_is_made_of(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	add_version(&p, 2);
	open_now(&p, "police", true);
	assert_int_equal(plan_all(&p, 100), 2);
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(person_id || a.address ||"
				 " a.name || state || generation || attempt ||"
				 " due_at) FROM delivery d JOIN addressee a ON"
				 " a.delivery_id = d.id"),
	    "1p1@police.examplePerson 1due101795420800,"
	    "2p2@police.examplePerson 2due101795420800");
	/* one letter for both */
	assert_string_equal(
	    store_text(&p.store, "SELECT count(*) || content_key || made_at ||"
				 " sender FROM letter"),
	    "11,21795420800learning@x.example");
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM letter_version"), 2);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT group_concat(version_id || '/' || person_id ||"
		       " agency || delivery_id || ' ' || required_at || ' ' ||"
		       " due_at || ' ' || closes_at, ';') FROM requirement"
		       " WHERE person_id = 2 AND version_id = 1"),
	    "1/2police2 1795420800 1797292800 1810972800");
	planning_close(&p);
}

static void f20_deadlines(void **state)
{
	static const struct {
		const char *name, *sql;
		int64_t now, due_at;
	} cases[] = {
	    {"the briefing's 21 days", "", NOW, 1797292800 /* 15 Dec 00:00 */},
	    {"the list's 7 days", "UPDATE list SET deadline_days = 7", NOW,
	     NOW - 8 * HOUR + 8 * DAY},
	    {"the settings' 14 days",
	     "UPDATE version SET acknowledge_within_days = 0", NOW,
	     NOW - 8 * HOUR + 15 * DAY},
	    /* sent on 20 March 2027 and due in summer time, on a Saturday */
	    {"the clocks change", "UPDATE list SET deadline_days = 14",
	     1805529600, 1806966000 /* Monday 5 April, 24:00 in London */},
	    /* 23:30 in London is still the day */
	    {"late in the evening", "UPDATE list SET deadline_days = 1",
	     NOW + 15 * HOUR + 1800, NOW - 8 * HOUR + 2 * DAY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		planning_open(&p);
		add_version(&p, 1);
		store_do(&p.store, cases[i].sql);
		p.context.now = cases[i].now;
		open_now(&p, "health", true);
		plan_all(&p, 100);
		long long due_at =
		    store_number(&p.store, "SELECT due_at FROM requirement");
		if (due_at != cases[i].due_at)
			fail_msg("%s: %lld and not %lld", cases[i].name, due_at,
				 (long long)cases[i].due_at);
		planning_close(&p);
	}
}

static void f20_events_name_nobody(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	open_now(&p, "police", true);
	plan_all(&p, 100);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT group_concat(kind || ' ' || substr(actor, 1, 9),"
		       " ';') FROM event"),
	    "digest-opened operator:;letter-made briefingd;"
	    "delivery-planned briefingd;delivery-planned briefingd;"
	    "digest-planned briefingd");
	assert_string_equal(
	    store_text(&p.store, "SELECT body FROM event WHERE kind ="
				 " 'delivery-planned' ORDER BY id LIMIT 1"),
	    arena_printf(
		p.store.arena,
		"{\"agency\":\"police\",\"closes_at\":%lld,\"delivery\":1,"
		"\"digest\":1,\"generation\":1,\"letter\":1,"
		"\"list\":\"police\",\"mode\":\"live\",\"person\":\"public-1\","
		"\"required\":\"1:%lld\",\"versions\":\"1\"}",
		store_number(&p.store,
			     "SELECT closes_at FROM requirement LIMIT 1"),
		store_number(&p.store,
			     "SELECT due_at FROM requirement LIMIT 1")));
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE body"
				      " GLOB '*@*' OR body GLOB '*Person*'"),
			 0);
	planning_close(&p);
}

/* Planning may be cut off anywhere: at each step it is first done and undone,
 * and in the end all is as if nothing had happened. */
static void f30_cut_off_anywhere(void **state)
{
	struct planning p;
	int deliveries_made;
	bool more;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	for (int i = 4; i < 10; i++) {
		add_person(&p, i, "police.example");
		add_member(&p, 1, i);
	}
	open_now(&p, "police", true);
	do {
		store_begin(&p.store);
		store_check(&p.store,
			    digest_plan_slice(p.store.db, &p.context, 3, &more,
					      &deliveries_made, &p.store.err));
		db_rollback(p.store.db);
		store_begin(&p.store);
		store_check(&p.store,
			    digest_plan_slice(p.store.db, &p.context, 3, &more,
					      &deliveries_made, &p.store.err));
		store_commit(&p.store);
	} while (more);
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM delivery"), 8);
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM requirement"), 8);
	assert_int_equal(store_number(&p.store, "SELECT count(*) FROM letter"),
			 1);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT state || cursor || planned_at FROM digest"),
	    "planned191795420800");
	/* a cursor that was lost with a power cut plans nobody twice */
	store_do(&p.store, "UPDATE digest SET state = 'planning', cursor = 0");
	assert_int_equal(plan_all(&p, 3), 0);
	planning_close(&p);
}

static void f30_a_list_that_went_is_planned_no_further(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	open_now(&p, "police", true);
	store_do(&p.store, "UPDATE list SET removed_at = 5 WHERE id = 1");
	assert_int_equal(plan_all(&p, 100), 0);
	assert_string_equal(store_text(&p.store, "SELECT state FROM digest"),
			    "planned");
	planning_close(&p);
}

/* health attaches its documents, and the store has lost one of version 1 */
static void lose_a_document(struct planning *p)
{
	store_do(&p->store,
		 "UPDATE list SET documents = 'attached' WHERE id = 2;"
		 "INSERT INTO document VALUES (1, 1, 'a.pdf', 'A', 'aa', 3,"
		 " 'application/pdf')");
}

static void f40_a_digest_that_fails_holds_up_no_other(void **state)
{
	struct planning p;
	int made;
	bool more;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	lose_a_document(&p);
	open_now(&p, "health", true);
	open_now(&p, "police", true);
	store_begin(&p.store);
	assert_false(digest_plan_slice(p.store.db, &p.context, 100, &more,
				       &made, &p.store.err));
	db_rollback(p.store.db);
	store_begin(&p.store);
	store_check(&p.store, digest_postpone(p.store.db, NOW, &p.store.err));
	store_check(&p.store, digest_plan_slice(p.store.db, &p.context, 100,
						&more, &made, &p.store.err));
	store_commit(&p.store);
	assert_int_equal(made, 2);
	assert_true(more);
	store_do(&p.store, "DELETE FROM document");
	assert_int_equal(plan_all(&p, 100), 1);
	planning_close(&p);
}

static void f40_a_claim_does_not_fail_by_a_letter(void **state)
{
	struct planning p;
	int64_t id;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	add_version(&p, 2);
	id = open_now(&p, "health", true);
	plan_all(&p, 100);
	store_do(&p.store, "UPDATE delivery SET state = 'cancelled';"
			   "UPDATE briefing SET withdrawn_at = 5 WHERE id = 2");
	lose_a_document(&p);
	store_begin(&p.store);
	store_check(&p.store, digest_plan_person(p.store.db, &p.context, id, 3,
						 &p.store.err));
	store_commit(&p.store);
	assert_string_equal(deliveries(&p), "");
	/* it is still new, at the next slot */
	store_do(&p.store, "DELETE FROM document");
	p.context.now += HOUR;
	assert_int_not_equal(open_now(&p, "health", true), 0);
	assert_int_equal(plan_all(&p, 100), 1);
	planning_close(&p);
}

/* --- slots */

static int open_due(struct planning *p, int64_t *ret_next_at)
{
	int64_t next_at = -1;
	int opened = -1;
	bool more = true;

	store_begin(&p->store);
	store_check(&p->store,
		    digest_open_due(p->store.db, &p->context, true, SIZE_MAX,
				    &more, &opened, &next_at, &p->store.err));
	store_commit(&p->store);
	assert_false(more);
	if (ret_next_at)
		*ret_next_at = next_at;
	return opened;
}

static void f20_slots_are_opened_once(void **state)
{
	struct planning p;
	int64_t next_at;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	p.context.now = NOW - 1;
	assert_int_equal(open_due(&p, &next_at), 0);
	assert_int_equal(next_at, NOW);
	p.context.now = NOW;
	assert_int_equal(open_due(&p, &next_at), 2);
	assert_int_equal(next_at, NOW + DAY); /* at most a day */
	assert_int_equal(open_due(&p, NULL), 0);
	assert_int_equal(plan_all(&p, 100), 3);
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE kind IN"
				      " ('digest-opened', 'digest-planned') AND"
				      " actor = 'briefingd'"),
			 4);
	/* the next week has nothing new: no digest, but it is dealt with */
	p.context.now = NOW + 7 * DAY;
	assert_int_equal(open_due(&p, NULL), 0);
	assert_int_equal(
	    store_number(&p.store, "SELECT min(slots_from_at) FROM list"),
	    NOW + 7 * DAY);
	planning_close(&p);
}

static void f20_a_missed_slot_is_run_once_and_late(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	p.context.now = NOW + 22 * DAY; /* down for three weeks */
	assert_int_equal(open_due(&p, NULL), 2);
	assert_int_equal(store_number(&p.store, "SELECT max(slot_at) = "
						"min(slot_at) FROM digest"),
			 1);
	assert_int_equal(store_number(&p.store, "SELECT slot_at FROM digest"),
			 NOW + 21 * DAY);
	plan_all(&p, 100);
	/* nobody's time runs before the mail went */
	assert_int_equal(
	    store_number(&p.store, "SELECT min(due_at) FROM requirement"),
	    NOW - 8 * HOUR + (22 + 22) * DAY);
	assert_int_equal(open_due(&p, NULL), 0);
	planning_close(&p);
}

static void f20_immediately(void **state)
{
	struct planning p;
	int64_t next_at;

	(void)state;
	planning_open(&p);
	store_do(&p.store, "UPDATE list SET schedule = 'immediately'");
	assert_int_equal(open_due(&p, &next_at), 0);
	/* looked over: again in five minutes, or when a version comes */
	assert_int_equal(next_at, NOW + 300);
	p.context.now = NOW + 60;
	add_version(&p, 1);
	assert_int_equal(open_due(&p, NULL), 0);
	store_do(&p.store, "UPDATE version SET taken_at = 1795420830");
	assert_int_equal(open_due(&p, NULL), 2);
	assert_int_equal(open_due(&p, NULL), 0);
	assert_int_equal(plan_all(&p, 100), 3);
	/* an embargo's end is a time to look */
	add_version(&p, 2);
	store_do(&p.store, "UPDATE version SET not_before_at = 1795420870"
			   " WHERE id = 2");
	assert_int_equal(open_due(&p, &next_at), 0);
	assert_int_equal(next_at, 1795420870);
	p.context.now = next_at;
	assert_int_equal(open_due(&p, NULL), 2);
	assert_int_equal(plan_all(&p, 100), 3);
	/* what came in this very second is looked for again */
	p.context.now += 1;
	assert_int_equal(open_due(&p, NULL), 0);
	/* a joiner is found by looking over */
	add_person(&p, 5, "police.example");
	add_member(&p, 1, 5);
	p.context.now += 299;
	assert_int_equal(open_due(&p, NULL), 0);
	p.context.now += 1;
	assert_int_equal(open_due(&p, NULL), 1);
	planning_close(&p);
}

/* one slice that ends with the list of its first member; was that not all? */
static bool open_one(struct planning *p, int *ret_opened)
{
	int64_t next_at;
	bool more = false;

	store_begin(&p->store);
	store_check(&p->store,
		    digest_open_due(p->store.db, &p->context, true, 1, &more,
				    ret_opened, &next_at, &p->store.err));
	store_commit(&p->store);
	return more;
}

/* Each slice is a transaction of its own: a daemon that dies between two goes
 * on with the lists that are left. */
static void f40_many_lists_are_opened_in_slices(void **state)
{
	struct planning p;
	int opened;

	(void)state;
	planning_open(&p);
	add_list(&p, 3, "schools", "all", "");
	add_person(&p, 4, "school.example");
	add_member(&p, 3, 4);
	add_version(&p, 1);
	assert_true(open_one(&p, &opened));
	assert_int_equal(opened, 1);
	assert_true(open_one(&p, &opened));
	assert_int_equal(opened, 1);
	assert_false(open_one(&p, &opened));
	assert_int_equal(opened, 1);
	assert_false(open_one(&p, &opened));
	assert_int_equal(opened, 0);
	assert_int_equal(
	    store_number(&p.store,
			 "SELECT count(DISTINCT list_id) FROM digest"),
	    3);
	planning_close(&p);
}

/* Nothing is new, and something happened in the very second of the looks. */
static void f40_a_second_look_keeps_no_list_waiting(void **state)
{
	struct planning p;
	int opened;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	store_do(&p.store, "UPDATE list SET schedule = 'immediately';"
			   "UPDATE member SET since_on = '2026-11-22';"
			   "UPDATE version SET taken_at = 1795420800");
	assert_true(open_one(&p, &opened));
	assert_false(open_one(&p, &opened));
	assert_int_equal(
	    store_number(&p.store, "SELECT min(slots_from_at) FROM list"), NOW);
	/* what came since is looked for in the next second, in both */
	p.context.now++;
	assert_true(open_one(&p, &opened));
	assert_false(open_one(&p, &opened));
	assert_int_equal(
	    store_number(&p.store, "SELECT min(slots_from_at) FROM list"),
	    NOW + 1);
	planning_close(&p);
}

/* A clock that was a day ahead, and was put right */
static void f50_the_clock_goes_back(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	store_do(&p.store, "UPDATE list SET schedule = 'immediately'");
	p.context.now = NOW + 86400;
	add_version(&p, 1);
	assert_int_equal(open_due(&p, NULL), 2);
	assert_int_equal(plan_all(&p, 100), 3);
	p.context.now = NOW;
	assert_int_equal(open_due(&p, NULL), 0);
	add_version(&p, 2);
	p.context.now = NOW + 300;
	assert_int_equal(open_due(&p, NULL), 2);
	assert_int_equal(plan_all(&p, 100), 3);
	planning_close(&p);
}

/* When a list is too long to look over first, planning finds out that nothing
 * is new, and nothing is left of the digest. */
static void f30_a_long_list_with_nothing_new(void **state)
{
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	store_do(&p.store,
		 "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1"
		 " FROM n WHERE i < 1500) INSERT INTO person (id, public_id, "
		 "created_at) SELECT i, 'q' || i,"
		 " 0 FROM n;"
		 "INSERT INTO identity SELECT id, 'p' || id || '@x.example',"
		 " 'p' || id || '@x.example', '', '', '' FROM person WHERE id"
		 " >= 100;"
		 "INSERT INTO member (list_id, person_id, row_key, row_hash,"
		 " is_primary, since_on, joined_at, status, added_at) SELECT 1,"
		 " id, 'k' || id, 'h', 0, '2026-11-22', 0, 'active', 0 FROM"
		 " person WHERE id >= 100;"
		 "UPDATE member SET status = 'left' WHERE person_id < 3");
	assert_int_equal(open_due(&p, NULL), 2);
	assert_int_equal(plan_all(&p, 100), 1); /* health's */
	assert_int_equal(store_number(&p.store, "SELECT count(*) FROM digest"),
			 1);
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE kind ="
				      " 'digest-opened'"),
			 1);
	planning_close(&p);
}

static void f30_by_hand(void **state)
{
	struct planning p;
	struct err err = {0};
	int64_t id;

	(void)state;
	planning_open(&p);
	assert_int_equal(open_now(&p, "police", true), 0);
	add_version(&p, 1);
	id = open_now(&p, "police", true);
	assert_int_not_equal(id, 0);
	/* it is being planned: the same again */
	assert_int_equal(open_now(&p, "police", true), id);
	store_begin(&p.store);
	assert_false(digest_open_now(p.store.db, &p.context, "nobody", true,
				     "jo", &id, &err));
	assert_int_equal(err.kind, ERR_GONE);
	db_rollback(p.store.db);
	planning_close(&p);
}

/* --- after a cancellation */

static void plan_person(struct planning *p, int64_t digest, int64_t person)
{
	store_begin(&p->store);
	store_check(&p->store,
		    digest_plan_person(p->store.db, &p->context, digest, person,
				       &p->store.err));
	store_commit(&p->store);
}

static void f30_what_is_left_goes_in_the_next_generation(void **state)
{
	static const struct news_case cases[] = {
	    {"one was withdrawn",
	     "UPDATE briefing SET withdrawn_at = 5 WHERE id = 1",
	     "police/1=2 police/2=1,2"},
	    {"both were", "UPDATE briefing SET withdrawn_at = 5",
	     "police/2=1,2"},
	    {"the address changed",
	     "UPDATE identity SET address = 'new@police.example' WHERE"
	     " person_id = 1",
	     "police/1=1,2 police/2=1,2"},
	    {"they left", "UPDATE member SET status = 'left' WHERE id = 11",
	     "police/2=1,2"},
	    {"nothing else, and what is new meanwhile waits for its slot", "",
	     "police/1=1,2 police/2=1,2"},
	    {"the delivery stands", "UPDATE delivery SET state = 'accepted'",
	     "police/1=1,2 police/2=1,2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		int64_t id;

		planning_open(&p);
		add_version(&p, 1);
		add_version(&p, 2);
		id = open_now(&p, "police", true);
		plan_all(&p, 100);
		store_do(&p.store, "UPDATE delivery SET state = 'cancelled'"
				   " WHERE person_id = 1");
		add_version(&p, 3);
		store_do(&p.store, cases[i].sql);
		plan_person(&p, id, 1);
		const char *found = deliveries(&p);
		if (strcmp(found, cases[i].expected) != 0)
			fail_msg("%s: \"%s\" and not \"%s\"", cases[i].name,
				 found, cases[i].expected);
		/* the second time there is nothing to do */
		plan_person(&p, id, 1);
		assert_string_equal(deliveries(&p), found);
		planning_close(&p);
	}
}

static void f40_the_duty_goes_with_the_new_delivery(void **state)
{
	struct planning p;
	int64_t id;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	id = open_now(&p, "health", true);
	plan_all(&p, 100);
	store_do(&p.store, "UPDATE delivery SET state = 'cancelled';"
			   "UPDATE identity SET address = 'new@nhs.example'"
			   " WHERE person_id = 3");
	p.context.now = NOW + 3 * DAY;
	plan_person(&p, id, 3);
	/* its deadline stays that of the digest */
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT d.generation || a.address || r.required_at ||"
		       " ' ' || r.due_at FROM requirement r JOIN delivery d ON"
		       " d.id = r.delivery_id JOIN addressee a ON"
		       " a.delivery_id = d.id"),
	    "2new@nhs.example1795420800 1797292800");
	assert_int_equal(store_number(&p.store, "SELECT count(*) FROM letter"),
			 1);
	planning_close(&p);
}

/* --- looking */

static void f30_preview(void **state)
{
	struct roster_list police = {.id = 1, .name = "police"};
	struct roster_list nowhere = {.id = 9, .name = "nowhere"};
	struct digest_preview preview;
	struct err err = {0};
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	store_check(&p.store,
		    digest_preview_person(
			p.store.db, &p.context, &police, "P1@Police.Example",
			true, p.store.arena, &preview, &p.store.err));
	assert_int_equal(preview.count, 1);
	assert_int_equal(preview.person_id, 1);
	assert_string_equal(preview.name, "Person 1");
	assert_string_equal(preview.versions[0]->summary, "Summary.");
	assert_int_equal(preview.due_at[0], 1797292800);
	store_check(&p.store, digest_preview_person(
				  p.store.db, &p.context, &police, NULL, true,
				  p.store.arena, &preview, &p.store.err));
	assert_int_equal(preview.count, 1);
	assert_null(preview.address);

	open_now(&p, "police", true);
	plan_all(&p, 100);
	store_check(&p.store, digest_preview_person(
				  p.store.db, &p.context, &police, NULL, true,
				  p.store.arena, &preview, &p.store.err));
	assert_int_equal(preview.count, 0);

	assert_false(digest_preview_person(p.store.db, &p.context, &police,
					   "p3@nhs.example", true,
					   p.store.arena, &preview, &err));
	assert_int_equal(err.kind, ERR_GONE);
	assert_false(digest_preview_person(p.store.db, &p.context, &nowhere,
					   NULL, true, p.store.arena, &preview,
					   &err));
	assert_int_equal(err.kind, ERR_GONE);
	planning_close(&p);
}

static void f30_count(void **state)
{
	struct roster_list police = {.id = 1, .name = "police"};
	int64_t members, versions;
	struct planning p;

	(void)state;
	planning_open(&p);
	add_version(&p, 1);
	add_version(&p, 2);
	store_do(&p.store,
		 "UPDATE version SET approved_on = '2026-11-21' WHERE id = 2;"
		 "UPDATE member SET since_on = '2026-11-20' WHERE id = 12");
	store_check(&p.store,
		    digest_count_due(p.store.db, &p.context, &police, true,
				     &members, &versions, &p.store.err));
	assert_int_equal(members, 2);
	assert_int_equal(versions, 2);
	open_now(&p, "police", true);
	plan_all(&p, 100);
	store_check(&p.store,
		    digest_count_due(p.store.db, &p.context, &police, true,
				     &members, &versions, &p.store.err));
	assert_int_equal(members, 0);
	assert_int_equal(versions, 0);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_new_to_a_person),
	    cmocka_unit_test(f10_versions_in_one_mail),
	    cmocka_unit_test(
		f10_a_small_change_goes_to_whom_the_text_did_not_reach),
	    cmocka_unit_test(f20_one_duty_of_a_small_change),
	    cmocka_unit_test(f10_a_joiner_gets_what_is_essential),
	    cmocka_unit_test(f20_the_catalogue_is_paced),
	    cmocka_unit_test(f20_a_small_change_ends_nothing_twice),
	    cmocka_unit_test(f30_a_small_change_takes_the_place_of_what_is_due),
	    cmocka_unit_test(f10_a_person_on_two_lists_gets_one_mail),
	    cmocka_unit_test(f10_what_a_delivery_is_made_of),
	    cmocka_unit_test(f20_marked_content_stays_in_the_lists_domains),
	    cmocka_unit_test(f20_what_a_person_had),
	    cmocka_unit_test(f20_rehearsal_counts_for_nothing),
	    cmocka_unit_test(f20_deadlines),
	    cmocka_unit_test(f20_events_name_nobody),
	    cmocka_unit_test(f20_slots_are_opened_once),
	    cmocka_unit_test(f20_a_missed_slot_is_run_once_and_late),
	    cmocka_unit_test(f20_immediately),
	    cmocka_unit_test(f40_many_lists_are_opened_in_slices),
	    cmocka_unit_test(f40_a_second_look_keeps_no_list_waiting),
	    cmocka_unit_test(f30_a_change_of_mode_ends_what_is_planned),
	    cmocka_unit_test(f30_a_joiner_of_many_gets_them_in_parts),
	    cmocka_unit_test(f30_cut_off_anywhere),
	    cmocka_unit_test(f30_a_list_that_went_is_planned_no_further),
	    cmocka_unit_test(f30_a_long_list_with_nothing_new),
	    cmocka_unit_test(f30_by_hand),
	    cmocka_unit_test(f30_what_is_left_goes_in_the_next_generation),
	    cmocka_unit_test(f40_the_duty_goes_with_the_new_delivery),
	    cmocka_unit_test(f40_a_digest_that_fails_holds_up_no_other),
	    cmocka_unit_test(f40_a_claim_does_not_fail_by_a_letter),
	    cmocka_unit_test(f30_preview),
	    cmocka_unit_test(f30_count),
	    cmocka_unit_test(f50_the_clock_goes_back),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
