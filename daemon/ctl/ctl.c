#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/request.h"
#include "core/settings.h"
#include "core/store.h"
#include "tools/calendar.h"
#include "tools/db.h"
#include "tools/json.h"
#include "tools/template.h"

#define BUSY_MS 5000
#define ANSWER_WAIT_MS 10000
#define ANSWER_LOOK_MS 100
#define OPTION_VALUES_MAX 64

const struct ctl_verb ctl_verbs[] = {
    {"init", "init", "write a configuration to begin with, in rehearsal",
     ctl_init},
    {"check", "check", "is the configuration right, and all it names",
     ctl_check},
    {"submit", "submit --ref REF --title TITLE ... SUMMARY [DOCUMENT...]",
     "place a briefing in the drop folder", ctl_submit},
    {"briefing", "briefing list|show|withdraw", "what was taken in",
     ctl_briefing},
    {"list", "list show|check|accept|next|bounces", "mailing lists and members",
     ctl_list},
    {"person", "person export|erase|readmit|exempt|unsuppress",
     "one person and their address", ctl_person},
    {"preview", "preview LIST [--person ADDRESS] [--format eml|html|text]",
     "the mail that would go", ctl_preview},
    {"run", "run LIST [--dry-run]", "send a list's slot now", ctl_run},
    {"queue", "queue [list|show|retry|hold|release|cancel|resolve]",
     "deliveries on their way", ctl_queue},
    {"report", "report [--briefing REF] [--from DATE] [--to DATE]",
     "reach, per briefing and agency", ctl_report},
    {"lead", "lead show|mail|link",
     "the leads of lists, their weekly mail and their page", ctl_lead},
    {"session", "session record|list|undo",
     "teams that were taken through a briefing", ctl_session},
    {"attest", "attest record|list|undo|scan",
     "sheets that people signed, as their lead says", ctl_attest},
    {"retention", "retention run [--dry-run]",
     "take away what was kept for long enough", ctl_retention},
    {"evidence", "evidence head|key|verify|prove|pack",
     "the ledger, and proofs from it", ctl_evidence},
    {"status", "status [--watch [SECONDS]]", "what the board's daemon is doing",
     ctl_status},
    {"mode", "mode [live|rehearsal --reason TEXT]",
     "does it count, and go to members", ctl_mode},
    {"pause", "pause --reason TEXT", "stop sending", ctl_pause},
    {"resume", "resume", "send again", ctl_resume},
    {"backup", "backup FILE", "a whole copy of the store", ctl_backup},
    {NULL, NULL, NULL, NULL},
};

