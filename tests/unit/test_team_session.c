#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/problems.h"
#include "core/report.h"
#include "core/settings.h"
#include "core/team_session.h"
#include "scene.h"
#include "store.h"
#include "tools/calendar.h"

#define NOW 1795356180LL /* Sunday 22 November 2026, 14:03 in London */
#define DAY_19 1795046400LL

static struct settings settings;

static int make_scene(void **state)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store_open(store);
	settings.zone = zone_open("Europe/London", &store->err);
	assert_non_null(settings.zone);
	scene_list(store, 1, "police");
	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	scene_do(store, "UPDATE version SET taken_at = %lld", DAY_19 + 30000);
	scene_letter(store, 1, 1, "live", "1");
	for (int i = 1; i <= 5; i++) {
		scene_person(store, i);
		scene_delivery(store, i, i, 1, "live", DAY_19 + 40000,
			       DAY_19 + 40000);
		scene_requirement(store, 1, i, 1, "police", i, DAY_19 + 40000,
				  NOW + 9 * SCENE_DAY, NOW + 90 * SCENE_DAY);
	}
	*state = store;
	return 0;
}

static int end_scene(void **state)
{
	zone_close(settings.zone);
	store_close(*state);
	free(*state);
	return 0;
}

static struct team_session_wish wish_of(const char *held_on, int64_t reached,
					int64_t head_count)
{
	return (struct team_session_wish){.ref = "LTB-1",
					  .agency = "police",
					  .held_on = held_on,
					  .reached = reached,
					  .head_count = head_count,
					  .setting = "team meeting",
					  .note = "with the summary"};
}

static int64_t record(struct store *store, const struct team_session_wish *wish,
		      int64_t now)
{
	int64_t id = 0;

	store_check(store,
		    STORE_ALONE(store, team_session_record(store->db, &settings,
							   wish, "jo@host", now,
							   &id, &store->err)));
	return id;
}

static struct report_figures figures_at(struct store *store, int64_t as_of)
{
	struct report *report;

	store_check(store, report_load(store->db,
				       &(struct report_filter){.as_of = as_of},
				       store->arena, &report, &store->err));
	return report->total;
}

static void f10_recorded_and_undone(void **state)
{
	struct store *store = *state;
	struct team_session_wish wish = wish_of("2026-11-20", 14, 18);
	struct team_session *sessions;
	size_t count;
	int64_t id = record(store, &wish, NOW);
	struct report_figures before = figures_at(store, NOW - 1);
	struct report_figures after = figures_at(store, NOW);

	assert_int_equal(after.sessions, 1);
	assert_int_equal(after.session_reached, 14);
	assert_int_equal(after.session_heads, 18);
	/* and nothing else is another */
	after.sessions = after.session_reached = after.session_heads = 0;
	assert_memory_equal(&after, &before, sizeof(after));

	store_check(store,
		    STORE_ALONE(store, team_session_undo(
					   store->db, id, "that was LTB-2",
					   "al@host", NOW + 60, &store->err)));
	assert_int_equal(figures_at(store, NOW + 60).sessions, 0);
	assert_int_equal(figures_at(store, NOW + 59).sessions, 1);
	store_check(store, team_session_load(store->db, "LTB-1", "police",
					     store->arena, &sessions, &count,
					     &store->err));
	assert_int_equal(count, 1);
	assert_string_equal(sessions->setting, "team meeting");
	assert_string_equal(sessions->note, "with the summary");
	assert_string_equal(sessions->recorded_by, "jo@host");
	assert_string_equal(sessions->undone_reason, "that was LTB-2");
	assert_int_equal(sessions->held_at, DAY_19 + SCENE_DAY);
	assert_false(
	    STORE_ALONE(store, team_session_undo(store->db, id, "again",
						 "al@host", NOW, &store->err)));
	assert_string_equal(store->err.text, "session 1 was undone before");
	assert_false(
	    STORE_ALONE(store, team_session_undo(store->db, 9, "x", "al@host",
						 NOW, &store->err)));
	/* what was undone may be recorded anew */
	assert_int_equal(record(store, &wish, NOW + 90), 2);
}

static void f20_what_can_not_be(void **state)
{
	static const struct {
		const char *ref, *agency, *held_on;
		int64_t reached, head_count;
		const char *setting, *err;
	} cases[] = {
	    {"LTB-9", "police", "2026-11-20", 1, 2, "x", "no briefing LTB-9"},
	    {"LTB-1", "Fire", "2026-11-20", 1, 2, "x",
	     "no list is of an agency \"Fire\"; there are \"police\""},
	    {"LTB-1", "police", "20.11.2026", 1, 2, "x", "no date"},
	    {"LTB-1", "police", "2026-02-30", 1, 2, "x", "no date"},
	    {"LTB-1", "police", "2026-11-23", 1, 2, "x", "still to come"},
	    {"LTB-1", "police", "2026-11-18", 1, 2, "x",
	     "before LTB-1, version 1, was taken in, on 2026-11-19"},
	    {"LTB-1", "police", "2026-11-20", 3, 2, "x", "not more than"},
	    {"LTB-1", "police", "2026-11-20", 0, 2, "x", "at least 1"},
	    {"LTB-1", "police", "2026-11-20", 1, 10001, "x", "1 to 10000"},
	    {"LTB-1", "police", "2026-11-20", 1, 2, "", "in which setting"},
	    {"LTB-1", "police", "2026-11-20", 1, 2, "\xff", "not UTF-8"},
	    {"LTB-1", "police", "2026-11-19", 4, 5, "x", "the very same"},
	};
	struct store *store = *state;
	struct team_session_wish first = wish_of("2026-11-19", 4, 5);
	char long_text[TEAM_SESSION_TEXT_MAX + 2];
	int64_t id;

	record(store, &first, NOW);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct team_session_wish wish = {.ref = cases[i].ref,
						 .agency = cases[i].agency,
						 .held_on = cases[i].held_on,
						 .reached = cases[i].reached,
						 .head_count =
						     cases[i].head_count,
						 .setting = cases[i].setting};

		assert_false(STORE_ALONE(
		    store,
		    team_session_record(store->db, &settings, &wish, "jo@host",
					NOW, &id, &store->err)));
		if (!strstr(store->err.text, cases[i].err))
			fail_msg("%s: %s", cases[i].err, store->err.text);
	}
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	first.reached = 5;
	first.note = long_text;
	assert_false(STORE_ALONE(
	    store, team_session_record(store->db, &settings, &first, "jo@host",
				       NOW, &id, &store->err)));
	assert_int_equal(figures_at(store, NOW).sessions, 1);
	assert_string_equal(store_text(store,
				       "SELECT count(*) FROM event WHERE kind ="
				       " 'team-session-recorded'"),
			    "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(f10_recorded_and_undone, make_scene,
					    end_scene),
	    cmocka_unit_test_setup_teardown(f20_what_can_not_be, make_scene,
					    end_scene),
	};

	return cmocka_run_group_tests_name("team_session", tests, NULL, NULL);
}
