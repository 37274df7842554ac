#ifndef TOOLS_MIME_H
#define TOOLS_MIME_H

/*
 * The encodings of mail: bodies (libetpan's encoders) and headers (ours, for
 * libetpan has none for callers: RFC 2047, RFC 2231). All lines end CRLF, no
 * line is longer than 76 bytes where the text can be broken at all, and no
 * value can start a header of its own: control characters are refused. Holds
 * no state; any thread.
 *
 *	mime_header(&out, "Subject", "Child G: what must change", err);
 *	mime_header_mailbox(&out, "From", "The Board", "board@x.example", err);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* A text part's body, RFC 2045 6.7; LF, CR or CRLF in, CRLF out. It ends
 * without a line end where text does. Assumes that out stands at the start of a
 * line or just behind mime_slot. */
void mime_quoted_printable(struct buf *out, const char *text, size_t size);

/* RFC 2045 6.8 in lines of 76, each with its CRLF. */
void mime_base64(struct buf *out, const void *data, size_t size);

/*
 * A place in a quoted-printable body to be filled later, once per person:
 * writes the byte slot (1 to 8: it can't occur in quoted-printable text) on a
 * line of its own between soft line breaks, so that what replaces the byte
 * joins the words around it. It may be replaced by mime_quoted_printable of any
 * text without an end of line in its last byte.
 */
void mime_slot(struct buf *out, char slot);

/* "Name: text CRLF", folded; encoded words (UTF-8) where text is not plain
 * ASCII. Structured values (Message-ID, List-Id, Content-Type) go through
 * here too when they are ASCII: they are folded at spaces only. ERR_INPUT: not
 * UTF-8, CR, LF or another control character. On failure nothing was added. */
bool mime_header(struct buf *out, const char *name, const char *text,
		 struct err *err);

/* "Name: display <address> CRLF"; the display name quoted or encoded as it
 * needs; display NULL or empty: the address alone. The address is one that
 * core/address has accepted (ASCII, no white space): others are ERR_INPUT. */
bool mime_header_mailbox(struct buf *out, const char *name, const char *display,
			 const char *address, struct err *err);

/* "Name: value; parameter=text CRLF", as in Content-Disposition: attachment;
 * filename=...: quoted when ASCII, else RFC 2231 (in continuations when long).
 */
bool mime_header_parameter(struct buf *out, const char *name, const char *value,
			   const char *parameter, const char *text,
			   struct err *err);

#define MIME_DATE_SIZE 32 /* "Sun, 22 Nov 2026 08:00:00 +0000" and NUL */

/* RFC 5322 3.3, always in UTC. */
void mime_date(int64_t utc, char ret_date[MIME_DATE_SIZE]);

#endif
