#include "core/erase.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/copy.h"
#include "core/erase_letter.h"
#include "core/erase_part.h"
#include "core/event.h"
#include "core/outbox_operate.h"
#include "core/person_data.h"
#include "core/tombstone.h"
#include "tools/db.h"

#define ROWS_AT_ONCE 1000
#define IDS_AT_ONCE 4000
#define COPIES_AT_ONCE 50
#define LETTERS_AT_ONCE 50
#define OWN_AT_ONCE 250

enum stage {
	STAGE_FIRST,
	STAGE_COPIES,
	STAGE_SLOW,
	STAGE_DELIVERIES,
	STAGE_RETURNED,
	STAGE_LETTERS, /* before events, whose texts promise letters */
	STAGE_EVENTS,
	STAGE_LAST,
};

struct erase_work {
	struct erase_subject subject;
	struct arena *arena;
	const char *address_key; /* also when it is another's now */
	enum stage stage;
	int64_t cursor, last[STAGE_LAST]; /* of what is walked over */
};

/* --- whom */

static bool load(struct db *db, struct erase_work *work, struct err *err)
{
	struct erase_subject *subject = &work->subject;
	struct query *q = db_query(db, QUERY_ERASE_LOAD);

	query_text(q, 1, subject->public_id);
	if (query_next(q)) {
		const char *key = query_get_text(q, 1);
		const char *name = query_get_text(q, 2);

		subject->person_id = query_get_integer(q, 0);
		work->address_key =
		    arena_strdup(work->arena, query_get_text(q, 3));
		if (key)
			subject->address_key = arena_strdup(work->arena, key);
		/* "Ann" alone is in too much that is not about her */
		if (strchr(name, ' '))
			subject->name = arena_strdup(work->arena, name);
	}
	if (!query_done(q, err))
		return false;
	return subject->person_id ||
	       err_set(err, ERR_GONE, "nobody is known as person %s",
		       subject->public_id);
}

struct erase_work *erase_begin(struct db *db, const char *public_id,
			       struct err *err)
{
	struct erase_work *work = xcalloc(1, sizeof(*work));

	work->arena = arena_new();
	work->subject.public_id = arena_strdup(work->arena, public_id);
	if (load(db, work, err))
		return work;
	erase_free(work);
	return NULL;
}

const char *erase_address_key(const struct erase_work *work)
{
	return work->address_key;
}

void erase_free(struct erase_work *work)
{
	if (!work)
		return;
	arena_free(work->arena);
	free(work);
}

bool erase_find(struct db *db, const char *address_key, struct arena *arena,
		const char ***ret, size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_ERASE_FIND);
	size_t count = 0, room = 0;

	*ret = NULL;
	query_text(q, 1, address_key);
	while (query_next(q)) {
		*ret = arena_grow(arena, *ret, count, &room, sizeof(**ret));
		(*ret)[count++] = arena_strdup(arena, query_get_text(q, 0));
	}
	*ret_count = count;
	return query_done(q, err);
}

/* --- mails that wait */

bool erase_cancel(struct db *db, const struct erase_order *order,
		  struct query *found, bool *ret_is_sending, struct err *err)
{
	const struct outbox_order cancel = {
	    .verb = OUTBOX_ERASE, .actor = order->actor, .now = order->now};
	int64_t ids[ROWS_AT_ONCE];
	size_t count = 0;

