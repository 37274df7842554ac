#include "core/lead_week.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/notice.h"
#include "core/roster.h"
#include "core/schedule.h"
#include "core/settings.h"
#include "core/unreachable.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"
#include "tools/zone.h"

#define SCHEDULE "weekly mon 08:00"
#define WEEK_SECONDS INT64_C(604800)
#define DAY_SECONDS INT64_C(86400)
/* the mail comes when many digests go: so long before it they had theirs */
#define ASKED_SECONDS (2 * DAY_SECONDS)

/* one list's week */
struct week {
	struct db *db;
	const struct digest_context *context;
	struct roster_list *list;
	int64_t since_at; /* the last time */
	int64_t asked_by; /* nobody is asked after what came just now */
	struct arena *arena;
	struct view *view;
	struct notice_owner owner;
	size_t unreachable;
	int64_t outstanding; /* duties, not people */
};

/* --- how many have confirmed */

static bool show_reach(struct week *week, struct err *err)
{
	struct query *q = db_query(week->db, QUERY_LEAD_WEEK_REACH);

	view_list(week->view, "briefings");
	query_integer(q, 1, week->list->id);
	query_integer(q, 2, week->asked_by);
	while (query_next(q)) {
		struct view *item = view_item(week->view, "briefings");
		int64_t required = query_get_integer(q, 1);
		int64_t outstanding = query_get_integer(q, 3);
		int64_t attested = query_get_integer(q, 5);
		char text[WORDS_SIZE];

		view_text(item, "ref", query_get_text(q, 0));
		words_share(query_get_integer(q, 2), required, text);
		view_text(item, "reach_text", text);
		view_number(item, "outstanding", outstanding);
		if (attested > 0)
			view_number(view_child(item, "attested"), "count",
				    attested);
		words_day(week->context->settings->zone,
			  query_get_integer(q, 4), text);
		view_text(item, "due_on", text);
		week->outstanding += outstanding;
	}
	view_flag(week->view, "is_outstanding", week->outstanding > 0);
	return query_done(q, err);
}

/* --- who has not */

static bool show_unconfirmed(struct week *week, struct err *err)
{
	struct query *q = db_query(week->db, QUERY_LEAD_WEEK_UNCONFIRMED);
	int64_t count = 0;

	view_list(week->view, "unconfirmed");
	query_integer(q, 1, week->list->id);
	query_integer(q, 2, week->context->now);
	query_integer(q, 3, week->asked_by);
	while (query_next(q)) {
		char day[WORDS_SIZE];

		if (++count > LEAD_WEEK_PEOPLE_MAX || !week->owner.is_lead)
			continue;
		struct view *item = view_item(week->view, "unconfirmed");
		view_text(item, "name", query_get_text(q, 0));
		view_text(item, "address", query_get_text(q, 1));
		view_text(item, "refs", query_get_text(q, 2));
		words_day(week->context->settings->zone,
			  query_get_integer(q, 3), day);
		view_text(item, "due_on", day);
		view_flag(item, "is_overdue",
			  query_get_integer(q, 3) < week->context->now);
	}
	view_number(week->view, "unconfirmed_count", count);
	view_flag(week->view, "is_awaited", count > 0 && week->owner.is_lead);
	view_flag(week->view, "unconfirmed_one", count == 1);
	view_flag(week->view, "unconfirmed_more", count > LEAD_WEEK_PEOPLE_MAX);
	view_number(week->view, "unconfirmed_rest",
		    count - LEAD_WEEK_PEOPLE_MAX);
	return query_done(q, err);
}

/* --- what is to be done */

