#include "core/exemption.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "core/digest.h"
#include "core/event.h"
#include "core/exemption_tell.h"
#include "core/public_id.h"
#include "tools/db.h"

struct duty {
	int64_t id, due_at, version;
	char public_id[PUBLIC_ID_SIZE];
	const char *is; /* why it is not open; NULL: it is */
	bool is_exempt, is_version_closed;
};

static const char *state_of(struct query *q)
{
	if (!query_is_null(q, 3))
		return "confirmed";
	if (strcmp(query_get_text(q, 4), "exempt") == 0)
		return "exempt";
	if (*query_get_text(q, 4) || query_get_integer(q, 6))
		return "closed";
	return NULL;
}

static bool find(struct db *db, const struct exemption_wish *wish,
		 struct duty *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_EXEMPTION_FIND);
	bool found;

	query_text(q, 1, wish->address_key);
	query_text(q, 2, wish->ref);
	query_integer(q, 3, wish->list_id);
	found = query_next(q);
	if (found) {
		*ret = (struct duty){
		    .id = query_get_integer(q, 0),
		    .due_at = query_get_integer(q, 2),
		    .version = query_get_integer(q, 5),
		    .is = state_of(q),
		    .is_exempt = strcmp(query_get_text(q, 4), "exempt") == 0,
		    .is_version_closed = query_get_integer(q, 6),
		};
		snprintf(ret->public_id, sizeof(ret->public_id), "%s",
			 query_get_text(q, 1));
	}
	if (!query_done(q, err))
		return false;
	return found ||
	       err_set(err, ERR_GONE,
		       "%s was asked of nobody with that address", wish->ref);
}

static bool check_reason(const char *reason, struct err *err)
{
	size_t size = strlen(reason);

	if (size == 0)
		return err_set(err, ERR_INPUT, "why? the reason is recorded");
	if (size > EXEMPTION_REASON_MAX)
		return err_set(err, ERR_INPUT,
			       "the reason has %zu bytes, and may have %d",
			       size, EXEMPTION_REASON_MAX);
	return text_is_utf8(reason, size, NULL) ||
	       err_set(err, ERR_INPUT, "the reason is not UTF-8");
}

/* on record, and to the person */
static bool tell(struct db *db, const struct digest_context *context,
		 const struct exemption_wish *wish, const struct duty *duty,
		 bool is_undo, struct err *err)
{
	bool is_late = context->now > duty->due_at;
	struct event event;

	event_begin(&event,
		    is_undo ? "requirements-reopened" : "requirements-closed",
		    context->now, wish->actor);
	event_text(&event, "person", duty->public_id);
	event_text(&event, "as", "exempt");
	event_text(&event, "ref", wish->ref);
	event_integer(&event, "version", duty->version);
	event_integer(&event, "count", 1);
	event_integer(&event, "after_deadline", is_late);
	event_private(&event, "reason", wish->reason);
	if (!event_end(&event, db, context->now, err))
		return false;
	const struct exemption_telling telling = {
	    .requirement_id = duty->id,
	    .event_id = event.id,
	    .actor = wish->actor,
	    .is_undo = is_undo,
	    .is_late = is_late,
	};
	return exemption_tell(db, context, &telling, err);
}

static bool set(struct db *db, const struct duty *duty, int64_t closed_at,
		struct err *err)
{
	struct query *q = db_query(db, QUERY_EXEMPTION_SET);
	int changes;

	query_integer(q, 1, duty->id);
	query_integer(q, 2, closed_at);
	if (!query_run(q, &changes, err))
		return false;
	return changes == 1 ||
	       err_set(err, ERR_BUSY, "what is asked of them changed");
}

bool exemption_record(struct db *db, const struct digest_context *context,
		      const struct exemption_wish *wish, bool *ret_is_late,
		      struct err *err)
{
	struct duty duty;

	assert(db_is_in_transaction(db));
	if (!check_reason(wish->reason, err) || !find(db, wish, &duty, err))
		return false;
	if (duty.is)
		return err_set(err, ERR_INPUT, "%s is %s for them already",
			       wish->ref, duty.is);
	*ret_is_late = context->now > duty.due_at;
	return set(db, &duty, context->now, err) &&
	       tell(db, context, wish, &duty, false, err);
}

bool exemption_undo(struct db *db, const struct digest_context *context,
		    const struct exemption_wish *wish, struct err *err)
{
	struct duty duty;

	assert(db_is_in_transaction(db));
	if (!check_reason(wish->reason, err) || !find(db, wish, &duty, err))
		return false;
	if (!duty.is_exempt)
		return err_set(err, ERR_INPUT, "they are not exempt from %s",
			       wish->ref);
	if (duty.is_version_closed)
		return err_set(err, ERR_INPUT,
			       "%s was withdrawn or replaced, and is asked of "
			       "nobody any more",
			       wish->ref);
	return set(db, &duty, 0, err) &&
	       tell(db, context, wish, &duty, true, err);
}
