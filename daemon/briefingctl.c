/*
 * briefingctl: the control program. Options that all verbs share; the verbs
 * are in ctl/.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/crypto.h"
#include "tools/db.h"

#ifndef BRIEFINGD_SYSCONFDIR
#define BRIEFINGD_SYSCONFDIR "/etc"
#endif
#define SETTINGS_PATH BRIEFINGD_SYSCONFDIR "/briefingd/briefingd.conf"

/* who asks, for the record: behind sudo the person, not root */
static const char *find_actor(struct arena *arena)
{
	char host[65] = "";
	const char *person = getenv("SUDO_USER");
	const struct passwd *entry = getpwuid(getuid());

	gethostname(host, sizeof(host) - 1);
	if (!person || getuid() != 0)
		person = entry ? entry->pw_name : "unknown";
	return arena_printf(arena, "%s@%s", person, host);
}

static int help(void)
{
	puts("usage: briefingctl [-c FILE] [--json] VERB ...\n"
	     "       briefingctl -h | -V");
	for (const struct ctl_verb *verb = ctl_verbs; verb->name; verb++)
		printf("  %-9s %s\n", verb->name, verb->help);
	puts("See briefingctl(1).");
	return CTL_GOOD;
}

/* Options that all verbs share; *at then stands at the verb. Returns the exit
 * status of what ends here, -1 to go on. */
static int read_options(struct ctl *ctl, int argc, char **argv, int *at)
{
	for (*at = 1; *at < argc && argv[*at][0] == '-'; ++*at) {
		const char *option = argv[*at];

		if (strcmp(option, "-c") == 0 && *at + 1 < argc)
			ctl->settings_path = argv[++*at];
		else if (strcmp(option, "--json") == 0)
			ctl->wants_json = true;
		else if (strcmp(option, "-h") == 0 ||
			 strcmp(option, "--help") == 0)
			return help();
		else if (strcmp(option, "-V") == 0 ||
			 strcmp(option, "--version") == 0)
			return puts("briefingctl " BRIEFINGD_VERSION), CTL_GOOD;
		else
			return ctl_usage("[-c FILE] [--json] VERB ...",
					 "unknown option %s", option);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.settings_path = SETTINGS_PATH, .now = time(NULL)};
	int at, status = read_options(&ctl, argc, argv, &at);

	if (status >= 0)
		return status;
	ctl.arena = arena_new();
	ctl.actor = find_actor(ctl.arena);
	crypto_start();
	status = ctl_dispatch(&ctl, ctl_verbs, "", argc - at, argv + at);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = ctl_fail("can't write to standard output");
	db_close(ctl.db);
	settings_free(ctl.settings);
	arena_free(ctl.arena);
	return status;
}
