/*
 * A slow disk for a program under test: preloaded, it lets each page that
 * SQLite appends to its log wait a millisecond. SIGKILL takes nothing back that
 * was written, so between acting and the last page of the commit that should
 * have come first there is, on a fast disk, no moment that a kill could hit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#define FRAME_HEADER 24 /* bytes, written before each page of the log */
#define WAIT_US 1000

typedef ssize_t writer(int, const void *, size_t, off_t);

static ssize_t slowly(const char *name, int fd, const void *data, size_t size,
		      off_t at)
{
	writer *real;

	*(void **)&real = dlsym(RTLD_NEXT, name);
	if (size == FRAME_HEADER)
		usleep(WAIT_US);
	return real(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	return slowly("pwrite", fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at)
{
	return slowly("pwrite64", fd, data, size, at);
}
