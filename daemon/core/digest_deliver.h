#ifndef CORE_DIGEST_DELIVER_H
#define CORE_DIGEST_DELIVER_H

/*
 * What planning writes for one member: the letter, made by the first who needs
 * it; the delivery; and, live, the duty to acknowledge. Part of the digest: for
 * core/ alone.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest_notes.h"
#include "core/digest_scope.h"

struct digest_context;
struct digest_letter;

struct digest_row {
	int64_t id, list_id, slot_at, cursor, created_at;
	const char *mode, *requested_by;
	int generation;
	bool is_notes;  /* nothing new goes with it */
	bool is_urgent; /* nor a reminder: withdrawals alone, by hand */
};

/* One look at one digest: a slice, or one person */
struct digest_plan {
	struct db *db;
	const struct digest_context *context;
	struct arena *arena;
	struct digest_row digest;
	struct digest_scope scope;
	struct digest_list *list;      /* NULL: it was removed */
	struct digest_letter *letters; /* that this look has met */
	int deliveries;
	bool has_no_letter; /* it could not be made; nothing was written */
};

/* One mail with what is new and the notes to the member, unless it is there
 * already or both are empty. */
bool digest_deliver(struct digest_plan *plan,
		    const struct digest_member *member,
		    const struct digest_news *news,
		    const struct digest_notes *notes, int generation,
		    struct err *err);

/* That this marked version did not go to the member, told once. */
bool digest_withhold(const struct digest_plan *plan,
		     const struct digest_member *member,
		     const struct briefing_version *version, struct err *err);

#endif
