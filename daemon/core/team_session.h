#ifndef CORE_TEAM_SESSION_H
#define CORE_TEAM_SESSION_H

/*
 * Team sessions: a lead took staff of an agency through a briefing, face to
 * face, and counted heads (GRADE_TEAM_SESSION). They stand beside reach and
 * never in it. One that was wrong is undone by another record and deleted
 * never; the setting and the note are private texts of its event.
 *
 *	struct team_session_wish wish = {
 *		.ref = "LTB-2026-07", .agency = "Police",
 *		.held_on = "2026-11-20", .reached = 14, .head_count = 18,
 *		.setting = "team meeting"};
 *	if (!team_session_record(db, settings, &wish, actor, now, &id, err))
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct err;
struct settings;

#define TEAM_SESSION_HEADS_MAX 10000
#define TEAM_SESSION_TEXT_MAX 1000 /* bytes of the setting, or the note */

struct team_session_wish {
	const char *ref, *agency;
	const char *held_on; /* ISO date, in the board's zone; not to come */
	int64_t reached, head_count;
	const char *setting; /* "team meeting"; not "" */
	const char *note;    /* NULL: none */
};

struct team_session {
	int64_t id;
	const char *ref;
	int version;
	const char *agency;
	int64_t held_at; /* its day began */
	int64_t reached, head_count;
	int64_t recorded_at, event_id;
	int64_t undone_at;          /* 0: it stands */
	const char *setting, *note; /* "": none, or erased */
	const char *undone_reason;  /* likewise */
	const char *recorded_by;    /* "jo@host" */
};

/* Of the briefing's latest version, in the caller's transaction. actor: as
 * event_begin has it. What can't be is ERR_INPUT, with the mend: an agency that
 * no list has, a date before the briefing was taken in, more people than heads,
 * or the very same once more. */
bool team_session_record(struct db *db, const struct settings *settings,
			 const struct team_session_wish *wish,
			 const char *actor, int64_t now, int64_t *ret_id,
			 struct err *err);

/* In the caller's transaction; ERR_GONE: there is none; ERR_INPUT: it was
 * undone before. */
bool team_session_undo(struct db *db, int64_t id, const char *reason,
		       const char *actor, int64_t now, struct err *err);

/* The latest first, those undone among them; ref, agency NULL: all. */
bool team_session_load(struct db *db, const char *ref, const char *agency,
		       struct arena *arena, struct team_session **ret,
		       size_t *ret_count, struct err *err);

#endif
