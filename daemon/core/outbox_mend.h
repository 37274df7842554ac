#ifndef CORE_OUTBOX_MEND_H
#define CORE_OUTBOX_MEND_H

/*
 * Deliveries that wait for a time which a clock that was ahead once named are
 * due now. It shows: they were planned or last tried later than now, or wait
 * for longer than anything does. In slices, on the loop thread.
 *
 *	struct outbox_mend mend = {0};
 *	while (!mend.is_done)
 *		... outbox_mend_slice(db, &mend, retry_most, now, &count, err)
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;

struct outbox_mend {
	int64_t due_at, id; /* the last one that was looked at */
	bool is_done;
};

/* Looks at the next 1,000 that wait, in the caller's transaction; one that is
 * rolled back takes a new struct outbox_mend. longest: the longest wait between
 * two attempts, in seconds. *ret_count: how many are due now. */
bool outbox_mend_slice(struct db *db, struct outbox_mend *mend, int64_t longest,
		       int64_t now, int *ret_count, struct err *err);

#endif
