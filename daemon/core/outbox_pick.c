#include "core/outbox_pick.h"

#include "base/arena.h"
#include "base/err.h"
#include "core/share.h"
#include "tools/db.h"

/* Domains that are looked at in one claim for one that may have a mail. The
 * next claim goes on behind them, so each has its turn however many wait for
 * another day. */
#define VISITS 500

struct outbox_due {
	int64_t id, domain; /* id 0: it was picked */
};

bool outbox_pick_init(struct outbox_pick *pick, struct db *db, int64_t now,
		      struct share *share, size_t max, struct arena *arena,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_DUE);

	*pick = (struct outbox_pick){
	    .db = db,
	    .now = now,
	    .share = share,
	    .oldest = arena_allocarray(arena, max, sizeof(*pick->oldest)),
	    .start = share_cursor(share),
	};
	query_integer(q, 1, now);
	query_integer(q, 2, (int64_t)max);
	while (pick->count < max && query_next(q))
		pick->oldest[pick->count++] = (struct outbox_due){
		    query_get_integer(q, 0), query_get_integer(q, 1)};
	pick->is_full = pick->count == max;
	return query_done(q, err);
}

/* The next of the oldest: of those whose domain may have one more, or of all.
 * 0: no more */
static int64_t next_of_oldest(struct outbox_pick *pick, bool any)
{
	while (pick->at < pick->count) {
		struct outbox_due *due = &pick->oldest[pick->at++];
		int64_t id = due->id;

		if (id == 0 ||
		    (!any && !share_allows(pick->share, due->domain)))
			continue;
		due->id = 0;
		return id;
	}
	return 0;
}

/* The domain that comes behind the cursor; false with *ret_end: the round is
 * complete. */
static bool next_domain(struct outbox_pick *pick, int64_t *ret, bool *ret_end,
			struct err *err)
{
	struct query *q = db_query(pick->db, QUERY_OUTBOX_NEXT_DOMAIN);

	query_integer(q, 1, share_cursor(pick->share));
	bool found = query_next(q);
	if (found)
		*ret = query_get_integer(q, 0);
	if (!query_done(q, err))
		return false;
	*ret_end = pick->is_wrapped && (!found || *ret > pick->start);
	if (*ret_end)
		return true;
	if (found) {
		share_set_cursor(pick->share, *ret);
		return true;
	}
	pick->is_wrapped = true;
	share_set_cursor(pick->share, -1);
	return next_domain(pick, ret, ret_end, err);
}

static bool oldest_of(const struct outbox_pick *pick, int64_t domain,
		      int64_t *ret_id, struct err *err)
{
	struct query *q = db_query(pick->db, QUERY_OUTBOX_DUE_OF);

	query_integer(q, 1, domain);
	query_integer(q, 2, pick->now);
	*ret_id = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

static bool next_of_others(struct outbox_pick *pick, int64_t *ret_id,
			   struct err *err)
{
	*ret_id = 0;
	while (*ret_id == 0 && pick->visits++ < VISITS) {
		int64_t domain;
		bool is_end;

		if (!next_domain(pick, &domain, &is_end, err))
			return false;
		if (is_end)
			return true;
		if (share_allows(pick->share, domain) &&
		    !oldest_of(pick, domain, ret_id, err))
			return false;
	}
	return true;
}

bool outbox_pick_next(struct outbox_pick *pick, int64_t *ret_id,
		      struct err *err)
{
	*ret_id = 0;
	if (pick->phase == PICK_ALLOWED) {
		if ((*ret_id = next_of_oldest(pick, false)))
			return true;
		pick->phase = pick->is_full ? PICK_OTHERS : PICK_REST;
		pick->at = 0;
	}
	if (pick->phase == PICK_OTHERS) {
		if (!next_of_others(pick, ret_id, err))
			return false;
		if (*ret_id)
			return true;
		pick->phase = PICK_REST;
	}
	*ret_id = next_of_oldest(pick, true);
	return true;
}
