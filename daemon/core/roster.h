#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

/*
 * Lists and their members. lists/NAME.conf says how a list works, NAME.csv is
 * the agency's claim who is on it (the daemon never writes either). Status
 * records from people and verbs win until that row of the CSV changes.
 *
 * roster_read_csv runs in an errand; its answer is matched and applied by the
 * loop in slices, so that 100,000 rows never hold it up. A list is applied
 * whole or, as far as anyone can see from its csv_hash, not yet: a load that
 * was cut off begins again and finds its own work done.
 *
 * Who is who: people are one across lists by their address, whatever its case.
 * Within a list a row is its member's by its key: the id, else the address.
 * A row whose key is new is the member's who has its address (a list that gets
 * an id column keeps its people). A new address under the same id keeps the
 * person, on all lists. If that address is somebody's already, then who is on
 * another list keeps it and the row is theirs from now on, while the row's
 * former person leaves this list; who is on no other list has left, and gives
 * the address up.
 *
 * Who is on no list any more, or "left" on all, has left: what is outstanding
 * is closed as left, flagged by its time when that is after the deadline (see
 * core/report.h). Who is back on any list within ROSTER_RETURN_DAYS, because
 * files arrive one after the other or a row was lost by mistake, has it opened
 * again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/reminder.h"

struct arena;
struct buf;
struct db;
struct err;
struct problems;
struct scratch;
struct settings;
struct tombstone_key;

#define ROSTER_CONF_MAX_SIZE (64 * 1024)
#define ROSTER_CSV_MAX_SIZE (64 * 1024 * 1024)
#define ROSTER_RETURN_DAYS 7

struct roster_list {
	int64_t id; /* 0 when it only comes from a file */
	const char *name, *agency, *title, *lead, *lead_address;
	const char *lead_mail; /* "mon 08:00": core/lead_week.h */
	const char *review_on; /* "" = none */
	const char *schedule;
	const char *quiet_hours; /* "20:00-07:00"; "" = none */
	const char *confirm;     /* a word of core/asked.h */
	bool confirm_by_reply;   /* where the settings can: core/settings.h */
	const char **audience, **domains;
	size_t audience_count, domain_count;
	int64_t deadline_days;
	struct reminders reminders;
	int64_t catalogue_per_week; /* essential ones for a joiner; 0: none */
	/* days overdue; 0: never */
	int64_t escalate_to_lead_days, escalate_to_board_days;
	const char *board_member, *board_member_address; /* "": none */
	bool mandatory;
	const char *from_name, *reply_to;
	bool attach_documents, hold_unsure;
	int64_t slots_from_at;
	/* of the store only */
	const char *csv_hash, *waiting_hash, *accepted_hash, *problem;
	const char *refused_lines; /* of people who were erased: "14, 27" */
	int64_t waiting_removals;
	bool is_removed;
	int64_t member_count;
};

/* lists/NAME.conf; also checks addresses, schedule and the name itself
 * (a-z 0-9 - of at most 64 bytes). */
bool roster_parse_conf(const char *file_name, const char *text, size_t size,
		       struct arena *arena, struct roster_list *ret,
		       struct problems *problems);

struct roster_member {
	/* hash: 16 digits of the address key, 16 of all fields, so that a
	 * change of what the row claims as address can be seen */
	const char *row_key, *row_hash;
	const char *address_key, *address, *name, *role, *team;
	const char *since_on; /* NULL: not said */
	const char *status;   /* active | left | on-leave */
	bool is_primary;
	bool is_shared; /* a mailbox that several people read */
	int line;
};

/* The whole CSV (RFC 4180; UTF-8, byte order mark or not; CRLF, LF or CR;
 * quoted fields): header address,name,role,team,since,status and optional id,
 * primary, shared in any order. An unknown column, a missing address column, a
 * last line that is cut (also one without a line end, for who can tell), two
 * rows with one key or one address are problems, and then nothing is taken.
 * Rows come back in the order of their keys. */
bool roster_parse_csv(const char *file_name, const char *text, size_t size,
		      struct arena *arena, struct roster_member **ret,
		      size_t *ret_count, struct problems *problems);

