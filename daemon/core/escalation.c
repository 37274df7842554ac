#include "core/escalation.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/day.h"
#include "core/digest.h"
#include "core/event.h"
#include "core/holidays.h"
#include "core/notice.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"
#include "tools/zone.h"

#define HOUR 8 /* of the day, from which on mails are made */
/* Past these a mail says "and more": nobody chases so many by a mail. */
#define OVERDUE_MAX 10000
#define NAMES_MAX 200
/* fewer people than this are not counted out: a number would tell of persons */
#define SMALL 5

enum level { TO_LEAD, TO_BOARD };

static const struct {
	const char *name, *kind;
	enum query_id told;
} levels[] = {
    [TO_LEAD] = {"lead", "escalation-lead", QUERY_ESCALATION_LEAD_TOLD},
    [TO_BOARD] = {"board", "escalation-board", QUERY_ESCALATION_BOARD_TOLD},
};

/* one list's turn with one of the two */
struct escalation {
	struct db *db;
	const struct digest_context *context;
	struct arena *arena;
	const char *list_name;
	int64_t list_id, days, from_due_at, to_due_at;
	enum level level;
	struct roster_list *list;
	struct notice_owner to;
};

/* Names are for the agency's own lead. Where no mail reaches them, who looks
 * after questions to the board is told, and sees numbers like the board. */
static bool shows_names(const struct escalation *escalation)
{
	return escalation->level == TO_LEAD && escalation->to.is_lead;
}

/* --- what is overdue, as the mail shows it */

struct overdue {
	struct view *view;
	const char *versions; /* "3,17", for the event */
	size_t count, names;
};

/* one briefing with one deadline */
struct group {
	int64_t version_id, due_at;
	struct view *item;
	size_t count, attested; /* attested: beside the count */
};

static void show_attested(const struct group *group)
{
	struct view *part;

	if (group->attested == 0)
		return;
	part = view_child(group->item, "attested");
	view_number(part, "count", (int64_t)group->attested);
	view_flag(part, "is_small", group->attested < SMALL);
}

static void end_group(const struct group *group)
{
	if (!group->item)
		return;
	view_number(group->item, "count", (int64_t)group->count);
	view_flag(group->item, "is_small", group->count < SMALL);
	show_attested(group);
}

static void begin_group(const struct escalation *escalation, struct query *q,
			struct overdue *overdue, struct group *group)
{
	const struct briefing_version version = {.marking =
						     query_get_text(q, 6)};
	struct arena *arena = escalation->arena;
	char deadline[WORDS_SIZE];

	*group = (struct group){
	    .version_id = query_get_integer(q, 0),
	    .due_at = query_get_integer(q, 1),
	    .item = view_item(overdue->view, "briefings"),
	};
	words_deadline(escalation->context->settings->zone, group->due_at,
		       deadline);
	view_text(group->item, "ref", query_get_text(q, 4));
	/* the title of what is marked stays in the list's domains */
	view_text(group->item, "title",
		  briefing_is_sensitive(&version) ? NULL
						  : query_get_text(q, 5));
	view_text(group->item, "deadline", deadline);
	view_list(group->item, "people");
	overdue->versions =
	    arena_printf(arena, "%s%s%" PRId64, overdue->versions,
			 *overdue->versions ? "," : "", group->version_id);
}

static void add_person(const struct escalation *escalation, struct query *q,
		       struct overdue *overdue, const struct group *group)
{
	const char *name = query_get_text(q, 2);
	struct view *person;

	overdue->count++;
	if (!shows_names(escalation))
		return;
	if (overdue->names == NAMES_MAX) {
		view_flag(group->item, "has_more", true);
		return;
	}
	person = view_item(group->item, "people");
	view_text(person, "name", *name ? name : query_get_text(q, 3));
	overdue->names++;
}

static bool is_of_group(const struct group *group, struct query *q)
{
	return group->item && group->version_id == query_get_integer(q, 0) &&
	       group->due_at == query_get_integer(q, 1);
}

static bool find_overdue(const struct escalation *escalation,
			 struct overdue *ret, struct err *err)
{
	struct query *q = db_query(escalation->db, QUERY_ESCALATION_OVERDUE);
	struct group group = {.item = NULL};

	*ret = (struct overdue){.view = view_new(escalation->arena),
				.versions = ""};
	query_integer(q, 1, escalation->list_id);
	query_integer(q, 2, escalation->from_due_at);
	query_integer(q, 3, escalation->to_due_at);
	query_integer(q, 4, escalation->context->now);
	query_integer(q, 5, OVERDUE_MAX);
	while (query_next(q)) {
		bool is_same = is_of_group(&group, q);

		if (query_get_integer(q, 7)) {
			group.attested += is_same;
			continue;
		}
		if (!is_same) {
			end_group(&group);
			begin_group(escalation, q, ret, &group);
		}
		group.count++;
		add_person(escalation, q, ret, &group);
	}
	end_group(&group);
	return query_done(q, err);
}

/* --- telling */

