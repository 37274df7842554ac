#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

/*
 * What goes to whom: a digest is one slot of one list; planning it makes a
 * delivery per member to whom something is new, a requirement per new version
 * (when live), and the letters they share. Planning goes in slices from a
 * stored cursor and may be cut off anywhere. Loop thread; briefingctl only
 * for looking, and to have a withdrawal told.
 *
 * New to a person: a version that is allowed (invariant 1), for one of their
 * lists, approved on or after the day they joined or essential (of those so
 * many a week, as their list says), in no delivery of theirs in this mode that
 * still stands. It goes with the list under which the person is counted: their
 * primary one among those it is for, else the first by name. Besides, a mail
 * has notes: core/digest_notes.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct briefing_version;
struct db;
struct err;
struct letter;
struct letter_reminder;
struct roster_list;
struct settings;
struct template_set;

struct digest_context {
	const struct settings *settings;
	const struct template_set *templates;
	int64_t now;
};

/* The slots of all lists that are due at now (missed ones once, late) become
 * digests where something is new to send; slots_from_at moves on. In the
 * caller's transaction, which ends with the list in which the max_members-th
 * member was looked at: then *ret_more says whether lists are left. Otherwise
 * *ret_next_at says when to look again. */
bool digest_open_due(struct db *db, const struct digest_context *context,
		     bool is_live, size_t max_members, bool *ret_more,
		     int *ret_opened, int64_t *ret_next_at, struct err *err);

/* A slot now, by hand. requested_by becomes the event's actor. *ret_digest_id
 * is 0 when nothing is new for anyone on the list. ERR_GONE: unknown list. */
bool digest_open_now(struct db *db, const struct digest_context *context,
		     const char *list_name, bool is_live,
		     const char *requested_by, int64_t *ret_digest_id,
		     struct err *err);

/* After a change of mode: digests of the other one plan nothing more. Caller's
 * transaction. */
bool digest_end_other_mode(struct db *db, bool is_live, int64_t now,
			   struct err *err);

/* One slice of the oldest digest that is being planned, in the caller's
 * transaction. *ret_more false: none is left. */
bool digest_plan_slice(struct db *db, const struct digest_context *context,
		       size_t max_members, bool *ret_more, int *ret_deliveries,
		       struct err *err);

/* After digest_plan_slice failed and was rolled back: the digest that failed
 * comes after all others, so that one broken document holds up one list only.
 * Caller's transaction. */
bool digest_postpone(struct db *db, int64_t now, struct err *err);

/* After a delivery was cancelled at its claim: what of it is still allowed
 * becomes a delivery of the next generation. When its letter can't be made it
 * stays for the list's next slot, whose planning tells why: a claim must not
 * fail by it. Caller's transaction. */
bool digest_plan_person(struct db *db, const struct digest_context *context,
			int64_t digest_id, int64_t person_id, struct err *err);

/* A withdrawal is told now, by hand: a digest of each list that was mailed the
 * briefing, whose planning tells who had it, once, and who had a mail today,
 * too. *ret_lists does not count lists on which that is about to begin. For
 * briefingctl: own transactions. */
bool digest_tell_withdrawal(struct db *db, const char *ref,
			    const char *requested_by, int64_t now,
			    int *ret_lists, struct err *err);

/* --- looking, for preview and run --dry-run */

struct digest_preview {
	const char *address, *name; /* NULL: a member "A. Member" is shown */
	int64_t person_id;          /* 0: nobody particular */
	const struct briefing_version **versions;
	const int64_t *due_at;
	size_t count;
	/* for a person, live */
	const struct letter_reminder *reminders;
	const struct briefing_version **withdrawn;
	size_t reminder_count, withdrawn_count;
};
/* What a person of the list (address NULL: a member as new as the list) would
 * get in a slot at now. ERR_GONE: not on the list. */
bool digest_preview_person(struct db *db, const struct digest_context *context,
			   const struct roster_list *list, const char *address,
			   bool is_live, struct arena *arena,
			   struct digest_preview *ret, struct err *err);
/* How many members would get a mail, and how many versions */
bool digest_count_due(struct db *db, const struct digest_context *context,
		      const struct roster_list *list, bool is_live,
		      int64_t *ret_members, int64_t *ret_versions,
		      struct err *err);

#endif
