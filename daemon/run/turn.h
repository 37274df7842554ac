#ifndef RUN_TURN_H
#define RUN_TURN_H

/*
 * Group commit: what came in during a turn of the loop (verdicts of senders,
 * acknowledgements) and what goes out next (claims) is one durable
 * transaction; only then are pages answered and mails handed to senders.
 * While the store can't commit, nothing new is sent.
 */
struct daemon;
struct turn_run;

struct turn_run *turn_open(struct daemon *daemon);
void turn_close(struct turn_run *turn);

/* There is something to commit or to claim: run before the loop sleeps. */
void turn_wake(struct turn_run *turn);

/* One turn now, also while stopping (no claims then): for the end. */
void turn_now(struct turn_run *turn);

#endif
