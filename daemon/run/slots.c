#include "run/slots.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/acknowledgement.h"
#include "core/checkpoint.h"
#include "core/copy.h"
#include "core/digest.h"
#include "core/escalation.h"
#include "core/forward.h"
#include "core/lead_week.h"
#include "core/ledger.h"
#include "core/outbox_mend.h"
#include "core/request.h"
#include "core/settings.h"
#include "run/daemon.h"
#include "run/erasures.h"
#include "run/jumps.h"
#include "run/rosters.h"
#include "run/sending.h"
#include "run/timer.h"
#include "tools/db.h"
#include "tools/zone.h"

#define LOOK_MS (30 * 1000) /* at most: the wall clock may jump */
#define BUSY_MS 20
#define AGAIN_MS (10 * 1000)
#define SLICE_MEMBERS 100
/* Within a turn that mails wait for: about as many as it sends. */
#define SLICE_MEMBERS_BESIDE 8
#define BESIDE_MS 10 /* so long after it planning by itself rests */
#define LOOK_MEMBERS 500
#define WINDOWS_AT_ONCE 500
#define LISTS_AT_ONCE 4
#define COPIES_AT_ONCE 100
#define FORWARDS_AT_ONCE 5  /* each may render a letter */
#define LEDGER_AT_ONCE 4096 /* events: some milliseconds */

#define PARTS 9

struct slots_run {
	struct daemon *daemon;
	struct timer *timer; /* all parts */
	struct timer *again; /* those that have more to do */
	bool has_more[PARTS];
	int64_t hashed_for, hashed_to; /* a request's copies, so far */
	bool is_broken[PARTS]; /* that part failed, and that was logged */
	struct outbox_mend mending;
	bool is_planning;     /* a digest is, after the last slice */
	int64_t beside_at_ms; /* since boot: the last slice within a turn */
	bool is_asked;        /* a checkpoint is wanted now */
	bool is_behind;       /* one is due, and the ledger not up to it yet */
};

/* what each part does within one transaction */
typedef bool part(struct slots_run *slots, const struct digest_context *context,
		  bool *ret_more, struct err *err);

static bool open_due(struct slots_run *slots,
		     const struct digest_context *context, bool *ret_more,
		     struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	int opened = 0;
	int64_t next_at = 0;

	*ret_more = false;
	/* paused: slots wait, and are run once, late */
	if (daemon->is_paused || daemon->is_held)
		return true;
	if (!digest_open_due(daemon->db, context, daemon->is_live, LOOK_MEMBERS,
			     ret_more, &opened, &next_at, err))
		return err_context(err, "opening slots");
	int64_t wait_ms = (next_at - context->now) * 1000;
	if (next_at > 0 && wait_ms < LOOK_MS)
		timer_set_sooner(slots->timer, wait_ms > 0 ? wait_ms : 1000);
	if (opened > 0)
		log_notice("slots opened digests=%d", opened);
	return true;
}

/* A checkpoint is made by keep_ledger, in this turn of the loop or a later one:
 * the request is answered there. */
static bool answer_asked(struct slots_run *slots,
			 const struct digest_context *context, int64_t size,
			 struct err *err)
{
	char answer[32];

	snprintf(answer, sizeof(answer), "size %" PRId64, size);
	return request_answer_all(slots->daemon->db, "checkpoint", answer,
				  context->now, err);
}

/* when today began in the board's zone */
static int64_t day_began(const struct digest_context *context)
{
	const struct zone *zone = context->settings->zone;
	struct civil now = zone_from_utc(zone, context->now);
	struct civil day = {
	    .year = now.year, .month = now.month, .day = now.day};

	return zone_to_utc(zone, &day);
}

/* The ledger takes up events by the tile, and all of them before a checkpoint,
 * which in turn comes before the letters that carry it. */
static bool keep_ledger(struct slots_run *slots,
			const struct digest_context *context, bool *ret_more,
			struct err *err)
{
	struct daemon *daemon = slots->daemon;
	int64_t size = 0, events = 0;
	bool is_due;

