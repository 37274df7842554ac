#ifndef CORE_LEAD_WEEK_H
#define CORE_LEAD_WEEK_H

/*
 * Once a week, at a time of the list's own (lead_mail in its file, Monday 08:00
 * unless it says another) in the board's time zone, each list's lead gets one
 * mail about their own members: how many have confirmed each briefing that is
 * asked of somebody yet, who has not and signed no sheet either, whom no mail
 * reaches (core/unreachable), and what reviews ask of the agency soon. With
 * nothing outstanding and all reached there is no mail. Where mail to the lead
 * comes back itself, mail.help gets the numbers alone, for names are the
 * agency's. In the caller's transaction, on the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/notice.h"

struct arena;
struct db;
struct digest_context;
struct err;
struct letter;
struct roster_list;
struct view;

#define LEAD_WEEK_USUAL "mon 08:00" /* read by schedule_parse_weekly */

/* in one mail; of more the number is told */
#define LEAD_WEEK_PEOPLE_MAX 200
#define LEAD_WEEK_ACTION_DAYS 60 /* ahead; what is past due is told, too */

/* Looks at no more than max_lists whose time has come; *ret_more: others may be
 * left. A time missed is told of late, and once; a list that is new begins with
 * its first. Where the time is changed, no mail follows another within half a
 * week, and the next tells of all since the last. */
bool lead_week_tell_due(struct db *db, const struct digest_context *context,
			size_t max_lists, bool *ret_more, int *ret_told,
			struct err *err);

/* Puts actions[] and has_actions into the view: what reviews ask of an agency
 * within LEAD_WEEK_ACTION_DAYS; the text of none that is marked. */
bool lead_week_show_actions(struct db *db, const struct digest_context *context,
			    const char *agency, struct view *view,
			    struct err *err);

/* The mail as it would go at now, whose letter the caller owns, and to whom; it
 * changes nothing. Who has not confirmed stands in it as a specimen: whoever
 * looks is of the board, and names are the agency's. ERR_GONE: none would go.
 */
bool lead_week_preview(struct db *db, const struct digest_context *context,
		       struct roster_list *list, bool is_rehearsal,
		       struct letter *ret_letter, struct notice_owner *ret_to,
		       struct err *err);

/* How one briefing stands that is asked of somebody yet. */
struct lead_week_reach {
	const char *ref;
	int64_t required, acknowledged, outstanding;
	int64_t due_at;   /* the last deadline of who is waited for */
	int64_t attested; /* of the outstanding */
};

/* How a list's lead stands, in numbers. */
struct lead_week_standing {
	int64_t
	    suppressed_at; /* mail to them comes back since; 0: it does not */
	struct notice_owner owner; /* whom the mail goes to */
	int64_t next_at;           /* not after now: as soon as it may */
	size_t unreachable;
	const struct lead_week_reach *reach; /* of all that is asked by now */
	size_t reach_count;
};
bool lead_week_load_standing(struct db *db,
			     const struct digest_context *context,
			     struct roster_list *list, struct arena *arena,
			     struct lead_week_standing *ret, struct err *err);

#endif
