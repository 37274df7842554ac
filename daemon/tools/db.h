#ifndef TOOLS_DB_H
#define TOOLS_DB_H

/*
 * The store: one SQLite file; each connection is one thread's. WAL with
 * synchronous=FULL, so that what db_commit promised survives a power cut;
 * foreign keys on, deleted content overwritten. Statements are those of
 * daemon/queries/, prepared when first asked for and kept until db_close.
 * Migrations are those of daemon/schema/, each in one transaction that sets
 * PRAGMA user_version to its number.
 *
 *	struct query *q = db_query(db, QUERY_LIST_FIND);
 *	query_text(q, 1, "police");
 *	while (query_next(q))
 *		show(query_get_text(q, 0));
 *	if (!query_done(q, err))
 *		return false;
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queries.h"

struct db;
struct query; /* one statement being run; the db owns it */
struct err;
struct schema_file;

enum db_mode {
	DB_CREATE, /* made when it is not there; brought up to date */
	DB_WRITE,  /* must be there; brought up to date */
	DB_READ,   /* must be there and up to date; nothing is changed */
};

/* busy_ms: how long a verb waits for another connection's lock before it
 * fails with ERR_BUSY; 0 = not at all (opening itself waits up to 10 s). A
 * store written by a newer briefingd is refused with ERR_INPUT, one that is not
 * there with ERR_GONE. NULL on failure. */
struct db *db_open(const char *path, enum db_mode mode, int busy_ms,
		   struct err *err);
void db_close(struct db *db);

/* Other statements and migrations than the embedded ones: for tests. Both
 * tables end with an entry of NULLs; the db keeps the pointers. */
struct db *db_open_with(const char *path, enum db_mode mode, int busy_ms,
			const struct query_text *queries,
			const struct schema_file *schema, struct err *err);

/* Reads one state of the store until db_rollback, and holds no lock. */
bool db_begin_reading(struct db *db, struct err *err);

/* BEGIN IMMEDIATE: the write lock is held from here. Not nested. After a
 * failed db_commit call db_rollback; it does nothing without a transaction and
 * can't fail: what is not committed is not there after the next open. */
bool db_begin(struct db *db, struct err *err);
/* The same for what may be done again after a power cut and was promised to
 * nobody: its commit waits for no disk, and is durable with the next commit
 * that is. */
bool db_begin_lazily(struct db *db, struct err *err);
bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);
/* Commits what went well, else rolls it back; true: it is committed. */
bool db_end(struct db *db, bool good, struct err *err);
bool db_is_in_transaction(const struct db *db);

/* Takes the statement of that name, reset and unbound. It must have been ended
 * since it was last taken, and always is by query_done or query_run; a failure
 * to prepare it is told there. */
struct query *db_query(struct db *db, enum query_id id);

/* Parameters count from 1. Texts and blobs are copied; NULL binds NULL (a blob
 * of size 0 that is not NULL stays a blob). */
void query_integer(struct query *query, int index, int64_t value);
void query_text(struct query *query, int index, const char *text);
void query_blob(struct query *query, int index, const void *data, size_t size);
void query_null(struct query *query, int index);

/* true: a row is there; false: no more, or it failed (query_done tells) */
bool query_next(struct query *query);

/* Columns count from 0. Texts and blobs are valid until the next query_next or
 * query_done; they are NULL for NULL, and an empty blob is NULL, too. */
int64_t query_get_integer(struct query *query, int column);
double query_get_real(struct query *query, int column);
const char *query_get_text(struct query *query, int column);
const void *query_get_blob(struct query *query, int column, size_t *ret_size);
bool query_is_null(struct query *query, int column);

/* Ends the query. false if anything since db_query failed: ERR_BUSY (a lock),
 * ERR_FULL (the disk), ERR_INPUT (a constraint of the schema), ERR_SYSTEM. The
 * text names the statement. */
bool query_done(struct query *query, struct err *err);

/* Steps to the end and ends it: for INSERT, UPDATE, DELETE. ret_changes (the
 * rows it changed) may be NULL. Fails as query_done does. */
bool query_run(struct query *query, int *ret_changes, struct err *err);

int64_t db_last_id(struct db *db); /* of the last INSERT */

/* Changes when another connection committed, and only then (5 us). */
int64_t db_data_version(struct db *db);

/* Moves all of the write-ahead log into the file and empties it, so that what
 * was deleted is in neither, and with the next commit not after a power cut
 * either. Not within a transaction. ERR_BUSY: another
 * connection reads or moves it; again later. */
bool db_truncate_log(struct db *db, struct err *err);

/* Commits move no more of the log into the file, whatever its size: whoever
 * asks for this sees to it by db_move_log. */
void db_keep_log(struct db *db);
/* How many pages the log has behind the last commit of this connection, whether
 * they are in the file, too, or not; 0 before the first and without
 * db_keep_log. */
int db_log_pages(const struct db *db);
/* Moves what is in the log into the file, durably, as far as nobody still reads
 * what was there before. Others read and write meanwhile, also in this process
 * by a connection of their own. When it was all, the next commit begins the log
 * anew. Not within a transaction. ERR_BUSY: another connection moves it. */
bool db_move_log(struct db *db, struct err *err);

/* Copies the whole store, as it is now, to path, in one step and durably; a
 * file that is there is replaced when the copy is complete. */
bool db_backup(struct db *db, const char *path, struct err *err);

/* Runs SQL without values, several statements if need be: for migrations and
 * tests; everything else is a named statement. */
bool db_execute(struct db *db, const char *sql, struct err *err);

#endif
