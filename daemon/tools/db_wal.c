#include "tools/db_wal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"

#define VFS_NAME "briefingd"
#define WRITE_LOCK 0 /* which of the wal-index's locks it is */
/* a frame's header: page number, 0 or the commit mark, salts, checksums */
#define HEADER_SIZE 24
#define MARK_AT 4
#define MARK_SIZE 4

/* What a file of ours has behind what SQLite's own VFS has of it. */
struct store {
	sqlite3_file *log; /* of this connection; NULL: not open */
};

struct log {
	struct store *store;
	bool keeps; /* since the lock was taken, until the commit mark */
	uint8_t *data;
	size_t size;
	sqlite3_int64 at; /* where in the file data belongs */
};

/* SQLite's own VFS and methods, and the same with some of ours. */
static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static const sqlite3_io_methods *real_store, *real_log;
static sqlite3_io_methods store_methods, log_methods;

static size_t behind_real(void)
{
	size_t size = (size_t)real_vfs->szOsFile;

	return (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
}

static void *extra_of(sqlite3_file *file)
{
	return (char *)(void *)file + behind_real();
}

/* --- the log */

/* What could not be written stays kept. */
static int write_kept(sqlite3_file *file)
{
	struct log *log = extra_of(file);

	if (log->size == 0)
		return SQLITE_OK;
	int code = real_log->xWrite(file, log->data, (int)log->size, log->at);
	if (code == SQLITE_OK)
		log->size = 0;
	return code;
}

static void keep(struct log *log, const void *data, size_t size,
		 sqlite3_int64 at)
{
	if (!log->data)
		log->data = xmalloc(DB_WAL_KEPT_MAX);
	if (log->size == 0)
		log->at = at;
	memcpy(log->data + log->size, data, size);
	log->size += size;
}

static bool has_commit_mark(const void *data, int size)
{
	static const uint8_t none[MARK_SIZE];

	return size == HEADER_SIZE &&
	       memcmp((const uint8_t *)data + MARK_AT, none, MARK_SIZE) != 0;
}

static bool continues(const struct log *log, int size, sqlite3_int64 at)
{
	return at == log->at + (sqlite3_int64)log->size &&
	       (size_t)size <= DB_WAL_KEPT_MAX - log->size;
}

static int write_log(sqlite3_file *file, const void *data, int size,
		     sqlite3_int64 at)
{
	struct log *log = extra_of(file);
	int code = continues(log, size, at) ? SQLITE_OK : write_kept(file);

	if (code != SQLITE_OK)
		return code;
	if (has_commit_mark(data, size))
		log->keeps = false;
	if (size > DB_WAL_KEPT_MAX)
		return real_log->xWrite(file, data, size, at);
	keep(log, data, (size_t)size, at);
	return log->keeps ? SQLITE_OK : write_kept(file);
}

static int read_log(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
	const struct log *log = extra_of(file);
	bool is_kept =
	    at < log->at + (sqlite3_int64)log->size && at + size > log->at;
	int code = is_kept ? write_kept(file) : SQLITE_OK;

	return code == SQLITE_OK ? real_log->xRead(file, data, size, at) : code;
}

static int sync_log(sqlite3_file *file, int flags)
{
	int code = write_kept(file);

	return code == SQLITE_OK ? real_log->xSync(file, flags) : code;
}

static int truncate_log(sqlite3_file *file, sqlite3_int64 size)
{
	int code = write_kept(file);

	return code == SQLITE_OK ? real_log->xTruncate(file, size) : code;
}

static int size_log(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	int code = write_kept(file);

	return code == SQLITE_OK ? real_log->xFileSize(file, ret_size) : code;
}

static int close_log(sqlite3_file *file)
{
	struct log *log = extra_of(file);

	if (log->store)
		log->store->log = NULL;
	free(log->data);
	return real_log->xClose(file);
}

/* --- the database's file */

static void begin_keeping(const struct store *store)
{
	if (store->log) {
		struct log *log = extra_of(store->log);
		log->keeps = true;
	}
}

static void end_keeping(const struct store *store)
{
	if (store->log) {
		struct log *log = extra_of(store->log);
		/* only what was rolled back is still kept, or has failed */
		write_kept(store->log);
		log->size = 0;
		log->keeps = false;
	}
}

static int lock_store(sqlite3_file *file, int from, int count, int flags)
{
	const struct store *store = extra_of(file);
	bool is_write_lock = from == WRITE_LOCK && flags & SQLITE_SHM_EXCLUSIVE;

	if (is_write_lock && flags & SQLITE_SHM_UNLOCK)
		end_keeping(store);
	int code = real_store->xShmLock(file, from, count, flags);
	if (is_write_lock && flags & SQLITE_SHM_LOCK && code == SQLITE_OK)
		begin_keeping(store);
	return code;
}

/* --- opening */

static void take_store(sqlite3_file *file)
{
	struct store *store = extra_of(file);

	*store = (struct store){0};
	if (!real_store) {
		real_store = file->pMethods;
		store_methods = *real_store;
		store_methods.xShmLock = lock_store;
	}
	/* on one kind of file system, as those of one board are */
	if (file->pMethods == real_store)
		file->pMethods = &store_methods;
}

static void take_log(sqlite3_file *file, const char *name)
{
	struct log *log = extra_of(file);

	if (!real_log) {
		real_log = file->pMethods;
		log_methods = *real_log;
		log_methods.xWrite = write_log;
		log_methods.xRead = read_log;
		log_methods.xSync = sync_log;
		log_methods.xTruncate = truncate_log;
		log_methods.xFileSize = size_log;
		log_methods.xClose = close_log;
	}
	if (file->pMethods != real_log)
		return;
	*log =
	    (struct log){.store = extra_of(sqlite3_database_file_object(name))};
	log->store->log = file;
	file->pMethods = &log_methods;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file,
		     int flags, int *ret_flags)
{
	(void)self;
	int code = real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);

	if (code == SQLITE_OK && flags & SQLITE_OPEN_MAIN_DB)
		take_store(file);
	if (code == SQLITE_OK && flags & SQLITE_OPEN_WAL)
		take_log(file, name);
	return code;
}

const char *db_wal_vfs(void)
{
	if (real_vfs)
		return VFS_NAME;
	real_vfs = sqlite3_vfs_find(NULL);
	assert(real_vfs);
	size_t extra = sizeof(struct log) > sizeof(struct store)
			   ? sizeof(struct log)
			   : sizeof(struct store);
	vfs = *real_vfs;
	vfs.zName = VFS_NAME;
	vfs.szOsFile = (int)(behind_real() + extra);
	vfs.xOpen = open_file;
	int code = sqlite3_vfs_register(&vfs, 0);
	assert(code == SQLITE_OK);
	return VFS_NAME;
}
