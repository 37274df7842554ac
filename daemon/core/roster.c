#include "core/roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "core/event.h"
#include "core/wordlist.h"
#include "tools/db.h"

/* --- loading */

static const char *text_of(struct query *q, int column, struct arena *arena)
{
	const char *text = query_get_text(q, column);

	return text ? arena_strdup(arena, text) : NULL;
}

static const char *text_or_empty(struct query *q, int column,
				 struct arena *arena)
{
	const char *text = query_get_text(q, column);

	return text ? arena_strdup(arena, text) : "";
}

static bool read_list(struct query *q, struct arena *arena,
		      struct roster_list *ret, struct err *err)
{
	*ret = (struct roster_list){
	    .id = query_get_integer(q, 0),
	    .name = text_of(q, 1, arena),
	    .agency = text_of(q, 2, arena),
	    .title = text_of(q, 3, arena),
	    .lead = text_of(q, 4, arena),
	    .lead_address = text_of(q, 5, arena),
	    .review_on = text_or_empty(q, 6, arena),
	    .schedule = text_of(q, 7, arena),
	    .deadline_days = query_get_integer(q, 9),
	    .mandatory = query_get_integer(q, 10) != 0,
	    .from_name = text_of(q, 11, arena),
	    .reply_to = text_of(q, 12, arena),
	    .attach_documents = strcmp(query_get_text(q, 13), "attached") == 0,
	    .hold_unsure = strcmp(query_get_text(q, 14), "hold") == 0,
	    .csv_hash = text_of(q, 16, arena),
	    .waiting_hash = text_of(q, 17, arena),
	    .waiting_removals = query_get_integer(q, 18),
	    .accepted_hash = text_of(q, 19, arena),
	    .problem = text_of(q, 20, arena),
	    .slots_from_at = query_get_integer(q, 21),
	    .is_removed = !query_is_null(q, 22),
	    .member_count = query_get_integer(q, 23),
	    .quiet_hours = text_of(q, 24, arena),
	    .confirm = text_of(q, 25, arena),
	    .catalogue_per_week = query_get_integer(q, 27),
	    .escalate_to_lead_days = query_get_integer(q, 28),
	    .escalate_to_board_days = query_get_integer(q, 29),
	    .board_member = text_of(q, 30, arena),
	    .board_member_address = text_of(q, 31, arena),
	    .confirm_by_reply = query_get_integer(q, 32) != 0,
	    .refused_lines = text_of(q, 33, arena),
	    .lead_mail = text_of(q, 34, arena),
	};
	reminders_parse(query_get_text(q, 26), &ret->reminders);
	return wordlist_parse(query_get_text(q, 8), arena, &ret->audience,
			      &ret->audience_count, err) &&
	       wordlist_parse(query_get_text(q, 15), arena, &ret->domains,
			      &ret->domain_count, err);
}

/* ends the query; what reading its rows found wrong comes first */
static bool done(struct query *q, bool good, const struct err *why,
		 struct err *err)
{
	if (!query_done(q, err))
		return false;
	if (!good && err)
		*err = *why;
	return good;
}

bool roster_load_lists(struct db *db, struct arena *arena,
		       struct roster_list **ret, size_t *ret_count,
		       struct err *err)
{
	struct roster_list *list = NULL;
	size_t count = 0, room = 0;
	struct err why = {0};
	bool good = true;
	struct query *q = db_query(db, QUERY_ROSTER_LOAD_LISTS);

	while (good && query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		good = read_list(q, arena, &list[count++], &why);
	}
	if (!done(q, good, &why, err))
		return false;
	*ret = list;
	*ret_count = count;
	return true;
}

bool roster_load_list(struct db *db, const char *name, struct arena *arena,
		      struct roster_list **ret, struct err *err)
{
	struct roster_list *list = NULL;
	struct err why = {0};
	bool good = true;
	struct query *q = db_query(db, QUERY_ROSTER_LOAD_LIST);

