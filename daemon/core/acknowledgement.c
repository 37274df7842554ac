#include "core/acknowledgement.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/briefing.h"
#include "core/event.h"
#include "tools/db.h"

#define DAY_SECONDS 86400

/* --- loading the page --- */

static int64_t later_of(int64_t left, int64_t right)
{
	return left > right ? left : right;
}

/* The window runs from when the mail was handed over, and never ends before
 * that of a requirement which the delivery made: a link that was promised works
 * to the end. */
static void read_times(struct query *q, int64_t window_days,
		       struct acknowledgement_page *page)
{
	bool is_accepted = strcmp(query_get_text(q, 5), "accepted") == 0;
	int64_t created_at = query_get_integer(q, 6);
	int64_t claimed_at = query_get_integer(q, 7);
	int64_t ended_at = query_get_integer(q, 8);
	int64_t closes_at = query_get_integer(q, 9);

	page->accepted_at = is_accepted ? ended_at : claimed_at;
	page->expires_at =
	    later_of(created_at, page->accepted_at) + window_days * DAY_SECONDS;
	page->expires_at = later_of(page->expires_at, closes_at);
}

static bool load_delivery(struct db *db, int64_t delivery_id,
			  int64_t window_days, struct arena *arena,
			  struct acknowledgement_page **ret, struct err *err)
{
	struct acknowledgement_page *page = NULL;
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_DELIVERY);

	query_integer(q, 1, delivery_id);
	if (query_next(q)) {
		page = arena_alloc(arena, sizeof(*page));
		page->delivery_id = delivery_id;
		page->person_id = query_get_integer(q, 0);
		page->public_id = arena_strdup(arena, query_get_text(q, 1));
		page->address = arena_strdup(arena, query_get_text(q, 2));
		page->name = arena_strdup(arena, query_get_text(q, 3));
		page->is_rehearsal =
		    strcmp(query_get_text(q, 4), "rehearsal") == 0;
		page->asked = asked_parse(query_get_text(q, 10));
		read_times(q, window_days, page);
	}
	if (!query_done(q, err))
		return false;
	*ret = page;
	return true;
}

/* an item as its row says, before its version is loaded */
struct found {
	int64_t version_id, recorded_at, due_at;
	bool is_required; /* or nobody can tell: a rehearsal */
	bool is_closed;   /* as left or exempt */
};

struct found_list {
	struct found *list;
	size_t count;
};

static void found_add(struct found_list *all, const struct found *found)
{
	all->list =
	    xreallocarray(all->list, all->count + 1, sizeof(*all->list));
	all->list[all->count++] = *found;
}

static bool find_items(struct db *db, const struct acknowledgement_page *page,
		       struct found_list *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_ITEMS);

	query_integer(q, 1, page->delivery_id);
	while (query_next(q)) {
		const char *closed_as = query_get_text(q, 4);
		found_add(ret, &(struct found){
				   .version_id = query_get_integer(q, 0),
				   .is_required = page->is_rehearsal ||
						  !query_is_null(q, 1),
				   .recorded_at = query_get_integer(q, 2),
				   .due_at = query_get_integer(q, 3),
				   .is_closed = closed_as,
			       });
	}
	return query_done(q, err);
}

static bool find_later(struct db *db, const struct acknowledgement_page *page,
		       struct found_list *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_LATER);

	query_integer(q, 1, page->delivery_id);
	while (query_next(q))
		found_add(ret, &(struct found){
				   .version_id = query_get_integer(q, 0),
				   .due_at = query_get_integer(q, 1),
				   .is_required = true,
			       });
	return query_done(q, err);
}

/* What was confirmed stays so whatever came of the briefing. */
static enum acknowledgement_state
state_of(const struct found *found, const struct briefing_version *version)
{
	if (found->recorded_at)
		return ACKNOWLEDGEMENT_RECORDED;
	if (version->withdrawn_at)
		return ACKNOWLEDGEMENT_WITHDRAWN;
	if (!version->is_latest)
		return ACKNOWLEDGEMENT_SUPERSEDED;
	/* nothing can be recorded where nothing is required: do not ask */
	if (found->is_closed || !found->is_required)
		return ACKNOWLEDGEMENT_CLOSED;
	return ACKNOWLEDGEMENT_OUTSTANDING;
}

