#ifndef BASE_WRAP_H
#define BASE_WRAP_H

/*
 * Plain text in lines of so many columns, for mail. A column is a code point:
 * what a terminal makes of a wide character is not known here. Pure; any
 * thread.
 *
 *	wrap_lines(&out, "* See the child alone.\n", 23, 12);
 *		* See the
 *		  child
 *		  alone.
 */
#include <stddef.h>

struct buf;

int wrap_columns(const char *text, size_t size);

/* UTF-8 text with its lines broken at spaces where they are longer than width.
 * What follows is indented as the line's own text is, behind "* " or "- ". A
 * word that is too long stays whole, and so does a line that four blanks begin
 * (code). Nothing but spaces and line ends is added or taken. */
void wrap_lines(struct buf *out, const char *text, size_t size, int width);

#endif
