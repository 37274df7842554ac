#include "tools/config_source.h"

#include <string.h>

#include "base/buf.h"
#include "base/problems.h"
#include "base/text.h"

#define DEPTH_MAX 16      /* of brackets; libconfig's own stack is larger */
#define INTEGER_DIGITS 18 /* always fit 64 bits */

struct reader {
	const char *file_name;
	const char *at, *end;
	int line;
	struct buf *out;
	struct problems *problems;
	char open[DEPTH_MAX]; /* the brackets we are in */
	size_t depth;
	char last; /* token's first byte, comments and white space left out */
	bool good;
};

static void complain(struct reader *reader, const char *what)
{
	reader->good = problems_add(reader->problems, reader->file_name,
				    reader->line, "%s", what);
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_word(char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '*';
}

static bool starts(const struct reader *reader, const char *with)
{
	size_t size = strlen(with);

	return (size_t)(reader->end - reader->at) >= size &&
	       memcmp(reader->at, with, size) == 0;
}

/* --- one kind of token each; at is on its first byte --- */

static void read_line_comment(struct reader *reader)
{
	while (reader->at < reader->end && *reader->at != '\n')
		reader->at++;
}

static void read_block_comment(struct reader *reader)
{
	int line = reader->line;

	reader->at += 2;
	while (reader->at < reader->end && !starts(reader, "*/")) {
		if (*reader->at == '\n') {
			buf_addc(reader->out, '\n');
			reader->line++;
		}
		reader->at++;
	}
	if (reader->at < reader->end) {
		reader->at += 2;
		buf_addc(reader->out, ' ');
		return;
	}
	reader->line = line;
	complain(reader, "this comment has no end: */ is missing");
}

static bool is_in_list(const struct reader *reader)
{
	return reader->depth && reader->open[reader->depth - 1] != '{';
}

/* libconfig loses the memory of a text that it meets where none may stand, and
 * joins two of a list between which a comma was forgotten. */
static void check_place(struct reader *reader)
{
	if (reader->last == '"' && is_in_list(reader))
		complain(reader, "a comma is missing between two texts");
	else if (!reader->last || !strchr("\"=:[(,", reader->last) ||
		 (reader->last == ',' && !is_in_list(reader)))
		complain(reader, "a text stands here where none is wanted: is "
				 "a = or a \" missing?");
}

static void read_text(struct reader *reader)
{
	const char *from = reader->at++;

	check_place(reader);
	while (reader->at < reader->end && *reader->at != '"' &&
	       *reader->at != '\n')
		reader->at += *reader->at == '\\' &&
				      reader->at + 1 < reader->end &&
				      reader->at[1] != '\n'
				  ? 2
				  : 1;
	if (reader->at == reader->end || *reader->at == '\n') {
		complain(reader, "a text is not closed on its line: \" is "
				 "missing (a long one may go on in quotes of "
				 "its own on the next line)");
		return;
	}
	reader->at++;
	buf_add(reader->out, from, (size_t)(reader->at - from));
}

static bool is_whole_number(const char *text, size_t size)
{
	if (size && *text == '-') {
		text++;
		size--;
	}
	if (size == 0 || size > INTEGER_DIGITS || (*text == '0' && size > 1))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_digit(text[i]))
			return false;
	return true;
}

static void read_number(struct reader *reader)
{
	const char *from = reader->at++;

	while (reader->at < reader->end &&
	       (is_word(*reader->at) || *reader->at == '.'))
		reader->at++;
	size_t size = (size_t)(reader->at - from);
	if (!is_whole_number(from, size))
		complain(reader, "a whole number is wanted, of at most 18 "
				 "digits, the first of which is not 0");
	buf_add(reader->out, from, size);
	buf_addc(reader->out, 'L');
}