int ctl_fail(const char *format, ...)
{
	va_list args;

	fputs("briefingctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CTL_TROUBLE;
}

int ctl_fail_err(const struct err *err)
{
	return ctl_fail("%s", err->text);
}

int ctl_usage(const char *usage, const char *format, ...)
{
	va_list args;

	fputs("briefingctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: briefingctl %s\n", usage);
	return CTL_USAGE;
}

int ctl_dispatch(struct ctl *ctl, const struct ctl_verb *verbs,
		 const char *prefix, int argc, char **argv)
{
	const char *name = argc > 0 ? argv[0] : "";

	for (const struct ctl_verb *verb = verbs; verb->name; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb->run(ctl, argc, argv);
	if (*name)
		fprintf(stderr, "briefingctl: no such verb: %s%s\n", prefix,
			name);
	fputs("usage:\n", stderr);
	for (const struct ctl_verb *verb = verbs; verb->name; verb++)
		fprintf(stderr, "  briefingctl %s%s\n        %s\n", prefix,
			verb->usage, verb->help);
	return CTL_USAGE;
}

bool ctl_settings(struct ctl *ctl)
{
	struct problems problems = {0};

	if (ctl->settings)
		return true;
	ctl->settings = settings_load(ctl->settings_path, &problems);
	if (!ctl->settings) {
		char *text = problems_format(&problems);

		fputs(text, stderr);
		free(text);
	}
	problems_done(&problems);
	return ctl->settings;
}

bool ctl_store(struct ctl *ctl)
{
	struct err err = {0};

	if (ctl->db)
		return true;
	if (!ctl_settings(ctl))
		return false;
	char *path = store_path(ctl->settings);
	ctl->db = db_open(path, DB_WRITE, BUSY_MS, &err);
	free(path);
	if (ctl->db)
		return true;
	if (err.kind == ERR_GONE)
		ctl_fail("%s (the daemon makes it when it starts first)",
			 err.text);
	else
		ctl_fail_err(&err);
	return false;
}

void ctl_find_store(struct ctl *ctl)
{
	char *path = store_path(ctl->settings);

	if (!ctl->db)
		ctl->db = db_open(path, DB_READ, BUSY_MS, NULL);
	free(path);
}

struct template_set *ctl_templates(struct ctl *ctl)
{
	const char *folder = ctl->settings->templates_folder;
	struct problems problems = {0};
	struct template_set *set = template_set_load(
	    access(folder, F_OK) == 0 ? folder : NULL, &problems);

	if (!set) {
		char *text = problems_format(&problems);

		fputs(text, stderr);
		free(text);
	}
	problems_done(&problems);
	return set;
}

bool ctl_await(struct ctl *ctl, int64_t request_id, const char **ret_answer,
	       struct err *err)
{
	*ret_answer = NULL;
	for (int waited = 0; waited < ANSWER_WAIT_MS && !*ret_answer;
	     waited += ANSWER_LOOK_MS) {
		if (!request_poll(ctl->db, request_id, ctl->arena, ret_answer,
				  err))
			return false;
		if (!*ret_answer)
			usleep(ANSWER_LOOK_MS * 1000);
	}
	return true;
}

int ctl_print_json(struct json_value *value)
{
	char *text = json_format_pretty(value);

	fputs(text, stdout);
	free(text);
	json_free(value);
	return CTL_GOOD;
}

const char *ctl_time(struct ctl *ctl, int64_t at)
{
	if (at == 0)
		return "-";
	struct civil civil = zone_from_utc(ctl->settings->zone, at);
	return arena_printf(ctl->arena, "%04d-%02d-%02d %02d:%02d", civil.year,
			    civil.month, civil.day, civil.hour, civil.minute);
}

const char *ctl_plain(struct ctl *ctl, const char *text)
{
	char *plain = arena_strdup(ctl->arena, text);
	bool is_utf8 = text_is_utf8(text, strlen(text), NULL);

	for (char *at = plain; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f ||
		    (!is_utf8 && (unsigned char)*at > 0x7f))
			*at = '?';
	return plain;
}

const char *ctl_date(struct ctl *ctl, int64_t at)
{
	struct civil civil = zone_from_utc(ctl->settings->zone, at);
	char date[CIVIL_DATE_SIZE];

	civil_format_date(&civil, date);
	return arena_strdup(ctl->arena, date);
}

const char *ctl_today(struct ctl *ctl)
{
	return ctl_date(ctl, ctl->now);
}

static void add_value(struct ctl *ctl, const char ***list, const char *value)
{
	size_t count = 0;

	if (!*list)
		*list = arena_allocarray(ctl->arena, OPTION_VALUES_MAX + 1,
					 sizeof(**list));
	while ((*list)[count])
		count++;
	if (count < OPTION_VALUES_MAX)
		(*list)[count] = value;
}

static const struct ctl_option *find_option(const struct ctl_option *options,
					    const char *name)
{
	for (; options->name; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

/* 1: taken, with its value; 0: said what is wrong */
static int take_option(struct ctl *ctl, const struct ctl_option *options,
		       const char *usage, int argc, char **argv, int *at)
{
	const struct ctl_option *option = find_option(options, argv[*at]);

	if (strcmp(argv[*at], "--json") == 0) {
		ctl->wants_json = true;
		return 1;
	}
	if (!option) {
		ctl_usage(usage, "unknown option %s", argv[*at]);
		return 0;
	}
	if (option->flag) {
		*option->flag = true;
		return 1;
	}
	if (++*at == argc) {
		ctl_usage(usage, "%s wants a value", option->name);
		return 0;
	}
	if (option->text)
		*option->text = argv[*at];
	else
		add_value(ctl, option->list, argv[*at]);
	return 1;
}

int ctl_options(struct ctl *ctl, const struct ctl_option *options,
		const char *usage, int argc, char **argv)
{
	char **rest =
	    arena_allocarray(ctl->arena, (size_t)argc + 1, sizeof(*rest));
	int count = 0;
	bool has_ended = false;

	for (int at = 1; at < argc; at++) {
		if (has_ended || argv[at][0] != '-' || !argv[at][1])
			rest[count++] = argv[at];
		else if (strcmp(argv[at], "--") == 0)
			has_ended = true;
		else if (!take_option(ctl, options, usage, argc, argv, &at))
			return -1;
	}
	/* options may stand behind arguments: these move to the end */
	memcpy(argv + argc - count, rest, (size_t)count * sizeof(*rest));
	return argc - count;
}
