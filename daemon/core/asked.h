#ifndef CORE_ASKED_H
#define CORE_ASKED_H

/*
 * What a list asks of who confirms, besides the tick: nothing more, the short
 * code of the mail, or the work address that the mail went to. It makes a
 * forwarded link worth less, for boards that want that; the rules for the tick
 * are core/acknowledgement.h's. Pure functions, any thread.
 *
 *	enum asked asked = asked_parse(list->confirm);
 *	if (!asked_is_right(asked, keys, delivery_id, address, typed))
 *		... ask again, and count it (web/limit.h) ...
 */
#include <stdbool.h>
#include <stdint.h>

struct link_keys;

enum asked { ASKED_TICK, ASKED_CODE, ASKED_EMAIL };
#define ASKED_WORDS "tick|code|email" /* as lists write it, in that order */

/* One of the words, as checked lists and the store have them. */
enum asked asked_parse(const char *word);

/* Is typed the answer? A code may be typed in any case, with blanks and
 * hyphens, an address in any case; spaces around either are dropped. Compared
 * in constant time. address: as mailed, "" when it was erased, which nobody can
 * type. */
bool asked_is_right(enum asked asked, const struct link_keys *keys,
		    int64_t delivery_id, const char *address,
		    const char *typed);

#endif
