#include "core/team_session.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/event.h"
#include "core/settings.h"
#include "tools/db.h"
#include "tools/zone.h"

/* --- what can be --- */

static bool list_agencies(struct db *db, struct buf *out, struct err *err)
{
	struct query *q = db_query(db, QUERY_TEAM_SESSION_AGENCIES);

	while (query_next(q))
		buf_addf(out, "%s\"%s\"", out->size ? ", " : "",
			 query_get_text(q, 0));
	return query_done(q, err);
}

static bool check_agency(struct db *db, const char *agency, struct err *err)
{
	struct query *q = db_query(db, QUERY_TEAM_SESSION_AGENCY);
	struct buf known;

	query_text(q, 1, agency);
	bool found = query_next(q);
	if (!query_done(q, err) || found)
		return found;
	buf_init(&known, ERR_TEXT_SIZE / 2);
	if (list_agencies(db, &known, err))
		err_set(err, ERR_INPUT,
			"no list is of an agency \"%s\"; there are %s", agency,
			known.size ? known.data : "none yet");
	buf_done(&known);
	return false;
}

static bool check_text(const char *what, const char *text, struct err *err)
{
	size_t size = strlen(text);

	if (size > TEAM_SESSION_TEXT_MAX)
		return err_set(err, ERR_INPUT,
			       "the %s has %zu bytes, and may "
			       "have %d",
			       what, size, TEAM_SESSION_TEXT_MAX);
	if (!text_is_utf8(text, size, NULL))
		return err_set(err, ERR_INPUT, "the %s is not UTF-8", what);
	return true;
}

static bool check_heads(const struct team_session_wish *wish, struct err *err)
{
	if (wish->head_count < 1 || wish->head_count > TEAM_SESSION_HEADS_MAX)
		return err_set(err, ERR_INPUT,
			       "%" PRId64 " heads: 1 to %d can be counted",
			       wish->head_count, TEAM_SESSION_HEADS_MAX);
	if (wish->reached < 1 || wish->reached > wish->head_count)
		return err_set(err, ERR_INPUT,
			       "%" PRId64 " people reached of %" PRId64
			       ": at least 1, and not more than there are",
			       wish->reached, wish->head_count);
	if (!*wish->setting)
		return err_set(err, ERR_INPUT,
			       "in which setting? \"team meeting\", say");
	return check_text("setting", wish->setting, err) &&
	       check_text("note", wish->note ? wish->note : "", err);
}

/* the date as a time, and the day of a time as a date, in the board's zone */
static int64_t day_at(const struct settings *settings, int64_t at)
{
	struct civil day = zone_from_utc(settings->zone, at);

	day.hour = day.minute = day.second = 0;
	return zone_to_utc(settings->zone, &day);
}

static bool check_date(const struct settings *settings, const char *held_on,
		       const struct briefing_version *version, int64_t now,
		       int64_t *ret_at, struct err *err)
{
	struct civil day, taken;
	char date[CIVIL_DATE_SIZE];

	if (!civil_parse_date(held_on, &day))
		return err_set(err, ERR_INPUT,
			       "\"%s\" is no date: write it as 2026-11-19",
			       held_on);
	*ret_at = zone_to_utc(settings->zone, &day);
	if (*ret_at > now)
		return err_set(err, ERR_INPUT, "%s is still to come", held_on);
	if (*ret_at >= day_at(settings, version->taken_at))
		return true;
	taken = zone_from_utc(settings->zone, version->taken_at);
	civil_format_date(&taken, date);
	return err_set(err, ERR_INPUT,
		       "%s is before %s, version %d, was taken in, on %s",
		       held_on, version->ref, version->number, date);
}

static bool check_new(struct db *db, const struct team_session_wish *wish,
		      int64_t version_id, int64_t held_at, struct err *err)
{
	struct query *q = db_query(db, QUERY_TEAM_SESSION_LIKE);
	int64_t id = 0;

	query_integer(q, 1, version_id);
	query_text(q, 2, wish->agency);
	query_integer(q, 3, held_at);
	query_integer(q, 4, wish->reached);
	query_integer(q, 5, wish->head_count);
	if (query_next(q))
		id = query_get_integer(q, 0);
	if (!query_done(q, err))
		return false;
	return id == 0 ||
	       err_set(err, ERR_INPUT,
		       "session %" PRId64 " says the very same; was it "
		       "another one, say so in the counts",
		       id);
}

/* --- recorded --- */

static bool add(struct db *db, const struct team_session_wish *wish,
		const struct briefing_version *version, int64_t held_at,
		const char *actor, int64_t now, int64_t *ret_id,
		struct err *err)
{
	struct event event;

	event_begin(&event, "team-session-recorded", held_at, actor);
	event_text(&event, "agency", wish->agency);
	event_text(&event, "ref", version->ref);
	event_integer(&event, "version", version->number);
	event_integer(&event, "reached", wish->reached);
	event_integer(&event, "head_count", wish->head_count);
	event_private(&event, "setting", wish->setting);
	if (wish->note && *wish->note)
		event_private(&event, "note", wish->note);
	if (!event_end(&event, db, now, err))
		return false;
	struct query *q = db_query(db, QUERY_TEAM_SESSION_ADD);
	query_integer(q, 1, version->id);
	query_text(q, 2, wish->agency);
	query_integer(q, 3, held_at);
	query_integer(q, 4, wish->reached);
	query_integer(q, 5, wish->head_count);
	query_integer(q, 6, now);
	query_integer(q, 7, event.id);
	if (!query_run(q, NULL, err))
		return false;
	*ret_id = db_last_id(db);
	return true;
}

