#include "core/digest_deliver.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/digest_letter.h"
#include "core/event.h"
#include "core/settings.h"
#include "core/share.h"
#include "tools/db.h"

#define DAY_SECONDS INT64_C(86400)

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
			const struct digest_news *news, int64_t delivery_id,
			const char **ret, struct err *err)
{
	const char *required = "";

	for (size_t i = 0; i < news->count; i++) {
		int64_t due_at = digest_scope_deadline(
		    plan->context->settings, plan->list, news->versions[i],
		    plan->digest.created_at);

		if (news->versions[i]->carries &&
		    !supersede(plan, member, news->versions[i], err))
			return false;
		if (!require(plan, member, news->versions[i]->id, due_at,
			     delivery_id, err))
			return false;
		required = arena_printf(plan->arena, "%s%s%" PRId64 ":%" PRId64,
					required, i ? "," : "",
					news->versions[i]->id, due_at);
	}
	*ret = required;
	return true;
}

/* --- notes */

static void begin_note(const struct digest_plan *plan,
		       const struct digest_member *member, const char *kind,
		       int64_t version_id, int64_t delivery_id,
		       struct event *ret)
{
	event_begin(ret, kind, plan->context->now, "briefingd");
	event_text(ret, "list", plan->list->name);
	event_text(ret, "person", member->public_id);
	event_integer(ret, "version", version_id);
	event_integer(ret, "delivery", delivery_id);
}

static bool add_reminder(const struct digest_plan *plan,
			 const struct digest_member *member,
			 const struct digest_reminder *reminder,
			 int64_t delivery_id, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_NOTES_ADD_REMINDER);
	struct event event;

	query_integer(q, 1, reminder->requirement_id);
	query_integer(q, 2, reminder->number);
	query_integer(q, 3, delivery_id);
	if (!query_run(q, NULL, err))
		return false;
	begin_note(plan, member, "reminder-planned", reminder->version_id,
		   delivery_id, &event);
	event_integer(&event, "number", reminder->number);
	return event_end(&event, plan->db, plan->context->now, err);
}

static bool add_told(const struct digest_plan *plan,
		     const struct digest_member *member, int64_t version_id,
		     int64_t delivery_id, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_NOTES_ADD_TOLD);
	struct event event;

	query_integer(q, 1, version_id);
	query_integer(q, 2, member->person_id);
	query_integer(q, 3, delivery_id);
	if (!query_run(q, NULL, err))
		return false;
	begin_note(plan, member, "withdrawal-planned", version_id, delivery_id,
		   &event);
	return event_end(&event, plan->db, plan->context->now, err);
}

static bool add_notes(const struct digest_plan *plan,
		      const struct digest_member *member,
		      const struct digest_notes *notes, int64_t delivery_id,
		      struct err *err)
{
	for (size_t i = 0; i < notes->reminder_count; i++)
		if (!add_reminder(plan, member, &notes->reminders[i],
				  delivery_id, err))
			return false;
	for (size_t i = 0; i < notes->withdrawn_count; i++)
		if (!add_told(plan, member, notes->withdrawn[i], delivery_id,
			      err))
			return false;
	return true;
}

/* --- one mail */

static bool add_delivery_event(const struct digest_plan *plan,
			       const struct digest_member *member,
			       int64_t delivery_id, int generation,
			       const struct digest_content *content,
			       const char *required, struct err *err)
{
	struct event event;

	event_begin(&event, "delivery-planned", plan->context->now,
		    "briefingd");
	event_integer(&event, "delivery", delivery_id);
	event_integer(&event, "digest", plan->digest.id);
	event_integer(&event, "letter", content->letter_id);
	event_text(&event, "list", plan->list->name);
	event_text(&event, "mode", plan->digest.mode);
	event_text(&event, "person", member->public_id);
	event_integer(&event, "generation", generation);
	event_text(&event, "versions", content->versions);
	if (*required) {
		event_text(&event, "agency", plan->list->agency);
		event_text(&event, "required", required);
		event_integer(&event, "closes_at", window_end(plan));
	}
	return event_end(&event, plan->db, plan->context->now, err);
}

bool digest_deliver(struct digest_plan *plan,
		    const struct digest_member *member,
		    const struct digest_news *news,
		    const struct digest_notes *notes, int generation,
		    struct err *err)
{
	const char *required = "";
	bool is_live = strcmp(plan->digest.mode, "live") == 0;
	struct digest_content content;
	int64_t id;

	if (news->count + notes->reminder_count + notes->withdrawn_count == 0)
		return true;
	if (!digest_letter_use(plan, news, notes, &content, err) ||
	    !add_delivery(plan, member, generation, content.letter_id, &id,
			  err))
		return false;
	if (id == 0)
		return true;
	plan->deliveries++;
	if (is_live && !require_all(plan, member, news, id, &required, err))
		return false;
	return add_notes(plan, member, notes, id, err) &&
	       add_delivery_event(plan, member, id, generation, &content,
				  required, err);
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
