#include "core/retention.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/erase.h"
#include "core/event.h"
#include "core/public_id.h"
#include "core/settings.h"
#include "tools/db.h"

#define DAY_SECONDS INT64_C(86400)
#define PEOPLE_AT_ONCE 1000
#define IDS_AT_ONCE 1000
#define SCANS_AT_ONCE 1 /* of up to some megabytes, overwritten */

enum stage {
	STAGE_BEGIN,
	STAGE_PEOPLE,
	STAGE_ATTEMPTS,
	STAGE_RETURNED,
	STAGE_LETTERS,
	STAGE_SCANS,
	STAGE_TEXTS, /* last: of who is erased, and of letters that are gone */
	STAGE_END,
};

struct retention {
	struct retention_order order;
	const struct settings *settings; /* of this step */
	char *actor;
	enum stage stage;
	int64_t cursor, last[STAGE_END];
	struct erase_work *work; /* of one person; NULL: look for the next */
	struct retention_counts went;
};

/* what is older than days is older than that; nothing is where they are 0 */
static int64_t before(const struct retention_order *order, int64_t days)
{
	return days > 0 ? order->now - days * DAY_SECONDS : 0;
}

struct retention *retention_new(const struct retention_order *order)
{
	struct retention *run = xcalloc(1, sizeof(*run));

	run->order = *order;
	run->actor = xstrdup(order->actor);
	run->order.actor = run->actor;
	return run;
}

void retention_free(struct retention *run)
{
	if (!run)
		return;
	erase_free(run->work);
	free(run->actor);
	free(run);
}

const struct retention_counts *retention_went(const struct retention *run)
{
	return &run->went;
}

static bool load_last(struct db *db, struct retention *run, struct err *err)
{
	struct query *q = db_query(db, QUERY_RETENTION_LAST);

	if (query_next(q))
		for (int i = STAGE_PEOPLE; i <= STAGE_TEXTS; i++)
			run->last[i] = query_get_integer(q, i - STAGE_PEOPLE);
	return query_done(q, err);
}

/* --- people */

/* "" when there is none in reach */
static bool find_leaver(struct db *db, struct retention *run,
			char ret_id[PUBLIC_ID_SIZE], struct err *err)
{
	const struct settings *settings = run->settings;
	int64_t to = run->cursor + PEOPLE_AT_ONCE;
	struct query *q = db_query(db, QUERY_RETENTION_LEAVER);

	*ret_id = '\0';
	query_integer(q, 1, run->cursor);
	query_integer(q, 2, to);
	query_integer(q, 3,
		      before(&run->order, settings->retention_leavers_days));
	run->cursor = to;
	if (query_next(q)) {
		run->cursor = query_get_integer(q, 0);
		snprintf(ret_id, PUBLIC_ID_SIZE, "%s", query_get_text(q, 1));
	}
	return query_done(q, err);
}

static void end_person(struct retention *run)
{
	erase_free(run->work);
	run->work = NULL;
}

/* Who is being mailed at this moment is for the next run. */
static bool step_person(struct db *db, struct retention *run, struct err *err)
{
	const struct erase_order order = {
	    .settings = run->settings,
	    .keys = run->order.keys,
	    .actor = run->order.actor,
	    .how = "retention",
	    .is_own_only = true,
	    .now = run->order.now,
	};
	enum erase_state state;

	if (!erase_step(db, run->work, &order, &state, err))
		return false;
	run->went.people += state == ERASE_DONE;
	if (state != ERASE_WORKING)
		end_person(run);
	return true;
}

static bool step_people(struct db *db, struct retention *run, struct err *err)
{
	char public_id[PUBLIC_ID_SIZE];

	if (run->work)
		return step_person(db, run, err);
	if (!find_leaver(db, run, public_id, err))
		return false;
	if (!*public_id)
		return true;
	run->work = erase_begin(db, public_id, err);
	return run->work != NULL;
}

/* --- what is walked over */

