#include "doors/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "doors/errand_wire.h"

#define ERROR_SIZE 400 /* bytes of err's words that are sent */

/* The sanitizers keep terabytes of address space for their shadow, so a limit
 * on it would end the process at once. Nothing else is relaxed for them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SHADOW true
#else
#define HAS_SHADOW false
#endif

/* --- limits */

static bool set_limit(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) != 0)
		return false;
	/* Only down: a tighter limit of the service stays. */
	if (limit.rlim_max > now.rlim_max)
		limit.rlim_max = now.rlim_max;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

static bool set_limits(const struct errand_order *order, struct err *err)
{
	uint64_t cpu = (uint64_t)order->cpu_s;
	uint64_t files = (uint64_t)order->files;
	/* A second more until SIGKILL, so that SIGXCPU can be told. */
	bool is_set =
	    set_limit(RLIMIT_CPU, cpu, cpu + 1) &&
	    set_limit(RLIMIT_NOFILE, files, files) &&
	    set_limit(RLIMIT_FSIZE, order->file_size, order->file_size) &&
	    set_limit(RLIMIT_CORE, 0, 0);

	if (is_set && !HAS_SHADOW)
		is_set = set_limit(RLIMIT_AS, order->memory, order->memory);
	if (!is_set)
		return err_errno(err, ERR_SYSTEM, "limiting an errand");
	return true;
}

/* Dies with its parent, also when that died before this line. */
static bool follow_parent(pid_t parent, struct err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0)
		return err_errno(err, ERR_SYSTEM, "binding an errand");
	if (getppid() != parent)
		return err_set(err, ERR_GONE, "the parent is gone");
	return true;
}

/* --- the filter: what is not named ends the process (SIGSYS) */

/* Memory, time, descriptors that are open. The sanitizers need no more than
 * this: measured with gcc 12's, since the child leaves by _exit, and so without
 * the leak check's ptrace. */
static const int compute_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(fstat),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(membarrier),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

/* Tried by the C library and others as a matter of course (locale, charset
 * tables, processor count): refused with EACCES and survived. */
static const int file_calls[] = {
    SCMP_SYS(open),       SCMP_SYS(openat),     SCMP_SYS(stat),
    SCMP_SYS(lstat),      SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(access),     SCMP_SYS(faccessat),  SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),   SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(getdents64), SCMP_SYS(fcntl),
};

/* What reading and writing files needs besides. */
static const int more_file_calls[] = {
    SCMP_SYS(pwrite64),  SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
    SCMP_SYS(fsync),     SCMP_SYS(fdatasync), SCMP_SYS(flock),
    SCMP_SYS(mkdir),     SCMP_SYS(mkdirat),   SCMP_SYS(rename),
    SCMP_SYS(renameat),  SCMP_SYS(renameat2), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),  SCMP_SYS(rmdir),     SCMP_SYS(fchmod),
    SCMP_SYS(fadvise64), SCMP_SYS(umask),     SCMP_SYS(dup),
    SCMP_SYS(fstatfs),   SCMP_SYS(statfs),    SCMP_SYS(msync),
    SCMP_SYS(linkat),    SCMP_SYS(link),      SCMP_SYS(copy_file_range),
};

static const int network_calls[] = {
    SCMP_SYS(socket),     SCMP_SYS(connect),     SCMP_SYS(bind),
    SCMP_SYS(recvfrom),   SCMP_SYS(recvmsg),     SCMP_SYS(recvmmsg),
    SCMP_SYS(sendmmsg),   SCMP_SYS(shutdown),    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(socketpair), SCMP_SYS(pipe),        SCMP_SYS(pipe2),
    SCMP_SYS(eventfd2),   SCMP_SYS(poll),        SCMP_SYS(ppoll),
    SCMP_SYS(select),     SCMP_SYS(pselect6),    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),  SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait),
    SCMP_SYS(dup2),       SCMP_SYS(dup3),        SCMP_SYS(getppid),
    SCMP_SYS(alarm),      SCMP_SYS(times),       SCMP_SYS(getrusage),
};

static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls,
		     size_t count)
{
	int failure = 0;

	/* A call that this processor does not have is below 0: skipped. */
	for (size_t i = 0; i < count && !failure; i++) {
		if (calls[i] >= 0)
			failure = seccomp_rule_add(filter, action, calls[i], 0);
	}
	return failure;
}

#define ADD(filter, action, calls)                                             \
	add_calls(filter, action, calls, sizeof(calls) / sizeof(*(calls)))

/* Calls whose arguments matter. */
static int add_memory_rules(scmp_filter_ctx filter, enum errand_rights rights)
{
	/* No new code where input is hostile; charset tables are libraries. */
	const struct scmp_arg_cmp no_code = SCMP_A2(
	    SCMP_CMP_MASKED_EQ, rights == ERRAND_COMPUTE ? PROT_EXEC : 0, 0);
	const struct scmp_arg_cmp only_ask = SCMP_A2(SCMP_CMP_EQ, 0, 0);
	const struct scmp_arg_cmp only_own =
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
	int failure;

	failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				   no_code);
	if (!failure)
		failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					   SCMP_SYS(mprotect), 1, no_code);
	if (!failure)
		failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					   SCMP_SYS(prlimit64), 1, only_ask);
	/* abort() sends itself SIGABRT */
	if (!failure)
		failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					   SCMP_SYS(tgkill), 1, only_own);
	return failure;
}

