#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_sha256_of_the_standard),
	    cmocka_unit_test(f10_mac_depends_on_key_and_text),
	    cmocka_unit_test(f20_random_and_forget),
	    cmocka_unit_test(f30_hex_is_strict),
	};

	crypto_start();
	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
