#include "run/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problems.h"
#include "core/board.h"
#include "core/checkpoint.h"
#include "core/outbox.h"
#include "core/settings.h"
#include "core/store.h"
#include "run/erasures.h"
#include "run/errands.h"
#include "run/intake.h"
#include "run/jumps.h"
#include "run/keys.h"
#include "run/loop.h"
#include "run/mailbox.h"
#include "run/moving.h"
#include "run/rosters.h"
#include "run/sending.h"
#include "run/serving.h"
#include "run/slots.h"
#include "run/timer.h"
#include "run/tokens.h"
#include "run/turn.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/template.h"

#define LOOK_AT_STORE_MS 250
#define START_BUSY_MS (10 * 1000)
#define START_AGAIN_MS 50
#define STOP_GRACE_MS (15 * 1000)
#define OTHER_FILES 512 /* of the store, senders, errands, lists */

/* what only this file needs, behind the struct that modules see */
struct whole {
	struct daemon daemon; /* first */
	struct errands_run *errands;
	struct moving_run *moving;
	struct timer *store_timer, *stop_timer;
	sd_event_source *post;
};

static struct whole *whole_of(struct daemon *daemon)
{
	return (struct whole *)daemon;
}

void daemon_tell_status(const struct daemon *daemon)
{
	sd_notifyf(0, "STATUS=%s%s%s", daemon->is_live ? "live" : "rehearsal",
		   daemon->is_paused ? ", paused" : "",
		   daemon->is_held ? ", held: the clock jumped" : "");
}

void daemon_look_at_board(struct daemon *daemon)
{
	int64_t board_version = db_data_version(daemon->db);
	struct board board;
	struct err err = {0};

	if (board_version == daemon->board_version)
		return;
	struct arena *arena = arena_new();
	if (board_load(daemon->db, arena, &board, &err)) {
		daemon->board_version = board_version;
		bool is_paused = board.paused_at != 0;
		bool is_new = is_paused != daemon->is_paused ||
			      board.is_live != daemon->is_live;

		if (is_paused != daemon->is_paused)
			log_notice(is_paused ? "paused reason=\"%s\""
					     : "resumed%s",
				   is_paused ? board.paused_reason : "");
		if (board.is_live != daemon->is_live)
			log_notice("mode=%s",
				   board.is_live ? "live" : "rehearsal");
		daemon->is_paused = is_paused;
		daemon->is_live = board.is_live;
		/* only what is new: a manager that reads slowly must not hold
		 * up the loop */
		if (is_new)
			daemon_tell_status(daemon);
		jumps_look_at_board(daemon->jumps, &board);
	} else {
		log_error("can't read the board's state: %s", err.text);
	}
	arena_free(arena);
}

/* briefingctl committed something: requests, a pause, an accepted list */
static void look_at_store(void *context)
{
	struct daemon *daemon = context;
	int64_t data_version = db_data_version(daemon->db);

	timer_set(whole_of(daemon)->store_timer, LOOK_AT_STORE_MS);
	jumps_now(daemon->jumps);
	if (data_version == daemon->data_version || daemon->is_stopping)
		return;
	daemon->data_version = data_version;
	daemon_look_at_board(daemon);
	slots_look(daemon->slots);
	sending_look(daemon->sending);
}

/* ------------------------------------------------------------------- reload */

static struct template_set *load_templates(const struct settings *settings,
					   struct problems *problems)
{
	const char *folder = settings->templates_folder;

	return template_set_load(access(folder, F_OK) == 0 ? folder : NULL,
				 problems);
}

static void log_problems(const char *what, struct problems *problems)
{
	for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
		const struct problem *each = &problems->list[i];

		log_error("%s %s:%d: %s", what, each->file, each->line,
			  each->text);
	}
	problems_done(problems);
}

