#ifndef DOORS_POOL_H
#define DOORS_POOL_H

/*
 * Jobs that mostly wait for a descriptor, each with a context of its own (a
 * sender's SMTP session). One thread at a time leads: it looks after all that
 * wait and goes on with each as far as that goes. So nobody sleeps and wakes
 * for each reply, and what is one job's work is not torn between threads.
 * Whoever meets what blocks (connecting) hands the lead to another first;
 * there are as many threads as contexts, so that one can always be had.
 *
 * A job belongs to whoever holds the pointer: the caller until pool_give, the
 * pool until pool_take, then the caller again. Nothing else is shared. All
 * verbs are for one thread, the loop's.
 *
 *	struct send_job { struct pool_job job; ... };
 *	while (pool_idle(pool) > 0 && (job = claim()))
 *		pool_give(pool, &job->job);
 *	... pool_fd is readable ...
 *	while ((done = pool_take(pool)))
 *		settle((struct send_job *)done);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct pool;

enum pool_next {
	POOL_DONE,
	POOL_WAITS,  /* for what is in ret_wait; then work again */
	POOL_BLOCKS, /* block is next; then work again */
};

struct pool_wait {
	int fd;           /* the same one until the context's next block */
	int64_t until_ms; /* CLOCK_MONOTONIC: work again then in any case */
};

/* Stands first in the caller's own job. work must not wait, and has read and
 * written all it can when it says POOL_WAITS: only a change wakes it. */
struct pool_job {
	enum pool_next (*work)(struct pool_job *job, void *context,
			       struct pool_wait *ret_wait);
	void (*block)(struct pool_job *job, void *context);
	struct pool_job *next; /* the pool's */
	bool is_worked; /* false when taken: the pool stopped before it */
};

/* What each job has meanwhile. open and close run in the caller's thread. */
struct pool_context {
	void *(*open)(void *argument, struct err *err); /* NULL: failed */
	/* From the loop's thread while work or block may be running: makes what
	 * is waited for happen. May be NULL. */
	void (*interrupt)(void *context);
	void (*close)(void *context);
	void *argument;
};

/* That many contexts, and threads with every signal blocked. NULL when a
 * context can't be opened or a thread not started; what was begun is closed. */
struct pool *pool_new(size_t count, const struct pool_context *context,
		      struct err *err);

/* Queues the job; its work and block must be set. Not after pool_stop. */
void pool_give(struct pool *pool, struct pool_job *job);

/* A finished job, in the order they finished, or NULL. Empties pool_fd when
 * none is left. */
struct pool_job *pool_take(struct pool *pool);

/* An eventfd, readable while finished jobs wait. The pool closes it. */
int pool_fd(const struct pool *pool);

/* How many finished jobs wait. While they are fewer than count, pool_fd is
 * quiet until there are count or pool_take has emptied it: for a caller who
 * would rather take several at once, and sees to it that it takes them some
 * time. */
size_t pool_await(struct pool *pool, size_t count);

/* Contexts less jobs that are given and not yet taken: how many to give now, so
 * that none begins a job before the last one's result was taken. */
size_t pool_idle(const struct pool *pool);

/* Interrupts every context and waits for the threads. Jobs not begun are
 * finished with is_worked false; pool_take still gives all that are left. */
void pool_stop(struct pool *pool);

/* pool_stop if that was not done, then closes the contexts. Every job must have
 * been taken. Accepts NULL. */
void pool_free(struct pool *pool);

#endif
