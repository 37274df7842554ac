#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "core/note.h"
#include "tools/crypto.h"

#define NAME "learning.example/ledger"
#define HEAD NAME "\n1027\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

static struct note_signer signer_of(const char *name)
{
	struct note_signer signer;
	uint8_t seed[32];

	memset(seed, name[0], sizeof(seed));
	assert_true(note_signer_make(name, seed, &signer));
	return signer;
}

/* The example of C2SP tlog-checkpoint and its key. */
static void f10_a_known_key_and_its_id(void **state)
{
	static const char known[] =
	    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/"
	    "LDE4izWy10TW";
	struct note_verifier verifier;
	struct buf out;

	(void)state;
	assert_true(note_verifier_parse(known, &verifier));
	assert_string_equal(verifier.name, "PeterNeumann");
	buf_init(&out, 4096);
	note_verifier_format(&verifier, &out);
	assert_string_equal(out.data, known);
	buf_done(&out);
}

static void f10_a_known_note_verifies(void **state)
{
	static const char note[] =
	    "If you think cryptography is the answer to your problem,\n"
	    "then you don't know what your problem is.\n\n"
	    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAc"
	    "ElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
	struct note_verifier verifier;
	size_t size;

	(void)state;
	assert_true(note_verifier_parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegw"
					"xbzhKqiBfsVkmqq/LDE4izWy10TW",
					&verifier));
	assert_int_equal(note_verify(&verifier, note, strlen(note), &size),
			 NOTE_GOOD);
	assert_int_equal(size, strstr(note, "\n\n") + 1 - note);
}

static void f10_keys_go_round(void **state)
{
	struct note_signer signer = signer_of(NAME), read;
	struct note_verifier verifier;
	struct buf secret, public;

	(void)state;
	buf_init(&secret, 4096);
	buf_init(&public, 4096);
	note_signer_format(&signer, &secret);
	note_verifier_format(&signer.verifier, &public);
	assert_true(text_starts(secret.data, "PRIVATE+KEY+" NAME "+"));
	assert_true(note_signer_parse(secret.data, &read));
	assert_memory_equal(&read, &signer, sizeof(read));
	assert_true(note_verifier_parse(public.data, &verifier));
	assert_memory_equal(&verifier, &signer.verifier, sizeof(verifier));
	/* one for the other, another id, cut short */
	assert_false(note_verifier_parse(secret.data, &verifier));
	assert_false(note_signer_parse(public.data, &read));
	public.data[strlen(NAME) + 1] ^= 1;
	assert_false(note_verifier_parse(public.data, &verifier));
	secret.data[secret.size - 4] = '\0';
	assert_false(note_signer_parse(secret.data, &read));
	buf_done(&secret);
	buf_done(&public);
}

static void f20_names(void **state)
{
	const char *const bad[] = {"", "a b", "a+b", "a\n", "\xc3\xa9"};
	uint8_t seed[32] = {0};
	struct note_signer signer;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(note_signer_make(bad[i], seed, &signer));
}

static enum note_result verify(const struct note_signer *signer,
			       const char *note)
{
	size_t size;

	return note_verify(&signer->verifier, note, strlen(note), &size);
}

static void f20_what_is_changed_is_found(void **state)
{
	struct note_signer signer = signer_of(NAME), other = signer_of("other");
	struct buf note, both;

	(void)state;
	buf_init(&note, 4096);
	buf_init(&both, 4096);
	note_sign(&signer, HEAD, &note);
	assert_int_equal(verify(&signer, note.data), NOTE_GOOD);
	assert_int_equal(verify(&other, note.data), NOTE_UNKNOWN);
	note_sign(&other, HEAD, &both);
	buf_adds(&both, strstr(note.data, "\n\n") + 2);
	assert_int_equal(verify(&signer, both.data), NOTE_GOOD);
	assert_int_equal(verify(&other, both.data), NOTE_GOOD);
	for (size_t i = 0; i < note.size; i++) {
		note.data[i] ^= 1;
		assert_int_not_equal(verify(&signer, note.data), NOTE_GOOD);
		note.data[i] ^= 1;
	}
	for (size_t size = 0; size < note.size; size++)
		assert_int_not_equal(note_verify(&signer.verifier, note.data,
						 size, &(size_t){0}),
				     NOTE_GOOD);
	buf_done(&note);
	buf_done(&both);
}

