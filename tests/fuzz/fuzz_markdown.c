/* Whatever the text, the HTML holds only our tags, balanced, and links only to
 * where links may go; the plain text is UTF-8 without control characters. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wrap.h"
#include "tools/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const tags[] = {
    "h3", "h4", "h5", "h6",  "p",    "blockquote", "ul",
    "ol", "li", "em", "pre", "code", "a",          "strong",
};

static size_t find_tag(const char *name, size_t size)
{
	size_t i = 0;

	while (i < sizeof(tags) / sizeof(*tags) &&
	       (strlen(tags[i]) != size || memcmp(tags[i], name, size) != 0))
		i++;
	assert(i < sizeof(tags) / sizeof(*tags));
	return i;
}

static void check_attributes(size_t tag, const char *rest)
{
	const char *start = " start=\"", *href = " href=\"";
	bool is_link = !strcmp(tags[tag], "a");

	if (*rest == '>') {
		assert(!is_link);
		return;
	}
	if (is_link) {
		assert(text_starts(rest, href));
		rest += strlen(href);
		assert(!strncasecmp(rest, "http://", 7) ||
		       !strncasecmp(rest, "https://", 8) ||
		       !strncasecmp(rest, "mailto:", 7));
	} else {
		assert(!strcmp(tags[tag], "ol") && text_starts(rest, start));
		rest += strlen(start);
	}
	assert(text_starts(strchr(rest, '"'), "\">"));
}

static void check_html(const char *html)
{
	size_t open[4096], depth = 0;

	for (const char *at = html; (at = strchr(at, '<')); at++) {
		const char *name = at + 1 + (at[1] == '/');
		size_t size = strcspn(name, " >");

		if (text_starts(at, "<hr>") || text_starts(at, "<br>"))
			continue;
		size_t tag = find_tag(name, size);
		if (at[1] == '/') {
			assert(depth > 0 && open[--depth] == tag);
			continue;
		}
		check_attributes(tag, name + size);
		assert(depth < sizeof(open) / sizeof(*open));
		open[depth++] = tag;
	}
	assert(depth == 0);
}

static void check_text(const struct buf *text)
{
	assert(text_is_utf8(text->data, text->size, NULL));
	for (size_t i = 0; i < text->size; i++)
		assert(text->data[i] == '\n' || text->data[i] == '\t' ||
		       !text_has_control(text->data + i,
					 text->size - i > 1 ? 2 : 1) ||
		       (text->data[i + 1] & 0x80) == 0);
	assert(text->size == 0 || text->data[text->size - 1] == '\n');
}

static size_t next_visible(const char *text, size_t size, size_t at)
{
	while (at < size && (text[at] == ' ' || text[at] == '\n'))
		at++;
	return at;
}

/* Only spaces and line ends may differ. */
static void check_wrap(const char *text, size_t size)
{
	struct buf out;
	size_t i = 0, j = 0;

	buf_init(&out, 4 * 1024 * 1024);
	wrap_lines(&out, text, size, 30);
	for (;; i++, j++) {
		i = next_visible(text, size, i);
		j = next_visible(out.data, out.size, j);
		if (i == size || j == out.size)
			break;
		assert(text[i] == out.data[j]);
	}
	assert(i == size && j == out.size);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = {0};
	struct buf out;

	buf_init(&out, 4 * 1024 * 1024);
	if (markdown_to_html(text, size, 3, NULL, &out, &err)) {
		assert(text_is_utf8(out.data, out.size, NULL));
		assert(strlen(out.data) == out.size);
		check_html(out.data);
	} else {
		assert(err.kind != ERR_NONE && *err.text);
	}
	buf_clear(&out);
	if (markdown_to_text(text, size, 40, &out, NULL))
		check_text(&out);
	check_wrap(text, size);
	buf_done(&out);
	return 0;
}
