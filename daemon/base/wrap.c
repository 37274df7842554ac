#include "base/wrap.h"

#include <string.h>

#include "base/buf.h"

#define CODE_INDENT 4

int wrap_columns(const char *text, size_t size)
{
	int count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

static size_t count_spaces(const char *text, size_t size)
{
	size_t count = 0;

	while (count < size && text[count] == ' ')
		count++;
	return count;
}

/* where the line's own text begins */
static size_t find_text(const char *line, size_t size)
{
	size_t at = count_spaces(line, size);

	if (size - at >= 2 && (line[at] == '*' || line[at] == '-') &&
	    line[at + 1] == ' ')
		at += 2;
	return at;
}

/* The size of a row that fits: up to the last space behind the first word
 * within width, else up to the next one. */
static size_t fit(const char *text, size_t size, int width)
{
	size_t good = 0;
	int columns = 0;

	for (size_t i = 0; i < size; i++) {
		if (columns > width && good > 0)
			return good;
		if (text[i] == ' ' && (columns <= width || good == 0))
			good = i;
		columns += wrap_columns(text + i, 1);
	}
	return columns > width && good > 0 ? good : size;
}

static size_t trimmed(const char *text, size_t size)
{
	while (size > 0 && text[size - 1] == ' ')
		size--;
	return size;
}

static void wrap_line(struct buf *out, const char *line, size_t size, int width)
{
	size_t indent = find_text(line, size);

	if (count_spaces(line, size) >= CODE_INDENT ||
	    wrap_columns(line, size) <= width) {
		buf_add(out, line, size);
		return;
	}
	buf_add(out, line, indent);
	line += indent;
	size -= indent;
	while (size > 0) {
		size_t row = fit(line, size, width - (int)indent);

		buf_add(out, line, trimmed(line, row));
		row += count_spaces(line + row, size - row);
		line += row;
		size -= row;
		if (size > 0)
			buf_addf(out, "\n%*s", (int)indent, "");
	}
}

void wrap_lines(struct buf *out, const char *text, size_t size, int width)
{
	while (size > 0) {
		const char *stop = memchr(text, '\n', size);
		size_t line = stop ? (size_t)(stop - text) : size;

		wrap_line(out, text, line, width);
		if (!stop)
			return;
		buf_addc(out, '\n');
		text += line + 1;
		size -= line + 1;
	}
}
