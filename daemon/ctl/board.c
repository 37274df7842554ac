#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/board.h"
#include "core/briefing.h"
#include "core/intake.h"
#include "core/outbox.h"
#include "core/relay_record.h"
#include "core/returned.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/suppression.h"
#include "ctl/ctl.h"
#include "tools/db.h"
#include "tools/json.h"

#define WATCH_SECONDS 2

/* The daemon holds a lock on its store while it runs. */
static bool daemon_is_running(const struct settings *settings)
{
	char *path = xasprintf("%s/briefingd.lock", settings->state_folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	free(path);
	if (fd < 0)
		return false;
	bool is_running =
	    flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return is_running;
}

struct facts {
	struct board board;
	struct outbox_counts outbox;
	struct returned_counts returned;
	int64_t help_gone_at; /* mail to mail.help comes back; 0: it does not */
	struct relay_standing *relays;
	size_t relay_count;
	struct roster_list *lists;
	size_t list_count;
	struct briefing_version **briefings;
	size_t briefing_count;
	struct intake_folder *folders;
	size_t folder_count;
	bool is_running;
};

static bool load_facts(struct ctl *ctl, struct facts *facts, struct err *err)
{
	facts->is_running = daemon_is_running(ctl->settings);
	return board_load(ctl->db, ctl->arena, &facts->board, err) &&
	       outbox_count(ctl->db, ctl->now, &facts->outbox, err) &&
	       returned_count(ctl->db, ctl->arena, &facts->returned, err) &&
	       suppression_since(ctl->db, ctl->settings->mail_help,
				 &facts->help_gone_at, err) &&
	       relay_record_load(ctl->db, ctl->now, ctl->arena, &facts->relays,
				 &facts->relay_count, err) &&
	       roster_load_lists(ctl->db, ctl->arena, &facts->lists,
				 &facts->list_count, err) &&
	       briefing_load_all(ctl->db, ctl->arena, &facts->briefings,
				 &facts->briefing_count, err) &&
	       intake_load_folders(ctl->db, ctl->arena, &facts->folders,
				   &facts->folder_count, err);
}

static size_t count_folders(const struct facts *facts, const char *state)
{
	size_t count = 0;

	for (size_t i = 0; i < facts->folder_count; i++)
		count += strcmp(facts->folders[i].state, state) == 0;
	return count;
}

static void print_returned(struct ctl *ctl, const struct facts *facts)
{
	const struct returned_counts *returned = &facts->returned;

	if (strcmp(ctl->settings->mailbox.kind, "none") != 0)
		printf("mailbox    looked at %s%s%s\n",
		       ctl_time(ctl, returned->looked_at),
		       returned->problem ? "; can't be read: " : "",
		       returned->problem ? ctl_plain(ctl, returned->problem)
					 : "");
	if (returned->suppressed)
		printf("suppressed %" PRId64 " addresses that mail came back "
		       "from; see \"briefingctl list bounces LIST\"\n",
		       returned->suppressed);
	if (facts->help_gone_at)
		printf("help       since %s mail to mail.help (%s) comes back: "
		       "nobody reads what the board is told; mend it, then "
		       "\"briefingctl person unsuppress %s\"\n",
		       ctl_time(ctl, facts->help_gone_at),
		       ctl->settings->mail_help, ctl->settings->mail_help);
	if (returned->confirmed || returned->declined)
		printf("replies    %" PRId64 " confirmed, %" PRId64
		       " did not and were told why\n",
		       returned->confirmed, returned->declined);
	if (returned->unproved)
		printf("unproved   %" PRId64
		       " replies with the word, for whose "
		       "author no server of mailbox.trusted_hosts vouched\n",
		       returned->unproved);
	if (returned->not_understood)
		printf("came back  %" PRId64 " mails that a person must read, "
		       "in the mailbox's folder for them\n",
		       returned->not_understood);
}

static void print_status(struct ctl *ctl, const struct facts *facts)
{
	const struct outbox_counts *outbox = &facts->outbox;
	int64_t members = 0;

	for (size_t i = 0; i < facts->list_count; i++)
		members += facts->lists[i].member_count;
	printf("board      %s\n", ctl->settings->board_name);
	printf("daemon     %s\n",
	       facts->is_running ? "running" : "not running");
	printf("mode       %s\n", facts->board.is_live
				      ? "live"
				      : "rehearsal: all mail goes to "
					"mail.rehearsal_address, nothing "
					"counts");
	if (facts->board.paused_at)
		printf("paused     since %s: %s\n",
		       ctl_time(ctl, facts->board.paused_at),
		       facts->board.paused_reason);
	if (facts->board.clock_held_at)
		printf("held       at %s the clock jumped forward by %" PRId64
		       " minutes: nothing is sent until it is synchronised, "
		       "or \"briefingctl resume\"\n",
		       ctl_time(ctl, facts->board.clock_held_at),
		       (facts->board.clock_ahead + 30) / 60);
	printf("lists      %zu, with %" PRId64 " members\n", facts->list_count,
	       members);
	printf("briefings  %zu\n", facts->briefing_count);
	printf("folders    %zu waiting, %zu rejected\n",
	       count_folders(facts, "waiting"),
	       count_folders(facts, "rejected"));
	printf("queue      %" PRId64 " due (%" PRId64
	       " to be tried again), %" PRId64 " being sent, %" PRId64
	       " held, %" PRId64 " unsure\n",
	       outbox->due, outbox->waiting, outbox->sending, outbox->held,
	       outbox->unsure);
	printf("so far     %" PRId64 " accepted by the relay, %" PRId64
	       " refused, %" PRId64 " cancelled, %" PRId64 " bounced\n",
	       outbox->accepted, outbox->refused, outbox->cancelled,
	       outbox->bounced);
	if (facts->is_running)
		ctl_print_relays(ctl, facts->relays, facts->relay_count);
	print_returned(ctl, facts);
	for (size_t i = 0; i < facts->list_count; i++) {
		const struct roster_list *list = &facts->lists[i];

		if (list->waiting_hash)
			printf("held       %s: %" PRId64
			       " members would go; see \"briefingctl list "
			       "accept %s\"\n",
			       list->name, list->waiting_removals, list->name);
		ctl_print_refused(list);
		if (list->problem)
			printf("problem    %s: %s%s", list->name, list->problem,
			       text_ends(list->problem, "\n") ? "" : "\n");
	}
}

static struct json_value *returned_json(const struct returned_counts *returned)
{
	struct json_value *map = json_map_new();

	json_map_integer(map, "bounced", returned->bounced);
	json_map_integer(map, "replies", returned->replies);
	json_map_integer(map, "confirmed", returned->confirmed);
	json_map_integer(map, "declined", returned->declined);
	json_map_integer(map, "unproved", returned->unproved);
	json_map_integer(map, "abuse", returned->abuse);
	json_map_integer(map, "nothing", returned->nothing);
	json_map_integer(map, "not_understood", returned->not_understood);
	json_map_integer(map, "suppressed", returned->suppressed);
	json_map_integer(map, "looked_at", returned->looked_at);
	if (returned->problem)
		json_map_text(map, "problem", returned->problem);
	return map;
}

static struct json_value *status_json(const struct ctl *ctl,
				      const struct facts *facts)
{
	struct json_value *map = json_map_new();

	json_map_flag(map, "running", facts->is_running);
	json_map_text(map, "mode", facts->board.is_live ? "live" : "rehearsal");
	json_map_flag(map, "paused", facts->board.paused_at != 0);
	if (facts->board.paused_at)
		json_map_text(map, "paused_reason", facts->board.paused_reason);
	json_map_flag(map, "held", facts->board.clock_held_at != 0);
	if (facts->board.clock_held_at)
		json_map_integer(map, "clock_ahead", facts->board.clock_ahead);
	json_map_integer(map, "lists", (int64_t)facts->list_count);
	json_map_integer(map, "briefings", (int64_t)facts->briefing_count);
	json_map_integer(map, "folders_waiting",
			 (int64_t)count_folders(facts, "waiting"));
	json_map_integer(map, "folders_rejected",
			 (int64_t)count_folders(facts, "rejected"));
	json_map_put(map, "queue", ctl_counts_json(&facts->outbox));
	json_map_put(map, "returned", returned_json(&facts->returned));
	json_map_integer(map, "help_gone_at", facts->help_gone_at);
	/* of a daemon that is not running nobody knows */
	if (facts->is_running)
		json_map_put(
		    map, "relays",
		    ctl_relays_json(ctl, facts->relays, facts->relay_count));
	return map;
}

int ctl_status(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "status [--watch [SECONDS]]";
	bool is_watch = false;
	const struct ctl_option options[] = {
	    {.name = "--watch", .flag = &is_watch}, {0}};
	struct facts facts = {0};
	long long seconds = WATCH_SECONDS;
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at > is_watch ||
	    (at < argc && !text_parse_integer(argv[at], 1, 3600, &seconds)))
		return ctl_usage(usage, "1 to 3600 seconds, not %s",
				 argv[argc - 1]);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (is_watch)
		return ctl_watch(ctl, seconds);
	if (!load_facts(ctl, &facts, &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json)
		return ctl_print_json(status_json(ctl, &facts));
	print_status(ctl, &facts);
	return CTL_GOOD;
}

static const char mode_usage[] = "mode [live|rehearsal --reason TEXT]";

static int show_mode(struct ctl *ctl, const struct board *board)
{
	const char *mode = board->is_live ? "live" : "rehearsal";

	if (!ctl->wants_json)
		return puts(mode), CTL_GOOD;
	struct json_value *map = json_map_new();
	json_map_text(map, "mode", mode);
	return ctl_print_json(map);
}

int ctl_mode(struct ctl *ctl, int argc, char **argv)
{
	const char *reason = NULL;
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &reason}, {0}};
	struct board board;
	struct err err = {0};
	int at = ctl_options(ctl, options, mode_usage, argc, argv);

	if (at < 0 || argc - at > 1)
		return at < 0 ? CTL_USAGE
			      : ctl_usage(mode_usage, "one mode is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (at == argc) {
		if (!board_load(ctl->db, ctl->arena, &board, &err))
			return ctl_fail_err(&err);
		return show_mode(ctl, &board);
	}
	bool is_live = strcmp(argv[at], "live") == 0;
	if (!is_live && strcmp(argv[at], "rehearsal") != 0)
		return ctl_usage(mode_usage, "no such mode: %s", argv[at]);
	if (!reason)
		return ctl_usage(mode_usage, "--reason is wanted: it is "
					     "recorded");
	if (!board_set_live(ctl->db, is_live, ctl->actor, reason, ctl->now,
			    &err))
		return ctl_fail_err(&err);
	puts(is_live ? "live: mail goes to members from now on, and counts"
		     : "rehearsal: all mail goes to one address, nothing "
		       "counts");
	return CTL_GOOD;
}

