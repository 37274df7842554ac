#include "core/digest_scope.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/day.h"
#include "core/digest.h"
#include "core/digest_notes.h"
#include "core/holidays.h"
#include "core/settings.h"
#include "core/wordlist.h"
#include "tools/db.h"
#include "tools/zone.h"

/* Room for one more in an array that grows by doubling. */
static void *grow(struct arena *arena, void *list, size_t count, size_t size)
{
	void *wider;

	if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
		return list;
	wider = arena_allocarray(arena, count ? count * 2 : 8, size);
	if (count)
		memcpy(wider, list, count * size);
	return wider;
}

/* --- lists and versions */

static bool read_list(struct query *q, struct arena *arena,
		      struct digest_list *ret, struct err *err)
{
	*ret = (struct digest_list){
	    .id = query_get_integer(q, 0),
	    .name = arena_strdup(arena, query_get_text(q, 1)),
	    .agency = arena_strdup(arena, query_get_text(q, 2)),
	    .schedule = arena_strdup(arena, query_get_text(q, 3)),
	    .deadline_days = query_get_integer(q, 6),
	    .slots_from_at = query_get_integer(q, 7),
	    .notes_from_at = query_get_integer(q, 9),
	    .catalogue_per_week = query_get_integer(q, 10),
	};
	reminders_parse(query_get_text(q, 8), &ret->reminders);
	return wordlist_parse(query_get_text(q, 4), arena, &ret->domains,
			      &ret->domain_count, err) &&
	       wordlist_parse(query_get_text(q, 5), arena, &ret->audience,
			      &ret->audience_count, err);
}

bool digest_scope_load_lists(struct db *db, struct digest_scope *scope,
			     struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_LISTS);
	struct digest_list *lists = NULL;
	bool good = true;
	size_t count = 0;

	while (good && query_next(q)) {
		lists = grow(scope->arena, lists, count, sizeof(*lists));
		good = read_list(q, scope->arena, &lists[count++], err);
	}
	if (!query_done(q, good ? err : NULL) || !good)
		return false;
	scope->lists = lists;
	scope->list_count = count;
	return true;
}

static bool read_version(struct query *q, struct arena *arena,
			 struct briefing_version *ret, struct err *err)
{
	*ret = (struct briefing_version){
	    .id = query_get_integer(q, 0),
	    .is_latest = true,
	    .marking = arena_strdup(arena, query_get_text(q, 1)),
	    .approved_on = arena_strdup(arena, query_get_text(q, 2)),
	    .not_before_at = query_get_integer(q, 3),
	    .acknowledge_within_days = query_get_integer(q, 4),
	    .carries = query_get_integer(q, 6) != 0,
	    .already_circulated = query_get_integer(q, 7) != 0,
	    .essential = query_get_integer(q, 8) != 0,
	};
	return wordlist_parse(query_get_text(q, 5), arena, &ret->audience,
			      &ret->audience_count, err);
}

static bool load_versions(struct db *db, struct digest_scope *scope,
			  struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_VERSIONS);
	struct briefing_version *versions = NULL;
	bool good = true;
	size_t count = 0;

	while (good && query_next(q)) {
		versions =
		    grow(scope->arena, versions, count, sizeof(*versions));
		good = read_version(q, scope->arena, &versions[count], err);
		if (good &&
		    briefing_is_allowed(&versions[count], scope->now, NULL))
			count++;
	}
	if (!query_done(q, good ? err : NULL) || !good)
		return false;
	scope->versions = versions;
	scope->version_count = count;
	return true;
}

static bool load_withdrawal(struct db *db, struct digest_scope *scope,
			    struct err *err)
{
	struct query *q = db_query(db, QUERY_NOTES_LAST_WITHDRAWAL);

	query_integer(q, 1, scope->now - DIGEST_TELL_SECONDS);
	if (query_next(q))
		scope->withdrawn_at = query_get_integer(q, 0);
	return query_done(q, err);
}

