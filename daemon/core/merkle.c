#include "core/merkle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tools/crypto.h"

_Static_assert(MERKLE_SIZE == CRYPTO_SHA256_SIZE, "SHA-256");

/* --- hashes --- */

void merkle_leaf_in_place(uint8_t *bytes, size_t size, struct merkle_hash *ret)
{
	assert(size >= 1);
	bytes[0] = 0;
	crypto_sha256(bytes, size, ret->bytes);
}

void merkle_leaf(const void *bytes, size_t size, struct merkle_hash *ret)
{
	uint8_t *copy = xmalloc(size + 1);

	if (size > 0)
		memcpy(copy + 1, bytes, size);
	merkle_leaf_in_place(copy, size + 1, ret);
	free(copy);
}

void merkle_node(const struct merkle_hash *left,
		 const struct merkle_hash *right, struct merkle_hash *ret)
{
	uint8_t bytes[1 + 2 * MERKLE_SIZE] = {1};

	memcpy(bytes + 1, left->bytes, MERKLE_SIZE);
	memcpy(bytes + 1 + MERKLE_SIZE, right->bytes, MERKLE_SIZE);
	crypto_sha256(bytes, sizeof(bytes), ret->bytes);
}

/* --- a tree that grows --- */

void merkle_add(struct merkle *tree, const struct merkle_hash *leaf)
{
	struct merkle_hash right = *leaf, whole;
	int level = 0;

	for (int64_t size = tree->size; size & 1; size >>= 1) {
		merkle_node(&tree->last[level], &right, &whole);
		tree->last[level++] = right;
		right = whole;
	}
	tree->last[level] = right;
	tree->size++;
}

static bool get_last(void *context, int level, int64_t index,
		     struct merkle_hash *ret)
{
	const struct merkle *tree = context;

	assert(index == (tree->size >> level) - 1);
	*ret = tree->last[level];
	return true;
}

void merkle_root(const struct merkle *tree, struct merkle_hash *ret)
{
	struct merkle copy = *tree;

	merkle_root_at(tree->size, get_last, &copy, ret);
}

/* --- parts of a tree --- */

static int lowest_bit(int64_t size)
{
	return __builtin_ctzll((unsigned long long)size);
}

static int highest_bit(int64_t size)
{
	return 63 - __builtin_clzll((unsigned long long)size);
}

/* The root of the leaves [begin, begin + size), where begin is a multiple of
 * what its complete subtrees hold: from the right, smallest first. */
static bool range_root(int64_t begin, int64_t size, merkle_get *get,
		       void *context, struct merkle_hash *ret)
{
	struct merkle_hash left;
	int level = lowest_bit(size);
	int64_t end = begin + size;

	if (!get(context, level, (end >> level) - 1, ret))
		return false;
	for (size -= INT64_C(1) << level; size > 0;
	     size -= INT64_C(1) << level) {
		level = lowest_bit(size);
		end = begin + size;
		if (!get(context, level, (end >> level) - 1, &left))
			return false;
		merkle_node(&left, ret, ret);
	}
	return true;
}

bool merkle_root_at(int64_t size, merkle_get *get, void *context,
		    struct merkle_hash *ret)
{
	if (size > 0)
		return range_root(0, size, get, context, ret);
	crypto_sha256("", 0, ret->bytes);
	return true;
}

/* the largest power of two that is less than size, which is at least 2 */
static int64_t split(int64_t size)
{
	return INT64_C(1) << highest_bit(size - 1);
}

/* what was found on the way down stands at the root's end first */
static void turn_round(struct merkle_path *path)
{
	for (size_t i = 0; i < path->count / 2; i++) {
		struct merkle_hash *a = &path->hashes[i],
				   *b = &path->hashes[path->count - 1 - i],
				   kept = *a;

		*a = *b;
		*b = kept;
	}
}

static bool add_root(int64_t begin, int64_t size, merkle_get *get,
		     void *context, struct merkle_path *path)
{
	assert(path->count < MERKLE_PATH_MAX);
	return range_root(begin, size, get, context,
			  &path->hashes[path->count++]);
}

