#ifndef DOORS_POOL_H
#define DOORS_POOL_H

/*
 * Threads that do one blocking job at a time, each with a context of its own
 * (a sender's SMTP session). A job belongs to whoever holds the pointer: the
 * caller until pool_give, the pool until pool_take, then the caller again.
 * Nothing else is shared. All verbs are for one thread, the loop's.
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

struct err;
struct pool;

/* Stands first in the caller's own job. */
struct pool_job {
	void (*work)(struct pool_job *job, void *context); /* in a thread */
	struct pool_job *next;                             /* the pool's */
	bool is_worked; /* false when taken: the pool stopped before it */
};

/* What each thread has. open and close run in the caller's thread. */
struct pool_thread {
	void *(*open)(void *argument, struct err *err); /* NULL: failed */
	/* from the loop's thread while work may be running; may be NULL */
	void (*interrupt)(void *context);
	void (*close)(void *context);
	void *argument;
};

/* Starts that many threads with every signal blocked. NULL when a context
 * can't be opened or a thread not started; what was begun is closed. */
struct pool *pool_new(size_t threads, const struct pool_thread *thread,
		      struct err *err);

/* Queues the job; its work must be set. Not after pool_stop. */
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

/* Threads less jobs that are given and not yet taken: how many to give now, so
 * that no thread begins a job before the last one's result was taken. */
size_t pool_idle(const struct pool *pool);

/* Interrupts every thread and waits for them. Jobs not begun are finished
 * with is_worked false; pool_take still gives all that are left. */
void pool_stop(struct pool *pool);

/* pool_stop if that was not done, then closes the contexts. Every job must have
 * been taken. Accepts NULL. */
void pool_free(struct pool *pool);

#endif
