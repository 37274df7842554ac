#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/erase.h"
#include "core/event.h"
#include "core/evidence.h"
#include "core/ledger.h"
#include "core/link.h"
#include "core/notice.h"
#include "core/person_data.h"
#include "core/report.h"
#include "core/roster.h"
#include "core/tombstone.h"
#include "planning.h"
#include "tools/view.h"

static struct link_keys keys = {.count = 1, .list = {{.id = '1'}}};

/* Person 1, by a name that can be looked for, has had one briefing and is to
 * get another; person 2 as well. */
static void scene(struct planning *p)
{
	planning_open(p);
	store_do(&p->store,
		 "UPDATE identity SET name = 'Ann Zwygart', role = 'Sergeant',"
		 " team = 'Team Q' WHERE person_id = 1");
	add_version(p, 1);
	open_now(p, "police", true);
	assert_int_equal(plan_all(p, 100), 2);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " key_id = '1', ended_at = 5");
	store_do(
	    &p->store,
	    "INSERT INTO attempt SELECT id, 1, 4, 5, 'accepted', 'r', '', 250,"
	    " '', 'ok ' || a.address, 'q', 1, 1 FROM delivery d"
	    " JOIN addressee a ON a.delivery_id = d.id");
	add_version(p, 2);
	p->context.now += HOUR;
	open_now(p, "police", true);
	assert_int_equal(plan_all(p, 100), 2);
	store_do(
	    &p->store,
	    "INSERT INTO suppression (address_key, score, scored_at) VALUES"
	    " ('p1@police.example', 1, 2), ('p2@police.example', 1, 2);"
	    "INSERT INTO forward (delivery_id, address, asked_at) VALUES"
	    " (1, 'P1@police.example', 3), (1, 'p2@police.example', 3);"
	    "INSERT INTO returned (sha256, place, kind, delivery_id,"
	    " is_understood, code, status, text, recorded_at) VALUES"
	    " ('a', '', 'delayed', 1, 1, 0, '', 'of hers', 1),"
	    " ('b', '', 'unknown', NULL, 0, 0, '', 'for P1@police.example', 1),"
	    " ('c', '', 'unknown', NULL, 0, 0, '', 'of nobody', 1);"
	    "UPDATE list SET problem = 'police.csv:3: p1@police.example twice',"
	    " csv_hash = 'h' WHERE id = 1;"
	    "INSERT INTO relay VALUES ('r', 1, 'working', 0, 0, 0,"
	    " '550 <p1@police.example>');"
	    "INSERT INTO member_status (member_id, status, from_at, row_hash,"
	    " recorded_at, actor) VALUES (11, 'on-leave', 0, 'h', 0, 'x')");
}

/* an event about a person with a text */
static void say(struct planning *p, const char *kind, const char *person,
		const char *text)
{
	struct event event;

	store_begin(&p->store);
	event_begin(&event, kind, NOW, "briefingd");
	if (person)
		event_text(&event, "person", person);
	event_private(&event, "text", text);
	store_check(&p->store,
		    event_end(&event, p->store.db, NOW, &p->store.err));
	store_commit(&p->store);
}

/* to a lead, of the list police; the delivery's id */
static int64_t tell(struct planning *p, const char *key, const char *person)
{
	struct roster_list *list;
	int64_t id = 0;

	store_begin(&p->store);
	store_check(&p->store,
		    roster_load_list(p->store.db, "police", p->store.arena,
				     &list, &p->store.err));
	struct view *view = view_new(p->store.arena);
	view_flag(view, "is_lead", true);
	view_flag(view, "is_unreachable", true);
	struct view *people = view_item(view, "people");
	view_text(people, "name", person);
	view_text(people, "address", "");
	view_text(people, "why", "It came back.");
	const struct notice notice = {
	    .key = key,
	    .kind = "lead-week",
	    .list = list,
	    .address = "l@x.example",
	    .name = "L",
	    .subject = "No mail reaches them",
	    .view = view,
	};
	store_check(&p->store, notice_queue(p->store.db, &p->context, &notice,
					    &id, &p->store.err));
	store_commit(&p->store);
	return id;
}

