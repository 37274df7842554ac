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
#include "core/suppression.h"
#include "core/unreachable.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"
#include "tools/zone.h"

#define WEEK_SECONDS INT64_C(604800)
#define DAY_SECONDS INT64_C(86400)
/* the mail comes when many digests go: so long before it they had theirs */
#define ASKED_SECONDS (2 * DAY_SECONDS)
/* between two mails, where the time is changed between them */
#define APART_SECONDS (WEEK_SECONDS / 2)

/* one list's week */
struct week {
	struct db *db;
	const struct digest_context *context;
	struct roster_list *list;
	int64_t slot_at;
	int64_t since_at; /* the last time */
	int64_t asked_by; /* nobody is asked after what came just now */
	bool is_specimen; /* without the names of who has not confirmed */
	struct arena *arena;
	struct view *view;
	struct notice_owner owner;
	size_t unreachable;
	int64_t outstanding; /* duties, not people */
};

/* --- how many have confirmed */

static bool load_reach(struct db *db, const struct roster_list *list,
		       int64_t asked_by, struct arena *arena,
		       struct lead_week_reach **ret, size_t *ret_count,
		       struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_WEEK_REACH);
	struct lead_week_reach *reach = NULL;
	size_t count = 0, room = 0;

	query_integer(q, 1, list->id);
	query_integer(q, 2, asked_by);
	while (query_next(q)) {
		reach = arena_grow(arena, reach, count, &room, sizeof(*reach));
		reach[count++] = (struct lead_week_reach){
		    .ref = arena_strdup(arena, query_get_text(q, 0)),
		    .required = query_get_integer(q, 1),
		    .acknowledged = query_get_integer(q, 2),
		    .outstanding = query_get_integer(q, 3),
		    .due_at = query_get_integer(q, 4),
		    .attested = query_get_integer(q, 5),
		};
	}
	*ret = reach;
	*ret_count = count;
	return query_done(q, err);
}

