/* The claim: what is due is checked once more, then taken. */
#include "core/outbox.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/digest_scope.h"
#include "core/event.h"
#include "core/outbox_event.h"
#include "core/outbox_pick.h"
#include "core/quiet.h"
#include "core/settings.h"
#include "core/share.h"
#include "core/wordlist.h"
#include "tools/db.h"

#define POSTPONE_AT_ONCE 1000

struct candidate {
	struct outbox_subject subject;
	int64_t digest_id, person_id; /* of a notice 0 */
	int64_t letter_id, link_id;
	const char *address, *name; /* as planned */
	const char *address_now;    /* NULL: erased */
	const char *domains;        /* of the list, JSON */
	int64_t list_id, domain;
	struct quiet quiet; /* the list's */
	const char *status;
	char key_id;        /* NUL: never claimed */
	bool is_suppressed; /* mail to them came back */
};

static void read_candidate(struct query *q, struct arena *arena,
			   struct candidate *ret)
{
	const char *address_now = query_get_text(q, 9);
	const char *key_id = query_get_text(q, 13);

	*ret = (struct candidate){
	    .subject =
		{
		    .delivery_id = query_get_integer(q, 0),
		    .mode = arena_strdup(arena, query_get_text(q, 4)),
		    .attempt = (int)query_get_integer(q, 5),
		    .public_id = arena_strdup(arena, query_get_text(q, 6)),
		    .list_name = arena_strdup(arena, query_get_text(q, 10)),
		},
	    .digest_id = query_get_integer(q, 1),
	    .person_id = query_get_integer(q, 2),
	    .letter_id = query_get_integer(q, 3),
	    .address = arena_strdup(arena, query_get_text(q, 7)),
	    .name = arena_strdup(arena, query_get_text(q, 8)),
	    .address_now =
		address_now ? arena_strdup(arena, address_now) : NULL,
	    .domains = arena_strdup(arena, query_get_text(q, 11)),
	    .status = arena_strdup(arena, query_get_text(q, 12)),
	    .key_id = key_id ? *key_id : '\0',
	    .is_suppressed = query_get_integer(q, 14) != 0,
	    .list_id = query_get_integer(q, 15),
	    .domain = query_get_integer(q, 17),
	    .link_id = query_get_integer(q, 18),
	};
	/* roster_parse_conf let no other through */
	bool is_good = quiet_parse(query_get_text(q, 16), &ret->quiet, NULL);
	assert(is_good);
}

static bool find_candidate(struct db *db, enum query_id statement, int64_t now,
			   int64_t delivery_id, struct arena *arena,
			   struct candidate *ret, bool *ret_found,
			   struct err *err)
{
	struct query *q = db_query(db, statement);

	query_integer(q, 1, now);
	query_integer(q, 2, delivery_id);
	*ret_found = query_next(q);
	if (*ret_found)
		read_candidate(q, arena, ret);
	return query_done(q, err);
}

/* *ret_found false: it is not due, or was put off meanwhile. A digest's
 * delivery is looked for first: of a notice there are few. */
static bool load_candidate(struct db *db, int64_t now, int64_t delivery_id,
			   struct arena *arena, struct candidate *ret,
			   bool *ret_found, struct err *err)
{
	return find_candidate(db, QUERY_OUTBOX_CANDIDATE, now, delivery_id,
			      arena, ret, ret_found, err) &&
	       (*ret_found ||
		find_candidate(db, QUERY_NOTICE_CANDIDATE, now, delivery_id,
			       arena, ret, ret_found, err));
}

/* What a refused check means: cancelled with these words, and what is left of
 * it planned anew where that can help. */
struct objection {
	const char *why; /* NULL: none */
	bool plan_anew;
};

static bool check_domain(const struct candidate *candidate, struct arena *arena,
			 const char **ret_why, struct err *err)
{
	const char **domains;
	size_t count;

	if (!wordlist_parse(candidate->domains, arena, &domains, &count, err))
		return false;
	if (!digest_scope_is_listed_domain(domains, count, candidate->address))
		*ret_why = "marking: not for this domain";
	return true;
}

/* Nobody is reminded of what they confirmed while the mail waited. */
static bool check_reminders(struct db *db, const struct candidate *candidate,
			    const char **ret_why, struct err *err)
{
	struct query *q = db_query(db, QUERY_NOTES_IS_OVER);

	query_integer(q, 1, candidate->subject.delivery_id);
	if (query_next(q))
		*ret_why = "a reminder is no longer due";
	return query_done(q, err);
}