bool lead_week_show_actions(struct db *db, const struct digest_context *context,
			    const char *agency, struct view *view,
			    struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_WEEK_ACTIONS);
	struct civil last =
	    zone_from_utc(context->settings->zone,
			  context->now + LEAD_WEEK_ACTION_DAYS * DAY_SECONDS);
	char date[CIVIL_DATE_SIZE], day[WORDS_SIZE];
	bool any = false;

	civil_format_date(&last, date);
	view_list(view, "actions");
	query_text(q, 1, agency);
	query_text(q, 2, date);
	while (query_next(q)) {
		struct view *item = view_item(view, "actions");
		const struct briefing_version version = {
		    .marking = query_get_text(q, 4)};

		words_date(query_get_text(q, 3), day);
		view_text(item, "ref", query_get_text(q, 0));
		view_text(item, "action", query_get_text(q, 1));
		/* what is marked stays out of mail */
		view_text(item, "text",
			  briefing_is_sensitive(&version)
			      ? ""
			      : query_get_text(q, 2));
		view_text(item, "due_on", day);
		any = true;
	}
	view_flag(view, "has_actions", any);
	return query_done(q, err);
}

/* --- the mail */

static const char *subject_of(const struct week *week)
{
	const char *title = week->list->title;
	size_t count = week->unreachable;

	if (count > 0)
		return arena_printf(week->arena,
				    count == 1 ? "%s: no mail reaches %zu "
						 "person"
					       : "%s: no mail reaches %zu "
						 "people",
				    title, count);
	return arena_printf(week->arena, "%s: what is still to be confirmed",
			    title);
}

static bool tell(struct week *week, int64_t slot_at, struct err *err)
{
	const struct settings *settings = week->context->settings;
	int64_t delivery_id;

	view_flag(week->view, "is_lead", week->owner.is_lead);
	view_text(week->view, "list_name", week->list->name);
	view_text(week->view, "lead_address", week->list->lead_address);
	view_text(week->view, "mail_from", settings->mail_from);
	const struct notice notice = {
	    .key = arena_printf(week->arena, "lead-week %s %" PRId64,
				week->list->name, slot_at),
	    .kind = "lead-week",
	    .list = week->list,
	    .address = week->owner.address,
	    .name = week->owner.name,
	    .reply_to = settings->mail_help,
	    .subject = subject_of(week),
	    .view = week->view,
	};
	return notice_queue(week->db, week->context, &notice, &delivery_id,
			    err);
}

static bool show(struct week *week, struct err *err)
{
	return notice_find_owner(week->db, week->context->settings, week->list,
				 &week->owner, err) &&
	       unreachable_show(week->db, week->context, week->list,
				week->since_at, week->owner.is_lead,
				week->arena, week->view, &week->unreachable,
				err) &&
	       show_reach(week, err) && show_unconfirmed(week, err) &&
	       lead_week_show_actions(week->db, week->context,
				      week->list->agency, week->view, err);
}

static bool tell_list(struct db *db, const struct digest_context *context,
		      const char *name, int64_t since_at, int64_t slot_at,
		      int *ret_told, struct err *err)
{
	struct week week = {.db = db,
			    .context = context,
			    .since_at = since_at,
			    .asked_by = slot_at - ASKED_SECONDS,
			    .arena = arena_new()};
	bool is_told = false;

	week.view = view_new(week.arena);
	bool good = roster_load_list(db, name, week.arena, &week.list, err) &&
		    show(&week, err);
	if (good && (week.unreachable > 0 || week.outstanding > 0))
		is_told = good = tell(&week, slot_at, err);
	*ret_told += is_told;
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
	struct query *q = db_query(db, QUERY_LEAD_WEEK_SET_TOLD);

	query_text(q, 1, name);
	query_integer(q, 2, slot_at);
	return query_run(q, NULL, err);
}

/* *ret_name NULL: no list's Monday has come */
static bool next_list(struct db *db, int64_t slot_at, struct arena *arena,
		      const char **ret_name, int64_t *ret_since,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_WEEK_NEXT_LIST);

	*ret_name = NULL;
	query_integer(q, 1, slot_at);
	if (query_next(q)) {
		*ret_name = arena_strdup(arena, query_get_text(q, 0));
		*ret_since = query_get_integer(q, 1);
	}
	return query_done(q, err);
}

bool lead_week_tell_due(struct db *db, const struct digest_context *context,
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
