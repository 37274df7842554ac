#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/acknowledgement.h"
#include "core/disown.h"
#include "core/receipt.h"
#include "core/report.h"
#include "golden.h"
#include "last_mail.h"
#include "planning.h"

#define HOUR_LATER (NOW + HOUR)
#define DUE INT64_C(1797292800) /* Monday 14 December ends, 21 days later */
#define CLOSES INT64_C(1811000000)

/* Deliveries 1 and 2 have LTB-1, for persons 1 and 2 on list police, and 3 for
 * person 3 on list health; they were accepted. An hour later. */
static void scene(struct planning *p)
{
	char sql[300];

	planning_open(p);
	store_do(&p->store, "UPDATE board SET mode = 'live'");
	add_version(p, 1);
	open_now(p, "police", true);
	open_now(p, "health", true);
	assert_int_equal(plan_all(p, 100), 3);
	snprintf(sql, sizeof(sql),
		 "UPDATE delivery SET state = 'accepted', attempt = 1,"
		 " ended_at = %lld;"
		 "UPDATE requirement SET due_at = %lld, closes_at = %lld",
		 (long long)NOW + 10, (long long)DUE, (long long)CLOSES);
	store_do(&p->store, sql);
	p->context.now = HOUR_LATER;
}

static int confirm(struct planning *p, int64_t delivery_id, const char *name,
		   const char *reflection)
{
	const struct acknowledgement_tick tick = {.version_id = 1,
						  .reflection = reflection};
	int recorded;

	store_begin(&p->store);
	store_check(&p->store,
		    acknowledgement_record(p->store.db, delivery_id, &tick, 1,
					   name, p->context.now, p->store.arena,
					   &recorded, &p->store.err));
	store_commit(&p->store);
	return recorded;
}

static const struct acknowledgement_item *item(struct planning *p,
					       int64_t delivery_id)
{
	struct acknowledgement_page *page;

	store_check(&p->store,
		    acknowledgement_load(p->store.db, NULL, delivery_id, 180,
					 p->store.arena, &page, &p->store.err));
	assert_int_equal(page->item_count, 1);
	return page->items;
}

/* the receipt that stands for the requirement of a delivery */
static const char *receipt_of(struct planning *p, int64_t delivery_id)
{
	const char *receipt = item(p, delivery_id)->receipt;

	assert_non_null(receipt);
	return receipt;
}

static bool disown(struct planning *p, int64_t delivery_id, const char *receipt)
{
	bool is_new;

	store_begin(&p->store);
	store_check(&p->store,
		    disown_record(p->store.db, &p->context, delivery_id, 1,
				  receipt, &is_new, &p->store.err));
	store_commit(&p->store);
	return is_new;
}

static struct report_figures figures(struct planning *p, int64_t as_of)
{
	struct report *report;

	store_check(&p->store,
		    report_load(p->store.db,
				&(struct report_filter){.as_of = as_of},
				p->store.arena, &report, &p->store.err));
	const struct report_figures *sum = &report->total;
	assert_int_equal(sum->required, sum->acknowledged + sum->outstanding +
					    sum->missed + sum->exempt +
					    sum->closed);
	return *sum;
}

/* the last notice's mail, and to whom */
static const char *last_mail(struct planning *p)
{
	return last_mail_to(&p->store, &p->settings, "l@x.example", "Lee");
}

#define TOLD                                                                   \
	"SELECT coalesce(group_concat(a.address, ' '), '') FROM notice n"      \
	" JOIN delivery d ON d.notice_id = n.id"                               \
	" JOIN addressee a ON a.delivery_id = d.id WHERE n.kind = 'disowned'"