/* Of a letter, for all who get it in this claim */
struct letter_rule {
	int64_t letter_id;
	const char *why; /* it may not go; NULL: it may */
	bool is_sensitive, is_reminding;
};

/* NULL, or why this part of a letter may not go. That something was withdrawn
 * may be told at any time; a reminder is of the version that was mailed, even
 * when a small change of it is in force. */
static const char *judge_part(const char *part, bool is_open,
			      struct briefing_version *version, int64_t now)
{
	const char *why = NULL;

	if (strcmp(part, "withdrawn") == 0)
		return NULL;
	if (strcmp(part, "reminder") == 0)
		version->is_latest = is_open;
	briefing_is_allowed(version, now, &why);
	return why;
}

static bool load_rule(struct db *db, int64_t letter_id, int64_t now,
		      struct letter_rule *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_VERSIONS);
	struct letter_rule rule = {.letter_id = letter_id};

	query_integer(q, 1, letter_id);
	while (query_next(q)) {
		const char *part = query_get_text(q, 4);
		struct briefing_version version = {
		    .marking = query_get_text(q, 0),
		    .not_before_at = query_get_integer(q, 1),
		    .withdrawn_at = query_get_integer(q, 2),
		    .is_latest = query_get_integer(q, 3) != 0,
		};

		rule.is_sensitive |= briefing_is_sensitive(&version);
		rule.is_reminding |= strcmp(part, "reminder") == 0;
		if (!rule.why)
			rule.why = judge_part(
			    part, query_get_integer(q, 5) != 0, &version, now);
	}
	if (!query_done(q, err))
		return false;
	*ret = rule;
	return true;
}

static bool check_versions(struct db *db, const struct candidate *candidate,
			   int64_t now, struct arena *arena,
			   struct letter_rule *rule, struct objection *ret,
			   struct err *err)
{
	if (rule->letter_id != candidate->letter_id &&
	    !load_rule(db, candidate->letter_id, now, rule, err))
		return false;
	const char *why = rule->why;
	if (!why && rule->is_reminding &&
	    !check_reminders(db, candidate, &why, err))
		return false;
	if (!why && rule->is_sensitive &&
	    !check_domain(candidate, arena, &why, err))
		return false;
	*ret = (struct objection){.why = why, .plan_anew = why};
	return true;
}

/* What the board itself is told is tried for ever: that mail to it comes back
 * can be told nowhere else but in "briefingctl status". */
static bool is_suppressed(const struct candidate *candidate,
			  const struct settings *settings)
{
	bool is_told = candidate->digest_id == 0 &&
		       strcasecmp(candidate->address, settings->mail_help) == 0;

	return candidate->is_suppressed && !is_told;
}

static bool check(struct db *db, const struct digest_context *context,
		  const struct candidate *candidate, const char *mode,
		  struct arena *arena, struct letter_rule *rule,
		  struct objection *ret, struct err *err)
{
	struct objection objection = {0};

	/* planned anew it would have the same mode */
	if (strcmp(candidate->subject.mode, mode) != 0)
		objection.why = "the mode changed";
	else if (strcmp(candidate->status, "active") != 0)
		objection.why = candidate->status;
	else if (is_suppressed(candidate, context->settings))
		objection.why = OUTBOX_SUPPRESSED;
	else if (strcmp(candidate->address, candidate->address_now) != 0)
		objection = (struct objection){"the address changed", true};
	if (!objection.why)
		return check_versions(db, candidate, context->now, arena, rule,
				      ret, err);
	*ret = objection;
	return true;
}

static bool cancel(struct db *db, const struct digest_context *context,
		   const struct candidate *candidate,
		   const struct objection *objection, struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_CANCEL);
	struct event event;
	int changes;

	query_integer(q, 1, candidate->subject.delivery_id);
	query_integer(q, 2, candidate->subject.attempt);
	query_text(q, 3, objection->why);
	query_integer(q, 4, context->now);
	if (!query_run(q, &changes, err))
		return false;
	assert(changes == 1); /* read as due in this very transaction */
	outbox_event_begin(&event, "delivery-cancelled", context->now,
			   &candidate->subject);
	event_text(&event, "why", objection->why);
	if (!event_end(&event, db, context->now, err))
		return false;
	return !objection->plan_anew ||
	       digest_plan_person(db, context, candidate->digest_id,
				  candidate->person_id, err);
}

/* What is due in its list's quiet hours is due when they end, and what else of
 * the list is among the oldest: so that what others have behind it is not
 * looked for past a million rows. */
