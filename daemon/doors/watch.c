#include "doors/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* Not IN_MODIFY: a slow upload would ring for every block, and whoever writes
 * closes in the end. IN_ATTRIB: a chmod may make a file readable to us. */
#define EVENTS                                                                 \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |              \
	 IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

struct folder {
	struct folder *next;
	char *path;
	int descriptor; /* inotify's, -1 while the folder is missing */
};

struct watch {
	int fd;
	struct folder *folders; /* those named; what is below is not kept */
};

struct watch *watch_open(struct err *err)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0) {
		err_errno(err, ERR_SYSTEM, "making an inotify descriptor");
		return NULL;
	}
	struct watch *watch = xcalloc(1, sizeof(*watch));
	watch->fd = fd;
	return watch;
}

void watch_close(struct watch *watch)
{
	struct folder *next;

	if (!watch)
		return;
	for (struct folder *folder = watch->folders; folder; folder = next) {
		next = folder->next;
		free(folder->path);
		free(folder);
	}
	close(watch->fd);
	free(watch);
}

/* The kernel gives the same descriptor for the same folder, so adding again
 * what is watched already changes nothing. IN_ONLYDIR refuses files, and links
 * are not followed below the named folder. */
static void add_children(struct watch *watch, const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		char *child;

		if (entry->d_name[0] == '.' ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		child = xasprintf("%s/%s", path, entry->d_name);
		(void)inotify_add_watch(watch->fd, child,
					EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW);
		free(child);
	}
	closedir(directory);
}

static bool add_folder(struct watch *watch, struct folder *folder)
{
	folder->descriptor =
	    inotify_add_watch(watch->fd, folder->path, EVENTS | IN_ONLYDIR);
	if (folder->descriptor < 0)
		return false;
	add_children(watch, folder->path);
	return true;
}

static struct folder *find_folder(struct watch *watch, const char *path)
{
	struct folder *folder = watch->folders;

	while (folder && strcmp(folder->path, path) != 0)
		folder = folder->next;
	return folder;
}

bool watch_folder(struct watch *watch, const char *path, struct err *err)
{
	struct folder *folder = find_folder(watch, path);

	if (!folder) {
		folder = xcalloc(1, sizeof(*folder));
		folder->path = xstrdup(path);
		folder->next = watch->folders;
		watch->folders = folder;
	}
	if (add_folder(watch, folder))
		return true;
	return err_errno(err, errno == ENOENT ? ERR_GONE : ERR_SYSTEM,
			 "watching %s", path);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

/* Looks at every event of one read; true when a folder may have come or gone,
 * so that the watches must be laid again. */
static bool has_moved_folders(struct watch *watch, const char *data,
			      size_t size)
{
	const struct inotify_event *event;
	bool moved = false;

	for (size_t at = 0; at < size; at += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)(const void *)(data + at);
		if (event->mask & (IN_ISDIR | IN_Q_OVERFLOW))
			moved = true;
		if (!(event->mask &
		      (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)))
			continue;
		for (struct folder *f = watch->folders; f; f = f->next) {
			if (f->descriptor != event->wd)
				continue;
			/* A folder that was moved away is watched still, and
			 * would hide the one that takes its place. */
			if (event->mask & IN_MOVE_SELF)
				(void)inotify_rm_watch(watch->fd, event->wd);
			f->descriptor = -1;
		}
	}
	return moved;
}

bool watch_drain(struct watch *watch)
{
	_Alignas(struct inotify_event) char data[16 * 1024];
	bool changed = false, moved = false;
	ssize_t size;

	while ((size = read(watch->fd, data, sizeof(data))) > 0) {
		changed = true;
		if (has_moved_folders(watch, data, (size_t)size))
			moved = true;
	}
	/* Laid before the caller scans: what is made in a new folder after
	 * this rings, and what was made before it is found by the scan. */
	for (struct folder *f = watch->folders; f; f = f->next) {
		bool was_missing = f->descriptor < 0;

		if ((moved || was_missing) && add_folder(watch, f) &&
		    was_missing)
			changed = true;
	}
	return changed;
}