	while (count < ROWS_AT_ONCE && query_next(found)) {
		if (strcmp(query_get_text(found, 1), "sending") == 0)
			*ret_is_sending = true;
		else
			ids[count++] = query_get_integer(found, 0);
	}
	if (!query_done(found, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!outbox_operate_within(db, &cancel, ids[i], err))
			return false;
	return true;
}

/* --- the tables */

static bool run_counted(struct db *db, enum person_step step,
			void bind(struct query *q, const void *context),
			const void *context, int *changes, struct err *err)
{
	for (const struct person_table *table = person_tables; table->name;
	     table++) {
		int more;

		if (table->step != step)
			continue;
		struct query *q = db_query(db, table->erase);
		bind(q, context);
		if (!query_run(q, &more, err))
			return err_context(err, "erasing from %s", table->name);
		*changes += more;
	}
	return true;
}

static bool run_step(struct db *db, enum person_step step,
		     void bind(struct query *q, const void *context),
		     const void *context, struct err *err)
{
	int changes = 0;

	return run_counted(db, step, bind, context, &changes, err);
}

struct first {
	int64_t person_id, now;
};

static void bind_first(struct query *q, const void *context)
{
	const struct first *first = context;

	query_integer(q, 1, first->person_id);
	query_integer(q, 2, first->now);
}

static void bind_person(struct query *q, const void *context)
{
	query_integer(q, 1, ((const struct erase_subject *)context)->person_id);
}

static void bind_address(struct query *q, const void *context)
{
	query_text(q, 1, ((const struct erase_subject *)context)->address_key);
}

struct walk {
	const struct erase_subject *subject;
	int64_t after, to;
};

static void bind_walk(struct query *q, const void *context)
{
	const struct walk *walk = context;

	erase_bind_walk(q, walk->subject, walk->after, walk->to);
}

void erase_bind_walk(struct query *q, const struct erase_subject *subject,
		     int64_t after, int64_t to)
{
	query_integer(q, 1, subject->person_id);
	query_text(q, 2, subject->address_key);
	query_text(q, 3, subject->name);
	query_text(q, 4, subject->public_id);
	query_integer(q, 5, after);
	query_integer(q, 6, to);
}

/* --- the stages */

static bool load_last(struct db *db, struct erase_work *work, struct err *err)
{
	struct query *q = db_query(db, QUERY_ERASE_LAST);

	if (query_next(q)) {
		work->last[STAGE_DELIVERIES] = query_get_integer(q, 0);
		work->last[STAGE_RETURNED] = query_get_integer(q, 1);
		work->last[STAGE_LETTERS] = query_get_integer(q, 2);
		work->last[STAGE_EVENTS] = query_get_integer(q, 3);
	}
	return query_done(q, err);
}

/* Lists that have a row of theirs are told so by what they load next. */
static bool read_lists_again(struct db *db, const struct erase_work *work,
			     struct err *err)
{
	struct query *q = db_query(db, QUERY_ERASE_LISTS_AGAIN);

	query_integer(q, 1, work->subject.person_id);
	return query_run(q, NULL, err);
}

static bool step_first(struct db *db, struct erase_work *work,
		       const struct erase_order *order, bool *ret_is_sending,
		       struct err *err)
{
	const struct first first = {work->subject.person_id, order->now};
	struct query *q;

	if (!run_step(db, PERSON_FIRST, bind_first, &first, err))
		return false;
	q = db_query(db, QUERY_ERASE_WAITING);
	query_integer(q, 1, work->subject.person_id);
	query_integer(q, 2, ROWS_AT_ONCE);
	return erase_cancel(db, order, q, ret_is_sending, err);
}

static bool step_copies(struct db *db, struct erase_work *work,
			const struct erase_order *order, bool *ret_more,
			struct err *err)
{
	return copy_hash_of_person(db, order->settings, order->keys,
				   work->subject.person_id, COPIES_AT_ONCE,
				   ret_more, err);
}

/* One a step: a scan has some megabytes, all of which are overwritten. */
static bool step_slow(struct db *db, const struct erase_work *work,
		      bool *ret_more, struct err *err)
{
	int changes = 0;
	bool good = run_counted(db, PERSON_SLOWLY, bind_person, &work->subject,
				&changes, err);

	*ret_more = changes > 0;
	return good;
}

/* to their address, as somebody else: a lead, a colleague */
static bool cancel_walk(struct db *db, const struct erase_order *order,
			const struct walk *walk, bool *ret_is_sending,
			struct err *err)
{
	struct query *q = db_query(db, QUERY_ERASE_WAITING_WALK);

	bind_walk(q, walk);
	return erase_cancel(db, order, q, ret_is_sending, err);
}

/* One piece of a walk; what is being sent is not walked over yet. */
static bool step_walk(struct db *db, struct erase_work *work,
		      const struct erase_order *order, bool *ret_is_sending,
		      struct err *err)
{
	static const enum person_step steps[] = {
	    [STAGE_DELIVERIES] = PERSON_DELIVERIES,
	    [STAGE_RETURNED] = PERSON_RETURNED,
	    [STAGE_EVENTS] = PERSON_EVENTS,
	};
	struct walk walk = {&work->subject, work->cursor,
			    work->cursor + IDS_AT_ONCE};
	bool good;

