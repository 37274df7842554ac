#include "run/timer.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "base/mem.h"
#include "run/daemon.h"

struct timer {
	sd_event_source *source;
	void (*work)(void *context);
	void *context;
	bool is_set;
	uint64_t at_us; /* CLOCK_MONOTONIC, when is_set */
};

static int fire(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct timer *timer = userdata;

	(void)source;
	(void)usec;
	timer->is_set = false;
	timer->work(timer->context);
	return 0;
}

struct timer *timer_new(struct sd_event *loop, void (*work)(void *context),
			void *context)
{
	struct timer *timer = xcalloc(1, sizeof(*timer));

	timer->work = work;
	timer->context = context;
	int made = sd_event_add_time_relative(
	    loop, &timer->source, CLOCK_MONOTONIC, 0, 1000, fire, timer);
	assert(made >= 0);
	sd_event_source_set_enabled(timer->source, SD_EVENT_OFF);
	return timer;
}

void timer_set(struct timer *timer, int64_t delay_ms)
{
	uint64_t delay_us = delay_ms > 0 ? (uint64_t)delay_ms * 1000 : 0;

	sd_event_source_set_time_relative(timer->source, delay_us);
	sd_event_source_set_enabled(timer->source, SD_EVENT_ONESHOT);
	timer->at_us = (uint64_t)clock_monotonic_us() + delay_us;
	timer->is_set = true;
}

void timer_set_sooner(struct timer *timer, int64_t delay_ms)
{
	uint64_t delay_us = delay_ms > 0 ? (uint64_t)delay_ms * 1000 : 0;

	if (!timer->is_set ||
	    (uint64_t)clock_monotonic_us() + delay_us < timer->at_us)
		timer_set(timer, delay_ms);
}

void timer_stop(struct timer *timer)
{
	timer->is_set = false;
	sd_event_source_set_enabled(timer->source, SD_EVENT_OFF);
}

void timer_free(struct timer *timer)
{
	if (!timer)
		return;
	sd_event_source_disable_unref(timer->source);
	free(timer);
}
