#ifndef WEB_LIMIT_H
#define WEB_LIMIT_H

/*
 * How often someone may fail: burst times at once, and then once more each
 * refill_s seconds. Kept in memory, in a table of fixed size that forgets whom
 * it matters least; a restart forgives. One thread, one owner.
 *
 *	if (!limit_allows(tries, key, now, &wait_s))
 *		... ask to come back after wait_s ...
 *	else if (!is_right(code))
 *		limit_count(tries, key, now);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limit;

struct limit *limit_new(size_t keys, int burst, int64_t refill_s);
void limit_free(struct limit *limit); /* accepts NULL */

/* *ret_wait_s (may be NULL): seconds until the next try, when false. */
bool limit_allows(const struct limit *limit, uint64_t key, int64_t now,
		  int64_t *ret_wait_s);
void limit_count(struct limit *limit, uint64_t key, int64_t now);

/* Whom a numeric address stands for: an IPv6 network of 64 bits, for that is
 * what one customer has, or a whole IPv4 address. What is no address is 0. */
uint64_t limit_key(const char *address);
/* both together */
uint64_t limit_join(uint64_t left, uint64_t right);

#endif
