#ifndef CORE_LEAD_PEOPLE_H
#define CORE_LEAD_PEOPLE_H

/*
 * What a lead's page shows of their own list: how far each briefing has come,
 * in numbers, and, behind a code (core/lead_link), who has not confirmed, and
 * what was asked of one of them. Only reads. Loop thread; texts are in the
 * arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/public_id.h"

struct arena;
struct db;
struct err;

/* beside what is still open: what was asked in so many days */
#define LEAD_PEOPLE_DAYS 180
#define LEAD_PEOPLE_MAX 200 /* of people shown at a time */
#define LEAD_FIND_MAX 100   /* bytes of what is looked for */

/* of the members whose duty it is under this list (core/digest.h) */
struct lead_briefing {
	const char *ref, *title;
	bool is_sensitive; /* the title stays behind the code */
	int64_t required, acknowledged, outstanding, missed, exempt, closed;
	int64_t attested; /* on paper, of those who have not confirmed */
	int64_t due_at;   /* the last deadline */
};

bool lead_people_reach(struct db *db, int64_t list_id, int64_t now,
		       struct arena *arena, struct lead_briefing **ret,
		       size_t *ret_count, struct err *err);

/* Members who are waited for: they have something outstanding that no sheet
 * says they signed, and are not on leave. */
bool lead_people_count(struct db *db, int64_t list_id, int64_t now,
		       int64_t *ret, struct err *err);

struct lead_person {
	char public_id[PUBLIC_ID_SIZE];
	int64_t id;
	const char *name, *address, *address_key, *role, *team;
	const char *status; /* active, on-leave, left, not-for-me */
	bool is_said;       /* it was said, and does not come from the CSV */
	int64_t until_at;   /* of on-leave; 0: not known */
	const char *refs;   /* what is outstanding: "LTB-1, LTB-2"; or "" */
	int64_t due_at;     /* the first deadline of it; 0: nothing is */
};

/* At most LEAD_PEOPLE_MAX: those lead_people_count counts, by deadline; or,
 * text not NULL, all members in whose name, address, role or team it is.
 * *ret_more: there are more. */
bool lead_people_load(struct db *db, int64_t list_id, const char *text,
		      int64_t now, struct arena *arena,
		      struct lead_person **ret, size_t *ret_count,
		      bool *ret_more, struct err *err);

/* *ret NULL and true: no member of that list. public_id may be anything. */
bool lead_people_find(struct db *db, int64_t list_id, const char *public_id,
		      int64_t now, struct arena *arena,
		      struct lead_person **ret, struct err *err);

struct lead_duty {
	const char *ref, *title;
	int version;
	int64_t required_at, due_at;
	int64_t acknowledged_at, missed_at, closed_at; /* 0: not */
	int64_t signed_at;     /* on paper, that day; 0: not */
	const char *grade;     /* of the confirmation, core/grade.h; or "" */
	const char *closed_as; /* left, withdrawn, superseded, exempt; or "" */
	bool is_outstanding;   /* neither of these */
};

bool lead_people_duties(struct db *db, int64_t list_id, int64_t person_id,
			struct arena *arena, struct lead_duty **ret,
			size_t *ret_count, struct err *err);

#endif
