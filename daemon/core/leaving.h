#ifndef CORE_LEAVING_H
#define CORE_LEAVING_H

/*
 * A person takes themselves off a list that is no duty, with the link of a mail
 * that came from it. GET only loads; a POST is recorded in the transaction of
 * the loop's turn, and its reply waits for the commit, as with
 * core/acknowledgement.h. A second POST is harmless. What it does to the person
 * is core/roster_member.h's rule for those who leave.
 *
 *	leaving_load(db, delivery_id, now, arena, &leaving, err)
 *	if (leaving && leaving_may_record(leaving))
 *		leaving_record(db, delivery_id, now, &is_new, err)
 *
 * Loop thread; texts are in the arena.
 */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct err;

struct leaving {
	int64_t list_id, person_id;
	const char *list_name, *list_title, *lead, *lead_address, *reply_to;
	const char *address; /* as mailed; erased: "" */
	bool is_mandatory, is_rehearsal;
	bool is_member; /* on the list now, and did not leave it */
};

/* *ret NULL and true: no such delivery. */
bool leaving_load(struct db *db, int64_t delivery_id, int64_t now,
		  struct arena *arena, struct leaving **ret, struct err *err);

/* Nothing is recorded for a list that is a duty, nor in a rehearsal. */
bool leaving_may_record(const struct leaving *leaving);

/* In the caller's transaction; looks again whether it may. *ret_is_new: it was
 * not so before. */
bool leaving_record(struct db *db, int64_t delivery_id, int64_t now,
		    bool *ret_is_new, struct err *err);

#endif
