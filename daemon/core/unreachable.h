#ifndef CORE_UNREACHABLE_H
#define CORE_UNREACHABLE_H

/*
 * Once a week, on Monday at 08:00 in the board's time zone, each list's lead is
 * told whom of their own members no mail reaches, why, and what to do: all
 * whose address is suppressed, until it is corrected or released, and whose
 * mail came back or was refused since the last time. With nobody to tell of
 * there is no mail. Where mail to the lead comes back itself, mail.help is told
 * how many they are, for names are the agency's. In the caller's transaction,
 * on the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct digest_context;
struct err;

#define UNREACHABLE_PEOPLE_MAX                                                 \
	200 /* in one mail; of more the number is told                         \
	     */

/* Looks at no more than max_lists whose Monday has come; *ret_more: others are
 * left. A Monday missed is told of late, and once; a list that is new begins
 * with its first. */
bool unreachable_tell_due(struct db *db, const struct digest_context *context,
			  size_t max_lists, bool *ret_more, int *ret_told,
			  struct err *err);

#endif
