#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/lead_week.h"
#include "core/letter.h"
#include "core/link.h"
#include "core/roster.h"
#include "golden.h"
#include "last_mail.h"
#include "planning.h"

#define WEEK (7 * DAY)

/* how many leads were told */
static int look(struct planning *p)
{
	int told, all = 0;
	bool more = true;

	while (more) {
		store_begin(&p->store);
		store_check(&p->store,
			    lead_week_tell_due(p->store.db, &p->context, 1,
					       &more, &told, &p->store.err));
		store_commit(&p->store);
		all += told;
	}
	return all;
}

/* Deliveries 1 and 2, of persons 1 and 2 on list police, and 3, of person 3 on
 * list health, were accepted; the first Monday is dealt with. */
static void scene(struct planning *p)
{
	planning_open(p);
	store_do(&p->store, "UPDATE board SET mode = 'live'");
	add_version(p, 1);
	open_now(p, "police", true);
	open_now(p, "health", true);
	assert_int_equal(plan_all(p, 100), 3);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " attempt = 1, ended_at = 1795420810;"
			    "UPDATE requirement SET acknowledged_at ="
			    " 1795420900, grade = 'confirmed'");
	assert_int_equal(look(p), 0);
	p->context.now += 3 * DAY;
}

/* a delivery's mail came back */
static void come_back(struct planning *p, int delivery, const char *class)
{
	char sql[1000];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO returned (sha256, place, kind, class,"
		 " delivery_id, is_understood, code, status, text, recorded_at)"
		 " VALUES ('s%d', '', 'returned', '%s', %d, 1, 550, '',"
		 " 'Words of a <server>', %lld);"
		 "UPDATE delivery SET state = 'bounced' WHERE id = %d",
		 delivery, class, delivery, (long long)p->context.now,
		 delivery);
	store_do(&p->store, sql);
}

static void suppress(struct planning *p, const char *address)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO suppression VALUES ('%s', 0, 0, %lld, 'hard',"
		 " NULL)",
		 address, (long long)p->context.now);
	store_do(&p->store, sql);
}

/* "to list, ..." */
static const char *notices(struct planning *p)
{
	return store_text(&p->store,
			  "SELECT coalesce(group_concat(a.address || ' ' ||"
			  " l.name, ', '), '')"
			  " FROM notice n JOIN delivery d ON d.notice_id = n.id"
			  " JOIN addressee a ON a.delivery_id = d.id"
			  " JOIN list l ON l.id = n.list_id");
}

/* the last notice's mail; in the store's arena */
static const char *last_mail(struct planning *p)
{
	return last_mail_to(&p->store, &p->settings, "l@x.example", "Lee");
}

static void f10_on_mondays_and_only_their_own(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	come_back(&p, 1, "hard");
	suppress(&p, "p1@police.example");
	come_back(&p, 2, "block");
	assert_int_equal(look(&p), 0);
	p.context.now = NOW + WEEK - 1;
	assert_int_equal(look(&p), 0);
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	assert_int_equal(look(&p), 0);
	assert_string_equal(notices(&p), "l@x.example police");
	const char *mail = last_mail(&p);
	assert_null(strstr(mail, "p3@nhs.example"));
	golden_check("mail-lead-week.eml", mail, strlen(mail));
	/* who is suppressed is told of until it is mended, the other once */
	p.context.now += WEEK + DAY;
	assert_int_equal(look(&p), 1);
	mail = last_mail(&p);
	assert_non_null(strstr(mail, "p1@police.example"));
	assert_null(strstr(mail, "p2@police.example"));
	planning_close(&p);
}

