#include "tools/message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libetpan/mailmime_content.h>
#include <libetpan/mailmime_types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "tools/charset.h"
#include "tools/message_private.h"

#define TEXT_CEILING ((size_t)1024 * 1024)
#define ADDRESS_MAX 254

/* --- transfer encodings */

void message_decode(struct buf *out, const char *encoding, const char *bytes,
		    size_t size)
{
	int mechanism = strcasecmp(encoding, "base64") == 0
			    ? MAILMIME_MECHANISM_BASE64
			: strcasecmp(encoding, "quoted-printable") == 0
			    ? MAILMIME_MECHANISM_QUOTED_PRINTABLE
			    : MAILMIME_MECHANISM_8BIT;
	char *decoded = NULL;
	size_t at = 0, decoded_size = 0;

	if (mechanism == MAILMIME_MECHANISM_8BIT ||
	    mailmime_part_parse(bytes, size, &at, mechanism, &decoded,
				&decoded_size) != MAILIMF_NO_ERROR) {
		buf_add(out, bytes, size);
		return;
	}
	for (size_t i = 0; i < decoded_size; i++)
		if (decoded[i] != '\r' || i + 1 == decoded_size ||
		    decoded[i + 1] != '\n')
			buf_addc(out, decoded[i]);
	mailmime_decoded_part_free(decoded);
}

/* --- encoded words */

/* "=?charset?B?bytes?=" */
struct word {
	const char *charset, *bytes, *end;
	size_t charset_size, size;
	bool is_base64;
};

static bool read_word(const char *at, struct word *ret)
{
	if (at[0] != '=' || at[1] != '?')
		return false;
	ret->charset = at + 2;
	const char *mark = strchr(ret->charset, '?');
	if (!mark || !mark[1] || mark[2] != '?' || !strchr("BbQq", mark[1]))
		return false;
	/* a language may follow the charset (RFC 2231 5) */
	size_t whole = (size_t)(mark - ret->charset);
	size_t named = strcspn(ret->charset, "*?");
	ret->charset_size = named < whole ? named : whole;
	ret->is_base64 = strchr("Bb", mark[1]) != NULL;
	ret->bytes = mark + 3;
	/* a "?" inside is against the rules, and there */
	ret->end = strstr(ret->bytes, "?=");
	if (!ret->end)
		return false;
	ret->size = (size_t)(ret->end - ret->bytes);
	ret->end += 2;
	return true;
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void add_q(struct buf *out, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '=' && i + 2 < size &&
		    hex_digit(bytes[i + 1]) >= 0 &&
		    hex_digit(bytes[i + 2]) >= 0) {
			buf_addc(out, (char)(hex_digit(bytes[i + 1]) << 4 |
					     hex_digit(bytes[i + 2])));
			i += 2;
		} else {
			buf_addc(out, bytes[i] == '_' ? ' ' : bytes[i]);
		}
	}
}

/* A word and those of the same charset right behind it: a character may be
 * cut in two between them. Returns what follows. */
static const char *add_words(struct buf *out, const struct word *first)
{
	char charset[64] = "";
	struct word word = *first;
	struct buf bytes;

	if (word.charset_size < sizeof(charset))
		memcpy(charset, word.charset, word.charset_size);
	buf_init(&bytes, TEXT_CEILING);
	for (;;) {
		if (word.is_base64)
			message_decode(&bytes, "base64", word.bytes, word.size);
		else
			add_q(&bytes, word.bytes, word.size);
		const char *next = word.end + strspn(word.end, " \t");
		const char *end = word.end;
		if (!read_word(next, &word) ||
		    word.charset_size != first->charset_size ||
		    strncasecmp(word.charset, first->charset,
				word.charset_size) != 0) {
			charset_to_utf8(out, charset, bytes.data, bytes.size);
			buf_done(&bytes);
			return end;
		}
	}
}

void message_decode_words(struct buf *out, const char *value)
{
	struct word word;

	while (*value) {
		size_t plain = 0;

		while (value[plain] && !read_word(value + plain, &word))
			plain++;
		charset_to_utf8(out, NULL, value, plain);
		value += plain;
		if (!*value)
			return;
		value = add_words(out, &word);
		/* white space between two words is none (RFC 2047 6.2) */
		const char *next = value + strspn(value, " \t");
		if (read_word(next, &word))
			value = next;
	}
}

/* --- a part's text */

const char *message_text(const struct message_part *part, struct arena *arena)
{
	struct buf bytes, text, plain;

	buf_init(&bytes, TEXT_CEILING);
	buf_init(&text, TEXT_CEILING);
	buf_init(&plain, TEXT_CEILING);
	message_decode(&bytes, part->encoding, part->body, part->size);
	charset_to_utf8(&text, part->charset, bytes.data, bytes.size);
	struct buf *whole = &text;
	if (strcmp(part->type, "text/html") == 0) {
		message_html(&plain, text.data, text.size);
		whole = &plain;
	}
	const char *copy = arena_strndup(arena, whole->data, whole->size);
	buf_done(&bytes);
	buf_done(&text);
	buf_done(&plain);
	return copy;
}

/* --- addresses */

static bool is_local(char byte)
{
	return (unsigned char)byte >= 0x80 || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       (byte && strchr(".!#$%&'*+-/=?^_`{|}~", byte));
}

static bool is_domain(char byte)
{
	return (unsigned char)byte >= 0x80 || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '.' || byte == '-';
}

/* What stands around the "@", without quotes that someone opened before. */
static const char *around(const char *text, const char *at, struct arena *arena,
			  const char **ret_end)
{
	const char *start = at, *end = at + 1;

	if (start > text && start[-1] == '"') {
		const char *quote = start - 1;

		while (quote > text && quote[-1] != '"' && quote[-1] != '\n')
			quote--;
		start = quote > text && quote[-1] == '"' ? quote - 1 : at;
	} else {
		while (start > text && is_local(start[-1]))
			start--;
		while (start < at && strchr("-'.=*|`", *start))
			start++;
	}
	while (is_domain(*end))
		end++;
	while (end > at + 1 && (end[-1] == '.' || end[-1] == '-'))
		end--;
	*ret_end = end;
	size_t size = (size_t)(end - start);
	if (start == at || end == at + 1 || size > ADDRESS_MAX)
		return NULL;
	return arena_strndup(arena, start, size);
}

const char *message_address(const char *text, struct arena *arena,
			    const char **ret_end)
{
	for (const char *at = text; (at = strchr(at, '@')); at++) {
		const char *address = around(text, at, arena, ret_end);

		if (address)
			return address;
	}
	*ret_end = text + strlen(text);
	return NULL;
}
