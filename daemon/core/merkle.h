#ifndef CORE_MERKLE_H
#define CORE_MERKLE_H

/*
 * The Merkle tree of RFC 6962, section 2.1: SHA-256, 0x00 before a leaf's
 * bytes, 0x01 before two nodes. Pure functions and plain data, any thread. A
 * tree that only grows is known by the last subtree that was completed at each
 * level: 2 KB, whatever its size.
 *
 *	struct merkle tree = {0};
 *	merkle_leaf(bytes, size, &hash);
 *	merkle_add(&tree, &hash);
 *	merkle_root(&tree, &root);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERKLE_SIZE 32 /* of a hash, in bytes */
#define MERKLE_LEVELS 63
/* no path is longer: a hash for each level, and one more in a consistency
 * proof */
#define MERKLE_PATH_MAX (MERKLE_LEVELS + 1)

struct merkle_hash {
	uint8_t bytes[MERKLE_SIZE];
};

struct merkle {
	int64_t size; /* leaves */
	/* At each level that of the last complete subtree of 2^level leaves.
	 * Where that bit of size is set it waits for its right neighbour. */
	struct merkle_hash last[MERKLE_LEVELS];
};

struct merkle_path {
	size_t count;
	struct merkle_hash hashes[MERKLE_PATH_MAX]; /* the leaf's end first */
};

/* bytes[0] is the caller's room for the prefix: size counts it, too. */
void merkle_leaf_in_place(uint8_t *bytes, size_t size, struct merkle_hash *ret);
void merkle_leaf(const void *bytes, size_t size, struct merkle_hash *ret);
void merkle_node(const struct merkle_hash *left,
		 const struct merkle_hash *right, struct merkle_hash *ret);

void merkle_add(struct merkle *tree, const struct merkle_hash *leaf);
/* of the leaves so far; of none: the hash of nothing */
void merkle_root(const struct merkle *tree, struct merkle_hash *ret);

/* --- proofs (RFC 6962 2.1.1 and 2.1.2) --- */

/* How a proof gets at a node: the root of the complete subtree of the leaves
 * [index << level, (index + 1) << level). */
typedef bool merkle_get(void *context, int level, int64_t index,
			struct merkle_hash *ret);

/* The root of the first size leaves: of a tree that has as many or more. */
bool merkle_root_at(int64_t size, merkle_get *get, void *context,
		    struct merkle_hash *ret);
/* 0 <= index < size; false: get said so */
bool merkle_inclusion(int64_t index, int64_t size, merkle_get *get,
		      void *context, struct merkle_path *ret);
/* 0 < old_size <= size */
bool merkle_consistency(int64_t old_size, int64_t size, merkle_get *get,
			void *context, struct merkle_path *ret);

/* --- their checks (RFC 9162 2.1.3.2 and 2.1.4.2), for any input --- */

bool merkle_check_inclusion(const struct merkle_hash *leaf, int64_t index,
			    int64_t size, const struct merkle_path *path,
			    const struct merkle_hash *root);
/* An old tree without leaves is consistent with each one, by an empty path. */
bool merkle_check_consistency(int64_t old_size,
			      const struct merkle_hash *old_root, int64_t size,
			      const struct merkle_hash *root,
			      const struct merkle_path *path);

#endif