static bool record(const struct escalation *escalation,
		   const struct overdue *overdue, int64_t delivery_id,
		   struct err *err)
{
	int64_t now = escalation->context->now;
	struct event event;

	event_begin(&event, "escalated", now, "briefingd");
	event_text(&event, "list", escalation->list_name);
	event_text(&event, "to", levels[escalation->level].name);
	event_integer(&event, "overdue", (int64_t)overdue->count);
	event_text(&event, "versions", overdue->versions);
	event_integer(&event, "delivery", delivery_id);
	return event_end(&event, escalation->db, now, err);
}

/* whom: the list's owner, or the agency's board member */
static bool find_receiver(struct escalation *escalation, struct err *err)
{
	if (!roster_load_list(escalation->db, escalation->list_name,
			      escalation->arena, &escalation->list, err))
		return false;
	const struct roster_list *list = escalation->list;
	assert(list);
	escalation->to = (struct notice_owner){
	    .address = list->board_member_address, .name = list->board_member};
	return escalation->level == TO_BOARD ||
	       notice_find_owner(escalation->db, escalation->context->settings,
				 list, &escalation->to, err);
}

static bool queue(const struct escalation *escalation,
		  const struct overdue *overdue, struct err *err)
{
	struct arena *arena = escalation->arena;
	const struct roster_list *list = escalation->list;
	int64_t id = 0;

	view_number(overdue->view, "days", escalation->days);
	view_number(overdue->view, "count", (int64_t)overdue->count);
	view_flag(overdue->view, "one", overdue->count == 1);
	view_flag(overdue->view, "is_small", overdue->count < SMALL);
	view_flag(overdue->view, "is_lead", shows_names(escalation));
	view_text(overdue->view, "list_name", list->name);
	view_text(overdue->view, "lead_address", list->lead_address);
	const struct notice notice = {
	    .key = arena_printf(arena, "escalation %s %s %" PRId64,
				levels[escalation->level].name,
				escalation->list_name, escalation->to_due_at),
	    .kind = levels[escalation->level].kind,
	    .list = list,
	    .address = escalation->to.address,
	    .name = escalation->to.name,
	    .subject = arena_printf(
		arena, "Overdue: briefings not confirmed, %s", list->title),
	    .view = overdue->view,
	};
	return notice_queue(escalation->db, escalation->context, &notice, &id,
			    err) &&
	       (id == 0 || record(escalation, overdue, id, err));
}

static bool set_told(const struct escalation *escalation, struct err *err)
{
	struct query *q =
	    db_query(escalation->db, levels[escalation->level].told);

	query_integer(q, 1, escalation->list_id);
	query_integer(q, 2, escalation->to_due_at);
	return query_run(q, NULL, err);
}

static bool escalate(struct escalation *escalation, int *ret_count,
		     struct err *err)
{
	struct overdue overdue;

	if (!find_receiver(escalation, err) ||
	    !find_overdue(escalation, &overdue, err))
		return false;
	if (overdue.count > 0 && !queue(escalation, &overdue, err))
		return err_context(err, "escalation of list %s",
				   escalation->list_name);
	*ret_count += overdue.count > 0;
	return set_told(escalation, err);
}

/* --- whose turn it is */

/* The row's lead or board member, as columns 2 and 3 or 4 and 5 have it. false:
 * not yet, or told. */
static bool read_turn(struct query *q, int64_t today, enum level level,
		      struct escalation *ret)
{
	const struct settings *settings = ret->context->settings;
	int column = level == TO_LEAD ? 2 : 4;

	ret->level = level;
	ret->days = query_get_integer(q, column);
	ret->from_due_at = query_get_integer(q, column + 1);
	ret->to_due_at = day_start(settings, today - ret->days + 1);
	if (ret->days == 0 || ret->to_due_at <= ret->from_due_at)
		return false;
	ret->list_name = arena_strdup(ret->arena, query_get_text(q, 0));
	ret->list_id = query_get_integer(q, 1);
	return true;
}

static bool find_turn(struct escalation *escalation, int64_t today,
		      bool *ret_found, struct err *err)
{
	struct query *q = db_query(escalation->db, QUERY_ESCALATION_LISTS);

	*ret_found = false;
	while (!*ret_found && query_next(q))
		*ret_found = read_turn(q, today, TO_LEAD, escalation) ||
			     read_turn(q, today, TO_BOARD, escalation);
	return query_done(q, err);
}

bool escalation_run(struct db *db, const struct digest_context *context,
		    int *ret_count, bool *ret_more, struct err *err)
{
	const struct settings *settings = context->settings;
	int64_t today = day_of(settings, context->now);
	struct escalation escalation = {.db = db, .context = context};
	bool found = false;

	*ret_count = 0;
	*ret_more = false;
	if (!holidays_is_working_day(settings->holidays, today) ||
	    zone_from_utc(settings->zone, context->now).hour < HOUR)
		return true;
	escalation.arena = arena_new();
	bool good = find_turn(&escalation, today, &found, err) &&
		    (!found || escalate(&escalation, ret_count, err));
	arena_free(escalation.arena);
	*ret_more = found;
	return good;
}
