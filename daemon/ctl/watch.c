#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/board.h"
#include "core/outbox.h"
#include "core/relay_record.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/calendar.h"
#include "tools/db.h"

#define SLOTS_MAX 20 /* whose rates are known: more is no screenful */

/* one slot, as it was at the last look */
struct slot {
	int64_t digest_id, accepted;
	double rate; /* mails a second, of the last looks more than the first */
};

struct watch {
	struct ctl *ctl;
	bool is_terminal;
	int lines; /* that the last picture has */
	double looked_at;
	struct slot slots[SLOTS_MAX];
	size_t slot_count;
};

static double seconds_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const struct slot *find_slot(const struct watch *watch,
				    int64_t digest_id)
{
	for (size_t i = 0; i < watch->slot_count; i++)
		if (watch->slots[i].digest_id == digest_id)
			return &watch->slots[i];
	return NULL;
}

static double rate_of(const struct watch *watch,
		      const struct outbox_progress *progress, double elapsed)
{
	const struct slot *before = find_slot(watch, progress->digest_id);

	if (!before || elapsed <= 0)
		return 0;
	double rate = (double)(progress->accepted - before->accepted) / elapsed;
	return before->rate > 0 ? 0.7 * before->rate + 0.3 * rate : rate;
}

/* "about 3 min" */
static const char *estimate(struct ctl *ctl, double seconds)
{
	if (seconds < 90)
		return arena_printf(ctl->arena, "about %.0f s", seconds);
	if (seconds < 90 * 60.0)
		return arena_printf(ctl->arena, "about %.0f min", seconds / 60);
	return arena_printf(ctl->arena, "about %.0f h", seconds / 3600);
}

/* A line of its own in a pipe; on a terminal over the one that is there. */
static void begin_line(struct watch *watch)
{
	struct ctl *ctl = watch->ctl;

	if (watch->is_terminal) {
		printf("\033[K");
	} else {
		struct civil civil =
		    zone_from_utc(ctl->settings->zone, ctl->now);

		printf("%02d:%02d:%02d  ", civil.hour, civil.minute,
		       civil.second);
	}
	watch->lines++;
}

static void print_progress(struct watch *watch,
			   const struct outbox_progress *progress, double rate)
{
	struct ctl *ctl = watch->ctl;

	begin_line(watch);
	printf("%s %s: %" PRId64 " planned%s, %" PRId64 " accepted, %" PRId64
	       " left",
	       progress->list_name, ctl_time(ctl, progress->slot_at),
	       progress->planned, progress->is_planning ? " so far" : "",
	       progress->accepted, progress->left);
	if (progress->waiting)
		printf(" (%" PRId64 " wait for another try)",
		       progress->waiting);
	if (rate > 0)
		printf(", %.*f/s, %s", rate < 10, rate,
		       estimate(ctl, (double)progress->left / rate));
	putchar('\n');
}

static bool print_relays(struct watch *watch, struct err *err)
{
	struct ctl *ctl = watch->ctl;
	struct relay_standing *relays;
	size_t count;

	if (!relay_record_load(ctl->db, ctl->now, ctl->arena, &relays, &count,
			       err))
		return false;
	for (size_t i = 0; i < count; i++) {
		begin_line(watch);
		ctl_print_relay(ctl, &relays[i]);
	}
	return true;
}

static void print_all(struct watch *watch, const struct board *board,
		      const struct outbox_progress *list, size_t count)
{
	double now = seconds_now(CLOCK_MONOTONIC);
	double elapsed = now - watch->looked_at;
	struct slot slots[SLOTS_MAX];
	size_t slot_count = count < SLOTS_MAX ? count : SLOTS_MAX;

	if (board->paused_at) {
		begin_line(watch);
		printf("paused: %s\n", board->paused_reason);
	}
	for (size_t i = 0; i < slot_count; i++) {
		slots[i] = (struct slot){
		    .digest_id = list[i].digest_id,
		    .accepted = list[i].accepted,
		    .rate = rate_of(watch, &list[i], elapsed),
		};
		print_progress(watch, &list[i], slots[i].rate);
	}
	if (count > slot_count) {
		begin_line(watch);
		printf("and %zu slots more\n", count - slot_count);
	} else if (count == 0) {
		begin_line(watch);
		puts("no slot is under way");
	}
	memcpy(watch->slots, slots, slot_count * sizeof(*slots));
	watch->slot_count = slot_count;
	watch->looked_at = now;
}

/* the cursor back to where the last picture begins, and nothing below */
static void clear(struct watch *watch)
{
	if (watch->is_terminal && watch->lines > 0)
		printf("\033[%dA\033[J", watch->lines);
	watch->lines = 0;
}

static bool look(struct watch *watch, struct err *err)
{
	struct ctl *ctl = watch->ctl;
	struct arena *whole = ctl->arena;
	struct outbox_progress *list;
	struct board board;
	size_t count;

	/* a picture's words live as long as it */
	ctl->arena = arena_new();
	ctl->now = (int64_t)seconds_now(CLOCK_REALTIME);
	bool good = board_load(ctl->db, ctl->arena, &board, err) &&
		    outbox_load_progress(ctl->db, ctl->now, ctl->arena, &list,
					 &count, err);
	if (good) {
		clear(watch);
		print_all(watch, &board, list, count);
		good = print_relays(watch, err);
		fflush(stdout);
	}
	arena_free(ctl->arena);
	ctl->arena = whole;
	return good;
}

/* Nothing changes while nobody commits: then the picture stands. */
int ctl_watch(struct ctl *ctl, int64_t seconds)
{
	struct watch watch = {.ctl = ctl, .is_terminal = isatty(STDOUT_FILENO)};
	int64_t version = -1;
	struct err err = {0};

	for (;;) {
		int64_t version_now = db_data_version(ctl->db);

		if (version_now != version || watch.slot_count > 0)
			if (!look(&watch, &err))
				return ctl_fail_err(&err);
		version = version_now;
		sleep((unsigned)seconds);
	}
}