/* By which a CSV is known again: struct roster_list, csv_hash. */
#define ROSTER_HASH_SIZE 65
void roster_hash_csv(const char *text, size_t size, char ret[ROSTER_HASH_SIZE]);

/* The errand: input is what roster_request makes. out gets a line of JSON,
 * {"hash", "count"}, {"hash", "problems"} or, when the file's hash is that of
 * known, {"hash", "same"}; and in the good case the rows in the order of their
 * keys, a line each, fields apart by tabs: not JSON, so that the loop has
 * hardly anything to parse. */
bool roster_read_csv(const char *input, size_t size, struct buf *out,
		     struct err *err);
/* free() it. known: the hash of the CSV that is in force, "": none is */
char *roster_request(const char *path, const char *file_name,
		     const char *known);
/* ... which this tells; free() it */
char *roster_known_hash(struct db *db, int64_t list_id);

/* Stores or updates the list itself, in the caller's transaction; a list seen
 * for the first time has its slots counted from now. */
bool roster_apply_conf(struct db *db, const struct roster_list *list,
		       const char *conf_hash, int64_t now, int64_t *ret_list_id,
		       struct err *err);

/* A CSV's way in. roster_load_begin takes the errand's answer over, in any
 * case, cuts it up and makes its own notes behind it; each roster_load_step is
 * a transaction of the caller's with at most max_rows rows of work. A step that
 * fails or whose transaction was rolled back leaves a load that is only fit to
 * be freed: begin again from the file. The guard: when more than
 * removal_percent of the members (and at least 3) would go and hash is not
 * accepted, nothing is applied and the list waits (ROSTER_HELD). Leaving,
 * joining and a changed status are events. On the first load of a list, who has
 * no date in since was there from the beginning; later, from now. */
enum roster_state { ROSTER_WORKING, ROSTER_APPLIED, ROSTER_HELD };
struct roster_load;
struct roster_load *roster_load_begin(int64_t list_id, struct scratch *answer,
				      struct err *err);
bool roster_load_step(struct roster_load *load, struct db *db,
		      int64_t removal_percent, size_t max_rows, int64_t now,
		      enum roster_state *ret, struct err *err);
/* Before the first step: rows of people who were erased are refused. key is
 * borrowed. */
void roster_load_refuse(struct roster_load *load,
			const struct tombstone_key *key);
/* How many were refused, so far. */
int roster_load_refused(const struct roster_load *load);
/* the problems of the file, NULL when it is good */
const char *roster_load_problems(const struct roster_load *load);
void roster_load_free(struct roster_load *load);

/* In the caller's transaction: why the files can't be used now; NULL = good. A
 * list that never had good files is not there to be told. */
bool roster_set_problem(struct db *db, const char *list_name,
			const char *problem, int64_t now, struct err *err);
/* lists whose conf is gone; they plan nothing more, their figures stay */
bool roster_remove_missing(struct db *db, const char *const *present_names,
			   size_t count, int64_t now, struct err *err);
/* lets the waiting CSV through; own transaction and event. ERR_GONE: unknown
 * list or nothing waits. */
bool roster_accept(struct db *db, const char *list_name, const char *actor,
		   int64_t now, struct err *err);

bool roster_load_lists(struct db *db, struct arena *arena,
		       struct roster_list **ret, size_t *ret_count,
		       struct err *err);
/* *ret = NULL and true when there is none */
bool roster_load_list(struct db *db, const char *name, struct arena *arena,
		      struct roster_list **ret, struct err *err);

struct roster_person {
	int64_t member_id, person_id;
	const char *public_id, *address, *name, *role, *team;
	const char *status;        /* as it counts now: active, left, on-leave,
				      not-for-me, removed */
	const char *joined_on;     /* ISO date; "" = from the beginning */
	const char *counted_under; /* another list's name, or NULL */
};
bool roster_load_members(struct db *db, int64_t list_id, int64_t now,
			 struct arena *arena, struct roster_person **ret,
			 size_t *ret_count, struct err *err);

#endif
