#include "doors/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "doors/mailbag.h"

static const char *const parts[] = {"new", "cur"};

/* --- reading */

/* Reads what is there, up to size bytes; -1: it can't be read. */
static ssize_t read_some(int fd, char *data, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t more = read(fd, data + got, size - got);

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return -1;
		if (more == 0)
			break;
		got += (size_t)more;
	}
	return (ssize_t)got;
}

/* false: it is not a mail, or went away meanwhile */
static bool put_file(int folder, const char *name, char *room, size_t size,
		     struct buf *out)
{
	char place[MAILBAG_PLACE_SIZE];
	size_t length = strcspn(name, ":");
	struct err err;

	if (name[0] == '.' || length >= sizeof(place))
		return false;
	int fd = file_open(folder, name, &err);
	if (fd < 0)
		return false;
	ssize_t got = read_some(fd, room, size);
	close(fd);
	memcpy(place, name, length);
	place[length] = '\0';
	return got >= 0 && mailbag_put(out, place, room, (size_t)got);
}

static bool fetch_part(const char *path, size_t *left, char *room, size_t size,
		       struct buf *out, struct err *err)
{
	DIR *folder = opendir(path);

	if (!folder)
		return err_errno(err, errno == ENOENT ? ERR_GONE : ERR_SYSTEM,
				 "%s", path);
	for (struct dirent *entry; *left > 0 && (entry = readdir(folder));)
		*left -=
		    put_file(dirfd(folder), entry->d_name, room, size, out);
	closedir(folder);
	return true;
}

bool maildir_fetch(const char *path, size_t max, size_t max_size,
		   struct buf *out, struct err *err)
{
	char *room = xmalloc(max_size);
	bool good = true;

	mailbag_open(out, false);
	for (size_t i = 0; good && i < 2; i++) {
		char *part = xasprintf("%s/%s", path, parts[i]);

		good = fetch_part(part, &max, room, max_size, out, err);
		free(part);
	}
	free(room);
	return good;
}

static bool is_called(const char *name, const char *place)
{
	size_t size = strlen(place);

	return strncmp(name, place, size) == 0 &&
	       (name[size] == '\0' || name[size] == ':');
}

/* The file of that name, with whatever flags; NULL: there is none. free() it */
static char *find_file(const char *path, const char *place)
{
	char *found = NULL;

	for (size_t i = 0; !found && i < 2; i++) {
		char *part = xasprintf("%s/%s", path, parts[i]);
		DIR *folder = opendir(part);
		struct dirent *entry;

		while (folder && !found && (entry = readdir(folder)))
			if (is_called(entry->d_name, place))
				found = xasprintf("%s/%s", part, entry->d_name);
		if (folder)
			closedir(folder);
		free(part);
	}
	return found;
}

/* a name, and no way out of the Maildir */
static bool check_place(const char *place, struct err *err)
{
	return (!strchr(place, '/') && *place != '.' && *place) ||
	       err_set(err, ERR_INPUT, "no mail's name: %s", place);
}

bool maildir_fetch_one(const char *path, const char *place, size_t max_size,
		       struct buf *out, struct err *err)
{
	if (!check_place(place, err))
		return false;
	char *file = find_file(path, place);
	char *room = xmalloc(max_size);
	mailbag_open(out, false);
	if (file) {
		char *name = strrchr(file, '/');
		int folder;

		*name++ = '\0';
		folder = open(file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder >= 0) {
			put_file(folder, name, room, max_size, out);
			close(folder);
		}
	}
	free(room);
	free(file);
	return true;
}

/* --- moving */

static bool make_folder(const char *target, struct err *err)
{
	static const char *const names[] = {"tmp", "new", "cur"};
	bool good = true;

	for (size_t i = 0; good && i < 3; i++) {
		char *part = xasprintf("%s/%s", target, names[i]);

		good = file_make_folder(part, 0700, err);
		free(part);
	}
	return good;
}

static bool move_file(const char *from, const char *to, const char *target,
		      struct err *err)
{
	if (rename(from, to) == 0)
		return true;
	if (errno != ENOENT)
		return err_errno(err, ERR_SYSTEM, "moving %s to %s", from, to);
	/* the folder is not there yet, or the mail no more */
	return make_folder(target, err) &&
	       (rename(from, to) == 0 || errno == ENOENT ||
		err_errno(err, ERR_SYSTEM, "moving %s to %s", from, to));
}

bool maildir_move(const char *path, const char *place, const char *folder,
		  struct err *err)
{
	if (!check_place(place, err))
		return false;
	char *from = find_file(path, place);
	char *target = xasprintf("%s/.%s", path, folder);
	char *to = xasprintf("%s/cur/%s:2,S", target, place);
	bool good = !from || move_file(from, to, target, err);

	free(to);
	free(target);
	free(from);
	return good;
}
