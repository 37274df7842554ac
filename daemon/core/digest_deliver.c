#include "core/digest_deliver.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/checkpoint.h"
#include "core/digest.h"
#include "core/digest_event.h"
#include "core/event.h"
#include "core/letter.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/share.h"
#include "tools/db.h"

#define DAY_SECONDS INT64_C(86400)

/* so that the store is asked once for each */
struct digest_letter {
	struct digest_letter *next;
	const char *content_key;
	int64_t id;
};

/* --- letters */

static int compare_ids(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

/* "3,17,25": the same versions, whatever their order in the mail, are the same
 * letter */
static const char *content_key(const struct briefing_version *const *versions,
			       size_t count, struct arena *arena)
{
	int64_t ids[DIGEST_VERSIONS_MAX];
	const char *key = "";

	for (size_t i = 0; i < count; i++)
		ids[i] = versions[i]->id;
	qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		key = arena_printf(arena, "%s%s%" PRId64, key, i ? "," : "",
				   ids[i]);
	return key;
}

static bool add_letter_event(const struct digest_plan *plan,
			     const struct letter *letter, const char *key,
			     struct err *err)
{
	char hex[LETTER_HASH_SIZE];
	struct event event;

	letter_hash(letter, hex);
	event_begin(&event, "letter-made", plan->context->now, "briefingd");
	event_integer(&event, "digest", plan->digest.id);
	event_integer(&event, "letter", letter->id);
	event_text(&event, "versions", key);
	event_text(&event, "sha256", hex);
	return event_end(&event, plan->db, plan->context->now, err);
}

/* A slot that nobody asked for by hand is told when it turns out to have
 * something to send. */
static bool tell_opened(const struct digest_plan *plan, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_HAS_LETTERS);
	int64_t letters;

	query_integer(q, 1, plan->digest.id);
	letters = query_next(q) ? query_get_integer(q, 0) : 0;
	if (!query_done(q, err))
		return false;
	if (letters > 0 || *plan->digest.requested_by)
		return true;
	return digest_event_opened(plan->db, plan->digest.id, plan->list->name,
				   plan->digest.slot_at, plan->digest.mode,
				   "briefingd", plan->context->now, err);
}

static bool load_whole(const struct digest_plan *plan,
		       const struct briefing_version *const *versions,
		       size_t count, struct arena *arena,
		       const struct briefing_version **ret, int64_t *ret_due_at,
		       struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct briefing_version *whole;

		if (!briefing_load_version(plan->db, versions[i]->id, arena,
					   &whole, err))
			return false;
		assert(whole);
		ret[i] = whole;
		ret_due_at[i] =
		    digest_scope_deadline(plan->context->settings, plan->list,
					  versions[i], plan->digest.created_at);
	}
	return true;
}

static bool make_letter(struct digest_plan *plan,
			const struct briefing_version *const *versions,
			size_t count, const char *key, struct arena *arena,
			int64_t *ret_id, struct err *err)
{
	const struct briefing_version *whole[DIGEST_VERSIONS_MAX];
	int64_t due_at[DIGEST_VERSIONS_MAX];
	bool is_rehearsal = strcmp(plan->digest.mode, "rehearsal") == 0;
	struct checkpoint *checkpoint;
	struct letter letter = {0};
	struct roster_list *list;

	if (!checkpoint_load(plan->db, INT64_MAX, arena, &checkpoint, err) ||
	    !roster_load_list(plan->db, plan->list->name, arena, &list, err) ||
	    !load_whole(plan, versions, count, arena, whole, due_at, err))
		return false;
	assert(list);
	if (!letter_make(plan->context->settings, plan->context->templates,
			 list, whole, count, due_at, is_rehearsal, checkpoint,
			 plan->context->now, &letter, err)) {
		plan->has_no_letter = true;
		return false;
	}
	bool good = tell_opened(plan, err) &&
		    letter_store(plan->db, plan->digest.id, key, &letter, whole,
				 count, err) &&
		    add_letter_event(plan, &letter, key, err);
	*ret_id = letter.id;
	letter_done(&letter);
	return good;
}

/* *ret_id 0: not there yet */
static bool find_letter(const struct digest_plan *plan, const char *key,
			int64_t *ret_id, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_FIND_LETTER);

	query_integer(q, 1, plan->digest.id);
	query_text(q, 2, key);
	*ret_id = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

static bool use_letter(struct digest_plan *plan,
		       const struct briefing_version *const *versions,
		       size_t count, const char *key, int64_t *ret_id,
		       struct err *err)
{
	for (struct digest_letter *made = plan->letters; made;
	     made = made->next)
		if (strcmp(made->content_key, key) == 0) {
			*ret_id = made->id;
			return true;
		}
	if (!find_letter(plan, key, ret_id, err))
		return false;
	if (*ret_id == 0) {
		struct arena *arena = arena_new();
		bool good =
		    make_letter(plan, versions, count, key, arena, ret_id, err);

		arena_free(arena);
		if (!good)
			return false;
	}
	struct digest_letter *made = arena_alloc(plan->arena, sizeof(*made));
	*made = (struct digest_letter){plan->letters, key, *ret_id};
	plan->letters = made;
	return true;
}

/* --- deliveries and requirements */

