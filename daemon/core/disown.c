#include "core/disown.h"

#include <assert.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/acknowledgement.h"
#include "core/digest.h"
#include "core/disown_notice.h"
#include "core/event.h"
#include "tools/db.h"

/* --- loading */

static const char *copy(struct query *q, int column, struct arena *arena)
{
	return arena_strdup(arena, query_get_text(q, column));
}

static struct disown *read_disown(struct query *q, struct arena *arena)
{
	struct disown *disown = arena_alloc(arena, sizeof(*disown));

	*disown = (struct disown){
	    .requirement_id = query_get_integer(q, 0),
	    .beside_id = query_get_integer(q, 1),
	    .kind = copy(q, 2, arena),
	    .person_id = query_get_integer(q, 3),
	    .confirmed_at = query_get_integer(q, 4),
	    .event_id = query_get_integer(q, 5),
	    .due_at = query_get_integer(q, 6),
	    .closes_at = query_get_integer(q, 7),
	    .has_missed = query_get_integer(q, 8) != 0,
	    .public_id = copy(q, 9, arena),
	    .ref = copy(q, 10, arena),
	    .version = query_get_integer(q, 11),
	    .is_version_closed = query_get_integer(q, 12) != 0,
	    .list_id = query_get_integer(q, 13),
	    .list_name = copy(q, 14, arena),
	    .list_title = copy(q, 15, arena),
	    .lead = copy(q, 16, arena),
	    .address = copy(q, 17, arena),
	    .name = copy(q, 18, arena),
	    .is_gone = query_get_integer(q, 19) != 0,
	    .said_today = query_get_integer(q, 20),
	};
	return disown;
}

bool disown_load(struct db *db, int64_t delivery_id, int64_t version_id,
		 const char *receipt, int64_t now, struct arena *arena,
		 struct disown **ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_DISOWN_LOAD);
	char *lower = arena_strdup(arena, receipt);
	struct disown *disown = NULL;

	text_lower(lower);
	query_integer(q, 1, delivery_id);
	query_integer(q, 2, version_id);
	query_text(q, 3, lower);
	query_integer(q, 4, now);
	if (query_next(q)) {
		disown = read_disown(q, arena);
		disown->delivery_id = delivery_id;
		disown->version_id = version_id;
		disown->receipt = lower;
	}
	if (!query_done(q, err))
		return err_context(err, "a confirmation of delivery %lld",
				   (long long)delivery_id);
	*ret = disown;
	return true;
}

bool disown_may_say(const struct disown *disown)
{
	return disown->said_today < DISOWN_A_DAY;
}

/* --- recording */

static bool tell(struct db *db, const struct disown *disown, int64_t now,
		 struct arena *arena, int64_t *ret_event_id, struct err *err)
{
	struct event event;

	event_begin(&event, "acknowledgement-disowned", now,
		    arena_printf(arena, "person:%s", disown->public_id));
	event_text(&event, "person", disown->public_id);
	event_text(&event, "ref", disown->ref);
	event_integer(&event, "version", disown->version);
	event_integer(&event, "delivery", disown->delivery_id);
	event_integer(&event, "event", disown->event_id);
	event_text(&event, "as", disown->kind);
	event_text(&event, "receipt", disown->receipt);
	if (!event_end(&event, db, now, err))
		return false;
	*ret_event_id = event.id;
	return true;
}

/* One row changes: the caller's transaction has the write lock since it
 * looked. */
static bool run_once(struct query *q, struct err *err)
{
	int changes;

	if (!query_run(q, &changes, err))
		return false;
	assert(changes == 1);
	return true;
}

static bool end_record(struct db *db, enum query_id statement, int64_t id,
		       int64_t now, int64_t event_id, struct err *err)
{
	struct query *q = db_query(db, statement);

	query_integer(q, 1, id);
	query_integer(q, 2, now);
	query_integer(q, 3, event_id);
	return run_once(q, err);
}

static bool unmark(struct db *db, int64_t requirement_id, struct err *err)
{
	struct query *q = db_query(db, QUERY_DISOWN_UNMARK);

	query_integer(q, 1, requirement_id);
	return run_once(q, err);
}

/* As when somebody leaves who has it outstanding. */
static bool close_as_left(struct db *db, const struct disown *disown,
			  int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_DISOWN_CLOSE);
	struct event event;
	int changes;

	query_integer(q, 1, disown->requirement_id);
	query_integer(q, 2, now);
	if (!query_run(q, &changes, err))
		return false;
	if (changes == 0)
		return true;
	event_begin(&event, "requirements-closed", now, "briefingd");
	event_text(&event, "person", disown->public_id);
	event_text(&event, "as", "left");
	event_integer(&event, "count", 1);
	event_integer(&event, "after_deadline", now > disown->due_at);
	return event_end(&event, db, now, err);
}

/* The duty is where it would be without the confirmation: that of somebody who
 * has left is closed, and a window that is over has been missed. */
static bool open_again(struct db *db, const struct disown *disown, int64_t now,
		       struct err *err)
{
	return unmark(db, disown->requirement_id, err) &&
	       (!disown->is_gone || close_as_left(db, disown, now, err)) &&
	       acknowledgement_close_window(db, disown->requirement_id, now,
					    err);
}

bool disown_end(struct db *db, const struct disown *disown, int64_t now,
		struct arena *arena, struct err *err)
{
	int64_t event_id;

	assert(db_is_in_transaction(db));
	if (!tell(db, disown, now, arena, &event_id, err))
		return false;
	if (!disown->requirement_id)
		return end_record(db, QUERY_DISOWN_END_BESIDE,
				  disown->beside_id, now, event_id, err);
	return end_record(db, QUERY_DISOWN_KEEP, disown->requirement_id, now,
			  event_id, err) &&
	       open_again(db, disown, now, err);
}

bool disown_record(struct db *db, const struct digest_context *context,
		   int64_t delivery_id, int64_t version_id, const char *receipt,
		   bool *ret_is_new, struct err *err)
{
	struct arena *arena = arena_new();
	struct disown *disown;
	bool good;

	assert(db_is_in_transaction(db));
	*ret_is_new = false;
	good = disown_load(db, delivery_id, version_id, receipt, context->now,
			   arena, &disown, err);
	if (good && disown && disown_may_say(disown)) {
		good = disown_end(db, disown, context->now, arena, err) &&
		       disown_notice_queue(db, context, disown, arena, err);
		*ret_is_new = good;
	}
	arena_free(arena);
	return good || err_context(err, "what delivery %lld disowns",
				   (long long)delivery_id);
}
