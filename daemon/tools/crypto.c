#include "tools/crypto.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/mem.h"

_Static_assert(CRYPTO_SHA256_SIZE == crypto_hash_sha256_BYTES, "SHA-256");

struct crypto_hash {
	crypto_hash_sha256_state state;
};

void crypto_start(void)
{
	int failed = sodium_init();

	assert(failed >= 0);
}

void crypto_sha256(const void *data, size_t size,
		   uint8_t ret_hash[CRYPTO_SHA256_SIZE])
{
	crypto_hash_sha256(ret_hash, data, size);
}

struct crypto_hash *crypto_hash_new(void)
{
	struct crypto_hash *hash = xcalloc(1, sizeof(*hash));

	crypto_hash_sha256_init(&hash->state);
	return hash;
}

void crypto_hash_add(struct crypto_hash *hash, const void *data, size_t size)
{
	crypto_hash_sha256_update(&hash->state, data, size);
}

void crypto_hash_end(struct crypto_hash *hash,
		     uint8_t ret_hash[CRYPTO_SHA256_SIZE])
{
	if (!hash)
		return;
	if (ret_hash)
		crypto_hash_sha256_final(&hash->state, ret_hash);
	crypto_forget(hash, sizeof(*hash));
	free(hash);
}

void crypto_mac(const uint8_t key[CRYPTO_KEY_SIZE], const void *data,
		size_t size, uint8_t ret_mac[CRYPTO_MAC_SIZE])
{
	int failed = crypto_generichash(ret_mac, CRYPTO_MAC_SIZE, data, size,
					key, CRYPTO_KEY_SIZE);

	assert(!failed);
}

bool crypto_same(const void *left, const void *right, size_t size)
{
	return sodium_memcmp(left, right, size) == 0;
}

void crypto_random(void *ret_data, size_t size)
{
	randombytes_buf(ret_data, size);
}

void crypto_forget(void *data, size_t size)
{
	sodium_memzero(data, size);
}

void crypto_hex(const uint8_t *data, size_t size, char *ret_text)
{
	sodium_bin2hex(ret_text, size * 2 + 1, data, size);
}

bool crypto_hex_parse(const char *text, uint8_t *ret_data, size_t size)
{
	size_t length = strlen(text);

	/* the digits are counted and checked first: sodium_hex2bin stops at
	 * the first byte that is none and has written what came before */
	if (length != size * 2 ||
	    strspn(text, "0123456789abcdefABCDEF") != length)
		return false;
	return sodium_hex2bin(ret_data, size, text, length, NULL, NULL, NULL) ==
	       0;
}
