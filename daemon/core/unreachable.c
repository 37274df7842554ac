#include "core/unreachable.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/bounce.h"
#include "core/digest.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"

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

bool unreachable_show(struct db *db, const struct digest_context *context,
		      struct roster_list *list, int64_t since_at,
		      bool with_names, struct arena *arena, struct view *view,
		      size_t *ret_count, struct err *err)
{
	const struct week week = {.db = db,
				  .context = context,
				  .list = list,
				  .since_at = since_at,
				  .arena = arena};
	struct person *people =
	    arena_allocarray(arena, UNREACHABLE_PEOPLE_MAX, sizeof(*people));

	if (!load_people(&week, people, ret_count, err) ||
	    !show_people(&week, people, with_names ? *ret_count : 0, view, err))
		return false;
	view_number(view, "count", (int64_t)*ret_count);
	view_flag(view, "one", *ret_count == 1);
	view_flag(view, "is_unreachable", *ret_count > 0);
	return true;
}
