/* Planning: from a digest to letters, deliveries and requirements. */
#include "core/digest.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/digest_deliver.h"
#include "core/event.h"
#include "tools/db.h"

/* --- the digest */

static bool read_digest(struct query *q, struct arena *arena, bool *ret_found,
			struct digest_row *ret, struct err *err)
{
	bool found = query_next(q);

	if (found) {
		*ret = (struct digest_row){
		    .id = query_get_integer(q, 0),
		    .list_id = query_get_integer(q, 1),
		    .slot_at = query_get_integer(q, 2),
		    .mode = arena_strdup(arena, query_get_text(q, 3)),
		    .cursor = query_get_integer(q, 4),
		    .requested_by = arena_strdup(arena, query_get_text(q, 5)),
		    .created_at = query_get_integer(q, 6),
		    .generation = (int)query_get_integer(q, 7),
		    .is_notes = strcmp(query_get_text(q, 8), "notes") == 0,
		};
		ret->is_urgent = ret->is_notes && *ret->requested_by;
	}
	*ret_found = found;
	return query_done(q, err);
}

static bool look(struct digest_plan *plan, struct err *err)
{
	if (!digest_scope_load(plan->db, plan->context, plan->digest.mode,
			       plan->arena, &plan->scope, err))
		return false;
	plan->list =
	    digest_scope_find_list_id(&plan->scope, plan->digest.list_id);
	return true;
}

static bool find_notes(struct digest_plan *plan,
		       const struct digest_member *member, bool has_news,
		       struct digest_notes *ret, struct err *err)
{
	if (plan->digest.is_urgent)
		return digest_notes_find_withdrawn(
		    plan->db, &plan->scope, plan->list, member, ret, err);
	return digest_notes_find(plan->db, &plan->scope, plan->list, member,
				 has_news, ret, err);
}

static bool plan_member(struct digest_plan *plan,
			const struct digest_member *member, struct err *err)
{
	struct digest_news news = {.count = 0};
	struct digest_notes notes;

	if (!plan->digest.is_notes &&
	    !digest_scope_news(plan->db, &plan->scope, plan->list, member,
			       &news, err))
		return false;
	for (size_t i = 0; i < news.withheld_count; i++)
		if (!digest_withhold(plan, member, news.withheld[i], err))
			return false;
	return find_notes(plan, member, news.count > 0, &notes, err) &&
	       digest_deliver(plan, member, &news, &notes,
			      plan->digest.generation, err);
}

/* --- a slice */

static bool end_digest(const struct digest_plan *plan, struct err *err)
{
	const struct digest_row *digest = &plan->digest;
	int64_t deliveries = 0, letters = 0;
	struct query *q = db_query(plan->db, QUERY_DIGEST_COUNT_MADE);
	struct event event;

	query_integer(q, 1, digest->id);
	if (query_next(q)) {
		deliveries = query_get_integer(q, 0);
		letters = query_get_integer(q, 1);
	}
	if (!query_done(q, err))
		return false;
	if (deliveries == 0 && !*digest->requested_by) {
		q = db_query(plan->db, QUERY_DIGEST_DROP);
		query_integer(q, 1, digest->id);
		return query_run(q, NULL, err);
	}
	q = db_query(plan->db, QUERY_DIGEST_END);
	query_integer(q, 1, digest->id);
	query_integer(q, 2, plan->context->now);
	if (!query_run(q, NULL, err))
		return false;
	event_begin(&event, "digest-planned", plan->context->now, "briefingd");
	event_integer(&event, "digest", digest->id);
	event_integer(&event, "deliveries", deliveries);
	event_integer(&event, "letters", letters);
	return event_end(&event, plan->db, plan->context->now, err);
}

static bool move_cursor(const struct digest_plan *plan, int64_t member_id,
			struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_MOVE_CURSOR);

	query_integer(q, 1, plan->digest.id);
	query_integer(q, 2, member_id);
	return query_run(q, NULL, err);
}