static void read_name(struct reader *reader)
{
	const char *from = reader->at;

	while (reader->at < reader->end &&
	       (is_word(*reader->at) || *reader->at == '-'))
		reader->at++;
	buf_add(reader->out, from, (size_t)(reader->at - from));
	if (!starts(reader, "."))
		return;
	complain(reader, "a setting of a group is written group = { name = "
			 "value; };");
	read_line_comment(reader);
}

static void read_bracket(struct reader *reader)
{
	char byte = *reader->at++;

	buf_addc(reader->out, byte);
	if (!strchr("{[(", byte)) {
		reader->depth -= reader->depth > 0;
		return;
	}
	if (reader->depth < DEPTH_MAX) {
		reader->open[reader->depth++] = byte;
		return;
	}
	complain(reader, "brackets are nested too deep");
	reader->at = reader->end;
}

static void read_other(struct reader *reader)
{
	char byte = *reader->at;

	if (byte == '@')
		complain(reader, "@include is not allowed");
	else if (starts(reader, "\xe2\x80\x9c") ||
		 starts(reader, "\xe2\x80\x9d"))
		complain(reader, "curly quotes are no quotes here: use \"");
	else if (byte == '\'')
		complain(reader, "texts stand in double quotes: use \"");
	else if ((unsigned char)byte >= 0x80)
		complain(reader, "such a character may stand in quotes only");
	else {
		buf_addc(reader->out, byte);
		reader->at++;
		return;
	}
	/* one complaint is enough for the line */
	read_line_comment(reader);
}

static bool read_blank(struct reader *reader)
{
	char byte = *reader->at;

	if (byte == '#' || starts(reader, "//"))
		read_line_comment(reader);
	else if (starts(reader, "/*"))
		read_block_comment(reader);
	else if (byte == ' ' || byte == '\t' || byte == '\n') {
		buf_addc(reader->out, byte);
		reader->line += byte == '\n';
		reader->at++;
	} else if (byte == '\r')
		reader->at++; /* check_bytes: a line feed is next */
	else
		return false;
	return true;
}

static void read_token(struct reader *reader)
{
	char byte = *reader->at;

	if (byte == '"')
		read_text(reader);
	else if (is_digit(byte) || byte == '-' || byte == '+' || byte == '.')
		read_number(reader);
	else if (is_word(byte))
		read_name(reader);
	else if (strchr("{}[]()", byte))
		read_bracket(reader);
	else
		read_other(reader);
	reader->last = byte;
}

/* --- what can be said of bytes, before there are tokens --- */

static bool check_bytes(struct reader *reader)
{
	size_t size = (size_t)(reader->end - reader->at), bad;
	int line = 1;

	if (!text_is_utf8(reader->at, size, &bad)) {
		for (size_t i = 0; i < bad; i++)
			line += reader->at[i] == '\n';
		return problems_add(reader->problems, reader->file_name, line,
				    "this is not UTF-8: save the file as "
				    "UTF-8");
	}
	for (const char *at = reader->at; at < reader->end; at++) {
		size_t left = (size_t)(reader->end - at);

		if (*at == '\n')
			line++;
		else if (*at != '\t' &&
			 !(*at == '\r' && left > 1 && at[1] == '\n') &&
			 text_has_control(at, left < 2        ? left
					      : *at == '\xc2' ? 2
							      : 1))
			return problems_add(reader->problems, reader->file_name,
					    line,
					    "there is a control character");
	}
	return true;
}

bool config_source_prepare(const char *file_name, const char *text, size_t size,
			   struct buf *out, struct problems *problems)
{
	struct reader reader = {
	    .file_name = file_name,
	    .at = text,
	    .end = text + size,
	    .line = 1,
	    .out = out,
	    .problems = problems,
	    .good = true,
	};

	if (starts(&reader, "\xef\xbb\xbf"))
		reader.at += 3;
	if (!check_bytes(&reader))
		return false;
	while (reader.at < reader.end)
		if (!read_blank(&reader))
			read_token(&reader);
	buf_addc(out, '\n');
	return reader.good;
}
