#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/err.h"
#include "base/mem.h"
#include "schema.h"
#include "tools/db.h"
#include "tools/db_wal.h"

/* Rows so large that each has a page, and a cache so small that most of a
 * transaction is in the log before its commit. */
#define ROWS 64
#define SMALL_CACHE "PRAGMA cache_size = 10; PRAGMA wal_autocheckpoint = 100"
#define ABSENT (-1)

#define LOG_HEADER 32
#define FRAME (24 + 4096)

static const char table[] =
    "CREATE TABLE row (id INTEGER PRIMARY KEY, value INTEGER NOT NULL,"
    " pad BLOB NOT NULL) STRICT;";
static const struct schema_file schema[] = {
    {"schema/001-x.sql", table, sizeof(table) - 1}, {0}};

enum { EACH, DAMAGE };

static const struct query_text texts[] = {
    {"each", "SELECT id, value FROM row ORDER BY id"},
    {"damage", "PRAGMA integrity_check(1)"},
    {0},
};

static char folder[64];

/* --- the disk: what SQLite writes to a log passes here */

static struct {
	int index;  /* the wal-index, opened once: closing it drops its locks */
	int writes; /* so far */
	int left; /* the last of so many stops half way, then the disk is full;
		     -1: any number */
	bool kills;   /* instead of being full */
	bool is_late; /* something was written that was published already */
} disk;

static bool is_log(int fd)
{
	char link[64], path[512], wanted[128];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t size = readlink(link, path, sizeof(path));
	int length = snprintf(wanted, sizeof(wanted), "%s/a.db-wal", folder);
	return size == length && memcmp(path, wanted, (size_t)size) == 0;
}

/* mxFrame of the wal-index (SQLite's wal-index format): the frames that others
 * may look for */
static uint32_t published(void)
{
	uint32_t frames;

	return pread(disk.index, &frames, sizeof(frames), 16) == sizeof(frames)
		   ? frames
		   : 0;
}

static bool is_published(off_t at)
{
	off_t frame = at < LOG_HEADER ? 1 : (at - LOG_HEADER) / FRAME + 1;

	return frame <= published();
}

static ssize_t put(int fd, const void *data, size_t size, off_t at)
{
	if (!is_log(fd))
		return pwrite(fd, data, size, at);
	disk.writes++;
	disk.is_late |= is_published(at);
	if (disk.left == 0 && disk.kills)
		_exit(0);
	if (disk.left == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (disk.left > 0 && --disk.left == 0)
		size /= 2;
	return pwrite(fd, data, size, at);
}

static void begin_watching(void)
{
	static const char *const names[] = {"pwrite", "pwrite64"};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	disk.index = -1;
	disk.writes = 0;
	disk.left = -1;
	disk.kills = disk.is_late = false;
	for (size_t i = 0; i < 2; i++)
		if (vfs->xGetSystemCall(vfs, names[i]))
			vfs->xSetSystemCall(vfs, names[i],
					    (sqlite3_syscall_ptr)put);
}

static int set_up(void **state)
{
	char copy[128];

	(void)state;
	strcpy(folder, "/tmp/test_db_wal.XXXXXX");
	begin_watching();
	if (!mkdtemp(folder))
		return -1;
	snprintf(copy, sizeof(copy), "%s/copy", folder);
	return mkdir(copy, 0700);
}

static int tear_down(void **state)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	char command[128];

	(void)state;
	vfs->xSetSystemCall(vfs, NULL, NULL);
	if (disk.index >= 0)
		close(disk.index);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* --- stores */

static struct db *open_store(const char *name)
{
	struct err err = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	struct db *db = db_open_with(path, DB_CREATE, 0, texts, schema, &err);
	if (!db)
		fail_msg("%s", err.text);
	if (disk.index < 0) {
		snprintf(path, sizeof(path), "%s/a.db-shm", folder);
		disk.index = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(disk.index >= 0);
	}
	return db;
}

static void must(struct db *db, const char *sql)
{
	struct err err = {0};

	if (!db_execute(db, sql, &err))
		fail_msg("%s: %s", sql, err.text);
}

static bool put_rows(struct db *db, int from, int to, int value)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n (id) AS (SELECT %d UNION ALL"
		 " SELECT id + 1 FROM n WHERE id < %d)"
		 " INSERT OR REPLACE INTO row"
		 " SELECT id, %d, zeroblob(3000) FROM n",
		 from, to, value);
	return db_execute(db, sql, NULL);
}

static bool add_to_rows(struct db *db, int from, int to, int value)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "UPDATE row SET value = value + %d WHERE id BETWEEN %d AND %d",
		 value, from, to);
	return db_execute(db, sql, NULL);
}

