#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "core/acknowledgement.h"
#include "core/briefing.h"
#include "core/shown.h"
#include "store.h"

#include "scene.h"

#define SENT_AT 1000000LL
#define DUE_AT (SENT_AT + 14 * SCENE_DAY)
#define CLOSES_AT (SENT_AT + 180 * SCENE_DAY)

/* One person, two briefings in mail 1, a third in mail 2. */
static int make_scene(void **state)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store_open(store);
	scene_list(store, 1, "police");
	scene_person(store, 1);
	scene_person(store, 2);
	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	scene_version(store, 2, "LTB-2", 1, "OFFICIAL");
	scene_version(store, 3, "LTB-3", 1, "OFFICIAL");
	scene_letter(store, 1, 1, "live", "1,2");
	scene_letter(store, 2, 1, "live", "3");
	scene_letter(store, 3, 1, "rehearsal", "1");
	scene_delivery(store, 1, 1, 1, "live", SENT_AT, SENT_AT + 5);
	scene_delivery(store, 2, 1, 2, "live", SENT_AT, SENT_AT + 5);
	scene_delivery(store, 3, 1, 3, "rehearsal", SENT_AT, SENT_AT + 5);
	for (int i = 1; i <= 3; i++)
		scene_requirement(store, i, 1, 1, "police", i == 3 ? 2 : 1,
				  SENT_AT, DUE_AT, CLOSES_AT);
	*state = store;
	return 0;
}

static int end_scene(void **state)
{
	store_close(*state);
	free(*state);
	return 0;
}

static struct acknowledgement_page *load(struct store *store, int64_t id)
{
	struct acknowledgement_page *page;

	store_check(store,
		    acknowledgement_load(store->db, NULL, id, 180, store->arena,
					 &page, &store->err));
	return page;
}

static int record_ticks(struct store *store, int64_t delivery_id,
			const struct acknowledgement_tick *ticks, size_t count,
			int64_t now)
{
	int recorded = -1;

	store_begin(store);
	store_check(store, acknowledgement_record(
			       store->db, delivery_id, ticks, count, NULL, now,
			       store->arena, &recorded, &store->err));
	store_commit(store);
	return recorded;
}

static int record(struct store *store, int64_t delivery_id, const int64_t *ids,
		  size_t count, int64_t now)
{
	struct acknowledgement_tick ticks[3] = {{0}};

	for (size_t i = 0; i < count; i++)
		ticks[i].version_id = ids[i];
	return record_ticks(store, delivery_id, ticks, count, now);
}

static void f10_page_has_its_items_and_what_is_later(void **state)
{
	struct acknowledgement_page *page = load(*state, 1);

	assert_string_equal(page->public_id, "person-1");
	assert_string_equal(page->address, "Jo.Bloggs1@example.org");
	assert_false(page->is_rehearsal);
	assert_int_equal(page->accepted_at, SENT_AT + 5);
	assert_int_equal(page->expires_at, CLOSES_AT + 5);
	assert_int_equal(page->item_count, 2);
	assert_string_equal(page->items[1].version->ref, "LTB-2");
	assert_int_equal(page->items[1].state, ACKNOWLEDGEMENT_OUTSTANDING);
	assert_int_equal(page->items[1].due_at, DUE_AT);
	assert_int_equal(page->later_count, 1);
	assert_string_equal(page->later[0].version->ref, "LTB-3");
	assert_null(load(*state, 99));
}

/* As one reading transaction has them: each is read once, and stays. */
static void f20_versions_are_shared(void **state)
{
	struct store *store = *state;
	struct shown *shown = shown_new();
	const struct briefing_version *first, *again, *fresh;
	struct err *err = &store->err;

	store_check(store,
		    shown_load(shown, store->db, 1, store->arena, &first, err));
	store_do(store, "UPDATE briefing SET withdrawn_at = 7,"
			" withdrawn_reason = 'x' WHERE ref = 'LTB-1'");
	store_check(store,
		    shown_load(shown, store->db, 1, store->arena, &again, err));
	store_check(store,
		    shown_load(NULL, store->db, 1, store->arena, &fresh, err));
	assert_ptr_equal(first, again);
	assert_int_equal(first->withdrawn_at, 0);
	assert_int_equal(fresh->withdrawn_at, 7);
	shown_free(shown);
}

