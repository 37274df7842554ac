#ifndef DOORS_SMTP_REPLY_H
#define DOORS_SMTP_REPLY_H

/*
 * What a relay's answers mean: the pure half of doors/smtp. No I/O; a caller
 * owns all memory. Lines come from outside (fuzz_smtp_reply).
 */
#include <stdbool.h>
#include <stddef.h>

#include "doors/smtp.h"

/* One reply, as its lines came in. */
struct smtp_reply {
	int code;       /* 0: none yet */
	char text[512]; /* its lines, joined by a space, without codes */
	bool is_whole;  /* its last line is here */
};

/* Takes one line as received (RFC 5321 4.2), CRLF or not; one without a code is
 * passed over. A line behind a whole reply begins the next. True: the reply is
 * whole with it. */
bool smtp_reply_add(struct smtp_reply *reply, const char *line, size_t size);

/* How far a mail came. */
enum smtp_stage {
	SMTP_STAGE_OPEN, /* connecting, TLS, login; or RSET */
	SMTP_STAGE_MAIL,
	SMTP_STAGE_RCPT,
	SMTP_STAGE_DATA,
	SMTP_STAGE_DOT, /* 354 was said */
};

/* Why there is no reply. */
enum smtp_loss {
	SMTP_LOSS_NONE,
	SMTP_LOSS_CLOSED,
	SMTP_LOSS_LATE,    /* none in time */
	SMTP_LOSS_STALLED, /* the relay stopped reading */
	SMTP_LOSS_UNASKED, /* the relay spoke in our turn */
};

/* How a mail's dialogue ended. */
struct smtp_end {
	enum smtp_stage stage;
	enum smtp_loss loss;
	int code;            /* of the stage's reply; 0: there was none */
	bool is_handed_over; /* all bytes, the final dot with them */
	bool is_reused;      /* on a connection kept from the last mail */
	bool is_in_step;     /* no reply is still to come */
};

struct smtp_judgement {
	enum smtp_outcome outcome;
	bool is_clean; /* the connection may serve the next mail */
	bool is_stale; /* nothing was sent: try a fresh connection at once */
	bool is_relay_trouble; /* see struct smtp_verdict */
};

struct smtp_judgement smtp_judge(const struct smtp_end *end);

/* Fills enhanced, text and, when accepted, queue_id from a reply. */
void smtp_verdict_reply(struct smtp_verdict *verdict, const char *text);

/* Copies what is printable, at most size - 1 bytes of whole characters; the
 * rest becomes "?". */
void smtp_printable(char *ret_text, size_t size, const char *text);

/* An address that can stand in "MAIL FROM:<...>" (RFC 5321 4.5.3.1): ASCII, no
 * space, no <>, local part at most 64 octets and domain 255. */
bool smtp_is_address(const char *address);

/* What sending a mail hangs on. */
struct smtp_lines {
	bool are_crlf; /* every line end is CRLF, and no NUL anywhere */
	bool has_dot;  /* a line begins with one, which is doubled */
};
struct smtp_lines smtp_look_at_lines(const char *data, size_t size);

#endif
