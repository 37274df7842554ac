#ifndef RUN_ERASURES_H
#define RUN_ERASURES_H

/*
 * Erases people, in slices: who was asked for; at the start who was erased
 * after a backup that was put back; and once a day, and when asked, what was
 * kept for as long as the settings say (core/retention).
 *
 * Who was asked for stands in STATE/erasures, which is written to and synced
 * before the erasure begins, and lies beside the store, so that no older store
 * takes it back. It holds keyed hashes and random ids, and only grows.
 */
#include <stdbool.h>

struct daemon;
struct erasures_run;
struct err;
struct request;
struct tombstone_key;

/* Erases again who is to be, before anything else runs. NULL on failure. */
struct erasures_run *erasures_open(struct daemon *daemon, struct err *err);
void erasures_close(struct erasures_run *erasures);

/* By which lists' rows are known as those of people who were erased. */
const struct tombstone_key *erasures_key(const struct erasures_run *erasures);

/* Is the request one of those that are done here? Then it will be. */
bool erasures_take(struct erasures_run *erasures,
		   const struct request *request);

#endif