/* As the daemon does it; steps: how many before it is cut off, 0: none. */
static enum erase_state erase(struct planning *p, const char *who, int steps)
{
	const struct erase_order order = {
	    .settings = &p->settings,
	    .keys = &keys,
	    .actor = "jo@host",
	    .reason = "she asked",
	    .how = "asked",
	    .mac = "abc",
	    .now = p->context.now,
	};
	struct erase_work *work = erase_begin(p->store.db, who, &p->store.err);
	enum erase_state state = ERASE_WORKING;

	if (!work)
		fail_msg("%s", p->store.err.text);
	for (int i = 0; state == ERASE_WORKING && (!steps || i < steps); i++) {
		store_begin(&p->store);
		store_check(&p->store, erase_step(p->store.db, work, &order,
						  &state, &p->store.err));
		store_commit(&p->store);
	}
	erase_free(work);
	return state;
}

static void verify(struct planning *p)
{
	struct evidence_findings findings = {.arena = p->store.arena};
	struct evidence_summary summary;
	bool more;

	store_begin(&p->store);
	store_check(&p->store,
		    ledger_append(p->store.db, 4096, &more, &p->store.err));
	store_commit(&p->store);
	store_check(&p->store, evidence_verify(p->store.db, NULL, 0, &findings,
					       &summary, &p->store.err));
	for (size_t i = 0; i < findings.told; i++)
		/* what the case wrote itself has no event */
		if (!strstr(findings.list[i].text, "by no event") &&
		    !strstr(findings.list[i].text, "not by its events"))
			fail_msg("%s", findings.list[i].text);
}

#define COUNT(p, sql) store_number(&(p)->store, "SELECT count(*) FROM " sql)

static void f10_what_goes_and_what_stays(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	say(&p, "a", "public-1", "of hers");
	say(&p, "a", "public-2", "of his");
	say(&p, "a", "public-12", "of another's");
	assert_int_equal(erase(&p, "public-1", 0), ERASE_DONE);
	/* gone */
	assert_int_equal(COUNT(&p, "identity WHERE person_id = 1"), 0);
	assert_int_equal(COUNT(&p, "addressee a JOIN delivery d ON"
				   " d.id = a.delivery_id WHERE"
				   " d.person_id = 1"),
			 0);
	assert_int_equal(COUNT(&p, "attempt WHERE text = ''"), 1);
	assert_int_equal(COUNT(&p, "suppression"), 1);
	assert_int_equal(COUNT(&p, "forward"), 1);
	assert_string_equal(store_text(&p.store,
				       "SELECT group_concat(text, '|')"
				       " FROM returned"),
			    "||of nobody");
	assert_string_equal(store_text(&p.store,
				       "SELECT group_concat(text, '|') FROM"
				       " event_text WHERE name = 'text'"),
			    "of his|of another's");
	assert_null(strstr(store_text(&p.store, "SELECT problem FROM list"
						" WHERE id = 1"),
			   "p1@"));
	assert_string_equal(store_text(&p.store, "SELECT trouble FROM relay"),
			    "");
	assert_int_equal(COUNT(&p,
			       "member WHERE id = 11 AND row_key IS NULL AND"
			       " row_hash = '' AND removed_at IS NOT NULL"),
			 1);
	assert_int_equal(COUNT(&p, "member_status WHERE row_hash = ''"), 1);
	/* what waits is cancelled, and not planned again */
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(person_id || state ||"
				 " detail, ' ') FROM delivery"),
	    "1accepted 2accepted 1cancellederased 2due");
	assert_int_equal(plan_all(&p, 100), 0);
	/* stays */
	assert_int_equal(COUNT(&p, "requirement WHERE person_id = 1 AND"
				   " closed_at IS NULL"),
			 2);
	assert_int_equal(COUNT(&p, "copy WHERE delivery_id = 1 AND"
				   " length(sha256) = 64"),
			 1);
	assert_int_equal(COUNT(&p, "person WHERE id = 1 AND erased_at > 0"), 1);
	assert_int_equal(COUNT(&p, "tombstone WHERE mac = 'abc'"), 1);
	/* and nobody else is touched */
	assert_int_equal(COUNT(&p, "identity WHERE person_id = 2"), 1);
	assert_int_equal(COUNT(&p, "addressee"), 2);
	verify(&p);
	planning_close(&p);
}

