#include "core/note.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "tools/crypto.h"

#define ED25519 1 /* the type of a signature, before its key */
#define DASH "\xe2\x80\x94 "
#define SECRET_WORDS "PRIVATE+KEY+"
#define PROOF_WORDS "c2sp.org/tlog-proof@v1\n"
#define SIGNATURE_SIZE (NOTE_KEY_ID_SIZE + CRYPTO_SIGNATURE_SIZE)

/* --- keys --- */

static bool is_name(const char *name, size_t size)
{
	if (size == 0 || size >= NOTE_NAME_SIZE)
		return false;
	for (size_t i = 0; i < size; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '+')
			return false;
	return true;
}

/* SHA-256 of name, line feed, type and key: its first four bytes */
static void make_id(struct note_verifier *verifier)
{
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t whole[CRYPTO_SHA256_SIZE];

	crypto_hash_add(hash, verifier->name, strlen(verifier->name));
	crypto_hash_add(hash, "\n\x01", 2);
	crypto_hash_add(hash, verifier->public_key,
			sizeof(verifier->public_key));
	crypto_hash_end(hash, whole);
	memcpy(verifier->id, whole, NOTE_KEY_ID_SIZE);
}

bool note_signer_make(const char *name, const uint8_t seed[32],
		      struct note_signer *ret)
{
	struct note_verifier *verifier = &ret->verifier;

	*ret = (struct note_signer){0};
	if (!is_name(name, strlen(name)))
		return false;
	memcpy(verifier->name, name, strlen(name));
	memcpy(ret->seed, seed, sizeof(ret->seed));
	crypto_public_key(seed, verifier->public_key);
	make_id(verifier);
	return true;
}

static void format_key(const struct note_verifier *verifier,
		       const uint8_t key[32], struct buf *out)
{
	uint8_t typed[1 + 32] = {ED25519};
	char hex[NOTE_KEY_ID_SIZE * 2 + 1];
	char text[CRYPTO_BASE64_SIZE(sizeof(typed))];

	memcpy(typed + 1, key, 32);
	crypto_hex(verifier->id, NOTE_KEY_ID_SIZE, hex);
	crypto_base64(typed, sizeof(typed), text);
	buf_addf(out, "%s+%s+%s", verifier->name, hex, text);
	crypto_forget(typed, sizeof(typed));
	crypto_forget(text, sizeof(text));
}

void note_verifier_format(const struct note_verifier *verifier, struct buf *out)
{
	format_key(verifier, verifier->public_key, out);
}

void note_signer_format(const struct note_signer *signer, struct buf *out)
{
	buf_adds(out, SECRET_WORDS);
	format_key(&signer->verifier, signer->seed, out);
}

/* a name, and an id that the caller compares, and a typed key */
static bool parse_key(const char *text, struct note_verifier *ret,
		      uint8_t ret_key[32])
{
	size_t name_size = strcspn(text, "+");
	const char *hex = text + name_size + 1;
	char id[NOTE_KEY_ID_SIZE * 2 + 1] = "";
	uint8_t typed[1 + 32];

	*ret = (struct note_verifier){0};
	if (!is_name(text, name_size) || text[name_size] != '+' ||
	    strcspn(hex, "+") != sizeof(id) - 1)
		return false;
	memcpy(ret->name, text, name_size);
	memcpy(id, hex, sizeof(id) - 1);
	if (!crypto_hex_parse(id, ret->id, NOTE_KEY_ID_SIZE) ||
	    hex[sizeof(id) - 1] != '+')
		return false;
	const char *key = hex + sizeof(id);
	bool good = crypto_base64_parse(key, strlen(key), typed,
					sizeof(typed)) == sizeof(typed) &&
		    typed[0] == ED25519;
	memcpy(ret_key, typed + 1, 32);
	crypto_forget(typed, sizeof(typed));
	return good;
}

bool note_verifier_parse(const char *text, struct note_verifier *ret)
{
	struct note_verifier parsed, made;

	if (!parse_key(text, &parsed, parsed.public_key))
		return false;
	made = parsed;
	make_id(&made);
	if (memcmp(made.id, parsed.id, NOTE_KEY_ID_SIZE) != 0)
		return false;
	*ret = made;
	return true;
}

bool note_signer_parse(const char *text, struct note_signer *ret)
{
	struct note_verifier parsed;
	uint8_t seed[32];
	bool good = text_starts(text, SECRET_WORDS) &&
		    parse_key(text + strlen(SECRET_WORDS), &parsed, seed) &&
		    note_signer_make(parsed.name, seed, ret) &&
		    memcmp(ret->verifier.id, parsed.id, NOTE_KEY_ID_SIZE) == 0;

	crypto_forget(seed, sizeof(seed));
	return good;
}