static void f20_more_versions_than_are_shared(void **state)
{
	struct store *store = *state;
	struct shown *shown = shown_new();
	const struct briefing_version *version;
	char ref[24];

	for (int i = 10; i < 110; i++) {
		snprintf(ref, sizeof(ref), "LTB-%d", i);
		scene_version(store, i, ref, 1, "OFFICIAL");
	}
	/* the second time some are shared */
	for (int i = 0; i < 200; i++) {
		int id = 10 + i % 100;

		store_check(store,
			    shown_load(shown, store->db, id, store->arena,
				       &version, &store->err));
		snprintf(ref, sizeof(ref), "LTB-%d", id);
		assert_string_equal(version->ref, ref);
	}
	shown_free(shown);
}

static void f10_record_once(void **state)
{
	struct store *store = *state;
	const int64_t ids[] = {1};

	assert_int_equal(record(store, 1, ids, 1, SENT_AT + 100), 1);
	assert_int_equal(record(store, 1, ids, 1, SENT_AT + 200), 0);
	struct acknowledgement_page *page = load(store, 1);
	assert_int_equal(page->items[0].state, ACKNOWLEDGEMENT_RECORDED);
	assert_int_equal(page->items[0].recorded_at, SENT_AT + 100);
	assert_int_equal(page->items[1].state, ACKNOWLEDGEMENT_OUTSTANDING);
	assert_int_equal(store_number(store, "SELECT count(*) FROM event"), 1);
	/* the receipt is random, and the same in both */
	assert_string_equal(
	    store_text(store,
		       "SELECT kind || ' ' || effective_at || ' ' || actor || "
		       "' ' || replace(body, r.receipt, 'X') FROM event "
		       "JOIN requirement r ON r.event_id = event.id"),
	    "acknowledged 1000100 person:person-1 {\"delivery\":1,"
	    "\"grade\":\"confirmed\",\"person\":\"person-1\","
	    "\"receipt\":\"X\",\"ref\":\"LTB-1\",\"version\":1}");
	assert_int_equal(store_number(store, "SELECT length(receipt) FROM "
					     "requirement WHERE id = 1"),
			 20);
}

static void f20_a_reflection_is_kept_apart(void **state)
{
	struct store *store = *state;
	const struct acknowledgement_tick ticks[] = {
	    {1, " I will\r\nsee \x01the child. \r\n"}, {2, " \r\n "}};

	assert_int_equal(record_ticks(store, 1, ticks, 2, SENT_AT + 100), 2);
	assert_string_equal(store_text(store,
				       "SELECT group_concat(grade, ' ') FROM "
				       "requirement WHERE version_id < 3"),
			    "confirmed-with-reflection confirmed");
	assert_string_equal(
	    store_text(store, "SELECT t.name || ' ' || t.text FROM event_text "
			      "t JOIN requirement r USING (event_id)"),
	    "reflection I will\nsee  the child.");
	/* what the event tells of it is a hash */
	assert_int_equal(
	    store_number(store, "SELECT count(*) FROM event WHERE body LIKE "
				"'%child%'"),
	    0);
	assert_int_equal(
	    store_number(store, "SELECT count(*) FROM event WHERE body LIKE "
				"'%\"reflection\":\"%'"),
	    1);
}

static void f20_record_only_what_the_delivery_holds(void **state)
{
	struct store *store = *state;
	const int64_t foreign[] = {3, 99, -1};
	const int64_t own[] = {1};

	assert_int_equal(record(store, 1, foreign, 3, SENT_AT + 100), 0);
	/* nothing counts in a rehearsal, whatever the caller thinks */
	assert_int_equal(record(store, 3, own, 1, SENT_AT + 100), 0);
	assert_int_equal(store_number(store, "SELECT count(*) FROM requirement "
					     "WHERE acknowledged_at > 0"),
			 0);
	assert_int_equal(store_number(store, "SELECT count(*) FROM event"), 0);
}

static void f20_any_mail_with_the_version_confirms_it(void **state)
{
	struct store *store = *state;
	const int64_t ids[] = {1};

	scene_letter(store, 4, 1, "live", "1");
	scene_delivery(store, 4, 1, 4, "live", CLOSES_AT - 5, CLOSES_AT);
	assert_int_equal(record(store, 4, ids, 1, CLOSES_AT + 100), 1);
	assert_int_equal(load(store, 4)->expires_at,
			 CLOSES_AT + 180 * SCENE_DAY);
}

