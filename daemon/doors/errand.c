#include "doors/errand.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "base/text.h"
#include "doors/errand_wire.h"

#define TIMEOUT_MS (60 * 1000)
#define CPU_S 30
#define MEMORY ((size_t)512 * 1024 * 1024)
#define FILES 32
#define FILE_SIZE ((size_t)256 * 1024 * 1024)
#define ERROR_CEILING 500 /* bytes of a task's own words */
#define FIRST_FREE 10     /* our descriptors, out of the way of 3 and 4 */
#define READ_SIZE (64 * 1024)
/* of address space: who takes the scratch may need room beside the output */
#define SCRATCH_CEILING ((size_t)4 * 1024 * 1024 * 1024)
#define READS_A_STEP 8 /* then the loop's turn */

struct errand {
	pid_t pid; /* 0: reaped */
	int socket_fd, pid_fd;
	int epoll_fd; /* the socket; at its end, the process */
	int64_t end_ms;
	size_t ceiling;
	enum errand_state state;
	struct buf in; /* the frame, then its payload, where that has no */
	struct scratch *scratch;
	char error[ERROR_CEILING + 64];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- starting */

/* Moves a descriptor out of the way; closes the old one. */
static int lift(int fd)
{
	if (fd < 0 || fd >= FIRST_FREE)
		return fd;
	int lifted = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
	close(fd);
	return lifted;
}

static bool write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t wrote = write(fd, at, size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		at += wrote;
		size -= (size_t)wrote;
	}
	return true;
}

/* The order and the input as a file in memory that nobody can change. */
static int make_input(const struct errand_order *order, const void *input,
		      struct err *err)
{
	int fd = lift(memfd_create("errand", MFD_CLOEXEC | MFD_ALLOW_SEALING));

	if (fd >= 0 && write_all(fd, order, sizeof(*order)) &&
	    write_all(fd, input, order->size) && lseek(fd, 0, SEEK_SET) == 0 &&
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ==
		0)
		return fd;
	err_errno(err, ERR_SYSTEM, "writing an errand's input");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The environment without what systemd meant for us alone: a child must not
 * speak to the service manager in our name, nor find our credentials. */
static char **make_environment(void)
{
	static const char *const ours[] = {
	    "NOTIFY_SOCKET=", "WATCHDOG_",   "LISTEN_",
	    "FDSTORE=",       "INVOCATION_", "CREDENTIALS_DIRECTORY=",
	};
	size_t count = 0, kept = 0;

	while (environ[count])
		count++;
	char **list = xcalloc(count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		bool is_ours = false;

		for (size_t j = 0; j < sizeof(ours) / sizeof(*ours); j++)
			is_ours = is_ours || text_starts(environ[i], ours[j]);
		if (!is_ours)
			list[kept++] = environ[i];
	}
	return list;
}

static void set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
						 POSIX_SPAWN_SETSIGDEF);
}

/* Returns 0 or an errno. */
static int spawn(pid_t *ret_pid, const char *program, const char *name,
		 int socket_fd, int input_fd)
{
	char own[] = "briefingd", flag[] = "--errand";
	char *task = xstrdup(name);
	char *arguments[] = {own, flag, task, NULL};
	char **environment = make_environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	posix_spawnattr_init(&attributes);
	set_signals(&attributes);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, socket_fd, ERRAND_SOCKET);
	posix_spawn_file_actions_adddup2(&actions, input_fd, ERRAND_INPUT);
	posix_spawn_file_actions_addclosefrom_np(&actions, ERRAND_INPUT + 1);
	int failure = posix_spawn(ret_pid, program, &actions, &attributes,
				  arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	free(environment);
	free(task);
	return failure;
}

static bool watch(struct errand *errand, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return fd >= 0 &&
	       epoll_ctl(errand->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* ends[0] becomes the errand's; ends[1] and input_fd stay the caller's. */
static bool begin(struct errand *errand, const char *program, const char *name,
		  int ends[2], int input_fd, struct err *err)
{
	errand->socket_fd = ends[0];
	errand->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (errand->epoll_fd < 0 || !watch(errand, errand->socket_fd))
		return err_errno(err, ERR_SYSTEM, "watching an errand");
	errno = spawn(&errand->pid, program, name, ends[1], input_fd);
	if (errno)
		return err_errno(err, ERR_SYSTEM, "starting %s for errand %s",
				 program, name);
	errand->pid_fd = pidfd_open(errand->pid, 0);
	if (errand->pid_fd < 0)
		return err_errno(err, ERR_SYSTEM, "watching errand %s", name);
	return true;
}

static struct errand_order make_order(const struct errand_limits *limits,
				      size_t size)
{
	return (struct errand_order){
	    .parent = getpid(),
	    .cpu_s = limits->cpu_s ? limits->cpu_s : CPU_S,
	    .files = limits->files ? limits->files : FILES,
	    .memory = limits->memory ? limits->memory : MEMORY,
	    .file_size = limits->file_size ? limits->file_size : FILE_SIZE,
	    .size = size,
	};
}

static struct errand *new_errand(const struct errand_limits *limits)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));
	int timeout_ms = limits->timeout_ms ? limits->timeout_ms : TIMEOUT_MS;

	errand->socket_fd = errand->pid_fd = errand->epoll_fd = -1;
	errand->end_ms = now_ms() + timeout_ms;
	errand->ceiling = limits->output_ceiling ? limits->output_ceiling
						 : ERRAND_OUTPUT_CEILING;
	buf_init(&errand->in,
		 ERRAND_FRAME_SIZE + errand->ceiling + ERROR_CEILING);
	return errand;
}

