#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#define STEP ((size_t)1024 * 1024) /* the file grows by so much */

struct scratch {
	int fd;
	char *data;
	size_t size, room; /* room: what the file has, more than size */
	size_t ceiling, mapped;
};

static bool open_file(struct scratch *scratch, const char *folder,
		      struct err *err)
{
	scratch->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (scratch->fd < 0)
		return err_errno(err, ERR_SYSTEM, "making a file in %s",
				 folder);
	void *data = mmap(NULL, scratch->mapped, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_NORESERVE, scratch->fd, 0);
	if (data == MAP_FAILED)
		return err_errno(err, ERR_SYSTEM, "mapping a file in %s",
				 folder);
	scratch->data = data;
	return true;
}

/* room for size bytes more and a NUL */
static bool make_room(struct scratch *scratch, size_t size, struct err *err)
{
	if (size > scratch->ceiling - scratch->size)
		return err_set(err, ERR_FULL, "more than %zu bytes",
			       scratch->ceiling);
	size_t wanted = (scratch->size + size) / STEP * STEP + STEP;
	if (wanted <= scratch->room)
		return true;
	errno = posix_fallocate(scratch->fd, (off_t)scratch->room,
				(off_t)(wanted - scratch->room));
	if (errno)
		return err_errno(err, errno == ENOSPC ? ERR_FULL : ERR_SYSTEM,
				 "setting aside %zu bytes of the disk", wanted);
	scratch->room = wanted;
	return true;
}

struct scratch *scratch_new(const char *folder, size_t ceiling, struct err *err)
{
	struct scratch *scratch = xcalloc(1, sizeof(*scratch));

	scratch->ceiling = ceiling;
	scratch->mapped = ceiling / STEP * STEP + STEP;
	if (open_file(scratch, folder, err) && make_room(scratch, 0, err))
		return scratch;
	scratch_free(scratch);
	return NULL;
}

void scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	if (scratch->data)
		munmap(scratch->data, scratch->mapped);
	if (scratch->fd >= 0)
		close(scratch->fd);
	free(scratch);
}

bool scratch_add(struct scratch *scratch, const void *data, size_t size,
		 struct err *err)
{
	if (!make_room(scratch, size, err))
		return false;
	memcpy(scratch->data + scratch->size, data, size);
	scratch->size += size;
	return true;
}

void *scratch_alloc(struct scratch *scratch, size_t size, struct err *err)
{
	/* one byte at least stays zero, behind what was added before */
	size_t gap =
	    alignof(max_align_t) - scratch->size % alignof(max_align_t);

	/* an absurd size must not wrap around */
	if (!make_room(scratch, size < SIZE_MAX - gap ? gap + size : size, err))
		return NULL;
	void *memory = scratch->data + scratch->size + gap;
	scratch->size += gap + size;
	return memory;
}

char *scratch_data(struct scratch *scratch)
{
	return scratch->data;
}

size_t scratch_size(const struct scratch *scratch)
{
	return scratch->size;
}
