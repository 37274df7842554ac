#ifndef TESTS_STORE_H
#define TESTS_STORE_H

/*
 * A store in a temporary folder for the cases of core/, with the real schema,
 * and questions about it that daemon/queries/ has no statement for. Included
 * behind cmocka.h; a case that fails leaves its folder behind.
 *
 *	struct store store;
 *	store_open(&store);
 *	store_begin(&store); ... store_commit(&store);
 *	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"), 1);
 *	store_close(&store);
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "tools/crypto.h"
#include "tools/db.h"

struct store {
	char folder[64];
	char path[96];
	struct db *db;
	sqlite3 *look; /* sees what is committed */
	struct arena *arena;
	struct err err;
};

/* call, which gives a bool, in a transaction of its own */
#define STORE_ALONE(store, call)                                               \
	(db_begin((store)->db, &(store)->err) &&                               \
	 db_end((store)->db, (call), &(store)->err))

/* A new store is made by its migrations, which take longer than most cases do:
 * once in a process, and each begins as a copy of that. */
static inline void store_put_empty(struct store *store)
{
	static char *content;
	static size_t size;
	bool is_put;

	if (content) {
		is_put =
		    file_write(store->path, content, size, 0600, &store->err);
	} else {
		struct db *db = db_open(store->path, DB_CREATE, 0, &store->err);
		db_close(db);
		is_put = db && file_read(store->path, 16 << 20, &content, &size,
					 &store->err);
	}
	if (!is_put)
		fail_msg("%s", store->err.text);
}

static inline void store_open(struct store *store)
{
	const char *parent = getenv("TMPDIR");

	*store = (struct store){.arena = arena_new()};
	crypto_start();
	snprintf(store->folder, sizeof(store->folder), "%s/briefingd-XXXXXX",
		 parent && strlen(parent) < 40 ? parent : "/tmp");
	assert_non_null(mkdtemp(store->folder));
	snprintf(store->path, sizeof(store->path), "%s/store.db",
		 store->folder);
	store_put_empty(store);
	store->db = db_open(store->path, DB_WRITE, 0, &store->err);
	if (!store->db)
		fail_msg("%s", store->err.text);
	assert_int_equal(sqlite3_open_v2(store->path, &store->look,
					 SQLITE_OPEN_READWRITE, NULL),
			 SQLITE_OK);
}

/* removes what the case put into the folder, one level deep */
static inline void store_close(struct store *store)
{
	char command[128];

	sqlite3_close(store->look);
	db_close(store->db);
	arena_free(store->arena);
	snprintf(command, sizeof(command), "rm -rf '%s'", store->folder);
	assert_int_equal(system(command), 0);
}

static inline void store_begin(struct store *store)
{
	if (!db_begin(store->db, &store->err))
		fail_msg("%s", store->err.text);
}

static inline void store_commit(struct store *store)
{
	if (!db_commit(store->db, &store->err))
		fail_msg("%s", store->err.text);
}

/* for verbs that must succeed */
#define store_check(store, call)                                               \
	do {                                                                   \
		if (!(call))                                                   \
			fail_msg("%s: %s", #call, (store)->err.text);          \
	} while (0)

/* changes the store directly, to set a case's scene */
static inline void store_do(struct store *store, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(store->look, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static inline sqlite3_stmt *store_ask(struct store *store, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(store->look, sql, -1, &statement, NULL) !=
	    SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(store->look));
	if (sqlite3_step(statement) != SQLITE_ROW)
		fail_msg("%s: no row", sql);
	return statement;
}

/* the first column of the first row */
static inline long long store_number(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = store_ask(store, sql);
	long long number = sqlite3_column_int64(statement, 0);

	sqlite3_finalize(statement);
	return number;
}

/* likewise; "" for NULL; lives in the store's arena */
static inline const char *store_text(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = store_ask(store, sql);
	const char *text = (const char *)sqlite3_column_text(statement, 0);
	char *copy = arena_strdup(store->arena, text ? text : "");

	sqlite3_finalize(statement);
	return copy;
}

#endif
