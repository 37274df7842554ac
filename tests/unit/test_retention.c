#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/event.h"
#include "core/link.h"
#include "core/retention.h"
#include "planning.h"

static const struct link_keys keys = {.count = 1, .list = {{.id = '1'}}};

static void scene(struct planning *p)
{
	planning_open(p);
	p->settings.retention_leavers_days = 365;
	p->settings.retention_texts_days = 100;
	p->settings.retention_mails_days = 10;
	p->settings.retention_scans_days = 20;
	add_version(p, 1);
	open_now(p, "police", true);
	assert_int_equal(plan_all(p, 100), 2);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " key_id = '1', ended_at = 5");
}

static struct retention_counts retain(struct planning *p, bool is_asked,
				      int steps)
{
	const struct retention_order order = {
	    .keys = &keys,
	    .actor = "briefingd",
	    .now = p->context.now,
	};
	struct retention *run = retention_new(&order);
	bool is_done = false;

	for (int i = 0; !is_done && (!steps || i < steps); i++) {
		/* which a reload may free behind each step */
		struct settings *settings = xcalloc(1, sizeof(*settings));

		*settings = p->settings;
		store_begin(&p->store);
		store_check(&p->store,
			    retention_step(p->store.db, run, settings, is_asked,
					   &is_done, &p->store.err));
		store_commit(&p->store);
		memset(settings, 0xff, sizeof(*settings));
		free(settings);
	}
	struct retention_counts went = *retention_went(run);
	retention_free(run);
	return went;
}

static int64_t count(struct planning *p)
{
	struct retention_counts counts;

	store_check(&p->store,
		    retention_count(p->store.db, &p->settings, p->context.now,
				    &counts, &p->store.err));
	return counts.people * 10000 + counts.texts * 100 + counts.mails;
}

#define COUNT(p, sql) store_number(&(p)->store, "SELECT count(*) FROM " sql)

static void f10_who_is_on_no_list(void **state)
{
	struct planning p;
	char sql[200];

	(void)state;
	scene(&p);
	snprintf(sql, sizeof(sql),
		 "UPDATE member SET removed_at = %lld WHERE person_id = 1",
		 (long long)NOW);
	store_do(&p.store, sql);
	p.context.now = NOW + 365 * DAY;
	assert_int_equal(count(&p), 0);
	assert_int_equal(retain(&p, false, 0).people, 0);
	assert_int_equal(COUNT(&p, "event WHERE kind = 'retention-run'"), 0);
	p.context.now++;
	assert_int_equal(count(&p), 10000);
	assert_int_equal(retain(&p, false, 0).people, 1);
	assert_int_equal(COUNT(&p, "identity WHERE person_id = 1"), 0);
	assert_int_equal(COUNT(&p, "identity"), 2);
	assert_int_equal(COUNT(&p, "addressee"), 1);
	assert_int_equal(COUNT(&p, "copy"), 1);
	assert_int_equal(COUNT(&p, "requirement"), 2);
	assert_int_equal(COUNT(&p, "tombstone"), 0);
	assert_string_equal(
	    store_text(&p.store, "SELECT body FROM event WHERE kind ="
				 " 'retention-run'"),
	    "{\"mails\":0,\"people\":1,\"scans\":0,\"texts\":0}");
	assert_string_equal(store_text(&p.store,
				       "SELECT body FROM event WHERE kind ="
				       " 'person-erased'"),
			    "{\"how\":\"retention\",\"person\":\"public-1\"}");
	planning_close(&p);
}

/* On another list, on one whose files are gone, on none ever. */
static void f20_since_when(void **state)
{
	static const struct {
		const char *sql;
		int people;
	} cases[] = {
	    {"UPDATE member SET removed_at = 5 WHERE person_id = 1;"
	     "INSERT INTO member (id, list_id, person_id, row_key, row_hash,"
	     " is_primary, joined_at, status, added_at) VALUES"
	     " (99, 2, 1, 'k', 'h', 0, 0, 'active', 0)",
	     0},
	    {"UPDATE member SET status = 'left' WHERE person_id = 1", 0},
	    {"UPDATE list SET removed_at = 5 WHERE id = 1", 2},
	    {"INSERT INTO person (id, public_id, created_at) VALUES"
	     " (9, 'guest', 5);"
	     "INSERT INTO identity VALUES (9, 'g@x', 'g@x', '', '', '')",
	     1},
	    {"INSERT INTO person (id, public_id, created_at) VALUES"
	     " (9, 'guest', 9000000000);"
	     "INSERT INTO identity VALUES (9, 'g@x', 'g@x', '', '', '')",
	     0},
	    /* what is being sent is for the next run */
	    {"UPDATE member SET removed_at = 5 WHERE person_id = 1;"
	     "UPDATE delivery SET state = 'sending' WHERE person_id = 1",
	     0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p);
		store_do(&p.store, cases[i].sql);
		p.context.now = NOW + 366 * DAY;
		assert_int_equal(retain(&p, false, 0).people, cases[i].people);
		planning_close(&p);
	}
}