static void f10_the_event(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	erase(&p, "public-1", 0);
	assert_string_equal(
	    store_text(&p.store,
		       "SELECT json_remove(body, '$.reason') || t.text FROM"
		       " event e JOIN event_text t ON t.event_id = e.id"
		       " WHERE e.kind = 'person-erased'"),
	    "{\"how\":\"asked\",\"person\":\"public-1\"}she asked");
	assert_int_equal(COUNT(&p, "event WHERE kind = 'person-erased' AND"
				   " actor LIKE 'operator:%'"),
			 1);
	planning_close(&p);
}

/* Cut off after each of its steps, it comes to the same end. */
static void f20_cut_off_anywhere(void **state)
{
	(void)state;
	for (int steps = 1; steps < 12; steps++) {
		struct planning p;

		scene(&p);
		erase(&p, "public-1", steps);
		if (!COUNT(&p, "event WHERE kind = 'person-erased'"))
			assert_int_equal(erase(&p, "public-1", 0), ERASE_DONE);
		assert_int_equal(COUNT(&p, "event WHERE kind ="
					   " 'person-erased'"),
				 1);
		assert_int_equal(COUNT(&p, "event WHERE kind ="
					   " 'delivery-cancelled'"),
				 1);
		assert_int_equal(COUNT(&p, "identity WHERE person_id = 1"), 0);
		assert_null(erase_begin(p.store.db, "public-1", &p.store.err));
		assert_int_equal(p.store.err.kind, ERR_GONE);
		verify(&p);
		planning_close(&p);
	}
}

/* Nothing that counts moves. */
static void f20_figures_stay(void **state)
{
	static const char sql[] =
	    "SELECT group_concat(x, ' ') FROM (SELECT version_id || '/' ||"
	    " required_at || '/' || due_at || '/' ||"
	    " coalesce(acknowledged_at, '') || '/' || coalesce(closed_at, '')"
	    " AS x FROM requirement ORDER BY id)";
	struct planning p;

	(void)state;
	scene(&p);
	const char *before = store_text(&p.store, sql);
	erase(&p, "public-1", 0);
	assert_string_equal(store_text(&p.store, sql), before);
	planning_close(&p);
}

/* A sheet's scan shows who signed it, and others: it goes with each of them,
 * also where their attestation was undone. What counts stays. */
static void f20_scans_of_sheets_they_are_on(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	for (int requirement = 1; requirement <= 4; requirement++)
		attest(&p, requirement);
	store_do(&p.store, UNDO_SHEETS " WHERE id = 3");
	assert_int_equal(COUNT(&p, "requirement WHERE person_id = 1"), 2);
	erase(&p, "public-1", 0);
	assert_int_equal(COUNT(&p, "sheet_scan"), 2);
	assert_int_equal(COUNT(&p, "sheet_scan x JOIN requirement r ON r.id ="
				   " x.sheet_id WHERE r.person_id = 1"),
			 0);
	assert_int_equal(COUNT(&p, "attestation"), 4);
	assert_int_equal(COUNT(&p, "sheet"), 4);
	planning_close(&p);
}

/* A mail that is being sent needs its address. */
static void f20_waits_for_what_is_being_sent(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	store_do(&p.store,
		 "UPDATE delivery SET state = 'sending', claimed_at = 1,"
		 " key_id = '1' WHERE state = 'due' AND person_id = 1");
	assert_int_equal(erase(&p, "public-1", 0), ERASE_WAITING);
	assert_int_equal(COUNT(&p, "identity WHERE person_id = 1"), 1);
	store_do(&p.store, "UPDATE delivery SET state = 'accepted',"
			   " ended_at = 7 WHERE state = 'sending'");
	assert_int_equal(erase(&p, "public-1", 0), ERASE_DONE);
	assert_int_equal(COUNT(&p, "copy"), 2);
	planning_close(&p);
}

