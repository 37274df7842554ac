#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/briefing.h"
#include "core/wordlist.h"
#include "store.h"

/* Two briefings, the first with two versions; one person with a requirement on
 * each of four states of version 2, so to say. */
static const char scene[] =
    "INSERT INTO briefing (id, ref, created_at) VALUES (1, 'LTB-1', 10),"
    " (2, 'LTB-2', 20);"
    "INSERT INTO version (id, briefing_id, number, content_hash, kind, title,"
    " language, marking, approved_by, approved_on, approval_ref,"
    " not_before_at, acknowledge_within_days, publish, already_circulated,"
    " audience, themes, key_messages, questions, summary, taken_at) VALUES"
    " (1, 1, 1, 'h1', 'learning-together-briefing',"
    " 'Child G', 'en-GB', 'OFFICIAL', 'Board', '2026-01-01', 'M 1', 0, 14, 0,"
    " 0, '[\"all\"]', '[]', '[]', '[]', 'Old.', 10),"
    " (2, 1, 2, 'h2', 'learning-together-briefing', 'Child G', 'en-GB',"
    " 'OFFICIAL', 'Board', '2026-01-01', 'M 1', 0, 14, 1, 0,"
    " '[\"Police\",\"health\"]', '[\"neglect\"]', '[\"a\",\"b\"]', '[\"q\"]',"
    " 'New.', 20),"
    " (3, 2, 1, 'h3', 'serious-case-review', 'Child H', 'en-GB',"
    " 'OFFICIAL-SENSITIVE', 'Board', '2026-02-01', 'M 2', 5000, 14, 0, 0,"
    " '[\"all\"]', '[]', '[]', '[]', 'Text.', 30);"
    "INSERT INTO document VALUES (2, 1, 'a.pdf', 'A', 'aa', 3,"
    " 'application/pdf'), (2, 2, 'b.pdf', 'B', 'bb', 4, 'application/pdf');"
    "INSERT INTO action VALUES (2, 1, 'A1', 'police', 'Do.', NULL),"
    " (2, 2, 'A2', 'gp', 'Ask.', '2027-01-01');";

static const char people[] =
    "INSERT INTO person (id, public_id, created_at) VALUES"
    " (1, 'p1', 0), (2, 'p2', 0), (3, 'p3', 0),"
    " (4, 'p4', 0);"
    "INSERT INTO list (id, name, agency, title, lead, lead_address, schedule,"
    " audience, deadline_days, mandatory, from_name, reply_to, documents,"
    " unsure, domains, conf_hash, slots_from_at, loaded_at)"
    " VALUES (1, 'police', 'police', 'P', 'L', 'l@p.example', 'immediately',"
    " '[]', 0, 1, '', '', 'linked', 'hold', '[]', '', 0, 0);"
    "INSERT INTO digest (id, list_id, slot_at, mode, state, created_at)"
    " VALUES (1, 1, 1, 'live', 'planned', 1);"
    "INSERT INTO letter (id, digest_id, content_key, format, made_at,"
    " sender, head, body) VALUES (1, 1, '2', 1, 1, 'x', x'', x'');"
    "INSERT INTO delivery (id, digest_id, person_id, generation, letter_id,"
    " mode, state, due_at, created_at) VALUES"
    " (1, 1, 1, 1, 1, 'live', 'due', 1, 1),"
    " (2, 1, 2, 1, 1, 'live', 'due', 1, 1),"
    " (3, 1, 3, 1, 1, 'live', 'due', 1, 1),"
    " (4, 1, 4, 1, 1, 'live', 'due', 1, 1);"
    "INSERT INTO requirement (version_id, person_id, list_id, agency,"
    " delivery_id, required_at, due_at, closes_at, acknowledged_at,"
    " grade, missed_at, closed_at, closed_as) VALUES"
    " (2, 1, 1, 'police', 1, 1, 50, 90, NULL, NULL, NULL, NULL, NULL),"
    " (2, 2, 1, 'police', 2, 1, 50, 90, 40, 'confirmed', NULL, NULL, NULL),"
    " (2, 3, 1, 'police', 3, 1, 50, 90, NULL, NULL, 90, NULL, NULL),"
    " (2, 4, 1, 'police', 4, 1, 50, 90, NULL, NULL, NULL, 30, 'left');";

