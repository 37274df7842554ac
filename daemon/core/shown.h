#ifndef CORE_SHOWN_H
#define CORE_SHOWN_H

/*
 * What the pages behind links show to everyone alike, versions and the last
 * checkpoint, read once for all pages of one reading transaction. It can't be
 * stale, for its owner makes it when the transaction begins and frees it when
 * that ends, and within it the store does not change. Loop thread.
 *
 *	struct shown *shown = shown_new();
 *	... shown_load(shown, db, version_id, arena, &version, err) ...
 *	shown_free(shown);
 */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct briefing_version;
struct checkpoint;
struct db;
struct err;
struct shown;

struct shown *shown_new(void);
void shown_free(struct shown *shown); /* accepts NULL */

/* A version that was mailed, as it is shown: the one in force, where that
 * carries it, else itself. It lives as long as shown and arena both do. shown
 * may be NULL: then it is read. */
bool shown_load(struct shown *shown, struct db *db, int64_t version_id,
		struct arena *arena, const struct briefing_version **ret,
		struct err *err);

/* The last checkpoint, likewise; NULL: there is none yet. */
bool shown_load_checkpoint(struct shown *shown, struct db *db,
			   struct arena *arena, struct checkpoint **ret,
			   struct err *err);

#endif
