#include "core/outbox_operate.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/event.h"
#include "core/outbox_event.h"
#include "tools/db.h"

#define ROWS_AT_ONCE 1000

/* What a verb does: which states it leaves, for which it makes for. */
struct rule {
	const char *from[2];
	const char *to, *detail;
	const char *event, *why; /* why: also in the event */
	const char *only;        /* what it is for, when it is refused */
	bool is_due_now;         /* else due_at stays */
	bool is_retried, is_by_hand, is_end;
	bool wants_mode; /* it may go out by it */
};

static const struct rule rules[] = {
    [OUTBOX_RETRY] = {.from = {"due", "refused"},
		      .to = "due",
		      .detail = "",
		      .event = "delivery-retried",
		      .only = "only what waits or was refused is tried again",
		      .is_due_now = true,
		      .is_retried = true,
		      .wants_mode = true},
    [OUTBOX_HOLD] = {.from = {"due", "due"},
		     .to = "held",
		     .detail = "by hand",
		     .event = "delivery-held",
		     .only = "only what waits can be held"},
    [OUTBOX_RELEASE] = {.from = {"held", "held"},
			.to = "due",
			.detail = "",
			.event = "delivery-released",
			.only = "only what is held can be released",
			.wants_mode = true},
    [OUTBOX_CANCEL] = {.from = {"due", "held"},
		       .to = "cancelled",
		       .detail = "by hand",
		       .event = "delivery-cancelled",
		       .why = "by hand",
		       .only = "only what waits or is held can be cancelled",
		       .is_by_hand = true,
		       .is_end = true},
    [OUTBOX_SENT] = {.from = {"unsure", "unsure"},
		     .to = "accepted",
		     .detail = "resolved by hand: sent",
		     .event = "delivery-resolved",
		     .why = "sent",
		     .only = "only what is unsure can be resolved",
		     .is_end = true},
    [OUTBOX_NOT_SENT] = {.from = {"unsure", "unsure"},
			 .to = "due",
			 .detail = "",
			 .event = "delivery-resolved",
			 .why = "not-sent",
			 .only = "only what is unsure can be resolved",
			 .is_due_now = true,
			 .is_retried = true,
			 .wants_mode = true},
    [OUTBOX_ERASE] = {.from = {"due", "held"},
		      .to = "cancelled",
		      .detail = "erased",
		      .event = "delivery-cancelled",
		      .why = "erased",
		      .only = "only what waits or is held can be cancelled",
		      .is_end = true},
};

struct standing {
	struct outbox_subject subject;
	const char *state, *board_mode;
	bool is_suppressed; /* mail to its address comes back */
	bool is_erased;     /* it has no address any more */
};

static bool load_standing(struct db *db, int64_t delivery_id,
			  struct arena *arena, struct standing *ret,
			  struct err *err)
{
	struct query *q = db_query(db, QUERY_OPERATE_STANDING);

	query_integer(q, 1, delivery_id);
	bool found = query_next(q);
	if (found)
		*ret = (struct standing){
		    .subject =
			{
			    .delivery_id = delivery_id,
			    .attempt = (int)query_get_integer(q, 1),
			    .mode = arena_strdup(arena, query_get_text(q, 2)),
			    .public_id =
				arena_strdup(arena, query_get_text(q, 3)),
			    .list_name =
				arena_strdup(arena, query_get_text(q, 4)),
			},
		    .state = arena_strdup(arena, query_get_text(q, 0)),
		    .board_mode = arena_strdup(arena, query_get_text(q, 5)),
		    .is_suppressed = query_get_integer(q, 6) != 0,
		    .is_erased = query_get_integer(q, 7) != 0,
		};
	if (!query_done(q, err))
		return false;
	return found || err_set(err, ERR_GONE, "no delivery %lld",
				(long long)delivery_id);
}

static const char *describe(const char *state)
{
	static const struct {
		const char *state, *words;
	} table[] = {
	    {"due", "waits to be sent"},
	    {"sending", "is being sent at this moment"},
	    {"accepted", "was accepted by the relay and is never sent again"},
	    {"refused", "was refused by the relay"},
	    {"unsure", "may have arrived (see queue resolve)"},
	    {"cancelled", "was cancelled"},
	    {"held", "is held"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].state, state) == 0)
			return table[i].words;
	return state;
}

/* also says why not */
static bool may_move(const struct rule *rule, const struct standing *standing,
		     struct err *err)
{
	const struct outbox_subject *subject = &standing->subject;

	if (strcmp(standing->state, rule->from[0]) != 0 &&
	    strcmp(standing->state, rule->from[1]) != 0)
		return err_set(err, ERR_INPUT, "delivery %lld %s: %s",
			       (long long)subject->delivery_id,
			       describe(standing->state), rule->only);
	if (rule->wants_mode &&
	    strcmp(subject->mode, standing->board_mode) != 0)
		return err_set(err, ERR_INPUT,
			       "delivery %lld was planned in mode %s and the "
			       "board is in mode %s: it can't go out",
			       (long long)subject->delivery_id, subject->mode,
			       standing->board_mode);
	if (rule->wants_mode && standing->is_erased)
		return err_set(err, ERR_INPUT,
			       "delivery %lld can't go out: to whom it went "
			       "was erased",
			       (long long)subject->delivery_id);
	if (rule->wants_mode && standing->is_suppressed)
		return err_set(err, ERR_INPUT,
			       "delivery %lld can't go out, for mail to its "
			       "address comes back: \"person unsuppress\" says "
			       "that it works, and sends what did not arrive",
			       (long long)subject->delivery_id);
	return true;
}

