#include "core/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/settings.h"

char *store_path(const struct settings *settings)
{
	return xasprintf("%s/briefingd.db", settings->state_folder);
}

char *store_home(const struct settings *settings, struct err *err)
{
	char *path = store_path(settings);
	char *machine = NULL;
	struct stat status;

	if (stat(path, &status) < 0) {
		err_errno(err, ERR_SYSTEM, "%s", path);
		free(path);
		return NULL;
	}
	free(path);
	/* a machine without an id still has its files' numbers */
	if (!file_read("/etc/machine-id", 256, &machine, NULL, NULL))
		machine = xstrdup("");
	machine[strcspn(machine, "\n")] = '\0';
	char *home =
	    xasprintf("%s %llu", machine, (unsigned long long)status.st_ino);
	free(machine);
	return home;
}