static void f20_what_is_no_note(void **state)
{
	const char *const bad[] = {"",
				   "\n",
				   "\n\n",
				   "text\n",
				   "text\n\n",
				   "text\n\nx\n",
				   "text\n\n\xe2\x80\x94 name\n",
				   "text\n\n\xe2\x80\x94 name !!!!\n",
				   "text\n\n\xe2\x80\x94  AAAAAAA=\n",
				   "te\rxt\n\n\xe2\x80\x94 a AAAA\n",
				   "te\xfft\n\n\xe2\x80\x94 a AAAAAAAA\n",
				   "text\n\n\xe2\x80\x94 a AAAAAAAA"};
	struct note_signer signer = signer_of(NAME);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(verify(&signer, bad[i]), NOTE_MALFORMED);
}

static void f10_checkpoints(void **state)
{
	const char *const bad[] = {
	    "",
	    NAME "\n",
	    NAME "\n1027\n",
	    NAME "\n1027\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
	    NAME "\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    NAME "\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    NAME "\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2"
		 "jxq2I=\n",
	    NAME "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
	    NAME "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n",
	    "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    HEAD "\n",
	};
	struct note_checkpoint head;
	struct buf out;

	(void)state;
	assert_true(note_checkpoint_parse(HEAD, strlen(HEAD), &head));
	assert_string_equal(head.origin, NAME);
	assert_int_equal(head.size, 1027);
	buf_init(&out, 4096);
	note_checkpoint_format(&head, &out);
	assert_string_equal(out.data, HEAD);
	assert_true(
	    note_checkpoint_parse(HEAD "more\n", strlen(HEAD) + 5, &head));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(
		    note_checkpoint_parse(bad[i], strlen(bad[i]), &head));
	buf_done(&out);
}

static void f10_proofs_go_round(void **state)
{
	struct note_proof proof = {.leaf = "{\"id\":5}",
				   .leaf_size = 8,
				   .index = 4,
				   .path = {.count = 2,
					    .hashes = {{{1}}, {{2}}}},
				   .checkpoint = HEAD "\nrest\n",
				   .checkpoint_size = strlen(HEAD) + 6},
			  read;
	struct buf out, leaf;

	(void)state;
	buf_init(&out, 4096);
	buf_init(&leaf, 4096);
	note_proof_format(&proof, &out);
	assert_true(note_proof_parse(out.data, out.size, &read));
	assert_int_equal(read.index, 4);
	assert_int_equal(read.path.count, 2);
	assert_memory_equal(read.path.hashes, proof.path.hashes,
			    2 * MERKLE_SIZE);
	assert_string_equal(read.checkpoint, HEAD "\nrest\n");
	assert_true(note_proof_leaf(&read, &leaf));
	assert_string_equal(leaf.data, "{\"id\":5}");
	for (size_t size = 0; size < out.size - strlen(HEAD) - 6; size++)
		assert_false(note_proof_parse(out.data, size, &read));
	buf_done(&out);
	buf_done(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_a_known_key_and_its_id),
	    cmocka_unit_test(f10_a_known_note_verifies),
	    cmocka_unit_test(f10_keys_go_round),
	    cmocka_unit_test(f10_checkpoints),
	    cmocka_unit_test(f10_proofs_go_round),
	    cmocka_unit_test(f20_names),
	    cmocka_unit_test(f20_what_is_changed_is_found),
	    cmocka_unit_test(f20_what_is_no_note),
	};

	crypto_start();
	return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
