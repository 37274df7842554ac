#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/problems.h"
#include "core/report.h"
#include "core/settings.h"
#include "store.h"
#include "tools/calendar.h"
#include "tools/template.h"

#include "golden.h"
#include "scene.h"

#define AS_OF 1795356180LL /* Sunday 22 November 2026, 14:03 in London */
#define SENT_AT (AS_OF - 30 * SCENE_DAY)
#define DUE_AT (AS_OF - 16 * SCENE_DAY)
#define CLOSES_AT (AS_OF + 150 * SCENE_DAY)

static struct settings settings = {
    .board_name = "Severnside Safeguarding Children Partnership",
    .board_colour = "#1d4f60",
};

/* Six of the police, three of each of two schools; two of the police have
 * confirmed after 1 and 3 days, one after the deadline; one left too late. */
static int make_scene(void **state)
{
	static const char *const agencies[] = {
	    "police",   "police",   "police",   "police",
	    "police",   "police",   "school a", "school a",
	    "school a", "school b", "school b", "school b"};
	struct store *store = xcalloc(1, sizeof(*store));

	store_open(store);
	settings.zone = zone_open("Europe/London", &store->err);
	assert_non_null(settings.zone);
	scene_list(store, 1, "list");
	scene_version(store, 1, "LTB-2026-07", 1, "OFFICIAL");
	scene_version(store, 2, "LTB-2026-08", 1, "OFFICIAL");
	scene_letter(store, 1, 1, "live", "1");
	scene_letter(store, 2, 1, "live", "2");
	for (int i = 0; i < 12; i++) {
		scene_person(store, i + 1);
		scene_delivery(store, i + 1, i + 1, 1, "live", SENT_AT,
			       SENT_AT);
		scene_requirement(store, 1, i + 1, 1, agencies[i], i + 1,
				  SENT_AT, DUE_AT, CLOSES_AT);
	}
	scene_delivery(store, 20, 1, 2, "live", SENT_AT, 0);
	scene_requirement(store, 2, 1, 1, "police", 20, AS_OF - 5, DUE_AT,
			  CLOSES_AT);
	scene_do(store,
		 "UPDATE delivery SET state = 'refused' WHERE id = 6;"
		 "UPDATE requirement SET grade = CASE person_id WHEN 2 THEN "
		 "'confirmed-with-reflection' WHEN 7 THEN "
		 "'confirmed-by-reply' ELSE 'confirmed' END, "
		 "acknowledged_at = %lld + CASE person_id WHEN 1 THEN 86400 "
		 "WHEN 2 THEN 3 * 86400 ELSE 20 * 86400 END "
		 "WHERE version_id = 1 AND person_id IN (1, 2, 7);"
		 "UPDATE requirement SET closed_as = 'left', closed_at = %lld "
		 "WHERE person_id = 3;"
		 "UPDATE requirement SET closed_as = 'exempt', closed_at = "
		 "%lld WHERE person_id = 8",
		 SENT_AT, DUE_AT + 1, DUE_AT);
	/* who confirmed, is outstanding, and of a small one; and undone */
	scene_do(store,
		 "INSERT INTO event VALUES (99, 'k', 0, 0, 'a', '{}');"
		 "INSERT INTO sheet VALUES (1, 1, 'police', 1, 0, 'image/png',"
		 " 9, %lld, 99), (2, 1, 'police', 1, 0, 'image/png', 9, 5, 99);"
		 "INSERT INTO attestation (sheet_id, requirement_id,"
		 " attested_at, event_id) SELECT 1, id, %lld, 99 FROM"
		 " requirement WHERE version_id = 1 AND person_id IN"
		 " (1, 4, 9);"
		 "INSERT INTO attestation (sheet_id, requirement_id,"
		 " attested_at, event_id, undone_at, undone_event_id) SELECT"
		 " 2, id, 5, 99, %lld, 99 FROM requirement WHERE"
		 " version_id = 1 AND person_id = 5",
		 DUE_AT, DUE_AT, AS_OF);
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

static struct report *load(struct store *store,
			   const struct report_filter *filter)
{
	struct report *report;

	store_check(store, report_load(store->db, filter, store->arena, &report,
				       &store->err));
	return report;
}

static void f10_figures(void **state)
{
	struct report *report =
	    load(*state, &(struct report_filter){.as_of = AS_OF});
	const struct report_briefing *briefing = &report->briefings[0];
	const struct report_figures *police = &briefing->rows[0].figures;
	const struct report_figures *small = &briefing->rows[1].figures;

	assert_int_equal(report->briefing_count, 2);
	assert_string_equal(briefing->ref, "LTB-2026-07");
	assert_int_equal(briefing->row_count, 2);
	assert_string_equal(briefing->rows[0].agency, "police");
	assert_int_equal(police->required, 6);
	assert_int_equal(police->accepted, 5);
	assert_int_equal(police->failed, 1);
	assert_int_equal(police->acknowledged, 2);
	assert_int_equal(police->in_time, 2);
	assert_int_equal(police->reflected, 1);
	assert_int_equal(police->by_reply, 0);
	assert_int_equal(police->outstanding, 4);
	assert_int_equal(police->overdue, 4);
	assert_int_equal(police->flagged, 1);
	assert_int_equal(police->attested, 1);
	assert_true(police->median_days > 1.99 && police->median_days < 2.01);
	/* two schools of three share a row; the total is whole */
	assert_string_equal(briefing->rows[1].agency, REPORT_SMALL_AGENCIES);
	assert_int_equal(small->required, 6);
	assert_int_equal(small->late, 1);
	assert_int_equal(small->attested, 1);
	assert_int_equal(small->exempt, 1);
	assert_int_equal(small->reflected, 0);
	assert_int_equal(briefing->total.required, 12);
	assert_int_equal(briefing->total.attested, 2);
	assert_int_equal(briefing->total.reflected, 1);
	assert_int_equal(briefing->total.by_reply, 1);
	assert_int_equal(report->total.required, 13);
}

/* two of the police and one of a school, which is small */
static void add_wider(struct store *store)
{
	scene_do(
	    store,
	    "INSERT INTO event (id, kind, effective_at, recorded_at, "
	    "actor, body) VALUES (1, 'k', 0, 0, 'a', '{}');"
	    "INSERT INTO beside (kind, version_id, person_id, list_id, "
	    "agency, confirmed_at, grade, receipt, event_id) VALUES "
	    "('further', 1, 1, 1, 'police', 5, 'confirmed', 'e', 1), "
	    "('wider', 1, 9, 1, 'police', %lld, 'wider-reach', 'a', 1), "
	    "('wider', 1, 10, 1, 'police', %lld, 'wider-reach', 'b', 1), "
	    "('wider', 1, 11, 1, 'school b', %lld, 'wider-reach', 'c', 1), "
	    "('wider', 2, 11, 1, 'nowhere', %lld, 'wider-reach', 'd', 1)",
	    AS_OF - 50, AS_OF, AS_OF - 5, AS_OF - 5);
}

static void f20_wider_reach_stands_beside(void **state)
{
	struct report *before =
	    load(*state, &(struct report_filter){.as_of = AS_OF});
	struct report *report;

	assert_int_equal(before->total.wider, 0);
	add_wider(*state);
	report = load(*state, &(struct report_filter){.as_of = AS_OF});
	assert_int_equal(report->total.wider, 4);
	assert_int_equal(report->briefings[0].rows[0].figures.wider, 2);
	assert_int_equal(report->briefings[0].rows[1].figures.wider, 1);
	assert_int_equal(report->briefings[0].rows[0].figures.further, 1);
	assert_int_equal(report->total.further, 1);
	/* and improves nothing */
	assert_int_equal(report->briefing_count, before->briefing_count);
	for (size_t i = 0; i < report->briefing_count; i++) {
		assert_int_equal(report->briefings[i].row_count,
				 before->briefings[i].row_count);
		report->briefings[i].total.wider = 0;
		report->briefings[i].total.further = 0;
		assert_memory_equal(&report->briefings[i].total,
				    &before->briefings[i].total,
				    sizeof(report->total));
	}
	report = load(*state, &(struct report_filter){.as_of = AS_OF - 5});
	assert_int_equal(report->total.wider, 3);
	report = load(*state, &(struct report_filter){.as_of = AS_OF,
						      .to_at = AS_OF - 5});
	assert_int_equal(report->total.wider, 1);
	report = load(*state, &(struct report_filter){.as_of = AS_OF,
						      .ref = "LTB-2026-08"});
	assert_int_equal(report->total.wider, 1);
}

static void f20_filters(void **state)
{
	struct report *report =
	    load(*state,
		 &(struct report_filter){.as_of = AS_OF, .ref = "LTB-2026-08"});

	assert_int_equal(report->briefing_count, 1);
	assert_int_equal(report->total.required, 1);
	assert_true(report->total.median_days < 0);
	report = load(*state, &(struct report_filter){.as_of = AS_OF,
						      .to_at = AS_OF - 5});
	assert_int_equal(report->total.required, 12);
	report = load(*state, &(struct report_filter){.as_of = AS_OF,
						      .from_at = AS_OF - 5});
	assert_int_equal(report->total.required, 1);
	report = load(*state, &(struct report_filter){.as_of = SENT_AT - 1});
	assert_int_equal(report->total.required, 0);
	assert_int_equal(report->briefing_count, 0);
}

static void f20_rehearsals_count_for_nothing(void **state)
{
	struct store *store = *state;

	scene_version(store, 3, "LTB-3", 1, "OFFICIAL");
	scene_letter(store, 3, 1, "rehearsal", "3");
	scene_delivery(store, 30, 1, 3, "rehearsal", SENT_AT, SENT_AT);
	struct report *report =
	    load(store, &(struct report_filter){.as_of = AS_OF});
	assert_int_equal(report->total.required, 13);
}

static const struct report_filter whole = {
    .as_of = AS_OF,
    .from_at = 1790809200, /* 1 October, midnight of summer time */
    .to_at = 1798761600,   /* 1 January */
};

static void f30_text(void **state)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_true(report_format_text(load(*state, &whole), &settings, &out));
	golden_check("report.txt", out.data, out.size);
	/* the ceiling is told */
	buf_done(&out);
	buf_init(&out, 100);
	assert_false(report_format_text(load(*state, &whole), &settings, &out));
	buf_done(&out);
}

