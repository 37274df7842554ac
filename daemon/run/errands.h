#ifndef RUN_ERRANDS_H
#define RUN_ERRANDS_H

/*
 * Errands in the loop: at most three children at once, the rest waits its
 * turn. The answer comes by a call in the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>

#include "doors/errand.h"

struct daemon;
struct errands_run;

/* What an errand came to: text is its output, or with is_good false the
 * reason. Valid during the call. A large output's errand may be asked for the
 * scratch that the text is in: errand_take_scratch. */
struct errands_answer {
	bool is_good;
	const char *text;
	size_t size;
	struct errand *errand; /* NULL: it never ran */
};
typedef void errands_done(void *context, const struct errands_answer *answer);

struct errands_run *errands_open(struct daemon *daemon);
/* Children are killed, nobody is called. */
void errands_close(struct errands_run *errands);

/* The input, size bytes, is copied; ceiling: bytes of output. One above
 * ERRANDS_LARGE lies in a scratch. */
#define ERRANDS_LARGE ((size_t)64 * 1024 * 1024)
void errands_give(struct errands_run *errands, const char *name,
		  const void *input, size_t size, size_t ceiling,
		  errands_done *done, void *context);

/* What this program does as a child: for errand_child_main. */
extern const struct errand_task errands_tasks[];

#endif