	query_text(q, 1, name);
	if (query_next(q)) {
		list = arena_alloc(arena, sizeof(*list));
		good = read_list(q, arena, list, &why);
	}
	if (!done(q, good, &why, err))
		return false;
	*ret = list;
	return true;
}

/* the agency's own date, else the day of the time that counts */
static const char *joined_on(struct query *q, struct arena *arena)
{
	char text[CIVIL_DATE_SIZE];
	int64_t joined_at = query_get_integer(q, 9);

	if (!query_is_null(q, 8))
		return text_of(q, 8, arena);
	if (joined_at <= 0)
		return "";
	struct civil civil = civil_from_utc(joined_at);
	civil_format_date(&civil, text);
	return arena_strdup(arena, text);
}

static struct roster_person read_person(struct query *q, struct arena *arena)
{
	const char *counted = query_get_text(q, 10);
	bool is_elsewhere = counted && strcmp(counted, query_get_text(q, 11));

	return (struct roster_person){
	    .member_id = query_get_integer(q, 0),
	    .person_id = query_get_integer(q, 1),
	    .public_id = text_of(q, 2, arena),
	    .address = text_or_empty(q, 3, arena),
	    .name = text_or_empty(q, 4, arena),
	    .role = text_or_empty(q, 5, arena),
	    .team = text_or_empty(q, 6, arena),
	    .status = text_of(q, 7, arena),
	    .joined_on = joined_on(q, arena),
	    .counted_under = is_elsewhere ? arena_strdup(arena, counted) : NULL,
	};
}

bool roster_load_members(struct db *db, int64_t list_id, int64_t now,
			 struct arena *arena, struct roster_person **ret,
			 size_t *ret_count, struct err *err)
{
	struct roster_person *list = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(db, QUERY_ROSTER_LOAD_MEMBERS);

	query_integer(q, 1, list_id);
	query_integer(q, 2, now);
	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count++] = read_person(q, arena);
	}
	if (!query_done(q, err))
		return false;
	*ret = list;
	*ret_count = count;
	return true;
}

/* --- a list's own settings */

struct found {
	int64_t id; /* 0: there is none */
	bool is_same, is_removed;
};

static bool find_list(struct db *db, const char *name, const char *conf_hash,
		      struct found *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_ROSTER_FIND_LIST);

	*ret = (struct found){0};
	query_text(q, 1, name);
	if (query_next(q)) {
		ret->id = query_get_integer(q, 0);
		ret->is_same = strcmp(query_get_text(q, 1), conf_hash) == 0;
		ret->is_removed = !query_is_null(q, 2);
	}
	return query_done(q, err);
}

static void bind_words(struct query *q, int index, const char *const *words,
		       size_t count)
{
	char *text = wordlist_format(words, count);

	query_text(q, index, text);
	free(text);
}

/* adding and changing have the same parameters */
static bool put_list(struct query *q, const struct roster_list *list,
		     const char *conf_hash, int64_t now, struct err *err)
{
	char reminders[REMINDERS_SIZE];

	query_text(q, 1, list->name);
	query_text(q, 2, list->agency);
	query_text(q, 3, list->title);
	query_text(q, 4, list->lead);
	query_text(q, 5, list->lead_address);
	query_text(q, 6, *list->review_on ? list->review_on : NULL);
	query_text(q, 7, list->schedule);
	bind_words(q, 8, list->audience, list->audience_count);
	query_integer(q, 9, list->deadline_days);
	query_integer(q, 10, list->mandatory);
	query_text(q, 11, list->from_name);
	query_text(q, 12, list->reply_to);
	query_text(q, 13, list->attach_documents ? "attached" : "linked");
	query_text(q, 14, list->hold_unsure ? "hold" : "resend");
	bind_words(q, 15, list->domains, list->domain_count);
	query_text(q, 16, conf_hash);
	query_integer(q, 17, now);
	query_text(q, 18, list->quiet_hours);
	query_text(q, 19, list->confirm);
	reminders_format(&list->reminders, reminders);
	query_text(q, 20, reminders);
	query_integer(q, 21, list->catalogue_per_week);
	query_integer(q, 22, list->escalate_to_lead_days);
	query_integer(q, 23, list->escalate_to_board_days);
	query_text(q, 24, list->board_member);
	query_text(q, 25, list->board_member_address);
	query_integer(q, 26, list->confirm_by_reply);
	query_text(q, 27, list->lead_mail);
	return query_run(q, NULL, err);
}

