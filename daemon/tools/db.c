#include "tools/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "schema.h"
#include "tools/db_gaps.h"
#include "tools/db_wal.h"

#define APPLICATION_ID 0x42524647 /* "BRFG", in the file's header */
#define OPEN_BUSY_MS 10000

struct query {
	struct db *db;
	const char *name;
	sqlite3_stmt *statement; /* NULL until first taken */
	bool taken, has_row, finished;
	struct err err; /* the first failure since it was taken */
};

struct db {
	sqlite3 *handle;
	char *path;
	const struct query_text *texts;
	struct query *queries; /* one for each text */
	size_t query_count;
	sqlite3_stmt *data_version;
	bool is_lazy;  /* a commit does not wait for the disk */
	int log_pages; /* with db_keep_log */
};

/* --- failures --- */

static enum err_kind kind_of(int code, int system_error)
{
	if (system_error == ENOSPC || system_error == EDQUOT)
		return ERR_FULL;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_CONSTRAINT:
		return ERR_INPUT;
	default:
		return ERR_SYSTEM;
	}
}

/* what: the verb that failed, for the person who reads the log */
static bool set_failure(struct err *err, struct db *db, const char *what)
{
	int code = sqlite3_extended_errcode(db->handle);
	int system_error = 0;

	/* errno of old stays in the handle after other failures */
	if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN)
		system_error = sqlite3_system_errno(db->handle);
	return err_set(err, kind_of(code, system_error), "%s: %s%s%s (%s)",
		       what, sqlite3_errmsg(db->handle),
		       system_error ? ": " : "",
		       system_error ? strerror(system_error) : "", db->path);
}

/* --- small helpers on an open handle --- */

bool db_execute(struct db *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return set_failure(err, db, "writing the store");
}

/* The first column of the first row of a statement without values, as text;
 * an empty text when there is no row. */
static bool read_one(struct db *db, const char *sql, char *ret, size_t size,
		     struct err *err)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) !=
	    SQLITE_OK)
		return set_failure(err, db, "reading the store");
	int code = sqlite3_step(statement);
	const char *text = code == SQLITE_ROW
			       ? (const char *)sqlite3_column_text(statement, 0)
			       : NULL;
	snprintf(ret, size, "%s", text ? text : "");
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		set_failure(err, db, "reading the store");
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool read_number(struct db *db, const char *sql, long *ret,
			struct err *err)
{
	char text[32];

	if (!read_one(db, sql, text, sizeof(text), err))
		return false;
	*ret = strtol(text, NULL, 10);
	return true;
}

/* --- migrations --- */

static long migration_number(const struct schema_file *file)
{
	const char *name = strrchr(file->key, '/');

	return strtol(name ? name + 1 : file->key, NULL, 10);
}

/* The number of the last migration; a bug when they do not count up. */
static long newest_version(const struct schema_file *schema)
{
	long newest = 0;

	for (; schema->key; schema++) {
		assert(migration_number(schema) > newest);
		newest = migration_number(schema);
	}
	return newest;
}

static bool has_broken_reference(struct db *db, struct err *err)
{
	char table[128];

	if (!read_one(db, "PRAGMA foreign_key_check", table, sizeof(table),
		      err))
		return true;
	if (!*table)
		return false;
	err_set(err, ERR_SYSTEM, "a row of %s refers to one that is not there",
		table);
	return true;
}

/* Within a transaction. Another process may have migrated while we waited for
 * the lock, so the version is asked for again. */
static bool apply_migration(struct db *db, const struct schema_file *file,
			    struct err *err)
{
	char sql[96];
	long version;

	if (!read_number(db, "PRAGMA user_version", &version, err))
		return false;
	if (version >= migration_number(file))
		return true;
	if (!db_execute(db, file->data, err) || has_broken_reference(db, err))
		return false;
	assert(db_is_in_transaction(db)); /* the file has no COMMIT */
	snprintf(sql, sizeof(sql),
		 "PRAGMA application_id = %d; PRAGMA user_version = %ld",
		 APPLICATION_ID, migration_number(file));
	return db_execute(db, sql, err);
}

