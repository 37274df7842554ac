#ifndef TOOLS_DB_GAPS_H
#define TOOLS_DB_GAPS_H

/*
 * What is deleted is gone from the file, too. PRAGMA secure_delete overwrites
 * the rows that are deleted; but when SQLite shares the rows of a full page out
 * among its neighbours, what moves away also stays behind in the gap between
 * the page's directory and its rows, where nothing reads it and nothing erases
 * it (measured with 3.40: of 6,000 people who were deleted from 30,000 the
 * names of 2 to 6). So each page's gap is filled with zeros while the page is
 * written to the file. The log is truncated by db_truncate_log.
 *
 * Part of tools/db.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;

/* From now on, what this connection writes to its file has no such gaps. */
void db_gaps_close(struct sqlite3 *handle);

/* Where the gap of a page of rows is (SQLite's file format, 1.6). False: it is
 * no such page, or not beyond doubt. */
bool db_gaps_find(const uint8_t *page, size_t size, int64_t number,
		  size_t *ret_from, size_t *ret_to);

#endif
