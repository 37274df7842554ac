#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/merkle.h"
#include "tools/crypto.h"

#define TREE 64 /* each size up to this is tried with each other */

/* All leaves of a tree, and its definition as RFC 6962 2.1 gives it: slow, and
 * nothing of the module's own ways in it. */
struct leaves {
	struct merkle_hash list[TREE + 1];
};

static struct merkle_hash define(const struct merkle_hash *leaves, int64_t size)
{
	struct merkle_hash left, right, whole;
	int64_t half = 1;

	if (size == 1)
		return leaves[0];
	while (half * 2 < size)
		half *= 2;
	left = define(leaves, half);
	right = define(leaves + half, size - half);
	merkle_node(&left, &right, &whole);
	return whole;
}

static bool get(void *context, int level, int64_t index,
		struct merkle_hash *ret)
{
	const struct leaves *leaves = context;

	*ret = define(leaves->list + (index << level), (int64_t)1 << level);
	return true;
}

static void make_leaves(struct leaves *leaves)
{
	for (int i = 0; i <= TREE; i++)
		merkle_leaf(&i, sizeof(i), &leaves->list[i]);
}

static void is_hex(const struct merkle_hash *hash, const char *expected)
{
	char hex[CRYPTO_SHA256_HEX];

	crypto_hex(hash->bytes, MERKLE_SIZE, hex);
	assert_string_equal(hex, expected);
}

/* The tree of Certificate Transparency's own tests. */
static void f10_known_roots(void **state)
{
	static const struct {
		const char *bytes, *root;
		size_t size;
	} cases[] = {
	    {"",
	     "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	     0},
	    {"\x00",
	     "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	     1},
	    {"\x10",
	     "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	     1},
	    {"\x20\x21",
	     "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	     2},
	    {"\x30\x31",
	     "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	     2},
	    {"\x40\x41\x42\x43",
	     "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	     4},
	    {"\x50\x51\x52\x53\x54\x55\x56\x57",
	     "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	     8},
	    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
	     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	     16},
	};
	struct merkle tree = {0};
	struct merkle_hash hash;

	(void)state;
	merkle_root(&tree, &hash);
	is_hex(
	    &hash,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		merkle_leaf(cases[i].bytes, cases[i].size, &hash);
		merkle_add(&tree, &hash);
		merkle_root(&tree, &hash);
		is_hex(&hash, cases[i].root);
	}
}

static void f20_a_growing_tree_has_the_defined_root(void **state)
{
	struct merkle tree = {0};
	struct leaves leaves;

	(void)state;
	make_leaves(&leaves);
	for (int64_t size = 1; size <= TREE; size++) {
		struct merkle_hash root, defined = define(leaves.list, size);

		merkle_add(&tree, &leaves.list[size - 1]);
		merkle_root(&tree, &root);
		assert_memory_equal(&root, &defined, sizeof(root));
		assert_true(merkle_root_at(size, get, &leaves, &root));
		assert_memory_equal(&root, &defined, sizeof(root));
	}
}

/* One bit of it, one hash fewer, one more, or two in another order. */
static bool mutate(struct merkle_path *path, int way)
{
	size_t at = path->count ? (size_t)way % path->count : 0;

	switch (way % 4) {
	case 0:
		path->hashes[path->count++] = (struct merkle_hash){{1}};
		return true;
	case 1:
		return path->count > 0 && path->count--;
	case 2:
		path->hashes[at].bytes[way % MERKLE_SIZE] ^= 1;
		return path->count > 0;
	default:
		if (path->count < 2)
			return false;
		path->hashes[path->count] = path->hashes[0];
		memmove(path->hashes, path->hashes + 1,
			path->count * sizeof(*path->hashes));
		return true;
	}
}

static void f30_every_inclusion_verifies_and_no_mutation(void **state)
{
	struct leaves leaves;

	(void)state;
	make_leaves(&leaves);
	for (int64_t size = 1; size <= TREE; size++) {
		struct merkle_hash root = define(leaves.list, size);

		for (int64_t at = 0; at < size; at++) {
			const struct merkle_hash *leaf = &leaves.list[at];
			struct merkle_path path;

			assert_true(
			    merkle_inclusion(at, size, get, &leaves, &path));
			assert_true(merkle_check_inclusion(leaf, at, size,
							   &path, &root));
			assert_false(merkle_check_inclusion(
			    &leaves.list[at + 1], at, size, &path, &root));
			assert_false(
			    merkle_check_inclusion(leaf, at, at, &path, &root));
			for (int64_t other = 0; other < size; other++)
				assert_int_equal(
				    merkle_check_inclusion(leaf, other, size,
							   &path, &root),
				    other == at);
			for (int way = 0; way < 12; way++) {
				struct merkle_path changed = path;

				if (mutate(&changed, way))
					assert_false(merkle_check_inclusion(
					    leaf, at, size, &changed, &root));
			}
		}
	}
}

static void f30_every_consistency_verifies_and_no_mutation(void **state)
{
	struct leaves leaves;

	(void)state;
	make_leaves(&leaves);
	for (int64_t size = 1; size <= TREE; size++) {
		struct merkle_hash root = define(leaves.list, size), other;

		for (int64_t old = 1; old <= size; old++) {
			struct merkle_hash old_root = define(leaves.list, old);
			struct merkle_path path;

			assert_true(
			    merkle_consistency(old, size, get, &leaves, &path));
			assert_true(merkle_check_consistency(
			    old, &old_root, size, &root, &path));
			other = old_root;
			other.bytes[7] ^= 1;
			assert_false(merkle_check_consistency(old, &other, size,
							      &root, &path));
			other = root;
			other.bytes[7] ^= 1;
			assert_false(merkle_check_consistency(
			    old, &old_root, size, &other, &path));
			for (int way = 0; way < 12; way++) {
				struct merkle_path changed = path;

				if (mutate(&changed, way))
					assert_false(merkle_check_consistency(
					    old, &old_root, size, &root,
					    &changed));
			}
		}
	}
}

static void f40_an_empty_tree_and_impossible_sizes(void **state)
{
	struct merkle_path none = {0},
			   too_long = {.count = MERKLE_PATH_MAX + 1};
	struct merkle_hash a = {{1}}, b = {{2}};

	(void)state;
	assert_true(merkle_check_consistency(0, &a, 5, &b, &none));
	assert_true(merkle_check_consistency(5, &a, 5, &a, &none));
	assert_false(merkle_check_consistency(5, &a, 5, &b, &none));
	assert_false(merkle_check_consistency(5, &a, 4, &b, &none));
	assert_false(merkle_check_consistency(-1, &a, 4, &b, &none));
	assert_false(merkle_check_consistency(3, &a, 4, &b, &too_long));
	assert_true(merkle_check_inclusion(&a, 0, 1, &none, &a));
	assert_false(merkle_check_inclusion(&a, 0, 0, &none, &a));
	assert_false(merkle_check_inclusion(&a, -1, 1, &none, &a));
	assert_false(merkle_check_inclusion(&a, 1, 1, &none, &a));
	assert_false(merkle_check_inclusion(&a, 0, INT64_MAX, &too_long, &a));
	assert_false(
	    merkle_check_inclusion(&a, INT64_MAX - 1, INT64_MAX, &none, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_known_roots),
	    cmocka_unit_test(f20_a_growing_tree_has_the_defined_root),
	    cmocka_unit_test(f30_every_inclusion_verifies_and_no_mutation),
	    cmocka_unit_test(f30_every_consistency_verifies_and_no_mutation),
	    cmocka_unit_test(f40_an_empty_tree_and_impossible_sizes),
	};

	crypto_start();
	return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
