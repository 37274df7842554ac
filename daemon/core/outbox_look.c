/* The part of the outbox that only looks: for the queue's verbs and the
 * doctor. */
#include "core/outbox.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "tools/db.h"

#define PROGRESS_MAX 1000 /* slots at the same time: more is no screenful */

static void add_state(struct outbox_counts *counts, const char *state,
		      int64_t count)
{
	const struct {
		const char *name;
		int64_t *field;
	} states[] = {
	    {"due", &counts->due},           {"sending", &counts->sending},
	    {"accepted", &counts->accepted}, {"refused", &counts->refused},
	    {"unsure", &counts->unsure},     {"cancelled", &counts->cancelled},
	    {"held", &counts->held},         {"bounced", &counts->bounced},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(state, states[i].name) == 0)
			*states[i].field = count;
}

bool outbox_count(struct db *db, int64_t now, struct outbox_counts *ret,
		  struct err *err)
{
	struct outbox_counts counts = {0};
	struct query *q = db_query(db, QUERY_OUTBOX_COUNT);

	while (query_next(q))
		add_state(&counts, query_get_text(q, 0),
			  query_get_integer(q, 1));
	if (!query_done(q, err))
		return false;
	q = db_query(db, QUERY_OUTBOX_COUNT_DUE);
	query_integer(q, 1, now);
	if (query_next(q)) {
		counts.waiting = query_get_integer(q, 0);
		counts.oldest_due_at = query_get_integer(q, 1);
		counts.next_due_at = query_get_integer(q, 2);
	}
	if (!query_done(q, err))
		return false;
	*ret = counts;
	return true;
}

static void read_progress(struct query *q, struct arena *arena,
			  struct outbox_progress *ret)
{
	*ret = (struct outbox_progress){
	    .digest_id = query_get_integer(q, 0),
	    .slot_at = query_get_integer(q, 1),
	    .list_name = arena_strdup(arena, query_get_text(q, 2)),
	    .is_planning = query_get_integer(q, 3) != 0,
	    .planned = query_get_integer(q, 4),
	    .accepted = query_get_integer(q, 5),
	    .left = query_get_integer(q, 6),
	    .waiting = query_get_integer(q, 7),
	};
}

bool outbox_load_progress(struct db *db, int64_t now, struct arena *arena,
			  struct outbox_progress **ret, size_t *ret_count,
			  struct err *err)
{
	struct outbox_progress *list =
	    arena_allocarray(arena, PROGRESS_MAX, sizeof(*list));
	struct query *q = db_query(db, QUERY_OUTBOX_PROGRESS);
	size_t count = 0;

	query_integer(q, 1, now);
	while (count < PROGRESS_MAX && query_next(q))
		read_progress(q, arena, &list[count++]);
	if (!query_done(q, err))
		return false;
	*ret = list;
	*ret_count = count;
	return true;
}

static void read_item(struct query *q, struct arena *arena,
		      struct outbox_item *ret)
{
	*ret = (struct outbox_item){
	    .delivery_id = query_get_integer(q, 0),
	    .list_name = arena_strdup(arena, query_get_text(q, 1)),
	    .state = arena_strdup(arena, query_get_text(q, 2)),
	    .mode = arena_strdup(arena, query_get_text(q, 3)),
	    .address = arena_strdup(arena, query_get_text(q, 4)),
	    .detail = arena_strdup(arena, query_get_text(q, 5)),
	    .attempt = (int)query_get_integer(q, 6),
	    .due_at = query_get_integer(q, 7),
	    .created_at = query_get_integer(q, 8),
	    .last_code = (int)query_get_integer(q, 9),
	    .last_text = arena_strdup(arena, query_get_text(q, 10)),
	    .kind = arena_strdup(arena, query_get_text(q, 11)),
	};
}

bool outbox_load_items(struct db *db, const char *state, size_t max,
		       struct arena *arena, struct outbox_item **ret,
		       size_t *ret_count, struct err *err)
{
	struct outbox_item *items =
	    arena_allocarray(arena, max, sizeof(*items));
	struct query *q = db_query(db, QUERY_OUTBOX_ITEMS);
	size_t count = 0;

	query_text(q, 1, state);
	query_integer(q, 2, (int64_t)max);
	while (count < max && query_next(q))
		read_item(q, arena, &items[count++]);
	if (!query_done(q, err))
		return false;
	*ret = items;
	*ret_count = count;
	return true;
}

bool outbox_load_item(struct db *db, int64_t delivery_id, struct arena *arena,
		      struct outbox_item *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_ITEM);

	query_integer(q, 1, delivery_id);
	bool found = query_next(q);
	if (found)
		read_item(q, arena, ret);
	if (!query_done(q, err))
		return false;
	return found || err_set(err, ERR_GONE, "no delivery %lld",
				(long long)delivery_id);
}

static void read_attempt(struct query *q, struct arena *arena,
			 struct outbox_attempt *ret)
{
	*ret = (struct outbox_attempt){
	    .number = (int)query_get_integer(q, 0),
	    .code = (int)query_get_integer(q, 1),
	    .began_at = query_get_integer(q, 2),
	    .duration_ms = query_get_integer(q, 3),
	    .outcome = arena_strdup(arena, query_get_text(q, 4)),
	    .relay = arena_strdup(arena, query_get_text(q, 5)),
	    .tls = arena_strdup(arena, query_get_text(q, 6)),
	    .enhanced = arena_strdup(arena, query_get_text(q, 7)),
	    .text = arena_strdup(arena, query_get_text(q, 8)),
	    .queue_id = arena_strdup(arena, query_get_text(q, 9)),
	};
}

/* more tries than a delivery can have: retry_days of the shortest backoff */
#define ATTEMPTS_MAX 10000

bool outbox_load_attempts(struct db *db, int64_t delivery_id,
			  struct arena *arena, struct outbox_attempt **ret,
			  size_t *ret_count, struct err *err)
{
	struct outbox_attempt *list = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(db, QUERY_OUTBOX_ATTEMPTS);

	query_integer(q, 1, delivery_id);
	while (count < ATTEMPTS_MAX && query_next(q)) {
		if (count == room) {
			struct outbox_attempt *wider;

			room = room ? room * 2 : 8;
			wider = arena_allocarray(arena, room, sizeof(*wider));
			if (count)
				memcpy(wider, list, count * sizeof(*wider));
			list = wider;
		}
		read_attempt(q, arena, &list[count++]);
	}
	if (!query_done(q, err))
		return false;
	*ret = list;
	*ret_count = count;
	return true;
}
