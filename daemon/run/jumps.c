#include "run/jumps.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-id128.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/board.h"
#include "core/jump.h"
#include "run/daemon.h"
#include "run/slots.h"
#include "run/timer.h"

#define BUSY_MS 20
#define BROKEN_MS 1000
#define NOTE_SECONDS 60 /* so far NTP may pull the clock before it is noted */

struct jumps_run {
	struct daemon *daemon;
	struct timer *timer; /* tells the store */
	struct jump jump;
	char boot_id[SD_ID128_STRING_MAX];
	int64_t noted_offset;
	/* what the board's row says, and what it shall say */
	bool is_told, is_noted;
	const char *why; /* it is trusted again */
};

static int64_t offset_now(int64_t *ret_now)
{
	*ret_now = clock_now();
	return *ret_now - clock_since_boot();
}

/* ---------------------------------------------------------- the board's row */

/* one thing a time; false: there is none, or err says why it failed */
static bool tell_one(struct jumps_run *jumps, struct err *err)
{
	struct db *db = jumps->daemon->db;
	bool is_held = jumps->jump.ahead > 0;

	if (is_held && !jumps->is_told)
		return jumps->is_told = board_hold_clock(db, jumps->jump.ahead,
							 clock_now(), err);
	if (!is_held && jumps->is_told) {
		bool good = board_trust_clock(db, "briefingd", jumps->why,
					      clock_now(), err);

		jumps->is_told = !good;
		return good;
	}
	if (!is_held && !jumps->is_noted)
		return jumps->is_noted = board_note_clock(
			   db, jumps->boot_id, jumps->noted_offset, err);
	return false;
}

static void tell(void *context)
{
	struct jumps_run *jumps = context;
	struct err err = {0};

	while (tell_one(jumps, &err))
		;
	if (err.kind != ERR_NONE)
		timer_set(jumps->timer,
			  err.kind == ERR_BUSY ? BUSY_MS : BROKEN_MS);
}

static void note_offset(struct jumps_run *jumps)
{
	int64_t moved = jumps->jump.offset - jumps->noted_offset;

	if (jumps->is_noted && llabs(moved) < NOTE_SECONDS)
		return;
	jumps->noted_offset = jumps->jump.offset;
	jumps->is_noted = false;
	timer_set_sooner(jumps->timer, 0);
}

/* ------------------------------------------------------------------ looking */

static void log_turn(const struct jumps_run *jumps, enum jump_turn turn,
		     int64_t moved)
{
	switch (turn) {
	case JUMP_NONE:
		break;
	case JUMP_FORWARD:
		log_notice("clock went forward seconds=%" PRId64
			   ", and is synchronised",
			   moved);
		break;
	case JUMP_BACK:
		log_warning("clock went back seconds=%" PRId64, -moved);
		break;
	case JUMP_HELD:
		log_error("clock jumped forward seconds=%" PRId64
			  ": nothing is sent until it is synchronised, or "
			  "\"briefingctl resume\"",
			  moved);
		break;
	case JUMP_RETURNED:
	case JUMP_SYNCHRONISED:
		log_notice("clock is trusted again: %s", jumps->why);
		break;
	}
}

/* From here on things are due that were not, or no more. */
static void go_on(struct jumps_run *jumps)
{
	struct daemon *daemon = jumps->daemon;

	daemon->is_held = jumps->jump.ahead > 0;
	daemon_tell_status(daemon);
	timer_set_sooner(jumps->timer, 0);
	if (!daemon->is_held)
		slots_mend(daemon->slots);
}

int64_t jumps_now(struct jumps_run *jumps)
{
	struct jump *jump = &jumps->jump;
	int64_t now, offset = offset_now(&now);
	int64_t moved = offset - jump->offset;
	/* asked of the kernel only when it matters */
	bool is_synchronised = (moved > JUMP_SECONDS || jump->ahead > 0) &&
			       clock_is_synchronised();
	enum jump_turn turn = jump_look(jump, offset, is_synchronised);

	if (turn != JUMP_NONE) {
		jumps->why =
		    turn == JUMP_SYNCHRONISED ? "synchronised" : "returned";
		log_turn(jumps, turn, moved);
		go_on(jumps);
	}
	if (jump->ahead == 0)
		note_offset(jumps);
	return now;
}

void jumps_look_at_board(struct jumps_run *jumps, const struct board *board)
{
	int64_t now;

	/* what was not told yet nobody could resume */
	if (!jumps || !jumps->is_told || board->clock_held_at)
		return;
	jumps->is_told = false;
	if (jumps->jump.ahead == 0)
		return;
	jump_trust(&jumps->jump, offset_now(&now));
	log_notice("clock is trusted again: resumed");
	go_on(jumps);
}

/* ------------------------------------------------------------------ opening */

/* Where the clock was when it was right last: what the last run noted, unless
 * the machine was started since. */
static void take_up(struct jumps_run *jumps, const struct board *board)
{
	int64_t now, offset = offset_now(&now);

	jumps->jump = (struct jump){.offset = offset};
	jumps->is_noted = board->boot_id && *jumps->boot_id &&
			  strcmp(board->boot_id, jumps->boot_id) == 0;
	if (jumps->is_noted)
		jumps->jump.offset = board->clock_offset;
	jumps->noted_offset = jumps->jump.offset;
	jumps->is_told = board->clock_held_at != 0;
	if (!jumps->is_told)
		return;
	jumps->jump.ahead = board->clock_ahead;
	if (!jumps->is_noted)
		jumps->jump.offset = offset - board->clock_ahead;
	jumps->daemon->is_held = true;
	log_warning("clock is in doubt: nothing is sent until it is "
		    "synchronised, or \"briefingctl resume\"");
}

struct jumps_run *jumps_open(struct daemon *daemon, struct err *err)
{
	struct jumps_run *jumps = xcalloc(1, sizeof(*jumps));
	struct arena *arena = arena_new();
	struct board board;
	sd_id128_t boot_id;

	jumps->daemon = daemon;
	jumps->timer = timer_new(daemon->loop, tell, jumps);
	if (sd_id128_get_boot(&boot_id) >= 0)
		sd_id128_to_string(boot_id, jumps->boot_id);
	bool good = board_load(daemon->db, arena, &board, err);
	if (good)
		take_up(jumps, &board);
	arena_free(arena);
	if (good)
		return jumps;
	jumps_close(jumps);
	return NULL;
}

void jumps_close(struct jumps_run *jumps)
{
	if (!jumps)
		return;
	timer_free(jumps->timer);
	free(jumps);
}
