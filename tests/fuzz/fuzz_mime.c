/*
 * The first byte says which encoder; the rest is its text. What comes out is
 * made of lines that are not too long and inject nothing, and a reader decodes
 * it to what went in.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tools/mime.h"

#define CEILING (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* every line ends CRLF, none but the last is without; longest allowed */
static void check_lines(const struct buf *out, size_t longest)
{
	size_t column = 0;

	for (size_t i = 0; i < out->size; i++) {
		char byte = out->data[i];

		assert((byte == '\n') == (i > 0 && out->data[i - 1] == '\r'));
		if (byte == '\r')
			assert(out->data[i + 1] == '\n');
		else
			column = byte == '\n' ? 0 : column + 1;
		assert(column <= longest);
	}
}

/* the one header begins with its name; all other lines with a space, and have
 * something behind it */
static void check_header(const struct buf *out, const char *name)
{
	assert(!strncmp(out->data, name, strlen(name)));
	assert(!strcmp(out->data + out->size - 2, "\r\n"));
	for (const char *at = out->data;
	     (at = strstr(at, "\r\n")) && at[2] != '\0'; at += 2) {
		assert(at[2] == ' ');
		assert(at[2 + strspn(at + 2, " ")] != '\r');
	}
	check_lines(out, 998);
}

static int hex(char digit)
{
	assert((digit >= '0' && digit <= '9') ||
	       (digit >= 'A' && digit <= 'F'));
	return digit <= '9' ? digit - '0' : digit - 'A' + 10;
}

static void decode_q(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '=') {
			buf_addc(out, (char)(hex(text[i + 1]) << 4 |
					     hex(text[i + 2])));
			i += 2;
		} else {
			buf_addc(out, text[i] == '_' ? ' ' : text[i]);
		}
	}
}

static void decode_b(struct buf *out, const char *text, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	assert(size % 4 == 0);
	for (size_t i = 0; i < size; i += 4) {
		unsigned bits = 0;
		int have = 0;

		for (size_t k = 0; k < 4; k++) {
			const char *digit = strchr(digits, text[i + k]);

			bits =
			    bits << 6 | (unsigned)(digit ? digit - digits : 0);
			have += digit != NULL;
		}
		for (int k = 0; k < have - 1; k++)
			buf_addc(out, (char)(bits >> (16 - 8 * k) & 255));
	}
}

/* the size of the encoded word at text; 0 if there is none */
static size_t word_size(const char *text)
{
	const char *end =
	    strncmp(text, "=?UTF-8?", 8) ? NULL : strstr(text + 10, "?=");

	return end ? (size_t)(end + 2 - text) : 0;
}

/* RFC 2047: encoded words decoded, white space between two of them dropped;
 * unfolded */
static void decode_header(struct buf *out, const char *text)
{
	bool was_word = false;

	while (*text) {
		size_t spaces = 0;

		while (text[spaces] && strchr(" \r\n", text[spaces]))
			spaces++;
		size_t word = word_size(text + spaces);
		assert(word <= 75);
		for (size_t i = 0; i < spaces && !(was_word && word); i++)
			if (text[i] == ' ')
				buf_addc(out, ' ');
		text += spaces;
		if (word > 0)
			(text[8] == 'Q' ? decode_q : decode_b)(out, text + 10,
							       word - 12);
		else if (*text)
			buf_addc(out, *text++);
		text += word;
		was_word = word > 0;
	}
}

static void check_unstructured(const char *text)
{
	struct buf out, back;

	buf_init(&out, CEILING);
	buf_init(&back, CEILING);
	if (mime_header(&out, "Subject", text, NULL)) {
		check_header(&out, "Subject:");
		decode_header(&back, out.data + strlen("Subject:"));
		/* white space at both ends means nothing */
		const char *start = text + strspn(text, " ");
		char *result = back.data + strspn(back.data, " ");
		size_t size = strlen(start);
		while (size > 0 && start[size - 1] == ' ')
			size--;
		assert(strlen(result) == size && !memcmp(result, start, size));
	} else {
		assert(out.size == 0);
	}
	buf_done(&out);
	buf_done(&back);
}

static void check_mailbox(const char *text)
{
	struct buf out;
	const char *tail = "<a@x.example>\r\n";

	buf_init(&out, CEILING);
	if (mime_header_mailbox(&out, "From", text, "a@x.example", NULL)) {
		check_header(&out, "From:");
		if (text[strspn(text, " ")])
			assert(
			    !strcmp(out.data + out.size - strlen(tail), tail));
	}
	buf_clear(&out);
	if (mime_header_mailbox(&out, "To", NULL, text, NULL))
		assert(out.size == strlen(text) + strlen("To: \r\n"));
	buf_done(&out);
}

static void check_parameter(const char *text)
{
	struct buf out;

	buf_init(&out, CEILING);
	if (mime_header_parameter(&out, "Content-Disposition", "attachment",
				  "filename", text, NULL)) {
		check_header(&out, "Content-Disposition: attachment;");
		check_lines(&out, 76);
	}
	buf_done(&out);
}

/* quoted-printable back to text, with LF for CRLF */
static void check_body(const char *text, size_t size)
{
	struct buf out, back;
	size_t at = 0;

	buf_init(&out, CEILING);
	buf_init(&back, CEILING);
	mime_quoted_printable(&out, text, size);
	check_lines(&out, 76);
	for (size_t i = 0; i < out.size && !out.overflow; i++) {
		if (out.data[i] == '=' && out.data[i + 1] != '\r')
			decode_q(&back, out.data + i, 3);
		else if (out.data[i] != '=' && out.data[i] != '\r')
			buf_addc(&back, out.data[i]);
		if (out.data[i] == '=')
			i += 2;
	}
	for (size_t i = 0; i < size && !out.overflow; i++) {
		bool is_end = text[i] == '\r' || text[i] == '\n';

		assert(back.data[at++] == (is_end ? '\n' : text[i]));
		if (text[i] == '\r' && i + 1 < size && text[i + 1] == '\n')
			i++;
	}
	assert(out.overflow || at == back.size);
	buf_done(&out);
	buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	char *text = xstrndup((const char *)data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		check_unstructured(text);
		break;
	case 1:
		check_mailbox(text);
		break;
	case 2:
		check_parameter(text);
		break;
	default:
		check_body((const char *)data + 1, size - 1);
	}
	free(text);
	return 0;
}