static bool has_same_proxies(const struct settings *before,
			     const struct settings *after)
{
	if (before->trusted_proxy_count != after->trusted_proxy_count)
		return false;
	for (size_t i = 0; i < after->trusted_proxy_count; i++)
		if (strcmp(before->trusted_proxies[i],
			   after->trusted_proxies[i]) != 0)
			return false;
	return true;
}

/* What was opened at the start and can't change under the loop; NULL: nothing
 * of it did. */
static const char *find_fixed(const struct settings *before,
			      const struct settings *after)
{
	const struct {
		const char *name, *before, *after;
	} fixed[] = {
	    {"places.approved", before->approved_folder,
	     after->approved_folder},
	    {"places.lists", before->lists_folder, after->lists_folder},
	    {"places.state", before->state_folder, after->state_folder},
	    {"web.listen", before->web_listen, after->web_listen},
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (strcmp(fixed[i].before, fixed[i].after) != 0)
			return fixed[i].name;
	if (!has_same_proxies(before, after))
		return "web.trusted_proxies";
	if (before->web_connections != after->web_connections)
		return "web.connections";
	return NULL;
}

static void reload(struct daemon *daemon)
{
	struct problems problems = {0};
	struct settings *settings, *old_settings = daemon->settings;
	struct template_set *templates = NULL, *old_templates;

	settings = settings_load(daemon->settings_path, &problems);
	if (settings)
		templates = load_templates(settings, &problems);
	if (!templates) {
		settings_free(settings);
		log_problems("not reloaded:", &problems);
		return;
	}
	problems_done(&problems);
	const char *fixed = find_fixed(old_settings, settings);
	if (fixed) {
		log_error("not reloaded: %s changed, which takes a restart",
			  fixed);
		settings_free(settings);
		template_set_free(templates);
		return;
	}
	old_templates = daemon->templates;
	daemon->settings = settings;
	daemon->templates = templates;
	serving_configure(daemon->serving);
	tokens_reload(daemon->tokens);
	sending_reload(daemon->sending);
	settings_free(old_settings);
	template_set_free(old_templates);
	rosters_look(daemon->rosters, true);
	intake_look(daemon->intake);
	mailbox_look(daemon->mailbox);
	slots_look(daemon->slots);
	log_notice("reloaded");
}

static int on_reload(sd_event_source *source,
		     const struct signalfd_siginfo *info, void *userdata)
{
	(void)source;
	(void)info;
	sd_notify(0, "RELOADING=1");
	reload(userdata);
	sd_notify(0, "READY=1");
	return 0;
}

/* --------------------------------------------------------------------- stop */

static void stop_now(void *context)
{
	struct daemon *daemon = context;

	log_warning("interrupting mails that hang");
	sending_interrupt(daemon->sending);
	turn_wake(daemon->turn);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info,
		   void *userdata)
{
	struct daemon *daemon = userdata;

	(void)source;
	if (daemon->is_stopping)
		return 0;
	daemon->is_stopping = true;
	log_notice("stopping signal=%u", info->ssi_signo);
	sd_notify(0, "STOPPING=1");
	serving_stop(daemon->serving);
	sending_stop(daemon->sending);
	timer_set(whole_of(daemon)->stop_timer, STOP_GRACE_MS);
	return 0;
}

/* after each turn of the loop; at the end: is all in flight settled? */
static int after_turn(sd_event_source *source, void *userdata)
{
	struct daemon *daemon = userdata;

	(void)source;
	moving_look(whole_of(daemon)->moving);
	if (!daemon->is_stopping)
		return 0;
	turn_now(daemon->turn);
	if (sending_is_idle(daemon->sending) &&
	    !serving_has_pending(daemon->serving))
		sd_event_exit(daemon->loop, 0);
	return 0;
}

/* --------------------------------------------------------------------- open */

static bool lock_store(struct daemon *daemon, struct err *err)
{
	char *path =
	    xasprintf("%s/briefingd.lock", daemon->settings->state_folder);

	daemon->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (daemon->lock_fd < 0)
		err_errno(err, ERR_SYSTEM, "%s", path);
	else if (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) < 0)
		err_set(err, ERR_SYSTEM,
			"%s: another briefingd runs on this store", path);
	else {
		free(path);
		return true;
	}
	free(path);
	return false;
}