static bool make_scratch(struct errand *errand,
			 const struct errand_limits *limits, struct err *err)
{
	if (!limits->scratch_folder)
		return true;
	errand->scratch =
	    scratch_new(limits->scratch_folder, SCRATCH_CEILING, err);
	return errand->scratch != NULL;
}

struct errand *errand_start(const char *program, const char *name,
			    const void *input, size_t size,
			    const struct errand_limits *limits, struct err *err)
{
	struct errand_order order = make_order(limits, size);
	int ends[2];

	if (!program)
		program = "/proc/self/exe";
	int input_fd = make_input(&order, input, err);
	if (input_fd < 0)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		err_errno(err, ERR_SYSTEM, "making an errand's socket");
		close(input_fd);
		return NULL;
	}
	ends[1] = lift(ends[1]);
	struct errand *errand = new_errand(limits);
	bool is_begun = make_scratch(errand, limits, err) &&
			begin(errand, program, name, ends, input_fd, err);
	close(ends[1]);
	close(input_fd);
	if (is_begun)
		return errand;
	errand_close(errand);
	return NULL;
}

/* --- while it runs */

int errand_fd(const struct errand *errand)
{
	return errand->epoll_fd;
}

int errand_timeout_ms(const struct errand *errand)
{
	int64_t left = errand->end_ms - now_ms();

	if (errand->state != ERRAND_RUNNING)
		return -1;
	return left > 0 ? (int)left : 0;
}

static void stop_watching(struct errand *errand)
{
	if (errand->epoll_fd >= 0 && errand->socket_fd >= 0)
		epoll_ctl(errand->epoll_fd, EPOLL_CTL_DEL, errand->socket_fd,
			  NULL);
	if (errand->socket_fd >= 0)
		close(errand->socket_fd);
	errand->socket_fd = -1;
}

/* Kills and reaps: waiting is short, for SIGKILL can't be put off. */
static void end_process(struct errand *errand)
{
	if (errand->pid > 0) {
		kill(errand->pid, SIGKILL);
		while (waitpid(errand->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	errand->pid = 0;
	if (errand->pid_fd >= 0) /* closing takes it out of the epoll set */
		close(errand->pid_fd);
	errand->pid_fd = -1;
}

static enum errand_state finish(struct errand *errand, enum errand_state state)
{
	stop_watching(errand);
	end_process(errand);
	errand->state = state;
	return state;
}

static enum errand_state fail(struct errand *errand, const char *words)
{
	snprintf(errand->error, sizeof(errand->error), "%s", words);
	return finish(errand, ERRAND_FAILED);
}

static size_t payload_size(const struct errand *errand)
{
	size_t size = 0;

	for (int i = 1; i < ERRAND_FRAME_SIZE; i++)
		size = size << 8 | (unsigned char)errand->in.data[i];
	return size;
}

static enum errand_state take_error(struct errand *errand)
{
	const char *words = errand->in.data + ERRAND_FRAME_SIZE;
	size_t size = errand->in.size - ERRAND_FRAME_SIZE;

	/* The child is not believed: its words go to a log. */
	if (!text_is_utf8(words, size, NULL) || text_has_control(words, size))
		return fail(errand, "failed, and said so in unreadable words");
	return fail(errand, words);
}

/* Looks at what has come so far. */
static enum errand_state look(struct errand *errand)
{
	if (errand->in.size < ERRAND_FRAME_SIZE)
		return ERRAND_RUNNING;
	char sign = errand->in.data[0];
	size_t size = payload_size(errand);
	size_t had = errand->in.size - ERRAND_FRAME_SIZE;
	if (errand->scratch)
		had += scratch_size(errand->scratch);
	if (sign != '+' && sign != '-')
		return fail(errand, "wrote what is no answer");
	if (size > (sign == '+' ? errand->ceiling : ERROR_CEILING) ||
	    had > size)
		return fail(errand, "wrote more than it may");
	if (had < size)
		return ERRAND_RUNNING;
	return sign == '+' ? finish(errand, ERRAND_DONE) : take_error(errand);
}

/* "killed by SIGXCPU" and why that may be. */
static void describe_signal(char *text, size_t size, int number)
{
	static const struct {
		int number;
		const char *words;
	} table[] = {
	    {SIGSYS, ": a system call that it may not make"},
	    {SIGXCPU, ": too much processor time"},
	    {SIGXFSZ, ": too large a file"},
	    {SIGABRT, ": an assertion, or no memory left"},
	};
	const char *name = sigabbrev_np(number), *words = "";

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].number == number)
			words = table[i].words;
	}
	snprintf(text, size, "killed by SIG%s%s", name ? name : "?", words);
}

