#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <signal.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "schema.h"
#include "tools/db.h"
#include "tools/db_gaps.h"

/* A house of its own: the real schema may change under these cases. */

static const char first[] =
    "CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"
    " STRICT;"
    "CREATE TABLE member (id INTEGER PRIMARY KEY, list INTEGER NOT NULL"
    " REFERENCES list (id), data BLOB, weight REAL) STRICT;";
static const char second[] = "ALTER TABLE list ADD COLUMN agency TEXT;";
static const char broken[] = "CREATE TABLE other (id INTEGER) STRICT;"
			     "INSERT INTO nowhere VALUES (1);";
static const char orphan[] = "INSERT INTO member (list) VALUES (99);";

#define ENTRY(number, text)                                                    \
	{                                                                      \
		"schema/00" #number "-x.sql", text, sizeof(text) - 1           \
	}

static const struct schema_file one[] = {ENTRY(1, first), {0}};
static const struct schema_file two[] = {
    ENTRY(1, first), ENTRY(2, second), {0}};
static const struct schema_file bad[] = {
    ENTRY(1, first), ENTRY(2, broken), {0}};
static const struct schema_file unlinked[] = {
    ENTRY(1, first), ENTRY(2, orphan), {0}};

enum {
	LIST_ADD,
	LIST_EACH,
	MEMBER_ADD,
	MEMBER_GET,
	WRONG,
	LIST_RENAME,
	DAMAGE,
	SAFETY
};

static const struct query_text texts[] = {
    {"list_add", "INSERT INTO list (name) VALUES (?1)"},
    {"list_each", "SELECT name FROM list ORDER BY name"},
    {"member_add",
     "INSERT INTO member (list, data, weight) VALUES (?1, ?2, ?3)"},
    {"member_get", "SELECT id, data, weight FROM member WHERE id = ?1"},
    {"wrong", "SELECT id FROM nowhere"},
    {"list_rename", "UPDATE list SET name = name || ?1"},
    {"damage", "PRAGMA integrity_check(1)"},
    {"safety", "PRAGMA synchronous"},
    {0},
};

static struct query *ask(struct db *db, int id)
{
	return db_query(db, (enum query_id)id);
}

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_db.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static struct db *open_good(const char *name, const struct schema_file *schema)
{
	struct err err = {0};
	struct db *db =
	    db_open_with(in_folder(name), DB_CREATE, 0, texts, schema, &err);

	if (!db)
		fail_msg("%s", err.text);
	return db;
}

/* the error that opening it gives */
static struct err open_bad(const char *path, enum db_mode mode,
			   const struct schema_file *schema)
{
	struct err err = {0};

	assert_null(db_open_with(path, mode, 0, texts, schema, &err));
	return err;
}

static void add_list(struct db *db, const char *name)
{
	struct query *q = ask(db, LIST_ADD);
	struct err err = {0};
	int changes;

	query_text(q, 1, name);
	if (!query_run(q, &changes, &err))
		fail_msg("%s", err.text);
	assert_int_equal(changes, 1);
}

static int count_lists(struct db *db)
{
	struct query *q = ask(db, LIST_EACH);
	int count = 0;

	while (query_next(q))
		count++;
	assert_false(query_next(q));
	assert_true(query_done(q, NULL));
	return count;
}

static void f10_rows_go_in_and_come_out(void **state)
{
	struct db *db = open_good("a.db", two);
	struct query *q;
	size_t size;

	(void)state;
	add_list(db, "police");
	add_list(db, "gp \xc3\xa9");
	assert_int_equal(db_last_id(db), 2);
	q = ask(db, LIST_EACH);
	assert_true(query_next(q));
	assert_string_equal(query_get_text(q, 0), "gp \xc3\xa9");
	assert_true(query_next(q));
	assert_string_equal(query_get_text(q, 0), "police");
	assert_false(query_next(q));
	assert_true(query_done(q, NULL));

	q = ask(db, MEMBER_ADD);
	query_integer(q, 1, 1);
	query_blob(q, 2, "a\0b", 3);
	query_text(q, 3, "0.5"); /* the column makes it a number */
	assert_true(query_run(q, NULL, NULL));
	q = ask(db, MEMBER_GET);
	query_integer(q, 1, 1);
	assert_true(query_next(q));
	assert_int_equal(query_get_integer(q, 0), 1);
	assert_memory_equal(query_get_blob(q, 1, &size), "a\0b", 3);
	assert_int_equal(size, 3);
	assert_true(query_get_real(q, 2) == 0.5);
	assert_true(query_done(q, NULL));
	db_close(db);
}

