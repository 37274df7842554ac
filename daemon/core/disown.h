#ifndef CORE_DISOWN_H
#define CORE_DISOWN_H

/*
 * "That wasn't me": a person says that a confirmation under their name is not
 * theirs. It is named by its receipt, so that one of theirs that came since
 *stays. Nothing is deleted: the record of it ends, by an event that points at
 *the one which made it. Figures as of a time before count it as they did, later
 *ones do not; the duty stands again with the deadline that it had, or the
 *negative receipt does, and may be confirmed anew. The list's lead is told
 * (core/disown_notice.h). GET only loads; a POST is recorded in the transaction
 *of the loop's turn, and its reply waits for the commit. A second POST is
 *harmless.
 *
 *	disown_load(db, delivery_id, version_id, receipt, now, arena, &disown,
 *		    err)
 *	if (disown && disown_may_say(disown))
 *		disown_record(db, &context, delivery_id, version_id, receipt,
 *			      &is_new, err)
 *
 * Loop thread; texts are in the arena.
 */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct digest_context;
struct err;

struct disown {
	int64_t delivery_id, version_id, person_id;
	const char *receipt;
	/* one of them; the other is 0 */
	int64_t requirement_id, beside_id;
	const char *kind; /* required; beside it: wider, further */
	int64_t confirmed_at, event_id;
	int64_t due_at, closes_at; /* of what was required; else 0 */
	bool has_missed;           /* the negative receipt was there before */
	bool is_version_closed;    /* withdrawn or replaced */
	bool is_gone;              /* they left every list */
	const char *public_id, *ref;
	int64_t version; /* its number */
	int64_t list_id; /* that it counts under */
	const char *list_name, *list_title, *lead;
	const char *address, *name; /* as mailed, or as they gave it; or "" */
	int64_t said_today;         /* how often, of all that is theirs */
};

/* receipt: an id in any case. *ret NULL and true: no confirmation with it
 * stands behind that delivery's link; it may have been disowned before, or its
 * person erased. */
bool disown_load(struct db *db, int64_t delivery_id, int64_t version_id,
		 const char *receipt, int64_t now, struct arena *arena,
		 struct disown **ret, struct err *err);

/* Who has the link could confirm and disown in turn, and each is a record for
 * ever: so many a day. */
#define DISOWN_A_DAY 5
bool disown_may_say(const struct disown *disown);

/* What was just loaded ends at now, with its event; nobody is told. In the
 * caller's transaction. */
bool disown_end(struct db *db, const struct disown *disown, int64_t now,
		struct arena *arena, struct err *err);

/* Likewise, and the lead is told; looks again whether it may. *ret_is_new
 * false: nothing changed. */
bool disown_record(struct db *db, const struct digest_context *context,
		   int64_t delivery_id, int64_t version_id, const char *receipt,
		   bool *ret_is_new, struct err *err);

#endif