bool merkle_inclusion(int64_t index, int64_t size, merkle_get *get,
		      void *context, struct merkle_path *ret)
{
	int64_t begin = 0;

	assert(index >= 0 && index < size);
	ret->count = 0;
	while (size > 1) {
		int64_t left = split(size);
		bool goes_left = index - begin < left;

		if (!add_root(goes_left ? begin + left : begin,
			      goes_left ? size - left : left, get, context,
			      ret))
			return false;
		if (!goes_left)
			begin += left;
		size = goes_left ? left : size - left;
	}
	turn_round(ret);
	return true;
}

bool merkle_consistency(int64_t old_size, int64_t size, merkle_get *get,
			void *context, struct merkle_path *ret)
{
	int64_t begin = 0, old_left = old_size;
	bool is_known = true; /* the old tree's own root, by who asks */

	assert(old_size > 0 && old_size <= size);
	ret->count = 0;
	while (old_left < size) {
		int64_t left = split(size);
		bool goes_left = old_left <= left;

		if (!add_root(goes_left ? begin + left : begin,
			      goes_left ? size - left : left, get, context,
			      ret))
			return false;
		if (!goes_left) {
			begin += left;
			old_left -= left;
			is_known = false;
		}
		size = goes_left ? left : size - left;
	}
	if (!is_known && !add_root(begin, size, get, context, ret))
		return false;
	turn_round(ret);
	return true;
}

/* --- checks --- */

bool merkle_check_inclusion(const struct merkle_hash *leaf, int64_t index,
			    int64_t size, const struct merkle_path *path,
			    const struct merkle_hash *root)
{
	struct merkle_hash hash = *leaf;
	int64_t at = index, last = size - 1;

	if (index < 0 || index >= size || path->count > MERKLE_PATH_MAX)
		return false;
	for (size_t i = 0; i < path->count; i++) {
		if (last == 0)
			return false;
		if ((at & 1) || at == last) {
			merkle_node(&path->hashes[i], &hash, &hash);
			while (!(at & 1) && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			merkle_node(&hash, &path->hashes[i], &hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && crypto_same(&hash, root, sizeof(hash));
}

/* Both roots grow from the same hash, the old one by left neighbours alone. */
static bool climb(int64_t at, int64_t last, const struct merkle_hash *seed,
		  const struct merkle_path *path, size_t from,
		  struct merkle_hash *old_hash, struct merkle_hash *hash)
{
	*old_hash = *hash = *seed;
	for (size_t i = from; i < path->count; i++) {
		if (last == 0)
			return false;
		if ((at & 1) || at == last) {
			merkle_node(&path->hashes[i], old_hash, old_hash);
			merkle_node(&path->hashes[i], hash, hash);
			while (!(at & 1) && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			merkle_node(hash, &path->hashes[i], hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0;
}

bool merkle_check_consistency(int64_t old_size,
			      const struct merkle_hash *old_root, int64_t size,
			      const struct merkle_hash *root,
			      const struct merkle_path *path)
{
	struct merkle_hash old_hash, hash;
	int64_t at = old_size - 1, last = size - 1;

	if (old_size < 0 || old_size > size || path->count > MERKLE_PATH_MAX)
		return false;
	if (old_size == 0 || old_size == size)
		return path->count == 0 &&
		       (old_size == 0 ||
			crypto_same(old_root, root, sizeof(*root)));
	if (path->count == 0)
		return false;
	while (at & 1) {
		at >>= 1;
		last >>= 1;
	}
	/* an old tree that is one complete subtree is its own beginning */
	bool is_whole = (old_size & (old_size - 1)) == 0;
	return climb(at, last, is_whole ? old_root : &path->hashes[0], path,
		     is_whole ? 0 : 1, &old_hash, &hash) &&
	       crypto_same(&old_hash, old_root, sizeof(old_hash)) &&
	       crypto_same(&hash, root, sizeof(hash));
}