	slots->is_behind = false;
	if (daemon->is_held)
		return true;
	if (!checkpoint_is_due(daemon->db, day_began(context), &is_due, err) ||
	    !ledger_count(daemon->db, &size, &events, err))
		return err_context(err, "the ledger");
	is_due |= slots->is_asked;
	if (!is_due && events - size < LEDGER_TILE)
		return true;
	if (!ledger_append(daemon->db, LEDGER_AT_ONCE, ret_more, err))
		return false;
	slots->is_behind = is_due && *ret_more;
	if (!is_due || *ret_more)
		return true;
	if (!checkpoint_make(daemon->db, &daemon->signer, context->now, &size,
			     err))
		return err_context(err, "a checkpoint");
	slots->is_asked = false;
	log_info("checkpoint size=%" PRId64, size);
	return answer_asked(slots, context, size, err);
}

static bool plan_slice(struct slots_run *slots,
		       const struct digest_context *context, size_t members,
		       struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	int deliveries = 0;

	if (!digest_end_other_mode(daemon->db, daemon->is_live, context->now,
				   err) ||
	    !digest_plan_slice(daemon->db, context, members,
			       &slots->is_planning, &deliveries, err))
		return err_context(err, "planning a digest");
	if (deliveries > 0)
		sending_look(daemon->sending);
	return true;
}

static bool plan(struct slots_run *slots, const struct digest_context *context,
		 bool *ret_more, struct err *err)
{
	const struct daemon *daemon = slots->daemon;

	*ret_more = slots->is_behind;
	if (daemon->is_held || slots->is_behind)
		return true;
	if (!plan_slice(slots, context, SLICE_MEMBERS, err))
		return false;
	*ret_more = slots->is_planning;
	return true;
}

bool slots_plan_beside(struct slots_run *slots, int64_t now, struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	const struct digest_context context = {.settings = daemon->settings,
					       .templates = daemon->templates,
					       .now = now};

	if (!slots->is_planning || slots->is_behind || daemon->is_held ||
	    daemon->is_stopping || sending_is_idle(daemon->sending))
		return true;
	slots->beside_at_ms = clock_since_boot_ms();
	if (plan_slice(slots, &context, SLICE_MEMBERS_BESIDE, err))
		return true;
	/* what is wrong with it is found, and told, by itself */
	slots->is_planning = false;
	slots->beside_at_ms = 0;
	return false;
}

static bool is_planned_beside(const struct slots_run *slots)
{
	return slots->is_planning && !sending_is_idle(slots->daemon->sending) &&
	       clock_since_boot_ms() - slots->beside_at_ms < BESIDE_MS;
}

static bool close_windows(struct slots_run *slots,
			  const struct digest_context *context, bool *ret_more,
			  struct err *err)
{
	int count = 0;

	if (slots->daemon->is_held)
		return true;
	if (!acknowledgement_close_windows(slots->daemon->db, context->now,
					   WINDOWS_AT_ONCE, &count, ret_more,
					   err))
		return err_context(err, "closing windows");
	if (count > 0)
		log_info("windows closed unacknowledged=%d", count);
	return true;
}

static bool answer_forwards(struct slots_run *slots,
			    const struct digest_context *context,
			    bool *ret_more, struct err *err)
{
	const struct daemon *daemon = slots->daemon;

	/* what was asked live is not answered in a rehearsal, but after it */
	*ret_more = false;
	if (!daemon->is_live || daemon->is_held)
		return true;
	if (!forward_answer(daemon->db, context, FORWARDS_AT_ONCE, ret_more,
			    err))
		return false;
	sending_look(daemon->sending);
	return true;
}

static bool tell_leads(struct slots_run *slots,
		       const struct digest_context *context, bool *ret_more,
		       struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	int told = 0;

	if (daemon->is_paused || daemon->is_held)
		return true;
	if (!lead_week_tell_due(daemon->db, context, LISTS_AT_ONCE, ret_more,
				&told, err))
		return err_context(err, "telling leads of their week");
	if (told > 0) {
		log_info("leads told of their week=%d", told);
		sending_look(daemon->sending);
	}
	return true;
}