static void f20_nothing_to_tell(void **state)
{
	static const struct {
		const char *name, *sql;
	} cases[] = {
	    {"nothing failed", ""},
	    {"released since", "UPDATE suppression SET suppressed_at = NULL,"
			       " why = NULL, released_at = 1795700000"},
	    {"corrected", "UPDATE identity SET address_key = 'n@x.example',"
			  " address = 'n@x.example' WHERE person_id = 1"},
	    {"off the list", "UPDATE member SET removed_at = 1"},
	    {"left", "UPDATE member SET status = 'left'"},
	    {"the list is gone", "UPDATE list SET removed_at = 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p);
		if (i > 0) {
			come_back(&p, 1, "hard");
			suppress(&p, "p1@police.example");
		}
		p.context.now = NOW + WEEK;
		store_do(&p.store, cases[i].sql);
		if (look(&p) != 0 || *notices(&p))
			fail_msg("%s", cases[i].name);
		planning_close(&p);
	}
}

/* Refused at once is as good a reason as come back. */
static void f20_what_the_relay_refused(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	store_do(&p.store,
		 "UPDATE delivery SET state = 'refused', ended_at = 1795680001"
		 " WHERE id = 3;"
		 "INSERT INTO attempt VALUES (3, 1, 1, 1795680001, 'refused',"
		 " '', '', 552, '5.2.2', 'Mailbox full', '', 1, 1)");
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	assert_string_equal(notices(&p), "l@x.example health");
	assert_non_null(strstr(last_mail(&p), "Their mailbox is full"));
	planning_close(&p);
}

static void f20_mail_to_the_lead_comes_back_too(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	come_back(&p, 1, "hard");
	suppress(&p, "p1@police.example");
	suppress(&p, "l@x.example");
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	assert_string_equal(notices(&p), "help@x.example police");
	assert_null(strstr(last_mail(&p), "p1@police.example"));
	assert_non_null(strstr(last_mail(&p), "lead_address"));
	planning_close(&p);
}

/* their confirmation is taken back */
static void await(struct planning *p, int person)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "UPDATE requirement SET acknowledged_at = NULL, grade = NULL"
		 " WHERE person_id = %d",
		 person);
	store_do(&p->store, sql);
}

static void f10_what_is_outstanding(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	await(&p, 1);
	store_do(
	    &p.store,
	    "INSERT INTO action VALUES"
	    " (1, 0, 'A1', 'police', 'Train <all> of them.', '2026-12-31'),"
	    " (1, 1, 'A2', 'nhs', 'Not theirs.', '2026-12-31'),"
	    " (1, 2, 'A3', 'police', 'Later.', '2099-01-01')");
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	assert_string_equal(notices(&p), "l@x.example police");
	const char *mail = last_mail(&p);
	assert_non_null(strstr(mail, "1/2, 50%; 1 outstanding"));
	assert_non_null(strstr(mail, "One person has not confirmed yet"));
	assert_non_null(strstr(mail, "p1@police.example"));
	assert_null(strstr(mail, "p2@police.example"));
	assert_null(strstr(mail, "p3@nhs.example"));
	assert_null(strstr(mail, "Not theirs."));
	assert_null(strstr(mail, "Later."));
	assert_non_null(strstr(mail, "A1, by 31 December 2026: Train <all>"));
	golden_check("mail-lead-week-outstanding.eml", mail, strlen(mail));
	/* who is on leave is not waited for, and counts all the same */
	store_do(&p.store, "UPDATE member SET status = 'on-leave'"
			   " WHERE person_id = 1");
	p.context.now += WEEK;
	assert_int_equal(look(&p), 1);
	mail = last_mail(&p);
	assert_non_null(strstr(mail, "1 outstanding"));
	assert_null(strstr(mail, "p1@police.example"));
	/* what is marked is named, and not told */
	store_do(&p.store, "UPDATE version SET marking = 'OFFICIAL-SENSITIVE'");
	p.context.now += WEEK;
	assert_int_equal(look(&p), 1);
	mail = last_mail(&p);
	assert_non_null(strstr(mail, "A1, by 31 December 2026"));
	assert_null(strstr(mail, "Train"));
	planning_close(&p);
}

/* Who signed a sheet is a number beside the outstanding; with nobody else to
 * wait for there is no mail. */
static void f10_who_signed_a_sheet(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	await(&p, 1);
	await(&p, 2);
	attest(&p, 1);
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	const char *mail = last_mail(&p);
	assert_non_null(strstr(mail, "0/2, 0%; 2 outstanding (of these 1"));
	assert_non_null(strstr(mail, "One person has not confirmed yet"));
	assert_null(strstr(mail, "p1@police.example"));
	assert_non_null(strstr(mail, "p2@police.example"));
	attest(&p, 2);
	p.context.now += WEEK;
	assert_int_equal(look(&p), 0);
	store_do(&p.store, UNDO_SHEETS);
	p.context.now += WEEK;
	assert_int_equal(look(&p), 1);
	mail = last_mail(&p);
	assert_null(strstr(mail, "on paper"));
	assert_non_null(strstr(mail, "p1@police.example"));
	planning_close(&p);
}