/* *ret_id 0: it was there before */
static bool add_delivery(const struct digest_plan *plan,
			 const struct digest_member *member, int generation,
			 int64_t letter_id, int64_t *ret_id, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_ADD_DELIVERY);
	int changes;

	*ret_id = 0;
	query_integer(q, 1, plan->digest.id);
	query_integer(q, 2, member->person_id);
	query_integer(q, 3, generation);
	query_integer(q, 4, letter_id);
	query_text(q, 5, plan->digest.mode);
	query_integer(q, 6, plan->context->now);
	query_integer(q, 7, share_domain(member->address));
	if (!query_run(q, &changes, err))
		return false;
	if (changes == 0)
		return true;
	*ret_id = db_last_id(plan->db);
	q = db_query(plan->db, QUERY_DIGEST_ADD_ADDRESSEE);
	query_integer(q, 1, *ret_id);
	query_text(q, 2, member->address);
	query_text(q, 3, member->name);
	return query_run(q, NULL, err);
}

/* A small change goes to whom the version before did not reach. */
static bool supersede(const struct digest_plan *plan,
		      const struct digest_member *member,
		      const struct briefing_version *version, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_SUPERSEDE);

	query_integer(q, 1, version->id);
	query_integer(q, 2, member->person_id);
	query_integer(q, 3, plan->context->now);
	return query_run(q, NULL, err);
}

static int64_t window_end(const struct digest_plan *plan)
{
	return plan->context->now +
	       plan->context->settings->window_days * DAY_SECONDS;
}

static bool require(const struct digest_plan *plan,
		    const struct digest_member *member, int64_t version_id,
		    int64_t due_at, int64_t delivery_id, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_REQUIRE);

	query_integer(q, 1, version_id);
	query_integer(q, 2, member->person_id);
	query_integer(q, 3, plan->list->id);
	query_text(q, 4, plan->list->agency);
	query_integer(q, 5, delivery_id);
	query_integer(q, 6, plan->context->now);
	query_integer(q, 7, due_at);
	query_integer(q, 8, window_end(plan));
	return query_run(q, NULL, err);
}

/* Each version's duty; *ret says them for the event, "3:1795424400": a version
 * and its deadline. */
static bool require_all(const struct digest_plan *plan,
			const struct digest_member *member,
			const struct briefing_version *const *versions,
			size_t count, int64_t delivery_id, const char **ret,
			struct err *err)
{
	const char *required = "";

	for (size_t i = 0; i < count; i++) {
		int64_t due_at =
		    digest_scope_deadline(plan->context->settings, plan->list,
					  versions[i], plan->digest.created_at);

		if (versions[i]->carries &&
		    !supersede(plan, member, versions[i], err))
			return false;
		if (!require(plan, member, versions[i]->id, due_at, delivery_id,
			     err))
			return false;
		required = arena_printf(plan->arena, "%s%s%" PRId64 ":%" PRId64,
					required, i ? "," : "", versions[i]->id,
					due_at);
	}
	*ret = required;
	return true;
}

static bool add_delivery_event(const struct digest_plan *plan,
			       const struct digest_member *member,
			       int64_t delivery_id, int generation,
			       int64_t letter_id, const char *versions,
			       const char *required, struct err *err)
{
	struct event event;

	event_begin(&event, "delivery-planned", plan->context->now,
		    "briefingd");
	event_integer(&event, "delivery", delivery_id);
	event_integer(&event, "digest", plan->digest.id);
	event_integer(&event, "letter", letter_id);
	event_text(&event, "list", plan->list->name);
	event_text(&event, "mode", plan->digest.mode);
	event_text(&event, "person", member->public_id);
	event_integer(&event, "generation", generation);
	event_text(&event, "versions", versions);
	if (*required) {
		event_text(&event, "agency", plan->list->agency);
		event_text(&event, "required", required);
		event_integer(&event, "closes_at", window_end(plan));
	}
	return event_end(&event, plan->db, plan->context->now, err);
}

bool digest_deliver(struct digest_plan *plan,
		    const struct digest_member *member,
		    const struct briefing_version *const *versions,
		    size_t count, int generation, struct err *err)
{
	const char *key = content_key(versions, count, plan->arena);
	const char *required = "";
	bool is_live = strcmp(plan->digest.mode, "live") == 0;
	int64_t letter_id, delivery_id;

	if (!use_letter(plan, versions, count, key, &letter_id, err) ||
	    !add_delivery(plan, member, generation, letter_id, &delivery_id,
			  err))
		return false;
	if (delivery_id == 0)
		return true;
	plan->deliveries++;
	if (is_live && !require_all(plan, member, versions, count, delivery_id,
				    &required, err))
		return false;
	return add_delivery_event(plan, member, delivery_id, generation,
				  letter_id, key, required, err);
}

/* --- what is withheld */

bool digest_withhold(const struct digest_plan *plan,
		     const struct digest_member *member,
		     const struct briefing_version *version, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_WITHHOLD);
	struct event event;
	int changes;

	query_integer(q, 1, version->id);
	query_integer(q, 2, member->person_id);
	query_integer(q, 3, plan->list->id);
	query_integer(q, 4, plan->context->now);
	if (!query_run(q, &changes, err))
		return false;
	if (changes == 0)
		return true;
	event_begin(&event, "delivery-withheld", plan->context->now,
		    "briefingd");
	event_text(&event, "list", plan->list->name);
	event_text(&event, "person", member->public_id);
	event_integer(&event, "version", version->id);
	event_text(&event, "why",
		   "the version is marked, the domain is none "
		   "of the list's");
	return event_end(&event, plan->db, plan->context->now, err);
}
