/*
 * briefingd: the daemon. Options, the errand's door, and the exit status; the
 * rest is run/daemon.c.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/daemon.h"
#include "run/errands.h"

#ifndef BRIEFINGD_SYSCONFDIR
#define BRIEFINGD_SYSCONFDIR "/etc"
#endif
#define SETTINGS_PATH BRIEFINGD_SYSCONFDIR "/briefingd/briefingd.conf"

static int usage(FILE *out, int status)
{
	fputs("usage: briefingd [-v] [-c FILE]\n"
	      "       briefingd -h | -V\n"
	      "Runs in the foreground. -c FILE: its configuration\n"
	      "(" SETTINGS_PATH "); -v: logs more. See briefingd(8).\n",
	      out);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	const char *path = SETTINGS_PATH;
	struct err err = {0};

	if (argc == 3 && strcmp(argv[1], "--errand") == 0)
		return errand_child_main(argv[2], errands_tasks);
	for (int option;
	     (option = getopt_long(argc, argv, "c:vhV", options, NULL)) >= 0;) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'v':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'h':
			return usage(stdout, EXIT_SUCCESS);
		case 'V':
			puts("briefingd " BRIEFINGD_VERSION);
			return EXIT_SUCCESS;
		default:
			return usage(stderr, 2);
		}
	}
	if (optind < argc)
		return usage(stderr, 2);
	mem_keep();
	struct daemon *daemon = daemon_open(path, &err);
	if (!daemon) {
		log_error("can't start: %s", err.text);
		return EXIT_FAILURE;
	}
	int status = daemon_run(daemon);
	daemon_close(daemon);
	return status;
}
