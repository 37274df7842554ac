#include "doors/pool.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

struct queue {
	struct pool_job *first, **last;
	size_t count;
};

/* A context, and the job that has it. */
struct seat {
	void *context;
	struct pool_job *job; /* NULL: none */
	struct seat *next;    /* in free or ready */
	int fd;               /* that is watched; -1: none */
	bool is_waiting;      /* for fd, until then */
	int64_t until_ms;
};

struct seats {
	struct seat *first, **last;
};

struct pool {
	struct pool_context context;
	struct seat *seats;
	pthread_t *threads;
	size_t count; /* of seats whose context is open */
	size_t started;
	size_t held; /* jobs given and not yet taken; the caller's thread */
	int event_fd, epoll_fd, bell_fd; /* the bell wakes who leads */
	bool is_stopped;                 /* the caller's thread */
	int64_t earliest_ms; /* none waits for an earlier one; who leads */

	pthread_mutex_t lock; /* what follows, and the seats but for context */
	pthread_cond_t follow;
	struct queue waiting, finished;
	struct seat *free;  /* the last that was used first: it is connected */
	struct seats ready; /* to be worked at */
	size_t busy;        /* seats that have a job */
	size_t ring_at;     /* finished jobs */
	bool is_led, is_asleep; /* by one who waits for changes */
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

static void seats_init(struct seats *seats)
{
	seats->first = NULL;
	seats->last = &seats->first;
}

static void seats_add(struct seats *seats, struct seat *seat)
{
	seat->next = NULL;
	*seats->last = seat;
	seats->last = &seat->next;
}

static struct seat *seats_take(struct seats *seats)
{
	struct seat *seat = seats->first;

	if (!seat)
		return NULL;
	seats->first = seat->next;
	if (!seats->first)
		seats->last = &seats->first;
	return seat;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void ring(int fd)
{
	const uint64_t one = 1;
	ssize_t wrote = write(fd, &one, sizeof(one));

	assert(wrote == sizeof(one));
}

/* --- in a thread; with the lock, but where it is said */

/* The loop is told inside the lock: outside it, the ring could come after
 * pool_take had emptied both, and wake the loop for nothing. */
static void finish_job(struct pool *pool, struct pool_job *job)
{
	queue_add(&pool->finished, job);
	if (pool->finished.count == pool->ring_at)
		ring(pool->event_fd);
}

static void finish_seat(struct pool *pool, struct seat *seat)
{
	struct pool_job *job = seat->job;

	job->is_worked = true;
	seat->job = NULL;
	seat->next = pool->free;
	pool->free = seat;
	pool->busy--;
	finish_job(pool, job);
}

/* Only memory can be wanting, and then the process ends as for any other. */
static void watch(struct pool *pool, int fd, void *for_whom)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET,
				    .data.ptr = for_whom};

