#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/attestation.h"
#include "core/checkpoint.h"
#include "core/event.h"
#include "core/evidence.h"
#include "core/evidence_prove.h"
#include "core/ledger.h"
#include "core/note.h"
#include "core/settings.h"
#include "scene.h"
#include "store.h"
#include "tools/zone.h"

#define NOW 1795356180LL
#define DUE (NOW + 14 * SCENE_DAY)
#define CLOSES (NOW + 180 * SCENE_DAY)

static struct note_signer signer_of(const char *name)
{
	struct note_signer signer;
	uint8_t seed[32] = {7};

	assert_true(note_signer_make(name, seed, &signer));
	return signer;
}

static void add(struct store *store, struct event *event, int64_t now)
{
	store_check(store, event_end(event, store->db, now, &store->err));
}

static void take_briefing(struct store *store)
{
	struct event event;

	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	event_begin(&event, "briefing-taken", NOW, "briefingd");
	event_text(&event, "ref", "LTB-1");
	event_integer(&event, "version", 1);
	event_text(&event, "content_hash", "hash 1");
	event_private(&event, "approved_by", "Ann Smith");
	add(store, &event, NOW);
}

/* the duty of a person, as planning makes it; the delivery has their id */
static void require(struct store *store, int id)
{
	struct event event;

	scene_person(store, id);
	scene_delivery(store, id, id, 1, "live", NOW, NOW + 5);
	scene_requirement(store, 1, id, 1, "police", id, NOW, DUE, CLOSES);
	event_begin(&event, "delivery-planned", NOW, "briefingd");
	event_text(&event, "person",
		   arena_printf(store->arena, "person-%d", id));
	event_text(&event, "agency", "police");
	event_text(&event, "required",
		   arena_printf(store->arena, "1:%lld", DUE));
	event_integer(&event, "closes_at", CLOSES);
	add(store, &event, NOW);
	event_begin(&event, "delivery-accepted", NOW + 5, "briefingd");
	event_integer(&event, "delivery", id);
	event_text(&event, "state", "accepted");
	add(store, &event, NOW + 6);
}

static void acknowledge(struct store *store, int id)
{
	struct event event;

	event_begin(&event, "acknowledged", NOW + 100, "briefingd");
	event_text(&event, "person",
		   arena_printf(store->arena, "person-%d", id));
	event_text(&event, "ref", "LTB-1");
	event_integer(&event, "version", 1);
	event_text(&event, "grade", "confirmed");
	event_text(&event, "receipt", arena_printf(store->arena, "r%d", id));
	add(store, &event, NOW + 100);
	scene_do(store,
		 "UPDATE requirement SET acknowledged_at = %lld, grade ="
		 " 'confirmed', receipt = 'r%d', event_id = %lld"
		 " WHERE person_id = %d",
		 NOW + 100, id, (long long)event.id, id);
}

static void confirm_beside(struct store *store, int id)
{
	struct event event;

	event_begin(&event, "acknowledged-beside", NOW + 200, "briefingd");
	event_text(&event, "person",
		   arena_printf(store->arena, "person-%d", id));
	event_text(&event, "ref", "LTB-1");
	event_integer(&event, "version", 1);
	event_text(&event, "kind", "wider");
	event_text(&event, "grade", "wider-reach");
	event_text(&event, "receipt", "w1");
	add(store, &event, NOW + 200);
	scene_do(store,
		 "INSERT INTO beside (id, kind, version_id, person_id, list_id,"
		 " agency, confirmed_at, grade, receipt, event_id) VALUES (1,"
		 " 'wider', 1, %d, 1, 'police', %lld, 'wider-reach', 'w1',"
		 " %lld)",
		 id, NOW + 200, (long long)event.id);
}

