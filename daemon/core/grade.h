#ifndef CORE_GRADE_H
#define CORE_GRADE_H

/*
 * The grades of evidence: how sure it is that somebody read a briefing. This is
 * the one place that names them; events, the store, pages and reports say them
 * in these words. A person's own confirmation alone is reach; whatever else is
 * known stands in columns of its own, and none is ever taken for another.
 */
#include <stdbool.h>

enum grade {
	GRADE_ACCEPTED_BY_RELAY, /* the mail left us: not delivered, not read */
	GRADE_CONFIRMED,         /* by the person, on their page */
	GRADE_CONFIRMED_WITH_REFLECTION,
	GRADE_CONFIRMED_BY_REPLY,
	GRADE_ATTESTED_BY_LEAD, /* as from a sign-in sheet */
	GRADE_WIDER_REACH,      /* by a colleague of whom it was not required */
	GRADE_TEAM_SESSION,     /* a head count */
};
#define GRADE_COUNT 7

/* "confirmed-with-reflection", in events and in the store */
const char *grade_word(enum grade grade);
/* "Confirmed with reflection", for people */
const char *grade_title(enum grade grade);
/* What it proves and what it does not, a sentence or two, for people. */
const char *grade_meaning(enum grade grade);
/* one of the words, as the store has it */
enum grade grade_parse(const char *word);

/* Does it count in reach? */
bool grade_is_reach(enum grade grade);

#endif
