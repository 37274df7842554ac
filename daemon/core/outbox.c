#include "core/outbox.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/bounce.h"
#include "core/event.h"
#include "core/outbox_event.h"
#include "core/relay_record.h"
#include "core/retry_hint.h"
#include "core/settings.h"
#include "core/suppression.h"
#include "tools/db.h"

#define DAY_SECONDS 86400

/* A relay that always breaks off after the last byte would get the same mail
 * for ever: after this many in doubt a delivery is held whatever the list
 * says. */
#define UNSURE_MAX 3

/* That the daemon was killed says nothing of the mail, unless it is the mail on
 * which it dies. */
#define DEATHS_MAX 10

void outbox_event_begin(struct event *event, const char *kind, int64_t at,
			const struct outbox_subject *subject)
{
	event_begin(event, kind, at, "briefingd");
	event_integer(event, "delivery", subject->delivery_id);
	if (*subject->public_id)
		event_text(event, "person", subject->public_id);
	if (*subject->list_name)
		event_text(event, "list", subject->list_name);
	event_text(event, "mode", subject->mode);
	event_integer(event, "attempt", subject->attempt);
}

/* --- the verdict */

struct standing {
	struct outbox_subject subject;
	const char *state, *address; /* "": erased */
	int64_t first_began_at;      /* 0: no attempt before that counts */
	int64_t tries;               /* that count, before this one */
	int64_t spared;              /* since the last that counts */
	int64_t unsure_count;        /* for the relay's sake */
	int64_t deaths;              /* for the daemon's */
	bool hold_unsure;
};

static bool load_standing(struct db *db, int64_t delivery_id,
			  struct arena *arena, struct standing *ret,
			  struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_STANDING);
	bool found;

	query_integer(q, 1, delivery_id);
	found = query_next(q);
	if (found) {
		*ret = (struct standing){
		    .subject =
			{
			    .delivery_id = delivery_id,
			    .attempt = (int)query_get_integer(q, 1),
			    .mode = arena_strdup(arena, query_get_text(q, 2)),
			    .public_id =
				arena_strdup(arena, query_get_text(q, 3)),
			    .list_name =
				arena_strdup(arena, query_get_text(q, 4)),
			},
		    .state = arena_strdup(arena, query_get_text(q, 0)),
		    .hold_unsure = strcmp(query_get_text(q, 5), "hold") == 0,
		    .address = arena_strdup(arena, query_get_text(q, 6)),
		};
	}
	if (!query_done(q, err))
		return false;
	return found || err_set(err, ERR_GONE, "no delivery %lld",
				(long long)delivery_id);
}

/* only what failed asks for it */
static bool load_history(struct db *db, int64_t delivery_id,
			 struct standing *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_HISTORY);

	query_integer(q, 1, delivery_id);
	if (query_next(q)) {
		ret->unsure_count = query_get_integer(q, 0);
		ret->first_began_at = query_get_integer(q, 1);
		ret->tries = query_get_integer(q, 2);
		ret->spared = query_get_integer(q, 3);
		ret->deaths = query_get_integer(q, 4);
	}
	return query_done(q, err);
}

/* splitmix64 (Steele, Lea, Flood 2014): spreads the tries of many deliveries,
 * and the same delivery waits the same time in a test as in life. */
static uint64_t mix(uint64_t number)
{
	number += 0x9e3779b97f4a7c15;
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
	number = (number ^ number >> 27) * 0x94d049bb133111eb;
	return number ^ number >> 31;
}

/* Doubling from retry_first to retry_most; up to a quarter less, so that what
 * failed together does not come back together. */
static int64_t backoff(const struct settings *settings, int64_t delivery_id,
		       int64_t attempt)
{
	int64_t delay = settings->retry_first_seconds;

	for (int64_t i = 1; i < attempt && delay < settings->retry_most_seconds;
	     i++)
		delay *= 2;
	if (delay > settings->retry_most_seconds)
		delay = settings->retry_most_seconds;
	uint64_t seed = mix((uint64_t)delivery_id << 16 ^ (uint64_t)attempt);
	return delay - (int64_t)(seed % (uint64_t)(delay / 4 + 1));
}

/* Where a delivery goes after an attempt */
struct move {
	const char *state, *detail;
	bool is_spared;    /* the attempt counts for nothing */
	int64_t due_at;    /* of state due */
	const char *event; /* NULL: none */
};

