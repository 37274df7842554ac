#include "tools/markdown.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmark.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/wrap.h"
#include "tools/markdown_tree.h"

/* What stands in front of each line within a quote or an item. */
struct level {
	char first[16], next[16];
	bool started; /* first has been written */
};

struct plain {
	struct buf *out;
	int width;
	struct markdown_outline outline;
	struct level levels[MARKDOWN_DEPTH_MAX + 1];
	int depth;
	bool blank_due;       /* between this block and the next */
	struct buf paragraph; /* its words; LF is a break that stays */
	size_t link_start;    /* in paragraph */
	struct buf row;
};

static void plain_row(struct plain *t, const char *text, size_t size)
{
	buf_clear(&t->row);
	for (int i = 0; i < t->depth; i++) {
		struct level *level = &t->levels[i];

		buf_adds(&t->row, level->started ? level->next : level->first);
		level->started = true;
	}
	buf_add(&t->row, text, size);
	while (t->row.size > 0 && t->row.data[t->row.size - 1] == ' ')
		t->row.size--;
	buf_add(t->out, t->row.data, t->row.size);
	buf_addc(t->out, '\n');
}

/* An empty line before a block, if one is due: it belongs to what is open
 * already, not to the quote or item that begins with the block. */
static void plain_gap(struct plain *t)
{
	int depth = t->depth;

	if (t->blank_due) {
		for (t->depth = 0;
		     t->depth < depth && t->levels[t->depth].started;)
			t->depth++;
		plain_row(t, "", 0);
		t->depth = depth;
	}
	t->blank_due = false;
}

static int room(const struct plain *t)
{
	int used = 0;

	for (int i = 0; i < t->depth; i++)
		used += (int)strlen(t->levels[i].next);
	return t->width - used < 20 ? 20 : t->width - used;
}

/* Writes one line of the paragraph as rows; returns the widest one's columns.
 * Only a space parts words: a no-break space does not. */
static int plain_wrap_line(struct plain *t, const char *text, size_t size)
{
	int limit = room(t), widest = 0, width = 0;
	struct buf words;

	buf_init(&words, size + 1);
	for (size_t i = 0; i < size;) {
		size_t end = i;

		while (end < size && text[end] != ' ')
			end++;
		int word = wrap_columns(text + i, end - i);
		if (width > 0 && width + 1 + word > limit) {
			plain_row(t, words.data, words.size);
			buf_clear(&words);
			width = 0;
		}
		if (word > 0) {
			if (width > 0)
				buf_addc(&words, ' ');
			buf_add(&words, text + i, end - i);
			width += word + (width > 0);
		}
		if (width > widest)
			widest = width;
		i = end + 1;
	}
	plain_row(t, words.data, words.size);
	buf_done(&words);
	return widest;
}

static int plain_wrap(struct plain *t)
{
	const char *text = t->paragraph.data;
	const char *end = text + t->paragraph.size;
	int widest = 0;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		if (!stop)
			stop = end;
		int width = plain_wrap_line(t, text, (size_t)(stop - text));
		if (width > widest)
			widest = width;
		text = stop + 1;
	}
	buf_clear(&t->paragraph);
	return widest;
}

static void plain_paragraph(struct plain *t, cmark_node *node)
{
	/* nothing but an HTML tag, say */
	if (t->paragraph.size == 0)
		return;
	plain_gap(t);
	plain_wrap(t);
	t->blank_due = !markdown_tree_is_tight(node);
}

static void plain_heading(struct plain *t, cmark_node *node)
{
	char line[81];

	if (t->paragraph.size == 0)
		return;
	plain_gap(t);
	int width = plain_wrap(t);
	if (width > (int)sizeof(line) - 1)
		width = (int)sizeof(line) - 1;
	memset(line, markdown_tree_rank(&t->outline, node) == 1 ? '=' : '-',
	       sizeof(line));
	plain_row(t, line, (size_t)width);
	t->blank_due = true;
}

static void plain_code(struct plain *t, cmark_node *node)
{
	plain_gap(t);
	markdown_tree_text(&t->paragraph, cmark_node_get_literal(node), true);
	char *rest = t->paragraph.data;
	if (t->paragraph.size > 0 && rest[t->paragraph.size - 1] == '\n')
		rest[t->paragraph.size - 1] = '\0';
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *row = line;
		struct buf indented;

		buf_init(&indented, strlen(row) + 5);
		buf_addf(&indented, "    %s", row);
		plain_row(t, indented.data, indented.size);
		buf_done(&indented);
	}
	buf_clear(&t->paragraph);
	t->blank_due = true;
}