/* That of a person, or the one beside what was required, which is theirs. */
static void disown(struct store *store, int id, const char *as)
{
	bool is_required = strcmp(as, "required") == 0;
	struct event event;

	event_begin(&event, "acknowledgement-disowned", NOW + 300, "briefingd");
	event_text(&event, "person",
		   arena_printf(store->arena, "person-%d", id));
	event_text(&event, "ref", "LTB-1");
	event_integer(&event, "version", 1);
	event_integer(&event, "event", is_required ? 402 + id : 503);
	event_text(&event, "as", as);
	add(store, &event, NOW + 300);
	if (!is_required) {
		scene_do(store,
			 "UPDATE beside SET disowned_at = %lld,"
			 " disowned_event_id = %lld",
			 NOW + 300, (long long)event.id);
		return;
	}
	scene_do(store,
		 "INSERT INTO disowned (requirement_id, acknowledged_at,"
		 " disowned_at, grade, receipt, event_id, disowned_event_id)"
		 " SELECT id, acknowledged_at, %lld, grade, receipt, event_id,"
		 " %lld FROM requirement WHERE person_id = %d",
		 NOW + 300, (long long)event.id, id);
	scene_do(store,
		 "UPDATE requirement SET acknowledged_at = NULL, grade = NULL,"
		 " receipt = NULL, event_id = NULL WHERE person_id = %d",
		 id);
}

static void sign(struct store *store)
{
	struct note_signer signer = signer_of("board.example/ledger");
	int64_t size;
	bool more;

	store_begin(store);
	store_check(store, ledger_append(store->db, 10000, &more, &store->err));
	store_check(store, checkpoint_make(store->db, &signer, NOW, &size,
					   &store->err));
	store_commit(store);
}

/* 2 + 2 * 200 + 100 + 1 events, with a checkpoint in between */
static void scene_open(struct store *store)
{
	struct note_signer signer = signer_of("board.example/ledger");

	store_open(store);
	store_begin(store);
	store_check(store,
		    checkpoint_use_key(store->db, &signer, NOW, &store->err));
	scene_list(store, 1, "police");
	take_briefing(store);
	scene_letter(store, 1, 1, "live", "1");
	for (int id = 1; id <= 100; id++)
		require(store, id);
	store_commit(store);
	sign(store);
	store_begin(store);
	for (int id = 101; id <= 200; id++)
		require(store, id);
	for (int id = 1; id <= 100; id++)
		acknowledge(store, id);
	confirm_beside(store, 200);
	store_commit(store);
	sign(store);
}

static struct evidence_findings verify(struct store *store)
{
	struct evidence_findings findings = {.arena = store->arena};
	struct evidence_summary summary;

	store_check(store, evidence_verify(store->db, NULL, 0, &findings,
					   &summary, &store->err));
	return findings;
}

static void f10_what_was_not_touched_is_good(void **state)
{
	struct evidence_findings findings = {0};
	struct evidence_summary summary;
	struct store store;

	(void)state;
	scene_open(&store);
	findings.arena = store.arena;
	store_check(&store, evidence_verify(store.db, NULL, 0, &findings,
					    &summary, &store.err));
	if (findings.count)
		fail_msg("%s", findings.list[0].text);
	assert_int_equal(summary.events, 503);
	assert_int_equal(summary.sealed, 503);
	assert_int_equal(summary.checkpoints, 2);
	store_close(&store);
}

