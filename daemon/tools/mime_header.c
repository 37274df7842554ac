#include "tools/mime.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* RFC 2047; without the CRLF. An encoded word may have 75: it has a space in
 * front of it. */
#define LINE_MAX_SIZE 76
/* RFC 5322 ends a line at 998; longer unbroken text is encoded instead */
#define UNBROKEN_MAX_SIZE 900

/* where the line that is being written began */
struct fold {
	struct buf *out;
	size_t column;
};

static void fold_add(struct fold *fold, const char *text, size_t size)
{
	buf_add(fold->out, text, size);
	fold->column += size;
}

static void fold_break(struct fold *fold)
{
	buf_adds(fold->out, "\r\n");
	fold->column = 0;
}

static struct fold fold_start(struct buf *out, const char *name)
{
	struct fold fold = {.out = out};

	assert(name[0] &&
	       strspn(name,
		      "abcdefghijklmnopqrstuvwxyz"
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(name));
	fold_add(&fold, name, strlen(name));
	fold_add(&fold, ":", 1);
	return fold;
}

static bool is_ascii(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] > 0x7f)
			return false;
	return true;
}

static bool has_encoded_word(const char *text, size_t size)
{
	return memmem(text, size, "=?", 2) != NULL;
}

/* a word that can't stand as it is: not ASCII, taken for an encoded word, or
 * too long for a line */
static bool needs_encoding(const char *word, size_t size)
{
	return !is_ascii(word, size) || has_encoded_word(word, size) ||
	       size > UNBROKEN_MAX_SIZE;
}

static bool check_text(const char *what, const char *text, struct err *err)
{
	size_t size = strlen(text);

	if (!text_is_utf8(text, size, NULL))
		return err_set(err, ERR_INPUT, "%s: not UTF-8", what);
	if (text_has_control(text, size))
		return err_set(err, ERR_INPUT,
			       "%s: line breaks and control characters are not "
			       "allowed",
			       what);
	return true;
}

/* a name in a header (RFC 2047 5 (3)) allows fewer bytes than a subject; one
 * set serves both */
static bool is_q_literal(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr("!*+-/", byte));
}

static size_t q_size(const char *text, size_t size)
{
	size_t encoded = 0;

	for (size_t i = 0; i < size; i++)
		encoded +=
		    is_q_literal((unsigned char)text[i]) || text[i] == ' ' ? 1
									   : 3;
	return encoded;
}

static size_t b_size(size_t size)
{
	return (size + 2) / 3 * 4;
}

static void add_q(struct fold *fold, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte == ' ')
			buf_addc(fold->out, '_');
		else if (is_q_literal(byte))
			buf_addc(fold->out, (char)byte);
		else
			buf_addf(fold->out, "=%02X", byte);
	}
	fold->column += q_size(text, size);
}

static void add_b(struct fold *fold, const char *text, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		const unsigned char *in = (const unsigned char *)text + i;
		size_t have = size - i < 3 ? size - i : 3;
		unsigned bits = (unsigned)in[0] << 16;

		if (have > 1)
			bits |= (unsigned)in[1] << 8;
		if (have > 2)
			bits |= in[2];
		buf_addc(fold->out, digits[bits >> 18]);
		buf_addc(fold->out, digits[bits >> 12 & 63]);
		buf_addc(fold->out, have > 1 ? digits[bits >> 6 & 63] : '=');
		buf_addc(fold->out, have > 2 ? digits[bits & 63] : '=');
	}
	fold->column += b_size(size);
}

static size_t character_end(const char *text, size_t size, size_t at)
{
	do
		at++;
	while (at < size && ((unsigned char)text[at] & 0xc0) == 0x80);
	return at;
}

/* How many bytes, in whole characters, fit encoded into room columns; rather up
 * to a space, since some readers put one between two encoded words. */
static size_t fitting(const char *text, size_t size, size_t room, bool as_q)
{
	size_t fits = 0, to_space = 0;

	while (fits < size) {
		size_t end = character_end(text, size, fits);

		if ((as_q ? q_size(text, end) : b_size(end)) > room)
			break;
		fits = end;
		if (text[end - 1] == ' ')
			to_space = end;
	}
	return fits < size && to_space > fits / 2 ? to_space : fits;
}

/* Encoded words, each behind a space; white space between two of them is not
 * part of the text (RFC 2047 6.2). Q reads better, B is shorter for scripts
 * other than Latin. */
static void add_encoded(struct fold *fold, const char *text, size_t size)
{
	enum { FRAME = 12 /* =?UTF-8?Q? and ?= */, LEAST_ROOM = 20 };
	size_t q = q_size(text, size), b = b_size(size);
	bool as_q = q <= b;
	size_t least = as_q ? q : b;

	/* rather a new line than a word of a character or two; one character
	 * takes 12 columns at most */
	if (least > LEAST_ROOM)
		least = LEAST_ROOM;
	while (size > 0) {
		if (fold->column + 1 + FRAME + least > LINE_MAX_SIZE)
			fold_break(fold);
		size_t room = LINE_MAX_SIZE - fold->column - 1 - FRAME;
		size_t piece = fitting(text, size, room, as_q);

		fold_add(fold, as_q ? " =?UTF-8?Q?" : " =?UTF-8?B?", FRAME - 1);
		(as_q ? add_q : add_b)(fold, text, piece);
		fold_add(fold, "?=", 2);
		text += piece;
		size -= piece;
	}
}

