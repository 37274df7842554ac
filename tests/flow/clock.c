/*
 * The wall clock of a program under test: preloaded, it adds the seconds (a
 * double) that the file $CLOCK_FILE begins with. The test may change them at
 * any time; the monotonic clocks, timers and files' times stay true.
 *
 * libfaketime is not used for it: its timerfd_settime (0.9.10) takes an
 * absolute monotonic time for a wall clock's, on which sd-event then fails or
 * spins, and it shifts the times of files too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile double *shift;
static int (*real_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CLOCK_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		abort();
	shift = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
	if (shift == MAP_FAILED)
		abort();
	close(fd);
	*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	/* asked before begin, by another library's constructor */
	if (!real_gettime)
		*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	int failed = real_gettime(clock, ret);
	if (failed || !shift ||
	    (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return failed;
	double seconds = *shift, whole = floor(seconds);
	ret->tv_sec += (time_t)whole;
	ret->tv_nsec += (long)((seconds - whole) * 1e9);
	if (ret->tv_nsec >= 1000000000) {
		ret->tv_nsec -= 1000000000;
		ret->tv_sec++;
	}
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}
