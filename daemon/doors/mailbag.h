#ifndef DOORS_MAILBAG_H
#define DOORS_MAILBAG_H

/*
 * Mails on their way from a mailbox to the loop: what an errand that fetches
 * writes, and how the loop takes them out one by one. Each has its place in the
 * mailbox, by which it is marked later, and the bytes that were read of it.
 *
 *	mailbag_open(out, true);
 *	mailbag_put(out, "1284 17", bytes, size);
 *	...
 *	struct mailbag bag = {text, size};
 *	if (!mailbag_begin(&bag, &can_wait)) ...
 *	while (mailbag_take(&bag, &mail)) ...
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;

#define MAILBAG_PLACE_SIZE 256

/* what is left of it */
struct mailbag {
	const char *text;
	size_t size;
};

struct mailbag_mail {
	char place[MAILBAG_PLACE_SIZE];
	const char *data; /* in the bag */
	size_t size;
};

/* can_wait: the mailbox tells of new mail by itself (IMAP's IDLE). */
void mailbag_open(struct buf *out, bool can_wait);
/* A place that is too long or has a control character is no mail's of ours: it
 * is left out, and false. */
bool mailbag_put(struct buf *out, const char *place, const char *data,
		 size_t size);

/* false: that is no mailbag */
bool mailbag_begin(struct mailbag *bag, bool *ret_can_wait);
/* false: it is empty, or cut off */
bool mailbag_take(struct mailbag *bag, struct mailbag_mail *ret);

#endif
