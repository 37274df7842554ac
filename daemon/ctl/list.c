#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/request.h"
#include "core/roster.h"
#include "core/schedule.h"
#include "core/settings.h"
#include "core/tombstone.h"
#include "ctl/ctl.h"
#include "tools/config.h"
#include "tools/json.h"

/* ------------------------------------------------------------- show */

static struct json_value *list_json(const struct roster_list *list)
{
	char reminders[REMINDERS_SIZE];
	struct json_value *map = json_map_new();

	json_map_text(map, "list", list->name);
	json_map_text(map, "agency", list->agency);
	json_map_text(map, "title", list->title);
	json_map_text(map, "lead", list->lead);
	json_map_text(map, "lead_address", list->lead_address);
	json_map_text(map, "schedule", list->schedule);
	json_map_text(map, "quiet_hours", list->quiet_hours);
	json_map_integer(map, "members", list->member_count);
	reminders_format(&list->reminders, reminders);
	json_map_text(map, "reminders", reminders);
	json_map_integer(map, "escalate_to_lead_days",
			 list->escalate_to_lead_days);
	json_map_integer(map, "escalate_to_board_days",
			 list->escalate_to_board_days);
	json_map_integer(map, "catalogue_per_week", list->catalogue_per_week);
	json_map_flag(map, "mandatory", list->mandatory);
	json_map_text(map, "confirm", list->confirm);
	json_map_flag(map, "removed", list->is_removed);
	json_map_text(map, "review_on", list->review_on);
	if (list->waiting_hash)
		json_map_integer(map, "held_removals", list->waiting_removals);
	if (*list->refused_lines)
		json_map_text(map, "refused_lines", list->refused_lines);
	if (list->problem)
		json_map_text(map, "problem", list->problem);
	return map;
}

static int show_all(struct ctl *ctl)
{
	struct roster_list *lists;
	size_t count;
	struct err err = {0};

	if (!roster_load_lists(ctl->db, ctl->arena, &lists, &count, &err))
		return ctl_fail_err(&err);
	struct json_value *all = json_list_new();
	for (size_t i = 0; i < count; i++) {
		const struct roster_list *list = &lists[i];

		json_list_put(all, list_json(list));
		if (ctl->wants_json)
			continue;
		printf("%-20s %5" PRId64 " members  %-20s %s%s\n", list->name,
		       list->member_count, list->schedule, list->title,
		       list->is_removed     ? "  (removed)"
		       : list->waiting_hash ? "  (a new CSV is held)"
		       : list->problem      ? "  (has a problem)"
		       : *list->refused_lines
			   ? "  (has rows of people who were erased)"
			   : "");
	}
	if (ctl->wants_json)
		return ctl_print_json(all);
	json_free(all);
	if (count == 0)
		puts("no list was loaded yet");
	return CTL_GOOD;
}

static struct json_value *person_json(const struct roster_person *person)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "address", person->address);
	json_map_text(map, "name", person->name);
	json_map_text(map, "role", person->role);
	json_map_text(map, "team", person->team);
	json_map_text(map, "status", person->status);
	json_map_text(map, "joined_on", person->joined_on);
	if (person->counted_under)
		json_map_text(map, "counted_under", person->counted_under);
	return map;
}

/* what happens as time passes, where something does */
static void print_times(const struct roster_list *list)
{
	char reminders[REMINDERS_SIZE];

	reminders_format(&list->reminders, reminders);
	if (*reminders)
		printf("reminders  %s days from the deadline\n", reminders);
	if (list->escalate_to_lead_days)
		printf("overdue    the lead is told after %" PRId64 " days\n",
		       list->escalate_to_lead_days);
	if (list->escalate_to_board_days)
		printf("overdue    %s, of the board, after %" PRId64 " days\n",
		       list->board_member_address,
		       list->escalate_to_board_days);
	if (list->catalogue_per_week)
		printf("catalogue  %" PRId64 " a week for a joiner\n",
		       list->catalogue_per_week);
}

void ctl_print_refused(const struct roster_list *list)
{
	const char *lines = list->refused_lines;

	if (*lines)
		printf("refused    %s.csv, line%s %s: of people who were "
		       "erased. Please have them taken out, or see "
		       "\"briefingctl person readmit\"\n",
		       list->name, strchr(lines, ',') ? "s" : "", lines);
}

static void print_list(const struct roster_list *list)
{
	printf("%s: %s (%s)\n", list->name, list->title, list->agency);
	printf("lead       %s, %s\n", list->lead, list->lead_address);
	printf("schedule   %s\n", list->schedule);
	if (*list->quiet_hours)
		printf("quiet      %s\n", list->quiet_hours);
	print_times(list);
	printf("confirm    %s\n", list->confirm);
	printf("documents  %s\n",
	       list->attach_documents ? "attached" : "linked");
	if (*list->review_on)
		printf("review on  %s\n", list->review_on);
	if (list->waiting_hash)
		printf("held       a new CSV would remove %" PRId64
		       " of %" PRId64
		       " members; see \"briefingctl list accept %s\"\n",
		       list->waiting_removals, list->member_count, list->name);
	ctl_print_refused(list);
	if (list->problem)
		printf("problem    %s\n", list->problem);
}

