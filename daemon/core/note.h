#ifndef CORE_NOTE_H
#define CORE_NOTE_H

/*
 * Signed notes (C2SP signed-note) with Ed25519 keys, the checkpoints that are
 * such notes (C2SP tlog-checkpoint), and proofs for one entry (C2SP
 * tlog-proof). A note is text, an empty line, and a line for each signature:
 *
 *	learning.example/ledger
 *	1027
 *	CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *
 *	- learning.example/ledger Az3grlgt...   (an em dash for the hyphen)
 *
 * Parsing takes anybody's bytes. Pure functions; what parsers point out lives
 * in the text they were given.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/merkle.h"

struct buf;

#define NOTE_MAX_SIZE (64 * 1024)
#define NOTE_NAME_SIZE 128 /* of a key, with the NUL */
#define NOTE_KEY_ID_SIZE 4

struct note_verifier {
	char name[NOTE_NAME_SIZE]; /* ASCII without spaces and "+" */
	uint8_t id[NOTE_KEY_ID_SIZE];
	uint8_t public_key[32];
};

struct note_signer {
	struct note_verifier verifier;
	uint8_t seed[32];
};

/* false: not a name for a key */
bool note_signer_make(const char *name, const uint8_t seed[32],
		      struct note_signer *ret);
/* "name+0a1b2c3d+AQ..." and "PRIVATE+KEY+name+0a1b2c3d+AQ...", on one line */
void note_signer_format(const struct note_signer *signer, struct buf *out);
bool note_signer_parse(const char *text, struct note_signer *ret);
void note_verifier_format(const struct note_verifier *verifier,
			  struct buf *out);
bool note_verifier_parse(const char *text, struct note_verifier *ret);

/* text ends with a line feed; adds the note. */
void note_sign(const struct note_signer *signer, const char *text,
	       struct buf *out);

enum note_result {
	NOTE_GOOD,
	NOTE_MALFORMED,
	NOTE_UNKNOWN, /* no signature is by that key */
	NOTE_FORGED,  /* one says so and is not */
};
/* *ret_text_size: the text's, from the note's begin, when it is no malformed
 * one. Signatures of other keys are let be. */
enum note_result note_verify(const struct note_verifier *verifier,
			     const char *note, size_t size,
			     size_t *ret_text_size);

struct note_checkpoint {
	char origin[NOTE_NAME_SIZE];
	int64_t size;
	struct merkle_hash root;
};
#define NOTE_ROOT_SIZE 45 /* of a root hash in base64, with the NUL */

void note_checkpoint_format(const struct note_checkpoint *checkpoint,
			    struct buf *out);
/* The text of a note, without its signatures; extension lines are let be. */
bool note_checkpoint_parse(const char *text, size_t size,
			   struct note_checkpoint *ret);

struct note_proof {
	const char *leaf; /* "extra": the entry's own bytes, of base64 */
	size_t leaf_size; /* in base64 */
	int64_t index;
	struct merkle_path path;
	const char *checkpoint; /* the note */
	size_t checkpoint_size;
};

/* leaf here is bytes, not base64 */
void note_proof_format(const struct note_proof *proof, struct buf *out);
bool note_proof_parse(const char *text, size_t size, struct note_proof *ret);
/* The leaf of a parsed proof, decoded; false: it is no base64. */
bool note_proof_leaf(const struct note_proof *proof, struct buf *out);

#endif