static void f10_it_ends_by_a_new_record(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	assert_int_equal(confirm(&p, 1, NULL, "Mine, or not."), 1);
	const char *receipt = receipt_of(&p, 1);
	p.context.now += 90;
	assert_true(disown(&p, 1, receipt));
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT acknowledged_at IS NULL AND grade IS NULL AND"
		       " receipt IS NULL AND event_id IS NULL AND missed_at IS"
		       " NULL AND closed_at IS NULL FROM requirement WHERE"
		       " person_id = 1"),
	    "1");
	/* the event points at the one that it undoes, which stays */
	assert_string_equal(
	    store_text(
		&p.store,
		"SELECT e.kind || ' ' || e.actor || ' ' || (json_extract("
		"e.body, '$.event') = x.event_id) || ' ' || json_extract("
		"e.body, '$.as') || ' ' || a.kind || ' ' || x.grade || ' ' ||"
		" (x.disowned_at - x.acknowledged_at) FROM disowned x"
		" JOIN event e ON e.id = x.disowned_event_id"
		" JOIN event a ON a.id = x.event_id"),
	    "acknowledgement-disowned person:public-1 1 required acknowledged "
	    "confirmed-with-reflection 90");
	assert_int_equal(item(&p, 1)->state, ACKNOWLEDGEMENT_OUTSTANDING);
	assert_int_equal(item(&p, 1)->disowned_at, p.context.now);
	assert_int_equal(item(&p, 1)->due_at, DUE);
	/* once more is harmless */
	assert_false(disown(&p, 1, receipt));
	assert_string_equal(store_text(&p.store, TOLD), "l@x.example");
	planning_close(&p);
}

static void f10_figures_of_a_time_before_stay(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	confirm(&p, 1, NULL, "Mine, or not.");
	confirm(&p, 2, NULL, NULL);
	p.context.now += 90;
	struct report_figures before = figures(&p, p.context.now - 1);
	disown(&p, 1, receipt_of(&p, 1));
	struct report_figures after = figures(&p, p.context.now - 1);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(before.acknowledged, 2);
	assert_int_equal(before.reflected, 1);
	after = figures(&p, p.context.now);
	assert_int_equal(after.acknowledged, 1);
	assert_int_equal(after.in_time, 1);
	assert_int_equal(after.reflected, 0);
	assert_int_equal(after.outstanding, 2);
	/* and nobody is acknowledged before it was */
	assert_int_equal(figures(&p, HOUR_LATER - 1).acknowledged, 0);
	planning_close(&p);
}

/* as often as it happens: each time has its own */
static void f20_confirmed_anew(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(confirm(&p, 1, NULL, NULL), 1);
		p.context.now += 100;
		assert_true(disown(&p, 1, receipt_of(&p, 1)));
		p.context.now += 100;
	}
	assert_int_equal(confirm(&p, 1, NULL, NULL), 1);
	for (int i = 0; i < 4; i++) {
		int64_t at = HOUR_LATER + 200 * i;

		assert_int_equal(figures(&p, at - 1).acknowledged, 0);
		assert_int_equal(figures(&p, at).acknowledged, 1);
		assert_int_equal(figures(&p, at + 99).acknowledged, 1);
		assert_int_equal(figures(&p, at + 100).acknowledged, i == 3);
	}
	planning_close(&p);
}

