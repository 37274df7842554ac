#include "base/escape.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

void escape_html(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		switch (text[i]) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		case '\'':
			buf_adds(out, "&#39;");
			break;
		default:
			buf_addc(out, text[i]);
		}
	}
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
