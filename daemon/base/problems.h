#ifndef BASE_PROBLEMS_H
#define BASE_PROBLEMS_H

/*
 * All that is wrong with a text that a person wrote, line by line, so that one
 * look is enough to mend it. Kept in order of arrival; past PROBLEMS_MAX only
 * the count grows. One thread, one owner.
 *
 *	struct problems problems = {0};
 *	problems_add(&problems, "lists/police.csv", 14, "no address");
 *	char *all = problems_format(&problems);
 *	problems_done(&problems);
 */
#include <stdbool.h>
#include <stddef.h>

#define PROBLEMS_MAX 100

struct problem {
	char *file; /* as the person knows it */
	int line;   /* from 1; 0 = the file as a whole */
	char *text; /* what is wrong and what is allowed instead */
};

struct problems {
	struct problem list[PROBLEMS_MAX];
	size_t count; /* all of them; the list holds at most PROBLEMS_MAX */
};

/* Copies file and text. Returns false, so that a caller can return it. */
bool problems_add(struct problems *problems, const char *file, int line,
		  const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "file:line: text\n" for each, and how many more; free() it */
char *problems_format(const struct problems *problems);

void problems_done(struct problems *problems);

#endif
