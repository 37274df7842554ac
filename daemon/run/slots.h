#ifndef RUN_SLOTS_H
#define RUN_SLOTS_H

/*
 * Time and plans: opens the slots that are due, plans digests in slices, runs
 * what briefingctl asked for, and writes the receipts of windows that closed.
 */
#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct err;
struct slots_run;

struct slots_run *slots_open(struct daemon *daemon);
void slots_close(struct slots_run *slots);

/* Something is new: a briefing, a list, a request, the board's mode. */
void slots_look(struct slots_run *slots);

/* In the turn's transaction, while mails are on their way: plans a few members
 * of the digest that is being planned, so that planning costs no pages of its
 * own and no sender waits for a slice. False: the turn is to be tried again,
 * without that. */
bool slots_plan_beside(struct slots_run *slots, int64_t now, struct err *err);

/* A clock that was ahead may be back: what waits for its times is due. */
void slots_mend(struct slots_run *slots);

#endif
