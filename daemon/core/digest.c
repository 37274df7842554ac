/* From slots to digests. */
#include "core/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/digest_event.h"
#include "core/digest_notes.h"
#include "core/digest_scope.h"
#include "core/event.h"
#include "core/schedule.h"
#include "core/settings.h"
#include "tools/db.h"

/* More than these are not looked at before a digest is opened; planning, which
 * goes in slices, then finds out, and drops a digest that has nothing. */
#define LOOK_MAX 1000

/* A list that sends immediately is looked over this often even when no version
 * has come: someone may have joined or be back from leave. */
#define IMMEDIATE_SECONDS 300

#define DAY_SECONDS 86400

bool digest_event_opened(struct db *db, int64_t digest_id,
			 const char *list_name, int64_t slot_at,
			 const char *mode, const char *actor, int64_t now,
			 struct err *err)
{
	struct event event;

	event_begin(&event, "digest-opened", slot_at, actor);
	event_integer(&event, "digest", digest_id);
	event_text(&event, "list", list_name);
	event_integer(&event, "slot_at", slot_at);
	event_text(&event, "mode", mode);
	return event_end(&event, db, now, err);
}

static const char *mode_name(bool is_live)
{
	return is_live ? "live" : "rehearsal";
}

/* *ret_id 0: that slot is a digest already */
static bool add_digest(struct db *db, int64_t list_id, int64_t slot_at,
		       const char *mode, const char *requested_by,
		       bool is_notes, int64_t now, int64_t *ret_id,
		       struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_ADD);
	int changes;

	query_integer(q, 1, list_id);
	query_integer(q, 2, slot_at);
	query_text(q, 3, mode);
	query_text(q, 4, requested_by);
	query_integer(q, 5, now);
	query_text(q, 6, is_notes ? "notes" : "slot");
	if (!query_run(q, &changes, err))
		return false;
	*ret_id = changes ? db_last_id(db) : 0;
	return true;
}

/* *ret_id 0: none is being planned */
static bool find_planning(struct db *db, int64_t list_id, const char *mode,
			  int64_t *ret_id, struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_FIND_PLANNING);

	query_integer(q, 1, list_id);
	query_text(q, 2, mode);
	*ret_id = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

/* now, or the first second behind it that is no slot of the list's */
static bool find_free_slot(struct db *db, int64_t list_id, const char *mode,
			   int64_t now, int64_t *ret_at, struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_FREE_SLOT);

	query_integer(q, 1, list_id);
	query_text(q, 2, mode);
	query_integer(q, 3, now);
	*ret_at = query_next(q) ? query_get_integer(q, 0) : now;
	return query_done(q, err);
}

/* --- what is due */

struct due_list {
	size_t at; /* in the scope */
	int64_t slot_at, slots_from_at;
	bool is_due, is_immediate;
	bool is_notes;    /* no slot: reminders and withdrawals alone */
	int64_t notes_at; /* that are dealt with, too; 0: they are not */
};

struct open {
	struct db *db;
	const struct digest_context *context;
	struct arena *arena;
	struct digest_scope scope;
	const char *mode;
	bool is_live;
	int64_t last_change_at, next_at;
	size_t looked; /* at so many members */
	int opened;
};

static void look_again_at(struct open *open, int64_t at)
{
	if (at > open->context->now && at < open->next_at)
		open->next_at = at;
}

/* The hour of the list's notes on a day without a slot, when it is there and
 * they are not dealt with; else 0. */
static int64_t find_notes_hour(struct open *open,
			       const struct digest_list *list)
{
	const struct digest_scope scope = {.settings = open->context->settings,
					   .now = open->context->now};
	int64_t at;

	if (!open->is_live || !digest_notes_today(&scope, list, &at))
		return 0;
	look_again_at(open, at);
	return at <= open->context->now && at > list->notes_from_at ? at : 0;
}