/* What the C library and libcurl ask of a descriptor; never TIOCSTI, by which a
 * terminal would type what a hostile input says. */
static int add_ioctl_rules(scmp_filter_ctx filter)
{
	static const scmp_datum_t requests[] = {TCGETS, FIONREAD, FIONBIO};
	int failure = 0;

	for (size_t i = 0; i < 3 && !failure; i++)
		failure =
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				     SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
	return failure;
}

/* libcurl looks names up in a thread. glibc asks for it by clone3, whose
 * arguments no filter can see, and takes clone when there is none. */
static int add_thread_rules(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp is_thread =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, 0x10000, 0x10000); /* CLONE_THREAD */
	int failure;

	failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				   is_thread);
	if (!failure)
		failure = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
					   SCMP_SYS(clone3), 0);
	return failure;
}

static int add_rules(scmp_filter_ctx filter, enum errand_rights rights)
{
	bool has_files = rights != ERRAND_COMPUTE;
	int failure = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (!failure)
		failure = ADD(filter, SCMP_ACT_ALLOW, compute_calls);
	if (!failure)
		failure = add_memory_rules(filter, rights);
	if (!failure)
		failure = ADD(
		    filter, has_files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES),
		    file_calls);
	if (!failure)
		failure = has_files
			      ? add_ioctl_rules(filter)
			      : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY),
						 SCMP_SYS(ioctl), 0);
	if (!failure && has_files)
		failure = ADD(filter, SCMP_ACT_ALLOW, more_file_calls);
	if (!failure && rights == ERRAND_NETWORK)
		failure = ADD(filter, SCMP_ACT_ALLOW, network_calls);
	if (!failure && rights == ERRAND_NETWORK)
		failure = add_thread_rules(filter);
	return failure;
}

static bool enter_filter(enum errand_rights rights, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!filter)
		return err_set(err, ERR_SYSTEM, "making an errand's filter");
	int failure = add_rules(filter, rights);
	if (!failure)
		failure = seccomp_load(filter);
	seccomp_release(filter);
	errno = -failure;
	if (failure)
		return err_errno(err, ERR_SYSTEM, "loading an errand's filter");
	return true;
}

/* --- input and output */

static bool read_exactly(int fd, void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t got = read(fd, at, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		size -= (size_t)got;
	}
	return true;
}

static void write_all(const char *data, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(ERRAND_SOCKET, data, size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0) /* nobody listens any more */
			_exit(1);
		data += sent;
		size -= (size_t)sent;
	}
}

static void write_frame(char sign, const char *data, size_t size)
{
	char frame[ERRAND_FRAME_SIZE] = {sign};

	for (int i = 0; i < 8; i++)
		frame[8 - i] = (char)((uint64_t)size >> (8 * i));
	write_all(frame, sizeof(frame));
	write_all(data, size);
}

_Noreturn static void end_with_error(const struct err *err)
{
	size_t size = text_cut(err->text, strlen(err->text), ERROR_SIZE);

	write_frame('-', err->text, size);
	_exit(1);
}

static const struct errand_task *find_task(const struct errand_task *tasks,
					   const char *name)
{
	while (tasks->name && strcmp(tasks->name, name) != 0)
		tasks++;
	return tasks->name ? tasks : NULL;
}

static char *read_input(struct errand_order *ret_order, struct err *err)
{
	if (!read_exactly(ERRAND_INPUT, ret_order, sizeof(*ret_order))) {
		err_set(err, ERR_SYSTEM, "an errand is not started by hand");
		return NULL;
	}
	char *input = xmalloc(ret_order->size + 1);
	if (!read_exactly(ERRAND_INPUT, input, ret_order->size)) {
		err_set(err, ERR_SYSTEM, "an errand's input is cut short");
		free(input);
		return NULL;
	}
	input[ret_order->size] = '\0';
	close(ERRAND_INPUT);
	return input;
}

/* Leaves by _exit: what a library does at exit, and the leak check under ASAN,
 * needs calls that the filter forbids. */
int errand_child_main(const char *name, const struct errand_task *tasks)
{
	const struct errand_task *task = find_task(tasks, name);
	struct errand_order order;
	struct err err = {0};
	struct buf out;

	if (!task) {
		err_set(&err, ERR_INPUT, "no errand is called %s", name);
		end_with_error(&err);
	}
	char *input = read_input(&order, &err);
	if (task->prepare)
		task->prepare();
	if (!input || !follow_parent(order.parent, &err) ||
	    !set_limits(&order, &err) || !enter_filter(task->rights, &err))
		end_with_error(&err);
	buf_init(&out, task->output_ceiling ? task->output_ceiling
					    : ERRAND_OUTPUT_CEILING);
	if (!task->run(input, order.size, &out, &err))
		end_with_error(&err);
	if (out.overflow) {
		err_set(&err, ERR_FULL, "errand %s: more than %zu bytes", name,
			out.ceiling);
		end_with_error(&err);
	}
	write_frame('+', out.data, out.size);
	_exit(0);
}
