#ifndef CORE_LEAVING_NOTICE_H
#define CORE_LEAVING_NOTICE_H

/*
 * The mail that tells a list's lead what a person said of their place on it
 * (core/leaving.h), and what that did to the figures; the board, where no mail
 * reaches the lead, is told without the figures, for they tell what the person
 * had not confirmed. A few times a day of a person. In the caller's
 * transaction.
 */
#include <stdbool.h>

struct arena;
struct db;
struct digest_context;
struct err;
struct leaving;
struct leaving_said;
struct roster_change;

/* leaving: as it was before. change: of roster_member_say, with its counts. */
bool leaving_notice_queue(struct db *db, const struct digest_context *context,
			  const struct leaving *leaving,
			  const struct leaving_said *said,
			  const struct roster_change *change,
			  struct arena *arena, struct err *err);

#endif
