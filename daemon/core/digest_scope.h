#ifndef CORE_DIGEST_SCOPE_H
#define CORE_DIGEST_SCOPE_H

/*
 * What is new to whom, at one moment and in one mode: the one rule (told in
 * core/digest.h) behind planning, the preview and the count. A scope holds the
 * lists and the versions that may go out as they are now; then members are
 * asked about one by one. All of it lives in the arena. Part of the digest: for
 * core/ alone.
 *
 *	digest_scope_load(db, context, "live", arena, &scope, err);
 *	list = digest_scope_find_list(&scope, "police");
 *	digest_scope_load_members(db, &scope, list, 0, 500, &members, &count,
 *				  err);
 *	digest_scope_news(db, &scope, list, &members[0], &news, err);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/reminder.h"

struct arena;
struct briefing_version;
struct db;
struct digest_context;
struct err;
struct settings;
struct zone;

/* At most so many briefings in one mail, the newest; those that are left are
 * new at the next slot, too. It keeps a joiner's first mail readable and every
 * letter below its ceiling. */
#define DIGEST_VERSIONS_MAX 20

struct digest_list {
	int64_t id;
	const char *name, *agency, *schedule;
	const char **audience, **domains;
	size_t audience_count, domain_count;
	int64_t deadline_days, slots_from_at;
	struct reminders reminders;
	int64_t catalogue_per_week;
	int64_t notes_from_at; /* notes up to here are dealt with */
	/* of the scope's versions those that are for it; made when asked */
	const struct briefing_version **versions;
	size_t version_count;
	bool has_versions;
};

struct digest_scope {
	struct arena *arena;
	const struct settings *settings;
	int64_t now;
	const char *mode;          /* live | rehearsal */
	bool is_live;              /* likewise */
	int64_t withdrawn_at;      /* the last withdrawal; 0: none lately */
	struct digest_list *lists; /* by name; not the removed ones */
	size_t list_count;
	/* Allowed now and meant to be mailed, the newest approval first. Only
	 * what the rule needs is filled in; no summary, no documents. */
	struct briefing_version *versions;
	size_t version_count;
};

bool digest_scope_load(struct db *db, const struct digest_context *context,
		       const char *mode, struct arena *arena,
		       struct digest_scope *ret, struct err *err);

/* The lists alone, of a scope with its arena set */
bool digest_scope_load_lists(struct db *db, struct digest_scope *scope,
			     struct err *err);

/* NULL: none, or removed */
struct digest_list *digest_scope_find_list(struct digest_scope *scope,
					   const char *name);
struct digest_list *digest_scope_find_list_id(struct digest_scope *scope,
					      int64_t list_id);

/* The scope's versions that are for the list */
const struct briefing_version **
digest_scope_versions(struct digest_scope *scope, struct digest_list *list,
		      size_t *ret_count);

struct digest_member {
	int64_t member_id, person_id;
	const char *public_id, *address, *name;
	const char *joined_on; /* ISO date */
	bool is_active, is_on_other_lists;
};

/* At most max of the list's members, from the first with an id above after;
 * those who are not active, too. */
bool digest_scope_load_members(struct db *db, struct digest_scope *scope,
			       const struct digest_list *list, int64_t after,
			       size_t max, struct digest_member **ret,
			       size_t *ret_count, struct err *err);
/* *ret NULL and true: not on the list. By person, or by address key. */
bool digest_scope_load_member(struct db *db, struct digest_scope *scope,
			      const struct digest_list *list, int64_t person_id,
			      struct digest_member **ret, struct err *err);
bool digest_scope_find_member(struct db *db, struct digest_scope *scope,
			      const struct digest_list *list,
			      const char *address_key,
			      struct digest_member **ret, struct err *err);

struct digest_news {
	const struct briefing_version *versions[DIGEST_VERSIONS_MAX];
	size_t count;
	/* new, too, but marked, and the member's domain is none of the list's
	 */
	const struct briefing_version *withheld[DIGEST_VERSIONS_MAX];
	size_t withheld_count;
};

/* What is new to this member and goes with this list. */
bool digest_scope_news(struct db *db, struct digest_scope *scope,
		       struct digest_list *list,
		       const struct digest_member *member,
		       struct digest_news *ret, struct err *err);

/* Is anything new for anyone on the list? Looks at no more than max members
 * and answers true when it could not see them all; *ret_looked: at how many. */
bool digest_scope_may_have_news(struct db *db, struct digest_scope *scope,
				struct digest_list *list, size_t max, bool *ret,
				size_t *ret_looked, struct err *err);

/* The deadline of a version that went out at this time: the midnight that ends
 * its last day, which is a working day (core/holidays.h). */
int64_t digest_scope_deadline(const struct settings *settings,
			      const struct digest_list *list,
			      const struct briefing_version *version,
			      int64_t sent_at);

/* May it go there? What is marked goes to the list's domains alone. */
bool digest_scope_may_receive(const struct digest_list *list,
			      const struct briefing_version *version,
			      const char *address);

/* Is the address in one of the domains? Exactly: a subdomain is another domain;
 * and where none is listed, none is. */
bool digest_scope_is_listed_domain(const char *const *domains, size_t count,
				   const char *address);

#endif
