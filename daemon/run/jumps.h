#ifndef RUN_JUMPS_H
#define RUN_JUMPS_H

/*
 * Watches the wall clock for jumps (core/jump). While it is in doubt,
 * daemon->is_held is set: no slot is opened, no embargo ends, nothing is
 * planned or claimed and no window closes. Pages go on. The hold is in the
 * board's row, so that status tells it and a restart keeps it; it ends when the
 * kernel says that the clock is synchronised, when the clock is back where it
 * was, or by "briefingctl resume". Loop thread.
 */
#include <stdint.h>

struct board;
struct daemon;
struct err;
struct jumps_run;

/* NULL: the board's row can't be read. */
struct jumps_run *jumps_open(struct daemon *daemon, struct err *err);
void jumps_close(struct jumps_run *jumps); /* accepts NULL */

/* Looks, sets daemon->is_held, and gives the time: whatever goes out goes by
 * this time alone. */
int64_t jumps_now(struct jumps_run *jumps);

/* The board's row was read again: an operator may have resumed. */
void jumps_look_at_board(struct jumps_run *jumps, const struct board *board);

#endif
