#ifndef CORE_DIGEST_EVENT_H
#define CORE_DIGEST_EVENT_H

/* The event that a slot became a digest: told at once when someone ran it by
 * hand, else with its first letter. Part of the digest: for core/ alone. */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;

bool digest_event_opened(struct db *db, int64_t digest_id,
			 const char *list_name, int64_t slot_at,
			 const char *mode, const char *actor, int64_t now,
			 struct err *err);

#endif
