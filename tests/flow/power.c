/*
 * Writes down what a program does to its disk and says to the world, for
 * power.py, which cuts the power at any point of it. Preloaded, it appends to
 * the file $POWER_JOURNAL (of full size already, mapped by all processes of
 * the board): each change of a file or name below $POWER_STATE, each sync, and
 * what goes out and comes in by sockets and standard error.
 *
 * The order in the journal is what counts. What changes the disk is written
 * down once it is done. A sync is written down when it has returned, with the
 * place in the journal where it began: what was written meanwhile is not known
 * to be durable. What is said is written down before it is said.
 *
 * The -shm file is memory and no disk: it is left out.
 *
 * As a power cut is a new start of the same machine on the same disk, the
 * store's file keeps its number and its birth, though the test builds it anew,
 * and $POWER_BOOT numbers the machine's starts.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
#define HEAD_SIZE 64 /* of the journal; its first word: bytes used */

/* power.py has the same numbers */
enum kind {
	OPENED = 1,    /* path, file */
	WRITTEN,       /* file, at, data */
	CUT_OFF,       /* file, at: ftruncate */
	SYNCED,        /* file, at: where in the journal it began */
	SYNCED_FOLDER, /* path, at */
	RENAMED,       /* path, data: the new path */
	REMOVED,       /* path */
	MADE_FOLDER,   /* path */
	SAID,          /* file: descriptor; data */
	HEARD,
	CONNECTED, /* file: descriptor, which begins anew */
	LOGGED,    /* data */
	ENDED,     /* data: the program's arguments */
};

struct record {
	uint32_t size; /* with what follows and padding */
	uint32_t kind;
	uint32_t path_size, data_size;
	uint32_t process;
	uint32_t zero;
	int64_t file, at;
};

static struct {
	_Atomic uint64_t used;
} * journal;
static size_t journal_size;
static const char *state;

/* what is open below state: its inode, and its path if it is a folder */
static struct {
	int64_t file;
	char *folder;
} known[FDS];

#define REAL(name)                                                             \
	static __typeof__(name) *real;                                         \
	if (!real)                                                             \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

/* --- the journal */

static struct record *begin(enum kind kind, int64_t file, int64_t at,
			    const char *path, size_t data_size)
{
	size_t path_size = path ? strlen(path) : 0;
	size_t size =
	    (sizeof(struct record) + path_size + data_size + 7) / 8 * 8;
	uint64_t where = atomic_fetch_add(&journal->used, size);

	if (HEAD_SIZE + where + size > journal_size)
		abort();
	struct record *record = (void *)((char *)journal + HEAD_SIZE + where);
	*record = (struct record){.size = (uint32_t)size,
				  .kind = kind,
				  .path_size = (uint32_t)path_size,
				  .data_size = (uint32_t)data_size,
				  .process = (uint32_t)getpid(),
				  .file = file,
				  .at = at};
	if (path)
		memcpy(record + 1, path, path_size);
	return record;
}

static char *data_of(struct record *record)
{
	return (char *)(record + 1) + record->path_size;
}

static void note(enum kind kind, int64_t file, int64_t at, const char *path,
		 const void *data, size_t size)
{
	int kept = errno;

	if (journal) {
		struct record *record = begin(kind, file, at, path, size);
		if (size > 0)
			memcpy(data_of(record), data, size);
	}
	errno = kept;
}

/* How much of what was to be said was said. */
static ssize_t end_said(struct record *record, ssize_t size)
{
	if (record)
		record->data_size = size > 0 ? (uint32_t)size : 0;
	return size;
}

static char arguments[1024];

