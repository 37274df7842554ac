#include "core/store.h"

#include <fcntl.h>
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
	struct statx status;

	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &status) < 0) {
		err_errno(err, ERR_SYSTEM, "%s", path);
		free(path);
		return NULL;
	}
	free(path);
	/* a machine without an id still has its files' numbers */
	if (!file_read("/etc/machine-id", 256, &machine, NULL, NULL))
		machine = xstrdup("");
	machine[strcspn(machine, "\n")] = '\0';
	/* The number alone does not do: a file that is deleted and put back
	 * gets the same one again. Where there is no time of birth it is 0. */
	char *home = xasprintf("%s %llu %lld.%09u", machine,
			       (unsigned long long)status.stx_ino,
			       (long long)status.stx_btime.tv_sec,
			       (unsigned)status.stx_btime.tv_nsec);
	free(machine);
	return home;
}