static void f30_notices_that_tell_of_them(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	/* a name that is wrapped in a mail's line, and written otherwise */
	int64_t of_her = tell(&p, "k1",
			      "Some long words before Ann  Zwygart, "
			      "and some long words behind the name");
	int64_t of_him = tell(&p, "k2", "Person 2");
	char sql[200];
	erase(&p, "public-1", 0);
	snprintf(sql, sizeof(sql),
		 "SELECT d.state || length(l.body) FROM delivery d JOIN"
		 " letter l ON l.id = d.letter_id WHERE d.id = %lld",
		 (long long)of_her);
	assert_string_equal(store_text(&p.store, sql), "cancelled0");
	snprintf(sql, sizeof(sql),
		 "SELECT d.state || (length(l.body) > 0) FROM delivery d JOIN"
		 " letter l ON l.id = d.letter_id WHERE d.id = %lld",
		 (long long)of_him);
	assert_string_equal(store_text(&p.store, sql), "due1");
	/* and what promised its text */
	assert_int_equal(COUNT(&p, "event_text WHERE name = 'sha256'"), 1);
	verify(&p);
	planning_close(&p);
}

/* The address is another's now: nothing of theirs goes. */
static void f30_who_gave_their_address_up(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	store_do(&p.store,
		 "UPDATE identity SET address_key = NULL WHERE person_id = 1;"
		 "UPDATE identity SET address_key = 'p1@police.example',"
		 " address = 'p1@police.example' WHERE person_id = 2");
	const char **found;
	size_t count;
	store_check(&p.store,
		    erase_find(p.store.db, "p1@police.example", p.store.arena,
			       &found, &count, &p.store.err));
	assert_int_equal(count, 2);
	erase(&p, "public-1", 0);
	assert_int_equal(COUNT(&p, "suppression"), 2);
	assert_int_equal(COUNT(&p, "identity WHERE person_id = 2"), 1);
	assert_int_equal(COUNT(&p, "identity WHERE person_id = 1"), 0);
	assert_int_equal(COUNT(&p, "tombstone"), 0);
	planning_close(&p);
}

