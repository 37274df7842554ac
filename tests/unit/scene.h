#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

/*
 * Rows for the cases of acknowledgements, reports and pages: who was sent what
 * and when, without the verbs that would do it. Included behind store.h. Ids
 * are the case's own; letter N belongs to digest N.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "store.h"
#include "tools/db.h"

#define SCENE_DAY 86400LL

__attribute__((format(printf, 2, 3))) static inline void
scene_do(struct store *store, const char *format, ...)
{
	char *sql = NULL;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&sql, format, args) >= 0);
	va_end(args);
	if (!db_execute(store->db, sql, &store->err))
		fail_msg("%s: %s", sql, store->err.text);
	free(sql);
}

static inline void scene_list(struct store *store, int id, const char *name)
{
	scene_do(
	    store,
	    "INSERT INTO list (id, name, agency, title, lead, "
	    "lead_address, schedule, audience, deadline_days, mandatory, "
	    "from_name, reply_to, documents, unsure, domains, conf_hash, "
	    "slots_from_at, loaded_at) VALUES (%d, '%s', '%s', '%s', "
	    "'A. Lead', 'lead@example.org', 'immediately', '[\"all\"]', 0, "
	    "1, 'Board', 'board@example.org', 'linked', 'resend', '[]', "
	    "'', 0, 0)",
	    id, name, name, name);
}

static inline void scene_person(struct store *store, int id)
{
	scene_do(store,
		 "INSERT INTO person (id, public_id, created_at) "
		 "VALUES (%d, 'person-%d', 0)",
		 id, id);
}

/* a version of the briefing that has the ref; the first one makes it */
static inline void scene_version(struct store *store, int id, const char *ref,
				 int number, const char *marking)
{
	scene_do(store,
		 "INSERT INTO briefing (ref, created_at) VALUES ('%s', 0) "
		 "ON CONFLICT DO NOTHING",
		 ref);
	scene_do(
	    store,
	    "INSERT INTO version (id, briefing_id, number, content_hash, kind, "
	    "title, language, marking, approved_by, approved_on, approval_ref, "
	    "acknowledge_within_days, publish, already_circulated, audience, "
	    "themes, key_messages, questions, summary, taken_at) "
	    "SELECT %d, id, %d, 'hash %d', 'learning-together-briefing', "
	    "'Child G: <neglect> & \"curiosity\" (%s)', 'en-GB', '%s', "
	    "'Safeguarding Children Board', '2026-11-19', 'Minute 6.2', 14, 0, "
	    "0, '[\"all\"]', '[\"neglect\",\"disguised compliance\"]', "
	    "'[\"See the child alone.\",\"Ask <why> twice.\"]', "
	    "'[\"What will you do differently?\"]', "
	    "'# What happened' || char(10) || char(10) || 'A & B <script>.', 0 "
	    "FROM briefing WHERE ref = '%s'",
	    id, number, id, ref, marking, ref);
	/* a material change */
	scene_do(store,
		 "UPDATE version SET closed_at = 1, closed_as = 'superseded' "
		 "WHERE number < %d AND closed_at IS NULL AND briefing_id = "
		 "(SELECT id FROM briefing WHERE ref = '%s')",
		 number, ref);
}

/* the version is a small change of the one before, which stays open */
static inline void scene_carries(struct store *store, int version_id)
{
	scene_do(store, "UPDATE version SET carries = 1 WHERE id = %d",
		 version_id);
	scene_do(store,
		 "UPDATE version SET closed_at = NULL, closed_as = NULL "
		 "WHERE briefing_id = (SELECT briefing_id FROM version "
		 "WHERE id = %d)",
		 version_id);
}

static inline void scene_document(struct store *store, int version_id,
				  int position, const char *file,
				  const char *type, const char *sha256)
{
	scene_do(store,
		 "INSERT INTO document (version_id, position, file, title, "
		 "sha256, size, type) VALUES (%d, %d, '%s', "
		 "'Briefing, 2 pages', '%s', 83499, '%s')",
		 version_id, position, file, sha256, type);
}

/* a letter with the versions whose ids are listed as "1,2" */
static inline void scene_letter(struct store *store, int id, int list_id,
				const char *mode, const char *version_ids)
{
	scene_do(store,
		 "INSERT INTO digest (id, list_id, slot_at, mode, state, "
		 "created_at) VALUES (%d, %d, %d, '%s', 'planned', 0)",
		 id, list_id, id, mode);
	scene_do(store,
		 "INSERT INTO letter (id, digest_id, content_key, format, "
		 "made_at, sender, head, body) "
		 "VALUES (%d, %d, '%s', 1, 0, 'board@example.org', x'00', "
		 "x'00')",
		 id, id, version_ids);
	scene_do(store,
		 "INSERT INTO letter_version (letter_id, version_id, position) "
		 "SELECT %d, id, id FROM version WHERE id IN (%s)",
		 id, version_ids);
}

/* a delivery that was accepted at a time, or, with 0, is due */
static inline void scene_delivery(struct store *store, int id, int person_id,
				  int letter_id, const char *mode,
				  long long created_at, long long accepted_at)
{
	scene_do(store,
		 "INSERT INTO delivery (id, digest_id, person_id, generation, "
		 "letter_id, mode, state, attempt, due_at, created_at, "
		 "claimed_at, ended_at) VALUES (%d, %d, %d, 1, %d, '%s', "
		 "CASE WHEN %lld > 0 THEN 'accepted' ELSE 'due' END, 1, %lld, "
		 "%lld, NULLIF(%lld, 0), NULLIF(%lld, 0))",
		 id, letter_id, person_id, letter_id, mode, accepted_at,
		 created_at, created_at, accepted_at, accepted_at);
	scene_do(store,
		 "INSERT INTO addressee (delivery_id, address, name) "
		 "VALUES (%d, 'Jo.Bloggs%d@example.org', 'Jo Bloggs')",
		 id, person_id);
}

static inline void scene_requirement(struct store *store, int version_id,
				     int person_id, int list_id,
				     const char *agency, int delivery_id,
				     long long at, long long due_at,
				     long long closes_at)
{
	scene_do(store,
		 "INSERT INTO requirement (version_id, person_id, list_id, "
		 "agency, delivery_id, required_at, due_at, closes_at) "
		 "VALUES (%d, %d, %d, '%s', %d, %lld, %lld, %lld)",
		 version_id, person_id, list_id, agency, delivery_id, at,
		 due_at, closes_at);
}

#endif
