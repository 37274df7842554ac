#include "core/lead_people.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "tools/db.h"

#define DAY_SECONDS INT64_C(86400)
#define ROWS_MAX 100 /* of the queries for briefings and duties */

static const char *copy(struct query *q, int column, struct arena *arena)
{
	return arena_strdup(arena, query_get_text(q, column));
}

/* --- numbers */

static bool is_sensitive(const char *marking)
{
	const struct briefing_version version = {.marking = marking};

	return briefing_is_sensitive(&version);
}

static void read_briefing(struct query *q, struct arena *arena,
			  struct lead_briefing *ret)
{
	*ret = (struct lead_briefing){
	    .ref = copy(q, 0, arena),
	    .title = copy(q, 1, arena),
	    .required = query_get_integer(q, 2),
	    .acknowledged = query_get_integer(q, 3),
	    .outstanding = query_get_integer(q, 4),
	    .missed = query_get_integer(q, 5),
	    .exempt = query_get_integer(q, 6),
	    .closed = query_get_integer(q, 7),
	    .due_at = query_get_integer(q, 8),
	    .is_sensitive = is_sensitive(query_get_text(q, 9)),
	    .attested = query_get_integer(q, 10),
	};
}

bool lead_people_reach(struct db *db, int64_t list_id, int64_t now,
		       struct arena *arena, struct lead_briefing **ret,
		       size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_PEOPLE_REACH);

	*ret = arena_allocarray(arena, ROWS_MAX, sizeof(**ret));
	*ret_count = 0;
	query_integer(q, 1, list_id);
	query_integer(q, 2, now - LEAD_PEOPLE_DAYS * DAY_SECONDS);
	while (*ret_count < ROWS_MAX && query_next(q))
		read_briefing(q, arena, &(*ret)[(*ret_count)++]);
	return query_done(q, err) || err_context(err, "the reach of a list");
}

bool lead_people_count(struct db *db, int64_t list_id, int64_t now,
		       int64_t *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_PEOPLE_UNCONFIRMED_COUNT);

	query_integer(q, 1, list_id);
	query_integer(q, 2, now);
	*ret = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

/* --- people */

static void read_person(struct query *q, struct arena *arena,
			struct lead_person *ret)
{
	*ret = (struct lead_person){
	    .name = copy(q, 1, arena),
	    .address = copy(q, 2, arena),
	    .role = copy(q, 3, arena),
	    .team = copy(q, 4, arena),
	    .status = copy(q, 5, arena),
	    .until_at = query_get_integer(q, 6),
	    .refs = query_is_null(q, 7) ? "" : copy(q, 7, arena),
	    .due_at = query_get_integer(q, 8),
	    .id = query_get_integer(q, 9),
	    .address_key = copy(q, 10, arena),
	    .is_said = query_get_integer(q, 11) != 0,
	};
	snprintf(ret->public_id, sizeof(ret->public_id), "%s",
		 query_get_text(q, 0));
}

static bool load(struct db *db, int64_t list_id, const char *text,
		 const char *public_id, int64_t now, struct arena *arena,
		 struct lead_person *ret, size_t room, size_t *ret_count,
		 bool *ret_more, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_PEOPLE_LOAD);
	bool found;

	*ret_count = 0;
	query_integer(q, 1, list_id);
	query_integer(q, 2, now);
	query_text(q, 3, text);
	query_text(q, 4, public_id);
	query_integer(q, 5, (int64_t)room + 1);
	while ((found = query_next(q)) && *ret_count < room)
		read_person(q, arena, &ret[(*ret_count)++]);
	*ret_more = found;
	return query_done(q, err) || err_context(err, "the people of a list");
}

bool lead_people_load(struct db *db, int64_t list_id, const char *text,
		      int64_t now, struct arena *arena,
		      struct lead_person **ret, size_t *ret_count,
		      bool *ret_more, struct err *err)
{
	*ret = arena_allocarray(arena, LEAD_PEOPLE_MAX, sizeof(**ret));
	return load(db, list_id, text, NULL, now, arena, *ret, LEAD_PEOPLE_MAX,
		    ret_count, ret_more, err);
}

bool lead_people_find(struct db *db, int64_t list_id, const char *public_id,
		      int64_t now, struct arena *arena,
		      struct lead_person **ret, struct err *err)
{
	struct lead_person *person = arena_alloc(arena, sizeof(*person));
	size_t count;
	bool more;

	if (!load(db, list_id, NULL, public_id, now, arena, person, 1, &count,
		  &more, err))
		return false;
	*ret = count ? person : NULL;
	return true;
}

/* --- what was asked of one of them */

static void read_duty(struct query *q, struct arena *arena,
		      struct lead_duty *ret)
{
	*ret = (struct lead_duty){
	    .ref = copy(q, 0, arena),
	    .title = copy(q, 1, arena),
	    .version = (int)query_get_integer(q, 2),
	    .required_at = query_get_integer(q, 3),
	    .due_at = query_get_integer(q, 4),
	    .acknowledged_at = query_get_integer(q, 5),
	    .grade = copy(q, 6, arena),
	    .missed_at = query_get_integer(q, 7),
	    .closed_at = query_get_integer(q, 8),
	    .closed_as = copy(q, 9, arena),
	    .signed_at = query_get_integer(q, 11),
	};
	ret->is_outstanding =
	    !ret->acknowledged_at && !ret->missed_at && !ret->closed_at;
}

bool lead_people_duties(struct db *db, int64_t list_id, int64_t person_id,
			struct arena *arena, struct lead_duty **ret,
			size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_PEOPLE_DUTIES);

	*ret = arena_allocarray(arena, ROWS_MAX, sizeof(**ret));
	*ret_count = 0;
	query_integer(q, 1, list_id);
	query_integer(q, 2, person_id);
	while (*ret_count < ROWS_MAX && query_next(q))
		read_duty(q, arena, &(*ret)[(*ret_count)++]);
	return query_done(q, err) ||
	       err_context(err, "what was asked of a member");
}
