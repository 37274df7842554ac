#include "core/suppression.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "core/address.h"
#include "core/event.h"
#include "tools/db.h"

#define HOUR_SECONDS 3600
#define DAY_SECONDS INT64_C(86400)

struct standing {
	int64_t score, scored_at; /* 0: never */
	bool is_suppressed;
};

int64_t suppression_decay(int64_t score, int64_t seconds)
{
	double days = (double)(seconds > 0 ? seconds : 0) / DAY_SECONDS;

	return llround((double)score *
		       exp2(-days / SUPPRESSION_HALF_LIFE_DAYS));
}

static bool load_standing(struct db *db, const char *key, struct standing *ret,
			  struct err *err)
{
	struct query *q = db_query(db, QUERY_SUPPRESSION_LOAD);

	*ret = (struct standing){0};
	query_text(q, 1, key);
	if (query_next(q)) {
		ret->score = query_get_integer(q, 0);
		ret->scored_at = query_get_integer(q, 1);
		ret->is_suppressed = query_get_integer(q, 2) != 0;
	}
	return query_done(q, err);
}

static bool store_score(struct db *db, const char *key, int64_t score,
			int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_SUPPRESSION_SCORE);

	query_text(q, 1, key);
	query_integer(q, 2, score);
	query_integer(q, 3, now);
	return query_run(q, NULL, err);
}

static bool suppress(struct db *db, const char *key, enum bounce_class cls,
		     const char *public_id, int64_t delivery_id, int64_t now,
		     struct err *err)
{
	struct query *q = db_query(db, QUERY_SUPPRESSION_SUPPRESS);
	struct event event;

	query_text(q, 1, key);
	query_integer(q, 2, now);
	query_text(q, 3, bounce_class_name(cls));
	if (!query_run(q, NULL, err))
		return false;
	event_begin(&event, "address-suppressed", now, "briefingd");
	event_text(&event, "person", public_id);
	event_integer(&event, "delivery", delivery_id);
	event_text(&event, "why", bounce_class_name(cls));
	return event_end(&event, db, now, err);
}

/* A soft bounce; a second one of a day adds nothing. */
static bool score_soft(struct db *db, const char *key,
		       const struct standing *standing, int64_t now,
		       bool *ret_is_too_much, struct err *err)
{
	int64_t age = now - standing->scored_at;
	int64_t score =
	    suppression_decay(standing->score, age) + SUPPRESSION_POINT;

	*ret_is_too_much = false;
	if (age < DAY_SECONDS)
		return true;
	*ret_is_too_much = score >= SUPPRESSION_SCORE;
	return store_score(db, key, score, now, err);
}

static bool count(struct db *db, const char *key, enum bounce_class cls,
		  int64_t now, bool *ret_suppress, struct err *err)
{
	struct standing standing;

	*ret_suppress = false;
	if (cls != BOUNCE_HARD && cls != BOUNCE_SOFT)
		return true;
	if (!load_standing(db, key, &standing, err))
		return false;
	if (standing.is_suppressed)
		return true;
	if (cls == BOUNCE_SOFT)
		return score_soft(db, key, &standing, now, ret_suppress, err);
	*ret_suppress = true;
	return true;
}

bool suppression_count(struct db *db, const char *address,
		       enum bounce_class cls, const char *public_id,
		       int64_t delivery_id, int64_t now, bool *ret_is_new,
		       struct err *err)
{
	char key[ADDRESS_SIZE];

	assert(strlen(address) < sizeof(key));
	strcpy(key, address);
	text_lower(key);
	return count(db, key, cls, now, ret_is_new, err) &&
	       (!*ret_is_new ||
		suppress(db, key, cls, public_id, delivery_id, now, err));
}

bool suppression_since(struct db *db, const char *address, int64_t *ret,
		       struct err *err)
{
	struct query *q = db_query(db, QUERY_SUPPRESSION_SINCE);

	query_text(q, 1, address);
	*ret = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

bool suppression_is_calm(struct db *db, int64_t now, bool *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_SUPPRESSION_COUNT);

	query_integer(q, 1, now - HOUR_SECONDS);
	query_integer(q, 2, SUPPRESSION_REFUSALS_AN_HOUR);
	*ret = query_next(q) &&
	       query_get_integer(q, 0) < SUPPRESSION_REFUSALS_AN_HOUR;
	return query_done(q, err);
}

static bool add_event(struct db *db, const char *key, const char *reason,
		      const char *actor, int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_SUPPRESSION_PERSON);
	char public_id[64] = "";
	struct event event;

	query_text(q, 1, key);
	if (query_next(q)) {
		const char *id = query_get_text(q, 0);

		memcpy(public_id, id, text_cut(id, strlen(id), 63));
	}
	if (!query_done(q, err))
		return false;
	event_begin(&event, "address-released", now, actor);
	event_text(&event, "person", public_id);
	event_private(&event, "reason", reason);
	return event_end(&event, db, now, err);
}

static bool release(struct db *db, const char *key, const char *reason,
		    const char *actor, int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_SUPPRESSION_RELEASE);
	int changes;

	query_text(q, 1, key);
	query_integer(q, 2, now);
	if (!query_run(q, &changes, err))
		return false;
	if (changes == 0)
		return err_set(err, ERR_GONE,
			       "%s is not suppressed: mail is sent there", key);
	return add_event(db, key, reason, actor, now, err);
}

bool suppression_release(struct db *db, const char *address_key,
			 const char *reason, const char *actor, int64_t now,
			 struct err *err)
{
	if (!db_begin(db, err))
		return false;
	if (release(db, address_key, reason, actor, now, err) &&
	    db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}
