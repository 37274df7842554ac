#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

/*
 * The ledger: the Merkle tree whose leaf number N - 1 is event N as canonical
 * JSON, so that any event that is changed, dropped or added in between shows in
 * the root. Its hashes are kept in tiles of 256: tile (0, N) has those of the
 * leaves from 256 N on, tile (1, N) the roots of 256 such tiles, and so on
 * (C2SP tlog-tiles has the same shape). Events are taken up by a cursor, in
 * slices, when there is a tile full of them or a checkpoint is due: an event
 * itself costs nothing more. Proofs read a tile or two a level.
 *
 *	do {
 *		if (!ledger_append(db, 4096, &more, err)) ...
 *	} while (more);
 *	ledger_root(db, size, &root, err);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/merkle.h"

struct buf;
struct db;
struct err;
struct query;

#define LEDGER_TILE 256 /* hashes in a full one */

/* An event's row; what is text is borrowed. */
struct ledger_event {
	int64_t id, effective_at, recorded_at;
	const char *kind, *actor, *body;
};
/* From a statement that selects those columns in the schema's order, valid
 * until its next row. */
void ledger_event_read(struct query *q, struct ledger_event *ret);

/* The leaf: what stands in out (emptied first) from its second byte on, the
 * first being the prefix of the hash. */
void ledger_format_leaf(const struct ledger_event *event, struct buf *out);
void ledger_hash_leaf(struct buf *leaf, struct merkle_hash *ret);
/* room for the leaf of any event */
#define LEDGER_LEAF_MAX (4 * 1024 * 1024)

/* Events taken up, and all that there are. */
bool ledger_count(struct db *db, int64_t *ret_size, int64_t *ret_events,
		  struct err *err);
/* Takes up at most max events, in the caller's transaction. ERR_INPUT: one is
 * not there, though later ones are. */
bool ledger_append(struct db *db, int64_t max, bool *ret_more, struct err *err);

/* size, and all that stands before it, must have been taken up. */
bool ledger_root(struct db *db, int64_t size, struct merkle_hash *ret,
		 struct err *err);
bool ledger_prove(struct db *db, int64_t index, int64_t size,
		  struct merkle_path *ret, struct err *err);
bool ledger_prove_consistency(struct db *db, int64_t old_size, int64_t size,
			      struct merkle_path *ret, struct err *err);

/* One tile as it is stored; *ret_count 0: it is not there. */
bool ledger_load_tile(struct db *db, int level, int64_t number,
		      struct merkle_hash ret[LEDGER_TILE], size_t *ret_count,
		      struct err *err);

#endif
