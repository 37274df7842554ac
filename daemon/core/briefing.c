#include "core/briefing.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/event.h"
#include "core/wordlist.h"
#include "tools/db.h"

static const struct {
	const char *kind, *name;
} kinds[] = {
    {"learning-together-briefing", "Learning Together Briefing"},
    {"seven-minute-briefing", "7-Minute Briefing"},
    {"local-learning-review", "Local Learning Review"},
    {"serious-case-review", "Serious Case Review"},
    {"child-safeguarding-practice-review",
     "Child Safeguarding Practice Review"},
    {"national-learning", "National Learning"},
};

const char *briefing_kind_name(const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return kinds[i].name;
	return NULL;
}

bool briefing_is_sensitive(const struct briefing_version *version)
{
	return strcmp(version->marking, "OFFICIAL-SENSITIVE") == 0;
}

bool briefing_is_allowed(const struct briefing_version *version, int64_t now,
			 const char **ret_why)
{
	const char *why = version->withdrawn_at          ? "withdrawn"
			  : !version->is_latest          ? "superseded"
			  : version->not_before_at > now ? "embargoed"
							 : NULL;

	if (why && ret_why)
		*ret_why = why;
	return !why;
}

bool briefing_is_for(const struct briefing_version *version, const char *agency,
		     const char *const *words, size_t word_count)
{
	const char *const *audience = version->audience;
	size_t count = version->audience_count;

	if (wordlist_have(audience, count, "all") ||
	    wordlist_have(audience, count, agency))
		return true;
	for (size_t i = 0; i < word_count; i++)
		if (wordlist_have(audience, count, words[i]))
			return true;
	return false;
}

/* --- loading */

static const char *text_of(struct query *q, int column, struct arena *arena)
{
	const char *text = query_get_text(q, column);

	return text ? arena_strdup(arena, text) : NULL;
}

static bool read_words(struct query *q, struct arena *arena,
		       struct briefing_version *version, struct err *err)
{
	return wordlist_parse(query_get_text(q, 16), arena, &version->audience,
			      &version->audience_count, err) &&
	       wordlist_parse(query_get_text(q, 17), arena, &version->themes,
			      &version->theme_count, err) &&
	       wordlist_parse(query_get_text(q, 18), arena,
			      &version->key_messages,
			      &version->key_message_count, err) &&
	       wordlist_parse(query_get_text(q, 19), arena, &version->questions,
			      &version->question_count, err);
}

/* the row that the query stands on; NULL: the words in it are no words */
static struct briefing_version *
read_version(struct query *q, struct arena *arena, struct err *err)
{
	struct briefing_version *version = arena_alloc(arena, sizeof(*version));

	*version = (struct briefing_version){
	    .id = query_get_integer(q, 0),
	    .briefing_id = query_get_integer(q, 1),
	    .number = (int)query_get_integer(q, 2),
	    .is_latest = query_get_integer(q, 3) != 0,
	    .ref = text_of(q, 4, arena),
	    .kind = text_of(q, 5, arena),
	    .title = text_of(q, 6, arena),
	    .language = text_of(q, 7, arena),
	    .marking = text_of(q, 8, arena),
	    .approved_by = text_of(q, 9, arena),
	    .approved_on = text_of(q, 10, arena),
	    .approval_ref = text_of(q, 11, arena),
	    .not_before_at = query_get_integer(q, 12),
	    .acknowledge_within_days = query_get_integer(q, 13),
	    .publish = query_get_integer(q, 14) != 0,
	    .already_circulated = query_get_integer(q, 15) != 0,
	    .summary = text_of(q, 20, arena),
	    .taken_at = query_get_integer(q, 21),
	    .withdrawn_at = query_get_integer(q, 22),
	    .withdrawn_reason = text_of(q, 23, arena),
	    .carries = query_get_integer(q, 24) != 0,
	    .changes = text_of(q, 25, arena),
	    .closed_at = query_get_integer(q, 26),
	    .essential = query_get_integer(q, 27) != 0,
	};
	return read_words(q, arena, version, err) ? version : NULL;
}

static bool load_documents(struct db *db, struct arena *arena,
			   struct briefing_version *version, struct err *err)
{
	struct briefing_document *list = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(db, QUERY_BRIEFING_LOAD_DOCUMENTS);

	query_integer(q, 1, version->id);
	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count++] = (struct briefing_document){
		    .position = (int)query_get_integer(q, 0),
		    .file = text_of(q, 1, arena),
		    .title = text_of(q, 2, arena),
		    .sha256 = text_of(q, 3, arena),
		    .type = text_of(q, 4, arena),
		    .size = query_get_integer(q, 5),
		};
	}
	version->documents = list;
	version->document_count = count;
	return query_done(q, err);
}

static bool load_actions(struct db *db, struct arena *arena,
			 struct briefing_version *version, struct err *err)
{
	struct briefing_action *list = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(db, QUERY_BRIEFING_LOAD_ACTIONS);

	query_integer(q, 1, version->id);
	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count++] = (struct briefing_action){
		    .ref = text_of(q, 0, arena),
		    .agency = text_of(q, 1, arena),
		    .text = text_of(q, 2, arena),
		    .due_on = text_of(q, 3, arena),
		};
	}
	version->actions = list;
	version->action_count = count;
	return query_done(q, err);
}

