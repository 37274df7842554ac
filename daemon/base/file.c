#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

int file_open(int directory_fd, const char *name, struct err *err)
{
	struct stat status;

	if (directory_fd != AT_FDCWD && strchr(name, '/')) {
		err_set(err, ERR_INPUT,
			"%s: a plain file name is wanted, "
			"without a folder",
			name);
		return -1;
	}
	int fd = openat(directory_fd, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ELOOP)
			err_set(err, ERR_INPUT,
				"%s: is a symbolic link; put the file itself "
				"there",
				name);
		else if (errno == ENXIO || errno == ENODEV) /* a socket */
			err_set(err, ERR_INPUT, "%s: is not a regular file",
				name);
		else
			err_errno(err, errno == ENOENT ? ERR_GONE : ERR_SYSTEM,
				  "%s", name);
		return -1;
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		err_set(err, ERR_INPUT, "%s: is not a regular file", name);
		close(fd);
		return -1;
	}
	return fd;
}

static bool read_all(int fd, const char *name, size_t ceiling, char **ret_data,
		     size_t *ret_size, struct err *err)
{
	struct stat status;
	size_t size = 0, capacity = 4096;

	if (fstat(fd, &status) == 0 && status.st_size > 0) {
		if ((unsigned long long)status.st_size > ceiling)
			return err_set(err, ERR_FULL,
				       "%s: %lld bytes, at most %zu are "
				       "allowed",
				       name, (long long)status.st_size,
				       ceiling);
		capacity = (size_t)status.st_size + 1;
	}
	char *data = xmalloc(capacity + 1);
	for (;;) {
		ssize_t got = read(fd, data + size, capacity - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(data);
			return err_errno(err, ERR_SYSTEM, "reading %s", name);
		}
		if (got == 0)
			break;
		size += (size_t)got;
		if (size > ceiling) {
			free(data);
			return err_set(err, ERR_FULL, "%s: more than %zu bytes",
				       name, ceiling);
		}
		if (size == capacity) {
			capacity *= 2;
			data = xrealloc(data, capacity + 1);
		}
	}
	data[size] = '\0';
	*ret_data = data;
	if (ret_size)
		*ret_size = size;
	return true;
}

bool file_read_at(int directory_fd, const char *name, size_t ceiling,
		  char **ret_data, size_t *ret_size, struct err *err)
{
	int fd = file_open(directory_fd, name, err);

	if (fd < 0)
		return false;
	bool good = read_all(fd, name, ceiling, ret_data, ret_size, err);
	close(fd);
	return good;
}

bool file_read(const char *path, size_t ceiling, char **ret_data,
	       size_t *ret_size, struct err *err)
{
	return file_read_at(AT_FDCWD, path, ceiling, ret_data, ret_size, err);
}

static bool write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t put = write(fd, at, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		at += put;
		size -= (size_t)put;
	}
	return true;
}

bool file_sync_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	bool good = fsync(fd) == 0;
	if (!good)
		err_errno(err, ERR_SYSTEM, "syncing %s", path);
	close(fd);
	return good;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/")
			     : xstrndup(path, (size_t)(slash - path));
}

bool file_write(const char *path, const void *data, size_t size, unsigned mode,
		struct err *err)
{
	char *folder = folder_of(path);
	char *temporary = xasprintf("%s/.new-XXXXXX", folder);
	bool good = false;
	int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0) {
		err_errno(err, ERR_SYSTEM, "writing %s", path);
		goto out;
	}
	good = fchmod(fd, mode) == 0 && write_all(fd, data, size) &&
	       fsync(fd) == 0;
	if (!good)
		err_errno(err, ERR_SYSTEM, "writing %s", path);
	close(fd);
	if (good && rename(temporary, path) < 0)
		good = err_errno(err, ERR_SYSTEM, "writing %s", path);
	if (!good)
		unlink(temporary);
	else
		good = file_sync_folder(folder, err);
out:
	free(temporary);
	free(folder);
	return good;
}

/* Its name outlives a power cut only when the folder above is synced. */
static bool make_one_folder(const char *path, unsigned mode, struct err *err)
{
	if (mkdir(path, mode) < 0)
		return errno == EEXIST ||
		       err_errno(err, ERR_SYSTEM, "making the folder %s", path);
	char *above = folder_of(path);
	bool good = file_sync_folder(above, err);
	free(above);
	return good;
}

bool file_make_folder(const char *path, unsigned mode, struct err *err)
{
	char *part = xstrdup(path);
	bool good = true;

	for (char *at = part + 1; good; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char byte = *at;
		*at = '\0';
		good = make_one_folder(part, mode, err);
		*at = byte;
		if (!byte)
			break;
	}
	free(part);
	return good;
}