static void f20_names_for_nobody_but_the_lead(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	await(&p, 1);
	suppress(&p, "l@x.example");
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	const char *mail = last_mail(&p);
	assert_non_null(strstr(mail, "1 outstanding"));
	assert_null(strstr(mail, "p1@police.example"));
	assert_null(strstr(mail, "not confirmed yet"));
	planning_close(&p);
}

static void f30_late_and_after_a_clock_that_was_ahead(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	come_back(&p, 1, "hard");
	suppress(&p, "p1@police.example");
	p.context.now = NOW + 3 * WEEK + DAY;
	assert_int_equal(look(&p), 1);
	p.context.now = NOW + WEEK + DAY;
	assert_int_equal(look(&p), 0);
	p.context.now = NOW + 2 * WEEK;
	assert_int_equal(look(&p), 1);
	planning_close(&p);
}

/* --- when */

static void set_time(struct planning *p, const char *list, const char *words)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "UPDATE list SET lead_mail = '%s' WHERE name = '%s'", words,
		 list);
	store_do(&p->store, sql);
}

static void f10_each_list_at_its_own_time(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	await(&p, 1);
	await(&p, 3);
	set_time(&p, "health", "Friday 16:30");
	p.context.now = NOW + 4 * DAY + 8 * HOUR;
	assert_int_equal(look(&p), 0);
	p.context.now += HOUR / 2;
	assert_int_equal(look(&p), 1);
	assert_string_equal(notices(&p), "l@x.example health");
	assert_non_null(strstr(last_mail(&p), "Fridays,"));
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	assert_string_equal(notices(&p),
			    "l@x.example health, l@x.example police");
	assert_non_null(strstr(last_mail(&p), "Mondays,"));
	p.context.now = NOW + 4 * DAY + 8 * HOUR + HOUR / 2 + WEEK;
	assert_int_equal(look(&p), 1);
	planning_close(&p);
}

