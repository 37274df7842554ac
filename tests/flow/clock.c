/*
 * The clocks of a program under test: preloaded, it adds the seconds that the
 * file $CLOCK_FILE begins with (struct shifts, doubles). The test may change
 * them at any time. Time that passed moves the wall clock and the time since
 * the machine's start together; by a jump the wall clock moves alone. The
 * monotonic clock, timers and files' times stay true.
 *
 * libfaketime is not used for it: its timerfd_settime (0.9.10) takes an
 * absolute monotonic time for a wall clock's, on which sd-event then fails or
 * spins, and it shifts the times of files too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct shifts {
	double wall;            /* in all */
	double jump;            /* of it what did not pass */
	double is_synchronised; /* not 0: says the kernel */
};

static const volatile struct shifts *shifts;
static int (*real_gettime)(clockid_t, struct timespec *);

/* again.c calls it once more, for another board */
__attribute__((constructor)) void clock_begin(void);

void clock_begin(void)
{
	const char *path = getenv("CLOCK_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		abort();
	shifts = mmap(NULL, sizeof(*shifts), PROT_READ, MAP_SHARED, fd, 0);
	if (shifts == MAP_FAILED)
		abort();
	close(fd);
	*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	/* asked before clock_begin, by another library's constructor */
	if (!real_gettime)
		*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	int failed = real_gettime(clock, ret);
	bool is_wall =
	    clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
	if (failed || !shifts || (!is_wall && clock != CLOCK_BOOTTIME))
		return failed;
	double seconds = is_wall ? shifts->wall : shifts->wall - shifts->jump;
	double whole = floor(seconds);
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

/* Only asked, never set: of the kernel's answer this is all that counts. */
int adjtimex(struct timex *ret)
{
	bool is_synchronised = shifts && shifts->is_synchronised != 0;

	ret->status = is_synchronised ? 0 : STA_UNSYNC;
	return is_synchronised ? TIME_OK : TIME_ERROR;
}
