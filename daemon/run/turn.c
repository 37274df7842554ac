#include "run/turn.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/daemon.h"
#include "run/jumps.h"
#include "run/sending.h"
#include "run/serving.h"
#include "run/slots.h"
#include "run/timer.h"
#include "tools/db.h"

#define RETRY_BUSY_MS 10
#define RETRY_BROKEN_MS 1000

struct turn_run {
	struct daemon *daemon;
	struct timer *timer;
	bool is_broken; /* the last commit failed, and that was logged */
};

/* settle, acknowledge, claim: false leaves the transaction to be rolled back */
static bool turn_fill(struct daemon *daemon, int64_t now, struct err *err)
{
	daemon_look_at_board(daemon);
	if (!sending_settle(daemon->sending, now, err))
		return err_context(err, "recording what became of mails");
	if (!serving_record(daemon->serving, now, err))
		return err_context(err, "recording acknowledgements");
	if (!sending_claim(daemon->sending, now, err))
		return err_context(err, "claiming mails");
	return true;
}

/* A digest that can't be planned keeps no verdict from being recorded. */
static bool turn_plan(struct daemon *daemon, int64_t now, struct err *err)
{
	struct err why = {0};

	return slots_plan_beside(daemon->slots, now, &why) ||
	       err_set(err, ERR_BUSY, "not with a slice: %s", why.text);
}

static bool turn_commit(struct daemon *daemon, int64_t now, struct err *err)
{
	if (!db_begin(daemon->db, err))
		return false;
	if (turn_fill(daemon, now, err) && turn_plan(daemon, now, err) &&
	    db_commit(daemon->db, err))
		return true;
	db_rollback(daemon->db);
	return false;
}

static void turn_failed(struct turn_run *turn, int64_t now,
			const struct err *err)
{
	sending_forget_claims(turn->daemon->sending);
	if (err->kind == ERR_BUSY) {
		/* someone else holds the lock: pages wait up to 10 s */
		serving_expire(turn->daemon->serving, now);
		timer_set(turn->timer, RETRY_BUSY_MS);
		return;
	}
	if (!turn->is_broken)
		log_error("store can't commit, sending stops until it can: %s",
			  err->text);
	turn->is_broken = true;
	serving_answer(turn->daemon->serving, false, now);
	timer_set(turn->timer, RETRY_BROKEN_MS);
}

static bool has_work(const struct daemon *daemon)
{
	return sending_has_work(daemon->sending) ||
	       serving_has_pending(daemon->serving);
}

void turn_now(struct turn_run *turn)
{
	struct daemon *daemon = turn->daemon;
	struct err err = {0};
	int64_t now = jumps_now(daemon->jumps);

	sending_collect(daemon->sending);
	if (!has_work(daemon))
		return;
	if (!turn_commit(daemon, now, &err)) {
		turn_failed(turn, now, &err);
		return;
	}
	if (turn->is_broken)
		log_notice("store commits again");
	turn->is_broken = false;
	serving_answer(daemon->serving, true, now);
	sending_act(daemon->sending);
	if (sending_has_work(daemon->sending))
		timer_set(turn->timer, 0);
}

static void turn_work(void *context)
{
	turn_now(context);
}

struct turn_run *turn_open(struct daemon *daemon)
{
	struct turn_run *turn = xcalloc(1, sizeof(*turn));

	turn->daemon = daemon;
	turn->timer = timer_new(daemon->loop, turn_work, turn);
	return turn;
}

void turn_close(struct turn_run *turn)
{
	if (!turn)
		return;
	timer_free(turn->timer);
	free(turn);
}

void turn_wake(struct turn_run *turn)
{
	/* not sooner than the retry of a store that is broken */
	if (!turn->is_broken)
		timer_set_sooner(turn->timer, 0);
}