/* --- notes --- */

void note_sign(const struct note_signer *signer, const char *text,
	       struct buf *out)
{
	uint8_t signature[SIGNATURE_SIZE];
	char base64[CRYPTO_BASE64_SIZE(SIGNATURE_SIZE)];
	size_t size = strlen(text);

	assert(size > 0 && text[size - 1] == '\n');
	memcpy(signature, signer->verifier.id, NOTE_KEY_ID_SIZE);
	crypto_make_signature(signer->seed, text, size,
			      signature + NOTE_KEY_ID_SIZE);
	crypto_base64(signature, sizeof(signature), base64);
	buf_addf(out, "%s\n" DASH "%s %s\n", text, signer->verifier.name,
		 base64);
}

/* Where the last empty line is, behind which the signatures begin; 0: none. */
static size_t find_signatures(const char *note, size_t size)
{
	for (size_t at = size; at >= 2; at--)
		if (note[at - 1] == '\n' && note[at - 2] == '\n')
			return at;
	return 0;
}

static bool is_plain(const char *note, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)note[i] < ' ' && note[i] != '\n')
			return false;
	return text_is_utf8(note, size, NULL);
}

/* One signature's line, without its line feed. */
static enum note_result check_line(const struct note_verifier *verifier,
				   const char *note, size_t text_size,
				   const char *line, size_t size)
{
	const size_t dash = strlen(DASH), name = strlen(verifier->name);
	uint8_t signature[8 * 1024];

	if (size <= dash || memcmp(line, DASH, dash) != 0)
		return NOTE_MALFORMED;
	line += dash;
	size -= dash;
	const char *space = memchr(line, ' ', size);
	if (!space || space == line)
		return NOTE_MALFORMED;
	const char *base64 = space + 1;
	ptrdiff_t bytes =
	    crypto_base64_parse(base64, size - (size_t)(base64 - line),
				signature, sizeof(signature));
	if (bytes <= NOTE_KEY_ID_SIZE)
		return NOTE_MALFORMED;
	if ((size_t)(space - line) != name ||
	    memcmp(line, verifier->name, name) != 0 ||
	    memcmp(signature, verifier->id, NOTE_KEY_ID_SIZE) != 0)
		return NOTE_UNKNOWN;
	return bytes == SIGNATURE_SIZE &&
		       crypto_check_signature(verifier->public_key, note,
					      text_size,
					      signature + NOTE_KEY_ID_SIZE)
		   ? NOTE_GOOD
		   : NOTE_FORGED;
}

enum note_result note_verify(const struct note_verifier *verifier,
			     const char *note, size_t size,
			     size_t *ret_text_size)
{
	enum note_result result = NOTE_UNKNOWN;
	size_t at = find_signatures(note, size);

	/* some text, its line feed, the empty line, a signature's line */
	if (size > NOTE_MAX_SIZE || at < 3 || at == size ||
	    note[size - 1] != '\n' || !is_plain(note, size))
		return NOTE_MALFORMED;
	size_t text_size = at - 1;
	while (at < size) {
		const char *end = memchr(note + at, '\n', size - at);
		size_t line_size = (size_t)(end - (note + at));
		enum note_result line =
		    check_line(verifier, note, text_size, note + at, line_size);

		if (line == NOTE_MALFORMED || line == NOTE_FORGED)
			return line;
		if (line == NOTE_GOOD)
			result = NOTE_GOOD;
		at += line_size + 1;
	}
	*ret_text_size = text_size;
	return result;
}

/* --- checkpoints --- */

/* A line of text from *at on, without its line feed; false: there is none. */
static bool next_line(const char *text, size_t size, size_t *at,
		      const char **ret_line, size_t *ret_size)
{
	const char *end =
	    *at < size ? memchr(text + *at, '\n', size - *at) : NULL;

	if (!end)
		return false;
	*ret_line = text + *at;
	*ret_size = (size_t)(end - *ret_line);
	*at += *ret_size + 1;
	return true;
}

/* Decimal without leading zeroes, within 63 bits. */
static bool parse_number(const char *line, size_t size, int64_t *ret)
{
	char digits[20];
	long long number;

	if (size == 0 || size >= sizeof(digits) || (line[0] == '0' && size > 1))
		return false;
	memcpy(digits, line, size);
	digits[size] = '\0';
	if (strspn(digits, "0123456789") != size ||
	    !text_parse_integer(digits, 0, INT64_MAX, &number))
		return false;
	*ret = number;
	return true;
}

