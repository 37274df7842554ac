#ifndef CORE_FORWARD_H
#define CORE_FORWARD_H

/*
 * A mail was passed on, and a colleague asks on its page for a link of their
 * own, with their work address. Who had that mail themselves is sent the link
 * to it; an address in one of the list's domains gets a link that confirms as
 * wider reach (core/grade.h), beside what is required; any other gets nothing.
 * The page says the same to all, at once: it only writes down what was asked,
 * in the transaction of the loop's turn, and the daemon answers by mail later,
 * at a moment that nobody can know, so that neither words nor time tell whether
 * an address is on a list: answered at once, what the daemon did next could be
 * seen in how long it took to answer others. (Who asks it a thousand times a
 * second for minutes, while nobody else does anything, can still see that some
 * mail left.)
 *
 *	forward_ask(db, delivery_id, address, now, err)        the page
 *	forward_answer(db, &context, max, &more, err)          the daemon
 *
 * Each address has a mail a day for a mail that was passed on, at most, and
 * FORWARD_MAILS_A_DAY in all; one mail that was passed on makes
 * FORWARD_GUESTS_A_DAY guests. None is sent of what is withdrawn, replaced, or
 * past its window. Loop thread; caller's transactions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORWARD_WAIT_SECONDS 10
#define FORWARD_SPREAD_SECONDS 110
#define FORWARD_MAILS_A_DAY 5
#define FORWARD_GUESTS_A_DAY 40

struct db;
struct digest_context;
struct err;

/* address: one that address_parse made */
bool forward_ask(struct db *db, int64_t delivery_id, const char *address,
		 int64_t now, struct err *err);

/* Answers at most max of what was asked and whose moment has come, and forgets
 * it. */
bool forward_answer(struct db *db, const struct digest_context *context,
		    size_t max, bool *ret_more, struct err *err);

#endif
