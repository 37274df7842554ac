#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/escalation.h"
#include "core/letter.h"
#include "golden.h"
#include "planning.h"

/*
 * LTB-1 went to police on Monday 2026-11-23 with 8 days: until the end of
 * Tuesday 1 December. The lead is told after 3 days, the board member after 7.
 */
#define DUE_DAY (NOW + 8 * DAY) /* at 08:00 */

static void begin(struct planning *p)
{
	planning_open(p);
	store_do(&p->store,
		 "UPDATE board SET mode = 'live';"
		 "UPDATE list SET deadline_days = 8, escalate_to_lead_days = 3,"
		 " escalate_to_board_days = 7, board_member = 'B',"
		 " board_member_address = 'b@x.example' WHERE id = 1");
	add_version_of(p, 1, 1, 1, "OFFICIAL", "police");
	open_now(p, "police", true);
	plan_all(p, 100);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " ended_at = 1795420800");
}

/* how many mails at that moment */
static int run_at(struct planning *p, int64_t at)
{
	int all = 0, count;
	bool more;

	p->context.now = at;
	do {
		store_begin(&p->store);
		store_check(&p->store,
			    escalation_run(p->store.db, &p->context, &count,
					   &more, &p->store.err));
		store_commit(&p->store);
		all += count;
	} while (more);
	return all;
}

/* "l@x.example escalation-lead b@..." */
static const char *told(struct planning *p)
{
	return store_text(&p->store,
			  "SELECT group_concat(a.address || ' ' || n.kind,"
			  " ', ') FROM notice n JOIN delivery d ON"
			  " d.notice_id = n.id JOIN addressee a ON"
			  " a.delivery_id = d.id");
}

#define LEAD "l@x.example escalation-lead"
#define BOARD "b@x.example escalation-board"

static void f10_the_lead_then_the_board_each_once(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	/* three days after Tuesday is Friday; not before 08:00 */
	assert_int_equal(run_at(&p, DUE_DAY + 2 * DAY), 0);
	assert_int_equal(run_at(&p, DUE_DAY + 3 * DAY - 1), 0);
	assert_int_equal(run_at(&p, DUE_DAY + 3 * DAY), 1);
	assert_string_equal(told(&p), LEAD);
	assert_int_equal(run_at(&p, DUE_DAY + 6 * DAY + 5 * HOUR), 0);
	assert_int_equal(run_at(&p, DUE_DAY + 7 * DAY), 1);
	assert_string_equal(told(&p), LEAD ", " BOARD);
	for (int day = 8; day < 30; day++)
		assert_int_equal(run_at(&p, DUE_DAY + day * DAY), 0);
	assert_string_equal(
	    store_text(
		&p.store,
		"SELECT group_concat(json_extract(body, '$.to') || ' ' ||"
		" json_extract(body, '$.overdue') || ' ' ||"
		" json_extract(body, '$.versions'), ', ') FROM event"
		" WHERE kind = 'escalated'"),
	    "lead 2 1, board 2 1");
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM event WHERE"
				      " kind = 'escalated' AND"
				      " (body LIKE '%Person%'"
				      " OR body LIKE '%@%')"),
			 0);
	planning_close(&p);
}

