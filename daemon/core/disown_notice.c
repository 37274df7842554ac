#include "core/disown_notice.h"

#include <string.h>

#include "base/arena.h"
#include "core/digest.h"
#include "core/disown.h"
#include "core/notice.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"

static const char *time_text(const struct digest_context *context, int64_t utc,
			     struct arena *arena)
{
	char text[WORDS_SIZE];

	words_time(context->settings->zone, utc, text);
	return arena_strdup(arena, text);
}

static const char *open_text(const struct digest_context *context,
			     int64_t due_at, struct arena *arena)
{
	char day[WORDS_SIZE];

	words_deadline(context->settings->zone, due_at, day);
	return arena_printf(
	    arena,
	    context->now > due_at
		? "It was to be confirmed by %s, so it counts as overdue."
		: "It is to be confirmed by %s, and counts as outstanding.",
	    day);
}

/* whole sentences: what a duty is now */
static const char *duty_text(const struct digest_context *context,
			     const char *closed_as, bool is_missed,
			     int64_t due_at, struct arena *arena)
{
	if (is_missed)
		return "The time in which it could be confirmed is over, so "
		       "it counts as missed.";
	if (strcmp(closed_as, "left") == 0)
		return context->now > due_at
			   ? "They are on no list any more. As the deadline "
			     "had passed, it stays counted as outstanding, "
			     "and flagged."
			   : "They are on no list any more, so it is closed "
			     "as left.";
	if (*closed_as)
		return "The briefing was withdrawn or replaced, so it is "
		       "closed.";
	return open_text(context, due_at, arena);
}

static bool make_effect(struct db *db, const struct digest_context *context,
			const struct disown *disown, struct arena *arena,
			const char **ret, struct err *err)
{
	struct query *q;

	*ret = "It was counted beside what is required, and is not any more. "
	       "Reach stays as it was.";
	if (!disown->requirement_id)
		return true;
	q = db_query(db, QUERY_DISOWN_IS);
	query_integer(q, 1, disown->requirement_id);
	if (query_next(q))
		*ret = duty_text(context, query_get_text(q, 0),
				 query_get_integer(q, 1) != 0,
				 query_get_integer(q, 2), arena);
	return query_done(q, err);
}

static const char *person_text(const struct disown *disown, struct arena *arena)
{
	return *disown->name ? arena_printf(arena, "%s (%s)", disown->name,
					    disown->address)
			     : disown->address;
}

static struct view *make_view(const struct digest_context *context,
			      const struct disown *disown, bool is_lead,
			      const char *effect, struct arena *arena)
{
	struct view *view = view_new(arena);

	view_flag(view, "is_lead", is_lead);
	view_text(view, "person", is_lead ? person_text(disown, arena) : NULL);
	view_text(view, "ref", disown->ref);
	view_number(view, "version", disown->version);
	view_text(view, "confirmed_on",
		  time_text(context, disown->confirmed_at, arena));
	view_text(view, "said_on", time_text(context, context->now, arena));
	view_text(view, "effect", effect);
	return view;
}

bool disown_notice_queue(struct db *db, const struct digest_context *context,
			 const struct disown *disown, struct arena *arena,
			 struct err *err)
{
	struct roster_list *list;
	struct notice_owner owner;
	const char *effect;
	int64_t delivery_id;

	if (!make_effect(db, context, disown, arena, &effect, err) ||
	    !roster_load_list(db, disown->list_name, arena, &list, err) ||
	    !notice_find_owner(db, context->settings, list, &owner, err))
		return false;
	const struct notice notice = {
	    .key = arena_printf(arena, "disowned %s", disown->receipt),
	    .kind = "disowned",
	    .list = list,
	    .address = owner.address,
	    .name = owner.name,
	    .subject = arena_printf(arena,
				    "The list ‘%s’: ‘that wasn’t me’, "
				    "of a confirmation of %s",
				    list->title, disown->ref),
	    .view = make_view(context, disown, owner.is_lead, effect, arena),
	};
	return notice_queue(db, context, &notice, &delivery_id, err);
}
