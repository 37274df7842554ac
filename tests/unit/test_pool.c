#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "doors/pool.h"

#define THREADS 3
#define SQUARE                                                                 \
	{                                                                      \
		.work = do_square, .block = never                              \
	}
#define HANG                                                                   \
	{                                                                      \
		.work = do_hang, .block = hang                                 \
	}

/* What a job has: it can be held there until it is interrupted. */
struct desk {
	pthread_mutex_t lock;
	pthread_cond_t released;
	bool is_interrupted;
	int worked;
};

struct office {
	struct desk desks[THREADS];
	size_t open, fail_at, closed;
};

struct sum {
	struct pool_job job;
	int number, square;
	bool has_signals; /* a signal was not blocked in the thread */
	bool has_blocked;
	int fd;           /* is to say so many bytes */
	int64_t until_ms; /* but not later */
	char heard[16];
	size_t size;
	bool is_late;
	pthread_t thread; /* the last that was at it */
};

static void *open_desk(void *argument, struct err *err)
{
	struct office *office = argument;

	if (office->open == office->fail_at) {
		err_set(err, ERR_SYSTEM, "no desk");
		return NULL;
	}
	struct desk *desk = &office->desks[office->open++];
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->released, NULL);
	return desk;
}

static void interrupt_desk(void *context)
{
	struct desk *desk = context;

	pthread_mutex_lock(&desk->lock);
	desk->is_interrupted = true;
	pthread_cond_broadcast(&desk->released);
	pthread_mutex_unlock(&desk->lock);
}

static void close_desk(void *context)
{
	struct desk *desk = context;

	pthread_cond_destroy(&desk->released);
	pthread_mutex_destroy(&desk->lock);
	desk->worked = -1;
}

static void never(struct pool_job *job, void *context)
{
	(void)job, (void)context;
	fail_msg("it blocks");
}

static enum pool_next do_square(struct pool_job *job, void *context,
				struct pool_wait *ret_wait)
{
	struct sum *sum = (struct sum *)job;
	struct desk *desk = context;
	sigset_t mask;

	(void)ret_wait;
	desk->worked++;
	sum->square = sum->number * sum->number;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	sum->has_signals = !sigismember(&mask, SIGTERM);
	return POOL_DONE;
}

static enum pool_next do_hang(struct pool_job *job, void *context,
			      struct pool_wait *ret_wait)
{
	struct sum *sum = (struct sum *)job;

	(void)context, (void)ret_wait;
	return sum->has_blocked ? POOL_DONE : POOL_BLOCKS;
}

static void hang(struct pool_job *job, void *context)
{
	struct sum *sum = (struct sum *)job;
	struct desk *desk = context;

	sum->has_blocked = true;
	sum->thread = pthread_self();
	pthread_mutex_lock(&desk->lock);
	while (!desk->is_interrupted)
		pthread_cond_wait(&desk->released, &desk->lock);
	pthread_mutex_unlock(&desk->lock);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Hears number bytes, or is late. */
static enum pool_next do_listen(struct pool_job *job, void *context,
				struct pool_wait *ret_wait)
{
	struct sum *sum = (struct sum *)job;
	size_t wanted = (size_t)sum->number;
	ssize_t got = 1;

	(void)context;
	sum->thread = pthread_self();
	while (got > 0 && sum->size < wanted) {
		got = recv(sum->fd, sum->heard + sum->size, wanted - sum->size,
			   MSG_DONTWAIT);
		sum->size += got > 0 ? (size_t)got : 0;
	}
	sum->is_late = sum->size < wanted && now_ms() >= sum->until_ms;
	if (sum->size == wanted || sum->is_late || got == 0)
		return POOL_DONE;
	ret_wait->fd = sum->fd;
	ret_wait->until_ms = sum->until_ms;
	return POOL_WAITS;
}

static struct sum hearer(int number, int fds[2], int64_t patience_ms)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	return (struct sum){.job = {.work = do_listen, .block = never},
			    .number = number,
			    .fd = fds[0],
			    .until_ms = now_ms() + patience_ms};
}