static bool load_items(struct db *db, const struct found_list *found,
		       struct arena *arena, struct acknowledgement_item **ret,
		       size_t *ret_count, struct err *err)
{
	struct acknowledgement_item *items =
	    arena_allocarray(arena, found->count, sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < found->count; i++) {
		const struct found *row = &found->list[i];
		struct briefing_version *version;

		if (!briefing_load_version(db, row->version_id, arena, &version,
					   err))
			return false;
		assert(version); /* a foreign key says so */
		items[count++] = (struct acknowledgement_item){
		    .version = version,
		    .state = state_of(row, version),
		    .recorded_at = row->recorded_at,
		    .due_at = row->due_at,
		};
	}
	*ret = items;
	*ret_count = count;
	return true;
}

/* of what other mails asked, only what is still to be confirmed */
static void keep_outstanding(struct acknowledgement_page *page)
{
	size_t count = 0;

	for (size_t i = 0; i < page->later_count; i++)
		if (page->later[i].state == ACKNOWLEDGEMENT_OUTSTANDING)
			page->later[count++] = page->later[i];
	page->later_count = count;
}

bool acknowledgement_load(struct db *db, int64_t delivery_id,
			  int64_t window_days, struct arena *arena,
			  struct acknowledgement_page **ret, struct err *err)
{
	struct acknowledgement_page *page;
	struct found_list items = {0}, later = {0};

	if (!load_delivery(db, delivery_id, window_days, arena, &page, err))
		return false;
	if (!page) {
		*ret = NULL;
		return true;
	}
	bool good = find_items(db, page, &items, err) &&
		    find_later(db, page, &later, err) &&
		    load_items(db, &items, arena, &page->items,
			       &page->item_count, err) &&
		    load_items(db, &later, arena, &page->later,
			       &page->later_count, err);
	free(items.list);
	free(later.list);
	if (!good)
		return err_context(err, "delivery %lld",
				   (long long)delivery_id);
	keep_outstanding(page);
	*ret = page;
	return true;
}

/* --- judging and recording a POST --- */

static bool is_of_page(const struct acknowledgement_page *page, int64_t id)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].version->id == id)
			return true;
	return false;
}

static bool holds(const int64_t *ids, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static size_t keep_own(const struct acknowledgement_page *page, int64_t *ids,
		       size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (is_of_page(page, ids[i]) && !holds(ids, kept, ids[i]))
			ids[kept++] = ids[i];
	return kept;
}

enum acknowledgement_verdict
acknowledgement_check(const struct acknowledgement_page *page, int64_t shown_at,
		      int64_t *version_ids, size_t *count, int64_t now)
{
	*count = keep_own(page, version_ids, *count);
	if (now >= page->expires_at)
		return ACKNOWLEDGEMENT_EXPIRED;
	if (shown_at <= 0 || shown_at > now ||
	    now - shown_at > ACKNOWLEDGEMENT_FORM_MAX_AGE_SECONDS)
		return ACKNOWLEDGEMENT_STALE_FORM;
	if (*count == 0)
		return ACKNOWLEDGEMENT_NOTHING_TICKED;
	if (now - shown_at < ACKNOWLEDGEMENT_FORM_SECONDS)
		return ACKNOWLEDGEMENT_FORM_TOO_FAST;
	if (page->accepted_at > 0 &&
	    now - page->accepted_at < ACKNOWLEDGEMENT_MAIL_SECONDS)
		return ACKNOWLEDGEMENT_MAIL_TOO_FAST;
	return page->is_rehearsal ? ACKNOWLEDGEMENT_REHEARSAL
				  : ACKNOWLEDGEMENT_GOOD;
}

/* one requirement, in the words of its event */
struct subject {
	int64_t requirement_id; /* 0: there is none */
	const char *public_id, *ref;
	int64_t version, closes_at;
};

static void read_subject(struct query *q, struct arena *arena,
			 struct subject *ret)
{
	ret->requirement_id = query_get_integer(q, 0);
	ret->public_id = arena_strdup(arena, query_get_text(q, 1));
	ret->ref = arena_strdup(arena, query_get_text(q, 2));
	ret->version = query_get_integer(q, 3);
}

static bool write_event(struct db *db, const struct subject *subject,
			const char *kind, int64_t effective_at,
			const char *actor, int64_t delivery_id, int64_t now,
			struct err *err)
{
	struct event event;

	event_begin(&event, kind, effective_at, actor);
	event_text(&event, "person", subject->public_id);
	event_text(&event, "ref", subject->ref);
	event_integer(&event, "version", subject->version);
	if (delivery_id)
		event_integer(&event, "delivery", delivery_id);
	return event_end(&event, db, now, err);
}

static bool mark(struct db *db, enum query_id statement, int64_t requirement_id,
		 int64_t now, struct err *err)
{
	struct query *q = db_query(db, statement);
	int changes;

	query_integer(q, 1, requirement_id);
	query_integer(q, 2, now);
	if (!query_run(q, &changes, err))
		return false;
	/* the caller's transaction holds the write lock since it looked */
	assert(changes == 1);
	return true;
}

static bool find_open(struct db *db, int64_t delivery_id, int64_t version_id,
		      struct arena *arena, struct subject *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_FIND);

	query_integer(q, 1, delivery_id);
	query_integer(q, 2, version_id);
	if (query_next(q))
		read_subject(q, arena, ret);
	return query_done(q, err);
}

