#ifndef BASE_FILE_H
#define BASE_FILE_H

/*
 * Whole files. Reading refuses what is no regular file (a link, a FIFO) and
 * what is larger than a ceiling; writing is atomic and durable.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;

/* Opens a regular file below directory_fd (AT_FDCWD for none) for reading with
 * O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC; the caller closes it. name may not hold "/"
 * unless directory_fd is AT_FDCWD. Returns -1 on failure. */
int file_open(int directory_fd, const char *name, struct err *err);

/* Reads all of it: *ret_data has a NUL behind it and is the caller's to
 * free(); ret_size may be NULL. Larger than ceiling bytes: ERR_FULL. */
bool file_read(const char *path, size_t ceiling, char **ret_data,
	       size_t *ret_size, struct err *err);
bool file_read_at(int directory_fd, const char *name, size_t ceiling,
		  char **ret_data, size_t *ret_size, struct err *err);

/* Writes to a temporary file beside path, syncs it, renames it over path and
 * syncs the folder: afterwards path holds all of it or what it held before. */
bool file_write(const char *path, const void *data, size_t size, unsigned mode,
		struct err *err);

/* Makes the folder and those above it, durably; one that exists is fine. */
bool file_make_folder(const char *path, unsigned mode, struct err *err);

/* Makes what was renamed or created in the folder durable. */
bool file_sync_folder(const char *path, struct err *err);

#endif