/* what must be in the store; a row's value, or ABSENT */
struct rows {
	int64_t values[ROWS];
};

static struct rows filled(int from, int to, int value)
{
	struct rows rows;

	for (int i = 0; i < ROWS; i++)
		rows.values[i] = i >= from && i <= to ? value : ABSENT;
	return rows;
}

static struct rows no_rows(void)
{
	return filled(0, -1, 0);
}

static struct rows rows_of(struct db *db)
{
	struct query *q = db_query(db, (enum query_id)EACH);
	struct rows found = no_rows();

	while (query_next(q)) {
		int64_t id = query_get_integer(q, 0);
		assert_in_range(id, 0, ROWS - 1);
		found.values[id] = query_get_integer(q, 1);
	}
	assert_true(query_done(q, NULL));
	return found;
}

static bool are_same(const struct rows *a, const struct rows *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_whole(struct db *db)
{
	struct query *q = db_query(db, (enum query_id)DAMAGE);
	bool good = query_next(q) && strcmp(query_get_text(q, 0), "ok") == 0;

	return query_done(q, NULL) && good;
}

/* What a process finds that starts on these files: no wal-index, so the log's
 * own checksums say what is in it. */
static struct rows rows_left(void)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "cd %s && exec cp a.db a.db-wal copy", folder);
	assert_int_equal(system(command), 0);
	struct db *copy = open_store("copy/a.db");
	must(copy, "PRAGMA synchronous = OFF");
	struct rows found = rows_of(copy);
	assert_true(is_whole(copy));
	db_close(copy);
	return found;
}

static void check(struct db *db, const struct rows *rows)
{
	struct rows seen = rows_of(db), left = rows_left();

	assert_true(are_same(&seen, rows));
	assert_true(are_same(&left, rows));
	assert_true(is_whole(db));
	assert_false(disk.is_late);
}

