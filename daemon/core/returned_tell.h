#ifndef CORE_RETURNED_TELL_H
#define CORE_RETURNED_TELL_H

/*
 * What the owner of a list is told of a mail that came back: a person's reply
 * is passed on as it was sent, a report of spam is told. Each once. Part of
 * core/returned: in its transaction.
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct digest_context;
struct err;
struct returned_mail;

/* The delivery that it is about. */
struct returned_about {
	int64_t delivery_id;        /* 0: none of ours, the rest is "" */
	const char *list_name;      /* "": of none */
	const char *address, *name; /* to whom it went; "": erased */
	int64_t sent_at;            /* 0: not known to have left */
	bool is_notice;
	/* of a rehearsal and the board is live now, or the reverse: the person
	 * that it names may never have had it */
	bool is_other_mode;
};

/*
 * *ret_is_told false: it is one for a person to read in the mailbox. That is a
 * reply of which the whole is not there or whose author can't be answered; and,
 * against loops, one that answers a notice, comes from the owner or from this
 * board, or from an author of whom RETURNED_REPLIES_A_DAY were passed on in a
 * day: machines answer too, and not all of them say so. An author is forged
 * easily, and nobody's outbox are we: so many are passed on of all authors a
 * day, to one owner of all their lists, and few that answer no mail of ours.
 * When one of these is reached, the owner is told once that day; what is not
 * passed on waits in the mailbox.
 */
#define RETURNED_REPLIES_A_DAY 10
#define RETURNED_OWNER_REPLIES_A_DAY 30
#define RETURNED_ALL_REPLIES_A_DAY 200
#define RETURNED_UNASKED_A_DAY 20
bool returned_tell_reply(struct db *db, const struct digest_context *context,
			 const struct returned_mail *mail,
			 const struct returned_about *about, bool *ret_is_told,
			 struct err *err);

/* Once for a delivery; of a notice, or of the other mode, it is only recorded.
 */
bool returned_tell_abuse(struct db *db, const struct digest_context *context,
			 const struct returned_about *about, struct err *err);

#endif