int ctl_pause(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "pause --reason TEXT";
	const char *reason = NULL;
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &reason}, {0}};
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc || !reason)
		return ctl_usage(usage, "--reason is wanted: it is recorded");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!board_pause(ctl->db, ctl->actor, reason, ctl->now, &err))
		return ctl_fail_err(&err);
	puts("paused: nothing is sent; pages still work and confirmations "
	     "count");
	return CTL_GOOD;
}

int ctl_resume(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	struct err err = {0};
	int at = ctl_options(ctl, none, "resume", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage("resume", "unknown argument %s", argv[at]);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!board_resume(ctl->db, ctl->actor, ctl->now, &err))
		return ctl_fail_err(&err);
	puts("resumed");
	return CTL_GOOD;
}

static bool make_backup(struct ctl *ctl, const char *path, struct err *err)
{
	if (!db_backup(ctl->db, path, err))
		return false;
	struct db *copy = db_open(path, DB_WRITE, 0, err);
	bool good = copy && board_leave_home(copy, err);
	db_close(copy);
	if (!good)
		unlink(path);
	return good;
}

int ctl_backup(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	struct err err = {0};
	int at = ctl_options(ctl, none, "backup FILE", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage("backup FILE", "one file is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!make_backup(ctl, argv[at], &err))
		return ctl_fail_err(&err);
	printf("%s: the store's rows; copy %s/documents and %s/keys too. "
	       "%s/erasures is never put back: it erases again who was erased "
	       "since\n",
	       argv[at], ctl->settings->state_folder,
	       ctl->settings->state_folder, ctl->settings->state_folder);
	return CTL_GOOD;
}
