/*
 * A slow disk for a program under test: preloaded, it lets each page that is
 * appended to the store's log wait a millisecond; a commit's last ones all
 * together, for they are written together (tools/db_wal). SIGKILL takes nothing
 * back that was written, so between acting and the last page of the commit that
 * should have come first there is, on a fast disk, no moment that a kill could
 * hit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#define PAGE 4096       /* bytes */
#define FRAME_HEADER 24 /* written before each page of the log */
#define WAIT_US 1000

typedef ssize_t writer(int, const void *, size_t, off_t);

static ssize_t slowly(const char *name, int fd, const void *data, size_t size,
		      off_t at)
{
	writer *real;

	*(void **)&real = dlsym(RTLD_NEXT, name);
	/* a page alone is one of the store's file, or the commit's very last */
	if (size == FRAME_HEADER || size > PAGE)
		usleep(WAIT_US *
		       (useconds_t)(1 + size / (FRAME_HEADER + PAGE)));
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
