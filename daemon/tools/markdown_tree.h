#ifndef TOOLS_MARKDOWN_TREE_H
#define TOOLS_MARKDOWN_TREE_H

/*
 * What markdown.c (HTML) and markdown_text.c (plain text) share: the checked
 * text as cmark's tree, and what the tree doesn't say by itself. Nobody else's.
 */
#include <stdbool.h>
#include <stddef.h>

#include "tools/markdown.h"

struct cmark_node;

/* the words of one paragraph and the URLs of its links */
#define MARKDOWN_PARAGRAPH_MAX (4 * MARKDOWN_SIZE_MAX)

/* what has to be known of the whole text before it is written */
struct markdown_outline {
	int deepest;
	bool levels[7]; /* headings found, from 1 */
};

/* The tree is the caller's to cmark_node_free. NULL: what markdown_to_html
 * refuses. */
struct cmark_node *markdown_tree_parse(const char *text, size_t size,
				       struct markdown_outline *ret_outline,
				       struct err *err);

/* 1 for the highest heading found, 2 for the next one found ... */
int markdown_tree_rank(const struct markdown_outline *outline,
		       struct cmark_node *heading);

/* Is it in an item of a list that was written without blank lines? */
bool markdown_tree_is_tight(struct cmark_node *node);

/* Does the link go where links may go? */
bool markdown_tree_is_link(struct cmark_node *link);

/* Percent-encodes what can't stand in a URL: cmark has undone the author's
 * escapes. No quote, angle bracket, space or byte above ASCII comes out. */
void markdown_tree_url(struct buf *out, const char *url);

/* Adds text without control characters, which "&#1;" may have brought. LF and
 * TAB stay in code, elsewhere they are blanks. */
void markdown_tree_text(struct buf *out, const char *text, bool is_code);

#endif
