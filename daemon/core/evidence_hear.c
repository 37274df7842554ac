/* What the events say, one after the other. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/evidence.h"
#include "core/evidence_body.h"
#include "core/evidence_part.h"
#include "core/ledger.h"
#include "tools/crypto.h"
#include "tools/db.h"

/* The members that matter, of any kind of event. */
struct said {
	const struct ledger_event *event;
	struct evidence_word person, ref, required, agency, grade, hash, state;
	struct evidence_word as;
	int64_t version, delivery, count, closes_at, letter, undone;
};

static void read_member(const struct evidence_member *member, struct said *ret)
{
	const struct {
		const char *name;
		struct evidence_word *text;
		int64_t *number;
	} members[] = {
	    {"agency", &ret->agency, NULL},
	    {"as", &ret->as, NULL},
	    {"closes_at", NULL, &ret->closes_at},
	    {"content_hash", &ret->hash, NULL},
	    {"count", NULL, &ret->count},
	    {"delivery", NULL, &ret->delivery},
	    {"event", NULL, &ret->undone},
	    {"grade", &ret->grade, NULL},
	    {"letter", NULL, &ret->letter},
	    {"person", &ret->person, NULL},
	    {"ref", &ret->ref, NULL},
	    {"required", &ret->required, NULL},
	    {"sha256", &ret->hash, NULL},
	    {"state", &ret->state, NULL},
	    {"version", NULL, &ret->version},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (!evidence_member_is(member, members[i].name))
			continue;
		if (members[i].text)
			*members[i].text =
			    (struct evidence_word){member->value, member->size};
		else
			*members[i].number = evidence_member_integer(member);
		return;
	}
}

/* "3:1795424400,17:1795424400": versions and their deadlines */
static void add_planned(struct evidence_claims *claims, const struct said *said)
{
	size_t person =
	    evidence_word(claims, said->person.text, said->person.size);
	const char *at = said->required.text;
	const char *end = at + said->required.size;
	struct evidence_duty duty = {
	    .event_id = said->event->id,
	    .required_at = said->event->recorded_at,
	    .closes_at = said->closes_at,
	    .agency =
		evidence_word(claims, said->agency.text, said->agency.size),
	};

	while (at && at < end) {
		char *next;
		int64_t version_id = strtoll(at, &next, 10);
		struct evidence_requirement *requirement;

		if (*next != ':')
			return;
		duty.due_at = strtoll(next + 1, &next, 10);
		requirement =
		    evidence_use_requirement(claims, person, version_id);
		if (!requirement->first.event_id)
			requirement->first = duty;
		requirement->last = duty;
		if (*next != ',')
			return;
		at = next + 1;
	}
}

/* of an event about a person's version; NULL: said that there is none */
static struct evidence_requirement *
named_requirement(struct evidence_claims *claims, const struct said *said)
{
	size_t person =
	    evidence_word(claims, said->person.text, said->person.size);
	size_t ref = evidence_word(claims, said->ref.text, said->ref.size);
	const struct evidence_version *version =
	    evidence_find_version(claims, ref, said->version);

	if (version)
		return evidence_use_requirement(claims, person, version->id);
	evidence_find(claims->findings, "row",
		      "event %" PRId64 " (%s): there is no version %" PRId64
		      " of briefing %s in the store",
		      said->event->id, said->event->kind, said->version,
		      evidence_word_text(claims, ref));
	return NULL;
}

static void add_acknowledged(struct evidence_claims *claims,
			     const struct said *said)
{
	struct evidence_requirement *requirement =
	    named_requirement(claims, said);

	if (!requirement)
		return;
	requirement->acknowledged_at = said->event->effective_at;
	requirement->acknowledged_event = said->event->id;
	requirement->grade =
	    evidence_word(claims, said->grade.text, said->grade.size);
}

/* What it undoes must be what stood; a row tells of it, of its own or beside.
 */
