#include "core/relay_record.h"

#include "base/arena.h"
#include "base/err.h"
#include "core/relay.h"
#include "tools/db.h"

#define MINUTE_SECONDS 60

bool relay_record_clear(struct db *db, struct err *err)
{
	return query_run(db_query(db, QUERY_RELAY_CLEAR), NULL, err);
}

bool relay_record_put(struct db *db, const struct relay_standing *standing,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_RELAY_PUT);

	query_text(q, 1, standing->name);
	query_integer(q, 2, standing->position);
	query_text(q, 3, standing->is_broken ? "broken" : "working");
	query_integer(q, 4, standing->since_at);
	query_integer(q, 5, standing->failures);
	query_integer(q, 6, standing->probe_at);
	query_text(q, 7, standing->trouble);
	return query_run(q, NULL, err);
}

bool relay_record_use(struct db *db, const char *name, int64_t mails,
		      int64_t now, struct err *err)
{
	int64_t minute = now / MINUTE_SECONDS;
	struct query *q = db_query(db, QUERY_RELAY_USE);

	query_text(q, 1, name);
	query_integer(q, 2, minute);
	query_integer(q, 3, mails);
	if (!query_run(q, NULL, err))
		return false;
	q = db_query(db, QUERY_RELAY_FORGET);
	query_text(q, 1, name);
	query_integer(q, 2, minute - RELAY_DAY_MINUTES - 1);
	return query_run(q, NULL, err);
}

bool relay_record_recall(struct db *db, const char *name, struct relay *relay,
			 int64_t now, int64_t now_ms, struct err *err)
{
	struct query *q = db_query(db, QUERY_RELAY_RECALL);

	query_text(q, 1, name);
	while (query_next(q)) {
		int64_t end = (query_get_integer(q, 0) + 1) * MINUTE_SECONDS;
		int64_t ago = now > end ? now - end : 0;

		relay_recall(relay, query_get_integer(q, 1), ago * 1000,
			     now_ms);
	}
	return query_done(q, err);
}

bool relay_record_load(struct db *db, int64_t now, struct arena *arena,
		       struct relay_standing **ret, size_t *ret_count,
		       struct err *err)
{
	struct query *q = db_query(db, QUERY_RELAY_ALL);
	struct relay_standing *list = NULL;
	size_t count = 0, room = 0;

	query_integer(q, 1, now / MINUTE_SECONDS);
	query_integer(q, 2, now / MINUTE_SECONDS - RELAY_DAY_MINUTES);
	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count++] = (struct relay_standing){
		    .name = arena_strdup(arena, query_get_text(q, 0)),
		    .position = (int)query_get_integer(q, 1),
		    .is_broken = query_get_integer(q, 2) != 0,
		    .since_at = query_get_integer(q, 3),
		    .failures = (int)query_get_integer(q, 4),
		    .probe_at = query_get_integer(q, 5),
		    .trouble = arena_strdup(arena, query_get_text(q, 6)),
		    .in_minute = query_get_integer(q, 7),
		    .in_day = query_get_integer(q, 8),
		};
	}
	if (!query_done(q, err))
		return false;
	*ret = list;
	*ret_count = count;
	return true;
}