static bool migrate(struct db *db, const struct schema_file *schema, long from,
		    struct err *err)
{
	/* off, so that a migration may rebuild a table that others refer to;
	 * has no effect within a transaction */
	if (!db_execute(db, "PRAGMA foreign_keys = OFF", err))
		return false;
	for (; schema->key; schema++) {
		if (migration_number(schema) <= from)
			continue;
		if (!db_begin(db, err))
			return false;
		if (!apply_migration(db, schema, err) || !db_commit(db, err)) {
			db_rollback(db);
			return err_context(err, "migration %s", schema->key);
		}
	}
	return db_execute(db, "PRAGMA foreign_keys = ON", err);
}

/* --- opening --- */

/* Makes an empty file that only we may read, for names are in it. Touches none
 * that is there: closing its descriptor would drop the locks that another
 * connection of this process holds on it. */
static bool make_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return true;
	if (fd < 0)
		return err_errno(err, ERR_SYSTEM, "making the store %s", path);
	close(fd);
	return true;
}

static bool find_file(const char *path, enum db_mode mode, struct err *err)
{
	struct stat info;

	if (mode == DB_CREATE && !make_file(path, err))
		return false;
	if (stat(path, &info) < 0 && errno == ENOENT)
		return err_set(err, ERR_GONE, "there is no store %s", path);
	int wanted = mode == DB_READ ? R_OK : R_OK | W_OK;
	if (access(path, wanted) < 0)
		return err_errno(err, ERR_SYSTEM, "opening the store %s", path);
	return true;
}

static bool set_up_file(struct db *db, bool is_new, struct err *err)
{
	char mode[16];

	/* Only while there is no table yet: later it has no effect, but writes
	 * all the same, and would take the lock from the daemon. */
	if (is_new && !db_execute(db, "PRAGMA auto_vacuum = INCREMENTAL", err))
		return false;
	if (!read_one(db, "PRAGMA journal_mode = WAL", mode, sizeof(mode), err))
		return false;
	if (strcmp(mode, "wal") != 0)
		return err_set(err, ERR_SYSTEM,
			       "the file system of %s can't hold a write-ahead "
			       "log (is it a network share?)",
			       db->path);
	return true;
}

static bool set_up_connection(struct db *db, struct err *err)
{
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* "x" is a column, never by mistake a text */
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return db_execute(db,
			  "PRAGMA synchronous = FULL;"
			  "PRAGMA foreign_keys = ON;"
			  "PRAGMA secure_delete = ON;"
			  /* 8 MB of pages; and a log of 16 MB, so that a
			   * checkpoint comes each few thousand mails */
			  "PRAGMA cache_size = -8192;"
			  "PRAGMA wal_autocheckpoint = 4000;"
			  /* bytes the log keeps after a checkpoint */
			  "PRAGMA journal_size_limit = 67108864",
			  err);
}

/* Is it ours, and of which version? 0 = nothing in it yet. */
static bool read_version(struct db *db, long *ret_version, struct err *err)
{
	long application, tables;

	if (!read_number(db, "PRAGMA application_id", &application, err) ||
	    !read_number(db, "SELECT count(*) FROM sqlite_schema", &tables,
			 err) ||
	    !read_number(db, "PRAGMA user_version", ret_version, err))
		return false;
	if (application == APPLICATION_ID)
		return true;
	if (application || tables || *ret_version)
		return err_set(err, ERR_INPUT,
			       "%s is a database, but no store of briefingd",
			       db->path);
	return true;
}

static bool bring_up_to_date(struct db *db, enum db_mode mode,
			     const struct schema_file *schema, struct err *err)
{
	long version, newest = newest_version(schema);

	if (!read_version(db, &version, err))
		return false;
	if (version > newest)
		return err_set(err, ERR_INPUT,
			       "the store %s has schema %ld and this briefingd "
			       "knows up to %ld: a newer version wrote it; "
			       "install that one, or restore a backup made "
			       "before it",
			       db->path, version, newest);
	if (mode == DB_READ && version < newest)
		return err_set(err, ERR_INPUT,
			       "the store %s has schema %ld and this briefingd "
			       "needs %ld: start the daemon once to bring it "
			       "up to date",
			       db->path, version, newest);
	if (mode == DB_READ)
		return true;
	return set_up_file(db, version == 0, err) &&
	       migrate(db, schema, version, err);
}

