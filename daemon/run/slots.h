#ifndef RUN_SLOTS_H
#define RUN_SLOTS_H

/*
 * Time and plans: opens the slots that are due, plans digests in slices, runs
 * what briefingctl asked for, and writes the receipts of windows that closed.
 */
struct daemon;
struct slots_run;

struct slots_run *slots_open(struct daemon *daemon);
void slots_close(struct slots_run *slots);

/* Something is new: a briefing, a list, a request, the board's mode. */
void slots_look(struct slots_run *slots);

/* A clock that was ahead may be back: what waits for its times is due. */
void slots_mend(struct slots_run *slots);

#endif
