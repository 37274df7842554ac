#ifndef DOORS_IMAP_H
#define DOORS_IMAP_H

/*
 * One folder of an IMAP server (RFC 9051, RFC 3501): fetched without a mark,
 * marked and moved, waited for. libcurl connects, checks the certificate and
 * logs in, as it does for relays; libetpan then speaks IMAP over that
 * connection. Blocking, so in an errand; contents are bytes here, understood by
 * another. A mail's place is "UIDVALIDITY UID".
 *
 *	struct imap *imap = imap_open(&account, err);
 *	if (!imap || !imap_fetch(imap, 20, 262144, out, err)) ...
 *	imap_close(imap);
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct imap;

struct imap_account {
	const char *host;
	int port;
	const char *tls;     /* starttls | implicit | none */
	const char *ca_file; /* "": the system's */
	const char *user;
	const char *auth;     /* auto | plain | login | xoauth2 */
	const char *password; /* or the bearer token */
	const char *folder;
	int timeout_ms; /* for each answer */
};

/* How an error ends when the server refused the login, so that it can be told
 * behind an errand, too: its access token may be worn out. */
#define IMAP_LOGIN_REFUSED "the login was refused"

/* Connects, logs in, selects the folder. ERR_INPUT: the login was refused. */
struct imap *imap_open(const struct imap_account *account, struct err *err);
void imap_close(struct imap *imap); /* accepts NULL */

/* The first max_size bytes of the oldest mails, at most max, as a mailbag. */
bool imap_fetch(struct imap *imap, size_t max, size_t max_size, struct buf *out,
		struct err *err);

/* One of them, as far as max_size, as a mailbag: an empty one when it is gone,
 * or of another UIDVALIDITY. */
bool imap_fetch_one(struct imap *imap, const char *place, size_t max_size,
		    struct buf *out, struct err *err);

/* Marks it as seen and moves it into the folder of that name, which is made.
 * One that is gone, or of another UIDVALIDITY, is left alone: fine. */
bool imap_move(struct imap *imap, const char *place, const char *folder,
	       struct err *err);

/* Waits (IDLE, RFC 2177) until a mail is there or arrives: *ret_is_new. At once
 * where the server has no IDLE. */
bool imap_wait(struct imap *imap, int seconds, bool *ret_is_new,
	       struct err *err);

#endif
