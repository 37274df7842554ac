#include "core/leaving.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "core/digest.h"
#include "core/leaving_notice.h"
#include "core/roster_member.h"
#include "tools/db.h"
#include "tools/zone.h"

#define DAY_SECONDS INT64_C(86400)

/* --- loading */

static const char *copy(struct query *q, int column, struct arena *arena)
{
	return arena_strdup(arena, query_get_text(q, column));
}

static struct leaving *read_leaving(struct query *q, struct arena *arena)
{
	struct leaving *leaving = arena_alloc(arena, sizeof(*leaving));

	*leaving = (struct leaving){
	    .list_id = query_get_integer(q, 0),
	    .list_name = copy(q, 1, arena),
	    .list_title = copy(q, 2, arena),
	    .lead = copy(q, 3, arena),
	    .lead_address = copy(q, 4, arena),
	    .is_mandatory = query_get_integer(q, 5) != 0,
	    .is_rehearsal = strcmp(query_get_text(q, 6), "rehearsal") == 0,
	    .person_id = query_get_integer(q, 7),
	    .public_id = copy(q, 8, arena),
	    .address = copy(q, 9, arena),
	    .name = copy(q, 10, arena),
	    .accepted_at = query_get_integer(q, 11),
	    .status = copy(q, 12, arena),
	    .until_at = query_get_integer(q, 13),
	    .said_today = query_get_integer(q, 14),
	    .is_erased = query_get_integer(q, 15) != 0,
	};
	leaving->is_member = strcmp(leaving->status, "active") == 0 ||
			     strcmp(leaving->status, "on-leave") == 0;
	return leaving;
}

bool leaving_load(struct db *db, int64_t delivery_id, int64_t now,
		  struct arena *arena, struct leaving **ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_LEAVING_LOAD);
	struct leaving *leaving = NULL;

	query_integer(q, 1, delivery_id);
	query_integer(q, 2, now);
	if (query_next(q)) {
		leaving = read_leaving(q, arena);
		leaving->delivery_id = delivery_id;
	}
	if (!query_done(q, err))
		return err_context(err, "delivery %lld",
				   (long long)delivery_id);
	*ret = leaving;
	return true;
}

/* --- what they say */

/* As browsers post it, or as people write it where the field is plain text. */
static bool parse_day(const char *text, struct civil *ret)
{
	int day, month, year, size = 0;
	char date[CIVIL_DATE_SIZE];

	if (civil_parse_date(text, ret))
		return true;
	if (sscanf(text, "%2d%*1[/. ]%2d%*1[/. ]%4d%n", &day, &month, &year,
		   &size) != 3 ||
	    text[size] != '\0' || year < 1000 || day < 1 || month < 1)
		return false;
	*ret = (struct civil){.year = year, .month = month, .day = day};
	civil_format_date(ret, date);
	return civil_parse_date(date, ret);
}

static bool parse_until(const char *until, const struct zone *zone, int64_t now,
			int64_t *ret, const char **ret_why)
{
	char text[CIVIL_DATE_SIZE + 8];
	struct civil day, next;

	*ret_why = "Say until when: the last day of your leave, such as "
		   "24/12/2026";
	if (text_is_empty(until) || strlen(until) >= sizeof(text))
		return false;
	strcpy(text, until);
	if (!parse_day(text_trim(text), &day))
		return false;
	next = civil_from_days(civil_days(day.year, day.month, day.day) + 1);
	*ret = zone_to_utc(zone, &next);
	if (*ret <= now)
		*ret_why = "The last day of your leave is already over";
	else if (*ret - now > LEAVING_MAX_DAYS * DAY_SECONDS)
		*ret_why = "That is more than three years from now: please "
			   "choose ‘I have left’ instead";
	else
		return true;
	return false;
}

bool leaving_parse(const char *word, const char *until, const struct zone *zone,
		   int64_t now, struct leaving_said *ret, const char **ret_why)
{
	static const char *const words[] = {"not-for-me", "left", "on-leave"};
	int64_t until_at = 0;

	for (size_t i = 0; word && i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		if (strcmp(word, "on-leave") == 0 &&
		    !parse_until(until, zone, now, &until_at, ret_why))
			return false;
		*ret = (struct leaving_said){words[i], until_at};
		return true;
	}
	*ret_why = "Choose which of them it is";
	return false;
}

bool leaving_may_say(const struct leaving *leaving,
		     const struct leaving_said *said)
{
	return strcmp(said->status, "on-leave") != 0 ||
	       leaving->said_today < LEAVING_A_DAY;
}

/* --- recording */

static bool record(struct db *db, const struct digest_context *context,
		   const struct leaving *leaving,
		   const struct leaving_said *said, struct arena *arena,
		   bool *ret_is_new, struct err *err)
{
	struct roster_change change = {
	    .db = db,
	    .list_id = leaving->list_id,
	    .list_name = leaving->list_name,
	    .now = context->now,
	};

	if (!roster_member_say(&change, leaving->person_id, said->status,
			       said->until_at, NULL, ret_is_new, err))
		return false;
	return !*ret_is_new || leaving_notice_queue(db, context, leaving, said,
						    &change, arena, err);
}

bool leaving_record(struct db *db, const struct digest_context *context,
		    int64_t delivery_id, const struct leaving_said *said,
		    bool *ret_is_new, struct err *err)
{
	struct arena *arena = arena_new();
	struct leaving *leaving;
	bool good;

	assert(db_is_in_transaction(db));
	*ret_is_new = false;
	good =
	    leaving_load(db, delivery_id, context->now, arena, &leaving, err);
	/* the mode may have changed since the button was pressed */
	if (good && leaving && !leaving->is_rehearsal && !leaving->is_erased &&
	    leaving_may_say(leaving, said))
		good =
		    record(db, context, leaving, said, arena, ret_is_new, err);
	arena_free(arena);
	return good || err_context(err, "what delivery %lld says of its list",
				   (long long)delivery_id);
}
