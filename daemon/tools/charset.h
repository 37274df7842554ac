#ifndef TOOLS_CHARSET_H
#define TOOLS_CHARSET_H

/*
 * What mail is written in, as UTF-8 (iconv). Holds no state of ours; any
 * thread.
 *
 *	charset_to_utf8(&out, "koi8-r", bytes, size);
 */
#include <stddef.h>

struct buf;

/* Appends the bytes as UTF-8 without NUL. charset may be NULL or one that
 * nobody knows: the bytes are then UTF-8 if they are well-formed, else
 * Windows-1252, which also stands for ASCII and ISO 8859-1 as all readers have
 * it. What is no character of the charset becomes U+FFFD. */
void charset_to_utf8(struct buf *out, const char *charset, const char *bytes,
		     size_t size);

/* Has the C library load the tables of the usual charsets, which are files: for
 * a process that may open none later. */
void charset_prepare(void);

#endif