static int show_one(struct ctl *ctl, const char *name)
{
	struct roster_list *list;
	struct roster_person *people;
	size_t count;
	struct err err = {0};

	if (!roster_load_list(ctl->db, name, ctl->arena, &list, &err))
		return ctl_fail_err(&err);
	if (!list)
		return ctl_fail("no list %s; see \"briefingctl list show\"",
				name);
	if (!roster_load_members(ctl->db, list->id, ctl->now, ctl->arena,
				 &people, &count, &err))
		return ctl_fail_err(&err);
	struct json_value *map = list_json(list);
	struct json_value *members = json_list_new();
	if (!ctl->wants_json)
		print_list(list);
	for (size_t i = 0; i < count; i++) {
		const struct roster_person *each = &people[i];

		json_list_put(members, person_json(each));
		if (!ctl->wants_json)
			printf("  %-36s %-10s %s%s%s%s\n",
			       *each->address ? each->address : "(erased)",
			       each->status, each->name,
			       each->counted_under ? "  (counted under " : "",
			       each->counted_under ? each->counted_under : "",
			       each->counted_under ? ")" : "");
	}
	json_map_put(map, "people", members);
	if (ctl->wants_json)
		return ctl_print_json(map);
	json_free(map);
	return CTL_GOOD;
}