	if (work->stage == STAGE_LETTERS) {
		walk.to = work->cursor + LETTERS_AT_ONCE;
		good = erase_letters(db, order, &work->subject, walk.after,
				     &walk.to, ret_is_sending, err);
	} else {
		good = (work->stage != STAGE_DELIVERIES ||
			cancel_walk(db, order, &walk, ret_is_sending, err)) &&
		       (*ret_is_sending || run_step(db, steps[work->stage],
						    bind_walk, &walk, err));
	}
	if (good && !*ret_is_sending)
		work->cursor = walk.to;
	return good;
}

/* The rows of one id, without those between it and the next. */
static bool erase_ids(struct db *db, const struct erase_work *work,
		      const int64_t *ids, size_t count, struct err *err)
{
	enum person_step step = work->stage == STAGE_DELIVERIES
				    ? PERSON_DELIVERIES
				    : PERSON_RETURNED;

	for (size_t i = 0; i < count; i++) {
		const struct walk walk = {&work->subject, ids[i] - 1, ids[i]};

		if (!run_step(db, step, bind_walk, &walk, err))
			return false;
	}
	return true;
}

/* *ret_more false: that was all of them */
static bool step_own(struct db *db, struct erase_work *work, bool *ret_more,
		     struct err *err)
{
	struct query *q = db_query(db, work->stage == STAGE_DELIVERIES
					   ? QUERY_ERASE_OWN_DELIVERIES
					   : QUERY_ERASE_OWN_RETURNED);
	int64_t ids[OWN_AT_ONCE];
	size_t count = 0;

	query_integer(q, 1, work->subject.person_id);
	query_integer(q, 2, work->cursor);
	query_integer(q, 3, OWN_AT_ONCE);
	while (count < OWN_AT_ONCE && query_next(q))
		ids[count++] = query_get_integer(q, 0);
	if (!query_done(q, err) || !erase_ids(db, work, ids, count, err))
		return false;
	*ret_more = count == OWN_AT_ONCE;
	if (count > 0)
		work->cursor = ids[count - 1];
	return true;
}

static bool load_since(struct db *db, const struct erase_work *work,
		       int64_t *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_ERASE_SINCE);

	query_integer(q, 1, work->subject.person_id);
	*ret = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

static bool add_event(struct db *db, const struct erase_work *work,
		      const struct erase_order *order, struct err *err)
{
	struct event event;
	int64_t since;

	if (!load_since(db, work, &since, err))
		return false;
	event_begin(&event, "person-erased", since, order->actor);
	event_text(&event, "person", work->subject.public_id);
	event_text(&event, "how", order->how);
	if (order->reason)
		event_private(&event, "reason", order->reason);
	return event_end(&event, db, order->now, err);
}

static bool step_last(struct db *db, struct erase_work *work,
		      const struct erase_order *order, struct err *err)
{
	const struct erase_subject *subject = &work->subject;

	return (order->is_own_only || read_lists_again(db, work, err)) &&
	       run_step(db, PERSON_LAST, bind_person, subject, err) &&
	       (!subject->address_key ||
		run_step(db, PERSON_LAST_ADDRESS, bind_address, subject,
			 err)) &&
	       (!order->mac || !subject->address_key ||
		tombstone_put(db, order->mac, order->now, err)) &&
	       add_event(db, work, order, err);
}

static void go_on(struct erase_work *work)
{
	work->stage++;
	work->cursor = 0;
}

static bool step(struct db *db, struct erase_work *work,
		 const struct erase_order *order, enum erase_state *ret,
		 struct err *err)
{
	bool is_sending = false, more = false, good = true;

	switch (work->stage) {
	case STAGE_FIRST:
		good = step_first(db, work, order, &is_sending, err);
		if (good && !is_sending)
			go_on(work);
		break;
	case STAGE_COPIES:
		good = step_copies(db, work, order, &more, err) &&
		       load_last(db, work, err);
		if (good && !more)
			go_on(work);
		break;
	case STAGE_SLOW:
		good = step_slow(db, work, &more, err);
		if (good && !more)
			go_on(work);
		break;
	case STAGE_DELIVERIES:
	case STAGE_RETURNED:
	case STAGE_LETTERS:
	case STAGE_EVENTS:
		if (order->is_own_only) {
			good = work->stage > STAGE_RETURNED ||
			       step_own(db, work, &more, err);
			if (good && !more)
				go_on(work);
			break;
		}
		good = step_walk(db, work, order, &is_sending, err);
		if (good && work->cursor >= work->last[work->stage])
			go_on(work);
		break;
	case STAGE_LAST:
		*ret = ERASE_DONE;
		return step_last(db, work, order, err);
	}
	*ret = is_sending ? ERASE_WAITING : ERASE_WORKING;
	return good;
}

bool erase_step(struct db *db, struct erase_work *work,
		const struct erase_order *order, enum erase_state *ret,
		struct err *err)
{
	assert(db_is_in_transaction(db));
	return step(db, work, order, ret, err) ||
	       err_context(err, "erasing person %s", work->subject.public_id);
}
