#include "doors/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

struct queue {
	struct pool_job *first, **last;
	size_t count;
};

struct worker {
	struct pool *pool;
	void *context;
	pthread_t thread;
};

struct pool {
	struct pool_thread thread;
	struct worker *workers;
	size_t count; /* of workers whose context is open */
	size_t started;
	size_t held; /* jobs given and not yet taken; the caller's thread */
	int event_fd;
	bool is_stopped; /* the caller's thread */

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t work;
	struct queue waiting, finished;
	size_t ring_at; /* finished jobs */
	bool is_stopping;
};

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
	queue->count = 0;
}

static void queue_add(struct queue *queue, struct pool_job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
	queue->count++;
}

static struct pool_job *queue_take(struct queue *queue)
{
	struct pool_job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->last = &queue->first;
	queue->count--;
	job->next = NULL;
	return job;
}

static void ring(struct pool *pool)
{
	const uint64_t one = 1;
	ssize_t wrote = write(pool->event_fd, &one, sizeof(one));

	assert(wrote == sizeof(one));
}

/* Waits for a job; NULL when the pool stops. Whoever takes one wakes the next
 * thread where there are more: the caller, who gives many at a time, wakes one
 * and is not held up by threads that want the lock meanwhile. */
static struct pool_job *next_job(struct pool *pool)
{
	struct pool_job *job = NULL;
	bool are_more = false;

	pthread_mutex_lock(&pool->lock);
	while (!pool->is_stopping && !pool->waiting.first)
		pthread_cond_wait(&pool->work, &pool->lock);
	if (!pool->is_stopping) {
		job = queue_take(&pool->waiting);
		are_more = pool->waiting.first;
	}
	pthread_mutex_unlock(&pool->lock);
	if (are_more)
		pthread_cond_signal(&pool->work);
	return job;
}

static void finish_job(struct pool *pool, struct pool_job *job)
{
	pthread_mutex_lock(&pool->lock);
	queue_add(&pool->finished, job);
	/* Inside the lock: outside it, the ring could come after pool_take
	 * had emptied both, and wake the loop for nothing. */
	if (pool->finished.count == pool->ring_at)
		ring(pool);
	pthread_mutex_unlock(&pool->lock);
}

static void *run_worker(void *argument)
{
	struct worker *worker = argument;
	struct pool_job *job;

	while ((job = next_job(worker->pool))) {
		job->work(job, worker->context);
		job->is_worked = true;
		finish_job(worker->pool, job);
	}
	return NULL;
}

static bool open_contexts(struct pool *pool, size_t threads, struct err *err)
{
	for (; pool->count < threads; pool->count++) {
		struct worker *worker = &pool->workers[pool->count];

		worker->pool = pool;
		worker->context = pool->thread.open(pool->thread.argument, err);
		if (!worker->context)
			return false;
	}
	return true;
}

/* The loop reads its signals from a descriptor, so no thread may take one. */
static bool start_threads(struct pool *pool, struct err *err)
{
	sigset_t all, before;
	int failure = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->started < pool->count && !failure) {
		struct worker *worker = &pool->workers[pool->started];

		failure =
		    pthread_create(&worker->thread, NULL, run_worker, worker);
		if (!failure)
			pool->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failure)
		return true;
	errno = failure;
	return err_errno(err, ERR_SYSTEM, "starting a thread");
}

struct pool *pool_new(size_t threads, const struct pool_thread *thread,
		      struct err *err)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	assert(threads > 0 && thread->open && thread->close);
	pool->thread = *thread;
	pool->workers = xcalloc(threads, sizeof(*pool->workers));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	queue_init(&pool->waiting);
	queue_init(&pool->finished);
	pool->ring_at = 1;
	pool->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->event_fd < 0) {
		err_errno(err, ERR_SYSTEM, "making an eventfd");
		goto out;
	}
	if (!open_contexts(pool, threads, err) || !start_threads(pool, err))
		goto out;
	return pool;
out:
	pool_free(pool);
	return NULL;
}

void pool_give(struct pool *pool, struct pool_job *job)
{
	assert(job->work && !pool->is_stopped);
	job->is_worked = false;
	pool->held++;
	pthread_mutex_lock(&pool->lock);
	bool is_first = !pool->waiting.first;
	queue_add(&pool->waiting, job);
	pthread_mutex_unlock(&pool->lock);
	if (is_first) /* else whoever takes the first wakes the next */
		pthread_cond_signal(&pool->work);
}

static void silence(struct pool *pool)
{
	uint64_t count;

	(void)!read(pool->event_fd, &count, sizeof(count));
}

size_t pool_await(struct pool *pool, size_t count)
{
	assert(count > 0);
	pthread_mutex_lock(&pool->lock);
	size_t finished = pool->finished.count;
	if (finished < count) {
		pool->ring_at = count;
		silence(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	return finished;
}

struct pool_job *pool_take(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct pool_job *job = queue_take(&pool->finished);
	if (!pool->finished.first) {
		pool->ring_at = 1;
		silence(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	if (job) {
		assert(pool->held > 0);
		pool->held--;
	}
	return job;
}

int pool_fd(const struct pool *pool)
{
	return pool->event_fd;
}

size_t pool_idle(const struct pool *pool)
{
	return pool->held < pool->count ? pool->count - pool->held : 0;
}

static void hand_back_waiting(struct pool *pool)
{
	struct pool_job *job;

	while ((job = queue_take(&pool->waiting)))
		finish_job(pool, job);
}

void pool_stop(struct pool *pool)
{
	if (pool->is_stopped)
		return;
	pool->is_stopped = true;
	pthread_mutex_lock(&pool->lock);
	pool->is_stopping = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->started && pool->thread.interrupt; i++)
		pool->thread.interrupt(pool->workers[i].context);
	for (size_t i = 0; i < pool->started; i++)
		pthread_join(pool->workers[i].thread, NULL);
	hand_back_waiting(pool);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pool_stop(pool);
	assert(pool->held == 0);
	for (size_t i = 0; i < pool->count; i++)
		pool->thread.close(pool->workers[i].context);
	if (pool->event_fd >= 0)
		close(pool->event_fd);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool->workers);
	free(pool);
}
