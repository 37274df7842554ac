#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assets.h"
#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/holidays.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/template.h"
#include "tools/zone.h"

static const struct assets_file *find_sample(void)
{
	for (const struct assets_file *file = assets_files; file->key; file++)
		if (strcmp(file->key, "config/briefingd.conf") == 0)
			return file;
	return NULL;
}

int ctl_init(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	const struct assets_file *sample = find_sample();
	struct err err = {0};
	int at = ctl_options(ctl, none, "init", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage("init", "unknown argument %s", argv[at]);
	if (access(ctl->settings_path, F_OK) == 0)
		return ctl_fail("%s is there already; it was left alone",
				ctl->settings_path);
	const char *slash = strrchr(ctl->settings_path, '/');
	const char *folder =
	    slash ? arena_strndup(ctl->arena, ctl->settings_path,
				  (size_t)(slash - ctl->settings_path))
		  : ".";
	if (!file_make_folder(arena_printf(ctl->arena, "%s/lists", folder),
			      0755, &err) ||
	    !file_write(ctl->settings_path, sample->data, sample->size, 0644,
			&err))
		return ctl_fail_err(&err);
	printf("wrote %s: set board.name, mail.from and the relay's host in "
	       "it, put "
	       "your lists into %s/lists, then run \"briefingctl check\"\n",
	       ctl->settings_path, folder);
	return CTL_GOOD;
}

/* a folder that must be there and writable; the number of problems */
static size_t check_folder(const char *setting, const char *path, int mode)
{
	if (access(path, mode) == 0) {
		printf("%-20s good: %s\n", setting, path);
		return 0;
	}
	ctl_fail("%s = \"%s\": %s", setting, path, strerror(errno));
	return 1;
}

static size_t check_relay(const struct relay_settings *relay)
{
	size_t problems = 0;

	if (*relay->ca_file)
		problems +=
		    check_folder("relays.ca_file", relay->ca_file, R_OK);
	if (*relay->certificate_file)
		problems += check_folder("relays.certificate_file",
					 relay->certificate_file, R_OK);
	if (*relay->key_file)
		problems +=
		    check_folder("relays.key_file", relay->key_file, R_OK);
	if (*relay->password_file)
		problems += check_folder("relays.password_file",
					 relay->password_file, R_OK);
	return problems;
}

#define HOLIDAYS_WARN_DAYS 90

/* A file that ends is no fault yet: deadlines then move past weekends only. */
static void check_holidays(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;
	int year = settings->holidays->last_year;
	struct civil today = zone_from_utc(settings->zone, ctl->now);
	int64_t days = civil_days(year + 1, 1, 1) -
		       civil_days(today.year, today.month, today.day);

	if (days > HOLIDAYS_WARN_DAYS)
		printf("%-20s good: %s, to the end of %d\n", "holidays",
		       settings->region, year);
	else
		printf("%-20s warning: those of %s end with %d; name a newer "
		       "file in board.holidays\n",
		       "holidays", settings->region, year);
}

int ctl_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	size_t problems = 0;

	if (ctl_options(ctl, none, "check", argc, argv) < 0)
		return CTL_USAGE;
	if (!ctl_settings(ctl))
		return CTL_TROUBLE;
	const struct settings *settings = ctl->settings;
	printf("%-20s good: %s\n", "configuration", ctl->settings_path);
	check_holidays(ctl);
	problems += check_folder("places.approved", settings->approved_folder,
				 R_OK | W_OK | X_OK);
	problems += check_folder("places.state", settings->state_folder,
				 R_OK | W_OK | X_OK);
	for (size_t i = 0; i < settings->relay_count; i++)
		problems += check_relay(&settings->relays[i]);
	struct template_set *templates = ctl_templates(ctl);
	if (templates)
		printf("%-20s good\n", "templates");
	else
		problems++;
	template_set_free(templates);
	problems += ctl_check_lists(ctl, NULL, false);
	if (problems == 0)
		return CTL_GOOD;
	return ctl_fail("%zu problem%s to mend", problems,
			problems == 1 ? "" : "s");
}
