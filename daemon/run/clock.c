#include <sys/timex.h>
#include <time.h>

#include "run/daemon.h"

int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t clock_since_boot_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_since_boot(void)
{
	return clock_since_boot_ms() / 1000;
}

int64_t clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A service manager that forbids to ask is as good as a "no". */
bool clock_is_synchronised(void)
{
	struct timex status = {.modes = 0};
	int state = adjtimex(&status);

	return state >= 0 && state != TIME_ERROR &&
	       !(status.status & STA_UNSYNC);
}
