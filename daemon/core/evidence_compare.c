/* What the tables say, put beside what the events say. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "core/evidence.h"
#include "core/evidence_body.h"
#include "core/evidence_part.h"
#include "tools/crypto.h"
#include "tools/db.h"

#define PEOPLE_MAX 100000000

/* Who is erased, by an event; one whose erasure is under way has an identity
 * yet, and no event. */
static void compare_erased(struct evidence_claims *claims, size_t person,
			   int64_t erased_at, bool is_known)
{
	struct evidence_erasure *claim = evidence_find_erasure(claims, person);
	const char *name = evidence_word_text(claims, person);

	if (claim)
		claim->is_seen = true;
	if (claim && is_known)
		evidence_find(claims->findings, "row",
			      "person %s: erased by event %" PRId64
			      ", and the table says who they are",
			      name, claim->event_id);
	else if (claim && claim->at != erased_at)
		evidence_find(claims->findings, "row",
			      "person %s: erased at %" PRId64
			      " by the table, at %" PRId64 " by event %" PRId64,
			      name, erased_at, claim->at, claim->event_id);
	else if (!claim && erased_at && !is_known)
		evidence_find(claims->findings, "row",
			      "person %s: erased at %" PRId64
			      " by the table, and by no event",
			      name, erased_at);
}

static void compare_erasures(struct evidence_claims *claims)
{
	for (size_t i = 0; i < claims->erasure_count; i++)
		if (!claims->erasures[i].is_seen)
			evidence_find(claims->findings, "row",
				      "person %s: erased by event %" PRId64
				      ", and not in the table",
				      evidence_word_text(
					  claims, claims->erasures[i].person),
				      claims->erasures[i].event_id);
}

/* By their rows' ids, the last one first: it says how many there may be. */
static bool load_people(struct evidence_claims *claims, struct err *err)
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_PEOPLE);

	while (query_next(q)) {
		int64_t id = query_get_integer(q, 0);

		if (id < 1 || id > PEOPLE_MAX)
			continue; /* its requirements are of nobody */
		if (!claims->people) {
			claims->people_count = (size_t)id;
			claims->people = xreallocarray(NULL, (size_t)id,
						       sizeof(*claims->people));
			for (size_t i = 0; i < claims->people_count; i++)
				claims->people[i] = INDEX_NONE;
		}
		claims->people[id - 1] =
		    evidence_word_of(claims, query_get_text(q, 1));
		compare_erased(claims, claims->people[id - 1],
			       query_get_integer(q, 2),
			       query_get_integer(q, 3) != 0);
	}
	return query_done(q, err);
}

/* who and what a row is about, in words */
static const char *row_name(const struct evidence_claims *claims, size_t person,
			    int64_t version_id)
{
	const struct evidence_version *version =
	    evidence_find_version_id(claims, version_id);

	return arena_printf(
	    claims->findings->arena,
	    "requirement of person %s for %s version %" PRId64,
	    person == INDEX_NONE ? "?" : evidence_word_text(claims, person),
	    version ? evidence_word_text(claims, version->ref) : "?",
	    version ? version->number : version_id);
}

/* One column against its event's. */
static void compare_time(const struct evidence_claims *claims,
			 const struct evidence_requirement *claim,
			 const char *what, int64_t table_at, int64_t event_at,
			 int64_t event_id)
{
	if (table_at == event_at)
		return;
	const char *name = row_name(claims, claim->person, claim->version_id);
	if (!event_id)
		evidence_find(claims->findings, "row",
			      "%s: %s at %" PRId64
			      " by the table, and by no event",
			      name, what, table_at);
	else if (!table_at)
		evidence_find(claims->findings, "row",
			      "%s: %s by event %" PRId64
			      ", and not by the table",
			      name, what, event_id);
	else
		evidence_find(claims->findings, "row",
			      "%s: %s at %" PRId64 " by the table, at %" PRId64
			      " by event %" PRId64,
			      name, what, table_at, event_at, event_id);
}

/* A new delivery of what did not arrive may have begun the duty anew, or not:
 * the row has either event's. */
