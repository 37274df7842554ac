#ifndef CORE_SHOWN_H
#define CORE_SHOWN_H

/*
 * Versions as the pages behind links show them, read once for all pages of one
 * reading transaction: thousands of people ask for the same few. It can't be
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

#endif
