#include "core/acknowledgement.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/shown.h"
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
		page->is_guest = query_get_integer(q, 11) != 0;
		page->is_shared = query_get_integer(q, 12) != 0;
		page->is_erased = query_get_integer(q, 13) != 0;
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
	const char *receipt;
	bool is_shared;
	int64_t further, disowned_at;
};

struct found_list {
	struct arena *arena;
	struct found *list;
	size_t count, room;
};

static void found_add(struct found_list *all, const struct found *found)
{
	all->list = arena_grow(all->arena, all->list, all->count, &all->room,
			       sizeof(*all->list));
	all->list[all->count++] = *found;
}

static const char *copy(struct query *q, int column, struct arena *arena)
{
	const char *text = query_get_text(q, column);

	return text ? arena_strdup(arena, text) : NULL;
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
				   .is_required =
				       page->is_rehearsal ||
				       page->is_guest == query_is_null(q, 1),
				   .recorded_at = query_get_integer(q, 2),
				   .due_at = query_get_integer(q, 3),
				   .is_closed = closed_as,
				   .receipt = copy(q, 5, ret->arena),
				   .is_shared = page->is_shared,
				   .further = query_get_integer(q, 6),
				   .disowned_at = query_get_integer(q, 7),
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

/* What was confirmed stays so whatever came of the briefing; a shared mailbox
 * is asked for further names as long as it is in force. */
static enum acknowledgement_state
state_of(const struct found *found, const struct briefing_version *version)
{
	if (found->recorded_at && found->is_shared && !version->withdrawn_at &&
	    version->is_latest)
		return ACKNOWLEDGEMENT_OUTSTANDING;
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

static bool load_items(struct db *db, struct shown *shown,
		       const struct found_list *found, struct arena *arena,
		       struct acknowledgement_item **ret, size_t *ret_count,
		       struct err *err)
{
	struct acknowledgement_item *items =
	    arena_allocarray(arena, found->count, sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < found->count; i++) {
		const struct found *row = &found->list[i];
		const struct briefing_version *version;

		if (!shown_load(shown, db, row->version_id, arena, &version,
				err))
			return false;
		items[count++] = (struct acknowledgement_item){
		    .version_id = row->version_id,
		    .version = version,
		    .state = state_of(row, version),
		    .recorded_at = row->recorded_at,
		    .due_at = row->due_at,
		    .receipt = row->receipt,
		    .disowned_at = row->disowned_at,
		    .names = (row->recorded_at ? 1 : 0) + row->further,
		};
	}
	*ret = items;
	*ret_count = count;
	return true;
}

static bool load_own(struct db *db, struct shown *shown, struct arena *arena,
		     struct acknowledgement_page *page, struct err *err)
{
	struct found_list found = {.arena = arena};

	return find_items(db, page, &found, err) &&
	       load_items(db, shown, &found, arena, &page->items,
			  &page->item_count, err);
}

/* of what other mails asked, only what is still to be confirmed */
static bool keep_outstanding(struct db *db, struct shown *shown,
			     const struct found_list *found,
			     struct arena *arena,
			     struct acknowledgement_page *page, struct err *err)
{
	size_t count = 0;

	if (!load_items(db, shown, found, arena, &page->later,
			&page->later_count, err))
		return false;
	for (size_t i = 0; i < page->later_count; i++)
		if (page->later[i].state == ACKNOWLEDGEMENT_OUTSTANDING)
			page->later[count++] = page->later[i];
	page->later_count = count;
	return true;
}

static bool load_later(struct db *db, struct shown *shown, struct arena *arena,
		       struct acknowledgement_page *page, struct err *err)
{
	struct found_list found = {.arena = arena};

	return find_later(db, page, &found, err) &&
	       keep_outstanding(db, shown, &found, arena, page, err);
}

static bool load_later_again(struct db *db, struct shown *shown,
			     struct arena *arena,
			     struct acknowledgement_page *page, struct err *err)
{
	struct found_list found = {.arena = arena};

	for (size_t i = 0; i < page->later_count; i++)
		found_add(&found, &(struct found){
				      .version_id = page->later[i].version_id,
				      .due_at = page->later[i].due_at,
				      .is_required = true,
				  });
	return keep_outstanding(db, shown, &found, arena, page, err);
}

bool acknowledgement_load_again(struct db *db, struct shown *shown,
				struct arena *arena,
				struct acknowledgement_page *page,
				struct err *err)
{
	return (load_own(db, shown, arena, page, err) &&
		load_later_again(db, shown, arena, page, err)) ||
	       err_context(err, "delivery %lld", (long long)page->delivery_id);
}

bool acknowledgement_load(struct db *db, struct shown *shown,
			  int64_t delivery_id, int64_t window_days,
			  struct arena *arena,
			  struct acknowledgement_page **ret, struct err *err)
{
	struct acknowledgement_page *page;

	if (!load_delivery(db, delivery_id, window_days, arena, &page, err))
		return false;
	if (page && !(load_own(db, shown, arena, page, err) &&
		      load_later(db, shown, arena, page, err)))
		return err_context(err, "delivery %lld",
				   (long long)delivery_id);
	*ret = page;
	return true;
}

int64_t acknowledgement_last_disowned(const struct acknowledgement_page *page)
{
	int64_t last = 0;

	for (size_t i = 0; i < page->item_count; i++)
		last = later_of(last, page->items[i].disowned_at);
	return last;
}

/* --- judging a POST --- */

static bool is_of_page(const struct acknowledgement_page *page, int64_t id)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].version_id == id)
			return true;
	return false;
}

