#include "core/request.h"

#include "base/arena.h"
#include "base/err.h"
#include "tools/db.h"

bool request_add(struct db *db, const char *verb, const char *argument,
		 const char *actor, int64_t now, int64_t *ret_id,
		 struct err *err)
{
	return request_add_reasoned(db, verb, argument, "", actor, now, ret_id,
				    err);
}

bool request_add_reasoned(struct db *db, const char *verb, const char *argument,
			  const char *reason, const char *actor, int64_t now,
			  int64_t *ret_id, struct err *err)
{
	if (!db_begin(db, err))
		return false;
	struct query *q = db_query(db, QUERY_REQUEST_INSERT);
	query_text(q, 1, verb);
	query_text(q, 2, argument);
	query_text(q, 3, actor);
	query_integer(q, 4, now);
	query_text(q, 5, reason);
	bool good = query_run(q, NULL, err);
	int64_t id = good ? db_last_id(db) : 0;
	if (!good || !db_commit(db, err)) {
		db_rollback(db);
		return false;
	}
	*ret_id = id;
	return true;
}

bool request_load_open(struct db *db, struct arena *arena, struct request **ret,
		       size_t *ret_count, struct err *err)
{
	struct request *list = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(db, QUERY_REQUEST_LOAD_OPEN);

	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count++] = (struct request){
		    .id = query_get_integer(q, 0),
		    .verb = arena_strdup(arena, query_get_text(q, 1)),
		    .argument = arena_strdup(arena, query_get_text(q, 2)),
		    .actor = arena_strdup(arena, query_get_text(q, 3)),
		    .reason = arena_strdup(arena, query_get_text(q, 4)),
		};
	}
	if (!query_done(q, err))
		return false;
	*ret = list;
	*ret_count = count;
	return true;
}

bool request_answer(struct db *db, int64_t id, const char *answer, int64_t now,
		    struct err *err)
{
	struct query *q = db_query(db, QUERY_REQUEST_ANSWER);

	query_integer(q, 1, id);
	query_integer(q, 2, now);
	query_text(q, 3, answer);
	return query_run(q, NULL, err);
}

bool request_answer_all(struct db *db, const char *verb, const char *answer,
			int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_REQUEST_ANSWER_ALL);

	query_text(q, 1, verb);
	query_integer(q, 2, now);
	query_text(q, 3, answer);
	return query_run(q, NULL, err);
}

bool request_poll(struct db *db, int64_t id, struct arena *arena,
		  const char **ret_answer, struct err *err)
{
	const char *answer = NULL;
	bool found = false;
	struct query *q = db_query(db, QUERY_REQUEST_POLL);

	query_integer(q, 1, id);
	if (query_next(q)) {
		found = true;
		if (!query_is_null(q, 0))
			answer = arena_strdup(arena, query_get_text(q, 0));
	}
	if (!query_done(q, err))
		return false;
	if (!found)
		return err_set(err, ERR_GONE, "there is no request %lld",
			       (long long)id);
	*ret_answer = answer;
	return true;
}