/* Told last on NOW, a Monday; the time is changed on Thursday. */
static void f20_a_time_that_is_changed(void **state)
{
	static const struct {
		const char *words;
		int days; /* from NOW on: the next mail */
	} cases[] = {
	    {"mon 08:00", 7},  {"tue 08:00", 8}, {"wed 08:00", 9},
	    {"thu 08:00", 10}, /* today: three days after the last */
	    {"fri 08:00", 4},  {"sat 08:00", 5}, {"sun 08:00", 6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		int days = 3;

		scene(&p);
		await(&p, 1);
		set_time(&p, "police", cases[i].words);
		for (p.context.now = NOW + days * DAY; look(&p) == 0;
		     p.context.now += DAY)
			days++;
		if (days != cases[i].days)
			fail_msg("%s: after %d days", cases[i].words, days);
		p.context.now += WEEK - 1;
		assert_int_equal(look(&p), 0);
		p.context.now += 1;
		assert_int_equal(look(&p), 1);
		planning_close(&p);
	}
}

/* --- looking at it */

/* the preview's text, in the store's arena; NULL: there is none */
static const char *preview(struct planning *p, const char *name)
{
	struct letter_person person;
	struct roster_list *list;
	struct notice_owner to;
	struct letter letter;
	struct buf out;

	store_check(&p->store,
		    roster_load_list(p->store.db, name, p->store.arena, &list,
				     &p->store.err));
	if (!lead_week_preview(p->store.db, &p->context, list, false, &letter,
			       &to, &p->store.err)) {
		assert_int_equal(p->store.err.kind, ERR_GONE);
		return NULL;
	}
	letter_person_specimen(&p->settings, to.address, to.name,
			       p->store.arena, &person);
	buf_init(&out, LETTER_MAX_SIZE);
	store_check(&p->store,
		    letter_show_text(&letter, &person, &out, &p->store.err));
	const char *text = arena_strdup(p->store.arena, out.data);
	buf_done(&out);
	letter_done(&letter);
	return text;
}

static void f10_a_preview_names_nobody_and_changes_nothing(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	assert_null(preview(&p, "police"));
	await(&p, 1);
	come_back(&p, 2, "hard");
	suppress(&p, "p2@police.example");
	const char *text = preview(&p, "police");
	assert_non_null(strstr(text, "1/2, 50%; 1 outstanding"));
	assert_non_null(strstr(text, "A. Member, a.member@example.org"));
	assert_null(strstr(text, "p1@police.example"));
	/* whom no mail reaches is the board's business, too */
	assert_non_null(strstr(text, "p2@police.example"));
	assert_non_null(strstr(text, "Mondays,"));
	assert_null(preview(&p, "health"));
	assert_string_equal(notices(&p), "");
	p.context.now = NOW + WEEK;
	assert_int_equal(look(&p), 1);
	assert_non_null(strstr(last_mail(&p), "p1@police.example"));
	planning_close(&p);
}

static struct lead_week_standing standing_of(struct planning *p,
					     const char *name)
{
	struct lead_week_standing standing;
	struct roster_list *list;

	store_check(&p->store,
		    roster_load_list(p->store.db, name, p->store.arena, &list,
				     &p->store.err));
	store_check(&p->store, lead_week_load_standing(
				   p->store.db, &p->context, list,
				   p->store.arena, &standing, &p->store.err));
	return standing;
}

static void f10_how_a_lead_stands(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	struct lead_week_standing lead = standing_of(&p, "police");
	assert_int_equal(lead.suppressed_at, 0);
	assert_string_equal(lead.owner.address, "l@x.example");
	assert_int_equal(lead.next_at, NOW + WEEK);
	assert_int_equal(lead.unreachable, 0);
	assert_int_equal(lead.reach_count, 0);
	await(&p, 1);
	suppress(&p, "p1@police.example");
	suppress(&p, "l@x.example");
	lead = standing_of(&p, "police");
	assert_int_equal(lead.suppressed_at, p.context.now);
	assert_string_equal(lead.owner.address, "help@x.example");
	assert_int_equal(lead.unreachable, 1);
	assert_int_equal(lead.reach_count, 1);
	assert_int_equal(lead.reach[0].required, 2);
	assert_int_equal(lead.reach[0].acknowledged, 1);
	assert_int_equal(lead.reach[0].outstanding, 1);
	planning_close(&p);
}

/* It says what look does. */
static void f20_when_the_next_goes(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	await(&p, 1);
	set_time(&p, "police", "thu 08:00");
	assert_int_equal(standing_of(&p, "police").next_at, NOW + 10 * DAY);
	set_time(&p, "police", "fri 08:00");
	assert_int_equal(standing_of(&p, "police").next_at, NOW + 4 * DAY);
	/* nobody looked in time */
	p.context.now = NOW + 5 * DAY;
	assert_int_equal(standing_of(&p, "police").next_at, NOW + 4 * DAY);
	assert_int_equal(look(&p), 1);
	assert_int_equal(standing_of(&p, "police").next_at, NOW + 11 * DAY);
	/* under a clock that was ahead */
	p.context.now = NOW + 2 * DAY;
	assert_int_equal(standing_of(&p, "police").next_at, NOW + 4 * DAY);
	planning_close(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_on_mondays_and_only_their_own),
	    cmocka_unit_test(f10_what_is_outstanding),
	    cmocka_unit_test(f10_who_signed_a_sheet),
	    cmocka_unit_test(f20_names_for_nobody_but_the_lead),
	    cmocka_unit_test(f20_nothing_to_tell),
	    cmocka_unit_test(f20_what_the_relay_refused),
	    cmocka_unit_test(f20_mail_to_the_lead_comes_back_too),
	    cmocka_unit_test(f10_each_list_at_its_own_time),
	    cmocka_unit_test(f10_a_preview_names_nobody_and_changes_nothing),
	    cmocka_unit_test(f10_how_a_lead_stands),
	    cmocka_unit_test(f20_a_time_that_is_changed),
	    cmocka_unit_test(f20_when_the_next_goes),
	    cmocka_unit_test(f30_late_and_after_a_clock_that_was_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
