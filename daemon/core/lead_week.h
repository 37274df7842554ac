#ifndef CORE_LEAD_WEEK_H
#define CORE_LEAD_WEEK_H

/*
 * Once a week, on Monday at 08:00 in the board's time zone, each list's lead
 * gets one mail about their own members: how many have confirmed each briefing
 * that is asked of somebody yet, who has not and signed no sheet either, whom
 * no mail reaches (core/unreachable), and what reviews ask of the agency soon.
 * With nothing outstanding and all reached there is no mail. Where mail to the
 * lead comes back itself, mail.help gets the numbers alone, for names are the
 * agency's. In the caller's transaction, on the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct digest_context;
struct err;
struct view;

/* in one mail; of more the number is told */
#define LEAD_WEEK_PEOPLE_MAX 200
#define LEAD_WEEK_ACTION_DAYS 60 /* ahead; what is past due is told, too */

/* Looks at no more than max_lists whose Monday has come; *ret_more: others are
 * left. A Monday missed is told of late, and once; a list that is new begins
 * with its first. */
bool lead_week_tell_due(struct db *db, const struct digest_context *context,
			size_t max_lists, bool *ret_more, int *ret_told,
			struct err *err);

/* Puts actions[] and has_actions into the view: what reviews ask of an agency
 * within LEAD_WEEK_ACTION_DAYS; the text of none that is marked. */
bool lead_week_show_actions(struct db *db, const struct digest_context *context,
			    const char *agency, struct view *view,
			    struct err *err);

#endif
