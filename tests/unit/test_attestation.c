#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/problems.h"
#include "core/attestation.h"
#include "core/report.h"
#include "core/settings.h"
#include "scene.h"
#include "store.h"
#include "tools/zone.h"

#define NOW 1795356180LL /* Sunday 22 November 2026, 14:03 in London */
#define DAY_19 1795046400LL
#define DUE (NOW + 9 * SCENE_DAY)
#define PDF "%PDF-1.7 a scan"

static struct settings settings;

/* persons 1 to 5 are asked under list police, 6 under health */
static int make_scene(void **state)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store_open(store);
	settings.zone = zone_open("Europe/London", &store->err);
	assert_non_null(settings.zone);
	scene_list(store, 1, "police");
	scene_list(store, 2, "health");
	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	scene_do(store, "UPDATE version SET taken_at = %lld", DAY_19 + 30000);
	scene_letter(store, 1, 1, "live", "1");
	for (int i = 1; i <= 6; i++) {
		scene_person(store, i);
		scene_do(store,
			 "INSERT INTO identity VALUES (%d, 'p%d@x.example',"
			 " 'P%d@x.example', 'Person %d', '', '')",
			 i, i, i, i);
		scene_delivery(store, i, i, 1, "live", DAY_19 + 40000,
			       DAY_19 + 40000);
		scene_requirement(store, 1, i, i < 6 ? 1 : 2,
				  i < 6 ? "police" : "health", i,
				  DAY_19 + 40000, DUE, NOW + 90 * SCENE_DAY);
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

/* as a verb or a page has it: kept when it is good */
static bool recorded(struct db *db, const struct settings *with,
		     const struct attestation_wish *wish, const char *actor,
		     int64_t now, struct problems *problems, int64_t *ret_id,
		     struct err *err)
{
	return db_begin(db, err) &&
	       db_end(db,
		      attestation_record(db, with, wish, actor, now, problems,
					 ret_id, err),
		      err);
}

static bool undone(struct db *db, int64_t sheet_id, const char *person,
		   const char *reason, const char *actor, int64_t now,
		   struct err *err)
{
	return db_begin(db, err) &&
	       db_end(db,
		      attestation_undo(db, sheet_id, person, reason, actor, now,
				       err),
		      err);
}

static const char *const both[] = {"p1@x.example", "p2@x.example"};

static struct attestation_wish wish_of(const char *const *keys, size_t count)
{
	return (struct attestation_wish){.ref = "LTB-1",
					 .list = "police",
					 .signed_on = "2026-11-20",
					 .address_keys = keys,
					 .address_count = count,
					 .scan = PDF,
					 .scan_size = strlen(PDF),
					 .note = "at the early shift"};
}

static int64_t record(struct store *store, const struct attestation_wish *wish,
		      int64_t now)
{
	int64_t id = 0;

	store_check(store, recorded(store->db, &settings, wish, "jo@host", now,
				    NULL, &id, &store->err));
	return id;
}

static void refused(struct store *store, const struct attestation_wish *wish,
		    const char *why)
{
	struct problems problems = {0};
	int64_t id = -1;

	assert_false(recorded(store->db, &settings, wish, "jo@host", NOW,
			      &problems, &id, &store->err));
	assert_int_equal(id, -1);
	char *all = problems_format(&problems);
	if (!strstr(store->err.text, why) && !strstr(all, why))
		fail_msg("%s: %s, %s", why, store->err.text, all);
	free(all);
	problems_done(&problems);
}

static struct report_figures figures_at(struct store *store, int64_t as_of)
{
	struct report *report;

	store_check(store, report_load(store->db,
				       &(struct report_filter){.as_of = as_of},
				       store->arena, &report, &store->err));
	return report->total;
}

static struct attestation_sheet load_one(struct store *store, int64_t id,
					 struct attestation_person **ret_people)
{
	const struct attestation_filter filter = {.id = id};
	struct attestation_sheet *sheets;
	size_t count;

	store_check(store, attestation_load(store->db, &filter, store->arena,
					    &sheets, &count, &store->err));
	assert_int_equal(count, 1);
	store_check(store,
		    attestation_load_people(store->db, id, store->arena,
					    ret_people, &count, &store->err));
	assert_int_equal(count, sheets->people);
	return *sheets;
}

static void f10_recorded_beside_reach(void **state)
{
	struct store *store = *state;
	struct attestation_wish wish = wish_of(both, 2);
	struct attestation_person *people;
	int64_t id = record(store, &wish, NOW);
	struct report_figures before = figures_at(store, NOW - 1);
	struct report_figures after = figures_at(store, NOW);
	struct attestation_sheet sheet = load_one(store, id, &people);

	assert_int_equal(after.attested, 2);
	/* and nothing else is another */
	after.attested = 0;
	assert_memory_equal(&after, &before, sizeof(after));
	assert_string_equal(sheet.ref, "LTB-1");
	assert_string_equal(sheet.list, "police");
	assert_string_equal(sheet.agency, "police");
	assert_int_equal(sheet.signed_at, DAY_19 + SCENE_DAY);
	assert_string_equal(sheet.scan_type, "application/pdf");
	assert_string_equal(sheet.note, "at the early shift");
	assert_string_equal(sheet.recorded_by, "jo@host");
	assert_true(sheet.has_scan);
	assert_int_equal(sheet.standing, 2);
	assert_string_equal(people[0].address, "P1@x.example");
	assert_string_equal(people[1].name, "Person 2");
	assert_int_equal(people[1].version, 1);
	/* no name, address, note or scan is in the ledger */
	assert_int_equal(store_number(store,
				      "SELECT count(*) FROM event WHERE"
				      " body LIKE '%x.example%' OR body LIKE"
				      " '%Person %' OR body LIKE '%shift%' OR"
				      " body LIKE '%PDF-%'"),
			 0);
	assert_string_equal(
	    store_text(store, "SELECT group_concat(body, ' ') FROM (SELECT"
			      " body FROM event WHERE kind = 'attested'"
			      " ORDER BY id)"),
	    "{\"grade\":\"attested-by-lead\",\"person\":\"person-1\","
	    "\"ref\":\"LTB-1\",\"sheet\":1,\"version\":1} "
	    "{\"grade\":\"attested-by-lead\",\"person\":\"person-2\","
	    "\"ref\":\"LTB-1\",\"sheet\":1,\"version\":1}");
}

static void f10_the_scan_comes_back_as_it_was(void **state)
{
	struct store *store = *state;
	struct attestation_wish wish = wish_of(both, 1);
	char *scan = xcalloc(1, ATTESTATION_SCAN_MAX);
	const void *bytes;
	const char *type;
	size_t size;

	memcpy(scan, "\x89PNG\r\n\x1a\n", 8);
	scan[ATTESTATION_SCAN_MAX - 1] = 'z';
	wish.scan = scan;
	wish.scan_size = ATTESTATION_SCAN_MAX;
	int64_t id = record(store, &wish, NOW);
	store_check(store,
		    attestation_load_scan(store->db, id, store->arena, &bytes,
					  &size, &type, &store->err));
	assert_int_equal(size, ATTESTATION_SCAN_MAX);
	assert_memory_equal(bytes, scan, size);
	assert_string_equal(type, "image/png");
	free(scan);
	assert_false(attestation_load_scan(store->db, 9, store->arena, &bytes,
					   &size, &type, &store->err));
	assert_int_equal(store->err.kind, ERR_GONE);
	store_do(store, "DELETE FROM sheet_scan");
	assert_false(attestation_load_scan(store->db, id, store->arena, &bytes,
					   &size, &type, &store->err));
	assert_non_null(strstr(store->err.text, "scan of sheet 1 is gone"));
}

static void f10_undone_and_recorded_anew(void **state)
{
	struct store *store = *state;
	struct attestation_wish wish = wish_of(both, 2);
	struct attestation_person *people;
	int64_t id = record(store, &wish, NOW);

	store_check(store, undone(store->db, id, "p2@x.example", "was on leave",
				  "al@host", NOW + 60, &store->err));
	assert_int_equal(figures_at(store, NOW + 59).attested, 2);
	assert_int_equal(figures_at(store, NOW + 60).attested, 1);
	assert_int_equal(load_one(store, id, &people).standing, 1);
	assert_int_equal(people[0].undone_at, 0);
	assert_int_equal(people[1].undone_at, NOW + 60);
	assert_string_equal(people[1].undone_reason, "was on leave");
	assert_false(undone(store->db, id, "person-2", "x", "al@host", NOW,
			    &store->err));
	assert_non_null(strstr(store->err.text, "taken off sheet 1 before"));
	assert_false(undone(store->db, id, "p3@x.example", "x", "al@host", NOW,
			    &store->err));
	assert_int_equal(store->err.kind, ERR_GONE);
	/* the whole, of what stands */
	store_check(store, undone(store->db, id, NULL, "of LTB-2", "al@host",
				  NOW + 90, &store->err));
	assert_int_equal(figures_at(store, NOW + 90).attested, 0);
	assert_int_equal(figures_at(store, NOW + 89).attested, 1);
	assert_int_equal(load_one(store, id, &people).people, 2);
	assert_string_equal(people[0].undone_reason, "of LTB-2");
	assert_string_equal(people[1].undone_reason, "was on leave");
	assert_false(
	    undone(store->db, id, NULL, "again", "al@host", NOW, &store->err));
	assert_string_equal(store->err.text, "sheet 1 was undone before");
	assert_false(
	    undone(store->db, 9, NULL, "x", "al@host", NOW, &store->err));
	assert_int_equal(store->err.kind, ERR_GONE);
	assert_false(
	    undone(store->db, id, NULL, "", "al@host", NOW, &store->err));
	assert_non_null(strstr(store->err.text, "why?"));
	/* what was undone may be recorded anew */
	assert_int_equal(record(store, &wish, NOW + 120), 2);
	assert_int_equal(figures_at(store, NOW + 120).attested, 2);
	assert_int_equal(store_number(store, "SELECT count(*) FROM sheet_scan"),
			 2);
}

/* Their own confirmation counts as ever, before and after. */
static void f20_who_confirms_is_reach(void **state)
{
	struct store *store = *state;
	struct attestation_wish wish = wish_of(both, 2);
	struct attestation_person *people;
	int64_t id;

	scene_do(store,
		 "UPDATE requirement SET acknowledged_at = %lld,"
		 " grade = 'confirmed' WHERE person_id = 1",
		 NOW - 50);
	id = record(store, &wish, NOW);
	assert_int_equal(figures_at(store, NOW).attested, 1);
	assert_int_equal(figures_at(store, NOW).acknowledged, 1);
	scene_do(store,
		 "UPDATE requirement SET acknowledged_at = %lld,"
		 " grade = 'confirmed' WHERE person_id = 2",
		 NOW + 50);
	assert_int_equal(figures_at(store, NOW + 49).attested, 1);
	assert_int_equal(figures_at(store, NOW + 50).attested, 0);
	assert_int_equal(figures_at(store, NOW + 50).acknowledged, 2);
	load_one(store, id, &people);
	assert_int_equal(people[0].confirmed_at, NOW - 50);
}

/* Overdue and missed they stay; with few of them nobody tells who. */
static void f20_small_agencies_are_grouped(void **state)
{
	static const char *const health[] = {"p6@x.example"};
	struct store *store = *state;
	struct attestation_wish wish = wish_of(health, 1);
	struct report *report;

	wish.list = NULL;
	wish.agency = "health";
	record(store, &wish, NOW);
	scene_do(store, "UPDATE requirement SET missed_at = %lld", NOW + 5);
	store_check(store,
		    report_load(store->db,
				&(struct report_filter){.as_of = NOW + 5},
				store->arena, &report, &store->err));
	const struct report_briefing *briefing = &report->briefings[0];
	assert_int_equal(briefing->row_count, 2);
	assert_string_equal(briefing->rows[0].agency, "police");
	assert_int_equal(briefing->rows[0].figures.attested, 0);
	assert_string_equal(briefing->rows[1].agency, REPORT_SMALL_AGENCIES);
	assert_int_equal(briefing->rows[1].figures.attested, 1);
	assert_int_equal(briefing->rows[1].figures.missed, 1);
	/* the period is that of what was required */
	store_check(store, report_load(store->db,
				       &(struct report_filter){.as_of = NOW + 5,
							       .from_at = NOW},
				       store->arena, &report, &store->err));
	assert_int_equal(report->total.attested, 0);
}

struct bad {
	const char *ref, *list, *agency, *signed_on, *key, *scan, *note, *why;
};

static void f20_what_can_not_be(void **state)
{
	static const struct bad cases[] = {
	    {"LTB-9", "police", NULL, "2026-11-20", "p1@x.example", PDF, "",
	     "no briefing LTB-9"},
	    {"LTB-1", "fire", NULL, "2026-11-20", "p1@x.example", PDF, "",
	     "no list fire"},
	    {"LTB-1", NULL, "fire", "2026-11-20", "p1@x.example", PDF, "",
	     "no list is of an agency \"fire\""},
	    {"LTB-1", NULL, NULL, "2026-11-20", "p1@x.example", PDF, "",
	     "of a list, or of an agency"},
	    {"LTB-1", "police", "police", "2026-11-20", "p1@x.example", PDF, "",
	     "of a list, or of an agency"},
	    {"LTB-1", "police", NULL, "20.11.2026", "p1@x.example", PDF, "",
	     "no date"},
	    {"LTB-1", "police", NULL, "2026-02-30", "p1@x.example", PDF, "",
	     "no date"},
	    {"LTB-1", "police", NULL, "2026-11-23", "p1@x.example", PDF, "",
	     "still to come"},
	    {"LTB-1", "police", NULL, "2026-11-18", "p1@x.example", PDF, "",
	     "version 1, which is asked of them, was taken in after"},
	    {"LTB-1", "police", NULL, "2026-11-20", "p6@x.example", PDF, "",
	     "p6@x.example: it is asked of nobody there"},
	    {"LTB-1", "police", NULL, "2026-11-20", "eve@x.example", PDF, "",
	     "eve@x.example: it is asked of nobody there"},
	    {"LTB-1", "police", NULL, "2026-11-20", "p3@x.example", PDF, "",
	     "on sheet 1 already"},
	    {"LTB-1", "police", NULL, "2026-11-20", "p4@x.example", PDF, "",
	     "asked of them no more (left)"},
	    {"LTB-1", "police", NULL, "2026-11-20", "p1@x.example", "", "",
	     "a scan of the sheet is wanted"},
	    {"LTB-1", "police", NULL, "2026-11-20", "p1@x.example", "GIF89a",
	     "", "neither PDF nor JPEG nor PNG"},
	    {"LTB-1", "police", NULL, "2026-11-20", "p1@x.example", " %PDF-",
	     "", "neither PDF"},
	    {"LTB-1", "police", NULL, "2026-11-20", "p1@x.example", PDF, "\xff",
	     "not UTF-8"},
	};
	static const char *const third[] = {"p3@x.example"};
	struct store *store = *state;
	struct attestation_wish first = wish_of(third, 1);

	record(store, &first, NOW - 9);
	scene_do(store,
		 "UPDATE requirement SET closed_at = %lld, closed_as = 'left'"
		 " WHERE person_id = 4",
		 NOW - 8);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const keys[] = {"p2@x.example", cases[i].key};
		struct attestation_wish wish = wish_of(keys, 2);

		wish.ref = cases[i].ref;
		wish.list = cases[i].list;
		wish.agency = cases[i].agency;
		wish.signed_on = cases[i].signed_on;
		wish.scan = cases[i].scan;
		wish.scan_size = strlen(cases[i].scan);
		wish.note = cases[i].note;
		refused(store, &wish, cases[i].why);
	}
	/* nothing of any of them */
	assert_int_equal(store_number(store, "SELECT count(*) FROM sheet"), 1);
	assert_int_equal(store_number(store, "SELECT count(*) FROM event"), 2);
	assert_int_equal(
	    store_number(store, "SELECT count(*) FROM attestation"), 1);
}