static struct pool *open_office(struct office *office, struct err *err)
{
	return pool_new(THREADS,
			&(struct pool_context){.open = open_desk,
					       .interrupt = interrupt_desk,
					       .close = close_desk,
					       .argument = office},
			err);
}

static struct pool_job *wait_for_job(struct pool *pool)
{
	struct pollfd wait = {.fd = pool_fd(pool), .events = POLLIN};

	assert_int_equal(poll(&wait, 1, 5000), 1);
	return pool_take(pool);
}

static void f10_every_job_comes_back_worked(void **state)
{
	static struct sum sums[500];
	struct office office = {.fail_at = THREADS};
	struct pool *pool = open_office(&office, NULL);
	size_t given = 0, taken = 0;

	(void)state;
	while (taken < 500) {
		while (given < 500 && pool_idle(pool) > 0) {
			sums[given] =
			    (struct sum){.job = SQUARE, .number = (int)given};
			pool_give(pool, &sums[given++].job);
		}
		struct sum *sum = (struct sum *)wait_for_job(pool);
		if (!sum)
			continue;
		taken++;
		assert_true(sum->job.is_worked);
		assert_false(sum->has_signals);
		assert_int_equal(sum->square, sum->number * sum->number);
	}
	assert_int_equal(pool_idle(pool), THREADS);
	assert_null(pool_take(pool));
	struct pollfd wait = {.fd = pool_fd(pool), .events = POLLIN};
	assert_int_equal(poll(&wait, 1, 0), 0);
	pool_free(pool);
	assert_int_equal(office.desks[0].worked, -1);
}

static void f20_idle_counts_what_is_not_taken(void **state)
{
	struct office office = {.fail_at = THREADS};
	struct pool *pool = open_office(&office, NULL);
	struct sum sum = {.job = SQUARE, .number = 3};
	struct pollfd wait = {.fd = pool_fd(pool), .events = POLLIN};

	(void)state;
	pool_give(pool, &sum.job);
	assert_int_equal(poll(&wait, 1, 5000), 1);
	assert_int_equal(pool_idle(pool), THREADS - 1);
	assert_ptr_equal(pool_take(pool), &sum.job);
	assert_int_equal(pool_idle(pool), THREADS);
	pool_free(pool);
}

static void f20_several_are_awaited(void **state)
{
	struct office office = {.fail_at = THREADS};
	struct pool *pool = open_office(&office, NULL);
	struct pollfd look = {.fd = pool_fd(pool), .events = POLLIN};
	struct sum sums[2] = {{.job = SQUARE}, {.job = SQUARE}};

	(void)state;
	pool_give(pool, &sums[0].job);
	assert_int_equal(poll(&look, 1, 5000), 1);
	assert_int_equal(pool_await(pool, 1), 1);
	assert_int_equal(pool_await(pool, 2), 1);
	assert_int_equal(poll(&look, 1, 0), 0);
	pool_give(pool, &sums[1].job);
	assert_int_equal(poll(&look, 1, 5000), 1);
	assert_int_equal(pool_await(pool, 2), 2);
	assert_non_null(pool_take(pool));
	assert_int_equal(poll(&look, 1, 0), 1);
	assert_non_null(pool_take(pool));
	assert_null(pool_take(pool));
	assert_int_equal(poll(&look, 1, 0), 0);
	/* it rings for a single one again */
	pool_give(pool, &sums[0].job);
	assert_non_null(wait_for_job(pool));
	pool_free(pool);
}

static void f30_stop_interrupts_and_gives_all_back(void **state)
{
	struct office office = {.fail_at = THREADS};
	struct pool *pool = open_office(&office, NULL);
	struct sum sums[THREADS * 4];
	size_t worked = 0, taken = 0;
	struct pool_job *job;

	(void)state;
	for (size_t i = 0; i < THREADS * 4; i++) {
		sums[i] = (struct sum){.job = HANG};
		pool_give(pool, &sums[i].job);
	}
	assert_int_equal(pool_idle(pool), 0);
	pool_stop(pool);
	while ((job = pool_take(pool))) {
		taken++;
		worked += job->is_worked;
	}
	assert_int_equal(taken, THREADS * 4);
	assert_true(worked <= THREADS);
	pool_free(pool);
}

