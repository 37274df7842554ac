#ifndef CORE_BOUNCE_PRIVATE_H
#define CORE_BOUNCE_PRIVATE_H

/*
 * What the modules of bounce share: a mail with what was found out about it,
 * and the questions that they ask each other. Everything lives in the arena.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/bounce.h"
#include "tools/message.h"

/* A mail under examination. */
struct bounce_view {
	struct arena *arena;
	const struct message *mail;
	const char *subject; /* as written, and folded (base/fold) */
	const char *subject_folded;
	const char *own; /* what its author or machine says, without the mail
			  * that it returns, quotes or answers */
	const char *own_folded;
	const char *all;    /* the same with all of that */
	bool is_daemon;     /* a mail system wrote it, by its name */
	bool has_null_path; /* Return-Path: <> */
	bool is_automatic;  /* its headers say that a machine wrote it */
	bool is_answer;     /* "Re:" or "Fwd:" in front of its subject */
};

/* --- bounce_code: codes and phrases */

/* The first RFC 3463 status and the first SMTP reply code of a text; what is
 * not there stays as it was. */
void bounce_find_codes(const char *text, char status[BOUNCE_STATUS_SIZE],
		       int *code);
bool bounce_is_vague(const char *status); /* "", "5.0.0" */
/* Why it was returned; text is folded. */
enum bounce_class bounce_classify(const char *status, int code,
				  const char *text);
/* Does a folded text say why a mail was not delivered? */
bool bounce_tells_failure(const char *text);
/* Folds a diagnosis, without the names of hosts and people in it. */
const char *bounce_fold_diagnosis(const char *text, struct arena *arena);

/* --- bounce_sign: what a mail is, by its headers, subject and words */

void bounce_look(struct bounce_view *view); /* fills the flags */

enum bounce_sign {
	SIGN_NONE,
	SIGN_FAILURE,
	SIGN_DELAY,
	SIGN_AUTO_REPLY,
	SIGN_ABSENCE, /* told as SIGN_AUTO_REPLY or none */
	SIGN_ABUSE,
	SIGN_RECEIPT,
};
/* What the subject begins with, or says first. */
enum bounce_sign bounce_subject_sign(const struct bounce_view *view);
bool bounce_says_delay(const char *folded);
bool bounce_is_challenge(const struct bounce_view *view);
bool bounce_says_automatic(const struct bounce_view *view);
/* Does it begin as a mail system's notice does? */
bool bounce_says_failure(const struct bounce_view *view);

/* --- bounce_report: RFC 3464, 6533, 5965, 6591, 3798 */

/* Is it a report for machines? Then it adds its readings. */
bool bounce_read_report(const struct bounce_view *view,
			struct bounce_mail *ret);

/* --- bounce_reply: what a person wrote */

void bounce_read_reply(const struct bounce_view *view, struct bounce_mail *ret);

/* --- bounce_text: notices for people */

/* Adds a reading of that kind for each recipient that the text tells of. */
void bounce_read_text(const struct bounce_view *view, enum bounce_kind kind,
		      struct bounce_mail *ret);
/* Where the mail that a notice returns begins in its text. */
const char *bounce_find_original(const char *text);
/* What a notice says of one recipient: the text behind their address; "" when
 * it does not name them. */
const char *bounce_segment(const struct bounce_view *view,
			   const char *recipient);

/* --- bounce: the readings */

/* Is it a line that someone quotes? ">>> RCPT TO" is a transcript. */
bool bounce_is_quoted(const char *line);
/* "On ... Ann wrote:", in front of what is quoted */
bool bounce_announces_quote(const char *line, size_t size);

/* A fresh reading, NULL when there are too many. */
struct bounce_reading *bounce_add(struct bounce_mail *mail,
				  enum bounce_kind kind);
/* Text into a field of a reading: cut, on one line, no control characters. */
void bounce_set_text(char *field, size_t size, const char *text);

#endif
