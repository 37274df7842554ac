#ifndef DOORS_SMTP_TALK_H
#define DOORS_SMTP_TALK_H

/*
 * One mail's dialogue (RFC 5321) on a connection that libcurl has opened,
 * secured and logged in: MAIL, RCPT and DATA in one go where the relay takes
 * that (RFC 2920), then the mail. libcurl's own transfer waits for each reply,
 * looks at each byte of the mail and costs three times as much. Part of
 * doors/smtp, in the sender's thread; the handle stays the caller's.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct smtp_end;
struct smtp_mail;
struct smtp_reply;

struct smtp_talk {
	void *curl; /* the handle, connected; NULL: none */
	int fd;     /* its socket */
	int reply_timeout_ms;
	bool can_pipeline, takes_size; /* what EHLO told */
	bool needs_reset;              /* a refused mail was left open */
	bool has_dot;   /* the next mail has a line that begins with one */
	struct buf out; /* what is sent next, kept for its room */
	char in[2048];  /* received, not read yet: [at, size) */
	size_t in_at, in_size;
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

/* Offers the mail, whose line ends are CRLF, and waits for the final reply.
 * has_dot is set. */
void smtp_talk_mail(struct smtp_talk *talk, const struct smtp_mail *mail,
		    struct smtp_end *ret_end, struct smtp_reply *ret_reply);

/* Says QUIT and waits for nothing. */
void smtp_talk_quit(struct smtp_talk *talk);

#endif