static void plain_push(struct plain *t, const char *first, const char *next)
{
	struct level *level = &t->levels[t->depth++];

	level->started = false;
	snprintf(level->first, sizeof(level->first), "%s", first);
	snprintf(level->next, sizeof(level->next), "%s", next);
}

static void plain_pop(struct plain *t)
{
	if (!t->levels[t->depth - 1].started) { /* it is empty */
		plain_gap(t);
		plain_row(t, "", 0);
		t->blank_due = true;
	}
	t->depth--;
}

static void plain_item(struct plain *t, cmark_node *item)
{
	cmark_node *list = cmark_node_parent(item);
	char first[16] = "- ";

	if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST) {
		/* the list's user data counts its items */
		intptr_t count = (intptr_t)cmark_node_get_user_data(list);

		snprintf(first, sizeof(first), "%jd. ",
			 (intmax_t)(cmark_node_get_list_start(list) + count));
		cmark_node_set_user_data(list, (void *)(count + 1));
	}
	int width = (int)strlen(first);
	char next[16];
	snprintf(next, sizeof(next), "%*s", width, "");
	plain_push(t, first, next);
}

/* "words (URL)", but not where the words are the URL */
static void plain_link_end(struct plain *t, cmark_node *node)
{
	const char *url = cmark_node_get_url(node);
	const char *words = t->paragraph.data + t->link_start;

	if (!markdown_tree_is_link(node) || !strcmp(words, url) ||
	    (!strncasecmp(url, "mailto:", 7) && !strcmp(words, url + 7)))
		return;
	bool has_words = *words != '\0';
	if (has_words)
		buf_adds(&t->paragraph, " (");
	markdown_tree_url(&t->paragraph, url);
	if (has_words)
		buf_addc(&t->paragraph, ')');
}

static void plain_inline(struct plain *t, cmark_node *node, bool entering)
{
	cmark_node_type type = cmark_node_get_type(node);

	if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE)
		markdown_tree_text(&t->paragraph, cmark_node_get_literal(node),
				   false);
	else if (type == CMARK_NODE_SOFTBREAK)
		buf_addc(&t->paragraph, ' ');
	else if (type == CMARK_NODE_LINEBREAK)
		buf_addc(&t->paragraph, '\n');
	else if (type == CMARK_NODE_LINK && entering)
		t->link_start = t->paragraph.size;
	else if (type == CMARK_NODE_LINK)
		plain_link_end(t, node);
}

static void plain_enter(struct plain *t, cmark_node *node)
{
	switch ((int)cmark_node_get_type(node)) {
	case CMARK_NODE_BLOCK_QUOTE:
		plain_push(t, "> ", "> ");
		return;
	case CMARK_NODE_ITEM:
		plain_item(t, node);
		return;
	case CMARK_NODE_CODE_BLOCK:
		plain_code(t, node);
		return;
	case CMARK_NODE_THEMATIC_BREAK:
		plain_gap(t);
		plain_row(t, "----------", 10);
		t->blank_due = true;
		return;
	default:
		plain_inline(t, node, true);
	}
}

static void plain_leave(struct plain *t, cmark_node *node)
{
	switch ((int)cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		plain_paragraph(t, node);
		return;
	case CMARK_NODE_HEADING:
		plain_heading(t, node);
		return;
	case CMARK_NODE_BLOCK_QUOTE:
		plain_pop(t);
		return;
	case CMARK_NODE_ITEM:
		plain_pop(t);
		if (cmark_node_get_list_tight(cmark_node_parent(node)))
			t->blank_due = false;
		return;
	case CMARK_NODE_LIST:
		t->blank_due = !markdown_tree_is_tight(node);
		return;
	default:
		plain_inline(t, node, false);
	}
}

bool markdown_to_text(const char *text, size_t size, int width, struct buf *out,
		      struct err *err)
{
	struct plain t = {.out = out, .width = width};

	assert(width >= 20);
	cmark_node *root = markdown_tree_parse(text, size, &t.outline, err);
	if (!root)
		return false;
	buf_init(&t.paragraph, MARKDOWN_PARAGRAPH_MAX);
	buf_init(&t.row, MARKDOWN_PARAGRAPH_MAX);
	cmark_iter *iter = cmark_iter_new(root);
	cmark_event_type event;
	while (!out->overflow && !t.paragraph.overflow &&
	       (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);

		if (event == CMARK_EVENT_ENTER)
			plain_enter(&t, node);
		else
			plain_leave(&t, node);
	}
	cmark_iter_free(iter);
	cmark_node_free(root);
	bool overflow = out->overflow || t.paragraph.overflow;
	buf_done(&t.paragraph);
	buf_done(&t.row);
	return !overflow ||
	       err_set(err, ERR_FULL, "the text is longer than %zu bytes",
		       out->ceiling);
}
