#include "core/outbox_mend.h"

#include <stddef.h>

#include "tools/db.h"

#define ROWS_AT_ONCE 1000

/* what is put off for another reason, by a list's quiet hours or a relay's own
 * words, waits no longer than this */
#define OTHER_WAIT_SECONDS (2 * INT64_C(86400))

static bool find(struct db *db, struct outbox_mend *mend, int64_t longest,
		 int64_t now, int64_t *ret_ids, size_t *ret_count,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_AHEAD);
	int64_t latest =
	    now + (longest > OTHER_WAIT_SECONDS ? longest : OTHER_WAIT_SECONDS);
	size_t looked = 0, count = 0;

	query_integer(q, 1, mend->due_at > now ? mend->due_at : now);
	query_integer(q, 2, mend->due_at > now ? mend->id : INT64_MAX);
	query_integer(q, 3, now);
	query_integer(q, 4, latest);
	query_integer(q, 5, ROWS_AT_ONCE);
	while (looked < ROWS_AT_ONCE && query_next(q)) {
		looked++;
		mend->id = query_get_integer(q, 0);
		mend->due_at = query_get_integer(q, 1);
		if (query_get_integer(q, 2))
			ret_ids[count++] = mend->id;
	}
	mend->is_done = looked < ROWS_AT_ONCE;
	*ret_count = count;
	return query_done(q, err);
}

bool outbox_mend_slice(struct db *db, struct outbox_mend *mend, int64_t longest,
		       int64_t now, int *ret_count, struct err *err)
{
	int64_t ids[ROWS_AT_ONCE];
	size_t count;

	if (!find(db, mend, longest, now, ids, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct query *q = db_query(db, QUERY_OUTBOX_MEND);

		query_integer(q, 1, ids[i]);
		query_integer(q, 2, now);
		if (!query_run(q, NULL, err))
			return false;
	}
	*ret_count = (int)count;
	return true;
}
