#ifndef CORE_BOARD_H
#define CORE_BOARD_H

/*
 * What is true of the whole store: rehearsal or live, paused or not, and
 * whether it has come home (invariant 9). Loop thread, or briefingctl.
 */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct err;

struct board {
	bool is_live;
	int64_t paused_at; /* 0: not paused */
	const char *paused_reason;
	int64_t clock_held_at; /* 0: the clock is trusted */
	int64_t clock_ahead;   /* seconds that it jumped forward by */
	const char *boot_id; /* what the clock was when that was noted; NULL: */
	int64_t clock_offset; /* never */
};

bool board_load(struct db *db, struct arena *arena, struct board *ret,
		struct err *err);
/* These begin and commit a transaction of their own and write an event;
 * asking for what is so already is fine and writes none. */
bool board_pause(struct db *db, const char *actor, const char *reason,
		 int64_t now, struct err *err);
bool board_resume(struct db *db, const char *actor, int64_t now,
		  struct err *err);
/* Likewise: the clock jumped forward, or counts as right again because of why
 * ("synchronised"). board_resume trusts it too. */
bool board_hold_clock(struct db *db, int64_t ahead, int64_t now,
		      struct err *err);
bool board_trust_clock(struct db *db, const char *actor, const char *why,
		       int64_t now, struct err *err);
/* The machine's start and the wall clock less the time since, for the next run:
 * no event. Own transaction. */
bool board_note_clock(struct db *db, const char *boot_id, int64_t offset,
		      struct err *err);
bool board_set_live(struct db *db, bool is_live, const char *actor,
		    const char *reason, int64_t now, struct err *err);

/* home names this machine and this file (the roof makes it from machine-id,
 * inode and time of birth). A store whose home was another is paused, and
 * *ret_moved says so. */
bool board_come_home(struct db *db, const char *home, int64_t now,
		     bool *ret_moved, struct err *err);
/* For a backup's copy, which is at home nowhere: put back in any way, also into
 * the file that it came from, it comes up paused. Own transaction. */
bool board_leave_home(struct db *copy, struct err *err);

#endif