static void f30_nothing_in_text(void **state)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_true(report_format_text(
	    load(*state, &(struct report_filter){.as_of = SENT_AT - 1}),
	    &settings, &out));
	golden_check("report-nothing.txt", out.data, out.size);
	buf_done(&out);
}

static void f30_csv(void **state)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_true(report_format_csv(load(*state, &whole), &out));
	golden_check("report.csv", out.data, out.size);
	buf_done(&out);
}

static void f30_json(void **state)
{
	char *json = report_format_json(load(*state, &whole));

	golden_check("report.json", json, strlen(json));
	free(json);
}

static void f30_html(void **state)
{
	struct store *store = *state;
	struct problems problems = {0};
	struct template_set *templates = template_set_load(NULL, &problems);
	struct buf out;

	assert_non_null(templates);
	buf_init(&out, 1 << 20);
	store_check(store, report_format_html(load(store, &whole), &settings,
					      templates, &out, &store->err));
	golden_check("report.html", out.data, out.size);
	buf_done(&out);
	template_set_free(templates);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_scene, end_scene)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    CASE(f10_figures), CASE(f20_wider_reach_stands_beside),
	    CASE(f20_filters), CASE(f20_rehearsals_count_for_nothing),
	    CASE(f30_text),    CASE(f30_nothing_in_text),
	    CASE(f30_csv),     CASE(f30_json),
	    CASE(f30_html),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
