#include "tools/mime.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <libetpan/mailmime_write_mem.h>
#include <libetpan/mmapstring.h>

#include "base/buf.h"
#include "base/civil.h"

#define LINE_MAX_SIZE 76 /* RFC 2045; without the CRLF */
#define BASE64_LINE_BYTES 57

/*
 * libetpan has an encoder for quoted-printable too, but it doubles a blank that
 * stands before a line end ("a \n" becomes "a =20", measured with 1.9.4); and a
 * stored letter must come out with the same bytes after a library's upgrade.
 */
static bool is_literal(unsigned char byte)
{
	return byte == ' ' || byte == '\t' ||
	       (byte >= '!' && byte <= '~' && byte != '=');
}

/* the size of the line end at text, 0 if there is none */
static size_t line_end_size(const char *text, size_t size)
{
	if (size > 1 && text[0] == '\r' && text[1] == '\n')
		return 2;
	return size > 0 && (text[0] == '\n' || text[0] == '\r');
}

static void add_escaped(struct buf *out, unsigned char byte)
{
	static const char hex_digits[] = "0123456789ABCDEF";
	char escaped[3] = {'=', hex_digits[byte >> 4], hex_digits[byte & 15]};

	buf_add(out, escaped, sizeof(escaped));
}

/* At the start of a line: the F of "From ", which mailboxes change to
 * ">From ", and a dot, which SMTP doubles and careless relays leave so. */
static bool is_risky_start(const char *text, size_t size)
{
	return text[0] == '.' || (size >= 5 && !memcmp(text, "From ", 5));
}

/* One line without its end. A blank at its end is escaped, since relays cut it
 * off. No line is full: a "=" may have to follow, here or from mime_slot. */
static void add_quoted_line(struct buf *out, const char *line, size_t size)
{
	size_t column = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)line[i];
		bool is_plain =
		    is_literal(byte) &&
		    !(i + 1 == size && (byte == ' ' || byte == '\t'));

		if (column + (is_plain ? 1 : 3) > LINE_MAX_SIZE - 1) {
			buf_adds(out, "=\r\n");
			column = 0;
		}
		if (column == 0 && is_risky_start(line + i, size - i))
			is_plain = false;
		if (is_plain)
			buf_addc(out, (char)byte);
		else
			add_escaped(out, byte);
		column += is_plain ? 1 : 3;
	}
}

void mime_quoted_printable(struct buf *out, const char *text, size_t size)
{
	size_t start = 0;

	for (size_t i = 0; i < size;) {
		size_t end = line_end_size(text + i, size - i);

		if (end == 0) {
			i++;
			continue;
		}
		add_quoted_line(out, text + start, i - start);
		buf_adds(out, "\r\n");
		i += end;
		start = i;
	}
	add_quoted_line(out, text + start, size - start);
}

void mime_slot(struct buf *out, char slot)
{
	assert(slot >= 1 && slot <= 8);
	if (out->size > 0 && out->data[out->size - 1] != '\n')
		buf_adds(out, "=\r\n");
	buf_addc(out, slot);
	buf_adds(out, "=\r\n");
}

/* in pieces of whole lines, since libetpan keeps all that it encodes in memory
 * a second time */
void mime_base64(struct buf *out, const void *data, size_t size)
{
	enum { PIECE = BASE64_LINE_BYTES * 1024 };
	const char *bytes = data;
	MMAPString *text = mmap_string_new("");

	assert(text);
	for (size_t done = 0; done < size && !out->overflow; done += PIECE) {
		size_t piece = size - done < PIECE ? size - done : PIECE;
		int column = 0;

		mmap_string_truncate(text, 0);
		int failed = mailmime_base64_write_mem(text, &column,
						       bytes + done, piece);
		assert(failed == MAILIMF_NO_ERROR);
		buf_add(out, text->str, text->len);
	}
	mmap_string_free(text);
}

void mime_date(int64_t utc, char ret_date[MIME_DATE_SIZE])
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed",
					   "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
					     "May", "Jun", "Jul", "Aug",
					     "Sep", "Oct", "Nov", "Dec"};
	struct civil civil = civil_from_utc(utc);
	int weekday =
	    civil_weekday(civil_days(civil.year, civil.month, civil.day));
	char text[80];
	int length = snprintf(
	    text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d +0000",
	    days[weekday], civil.day, months[civil.month - 1], civil.year,
	    civil.hour, civil.minute, civil.second);

	assert(length == MIME_DATE_SIZE - 1);
	memcpy(ret_date, text, MIME_DATE_SIZE);
}
