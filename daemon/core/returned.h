#ifndef CORE_RETURNED_H
#define CORE_RETURNED_H

/*
 * A mail of the bounce mailbox, recorded: once, however often it is read. It
 * is matched to its delivery by the token of the envelope sender, else by our
 * Message-ID, both of which nobody can forge; the delivery becomes bounced,
 * the address is counted against (core/suppression.h), an event says so.
 * Delays, receipts and what machines answer count as nothing; what a person
 * wrote may confirm (core/reply.h), and else goes to the owner of their list
 * as it is, who is told of reports of spam, too (core/returned_tell.h). What
 * can't be used waits for a person in a folder of the mailbox.
 *
 *	returned_find(db, sha256, &outcome, err)
 *	if (!outcome.is_recorded) ... the errand reads it ...
 *		returned_record(db, &context, &keys, &mail, &outcome, err)
 *
 * Loop thread. The mailbox is told only after the commit.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bounce.h"
#include "core/reply.h"

struct arena;
struct db;
struct digest_context;
struct err;
struct link_keys;

struct returned_mail {
	const char *sha256; /* hex, of the bytes that were read */
	const char *place;  /* in the mailbox, for a person who looks for it */
	const struct bounce_mail *read;
	/* the whole of a reply, to be passed on; NULL: it is too large */
	const void *bytes;
	size_t size;
};

struct returned_outcome {
	bool is_recorded;   /* false: its delivery is being sent; try later */
	bool is_understood; /* false: it waits for a person */
	bool is_suppressed; /* from now on, by this mail */
	enum bounce_kind kind;
	enum bounce_class cls;
	enum reply_answer answer;
	int64_t returned_id, delivery_id; /* 0: of none of ours */
};

/* Was it recorded before? Then only is_recorded, is_understood, returned_id and
 * delivery_id are told. */
bool returned_find(struct db *db, const char *sha256,
		   struct returned_outcome *ret, struct err *err);

/* In the caller's transaction; a mail that was recorded before is found. */
bool returned_record(struct db *db, const struct digest_context *context,
		     const struct link_keys *keys,
		     const struct returned_mail *mail,
		     struct returned_outcome *ret, struct err *err);

struct returned_item {
	int64_t delivery_id, recorded_at, suppressed_at; /* 0: mail is sent */
	const char *kind, *cls;     /* NULL: it was not returned */
	const char *address, *name; /* "": erased */
	const char *status, *text;
	const char *notice; /* its kind (core/notice.h); "": a digest's */
	int code;
};
/* What came back of a list's mails and notices, or was refused at once (kind
 * "refused"), and counts; newest first. */
bool returned_load_list(struct db *db, int64_t list_id, size_t max,
			struct arena *arena, struct returned_item **ret,
			size_t *ret_count, struct err *err);

/* In the caller's transaction: the mailbox was looked at. problem NULL: all is
 * well. */
bool returned_look(struct db *db, const char *problem, int64_t now,
		   struct err *err);

struct returned_counts {
	int64_t looked_at;   /* 0: never */
	const char *problem; /* NULL: none */
	/* understood, by kind; replies are those that were passed on */
	int64_t bounced, replies, abuse, nothing;
	/* replies that confirmed, that did not, and whose author nobody vouched
	 * for: those were passed on, too */
	int64_t confirmed, declined, unproved;
	int64_t not_understood, suppressed;
};
bool returned_count(struct db *db, struct arena *arena,
		    struct returned_counts *ret, struct err *err);

#endif
