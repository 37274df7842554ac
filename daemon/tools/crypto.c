#include "tools/crypto.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/mem.h"

_Static_assert(CRYPTO_SHA256_SIZE == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(CRYPTO_SEED_SIZE == crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert(CRYPTO_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519 key");
_Static_assert(CRYPTO_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519 signature");

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

/* libsodium's private key is the seed and the public key behind it */
static void expand(const uint8_t seed[CRYPTO_SEED_SIZE],
		   uint8_t ret_public[CRYPTO_PUBLIC_SIZE],
		   uint8_t ret_private[crypto_sign_SECRETKEYBYTES])
{
	int failed = crypto_sign_seed_keypair(ret_public, ret_private, seed);

	assert(!failed);
}

void crypto_public_key(const uint8_t seed[CRYPTO_SEED_SIZE],
		       uint8_t ret_public[CRYPTO_PUBLIC_SIZE])
{
	uint8_t private_key[crypto_sign_SECRETKEYBYTES];

	expand(seed, ret_public, private_key);
	crypto_forget(private_key, sizeof(private_key));
}

void crypto_signature_make(const uint8_t seed[CRYPTO_SEED_SIZE],
			   const void *data, size_t size,
			   uint8_t ret_signature[CRYPTO_SIGNATURE_SIZE])
{
	uint8_t public_key[CRYPTO_PUBLIC_SIZE];
	uint8_t private_key[crypto_sign_SECRETKEYBYTES];

	expand(seed, public_key, private_key);
	int failed =
	    crypto_sign_detached(ret_signature, NULL, data, size, private_key);
	assert(!failed);
	crypto_forget(private_key, sizeof(private_key));
}

bool crypto_signature_is_good(const uint8_t public_key[CRYPTO_PUBLIC_SIZE],
			      const void *data, size_t size,
			      const uint8_t signature[CRYPTO_SIGNATURE_SIZE])
{
	return crypto_sign_verify_detached(signature, data, size, public_key) ==
	       0;
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

void crypto_base64(struct buf *out, const void *data, size_t size)
{
	enum { VARIANT = sodium_base64_VARIANT_ORIGINAL };
	size_t length = sodium_base64_encoded_len(size, VARIANT);
	char *text = xmalloc(length);

	sodium_bin2base64(text, length, data, size, VARIANT);
	buf_adds(out, text);
	crypto_forget(text, length);
	free(text);
}

bool crypto_base64_parse(const char *text, size_t text_size, uint8_t *ret_data,
			 size_t size)
{
	size_t read = 0;
	/* + 1: a NULL result must mean failure, for size 0 too */
	uint8_t *data = xmalloc(size + 1);
	bool good =
	    sodium_base642bin(data, size, text, text_size, NULL, &read, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    read == size;

	if (good)
		memcpy(ret_data, data, size);
	crypto_forget(data, size + 1);
	free(data);
	return good;
}
