#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "core/request.h"
#include "core/retention.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/json.h"

static void print_rule(const char *what, int64_t days, int64_t count)
{
	if (days > 0)
		printf("%-40s %6" PRId64 " older than %" PRId64 " days\n", what,
		       count, days);
	else
		printf("%-40s        kept until somebody is erased\n", what);
}

static int dry_run(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;
	struct retention_counts counts;
	struct err err = {0};

	if (!retention_count(ctl->db, settings, ctl->now, &counts, &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json) {
		struct json_value *map = json_map_new();

		json_map_integer(map, "people", counts.people);
		json_map_integer(map, "texts", counts.texts);
		json_map_integer(map, "mails", counts.mails);
		json_map_integer(map, "scans", counts.scans);
		return ctl_print_json(map);
	}
	print_rule("people who are on no list any more",
		   settings->retention_leavers_days, counts.people);
	print_rule("what they wrote, reasons about them",
		   settings->retention_texts_days, counts.texts);
	print_rule("servers' words, replies, notices",
		   settings->retention_mails_days, counts.mails);
	print_rule("scans of signed sheets", settings->retention_scans_days,
		   counts.scans);
	puts("nothing is done yet");
	return CTL_GOOD;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "retention run [--dry-run]";
	bool is_dry = false;
	const struct ctl_option options[] = {
	    {.name = "--dry-run", .flag = &is_dry}, {0}};
	const char *answer = NULL;
	struct err err = {0};
	int64_t id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage(usage, "unknown argument %s", argv[at]);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (is_dry)
		return dry_run(ctl);
	if (!request_add(ctl->db, "retain", "", ctl->actor, ctl->now, &id,
			 &err) ||
	    !ctl_await(ctl, id, &answer, &err))
		return ctl_fail_err(&err);
	if (!answer)
		return ctl_fail("asked; the daemon does it beside all else, "
				"and its log says how far it is");
	printf("gone: %s\n", answer);
	return CTL_GOOD;
}

int ctl_retention(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"run", "run [--dry-run]",
	     "take away what was kept for long enough", run},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "retention ", argc - 1, argv + 1);
}
