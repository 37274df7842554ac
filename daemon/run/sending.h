#ifndef RUN_SENDING_H
#define RUN_SENDING_H

/*
 * From claims to verdicts: jobs for the pool of senders, each with its SMTP
 * session. A sender begins its next mail only after the verdict of its last is
 * durable, for a job counts as given until its verdict was settled.
 */
#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct err;
struct sending_run;

struct sending_run *sending_open(struct daemon *daemon, struct err *err);
void sending_close(struct sending_run *sending);

/* The relay's settings changed: new sessions once nothing is in flight. */
void sending_reload(struct sending_run *sending);

/* Takes finished jobs from the pool. */
void sending_collect(struct sending_run *sending);
/* finished jobs, or due mails that a free sender could take */
bool sending_has_work(const struct sending_run *sending);
bool sending_is_idle(const struct sending_run *sending);

/* These three in turn: within the transaction, within it, after its commit. */
bool sending_settle(struct sending_run *sending, int64_t now, struct err *err);
bool sending_claim(struct sending_run *sending, int64_t now, struct err *err);
void sending_act(struct sending_run *sending);
/* after a rollback: what was claimed was not */
void sending_forget_claims(struct sending_run *sending);

/* Deliveries may be due: look at the next turn. */
void sending_look(struct sending_run *sending);

/* No claims from now on; after the grace, what hangs is interrupted. */
void sending_stop(struct sending_run *sending);
void sending_interrupt(struct sending_run *sending);

#endif
