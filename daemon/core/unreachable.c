#include "core/unreachable.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/bounce.h"
#include "core/digest.h"
#include "core/notice.h"
#include "core/roster.h"
#include "core/schedule.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"

#define SCHEDULE "weekly mon 08:00"
#define WEEK_SECONDS INT64_C(604800)

/* one list's week */
struct week {
	struct db *db;
	const struct digest_context *context;
	struct roster_list *list;
	int64_t since_at; /* the last time */
	struct arena *arena;
};

struct person {
	int64_t id, suppressed_at; /* 0: mail is sent */
	const char *name, *address;
};

/* --- whom */

static bool load_people(const struct week *week, struct person *ret,
			size_t *ret_count, struct err *err)
{
	struct query *q = db_query(week->db, QUERY_UNREACHABLE_PEOPLE);
	size_t count = 0;

	query_integer(q, 1, week->list->id);
	query_integer(q, 2, week->since_at);
	query_integer(q, 3, week->context->now);
	while (query_next(q)) {
		if (count < UNREACHABLE_PEOPLE_MAX)
			ret[count] = (struct person){
			    .id = query_get_integer(q, 0),
			    .name =
				arena_strdup(week->arena, query_get_text(q, 1)),
			    .address =
				arena_strdup(week->arena, query_get_text(q, 2)),
			    .suppressed_at = query_get_integer(q, 3),
			};
		count++;
	}
	*ret_count = count;
	return query_done(q, err);
}

/* --- and why */

static enum bounce_class class_of(struct query *q)
{
	const char *name = query_get_text(q, 0);

	for (int cls = BOUNCE_HARD; name && cls <= BOUNCE_BLOCK; cls++)
		if (strcmp(name, bounce_class_name((enum bounce_class)cls)) ==
		    0)
			return (enum bounce_class)cls;
	return bounce_classify_reply((int)query_get_integer(q, 1),
				     query_get_text(q, 2),
				     query_get_text(q, 3));
}

static void show_reason(struct view *item, struct query *q)
{
	static const char *const words[] = {
	    [BOUNCE_NO_CLASS] = "It could not be delivered.",
	    [BOUNCE_HARD] = "There is no such address any more.",
	    [BOUNCE_SOFT] = "Their mailbox is full, or their mail system "
			    "did not take it.",
	    [BOUNCE_BLOCK] = "Their mail system turned it away as unwanted.",
	};
	enum bounce_class cls = class_of(q);

	view_text(item, "why", words[cls]);
	view_flag(item, "is_blocked", cls == BOUNCE_BLOCK);
	view_text(item, "told", query_get_text(q, 3));
}

static bool show_person(const struct week *week, const struct person *person,
			struct view *item, struct err *err)
{
	struct query *q = db_query(week->db, QUERY_UNREACHABLE_REASON);
	int64_t since_at = person->suppressed_at;
	char day[WORDS_SIZE];

	view_text(item, "name", person->name);
	view_text(item, "address", person->address);
	view_flag(item, "is_stopped", person->suppressed_at != 0);
	view_text(item, "why", "It could not be delivered.");
	query_integer(q, 1, person->id);
	query_text(q, 2, person->address);
	if (query_next(q)) {
		show_reason(item, q);
		since_at = since_at ? since_at : query_get_integer(q, 4);
	}
	if (!query_done(q, err))
		return false;
	words_day(week->context->settings->zone, since_at, day);
	view_text(item, "since_on", day);
	return true;
}

static bool show_people(const struct week *week, const struct person *people,
			size_t count, struct view *view, struct err *err)
{
	size_t shown =
	    count < UNREACHABLE_PEOPLE_MAX ? count : UNREACHABLE_PEOPLE_MAX;

	view_list(view, "people");
	for (size_t i = 0; i < shown; i++)
		if (!show_person(week, &people[i], view_item(view, "people"),
				 err))
			return false;
	view_flag(view, "has_more", count > shown);
	view_number(view, "more", (int64_t)(count - shown));
	return true;
}

/* --- the mail */

