#ifndef CORE_REPLY_H
#define CORE_REPLY_H

/*
 * A person confirms by replying to the mail, where pages can't be reached. It
 * counts when all of this is so: the list takes replies and its mail asked for
 * the word; the address that the reply went to carries the token of that mail's
 * Reply-To; a person wrote it, no machine and no mailing list (core/bounce.h);
 * its first line is the word and nothing more; its one author is whom the mail
 * went to, and a trusted host vouches for them (core/authentic.h); it did not
 * come faster than a person reads. It confirms what that mail asked, as its
 * page would, with a grade of its own (core/grade.h).
 *
 * Who is vouched for is told once for each mail what became of it: a receipt,
 * or why it did not count (core/reply_tell.h). Nobody else is told anything:
 * the From may be forged, and what goes back would say who is on a list. Their
 * mail goes to the list's owner, as all that people write. Part of
 * core/returned: in its transaction, on the loop thread.
 */
#include <stdbool.h>

struct bounce_mail;
struct db;
struct digest_context;
struct err;
struct link_keys;

enum reply_answer {
	REPLY_NONE,      /* not with the word, or to no such address */
	REPLY_CONFIRMED, /* now or before */
	REPLY_DECLINED,  /* its author is told why */
	REPLY_UNPROVED,  /* with the word, but nobody vouches for its author */
};
/* "confirmed", as in the store; of REPLY_NONE "" */
const char *reply_word(enum reply_answer answer);

struct reply_outcome {
	enum reply_answer answer;
	bool is_for_owner; /* it says something that a person is to read */
};
bool reply_take(struct db *db, const struct digest_context *context,
		const struct link_keys *keys, const struct bounce_mail *mail,
		struct reply_outcome *ret, struct err *err);

/* Does the line say it? Case and accents don't matter, nor do stops, quotes and
 * stars around the word. */
enum reply_line {
	REPLY_LINE_OTHER,
	REPLY_LINE_BEGINS, /* with the word, and says more: it may be meant so
			    */
	REPLY_LINE_WORD,
};
enum reply_line reply_judge_line(const char *line, const char *word);

#endif
