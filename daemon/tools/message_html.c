#include "tools/message_private.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

/* those that notices of failed delivery are full of, in any language */
static const struct {
	const char *name, *text;
} entities[] = {
    {"amp", "&"},         {"lt", "<"},          {"gt", ">"},
    {"quot", "\""},       {"apos", "'"},        {"nbsp", " "},
    {"rsquo", "'"},       {"lsquo", "'"},       {"ldquo", "\""},
    {"rdquo", "\""},      {"ndash", "-"},       {"mdash", "-"},
    {"auml", "\u00e4"},   {"ouml", "\u00f6"},   {"uuml", "\u00fc"},
    {"Auml", "\u00c4"},   {"Ouml", "\u00d6"},   {"Uuml", "\u00dc"},
    {"szlig", "\u00df"},  {"eacute", "\u00e9"}, {"egrave", "\u00e8"},
    {"ecirc", "\u00ea"},  {"agrave", "\u00e0"}, {"acirc", "\u00e2"},
    {"ccedil", "\u00e7"}, {"aacute", "\u00e1"}, {"iacute", "\u00ed"},
    {"oacute", "\u00f3"}, {"uacute", "\u00fa"}, {"ntilde", "\u00f1"},
    {"atilde", "\u00e3"}, {"otilde", "\u00f5"}, {"aring", "\u00e5"},
    {"oslash", "\u00f8"}, {"aelig", "\u00e6"},
};

/* tags that end a line; all others join what stands around them */
static const char *const blocks[] = {
    "p",  "br", "div", "tr",    "li",    "h1",         "h2",
    "h3", "h4", "hr",  "table", "title", "blockquote", "pre",
};

static void add_point(struct buf *out, unsigned long point)
{
	if (point == 0xa0 || point < ' ' || point > 0x10ffff ||
	    (point >= 0xd800 && point < 0xe000)) {
		buf_addc(out, ' ');
	} else if (point < 0x80) {
		buf_addc(out, (char)point);
	} else {
		static const struct {
			unsigned long below;
			unsigned char lead;
			int shift;
		} sizes[] = {{0x800, 0xc0, 6},
			     {0x10000, 0xe0, 12},
			     {0x110000, 0xf0, 18}};
		size_t i = 0;

		while (point >= sizes[i].below)
			i++;
		buf_addc(out, (char)(sizes[i].lead | point >> sizes[i].shift));
		for (int shift = sizes[i].shift - 6; shift >= 0; shift -= 6)
			buf_addc(out, (char)(0x80 | (point >> shift & 0x3f)));
	}
}

/* At "&"; returns how many bytes the entity has, 1 when it is none. */
static size_t add_entity(struct buf *out, const char *at, size_t size)
{
	const char *end = memchr(at, ';', size < 12 ? size : 12);
	size_t length = end ? (size_t)(end - at) - 1 : 0;

	if (end && at[1] == '#') {
		bool is_hex = at[2] == 'x' || at[2] == 'X';

		add_point(out, strtoul(at + (is_hex ? 3 : 2), NULL,
				       is_hex ? 16 : 10));
		return length + 2;
	}
	for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
		if (length > 0 && strlen(entities[i].name) == length &&
		    memcmp(entities[i].name, at + 1, length) == 0) {
			buf_adds(out, entities[i].text);
			return length + 2;
		}
	}
	buf_addc(out, '&');
	return 1;
}

static bool is_tag(const char *at, size_t size, const char *name)
{
	size_t length = strlen(name);

	return size > length && strncasecmp(at, name, length) == 0 &&
	       strchr(" \t\n/>", at[length]);
}

static bool is_block(const char *at, size_t size)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (is_tag(at, size, blocks[i]))
			return true;
	return false;
}

/* The end of what is not shown: a comment, a style, a script. 0: none. */
static size_t hidden_size(const char *at, size_t size)
{
	static const struct {
		const char *tag, *end;
	} hidden[] = {{"style", "</style"}, {"script", "</script"}};
	const char *end = NULL;

	if (size > 4 && memcmp(at, "<!--", 4) == 0) {
		end = memmem(at, size, "-->", 3);
		return end ? (size_t)(end - at) + 3 : size;
	}
	for (size_t i = 0; i < 2; i++) {
		if (!is_tag(at + 1, size - 1, hidden[i].tag))
			continue;
		for (size_t j = 1; j + strlen(hidden[i].end) <= size; j++)
			if (at[j] == '<' &&
			    strncasecmp(at + j, hidden[i].end,
					strlen(hidden[i].end)) == 0)
				return j;
		return size;
	}
	return 0;
}

/* At "<"; returns the bytes of the tag. An address in pointed brackets, which
 * should have been escaped, is text. */
static size_t add_tag(struct buf *out, const char *at, size_t size)
{
	size_t hidden = hidden_size(at, size);
	const char *end = memchr(at, '>', size);
	size_t length = end ? (size_t)(end - at) + 1 : size;
	size_t skip = size > 1 && at[1] == '/' ? 2 : 1;

	if (hidden > 0)
		return hidden;
	if (size < 2 || !strchr("/!?abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
				at[1])) {
		buf_addc(out, '<');
		return 1;
	}
	if (memchr(at, '@', length) && !memchr(at, ' ', length) &&
	    !memchr(at, '=', length)) {
		buf_add(out, at, length);
		return length;
	}
	if (is_block(at + skip, size - skip))
		buf_addc(out, '\n');
	else if (is_tag(at + skip, size - skip, "td"))
		buf_addc(out, ' ');
	return length;
}

void message_html(struct buf *out, const char *html, size_t size)
{
	for (size_t i = 0; i < size && !out->overflow;) {
		char byte = html[i];

		if (byte == '<')
			i += add_tag(out, html + i, size - i);
		else if (byte == '&')
			i += add_entity(out, html + i, size - i);
		else {
			/* a line's end in the source is a blank */
			buf_addc(out, byte == '\n' ? ' ' : byte);
			i++;
		}
	}
}