static struct due_list find_due_immediate(struct open *open,
					  const struct digest_list *list)
{
	int64_t now = open->context->now;
	int64_t sweep_at = list->slots_from_at + IMMEDIATE_SECONDS;
	struct due_list due = {.is_immediate = true, .slot_at = now};

	due.notes_at = find_notes_hour(open, list);
	due.is_due = open->last_change_at >= list->slots_from_at ||
		     sweep_at <= now || due.notes_at;
	look_again_at(open, due.is_due ? now + IMMEDIATE_SECONDS : sweep_at);
	return due;
}

static struct due_list find_due(struct open *open,
				const struct digest_list *list)
{
	const struct settings *settings = open->context->settings;
	struct schedule *schedule = schedule_parse(list->schedule, NULL);
	int64_t now = open->context->now, next_at;
	struct due_list due = {0};

	/* roster_parse_conf let no other through; one list's fault must not
	 * hold up the rest */
	if (!schedule)
		return due;
	if (schedule_is_immediate(schedule)) {
		due = find_due_immediate(open, list);
	} else {
		due.is_due = schedule_last(schedule, settings->zone, now,
					   list->slots_from_at, &due.slot_at);
		if (schedule_next(schedule, settings->zone, now, &next_at))
			look_again_at(open, next_at);
		due.notes_at =
		    due.is_due ? due.slot_at : find_notes_hour(open, list);
		due.is_notes = !due.is_due && due.notes_at;
		if (due.is_notes)
			due.slot_at = due.notes_at;
		due.is_due |= due.is_notes;
	}
	schedule_free(schedule);
	return due;
}

static bool set_slots_from(struct db *db, int64_t list_id, int64_t at,
			   struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_SET_SLOTS_FROM);

	query_integer(q, 1, list_id);
	query_integer(q, 2, at);
	return query_run(q, NULL, err);
}

static bool may_have_news(struct open *open, struct digest_list *list,
			  bool *ret, struct err *err)
{
	size_t looked = 0;
	bool good = digest_scope_may_have_news(open->db, &open->scope, list,
					       LOOK_MAX, ret, &looked, err);

	open->looked += looked;
	return good;
}

static bool may_have_content(struct open *open, struct digest_list *list,
			     const struct due_list *due, bool *ret,
			     struct err *err)
{
	*ret = false;
	if (due->notes_at &&
	    !digest_notes_may_be(open->db, &open->scope, list, ret, err))
		return false;
	return *ret || due->is_notes || may_have_news(open, list, ret, err);
}

/* Who has what is due is settled: it is looked for no more. */
static bool set_dealt_with(struct open *open, const struct digest_list *list,
			   const struct due_list *due, struct err *err)
{
	if (due->notes_at) {
		struct query *q = db_query(open->db, QUERY_NOTES_SET_FROM);

		query_integer(q, 1, list->id);
		query_integer(q, 2, due->notes_at);
		if (!query_run(q, NULL, err))
			return false;
	}
	return due->is_notes ||
	       set_slots_from(open->db, list->id, due->slot_at, err);
}

static bool open_slot(struct open *open, struct digest_list *list,
		      const struct due_list *due, struct err *err)
{
	int64_t slot_at = due->slot_at, digest_id = 0;
	bool has_content;

	/* what it is planning goes out at once anyway */
	if (due->is_immediate &&
	    !find_planning(open->db, list->id, open->mode, &digest_id, err))
		return false;
	if (digest_id)
		return true;
	if (!may_have_content(open, list, due, &has_content, err))
		return false;
	if (has_content) {
		if (due->is_immediate &&
		    !find_free_slot(open->db, list->id, open->mode, slot_at,
				    &slot_at, err))
			return false;
		if (!add_digest(open->db, list->id, slot_at, open->mode, NULL,
				due->is_notes, open->context->now, &digest_id,
				err))
			return false;
		open->opened += digest_id != 0;
	}
	return set_dealt_with(open, list, due, err);
}

/* --- the scope is loaded only when something is due: this is asked often */