static void f10_what_is_told(void **state)
{
	static const struct {
		const char *name, *sql;
		int count;
	} cases[] = {
	    {"all", "", 2},
	    {"not who confirmed",
	     "UPDATE requirement SET acknowledged_at = 5, grade = 'confirmed'"
	     " WHERE person_id = 2",
	     1},
	    {"nobody, and so no mail",
	     "UPDATE requirement SET acknowledged_at = 5, grade = 'confirmed'",
	     0},
	    {"not what was withdrawn",
	     "UPDATE version SET closed_at = 5, closed_as = 'withdrawn'", 0},
	    {"not who is on leave",
	     "UPDATE member SET status = 'on-leave' WHERE id = 12", 1},
	    {"not whose row is gone",
	     "UPDATE member SET removed_at = 5 WHERE id = 12", 1},
	    {"not whom the mail did not reach",
	     "UPDATE delivery SET state = 'refused' WHERE person_id = 2", 1},
	    {"only under the list that asked",
	     "UPDATE requirement SET list_id = 2 WHERE person_id = 2", 1},
	    {"on no list that does not want it",
	     "UPDATE list SET escalate_to_lead_days = 0", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		begin(&p);
		store_do(&p.store, cases[i].sql);
		int mails = run_at(&p, DUE_DAY + 3 * DAY);
		long long count = store_number(
		    &p.store, "SELECT coalesce(sum(json_extract(body,"
			      " '$.overdue')), 0) FROM event WHERE"
			      " kind = 'escalated'");
		if (count != cases[i].count || mails != (cases[i].count > 0))
			fail_msg("%s: %lld in %d mails", cases[i].name, count,
				 mails);
		planning_close(&p);
	}
}

/* Who signed a sheet is counted beside, and nobody hears of a list of whom all
 * did. */
static void f10_who_signed_a_sheet_is_not_chased(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	attest(&p, 1);
	assert_int_equal(run_at(&p, DUE_DAY + 3 * DAY), 1);
	const char *body =
	    store_text(&p.store, "SELECT CAST(body AS TEXT) FROM letter"
				 " ORDER BY id DESC LIMIT 1");
	assert_non_null(strstr(body, "Person 2"));
	assert_null(strstr(body, "Person 1"));
	assert_non_null(strstr(body, "1 more attested on paper"));
	assert_int_equal(store_number(&p.store,
				      "SELECT json_extract(body, '$.overdue')"
				      " FROM event WHERE kind = 'escalated'"),
			 1);
	planning_close(&p);

	begin(&p);
	attest(&p, 1);
	attest(&p, 2);
	assert_int_equal(run_at(&p, DUE_DAY + 3 * DAY), 0);
	/* the board's turn comes after it was undone */
	store_do(&p.store, UNDO_SHEETS);
	assert_int_equal(run_at(&p, DUE_DAY + 7 * DAY), 1);
	assert_string_equal(told(&p), BOARD);
	planning_close(&p);
}

static void f20_not_at_a_weekend(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	store_do(&p.store, "UPDATE list SET escalate_to_lead_days = 4");
	assert_int_equal(run_at(&p, DUE_DAY + 4 * DAY), 0);
	assert_int_equal(run_at(&p, DUE_DAY + 5 * DAY), 0);
	assert_int_equal(run_at(&p, DUE_DAY + 6 * DAY), 1);
	planning_close(&p);
}

/* Of whom the lead alone may know nobody else is told. */
static void f20_no_names_where_no_mail_reaches_the_lead(void **state)
{
	static const char *const cases[] = {
	    "UPDATE list SET lead_address = ''",
	    "INSERT INTO suppression VALUES ('l@x.example', 1, 5, 5, 'hard',"
	    " NULL)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		begin(&p);
		store_do(&p.store, cases[i]);
		assert_int_equal(run_at(&p, DUE_DAY + 3 * DAY), 1);
		assert_string_not_equal(told(&p), LEAD);
		const char *body =
		    store_text(&p.store, "SELECT CAST(body AS TEXT) FROM letter"
					 " ORDER BY id DESC LIMIT 1");
		assert_non_null(strstr(body, "Fewer than 5 people have"));
		assert_null(strstr(body, "Person "));
		planning_close(&p);
	}
}

/* --- the mails */

static void check_golden(struct planning *p, int64_t letter, const char *file)
{
	const struct letter_person person = {.address = "l@x.example",
					     .name = "L",
					     .token = "t",
					     .code = "c",
					     .link = "k",
					     .message_id = "m",
					     .boundary = "b",
					     .boundary_mixed = "x",
					     .reply = "r"};
	struct letter loaded;
	struct buf out;

	store_check(&p->store,
		    letter_load(p->store.db, letter, &loaded, &p->store.err));
	buf_init(&out, LETTER_MAX_SIZE);
	store_check(&p->store,
		    letter_assemble(&loaded, &person, &out, &p->store.err));
	golden_check(file, out.data, out.size);
	buf_done(&out);
	letter_done(&loaded);
}

/* Names to the lead, numbers to the board; what is marked by its ref. */
static void f10_golden_mails(void **state)
{
	struct planning p;

	(void)state;
	begin(&p);
	add_version_of(&p, 2, 2, 1, "OFFICIAL-SENSITIVE", "police");
	for (int person = 5; person < 10; person++) {
		add_person(&p, person, "police.example");
		add_member(&p, 1, person);
	}
	open_now(&p, "police", true);
	plan_all(&p, 100);
	store_do(&p.store,
		 "UPDATE delivery SET state = 'accepted', ended_at = 5;"
		 "UPDATE requirement SET acknowledged_at = 5,"
		 " grade = 'confirmed' WHERE version_id = 2 AND person_id > 2");
	attest(&p, 1);
	assert_int_equal(run_at(&p, DUE_DAY + 9 * DAY), 2);
	check_golden(&p,
		     store_number(&p.store, "SELECT max(id) - 1 FROM letter"),
		     "mail-escalation-lead.eml");
	check_golden(&p, store_number(&p.store, "SELECT max(id) FROM letter"),
		     "mail-escalation-board.eml");
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_the_lead_then_the_board_each_once),
	    cmocka_unit_test(f10_what_is_told),
	    cmocka_unit_test(f10_who_signed_a_sheet_is_not_chased),
	    cmocka_unit_test(f20_not_at_a_weekend),
	    cmocka_unit_test(f20_no_names_where_no_mail_reaches_the_lead),
	    cmocka_unit_test(f10_golden_mails),
	};

	return cmocka_run_group_tests_name("escalation", tests, NULL, NULL);
}