static bool tell(const struct week *week, const struct person *people,
		 size_t count, int64_t slot_at, struct err *err)
{
	const struct settings *settings = week->context->settings;
	struct view *view = view_new(week->arena);
	struct notice_owner owner;
	int64_t delivery_id;

	if (!notice_find_owner(week->db, settings, week->list, &owner, err) ||
	    !show_people(week, people, owner.is_lead ? count : 0, view, err))
		return false;
	view_number(view, "count", (int64_t)count);
	view_flag(view, "one", count == 1);
	view_flag(view, "is_lead", owner.is_lead);
	view_text(view, "list_name", week->list->name);
	view_text(view, "lead_address", week->list->lead_address);
	view_text(view, "mail_from", settings->mail_from);
	const struct notice notice = {
	    .key = arena_printf(week->arena, "unreachable %s %lld",
				week->list->name, (long long)slot_at),
	    .kind = "unreachable",
	    .list = week->list,
	    .address = owner.address,
	    .name = owner.name,
	    .reply_to = settings->mail_help,
	    .subject = arena_printf(week->arena,
				    count == 1 ? "%s: no mail reaches %zu "
						 "person"
					       : "%s: no mail reaches %zu "
						 "people",
				    week->list->title, count),
	    .view = view,
	};
	return notice_queue(week->db, week->context, &notice, &delivery_id,
			    err);
}

static bool tell_list(struct db *db, const struct digest_context *context,
		      const char *name, int64_t since_at, int64_t slot_at,
		      int *ret_told, struct err *err)
{
	struct week week = {.db = db,
			    .context = context,
			    .since_at = since_at,
			    .arena = arena_new()};
	struct person *people = arena_allocarray(
	    week.arena, UNREACHABLE_PEOPLE_MAX, sizeof(*people));
	size_t count = 0;
	bool good = roster_load_list(db, name, week.arena, &week.list, err) &&
		    load_people(&week, people, &count, err) &&
		    (count == 0 || tell(&week, people, count, slot_at, err));

	*ret_told += good && count > 0;
	arena_free(week.arena);
	return good;
}

/* --- when */

static bool find_slot(const struct digest_context *context, int64_t *ret_slot,
		      struct err *err)
{
	struct schedule *schedule = schedule_parse(SCHEDULE, err);
	bool found =
	    schedule &&
	    schedule_last(schedule, context->settings->zone, context->now,
			  context->now - 2 * WEEK_SECONDS, ret_slot);

	schedule_free(schedule);
	return found;
}

static bool set_told(struct db *db, const char *name, int64_t slot_at,
		     struct err *err)
{
	struct query *q = db_query(db, QUERY_UNREACHABLE_SET_TOLD);

	query_text(q, 1, name);
	query_integer(q, 2, slot_at);
	return query_run(q, NULL, err);
}

/* *ret_name NULL: no list's Monday has come */
static bool next_list(struct db *db, int64_t slot_at, struct arena *arena,
		      const char **ret_name, int64_t *ret_since,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_UNREACHABLE_NEXT_LIST);

	*ret_name = NULL;
	query_integer(q, 1, slot_at);
	if (query_next(q)) {
		*ret_name = arena_strdup(arena, query_get_text(q, 0));
		*ret_since = query_get_integer(q, 1);
	}
	return query_done(q, err);
}

bool unreachable_tell_due(struct db *db, const struct digest_context *context,
			  size_t max_lists, bool *ret_more, int *ret_told,
			  struct err *err)
{
	struct arena *arena = arena_new();
	int64_t slot_at = 0, since_at = 0;
	const char *name = NULL;
	bool good = find_slot(context, &slot_at, err);

	*ret_told = 0;
	for (size_t i = 0; good && i <= max_lists; i++) {
		good = next_list(db, slot_at, arena, &name, &since_at, err);
		if (!good || !name || i == max_lists)
			break;
		/* one that is new has no week behind it */
		good = (since_at == 0 || tell_list(db, context, name, since_at,
						   slot_at, ret_told, err)) &&
		       set_told(db, name, slot_at, err);
	}
	*ret_more = name != NULL;
	arena_free(arena);
	return good;
}