static bool load_times(struct open *open, struct err *err)
{
	struct query *q = db_query(open->db, QUERY_DIGEST_TIMES);

	query_integer(q, 1, open->context->now);
	if (query_next(q)) {
		open->last_change_at = query_get_integer(q, 0);
		look_again_at(open, query_get_integer(q, 1));
	}
	return query_done(q, err);
}

/* After a clock that was ahead no slot would be due until it is there again.
 * Nobody gets anything twice: what a person had is not new to them. */
static bool mend_clock(struct open *open, struct err *err)
{
	struct query *q = db_query(open->db, QUERY_DIGEST_CLOCK_BACK);

	query_integer(q, 1, open->context->now);
	return query_run(q, NULL, err);
}

/* Those that wait longest first, so that a list which was dealt with in this
 * second, and in which more may have come since, keeps no other from it. */
static int compare_due(const void *left, const void *right)
{
	const struct due_list *a = left, *b = right;

	if (a->slots_from_at != b->slots_from_at)
		return a->slots_from_at < b->slots_from_at ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static struct due_list *find_all_due(struct open *open,
				     const struct digest_scope *lists,
				     size_t *ret_count)
{
	struct due_list *list =
	    arena_allocarray(open->arena, lists->list_count, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < lists->list_count; i++) {
		struct due_list due = find_due(open, &lists->lists[i]);

		if (!due.is_due)
			continue;
		due.at = i;
		due.slots_from_at = lists->lists[i].slots_from_at;
		list[count++] = due;
	}
	if (count > 0)
		qsort(list, count, sizeof(*list), compare_due);
	*ret_count = count;
	return list;
}

/* What is dealt with is so by its slots_from_at: that is the cursor. */
static bool open_slots(struct open *open, const struct due_list *due,
		       size_t count, size_t max_members, bool *ret_more,
		       struct err *err)
{
	size_t i = 0;

	for (; i < count && open->looked < max_members; i++) {
		struct digest_list *list = &open->scope.lists[due[i].at];

		if (!open_slot(open, list, &due[i], err))
			return err_context(err, "list %s", list->name);
	}
	*ret_more = i < count && due[i].slots_from_at < open->context->now;
	return true;
}

static bool open_due(struct open *open, size_t max_members, bool *ret_more,
		     struct err *err)
{
	struct digest_scope lists = {
	    .arena = open->arena,
	    .settings = open->context->settings,
	};
	size_t count;

	*ret_more = false;
	if (!mend_clock(open, err) || !load_times(open, err) ||
	    !digest_scope_load_lists(open->db, &lists, err))
		return false;
	struct due_list *due = find_all_due(open, &lists, &count);
	if (count == 0)
		return true;
	if (!digest_scope_load(open->db, open->context, open->mode, open->arena,
			       &open->scope, err))
		return false;
	assert(open->scope.list_count == lists.list_count);
	return open_slots(open, due, count, max_members, ret_more, err);
}

bool digest_open_due(struct db *db, const struct digest_context *context,
		     bool is_live, size_t max_members, bool *ret_more,
		     int *ret_opened, int64_t *ret_next_at, struct err *err)
{
	struct open open = {
	    .db = db,
	    .context = context,
	    .arena = arena_new(),
	    .mode = mode_name(is_live),
	    .is_live = is_live,
	    .next_at = context->now + DAY_SECONDS,
	};
	bool good = open_due(&open, max_members, ret_more, err);

	if (good) {
		*ret_opened = open.opened;
		*ret_next_at = open.next_at;
	}
	arena_free(open.arena);
	return good;
}

/* --- by hand */

static bool open_now(struct open *open, const char *list_name,
		     const char *requested_by, int64_t *ret_digest_id,
		     struct err *err)
{
	int64_t now = open->context->now, slot_at, digest_id;
	const struct due_list due = {.notes_at = now};
	struct digest_list *list;
	bool has_content;

	if (!digest_scope_load(open->db, open->context, open->mode, open->arena,
			       &open->scope, err))
		return false;
	list = digest_scope_find_list(&open->scope, list_name);
	if (!list)
		return err_set(err, ERR_GONE, "no list %s", list_name);
	if (!find_planning(open->db, list->id, open->mode, &digest_id, err) ||
	    !may_have_content(open, list, &due, &has_content, err))
		return false;
	if (digest_id || !has_content) {
		*ret_digest_id = digest_id;
		return true;
	}
	if (!find_free_slot(open->db, list->id, open->mode, now, &slot_at,
			    err) ||
	    !add_digest(open->db, list->id, slot_at, open->mode, requested_by,
			false, now, &digest_id, err))
		return false;
	assert(digest_id);
	*ret_digest_id = digest_id;
	return digest_event_opened(open->db, digest_id, list_name, slot_at,
				   open->mode, requested_by, now, err);
}

bool digest_open_now(struct db *db, const struct digest_context *context,
		     const char *list_name, bool is_live,
		     const char *requested_by, int64_t *ret_digest_id,
		     struct err *err)
{
	struct open open = {
	    .db = db,
	    .context = context,
	    .arena = arena_new(),
	    .mode = mode_name(is_live),
	};
	bool good =
	    open_now(&open, list_name, requested_by, ret_digest_id, err);

	arena_free(open.arena);
	return good;
}

#define TELL_AT_ONCE 400 /* lists: two rows each */

struct mailed_list {
	int64_t id;
	const char *name;
};

static bool load_mailed_lists(const struct open *open, const char *ref,
			      int64_t after, struct mailed_list **ret,
			      size_t *ret_count, struct err *err)
{
	struct mailed_list *lists =
	    arena_allocarray(open->arena, TELL_AT_ONCE, sizeof(*lists));
	struct query *q = db_query(open->db, QUERY_NOTES_MAILED_LISTS);
	size_t count = 0;

	query_text(q, 1, ref);
	query_integer(q, 2, after);
	query_integer(q, 3, TELL_AT_ONCE);
	while (count < TELL_AT_ONCE && query_next(q))
		lists[count++] = (struct mailed_list){
		    .id = query_get_integer(q, 0),
		    .name = arena_strdup(open->arena, query_get_text(q, 1)),
		};
	*ret = lists;
	*ret_count = count;
	return query_done(q, err);
}

static bool open_urgent(struct open *open, const struct mailed_list *list,
			const char *requested_by, struct err *err)
{
	int64_t now = open->context->now, slot_at, digest_id;

	if (!find_free_slot(open->db, list->id, open->mode, now, &slot_at,
			    err) ||
	    !add_digest(open->db, list->id, slot_at, open->mode, requested_by,
			true, now, &digest_id, err))
		return false;
	assert(digest_id);
	open->opened++;
	return digest_event_opened(open->db, digest_id, list->name, slot_at,
				   open->mode, requested_by, now, err);
}

/* The lists behind *cursor; *ret_more: there may be others. */
static bool open_some_urgent(struct open *open, const char *ref,
			     const char *requested_by, int64_t *cursor,
			     bool *ret_more, struct err *err)
{
	struct mailed_list *lists;
	size_t count;

	if (!load_mailed_lists(open, ref, *cursor, &lists, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!open_urgent(open, &lists[i], requested_by, err))
			return false;
	*ret_more = count == TELL_AT_ONCE;
	if (count > 0)
		*cursor = lists[count - 1].id;
	return true;
}

bool digest_tell_withdrawal(struct db *db, const char *ref,
			    const char *requested_by, int64_t now,
			    int *ret_lists, struct err *err)
{
	const struct digest_context context = {.now = now};
	struct open open = {
	    .db = db,
	    .context = &context,
	    .arena = arena_new(),
	    .mode = mode_name(true),
	};
	bool good = true, more = true;

	for (int64_t cursor = 0; good && more;) {
		good = db_begin(db, err) &&
		       open_some_urgent(&open, ref, requested_by, &cursor,
					&more, err) &&
		       db_commit(db, err);
		if (!good)
			db_rollback(db);
	}
	arena_free(open.arena);
	if (good)
		*ret_lists = open.opened;
	return good;
}