static bool load_parts(struct db *db, struct arena *arena,
		       struct briefing_version *version, struct err *err)
{
	return load_documents(db, arena, version, err) &&
	       load_actions(db, arena, version, err);
}

/* the query's only row, or none */
static bool load_one(struct db *db, struct query *q, struct arena *arena,
		     struct briefing_version **ret, struct err *err)
{
	struct briefing_version *version = NULL;
	struct err why = {0};
	bool is_there = query_next(q);

	if (is_there)
		version = read_version(q, arena, &why);
	if (!query_done(q, err))
		return false;
	if (is_there && !version) {
		if (err)
			*err = why;
		return false;
	}
	if (version && !load_parts(db, arena, version, err))
		return false;
	*ret = version;
	return true;
}

bool briefing_load_version(struct db *db, int64_t version_id,
			   struct arena *arena, struct briefing_version **ret,
			   struct err *err)
{
	struct query *q = db_query(db, QUERY_BRIEFING_LOAD_VERSION);

	query_integer(q, 1, version_id);
	return load_one(db, q, arena, ret, err);
}

bool briefing_load_ref(struct db *db, const char *ref, struct arena *arena,
		       struct briefing_version **ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_BRIEFING_LOAD_REF);

	query_text(q, 1, ref);
	return load_one(db, q, arena, ret, err);
}

static bool load_list(struct db *db, enum query_id query, struct arena *arena,
		      struct briefing_version ***ret, size_t *ret_count,
		      struct err *err)
{
	struct briefing_version **list = NULL;
	size_t count = 0, room = 0;
	struct err why = {0};
	bool good = true;
	struct query *q = db_query(db, query);

	while (good && query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count] = read_version(q, arena, &why);
		good = list[count++] != NULL;
	}
	if (!query_done(q, err))
		return false;
	if (!good) {
		if (err)
			*err = why;
		return false;
	}
	*ret = list;
	*ret_count = count;
	return true;
}

bool briefing_load_all(struct db *db, struct arena *arena,
		       struct briefing_version ***ret, size_t *ret_count,
		       struct err *err)
{
	if (!load_list(db, QUERY_BRIEFING_LOAD_ALL, arena, ret, ret_count, err))
		return false;
	for (size_t i = 0; i < *ret_count; i++)
		if (!load_parts(db, arena, (*ret)[i], err))
			return false;
	return true;
}

bool briefing_load_published(struct db *db, struct arena *arena,
			     struct briefing_version ***ret, size_t *ret_count,
			     struct err *err)
{
	return load_list(db, QUERY_BRIEFING_LOAD_PUBLISHED, arena, ret,
			 ret_count, err);
}

/* --- changing */

bool briefing_close_versions(struct db *db, int64_t briefing_id,
			     const char *closed_as, int64_t now,
			     struct err *err)
{
	struct query *q = db_query(db, QUERY_BRIEFING_CLOSE_VERSIONS);

	query_integer(q, 1, briefing_id);
	query_integer(q, 2, now);
	query_text(q, 3, closed_as);
	return query_run(q, NULL, err);
}

static bool find(struct db *db, const char *ref, int64_t *ret_id,
		 struct err *err)
{
	int64_t id = 0;
	struct query *q = db_query(db, QUERY_BRIEFING_FIND);

	query_text(q, 1, ref);
	if (query_next(q))
		id = query_get_integer(q, 0);
	if (!query_done(q, err))
		return false;
	if (id == 0)
		return err_set(err, ERR_GONE, "there is no briefing %s", ref);
	*ret_id = id;
	return true;
}

static bool mark_withdrawn(struct db *db, int64_t id, const char *reason,
			   int64_t now, bool *ret_changed, struct err *err)
{
	int changes;
	struct query *q = db_query(db, QUERY_BRIEFING_WITHDRAW);

	query_integer(q, 1, id);
	query_integer(q, 2, now);
	query_text(q, 3, reason);
	if (!query_run(q, &changes, err))
		return false;
	*ret_changed = changes > 0;
	return true;
}

static bool record_withdrawal(struct db *db, const char *ref,
			      const char *reason, const char *actor,
			      int64_t now, struct err *err)
{
	struct event event;

	event_begin(&event, "briefing-withdrawn", now, actor);
	event_text(&event, "ref", ref);
	event_private(&event, "reason", reason);
	return event_end(&event, db, now, err);
}

static bool withdraw(struct db *db, const char *ref, const char *reason,
		     const char *actor, int64_t now, bool *ret_changed,
		     struct err *err)
{
	int64_t id = 0;

	if (!find(db, ref, &id, err) ||
	    !mark_withdrawn(db, id, reason, now, ret_changed, err))
		return false;
	if (!*ret_changed)
		return true;
	return briefing_close_versions(db, id, "withdrawn", now, err) &&
	       record_withdrawal(db, ref, reason, actor, now, err);
}

bool briefing_withdraw(struct db *db, const char *ref, const char *reason,
		       const char *actor, int64_t now, bool *ret_changed,
		       struct err *err)
{
	bool changed;

	if (!db_begin(db, err))
		return false;
	if (!withdraw(db, ref, reason, actor, now, &changed, err) ||
	    !db_commit(db, err)) {
		db_rollback(db);
		return false;
	}
	*ret_changed = changed;
	return true;
}