static bool step_walk(struct db *db, struct retention *run, struct err *err)
{
	const struct settings *settings = run->settings;
	const struct {
		enum query_id query;
		int64_t days, *count;
	} walks[] = {
	    [STAGE_ATTEMPTS] = {QUERY_RETENTION_ATTEMPTS,
				settings->retention_mails_days,
				&run->went.mails},
	    [STAGE_RETURNED] = {QUERY_RETENTION_RETURNED,
				settings->retention_mails_days,
				&run->went.mails},
	    [STAGE_LETTERS] = {QUERY_RETENTION_LETTERS,
			       settings->retention_mails_days,
			       &run->went.mails},
	    [STAGE_SCANS] = {QUERY_RETENTION_SCANS,
			     settings->retention_scans_days, &run->went.scans},
	    [STAGE_TEXTS] = {QUERY_RETENTION_TEXTS,
			     settings->retention_texts_days, &run->went.texts},
	};
	struct query *q = db_query(db, walks[run->stage].query);
	int64_t to = run->cursor +
		     (run->stage == STAGE_SCANS ? SCANS_AT_ONCE : IDS_AT_ONCE);
	int changes;

	query_integer(q, 1, run->cursor);
	query_integer(q, 2, to);
	query_integer(q, 3, before(&run->order, walks[run->stage].days));
	if (!query_run(q, &changes, err))
		return false;
	*walks[run->stage].count += changes;
	run->cursor = to;
	return true;
}

static bool add_event(struct db *db, const struct retention *run,
		      struct err *err)
{
	struct event event;

	event_begin(&event, "retention-run", run->order.now, run->order.actor);
	event_integer(&event, "people", run->went.people);
	event_integer(&event, "texts", run->went.texts);
	event_integer(&event, "mails", run->went.mails);
	event_integer(&event, "scans", run->went.scans);
	return event_end(&event, db, run->order.now, err);
}

static bool step(struct db *db, struct retention *run, struct err *err)
{
	bool good = run->stage == STAGE_BEGIN    ? load_last(db, run, err)
		    : run->stage == STAGE_PEOPLE ? step_people(db, run, err)
						 : step_walk(db, run, err);
	bool is_over = run->stage == STAGE_BEGIN ||
		       (!run->work && run->cursor >= run->last[run->stage]);

	if (good && is_over) {
		run->stage++;
		run->cursor = 0;
	}
	return good;
}

bool retention_step(struct db *db, struct retention *run,
		    const struct settings *settings, bool is_asked,
		    bool *ret_is_done, struct err *err)
{
	const struct retention_counts *went = &run->went;
	bool has_any =
	    went->people || went->texts || went->mails || went->scans;

	assert(db_is_in_transaction(db));
	run->settings = settings;
	*ret_is_done = run->stage == STAGE_END;
	if (run->stage < STAGE_END)
		return step(db, run, err) || err_context(err, "retention");
	return (!has_any && !is_asked) || add_event(db, run, err);
}

/* --- beforehand */

bool retention_count(struct db *db, const struct settings *settings,
		     int64_t now, struct retention_counts *ret, struct err *err)
{
	const struct retention_order order = {.now = now};
	struct query *q = db_query(db, QUERY_RETENTION_LEAVERS);

	*ret = (struct retention_counts){0};
	query_integer(q, 1, before(&order, settings->retention_leavers_days));
	if (query_next(q))
		ret->people = query_get_integer(q, 0);
	if (!query_done(q, err))
		return false;
	q = db_query(db, QUERY_RETENTION_COUNTS);
	query_integer(q, 1, before(&order, settings->retention_texts_days));
	query_integer(q, 2, before(&order, settings->retention_mails_days));
	query_integer(q, 3, before(&order, settings->retention_scans_days));
	if (query_next(q)) {
		ret->texts = query_get_integer(q, 0);
		ret->mails = query_get_integer(q, 1);
		ret->scans = query_get_integer(q, 2);
	}
	return query_done(q, err);
}