	if (epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		abort();
}

static void wait_for(struct pool *pool, struct seat *seat,
		     const struct pool_wait *wait)
{
	if (seat->fd != wait->fd) {
		assert(seat->fd < 0);
		seat->fd = wait->fd;
		watch(pool, seat->fd, seat);
	}
	seat->is_waiting = true;
	seat->until_ms = wait->until_ms;
	if (seat->until_ms < pool->earliest_ms)
		pool->earliest_ms = seat->until_ms;
}

static void wake(struct pool *pool, struct seat *seat)
{
	seat->is_waiting = false;
	seats_add(&pool->ready, seat);
}

static void wake_late(struct pool *pool, int64_t now)
{
	if (now < pool->earliest_ms)
		return;
	pool->earliest_ms = INT64_MAX;
	for (size_t i = 0; i < pool->count; i++) {
		struct seat *seat = &pool->seats[i];

		if (!seat->is_waiting)
			continue;
		if (seat->until_ms <= now)
			wake(pool, seat);
		else if (seat->until_ms < pool->earliest_ms)
			pool->earliest_ms = seat->until_ms;
	}
}

static int sleep_ms(const struct pool *pool)
{
	if (pool->earliest_ms == INT64_MAX)
		return -1;
	int64_t left = pool->earliest_ms - now_ms();
	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* Sleeps, without the lock, until something changes. */
static void look(struct pool *pool)
{
	struct epoll_event events[64];
	int timeout_ms = sleep_ms(pool);

	pool->is_asleep = true;
	pthread_mutex_unlock(&pool->lock);
	int count = epoll_wait(pool->epoll_fd, events,
			       sizeof(events) / sizeof(*events), timeout_ms);
	pthread_mutex_lock(&pool->lock);
	pool->is_asleep = false;
	for (int i = 0; i < count; i++) {
		struct seat *seat = events[i].data.ptr;

		if (seat && seat->is_waiting) /* else the bell, or too late */
			wake(pool, seat);
	}
	wake_late(pool, now_ms());
}

static struct seat *next_seat(struct pool *pool)
{
	struct seat *seat = seats_take(&pool->ready);

	if (seat || pool->is_stopping || !pool->free || !pool->waiting.first)
		return seat;
	seat = pool->free;
	pool->free = seat->next;
	seat->job = queue_take(&pool->waiting);
	pool->busy++;
	return seat;
}

static bool is_over(const struct pool *pool)
{
	return pool->is_stopping && pool->busy == 0;
}

/* Until a seat's job is to block, which is given back; NULL: all is over. */
static struct seat *lead(struct pool *pool)
{
	while (!is_over(pool)) {
		struct seat *seat = next_seat(pool);
		struct pool_wait wait;

		if (!seat) {
			look(pool);
			continue;
		}
		pthread_mutex_unlock(&pool->lock);
		enum pool_next next =
		    seat->job->work(seat->job, seat->context, &wait);
		pthread_mutex_lock(&pool->lock);
		if (next == POOL_BLOCKS)
			return seat;
		if (next == POOL_WAITS)
			wait_for(pool, seat, &wait);
		else
			finish_seat(pool, seat);
	}
	return NULL;
}

static void block(struct pool *pool, struct seat *seat)
{
	pthread_mutex_unlock(&pool->lock);
	seat->job->block(seat->job, seat->context);
	pthread_mutex_lock(&pool->lock);
	seat->fd = -1; /* whatever it was, it is closed */
	seats_add(&pool->ready, seat);
	if (pool->is_asleep)
		ring(pool->bell_fd);
}

static void *run_thread(void *argument)
{
	struct pool *pool = argument;

	pthread_mutex_lock(&pool->lock);
	while (!is_over(pool)) {
		if (pool->is_led) {
			pthread_cond_wait(&pool->follow, &pool->lock);
			continue;
		}
		pool->is_led = true;
		struct seat *seat = lead(pool);
		pool->is_led = false;
		pthread_cond_signal(&pool->follow);
		if (seat)
			block(pool, seat);
	}
	pthread_cond_broadcast(&pool->follow);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* --- opening */

static bool open_contexts(struct pool *pool, size_t count, struct err *err)
{
	for (; pool->count < count; pool->count++) {
		struct seat *seat = &pool->seats[pool->count];

		seat->fd = -1;
		seat->context = pool->context.open(pool->context.argument, err);
		if (!seat->context)
			return false;
		seat->next = pool->free;
		pool->free = seat;
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
		failure = pthread_create(&pool->threads[pool->started], NULL,
					 run_thread, pool);
		if (!failure)
			pool->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failure)
		return true;
	errno = failure;
	return err_errno(err, ERR_SYSTEM, "starting a thread");
}

static bool open_descriptors(struct pool *pool, struct err *err)
{
	pool->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (pool->event_fd < 0 || pool->bell_fd < 0 || pool->epoll_fd < 0)
		return err_errno(err, ERR_SYSTEM, "making descriptors");
	watch(pool, pool->bell_fd, NULL);
	return true;
}

struct pool *pool_new(size_t count, const struct pool_context *context,
		      struct err *err)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	assert(count > 0 && context->open && context->close);
	pool->context = *context;
	pool->seats = xcalloc(count, sizeof(*pool->seats));
	pool->threads = xcalloc(count, sizeof(*pool->threads));
	pool->earliest_ms = INT64_MAX;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->follow, NULL);
	queue_init(&pool->waiting);
	queue_init(&pool->finished);
	seats_init(&pool->ready);
	pool->ring_at = 1;
	if (open_descriptors(pool, err) && open_contexts(pool, count, err) &&
	    start_threads(pool, err))
		return pool;
	pool_free(pool);
	return NULL;
}

void pool_give(struct pool *pool, struct pool_job *job)
{
	assert(job->work && job->block && !pool->is_stopped);
	job->is_worked = false;
	pool->held++;
	pthread_mutex_lock(&pool->lock);
	queue_add(&pool->waiting, job);
	if (pool->is_asleep) {
		pool->is_asleep = false; /* once is enough */
		ring(pool->bell_fd);
	}
	pthread_mutex_unlock(&pool->lock);
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
	hand_back_waiting(pool);
	pthread_cond_broadcast(&pool->follow);
	pthread_mutex_unlock(&pool->lock);
	if (pool->started > 0)
		ring(pool->bell_fd);
	for (size_t i = 0; i < pool->count && pool->context.interrupt; i++)
		pool->context.interrupt(pool->seats[i].context);
	for (size_t i = 0; i < pool->started; i++)
		pthread_join(pool->threads[i], NULL);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pool_stop(pool);
	assert(pool->held == 0);
	for (size_t i = 0; i < pool->count; i++)
		pool->context.close(pool->seats[i].context);
	close_fd(pool->event_fd);
	close_fd(pool->bell_fd);
	close_fd(pool->epoll_fd);
	pthread_cond_destroy(&pool->follow);
	pthread_mutex_destroy(&pool->lock);
	free(pool->threads);
	free(pool->seats);
	free(pool);
}
