#include "run/loop.h"

#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/log.h"
#include "run/daemon.h"

#define LONG_US 5000

static int turn(sd_event *event)
{
	int64_t began_us = clock_monotonic_us();
	int status = sd_event_dispatch(event);
	int64_t took_us = clock_monotonic_us() - began_us;

	if (took_us > LONG_US)
		log_debug("long turn ms=%.1f", (double)took_us / 1000);
	return status;
}

int loop_run(sd_event *event)
{
	int status = 0, code = 0;

	while (status >= 0 && sd_event_get_state(event) != SD_EVENT_FINISHED) {
		status = sd_event_prepare(event);
		if (status == 0)
			status = sd_event_wait(event, UINT64_MAX);
		if (status > 0)
			status = turn(event);
	}
	if (status >= 0)
		sd_event_get_exit_code(event, &code);
	return status < 0 ? status : code;
}
