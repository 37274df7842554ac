#ifndef RUN_MOVING_H
#define RUN_MOVING_H

/*
 * Moves the store's log into its file beside the loop. A commit that did it
 * kept everyone waiting for 4 to 17 ms, three times a second while mails leave,
 * and that was most of what a hundredth of the confirmations waited for. A
 * thread with a connection of its own moves what is there, and the loop at once
 * the little that came meanwhile, so that the log begins anew. Loop thread.
 */
struct daemon;
struct err;
struct moving_run;

/* NULL: the store can't be opened once more. */
struct moving_run *moving_open(struct daemon *daemon, struct err *err);
void moving_close(struct moving_run *moving); /* accepts NULL */

/* After each turn of the loop: has the log grown large? */
void moving_look(struct moving_run *moving);

#endif
