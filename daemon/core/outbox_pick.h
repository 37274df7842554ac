#ifndef CORE_OUTBOX_PICK_H
#define CORE_OUTBOX_PICK_H

/*
 * Which of the due deliveries come next: the oldest, as long as their domain
 * has its part of the connections at most; then others' oldest, domain by
 * domain; then, when no other waits, the oldest after all. Part of the claim
 * (core/outbox_claim), in its transaction. What is picked is to be taken, put
 * off or cancelled before the next is asked for.
 *
 *	while (outbox_pick_next(&pick, &id, err) && id)
 *		...
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct err;
struct share;

struct outbox_pick {
	struct db *db;
	int64_t now;
	struct share *share;
	struct outbox_due *oldest;
	size_t count, at;
	enum { PICK_ALLOWED, PICK_OTHERS, PICK_REST } phase;
	bool is_full; /* there are more than these */
	int visits;   /* of domains */
	int64_t start;
	bool is_wrapped;
};

/* The max oldest are looked at, and others only when these are not all. */
bool outbox_pick_init(struct outbox_pick *pick, struct db *db, int64_t now,
		      struct share *share, size_t max, struct arena *arena,
		      struct err *err);

/* *ret_id 0: there is no more. */
bool outbox_pick_next(struct outbox_pick *pick, int64_t *ret_id,
		      struct err *err);

#endif