/* Another connection, and SQLite's own VFS: it stands for another program. */
static int64_t sum_seen(void)
{
	sqlite3_stmt *statement;
	sqlite3 *look;
	char path[128];

	snprintf(path, sizeof(path), "%s/a.db", folder);
	assert_int_equal(
	    sqlite3_open_v2(path, &look, SQLITE_OPEN_READWRITE, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(look, "SELECT sum(value) FROM row",
					    -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t sum = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(look);
	return sum;
}

/* --- cases */

typedef bool beginner(struct db *, struct err *);
static beginner *const beginners[] = {db_begin, db_begin_lazily};

static void f10_a_commit_is_two_writes(void **state)
{
	struct db *db = open_store("a.db");

	(void)state;
	assert_true(put_rows(db, 0, 27, 1));
	for (size_t i = 0; i < 2; i++) {
		assert_true(beginners[i](db, NULL));
		assert_true(add_to_rows(db, 0, 26, 1));
		disk.writes = 0;
		assert_true(db_commit(db, NULL));
		assert_int_equal(disk.writes, 2);
		assert_int_equal(sum_seen(), 28 + 27 * (int)(i + 1));
	}
	struct rows rows = filled(0, 26, 3);
	rows.values[27] = 1;
	check(db, &rows);
	db_close(db);
}

static void f20_more_than_is_kept(void **state)
{
	struct db *db = open_store("a.db");
	int64_t sum = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		sum += (int)(i + 1) * 63;
		assert_true(beginners[i](db, NULL));
		assert_true(put_rows(db, 0, 63, 0) &&
			    add_to_rows(db, 1, 63, (int)sum / 63));
		disk.writes = 0;
		assert_true(db_commit(db, NULL));
		/* 124 KB of some 65 pages, and what the commit itself has */
		assert_in_range(disk.writes, 3, 5);
		assert_int_equal(sum_seen(), sum);
	}
	db_close(db);
}

/* Frames of a transaction are read back and written over before its commit,
 * which then writes all checksums anew. */
static void f30_what_spilled_is_read_and_written_over(void **state)
{
	struct db *db = open_store("a.db");
	struct rows before = no_rows();

	(void)state;
	must(db, SMALL_CACHE);
	for (int i = 0; i < 4; i++) {
		struct rows rows = filled(0, 63, 10 * i + 6);

		assert_true(beginners[i % 2](db, NULL));
		assert_true(put_rows(db, 0, 63, 10 * i));
		for (int k = 0; k < 3; k++)
			assert_true(add_to_rows(db, 0, 63, 2));
		must(db, "SAVEPOINT part");
		assert_true(add_to_rows(db, 10, 40, 5));
		must(db, "ROLLBACK TO part; RELEASE part");
		struct rows seen = rows_of(db), left = rows_left();
		assert_true(are_same(&seen, &rows));
		assert_true(are_same(&left, &before));
		assert_true(db_commit(db, NULL));
		check(db, &rows);
		before = rows;
	}
	db_close(db);
}

/* How many frames each rolled back is tried: somewhere among them another's
 * commit ends where what was kept began. */
static void f30_rolled_back_overwrites_nobody(void **state)
{
	struct db *db = open_store("a.db"), *other = open_store("a.db");

	(void)state;
	must(db, SMALL_CACHE);
	assert_true(put_rows(db, 0, 63, 1));
	for (int i = 0; i < 24; i++) {
		struct rows rows = filled(0, 63, 1);

		assert_true(db_begin(db, NULL));
		assert_true(add_to_rows(db, 0, 20 + i, 9));
		db_rollback(db);
		assert_true(add_to_rows(other, 0, i, 1));
		for (int k = 0; k <= i; k++)
			rows.values[k] = 2;
		check(db, &rows);
		assert_true(add_to_rows(db, 0, i, -1));
		rows = filled(0, 63, 1);
		check(other, &rows);
	}
	db_close(other);
	db_close(db);
}

static void f30_the_log_begins_anew(void **state)
{
	struct db *db = open_store("a.db");

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct rows rows = filled(0, 63 - 9 * i, i);

		assert_true(beginners[i / 3](db, NULL));
		must(db, "DELETE FROM row");
		assert_true(put_rows(db, 0, 63 - 9 * i, i));
		assert_true(db_commit(db, NULL));
		check(db, &rows);
		if (i % 3 == 0)
			must(db, "PRAGMA wal_checkpoint(RESTART)");
		else if (i % 3 == 1)
			assert_true(db_truncate_log(db, NULL));
		check(db, &rows);
	}
	db_close(db);
}

/* Wherever the disk is full in a commit, and has room again after it. */
static void f40_full_disk_at_the_commit(void **state)
{
	struct db *db = open_store("a.db");
	struct rows before = filled(0, 63, 1);
	bool good = false;

	(void)state;
	assert_true(put_rows(db, 0, 63, 1));
	for (int left = 0; !good; left++) {
		struct rows rows = filled(0, 63, 2);
		struct err err = {0};

		assert_true(beginners[left % 2](db, NULL));
		assert_true(add_to_rows(db, 0, 63, 1));
		disk.left = left;
		good = db_commit(db, &err);
		disk.left = -1;
		assert_int_equal(err.kind, good ? ERR_NONE : ERR_FULL);
		db_rollback(db);
		check(db, good ? &rows : &before);
		assert_true(good || left < 9);
	}
	db_close(db);
}

/* What a statement needs first is what was kept, and can't be written. SQLite
 * takes back the statement and now and then leaves its transaction open: what
 * goes on then must have all that came before. */
static void f40_full_disk_before_the_commit(void **state)
{
	struct db *db = open_store("a.db");
	const struct rows before = filled(0, 63, 1);
	int failed = 0, went_on = 0;

	(void)state;
	must(db, SMALL_CACHE);
	for (int last = 10; last < 60; last += 2) {
		struct rows rows = before;

		assert_true(put_rows(db, 0, 63, 1));
		assert_true(db_begin(db, NULL));
		assert_true(add_to_rows(db, 0, last, 1));
		disk.left = last % 3;
		bool good = add_to_rows(db, last - 9, 63, 1);
		disk.left = -1;
		failed += !good;
		for (int i = 0; i < ROWS; i++)
			rows.values[i] += (i <= last) + (good && i >= last - 9);
		if (db_is_in_transaction(db) && db_commit(db, NULL)) {
			went_on += !good;
			check(db, &rows);
		} else {
			db_rollback(db);
			check(db, &before);
		}
	}
	assert_true(failed > 5 && went_on > 0);
	db_close(db);
}

/* --- in any order */

struct trial {
	struct db *both[2], *db;
	uint64_t dice;
	struct rows before, rows; /* committed; of the transaction */
};

static int roll(struct trial *trial, int sides)
{
	trial->dice ^= trial->dice << 13;
	trial->dice ^= trial->dice >> 7;
	trial->dice ^= trial->dice << 17;
	return (int)(trial->dice % (uint64_t)sides);
}

static void change(struct trial *trial)
{
	int from = roll(trial, ROWS), to = from + roll(trial, ROWS - from);
	int value = roll(trial, 1000);

	if (roll(trial, 3) == 0) {
		if (!put_rows(trial->db, from, to, value))
			return;
		for (int i = from; i <= to; i++)
			trial->rows.values[i] = value;
	} else if (add_to_rows(trial->db, from, to, value)) {
		for (int i = from; i <= to; i++)
			if (trial->rows.values[i] != ABSENT)
				trial->rows.values[i] += value;
	}
}

static void change_and_take_back(struct trial *trial)
{
	struct rows kept = trial->rows;

	must(trial->db, "SAVEPOINT part");
	change(trial);
	if (db_is_in_transaction(trial->db))
		must(trial->db, "ROLLBACK TO part; RELEASE part");
	trial->rows = kept;
}

static void look(struct trial *trial)
{
	struct rows seen = rows_of(trial->db);

	assert_true(are_same(&seen, &trial->rows));
}

static void step(struct trial *trial)
{
	switch (roll(trial, 8)) {
	case 0:
		change_and_take_back(trial);
		break;
	case 1:
		if (disk.left < 0)
			look(trial);
		break;
	case 2:
		if (roll(trial, 3) == 0)
			disk.left = disk.left < 0 ? roll(trial, 30) : -1;
		break;
	default:
		change(trial);
	}
}

static bool end(struct trial *trial)
{
	if (!db_is_in_transaction(trial->db))
		return false; /* SQLite has rolled it back */
	if (roll(trial, 4) != 0 && db_commit(trial->db, NULL))
		return true;
	db_rollback(trial->db);
	return false;
}

static void keep_house(struct trial *trial)
{
	switch (roll(trial, 12)) {
	case 0:
		assert_true(db_truncate_log(trial->db, NULL));
		break;
	case 1:
		must(trial->db, "PRAGMA wal_checkpoint(PASSIVE)");
		break;
	case 2:
		must(trial->db, "PRAGMA wal_checkpoint(RESTART)");
		break;
	}
}

static void f50_in_any_order(void **state)
{
	struct trial trial = {.dice = 88172645463325252U, .before = no_rows()};
	int committed = 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		trial.both[i] = open_store("a.db");
		must(trial.both[i], SMALL_CACHE);
	}
	for (int i = 0; i < 200; i++) {
		trial.db = trial.both[roll(&trial, 2)];
		trial.rows = trial.before;
		assert_true(beginners[roll(&trial, 2)](trial.db, NULL));
		for (int k = roll(&trial, 9);
		     k >= 0 && db_is_in_transaction(trial.db); k--)
			step(&trial);
		if (end(&trial)) {
			trial.before = trial.rows;
			committed++;
		}
		disk.left = -1;
		check(trial.both[roll(&trial, 2)], &trial.before);
		keep_house(&trial);
	}
	assert_in_range(committed, 60, 190);
	db_close(trial.both[0]);
	db_close(trial.both[1]);
}