static bool escalate(struct slots_run *slots,
		     const struct digest_context *context, bool *ret_more,
		     struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	int count = 0;

	if (daemon->is_paused || daemon->is_held || !daemon->is_live)
		return true;
	if (!escalation_run(daemon->db, context, &count, ret_more, err))
		return err_context(err, "telling what is overdue");
	if (count > 0) {
		log_notice("overdue told mails=%d", count);
		sending_look(daemon->sending);
	}
	return true;
}

static bool mend(struct slots_run *slots, const struct digest_context *context,
		 bool *ret_more, struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	int count = 0;

	if (slots->mending.is_done || daemon->is_held)
		return true;
	if (!outbox_mend_slice(daemon->db, &slots->mending,
			       context->settings->retry_most_seconds,
			       context->now, &count, err)) {
		slots->mending = (struct outbox_mend){0};
		return err_context(err, "mending what is due");
	}
	*ret_more = !slots->mending.is_done;
	if (count > 0) {
		log_notice("a clock was ahead: due again deliveries=%d", count);
		sending_look(daemon->sending);
	}
	return true;
}

/* A slot by hand. */
static bool run_list(const struct slots_run *slots,
		     const struct digest_context *context,
		     const struct request *request, char *ret_answer,
		     size_t size, struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	int64_t digest_id = 0;
	struct err refused = {0};

	if (daemon->is_held) {
		snprintf(ret_answer, size,
			 "the clock jumped: see \"briefingctl status\"");
		return true;
	}
	if (digest_open_now(daemon->db, context, request->argument,
			    daemon->is_live, request->actor, &digest_id,
			    &refused)) {
		snprintf(ret_answer, size, "digest %" PRId64, digest_id);
	} else if (refused.kind == ERR_GONE) {
		snprintf(ret_answer, size, "no such list");
	} else {
		if (err)
			*err = refused;
		return false;
	}
	log_notice("run list=%s digest=%" PRId64, request->argument, digest_id);
	return true;
}

/* For an inspection pack: it takes its time, beside all else. */
static bool hash_copies(struct slots_run *slots,
			const struct digest_context *context,
			const struct request *request, bool *ret_more,
			struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	bool more = false;

	/* one after the other, each from the beginning */
	if (slots->hashed_for != 0 && slots->hashed_for != request->id) {
		*ret_more = true;
		return true;
	}
	if (slots->hashed_for == 0)
		slots->hashed_to = 0;
	slots->hashed_for = request->id;
	if (!copy_hash(daemon->db, context->settings, &daemon->keys,
		       request->argument, COPIES_AT_ONCE, &slots->hashed_to,
		       &more, err))
		return false;
	*ret_more |= more;
	if (!more)
		slots->hashed_for = 0;
	return more || request_answer(daemon->db, request->id, "hashed",
				      context->now, err);
}

static bool run_one(struct slots_run *slots,
		    const struct digest_context *context,
		    const struct request *request, bool *ret_more,
		    struct err *err)
{
	const struct daemon *daemon = slots->daemon;
	char answer[64] = "reloaded";

	if (strcmp(request->verb, "run") == 0) {
		if (!run_list(slots, context, request, answer, sizeof(answer),
			      err))
			return false;
	} else if (strcmp(request->verb, "checkpoint") == 0) {
		slots->is_asked = true;
		return true;
	} else if (strcmp(request->verb, "copies") == 0) {
		return hash_copies(slots, context, request, ret_more, err);
	} else if (erasures_take(daemon->erasures, request)) {
		return true;
	} else {
		rosters_look(daemon->rosters, true);
	}
	return request_answer(daemon->db, request->id, answer, context->now,
			      err);
}

static bool run_requests(struct slots_run *slots,
			 const struct digest_context *context, bool *ret_more,
			 struct err *err)
{
	struct arena *arena = arena_new();
	struct request *requests;
	size_t count = 0;

