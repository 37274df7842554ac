#ifndef CORE_LEAD_LINK_H
#define CORE_LEAD_LINK_H

/*
 * The page of a list's lead. Its link, BASE/l/TOKEN, is that of a mail to the
 * lead (notices "lead-week" and "lead-link"), signed as a person's is
 * (core/link.h): it opens that list alone, for LEAD_LINK_DAYS, and as long as
 * the list has the lead that the mail was for. It shows numbers. Names take a
 * code as well, which goes to the lead's address when it is asked for (notice
 * "lead-code"): what its delivery signs, stored nowhere, good for
 * LEAD_CODE_SECONDS. Neither does anything on any other page.
 *
 * Loop thread; texts are in the arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"

struct arena;
struct db;
struct digest_context;
struct err;
struct link_keys;
struct roster_list;

#define LEAD_LINK_DAYS 14
#define LEAD_LINKS_A_DAY 5     /* asked for, of one list */
#define LEAD_CODE_SECONDS 7200 /* after it was asked for */
#define LEAD_CODES_AN_HOUR 5

struct lead_link {
	int64_t delivery_id, list_id;
	const char *list_name, *title, *agency, *lead, *address;
	const char *actor; /* of what they record: as event_begin has it */
	bool is_rehearsal;
	int64_t accepted_at, until_at;
	bool is_ended; /* too old, or of another lead: it opens nothing */
};

/* *ret NULL and true: the delivery is no mail to a lead. */
bool lead_link_load(struct db *db, int64_t delivery_id, int64_t now,
		    struct arena *arena, struct lead_link **ret,
		    struct err *err);

/* "lead ADDRESS", as core/event.h knows a lead */
#define LEAD_ACTOR_SIZE (5 + ADDRESS_SIZE)
void lead_link_actor(const char *address, char ret[LEAD_ACTOR_SIZE]);

/* Mails a code, in the caller's transaction. *ret_is_sent false: there were
 * LEAD_CODES_AN_HOUR, and the last of them works. */
bool lead_link_send_code(struct db *db, const struct digest_context *context,
			 const struct lead_link *link, bool *ret_is_sent,
			 struct err *err);

enum lead_code {
	LEAD_CODE_GOOD,
	LEAD_CODE_MANGLED, /* no guess: too short, too long, no code's digits */
	LEAD_CODE_WRONG,
	LEAD_CODE_OLD,
};
bool lead_link_check_code(struct db *db, const struct link_keys *keys,
			  const struct lead_link *link, const char *typed,
			  int64_t now, enum lead_code *ret, struct err *err);

/* Mails the list's lead a link, in the caller's transaction. *ret_is_sent
 * false: they were sent LEAD_LINKS_A_DAY. ERR_INPUT: the list has no lead's
 * address. */
bool lead_link_send(struct db *db, const struct digest_context *context,
		    const struct roster_list *list, bool *ret_is_sent,
		    struct err *err);

#endif