static void f20_sizes(void **state)
{
	static char note[ATTESTATION_TEXT_MAX + 2];
	const char *keys[ATTESTATION_PEOPLE_MAX + 1];
	struct store *store = *state;
	struct attestation_wish wish = wish_of(both, 0);

	refused(store, &wish, "who signed it?");
	for (size_t i = 0; i <= ATTESTATION_PEOPLE_MAX; i++)
		keys[i] = "p1@x.example";
	wish = wish_of(keys, ATTESTATION_PEOPLE_MAX + 1);
	refused(store, &wish, "500 people");
	wish = wish_of(both, 1);
	wish.scan_size = ATTESTATION_SCAN_MAX + 1;
	refused(store, &wish, "the scan has 4194305 bytes");
	wish = wish_of(both, 1);
	memset(note, 'x', sizeof(note) - 1);
	wish.note = note;
	refused(store, &wish, "the note has 1001 bytes");
	/* who is named twice signed once */
	wish = wish_of(keys, ATTESTATION_PEOPLE_MAX);
	record(store, &wish, NOW);
	assert_int_equal(
	    store_number(store, "SELECT count(*) FROM attestation"), 1);
}

static void f20_withdrawn_erased_and_replaced(void **state)
{
	struct store *store = *state;
	struct attestation_wish wish = wish_of(both, 1);

	/* under erasure, who they are is known for a while yet */
	scene_do(store, "UPDATE person SET erased_at = 5 WHERE id = 1");
	refused(store, &wish, "asked of nobody there");
	scene_do(store, "UPDATE person SET erased_at = NULL WHERE id = 1");
	/* a small change: what was asked of them before is asked yet */
	scene_version(store, 2, "LTB-1", 2, "OFFICIAL");
	scene_do(store, "UPDATE version SET taken_at = %lld WHERE id = 2",
		 DAY_19 + 2 * SCENE_DAY);
	refused(store, &wish, "no more (superseded)");
	scene_carries(store, 2);
	record(store, &wish, NOW);
	assert_int_equal(
	    store_number(store, "SELECT json_extract(body, '$.version') FROM"
				" event WHERE kind = 'attested'"),
	    1);
	assert_int_equal(
	    store_number(store, "SELECT json_extract(body, '$.version') FROM"
				" event WHERE kind = 'sheet-recorded'"),
	    2);
	scene_do(store, "UPDATE briefing SET withdrawn_at = 5,"
			" withdrawn_reason = 'x'");
	refused(store, &wish, "was withdrawn");
}

