/*
 * bench_marks STORE VERSION MANY: confirms version VERSION for everyone of
 * whom it is required, as bound rows into the same tables and with the daemon's
 * own settings, MANY a transaction: the requirement marked, its event inserted;
 * and nothing else: it checks nobody and has each row ready before it begins.
 * Prints confirmations a second.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct duty {
	long long id;
	char actor[40], receipt[40], body[400];
};

struct marks {
	sqlite3 *db;
	struct duty *duties;
	long long count;
	sqlite3_stmt *mark, *event;
};

static void must(struct marks *marks, bool is_good)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_marks: %s\n", sqlite3_errmsg(marks->db));
	exit(1);
}

static void run(struct marks *marks, const char *sql)
{
	must(marks,
	     sqlite3_exec(marks->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(struct marks *marks, const char *sql)
{
	sqlite3_stmt *statement;

	must(marks,
	     sqlite3_prepare_v3(marks->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				&statement, NULL) == SQLITE_OK);
	return statement;
}

static void open_store(struct marks *marks, const char *path)
{
	must(marks, sqlite3_open(path, &marks->db) == SQLITE_OK);
	/* as tools/db opens it */
	run(marks,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
	    "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000");
	marks->mark =
	    prepare(marks, "UPDATE requirement SET acknowledged_at = ?2,"
			   " grade = 'confirmed', receipt = ?3, event_id = ?4"
			   " WHERE id = ?1 AND acknowledged_at IS NULL"
			   " AND closed_at IS NULL");
	marks->event = prepare(
	    marks, "INSERT INTO event (kind, effective_at, recorded_at, actor,"
		   " body) VALUES ('acknowledged', ?1, ?1, ?2, ?3)");
}

static void make_duty(struct duty *duty, sqlite3_stmt *q)
{
	const char *person = (const char *)sqlite3_column_text(q, 1);

	duty->id = sqlite3_column_int64(q, 0);
	snprintf(duty->actor, sizeof(duty->actor), "person:%s", person);
	snprintf(duty->receipt, sizeof(duty->receipt), "z%019lld", duty->id);
	snprintf(duty->body, sizeof(duty->body),
		 "{\"delivery\":%lld,\"grade\":\"confirmed\","
		 "\"person\":\"%s\",\"receipt\":\"%s\",\"ref\":\"%s\","
		 "\"version\":1}",
		 sqlite3_column_int64(q, 2), person, duty->receipt,
		 (const char *)sqlite3_column_text(q, 3));
}

static void load_duties(struct marks *marks, const char *version)
{
	sqlite3_stmt *q = prepare(
	    marks, "SELECT r.id, p.public_id, r.delivery_id, b.ref,"
		   " count(*) OVER () FROM requirement r"
		   " JOIN person p ON p.id = r.person_id"
		   " JOIN version v ON v.id = r.version_id"
		   " JOIN briefing b ON b.id = v.briefing_id"
		   " WHERE r.version_id = ?1 AND r.acknowledged_at IS NULL");

	sqlite3_bind_int64(q, 1, atoll(version));
	while (sqlite3_step(q) == SQLITE_ROW) {
		if (!marks->duties)
			marks->duties =
			    calloc((size_t)sqlite3_column_int64(q, 4),
				   sizeof(*marks->duties));
		must(marks, marks->duties);
		make_duty(&marks->duties[marks->count++], q);
	}
	sqlite3_finalize(q);
}

static void confirm(struct marks *marks, const struct duty *duty, long long at)
{
	sqlite3_bind_int64(marks->event, 1, at);
	sqlite3_bind_text(marks->event, 2, duty->actor, -1, SQLITE_STATIC);
	sqlite3_bind_text(marks->event, 3, duty->body, -1, SQLITE_STATIC);
	must(marks, sqlite3_step(marks->event) == SQLITE_DONE);
	sqlite3_reset(marks->event);
	sqlite3_bind_int64(marks->mark, 1, duty->id);
	sqlite3_bind_int64(marks->mark, 2, at);
	sqlite3_bind_text(marks->mark, 3, duty->receipt, -1, SQLITE_STATIC);
	sqlite3_bind_int64(marks->mark, 4,
			   sqlite3_last_insert_rowid(marks->db));
	must(marks, sqlite3_step(marks->mark) == SQLITE_DONE &&
			sqlite3_changes(marks->db) == 1);
	sqlite3_reset(marks->mark);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct marks marks;

	if (argc != 4 || atol(argv[3]) < 1) {
		fputs("usage: bench_marks STORE VERSION MANY\n", stderr);
		return 2;
	}
	open_store(&marks, argv[1]);
	load_duties(&marks, argv[2]);
	long many = atol(argv[3]), at = (long)time(NULL);
	double began = now();
	run(&marks, "BEGIN IMMEDIATE");
	for (long long i = 0; i < marks.count; i++) {
		if (i > 0 && i % many == 0)
			run(&marks, "COMMIT; BEGIN IMMEDIATE");
		confirm(&marks, &marks.duties[i], at);
	}
	run(&marks, "COMMIT");
	printf("%.1f\n", (double)marks.count / (now() - began));
	return 0;
}