static const struct move accepted = {
    .state = "accepted", .detail = "", .event = "delivery-accepted"};

/* What the server asked for, and up to an eighth more: the mails that it put
 * off together do not come back together. There is always one last try within
 * the time that is left. */
static int64_t asked_wait(const struct outbox_result *result, int64_t left)
{
	int64_t wait = 0;

	if (result->code >= 400 && result->code <= 499 && result->text)
		wait = retry_hint_seconds(result->text);
	uint64_t seed = mix((uint64_t)result->delivery_id << 16 ^
			    (uint64_t)result->attempt);
	wait += (int64_t)(seed % (uint64_t)(wait / 8 + 1));
	return wait < left ? wait : left;
}

static bool is_spared(const struct outbox_result *result,
		      const struct standing *standing)
{
	return result->blame == OUTBOX_BLAME_DEAD_RELAY ||
	       (result->blame == OUTBOX_BLAME_RELAY &&
		standing->spared < result->other_relays);
}

static struct move decide_later(const struct settings *settings,
				const struct outbox_result *result,
				const struct standing *standing, int64_t now)
{
	/* from the first try, not from planning: a board may be paused for
	 * longer than retry_days */
	int64_t first = standing->first_began_at ? standing->first_began_at
						 : result->began_at;

	if (is_spared(result, standing))
		return (struct move){.state = "due",
				     .detail = "",
				     .is_spared = true,
				     .due_at = now};
	int64_t left = first + settings->retry_days * DAY_SECONDS - now;
	if (left <= 0)
		return (struct move){.state = "refused",
				     .detail = "gave up",
				     .event = "delivery-refused"};
	int64_t wait =
	    backoff(settings, result->delivery_id, standing->tries + 1);
	int64_t asked = asked_wait(result, left);
	return (struct move){.state = "due",
			     .detail = "",
			     .due_at = now + (asked > wait ? asked : wait)};
}

static struct move decide_unsure(const struct outbox_result *result,
				 const struct standing *standing, int64_t now)
{
	bool is_death = result->blame == OUTBOX_BLAME_DAEMON;
	bool is_often = is_death ? standing->deaths + 1 >= DEATHS_MAX
				 : standing->unsure_count + 1 >= UNSURE_MAX;
	struct move move = {
	    .event = "delivery-unsure", .detail = "", .is_spared = is_death};

	if (standing->hold_unsure) {
		move.state = "unsure";
		move.detail = "held: it may have arrived";
	} else if (is_often) {
		move.state = "unsure";
		move.detail = "held: in doubt too often";
	} else {
		move.state = "due";
		move.due_at = now;
	}
	return move;
}

static struct move decide(const struct settings *settings,
			  const struct outbox_result *result,
			  const struct standing *standing, int64_t now)
{
	switch (result->outcome) {
	case OUTBOX_ACCEPTED:
		return accepted;
	case OUTBOX_REFUSED:
		return (struct move){.state = "refused",
				     .detail = "",
				     .event = "delivery-refused"};
	case OUTBOX_LATER:
		return decide_later(settings, result, standing, now);
	case OUTBOX_UNSURE:
		break;
	}
	return decide_unsure(result, standing, now);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static bool add_attempt(struct db *db, const struct outbox_result *result,
			bool counts, struct err *err)
{
	static const char *const outcomes[] = {
	    [OUTBOX_ACCEPTED] = "accepted",
	    [OUTBOX_LATER] = "later",
	    [OUTBOX_REFUSED] = "refused",
	    [OUTBOX_UNSURE] = "unsure",
	};
	struct query *q = db_query(db, QUERY_OUTBOX_ATTEMPT_ADD);

	query_integer(q, 1, result->delivery_id);
	query_integer(q, 2, result->attempt);
	query_integer(q, 3, result->began_at);
	query_integer(q, 4, result->ended_at);
	query_text(q, 5, outcomes[result->outcome]);
	query_text(q, 6, or_empty(result->relay));
	query_text(q, 7, or_empty(result->tls));
	query_integer(q, 8, result->code);
	query_text(q, 9, or_empty(result->enhanced));
	query_text(q, 10, or_empty(result->text));
	query_text(q, 11, or_empty(result->queue_id));
	query_integer(q, 12, result->duration_ms);
	query_integer(q, 13, counts);
	return query_run(q, NULL, err);
}

/* *ret_moved false: this attempt is not under way */
static bool move_on(struct db *db, const struct outbox_result *result,
		    const struct move *move, bool *ret_moved, struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_MOVE);
	bool is_due = strcmp(move->state, "due") == 0;
	bool is_open = is_due || strcmp(move->state, "unsure") == 0;
	int changes;

	query_integer(q, 1, result->delivery_id);
	query_integer(q, 2, result->attempt);
	query_text(q, 3, move->state);
	if (is_due)
		query_integer(q, 4, move->due_at);
	else
		query_null(q, 4);
	query_text(q, 5, move->detail);
	if (is_open)
		query_null(q, 6);
	else
		query_integer(q, 6, result->ended_at);
	if (!query_run(q, &changes, err))
		return false;
	*ret_moved = changes == 1;
	return true;
}

