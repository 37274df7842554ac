#include "core/link.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/base32.h"
#include "tools/crypto.h"

#define ID_DIGITS 8
#define TIME_DIGITS 8
#define MAC_DIGITS 20
#define CODE_ID_DIGITS 6
#define CODE_MAC_DIGITS 6
#define NAME_MAC_DIGITS 12

/* the purposes of link_format_name are lower-case letters, these are not */
#define PURPOSE_LINK 'L'
#define PURPOSE_CODE 'C'
#define PURPOSE_FORM 'F'
#define PURPOSE_REPLY 'R'

const struct link_key *link_signer(const struct link_keys *keys)
{
	assert(keys->count >= 1 && keys->count <= LINK_MAX_KEYS);
	return &keys->list[0];
}

static void put_number(uint8_t *bytes, int64_t number)
{
	uint64_t rest = (uint64_t)number;

	for (int i = 7; i >= 0; i--, rest >>= 8)
		bytes[i] = (uint8_t)(rest & 0xff);
}

/* The purpose goes into the MAC, so that a code is no piece of a link and a
 * boundary, which everyone can read, gives nothing away. */
static void format_mac(const struct link_key *key, char purpose, int64_t id,
		       int64_t extra, size_t digits, char *ret_text)
{
	uint8_t message[1 + 8 + 8], mac[CRYPTO_MAC_SIZE];

	message[0] = (uint8_t)purpose;
	put_number(message + 1, id);
	put_number(message + 9, extra);
	crypto_mac(key->key, message, sizeof(message), mac);
	base32_format_bits(mac, digits, ret_text);
}

static bool is_signed(const struct link_key *key, char purpose, int64_t id,
		      int64_t extra, const char *mac, size_t digits)
{
	char expected[MAC_DIGITS + 1];

	assert(digits <= MAC_DIGITS);
	format_mac(key, purpose, id, extra, digits, expected);
	return crypto_same(expected, mac, digits);
}

const struct link_key *link_find_key(const struct link_keys *keys, char id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->list[i].id == id)
			return &keys->list[i];
	return NULL;
}

/* Copies text without the bytes of dropped; false when more than size - 1
 * remain. */
static bool copy_without(const char *text, const char *dropped, char *ret_text,
			 size_t size)
{
	size_t used = 0;

	for (; *text; text++) {
		if (strchr(dropped, *text))
			continue;
		if (used == size - 1)
			return false;
		ret_text[used++] = *text;
	}
	ret_text[used] = '\0';
	return true;
}

#define SPACES " \t\r\n\v\f"

static void format_token(const struct link_key *key, char purpose,
			 int64_t delivery_id, char ret[LINK_TOKEN_SIZE])
{
	assert(delivery_id > 0);
	ret[0] = key->id;
	base32_format((uint64_t)delivery_id, ID_DIGITS, ret + 1);
	format_mac(key, purpose, delivery_id, 0, MAC_DIGITS,
		   ret + 1 + ID_DIGITS);
}

/* token: normalised, LINK_TOKEN_SIZE - 1 digits */
static bool parse_token(const struct link_keys *keys, char purpose,
			const char *token, int64_t *ret_delivery_id)
{
	const struct link_key *key = link_find_key(keys, token[0]);
	uint64_t id;

	if (!key || !base32_parse(token + 1, ID_DIGITS, &id) ||
	    !is_signed(key, purpose, (int64_t)id, 0, token + 1 + ID_DIGITS,
		       MAC_DIGITS))
		return false;
	*ret_delivery_id = (int64_t)id;
	return true;
}

void link_format(const struct link_key *key, int64_t delivery_id,
		 char ret[LINK_TOKEN_SIZE])
{
	format_token(key, PURPOSE_LINK, delivery_id, ret);
}

/* room for a whole token and the stops that a mail program took for a part of
 * the link */
#define TAIL_MAX 8

enum link_result link_parse(const struct link_keys *keys, const char *text,
			    int64_t *ret_delivery_id)
{
	char token[LINK_TOKEN_SIZE + TAIL_MAX];

	if (!copy_without(text, SPACES, token, sizeof(token)))
		return LINK_MANGLED;
	size_t size = strlen(token);
	while (size > 0 && strchr(".,;)>", token[size - 1]))
		token[--size] = '\0';
	if (!base32_normalise(token))
		return LINK_MANGLED;
	if (strcmp(token, "spec1men") == 0)
		return LINK_SPECIMEN;
	if (size != LINK_TOKEN_SIZE - 1)
		return LINK_MANGLED;
	return parse_token(keys, PURPOSE_LINK, token, ret_delivery_id)
		   ? LINK_GOOD
		   : LINK_UNKNOWN;
}

void link_format_reply(const struct link_key *key, int64_t delivery_id,
		       char ret[LINK_TOKEN_SIZE])
{
	format_token(key, PURPOSE_REPLY, delivery_id, ret);
}

