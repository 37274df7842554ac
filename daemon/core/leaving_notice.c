#include "core/leaving_notice.h"

#include <string.h>

#include "base/arena.h"
#include "core/digest.h"
#include "core/leaving.h"
#include "core/notice.h"
#include "core/roster.h"
#include "core/roster_member.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"

static const char *person_text(const struct leaving *leaving,
			       struct arena *arena)
{
	return *leaving->name ? arena_printf(arena, "%s (%s)", leaving->name,
					     leaving->address)
			      : leaving->address;
}

static const char *said_text(const struct leaving_said *said,
			     const struct settings *settings,
			     struct arena *arena)
{
	char day[WORDS_SIZE];

	if (strcmp(said->status, "left") == 0)
		return "I have left";
	if (strcmp(said->status, "on-leave") != 0)
		return "this is not for me";
	words_deadline(settings->zone, said->until_at, day);
	return arena_printf(arena, "I am on leave until %s", day);
}

/* The board is not told of a person that they had not confirmed. */
static const char board_effect[] =
    "The report on reach shows it. Who had not confirmed what is told to an "
    "agency's own lead only.";

/* whole sentences: one and many differ in English */
static const char *effect_text(const struct leaving_said *said,
			       const struct roster_change *change,
			       struct arena *arena)
{
	if (strcmp(said->status, "on-leave") == 0)
		return "Nothing changes in the figures. Nothing new is sent "
		       "to them until then. What they were asked before stays "
		       "asked, and its deadlines run on.";
	if (change->stays_elsewhere)
		return "Nothing changes in the figures: they are on another "
		       "list as well, and are still asked there.";
	if (change->closed == 0)
		return "Nothing changes in the figures: nothing was "
		       "outstanding.";
	const char *closed = arena_printf(
	    arena,
	    change->closed == 1
		? "%lld briefing that they had not confirmed is closed as left."
		: "%lld briefings that they had not confirmed are closed as "
		  "left.",
	    (long long)change->closed);
	if (change->closed_late == 0)
		return closed;
	return arena_printf(
	    arena,
	    "%s Of these, %lld %s past the deadline: there they stay counted "
	    "as outstanding, and flagged, so that leaving late improves no "
	    "figure.",
	    closed, (long long)change->closed_late,
	    change->closed_late == 1 ? "was" : "were");
}

static struct view *make_view(const struct digest_context *context,
			      const struct leaving *leaving,
			      const struct leaving_said *said,
			      const struct roster_change *change, bool is_lead,
			      struct arena *arena)
{
	struct view *view = view_new(arena);
	char time[WORDS_SIZE];

	words_time(context->settings->zone, context->now, time);
	view_text(view, "person", person_text(leaving, arena));
	view_text(view, "said", said_text(said, context->settings, arena));
	view_text(view, "said_on", time);
	view_text(view, "effect",
		  is_lead ? effect_text(said, change, arena) : board_effect);
	view_flag(view, "is_lead", is_lead);
	view_text(view, "row_status",
		  strcmp(said->status, "on-leave") == 0 ? "on-leave" : "left");
	return view;
}

bool leaving_notice_queue(struct db *db, const struct digest_context *context,
			  const struct leaving *leaving,
			  const struct leaving_said *said,
			  const struct roster_change *change,
			  struct arena *arena, struct err *err)
{
	struct roster_list *list;
	struct notice_owner owner;
	int64_t delivery_id;

	if (!roster_load_list(db, leaving->list_name, arena, &list, err) ||
	    !notice_find_owner(db, context->settings, list, &owner, err))
		return false;
	const struct notice notice = {
	    .key = arena_printf(arena, "member-said %s %s %s %lld %lld",
				leaving->list_name, leaving->public_id,
				said->status, (long long)said->until_at,
				(long long)context->now),
	    .kind = "member-said",
	    .list = list,
	    .address = owner.address,
	    .name = owner.name,
	    .subject = arena_printf(
		arena,
		"The list ‘%s’: somebody tells you "
		"that they %s",
		list->title,
		strcmp(said->status, "on-leave") == 0 ? "are on leave"
		: strcmp(said->status, "left") == 0   ? "have left"
						      : "should not be on it"),
	    .view =
		make_view(context, leaving, said, change, owner.is_lead, arena),
	};
	return notice_queue(db, context, &notice, &delivery_id, err);
}
