#include "core/board.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/event.h"
#include "tools/db.h"

#define MOVED_REASON                                                           \
	"the store runs on another machine or from another file than before: " \
	"if the old one still runs, mail would go out twice"

bool board_load(struct db *db, struct arena *arena, struct board *ret,
		struct err *err)
{
	struct board board = {0};
	struct query *q = db_query(db, QUERY_BOARD_LOAD);

	if (query_next(q)) {
		const char *reason = query_get_text(q, 2);

		board.is_live = strcmp(query_get_text(q, 0), "live") == 0;
		board.paused_at = query_get_integer(q, 1);
		if (reason)
			board.paused_reason = arena_strdup(arena, reason);
		board.clock_held_at = query_get_integer(q, 3);
		board.clock_ahead = query_get_integer(q, 4);
		if (!query_is_null(q, 5))
			board.boot_id =
			    arena_strdup(arena, query_get_text(q, 5));
		board.clock_offset = query_get_integer(q, 6);
	}
	if (!query_done(q, err))
		return false;
	*ret = board;
	return true;
}

/* The end of a verb's own transaction: nothing of it stays unless all does. */
static bool end(struct db *db, bool good, struct err *err)
{
	if (good && db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}

/* Runs the change, then writes the event if there was one. */
static bool change(struct db *db, struct query *change, const char *kind,
		   const char *mode, const char *actor, const char *reason,
		   int64_t now, struct err *err)
{
	struct event event;
	int changes;

	if (!query_run(change, &changes, err))
		return false;
	if (changes == 0)
		return true;
	event_begin(&event, kind, now, actor);
	if (mode)
		event_text(&event, "mode", mode);
	if (reason)
		event_private(&event, "reason", reason);
	return event_end(&event, db, now, err);
}

bool board_pause(struct db *db, const char *actor, const char *reason,
		 int64_t now, struct err *err)
{
	if (!db_begin(db, err))
		return false;
	struct query *q = db_query(db, QUERY_BOARD_PAUSE);
	query_integer(q, 1, now);
	query_text(q, 2, reason);
	return end(db, change(db, q, "paused", NULL, actor, reason, now, err),
		   err);
}

static bool trust_clock(struct db *db, const char *actor, const char *why,
			int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_BOARD_TRUST_CLOCK);
	struct event event;
	int changes;

	if (!query_run(q, &changes, err))
		return false;
	if (changes == 0)
		return true;
	event_begin(&event, "clock-trusted", now, actor);
	event_text(&event, "why", why);
	return event_end(&event, db, now, err);
}

bool board_resume(struct db *db, const char *actor, int64_t now,
		  struct err *err)
{
	if (!db_begin(db, err))
		return false;
	struct query *q = db_query(db, QUERY_BOARD_RESUME);
	return end(db,
		   change(db, q, "resumed", NULL, actor, NULL, now, err) &&
		       trust_clock(db, actor, "resumed", now, err),
		   err);
}

bool board_hold_clock(struct db *db, int64_t ahead, int64_t now,
		      struct err *err)
{
	struct event event;

	if (!db_begin(db, err))
		return false;
	struct query *q = db_query(db, QUERY_BOARD_HOLD_CLOCK);
	query_integer(q, 1, now);
	query_integer(q, 2, ahead);
	if (!query_run(q, NULL, err))
		return end(db, false, err);
	event_begin(&event, "clock-jumped", now, "briefingd");
	event_integer(&event, "seconds", ahead);
	return end(db, event_end(&event, db, now, err), err);
}

bool board_trust_clock(struct db *db, const char *actor, const char *why,
		       int64_t now, struct err *err)
{
	if (!db_begin(db, err))
		return false;
	return end(db, trust_clock(db, actor, why, now, err), err);
}

bool board_note_clock(struct db *db, const char *boot_id, int64_t offset,
		      struct err *err)
{
	if (!db_begin(db, err))
		return false;
	struct query *q = db_query(db, QUERY_BOARD_NOTE_CLOCK);
	query_text(q, 1, boot_id);
	query_integer(q, 2, offset);
	return end(db, query_run(q, NULL, err), err);
}

bool board_set_live(struct db *db, bool is_live, const char *actor,
		    const char *reason, int64_t now, struct err *err)
{
	const char *mode = is_live ? "live" : "rehearsal";

	if (!db_begin(db, err))
		return false;
	struct query *q = db_query(db, QUERY_BOARD_SET_MODE);
	query_text(q, 1, mode);
	return end(db, change(db, q, "mode-set", mode, actor, reason, now, err),
		   err);
}

enum home { HOME_FAILED, HOME_NONE, HOME_SAME, HOME_OTHER };

static enum home compare_home(struct db *db, const char *home, struct err *err)
{
	enum home result = HOME_NONE;
	struct query *q = db_query(db, QUERY_BOARD_HOME);

	if (query_next(q) && !query_is_null(q, 0))
		result = strcmp(query_get_text(q, 0), home) == 0 ? HOME_SAME
								 : HOME_OTHER;
	return query_done(q, err) ? result : HOME_FAILED;
}

static bool set_home(struct db *db, const char *home, struct err *err)
{
	struct query *q = db_query(db, QUERY_BOARD_SET_HOME);

	query_text(q, 1, home);
	return query_run(q, NULL, err);
}

static bool pause_moved(struct db *db, int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_BOARD_PAUSE_MOVED);

	query_integer(q, 1, now);
	query_text(q, 2, MOVED_REASON);
	return change(db, q, "moved", NULL, "briefingd", NULL, now, err);
}

bool board_come_home(struct db *db, const char *home, int64_t now,
		     bool *ret_moved, struct err *err)
{
	if (!db_begin(db, err))
		return false;
	enum home before = compare_home(db, home, err);
	bool good = before != HOME_FAILED;
	if (good && before != HOME_SAME)
		good = set_home(db, home, err);
	if (good && before == HOME_OTHER)
		good = pause_moved(db, now, err);
	if (!end(db, good, err))
		return false;
	*ret_moved = before == HOME_OTHER;
	return true;
}

bool board_leave_home(struct db *copy, struct err *err)
{
	if (!db_begin(copy, err))
		return false;
	return end(copy, set_home(copy, "a backup", err), err);
}