static void f10_null_and_empty_differ(void **state)
{
	struct db *db = open_good("a.db", two);
	static const struct {
		const char *data;
		size_t size;
		bool null;
	} cases[] = {{NULL, 0, true}, {"", 0, false}};

	(void)state;
	add_list(db, "police");
	for (int i = 0; i < 2; i++) {
		struct query *q = ask(db, MEMBER_ADD);
		query_integer(q, 1, 1);
		query_blob(q, 2, cases[i].data, cases[i].size);
		query_null(q, 3);
		assert_true(query_run(q, NULL, NULL));
		q = ask(db, MEMBER_GET);
		query_integer(q, 1, i + 1);
		assert_true(query_next(q));
		assert_int_equal(query_is_null(q, 1), cases[i].null);
		assert_true(query_is_null(q, 2));
		assert_null(query_get_text(q, 2));
		assert_true(query_done(q, NULL));
	}
	db_close(db);
}

static void f10_the_file_is_ours_alone(void **state)
{
	struct stat info;
	char mode[8];
	struct db *db = open_good("a.db", one);

	(void)state;
	assert_int_equal(stat(in_folder("a.db"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(stat(in_folder("a.db-wal"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	db_close(db);
	FILE *file = fopen(in_folder("a.db"), "rb");
	assert_non_null(file);
	/* bytes 52 and 64 of the header: auto_vacuum, and incremental */
	assert_int_equal(fseek(file, 64, SEEK_SET), 0);
	assert_int_equal(fread(mode, 1, 4, file), 4);
	assert_memory_equal(mode, "\0\0\0\1", 4);
	fclose(file);
}

static void f20_transactions(void **state)
{
	struct db *db = open_good("a.db", one);

	(void)state;
	assert_true(db_begin(db, NULL));
	add_list(db, "police");
	assert_true(db_is_in_transaction(db));
	db_rollback(db);
	db_rollback(db);
	assert_int_equal(count_lists(db), 0);
	assert_true(db_begin(db, NULL));
	add_list(db, "police");
	assert_true(db_commit(db, NULL));
	assert_int_equal(count_lists(db), 1);
	assert_false(db_commit(db, NULL));
	db_close(db);
}

static int64_t safety(struct db *db)
{
	struct query *q = db_query(db, (enum query_id)SAFETY);
	int64_t level = query_next(q) ? query_get_integer(q, 0) : -1;

	assert_true(query_done(q, NULL));
	return level;
}

/* 1 NORMAL: a commit waits for no disk; 2 FULL: it does */
static void f20_only_what_is_asked_for_is_lazy(void **state)
{
	struct db *db = open_good("a.db", one);

	(void)state;
	assert_true(db_begin_lazily(db, NULL));
	assert_int_equal(safety(db), 1);
	add_list(db, "police");
	assert_true(db_commit(db, NULL));
	assert_true(db_begin(db, NULL));
	assert_int_equal(safety(db), 2);
	db_rollback(db);
	assert_int_equal(count_lists(db), 1);
	db_close(db);
}

static void f20_constraint_names_the_statement(void **state)
{
	struct db *db = open_good("a.db", one);
	struct err err = {0};

	(void)state;
	add_list(db, "police");
	struct query *q = ask(db, LIST_ADD);
	query_text(q, 1, "police");
	assert_false(query_run(q, NULL, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "statement list_add: UNIQUE"));
	/* foreign keys are on */
	q = ask(db, MEMBER_ADD);
	query_integer(q, 1, 99);
	assert_false(query_run(q, NULL, &err));
	assert_non_null(strstr(err.text, "FOREIGN KEY"));
	/* and the statement works again after it failed */
	add_list(db, "gp");
	db_close(db);
}

static void f20_statement_that_does_not_prepare(void **state)
{
	struct db *db = open_good("a.db", one);
	struct err err = {0};
	struct query *q = ask(db, WRONG);

	(void)state;
	query_integer(q, 1, 5);
	assert_false(query_next(q));
	assert_false(query_done(q, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "statement wrong: no such table"));
	db_close(db);
}

static void f20_lock_of_another_is_busy(void **state)
{
	struct db *db = open_good("a.db", one);
	struct db *other = open_good("a.db", one);
	struct err err = {0};

	(void)state;
	assert_true(db_begin(other, NULL));
	assert_false(db_begin(db, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	struct query *q = ask(db, LIST_ADD);
	query_text(q, 1, "gp");
	assert_false(query_run(q, NULL, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	db_rollback(other);
	add_list(db, "gp");
	db_close(other);
	db_close(db);
}

static void f20_data_version_tells_of_others(void **state)
{
	struct db *db = open_good("a.db", one);
	struct db *other = open_good("a.db", one);
	int64_t before = db_data_version(db);

	(void)state;
	add_list(db, "mine");
	assert_int_equal(db_data_version(db), before);
	/* to open it is no change, and waits for no lock */
	struct err err;
	assert_true(db_begin(db, &err));
	db_close(open_good("a.db", one));
	db_rollback(db);
	assert_int_equal(db_data_version(db), before);
	add_list(other, "theirs");
	assert_int_not_equal(db_data_version(db), before);
	db_close(other);
	db_close(db);
}

static void f30_migrations_continue_where_they_were(void **state)
{
	struct db *db = open_good("a.db", one);

	(void)state;
	add_list(db, "police");
	assert_false(db_execute(db, "SELECT agency FROM list", NULL));
	db_close(db);
	db = open_good("a.db", two);
	assert_true(db_execute(db, "SELECT agency FROM list", NULL));
	assert_int_equal(count_lists(db), 1);
	db_close(db);
}

static void f30_newer_older_and_foreign_stores(void **state)
{
	struct err err;

	(void)state;
	db_close(open_good("a.db", two));
	err = open_bad(in_folder("a.db"), DB_WRITE, one);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "newer version"));

	db_close(open_good("b.db", one));
	err = open_bad(in_folder("b.db"), DB_READ, two);
	assert_non_null(strstr(err.text, "start the daemon once"));

	struct db *db = open_good("c.db", one);
	assert_true(db_execute(db, "PRAGMA application_id = 7", NULL));
	db_close(db);
	err = open_bad(in_folder("c.db"), DB_WRITE, one);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "no store of briefingd"));

	FILE *file = fopen(in_folder("d.db"), "w");
	for (int i = 0; i < 200; i++)
		fputs("this is no database\n", file);
	fclose(file);
	err = open_bad(in_folder("d.db"), DB_CREATE, one);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "not a database"));
}

static void f30_failed_migration_leaves_nothing(void **state)
{
	struct err err;

	(void)state;
	err = open_bad(in_folder("a.db"), DB_CREATE, bad);
	assert_non_null(strstr(err.text, "migration schema/002-x.sql"));
	struct db *db = open_good("a.db", two); /* the first had stayed */
	assert_false(db_execute(db, "SELECT id FROM other", NULL));
	db_close(db);

	err = open_bad(in_folder("b.db"), DB_CREATE, unlinked);
	assert_non_null(strstr(err.text, "a row of member refers"));
}

static void f30_missing_places(void **state)
{
	struct err err;

	(void)state;
	err = open_bad(in_folder("none.db"), DB_WRITE, one);
	assert_int_equal(err.kind, ERR_GONE);
	err = open_bad(in_folder("none.db"), DB_READ, one);
	assert_int_equal(err.kind, ERR_GONE);
	err = open_bad(in_folder("none/a.db"), DB_CREATE, one);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "No such file or directory"));
}

static void f30_reading_only(void **state)
{
	struct db *db = open_good("a.db", one);
	struct err err = {0};

	(void)state;
	add_list(db, "police");
	struct db *reader =
	    db_open_with(in_folder("a.db"), DB_READ, 0, texts, one, &err);
	assert_non_null(reader);
	assert_int_equal(count_lists(reader), 1);
	struct query *q = ask(reader, LIST_ADD);
	query_text(q, 1, "gp");
	assert_false(query_run(q, NULL, &err));
	assert_non_null(strstr(err.text, "readonly"));
	db_close(reader);
	db_close(db);
}

static void f40_backup_is_whole(void **state)
{
	struct db *db = open_good("a.db", one);
	char *copy = xstrdup(in_folder("copy.db"));
	struct stat info;

	(void)state;
	for (int i = 0; i < 2; i++) { /* the second replaces the first */
		add_list(db, i ? "gp" : "police");
		assert_true(db_backup(db, copy, NULL));
	}
	assert_int_equal(stat(copy, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_not_equal(stat(in_folder("copy.db.part"), &info), 0);
	struct db *again = open_good("copy.db", one);
	assert_int_equal(count_lists(again), 2);
	struct query *q = ask(again, DAMAGE);
	assert_true(query_next(q));
	assert_string_equal(query_get_text(q, 0), "ok");
	assert_true(query_done(q, NULL));
	db_close(again);
	struct err err = {0};
	assert_false(db_backup(db, in_folder("none/copy.db"), &err));
	assert_non_null(strstr(err.text, "none/copy.db"));
	db_close(db);
	free(copy);
}

static bool file_holds(const char *name, const char *what)
{
	char command[400];

	snprintf(command, sizeof(command), "grep -qa %s %s", what,
		 in_folder(name));
	return system(command) == 0;
}

static void empty_log(struct db *db)
{
	struct err err = {0};

	if (!db_truncate_log(db, &err))
		fail_msg("%s", err.text);
}

static void f40_what_is_deleted_is_gone(void **state)
{
	struct db *db = open_good("a.db", one);
	struct stat info;

	(void)state;
	add_list(db, "Robert-Example");
	empty_log(db);
	assert_true(file_holds("a.db", "Robert-Example"));
	assert_true(db_execute(db, "DELETE FROM list", NULL));
	empty_log(db);
	assert_int_equal(stat(in_folder("a.db-wal"), &info), 0);
	assert_int_equal(info.st_size, 0);
	assert_false(file_holds("a.db", "Robert-Example"));
	db_close(db);
}

/* All gaps of the pages that stand behind head, each at the end of its piece;
 * how many there are. */
static size_t check_gaps(const char *name, size_t head, size_t piece,
			 size_t *ret_size)
{
	struct err err = {0};
	size_t rows = 0;
	char *data;

	if (!file_read(in_folder(name), (size_t)1 << 24, &data, ret_size, &err))
		fail_msg("%s", err.text);
	for (size_t at = head; at + piece <= *ret_size; at += piece) {
		const uint8_t *page = (uint8_t *)data + at + piece - 4096;
		/* a frame of the log begins with its page's number */
		int64_t number = piece == 4096 ? (int64_t)(at / 4096) + 1
					       : (uint8_t)data[at + 2] << 8 |
						     (uint8_t)data[at + 3];
		size_t from, to;

		if (!db_gaps_find(page, 4096, number, &from, &to))
			continue;
		rows++;
		/* what counts rows may stay there */
		assert_null(memmem(page + from, to - from, "some", 4));
	}
	free(data);
	return rows;
}

/* Rows come in no order, so that full pages are shared out all the time. */
static void add_shuffled(struct db *db, const char *what)
{
	char name[64];

	assert_true(db_begin(db, NULL));
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%08x %s", i * 2654435761U, what);
		add_list(db, name);
	}
	assert_true(db_commit(db, NULL));
}

static void f40_what_moved_stays_nowhere(void **state)
{
	struct db *db = open_good("a.db", one);
	char *copy = xstrdup(in_folder("copy.db"));
	size_t size, rows;

	(void)state;
	add_shuffled(db, "somebody");
	empty_log(db);
	rows = check_gaps("a.db", 0, 4096, &size);
	/* all but some that say whose parent which is */
	assert_true(rows > 50 && rows > size / 4096 - 5);
	/* nor in what is written next, from pages that were in memory */
	struct query *rename = ask(db, LIST_RENAME);
	query_text(rename, 1, "");
	assert_true(query_run(rename, NULL, NULL));
	assert_true(check_gaps("a.db-wal", 32, 24 + 4096, &size) > 20);
	/* nor in a copy, though it is made of such pages */
	add_shuffled(db, "some other");
	assert_true(db_backup(db, copy, NULL));
	assert_true(check_gaps("copy.db", 0, 4096, &size) > 100);
	free(copy);
	struct query *q = ask(db, DAMAGE);
	assert_true(query_next(q));
	assert_string_equal(query_get_text(q, 0), "ok");
	assert_true(query_done(q, NULL));
	db_close(db);
}

static void f40_log_that_is_read_is_not_emptied(void **state)
{
	struct db *db = open_good("a.db", one);
	struct db *reader = open_good("a.db", one);
	struct err err = {0};

	(void)state;
	assert_true(db_begin_reading(reader, NULL));
	assert_int_equal(count_lists(reader), 0);
	add_list(db, "police");
	assert_false(db_truncate_log(db, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	db_rollback(reader);
	empty_log(db);
	db_close(reader);
	db_close(db);
}

static void f50_log_is_moved_beside_who_writes(void **state)
{
	struct db *db = open_good("a.db", one);
	struct db *aside = open_good("a.db", one);
	struct err err = {0};

	(void)state;
	db_keep_log(db);
	assert_int_equal(db_log_pages(db), 0);
	add_list(db, "Robert-Example");
	int before = db_log_pages(db);
	assert_true(before > 0);
	assert_false(file_holds("a.db", "Robert-Example"));
	assert_true(db_begin(db, NULL));
	add_list(db, "police");
	if (!db_move_log(aside, &err))
		fail_msg("%s", err.text);
	assert_true(file_holds("a.db", "Robert-Example"));
	assert_false(file_holds("a.db", "police"));
	assert_true(db_commit(db, NULL));
	/* what was not all begins nothing anew */
	assert_true(db_log_pages(db) > before);
	assert_true(db_move_log(db, &err));
	assert_true(file_holds("a.db", "police"));
	before = db_log_pages(db);
	add_list(db, "health");
	assert_true(db_log_pages(db) <= before);
	assert_int_equal(count_lists(aside), 3);
	db_close(aside);
	db_close(db);
}

static void f50_log_that_is_read_goes_on(void **state)
{
	struct db *db = open_good("a.db", one);
	struct db *reader = open_good("a.db", one);
	struct err err = {0};

	(void)state;
	db_keep_log(db);
	add_list(db, "police");
	assert_true(db_begin_reading(reader, NULL));
	assert_int_equal(count_lists(reader), 1);
	add_list(db, "health");
	int before = db_log_pages(db);
	assert_true(db_move_log(db, &err));
	assert_int_equal(count_lists(reader), 1);
	add_list(db, "schools");
	assert_true(db_log_pages(db) > before);
	db_rollback(reader);
	assert_int_equal(count_lists(reader), 3);
	db_close(reader);
	db_close(db);
}

static void f40_pages_that_have_no_gap(void **state)
{
	uint8_t page[512] = {[0] = 13, [4] = 1, [5] = 1, [6] = 0, [8] = 1};
	size_t from = 0, to = 0;

	(void)state;
	/* a row at 256, behind a gap that begins behind the directory */
	assert_true(db_gaps_find(page, sizeof(page), 3, &from, &to));
	assert_int_equal(from, 10);
	assert_int_equal(to, 256);
	/* whose parent is whose: page 2, and each 103rd behind it */
	assert_false(db_gaps_find(page, sizeof(page), 2, &from, &to));
	assert_false(db_gaps_find(page, sizeof(page), 105, &from, &to));
	const struct {
		size_t at;
		uint8_t value;
	} odd[] = {
	    {0, 0},   /* no page of rows */
	    {0, 5},   /* its row would be in its header */
	    {4, 200}, /* a directory that reaches into the rows */
	    {8, 0},   /* a row within the gap */
	    {8, 2},   /* a row behind the page */
	    {2, 9},   /* free space within the gap */
	    {5, 3},   /* rows that begin behind the page */
	    {7, 61},  /* more fragments than there may be */
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		uint8_t other[512];

		memcpy(other, page, sizeof(page));
		other[odd[i].at] = odd[i].value;
		assert_false(db_gaps_find(other, sizeof(other), 3, &from, &to));
	}
}

/* max_page_count stands in for the full disk */
static void f40_full_is_told_and_rolled_back(void **state)
{
	struct db *db = open_good("a.db", one);
	struct err err = {0};
	char name[5000];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_true(db_execute(db, "PRAGMA max_page_count = 10", NULL));
	assert_true(db_begin(db, NULL));
	bool good = true;
	for (int i = 0; good && i < 50; i++) {
		name[i] = 'y';
		struct query *q = ask(db, LIST_ADD);
		query_text(q, 1, name);
		good = query_run(q, NULL, &err);
	}
	assert_false(good);
	assert_int_equal(err.kind, ERR_FULL);
	assert_non_null(strstr(err.text, "list_add"));
	db_rollback(db);
	assert_int_equal(count_lists(db), 0);
	db_close(db);
}

/* RLIMIT_FSIZE makes the write itself fail */
static void f40_write_error_is_told(void **state)
{
	struct db *db = open_good("a.db", one);
	struct rlimit old, small;
	struct err err = {0};
	char name[60000];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 65536;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	struct query *q = ask(db, LIST_ADD);
	query_text(q, 1, name);
	bool good = query_run(q, NULL, &err);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_false(good);
	assert_true(err.kind == ERR_SYSTEM || err.kind == ERR_FULL);
	add_list(db, "police");
	db_close(db);
}

static void f50_embedded_schema_opens(void **state)
{
	struct err err = {0};
	struct db *db = db_open(in_folder("a.db"), DB_CREATE, 0, &err);

	(void)state;
	if (!db)
		fail_msg("%s", err.text);
	/* every named statement fits the schema */
	for (int id = 0; id < QUERY_COUNT; id++) {
		struct query *q = ask(db, id);
		if (!query_done(q, &err))
			fail_msg("%s", err.text);
	}
	db_close(db);
}

static bool writes_with_temporary_tree(sqlite3 *db, const char *table)
{
	char sql[200];
	sqlite3_stmt *q;
	bool found = false;

	snprintf(sql, sizeof(sql), "EXPLAIN INSERT INTO \"%s\" DEFAULT VALUES",
		 table);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const unsigned char *step = sqlite3_column_text(q, 1);

		found |= strcmp((const char *)step, "OpenEphemeral") == 0;
	}
	sqlite3_finalize(q);
	return found;
}

/* As schema/001 says at its top: a CHECK or an index with IN of three words or
 * more makes SQLite fill a temporary B-tree for each row. */
static void f50_no_row_takes_a_temporary_tree(void **state)
{
	struct err err = {0};
	struct db *db = db_open(in_folder("a.db"), DB_CREATE, 0, &err);
	sqlite3 *look;
	sqlite3_stmt *q;
	int count = 0;

	(void)state;
	assert_non_null(db);
	assert_int_equal(sqlite3_open_v2(in_folder("a.db"), &look,
					 SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(look,
			       "SELECT name FROM sqlite_schema WHERE type ="
			       " 'table' AND name NOT LIKE 'sqlite%'",
			       -1, &q, NULL),
	    SQLITE_OK);
	for (; sqlite3_step(q) == SQLITE_ROW; count++) {
		const char *table = (const char *)sqlite3_column_text(q, 0);

		if (writes_with_temporary_tree(look, table))
			fail_msg("%s", table);
	}
	assert_true(count > 30);
	sqlite3_finalize(q);
	sqlite3_close(look);
	db_close(db);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
	    CASE(f10_rows_go_in_and_come_out),
	    CASE(f10_null_and_empty_differ),
	    CASE(f10_the_file_is_ours_alone),
	    CASE(f20_transactions),
	    CASE(f20_only_what_is_asked_for_is_lazy),
	    CASE(f20_constraint_names_the_statement),
	    CASE(f20_statement_that_does_not_prepare),
	    CASE(f20_lock_of_another_is_busy),
	    CASE(f20_data_version_tells_of_others),
	    CASE(f30_migrations_continue_where_they_were),
	    CASE(f30_newer_older_and_foreign_stores),
	    CASE(f30_failed_migration_leaves_nothing),
	    CASE(f30_missing_places),
	    CASE(f30_reading_only),
	    CASE(f40_backup_is_whole),
	    CASE(f40_what_is_deleted_is_gone),
	    CASE(f40_what_moved_stays_nowhere),
	    CASE(f40_log_that_is_read_is_not_emptied),
	    CASE(f40_pages_that_have_no_gap),
	    CASE(f40_full_is_told_and_rolled_back),
	    CASE(f40_write_error_is_told),
	    CASE(f50_log_is_moved_beside_who_writes),
	    CASE(f50_log_that_is_read_goes_on),
	    CASE(f50_embedded_schema_opens),
	    CASE(f50_no_row_takes_a_temporary_tree),
	};
	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