static void compare_duty(struct evidence_claims *claims,
			 const struct evidence_requirement *claim,
			 struct query *q)
{
	const struct evidence_duty *first = &claim->first, *last = &claim->last;
	const struct {
		const char *what;
		int64_t table, first, last;
	} columns[] = {
	    {"required", query_get_integer(q, 3), first->required_at,
	     last->required_at},
	    {"due", query_get_integer(q, 4), first->due_at, last->due_at},
	    {"closing", query_get_integer(q, 5), first->closes_at,
	     last->closes_at},
	};
	size_t agency = evidence_word_of(claims, query_get_text(q, 10));

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		if (columns[i].table != columns[i].first)
			compare_time(claims, claim, columns[i].what,
				     columns[i].table, columns[i].last,
				     last->event_id);
	if (last->event_id && agency != first->agency && agency != last->agency)
		evidence_find(
		    claims->findings, "row",
		    "%s: of agency %s by the table, of %s by event %" PRId64,
		    row_name(claims, claim->person, claim->version_id),
		    evidence_word_text(claims, agency),
		    evidence_word_text(claims, last->agency), last->event_id);
}

/* how it was acknowledged, and by which event */
static void compare_grade(struct evidence_claims *claims,
			  const struct evidence_requirement *claim,
			  struct query *q)
{
	if (query_is_null(q, 11) || !claim->acknowledged_event)
		return;
	size_t grade = evidence_word_of(claims, query_get_text(q, 11));

	if (grade != claim->grade)
		evidence_find(
		    claims->findings, "row",
		    "%s: %s by the table, %s by event %" PRId64,
		    row_name(claims, claim->person, claim->version_id),
		    evidence_word_text(claims, grade),
		    evidence_word_text(claims, claim->grade),
		    claim->acknowledged_event);
	if (query_get_integer(q, 12) != claim->acknowledged_event)
		evidence_find(
		    claims->findings, "row",
		    "%s: acknowledged by event %" PRId64
		    ", and the table names %" PRId64,
		    row_name(claims, claim->person, claim->version_id),
		    claim->acknowledged_event, query_get_integer(q, 12));
}

/* A later version went to the person in its place, for it had never reached
 * them. */
static bool is_replaced(struct evidence_claims *claims, size_t person,
			const struct evidence_version *version,
			int64_t closed_at)
{
	for (size_t i = 0; i < claims->version_count; i++) {
		const struct evidence_version *later = &claims->versions[i];
		const struct evidence_requirement *claim;

		if (later->ref != version->ref ||
		    later->number <= version->number)
			continue;
		claim = evidence_find_requirement(claims, person, later->id);
		if (claim && (claim->first.required_at == closed_at ||
			      claim->last.required_at == closed_at))
			return true;
	}
	return false;
}

static void compare_closed(struct evidence_claims *claims, size_t person,
			   int64_t version_id, int64_t closed_at,
			   const char *closed_as)
{
	const struct evidence_version *version =
	    evidence_find_version_id(claims, version_id);
	struct evidence_closing *closing =
	    evidence_find_closing(claims, person, closed_at);

	if (strcmp(closed_as, "left") == 0 && closing) {
		closing->found++;
		return;
	}
	if (version && version->closed_as &&
	    strcmp(closed_as, version->closed_as) == 0 &&
	    closed_at == version->closed_at)
		return;
	if (version && strcmp(closed_as, "superseded") == 0 &&
	    is_replaced(claims, person, version, closed_at))
		return;
	evidence_find(
	    claims->findings, "row",
	    "%s: closed (%s) at %" PRId64 " by the table, and by no event",
	    row_name(claims, person, version_id), closed_as, closed_at);
}

static void compare_requirement(struct evidence_claims *claims, struct query *q)
{
	int64_t version_id = query_get_integer(q, 1);
	int64_t person_id = query_get_integer(q, 2);
	size_t person =
	    person_id > 0 && (size_t)person_id <= claims->people_count
		? claims->people[person_id - 1]
		: INDEX_NONE;
	const struct evidence_requirement none = {.person = person,
						  .version_id = version_id};
	struct evidence_requirement *found =
	    evidence_find_requirement(claims, person, version_id);
	const struct evidence_requirement *claim = found ? found : &none;

	if (found)
		found->is_seen = true;
	compare_duty(claims, claim, q);
	compare_time(claims, claim, "acknowledged", query_get_integer(q, 6),
		     claim->acknowledged_at, claim->acknowledged_event);
	compare_grade(claims, claim, q);
	compare_time(claims, claim, "missed", query_get_integer(q, 7),
		     claim->missed_at, claim->missed_event);
	bool is_exempt =
	    !query_is_null(q, 8) && strcmp(query_get_text(q, 9), "exempt") == 0;
	compare_time(claims, claim, "exempt",
		     is_exempt ? query_get_integer(q, 8) : 0, claim->exempt_at,
		     claim->exempt_event);
	if (!query_is_null(q, 8) && !is_exempt)
		compare_closed(claims, person, version_id,
			       query_get_integer(q, 8), query_get_text(q, 9));
}