static bool open_handle(struct db *db, enum db_mode mode, struct err *err)
{
	int flags =
	    mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

	if (!find_file(db->path, mode, err))
		return false;
	if (sqlite3_open_v2(db->path, &db->handle,
			    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    db_wal_vfs()) != SQLITE_OK)
		return set_failure(err, db, "opening the store");
	db_gaps_close(db->handle);
	sqlite3_busy_timeout(db->handle, OPEN_BUSY_MS);
	return set_up_connection(db, err);
}

/* Without the statistics of its memory, which nobody reads, SQLite takes no
 * lock for each allocation: a tenth of a turn. Says no once it is running. */
static void start_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct db *db_open_with(const char *path, enum db_mode mode, int busy_ms,
			const struct query_text *queries,
			const struct schema_file *schema, struct err *err)
{
	struct db *db = xcalloc(1, sizeof(*db));

	start_library();
	db->path = xstrdup(path);
	db->texts = queries;
	while (queries[db->query_count].name)
		db->query_count++;
	db->queries = xcalloc(db->query_count, sizeof(*db->queries));
	if (!open_handle(db, mode, err) ||
	    !bring_up_to_date(db, mode, schema, err)) {
		db_close(db);
		return NULL;
	}
	sqlite3_busy_timeout(db->handle, busy_ms);
	return db;
}

struct db *db_open(const char *path, enum db_mode mode, int busy_ms,
		   struct err *err)
{
	return db_open_with(path, mode, busy_ms, query_texts, schema_files,
			    err);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->query_count; i++)
		sqlite3_finalize(db->queries[i].statement);
	sqlite3_finalize(db->data_version);
	int code = sqlite3_close(db->handle);
	assert(code == SQLITE_OK); /* else a statement of ours is left */
	free(db->queries);
	free(db->path);
	free(db);
}

/* --- transactions --- */

