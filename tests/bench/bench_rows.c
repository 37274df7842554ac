/*
 * bench_rows STORE VERSION MANY: writes what planning writes for each member of
 * the store's list (delivery, addressee, requirement, event), as bound rows
 * into the same tables with their indexes and constraints and with the daemon's
 * own settings, MANY members a transaction; and nothing else: it looks up
 * nobody, renders nothing, and has each row ready before it begins. Prints
 * members a second.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct member {
	long long person_id;
	char public_id[40];
	char *address, *name;
};

struct rows {
	sqlite3 *db;
	struct member *members;
	long long count, list_id, digest_id, letter_id, version_id;
	char *agency;
	sqlite3_stmt *delivery, *addressee, *requirement, *event;
};

static void must(struct rows *rows, int is_good)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_rows: %s\n", sqlite3_errmsg(rows->db));
	exit(1);
}

static void run(struct rows *rows, const char *sql)
{
	must(rows, sqlite3_exec(rows->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(struct rows *rows, const char *sql)
{
	sqlite3_stmt *statement;

	must(rows,
	     sqlite3_prepare_v3(rows->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				&statement, NULL) == SQLITE_OK);
	return statement;
}

static void integer(sqlite3_stmt *statement, int index, long long value)
{
	sqlite3_bind_int64(statement, index, value);
}

static void text(sqlite3_stmt *statement, int index, const char *value)
{
	sqlite3_bind_text(statement, index, value, -1, SQLITE_STATIC);
}

static void step(struct rows *rows, sqlite3_stmt *statement)
{
	must(rows, sqlite3_step(statement) == SQLITE_DONE);
	sqlite3_reset(statement);
}

static char *column(sqlite3_stmt *statement, int index)
{
	return strdup((const char *)sqlite3_column_text(statement, index));
}

static void load_members(struct rows *rows)
{
	sqlite3_stmt *all = prepare(
	    rows,
	    "SELECT m.person_id, p.public_id, i.address, i.name FROM"
	    " member m JOIN person p ON p.id = m.person_id"
	    " JOIN identity i ON i.person_id = m.person_id ORDER BY m.id");
	sqlite3_stmt *list =
	    prepare(rows, "SELECT id, agency, (SELECT count(*) FROM member)"
			  " FROM list");

	must(rows, sqlite3_step(list) == SQLITE_ROW);
	rows->list_id = sqlite3_column_int64(list, 0);
	rows->agency = column(list, 1);
	rows->members = calloc((size_t)sqlite3_column_int64(list, 2),
			       sizeof(*rows->members));
	while (sqlite3_step(all) == SQLITE_ROW) {
		struct member *member = &rows->members[rows->count++];

		member->person_id = sqlite3_column_int64(all, 0);
		snprintf(member->public_id, sizeof(member->public_id), "%s",
			 (const char *)sqlite3_column_text(all, 1));
		member->address = column(all, 2);
		member->name = column(all, 3);
	}
	sqlite3_finalize(all);
	sqlite3_finalize(list);
}

static void open_store(struct rows *rows, const char *path)
{
	must(rows, sqlite3_open(path, &rows->db) == SQLITE_OK);
	/* as tools/db opens it */
	run(rows,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
	    "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000");
	rows->delivery = prepare(
	    rows, "INSERT INTO delivery (digest_id, person_id, generation,"
		  " letter_id, mode, state, due_at, created_at, domain)"
		  " VALUES (?1, ?2, 1, ?3, 'live', 'due', ?4, ?4, ?5)");
	rows->addressee =
	    prepare(rows, "INSERT INTO addressee (delivery_id, address, name)"
			  " VALUES (?1, ?2, ?3)");
	rows->requirement = prepare(
	    rows, "INSERT INTO requirement (version_id, person_id, list_id,"
		  " agency, delivery_id, required_at, due_at, closes_at)"
		  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	rows->event = prepare(
	    rows,
	    "INSERT INTO event (kind, effective_at, recorded_at, actor,"
	    " body) VALUES ('delivery-planned', ?1, ?1, 'briefingd', ?2)");
}

static void add_digest(struct rows *rows)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO digest (list_id, slot_at, mode, state,"
		 " created_at) VALUES (%lld, 1, 'live', 'planning', 1)",
		 rows->list_id);
	run(rows, sql);
	rows->digest_id = sqlite3_last_insert_rowid(rows->db);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO letter (digest_id, content_key, format, made_at,"
		 " sender, head, body) VALUES (%lld, '1', 1, 1, '', x'00',"
		 " zeroblob(20000))",
		 rows->digest_id);
	run(rows, sql);
	rows->letter_id = sqlite3_last_insert_rowid(rows->db);
}

static void add_event(struct rows *rows, const struct member *member,
		      long long delivery_id, long long at)
{
	char body[400];

	snprintf(body, sizeof(body),
		 "{\"delivery\":%lld,\"digest\":%lld,\"generation\":1,"
		 "\"letter\":%lld,\"list\":\"police\",\"mode\":\"live\","
		 "\"person\":\"%s\",\"versions\":\"%lld\"}",
		 delivery_id, rows->digest_id, rows->letter_id,
		 member->public_id, rows->version_id);
	integer(rows->event, 1, at);
	text(rows->event, 2, body);
	step(rows, rows->event);
}

static void add_member(struct rows *rows, const struct member *member,
		       long long at)
{
	integer(rows->delivery, 1, rows->digest_id);
	integer(rows->delivery, 2, member->person_id);
	integer(rows->delivery, 3, rows->letter_id);
	integer(rows->delivery, 4, at);
	integer(rows->delivery, 5, 1);
	step(rows, rows->delivery);
	long long delivery_id = sqlite3_last_insert_rowid(rows->db);
	integer(rows->addressee, 1, delivery_id);
	text(rows->addressee, 2, member->address);
	text(rows->addressee, 3, member->name);
	step(rows, rows->addressee);
	integer(rows->requirement, 1, rows->version_id);
	integer(rows->requirement, 2, member->person_id);
	integer(rows->requirement, 3, rows->list_id);
	text(rows->requirement, 4, rows->agency);
	integer(rows->requirement, 5, delivery_id);
	for (int i = 6; i <= 8; i++)
		integer(rows->requirement, i, at);
	step(rows, rows->requirement);
	add_event(rows, member, delivery_id, at);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct rows rows;

	if (argc != 4 || atol(argv[3]) < 1) {
		fputs("usage: bench_rows STORE VERSION MANY\n", stderr);
		return 2;
	}
	rows.version_id = atoll(argv[2]);
	open_store(&rows, argv[1]);
	load_members(&rows);
	long many = atol(argv[3]), at = (long)time(NULL);
	double began = now();
	run(&rows, "BEGIN IMMEDIATE");
	add_digest(&rows);
	for (long long i = 0; i < rows.count; i++) {
		if (i > 0 && i % many == 0)
			run(&rows, "COMMIT; BEGIN IMMEDIATE");
		add_member(&rows, &rows.members[i], at);
	}
	run(&rows, "COMMIT");
	printf("%.1f\n", (double)rows.count / (now() - began));
	return 0;
}
