#include "core/forward.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "core/address.h"
#include "core/digest.h"
#include "core/notice.h"
#include "core/public_id.h"
#include "core/roster.h"
#include "core/settings.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/view.h"

#define DAY_SECONDS INT64_C(86400)

static int64_t random_wait(void)
{
	uint64_t number;

	crypto_random(&number, sizeof(number));
	return FORWARD_WAIT_SECONDS +
	       (int64_t)(number % FORWARD_SPREAD_SECONDS);
}

bool forward_ask(struct db *db, int64_t delivery_id, const char *address,
		 int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_FORWARD_ASK);

	assert(db_is_in_transaction(db));
	query_integer(q, 1, delivery_id);
	query_text(q, 2, address);
	query_integer(q, 3, now);
	query_integer(q, 4, now + random_wait());
	return query_run(q, NULL, err);
}

/* --- what was asked */

struct asking {
	struct db *db;
	const struct digest_context *context;
	struct arena *arena;
	int64_t id, delivery_id;
	const char *address, *list_name;
	const char *refs; /* NULL: none is in force */
	int64_t sent_at;
	char key[ADDRESS_SIZE];
	struct roster_list *list;
	int64_t person_id; /* 0: nobody yet has the address */
	const char *name;
	int64_t own_id; /* their own mail with one of its briefings; 0: none */
};

/* false and no error: nothing is left */
static bool load_next(struct asking *asking, bool *ret_found, struct err *err)
{
	struct query *q = db_query(asking->db, QUERY_FORWARD_NEXT);

	query_integer(q, 1, asking->context->now);
	*ret_found = query_next(q);
	if (*ret_found) {
		asking->id = query_get_integer(q, 0);
		asking->delivery_id = query_get_integer(q, 1);
		asking->address =
		    arena_strdup(asking->arena, query_get_text(q, 2));
		asking->list_name =
		    arena_strdup(asking->arena, query_get_text(q, 3));
		const char *refs = query_get_text(q, 4);
		asking->refs = refs ? arena_strdup(asking->arena, refs) : NULL;
		asking->sent_at = query_get_integer(q, 5);
	}
	return query_done(q, err);
}

static bool find_person(struct asking *asking, struct err *err)
{
	struct query *q = db_query(asking->db, QUERY_FORWARD_FIND_PERSON);

	asking->name = "";
	query_text(q, 1, asking->key);
	query_integer(q, 2, asking->delivery_id);
	if (query_next(q)) {
		asking->person_id = query_get_integer(q, 0);
		asking->name =
		    arena_strdup(asking->arena, query_get_text(q, 1));
		asking->own_id = query_get_integer(q, 2);
	}
	return query_done(q, err);
}

static bool is_of_agency(const struct asking *asking)
{
	const char *domain = strrchr(asking->key, '@') + 1;

	for (size_t i = 0; i < asking->list->domain_count; i++)
		if (strcmp(asking->list->domains[i], domain) == 0)
			return true;
	return false;
}

/* --- the answer */

static bool send(struct asking *asking, const char *kind, const char *subject,
		 int64_t link_id, int64_t *ret_delivery_id, struct err *err)
{
	struct civil today = civil_from_utc(asking->context->now);
	struct view *view = view_new(asking->arena);
	char date[CIVIL_DATE_SIZE];

	civil_format_date(&today, date);
	view_text(view, "refs", asking->refs);
	const struct notice notice = {
	    .key = arena_printf(asking->arena, "%s %lld %lld %s", kind,
				(long long)asking->delivery_id,
				(long long)asking->person_id, date),
	    .kind = kind,
	    .list = asking->list,
	    .person_id = asking->person_id,
	    .address = asking->address,
	    .name = asking->name,
	    .subject = subject,
	    .view = view,
	    .link_id = link_id,
	    .is_prompt = true,
	};
	return notice_queue(asking->db, asking->context, &notice,
			    ret_delivery_id, err);
}

static bool send_own(struct asking *asking, struct err *err)
{
	int64_t delivery_id;

	return send(asking, "own-link", "Your own link to a learning briefing",
		    asking->own_id, &delivery_id, err);
}