bool db_is_in_transaction(const struct db *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

/* Can't be changed within a transaction. */
static bool set_lazy(struct db *db, bool is_lazy, struct err *err)
{
	if (db->is_lazy == is_lazy)
		return true;
	if (!db_execute(db,
			is_lazy ? "PRAGMA synchronous = NORMAL"
				: "PRAGMA synchronous = FULL",
			err))
		return false;
	db->is_lazy = is_lazy;
	return true;
}

static bool begin(struct db *db, bool is_lazy, struct err *err)
{
	assert(!db_is_in_transaction(db));
	if (!set_lazy(db, is_lazy, err))
		return false;
	if (sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
	    SQLITE_OK)
		return true;
	return set_failure(err, db, "beginning a transaction");
}

bool db_begin(struct db *db, struct err *err)
{
	return begin(db, false, err);
}

bool db_begin_lazily(struct db *db, struct err *err)
{
	return begin(db, true, err);
}

bool db_begin_reading(struct db *db, struct err *err)
{
	assert(!db_is_in_transaction(db));
	return db_execute(db, "BEGIN", err);
}

bool db_commit(struct db *db, struct err *err)
{
	/* SQLite itself rolls back when the disk is full or fails; whoever
	 * commits then has not looked at what query_done said */
	if (!db_is_in_transaction(db))
		return err_set(err, ERR_SYSTEM,
			       "committing: the transaction was rolled back "
			       "after a failure (%s)",
			       db->path);
	if (sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return set_failure(err, db, "committing");
}

void db_rollback(struct db *db)
{
	if (db_is_in_transaction(db))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

bool db_end(struct db *db, bool good, struct err *err)
{
	if (good && db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}

/* --- queries --- */

/* Keeps the first failure: what follows is only its consequence. */
static void query_fail(struct query *query)
{
	char what[128];

	query->finished = true;
	query->has_row = false;
	if (query->err.kind != ERR_NONE)
		return;
	snprintf(what, sizeof(what), "statement %s", query->name);
	set_failure(&query->err, query->db, what);
}

static void query_prepare(struct query *query, const struct query_text *text)
{
	const char *rest;
	int code = sqlite3_prepare_v3(query->db->handle, text->sql, -1,
				      SQLITE_PREPARE_PERSISTENT,
				      &query->statement, &rest);

	if (code != SQLITE_OK) {
		query_fail(query);
		return;
	}
	assert(query->statement);
	assert(!rest[strspn(rest, " \t\n;")]); /* one statement, not two */
}

struct query *db_query(struct db *db, enum query_id id)
{
	assert((size_t)id < db->query_count);
	struct query *query = &db->queries[id];

	assert(!query->taken);
	query->db = db;
	query->name = db->texts[id].name;
	query->taken = true;
	query->has_row = query->finished = false;
	err_clear(&query->err);
	if (!query->statement)
		query_prepare(query, &db->texts[id]);
	return query;
}

/* A parameter that the statement does not have is our bug; a text that is too
 * large or memory that is short is the world's. */
static void check_bind(struct query *query, int code)
{
	assert(query->taken);
	if (!query->statement || code == SQLITE_OK)
		return;
	assert(code != SQLITE_RANGE && code != SQLITE_MISUSE);
	query_fail(query);
}

void query_integer(struct query *query, int index, int64_t value)
{
	check_bind(query, sqlite3_bind_int64(query->statement, index, value));
}

void query_text(struct query *query, int index, const char *text)
{
	check_bind(query, sqlite3_bind_text(query->statement, index, text, -1,
					    SQLITE_TRANSIENT));
}

void query_blob(struct query *query, int index, const void *data, size_t size)
{
	/* SQLite would take no bytes for NULL where the pointer is odd */
	if (data && size == 0)
		data = "";
	check_bind(query, sqlite3_bind_blob64(query->statement, index, data,
					      size, SQLITE_TRANSIENT));
}

void query_null(struct query *query, int index)
{
	check_bind(query, sqlite3_bind_null(query->statement, index));
}

bool query_next(struct query *query)
{
	assert(query->taken);
	if (query->finished)
		return false;
	int code = sqlite3_step(query->statement);
	query->has_row = code == SQLITE_ROW;
	query->finished = code != SQLITE_ROW;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		query_fail(query);
	return query->has_row;
}

static sqlite3_stmt *row_of(const struct query *query, int column)
{
	assert(query->taken && query->has_row);
	assert(column >= 0 && column < sqlite3_column_count(query->statement));
	return query->statement;
}

int64_t query_get_integer(struct query *query, int column)
{
	return sqlite3_column_int64(row_of(query, column), column);
}

double query_get_real(struct query *query, int column)
{
	return sqlite3_column_double(row_of(query, column), column);
}

const char *query_get_text(struct query *query, int column)
{
	return (const char *)sqlite3_column_text(row_of(query, column), column);
}

const void *query_get_blob(struct query *query, int column, size_t *ret_size)
{
	sqlite3_stmt *row = row_of(query, column);
	const void *data = sqlite3_column_blob(row, column);

	*ret_size = (size_t)sqlite3_column_bytes(row, column);
	return data;
}

bool query_is_null(struct query *query, int column)
{
	return sqlite3_column_type(row_of(query, column), column) ==
	       SQLITE_NULL;
}

bool query_done(struct query *query, struct err *err)
{
	assert(query->taken);
	query->taken = query->has_row = false;
	if (query->statement) {
		/* what reset returns is what step said */
		sqlite3_reset(query->statement);
		/* no text of a person's stays behind in memory */
		sqlite3_clear_bindings(query->statement);
	}
	if (query->err.kind == ERR_NONE)
		return true;
	return err_set(err, query->err.kind, "%s", query->err.text);
}

bool query_run(struct query *query, int *ret_changes, struct err *err)
{
	while (query_next(query))
		;
	int changes = sqlite3_changes(query->db->handle);
	if (!query_done(query, err))
		return false;
	if (ret_changes)
		*ret_changes = changes;
	return true;
}

/* --- the whole store --- */

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_data_version(struct db *db)
{
	int64_t version = 0;

	if (!db->data_version)
		sqlite3_prepare_v3(db->handle, "PRAGMA data_version", -1,
				   SQLITE_PREPARE_PERSISTENT, &db->data_version,
				   NULL);
	if (sqlite3_step(db->data_version) == SQLITE_ROW)
		version = sqlite3_column_int64(db->data_version, 0);
	sqlite3_reset(db->data_version);
	return version;
}

bool db_truncate_log(struct db *db, struct err *err)
{
	char is_busy[8];

	assert(!db_is_in_transaction(db));
	if (!read_one(db, "PRAGMA wal_checkpoint(TRUNCATE)", is_busy,
		      sizeof(is_busy), err))
		return false;
	if (strcmp(is_busy, "0") != 0)
		return err_set(err, ERR_BUSY,
			       "another connection is at the log (%s)",
			       db->path);
	/* pages in memory still have the gaps that the file has not */
	sqlite3_db_release_memory(db->handle);
	return true;
}

static int note_pages(void *context, sqlite3 *handle, const char *name,
		      int pages)
{
	struct db *db = context;

	(void)handle, (void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

void db_keep_log(struct db *db)
{
	sqlite3_wal_hook(db->handle, note_pages, db);
}

int db_log_pages(const struct db *db)
{
	return db->log_pages;
}

/* SQLite syncs the file only when all of the log is in it; whoever moves the
 * rest would wait for the whole. */
static bool sync_file(struct db *db)
{
	sqlite3_file *file = NULL;

	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER,
			     &file);
	return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK;
}

bool db_move_log(struct db *db, struct err *err)
{
	assert(!db_is_in_transaction(db));
	if (sqlite3_wal_checkpoint_v2(db->handle, "main",
				      SQLITE_CHECKPOINT_PASSIVE, NULL,
				      NULL) != SQLITE_OK)
		return set_failure(err, db, "moving the log into the store");
	if (!sync_file(db))
		return err_errno(err, ERR_SYSTEM, "syncing %s", db->path);
	return true;
}

/* --- backup --- */

/* copy holds nothing but its path; db_close takes what is opened here */
static bool copy_into(struct db *db, struct db *copy, struct err *err)
{
	if (!make_file(copy->path, err))
		return false;
	if (sqlite3_open_v2(copy->path, &copy->handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE,
			    db_wal_vfs()) != SQLITE_OK)
		return set_failure(err, copy, "opening the backup");
	db_gaps_close(copy->handle);
	sqlite3_backup *backup =
	    sqlite3_backup_init(copy->handle, "main", db->handle, "main");
	if (!backup)
		return set_failure(err, copy, "beginning the backup");
	/* one step: a smaller one starts again whenever the daemon writes */
	sqlite3_backup_step(backup, -1);
	if (sqlite3_backup_finish(backup) == SQLITE_OK)
		return true;
	return set_failure(err, copy, "writing the backup");
}

static bool sync_and_rename(const char *from, const char *to, struct err *err)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0 && rename(from, to) == 0;

	if (!good)
		err_errno(err, ERR_SYSTEM, "finishing the backup %s", to);
	if (fd >= 0)
		close(fd);
	if (!good)
		return false;
	char *folder = xstrdup(to);
	good = file_sync_folder(dirname(folder), err);
	free(folder);
	return good;
}

bool db_backup(struct db *db, const char *path, struct err *err)
{
	struct db *copy = xcalloc(1, sizeof(*copy));
	char *part = xasprintf("%s.part", path);

	assert(!db_is_in_transaction(db));
	copy->path = xstrdup(part);
	unlink(part); /* of a backup that was cut off */
	bool good = copy_into(db, copy, err);
	db_close(copy);
	good = good && sync_and_rename(part, path, err);
	if (!good)
		unlink(part);
	free(part);
	return good;
}