static bool show_reach(struct week *week, struct err *err)
{
	struct lead_week_reach *reach;
	size_t count;

	if (!load_reach(week->db, week->list, week->asked_by, week->arena,
			&reach, &count, err))
		return false;
	view_list(week->view, "briefings");
	for (size_t i = 0; i < count; i++) {
		struct view *item = view_item(week->view, "briefings");
		char text[WORDS_SIZE];

		view_text(item, "ref", reach[i].ref);
		words_share(reach[i].acknowledged, reach[i].required, text);
		view_text(item, "reach_text", text);
		view_number(item, "outstanding", reach[i].outstanding);
		if (reach[i].attested > 0)
			view_number(view_child(item, "attested"), "count",
				    reach[i].attested);
		words_day(week->context->settings->zone, reach[i].due_at, text);
		view_text(item, "due_on", text);
		week->outstanding += reach[i].outstanding;
	}
	view_flag(week->view, "is_outstanding", week->outstanding > 0);
	return true;
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
		view_text(item, "name",
			  week->is_specimen ? "A. Member"
					    : query_get_text(q, 0));
		view_text(item, "address",
			  week->is_specimen ? "a.member@example.org"
					    : query_get_text(q, 1));
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

/* "Monday" */
static const char *day_of(const struct week *week)
{
	char text[WORDS_SIZE];

	words_day(week->context->settings->zone, week->slot_at, text);
	return arena_strndup(week->arena, text, strcspn(text, " "));
}

static struct notice make_notice(struct week *week)
{
	const struct settings *settings = week->context->settings;

	view_flag(week->view, "is_lead", week->owner.is_lead);
	view_text(week->view, "list_name", week->list->name);
	view_text(week->view, "lead_address", week->list->lead_address);
	view_text(week->view, "mail_from", settings->mail_from);
	view_text(week->view, "day", day_of(week));
	return (struct notice){
	    .key = arena_printf(week->arena, "lead-week %s %" PRId64,
				week->list->name, week->slot_at),
	    .kind = "lead-week",
	    .list = week->list,
	    .address = week->owner.address,
	    .name = week->owner.name,
	    .reply_to = settings->mail_help,
	    .subject = subject_of(week),
	    .view = week->view,
	};
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

static bool is_needed(const struct week *week)
{
	return week->unreachable > 0 || week->outstanding > 0;
}

static bool tell(struct week *week, struct err *err)
{
	const struct notice notice = make_notice(week);
	int64_t delivery_id;

	return notice_queue(week->db, week->context, &notice, &delivery_id,
			    err);
}

static bool tell_list(struct db *db, const struct digest_context *context,
		      const char *name, int64_t since_at, int64_t slot_at,
		      int *ret_told, struct err *err)
{
	struct week week = {.db = db,
			    .context = context,
			    .slot_at = slot_at,
			    .since_at = since_at,
			    .asked_by = slot_at - ASKED_SECONDS,
			    .arena = arena_new()};
	bool is_told = false;

	week.view = view_new(week.arena);
	bool good = roster_load_list(db, name, week.arena, &week.list, err) &&
		    show(&week, err);
	if (good && is_needed(&week))
		is_told = good = tell(&week, err);
	*ret_told += is_told;
	arena_free(week.arena);
	return good;
}

/* --- when */

static bool find_slot(const struct digest_context *context, const char *words,
		      int64_t *ret_slot, struct err *err)
{
	struct schedule *schedule = schedule_parse_weekly(words, err);
	bool found =
	    schedule &&
	    schedule_last(schedule, context->settings->zone, context->now,
			  context->now - 2 * WEEK_SECONDS, ret_slot);

	schedule_free(schedule);
	return found;
}

static bool load_words(struct db *db, struct arena *arena, const char ***ret,
		       size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_WEEK_WORDS);
	const char **words = NULL;
	size_t count = 0, room = 0;

	while (query_next(q)) {
		words = arena_grow(arena, words, count, &room, sizeof(*words));
		words[count++] = arena_strdup(arena, query_get_text(q, 0));
	}
	*ret = words;
	*ret_count = count;
	return query_done(q, err);
}

static bool set_told(struct db *db, const char *name, int64_t slot_at,
		     struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_WEEK_SET_TOLD);

	query_text(q, 1, name);
	query_integer(q, 2, slot_at);
	return query_run(q, NULL, err);
}

/* *ret_name NULL: no list's time has come */
static bool next_list(struct db *db, const char *words, int64_t slot_at,
		      int64_t now, struct arena *arena, const char **ret_name,
		      int64_t *ret_since, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_WEEK_NEXT_LIST);

	*ret_name = NULL;
	query_text(q, 1, words);
	query_integer(q, 2, slot_at - APART_SECONDS);
	query_integer(q, 3, now);
	if (query_next(q)) {
		*ret_name = arena_strdup(arena, query_get_text(q, 0));
		*ret_since = query_get_integer(q, 1);
	}
	return query_done(q, err);
}

/* The lists of one time, as long as *max is not used up. */
static bool tell_those(struct db *db, const struct digest_context *context,
		       const char *words, struct arena *arena, size_t *max,
		       int *ret_told, struct err *err)
{
	const char *name;
	int64_t slot_at, since_at;

	if (!find_slot(context, words, &slot_at, err))
		return false;
	for (; *max > 0; --*max) {
		if (!next_list(db, words, slot_at, context->now, arena, &name,
			       &since_at, err))
			return false;
		if (!name)
			return true;
		/* one that is new has no week behind it */
		if (since_at > 0 && !tell_list(db, context, name, since_at,
					       slot_at, ret_told, err))
			return false;
		if (!set_told(db, name, slot_at, err))
			return false;
	}
	return true;
}

