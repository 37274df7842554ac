#ifndef CORE_BOUNCE_H
#define CORE_BOUNCE_H

/*
 * What comes back: one mail of the bounce mailbox, understood. The bytes are a
 * stranger's, so they are read in a child (the errand "read-mail", which may
 * only compute) and its answer comes as JSON. Pure functions, any thread; what
 * they return lives in the arena.
 *
 *	errands_give(errands, "read-mail", mail, size, ...);
 *	...
 *	struct bounce_mail read;
 *	if (!bounce_parse(answer->text, answer->size, arena, &read, err)) ...
 *	for (size_t i = 0; i < read.count; i++)
 *		if (read.readings[i].kind == BOUNCE_RETURNED) ...
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct authentic_mark;
struct buf;
struct err;

/* Of a longer mail only so many bytes are looked at: what is told of a failure
 * stands before the mail that is returned. */
#define BOUNCE_MAIL_MAX ((size_t)256 * 1024)

#define BOUNCE_STATUS_SIZE 16
#define BOUNCE_TEXT_SIZE 256
#define BOUNCE_ADDRESS_SIZE 255
#define BOUNCE_READINGS_MAX 100 /* recipients told by one mail */
#define BOUNCE_NAMES_MAX 100    /* tokens, and message ids */
#define BOUNCE_LINE_SIZE 128

enum bounce_kind {
	BOUNCE_UNKNOWN,    /* not understood: for a person to look at */
	BOUNCE_RETURNED,   /* could not be delivered, for good */
	BOUNCE_DELAYED,    /* not yet delivered: counts as nothing */
	BOUNCE_AUTO_REPLY, /* a machine answered: counts as nothing */
	BOUNCE_ABUSE,      /* the recipient called it spam (RFC 5965) */
	BOUNCE_REPLY,      /* a person wrote: for the list's owner */
	BOUNCE_RECEIPT,    /* read, delivered, relayed: counts as nothing */
};

/* Why it was returned. */
enum bounce_class {
	BOUNCE_NO_CLASS, /* it was not returned */
	BOUNCE_HARD,     /* there is no such mailbox or domain (any more) */
	BOUNCE_SOFT,     /* full, too large, unreachable: may pass */
	BOUNCE_BLOCK,    /* policy, reputation, content: says nothing of them */
};

/* What one mail says of one recipient. */
struct bounce_reading {
	enum bounce_kind kind;
	enum bounce_class cls;
	char status[BOUNCE_STATUS_SIZE];     /* "5.1.1" (RFC 3463) or "" */
	int code;                            /* SMTP reply, 550; or 0 */
	char text[BOUNCE_TEXT_SIZE];         /* the reason as it was told */
	char recipient[BOUNCE_ADDRESS_SIZE]; /* who, or "" if not told */
};

/* What there is to know of a person's reply, of which core/reply.h says whether
 * it confirms. Of any other mail nothing. */
struct bounce_reply {
	/* the first line that its author wrote: not quoted, and cut */
	char line[BOUNCE_LINE_SIZE];
	bool has_one_author; /* From names one address, and no second */
	bool is_of_list;     /* a mailing list passed it on */
	int64_t received_at; /* core/authentic.h, and these */
	const struct authentic_mark *marks;
	size_t mark_count;
};

/* All texts are UTF-8 without control characters, and never NULL. */
struct bounce_mail {
	struct bounce_reading *readings; /* at least one */
	size_t count;
	char from[BOUNCE_ADDRESS_SIZE]; /* its author's address, or "" */
	char subject[BOUNCE_TEXT_SIZE]; /* decoded */
	/* Addresses in which a token of ours may stand, likeliest first: where
	 * the mail went (Delivered-To, X-Original-To, To), then sender and
	 * recipient of the original that it returns. */
	const char **tokens;
	size_t token_count;
	size_t recipient_count; /* so many, the first, are where it went */
	/* "id@domain" of the returned original, In-Reply-To, References */
	const char **message_ids;
	size_t message_id_count;
	struct bounce_reply reply;
};

/* Why a server refused a mail that it was handed, by the rules of what comes
 * back; but hard is only what clearly tells of the mailbox, for what is wrong
 * with us is told of every mail. enhanced: "5.1.1" or ""; text: its words.
 * BOUNCE_NO_CLASS: code is no refusal. */
enum bounce_class bounce_classify_reply(int code, const char *enhanced,
					const char *text);

/* Understands a mail, whatever its bytes are. */
void bounce_read(const char *mail, size_t size, struct arena *arena,
		 struct bounce_mail *ret);

/* The errand "read-mail" (doors/errand): its input is the mail. The first loads
 * what the child can't load once it may only compute. */
void bounce_prepare(void);
bool bounce_read_mail(const char *input, size_t size, struct buf *out,
		      struct err *err);

/* "returned", "hard": as in JSON, reports and the store */
const char *bounce_kind_name(enum bounce_kind kind);
const char *bounce_class_name(enum bounce_class cls);

/* The answer of the errand; free() it. */
char *bounce_format(const struct bounce_mail *mail);
/* ERR_INPUT: no answer of this program's. Longer texts than ours are cut. */
bool bounce_parse(const char *json, size_t size, struct arena *arena,
		  struct bounce_mail *ret, struct err *err);

#endif
