#ifndef CORE_SUPPRESSION_H
#define CORE_SUPPRESSION_H

/*
 * Whether mail to an address arrives: what comes back counts, and what a relay
 * refuses for the recipient, by the same rules (core/bounce.h). One hard bounce
 * suppresses it; each soft one scores a point, of which half is left after
 * SUPPRESSION_HALF_LIFE_DAYS, and SUPPRESSION_SCORE points suppress it: three
 * times full on three days or in three weeks, but not now and then. What a day
 * brings counts once, so that one outage does not. Nothing else counts: what
 * was blocked says nothing of the person. It is of the address, so that one
 * which a list corrects begins anew. All in the caller's transaction, on the
 * loop thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/bounce.h"

struct db;
struct err;

#define SUPPRESSION_HALF_LIFE_DAYS 60
/* scores are in thousandths of a point */
#define SUPPRESSION_POINT 1000
#define SUPPRESSION_SCORE 2750

/* What is left of a score after so many seconds. */
int64_t suppression_decay(int64_t score, int64_t seconds);

/* A mail to the address came back. *ret_is_new: from now on it is suppressed,
 * and the event says so of the person. public_id is borrowed. */
bool suppression_count(struct db *db, const char *address,
		       enum bounce_class cls, const char *public_id,
		       int64_t delivery_id, int64_t now, bool *ret_is_new,
		       struct err *err);

/* Since when is mail not sent to an address, in any case? *ret 0: it is sent.
 */
bool suppression_since(struct db *db, const char *address, int64_t *ret,
		       struct err *err);

/* Refusals in the dialogue suppress so many addresses in an hour: more at once
 * tell of the relay, whatever it says. Those are refused again, and suppressed,
 * another time. */
#define SUPPRESSION_REFUSALS_AN_HOUR 20
bool suppression_is_calm(struct db *db, int64_t now, bool *ret,
			 struct err *err);

/* Mail is sent again; what did not reach the person is new to them. Own
 * transaction and event. ERR_GONE: the address is not suppressed. */
bool suppression_release(struct db *db, const char *address_key,
			 const char *reason, const char *actor, int64_t now,
			 struct err *err);

#endif
