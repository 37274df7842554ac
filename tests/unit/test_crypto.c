#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tools/crypto.h"

static void f10_sha256_of_the_standard(void **state)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b"
		 "855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
		    "0015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c"
	     "1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t hash[CRYPTO_SHA256_SIZE], again[CRYPTO_SHA256_SIZE];
		char hex[CRYPTO_SHA256_HEX];
		size_t size = strlen(cases[i].text);

		crypto_sha256(cases[i].text, size, hash);
		crypto_hex(hash, sizeof(hash), hex);
		assert_string_equal(hex, cases[i].hex);
		struct crypto_hash *pieces = crypto_hash_new();
		crypto_hash_add(pieces, cases[i].text, size / 2);
		crypto_hash_add(pieces, cases[i].text + size / 2,
				size - size / 2);
		crypto_hash_end(pieces, again);
		assert_memory_equal(hash, again, sizeof(hash));
	}
	crypto_hash_end(NULL, NULL);
	crypto_hash_end(crypto_hash_new(), NULL);
}

static void f10_mac_depends_on_key_and_text(void **state)
{
	uint8_t key[CRYPTO_KEY_SIZE] = {0}, one[CRYPTO_MAC_SIZE],
		other[CRYPTO_MAC_SIZE];
	char hex[2 * CRYPTO_MAC_SIZE + 1];

	(void)state;
	/* from Python: hashlib.blake2b(b"text", key=bytes(32), digest_size=32)
	 */
	crypto_mac(key, "text", 4, one);
	crypto_hex(one, sizeof(one), hex);
	assert_string_equal(
	    hex,
	    "9a5fb03eb274fc176da1648a114f1850ebd998f6cade2c20244022e660c2773b");
	crypto_mac(key, "texu", 4, other);
	assert_false(crypto_same(one, other, sizeof(one)));
	key[31] = 1;
	crypto_mac(key, "text", 4, other);
	assert_false(crypto_same(one, other, sizeof(one)));
	key[31] = 0;
	crypto_mac(key, "text", 4, other);
	assert_true(crypto_same(one, other, sizeof(one)));
}

/* RFC 8032 7.1, test 2 */
static void f20_ed25519_of_the_standard(void **state)
{
	static const char seed_hex[] =
	    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
	static const char public_hex[] =
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
	static const char signature_hex[] =
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
	uint8_t seed[CRYPTO_SEED_SIZE], public_key[CRYPTO_PUBLIC_SIZE],
	    signature[CRYPTO_SIGNATURE_SIZE];
	char hex[2 * CRYPTO_SIGNATURE_SIZE + 1];

	(void)state;
	assert_true(crypto_hex_parse(seed_hex, seed, sizeof(seed)));
	crypto_public_key(seed, public_key);
	crypto_hex(public_key, sizeof(public_key), hex);
	assert_string_equal(hex, public_hex);
	crypto_signature_make(seed, "\x72", 1, signature);
	crypto_hex(signature, sizeof(signature), hex);
	assert_string_equal(hex, signature_hex);
	assert_true(crypto_signature_is_good(public_key, "\x72", 1, signature));
	assert_false(
	    crypto_signature_is_good(public_key, "\x73", 1, signature));
	signature[0] ^= 1;
	assert_false(
	    crypto_signature_is_good(public_key, "\x72", 1, signature));
}

static void f20_random_and_forget(void **state)
{
	uint8_t one[32] = {0}, other[32] = {0}, zero[32] = {0};

	(void)state;
	crypto_random(one, sizeof(one));
	crypto_random(other, sizeof(other));
	assert_memory_not_equal(one, other, sizeof(one));
	crypto_forget(one, sizeof(one));
	assert_memory_equal(one, zero, sizeof(one));
}

static void f30_hex_is_strict(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
	    {"00ff", true},   {"00FF", true},  {"00f", false},
	    {"00ff0", false}, {"00fg", false}, {"00ff00", false},
	    {"", false},      {" 0ff", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t data[2] = {7, 7};

		assert_int_equal(crypto_hex_parse(cases[i].text, data, 2),
				 cases[i].good);
		assert_int_equal(data[0], cases[i].good ? 0 : 7);
		assert_int_equal(data[1], cases[i].good ? 0xff : 7);
	}
}

static void f30_base64_is_strict(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		bool good;
	} cases[] = {
	    {"", 0, true},       {"Zg==", 1, true},      {"Zm8=", 2, true},
	    {"Zm9v", 3, true},   {"Zm9v", 2, false},     {"Zm9v", 4, false},
	    {"Zg=", 1, false},   {"Zg", 1, false},       {"Zm9v\n", 3, false},
	    {"Zm 9v", 3, false}, {"Zh==", 1, false},     {"Zm9v=", 3, false},
	    {"Zm9-", 3, false},  {"Zm8=Zm8=", 4, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t data[8] = "xxxxxxx";

		assert_int_equal(crypto_base64_parse(cases[i].text,
						     strlen(cases[i].text),
						     data, cases[i].size),
				 cases[i].good);
		struct buf out;
		buf_init(&out, 100);
		crypto_base64(&out, data, cases[i].size);
		if (cases[i].good)
			assert_string_equal(out.data, cases[i].text);
		else
			assert_int_equal(data[0], 'x');
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_sha256_of_the_standard),
	    cmocka_unit_test(f10_mac_depends_on_key_and_text),
	    cmocka_unit_test(f20_ed25519_of_the_standard),
	    cmocka_unit_test(f20_random_and_forget),
	    cmocka_unit_test(f30_hex_is_strict),
	    cmocka_unit_test(f30_base64_is_strict),
	};

	crypto_start();
	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
