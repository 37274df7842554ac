#ifndef BASE_SCRATCH_H
#define BASE_SCRATCH_H

/*
 * Working memory that may be large: it is a file's, so that the kernel can
 * write it out and what a list of a million rows needs does not make the
 * daemon big. The file has no name and is gone with the process. What is in it
 * never moves. One owner.
 *
 *	struct scratch *scratch = scratch_new(folder, 1 << 28, err);
 *	if (!scratch || !scratch_add(scratch, bytes, size, err)) ...
 *	rows = scratch_alloc(scratch, count * sizeof(*rows), err);
 *	scratch_free(scratch);
 */
#include <stdbool.h>
#include <stddef.h>

struct err;
struct scratch;

/* ceiling: bytes; of address space, and not taken up before they are used */
struct scratch *scratch_new(const char *folder, size_t ceiling,
			    struct err *err);
void scratch_free(struct scratch *scratch); /* accepts NULL */

/* Behind what is there. ERR_FULL: the ceiling is reached, or the disk is full:
 * the room is set aside here, so that writing to it can't fail later. */
bool scratch_add(struct scratch *scratch, const void *data, size_t size,
		 struct err *err);

/* Zeros, aligned for any type; NULL on failure, which is as above. */
void *scratch_alloc(struct scratch *scratch, size_t size, struct err *err);

/* From the first byte on, with a NUL behind the last. */
char *scratch_data(struct scratch *scratch);
size_t scratch_size(const struct scratch *scratch);

#endif
