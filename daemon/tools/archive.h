#ifndef TOOLS_ARCHIVE_H
#define TOOLS_ARCHIVE_H

/*
 * A zip file made in memory (libarchive), the same bytes for the same entries
 * for ever: the caller gives order and time, and nothing else is told.
 *
 *	struct archive_out *zip = archive_open(made_at);
 *	archive_add(zip, "report/reach.csv", csv, csv_size);
 *	if (!archive_close(zip, &out, err)) ...
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive_out;
struct buf;
struct err;

/* at: the time of every entry */
struct archive_out *archive_open(int64_t at);
/* A name is a path of letters, digits, ".", "_" and "-", parted by "/", that
 * leads nowhere else: archive_name makes one. A failure is told at the end. */
void archive_add(struct archive_out *archive, const char *name,
		 const void *data, size_t size);
/* Adds the file to out, and frees; out NULL: only frees. */
bool archive_close(struct archive_out *archive, struct buf *out,
		   struct err *err);

/* What may stand in a name, from anybody's text; in place. */
void archive_name(char *text);

#endif