static bool keep_quiet(struct db *db, const struct digest_context *context,
		       const struct candidate *candidate, int *ret_postponed,
		       struct err *err)
{
	int64_t until = quiet_until(&candidate->quiet, context->settings->zone,
				    context->now);

	*ret_postponed = 0;
	if (until == 0)
		return true;
	struct query *q = db_query(db, QUERY_OUTBOX_POSTPONE);
	query_integer(q, 1, candidate->subject.delivery_id);
	query_integer(q, 2, candidate->list_id);
	query_integer(q, 3, context->now);
	query_integer(q, 4, until);
	query_integer(q, 5, POSTPONE_AT_ONCE);
	return query_run(q, ret_postponed, err);
}

static bool take(struct db *db, const struct digest_context *context,
		 const struct outbox_wish *wish,
		 const struct candidate *candidate, struct outbox_claim *ret,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_OUTBOX_TAKE);
	bool is_live = strcmp(candidate->subject.mode, "live") == 0;
	const char key_text[] = {wish->key_id, '\0'};
	int changes;

	query_integer(q, 1, candidate->subject.delivery_id);
	query_integer(q, 2, candidate->subject.attempt);
	query_integer(q, 3, context->now);
	query_text(q, 4, key_text);
	query_text(q, 5, wish->relay);
	if (!query_run(q, &changes, err))
		return false;
	assert(changes == 1);
	*ret = (struct outbox_claim){
	    .delivery_id = candidate->subject.delivery_id,
	    .letter_id = candidate->letter_id,
	    .link_id = candidate->link_id,
	    .attempt = candidate->subject.attempt + 1,
	    .address = candidate->address,
	    .name = candidate->name,
	    .recipient = is_live ? candidate->address
				 : context->settings->rehearsal_address,
	    .list_name = candidate->subject.list_name,
	    .public_id = candidate->subject.public_id,
	    .mode = candidate->subject.mode,
	    .key_id = candidate->key_id ? candidate->key_id : wish->key_id,
	    .domain = candidate->domain,
	};
	share_begin(wish->share, candidate->domain);
	return true;
}

/* One that is due becomes a claim, is cancelled or put off. */
static bool claim_one(struct db *db, const struct digest_context *context,
		      const struct outbox_wish *wish, int64_t delivery_id,
		      struct letter_rule *rule, struct arena *arena,
		      struct outbox_claims *ret, struct err *err)
{
	const char *mode = wish->is_live ? "live" : "rehearsal";
	struct candidate candidate;
	struct objection objection;
	bool found;
	int postponed;

	if (!load_candidate(db, context->now, delivery_id, arena, &candidate,
			    &found, err))
		return false;
	if (!found)
		return true;
	if (!keep_quiet(db, context, &candidate, &postponed, err))
		return false;
	ret->postponed += postponed;
	if (postponed > 0)
		return true;
	if (!check(db, context, &candidate, mode, arena, rule, &objection, err))
		return false;
	if (objection.why) {
		ret->cancelled++;
		return cancel(db, context, &candidate, &objection, err);
	}
	if (!take(db, context, wish, &candidate, &ret->list[ret->count], err))
		return false;
	ret->count++;
	return true;
}

static bool claim_all(struct db *db, const struct digest_context *context,
		      const struct outbox_wish *wish, struct arena *arena,
		      struct outbox_claims *ret, struct err *err)
{
	struct letter_rule rule = {0};
	struct outbox_pick pick;
	int64_t id;

	if (wish->delivery_id)
		return claim_one(db, context, wish, wish->delivery_id, &rule,
				 arena, ret, err);
	if (!outbox_pick_init(&pick, db, context->now, wish->share, wish->max,
			      arena, err))
		return false;
	while (ret->count < wish->max) {
		if (!outbox_pick_next(&pick, &id, err))
			return false;
		if (id == 0)
			break;
		if (!claim_one(db, context, wish, id, &rule, arena, ret, err))
			return false;
	}
	return true;
}

bool outbox_claim(struct db *db, const struct digest_context *context,
		  const struct outbox_wish *wish, struct arena *arena,
		  struct outbox_claims *ret, struct err *err)
{
	*ret = (struct outbox_claims){
	    .list = arena_allocarray(arena, wish->max, sizeof(*ret->list))};
	if (wish->max == 0 || claim_all(db, context, wish, arena, ret, err))
		return true;
	while (ret->count > 0)
		share_end(wish->share, ret->list[--ret->count].domain);
	return false;
}
