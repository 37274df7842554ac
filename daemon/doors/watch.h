#ifndef DOORS_WATCH_H
#define DOORS_WATCH_H

/*
 * A doorbell for folders (inotify): it says that something changed, never what.
 * Whoever hears it runs its whole idempotent scan. It may ring without cause,
 * and a network file system may not ring at all, so scan by timer too. One
 * thread.
 *
 *	struct watch *watch = watch_open(err);
 *	watch_folder(watch, "/srv/briefingd/approved", err);
 *	... watch_fd is readable ...
 *	if (watch_drain(watch))
 *		scan();
 */
#include <stdbool.h>

struct err;
struct watch;

struct watch *watch_open(struct err *err);
void watch_close(struct watch *watch); /* accepts NULL */

/* Watches the folder and the folders directly in it, now and when they are made
 * later. A folder that is not there (yet) is ERR_GONE and is watched as soon as
 * a watch_drain finds it. The path is copied; naming it twice is harmless. */
bool watch_folder(struct watch *watch, const char *path, struct err *err);

int watch_fd(const struct watch *watch);

/* Takes all that was reported; true when anything changed, or may have (the
 * kernel's queue overflowed). Also looks again for folders that were missing:
 * call it by timer too. Never blocks. */
bool watch_drain(struct watch *watch);

#endif
