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
 * the caller's transaction, and looks at a bounded number of deliveries for
 * them. *cursor is 0 at first and is moved on; *ret_more: go on from there. A
 * copy whose letter or key is damaged or gone has an empty hash. */
bool copy_hash(struct db *db, const struct settings *settings,
	       const struct link_keys *keys, const char *ref, int64_t max,
	       int64_t *cursor, bool *ret_more, struct err *err);

/* Likewise at most max copies that went to a person, of any briefing: before
 * their address is erased. */
bool copy_hash_of_person(struct db *db, const struct settings *settings,
			 const struct link_keys *keys, int64_t person_id,
			 int64_t max, bool *ret_more, struct err *err);

#endif
