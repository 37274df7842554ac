#include "core/leaving.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/roster_member.h"
#include "tools/db.h"

static struct leaving *read_leaving(struct query *q, struct arena *arena)
{
	struct leaving *leaving = arena_alloc(arena, sizeof(*leaving));

	*leaving = (struct leaving){
	    .list_id = query_get_integer(q, 0),
	    .list_name = arena_strdup(arena, query_get_text(q, 1)),
	    .list_title = arena_strdup(arena, query_get_text(q, 2)),
	    .lead = arena_strdup(arena, query_get_text(q, 3)),
	    .lead_address = arena_strdup(arena, query_get_text(q, 4)),
	    .reply_to = arena_strdup(arena, query_get_text(q, 5)),
	    .is_mandatory = query_get_integer(q, 6) != 0,
	    .is_rehearsal = strcmp(query_get_text(q, 7), "rehearsal") == 0,
	    .person_id = query_get_integer(q, 8),
	    .address = arena_strdup(arena, query_get_text(q, 9)),
	    .is_member = query_get_integer(q, 10) != 0,
	};
	return leaving;
}

bool leaving_load(struct db *db, int64_t delivery_id, int64_t now,
		  struct arena *arena, struct leaving **ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAVING_LOAD);
	struct leaving *leaving = NULL;

	query_integer(q, 1, delivery_id);
	query_integer(q, 2, now);
	if (query_next(q))
		leaving = read_leaving(q, arena);
	if (!query_done(q, err))
		return err_context(err, "delivery %lld",
				   (long long)delivery_id);
	*ret = leaving;
	return true;
}

bool leaving_may_record(const struct leaving *leaving)
{
	return !leaving->is_mandatory && !leaving->is_rehearsal;
}

static bool record(struct db *db, const struct leaving *leaving, int64_t now,
		   bool *ret_is_new, struct err *err)
{
	struct roster_change change = {
	    .db = db,
	    .list_id = leaving->list_id,
	    .list_name = leaving->list_name,
	    .now = now,
	};

	return roster_member_leave(&change, leaving->person_id, "not-for-me",
				   NULL, ret_is_new, err);
}

bool leaving_record(struct db *db, int64_t delivery_id, int64_t now,
		    bool *ret_is_new, struct err *err)
{
	struct arena *arena = arena_new();
	struct leaving *leaving;
	bool good;

	assert(db_is_in_transaction(db));
	*ret_is_new = false;
	good = leaving_load(db, delivery_id, now, arena, &leaving, err);
	/* the list's files may have changed since the button was pressed */
	if (good && leaving && leaving_may_record(leaving))
		good = record(db, leaving, now, ret_is_new, err);
	arena_free(arena);
	return good || err_context(err, "delivery %lld leaves its list",
				   (long long)delivery_id);
}