static bool holds(const struct acknowledgement_tick *ticks, size_t count,
		  int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ticks[i].version_id == id)
			return true;
	return false;
}

static size_t keep_own(const struct acknowledgement_page *page,
		       struct acknowledgement_tick *ticks, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (is_of_page(page, ticks[i].version_id) &&
		    !holds(ticks, kept, ticks[i].version_id))
			ticks[kept++] = ticks[i];
	return kept;
}

/* A line end counts as one, as it does in a browser. */
static size_t count_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text != '\r' && ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static bool is_too_long(const struct acknowledgement_tick *ticks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ticks[i].reflection &&
		    count_characters(ticks[i].reflection) >
			ACKNOWLEDGEMENT_REFLECTION_MAX)
			return true;
	return false;
}

static bool has_many_names(const struct acknowledgement_page *page,
			   const struct acknowledgement_tick *ticks,
			   size_t count)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].names >= ACKNOWLEDGEMENT_NAMES_MAX &&
		    holds(ticks, count, page->items[i].version_id))
			return true;
	return false;
}

/* Who ticked it then did not know that a confirmation of it was not theirs, or
 * made that one. */
static bool is_disowned_since(const struct acknowledgement_page *page,
			      const struct acknowledgement_tick *ticks,
			      size_t count, int64_t shown_at)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].disowned_at >= shown_at &&
		    holds(ticks, count, page->items[i].version_id))
			return true;
	return false;
}

static bool is_stale(int64_t shown_at, int64_t now)
{
	return shown_at <= 0 || shown_at > now ||
	       now - shown_at > ACKNOWLEDGEMENT_FORM_MAX_AGE_SECONDS;
}

enum acknowledgement_verdict
acknowledgement_check_time(int64_t shown_at, int64_t accepted_at, int64_t now)
{
	if (is_stale(shown_at, now))
		return ACKNOWLEDGEMENT_STALE_FORM;
	if (now - shown_at < ACKNOWLEDGEMENT_FORM_SECONDS)
		return ACKNOWLEDGEMENT_FORM_TOO_FAST;
	if (accepted_at > 0 && now - accepted_at < ACKNOWLEDGEMENT_MAIL_SECONDS)
		return ACKNOWLEDGEMENT_MAIL_TOO_FAST;
	return ACKNOWLEDGEMENT_GOOD;
}

enum acknowledgement_verdict
acknowledgement_check(const struct acknowledgement_page *page, int64_t shown_at,
		      struct acknowledgement_tick *ticks, size_t *count,
		      const char *name, int64_t now)
{
	enum acknowledgement_verdict verdict;

	*count = keep_own(page, ticks, *count);
	if (now >= page->expires_at)
		return ACKNOWLEDGEMENT_EXPIRED;
	if (is_stale(shown_at, now))
		return ACKNOWLEDGEMENT_STALE_FORM;
	if (*count == 0)
		return ACKNOWLEDGEMENT_NOTHING_TICKED;
	if (is_disowned_since(page, ticks, *count, shown_at))
		return ACKNOWLEDGEMENT_DISOWNED;
	if (is_too_long(ticks, *count))
		return ACKNOWLEDGEMENT_TOO_LONG;
	if (page->is_shared &&
	    (text_is_empty(name) ||
	     count_characters(name) > ACKNOWLEDGEMENT_NAME_MAX))
		return ACKNOWLEDGEMENT_NO_NAME;
	if (page->is_shared && has_many_names(page, ticks, *count))
		return ACKNOWLEDGEMENT_MANY_NAMES;
	verdict = acknowledgement_check_time(shown_at, page->accepted_at, now);
	if (verdict != ACKNOWLEDGEMENT_GOOD)
		return verdict;
	return page->is_rehearsal ? ACKNOWLEDGEMENT_REHEARSAL
				  : ACKNOWLEDGEMENT_GOOD;
}

static bool has_state(const struct acknowledgement_page *page,
		      enum acknowledgement_state state)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].state == state)
			return true;
	return false;
}

/* is there something that a reply of then confirms, or something confirmed? */
static bool takes_reply(const struct acknowledgement_page *page,
			int64_t replied_at)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].state == ACKNOWLEDGEMENT_OUTSTANDING &&
		    page->items[i].disowned_at < replied_at)
			return true;
	return has_state(page, ACKNOWLEDGEMENT_RECORDED);
}

enum acknowledgement_verdict
acknowledgement_check_reply(const struct acknowledgement_page *page,
			    int64_t replied_at, int64_t now)
{
	if (now >= page->expires_at)
		return ACKNOWLEDGEMENT_EXPIRED;
	if (page->is_rehearsal)
		return ACKNOWLEDGEMENT_REHEARSAL;
	if (page->is_shared)
		return ACKNOWLEDGEMENT_NO_NAME;
	if (!has_state(page, ACKNOWLEDGEMENT_OUTSTANDING) &&
	    !has_state(page, ACKNOWLEDGEMENT_RECORDED))
		return ACKNOWLEDGEMENT_NOTHING_TICKED;
	if (replied_at - page->accepted_at < ACKNOWLEDGEMENT_MAIL_SECONDS)
		return ACKNOWLEDGEMENT_MAIL_TOO_FAST;
	return takes_reply(page, replied_at) ? ACKNOWLEDGEMENT_GOOD
					     : ACKNOWLEDGEMENT_DISOWNED;
}
