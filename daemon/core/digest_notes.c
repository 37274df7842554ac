#include "core/digest_notes.h"

#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/day.h"
#include "core/digest_scope.h"
#include "core/holidays.h"
#include "core/reminder.h"
#include "core/schedule.h"
#include "core/settings.h"
#include "tools/db.h"
#include "tools/zone.h"

#define DAY_SECONDS INT64_C(86400)
/* when a list's digests have no hour */
#define USUAL_HOUR 8

/* --- for one person */

static bool had_mail_today(struct db *db, const struct digest_scope *scope,
			   const struct digest_member *member, bool *ret,
			   struct err *err)
{
	struct query *q = db_query(db, QUERY_NOTES_HAD_MAIL);

	query_integer(q, 1, member->person_id);
	query_integer(
	    q, 2,
	    day_start(scope->settings, day_of(scope->settings, scope->now)));
	*ret = query_next(q);
	return query_done(q, err);
}

/* the deadlines of which a reminder may be due on this day */
static void bind_deadlines(struct query *q, int index,
			   const struct digest_scope *scope,
			   const struct reminders *reminders)
{
	int64_t today = day_of(scope->settings, scope->now);
	int64_t first =
	    today - reminders->days[reminders->count - 1] - REMINDER_LATE_DAYS;

	query_integer(q, index, day_start(scope->settings, first));
	query_integer(
	    q, index + 1,
	    day_start(scope->settings, today - reminders->days[0] + 1));
}

static void add_reminder(struct query *q, const struct digest_scope *scope,
			 const struct digest_list *list,
			 const struct digest_member *member,
			 struct digest_notes *notes)
{
	const struct briefing_version version = {.marking =
						     query_get_text(q, 5)};
	struct digest_reminder reminder = {
	    .requirement_id = query_get_integer(q, 0),
	    .version_id = query_get_integer(q, 1),
	    .due_at = query_get_integer(q, 2),
	};

	reminder.number =
	    reminders_due(&list->reminders, day_of(scope->settings, scope->now),
			  day_of(scope->settings, query_get_integer(q, 3)),
			  day_due(scope->settings, reminder.due_at));
	if (reminder.number > query_get_integer(q, 4) &&
	    digest_scope_may_receive(list, &version, member->address))
		notes->reminders[notes->reminder_count++] = reminder;
}

static bool find_reminders(struct db *db, const struct digest_scope *scope,
			   const struct digest_list *list,
			   const struct digest_member *member,
			   struct digest_notes *notes, struct err *err)
{
	struct query *q = db_query(db, QUERY_NOTES_OUTSTANDING);

	query_integer(q, 1, member->person_id);
	query_integer(q, 2, list->id);
	query_integer(q, 3, scope->now);
	bind_deadlines(q, 4, scope, &list->reminders);
	while (notes->reminder_count < DIGEST_NOTES_MAX && query_next(q))
		add_reminder(q, scope, list, member, notes);
	return query_done(q, err);
}

static bool find_withdrawn(struct db *db, const struct digest_scope *scope,
			   const struct digest_list *list,
			   const struct digest_member *member,
			   struct digest_notes *notes, struct err *err)
{
	struct query *q = db_query(db, QUERY_NOTES_WITHDRAWN);

	query_integer(q, 1, member->person_id);
	query_integer(q, 2, list->id);
	query_integer(q, 3, scope->now - DIGEST_TELL_SECONDS);
	while (notes->withdrawn_count < DIGEST_NOTES_MAX && query_next(q)) {
		const struct briefing_version version = {
		    .marking = query_get_text(q, 1)};

		if (digest_scope_may_receive(list, &version, member->address))
			notes->withdrawn[notes->withdrawn_count++] =
			    query_get_integer(q, 0);
	}
	return query_done(q, err);
}

static bool may_have_notes(const struct digest_scope *scope,
			   const struct digest_member *member,
			   struct digest_notes *notes)
{
	notes->reminder_count = 0;
	notes->withdrawn_count = 0;
	return scope->is_live && member->is_active;
}

bool digest_notes_find_withdrawn(struct db *db,
				 const struct digest_scope *scope,
				 const struct digest_list *list,
				 const struct digest_member *member,
				 struct digest_notes *ret, struct err *err)
{
	return !may_have_notes(scope, member, ret) ||
	       find_withdrawn(db, scope, list, member, ret, err);
}

