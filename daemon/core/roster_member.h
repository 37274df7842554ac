#ifndef CORE_ROSTER_MEMBER_H
#define CORE_ROSTER_MEMBER_H

/*
 * One row of an agency's CSV becomes, changes or ends a member: the rules of
 * who is who (core/roster.h). For roster_load; all within the caller's
 * transaction.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct tombstone_key;

struct roster_row {
	const char *key, *hash, *address_key, *address, *name, *role, *team;
	const char *since_on; /* NULL: not said */
	const char *status;
	bool is_primary, is_shared;
	int line; /* of the file */
	/* found by matching; member_id 0: it is new on this list */
	int64_t member_id, person_id;
	bool is_same; /* nothing to do */
	/* the address is another than this row said before */
	bool claims_address;
	bool is_applied;
	bool is_refused; /* who has its address was erased */
};

struct roster_change {
	struct db *db;
	int64_t list_id;
	const char *list_name;
	int64_t now;
	bool is_first; /* the list was never loaded before */
	/* the row that has this key, or NULL; NULL itself where none are read
	 */
	struct roster_row *(*find_row)(void *context, const char *key);
	void *context;
	/* NULL: nobody can be known as erased */
	const struct tombstone_key *tombstones;
	int joined, left, changed; /* counted */
	/* of who left: requirements closed as left, and how many of them only
	 * after their deadline; or nothing was, for they are on another list */
	int64_t closed, closed_late;
	bool stays_elsewhere;
};

/* Who joins, returns or changes; a row that would bring an address back whose
 * person was erased is refused, and changes nothing. */
bool roster_member_apply(struct roster_change *change, struct roster_row *row,
			 struct err *err);
/* What a person or a verb says instead of the row, until the row changes:
 * "left", "not-for-me", or "on-leave" to until_at (0: open). Who is off the
 * list closes what is outstanding when they are on no list any more.
 * *ret_is_new false: it was so already, or they are not on the list. actor is
 * NULL for the person. */
bool roster_member_say(struct roster_change *change, int64_t person_id,
		       const char *status, int64_t until_at, const char *actor,
		       bool *ret_is_new, struct err *err);
/* What was said counts no more, and their row of the CSV does again; who had
 * left by it has what is still in force opened, as core/roster.h has it of who
 * returns. *ret_is_new false: nothing was said of them. */
bool roster_member_unsay(struct roster_change *change, int64_t person_id,
			 const char *actor, bool *ret_is_new, struct err *err);
/* whose row is gone */
bool roster_member_remove(struct roster_change *change, int64_t member_id,
			  int64_t person_id, struct err *err);

#endif
