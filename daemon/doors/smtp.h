#ifndef DOORS_SMTP_H
#define DOORS_SMTP_H

/*
 * Hands one mail at a time to the relay (RFC 5321) and says what became of it.
 * Sending never fails: every outcome is a verdict. A session keeps one
 * connection between mails and is used by one thread at a time; only
 * smtp_interrupt may come meanwhile. The relay's strings are copied, and the
 * password is wiped when the session closes. Only connecting waits: else a step
 * goes as far as the relay lets it, so that one thread serves many sessions.
 *
 *	struct smtp_session *session = smtp_open(&relay, err);
 *	struct smtp_verdict verdict;
 *	struct smtp_wait wait;
 *	smtp_begin(session, &mail, &verdict);
 *	while ((next = smtp_step(session, &wait)) != SMTP_DONE)
 *		if (next == SMTP_CONNECTS)
 *			smtp_connect(session);
 *		else
 *			... until wait.fd can be read or written, or until_ms
 *... if (verdict.outcome == SMTP_ACCEPTED) ... smtp_close(session);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct smtp_session;

enum smtp_tls {
	SMTP_TLS_STARTTLS, /* compulsory: without it nothing is sent */
	SMTP_TLS_IMPLICIT, /* RFC 8314, port 465 */
	SMTP_TLS_NONE,     /* only when an administrator says so */
};

enum smtp_auth {
	SMTP_AUTH_ANY, /* PLAIN or LOGIN, whichever the relay offers */
	SMTP_AUTH_PLAIN,
	SMTP_AUTH_LOGIN,
	SMTP_AUTH_XOAUTH2, /* with the bearer of each mail, no password */
};

struct smtp_relay {
	const char *host; /* name or address, IPv6 without brackets */
	int port;
	enum smtp_tls tls;
	bool needs_tls13;             /* else 1.2 is enough */
	const char *ca_file;          /* PEM; NULL: the system's authorities */
	const char *certificate_file; /* PEM, our own; NULL: none */
	const char *key_file;         /* PEM; NULL: in certificate_file */
	const char *user;             /* NULL: no AUTH */
	const char *password;         /* not NULL where user and auth want it */
	enum smtp_auth auth;
	int mails_per_connection; /* then QUIT and a new one; 0: no limit */
	int connect_timeout_ms;   /* connecting and TLS; 0: 30 s */
	int reply_timeout_ms; /* for each reply; 0: 600 s, RFC 5321 4.5.3.2 */
	const char *helo;     /* name for EHLO; NULL: this host's name */
};

struct smtp_mail {
	const char *from; /* envelope addresses: ASCII, without <>; from may */
	const char *to;   /* be "" (the null reverse-path) */
	const char *data; /* headers and body, every line end CRLF */
	size_t size;
	const char *bearer; /* of SMTP_AUTH_XOAUTH2, else NULL */
};

enum smtp_outcome {
	SMTP_ACCEPTED, /* the relay answers for it: not yet delivered */
	SMTP_LATER,    /* not sent; the same bytes may be tried again */
	/* Not sent, and trying again won't help. A 5xx about the dialogue or
	 * the login (503, 530, 535 ...) is SMTP_LATER: it is about us. */
	SMTP_REFUSED,
	SMTP_UNSURE, /* all bytes were handed over and no answer came */
};

struct smtp_verdict {
	enum smtp_outcome outcome;
	/* The relay, not this mail, is in trouble: no connection, no TLS, no
	 * login, 421, no answer. Any mail would have met with it. */
	bool is_relay_trouble;
	bool is_of_recipient;  /* it answered RCPT */
	int code;              /* the deciding reply's; 0 when there was none */
	char enhanced[16];     /* RFC 3463, "5.1.1", or "" */
	bool is_login_refused; /* for good: a token may be worn out */
	char text[256];    /* the reply, or what went wrong: printable UTF-8 */
	char queue_id[64]; /* the relay's name for an accepted mail, or "" */
	char tls[32];      /* "TLS1.3" and the like; "" on a bare connection */
	char address[64];  /* the peer's, "[2001:db8::1]:25" or "" */
	int64_t duration_ms;
};

/* Copies what relay names and connects to nothing yet. NULL: a setting is
 * impossible (ERR_INPUT). */
struct smtp_session *smtp_open(const struct smtp_relay *relay, struct err *err);

enum smtp_next {
	SMTP_DONE,     /* the verdict is filled */
	SMTP_WAITS,    /* for the relay */
	SMTP_CONNECTS, /* smtp_connect is next */
};

struct smtp_wait {
	int fd;           /* the same one from one smtp_connect to the next */
	int64_t until_ms; /* CLOCK_MONOTONIC: step then in any case */
};

/* Takes one mail for one recipient, which stays the caller's and unchanged
 * until SMTP_DONE, as does ret_verdict. An address or a line end that could
 * inject a command is SMTP_REFUSED with code 0 and nothing sent. When the relay
 * closed a kept connection meanwhile, one fresh connection is tried at once. */
void smtp_begin(struct smtp_session *session, const struct smtp_mail *mail,
		struct smtp_verdict *ret_verdict);

/* Goes on with it. ret_wait is filled when it says SMTP_WAITS. */
enum smtp_next smtp_step(struct smtp_session *session,
			 struct smtp_wait *ret_wait);

/* Connects, with TLS and login: waits, at most connect_timeout_ms for the
 * connection and reply_timeout_ms for each reply. Then step again. */
void smtp_connect(struct smtp_session *session);

/* From another thread: ends what hangs, within about 2 s (a wait for fd ends at
 * once), and makes every later mail SMTP_LATER. The outcome is honest: unsure
 * when all bytes were handed over. */
void smtp_interrupt(struct smtp_session *session);

/* Says QUIT on a healthy connection. Accepts NULL. */
void smtp_close(struct smtp_session *session);

/* "accepted", "later", "refused", "unsure" */
const char *smtp_outcome_name(enum smtp_outcome outcome);

#endif