/* Known by their address from now on, as one who joins a list would be. */
static bool add_person(struct asking *asking, struct err *err)
{
	char public_id[PUBLIC_ID_SIZE];
	struct query *q = db_query(asking->db, QUERY_ROSTER_ADD_PERSON);

	public_id_make(public_id);
	query_text(q, 1, public_id);
	query_integer(q, 2, asking->context->now);
	if (!query_run(q, NULL, err))
		return false;
	asking->person_id = db_last_id(asking->db);
	q = db_query(asking->db, QUERY_ROSTER_ADD_IDENTITY);
	query_integer(q, 1, asking->person_id);
	query_text(q, 2, asking->key);
	query_text(q, 3, asking->address);
	query_text(q, 4, "");
	query_text(q, 5, "");
	query_text(q, 6, "");
	return query_run(q, NULL, err);
}

static bool add_guest(struct asking *asking, int64_t delivery_id,
		      struct err *err)
{
	struct query *q = db_query(asking->db, QUERY_FORWARD_ADD_GUEST);

	query_integer(q, 1, delivery_id);
	query_integer(q, 2, asking->delivery_id);
	return query_run(q, NULL, err);
}

/* its link is that of the notice itself */
static bool send_guest(struct asking *asking, struct err *err)
{
	int64_t delivery_id;

	if (asking->person_id == 0 && !add_person(asking, err))
		return false;
	if (!send(asking, "guest-link", "Your link to a learning briefing", 0,
		  &delivery_id, err))
		return false;
	return delivery_id == 0 || add_guest(asking, delivery_id, err);
}

/* Is there still something to read, and has neither who asks nor the mail that
 * was passed on had its share of the day? Mails are asked for by strangers and
 * go to others, and each guest is a record for ever. */
static bool may_send(struct asking *asking, bool *ret, struct err *err)
{
	const struct digest_context *context = asking->context;
	int64_t window = context->settings->window_days * DAY_SECONDS;
	int64_t day_ago = context->now - DAY_SECONDS, sent, guests;
	struct query *q;

	*ret = false;
	if (!asking->refs || context->now >= asking->sent_at + window)
		return true;
	q = db_query(asking->db, QUERY_FORWARD_COUNT_SENT);
	query_integer(q, 1, asking->person_id);
	query_integer(q, 2, day_ago);
	sent = query_next(q) ? query_get_integer(q, 0) : 0;
	if (!query_done(q, err) ||
	    !notice_count(asking->db,
			  arena_printf(asking->arena, "guest-link %lld ",
				       (long long)asking->delivery_id),
			  day_ago, &guests, err))
		return false;
	*ret = sent < FORWARD_MAILS_A_DAY &&
	       (asking->own_id || guests < FORWARD_GUESTS_A_DAY);
	return true;
}

static bool forget(struct asking *asking, struct err *err)
{
	struct query *q = db_query(asking->db, QUERY_FORWARD_FORGET);

	query_integer(q, 1, asking->id);
	return query_run(q, NULL, err);
}

static bool answer(struct asking *asking, struct err *err)
{
	char address[ADDRESS_SIZE];
	bool may = false;
	bool good = address_parse(asking->address, strlen(asking->address),
				  address, asking->key, err) &&
		    roster_load_list(asking->db, asking->list_name,
				     asking->arena, &asking->list, err) &&
		    find_person(asking, err) && may_send(asking, &may, err);

	if (good && may && asking->own_id)
		good = send_own(asking, err);
	else if (good && may && is_of_agency(asking))
		good = send_guest(asking, err);
	return good && forget(asking, err);
}

bool forward_answer(struct db *db, const struct digest_context *context,
		    size_t max, bool *ret_more, struct err *err)
{
	bool good = true, found = true;

	assert(db_is_in_transaction(db));
	for (size_t i = 0; good && found && i < max; i++) {
		struct asking asking = {
		    .db = db, .context = context, .arena = arena_new()};

		good = load_next(&asking, &found, err) &&
		       (!found || answer(&asking, err));
		arena_free(asking.arena);
	}
	*ret_more = found;
	return good || err_context(err, "a link for who was passed a mail");
}