bool link_parse_reply(const struct link_keys *keys, const char *text,
		      size_t size, int64_t *ret_delivery_id)
{
	char token[LINK_TOKEN_SIZE];

	if (size != sizeof(token) - 1)
		return false;
	memcpy(token, text, size);
	token[size] = '\0';
	return base32_normalise(token) &&
	       parse_token(keys, PURPOSE_REPLY, token, ret_delivery_id);
}

void link_format_code(const struct link_key *key, int64_t delivery_id,
		      char ret[LINK_CODE_SIZE])
{
	char digits[CODE_ID_DIGITS + CODE_MAC_DIGITS + 1];

	assert(delivery_id > 0);
	base32_format((uint64_t)delivery_id, CODE_ID_DIGITS, digits);
	format_mac(key, PURPOSE_CODE, delivery_id, 0, CODE_MAC_DIGITS,
		   digits + CODE_ID_DIGITS);
	snprintf(ret, LINK_CODE_SIZE, "%.4s-%.4s-%.4s", digits, digits + 4,
		 digits + 8);
}

enum link_result link_parse_code(const struct link_keys *keys, const char *text,
				 int64_t *ret_delivery_id)
{
	char code[CODE_ID_DIGITS + CODE_MAC_DIGITS + 1];
	uint64_t id;

	if (!copy_without(text, SPACES "-.", code, sizeof(code)) ||
	    !base32_normalise(code) || strlen(code) != sizeof(code) - 1)
		return LINK_MANGLED;
	if (strcmp(code, "spec1menc0de") == 0)
		return LINK_SPECIMEN;
	if (!base32_parse(code, CODE_ID_DIGITS, &id))
		return LINK_MANGLED;
	for (size_t i = 0; i < keys->count; i++) {
		if (!is_signed(&keys->list[i], PURPOSE_CODE, (int64_t)id, 0,
			       code + CODE_ID_DIGITS, CODE_MAC_DIGITS))
			continue;
		*ret_delivery_id = (int64_t)id;
		return LINK_GOOD;
	}
	return LINK_UNKNOWN;
}

#define FORM_DIGITS (1 + TIME_DIGITS + MAC_DIGITS)
_Static_assert(FORM_DIGITS < LINK_FORM_SIZE, "a form's field has its room");

void link_format_form(const struct link_key *key, int64_t delivery_id,
		      int64_t shown_at, char ret[LINK_FORM_SIZE])
{
	assert(shown_at >= 0);
	ret[0] = key->id;
	base32_format((uint64_t)shown_at, TIME_DIGITS, ret + 1);
	format_mac(key, PURPOSE_FORM, delivery_id, shown_at, MAC_DIGITS,
		   ret + 1 + TIME_DIGITS);
}

bool link_parse_form(const struct link_keys *keys, const char *text,
		     int64_t delivery_id, int64_t *ret_shown_at)
{
	uint64_t shown_at;

	/* no person types this: it comes back as it went or not at all */
	if (strlen(text) != FORM_DIGITS)
		return false;
	const struct link_key *key = link_find_key(keys, text[0]);
	if (!key || !base32_parse(text + 1, TIME_DIGITS, &shown_at) ||
	    !is_signed(key, PURPOSE_FORM, delivery_id, (int64_t)shown_at,
		       text + 1 + TIME_DIGITS, MAC_DIGITS))
		return false;
	*ret_shown_at = (int64_t)shown_at;
	return true;
}

void link_format_name(const struct link_key *key, char purpose,
		      int64_t delivery_id, char ret[LINK_NAME_SIZE])
{
	assert(purpose >= 'a' && purpose <= 'z' && delivery_id > 0);
	_Static_assert(ID_DIGITS + NAME_MAC_DIGITS < LINK_NAME_SIZE,
		       "a name has its room");
	base32_format((uint64_t)delivery_id, ID_DIGITS, ret);
	format_mac(key, purpose, delivery_id, 0, NAME_MAC_DIGITS,
		   ret + ID_DIGITS);
}

bool link_parse_name(const struct link_keys *keys, char purpose,
		     const char *text, size_t size, int64_t *ret_delivery_id)
{
	char name[ID_DIGITS + NAME_MAC_DIGITS + 1];
	uint64_t id;

	if (size != sizeof(name) - 1)
		return false;
	memcpy(name, text, size);
	name[size] = '\0';
	if (!base32_normalise(name) || !base32_parse(name, ID_DIGITS, &id))
		return false;
	for (size_t i = 0; i < keys->count; i++) {
		if (!is_signed(&keys->list[i], purpose, (int64_t)id, 0,
			       name + ID_DIGITS, NAME_MAC_DIGITS))
			continue;
		*ret_delivery_id = (int64_t)id;
		return true;
	}
	return false;
}