bool digest_scope_load(struct db *db, const struct digest_context *context,
		       const char *mode, struct arena *arena,
		       struct digest_scope *ret, struct err *err)
{
	*ret = (struct digest_scope){
	    .arena = arena,
	    .settings = context->settings,
	    .now = context->now,
	    .mode = arena_strdup(arena, mode),
	    .is_live = strcmp(mode, "live") == 0,
	};
	return digest_scope_load_lists(db, ret, err) &&
	       load_versions(db, ret, err) && load_withdrawal(db, ret, err);
}

struct digest_list *digest_scope_find_list(struct digest_scope *scope,
					   const char *name)
{
	for (size_t i = 0; i < scope->list_count; i++)
		if (strcmp(scope->lists[i].name, name) == 0)
			return &scope->lists[i];
	return NULL;
}

struct digest_list *digest_scope_find_list_id(struct digest_scope *scope,
					      int64_t list_id)
{
	for (size_t i = 0; i < scope->list_count; i++)
		if (scope->lists[i].id == list_id)
			return &scope->lists[i];
	return NULL;
}

static bool is_for(const struct briefing_version *version,
		   const struct digest_list *list)
{
	return briefing_is_for(version, list->agency,
			       (const char *const *)list->audience,
			       list->audience_count);
}

const struct briefing_version **
digest_scope_versions(struct digest_scope *scope, struct digest_list *list,
		      size_t *ret_count)
{
	if (!list->has_versions) {
		list->versions =
		    arena_allocarray(scope->arena, scope->version_count + 1,
				     sizeof(*list->versions));
		for (size_t i = 0; i < scope->version_count; i++)
			if (is_for(&scope->versions[i], list))
				list->versions[list->version_count++] =
				    &scope->versions[i];
		list->has_versions = true;
	}
	*ret_count = list->version_count;
	return list->versions;
}

/* --- members */

static const char *joined_date(const struct digest_scope *scope,
			       const char *since_on, int64_t joined_at)
{
	char date[CIVIL_DATE_SIZE];
	struct civil civil;

	if (since_on && *since_on)
		return arena_strdup(scope->arena, since_on);
	if (joined_at <= 0)
		return "";
	civil = zone_from_utc(scope->settings->zone, joined_at);
	civil_format_date(&civil, date);
	return arena_strdup(scope->arena, date);
}

static void read_member(struct query *q, const struct digest_scope *scope,
			struct digest_member *ret)
{
	struct arena *arena = scope->arena;

	*ret = (struct digest_member){
	    .member_id = query_get_integer(q, 0),
	    .person_id = query_get_integer(q, 1),
	    .public_id = arena_strdup(arena, query_get_text(q, 2)),
	    .address = arena_strdup(arena, query_get_text(q, 3)),
	    .name = arena_strdup(arena, query_get_text(q, 4)),
	    .joined_on = joined_date(scope, query_get_text(q, 5),
				     query_get_integer(q, 6)),
	    .is_active = strcmp(query_get_text(q, 7), "active") == 0,
	    .is_on_other_lists = query_get_integer(q, 8) != 0,
	};
}

bool digest_scope_load_members(struct db *db, struct digest_scope *scope,
			       const struct digest_list *list, int64_t after,
			       size_t max, struct digest_member **ret,
			       size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_MEMBERS);
	struct digest_member *members =
	    arena_allocarray(scope->arena, max, sizeof(*members));
	size_t count = 0;

	query_integer(q, 1, list->id);
	query_integer(q, 2, after);
	query_integer(q, 3, (int64_t)max);
	query_integer(q, 4, scope->now);
	while (count < max && query_next(q))
		read_member(q, scope, &members[count++]);
	if (!query_done(q, err))
		return false;
	*ret = members;
	*ret_count = count;
	return true;
}

static bool find_member(struct db *db, struct digest_scope *scope,
			const struct digest_list *list, int64_t person_id,
			const char *address_key, struct digest_member **ret,
			struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_MEMBER);
	struct digest_member *member = NULL;

	query_integer(q, 1, list->id);
	query_integer(q, 2, person_id);
	query_text(q, 3, address_key);
	query_integer(q, 4, scope->now);
	if (query_next(q)) {
		member = arena_alloc(scope->arena, sizeof(*member));
		read_member(q, scope, member);
	}
	if (!query_done(q, err))
		return false;
	*ret = member;
	return true;
}

