#ifndef CORE_DISOWN_NOTICE_H
#define CORE_DISOWN_NOTICE_H

/*
 * The mail that tells a list's lead that somebody on it says of a confirmation
 * that it was not theirs (core/disown.h), and what that did to the figures. The
 * board, where no mail reaches the lead, is told without their name: it tells
 * of what they have not confirmed. In the caller's transaction.
 */
#include <stdbool.h>

struct arena;
struct db;
struct digest_context;
struct disown;
struct err;

/* disown: as it was before; the store has what came of it. */
bool disown_notice_queue(struct db *db, const struct digest_context *context,
			 const struct disown *disown, struct arena *arena,
			 struct err *err);

#endif
