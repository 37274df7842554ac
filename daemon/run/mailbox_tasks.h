#ifndef RUN_MAILBOX_TASKS_H
#define RUN_MAILBOX_TASKS_H

/*
 * The mailbox's errands, both sides: the orders that the loop writes, and what
 * the child does with them. None understands a mail: that is read-mail's, which
 * has no network. An order is JSON, with the password in it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/bounce.h"

struct buf;
struct err;
struct json_value;
struct mailbox_settings;

#define MAILBOX_FETCH_MAX 20
#define MAILBOX_BAG_MAX ((size_t)MAILBOX_FETCH_MAX * (BOUNCE_MAIL_MAX + 1024))
#define MAILBOX_WHOLE_MAX ((size_t)10 * 1024 * 1024) /* of a reply */
#define MAILBOX_WHOLE_BAG_MAX (MAILBOX_WHOLE_MAX + 1024)
#define MAILBOX_WAIT_S (5 * 60)

#define MAILBOX_DONE "briefingd-done"
#define MAILBOX_NOT_UNDERSTOOD "briefingd-not-understood"

/* secret: password or token. moves: a list of mailbox_move, taken, or NULL.
 * free() it, wiped. */
char *mailbox_order(const struct mailbox_settings *mailbox, const char *secret,
		    struct json_value *moves);
/* which mail goes where */
struct json_value *mailbox_move(const char *place, const char *folder);

/* The tasks, as struct errand_task wants them. Those that fetch answer with a
 * mailbag: of the first BOUNCE_MAIL_MAX bytes of each mail, or of the whole one
 * that stands first in the moves, as far as MAILBOX_WHOLE_MAX. imap-wait
 * answers "new" or nothing. */
bool mailbox_imap_fetch(const char *input, size_t size, struct buf *out,
			struct err *err);
bool mailbox_imap_move(const char *input, size_t size, struct buf *out,
		       struct err *err);
bool mailbox_imap_wait(const char *input, size_t size, struct buf *out,
		       struct err *err);
bool mailbox_maildir_fetch(const char *input, size_t size, struct buf *out,
			   struct err *err);
bool mailbox_imap_fetch_whole(const char *input, size_t size, struct buf *out,
			      struct err *err);
bool mailbox_maildir_fetch_whole(const char *input, size_t size,
				 struct buf *out, struct err *err);
bool mailbox_maildir_move(const char *input, size_t size, struct buf *out,
			  struct err *err);

#endif