static bool find(struct db *db, const struct digest_scope *scope,
		 const struct digest_list *list,
		 const struct digest_member *member, struct digest_notes *notes,
		 struct err *err)
{
	if (list->reminders.count > 0 &&
	    !find_reminders(db, scope, list, member, notes, err))
		return false;
	return scope->withdrawn_at == 0 ||
	       find_withdrawn(db, scope, list, member, notes, err);
}

bool digest_notes_find(struct db *db, const struct digest_scope *scope,
		       const struct digest_list *list,
		       const struct digest_member *member, bool has_news,
		       struct digest_notes *ret, struct err *err)
{
	bool is_enough = false;

	if (!may_have_notes(scope, member, ret))
		return true;
	if (!find(db, scope, list, member, ret, err))
		return false;
	if (has_news || ret->reminder_count + ret->withdrawn_count == 0)
		return true;
	if (!had_mail_today(db, scope, member, &is_enough, err))
		return false;
	if (is_enough) {
		ret->reminder_count = 0;
		ret->withdrawn_count = 0;
	}
	return true;
}

/* --- for a list */

/* What reached its day since the list was last dealt with, and a day more, for
 * whom a note then would have been a second mail. */
static bool may_remind(struct db *db, const struct digest_scope *scope,
		       const struct digest_list *list, bool *ret,
		       struct err *err)
{
	int64_t today = day_of(scope->settings, scope->now);
	int64_t from = day_of(scope->settings, list->notes_from_at) - 1;

	if (from < today - REMINDER_LATE_DAYS)
		from = today - REMINDER_LATE_DAYS;
	for (size_t i = 0; !*ret && i < list->reminders.count; i++) {
		int days = list->reminders.days[i];
		struct query *q = db_query(db, QUERY_NOTES_ANY_OUTSTANDING);

		query_integer(q, 1, list->id);
		query_integer(q, 2,
			      day_start(scope->settings, from - days + 1));
		query_integer(q, 3,
			      day_start(scope->settings, today - days + 1));
		*ret = query_next(q);
		if (!query_done(q, err))
			return false;
	}
	return true;
}

static bool may_tell(struct db *db, const struct digest_scope *scope,
		     const struct digest_list *list, bool *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_NOTES_ANY_WITHDRAWN);

	query_integer(q, 1, list->id);
	query_integer(q, 2, list->notes_from_at - DAY_SECONDS);
	query_integer(q, 3, scope->now - DIGEST_TELL_SECONDS);
	*ret = query_next(q);
	return query_done(q, err);
}

bool digest_notes_may_be(struct db *db, const struct digest_scope *scope,
			 const struct digest_list *list, bool *ret,
			 struct err *err)
{
	*ret = false;
	if (!scope->is_live)
		return true;
	if (!may_remind(db, scope, list, ret, err))
		return false;
	return *ret || scope->withdrawn_at == 0 ||
	       may_tell(db, scope, list, ret, err);
}

/* The list's next slot says its hour. false: that slot is today. */
static bool find_hour(const struct digest_scope *scope,
		      const struct digest_list *list, int64_t today,
		      struct civil *ret)
{
	const struct zone *zone = scope->settings->zone;
	struct schedule *schedule = schedule_parse(list->schedule, NULL);
	bool is_free = true;
	int64_t slot_at;

	if (schedule &&
	    schedule_next(schedule, zone, day_start(scope->settings, today) - 1,
			  &slot_at)) {
		struct civil slot = zone_from_utc(zone, slot_at);

		ret->hour = slot.hour;
		ret->minute = slot.minute;
		is_free = day_of(scope->settings, slot_at) != today;
	}
	schedule_free(schedule);
	return is_free;
}

bool digest_notes_today(const struct digest_scope *scope,
			const struct digest_list *list, int64_t *ret_at)
{
	int64_t today = day_of(scope->settings, scope->now);
	struct civil at = civil_from_days(today);

	at.hour = USUAL_HOUR;
	if (!holidays_is_working_day(scope->settings->holidays, today) ||
	    !find_hour(scope, list, today, &at))
		return false;
	*ret_at = zone_to_utc(scope->settings->zone, &at);
	return true;
}
