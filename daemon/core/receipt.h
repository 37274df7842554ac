#ifndef CORE_RECEIPT_H
#define CORE_RECEIPT_H

/*
 * A person's receipt for a confirmation: for their record of professional
 * development, on a page to print and by mail. It says who was mailed, what was
 * confirmed and when, its grade, and what that proves. Its id is random and
 * stands in the event; whoever knows it and the link may see it.
 *
 *	receipt_load(db, delivery_id, version_id, id, arena, &receipt, err)
 *	if (receipt)
 *		receipt_show(receipt, settings, view);
 *
 * Loop thread; texts are in the arena.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/grade.h"

struct arena;
struct briefing_version;
struct db;
struct digest_context;
struct err;
struct settings;
struct view;

struct receipt {
	const struct briefing_version *version;
	const char *id;
	const char *name, *address; /* as mailed; erased: "" */
	const char *list_name, *list_title;
	enum grade grade;
	int64_t delivery_id, person_id, confirmed_at;
	/* when they said that it was not theirs (core/disown.h); 0: it stands
	 */
	int64_t disowned_at;
	const char *reflection; /* "": none, erased, or not theirs */
};

/* *ret NULL and true: there is no such receipt behind that delivery's link. id:
 * in any case. */
bool receipt_load(struct db *db, int64_t delivery_id, int64_t version_id,
		  const char *id, struct arena *arena, struct receipt **ret,
		  struct err *err);

/* What page and mail show: templates/README.md has the keys. */
void receipt_show(const struct receipt *receipt,
		  const struct settings *settings, struct view *view);

/* What a mail shows: the same, but of what is marked or was withdrawn neither
 * title nor reflection, which stay on the page. */
void receipt_show_mail(const struct receipt *receipt,
		       const struct settings *settings, struct view *view);

/* The last checkpoint, if there is one: who has the mail is a witness of what
 * was recorded before it. */
bool receipt_show_checkpoint(struct db *db, const struct settings *settings,
			     struct view *view, struct err *err);

/* Queues it as a mail to the address as mailed, in the caller's transaction; at
 * most once a day. */
bool receipt_queue(struct db *db, const struct digest_context *context,
		   const struct receipt *receipt, struct err *err);

#endif
