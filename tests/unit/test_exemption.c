#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/exemption.h"
#include "core/report.h"
#include "scene.h"
#include "store.h"

#define NOW 1795356180LL
#define DUE (NOW + 9 * SCENE_DAY)

static int make_scene(void **state)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store_open(store);
	scene_list(store, 1, "police");
	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	scene_letter(store, 1, 1, "live", "1");
	for (int i = 1; i <= 5; i++) {
		scene_person(store, i);
		scene_do(store,
			 "INSERT INTO identity VALUES (%d, 'p%d@x.example',"
			 " 'p%d@x.example', 'P', '', '')",
			 i, i, i);
		scene_delivery(store, i, i, 1, "live", NOW - 9, NOW - 9);
		scene_requirement(store, 1, i, 1, "police", i, NOW - 9, DUE,
				  NOW + 90 * SCENE_DAY);
	}
	*state = store;
	return 0;
}

static int end_scene(void **state)
{
	store_close(*state);
	free(*state);
	return 0;
}

static struct exemption_wish wish_of(const char *key)
{
	return (struct exemption_wish){.ref = "LTB-1",
				       .address_key = key,
				       .reason = "wrote it",
				       .actor = "jo@host"};
}

static struct report_figures figures_at(struct store *store, int64_t as_of)
{
	struct report *report;

	store_check(store, report_load(store->db,
				       &(struct report_filter){.as_of = as_of},
				       store->arena, &report, &store->err));
	return report->total;
}

static void refused(struct store *store, const struct exemption_wish *wish,
		    bool is_undo, const char *why)
{
	bool is_late;

	assert_false(
	    is_undo
		? STORE_ALONE(store,
			      exemption_undo(store->db, wish, NOW, &store->err))
		: STORE_ALONE(store, exemption_record(store->db, wish, NOW,
						      &is_late, &store->err)));
	if (!strstr(store->err.text, why))
		fail_msg("%s: %s", why, store->err.text);
}

static void f10_recorded_and_undone(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("p1@x.example");
	bool is_late = true;

	store_check(
	    store, STORE_ALONE(store, exemption_record(store->db, &wish, NOW,
						       &is_late, &store->err)));
	assert_false(is_late);
	assert_int_equal(figures_at(store, NOW).exempt, 1);
	assert_int_equal(figures_at(store, NOW).outstanding, 4);
	assert_int_equal(figures_at(store, NOW - 1).outstanding, 5);
	refused(store, &wish, false, "is exempt for them already");
	store_check(store,
		    STORE_ALONE(store, exemption_undo(store->db, &wish, NOW + 5,
						      &store->err)));
	assert_int_equal(figures_at(store, NOW + 5).exempt, 0);
	assert_int_equal(figures_at(store, NOW + 5).outstanding, 5);
	refused(store, &wish, true, "not exempt");
	assert_int_equal(
	    store_number(store, "SELECT count(*) FROM event JOIN event_text x"
				" ON x.event_id = id WHERE x.text = 'wrote it'"
				" AND actor LIKE 'operator:%'"
				" AND body NOT LIKE '%wrote%'"),
	    2);
}

static void f20_late_improves_nothing(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("p2@x.example");
	bool is_late = false;

	store_check(store, STORE_ALONE(store, exemption_record(
						  store->db, &wish, DUE + 1,
						  &is_late, &store->err)));
	assert_true(is_late);
	struct report_figures late = figures_at(store, DUE + 1);
	assert_int_equal(late.exempt, 0);
	assert_int_equal(late.outstanding, 5);
	assert_int_equal(late.flagged, 1);
}

static void f20_what_can_not_be(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("nobody@x.example");
	char reason[EXEMPTION_REASON_MAX + 2];

	refused(store, &wish, false, "asked of nobody with that address");
	wish = wish_of("p3@x.example");
	wish.ref = "LTB-9";
	refused(store, &wish, false, "LTB-9 was asked of nobody");
	wish = wish_of("p3@x.example");
	wish.reason = "";
	refused(store, &wish, false, "why?");
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	wish.reason = reason;
	refused(store, &wish, false, "1001 bytes");
	wish.reason = "\xff";
	refused(store, &wish, false, "not UTF-8");
	scene_do(store,
		 "UPDATE requirement SET acknowledged_at = %lld,"
		 " grade = 'confirmed' WHERE person_id = 3;"
		 "UPDATE requirement SET closed_at = %lld, closed_as = 'left'"
		 " WHERE person_id = 4",
		 NOW, NOW);
	wish = wish_of("p3@x.example");
	refused(store, &wish, false, "is confirmed for them already");
	wish = wish_of("p4@x.example");
	refused(store, &wish, false, "is closed for them already");
	refused(store, &wish, true, "not exempt");
	assert_int_equal(store_number(store, "SELECT count(*) FROM event"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(f10_recorded_and_undone, make_scene,
					    end_scene),
	    cmocka_unit_test_setup_teardown(f20_late_improves_nothing,
					    make_scene, end_scene),
	    cmocka_unit_test_setup_teardown(f20_what_can_not_be, make_scene,
					    end_scene),
	};

	return cmocka_run_group_tests_name("exemption", tests, NULL, NULL);
}