static void f10_version_is_loaded_whole(void **state)
{
	struct store store;
	struct briefing_version *version;

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	store_check(&store, briefing_load_version(store.db, 2, store.arena,
						  &version, &store.err));
	assert_string_equal(version->ref, "LTB-1");
	assert_int_equal(version->number, 2);
	assert_true(version->is_latest);
	assert_true(version->publish);
	assert_int_equal(version->audience_count, 2);
	assert_string_equal(version->key_messages[1], "b");
	assert_string_equal(version->summary, "New.");
	assert_int_equal(version->document_count, 2);
	assert_string_equal(version->documents[1].file, "b.pdf");
	assert_int_equal(version->documents[1].size, 4);
	assert_int_equal(version->action_count, 2);
	assert_null(version->actions[0].due_on);
	assert_string_equal(version->actions[1].due_on, "2027-01-01");
	assert_int_equal(version->withdrawn_at, 0);
	assert_null(version->withdrawn_reason);
	store_close(&store);
}

static void f10_ref_gives_the_version_in_force(void **state)
{
	struct store store;
	struct briefing_version *version;

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	store_check(&store, briefing_load_ref(store.db, "LTB-1", store.arena,
					      &version, &store.err));
	assert_int_equal(version->id, 2);
	store_check(&store, briefing_load_ref(store.db, "LTB-9", store.arena,
					      &version, &store.err));
	assert_null(version);
	store_check(&store, briefing_load_version(store.db, 99, store.arena,
						  &version, &store.err));
	assert_null(version);
	store_close(&store);
}

static void f20_all_newest_approval_first(void **state)
{
	struct store store;
	struct briefing_version **list;
	size_t count;

	(void)state;
	store_open(&store);
	store_check(&store, briefing_load_all(store.db, store.arena, &list,
					      &count, &store.err));
	assert_int_equal(count, 0);
	store_do(&store, scene);
	store_check(&store, briefing_load_all(store.db, store.arena, &list,
					      &count, &store.err));
	assert_int_equal(count, 2);
	assert_string_equal(list[0]->ref, "LTB-2");
	assert_int_equal(list[1]->number, 2);
	assert_int_equal(list[1]->document_count, 2);
	store_close(&store);
}

/* Anyone may ask for the list, so it costs little. */
static void f20_published_ones_are_listed_without_their_texts(void **state)
{
	struct store store;
	struct briefing_version **list;
	size_t count;

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	store_check(&store, briefing_load_published(store.db, store.arena,
						    &list, &count, &store.err));
	assert_int_equal(count, 1);
	assert_string_equal(list[0]->ref, "LTB-1");
	assert_string_equal(list[0]->themes[0], "neglect");
	assert_string_equal(list[0]->summary, "");
	assert_int_equal(list[0]->key_message_count, 0);
	assert_int_equal(list[0]->document_count, 0);
	store_do(&store, "UPDATE briefing SET withdrawn_at = 5,"
			 " withdrawn_reason = 'x' WHERE id = 1");
	store_check(&store, briefing_load_published(store.db, store.arena,
						    &list, &count, &store.err));
	assert_int_equal(count, 0);
	store_close(&store);
}

