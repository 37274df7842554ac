#ifndef CORE_DIGEST_NOTES_H
#define CORE_DIGEST_NOTES_H

/*
 * What a digest tells a person besides what is new to them: a reminder of what
 * they have not confirmed, and that a briefing which they had was withdrawn.
 * Notes go with the person's next digest; on a working day on which their list
 * has none they make a digest of their own, at the hour at which the list's
 * digests go. They never make a second mail on the same day, unless a person
 * has a withdrawal told at once. Only live; never for who is on leave or gone,
 * or whose mail comes back. Part of the digest: for core/ alone.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct digest_list;
struct digest_member;
struct digest_scope;
struct err;

/* A withdrawal that could not be told by then is told no more. */
#define DIGEST_TELL_SECONDS (INT64_C(30) * 86400)

#define DIGEST_NOTES_MAX 20 /* of each kind; the rest goes another day */

struct digest_reminder {
	int64_t requirement_id, version_id, due_at;
	int number; /* core/reminder.h */
};

struct digest_notes {
	struct digest_reminder reminders[DIGEST_NOTES_MAX];
	int64_t withdrawn[DIGEST_NOTES_MAX]; /* versions */
	size_t reminder_count, withdrawn_count;
};

/* has_news: a mail goes to them anyway, so that one earlier in the day does not
 * matter. */
bool digest_notes_find(struct db *db, const struct digest_scope *scope,
		       const struct digest_list *list,
		       const struct digest_member *member, bool has_news,
		       struct digest_notes *ret, struct err *err);

/* The withdrawals alone, whatever else goes to them today. */
bool digest_notes_find_withdrawn(struct db *db,
				 const struct digest_scope *scope,
				 const struct digest_list *list,
				 const struct digest_member *member,
				 struct digest_notes *ret, struct err *err);

/* May there be notes for anyone on the list that were not there when it was
 * last dealt with (its notes_from_at)? Looks at indexes alone: planning finds
 * out. */
bool digest_notes_may_be(struct db *db, const struct digest_scope *scope,
			 const struct digest_list *list, bool *ret,
			 struct err *err);

/* When the list's notes go today by themselves. false: they do not, for today
 * is no working day or has a slot. */
bool digest_notes_today(const struct digest_scope *scope,
			const struct digest_list *list, int64_t *ret_at);

#endif