bool digest_scope_load_member(struct db *db, struct digest_scope *scope,
			      const struct digest_list *list, int64_t person_id,
			      struct digest_member **ret, struct err *err)
{
	return find_member(db, scope, list, person_id, NULL, ret, err);
}

bool digest_scope_find_member(struct db *db, struct digest_scope *scope,
			      const struct digest_list *list,
			      const char *address_key,
			      struct digest_member **ret, struct err *err)
{
	return find_member(db, scope, list, 0, address_key, ret, err);
}

/* --- what is new */

/* The lists under which a person may be counted, the strongest first */
struct standing {
	const struct digest_list **lists;
	size_t count;
};

static bool load_standing(struct db *db, struct digest_scope *scope,
			  const struct digest_list *list,
			  const struct digest_member *member,
			  struct arena *arena, struct standing *ret,
			  struct err *err)
{
	struct standing standing = {
	    .lists = arena_allocarray(arena, scope->list_count,
				      sizeof(*standing.lists)),
	};

	if (!member->is_on_other_lists) {
		standing.lists[standing.count++] = list;
		*ret = standing;
		return true;
	}
	struct query *q = db_query(db, QUERY_DIGEST_PERSON_LISTS);
	query_integer(q, 1, member->person_id);
	query_integer(q, 2, scope->now);
	while (standing.count < scope->list_count && query_next(q)) {
		if (strcmp(query_get_text(q, 1), "active") == 0)
			standing.lists[standing.count++] =
			    digest_scope_find_list_id(scope,
						      query_get_integer(q, 0));
	}
	if (!query_done(q, err))
		return false;
	*ret = standing;
	return true;
}

static bool is_counted_under(const struct standing *standing,
			     const struct digest_list *list,
			     const struct briefing_version *version)
{
	for (size_t i = 0; i < standing->count; i++)
		if (is_for(version, standing->lists[i]))
			return standing->lists[i] == list;
	return false;
}

static int compare_ids(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

static bool load_had(struct db *db, const struct digest_scope *scope,
		     int64_t person_id, struct arena *arena, int64_t **ret,
		     size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_HAD);
	int64_t *ids = NULL;
	size_t count = 0;

	query_integer(q, 1, person_id);
	query_text(q, 2, scope->mode);
	while (query_next(q)) {
		ids = grow(arena, ids, count, sizeof(*ids));
		ids[count++] = query_get_integer(q, 0);
	}
	if (!query_done(q, err))
		return false;
	if (count)
		qsort(ids, count, sizeof(*ids), compare_ids);
	*ret = ids;
	*ret_count = count;
	return true;
}

bool digest_scope_is_listed_domain(const char *const *domains, size_t count,
				   const char *address)
{
	const char *at = strrchr(address, '@');

	return at && wordlist_have(domains, count, at + 1);
}

bool digest_scope_may_receive(const struct digest_list *list,
			      const struct briefing_version *version,
			      const char *address)
{
	return !briefing_is_sensitive(version) ||
	       digest_scope_is_listed_domain((const char *const *)list->domains,
					     list->domain_count, address);
}

static void add_version(struct digest_news *news,
			const struct digest_list *list,
			const struct digest_member *member,
			const struct briefing_version *version)
{
	if (digest_scope_may_receive(list, version, member->address)) {
		if (news->count < DIGEST_VERSIONS_MAX)
			news->versions[news->count++] = version;
	} else if (news->withheld_count < DIGEST_VERSIONS_MAX) {
		news->withheld[news->withheld_count++] = version;
	}
}

#define ROOM_UNKNOWN INT64_MIN

/* How many of the back catalogue the member may get now: so many in any seven
 * days of the calendar, so that a weekly slot's minutes do not matter. */
static bool find_room(struct db *db, const struct digest_scope *scope,
		      const struct digest_list *list,
		      const struct digest_member *member, int64_t *ret,
		      struct err *err)
{
	int64_t today = day_of(scope->settings, scope->now);
	struct query *q = db_query(db, QUERY_DIGEST_CATALOGUE_LATELY);

