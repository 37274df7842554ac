#ifndef RUN_TOKENS_H
#define RUN_TOKENS_H

/*
 * The OAuth access token of the settings' group oauth (RFC 6749, 4.4: client
 * credentials), for every relay and the mailbox that log in with xoauth2. One
 * errand fetches it, another reads what came; it is kept in memory alone,
 * fetched anew before it expires, and never logged. A failure is logged once,
 * and tried again by itself after a wait that doubles. Loop thread.
 *
 *	const char *token = tokens_get(daemon->tokens);
 *	if (!token)
 *		return; // my listener is called when there is one, or can't be
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct daemon;
struct err;
struct errands_run;
struct tokens_run;

struct tokens_run *tokens_open(struct daemon *daemon,
			       struct errands_run *errands);
void tokens_close(struct tokens_run *tokens); /* accepts NULL; wipes */

/* The settings may have changed: what is known is forgotten. */
void tokens_reload(struct tokens_run *tokens);

/* Good for a minute at least, where its whole life is not short; NULL while
 * there is none, and then one is on its way. Borrowed until the loop's next
 * turn: whoever keeps it copies it. */
const char *tokens_get(struct tokens_run *tokens);

/* There is none, and the last try to fetch one, or what came of it, failed. */
bool tokens_are_failing(const struct tokens_run *tokens);

/* A server refused this token (535, or IMAP's NO): it is fetched anew. Once
 * only for each: when what came then is refused too, the wait is the backoff's.
 * One that is the current token no longer is ignored. */
void tokens_refuse(struct tokens_run *tokens, const char *token);

/* Called in the loop whenever a token came, or the first try of a row failed,
 * so that another relay has to do; from now on until tokens_close. At most
 * TOKENS_LISTENERS of them. */
#define TOKENS_LISTENERS 4
void tokens_listen(struct tokens_run *tokens, void (*changed)(void *context),
		   void *context);

/* The errand that fetches: input is made by this module. */
bool tokens_fetch(const char *input, size_t size, struct buf *out,
		  struct err *err);

#endif