static void f30_what_may_be_shown(void **state)
{
	const struct {
		struct briefing_version version;
		const char *why;
	} cases[] = {
	    {{.is_latest = true}, NULL},
	    {{.is_latest = true, .not_before_at = 1000}, NULL},
	    {{.is_latest = true, .not_before_at = 1001}, "embargoed"},
	    {{.is_latest = false}, "superseded"},
	    {{.is_latest = true, .withdrawn_at = 1}, "withdrawn"},
	    {{.is_latest = false, .withdrawn_at = 1, .not_before_at = 2000},
	     "withdrawn"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = NULL;

		assert_int_equal(
		    briefing_is_allowed(&cases[i].version, 1000, &why),
		    cases[i].why == NULL);
		if (cases[i].why)
			assert_string_equal(why, cases[i].why);
		briefing_is_allowed(&cases[i].version, 1000, NULL);
	}
}

static void f30_whom_it_is_for(void **state)
{
	const char *everyone[] = {"all"}, *some[] = {"Police", "health"};
	const char *words[] = {"schools", "Health"}, *others[] = {"all"};
	struct briefing_version all = {.audience = everyone,
				       .audience_count = 1};
	struct briefing_version few = {.audience = some, .audience_count = 2};

	(void)state;
	assert_true(briefing_is_for(&all, "gp", NULL, 0));
	assert_true(briefing_is_for(&few, "police", NULL, 0));
	assert_false(briefing_is_for(&few, "gp", NULL, 0));
	assert_false(briefing_is_for(&few, "gp", words, 1));
	assert_true(briefing_is_for(&few, "gp", words, 2));
	/* a list that calls itself "all" is not meant by everyone's name */
	assert_false(briefing_is_for(&few, "gp", others, 1));
}

static void f40_withdrawing_closes_what_is_outstanding(void **state)
{
	struct store store;
	bool changed = false;

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	store_do(&store, people);
	store_check(&store,
		    briefing_withdraw(store.db, "LTB-1", "wrong child's age",
				      "jo", 60, &changed, &store.err));
	assert_true(changed);
	assert_string_equal(
	    store_text(&store, "SELECT group_concat(coalesce(closed_as, '-') "
			       "|| coalesce(closed_at, '')) "
			       "FROM standing_requirement"),
	    "withdrawn60,-,-,left30");
	assert_int_equal(
	    store_number(&store, "SELECT count(*) FROM event WHERE kind ="
				 " 'briefing-withdrawn' AND effective_at = 60 "
				 "AND json_extract(body, '$.ref') = 'LTB-1'"),
	    1);
	struct briefing_version *version;
	store_check(&store, briefing_load_ref(store.db, "LTB-1", store.arena,
					      &version, &store.err));
	assert_int_equal(version->withdrawn_at, 60);
	assert_string_equal(version->withdrawn_reason, "wrong child's age");
	store_close(&store);
}

/* briefingctl withdraws in one transaction, and the daemon waits behind it. */
static void f45_however_many_are_required_few_rows_change(void **state)
{
	struct store store;
	bool changed;

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	store_do(&store, people);
	store_do(&store,
		 "WITH RECURSIVE n (i) AS (VALUES (5) UNION ALL"
		 " SELECT i + 1 FROM n WHERE i < 2000)"
		 " INSERT INTO person (id, public_id, created_at) SELECT i, "
		 "'p' || i, 0 FROM n;"
		 "INSERT INTO requirement (version_id, person_id, list_id,"
		 " agency, delivery_id, required_at, due_at, closes_at)"
		 " SELECT 2, id, 1, 'police', 1, 1, 50, 90 FROM person"
		 " WHERE id >= 5;");
	store_check(&store, briefing_withdraw(store.db, "LTB-1", "a", "jo", 60,
					      &changed, &store.err));
	assert_int_equal(store_number(&store, "SELECT count(*) FROM requirement"
					      " WHERE closed_as = 'withdrawn'"),
			 0);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM "
					      "standing_requirement WHERE "
					      "closed_as = 'withdrawn'"),
			 1997);
	store_close(&store);
}

static void f50_withdrawing_twice_and_the_unknown(void **state)
{
	struct store store;
	bool changed = true;

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	store_check(&store, briefing_withdraw(store.db, "LTB-1", "a", "jo", 60,
					      &changed, &store.err));
	store_check(&store, briefing_withdraw(store.db, "LTB-1", "b", "jo", 70,
					      &changed, &store.err));
	assert_false(changed);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"), 1);
	assert_false(briefing_withdraw(store.db, "LTB-9", "a", "jo", 60,
				       &changed, &store.err));
	assert_int_equal(store.err.kind, ERR_GONE);
	/* no transaction is left open */
	store_begin(&store);
	db_rollback(store.db);
	store_close(&store);
}

static void f60_sensitive(void **state)
{
	struct briefing_version version = {.marking = "OFFICIAL-SENSITIVE"};

	(void)state;
	assert_true(briefing_is_sensitive(&version));
	version.marking = "OFFICIAL";
	assert_false(briefing_is_sensitive(&version));
}

static void f70_words_come_back_as_they_went(void **state)
{
	const char *words[] = {"all", "a \"quoted\" one", "\xc3\xa9", ""};
	struct arena *arena = arena_new();
	const char **back;
	size_t count;
	struct err err;
	char *text = wordlist_format(words, 4);

	(void)state;
	assert_true(wordlist_parse(text, arena, &back, &count, &err));
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(back[i], words[i]);
	assert_false(wordlist_parse("{}", arena, &back, &count, &err));
	assert_false(wordlist_parse("", arena, &back, &count, &err));
	free(text);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_version_is_loaded_whole),
	    cmocka_unit_test(f10_ref_gives_the_version_in_force),
	    cmocka_unit_test(f20_all_newest_approval_first),
	    cmocka_unit_test(f20_published_ones_are_listed_without_their_texts),
	    cmocka_unit_test(f30_what_may_be_shown),
	    cmocka_unit_test(f30_whom_it_is_for),
	    cmocka_unit_test(f40_withdrawing_closes_what_is_outstanding),
	    cmocka_unit_test(f45_however_many_are_required_few_rows_change),
	    cmocka_unit_test(f50_withdrawing_twice_and_the_unknown),
	    cmocka_unit_test(f60_sensitive),
	    cmocka_unit_test(f70_words_come_back_as_they_went),
	};

	return cmocka_run_group_tests_name("briefing", tests, NULL, NULL);
}