	*ret_more = false;
	bool good =
	    request_load_open(slots->daemon->db, arena, &requests, &count, err);
	for (size_t i = 0; good && i < count; i++)
		good = run_one(slots, context, &requests[i], ret_more, err);
	arena_free(arena);
	return good ? true : err_context(err, "running a request");
}

/* one digest that can't be planned holds up no other */
static void postpone(const struct daemon *daemon, int64_t now)
{
	if (!db_begin(daemon->db, NULL) ||
	    !digest_postpone(daemon->db, now, NULL) ||
	    !db_commit(daemon->db, NULL))
		db_rollback(daemon->db);
}

/* one part as one transaction; what kept it from being done */
static enum err_kind run_part(struct slots_run *slots, part *work,
			      bool *is_broken, bool *ret_more)
{
	struct daemon *daemon = slots->daemon;
	const struct digest_context context = {.settings = daemon->settings,
					       .templates = daemon->templates,
					       .now = jumps_now(daemon->jumps)};
	struct err err = {0};
	bool more = false;

	/* a slice that a power cut takes back is planned again, the same: what
	 * is claimed of it is durable with its claim */
	bool has_begun = work == plan ? db_begin_lazily(daemon->db, &err)
				      : db_begin(daemon->db, &err);
	if (has_begun)
		daemon_look_at_board(daemon);
	if (has_begun && work(slots, &context, &more, &err) &&
	    db_commit(daemon->db, &err)) {
		*ret_more = more;
		*is_broken = false;
		return ERR_NONE;
	}
	db_rollback(daemon->db);
	slots->hashed_for = 0; /* what was hashed just now was not */
	if (err.kind == ERR_BUSY)
		return ERR_BUSY;
	if (!*is_broken)
		log_error("%s", err.text);
	*is_broken = true;
	if (work == plan)
		postpone(daemon, context.now);
	return err.kind;
}

/* The parts that have more to do. */
static void go_on(void *context)
{
	static part *const parts[PARTS] = {
	    run_requests,    mend,       open_due,
	    keep_ledger,     plan,       close_windows,
	    answer_forwards, tell_leads, escalate};
	struct slots_run *slots = context;
	bool any = false, rests = false;

	if (slots->daemon->is_stopping)
		return;
	for (size_t i = 0; i < PARTS; i++) {
		if (!slots->has_more[i])
			continue;
		if (parts[i] == plan && is_planned_beside(slots)) {
			rests = true;
			continue;
		}
		slots->has_more[i] = false;
		enum err_kind kind = run_part(
		    slots, parts[i], &slots->is_broken[i], &slots->has_more[i]);
		any = any || slots->has_more[i];

		/* what is wrong with one part keeps no other waiting */
		if (kind != ERR_NONE)
			timer_set_sooner(slots->timer,
					 kind == ERR_BUSY ? BUSY_MS : AGAIN_MS);
		if (kind == ERR_BUSY)
			return;
	}
	if (any)
		timer_set(slots->again, 0);
	else if (rests)
		timer_set(slots->again, BESIDE_MS);
}

static void work(void *context)
{
	struct slots_run *slots = context;

	timer_set(slots->timer, LOOK_MS);
	for (size_t i = 0; i < PARTS; i++)
		slots->has_more[i] = true;
	go_on(slots);
}

struct slots_run *slots_open(struct daemon *daemon)
{
	struct slots_run *slots = xcalloc(1, sizeof(*slots));

	slots->daemon = daemon;
	/* at the start, too: the key may be another one */
	slots->is_asked = true;
	slots->timer = timer_new(daemon->loop, work, slots);
	slots->again = timer_new(daemon->loop, go_on, slots);
	timer_set(slots->timer, 0);
	return slots;
}

void slots_close(struct slots_run *slots)
{
	if (!slots)
		return;
	timer_free(slots->timer);
	timer_free(slots->again);
	free(slots);
}

void slots_mend(struct slots_run *slots)
{
	if (!slots)
		return;
	slots->mending = (struct outbox_mend){0};
	slots_look(slots);
}

void slots_look(struct slots_run *slots)
{
	timer_set_sooner(slots->timer, 0);
}
