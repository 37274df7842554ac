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

#include "base/err.h"
#include "doors/pool.h"

#define THREADS 3

/* What a thread has: it can be held in its work until it is interrupted. */
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

static void do_square(struct pool_job *job, void *context)
{
	struct sum *sum = (struct sum *)job;
	struct desk *desk = context;
	sigset_t mask;

	desk->worked++;
	sum->square = sum->number * sum->number;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	sum->has_signals = !sigismember(&mask, SIGTERM);
}

static void do_hang(struct pool_job *job, void *context)
{
	struct desk *desk = context;

	(void)job;
	pthread_mutex_lock(&desk->lock);
	while (!desk->is_interrupted)
		pthread_cond_wait(&desk->released, &desk->lock);
	pthread_mutex_unlock(&desk->lock);
}

static struct pool *open_office(struct office *office, struct err *err)
{
	return pool_new(THREADS,
			&(struct pool_thread){.open = open_desk,
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
			sums[given] = (struct sum){.job.work = do_square,
						   .number = (int)given};
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
	struct sum sum = {.job.work = do_square, .number = 3};
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
	struct sum sums[2] = {{.job.work = do_square}, {.job.work = do_square}};

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
		sums[i] = (struct sum){.job.work = do_hang};
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
	    cmocka_unit_test(f30_stop_interrupts_and_gives_all_back),
	    cmocka_unit_test(f40_a_context_that_fails_undoes_the_rest),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