static void f20_nothing_where_it_is_kept(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	store_do(&p.store, "UPDATE member SET removed_at = 5;"
			   "INSERT INTO attempt SELECT id, 1, 4, 5, 'accepted',"
			   " 'r', '', 250, '', 'ok', 'q', 1, 1 FROM delivery");
	p.settings.retention_leavers_days = 0;
	p.settings.retention_texts_days = 0;
	p.settings.retention_mails_days = 0;
	p.settings.retention_scans_days = 0;
	p.context.now = NOW + 9999 * DAY;
	assert_int_equal(count(&p), 0);
	retain(&p, true, 0);
	assert_string_equal(
	    store_text(&p.store, "SELECT body FROM event WHERE kind ="
				 " 'retention-run'"),
	    "{\"mails\":0,\"people\":0,\"scans\":0,\"texts\":0}");
	planning_close(&p);
}

static void say(struct planning *p, const char *kind, const char *person,
		int64_t at)
{
	struct event event;

	store_begin(&p->store);
	event_begin(&event, kind, at, "briefingd");
	if (person)
		event_text(&event, "person", person);
	event_private(&event, "text", kind);
	store_check(&p->store,
		    event_end(&event, p->store.db, at, &p->store.err));
	store_commit(&p->store);
}

static void f20_texts_and_mails(void **state)
{
	struct planning p;
	char sql[700];

	(void)state;
	scene(&p);
	say(&p, "old", "public-2", NOW);
	say(&p, "board's", NULL, NOW);
	say(&p, "new", "public-2", NOW + 50 * DAY);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO attempt SELECT id, 1, 4, %lld + id, 'accepted',"
		 " 'r', '', 250, '', 'ok', 'q', 1, 1 FROM delivery;"
		 "INSERT INTO returned (sha256, place, kind, is_understood,"
		 " code, status, text, recorded_at) VALUES"
		 " ('a', '', 'unknown', 0, 0, '', 'old', 5),"
		 " ('b', '', 'unknown', 0, 0, '', 'new', %lld)",
		 (long long)(NOW + 91 * DAY - 2), (long long)(NOW + 99 * DAY));
	store_do(&p.store, sql);
	p.context.now = NOW + 101 * DAY;
	assert_int_equal(count(&p), 102);
	struct retention_counts went = retain(&p, false, 0);
	assert_int_equal(went.texts, 1);
	assert_int_equal(went.mails, 2);
	assert_string_equal(store_text(&p.store,
				       "SELECT group_concat(text, '|') FROM"
				       " (SELECT text FROM event_text ORDER BY"
				       " event_id)"),
			    "board's|new");
	assert_string_equal(store_text(&p.store,
				       "SELECT group_concat(text, '|') FROM"
				       " (SELECT text FROM attempt ORDER BY"
				       " delivery_id)"),
			    "|ok");
	assert_string_equal(store_text(&p.store,
				       "SELECT group_concat(text, '|') FROM"
				       " (SELECT text FROM returned ORDER BY"
				       " id)"),
			    "|new");
	assert_int_equal(count(&p), 0);
	planning_close(&p);
}

/* The scan goes; that they signed, and when, stays. */
static void f20_scans(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	attest(&p, 1);
	attest(&p, 2);
	store_do(&p.store, "UPDATE sheet SET recorded_at = recorded_at + 1"
			   " WHERE id = 2");
	p.context.now = NOW + 20 * DAY;
	assert_int_equal(retain(&p, false, 0).scans, 0);
	p.context.now++;
	struct retention_counts counts;
	store_check(&p.store,
		    retention_count(p.store.db, &p.settings, p.context.now,
				    &counts, &p.store.err));
	assert_int_equal(counts.scans, 1);
	assert_int_equal(retain(&p, false, 0).scans, 1);
	assert_int_equal(COUNT(&p, "sheet_scan WHERE sheet_id = 2"), 1);
	assert_int_equal(COUNT(&p, "sheet_scan"), 1);
	assert_int_equal(COUNT(&p, "sheet"), 2);
	assert_int_equal(COUNT(&p, "attestation"), 2);
	planning_close(&p);
}

/* Cut off behind each of its steps, the next run does what is left. */
static void f30_cut_off_anywhere(void **state)
{
	(void)state;
	for (int steps = 1; steps < 20; steps++) {
		struct planning p;

		scene(&p);
		say(&p, "old", "public-1", NOW + 300 * DAY);
		store_do(&p.store, "UPDATE member SET removed_at = 5 WHERE"
				   " person_id = 1");
		p.context.now = NOW + 366 * DAY;
		retain(&p, false, steps);
		retain(&p, false, 0);
		assert_int_equal(COUNT(&p, "identity"), 2);
		assert_int_equal(COUNT(&p, "event WHERE kind ="
					   " 'person-erased'"),
				 1);
		/* young, but its person's */
		assert_int_equal(COUNT(&p, "event_text WHERE text = 'old'"), 0);
		planning_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_who_is_on_no_list),
	    cmocka_unit_test(f20_since_when),
	    cmocka_unit_test(f20_nothing_where_it_is_kept),
	    cmocka_unit_test(f20_texts_and_mails),
	    cmocka_unit_test(f20_scans),
	    cmocka_unit_test(f30_cut_off_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