/* Leaving after the deadline lets nobody off, and so they may have signed. */
static void f30_who_left_too_late(void **state)
{
	struct store *store = *state;
	struct attestation_wish wish = wish_of(both, 1);

	scene_do(store,
		 "UPDATE requirement SET closed_at = %lld, closed_as = 'left'"
		 " WHERE person_id = 1",
		 DUE + 1);
	record(store, &wish, DUE + 2);
	struct report_figures figures = figures_at(store, DUE + 2);
	assert_int_equal(figures.attested, 1);
	assert_int_equal(figures.flagged, 1);
	assert_int_equal(figures.outstanding, 6);
}

static void f10_the_kind_by_its_first_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *type;
	} cases[] = {
	    {"%PDF-1.4", 8, "application/pdf"},
	    {"%PDF-", 5, "application/pdf"},
	    {"%PDF", 4, NULL},
	    {"\xff\xd8\xff\xe0", 4, "image/jpeg"},
	    {"\xff\xd8", 2, NULL},
	    {"\x89PNG\r\n\x1a\n", 8, "image/png"},
	    {"\x89PNG\n", 5, NULL},
	    {"<svg>%PDF-", 10, NULL},
	    {"", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *type =
		    attestation_scan_type(cases[i].bytes, cases[i].size);

		if (!cases[i].type)
			assert_null(type);
		else
			assert_string_equal(type, cases[i].type);
	}
}

