#ifndef DOORS_SMTP_TALK_H
#define DOORS_SMTP_TALK_H

/*
 * One mail's dialogue (RFC 5321) on a connection that libcurl has opened,
 * secured and logged in: MAIL, RCPT and DATA in one go where the relay takes
 * that (RFC 2920), then the mail. Nothing here waits: a step goes as far as the
 * relay lets it. libcurl's own transfer waits for each reply, looks at each
 * byte of the mail and costs three times as much. Part of doors/smtp; the
 * handle stays the caller's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "doors/smtp_reply.h"

#define SMTP_TALK_COMMANDS 4 /* RSET, MAIL, RCPT, DATA */

enum smtp_talk_phase {
	SMTP_TALK_COMMAND, /* sends as many commands as it may */
	SMTP_TALK_ANSWER,  /* waits for the reply to one */
	SMTP_TALK_SKIP,    /* one was refused, others went with it */
	SMTP_TALK_MAIL,
	SMTP_TALK_VERDICT,
	SMTP_TALK_LAST_WORDS, /* it hung up in the middle, and may say why */
	SMTP_TALK_OVER,
};

struct smtp_talk {
	void *curl; /* the handle, connected; NULL: none */
	int fd;     /* its socket */
	int reply_timeout_ms;
	bool can_pipeline, takes_size; /* what EHLO told */
	bool needs_reset;              /* a refused mail was left open */

	/* the mail that is offered */
	const struct smtp_mail *mail;
	bool has_dot;    /* it has a line that begins with one */
	size_t taken;    /* bytes of it that are in out, or were */
	bool is_all_out; /* the final dot, too */
	enum smtp_talk_phase phase;
	int64_t
	    until_ms; /* CLOCK_MONOTONIC: it waits for the relay no longer */
	struct {
		enum smtp_stage stage;
		size_t end; /* in out */
	} commands[SMTP_TALK_COMMANDS];
	size_t count, at; /* of commands; the one whose reply is next */
	struct smtp_end end;
	struct smtp_reply reply, skipped;

	struct buf out;     /* what is sent next, kept for its room */
	size_t sent, sends; /* up to here it was; is to be now */
	char in[2048];      /* received, not read yet: [in_at, in_size) */
	size_t in_at, in_size;
	size_t heard;    /* bytes of the reply that comes */
	char line[1024]; /* what there is of a line; the rest is dropped */
	size_t line_size;
};

/* The connection comes later: smtp_talk_attach. */
void smtp_talk_init(struct smtp_talk *talk, int reply_timeout_ms);
void smtp_talk_done(struct smtp_talk *talk);

/* A connection that was just opened; can_pipeline and takes_size are set. */
void smtp_talk_attach(struct smtp_talk *talk, void *curl, int fd);

/* Notes what a line of the answer to EHLO allows. */
void smtp_talk_note_ehlo(struct smtp_talk *talk, const char *line, size_t size);

/* Has the relay said something unasked, or gone? Then a kept connection is of
 * no use. */
bool smtp_talk_is_stale(const struct smtp_talk *talk);

/* Begins to offer the mail, whose line ends are CRLF and which stays the
 * caller's until it is over. */
void smtp_talk_begin(struct smtp_talk *talk, const struct smtp_mail *mail,
		     bool has_dot);

/* Goes on. True: it is over, and talk->end and talk->reply say how. Else call
 * it again when more can be read from fd or written to it, or at until_ms. */
bool smtp_talk_step(struct smtp_talk *talk);

/* Says QUIT and waits for nothing. */
void smtp_talk_quit(struct smtp_talk *talk);

#endif