/* Words that need no encoding, with the spaces between them; a space goes
 * before the first. A line is broken before a space. */
static void add_words(struct fold *fold, const char *text, size_t size)
{
	bool is_first =
	    fold->out->size > 0 && fold->out->data[fold->out->size - 1] == ':';

	for (size_t i = 0; i < size;) {
		size_t spaces = i, end;

		while (spaces < size && text[spaces] == ' ')
			spaces++;
		for (end = spaces; end < size && text[end] != ' '; end++)
			;
		size_t width = end - i + (i == 0 ? 1 : 0);
		/* the first word stays beside the name: a line of white space
		 * alone is not allowed */
		if (!is_first && fold->column + width > LINE_MAX_SIZE)
			fold_break(fold);
		if (i == 0)
			fold_add(fold, " ", 1);
		fold_add(fold, text + i, end - i);
		is_first = false;
		i = end;
	}
}

/* A text in three: words as they are, words to be encoded (from the first to
 * the last that needs it), words as they are. */
struct division {
	size_t before_end;  /* the first part is [0, before_end) */
	size_t start, end;  /* the second; empty if both are the size */
	size_t after_start; /* the third is [after_start, size) */
};

static void find_encoded(const char *text, size_t size, size_t *ret_start,
			 size_t *ret_end)
{
	*ret_start = *ret_end = size;
	for (size_t i = 0; i < size;) {
		size_t end = i;

		while (end < size && text[end] != ' ')
			end++;
		if (end > i && needs_encoding(text + i, end - i)) {
			if (*ret_start == size)
				*ret_start = i;
			*ret_end = end;
		}
		i = end + 1;
	}
}

/* Between two parts, one space is white space that separates words; the spaces
 * beyond it are text, and are encoded. */
static struct division divide(const char *text, size_t size)
{
	struct division d;

	/* a run of spaces can't be broken either */
	if (size > UNBROKEN_MAX_SIZE && memmem(text, size, "        ", 8))
		return (struct division){0, 0, size, size};
	find_encoded(text, size, &d.start, &d.end);
	d.before_end = d.start;
	d.after_start = size;
	if (d.start == size)
		return d;
	while (d.before_end > 0 && text[d.before_end - 1] == ' ')
		d.before_end--;
	if (d.before_end > 0)
		d.start = d.before_end + 1;
	d.after_start = d.end;
	while (d.after_start < size && text[d.after_start] == ' ')
		d.after_start++;
	if (d.after_start < size)
		d.end = d.after_start - 1;
	return d;
}

/* spaces at both ends mean nothing in a header */
static const char *trim(const char *text, size_t *ret_size)
{
	size_t size;

	text += strspn(text, " ");
	for (size = strlen(text); size > 0 && text[size - 1] == ' ';)
		size--;
	*ret_size = size;
	return text;
}

bool mime_header(struct buf *out, const char *name, const char *text,
		 struct err *err)
{
	size_t size;

	if (!check_text(name, text, err))
		return false;
	text = trim(text, &size);
	struct division d = divide(text, size);
	struct fold fold = fold_start(out, name);
	add_words(&fold, text, d.before_end);
	add_encoded(&fold, text + d.start, d.end - d.start);
	add_words(&fold, text + d.after_start, size - d.after_start);
	fold_break(&fold);
	return true;
}

/* --- mailboxes */

/* RFC 5322 3.2.3: what an atom may hold; and the spaces between atoms */
static bool is_phrase(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bool is_space = text[i] == ' ';

		if (is_space && i + 1 < size && text[i + 1] == ' ')
			return false;
		if (!is_space && !(text[i] >= '0' && text[i] <= '9') &&
		    !(text[i] >= 'A' && text[i] <= 'Z') &&
		    !(text[i] >= 'a' && text[i] <= 'z') &&
		    !strchr("!#$%&'*+-/=?^_`{|}~", text[i]))
			return false;
	}
	return true;
}

/* into a quoted string's inside; false: it would be too long for one line */
static bool quote(struct buf *quoted, const char *text, size_t size)
{
	buf_addc(quoted, '"');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\')
			buf_addc(quoted, '\\');
		buf_addc(quoted, text[i]);
	}
	buf_addc(quoted, '"');
	return !quoted->overflow;
}

static void add_display(struct fold *fold, const char *text, size_t size)
{
	struct buf quoted;

	buf_init(&quoted, LINE_MAX_SIZE - 1);
	if (needs_encoding(text, size))
		add_encoded(fold, text, size);
	else if (is_phrase(text, size))
		add_words(fold, text, size);
	else if (!quote(&quoted, text, size))
		add_encoded(fold, text, size);
	else {
		if (fold->column + 1 + quoted.size > LINE_MAX_SIZE)
			fold_break(fold);
		fold_add(fold, " ", 1);
		fold_add(fold, quoted.data, quoted.size);
	}
	buf_done(&quoted);
}