static int show_verb(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	int at = ctl_options(ctl, none, "list show [LIST]", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at > 1)
		return ctl_usage("list show [LIST]", "one list is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	return at == argc ? show_all(ctl) : show_one(ctl, argv[at]);
}

bool ctl_find_list(struct ctl *ctl, const char *name, struct roster_list **ret)
{
	struct roster_list *list;
	struct err err = {0};

	if (!roster_load_list(ctl->db, name, ctl->arena, &list, &err)) {
		ctl_fail_err(&err);
		return false;
	}
	if (!list || list->is_removed) {
		ctl_fail("no list %s; see \"briefingctl list show\"", name);
		return false;
	}
	*ret = list;
	return true;
}

/* ------------------------------------------------------------ check */

/* what is wrong with a list's two files, so far */
struct check {
	struct ctl *ctl;
	const char *name;
	struct arena *arena;
	struct problems problems;
	size_t member_count;
	bool is_unread; /* who was erased is looked for when the daemon reads */
};

static bool read_file(struct check *check, const char *path, size_t max_size,
		      char **ret_text, size_t *ret_size)
{
	struct err err = {0};

	return file_read(path, max_size, ret_text, ret_size, &err) ||
	       problems_add(&check->problems, path, 0, "%s", err.text);
}

static void check_conf(struct check *check)
{
	const struct settings *settings = check->ctl->settings;
	const char *fault = settings_find_reply_fault(settings);
	const char *path = arena_printf(check->arena, "%s/%s.conf",
					settings->lists_folder, check->name);
	struct roster_list list;
	size_t size;
	char *text;

	if (!read_file(check, path, ROSTER_CONF_MAX_SIZE, &text, &size))
		return;
	if (roster_parse_conf(path, text, size, check->arena, &list,
			      &check->problems) &&
	    list.confirm_by_reply && fault)
		problems_add(&check->problems, path,
			     config_find_line(text, size, "confirm_by_reply"),
			     "confirm_by_reply: %s", fault);
	free(text);
}

/* lines: "14, 27, and more" */
static void add_refused(struct check *check, const char *path,
			const char *lines)
{
	while (*lines) {
		char *end;
		long line = strtol(lines, &end, 10);

		if (end == lines) {
			problems_add(&check->problems, path, 0,
				     "has more rows that are refused: of "
				     "people who were erased");
			return;
		}
		problems_add(&check->problems, path, (int)line,
			     "is refused: of somebody who was erased. Please "
			     "have it taken out, or see \"briefingctl person "
			     "readmit\"");
		lines = end + strspn(end, ", ");
	}
}

/* The daemon alone has the key by which they are known: it told of the file
 * that it took in last. */
static bool find_refused(struct check *check, const char *path,
			 const char *text, size_t size, struct err *err)
{
	char hash[ROSTER_HASH_SIZE];
	struct roster_list *list;

	if (!roster_load_list(check->ctl->db, check->name, check->arena, &list,
			      err))
		return false;
	roster_hash_csv(text, size, hash);
	if (!list || !list->csv_hash || strcmp(list->csv_hash, hash) != 0)
		return tombstone_any(check->ctl->db, &check->is_unread, err);
	add_refused(check, path, list->refused_lines);
	return true;
}

static void check_csv(struct check *check)
{
	const char *path =
	    arena_printf(check->arena, "%s/%s.csv",
			 check->ctl->settings->lists_folder, check->name);
	struct roster_member *members;
	struct err err = {0};
	size_t size;
	char *text;

	if (!read_file(check, path, ROSTER_CSV_MAX_SIZE, &text, &size))
		return;
	if (roster_parse_csv(path, text, size, check->arena, &members,
			     &check->member_count, &check->problems) &&
	    check->ctl->db && !find_refused(check, path, text, size, &err))
		problems_add(&check->problems, path, 0, "%s", err.text);
	free(text);
}

/* one list's two files; the number of problems */
static size_t check_files(struct ctl *ctl, const char *name, bool is_quiet)
{
	struct check check = {.ctl = ctl, .name = name, .arena = arena_new()};

	check_conf(&check);
	check_csv(&check);
	size_t found = check.problems.count;
	char *all = problems_format(&check.problems);
	fputs(all, stderr);
	if (found == 0 && !is_quiet)
		printf("%-20s good, %zu members%s\n", name, check.member_count,
		       check.is_unread
			   ? "; the daemon has not read it yet, and tells "
			     "then of rows of people who were erased"
			   : "");
	free(all);
	problems_done(&check.problems);
	arena_free(check.arena);
	return found;
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static int is_conf(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && text_ends(entry->d_name, ".conf");
}

size_t ctl_check_lists(struct ctl *ctl, const char *only_name, bool is_quiet)
{
	struct dirent **entries;
	size_t problems = 0;

	if (only_name)
		return check_files(ctl, only_name, is_quiet);
	int count =
	    scandir(ctl->settings->lists_folder, &entries, is_conf, by_name);
	if (count < 0) {
		ctl_fail("%s: %s", ctl->settings->lists_folder,
			 strerror(errno));
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char *name = entries[i]->d_name;

		name[strlen(name) - strlen(".conf")] = '\0';
		problems += check_files(ctl, name, is_quiet);
		free(entries[i]);
	}
	free(entries);
	if (count == 0 && !is_quiet)
		printf("%s: no list yet\n", ctl->settings->lists_folder);
	return problems;
}

static int check_verb(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	int at = ctl_options(ctl, none, "list check [LIST]", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (!ctl_settings(ctl))
		return CTL_TROUBLE;
	ctl_find_store(ctl);
	size_t problems =
	    ctl_check_lists(ctl, at < argc ? argv[at] : NULL, false);
	return problems == 0 ? CTL_GOOD : CTL_TROUBLE;
}

/* ----------------------------------------------------------- accept */

static int accept_verb(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	struct err err = {0};
	int64_t id;
	int at = ctl_options(ctl, none, "list accept LIST", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage("list accept LIST", "one list is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	/* the file is as it was: without a word nobody would read it again */
	if (!roster_accept(ctl->db, argv[at], ctl->actor, ctl->now, &err) ||
	    !request_add(ctl->db, "reload", argv[at], ctl->actor, ctl->now, &id,
			 &err))
		return ctl_fail_err(&err);
	printf("%s: accepted; the daemon applies it now\n", argv[at]);
	return CTL_GOOD;
}

/* ------------------------------------------------------------- next */

static const char *next_slot(struct ctl *ctl, const struct roster_list *list,
			     int64_t *ret_at)
{
	struct err err = {0};
	struct schedule *schedule = schedule_parse(list->schedule, &err);
	const char *text;

	*ret_at = 0;
	if (!schedule)
		text = arena_strdup(ctl->arena, err.text);
	else if (schedule_is_immediate(schedule))
		text = "at once, when a briefing is taken in";
	else if (schedule_next(schedule, ctl->settings->zone, ctl->now, ret_at))
		text = ctl_time(ctl, *ret_at);
	else
		text = "never again";
	schedule_free(schedule);
	return text;
}

static int next_verb(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	struct roster_list *lists;
	size_t count, shown = 0;
	struct err err = {0};
	int at = ctl_options(ctl, none, "list next [LIST]", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!roster_load_lists(ctl->db, ctl->arena, &lists, &count, &err))
		return ctl_fail_err(&err);
	struct json_value *all = json_list_new();
	for (size_t i = 0; i < count; i++) {
		int64_t slot_at;

		if (lists[i].is_removed ||
		    (at < argc && strcmp(lists[i].name, argv[at]) != 0))
			continue;
		const char *text = next_slot(ctl, &lists[i], &slot_at);
		struct json_value *map = json_map_new();
		json_map_text(map, "list", lists[i].name);
		json_map_text(map, "schedule", lists[i].schedule);
		json_map_integer(map, "next_at", slot_at);
		json_list_put(all, map);
		shown++;
		if (!ctl->wants_json)
			printf("%-20s %-24s %s\n", lists[i].name,
			       lists[i].schedule, text);
	}
	if (ctl->wants_json)
		return ctl_print_json(all);
	json_free(all);
	if (at < argc && shown == 0)
		return ctl_fail("no list %s", argv[at]);
	return CTL_GOOD;
}

int ctl_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"show", "show [LIST]", "lists, or one and its members", show_verb},
	    {"check", "check [LIST]", "are the files right, line by line",
	     check_verb},
	    {"accept", "accept LIST", "let a held removal through",
	     accept_verb},
	    {"next", "next [LIST]", "when the next slot is", next_verb},
	    {"bounces", "bounces LIST", "what came back, and why",
	     ctl_list_bounces},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "list ", argc - 1, argv + 1);
}