static bool record(struct db *db, const char *kind, const char *list_name,
		   const char *name, const char *text, const char *actor,
		   int64_t now, struct err *err)
{
	struct event event;

	event_begin(&event, kind, now, actor);
	event_text(&event, "list", list_name);
	if (name)
		event_text(&event, name, text);
	return event_end(&event, db, now, err);
}

bool roster_apply_conf(struct db *db, const struct roster_list *list,
		       const char *conf_hash, int64_t now, int64_t *ret_list_id,
		       struct err *err)
{
	struct found found;

	if (!find_list(db, list->name, conf_hash, &found, err))
		return false;
	if (found.is_same && !found.is_removed) {
		*ret_list_id = found.id;
		return true;
	}
	struct query *q = db_query(db, found.id ? QUERY_ROSTER_CHANGE_LIST
						: QUERY_ROSTER_ADD_LIST);
	if (!put_list(q, list, conf_hash, now, err))
		return false;
	*ret_list_id = found.id ? found.id : db_last_id(db);
	return record(db, "list-configured", list->name, "conf_hash", conf_hash,
		      "briefingd", now, err);
}

bool roster_set_problem(struct db *db, const char *list_name,
			const char *problem, int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_ROSTER_SET_PROBLEM);

	(void)now;
	query_text(q, 1, list_name);
	query_text(q, 2, problem);
	return query_run(q, NULL, err);
}

/* --- lists that go, CSVs that wait */

static bool load_names(struct db *db, struct arena *arena, const char ***ret,
		       size_t *ret_count, struct err *err)
{
	const char **names = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(db, QUERY_ROSTER_LOAD_PRESENT_NAMES);

	while (query_next(q)) {
		names = arena_grow(arena, names, count, &room, sizeof(*names));
		names[count++] = text_of(q, 0, arena);
	}
	*ret = names;
	*ret_count = count;
	return query_done(q, err);
}

static bool remove_list(struct db *db, const char *name, int64_t now,
			struct err *err)
{
	struct query *q = db_query(db, QUERY_ROSTER_REMOVE_LIST);

	query_text(q, 1, name);
	query_integer(q, 2, now);
	return query_run(q, NULL, err) && record(db, "list-removed", name, NULL,
						 NULL, "briefingd", now, err);
}

static bool is_present(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool roster_remove_missing(struct db *db, const char *const *present_names,
			   size_t count, int64_t now, struct err *err)
{
	struct arena *arena = arena_new();
	const char **names;
	size_t name_count;
	bool good = load_names(db, arena, &names, &name_count, err);

	for (size_t i = 0; good && i < name_count; i++)
		if (!is_present(names[i], present_names, count))
			good = remove_list(db, names[i], now, err);
	arena_free(arena);
	return good;
}

static bool accept_waiting(struct db *db, const char *list_name,
			   const char *actor, int64_t now, struct err *err)
{
	int changes = 0;
	struct query *q = db_query(db, QUERY_ROSTER_ACCEPT);

	query_text(q, 1, list_name);
	if (!query_run(q, &changes, err))
		return false;
	if (changes == 0)
		return err_set(err, ERR_GONE,
			       "the list %s is not there, or nothing of it "
			       "waits",
			       list_name);
	return record(db, "list-accepted", list_name, NULL, NULL, actor, now,
		      err);
}

bool roster_accept(struct db *db, const char *list_name, const char *actor,
		   int64_t now, struct err *err)
{
	if (!db_begin(db, err))
		return false;
	if (accept_waiting(db, list_name, actor, now, err) &&
	    db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}