/* The socket ended before the answer did: how did the process end? */
static enum errand_state ask_process(struct errand *errand)
{
	char text[100];
	int status;
	pid_t pid;

	while ((pid = waitpid(errand->pid, &status, WNOHANG)) < 0 &&
	       errno == EINTR)
		continue;
	if (pid == 0)
		return ERRAND_RUNNING;
	errand->pid = 0;
	if (pid < 0)
		return fail(errand, "was reaped by somebody else");
	if (WIFSIGNALED(status))
		describe_signal(text, sizeof(text), WTERMSIG(status));
	else
		snprintf(text, sizeof(text),
			 "ended with status %d before its answer was whole",
			 WEXITSTATUS(status));
	return fail(errand, text);
}

/* Output goes to the scratch where there is one; the frame before it, and an
 * error, never. */
static void take_in(struct errand *errand, const char *data, size_t size)
{
	size_t frame = 0;

	if (errand->in.size < ERRAND_FRAME_SIZE)
		frame = ERRAND_FRAME_SIZE - errand->in.size;
	if (frame > size)
		frame = size;
	buf_add(&errand->in, data, frame);
	data += frame;
	size -= frame;
	if (size == 0)
		return;
	if (!errand->scratch || errand->in.data[0] != '+')
		buf_add(&errand->in, data, size);
	else if (scratch_size(errand->scratch) + size > errand->ceiling ||
		 !scratch_add(errand->scratch, data, size, NULL))
		errand->in.overflow = true;
}

/* Returns false when the socket has ended. */
static bool read_some(struct errand *errand)
{
	char data[READ_SIZE];

	for (int i = 0; i < READS_A_STEP; i++) {
		ssize_t size =
		    recv(errand->socket_fd, data, sizeof(data), MSG_DONTWAIT);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			return true;
		if (size <= 0)
			return false;
		take_in(errand, data, (size_t)size);
		if (errand->in.overflow)
			return true;
	}
	return true;
}

enum errand_state errand_step(struct errand *errand)
{
	if (errand->state != ERRAND_RUNNING)
		return errand->state;
	if (errand->socket_fd >= 0) {
		bool is_open = read_some(errand);

		if (errand->in.overflow)
			return fail(errand, "wrote more than it may");
		if (look(errand) != ERRAND_RUNNING)
			return errand->state;
		if (!is_open) {
			stop_watching(errand);
			watch(errand, errand->pid_fd);
		}
	}
	if (errand->socket_fd < 0 && ask_process(errand) != ERRAND_RUNNING)
		return errand->state;
	if (errand_timeout_ms(errand) == 0)
		return fail(errand, "took too long, and was killed");
	return ERRAND_RUNNING;
}

const char *errand_output(const struct errand *errand, size_t *ret_size)
{
	assert(errand->state == ERRAND_DONE);
	if (errand->scratch) {
		*ret_size = scratch_size(errand->scratch);
		return scratch_data(errand->scratch);
	}
	*ret_size = errand->in.size - ERRAND_FRAME_SIZE;
	return errand->in.data + ERRAND_FRAME_SIZE;
}

struct scratch *errand_take_scratch(struct errand *errand)
{
	struct scratch *scratch = errand->scratch;

	assert(errand->state == ERRAND_DONE && scratch);
	errand->scratch = NULL;
	return scratch;
}

const char *errand_error(const struct errand *errand)
{
	assert(errand->state == ERRAND_FAILED);
	return errand->error;
}

void errand_close(struct errand *errand)
{
	if (!errand)
		return;
	stop_watching(errand);
	end_process(errand);
	if (errand->epoll_fd >= 0)
		close(errand->epoll_fd);
	buf_done(&errand->in);
	scratch_free(errand->scratch);
	free(errand);
}