__attribute__((constructor)) static void start(int count, char **texts)
{
	const char *path = getenv("POWER_JOURNAL");
	struct stat status;

	if (!path)
		return;
	state = getenv("POWER_STATE");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (!state || fd < 0 || fstat(fd, &status) < 0)
		abort();
	journal_size = (size_t)status.st_size;
	void *mapped =
	    mmap(NULL, journal_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		abort();
	journal = mapped;
	close(fd);
	for (int i = 0; i < count; i++) {
		size_t used = strlen(arguments);
		snprintf(arguments + used, sizeof(arguments) - used, "%s%s",
			 i ? " " : "", texts[i]);
	}
}

__attribute__((destructor)) static void end(void)
{
	note(ENDED, 0, 0, NULL, arguments, strlen(arguments));
}

/* --- files */

static bool is_ours(const char *path)
{
	size_t size = state ? strlen(state) : 0, length = strlen(path);

	return journal && strncmp(path, state, size) == 0 &&
	       (path[size] == '/' || path[size] == '\0') &&
	       (length < 4 || strcmp(path + length - 4, "-shm") != 0);
}

static bool is_known(int fd)
{
	return fd >= 0 && fd < FDS && known[fd].file;
}

static void forget(int fd)
{
	if (!is_known(fd))
		return;
	known[fd].file = 0;
	free(known[fd].folder);
	known[fd].folder = NULL;
}

static int opened(int fd, const char *path, int flags)
{
	int kept = errno;
	struct stat status;

	if (fd < 0 || fd >= FDS)
		return fd;
	forget(fd);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return fd; /* it has no name, and a cut leaves nothing of it */
	if (is_ours(path) && fstat(fd, &status) == 0) {
		known[fd].file = (int64_t)status.st_ino;
		if (S_ISDIR(status.st_mode))
			known[fd].folder = strdup(path);
		else if ((flags & O_ACCMODE) != O_RDONLY)
			note(OPENED, known[fd].file, 0, path, NULL, 0);
		if (!S_ISDIR(status.st_mode) && flags & O_TRUNC)
			note(CUT_OFF, known[fd].file, 0, NULL, NULL, 0);
	}
	errno = kept;
	return fd;
}

#define TAKE_MODE(flags)                                                       \
	mode_t mode = 0;                                                       \
	if ((flags) & (O_CREAT | O_TMPFILE)) {                                 \
		va_list more;                                                  \
		va_start(more, flags);                                         \
		mode = va_arg(more, mode_t);                                   \
		va_end(more);                                                  \
	}

int open(const char *path, int flags, ...)
{
	REAL(open);
	TAKE_MODE(flags)
	return opened(real(path, flags, mode), path, flags);
}

int open64(const char *path, int flags, ...)
{
	REAL(open64);
	TAKE_MODE(flags)
	return opened(real(path, flags, mode), path, flags);
}

int openat(int folder, const char *path, int flags, ...)
{
	REAL(openat);
	TAKE_MODE(flags)
	return opened(real(folder, path, flags, mode), path, flags);
}

int mkostemp(char *path, int flags)
{
	REAL(mkostemp);
	int fd = real(path, flags);
	return opened(fd, path, O_RDWR);
}

int close(int fd)
{
	REAL(close);
	forget(fd);
	return real(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	REAL(pwrite64);
	ssize_t put = real(fd, data, size, at);
	if (put > 0 && is_known(fd))
		note(WRITTEN, known[fd].file, at, NULL, data, (size_t)put);
	return put;
}

ssize_t write(int fd, const void *data, size_t size)
{
	REAL(write);
	if (fd == STDERR_FILENO)
		note(LOGGED, 0, 0, NULL, data, size);
	ssize_t put = real(fd, data, size);
	if (put > 0 && is_known(fd))
		note(WRITTEN, known[fd].file, lseek(fd, 0, SEEK_CUR) - put,
		     NULL, data, (size_t)put);
	return put;
}

int ftruncate64(int fd, off64_t size)
{
	REAL(ftruncate64);
	int failed = real(fd, size);
	if (!failed && is_known(fd))
		note(CUT_OFF, known[fd].file, size, NULL, NULL, 0);
	return failed;
}

static int synced(int failed, int fd, uint64_t began)
{
	if (failed || !is_known(fd))
		return failed;
	if (known[fd].folder)
		note(SYNCED_FOLDER, 0, (int64_t)began, known[fd].folder, NULL,
		     0);
	else
		note(SYNCED, known[fd].file, (int64_t)began, NULL, NULL, 0);
	return 0;
}

int fsync(int fd)
{
	REAL(fsync);
	uint64_t began = journal ? atomic_load(&journal->used) : 0;
	return synced(real(fd), fd, began);
}

int fdatasync(int fd)
{
	REAL(fdatasync);
	uint64_t began = journal ? atomic_load(&journal->used) : 0;
	return synced(real(fd), fd, began);
}

int rename(const char *from, const char *to)
{
	REAL(rename);
	int failed = real(from, to);
	if (!failed && is_ours(from))
		note(RENAMED, 0, 0, from, to, strlen(to));
	return failed;
}

int unlink(const char *path)
{
	REAL(unlink);
	int failed = real(path);
	if (!failed && is_ours(path))
		note(REMOVED, 0, 0, path, NULL, 0);
	return failed;
}

int mkdir(const char *path, mode_t mode)
{
	REAL(mkdir);
	int failed = real(path, mode);
	if (!failed && is_ours(path))
		note(MADE_FOLDER, 0, 0, path, NULL, 0);
	return failed;
}

/* --- the world */

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	REAL(connect);
	note(CONNECTED, fd, 0, NULL, NULL, 0);
	return real(fd, address, size);
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size,
	    int flags)
{
	REAL(accept4);
	int made = real(fd, address, size, flags);
	if (made >= 0)
		note(CONNECTED, made, 0, NULL, NULL, 0);
	return made;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	REAL(send);
	struct record *record = NULL;
	if (journal) {
		record = begin(SAID, fd, 0, NULL, size);
		memcpy(data_of(record), data, size);
	}
	return end_said(record, real(fd, data, size, flags));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg);
	struct record *record = NULL;
	size_t size = 0;
	for (size_t i = 0; i < message->msg_iovlen; i++)
		size += message->msg_iov[i].iov_len;
	if (journal) {
		record = begin(SAID, fd, 0, NULL, size);
		char *to = data_of(record);
		for (size_t i = 0; i < message->msg_iovlen; i++)
			to = mempcpy(to, message->msg_iov[i].iov_base,
				     message->msg_iov[i].iov_len);
	}
	return end_said(record, real(fd, message, flags));
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
	REAL(recv);
	ssize_t got = real(fd, data, size, flags);
	if (got > 0 && !(flags & MSG_PEEK))
		note(HEARD, fd, 0, NULL, data, (size_t)got);
	return got;
}

/* --- the machine */

int statx(int folder, const char *restrict path, int flags, unsigned wanted,
	  struct statx *restrict ret)
{
	static const char store[] = "/briefingd.db";
	REAL(statx);
	int failed = real(folder, path, flags, wanted, ret);
	size_t size = strlen(path);
	if (!failed && size >= sizeof(store) - 1 &&
	    strcmp(path + size - (sizeof(store) - 1), store) == 0) {
		ret->stx_ino = 1;
		ret->stx_btime = (struct statx_timestamp){0};
	}
	return failed;
}

/* as in sd-id128.h, whose library need not be here */
union boot_id {
	uint8_t bytes[16];
	uint64_t words[2];
};
int sd_id128_get_boot(union boot_id *ret);

int sd_id128_get_boot(union boot_id *ret)
{
	const char *boot = getenv("POWER_BOOT");

	*ret = (union boot_id){.bytes = {1}};
	ret->bytes[15] = (uint8_t)(boot ? atoi(boot) : 0);
	return 0;
}
