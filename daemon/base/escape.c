#include "base/escape.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

static const char *html_of(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* what needs nothing is added whole: pages are mostly that */
void escape_html(struct buf *out, const char *text, size_t size)
{
	size_t from = 0;

	for (size_t i = 0; i < size; i++) {
		const char *html = html_of(text[i]);

		if (!html)
			continue;
		buf_add(out, text + from, i - from);
		buf_adds(out, html);
		from = i + 1;
	}
	buf_add(out, text + from, size - from);
}

static bool has_any(const char *text, size_t size, const char *bytes)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] && strchr(bytes, text[i]))
			return true;
	return false;
}

void escape_csv(struct buf *out, const char *text, size_t size)
{
	bool formula = size > 0 && has_any(text, 1, "=+-@\t\r");
	bool quote = has_any(text, size, ",\"\r\n") ||
		     (size > 0 && (text[0] == ' ' || text[size - 1] == ' '));

	if (quote)
		buf_addc(out, '"');
	if (formula)
		buf_addc(out, '\'');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, text[i]);
	}
	if (quote)
		buf_addc(out, '"');
}

void escape_path(struct buf *out, const char *text, size_t size)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (size_t i = 0; i < size; i++) {
		if (text[i] && strchr(plain, text[i]))
			buf_addc(out, text[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)text[i]);
	}
}