static bool check_mailbox(const char *name, const char *address,
			  struct err *err)
{
	size_t size = strlen(address);
	const char *at = memchr(address, '@', size);

	if (!at || at == address || !at[1] || strchr(at + 1, '@') || size > 320)
		return err_set(err, ERR_INPUT, "%s: no mail address", name);
	for (size_t i = 0; i < size; i++)
		if (address[i] <= ' ' || address[i] > '~' ||
		    strchr("<>()[],;:\\\"", address[i]))
			return err_set(err, ERR_INPUT,
				       "%s: a mail address may not hold that "
				       "character: byte %zu",
				       name, i + 1);
	return true;
}

bool mime_header_mailbox(struct buf *out, const char *name, const char *display,
			 const char *address, struct err *err)
{
	size_t size = 0;

	if (!check_mailbox(name, address, err) ||
	    (display && !check_text(name, display, err)))
		return false;
	if (display)
		display = trim(display, &size);
	struct fold fold = fold_start(out, name);
	if (size > 0)
		add_display(&fold, display, size);
	size_t width = strlen(address) + (size > 0 ? 3 : 1);
	if (size > 0 && fold.column + width > LINE_MAX_SIZE)
		fold_break(&fold);
	fold_add(&fold, size > 0 ? " <" : " ", size > 0 ? 2 : 1);
	fold_add(&fold, address, strlen(address));
	if (size > 0)
		fold_add(&fold, ">", 1);
	fold_break(&fold);
	return true;
}

/* --- parameters */

/* RFC 2231's attribute-char, without what some readers stumble over */
static bool is_attribute_literal(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr("-._", byte));
}

static size_t attribute_size(const char *text, size_t size)
{
	size_t encoded = 0;

	for (size_t i = 0; i < size; i++)
		encoded += is_attribute_literal((unsigned char)text[i]) ? 1 : 3;
	return encoded;
}

static void add_attribute(struct fold *fold, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (is_attribute_literal(byte))
			buf_addc(fold->out, (char)byte);
		else
			buf_addf(fold->out, "%%%02X", byte);
	}
	fold->column += attribute_size(text, size);
}

static size_t attribute_fitting(const char *text, size_t size, size_t room)
{
	size_t fits = 0;

	while (fits < size) {
		size_t end = character_end(text, size, fits);

		if (attribute_size(text, end) > room)
			break;
		fits = end;
	}
	return fits;
}

/* name*=UTF-8''... on a line of its own, or name*0*=, name*1*= ... */
static void add_extended(struct fold *fold, const char *parameter,
			 const char *text, size_t size)
{
	size_t whole = strlen(parameter) + strlen(" *=UTF-8''") +
		       attribute_size(text, size);

	if (whole <= LINE_MAX_SIZE) {
		fold_add(fold, ";", 1);
		fold_break(fold);
		fold_add(fold, " ", 1);
		fold_add(fold, parameter, strlen(parameter));
		fold_add(fold, "*=UTF-8''", 9);
		add_attribute(fold, text, size);
		return;
	}
	for (int part = 0; size > 0; part++) {
		char start[64];
		int length = snprintf(start, sizeof(start), " %s*%d*=%s",
				      parameter, part, part ? "" : "UTF-8''");

		assert(length > 0 && (size_t)length < sizeof(start));
		fold_add(fold, ";", 1);
		fold_break(fold);
		fold_add(fold, start, (size_t)length);
		/* - 1: a ";" follows all but the last */
		size_t piece = attribute_fitting(
		    text, size, LINE_MAX_SIZE - fold->column - 1);
		add_attribute(fold, text, piece);
		text += piece;
		size -= piece;
	}
}

bool mime_header_parameter(struct buf *out, const char *name, const char *value,
			   const char *parameter, const char *text,
			   struct err *err)
{
	size_t size = strlen(text), used = strlen(parameter) + 3;
	struct buf quoted;

	assert(strlen(parameter) <= 32);
	if (!check_text(name, value, err) || !check_text(name, text, err))
		return false;
	struct fold fold = fold_start(out, name);
	add_words(&fold, value, strlen(value));
	buf_init(&quoted, LINE_MAX_SIZE - used);
	if (!needs_encoding(text, size) && quote(&quoted, text, size)) {
		fold_add(&fold, ";", 1);
		if (fold.column + used + quoted.size > LINE_MAX_SIZE)
			fold_break(&fold);
		fold_add(&fold, " ", 1);
		fold_add(&fold, parameter, strlen(parameter));
		fold_add(&fold, "=", 1);
		fold_add(&fold, quoted.data, quoted.size);
	} else {
		add_extended(&fold, parameter, text, size);
	}
	fold_break(&fold);
	buf_done(&quoted);
	return true;
}
