#ifndef DOORS_IMAP_LINE_H
#define DOORS_IMAP_LINE_H

/*
 * The connection under IMAP: made, checked and logged in by libcurl, then read
 * and written as a stream of libetpan's. A part of doors/imap.
 */
#include <stdbool.h>

struct err;
struct imap_account;
struct imap_line;

struct imap_line *imap_line_open(const struct imap_account *account,
				 struct err *err);
/* What to give mailimap_connect; it says first that we are logged in already.
 * The stream's user closes it, and the line with it. */
struct _mailstream *imap_line_stream(struct imap_line *line);

/* Is something to be read within so many milliseconds? */
bool imap_line_wait(struct imap_line *line, int timeout_ms);

#endif
