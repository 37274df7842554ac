#ifndef CORE_REPLY_TELL_H
#define CORE_REPLY_TELL_H

/*
 * What a person is told of their reply (mail/by-reply): a receipt of all that
 * is confirmed, or why it did not count and how it can. Once for a mail in
 * either case. Part of core/reply: in its transaction.
 */
#include <stdbool.h>

#include "core/acknowledgement.h"

struct arena;
struct db;
struct digest_context;
struct err;

struct reply_telling {
	const struct acknowledgement_page *page; /* as it is now */
	enum acknowledgement_verdict verdict;
	bool says_more; /* than the word: that is why, and it was passed on */
	const char *word;
	int recorded; /* by this reply */
};
bool reply_tell(struct db *db, const struct digest_context *context,
		const struct reply_telling *telling, struct arena *arena,
		struct err *err);

#endif
