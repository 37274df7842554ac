#ifndef RUN_DAEMON_H
#define RUN_DAEMON_H

/*
 * The running daemon: one loop, and the modules of the roof that hang their
 * descriptors and timers into it. Owns everything; the loop thread alone
 * touches it. The modules here are the only ones that log, read the clock and
 * begin transactions.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/link.h"
#include "core/note.h"

struct db;
struct err;
struct sd_event;
struct settings;
struct template_set;

struct erasures_run;
struct intake_run;
struct jumps_run;
struct mailbox_run;
struct rosters_run;
struct sending_run;
struct serving_run;
struct slots_run;
struct tokens_run;
struct turn_run;

struct daemon {
	const char *settings_path;
	const char *program; /* for errands: NULL is this executable */
	struct sd_event *loop;
	struct db *db;
	int lock_fd;
	struct settings *settings;
	struct template_set *templates;
	struct link_keys keys;
	struct note_signer signer; /* of the ledger */

	bool is_live, is_paused; /* of the board, as last looked at */
	bool is_held;            /* the clock jumped: see run/jumps */
	bool is_stopping;
	/* PRAGMA data_version when the board's row was last read, and when all
	 * else was looked at */
	int64_t board_version, data_version;

	struct jumps_run *jumps;
	struct turn_run *turn;
	struct sending_run *sending;
	struct serving_run *serving;
	struct intake_run *intake;
	struct mailbox_run *mailbox;
	struct rosters_run *rosters;
	struct slots_run *slots;
	struct erasures_run *erasures;
	struct tokens_run *tokens;
};

/* Opens the store and all modules; NULL says why not. */
struct daemon *daemon_open(const char *settings_path, struct err *err);
/* Runs until SIGTERM or SIGINT; the exit status. */
int daemon_run(struct daemon *daemon);
void daemon_close(struct daemon *daemon); /* accepts NULL */

/* Reads the board's row again if anyone else has committed since: live or
 * rehearsal, paused or not. What depends on it calls this in its transaction,
 * so that when "pause" has returned nothing more goes out. */
void daemon_look_at_board(struct daemon *daemon);

/* Tells the service manager what daemon's flags say. */
void daemon_tell_status(const struct daemon *daemon);

/* The wall clock; the seconds since the machine was started, suspended or not,
 * which nobody sets; whether the kernel says that the first one is right. */
int64_t clock_now(void);
int64_t clock_since_boot(void);
int64_t clock_since_boot_ms(void);
int64_t clock_monotonic_us(void); /* for measuring */
bool clock_is_synchronised(void);

#endif
