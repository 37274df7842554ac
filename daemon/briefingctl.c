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
	     "       briefingctl --help | --version");
	for (const struct ctl_verb *verb = ctl_verbs; verb->name; verb++)
		printf("  %-9s %s\n", verb->name, verb->help);
	puts("See briefingctl(1).");
	return CTL_GOOD;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.settings_path = SETTINGS_PATH,
			  .now = time(NULL),
			  .arena = arena_new()};
	int at = 1, status;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "-c") == 0 && at + 1 < argc)
			ctl.settings_path = argv[++at];
		else if (strcmp(argv[at], "--json") == 0)
			ctl.wants_json = true;
		else if (strcmp(argv[at], "--help") == 0)
			return help();
		else if (strcmp(argv[at], "-V") == 0 ||
			 strcmp(argv[at], "--version") == 0)
			return puts("briefingctl " BRIEFINGD_VERSION), CTL_GOOD;
		else
			return ctl_usage("[-c FILE] [--json] VERB ...",
					 "unknown option %s", argv[at]);
	}
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