static bool come_home(struct daemon *daemon, struct err *err)
{
	char *home = store_home(daemon->settings, err);
	bool has_moved = false;

	if (!home)
		return false;
	bool good =
	    board_come_home(daemon->db, home, clock_now(), &has_moved, err);
	free(home);
	if (good && has_moved)
		log_warning("store moved: this is a restore or a clone; paused "
			    "until \"briefingctl resume\"");
	return good;
}

static bool recover(struct daemon *daemon, struct err *err)
{
	int count = 0;

	if (!db_begin(daemon->db, err))
		return false;
	if (!outbox_recover(daemon->db, clock_now(), &count, err) ||
	    !checkpoint_use_key(daemon->db, &daemon->signer, clock_now(),
				err) ||
	    !db_commit(daemon->db, err)) {
		db_rollback(daemon->db);
		return false;
	}
	if (count > 0)
		log_warning("recovered deliveries that were being sent=%d",
			    count);
	return true;
}

/* briefingctl may hold the store's lock: at the start there is time to wait,
 * and nobody else to try again. */
static bool take_up(struct daemon *daemon, struct err *err)
{
	struct err why = {0};

	for (int waited_ms = 0; waited_ms < START_BUSY_MS;
	     waited_ms += START_AGAIN_MS) {
		err_clear(&why);
		if (come_home(daemon, &why) && recover(daemon, &why))
			return true;
		if (why.kind != ERR_BUSY)
			break;
		usleep(START_AGAIN_MS * 1000);
	}
	if (err)
		*err = why;
	return false;
}

static bool open_configuration(struct daemon *daemon, struct err *err)
{
	struct problems problems = {0};

	daemon->settings = settings_load(daemon->settings_path, &problems);
	if (daemon->settings)
		daemon->templates = load_templates(daemon->settings, &problems);
	if (daemon->templates) {
		problems_done(&problems);
		return true;
	}
	log_problems("configuration:", &problems);
	return err_set(err, ERR_INPUT, "%s: mend what is said above",
		       daemon->settings_path);
}

static bool open_store(struct daemon *daemon, struct err *err)
{
	char *documents =
	    xasprintf("%s/documents", daemon->settings->state_folder);
	bool good =
	    file_make_folder(documents, 0750, err) && lock_store(daemon, err);

	free(documents);
	if (!good)
		return false;
	char *path = store_path(daemon->settings);
	daemon->db = db_open(path, DB_CREATE, 0, err);
	free(path);
	return daemon->db &&
	       keys_load_links(daemon->settings, &daemon->keys, err) &&
	       keys_load_ledger(daemon->settings, &daemon->signer, err) &&
	       take_up(daemon, err);
}

static bool open_loop(struct daemon *daemon, struct err *err)
{
	struct whole *whole = whole_of(daemon);
	sigset_t signals;

	/* before any thread is made, so that none takes them */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (sd_event_new(&daemon->loop) < 0 ||
	    sd_event_add_signal(daemon->loop, NULL, SIGTERM, on_stop, daemon) <
		0 ||
	    sd_event_add_signal(daemon->loop, NULL, SIGINT, on_stop, daemon) <
		0 ||
	    sd_event_add_signal(daemon->loop, NULL, SIGHUP, on_reload, daemon) <
		0 ||
	    sd_event_add_post(daemon->loop, &whole->post, after_turn, daemon) <
		0)
		return err_set(err, ERR_SYSTEM, "making the event loop");
	sd_event_set_watchdog(daemon->loop, true);
	whole->store_timer = timer_new(daemon->loop, look_at_store, daemon);
	whole->stop_timer = timer_new(daemon->loop, stop_now, daemon);
	return true;
}

