#ifndef CORE_OUTBOX_OPERATE_H
#define CORE_OUTBOX_OPERATE_H

/*
 * What operators do to deliveries, while the daemon runs: it notices. Each
 * verb leaves named states only, never what is being sent or was accepted, and
 * records an event with its actor. briefingctl's thread; own transactions.
 *
 *	const struct outbox_order order = {
 *	    .verb = OUTBOX_RETRY, .actor = actor, .now = now};
 *	if (!outbox_operate_one(db, &order, 81, err)) ...
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;

enum outbox_verb {
	OUTBOX_RETRY,    /* waiting, refused -> due now, with its days anew */
	OUTBOX_HOLD,     /* due -> held, until it is released */
	OUTBOX_RELEASE,  /* held -> due, when it was due before */
	OUTBOX_CANCEL,   /* due, held -> cancelled, and not planned anew */
	OUTBOX_SENT,     /* unsure -> accepted, as the operator says */
	OUTBOX_NOT_SENT, /* unsure -> due now: the same bytes again */
	OUTBOX_ERASE,    /* due, held -> cancelled: to whom is being erased */
};

struct outbox_order {
	enum outbox_verb verb;
	const char *actor;
	const char *reason; /* NULL: none was given */
	int64_t now;
};

/* ERR_GONE: no such delivery; ERR_INPUT: its state or mode forbids it, in a
 * sentence. To hold what is held is fine and writes nothing. */
bool outbox_operate_one(struct db *db, const struct outbox_order *order,
			int64_t delivery_id, struct err *err);

/* The same in the caller's transaction. */
bool outbox_operate_within(struct db *db, const struct outbox_order *order,
			   int64_t delivery_id, struct err *err);

/* All of a list, or of the board where list_name is NULL, in the board's mode;
 * RETRY takes what was planned after planned_from_at, which may be 0. At most
 * 1,000 rows a transaction: what was done before a failure stays done.
 * *ret_count: deliveries moved. */
bool outbox_operate_all(struct db *db, const struct outbox_order *order,
			const char *list_name, int64_t planned_from_at,
			int64_t *ret_count, struct err *err);

#endif
