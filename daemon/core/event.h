#ifndef CORE_EVENT_H
#define CORE_EVENT_H

/*
 * The append-only record of every change that is evidence, written in the same
 * transaction as the change. The body is canonical JSON and never holds a name
 * or an address: people are their random public ids, those at the control
 * program and leads, too (table operator); free text is a salted hash whose
 *text stands apart and can be erased.
 *
 *	struct event event;
 *	event_begin(&event, "briefing-withdrawn", now, "jo@host");
 *	event_text(&event, "ref", ref);
 *	event_private(&event, "reason", reason);
 *	if (!event_end(&event, db, now, err)) ...
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct db;
struct err;

#define EVENT_PRIVATE_MAX 4
#define EVENT_MEMBER_MAX 24

struct event {
	const char *kind, *actor;
	int64_t effective_at;
	int64_t id;        /* once it is written */
	struct buf values; /* of the body's members, as JSON, in any order */
	struct event_member {
		const char *name;
		size_t at, size; /* in values */
	} members[EVENT_MEMBER_MAX];
	int member_count;
	struct {
		const char *name, *text;
	} privates[EVENT_PRIVATE_MAX];
	int private_count;
};

/* kind and actor are borrowed until event_end. actor: "briefingd", or
 * "person:PUBLIC_ID", or "jo@host", who works the control program, or
 * "lead ADDRESS" of a list: the event knows these as "operator:PUBLIC_ID" and
 * "lead:PUBLIC_ID". */
void event_begin(struct event *event, const char *kind, int64_t effective_at,
		 const char *actor);
/* Names are literals, each once in an event. */
void event_text(struct event *event, const char *name, const char *text);
void event_integer(struct event *event, const char *name, int64_t number);
/* Free text that may have to be erased one day, borrowed until event_end: the
 * body gets the hex SHA-256 of salt and text, event_text gets both. */
void event_private(struct event *event, const char *name, const char *text);
/* Writes it within the caller's transaction and frees the body, also on
 * failure. */
bool event_end(struct event *event, struct db *db, int64_t now,
	       struct err *err);

#endif