static void f20_withdrawn_and_superseded_are_not_recorded(void **state)
{
	struct store *store = *state;
	const int64_t ids[] = {1, 2};

	store_do(store, "UPDATE briefing SET withdrawn_at = 1, "
			"withdrawn_reason = 'x' WHERE ref = 'LTB-1'");
	scene_version(store, 4, "LTB-2", 2, "OFFICIAL");
	struct acknowledgement_page *page = load(store, 1);
	assert_int_equal(page->items[0].state, ACKNOWLEDGEMENT_WITHDRAWN);
	assert_int_equal(page->items[1].state, ACKNOWLEDGEMENT_SUPERSEDED);
	assert_int_equal(record(store, 1, ids, 2, SENT_AT + 100), 0);
}

static void f20_a_small_change_is_confirmed_as_mailed(void **state)
{
	struct store *store = *state;
	const int64_t mailed[] = {2}, shown[] = {4};

	scene_version(store, 4, "LTB-2", 2, "OFFICIAL");
	scene_carries(store, 4);
	struct acknowledgement_page *page = load(store, 1);
	assert_int_equal(page->items[1].state, ACKNOWLEDGEMENT_OUTSTANDING);
	assert_int_equal(page->items[1].version_id, 2);
	assert_int_equal(page->items[1].version->id, 4);
	assert_int_equal(record(store, 1, shown, 1, SENT_AT + 100), 0);
	assert_int_equal(record(store, 1, mailed, 1, SENT_AT + 100), 1);
	page = load(store, 1);
	assert_int_equal(page->items[1].state, ACKNOWLEDGEMENT_RECORDED);
}

static void f20_closed_is_not_asked_again(void **state)
{
	struct store *store = *state;
	const int64_t ids[] = {1};

	store_do(store, "UPDATE requirement SET closed_at = 1000001, "
			"closed_as = 'left' WHERE version_id IN (1, 3)");
	struct acknowledgement_page *page = load(store, 1);
	assert_int_equal(page->items[0].state, ACKNOWLEDGEMENT_CLOSED);
	assert_int_equal(page->later_count, 0);
	assert_int_equal(record(store, 1, ids, 1, SENT_AT + 100), 0);
}

static void f20_without_a_requirement_nothing_is_asked(void **state)
{
	struct store *store = *state;

	store_do(store, "DELETE FROM requirement WHERE version_id = 1");
	assert_int_equal(load(store, 1)->items[0].state,
			 ACKNOWLEDGEMENT_CLOSED);
	/* but a rehearsal shows what would be asked */
	struct acknowledgement_page *page = load(store, 3);
	assert_true(page->is_rehearsal);
	assert_int_equal(page->items[0].state, ACKNOWLEDGEMENT_OUTSTANDING);
	assert_int_equal(page->later_count, 0);
}

static void f20_erased_person_keeps_the_page(void **state)
{
	struct store *store = *state;

	store_do(store, "DELETE FROM addressee");
	struct acknowledgement_page *page = load(store, 1);
	assert_string_equal(page->address, "");
	assert_string_equal(page->name, "");
	assert_int_equal(page->item_count, 2);
}

/* --- checks: pure --- */

static const struct briefing_version versions[] = {{.id = 7}, {.id = 8}};
static struct acknowledgement_item items[] = {
    {.version_id = 7, .version = &versions[0]},
    {.version_id = 8, .version = &versions[1]}};
#define NOW (SENT_AT + 1000)

