#ifndef CORE_DOCUMENT_H
#define CORE_DOCUMENT_H

/*
 * Documents that come with a briefing: which kinds are let in, and how they are
 * kept in the store, by the SHA-256 of their bytes. For the errand that reads
 * a folder; nothing here trusts the file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* That many bytes from its start tell what a file is. */
#define DOCUMENT_HEAD_SIZE 4096

/* The media type that name and first bytes agree on; NULL and ERR_INPUT with
 * what to do instead when they don't, or when files of that kind can carry
 * programs (HTML, SVG, macros). head holds at most DOCUMENT_HEAD_SIZE bytes. */
const char *document_type(const char *file, const void *head, size_t size,
			  struct err *err);

#define DOCUMENT_NAME_SIZE 65 /* hex SHA-256 and a NUL */

/* Copies the open file into the folder (made when it is not there) under the
 * hash of its bytes: a temporary file, synced, then renamed; the caller syncs
 * the folder when all are there. A second copy is the same file. ERR_BUSY: it
 * changed meanwhile, or is larger than ceiling. */
bool document_keep(int fd, const char *folder, int64_t ceiling,
		   char ret_name[DOCUMENT_NAME_SIZE], int64_t *ret_size,
		   struct err *err);

/* Removes what copies that were cut off an hour or more before now left. */
void document_sweep(const char *folder, int64_t now);

#endif
