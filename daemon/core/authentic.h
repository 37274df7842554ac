#ifndef CORE_AUTHENTIC_H
#define CORE_AUTHENTIC_H

/*
 * Who vouches for the author of a mail that arrived. Anybody can write any
 * From; the server that took the mail from outside says in
 * Authentication-Results (RFC 8601) what it found out. It is believed when it
 * is one of our own: authentic_read takes the marks that servers left out of
 * the headers, where a stranger's bytes are read (core/bounce.h);
 * authentic_judge, where the settings are, says whether they vouch. Pure
 * functions, any thread.
 *
 *	count = authentic_read(&mail.parts[0], "ann@police.example", marks);
 *	...
 *	if (authentic_judge(marks, count, hosts, host_count) != AUTHENTIC_NONE)
 *
 * Who sends a mail can write such headers too, below those of the servers that
 * it passes. So the uppermost one with a trusted name alone is asked, and only
 * if no server that is not ours took the mail after it: a Received above it
 * must be of a trusted host. What is left is the case of a border server that
 * adds no results of its own to a mail and lets forged ones stand. RFC 8601
 * section 5 has it remove them, which no reader of the mail can see done: the
 * manual page says so.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message_part;

#define AUTHENTIC_HOST_SIZE 256
#define AUTHENTIC_MARKS_MAX 60

/* Each of them for the very domain in From (strict alignment, RFC 7489 3.1):
 * who may speak for the domains beneath another is in no mail. */
enum authentic_method {
	AUTHENTIC_NONE, /* nothing that vouches for the author */
	AUTHENTIC_DMARC,
	AUTHENTIC_DKIM,
	AUTHENTIC_SPF,
};

struct authentic_mark {
	char host[AUTHENTIC_HOST_SIZE]; /* in lower case; "": not told */
	bool is_results; /* else the host took the mail (Received) */
	enum authentic_method method; /* of results */
};

/* The marks from the uppermost down. author: the one address in From; "": no
 * results vouch. */
size_t authentic_read(const struct message_part *head, const char *author,
		      struct authentic_mark ret[AUTHENTIC_MARKS_MAX]);

/* When the last server took the mail, by its own clock; 0: not told. */
int64_t authentic_received_at(const struct message_part *head);

/* hosts: trusted ones. A Received may be of a host beneath one of them, too. */
enum authentic_method authentic_judge(const struct authentic_mark *marks,
				      size_t count, const char *const *hosts,
				      size_t host_count);

/* "dmarc", as in events and JSON */
const char *authentic_word(enum authentic_method method);
/* false: none of those words */
bool authentic_parse_word(const char *word, enum authentic_method *ret);

#endif
