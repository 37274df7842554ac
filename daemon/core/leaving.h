#ifndef CORE_LEAVING_H
#define CORE_LEAVING_H

/*
 * What a person says of their own place on a list, with the link of a mail that
 * came from it: this is not for me, I have left, I am on leave until a day. It
 * is their status until their row in the CSV changes, and the list's lead is
 * told, with what it did to the figures. GET only loads; a POST is recorded in
 * the transaction of the loop's turn, and its reply waits for the commit, as
 * with core/acknowledgement.h. A second POST is harmless. What it does to the
 * person is core/roster_member.h's rule.
 *
 *	leaving_load(db, delivery_id, now, arena, &leaving, err)
 *	if (leaving && !leaving->is_rehearsal &&
 *	    leaving_parse("on-leave", "2026-12-24", zone, now, &said, &why))
 *		leaving_record(db, &context, delivery_id, &said, &is_new, err)
 *
 * Loop thread; texts are in the arena.
 */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct digest_context;
struct err;
struct zone;

struct leaving {
	int64_t delivery_id, list_id, person_id;
	const char *list_name, *list_title, *lead, *lead_address;
	const char *address, *name; /* as mailed; erased: "" */
	const char *public_id;
	bool is_mandatory, is_rehearsal;
	bool is_erased;      /* whose delivery it is: nothing is recorded */
	int64_t accepted_at; /* as in struct acknowledgement_page */
	/* on the list now: active, on-leave; off it: left, not-for-me, removed
	 */
	const char *status;
	int64_t until_at; /* of on-leave, as they said it; 0: not known */
	bool is_member;
	int64_t said_today; /* how often, of them */
};

/* *ret NULL and true: no such delivery. */
bool leaving_load(struct db *db, int64_t delivery_id, int64_t now,
		  struct arena *arena, struct leaving **ret, struct err *err);

struct leaving_said {
	const char *status; /* not-for-me, left, on-leave */
	int64_t until_at;   /* the end of the last day of leave; else 0 */
};
#define LEAVING_MAX_DAYS 1100 /* three years of leave */

/* word: a status. until: the last day of leave, as 2026-12-24 or 24/12/2026. On
 * false *ret_why says what to mend, in words for the person. Either may be
 * NULL. */
bool leaving_parse(const char *word, const char *until, const struct zone *zone,
		   int64_t now, struct leaving_said *ret, const char **ret_why);

/* Leave may be said again and again, and each time is a record for ever: so
 * many a day. Who leaves can always do so. */
#define LEAVING_A_DAY 5
bool leaving_may_say(const struct leaving *leaving,
		     const struct leaving_said *said);

/* In the caller's transaction; looks again whether it may: not in a rehearsal.
 * *ret_is_new: it was not so before. */
bool leaving_record(struct db *db, const struct digest_context *context,
		    int64_t delivery_id, const struct leaving_said *said,
		    bool *ret_is_new, struct err *err);

#endif