/* Who confirmed in their name has the form yet, and a mail on its way. */
static void f20_what_was_shown_before_confirms_nothing(void **state)
{
	struct acknowledgement_tick tick = {.version_id = 1};
	struct acknowledgement_page *page;
	struct planning p;
	size_t count = 1;
	int recorded;

	(void)state;
	scene(&p);
	confirm(&p, 1, NULL, NULL);
	p.context.now += 60;
	int64_t at = p.context.now;
	disown(&p, 1, receipt_of(&p, 1));
	/* in the same turn, and as fast as no form is posted */
	assert_int_equal(confirm(&p, 1, NULL, NULL), 0);
	p.context.now += ACKNOWLEDGEMENT_FORM_SECONDS - 1;
	assert_int_equal(confirm(&p, 1, NULL, NULL), 0);
	p.context.now += 60;
	store_check(&p.store,
		    acknowledgement_load(p.store.db, NULL, 1, 180,
					 p.store.arena, &page, &p.store.err));
	assert_int_equal(
	    acknowledgement_check(page, at, &tick, &count, NULL, p.context.now),
	    ACKNOWLEDGEMENT_DISOWNED);
	assert_int_equal(acknowledgement_check(page, at + 1, &tick, &count,
					       NULL, p.context.now),
			 ACKNOWLEDGEMENT_GOOD);
	assert_int_equal(acknowledgement_check_reply(page, at, p.context.now),
			 ACKNOWLEDGEMENT_DISOWNED);
	store_begin(&p.store);
	store_check(&p.store, acknowledgement_record_reply(
				  p.store.db, page, "dkim", at, p.context.now,
				  &recorded, &p.store.err));
	assert_int_equal(recorded, 0);
	assert_int_equal(
	    acknowledgement_check_reply(page, at + 1, p.context.now),
	    ACKNOWLEDGEMENT_GOOD);
	store_check(&p.store, acknowledgement_record_reply(
				  p.store.db, page, "dkim", at + 1,
				  p.context.now, &recorded, &p.store.err));
	assert_int_equal(recorded, 1);
	store_commit(&p.store);
	planning_close(&p);
}

#define CLOSED "closed_at = 1795424404, closed_as = "

/* Where the duty is then, of which nothing had been confirmed. */
static void f20_the_duty_is_where_it_was(void **state)
{
	static const struct {
		const char *name;
		int64_t at;         /* when it is disowned */
		const char *change; /* before that */
		int outstanding, overdue, missed, closed, flagged;
		const char *told;
	} cases[] = {
	    {"outstanding", HOUR_LATER + 9, "SELECT 1", 1, 0, 0, 0, 0,
	     "It is to be confirmed by"},
	    {"overdue", DUE + 9, "SELECT 1", 1, 1, 0, 0, 0,
	     "counts as overdue"},
	    {"its window is over", CLOSES, "SELECT 1", 0, 0, 1, 0, 0,
	     "counts as missed"},
	    {"it had been missed", HOUR_LATER + 9,
	     "UPDATE requirement SET missed_at = 1795421000", 0, 0, 1, 0, 0,
	     "counts as missed"},
	    {"the version was replaced", HOUR_LATER + 9,
	     "UPDATE version SET " CLOSED "'superseded'", 0, 0, 0, 1, 0,
	     "withdrawn or replaced"},
	    {"and the window is over since", CLOSES + 9,
	     "UPDATE version SET " CLOSED "'superseded'", 0, 0, 0, 1, 0,
	     "withdrawn or replaced"},
	    {"replaced after the window", CLOSES + 9,
	     "UPDATE version SET closed_at = 1811000005, closed_as ="
	     " 'superseded'",
	     0, 0, 1, 0, 0, "counts as missed"},
	    {"they left", HOUR_LATER + 9,
	     "UPDATE member SET removed_at = 5 WHERE person_id = 1", 0, 0, 0, 1,
	     0, "closed as left"},
	    {"they left, and the deadline has passed", DUE + 9,
	     "UPDATE member SET removed_at = 5 WHERE person_id = 1", 1, 1, 0, 0,
	     1, "and flagged"},
	    {"they left, and the window is over", CLOSES + 9,
	     "UPDATE member SET removed_at = 5 WHERE person_id = 1", 0, 0, 1, 0,
	     1, "counts as missed"},
	    {"nothing was mailed", CLOSES + 9,
	     "UPDATE delivery SET state = 'cancelled' WHERE id = 1", 1, 1, 0, 0,
	     0, "counts as overdue"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		struct report_figures is, before, after;

		scene(&p);
		confirm(&p, 1, NULL, NULL);
		store_do(&p.store, cases[i].change);
		p.context.now = cases[i].at;
		/* of person 1 alone */
		store_do(&p.store, "DELETE FROM requirement WHERE person_id >"
				   " 1");
		before = figures(&p, cases[i].at - 1);
		assert_true(disown(&p, 1, receipt_of(&p, 1)));
		after = figures(&p, cases[i].at - 1);
		assert_memory_equal(&before, &after, sizeof(before));
		is = figures(&p, cases[i].at);
		if (is.outstanding != cases[i].outstanding ||
		    is.overdue != cases[i].overdue ||
		    is.missed != cases[i].missed ||
		    is.closed != cases[i].closed ||
		    is.flagged != cases[i].flagged)
			fail_msg("%s: outstanding %d, overdue %d, missed %d, "
				 "closed %d, flagged %d",
				 cases[i].name, (int)is.outstanding,
				 (int)is.overdue, (int)is.missed,
				 (int)is.closed, (int)is.flagged);
		if (!strstr(last_mail(&p), cases[i].told))
			fail_msg("%s: no \"%s\" in %s", cases[i].name,
				 cases[i].told, last_mail(&p));
		planning_close(&p);
	}
}

static void f20_so_many_a_day(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	for (int i = 0; i < 9; i++) {
		confirm(&p, 1, NULL, NULL);
		p.context.now += 10;
		assert_int_equal(disown(&p, 1, receipt_of(&p, 1)),
				 i < DISOWN_A_DAY);
		p.context.now += 10;
	}
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM disowned"),
	    DISOWN_A_DAY);
	/* others may, and they tomorrow */
	confirm(&p, 2, NULL, NULL);
	assert_true(disown(&p, 2, receipt_of(&p, 2)));
	p.context.now += DAY;
	assert_true(disown(&p, 1, receipt_of(&p, 1)));
	planning_close(&p);
}