bool lead_week_tell_due(struct db *db, const struct digest_context *context,
			size_t max_lists, bool *ret_more, int *ret_told,
			struct err *err)
{
	struct arena *arena = arena_new();
	const char **words;
	size_t count = 0, left = max_lists;
	bool good = load_words(db, arena, &words, &count, err);

	*ret_told = 0;
	for (size_t i = 0; good && left > 0 && i < count; i++)
		good = tell_those(db, context, words[i], arena, &left, ret_told,
				  err);
	*ret_more = left == 0;
	arena_free(arena);
	return good;
}

/* --- looking at it, which changes nothing */

/* *ret_told 0: never, or by a clock that was ahead */
static bool load_told(struct db *db, const struct roster_list *list,
		      int64_t now, int64_t *ret_told, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_WEEK_TOLD);
	int64_t told = 0;

	query_integer(q, 1, list->id);
	if (query_next(q))
		told = query_get_integer(q, 0);
	*ret_told = told <= now ? told : 0;
	return query_done(q, err);
}

static bool find_next(const struct digest_context *context, const char *words,
		      int64_t told_at, int64_t *ret_at, struct err *err)
{
	const struct zone *zone = context->settings->zone;
	int64_t last_at, after = told_at + APART_SECONDS;

	if (!find_slot(context, words, &last_at, err))
		return false;
	/* it has not looked yet, or is paused */
	if (told_at > 0 && told_at < last_at - APART_SECONDS) {
		*ret_at = last_at;
		return true;
	}
	struct schedule *schedule = schedule_parse_weekly(words, err);
	bool found =
	    schedule &&
	    schedule_next(schedule, zone,
			  after > context->now ? after : context->now, ret_at);
	schedule_free(schedule);
	return found;
}

static bool preview(struct week *week, bool is_rehearsal,
		    struct letter *ret_letter, struct err *err)
{
	if (!load_told(week->db, week->list, week->context->now,
		       &week->since_at, err) ||
	    !find_next(week->context, week->list->lead_mail, week->since_at,
		       &week->slot_at, err) ||
	    !show(week, err))
		return false;
	if (!is_needed(week))
		return err_set(err, ERR_GONE,
			       "no mail would go: of list %s nothing is "
			       "outstanding, and mail reaches all",
			       week->list->name);
	const struct notice notice = make_notice(week);
	return notice_preview(week->context, &notice, is_rehearsal, ret_letter,
			      err);
}

bool lead_week_preview(struct db *db, const struct digest_context *context,
		       struct roster_list *list, bool is_rehearsal,
		       struct letter *ret_letter, struct notice_owner *ret_to,
		       struct err *err)
{
	struct week week = {.db = db,
			    .context = context,
			    .list = list,
			    .asked_by = context->now - ASKED_SECONDS,
			    .is_specimen = true,
			    .arena = arena_new()};

	week.view = view_new(week.arena);
	bool good = preview(&week, is_rehearsal, ret_letter, err);
	if (good)
		*ret_to = week.owner;
	arena_free(week.arena);
	return good;
}

bool lead_week_load_standing(struct db *db,
			     const struct digest_context *context,
			     struct roster_list *list, struct arena *arena,
			     struct lead_week_standing *ret, struct err *err)
{
	struct lead_week_standing standing = {0};
	struct lead_week_reach *reach;
	int64_t told_at;

	if (!suppression_since(db, list->lead_address, &standing.suppressed_at,
			       err) ||
	    !notice_find_owner(db, context->settings, list, &standing.owner,
			       err) ||
	    !load_told(db, list, context->now, &told_at, err) ||
	    !find_next(context, list->lead_mail, told_at, &standing.next_at,
		       err) ||
	    !unreachable_show(db, context, list, told_at, false, arena,
			      view_new(arena), &standing.unreachable, err) ||
	    !load_reach(db, list, context->now, arena, &reach,
			&standing.reach_count, err))
		return false;
	standing.reach = reach;
	*ret = standing;
	return true;
}