static bool record_one(struct db *db, int64_t delivery_id, int64_t version_id,
		       int64_t now, struct arena *arena, int *recorded,
		       struct err *err)
{
	struct subject subject = {0};

	if (!find_open(db, delivery_id, version_id, arena, &subject, err))
		return false;
	if (!subject.requirement_id)
		return true;
	if (!mark(db, QUERY_ACKNOWLEDGEMENT_MARK, subject.requirement_id, now,
		  err))
		return false;
	++*recorded;
	return write_event(db, &subject, "acknowledged", now,
			   arena_printf(arena, "person:%s", subject.public_id),
			   delivery_id, now, err);
}

bool acknowledgement_record(struct db *db, int64_t delivery_id,
			    const int64_t *version_ids, size_t count,
			    int64_t now, int *ret_recorded, struct err *err)
{
	struct arena *arena = arena_new();
	int recorded = 0;
	bool good = true;

	assert(db_is_in_transaction(db));
	for (size_t i = 0; good && i < count; i++)
		good = record_one(db, delivery_id, version_ids[i], now, arena,
				  &recorded, err);
	arena_free(arena);
	if (!good)
		return err_context(err, "delivery %lld",
				   (long long)delivery_id);
	*ret_recorded = recorded;
	return true;
}

/* --- negative receipts --- */

static bool find_closing(struct db *db, int64_t now, size_t max,
			 struct arena *arena, struct subject *subjects,
			 size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_CLOSING);
	size_t count = 0;

	query_integer(q, 1, now);
	query_integer(q, 2, (int64_t)max);
	while (query_next(q)) {
		read_subject(q, arena, &subjects[count]);
		subjects[count++].closes_at = query_get_integer(q, 4);
	}
	*ret_count = count;
	return query_done(q, err);
}

static bool settle_closed(struct db *db, int64_t now, size_t max,
			  int *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_SETTLE);

	query_integer(q, 1, now);
	query_integer(q, 2, (int64_t)max);
	return query_run(q, ret_count, err);
}

bool acknowledgement_close_windows(struct db *db, int64_t now, size_t max,
				   int *ret_missed, bool *ret_more,
				   struct err *err)
{
	struct arena *arena = arena_new();
	struct subject *subjects =
	    arena_allocarray(arena, max, sizeof(*subjects));
	size_t count = 0;
	int settled = 0;

	assert(db_is_in_transaction(db));
	bool good = settle_closed(db, now, max, &settled, err) &&
		    find_closing(db, now, max, arena, subjects, &count, err);
	/* It takes effect when the window closed; that it is known only now is
	 * what missed_at says, so that a report as of an earlier time stays. */
	for (size_t i = 0; good && i < count; i++)
		good = mark(db, QUERY_ACKNOWLEDGEMENT_MISS,
			    subjects[i].requirement_id, now, err) &&
		       write_event(db, &subjects[i], "missed",
				   subjects[i].closes_at, "briefingd", 0, now,
				   err);
	arena_free(arena);
	if (!good)
		return err_context(err, "closing windows");
	*ret_missed = (int)count;
	*ret_more = count == max || (size_t)settled == max;
	return true;
}