static bool record(struct db *db, const struct settings *settings,
		   const struct team_session_wish *wish, const char *actor,
		   int64_t now, struct arena *arena, int64_t *ret_id,
		   struct err *err)
{
	struct briefing_version *version;
	int64_t held_at = 0;

	if (!briefing_load_ref(db, wish->ref, arena, &version, err))
		return false;
	if (!version)
		return err_set(err, ERR_GONE,
			       "no briefing %s; see \"briefingctl "
			       "briefing list\"",
			       wish->ref);
	return check_agency(db, wish->agency, err) && check_heads(wish, err) &&
	       check_date(settings, wish->held_on, version, now, &held_at,
			  err) &&
	       check_new(db, wish, version->id, held_at, err) &&
	       add(db, wish, version, held_at, actor, now, ret_id, err);
}

bool team_session_record(struct db *db, const struct settings *settings,
			 const struct team_session_wish *wish,
			 const char *actor, int64_t now, int64_t *ret_id,
			 struct err *err)
{
	struct arena *arena = arena_new();

	assert(db_is_in_transaction(db));
	bool good = record(db, settings, wish, actor, now, arena, ret_id, err);
	arena_free(arena);
	return good;
}

/* --- shown --- */

static void read_row(struct query *q, struct arena *arena,
		     struct team_session *ret)
{
	*ret = (struct team_session){
	    .id = query_get_integer(q, 0),
	    .ref = arena_strdup(arena, query_get_text(q, 1)),
	    .version = (int)query_get_integer(q, 2),
	    .agency = arena_strdup(arena, query_get_text(q, 3)),
	    .held_at = query_get_integer(q, 4),
	    .reached = query_get_integer(q, 5),
	    .head_count = query_get_integer(q, 6),
	    .recorded_at = query_get_integer(q, 7),
	    .event_id = query_get_integer(q, 8),
	    .undone_at = query_get_integer(q, 9),
	    .setting = arena_strdup(arena, query_get_text(q, 10)),
	    .note = arena_strdup(arena, query_get_text(q, 11)),
	    .undone_reason = arena_strdup(arena, query_get_text(q, 12)),
	    .recorded_by = arena_strdup(arena, query_get_text(q, 13)),
	};
}

static bool load(struct db *db, const char *ref, const char *agency, int64_t id,
		 struct arena *arena, struct team_session **ret,
		 size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_TEAM_SESSION_LOAD);
	struct team_session *list = NULL;
	size_t count = 0, room = 0;

	query_text(q, 1, ref);
	query_text(q, 2, agency);
	query_integer(q, 3, id);
	while (query_next(q)) {
		if (count == room) {
			struct team_session *more;

			room = room ? room * 2 : 16;
			more = arena_allocarray(arena, room, sizeof(*more));
			if (count)
				memcpy(more, list, count * sizeof(*more));
			list = more;
		}
		read_row(q, arena, &list[count++]);
	}
	*ret = list;
	*ret_count = count;
	return query_done(q, err);
}

bool team_session_load(struct db *db, const char *ref, const char *agency,
		       struct arena *arena, struct team_session **ret,
		       size_t *ret_count, struct err *err)
{
	return load(db, ref, agency, 0, arena, ret, ret_count, err);
}

/* --- undone --- */

static bool undo(struct db *db, int64_t id, const char *reason,
		 const char *actor, int64_t now, struct arena *arena,
		 struct err *err)
{
	struct team_session *session;
	struct event event;
	size_t count;
	int changes;

	if (!check_text("reason", reason, err) ||
	    !load(db, NULL, NULL, id, arena, &session, &count, err))
		return false;
	if (count == 0)
		return err_set(err, ERR_GONE,
			       "no session %" PRId64
			       "; see \"briefingctl session list\"",
			       id);
	if (session->undone_at)
		return err_set(err, ERR_INPUT,
			       "session %" PRId64 " was undone before", id);
	event_begin(&event, "team-session-undone", now, actor);
	event_text(&event, "agency", session->agency);
	event_text(&event, "ref", session->ref);
	event_integer(&event, "session", session->event_id);
	event_private(&event, "reason", reason);
	if (!event_end(&event, db, now, err))
		return false;
	struct query *q = db_query(db, QUERY_TEAM_SESSION_UNDO);
	query_integer(q, 1, id);
	query_integer(q, 2, now);
	query_integer(q, 3, event.id);
	if (!query_run(q, &changes, err))
		return false;
	return changes == 1 ||
	       err_set(err, ERR_BUSY, "session %" PRId64 " changed", id);
}

bool team_session_undo(struct db *db, int64_t id, const char *reason,
		       const char *actor, int64_t now, struct err *err)
{
	struct arena *arena = arena_new();

	assert(db_is_in_transaction(db));
	bool good = undo(db, id, reason, actor, now, arena, err);
	arena_free(arena);
	return good;
}
