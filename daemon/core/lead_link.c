#include "core/lead_link.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/digest.h"
#include "core/link.h"
#include "core/notice.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"

#define DAY_SECONDS INT64_C(86400)
#define HOUR_SECONDS INT64_C(3600)

void lead_link_actor(const char *address, char ret[LEAD_ACTOR_SIZE])
{
	snprintf(ret, LEAD_ACTOR_SIZE, "lead %s", address);
}

/* --- the link */

static const char *actor_of(struct arena *arena, const char *address)
{
	char actor[LEAD_ACTOR_SIZE];

	lead_link_actor(address, actor);
	return arena_strdup(arena, actor);
}

static struct lead_link *read_link(struct query *q, int64_t now,
				   struct arena *arena)
{
	struct lead_link *link = arena_alloc(arena, sizeof(*link));

	*link = (struct lead_link){
	    .list_id = query_get_integer(q, 0),
	    .list_name = arena_strdup(arena, query_get_text(q, 1)),
	    .title = arena_strdup(arena, query_get_text(q, 2)),
	    .agency = arena_strdup(arena, query_get_text(q, 3)),
	    .lead = arena_strdup(arena, query_get_text(q, 4)),
	    .address = arena_strdup(arena, query_get_text(q, 5)),
	    .is_rehearsal = strcmp(query_get_text(q, 6), "rehearsal") == 0,
	    .until_at = query_get_integer(q, 7) + LEAD_LINK_DAYS * DAY_SECONDS,
	    .accepted_at = query_get_integer(q, 9),
	};
	link->is_ended = now >= link->until_at ||
			 !address_is_same(query_get_text(q, 8), link->address);
	link->actor = actor_of(arena, link->address);
	return link;
}

bool lead_link_load(struct db *db, int64_t delivery_id, int64_t now,
		    struct arena *arena, struct lead_link **ret,
		    struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAD_LINK_LOAD);

	*ret = NULL;
	query_integer(q, 1, delivery_id);
	if (query_next(q)) {
		*ret = read_link(q, now, arena);
		(*ret)->delivery_id = delivery_id;
	}
	return query_done(q, err) ||
	       err_context(err, "the lead's link of delivery %" PRId64,
			   delivery_id);
}

/* --- mails */

/* A mail that the lead waits for. Its key has the time, and so has each of its
 * kind: two of one second are one. */
static bool tell(struct db *db, const struct digest_context *context,
		 const struct roster_list *list, const char *kind,
		 const char *subject, struct view *view, struct arena *arena,
		 struct err *err)
{
	int64_t delivery_id;
	const struct notice notice = {
	    .key = arena_printf(arena, "%s %s %" PRId64, kind, list->name,
				context->now),
	    .kind = kind,
	    .list = list,
	    .address = list->lead_address,
	    .name = list->lead,
	    .reply_to = context->settings->mail_help,
	    .subject = subject,
	    .view = view,
	    .is_prompt = true,
	};

	return notice_queue(db, context, &notice, &delivery_id, err);
}

static bool may_tell(struct db *db, const struct roster_list *list,
		     const char *kind, int64_t since, int64_t most,
		     struct arena *arena, bool *ret, struct err *err)
{
	int64_t count;

	if (!notice_count(db, arena_printf(arena, "%s %s ", kind, list->name),
			  since, &count, err))
		return false;
	*ret = count < most;
	return true;
}

static bool send_code(struct db *db, const struct digest_context *context,
		      const struct lead_link *link, struct arena *arena,
		      bool *ret_is_sent, struct err *err)
{
	struct roster_list *list;
	struct view *view = view_new(arena);
	char until[WORDS_SIZE];

	if (!roster_load_list(db, link->list_name, arena, &list, err) ||
	    !may_tell(db, list, "lead-code", context->now - HOUR_SECONDS,
		      LEAD_CODES_AN_HOUR, arena, ret_is_sent, err))
		return false;
	if (!*ret_is_sent)
		return true;
	words_time(context->settings->zone, context->now + LEAD_CODE_SECONDS,
		   until);
	view_text(view, "until", until);
	return tell(db, context, list, "lead-code",
		    "Your code for the names on your list", view, arena, err);
}

bool lead_link_send_code(struct db *db, const struct digest_context *context,
			 const struct lead_link *link, bool *ret_is_sent,
			 struct err *err)
{
	struct arena *arena = arena_new();

	assert(db_is_in_transaction(db));
	bool good = send_code(db, context, link, arena, ret_is_sent, err);
	arena_free(arena);
	return good ||
	       err_context(err, "a code for the lead of %s", link->list_name);
}

static bool send_link(struct db *db, const struct digest_context *context,
		      const struct roster_list *list, struct arena *arena,
		      bool *ret_is_sent, struct err *err)
{
	struct view *view = view_new(arena);
	char until[WORDS_SIZE];

	if (!may_tell(db, list, "lead-link", context->now - DAY_SECONDS,
		      LEAD_LINKS_A_DAY, arena, ret_is_sent, err))
		return false;
	if (!*ret_is_sent)
		return true;
	words_deadline(context->settings->zone,
		       context->now + LEAD_LINK_DAYS * DAY_SECONDS, until);
	view_text(view, "until", until);
	return tell(db, context, list, "lead-link",
		    arena_printf(arena, "%s: your page", list->title), view,
		    arena, err);
}

bool lead_link_send(struct db *db, const struct digest_context *context,
		    const struct roster_list *list, bool *ret_is_sent,
		    struct err *err)
{
	struct arena *arena = arena_new();

	assert(db_is_in_transaction(db));
	bool good = send_link(db, context, list, arena, ret_is_sent, err);
	arena_free(arena);
	return good ||
	       err_context(err, "a link for the lead of %s", list->name);
}

/* --- the code */

bool lead_link_check_code(struct db *db, const struct link_keys *keys,
			  const struct lead_link *link, const char *typed,
			  int64_t now, enum lead_code *ret, struct err *err)
{
	int64_t delivery_id;
	enum link_result result = link_parse_code(keys, typed, &delivery_id);

	*ret = result == LINK_MANGLED ? LEAD_CODE_MANGLED : LEAD_CODE_WRONG;
	if (result != LINK_GOOD)
		return true;
	struct query *q = db_query(db, QUERY_LEAD_LINK_CODE);
	query_integer(q, 1, delivery_id);
	if (query_next(q) && query_get_integer(q, 0) == link->list_id &&
	    address_is_same(query_get_text(q, 1), link->address) &&
	    (strcmp(query_get_text(q, 2), "rehearsal") == 0) ==
		link->is_rehearsal)
		*ret = now < query_get_integer(q, 3) + LEAD_CODE_SECONDS
			   ? LEAD_CODE_GOOD
			   : LEAD_CODE_OLD;
	return query_done(q, err);
}