static void add_disowned(struct evidence_claims *claims,
			 const struct said *said)
{
	struct evidence_requirement *requirement;

	evidence_add_beside(claims, "the disowning of a confirmation",
			    said->event->id);
	if (!evidence_word_is(&said->as, "required"))
		return;
	requirement = named_requirement(claims, said);
	if (!requirement)
		return;
	if (requirement->acknowledged_event != said->undone)
		evidence_find(claims->findings, "row",
			      "event %" PRId64 " (%s): what stood then was"
			      " recorded by event %" PRId64 ", and it disowns"
			      " %" PRId64,
			      said->event->id, said->event->kind,
			      requirement->acknowledged_event, said->undone);
	requirement->acknowledged_at = 0;
	requirement->acknowledged_event = 0;
	requirement->grade = 0;
}

static void add_missed(struct evidence_claims *claims, const struct said *said)
{
	struct evidence_requirement *requirement =
	    named_requirement(claims, said);

	if (!requirement)
		return;
	requirement->missed_at = said->event->recorded_at;
	requirement->missed_event = said->event->id;
}

/* One person let off one briefing, or asked again. */
static void add_exempt(struct evidence_claims *claims, const struct said *said,
		       int64_t at)
{
	struct evidence_requirement *requirement =
	    named_requirement(claims, said);

	if (!requirement)
		return;
	requirement->exempt_at = at;
	requirement->exempt_event = said->event->id;
}

static void add_closed(struct evidence_claims *claims, const struct said *said)
{
	if (evidence_word_is(&said->as, "exempt")) {
		add_exempt(claims, said, said->event->recorded_at);
		return;
	}
	size_t person =
	    evidence_word(claims, said->person.text, said->person.size);
	int64_t closed_at = said->event->recorded_at;
	struct evidence_closing *closing =
	    evidence_use_closing(claims, person, closed_at);

	closing->event_id = said->event->id;
	closing->count += said->count;
}

static void add_reopened(struct evidence_claims *claims,
			 const struct said *said)
{
	if (evidence_word_is(&said->as, "exempt")) {
		add_exempt(claims, said, 0);
		return;
	}
	size_t person =
	    evidence_word(claims, said->person.text, said->person.size);

	for (size_t i = 0; i < claims->closing_count; i++)
		if (claims->closings[i].person == person)
			claims->closings[i].is_reopened = true;
}

static void add_settled(struct evidence_claims *claims, const struct said *said)
{
	struct evidence_delivery *delivery =
	    evidence_use_delivery(claims, said->delivery);

	delivery->state = evidence_word_is(&said->state, "accepted")  ? ACCEPTED
			  : evidence_word_is(&said->state, "refused") ? REFUSED
								      : OTHER;
	delivery->has_bounced = false;
	delivery->event_id = said->event->id;
	delivery->ended_at = said->event->effective_at;
}

/* Also what came back while a copy waited to be sent again. */
static void add_bounced(struct evidence_claims *claims, const struct said *said)
{
	evidence_use_delivery(claims, said->delivery)->has_bounced = true;
}

static void add_taken(struct evidence_claims *claims, const struct said *said)
{
	size_t ref = evidence_word(claims, said->ref.text, said->ref.size);
	struct evidence_version *version =
	    evidence_find_version(claims, ref, said->version);

	/* a material one closes all before it that are open */
	for (size_t i = 0; i < claims->version_count; i++) {
		struct evidence_version *before = &claims->versions[i];

		if (before->ref == ref && before->number < said->version &&
		    before->closed_at == said->event->recorded_at)
			before->is_closed_by_event = true;
	}
	if (version && evidence_word_is(&said->hash, version->content_hash)) {
		version->is_taken = true;
		return;
	}
	evidence_find(claims->findings, "row",
		      "event %" PRId64 " (%s): version %" PRId64 " of briefing"
		      " %s is not what was approved then",
		      said->event->id, said->event->kind, said->version,
		      evidence_word_text(claims, ref));
}

static void add_withdrawn(struct evidence_claims *claims,
			  const struct said *said)
{
	size_t ref = evidence_word(claims, said->ref.text, said->ref.size);

	for (size_t i = 0; i < claims->version_count; i++)
		if (claims->versions[i].ref == ref &&
		    claims->versions[i].closed_at == said->event->recorded_at)
			claims->versions[i].is_closed_by_event = true;
}

