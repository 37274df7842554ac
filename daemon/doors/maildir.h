#ifndef DOORS_MAILDIR_H
#define DOORS_MAILDIR_H

/*
 * A Maildir (https://cr.yp.to/proto/maildir.html), read and tidied up by an
 * errand. A mail's place is its name without flags. What was dealt with is
 * moved, so that all that stands in new/ and cur/ is still to do. Blocking;
 * holds no state.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/* The first max_size bytes of at most max mails, as a mailbag (doors/mailbag),
 * newly arrived ones first. ERR_GONE: there is no Maildir. */
bool maildir_fetch(const char *path, size_t max, size_t max_size,
		   struct buf *out, struct err *err);

/* One of them, as far as max_size: an empty mailbag when it is gone. */
bool maildir_fetch_one(const char *path, const char *place, size_t max_size,
		       struct buf *out, struct err *err);

/* Into the Maildir++ folder of that name below it, as one that was seen; the
 * folder is made. One that is gone was dealt with by someone else: fine. */
bool maildir_move(const char *path, const char *place, const char *folder,
		  struct err *err);

#endif
