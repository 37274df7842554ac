/* Checkpoints and proofs come in files from anybody: an inspector, a person
 * who kept a mail. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "core/note.h"
#include "tools/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_keys(const char *text)
{
	struct note_verifier verifier;
	struct note_signer signer;
	struct buf out;

	buf_init(&out, 4096);
	if (note_verifier_parse(text, &verifier)) {
		note_verifier_format(&verifier, &out);
		assert(note_verifier_parse(out.data, &verifier));
	}
	note_signer_parse(text, &signer);
	buf_done(&out);
}

static void check_proof(const char *text, size_t size)
{
	struct note_proof proof;
	struct merkle_hash leaf = {{0}};
	struct buf out;

	if (!note_proof_parse(text, size, &proof))
		return;
	buf_init(&out, 1024 * 1024);
	note_proof_leaf(&proof, &out);
	merkle_check_inclusion(&leaf, proof.index, INT64_MAX, &proof.path,
			       &leaf);
	merkle_check_consistency(proof.index, &leaf, INT64_MAX, &leaf,
				 &proof.path);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = {1};
	struct note_signer signer;
	struct note_checkpoint head;
	char text[8192];
	size_t text_size;

	crypto_start();
	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	assert(note_signer_make("a.example/ledger", seed, &signer));
	assert(note_verify(&signer.verifier, text, size, &text_size) !=
	       NOTE_GOOD);
	if (note_checkpoint_parse(text, size, &head))
		assert(head.size >= 0 && head.origin[0]);
	check_keys(text);
	check_proof(text, size);
	return 0;
}
