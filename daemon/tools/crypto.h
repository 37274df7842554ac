#ifndef TOOLS_CRYPTO_H
#define TOOLS_CRYPTO_H

/*
 * Hashes, keyed hashes, signatures and random bytes (libsodium; SHA-256 from
 * nettle, which uses the processor's own instructions). The roof calls
 * crypto_start once, before threads are made; after that any thread. Nothing
 * here fails: what could is a bug of ours or a machine without randomness, and
 * both end the process.
 *
 *	uint8_t hash[CRYPTO_SHA256_SIZE];
 *	char hex[CRYPTO_SHA256_HEX];
 *	crypto_sha256(text, size, hash);
 *	crypto_hex(hash, sizeof(hash), hex);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_SHA256_SIZE 32
#define CRYPTO_SHA256_HEX 65 /* with the NUL */
#define CRYPTO_KEY_SIZE 32
#define CRYPTO_MAC_SIZE 32

/* Once, and again is harmless. */
void crypto_start(void);

/* SHA-256 (FIPS 180-4) */
void crypto_sha256(const void *data, size_t size,
		   uint8_t ret_hash[CRYPTO_SHA256_SIZE]);

/* SHA-256 piece by piece. crypto_hash_end writes the hash and frees; with
 * ret_hash NULL it only frees. */
struct crypto_hash;
struct crypto_hash *crypto_hash_new(void);
void crypto_hash_add(struct crypto_hash *hash, const void *data, size_t size);
void crypto_hash_end(struct crypto_hash *hash,
		     uint8_t ret_hash[CRYPTO_SHA256_SIZE]);

/* Keyed BLAKE2b of 32 bytes (RFC 7693); any prefix of it is a MAC too. */
void crypto_mac(const uint8_t key[CRYPTO_KEY_SIZE], const void *data,
		size_t size, uint8_t ret_mac[CRYPTO_MAC_SIZE]);

/* Are they equal? The time taken tells nothing about where they differ. */
bool crypto_same(const void *left, const void *right, size_t size);

/* Ed25519 (RFC 8032). A seed is the private key, 32 random bytes. */
#define CRYPTO_SEED_SIZE 32
#define CRYPTO_PUBLIC_SIZE 32
#define CRYPTO_SIGNATURE_SIZE 64
void crypto_public_key(const uint8_t seed[CRYPTO_SEED_SIZE],
		       uint8_t ret_public[CRYPTO_PUBLIC_SIZE]);
void crypto_make_signature(const uint8_t seed[CRYPTO_SEED_SIZE],
			   const void *data, size_t size,
			   uint8_t ret_signature[CRYPTO_SIGNATURE_SIZE]);
bool crypto_check_signature(const uint8_t public_key[CRYPTO_PUBLIC_SIZE],
			    const void *data, size_t size,
			    const uint8_t signature[CRYPTO_SIGNATURE_SIZE]);

void crypto_random(void *ret_data, size_t size);
/* Overwrites a secret, and no optimiser drops it. */
void crypto_forget(void *data, size_t size);

/* Lower-case hex and a NUL: ret_text holds 2 * size + 1 bytes. */
void crypto_hex(const uint8_t *data, size_t size, char *ret_text);
/* Exactly size bytes from 2 * size hex digits of either case, and no more text
 * behind them; on false ret_data is untouched. */
bool crypto_hex_parse(const char *text, uint8_t *ret_data, size_t size);

/* Base64 (RFC 4648 section 4) with its padding, and a NUL. */
#define CRYPTO_BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)
void crypto_base64(const void *data, size_t size, char *ret_text);
/* The one text of those bytes and of no others; -1: it is none, or they are
 * more than room, and ret_data may be written to. */
ptrdiff_t crypto_base64_parse(const char *text, size_t text_size,
			      void *ret_data, size_t room);

#endif