static bool compare_requirements(struct evidence_claims *claims,
				 struct err *err)
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_REQUIREMENTS);

	while (query_next(q))
		compare_requirement(claims, q);
	for (size_t i = 0; i < claims->requirement_count; i++) {
		const struct evidence_requirement *claim =
		    &claims->requirements[i];

		if (!claim->is_seen)
			evidence_find(
			    claims->findings, "row",
			    "%s: by event %" PRId64 ", and not in the table",
			    row_name(claims, claim->person, claim->version_id),
			    claim->first.event_id ? claim->first.event_id
			    : claim->acknowledged_event
				? claim->acknowledged_event
				: claim->missed_event);
	}
	return query_done(q, err);
}

/* What did not reach the person before was planned again, which ends that it
 * was closed. */
static bool is_required_anew(const struct evidence_claims *claims,
			     const struct evidence_closing *closing)
{
	for (size_t i = 0; i < claims->requirement_count; i++)
		if (claims->requirements[i].person == closing->person &&
		    claims->requirements[i].last.required_at >= closing->at)
			return true;
	return false;
}

static void compare_closings(struct evidence_claims *claims)
{
	for (size_t i = 0; i < claims->closing_count; i++) {
		const struct evidence_closing *closing = &claims->closings[i];

		if (closing->found == closing->count || closing->is_reopened ||
		    is_required_anew(claims, closing))
			continue;
		evidence_find(claims->findings, "row",
			      "event %" PRId64 " closed %" PRId64
			      " requirements of person %s, and the table has"
			      " %" PRId64,
			      closing->event_id, closing->count,
			      evidence_word_text(claims, closing->person),
			      closing->found);
	}
}

static bool is_as_said(const struct evidence_delivery *claim, const char *state)
{
	if (strcmp(state, "bounced") == 0)
		return claim->has_bounced;
	if (strcmp(state, "accepted") == 0)
		return claim->state == ACCEPTED && !claim->has_bounced;
	if (strcmp(state, "refused") == 0)
		return claim->state == REFUSED;
	return claim->state == OTHER || claim->state == REFUSED;
}

static void compare_delivery(struct evidence_claims *claims, struct query *q)
{
	static const struct evidence_delivery none;
	int64_t id = query_get_integer(q, 0);
	const char *state = query_get_text(q, 1);
	struct evidence_delivery *found = evidence_find_delivery(claims, id);
	const struct evidence_delivery *claim = found ? found : &none;

	if (found)
		found->is_seen = true;
	if (!is_as_said(claim, state))
		evidence_find(claims->findings, "row",
			      "delivery %" PRId64 ": %s by the table, and not"
			      " by its events (the last is %" PRId64 ")",
			      id, state, claim->event_id);
	else if (strcmp(state, "accepted") == 0 &&
		 query_get_integer(q, 2) != claim->ended_at)
		evidence_find(claims->findings, "row",
			      "delivery %" PRId64 ": accepted at %" PRId64
			      " by the table, at %" PRId64 " by event %" PRId64,
			      id, query_get_integer(q, 2), claim->ended_at,
			      claim->event_id);
}

static bool compare_deliveries(struct evidence_claims *claims, struct err *err)
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_DELIVERIES);

	while (query_next(q))
		compare_delivery(claims, q);
	for (size_t i = 0; i < claims->delivery_count; i++)
		if (!claims->deliveries[i].is_seen)
			evidence_find(claims->findings, "row",
				      "delivery %" PRId64 ": by event %" PRId64
				      ", and not in the table",
				      claims->deliveries[i].id,
				      claims->deliveries[i].event_id);
	return query_done(q, err);
}