/* only what stands behind that very link */
static void f30_what_is_not_theirs_stays(void **state)
{
	static const struct {
		const char *name;
		int delivery;
		const char *receipt; /* NULL: that of person 1 */
		const char *change;
	} cases[] = {
	    {"another's link", 2, NULL, "SELECT 1"},
	    {"no such link", 99, NULL, "SELECT 1"},
	    {"no such receipt", 1, "0123456789abcdefghjk", "SELECT 1"},
	    {"nothing", 1, "", "SELECT 1"},
	    {"a rehearsal's", 1, NULL,
	     "UPDATE delivery SET mode = 'rehearsal'"},
	    {"erased", 1, NULL, "UPDATE person SET erased_at = 5"},
	    {"of another mail", 1, NULL,
	     "DELETE FROM letter_version WHERE letter_id = 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p);
		confirm(&p, 1, NULL, NULL);
		const char *receipt =
		    cases[i].receipt ? cases[i].receipt : receipt_of(&p, 1);
		store_do(&p.store, cases[i].change);
		p.context.now += 60;
		if (disown(&p, cases[i].delivery, receipt) ||
		    store_number(&p.store, "SELECT count(acknowledged_at) FROM"
					   " requirement") != 1 ||
		    *store_text(&p.store, TOLD))
			fail_msg("%s", cases[i].name);
		planning_close(&p);
	}
}

/* Each name of a shared mailbox has a receipt, and ends its own record. */
static void f30_names_of_a_shared_mailbox(void **state)
{
	struct planning p;
	const char *ann, *bob;

	(void)state;
	scene(&p);
	store_do(&p.store, "UPDATE member SET is_shared = 1");
	assert_int_equal(confirm(&p, 1, "Ann", NULL), 1);
	assert_int_equal(confirm(&p, 1, "Bob", NULL), 1);
	assert_int_equal(confirm(&p, 1, "Cy", NULL), 1);
	ann = receipt_of(&p, 1);
	bob = store_text(&p.store, "SELECT min(receipt) FROM beside WHERE id ="
				   " 1");
	p.context.now += 60;
	assert_int_equal(item(&p, 1)->names, 3);
	struct report_figures before = figures(&p, p.context.now - 1);
	assert_int_equal(before.further, 2);
	assert_true(disown(&p, 1, bob));
	assert_false(disown(&p, 1, bob));
	assert_non_null(strstr(last_mail(&p), "beside what is required"));
	assert_non_null(strstr(last_mail(&p), "Bob"));
	assert_int_equal(item(&p, 1)->names, 2);
	assert_true(disown(&p, 1, ann));
	assert_int_equal(item(&p, 1)->names, 1);
	assert_int_equal(figures(&p, p.context.now).acknowledged, 0);
	assert_int_equal(figures(&p, p.context.now).further, 1);
	struct report_figures after = figures(&p, p.context.now - 1);
	assert_memory_equal(&before, &after, sizeof(before));
	/* the last of them counts for who has a form yet */
	p.context.now += 60;
	assert_true(disown(&p, 1,
			   store_text(&p.store, "SELECT receipt FROM beside "
						"WHERE id = 2")));
	assert_int_equal(item(&p, 1)->disowned_at, p.context.now);
	/* the next name meets what is required, also one from before */
	p.context.now += 60;
	assert_int_equal(confirm(&p, 1, "Bob", NULL), 1);
	assert_int_equal(figures(&p, p.context.now).acknowledged, 1);
	planning_close(&p);
}

/* The receipt says so, and no longer what was written. */
static void f30_its_receipt_tells(void **state)
{
	struct planning p;
	struct receipt *receipt;
	const char *id;

	(void)state;
	scene(&p);
	confirm(&p, 1, NULL, "Mine, or not.");
	id = receipt_of(&p, 1);
	p.context.now += 60;
	disown(&p, 1, id);
	store_check(&p.store, receipt_load(p.store.db, 1, 1, id, p.store.arena,
					   &receipt, &p.store.err));
	assert_non_null(receipt);
	assert_int_equal(receipt->disowned_at, p.context.now);
	assert_int_equal(receipt->confirmed_at, HOUR_LATER);
	assert_string_equal(receipt->reflection, "");
	planning_close(&p);
}

/* names and who has not confirmed what: the lead's alone */
static void f30_the_board_is_told_no_name(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	confirm(&p, 1, NULL, NULL);
	store_do(&p.store, "INSERT INTO suppression VALUES ('l@x.example', 0,"
			   " 0, 5, 'hard', NULL)");
	p.context.now += 60;
	disown(&p, 1, receipt_of(&p, 1));
	assert_string_equal(store_text(&p.store, TOLD), "help@x.example");
	assert_null(strstr(last_mail(&p), "p1@police.example"));
	assert_null(strstr(last_mail(&p), "Person 1"));
	assert_non_null(strstr(last_mail(&p), "LTB-1"));
	planning_close(&p);
}

static void f50_the_mail_to_the_lead(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	confirm(&p, 1, NULL, NULL);
	p.context.now += DAY;
	disown(&p, 1, receipt_of(&p, 1));
	const char *mail = last_mail(&p);
	golden_check("mail-disowned.eml", mail, strlen(mail));
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_it_ends_by_a_new_record),
	    cmocka_unit_test(f10_figures_of_a_time_before_stay),
	    cmocka_unit_test(f20_confirmed_anew),
	    cmocka_unit_test(f20_what_was_shown_before_confirms_nothing),
	    cmocka_unit_test(f20_the_duty_is_where_it_was),
	    cmocka_unit_test(f20_so_many_a_day),
	    cmocka_unit_test(f30_what_is_not_theirs_stays),
	    cmocka_unit_test(f30_names_of_a_shared_mailbox),
	    cmocka_unit_test(f30_its_receipt_tells),
	    cmocka_unit_test(f30_the_board_is_told_no_name),
	    cmocka_unit_test(f50_the_mail_to_the_lead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