static void f10_check(void **state)
{
	static const struct {
		const char *name;
		int64_t shown_at, accepted_at, expires_at;
		bool is_rehearsal;
		int64_t ids[3];
		size_t count, kept;
		enum acknowledgement_verdict verdict;
	} cases[] = {
	    {"good",
	     NOW - 60,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {7, 8},
	     2,
	     2,
	     ACKNOWLEDGEMENT_GOOD},
	    {"twice the same",
	     NOW - 60,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {7, 7},
	     2,
	     1,
	     ACKNOWLEDGEMENT_GOOD},
	    {"foreign ids are dropped",
	     NOW - 60,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {9, 8, -8},
	     3,
	     1,
	     ACKNOWLEDGEMENT_GOOD},
	    {"only foreign ids",
	     NOW - 60,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {9},
	     1,
	     0,
	     ACKNOWLEDGEMENT_NOTHING_TICKED},
	    {"nothing",
	     NOW - 60,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {0},
	     0,
	     0,
	     ACKNOWLEDGEMENT_NOTHING_TICKED},
	    {"no form",
	     0,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_STALE_FORM},
	    {"a form of tomorrow",
	     NOW + 1,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_STALE_FORM},
	    {"a day old",
	     NOW - 86400,
	     5,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_GOOD},
	    {"more than a day",
	     NOW - 86401,
	     5,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_STALE_FORM},
	    {"2 s after the form",
	     NOW - 2,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_FORM_TOO_FAST},
	    {"3 s after the form",
	     NOW - 3,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_GOOD},
	    {"29 s after the mail",
	     NOW - 9,
	     NOW - 29,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_MAIL_TOO_FAST},
	    {"30 s after the mail",
	     NOW - 9,
	     NOW - 30,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_GOOD},
	    {"mail not known to be accepted",
	     NOW - 9,
	     0,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_GOOD},
	    {"the window's last second",
	     NOW - 9,
	     SENT_AT,
	     NOW + 1,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_GOOD},
	    {"after the window",
	     NOW - 9,
	     SENT_AT,
	     NOW,
	     false,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_EXPIRED},
	    {"rehearsal",
	     NOW - 9,
	     SENT_AT,
	     NOW + 1,
	     true,
	     {7},
	     1,
	     1,
	     ACKNOWLEDGEMENT_REHEARSAL},
	    {"rehearsal, nothing ticked",
	     NOW - 9,
	     SENT_AT,
	     NOW + 1,
	     true,
	     {0},
	     0,
	     0,
	     ACKNOWLEDGEMENT_NOTHING_TICKED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct acknowledgement_page page = {
		    .accepted_at = cases[i].accepted_at,
		    .expires_at = cases[i].expires_at,
		    .is_rehearsal = cases[i].is_rehearsal,
		    .items = items,
		    .item_count = 2,
		};
		struct acknowledgement_tick ticks[3] = {{0}};
		size_t count = cases[i].count;

		for (size_t j = 0; j < 3; j++)
			ticks[j].version_id = cases[i].ids[j];
		enum acknowledgement_verdict verdict = acknowledgement_check(
		    &page, cases[i].shown_at, ticks, &count, NULL, NOW);
		if (verdict != cases[i].verdict || count != cases[i].kept)
			fail_msg("%s: verdict %d, kept %zu", cases[i].name,
				 verdict, count);
	}
}

static void f20_a_reflection_has_a_bound(void **state)
{
	struct briefing_version version = {.id = 7};
	struct acknowledgement_item item = {.version_id = 7,
					    .version = &version};
	struct acknowledgement_page page = {
	    .expires_at = 9000, .items = &item, .item_count = 1};
	char text[3 * ACKNOWLEDGEMENT_REFLECTION_MAX + 8] = "\r\n";
	struct acknowledgement_tick tick = {7, text};
	size_t count = 1;

	(void)state;
	/* characters, and not bytes */
	for (int i = 1; i < ACKNOWLEDGEMENT_REFLECTION_MAX; i++)
		strcat(text, "\xe2\x80\x99");
	assert_int_equal(
	    acknowledgement_check(&page, 100, &tick, &count, NULL, 200),
	    ACKNOWLEDGEMENT_GOOD);
	strcat(text, "x");
	assert_int_equal(
	    acknowledgement_check(&page, 100, &tick, &count, NULL, 200),
	    ACKNOWLEDGEMENT_TOO_LONG);
}

/* --- negative receipts --- */

static int close_windows(struct store *store, int64_t now, size_t max)
{
	int count = -1;
	bool more;

	store_begin(store);
	store_check(store,
		    acknowledgement_close_windows(store->db, now, max, &count,
						  &more, &store->err));
	store_commit(store);
	return count;
}

static void f10_windows_close_once(void **state)
{
	struct store *store = *state;
	const int64_t ids[] = {1};

	record(store, 1, ids, 1, SENT_AT + 100);
	assert_int_equal(close_windows(store, CLOSES_AT - 1, 10), 0);
	assert_int_equal(close_windows(store, CLOSES_AT + 60, 1), 1);
	assert_int_equal(close_windows(store, CLOSES_AT + 70, 10), 1);
	assert_int_equal(close_windows(store, CLOSES_AT + 80, 10), 0);
	assert_int_equal(store_number(store, "SELECT count(*) FROM requirement "
					     "WHERE missed_at IS NULL"),
			 1);
	/* in effect when the window closed, written when it was seen */
	assert_int_equal(store_number(store,
				      "SELECT effective_at FROM event "
				      "WHERE kind = 'missed' ORDER BY id"),
			 CLOSES_AT);
	assert_int_equal(store_number(store,
				      "SELECT recorded_at FROM event "
				      "WHERE kind = 'missed' ORDER BY id"),
			 CLOSES_AT + 60);
}

static void f20_who_was_mailed_nothing_missed_nothing(void **state)
{
	struct store *store = *state;

	store_do(store, "UPDATE delivery SET state = 'cancelled'");
	assert_int_equal(close_windows(store, CLOSES_AT + 60, 10), 0);
	assert_int_equal(store_number(store, "SELECT count(*) FROM event "
					     "WHERE kind = 'missed'"),
			 0);
}

static void f20_late_confirmation_keeps_the_negative_receipt(void **state)
{
	struct store *store = *state;
	const int64_t ids[] = {1};

	close_windows(store, CLOSES_AT, 10);
	assert_int_equal(record(store, 1, ids, 1, CLOSES_AT + 2), 1);
	assert_int_equal(store_number(store,
				      "SELECT missed_at FROM requirement "
				      "WHERE acknowledged_at IS NOT NULL"),
			 CLOSES_AT);
}

static void f20_leaving_after_the_deadline_lets_nobody_off(void **state)
{
	struct store *store = *state;

	scene_do(store,
		 "UPDATE requirement SET closed_as = 'left', closed_at = "
		 "CASE version_id WHEN 1 THEN %lld WHEN 2 THEN %lld END "
		 "WHERE version_id IN (1, 2)",
		 DUE_AT, DUE_AT + 1);
	assert_int_equal(close_windows(store, CLOSES_AT, 10), 2);
	assert_int_equal(store_number(store, "SELECT version_id FROM "
					     "requirement WHERE missed_at "
					     "IS NULL"),
			 1);
}

/* The rows follow what their version said long before, slice by slice. */
static void f30_closed_with_its_version_is_not_missed(void **state)
{
	struct store *store = *state;
	const int64_t closed_at = DUE_AT + 5;
	bool more = false;
	int missed;

	scene_do(store,
		 "UPDATE version SET closed_as = 'withdrawn', closed_at = %lld "
		 "WHERE id IN (1, 2)",
		 (long long)closed_at);
	for (int slices = 1; slices <= 2; slices++) {
		store_begin(store);
		store_check(store, acknowledgement_close_windows(
				       store->db, CLOSES_AT, 1, &missed, &more,
				       &store->err));
		store_commit(store);
		assert_int_equal(store_number(store,
					      "SELECT count(*) FROM requirement"
					      " WHERE closed_as = 'withdrawn' "
					      "AND missed_at IS NULL"),
				 slices);
		assert_true(more);
	}
	close_windows(store, CLOSES_AT, 10);
	assert_int_equal(store_number(store, "SELECT min(closed_at) FROM "
					     "requirement"),
			 closed_at);
	assert_int_equal(store_number(store, "SELECT count(*) FROM requirement "
					     "WHERE missed_at IS NULL"),
			 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_scene, end_scene)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_check),
	    CASE(f10_page_has_its_items_and_what_is_later),
	    CASE(f10_record_once),
	    CASE(f20_versions_are_shared),
	    CASE(f20_more_versions_than_are_shared),
	    CASE(f20_a_reflection_is_kept_apart),
	    cmocka_unit_test(f20_a_reflection_has_a_bound),
	    CASE(f10_windows_close_once),
	    CASE(f20_record_only_what_the_delivery_holds),
	    CASE(f20_any_mail_with_the_version_confirms_it),
	    CASE(f20_withdrawn_and_superseded_are_not_recorded),
	    CASE(f20_a_small_change_is_confirmed_as_mailed),
	    CASE(f20_closed_is_not_asked_again),
	    CASE(f20_without_a_requirement_nothing_is_asked),
	    CASE(f20_erased_person_keeps_the_page),
	    CASE(f20_who_was_mailed_nothing_missed_nothing),
	    CASE(f20_late_confirmation_keeps_the_negative_receipt),
	    CASE(f20_leaving_after_the_deadline_lets_nobody_off),
	    CASE(f30_closed_with_its_version_is_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