/* Each connection is a file: were those all that may be open, the store and
 * the senders would find none. */
static void raise_files(const struct settings *settings)
{
	uint64_t wanted = (uint64_t)settings->web_connections + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
		log_warning("may open too few files files=%llu wanted=%llu: "
			    "raise LimitNOFILE or lower web.connections",
			    (unsigned long long)limit.rlim_cur,
			    (unsigned long long)wanted);
}

static bool open_modules(struct daemon *daemon, struct err *err)
{
	struct whole *whole = whole_of(daemon);

	raise_files(daemon->settings);
	whole->moving = moving_open(daemon, err);
	if (!whole->moving)
		return false;
	daemon_look_at_board(daemon);
	daemon->data_version = db_data_version(daemon->db);
	daemon->turn = turn_open(daemon);
	daemon->jumps = jumps_open(daemon, err);
	if (!daemon->jumps)
		return false;
	whole->errands = errands_open(daemon);
	daemon->tokens = tokens_open(daemon, whole->errands);
	daemon->erasures = erasures_open(daemon, err);
	if (!daemon->erasures)
		return false;
	daemon->slots = slots_open(daemon);
	daemon->sending = sending_open(daemon, err);
	if (!daemon->sending)
		return false;
	daemon->serving = serving_open(daemon, err);
	if (!daemon->serving)
		return false;
	daemon->rosters = rosters_open(daemon, whole->errands, err);
	if (!daemon->rosters)
		return false;
	daemon->intake = intake_open(daemon, whole->errands, err);
	if (!daemon->intake)
		return false;
	daemon->mailbox = mailbox_open(daemon, whole->errands, err);
	if (!daemon->mailbox)
		return false;
	turn_wake(daemon->turn);
	timer_set(whole->store_timer, LOOK_AT_STORE_MS);
	return true;
}

struct daemon *daemon_open(const char *settings_path, struct err *err)
{
	struct whole *whole = xcalloc(1, sizeof(*whole));
	struct daemon *daemon = &whole->daemon;

	/* the keys must not end in a core dump */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	daemon->settings_path = settings_path;
	daemon->lock_fd = -1;
	daemon->board_version = -1;
	crypto_start();
	if (open_configuration(daemon, err) && open_store(daemon, err) &&
	    open_loop(daemon, err) && open_modules(daemon, err))
		return daemon;
	daemon_close(daemon);
	return NULL;
}

int daemon_run(struct daemon *daemon)
{
	log_notice("started version=%s mode=%s%s", BRIEFINGD_VERSION,
		   daemon->is_live ? "live" : "rehearsal",
		   daemon->is_paused ? " paused" : "");
	sd_notify(0, "READY=1");
	daemon_tell_status(daemon);
	int status = loop_run(daemon->loop);
	if (status < 0)
		log_error("the event loop failed: %s", strerror(-status));
	log_notice("stopped");
	return status < 0 ? 1 : 0;
}

void daemon_close(struct daemon *daemon)
{
	if (!daemon)
		return;
	struct whole *whole = whole_of(daemon);
	mailbox_close(daemon->mailbox);
	intake_close(daemon->intake);
	rosters_close(daemon->rosters);
	errands_close(whole->errands);
	tokens_close(daemon->tokens);
	slots_close(daemon->slots);
	erasures_close(daemon->erasures);
	serving_close(daemon->serving);
	sending_close(daemon->sending);
	turn_close(daemon->turn);
	jumps_close(daemon->jumps);
	moving_close(whole->moving);
	timer_free(whole->store_timer);
	timer_free(whole->stop_timer);
	sd_event_source_unref(whole->post);
	sd_event_unref(daemon->loop);
	db_close(daemon->db);
	if (daemon->lock_fd >= 0)
		close(daemon->lock_fd);
	template_set_free(daemon->templates);
	settings_free(daemon->settings);
	crypto_forget(&daemon->keys, sizeof(daemon->keys));
	free(whole);
}