static void compare_versions(struct evidence_claims *claims)
{
	for (size_t i = 0; i < claims->version_count; i++) {
		const struct evidence_version *version = &claims->versions[i];
		const char *ref = evidence_word_text(claims, version->ref);

		if (!version->is_taken)
			evidence_find(claims->findings, "row",
				      "version %" PRId64 " of briefing %s: in"
				      " the table, and by no event",
				      version->number, ref);
		if (version->closed_at && !version->is_closed_by_event)
			evidence_find(claims->findings, "row",
				      "version %" PRId64 " of briefing %s:"
				      " closed (%s) at %" PRId64 " by the"
				      " table, and by no event",
				      version->number, ref, version->closed_as,
				      version->closed_at);
	}
}

static int compare_event_ids(const void *left, const void *right)
{
	int64_t a = ((const struct evidence_beside *)left)->event_id;
	int64_t b = ((const struct evidence_beside *)right)->event_id;

	return a < b ? -1 : a > b;
}

static bool compare_besides(struct evidence_claims *claims, struct err *err)
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_BESIDES);

	while (query_next(q)) {
		const struct evidence_beside key = {
		    .event_id = query_get_integer(q, 2)};
		struct evidence_beside *claim =
		    claims->beside_count
			? bsearch(&key, claims->besides, claims->beside_count,
				  sizeof(key), compare_event_ids)
			: NULL;

		if (claim)
			claim->is_seen = true;
		if (!claim || !query_get_integer(q, 3))
			evidence_find(claims->findings, "row",
				      "%s %" PRId64
				      " beside what was required: event"
				      " %" PRId64 " does not say so",
				      query_get_text(q, 0),
				      query_get_integer(q, 1), key.event_id);
	}
	for (size_t i = 0; i < claims->beside_count; i++)
		if (!claims->besides[i].is_seen)
			evidence_find(claims->findings, "row",
				      "%s beside what was required:"
				      " by event %" PRId64
				      ", and not in the table",
				      claims->besides[i].what,
				      claims->besides[i].event_id);
	return query_done(q, err);
}

/* Is that the salted hash which the event's body has under the name? */
static bool is_promised(const char *body, const char *name,
			struct crypto_hash *hash)
{
	uint8_t bytes[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];
	const char *promised = "";
	size_t size = 0;

	crypto_hash_end(hash, bytes);
	crypto_hex(bytes, sizeof(bytes), hex);
	return evidence_body_text(body, name, &promised, &size) &&
	       evidence_word_is(&(struct evidence_word){promised, size}, hex);
}

static void add_blob(struct crypto_hash *hash, struct query *q, int column)
{
	size_t size = 0;
	const void *blob = query_get_blob(q, column, &size);

	crypto_hash_add(hash, blob ? blob : "", blob ? size : 0);
}

/* Free text that is still there is what its event promised. Erased together
 * with its salt it leaves nothing to compare, and nothing is wrong. */
static bool compare_texts(struct evidence_claims *claims, struct err *err)
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_TEXTS);

	while (query_next(q)) {
		struct crypto_hash *hash = crypto_hash_new();
		const char *name = query_get_text(q, 1);
		const char *text = query_get_text(q, 3);

		add_blob(hash, q, 2);
		crypto_hash_add(hash, text, strlen(text));
		if (!is_promised(query_get_text(q, 4), name, hash))
			evidence_find(claims->findings, "row",
				      "the %s of event %" PRId64
				      " (%s) is another text than was recorded",
				      name, query_get_integer(q, 0),
				      query_get_text(q, 5));
	}
	return query_done(q, err);
}

/* Likewise of sheets' scans. */
static bool compare_scans(struct evidence_claims *claims, struct err *err)
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_SCANS);

	while (query_next(q)) {
		struct crypto_hash *hash = crypto_hash_new();

		add_blob(hash, q, 1);
		add_blob(hash, q, 2);
		if (!is_promised(query_get_text(q, 3), "scan", hash))
			evidence_find(claims->findings, "row",
				      "the scan of sheet %" PRId64
				      " is not what was recorded",
				      query_get_integer(q, 0));
	}
	return query_done(q, err);
}

bool evidence_claims_compare(struct evidence_claims *claims, struct err *err)
{
	if (!load_people(claims, err) || !compare_requirements(claims, err) ||
	    !compare_deliveries(claims, err) || !compare_besides(claims, err) ||
	    !compare_texts(claims, err) || !compare_scans(claims, err))
		return false;
	compare_erasures(claims);
	compare_closings(claims);
	compare_versions(claims);
	return true;
}