	query_integer(q, 1, member->person_id);
	query_text(q, 2, scope->mode);
	query_integer(q, 3, day_start(scope->settings, today - 6));
	query_text(q, 4, member->joined_on);
	*ret = list->catalogue_per_week;
	if (query_next(q))
		*ret -= query_get_integer(q, 0);
	return query_done(q, err);
}

/* Is it for this member by its day: agreed since they joined, or essential and
 * *room for it? */
static bool is_for_member(struct db *db, const struct digest_scope *scope,
			  const struct digest_list *list,
			  const struct digest_member *member,
			  const struct briefing_version *version, int64_t *room,
			  bool *ret, struct err *err)
{
	if (strcmp(version->approved_on, member->joined_on) >= 0) {
		*ret = !version->already_circulated;
		return true;
	}
	*ret = false;
	if (!version->essential || list->catalogue_per_week == 0)
		return true;
	if (*room == ROOM_UNKNOWN &&
	    !find_room(db, scope, list, member, room, err))
		return false;
	*ret = *room > 0;
	*room -= *ret;
	return true;
}

static bool judge(struct db *db, struct digest_scope *scope,
		  struct digest_list *list, const struct digest_member *member,
		  struct arena *arena, struct digest_news *news,
		  struct err *err)
{
	const struct briefing_version **versions;
	struct standing standing;
	int64_t *had, room = ROOM_UNKNOWN;
	size_t count, had_count;

	versions = digest_scope_versions(scope, list, &count);
	if (!load_had(db, scope, member->person_id, arena, &had, &had_count,
		      err) ||
	    !load_standing(db, scope, list, member, arena, &standing, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		bool is_theirs;

		if (had_count && bsearch(&versions[i]->id, had, had_count,
					 sizeof(*had), compare_ids))
			continue;
		if (!is_counted_under(&standing, list, versions[i]))
			continue;
		if (!is_for_member(db, scope, list, member, versions[i], &room,
				   &is_theirs, err))
			return false;
		if (is_theirs)
			add_version(news, list, member, versions[i]);
	}
	return true;
}

bool digest_scope_news(struct db *db, struct digest_scope *scope,
		       struct digest_list *list,
		       const struct digest_member *member,
		       struct digest_news *ret, struct err *err)
{
	struct digest_news news;
	size_t count;

	news.count = 0;
	news.withheld_count = 0;
	digest_scope_versions(scope, list, &count);
	if (member->is_active && count > 0) {
		/* of its own: a list may have a million members */
		struct arena *arena = arena_new();
		bool good = judge(db, scope, list, member, arena, &news, err);

		arena_free(arena);
		if (!good)
			return false;
	}
	*ret = news;
	return true;
}

#define LOOK_SLICE 200

bool digest_scope_may_have_news(struct db *db, struct digest_scope *scope,
				struct digest_list *list, size_t max, bool *ret,
				size_t *ret_looked, struct err *err)
{
	struct digest_member *members;
	struct digest_news news;
	int64_t after = 0;
	size_t count;

	*ret = false;
	*ret_looked = 0;
	digest_scope_versions(scope, list, &count);
	if (count == 0)
		return true;
	do {
		if (*ret_looked >= max) {
			*ret = true;
			return true;
		}
		if (!digest_scope_load_members(db, scope, list, after,
					       LOOK_SLICE, &members, &count,
					       err))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!digest_scope_news(db, scope, list, &members[i],
					       &news, err))
				return false;
			++*ret_looked;
			*ret = news.count > 0;
			if (*ret)
				return true;
			after = members[i].member_id;
		}
	} while (count == LOOK_SLICE);
	return true;
}

int64_t digest_scope_deadline(const struct settings *settings,
			      const struct digest_list *list,
			      const struct briefing_version *version,
			      int64_t sent_at)
{
	int64_t days = settings->deadline_days, day;

	if (list->deadline_days > 0)
		days = list->deadline_days;
	else if (version->acknowledge_within_days > 0)
		days = version->acknowledge_within_days;
	day = holidays_working_day(settings->holidays,
				   day_of(settings, sent_at) + days);
	return day_start(settings, day + 1);
}
