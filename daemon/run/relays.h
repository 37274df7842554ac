#ifndef RUN_RELAYS_H
#define RUN_RELAYS_H

/*
 * The relays in use: each with its pool of senders and what it may be given
 * now (core/relay). Part of run/sending, in the loop thread, but for struct
 * sender, which is the pool's thread's.
 *
 *	struct relay_run *relay = relays_choose(relays);
 *	if (relay && relays_room(relay) > 0) {
 *		job->is_probe = relays_begin(relay);
 *		... committed ...
 *		pool_give(relay->pool, &job->job);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "doors/smtp.h"

struct daemon;
struct err;
struct pool_job;
struct relay;

/* What each job of a pool has meanwhile. */
struct sender {
	struct smtp_session *session;
	struct buf mail;
	struct smtp_mail offer; /* of it */
};

struct relay_run {
	char *name;
	bool is_plain;    /* no VERP: it refuses such senders */
	bool needs_token; /* xoauth2 */
	struct pool *pool;
	struct relay *state;
	struct share *share;
	struct relays_run *all;
	struct sd_event_source *source;
	size_t claimed;   /* in the open transaction, not yet the pool's */
	size_t in_flight; /* given and not yet settled */
	int64_t ended;    /* mails, since that was last recorded */
	bool is_changed;  /* how it stands, likewise */
	int64_t since_at;
	char trouble[256];
};

struct relays_run {
	struct daemon *daemon;
	struct relay_run *list; /* in the order of the settings */
	size_t count;
	bool is_listed;         /* in the store */
	struct relay_run *used; /* the last that was chosen */
	void (*ready)(struct relay_run *relay, void *context);
	void *context;
};

/* Starts the senders; ready is called when jobs have ended. What the relays
 * took before is known from those before (which may be NULL, and are to be
 * closed then; with no mail on its way), else from the store. NULL: said in
 * err. */
struct relays_run *relays_open(struct daemon *daemon, struct relays_run *before,
			       void (*ready)(struct relay_run *relay,
					     void *context),
			       void *context, struct err *err);
void relays_close(struct relays_run *relays); /* accepts NULL */

/* Takes a job that ended, and the relay it was given to; NULL: none. */
struct pool_job *relays_take(struct relays_run *relays,
			     struct relay_run **ret_relay);
/* Ends what hangs; jobs are still to be taken. */
void relays_stop(struct relays_run *relays);

/* The one that mails take now; NULL: all are out. */
struct relay_run *relays_choose(struct relays_run *relays);
/* The one that a mail takes on which relay has just failed. */
struct relay_run *relays_choose_other(struct relays_run *relays,
				      const struct relay_run *relay);
/* One that is preferred to what is chosen, is broken and may be tried. */
struct relay_run *relays_find_probe(struct relays_run *relays);

/* Mails that it may be given and has a free sender for. */
size_t relays_room(const struct relay_run *relay);
bool relays_have_room(struct relays_run *relays);
/* In how many ms there may be room again; INT64_MAX: when a job ends. */
int64_t relays_wait_ms(struct relays_run *relays);

/* What a mail logs in with, NULL where that is a password or nothing; to be
 * copied. There is one while there is room. */
const char *relays_bearer(const struct relay_run *relay);

bool relays_begin(struct relay_run *relay); /* true: it is a probe */
void relays_give(struct relay_run *relay, struct pool_job *job);
/* Instead of relays_give: the claim was not committed. */
void relays_undo(struct relay_run *relay, bool is_probe);
/* What became of a job that logged in with bearer; later, when it is settled,
 * relays_settled. */
void relays_end(struct relay_run *relay, bool is_probe, const char *bearer,
		const struct smtp_verdict *verdict);
void relays_settled(struct relay_run *relay);

/* In a transaction: what the store is to know. After its commit: it does. */
bool relays_record(struct relays_run *relays, int64_t now, struct err *err);
void relays_recorded(struct relays_run *relays);

#endif