static bool parse_hash(const char *line, size_t size, struct merkle_hash *ret)
{
	struct merkle_hash hash;

	if (crypto_base64_parse(line, size, hash.bytes, MERKLE_SIZE) !=
	    MERKLE_SIZE)
		return false;
	*ret = hash;
	return true;
}

void note_checkpoint_format(const struct note_checkpoint *checkpoint,
			    struct buf *out)
{
	char root[NOTE_ROOT_SIZE];

	crypto_base64(checkpoint->root.bytes, MERKLE_SIZE, root);
	buf_addf(out, "%s\n%" PRId64 "\n%s\n", checkpoint->origin,
		 checkpoint->size, root);
}

bool note_checkpoint_parse(const char *text, size_t size,
			   struct note_checkpoint *ret)
{
	struct note_checkpoint parsed = {0};
	const char *line;
	size_t at = 0, line_size;

	if (!next_line(text, size, &at, &line, &line_size) ||
	    !is_name(line, line_size))
		return false;
	memcpy(parsed.origin, line, line_size);
	if (!next_line(text, size, &at, &line, &line_size) ||
	    !parse_number(line, line_size, &parsed.size) ||
	    !next_line(text, size, &at, &line, &line_size) ||
	    !parse_hash(line, line_size, &parsed.root))
		return false;
	while (next_line(text, size, &at, &line, &line_size))
		if (line_size == 0)
			return false;
	*ret = parsed;
	return at == size;
}

/* --- proofs --- */

void note_proof_format(const struct note_proof *proof, struct buf *out)
{
	char *leaf = xmalloc(CRYPTO_BASE64_SIZE(proof->leaf_size));
	char hash[NOTE_ROOT_SIZE];

	crypto_base64(proof->leaf, proof->leaf_size, leaf);
	buf_adds(out, PROOF_WORDS);
	buf_addf(out, "extra %s\nindex %" PRId64 "\n", leaf, proof->index);
	for (size_t i = 0; i < proof->path.count; i++) {
		crypto_base64(proof->path.hashes[i].bytes, MERKLE_SIZE, hash);
		buf_addf(out, "%s\n", hash);
	}
	buf_addc(out, '\n');
	buf_add(out, proof->checkpoint, proof->checkpoint_size);
	free(leaf);
}

static bool take_word(const char **line, size_t *size, const char *word)
{
	size_t length = strlen(word);

	if (*size < length || memcmp(*line, word, length) != 0)
		return false;
	*line += length;
	*size -= length;
	return true;
}

static bool parse_path(const char *text, size_t size, size_t *at,
		       struct merkle_path *ret)
{
	const char *line;
	size_t line_size;

	for (;;) {
		if (!next_line(text, size, at, &line, &line_size))
			return false;
		if (line_size == 0)
			return true;
		if (ret->count == MERKLE_PATH_MAX ||
		    !parse_hash(line, line_size, &ret->hashes[ret->count++]))
			return false;
	}
}

bool note_proof_parse(const char *text, size_t size, struct note_proof *ret)
{
	struct note_proof proof = {0};
	const char *line = text;
	size_t line_size = size, at = strlen(PROOF_WORDS);

	if (!take_word(&line, &line_size, PROOF_WORDS) ||
	    !next_line(text, size, &at, &line, &line_size) ||
	    !take_word(&line, &line_size, "extra "))
		return false;
	proof.leaf = line;
	proof.leaf_size = line_size;
	if (!next_line(text, size, &at, &line, &line_size) ||
	    !take_word(&line, &line_size, "index ") ||
	    !parse_number(line, line_size, &proof.index) ||
	    !parse_path(text, size, &at, &proof.path))
		return false;
	proof.checkpoint = text + at;
	proof.checkpoint_size = size - at;
	*ret = proof;
	return true;
}

bool note_proof_leaf(const struct note_proof *proof, struct buf *out)
{
	size_t room = proof->leaf_size / 4 * 3 + 3;
	char *bytes = xmalloc(room);
	ptrdiff_t size =
	    crypto_base64_parse(proof->leaf, proof->leaf_size, bytes, room);

	buf_clear(out);
	if (size >= 0)
		buf_add(out, bytes, (size_t)size);
	free(bytes);
	return size >= 0 && !out->overflow;
}