static bool add_event(struct db *db, const struct outbox_result *result,
		      const struct move *move,
		      const struct outbox_subject *subject, int64_t now,
		      struct err *err)
{
	struct event event;

	if (!move->event)
		return true;
	outbox_event_begin(&event, move->event, result->ended_at, subject);
	event_integer(&event, "code", result->code);
	event_text(&event, "queue_id", or_empty(result->queue_id));
	event_text(&event, "state", move->state);
	if (*move->detail)
		event_text(&event, "detail", move->detail);
	return event_end(&event, db, now, err);
}

static const char *state_name(const char *state)
{
	static const char *const names[] = {"due",     "sending", "accepted",
					    "refused", "unsure",  "cancelled",
					    "held",    "bounced"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(state, names[i]) == 0)
			return names[i];
	assert(!"a state that the schema does not allow");
	return NULL;
}

/* The same verdict for the second time is no fault (any step may be run twice);
 * one of an attempt that never was is. */
static bool settled_before(struct db *db, const struct outbox_result *result,
			   const struct standing *standing,
			   const char **ret_state, struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_ATTEMPT_FIND);
	bool found;

	query_integer(q, 1, result->delivery_id);
	query_integer(q, 2, result->attempt);
	found = query_next(q);
	if (!query_done(q, err))
		return false;
	if (!found)
		return err_set(err, ERR_GONE,
			       "delivery %lld is %s at attempt %d: no attempt "
			       "%d is under way",
			       (long long)result->delivery_id, standing->state,
			       standing->subject.attempt, result->attempt);
	*ret_state = state_name(standing->state);
	return true;
}

/* Nearly every verdict: what the claim knew of the delivery is enough, and the
 * move itself tells whether this attempt is under way. */
static bool settle_accepted(struct db *db, const struct outbox_result *result,
			    int64_t now, bool *ret_settled, struct err *err)
{
	const struct outbox_subject subject = {
	    .delivery_id = result->delivery_id,
	    .attempt = result->attempt,
	    .public_id = result->public_id,
	    .list_name = result->list_name,
	    .mode = result->mode,
	};

	*ret_settled = false;
	if (result->outcome != OUTBOX_ACCEPTED || !result->public_id)
		return true;
	if (!move_on(db, result, &accepted, ret_settled, err))
		return false;
	return !*ret_settled ||
	       (add_attempt(db, result, true, err) &&
		add_event(db, result, &accepted, &subject, now, err));
}

/* A refusal of the recipient tells of the address what a mail that comes back
 * does. In a rehearsal it is another address. */
static bool count_refusal(struct db *db, const struct outbox_result *result,
			  const struct move *move,
			  const struct standing *standing, int64_t now,
			  struct err *err)
{
	bool is_new, is_calm;

	if (strcmp(move->state, "refused") != 0 || !result->is_of_recipient ||
	    strcmp(standing->subject.mode, "live") != 0 || !*standing->address)
		return true;
	if (!suppression_is_calm(db, now, &is_calm, err))
		return false;
	return !is_calm ||
	       suppression_count(db, standing->address,
				 bounce_classify_reply(
				     result->code, or_empty(result->enhanced),
				     or_empty(result->text)),
				 standing->subject.public_id,
				 result->delivery_id, now, &is_new, err);
}