/* Each change of the store is found, and by its name. */
static void f20_every_change_is_named(void **state)
{
	static const struct {
		const char *sql, *what, *text;
	} cases[] = {
	    {"UPDATE event SET body = replace(body, 'person-7\"',"
	     " 'person-8\"') WHERE id = 15",
	     "event", "event 15 (delivery-planned"},
	    {"UPDATE event SET effective_at = effective_at - 1 WHERE id = 450",
	     "event", "event 450 (acknowledged"},
	    {"UPDATE event SET actor = 'operator:x' WHERE id = 1", "event",
	     "event 1 (ledger-key"},
	    {"DELETE FROM event WHERE id = 300", "event",
	     "event 300 is not there"},
	    {"DELETE FROM beside; DELETE FROM event WHERE id = 503", "event",
	     "event 503 is not there"},
	    {"UPDATE ledger_tile SET hashes = zeroblob(8192)"
	     " WHERE level = 0 AND number = 0",
	     "leaf", "event 1 (ledger-key"},
	    {"UPDATE ledger_tile SET hashes = zeroblob(32) WHERE level = 1",
	     "leaf", "tile 1/0 is damaged"},
	    {"UPDATE checkpoint SET note = replace(note, 'board', 'broad')",
	     "checkpoint", "not signed by its key"},
	    {"UPDATE requirement SET acknowledged_at = acknowledged_at - 1"
	     " WHERE id = 3",
	     "row",
	     "requirement of person person-3 for LTB-1 version 1:"
	     " acknowledged at"},
	    {"UPDATE requirement SET acknowledged_at = 1, grade = 'confirmed'"
	     " WHERE id = 150",
	     "row", "by the table, and by no event"},
	    {"UPDATE requirement SET acknowledged_at = NULL, grade = NULL"
	     " WHERE id = 5",
	     "row", "acknowledged by event 407, and not by the table"},
	    {"UPDATE requirement SET grade = 'confirmed-by-reply' WHERE id = 5",
	     "row", "confirmed-by-reply by the table, confirmed by event 407"},
	    {"UPDATE requirement SET event_id = 9 WHERE id = 5", "row",
	     "acknowledged by event 407, and the table names 9"},
	    {"UPDATE requirement SET due_at = due_at + 1 WHERE id = 9", "row",
	     "person-9 for LTB-1 version 1: due at"},
	    {"UPDATE requirement SET agency = 'health' WHERE id = 9", "row",
	     "of agency health by the table, of police by event 19"},
	    {"UPDATE requirement SET missed_at = 5 WHERE id = 190", "row",
	     "missed at 5 by the table, and by no event"},
	    {"UPDATE requirement SET closed_at = 5, closed_as = 'left'"
	     " WHERE id = 190",
	     "row", "closed (left) at 5 by the table, and by no event"},
	    {"DELETE FROM requirement WHERE id = 190", "row",
	     "person-190 for LTB-1 version 1: by event"},
	    {"UPDATE delivery SET state = 'refused' WHERE id = 2", "row",
	     "delivery 2: refused by the table"},
	    {"UPDATE delivery SET ended_at = ended_at - 9 WHERE id = 2", "row",
	     "delivery 2: accepted at"},
	    {"UPDATE version SET content_hash = 'other'", "row",
	     "version 1 of briefing LTB-1 is not what was approved then"},
	    {"UPDATE event_text SET text = 'Bob Smith'", "row",
	     "the approved_by of event 2 (briefing-taken) is another text"},
	    {"UPDATE beside SET grade = 'confirmed'", "row",
	     "confirmation 1 beside what was required: event 503"},
	    {"INSERT INTO beside SELECT 2, 'further', version_id, 5, list_id,"
	     " agency, confirmed_at, grade, receipt, 407, NULL, NULL"
	     " FROM beside",
	     "row", "confirmation 2 beside what was required: event 407"},
	    {"DELETE FROM beside", "row",
	     "beside what was required: by event 503"},
	    {"INSERT INTO ledger_key VALUES (9, 'k', 1)", "row",
	     "the key k: in the table, and by no event"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store store;
		bool is_found = false;

		scene_open(&store);
		store_do(&store, "PRAGMA foreign_keys = OFF");
		store_do(&store, cases[i].sql);
		struct evidence_findings findings = verify(&store);
		for (size_t j = 0; j < findings.told; j++)
			is_found |=
			    strstr(findings.list[j].text, cases[i].text) &&
			    strcmp(findings.list[j].what, cases[i].what) == 0;
		if (!is_found)
			fail_msg("%s: %s", cases[i].sql,
				 findings.count ? findings.list[0].text
						: "nothing found");
		store_close(&store);
	}
}

/* 503 events, then those that disown: of 1, of 2 who confirms again, and of who
 * confirmed beside what was required. */
static void scene_open_disowned(struct store *store)
{
	scene_open(store);
	store_begin(store);
	disown(store, 1, "required");
	disown(store, 2, "required");
	acknowledge(store, 2);
	disown(store, 200, "wider");
	store_commit(store);
}

static void f20_what_is_disowned_is_good(void **state)
{
	struct store store;

	(void)state;
	scene_open_disowned(&store);
	struct evidence_findings findings = verify(&store);
	if (findings.count)
		fail_msg("%s", findings.list[0].text);
	store_close(&store);
}

static void f20_every_change_of_what_is_disowned_is_named(void **state)
{
	static const struct {
		const char *sql, *text;
	} cases[] = {
	    {"DELETE FROM disowned WHERE id = 1",
	     "the disowning of a confirmation beside what was required: by "
	     "event 504, and not in the table"},
	    {"UPDATE disowned SET acknowledged_at = acknowledged_at - 1"
	     " WHERE id = 2",
	     "disowned confirmation 2"},
	    {"UPDATE disowned SET disowned_at = disowned_at + 1 WHERE id = 2",
	     "disowned confirmation 2"},
	    {"UPDATE disowned SET grade = 'confirmed-by-reply' WHERE id = 2",
	     "disowned confirmation 2"},
	    {"UPDATE disowned SET receipt = 'x' WHERE id = 2",
	     "disowned confirmation 2"},
	    {"UPDATE disowned SET requirement_id = 7 WHERE id = 1",
	     "disowned confirmation 1"},
	    {"UPDATE disowned SET event_id = 410 WHERE id = 1",
	     "disowned confirmation 1"},
	    {"UPDATE requirement SET acknowledged_at = 1795356280,"
	     " grade = 'confirmed', event_id = 403 WHERE id = 1",
	     "person-1 for LTB-1 version 1: acknowledged at 1795356280 by the "
	     "table, and by no event"},
	    {"UPDATE requirement SET acknowledged_at = NULL, grade = NULL"
	     " WHERE id = 2",
	     "acknowledged by event 506, and not by the table"},
	    {"INSERT INTO disowned SELECT 9, 50, acknowledged_at, disowned_at,"
	     " grade, receipt, 452, 404 FROM disowned WHERE id = 1",
	     "disowned confirmation 9 beside what was required: event 404"},
	    {"INSERT INTO event VALUES (508, 'acknowledgement-disowned', 1, 1,"
	     " 'x', '{\"as\":\"required\",\"event\":404,\"person\":"
	     "\"person-3\",\"ref\":\"LTB-1\",\"version\":1}')",
	     "event 508 (acknowledgement-disowned): what stood then was "
	     "recorded by event 405, and it disowns 404"},
	    {"UPDATE beside SET disowned_at = disowned_at - 1",
	     "disowning of confirmation 1 beside what was required: event 507"},
	    {"UPDATE beside SET disowned_at = NULL, disowned_event_id = NULL",
	     "by event 507, and not in the table"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store store;
		bool is_found = false;

		scene_open_disowned(&store);
		store_do(&store, "PRAGMA foreign_keys = OFF");
		store_do(&store, cases[i].sql);
		struct evidence_findings findings = verify(&store);
		for (size_t j = 0; j < findings.told; j++)
			is_found |= strstr(findings.list[j].text,
					   cases[i].text) != NULL;
		if (!is_found)
			fail_msg("%s: %s", cases[i].sql,
				 findings.count ? findings.list[0].text
						: "nothing found");
		store_close(&store);
	}
}

/* Persons 150 and 151 are on sheet 1, 152 to 154 on 2; 151 was taken off, and 2
 * undone: events 504 to 511. */
static void attest(struct store *store)
{
	const char *const keys[] = {"150@x", "151@x", "152@x", "153@x",
				    "154@x"};
	struct attestation_wish wish = {.ref = "LTB-1",
					.list = "police",
					.signed_on = "2026-11-20",
					.address_keys = keys,
					.address_count = 2,
					.scan = "%PDF-1.7 names",
					.scan_size = 14};
	struct settings settings = {0};
	int64_t id;

	settings.zone = zone_open("Europe/London", &store->err);
	store_begin(store);
	for (int i = 150; i < 155; i++)
		scene_do(store,
			 "INSERT INTO identity VALUES (%d, '%d@x', '%d@x', '',"
			 " '', '')",
			 i, i, i);
	for (int i = 0; i < 2; i++) {
		store_check(store, attestation_record(
				       store->db, &settings, &wish, "briefingd",
				       NOW + 300, NULL, &id, &store->err));
		wish.address_keys = keys + 2;
		wish.address_count = 3;
	}
	store_check(store,
		    attestation_undo(store->db, 1, "151@x", "wrong",
				     "briefingd", NOW + 310, &store->err));
	store_check(store,
		    attestation_undo(store->db, 2, NULL, "wrong", "briefingd",
				     NOW + 320, &store->err));
	store_commit(store);
	zone_close(settings.zone);
	sign(store);
}

static void f20_every_change_of_a_sheet_is_named(void **state)
{
	static const struct {
		const char *sql, *text; /* NULL: nothing is wrong */
	} cases[] = {
	    {"SELECT 1", NULL},
	    /* erased, or kept for long enough */
	    {"DELETE FROM sheet_scan", NULL},
	    {"UPDATE sheet_scan SET bytes = x'2550' WHERE sheet_id = "
	     "1",
	     "the scan of sheet 1 is not what was recorded"},
	    {"UPDATE sheet SET signed_at = signed_at + 86400 WHERE id = 1",
	     "sheet 1 beside what was required"},
	    {"UPDATE sheet SET scan_size = 9 WHERE id = 2", "sheet 2 beside"},
	    {"UPDATE sheet SET list_id = NULL WHERE id = 2", "sheet 2 beside"},
	    {"UPDATE attestation SET requirement_id = 160 WHERE id = 1",
	     "attestation 1 beside what was required: event 505"},
	    {"INSERT INTO attestation (sheet_id, requirement_id, attested_at,"
	     " event_id) VALUES (1, 160, 1795356480, 505)",
	     "attestation 6 beside"},
	    {"DELETE FROM attestation WHERE id = 1",
	     "an attestation beside what was required: by event 505, and not"},
	    {"UPDATE attestation SET undone_at = NULL, undone_event_id = NULL"
	     " WHERE id = 2",
	     "the undoing of an attestation beside what was required: by"
	     " event"},
	    {"UPDATE attestation SET undone_at = NULL, undone_event_id = NULL"
	     " WHERE id = 4",
	     "undoing of attestation 3 beside"},
	    {"UPDATE attestation SET undone_at = 1795356500,"
	     " undone_event_id = 511 WHERE id = 1",
	     "undoing of attestation 1 beside"},
	    {"UPDATE attestation SET undone_at = undone_at + 1 WHERE id = 2",
	     "undoing of attestation 2 beside"},
	    {"DELETE FROM attestation; DELETE FROM sheet",
	     "a sheet beside what was required: by event 504"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store store;
		bool is_found = false;

		scene_open(&store);
		attest(&store);
		store_do(&store, "PRAGMA foreign_keys = OFF");
		store_do(&store, cases[i].sql);
		struct evidence_findings findings = verify(&store);
		for (size_t j = 0; cases[i].text && j < findings.told; j++)
			is_found |= strstr(findings.list[j].text,
					   cases[i].text) != NULL;
		if (cases[i].text ? !is_found : findings.count > 0)
			fail_msg("%s: %s", cases[i].sql,
				 findings.count ? findings.list[0].text
						: "nothing found");
		store_close(&store);
	}
}

/* Whoever changes an event and the ledger's hashes with it is found by the
 * first checkpoint that has it. */
static void f20_rewritten_history_fails_at_the_first_interval(void **state)
{
	struct evidence_findings findings;
	struct store store;

	(void)state;
	scene_open(&store);
	store_do(&store, "UPDATE event SET recorded_at = 5 WHERE id = 20;"
			 "DELETE FROM ledger_tile; UPDATE ledger SET size = 0");
	store_begin(&store);
	store_check(&store,
		    ledger_append(store.db, 10000, &(bool){false}, &store.err));
	store_commit(&store);
	findings = verify(&store);
	assert_string_equal(findings.list[0].what, "checkpoint");
	assert_non_null(strstr(findings.list[0].text,
			       "the events from 1 to 202 are not those"));
	store_close(&store);
}

/* ... and when the checkpoints were signed again, by one that somebody kept. */
static void f30_a_kept_checkpoint_finds_what_was_signed_again(void **state)
{
	struct evidence_findings findings = {0};
	struct evidence_summary summary;
	struct evidence_given given = {.name = "minutes.txt"};
	struct checkpoint *kept;
	struct store store;

	(void)state;
	scene_open(&store);
	store_check(&store, checkpoint_load(store.db, 300, store.arena, &kept,
					    &store.err));
	given.head = kept->head;
	findings.arena = store.arena;
	store_check(&store, evidence_verify(store.db, &given, 1, &findings,
					    &summary, &store.err));
	assert_int_equal(findings.count, 0);
	store_do(&store, "UPDATE event SET body = replace(body,"
			 " 'approved_by', 'approved_bi') WHERE id = 2;"
			 "DELETE FROM event_text;"
			 "DELETE FROM checkpoint; DELETE FROM ledger_tile;"
			 "UPDATE ledger SET size = 0");
	sign(&store);
	assert_int_equal(verify(&store).count, 0);
	store_check(&store, evidence_verify(store.db, &given, 1, &findings,
					    &summary, &store.err));
	assert_int_equal(findings.count, 1);
	assert_string_equal(findings.list[0].text,
			    "minutes.txt: the events from 1 to 202 are not"
			    " those of this checkpoint: history was rewritten");
	given.head.size = 1000;
	findings.count = findings.told = 0;
	store_check(&store, evidence_verify(store.db, &given, 1, &findings,
					    &summary, &store.err));
	assert_non_null(strstr(findings.list[0].text, "the store only 503"));
	store_close(&store);
}

static void f30_erased_text_and_salt_leave_all_good(void **state)
{
	struct store store;

	(void)state;
	scene_open(&store);
	store_do(&store, "DELETE FROM event_text; DELETE FROM operator;"
			 "DELETE FROM identity; DELETE FROM addressee");
	assert_int_equal(verify(&store).count, 0);
	store_close(&store);
}

static void f10_a_proof_stands_alone(void **state)
{
	struct note_signer signer = signer_of("board.example/ledger"),
			   other = signer_of("another.example/ledger");
	struct checkpoint *last;
	struct store store;
	struct buf out, leaf;

	(void)state;
	scene_open(&store);
	store_check(&store, checkpoint_load(store.db, INT64_MAX, store.arena,
					    &last, &store.err));
	buf_init(&out, 1024 * 1024);
	buf_init(&leaf, 1024 * 1024);
	store_check(&store,
		    evidence_prove(store.db, 407, last, &out, &store.err));
	store_check(&store,
		    evidence_check_proof(out.data, out.size, &signer.verifier,
					 &leaf, &store.err));
	assert_non_null(strstr(leaf.data, "\"kind\":\"acknowledged\""));
	assert_false(evidence_check_proof(out.data, out.size, &other.verifier,
					  &leaf, &store.err));
	strstr(out.data, "index 40")[8] ^= 1;
	assert_false(evidence_check_proof(out.data, out.size, &signer.verifier,
					  &leaf, &store.err));
	/* what is not what it was can't be proved */
	store_do(&store, "UPDATE event SET recorded_at = 5 WHERE id = 407");
	assert_false(evidence_prove(store.db, 407, last, &out, &store.err));
	assert_false(evidence_prove(store.db, 504, last, &out, &store.err));
	buf_done(&out);
	buf_done(&leaf);
	store_close(&store);
}

static bool is_due(struct store *store)
{
	bool due;

	store_check(store,
		    checkpoint_is_due(store->db, NOW, &due, &store->err));
	return due;
}

/* One that begins to be planned, at a time of the wall clock. */
static void open_digest(struct store *store, int64_t now)
{
	struct query *q = db_query(store->db, QUERY_DIGEST_ADD);

	query_integer(q, 1, 1);
	query_integer(q, 2, now);
	query_text(q, 3, "live");
	query_integer(q, 5, now);
	query_text(q, 6, "slot");
	store_check(store, query_run(q, NULL, &store->err));
}

static void add_event(struct store *store)
{
	struct event event;

	store_begin(store);
	event_begin(&event, "mode-set", NOW, "briefingd");
	event_text(&event, "mode", "live");
	add(store, &event, NOW);
	store_commit(store);
}

/* ... whichever time it is: that of the last one, or before it, when the clock
 * was put back. */
static void f30_a_digest_has_what_was_before_it(void **state)
{
	struct store store;

	(void)state;
	scene_open(&store);
	open_digest(&store, NOW + 60); /* behind nothing that is new */
	add_event(&store);
	assert_false(is_due(&store));
	open_digest(&store, NOW);
	assert_true(is_due(&store));
	sign(&store);
	assert_false(is_due(&store));
	add_event(&store);
	assert_false(is_due(&store)); /* what is planned has its own */
	open_digest(&store, NOW - 3600);
	assert_true(is_due(&store));
	scene_do(&store, "UPDATE digest SET state = 'planned'");
	assert_false(is_due(&store));
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_what_was_not_touched_is_good),
	    cmocka_unit_test(f10_a_proof_stands_alone),
	    cmocka_unit_test(f20_every_change_is_named),
	    cmocka_unit_test(f20_every_change_of_a_sheet_is_named),
	    cmocka_unit_test(f20_what_is_disowned_is_good),
	    cmocka_unit_test(f20_every_change_of_what_is_disowned_is_named),
	    cmocka_unit_test(f20_rewritten_history_fails_at_the_first_interval),
	    cmocka_unit_test(f30_a_kept_checkpoint_finds_what_was_signed_again),
	    cmocka_unit_test(f30_erased_text_and_salt_leave_all_good),
	    cmocka_unit_test(f30_a_digest_has_what_was_before_it),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
