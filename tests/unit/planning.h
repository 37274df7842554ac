#ifndef TESTS_PLANNING_H
#define TESTS_PLANNING_H

/*
 * A board for the cases of digest and outbox: two lists, three people, and what
 * a case adds. Included behind cmocka.h.
 *
 *	health	person 3				audience word "nhs"
 *	police	persons 1, 2				domain police.example
 */
#include "base/problems.h"
#include "core/digest.h"
#include "core/settings.h"
#include "store.h"
#include "tools/template.h"
#include "tools/zone.h"

#define NOW INT64_C(1795420800) /* Monday 2026-11-23, 08:00 in London */
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

struct planning {
	struct store store;
	struct settings settings;
	struct template_set *templates;
	struct digest_context context;
};

static inline void add_list(struct planning *p, int id, const char *name,
			    const char *word, const char *domains)
{
	char sql[1000];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO list (id, name, agency, title, lead,"
		 " lead_address, schedule, audience, deadline_days, mandatory,"
		 " from_name, reply_to, documents, unsure, domains, conf_hash,"
		 " slots_from_at, loaded_at) VALUES (%d, '%s', '%s', '%s', 'L',"
		 " 'l@x.example', 'weekly mon 08:00', '[\"%s\"]', 0, 1, 'F',"
		 " 'r@x.example', 'linked', 'resend', '[%s]', '', %lld, 0)",
		 id, name, name, name, word, domains, (long long)(NOW - HOUR));
	store_do(&p->store, sql);
}

static inline void add_person(struct planning *p, int id, const char *domain)
{
	char sql[500];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO person (id, public_id, created_at) VALUES (%d, "
		 "'public-%d', 0);"
		 "INSERT INTO identity VALUES (%d, 'p%d@%s', 'p%d@%s',"
		 " 'Person %d', '', '')",
		 id, id, id, id, domain, id, domain, id);
	store_do(&p->store, sql);
}

/* its id is list * 10 + person; it is on the list from the beginning */
static inline void add_member(struct planning *p, int list, int person)
{
	char sql[500];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO member (id, list_id, person_id, row_key,"
		 " row_hash, is_primary, joined_at, status, added_at) VALUES"
		 " (%d, %d, %d, 'k%d', 'h', 0, 0, 'active', 0)",
		 list * 10 + person, list, person, person);
	store_do(&p->store, sql);
}

/* a version of the briefing of the same number as its id, unless said */
static inline void add_version_of(struct planning *p, int id, int briefing,
				  int number, const char *marking,
				  const char *audience)
{
	char sql[1000];

	snprintf(sql, sizeof(sql),
		 "INSERT OR IGNORE INTO briefing (id, ref, created_at) VALUES"
		 " (%d, 'LTB-%d', 0);"
		 "INSERT INTO version (id, briefing_id, number, content_hash,"
		 " kind, title, language, marking, approved_by, approved_on,"
		 " approval_ref, acknowledge_within_days, publish,"
		 " already_circulated, audience, themes, key_messages,"
		 " questions, summary, taken_at) VALUES (%d, %d, %d, 'h%d',"
		 " 'learning-together-briefing', 'Title %d', 'en-GB', '%s',"
		 " 'Board', '2026-11-19', 'M', 21, 0, 0, '[\"%s\"]', '[]',"
		 " '[]', '[]', 'Summary.', %lld)",
		 briefing, briefing, id, briefing, number, id, id, marking,
		 audience, (long long)(NOW - 2 * HOUR));
	store_do(&p->store, sql);
}

static inline void add_version(struct planning *p, int id)
{
	add_version_of(p, id, id, 1, "OFFICIAL", "all");
}