static bool letter_hash(struct evidence_claims *claims, int64_t id,
			char ret[CRYPTO_SHA256_HEX])
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_LETTER);
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t bytes[CRYPTO_SHA256_SIZE];
	bool found;

	query_integer(q, 1, id);
	found = query_next(q);
	for (int i = 0; found && i < 2; i++) {
		size_t size;
		const void *part = query_get_blob(q, i, &size);

		crypto_hash_add(hash, part, part ? size : 0);
	}
	crypto_hash_end(hash, bytes);
	crypto_hex(bytes, sizeof(bytes), ret);
	return query_done(q, NULL) && found;
}

static void add_letter(struct evidence_claims *claims, const struct said *said)
{
	char hex[CRYPTO_SHA256_HEX];

	if (letter_hash(claims, said->letter, hex) &&
	    evidence_word_is(&said->hash, hex))
		return;
	evidence_find(claims->findings, "row",
		      "event %" PRId64 " (%s): letter %" PRId64
		      " is not what was made then",
		      said->event->id, said->event->kind, said->letter);
}

static void add_beside(struct evidence_claims *claims, const struct said *said)
{
	evidence_add_beside(claims, "a confirmation", said->event->id);
}

static void add_session(struct evidence_claims *claims, const struct said *said)
{
	evidence_add_beside(claims, "a team session", said->event->id);
}

static void add_undone(struct evidence_claims *claims, const struct said *said)
{
	evidence_add_beside(claims, "the undoing of a team session",
			    said->event->id);
}

static void add_sheet(struct evidence_claims *claims, const struct said *said)
{
	evidence_add_beside(claims, "a sheet", said->event->id);
}

static void add_attested(struct evidence_claims *claims,
			 const struct said *said)
{
	evidence_add_beside(claims, "an attestation", said->event->id);
}

static void add_unattested(struct evidence_claims *claims,
			   const struct said *said)
{
	evidence_add_beside(claims, "the undoing of an attestation",
			    said->event->id);
}

static void add_erased(struct evidence_claims *claims, const struct said *said)
{
	size_t person =
	    evidence_word(claims, said->person.text, said->person.size);

	if (!evidence_find_erasure(claims, person))
		evidence_add_erasure(claims,
				     &(struct evidence_erasure){
					 .person = person,
					 .at = said->event->effective_at,
					 .event_id = said->event->id,
				     });
}

void evidence_claims_add(struct evidence_claims *claims,
			 const struct ledger_event *event)
{
	static const struct {
		const char *kind;
		void (*add)(struct evidence_claims *, const struct said *);
	} kinds[] = {
	    {"acknowledged", add_acknowledged},
	    {"acknowledged-beside", add_beside},
	    {"acknowledgement-disowned", add_disowned},
	    {"team-session-recorded", add_session},
	    {"team-session-undone", add_undone},
	    {"sheet-recorded", add_sheet},
	    {"attested", add_attested},
	    {"attestation-undone", add_unattested},
	    {"sheet-undone", add_unattested},
	    {"delivery-planned", add_planned},
	    {"delivery-accepted", add_settled},
	    {"delivery-refused", add_settled},
	    {"delivery-retried", add_settled},
	    {"delivery-resolved", add_settled},
	    {"delivery-bounced", add_bounced},
	    {"missed", add_missed},
	    {"requirements-closed", add_closed},
	    {"requirements-reopened", add_reopened},
	    {"person-erased", add_erased},
	    {"briefing-taken", add_taken},
	    {"briefing-withdrawn", add_withdrawn},
	    {"letter-made", add_letter},
	};
	struct said said = {.event = event};
	struct evidence_member member;
	const char *at = event->body;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(event->kind, kinds[i].kind) != 0)
			continue;
		while (evidence_body_next(&at, &member))
			read_member(&member, &said);
		kinds[i].add(claims, &said);
		return;
	}
}