static void f40_an_evidence_that_lies(void **state)
{
	static const struct {
		const char *sql, *finding;
	} cases[] = {
	    {"INSERT INTO identity VALUES (1, NULL, 'x', 'x', '', '')",
	     "and the table says who they are"},
	    {"UPDATE person SET erased_at = 7 WHERE id = 1", "erased at 7"},
	    {"UPDATE person SET erased_at = 7 WHERE id = 2;"
	     "DELETE FROM identity WHERE person_id = 2",
	     "person public-2: erased at 7 by the table, and by no event"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct evidence_findings findings = {0};
		struct evidence_summary summary;
		struct planning p;
		bool found = false;

		scene(&p);
		erase(&p, "public-1", 0);
		store_do(&p.store, cases[i].sql);
		findings.arena = p.store.arena;
		store_check(&p.store,
			    evidence_verify(p.store.db, NULL, 0, &findings,
					    &summary, &p.store.err));
		for (size_t j = 0; j < findings.told; j++)
			found |= strstr(findings.list[j].text,
					cases[i].finding) != NULL;
		assert_true(found);
		planning_close(&p);
	}
}

static void f40_tombstones(void **state)
{
	const struct tombstone_key key = {{1}}, other = {{2}};
	char mac[TOMBSTONE_SIZE], second[TOMBSTONE_SIZE];
	struct planning p;
	bool is;

	(void)state;
	tombstone_make(&key, "p1@police.example", mac);
	tombstone_make(&other, "p1@police.example", second);
	assert_string_not_equal(mac, second);
	assert_int_equal(strlen(mac), 64);
	planning_open(&p);
	store_do(&p.store, "UPDATE list SET csv_hash = 'h', refused_lines = '2'"
			   " WHERE id = 1");
	store_begin(&p.store);
	store_check(&p.store,
		    tombstone_put(p.store.db, mac, NOW, &p.store.err));
	store_check(&p.store,
		    tombstone_put(p.store.db, mac, NOW, &p.store.err));
	store_check(&p.store, tombstone_is(p.store.db, mac, &is, &p.store.err));
	assert_true(is);
	store_check(&p.store,
		    tombstone_is(p.store.db, second, &is, &p.store.err));
	assert_false(is);
	store_check(&p.store,
		    tombstone_remove(p.store.db, mac, &is, &p.store.err));
	assert_true(is);
	store_check(&p.store,
		    tombstone_remove(p.store.db, mac, &is, &p.store.err));
	assert_false(is);
	store_commit(&p.store);
	assert_string_equal(store_text(&p.store, "SELECT csv_hash FROM list"
						 " WHERE id = 1"),
			    "again");
	planning_close(&p);
}

static void f40_lines_of_the_file(void **state)
{
	static const char mac[] = "0123456789abcdef0123456789abcdef"
				  "0123456789abcdef0123456789abcdef";
	struct tombstone_line line = {.person = "person1", .at = 1795420800};
	char text[TOMBSTONE_LINE_SIZE];

	(void)state;
	strcpy(line.mac, mac);
	for (int i = 0; i < 2; i++) {
		struct tombstone_line read;

		line.is_readmitted = i == 1;
		tombstone_format_line(&line, text);
		text[strcspn(text, "\n")] = '\0';
		assert_true(tombstone_parse_line(text, &read));
		assert_string_equal(read.mac, mac);
		assert_string_equal(read.person, i ? "-" : "person1");
		assert_int_equal(read.at, line.at);
		assert_int_equal(read.is_readmitted, i);
	}
	static const char *const none[] = {
	    "",
	    "erased",
	    "erased 0123 person1 5",
	    "erased %s person1",
	    "erased %s  5",
	    "erased %s person1 x",
	    "erased %s person1 5 6",
	    "erased %s person1person1person1person1 5",
	    "found %s person1 5",
	    "erased %s%s person1 5",
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		char odd[300] = "";

		/* the mac stands where its % does */
		for (const char *at = none[i]; *at; at++)
			if (at[0] == '%' && at[1] == 's' && at++)
				strcat(odd, mac);
			else
				strncat(odd, at, 1);
		assert_false(tombstone_parse_line(odd, &line));
	}
}

/* Each table that names people has a statement, and no column of those that
 * are said to hold numbers could hold a name unseen: who adds a table adds its
 * line to core/person_data. */
static void f20_every_table_has_its_line(void **state)
{
	struct planning p;
	struct buf names;
	char sql[4000];

	(void)state;
	planning_open(&p);
	buf_init(&names, 3000);
	for (const struct person_table *table = person_tables; table->name;
	     table++) {
		buf_addf(&names, "%s'%s'", names.size ? "," : "", table->name);
		snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM sqlite_schema WHERE name = '%s'",
			 table->name);
		if (!store_number(&p.store, sql))
			fail_msg("there is no table %s", table->name);
		if (table->fate == PERSON_GOES &&
		    strcmp(table->name, "letter") != 0)
			assert_int_not_equal(table->step, PERSON_NEVER);
	}
	snprintf(sql, sizeof(sql),
		 "SELECT coalesce(group_concat(name), '') FROM sqlite_schema"
		 " WHERE type = 'table' AND name NOT LIKE 'sqlite%%' AND name"
		 " NOT IN (%s)",
		 names.data);
	assert_string_equal(store_text(&p.store, sql), "");
	buf_done(&names);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_what_goes_and_what_stays),
	    cmocka_unit_test(f10_the_event),
	    cmocka_unit_test(f20_cut_off_anywhere),
	    cmocka_unit_test(f20_figures_stay),
	    cmocka_unit_test(f20_scans_of_sheets_they_are_on),
	    cmocka_unit_test(f20_waits_for_what_is_being_sent),
	    cmocka_unit_test(f20_every_table_has_its_line),
	    cmocka_unit_test(f30_notices_that_tell_of_them),
	    cmocka_unit_test(f30_who_gave_their_address_up),
	    cmocka_unit_test(f40_an_evidence_that_lies),
	    cmocka_unit_test(f40_tombstones),
	    cmocka_unit_test(f40_lines_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