static bool settle(struct db *db, const struct settings *settings,
		   const struct outbox_result *result, int64_t now,
		   struct arena *arena, const char **ret_state, struct err *err)
{
	struct standing standing = {0};
	bool is_moved;

	if (!load_standing(db, result->delivery_id, arena, &standing, err))
		return false;
	if (strcmp(standing.state, "sending") != 0 ||
	    standing.subject.attempt != result->attempt)
		return settled_before(db, result, &standing, ret_state, err);
	if (result->outcome != OUTBOX_ACCEPTED &&
	    !load_history(db, result->delivery_id, &standing, err))
		return false;
	struct move move = decide(settings, result, &standing, now);
	if (!add_attempt(db, result, !move.is_spared, err) ||
	    !move_on(db, result, &move, &is_moved, err) ||
	    !add_event(db, result, &move, &standing.subject, now, err) ||
	    !count_refusal(db, result, &move, &standing, now, err))
		return false;
	assert(is_moved); /* load_standing saw it in this transaction */
	*ret_state = state_name(move.state);
	return true;
}

bool outbox_settle(struct db *db, const struct settings *settings,
		   const struct outbox_result *result, int64_t now,
		   const char **ret_state, struct err *err)
{
	bool is_settled;

	if (!settle_accepted(db, result, now, &is_settled, err))
		return false;
	if (is_settled) {
		*ret_state = accepted.state;
		return true;
	}
	struct arena *arena = arena_new();
	bool good = settle(db, settings, result, now, arena, ret_state, err);

	arena_free(arena);
	return good;
}

/* --- what can't be tried */

static bool hold(struct db *db, const struct outbox_claim *claim,
		 const char *why, int64_t now, struct arena *arena,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_HOLD);
	struct standing standing = {0};
	struct event event;
	int changes;

	query_integer(q, 1, claim->delivery_id);
	query_integer(q, 2, claim->attempt);
	query_text(q, 3, why);
	if (!query_run(q, &changes, err))
		return false;
	assert(changes == 1); /* it was claimed in this very transaction */
	if (!load_standing(db, claim->delivery_id, arena, &standing, err))
		return false;
	outbox_event_begin(&event, "delivery-held", now, &standing.subject);
	event_text(&event, "from", "due");
	event_text(&event, "state", "held");
	event_text(&event, "why", why);
	return event_end(&event, db, now, err);
}

bool outbox_hold(struct db *db, const struct outbox_claim *claim,
		 const char *why, int64_t now, struct err *err)
{
	struct arena *arena = arena_new();
	bool good = hold(db, claim, why, now, arena, err);

	arena_free(arena);
	return good;
}

/* --- at start */

/* The relay may have taken it: it counts against its caps. */
static bool recover_one(struct db *db, const struct outbox_result *result,
			int64_t now, struct err *err)
{
	const char *state;

	return outbox_settle(db, NULL, result, now, &state, err) &&
	       (!*result->relay ||
		relay_record_use(db, result->relay, 1, now, err));
}

bool outbox_recover(struct db *db, int64_t now, int *ret_count, struct err *err)
{
	struct outbox_result result = {
	    .outcome = OUTBOX_UNSURE,
	    .ended_at = now,
	    .text = "the daemon stopped while sending",
	    .blame = OUTBOX_BLAME_DAEMON,
	};
	char relay[RELAY_NAME_SIZE];
	int count = 0;
	bool found;

	/* each turn takes one away: it is no longer sending */
	do {
		struct query *q = db_query(db, QUERY_OUTBOX_SENDING);

		found = query_next(q);
		if (found) {
			result.delivery_id = query_get_integer(q, 0);
			result.attempt = (int)query_get_integer(q, 1);
			result.began_at = query_get_integer(q, 2);
			snprintf(relay, sizeof(relay), "%s",
				 query_get_text(q, 3));
			result.relay = relay;
		}
		if (!query_done(q, err))
			return false;
		if (found && !recover_one(db, &result, now, err))
			return false;
		count += found;
	} while (found);
	*ret_count = count;
	return true;
}

bool outbox_next_due(struct db *db, int64_t *ret_at, struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_NEXT_DUE);
	int64_t at = query_next(q) ? query_get_integer(q, 0) : 0;

	if (!query_done(q, err))
		return false;
	*ret_at = at;
	return true;
}
