#include "core/grade.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *word, *title, *meaning;
	bool is_reach;
} grades[GRADE_COUNT] = {
    [GRADE_ACCEPTED_BY_RELAY] =
	{"accepted-by-relay", "Accepted by the relay",
	 "A mail server took the mail. It proves neither that the mail was "
	 "delivered nor that anybody read it.",
	 false},
    [GRADE_CONFIRMED] =
	{"confirmed", "Confirmed",
	 "The person opened their own page, ticked the box that says they have "
	 "read the briefing, and pressed the button. It proves that they said "
	 "so at that time, and not what they learnt.",
	 true},
    [GRADE_CONFIRMED_WITH_REFLECTION] =
	{"confirmed-with-reflection", "Confirmed with reflection",
	 "The person confirmed on their own page that they have read the "
	 "briefing, and wrote what they will do differently. It proves that "
	 "they said so at that time, and not that they have done it.",
	 true},
    [GRADE_CONFIRMED_BY_REPLY] =
	{"confirmed-by-reply", "Confirmed by reply",
	 "The person answered the mail, to an address that stands in their "
	 "copy "
	 "alone, with the word it asked for, and a mail server that the board "
	 "trusts vouched for the domain of their address. It proves that they "
	 "said so by that time, and not what they learnt.",
	 true},
    [GRADE_ATTESTED_BY_LEAD] =
	{"attested-by-lead", "Attested by lead",
	 "The agency’s lead says that the person has read the briefing. The "
	 "person has not confirmed it themselves, so it is not reach.",
	 false},
    [GRADE_WIDER_REACH] =
	{"wider-reach", "Wider reach",
	 "A colleague of whom it was not required confirmed that they have "
	 "read the briefing. It stands beside reach and never improves it.",
	 false},
    [GRADE_TEAM_SESSION] =
	{"team-session", "Team session",
	 "A lead took staff through the briefing and counted heads. It names "
	 "nobody, so it is not reach.",
	 false},
};

const char *grade_word(enum grade grade)
{
	return grades[grade].word;
}

const char *grade_title(enum grade grade)
{
	return grades[grade].title;
}

const char *grade_meaning(enum grade grade)
{
	return grades[grade].meaning;
}

bool grade_is_reach(enum grade grade)
{
	return grades[grade].is_reach;
}

enum grade grade_parse(const char *word)
{
	size_t i = 0;

	while (strcmp(grades[i].word, word) != 0)
		assert(++i < GRADE_COUNT);
	return (enum grade)i;
}
