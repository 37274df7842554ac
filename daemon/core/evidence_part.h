#ifndef CORE_EVIDENCE_PART_H
#define CORE_EVIDENCE_PART_H

/*
 * What the evidence modules share: all that the events say (evidence_hear), as
 * it is kept and found (evidence_claim) to be put beside the tables
 * (evidence_compare). Texts are words: numbers that stand for them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/index.h"
#include "core/evidence_claim.h"

struct arena;
struct db;

/* a text of an event or a table, as JSON has it */
struct evidence_word {
	const char *text;
	size_t size;
};

/* words that come again and again: people, refs, lists, agencies */
struct evidence_words {
	struct evidence_word *list;
	size_t count, room;
	struct index index;
};

struct evidence_version {
	int64_t id;
	size_t ref; /* a word */
	int64_t number, closed_at;
	const char *content_hash, *closed_as; /* of the table */
	bool is_taken, is_closed_by_event;
};

/* what the event that planned it says of a duty */
struct evidence_duty {
	int64_t event_id, required_at, due_at, closes_at;
	size_t agency;
};

struct evidence_requirement {
	size_t person;
	int64_t version_id;
	struct evidence_duty first, last;
	int64_t acknowledged_at, acknowledged_event;
	size_t grade;
	int64_t missed_at, missed_event;
	int64_t exempt_at, exempt_event; /* not undone */
	bool is_seen;
};

struct evidence_closing {
	size_t person;
	int64_t at, event_id, count, found;
	bool is_reopened; /* some of it, later */
};

struct evidence_delivery {
	int64_t id, event_id, ended_at;
	enum { OTHER, ACCEPTED, REFUSED } state;
	bool has_bounced; /* since it was settled */
	bool is_seen;
};

/* what names a person went; their id stays */
struct evidence_erasure {
	size_t person;
	int64_t at, event_id;
	bool is_seen;
};

/* a confirmation, a team session or a sheet beside what was required, by its
 * event */
struct evidence_beside {
	int64_t event_id;
	const char *what; /* a literal, for people */
	bool is_seen;
};

struct evidence_claims {
	struct db *db;
	struct evidence_findings *findings;
	struct arena *arena;
	struct buf text;
	struct evidence_words words;
	struct evidence_version *versions;
	size_t version_count;
	struct index versions_by_id, versions_by_ref;
	size_t *people; /* the words of the table's rows */
	size_t people_count;
	struct evidence_requirement *requirements;
	size_t requirement_count, requirement_room;
	struct index requirements_by;
	struct evidence_closing *closings;
	size_t closing_count, closing_room;
	struct index closings_by;
	struct evidence_delivery *deliveries;
	size_t delivery_count, delivery_room;
	struct index deliveries_by;
	struct evidence_erasure *erasures;
	size_t erasure_count, erasure_room;
	struct index erasures_by;
	struct evidence_beside *besides; /* by event_id, ascending */
	size_t beside_count, beside_room;
};

/* A word: of a text as JSON has it, or of a plain one. */
size_t evidence_word(struct evidence_claims *claims, const char *text,
		     size_t size);
size_t evidence_word_of(struct evidence_claims *claims, const char *text);
const char *evidence_word_text(const struct evidence_claims *claims,
			       size_t word);
bool evidence_word_is(const struct evidence_word *word, const char *text);

/* NULL: there is none */
struct evidence_version *
evidence_find_version(const struct evidence_claims *claims, size_t ref,
		      int64_t number);
struct evidence_version *
evidence_find_version_id(const struct evidence_claims *claims, int64_t id);
struct evidence_requirement *
evidence_find_requirement(struct evidence_claims *claims, size_t person,
			  int64_t version_id);
struct evidence_closing *evidence_find_closing(struct evidence_claims *claims,
					       size_t person, int64_t at);
struct evidence_delivery *evidence_find_delivery(struct evidence_claims *claims,
						 int64_t id);
/* made when there is none; valid until the next is made */
struct evidence_requirement *
evidence_use_requirement(struct evidence_claims *claims, size_t person,
			 int64_t version_id);
struct evidence_closing *evidence_use_closing(struct evidence_claims *claims,
					      size_t person, int64_t closed_at);
struct evidence_delivery *evidence_use_delivery(struct evidence_claims *claims,
						int64_t id);
/* NULL: there is none */
struct evidence_erasure *evidence_find_erasure(struct evidence_claims *claims,
					       size_t person);
void evidence_add_erasure(struct evidence_claims *claims,
			  const struct evidence_erasure *erasure);
void evidence_add_beside(struct evidence_claims *claims, const char *what,
			 int64_t event_id);

#endif