/* --- killed */

/* Tells each commit by a byte; ends at the write that kills. */
static void write_until_killed(int left, int tell)
{
	struct db *db = open_store("a.db");

	must(db, SMALL_CACHE);
	must(db, "PRAGMA wal_autocheckpoint = 60");
	disk.left = left;
	disk.kills = true;
	for (int value = 1;; value++) {
		if (!beginners[value % 2](db, NULL) ||
		    !put_rows(db, 0, value % 3 == 0 ? 63 : 8, value) ||
		    !add_to_rows(db, 0, 63, 0) || !put_rows(db, 0, 63, value) ||
		    !db_commit(db, NULL) || write(tell, "", 1) != 1)
			_exit(1);
	}
}

static int64_t commits_until_killed(int left)
{
	char bytes[256];
	int64_t count = 0;
	int status, ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(stdout);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		write_until_killed(left, ends[1]);
	close(ends[1]);
	for (ssize_t got; (got = read(ends[0], bytes, sizeof(bytes))) > 0;)
		count += got;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return count;
}

static void f60_killed_at_each_write(void **state)
{
	char path[128];

	(void)state;
	for (int left = 1; left < 60; left++) {
		int64_t count = commits_until_killed(left);
		struct db *db = open_store("a.db");
		struct rows found = rows_of(db);
		int64_t value = found.values[0];
		struct rows told = filled(0, 63, (int)value);

		if (value == ABSENT)
			value = 0;
		/* the last one may be there without having been told */
		assert_in_range(value, count, count + 1);
		assert_true(are_same(&found, &told));
		assert_true(is_whole(db));
		db_close(db);
		close(disk.index);
		disk.index = -1;
		snprintf(path, sizeof(path), "%s/a.db", folder);
		assert_int_equal(unlink(path), 0);
	}
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(f10_a_commit_is_two_writes),
	    CASE(f20_more_than_is_kept),
	    CASE(f30_what_spilled_is_read_and_written_over),
	    CASE(f30_rolled_back_overwrites_nobody),
	    CASE(f30_the_log_begins_anew),
	    CASE(f40_full_disk_at_the_commit),
	    CASE(f40_full_disk_before_the_commit),
	    CASE(f50_in_any_order),
	    CASE(f60_killed_at_each_write),
	};
	return cmocka_run_group_tests_name("db_wal", tests, NULL, NULL);
}
