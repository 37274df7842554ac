#ifndef CORE_SHARE_H
#define CORE_SHARE_H

/*
 * How a relay's connections are shared between the recipients' domains, so that
 * a slow one does not hold the rest: which domains have mails on their way, and
 * whether one may have another while others wait. Pure state, of one relay;
 * core/outbox_pick asks, and whoever takes and ends mails tells.
 *
 *	int64_t domain = share_domain("ann@police.example");
 *	if (share_allows(share, domain))
 *		share_begin(share, domain);
 *	... the mail was sent ...
 *	share_end(share, domain);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct share;

struct share *share_new(size_t connections);
void share_free(struct share *share); /* accepts NULL */

/* A domain as a number that is not negative, in either case of its letters. Two
 * may have the same, and share then. */
int64_t share_domain(const char *address);

/* May the domain have one more while others wait? With so many domains on their
 * way as there are, and one more to come, each may have an equal part, rounded
 * up: what is free goes to those who have less. */
bool share_allows(const struct share *share, int64_t domain);

void share_begin(struct share *share, int64_t domain);
void share_end(struct share *share, int64_t domain);

/* The domain at which the next round of the others begins. */
int64_t share_cursor(const struct share *share);
void share_set_cursor(struct share *share, int64_t domain);

#endif
