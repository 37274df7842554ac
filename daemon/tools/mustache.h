#ifndef TOOLS_MUSTACHE_H
#define TOOLS_MUSTACHE_H

/*
 * The engine below tools/template: kainjow's Mustache, which is C++, behind
 * four C functions. No exception leaves them. It trusts its input: what
 * template.c has checked and flattened, with no partials and few nested
 * sections. One thread at a time.
 *
 * kainjow drops a line that shows nothing but white space when a section began
 * or ended on it, while it renders, which takes blank lines that were meant;
 * and it keeps the line of a section that is not shown. So template.c takes out
 * the lines of tags itself, and sets MUSTACHE_KEEP before every line feed and
 * at the end, so that no line is ever blank to kainjow; and behind partials, so
 * that a brace that ends one and a brace behind it are no tag. The byte does
 * not reach the output.
 */
#include <stdbool.h>
#include <stddef.h>

#define MUSTACHE_KEEP '\x01'

struct buf;
struct err;
struct mustache;
struct view;

/* What is done to a text that {{key}} shows. */
typedef void mustache_escape(struct buf *out, const char *text, size_t size);

/* NULL on failure. */
struct mustache *mustache_new(const char *text, size_t size, struct err *err);
void mustache_free(struct mustache *mustache);

/* Appends to out; ERR_FULL at its ceiling. escape NULL: nothing is done. */
bool mustache_render(struct mustache *mustache, const struct view *view,
		     mustache_escape *escape, struct buf *out, struct err *err);

#endif