static inline void planning_open(struct planning *p)
{
	struct problems problems = {0};
	struct err err = {0};

	store_open(&p->store);
	p->settings = (struct settings){
	    .board_name = "Board",
	    .board_label = "Board",
	    .board_colour = "#1d4f60",
	    .board_help = "help",
	    .mail_from = "learning@x.example",
	    .mail_bounce = "bounce@x.example",
	    .mail_help = "help@x.example",
	    .rehearsal_address = "rehearsal@x.example",
	    .web_base = "https://x.example",
	    .state_folder = p->store.folder,
	    .retry_first_seconds = 300,
	    .retry_most_seconds = 4 * HOUR,
	    .retry_days = 5,
	    .window_days = 180,
	    .deadline_days = 14,
	};
	p->settings.zone = zone_open("Europe/London", &err);
	p->templates = template_set_load(NULL, &problems);
	assert_non_null(p->settings.zone);
	assert_non_null(p->templates);
	p->context = (struct digest_context){
	    .settings = &p->settings, .templates = p->templates, .now = NOW};
	add_list(p, 1, "police", "criminal-justice", "\"police.example\"");
	add_list(p, 2, "health", "nhs", "");
	add_person(p, 1, "police.example");
	add_person(p, 2, "police.example");
	add_person(p, 3, "nhs.example");
	add_member(p, 1, 1);
	add_member(p, 1, 2);
	add_member(p, 2, 3);
}

static inline void planning_close(struct planning *p)
{
	template_set_free(p->templates);
	zone_close(p->settings.zone);
	store_close(&p->store);
}

static inline int64_t open_now(struct planning *p, const char *list,
			       bool is_live)
{
	int64_t id = -1;

	store_begin(&p->store);
	store_check(&p->store,
		    digest_open_now(p->store.db, &p->context, list, is_live,
				    "jo@host", &id, &p->store.err));
	store_commit(&p->store);
	return id;
}

/* plans all that is open; how many deliveries came of it */
static inline int plan_all(struct planning *p, size_t slice)
{
	int deliveries, all = 0;
	bool more;

	do {
		store_begin(&p->store);
		store_check(&p->store, digest_plan_slice(
					   p->store.db, &p->context, slice,
					   &more, &deliveries, &p->store.err));
		store_commit(&p->store);
		all += deliveries;
	} while (more);
	return all;
}

/* what is asked of a person stands on a sheet of its own, recorded at NOW, with
 * a scan */
static inline void attest(struct planning *p, int requirement)
{
	char sql[1000];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO event (kind, effective_at, recorded_at, actor,"
		 " body) VALUES ('test', 0, 0, 'briefingd', '{}');"
		 "INSERT INTO sheet SELECT %d, r.version_id, r.agency,"
		 " r.list_id, %lld, 'application/pdf', 11, %lld,"
		 " (SELECT max(id) FROM event) FROM requirement r"
		 " WHERE r.id = %d;"
		 "INSERT INTO sheet_scan VALUES (%d, x'00', x'2550');"
		 "INSERT INTO attestation (sheet_id, requirement_id,"
		 " attested_at, event_id) SELECT id, id, %lld, event_id FROM"
		 " sheet WHERE id = %d",
		 requirement, (long long)NOW, (long long)NOW, requirement,
		 requirement, (long long)NOW, requirement);
	store_do(&p->store, sql);
}

#define UNDO_SHEETS                                                            \
	"UPDATE attestation SET undone_at = 9, undone_event_id = event_id"

/* "police/1=4,7": list, person and versions of each delivery that stands */
static inline const char *deliveries(struct planning *p)
{
	return store_text(
	    &p->store,
	    "SELECT group_concat(x, ' ') FROM (SELECT l.name || '/' ||"
	    " d.person_id || '=' || t.content_key AS x FROM delivery d"
	    " JOIN digest g ON g.id = d.digest_id"
	    " JOIN list l ON l.id = g.list_id"
	    " JOIN letter t ON t.id = d.letter_id"
	    " WHERE d.state <> 'cancelled'"
	    " ORDER BY l.name, d.person_id, d.generation)");
}

#endif