static void f20_one_thread_serves_all_that_wait(void **state)
{
	struct office office = {.fail_at = THREADS};
	struct pool *pool = open_office(&office, NULL);
	struct sum sums[THREADS];
	int fds[THREADS][2];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		sums[i] = hearer(6, fds[i], 60000);
		pool_give(pool, &sums[i].job);
	}
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(send(fds[i][1], "abc", 3, 0), 3);
	for (int i = 0; i < THREADS; i++)
		assert_non_null(wait_for_job(pool));
	for (int i = 0; i < THREADS; i++) {
		assert_memory_equal(sums[i].heard, "abcabc", 6);
		assert_true(pthread_equal(sums[i].thread, sums[0].thread));
		close(fds[i][0]);
		close(fds[i][1]);
	}
	pool_free(pool);
}

static void f20_who_waits_too_long_is_woken(void **state)
{
	struct office office = {.fail_at = THREADS};
	struct pool *pool = open_office(&office, NULL);
	int fds[2][2];
	struct sum patient = hearer(1, fds[0], 60000);
	struct sum hasty = hearer(1, fds[1], 50);

	(void)state;
	pool_give(pool, &patient.job);
	pool_give(pool, &hasty.job);
	assert_ptr_equal(wait_for_job(pool), &hasty.job);
	assert_true(hasty.is_late && now_ms() >= hasty.until_ms);
	assert_int_equal(send(fds[0][1], "a", 1, 0), 1);
	assert_ptr_equal(wait_for_job(pool), &patient.job);
	assert_false(patient.is_late);
	pool_free(pool);
	for (int i = 0; i < 4; i++)
		close(fds[i / 2][i % 2]);
}

/* While as many block as can, but one, that one goes on. */
static void f30_what_blocks_holds_up_nobody(void **state)
{
	struct office office = {.fail_at = THREADS};
	struct pool *pool = open_office(&office, NULL);
	struct sum hanging[THREADS - 1];
	int fds[2];
	struct sum sum = hearer(2, fds, 60000);

	(void)state;
	pool_give(pool, &sum.job);
	for (int i = 0; i < THREADS - 1; i++) {
		hanging[i] = (struct sum){.job = HANG};
		pool_give(pool, &hanging[i].job);
	}
	assert_int_equal(send(fds[1], "a", 1, 0), 1);
	assert_int_equal(send(fds[1], "b", 1, 0), 1);
	assert_ptr_equal(wait_for_job(pool), &sum.job);
	pool_stop(pool);
	for (int i = 0; i < THREADS - 1; i++)
		assert_non_null(pool_take(pool));
	assert_false(pthread_equal(hanging[0].thread, hanging[1].thread));
	pool_free(pool);
	close(fds[0]);
	close(fds[1]);
}

static void f40_a_context_that_fails_undoes_the_rest(void **state)
{
	struct office office = {.fail_at = 2};
	struct err err = {0};

	(void)state;
	assert_null(open_office(&office, &err));
	assert_string_equal(err.text, "no desk");
	assert_int_equal(office.desks[0].worked, -1);
	assert_int_equal(office.desks[1].worked, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_every_job_comes_back_worked),
	    cmocka_unit_test(f20_idle_counts_what_is_not_taken),
	    cmocka_unit_test(f20_several_are_awaited),
	    cmocka_unit_test(f20_one_thread_serves_all_that_wait),
	    cmocka_unit_test(f20_who_waits_too_long_is_woken),
	    cmocka_unit_test(f30_what_blocks_holds_up_nobody),
	    cmocka_unit_test(f30_stop_interrupts_and_gives_all_back),
	    cmocka_unit_test(f40_a_context_that_fails_undoes_the_rest),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
