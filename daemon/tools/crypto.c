#include "tools/crypto.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>
#include <sodium.h>

#include "base/mem.h"

_Static_assert(CRYPTO_SHA256_SIZE == SHA256_DIGEST_SIZE, "SHA-256");

struct crypto_hash {
	struct sha256_ctx state;
};

void crypto_start(void)
{
	int failed = sodium_init();

	assert(failed >= 0);
}

void crypto_sha256(const void *data, size_t size,
		   uint8_t ret_hash[CRYPTO_SHA256_SIZE])
{
	struct sha256_ctx state;

	sha256_init(&state);
	sha256_update(&state, size, data);
	sha256_digest(&state, CRYPTO_SHA256_SIZE, ret_hash);
}

struct crypto_hash *crypto_hash_new(void)
{
	struct crypto_hash *hash = xcalloc(1, sizeof(*hash));

	sha256_init(&hash->state);
	return hash;
}

void crypto_hash_add(struct crypto_hash *hash, const void *data, size_t size)
{
	sha256_update(&hash->state, size, data);
}

void crypto_hash_end(struct crypto_hash *hash,
		     uint8_t ret_hash[CRYPTO_SHA256_SIZE])
{
	if (!hash)
		return;
	if (ret_hash)
		sha256_digest(&hash->state, CRYPTO_SHA256_SIZE, ret_hash);
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

/* --- signatures --- */

_Static_assert(CRYPTO_SEED_SIZE == crypto_sign_SEEDBYTES, "seed");
_Static_assert(CRYPTO_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(CRYPTO_SIGNATURE_SIZE == crypto_sign_BYTES, "signature");

void crypto_public_key(const uint8_t seed[CRYPTO_SEED_SIZE],
		       uint8_t ret_public[CRYPTO_PUBLIC_SIZE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(ret_public, secret, seed);
	crypto_forget(secret, sizeof(secret));
}

void crypto_make_signature(const uint8_t seed[CRYPTO_SEED_SIZE],
			   const void *data, size_t size,
			   uint8_t ret_signature[CRYPTO_SIGNATURE_SIZE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t public_key[CRYPTO_PUBLIC_SIZE];

	crypto_sign_seed_keypair(public_key, secret, seed);
	crypto_sign_detached(ret_signature, NULL, data, size, secret);
	crypto_forget(secret, sizeof(secret));
}

bool crypto_check_signature(const uint8_t public_key[CRYPTO_PUBLIC_SIZE],
			    const void *data, size_t size,
			    const uint8_t signature[CRYPTO_SIGNATURE_SIZE])
{
	return crypto_sign_verify_detached(signature, data, size, public_key) ==
	       0;
}

/* --- base64 --- */

void crypto_base64(const void *data, size_t size, char *ret_text)
{
	sodium_bin2base64(ret_text, CRYPTO_BASE64_SIZE(size), data, size,
			  sodium_base64_VARIANT_ORIGINAL);
}

ptrdiff_t crypto_base64_parse(const char *text, size_t text_size,
			      void *ret_data, size_t room)
{
	size_t size;

	if (sodium_base642bin(ret_data, room, text, text_size, NULL, &size,
			      NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
		return -1;
	return (ptrdiff_t)size;
}