static void f10_addresses_as_people_write_them(void **state)
{
	static const struct {
		const char *text, *keys, *problem;
	} cases[] = {
	    {"", "", NULL},
	    {"Ann@X.example", "ann@x.example", NULL},
	    {" a@x.example, b@x.example;c@x.example\r\n\n\td@x.example\n",
	     "a@x.example b@x.example c@x.example d@x.example", NULL},
	    {"a@x.example\nAnn Smith\nb@x.example", NULL, "addresses:2: "},
	    {"a@x.example\nb@", NULL, "addresses:2: "},
	};
	struct store *store = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct problems problems = {0};
		const char **keys;
		size_t count;
		const char *all = "";
		bool good = attestation_read_addresses(
		    cases[i].text, strlen(cases[i].text), store->arena, &keys,
		    &count, &problems);
		char *told = problems_format(&problems);

		assert_int_equal(good, cases[i].problem == NULL);
		for (size_t j = 0; good && j < count; j++)
			all = arena_printf(store->arena, "%s%s%s", all,
					   *all ? " " : "", keys[j]);
		if (good)
			assert_string_equal(all, cases[i].keys);
		else
			assert_non_null(strstr(told, cases[i].problem));
		free(told);
		problems_done(&problems);
	}
}

static void f20_too_many_addresses_and_none_of_text(void **state)
{
	struct store *store = *state;
	struct problems problems = {0};
	const char **keys;
	size_t count;
	char *text = xcalloc(ATTESTATION_PEOPLE_MAX + 1, 12);

	for (size_t i = 0; i <= ATTESTATION_PEOPLE_MAX; i++)
		memcpy(text + i * 12, "a@x.example ", 12);
	assert_true(
	    attestation_read_addresses(text, ATTESTATION_PEOPLE_MAX * 12,
				       store->arena, &keys, &count, &problems));
	assert_int_equal(count, ATTESTATION_PEOPLE_MAX);
	assert_false(
	    attestation_read_addresses(text, (ATTESTATION_PEOPLE_MAX + 1) * 12,
				       store->arena, &keys, &count, &problems));
	assert_non_null(strstr(problems.list[0].text, "500 people"));
	problems_done(&problems);
	assert_false(attestation_read_addresses(
	    "a@x.example\0b", 13, store->arena, &keys, &count, &problems));
	assert_non_null(strstr(problems.list[0].text, "no text"));
	problems_done(&problems);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scene, end_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(f10_recorded_beside_reach),
	    TEST(f10_the_scan_comes_back_as_it_was),
	    TEST(f10_undone_and_recorded_anew),
	    TEST(f10_the_kind_by_its_first_bytes),
	    TEST(f10_addresses_as_people_write_them),
	    TEST(f20_who_confirms_is_reach),
	    TEST(f20_small_agencies_are_grouped),
	    TEST(f20_what_can_not_be),
	    TEST(f20_sizes),
	    TEST(f20_withdrawn_erased_and_replaced),
	    TEST(f20_too_many_addresses_and_none_of_text),
	    TEST(f30_who_left_too_late),
	};

	return cmocka_run_group_tests_name("attestation", tests, NULL, NULL);
}
