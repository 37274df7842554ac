#ifndef RUN_ROSTERS_H
#define RUN_ROSTERS_H

/*
 * The lists folder: a doorbell, a scan at start, every minute and on SIGHUP.
 * Configurations are read here (small, strict); a CSV goes through an errand
 * and then into the store in slices, one list at a time.
 */
#include <stdbool.h>

struct daemon;
struct err;
struct errands_run;
struct rosters_run;

struct rosters_run *rosters_open(struct daemon *daemon,
				 struct errands_run *errands, struct err *err);
void rosters_close(struct rosters_run *rosters);

/* Scan now. again: also read the files that did not change (after an accept,
 * a reload, or when their problem may have gone). */
void rosters_look(struct rosters_run *rosters, bool again);

#endif