static bool add_event(struct db *db, const struct outbox_order *order,
		      const struct rule *rule, const struct standing *standing,
		      struct err *err)
{
	struct event event;

	outbox_event_begin(&event, rule->event, order->now, &standing->subject);
	event.actor = order->actor;
	event_text(&event, "from", standing->state);
	event_text(&event, "state", rule->to);
	if (rule->why)
		event_text(&event, "why", rule->why);
	if (order->reason)
		event_private(&event, "reason", order->reason);
	return event_end(&event, db, order->now, err);
}

static void bind_if(struct query *q, int index, bool is_set, int64_t number)
{
	if (is_set)
		query_integer(q, index, number);
	else
		query_null(q, index);
}

/* *ret_moved false: the daemon was there first */
static bool move(struct db *db, const struct outbox_order *order,
		 const struct rule *rule, const struct standing *standing,
		 bool *ret_moved, struct err *err)
{
	struct query *q = db_query(db, QUERY_OPERATE_MOVE);
	int changes;

	query_integer(q, 1, standing->subject.delivery_id);
	query_text(q, 2, standing->state);
	query_integer(q, 3, standing->subject.attempt);
	query_text(q, 4, rule->to);
	bind_if(q, 5, rule->is_due_now, order->now);
	query_text(q, 6, rule->detail);
	bind_if(q, 7, rule->is_end, order->now);
	bind_if(q, 8, rule->is_retried, order->now);
	query_integer(q, 9, rule->is_by_hand);
	if (!query_run(q, &changes, err))
		return false;
	*ret_moved = changes == 1;
	return changes == 0 || add_event(db, order, rule, standing, err);
}

static bool end(struct db *db, bool good, struct err *err)
{
	if (good && db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}

static bool operate_one(struct db *db, const struct outbox_order *order,
			int64_t delivery_id, struct arena *arena,
			struct err *err)
{
	const struct rule *rule = &rules[order->verb];
	struct standing standing;
	bool moved;

	if (!load_standing(db, delivery_id, arena, &standing, err))
		return false;
	if (order->verb == OUTBOX_HOLD && strcmp(standing.state, "held") == 0)
		return true;
	return may_move(rule, &standing, err) &&
	       move(db, order, rule, &standing, &moved, err);
}

bool outbox_operate_within(struct db *db, const struct outbox_order *order,
			   int64_t delivery_id, struct err *err)
{
	struct arena *arena = arena_new();
	bool good = operate_one(db, order, delivery_id, arena, err);

	arena_free(arena);
	return good;
}

bool outbox_operate_one(struct db *db, const struct outbox_order *order,
			int64_t delivery_id, struct err *err)
{
	return db_begin(db, err) &&
	       end(db, outbox_operate_within(db, order, delivery_id, err), err);
}

/* --- many */

/* Looked for outside the transaction: finding the few among millions must not
 * keep the daemon from its commits. */
static bool find(struct db *db, const struct outbox_order *order,
		 const char *list_name, int64_t planned_from_at, int64_t after,
		 int64_t *ids, size_t *ret_count, struct err *err)
{
	const struct rule *rule = &rules[order->verb];
	struct query *q = db_query(db, QUERY_OPERATE_FIND);
	size_t count = 0;

	query_integer(q, 1, after);
	query_text(q, 2, list_name);
	query_text(q, 3, rule->from[0]);
	query_text(q, 4, rule->from[1]);
	/* what is due already needs no other try */
	query_integer(q, 5, order->verb == OUTBOX_RETRY ? order->now : 0);
	query_integer(q, 6, planned_from_at);
	query_integer(q, 7, ROWS_AT_ONCE);
	while (count < ROWS_AT_ONCE && query_next(q))
		ids[count++] = query_get_integer(q, 0);
	*ret_count = count;
	return query_done(q, err);
}

/* What changed its state since it was found is left alone. */
static bool operate_slice(struct db *db, const struct outbox_order *order,
			  const int64_t *ids, size_t count, struct arena *arena,
			  int64_t *ret_moved, struct err *err)
{
	const struct rule *rule = &rules[order->verb];

	for (size_t i = 0; i < count; i++) {
		struct standing standing;
		bool moved = false;

		if (!load_standing(db, ids[i], arena, &standing, err))
			return false;
		if (may_move(rule, &standing, NULL) &&
		    !move(db, order, rule, &standing, &moved, err))
			return false;
		*ret_moved += moved;
	}
	return true;
}

bool outbox_operate_all(struct db *db, const struct outbox_order *order,
			const char *list_name, int64_t planned_from_at,
			int64_t *ret_count, struct err *err)
{
	int64_t ids[ROWS_AT_ONCE], after = 0, all = 0;
	size_t count;
	bool good = true;

	do {
		int64_t moved = 0;

		if (!find(db, order, list_name, planned_from_at, after, ids,
			  &count, err))
			return false;
		if (count == 0)
			break;
		if (!db_begin(db, err))
			return false;
		struct arena *arena = arena_new();
		good = end(
		    db,
		    operate_slice(db, order, ids, count, arena, &moved, err),
		    err);
		arena_free(arena);
		if (!good)
			return false;
		after = ids[count - 1];
		all += moved;
	} while (count == ROWS_AT_ONCE);
	*ret_count = all;
	return true;
}