/* *ret_count: members looked at */
static bool plan_members(struct digest_plan *plan, size_t max,
			 size_t *ret_count, struct err *err)
{
	struct digest_member *members;
	size_t count;

	if (!digest_scope_load_members(plan->db, &plan->scope, plan->list,
				       plan->digest.cursor, max, &members,
				       &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!plan_member(plan, &members[i], err))
			return false;
	*ret_count = count;
	return count == 0 ||
	       move_cursor(plan, members[count - 1].member_id, err);
}

static bool plan_slice(struct digest_plan *plan, size_t max_members,
		       bool *ret_more, struct err *err)
{
	size_t count = 0;
	bool found;

	if (!read_digest(db_query(plan->db, QUERY_DIGEST_OLDEST_PLANNING),
			 plan->arena, &found, &plan->digest, err))
		return false;
	*ret_more = found;
	if (!found)
		return true;
	if (!look(plan, err) ||
	    (plan->list && !plan_members(plan, max_members, &count, err)) ||
	    (count < max_members && !end_digest(plan, err)))
		return err_context(err, "digest %" PRId64, plan->digest.id);
	/* with the last slice of this one: is there another? */
	if (count < max_members) {
		struct digest_row next;

		return read_digest(
		    db_query(plan->db, QUERY_DIGEST_OLDEST_PLANNING),
		    plan->arena, ret_more, &next, err);
	}
	return true;
}

bool digest_plan_slice(struct db *db, const struct digest_context *context,
		       size_t max_members, bool *ret_more, int *ret_deliveries,
		       struct err *err)
{
	struct digest_plan plan = {
	    .db = db,
	    .context = context,
	    .arena = arena_new(),
	};
	bool good = plan_slice(&plan, max_members, ret_more, err);

	*ret_deliveries = plan.deliveries;
	arena_free(plan.arena);
	return good;
}

bool digest_end_other_mode(struct db *db, bool is_live, int64_t now,
			   struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_END_OTHER_MODE);

	query_text(q, 1, is_live ? "live" : "rehearsal");
	query_integer(q, 2, now);
	return query_run(q, NULL, err);
}

bool digest_postpone(struct db *db, int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_DIGEST_POSTPONE);

	query_integer(q, 1, now);
	return query_run(q, NULL, err);
}

/* --- one person, again */

static bool has_notes(const struct digest_plan *plan, int64_t letter_id,
		      bool *ret, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_HAS_NOTES);

	query_integer(q, 1, letter_id);
	*ret = query_next(q);
	return query_done(q, err);
}

/* what was new in the person's last delivery of the digest; nothing when it was
 * not cancelled */
static bool load_cancelled(const struct digest_plan *plan, int64_t person_id,
			   int *ret_generation, int64_t *ret_ids,
			   size_t *ret_count, bool *ret_has_notes,
			   struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_LAST_GENERATION);
	int64_t letter_id = 0;

	*ret_count = 0;
	*ret_has_notes = false;
	query_integer(q, 1, plan->digest.id);
	query_integer(q, 2, person_id);
	if (query_next(q) && strcmp(query_get_text(q, 2), "cancelled") == 0) {
		*ret_generation = (int)query_get_integer(q, 0);
		letter_id = query_get_integer(q, 1);
	}
	if (!query_done(q, err) || letter_id == 0)
		return letter_id == 0;
	q = db_query(plan->db, QUERY_DIGEST_STILL_ALLOWED);
	query_integer(q, 1, letter_id);
	query_integer(q, 2, plan->context->now);
	while (*ret_count < DIGEST_VERSIONS_MAX && query_next(q))
		ret_ids[(*ret_count)++] = query_get_integer(q, 0);
	return query_done(q, err) &&
	       has_notes(plan, letter_id, ret_has_notes, err);
}

static void keep_only(struct digest_news *news, const int64_t *ids,
		      size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < news->count; i++)
		for (size_t j = 0; j < count; j++)
			if (news->versions[i]->id == ids[j])
				news->versions[kept++] = news->versions[i];
	news->count = kept;
}

static bool plan_person(struct digest_plan *plan, int64_t digest_id,
			int64_t person_id, struct err *err)
{
	int64_t ids[DIGEST_VERSIONS_MAX];
	struct digest_member *member;
	struct digest_news news;
	struct digest_notes notes = {.reminder_count = 0};
	int generation = 0;
	size_t count;
	bool found, had_notes;
	struct query *q = db_query(plan->db, QUERY_DIGEST_LOAD);

	query_integer(q, 1, digest_id);
	if (!read_digest(q, plan->arena, &found, &plan->digest, err))
		return false;
	if (!found)
		return err_set(err, ERR_GONE, "no digest %" PRId64, digest_id);
	if (!load_cancelled(plan, person_id, &generation, ids, &count,
			    &had_notes, err))
		return false;
	/* most often all of it was withdrawn: then there is nothing to do */
	if (count == 0 && !had_notes)
		return true;
	if (!look(plan, err))
		return false;
	if (!plan->list)
		return true;
	if (!digest_scope_load_member(plan->db, &plan->scope, plan->list,
				      person_id, &member, err))
		return false;
	if (!member)
		return true;
	if (!digest_scope_news(plan->db, &plan->scope, plan->list, member,
			       &news, err))
		return false;
	keep_only(&news, ids, count);
	if (had_notes && !find_notes(plan, member, news.count > 0, &notes, err))
		return false;
	return digest_deliver(plan, member, &news, &notes, generation + 1, err);
}

bool digest_plan_person(struct db *db, const struct digest_context *context,
			int64_t digest_id, int64_t person_id, struct err *err)
{
	struct digest_plan plan = {
	    .db = db,
	    .context = context,
	    .arena = arena_new(),
	};
	bool good = plan_person(&plan, digest_id, person_id, err);

	arena_free(plan.arena);
	if (good || !plan.has_no_letter)
		return good;
	err_clear(err);
	return true;
}
