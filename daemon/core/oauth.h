#ifndef CORE_OAUTH_H
#define CORE_OAUTH_H

/*
 * OAuth 2 with client credentials (RFC 6749, 4.4), as far as it is text: what
 * the token server is asked and what it answers. Its answer is read by an
 * errand without network or files; the daemon sees two checked words of it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct settings;

#define OAUTH_ANSWER_MAX (64 * 1024) /* bytes that a token server may say */
#define OAUTH_TOKEN_MAX (16 * 1024)

/* The form to post, with the secret in it: wipe it. free() it. */
char *oauth_form(const struct settings *settings, const char *secret);

/* The errand: input is the answer's status, a line feed and its body. out gets
 * "SECONDS TOKEN". Without expires_in it is an hour (RFC 6749, 5.1, leaves it
 * open). ERR_INPUT says what the server found wrong, by its error code alone:
 * descriptions hold names. */
bool oauth_read(const char *input, size_t size, struct buf *out,
		struct err *err);

/* What oauth_read wrote: the token (borrowed, in text) is visible ASCII, so
 * that it can inject nothing where it is sent. */
bool oauth_parse(const char *text, int64_t *ret_seconds, const char **ret_token,
		 struct err *err);

#endif
