#ifndef CORE_COPY_H
#define CORE_COPY_H

/*
 * The hash of each copy of a mail: what went to one person is the same to the
 * last byte for ever, so it can be made again and hashed when somebody asks.
 * Only the daemon can, for the link in it is signed. A copy whose address was
 * erased before has no hash.
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct link_keys;
struct settings;

/* Hashes at most max accepted copies of the briefing that have no hash yet, in
 * the caller's transaction; *ret_more: there are others. */
bool copy_hash(struct db *db, const struct settings *settings,
	       const struct link_keys *keys, const char *ref, int64_t max,
	       bool *ret_more, struct err *err);

#endif
