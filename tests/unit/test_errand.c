#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "doors/errand.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* --- the child's tasks: this program is its own errand runner */

static bool do_upper(const char *input, size_t size, struct buf *out,
		     struct err *err)
{
	(void)err;
	assert_int_equal(input[size], 0);
	for (size_t i = 0; i < size; i++)
		buf_addc(out, input[i] >= 'a' && input[i] <= 'z'
				  ? (char)(input[i] - 32)
				  : input[i]);
	return true;
}

static bool do_fail(const char *input, size_t size, struct buf *out,
		    struct err *err)
{
	(void)size;
	buf_adds(out, "half");
	return err_set(err, ERR_INPUT, "row %s: no address", input);
}

static bool do_environment(const char *input, size_t size, struct buf *out,
			   struct err *err)
{
	(void)input, (void)size, (void)err;
	buf_adds(out, getenv("NOTIFY_SOCKET") ? "socket" : "none");
	return true;
}

static bool do_flood(const char *input, size_t size, struct buf *out,
		     struct err *err)
{
	(void)size, (void)err;
	for (long left = strtol(input, NULL, 10); left > 0; left--)
		buf_addc(out, 'x');
	return true;
}

/* What a parser that was taken over might write by itself. */
static bool do_lie(const char *input, size_t size, struct buf *out,
		   struct err *err)
{
	static char data[100000];

	(void)out, (void)err;
	memcpy(data, input, size);
	for (int i = 0; i < 100; i++)
		(void)!write(3, data, sizeof(data));
	pause();
	return true;
}

static bool do_spin(const char *input, size_t size, struct buf *out,
		    struct err *err)
{
	(void)input, (void)size, (void)err;
	for (volatile unsigned i = 0;; i++)
		if (out->overflow)
			return true;
}

static bool do_sleep(const char *input, size_t size, struct buf *out,
		     struct err *err)
{
	(void)input, (void)size, (void)out, (void)err;
	sleep(100);
	return true;
}

static bool do_abort(const char *input, size_t size, struct buf *out,
		     struct err *err)
{
	(void)input, (void)size, (void)out, (void)err;
	abort();
}

static bool do_exit(const char *input, size_t size, struct buf *out,
		    struct err *err)
{
	(void)input, (void)size, (void)out, (void)err;
	_exit(7);
}

static bool do_eat(const char *input, size_t size, struct buf *out,
		   struct err *err)
{
	(void)input, (void)size, (void)out, (void)err;
	for (int i = 0; i < 100; i++) {
		char *block = xmalloc(16 * 1024 * 1024);

		memset(block, i, 16 * 1024 * 1024);
	}
	return true;
}

static bool do_connect(const char *input, size_t size, struct buf *out,
		       struct err *err)
{
	(void)input, (void)size, (void)err;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	buf_addf(out, "%d", fd >= 0);
	return true;
}

static bool do_exec(const char *input, size_t size, struct buf *out,
		    struct err *err)
{
	char *arguments[] = {NULL};

	(void)input, (void)size, (void)out;
	execve("/bin/true", arguments, arguments);
	return err_errno(err, ERR_SYSTEM, "exec");
}

static bool do_fork(const char *input, size_t size, struct buf *out,
		    struct err *err)
{
	(void)input, (void)size, (void)out;
	if (fork() < 0)
		return err_errno(err, ERR_SYSTEM, "fork");
	return true;
}

static bool do_code(const char *input, size_t size, struct buf *out,
		    struct err *err)
{
	(void)input, (void)size, (void)out;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0) == MAP_FAILED)
		return err_errno(err, ERR_SYSTEM, "mmap");
	return true;
}

static bool do_open(const char *input, size_t size, struct buf *out,
		    struct err *err)
{
	char data[64];

	(void)size;
	int fd = open(input, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", input);
	ssize_t got = read(fd, data, sizeof(data));
	if (got > 0)
		buf_add(out, data, (size_t)got);
	close(fd);
	return true;
}

/* Loads a charset's library and tables, as mail parsing does. */
static bool do_charset(const char *input, size_t size, struct buf *out,
		       struct err *err)
{
	char text[64], from[64];
	char *in = from, *to = text;
	size_t left = size, room = sizeof(text);
	iconv_t set = iconv_open("UTF-8", "KOI8-R");

	memcpy(from, input, size);
	if (set == (iconv_t)-1)
		return err_errno(err, ERR_SYSTEM, "iconv");
	if (iconv(set, &in, &left, &to, &room) == (size_t)-1)
		return err_errno(err, ERR_SYSTEM, "iconv");
	buf_add(out, text, sizeof(text) - room);
	iconv_close(set);
	return true;
}

static bool do_write_large(const char *input, size_t size, struct buf *out,
			   struct err *err)
{
	static char block[100000];

	(void)size, (void)out;
	int fd = open(input, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", input);
	for (int i = 0; i < 10; i++)
		(void)!write(fd, block, sizeof(block));
	return true;
}

static void *thread_main(void *argument)
{
	*(int *)argument = 1;
	return NULL;
}

static bool do_network(const char *input, size_t size, struct buf *out,
		       struct err *err)
{
	struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM};
	pthread_t thread;
	int ran = 0;

	(void)size;
	if (pthread_create(&thread, NULL, thread_main, &ran) != 0)
		return err_set(err, ERR_SYSTEM, "no thread");
	pthread_join(thread, NULL);
	if (getaddrinfo("127.0.0.1", input, &hints, &found) != 0)
		return err_set(err, ERR_SYSTEM, "no address");
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_open = connect(fd, found->ai_addr, found->ai_addrlen) == 0;
	freeaddrinfo(found);
	buf_addf(out, "thread=%d connected=%d", ran, is_open);
	close(fd);
	return true;
}

static const struct errand_task errands_known[] = {
    {.name = "upper",
     .rights = ERRAND_COMPUTE,
     .run = do_upper,
     .output_ceiling = 8 * 1024 * 1024},
    {.name = "fail", .rights = ERRAND_COMPUTE, .run = do_fail},
    {.name = "environment", .rights = ERRAND_COMPUTE, .run = do_environment},
    {.name = "flood", .rights = ERRAND_COMPUTE, .run = do_flood},
    {.name = "lie", .rights = ERRAND_COMPUTE, .run = do_lie},
    {.name = "spin", .rights = ERRAND_COMPUTE, .run = do_spin},
    {.name = "sleep", .rights = ERRAND_COMPUTE, .run = do_sleep},
    {.name = "abort", .rights = ERRAND_COMPUTE, .run = do_abort},
    {.name = "exit", .rights = ERRAND_COMPUTE, .run = do_exit},
    {.name = "eat", .rights = ERRAND_COMPUTE, .run = do_eat},
    {.name = "connect", .rights = ERRAND_FILES, .run = do_connect},
    {.name = "connect-compute", .rights = ERRAND_COMPUTE, .run = do_connect},
    {.name = "exec", .rights = ERRAND_NETWORK, .run = do_exec},
    {.name = "fork", .rights = ERRAND_NETWORK, .run = do_fork},
    {.name = "code", .rights = ERRAND_COMPUTE, .run = do_code},
    {.name = "open", .rights = ERRAND_FILES, .run = do_open},
    {.name = "open-compute", .rights = ERRAND_COMPUTE, .run = do_open},
    {.name = "charset", .rights = ERRAND_FILES, .run = do_charset},
    {.name = "write-large", .rights = ERRAND_FILES, .run = do_write_large},
    {.name = "network", .rights = ERRAND_NETWORK, .run = do_network},
    {.name = NULL},
};

/* --- the parent's side */

static enum errand_state wait_for(struct errand *errand)
{
	enum errand_state state;

	while ((state = errand_step(errand)) == ERRAND_RUNNING) {
		struct pollfd wait = {.fd = errand_fd(errand),
				      .events = POLLIN};

		poll(&wait, 1, errand_timeout_ms(errand));
	}
	assert_int_equal(errand_step(errand), state);
	return state;
}

static struct errand *start(const char *name, const char *input,
			    struct errand_limits limits)
{
	struct err err = {0};
	struct errand *errand =
	    errand_start(NULL, name, input, strlen(input), &limits, &err);

	assert_string_equal(err.text, "");
	assert_non_null(errand);
	return errand;
}

static void expect_output(const char *name, const char *input,
			  const char *output)
{
	struct errand *errand = start(name, input, (struct errand_limits){0});
	size_t size;

	if (wait_for(errand) != ERRAND_DONE)
		fail_msg("%s: %s", name, errand_error(errand));
	assert_string_equal(errand_output(errand, &size), output);
	assert_int_equal(size, strlen(output));
	errand_close(errand);
}

static void expect_error(const char *name, const char *input,
			 struct errand_limits limits, const char *error)
{
	struct errand *errand = start(name, input, limits);

	if (wait_for(errand) != ERRAND_FAILED)
		fail_msg("%s: done", name);
	if (!strstr(errand_error(errand), error))
		fail_msg("%s: %s", name, errand_error(errand));
	errand_close(errand);
}

static const struct errand_limits usual = {0};

static void f10_output_and_error(void **state)
{
	(void)state;
	expect_output("upper", "hello", "HELLO");
	expect_output("upper", "", "");
	expect_error("fail", "14", usual, "row 14: no address");
	expect_error("nothing", "", usual, "no errand is called nothing");
}

static void f10_large_input_and_output(void **state)
{
	const size_t size = 5 * 1024 * 1024;
	struct errand_limits limits = {.output_ceiling = size};
	char *input = malloc(size + 1);
	size_t got;

	(void)state;
	memset(input, 'a', size);
	input[size] = '\0';
	struct errand *errand = start("upper", input, limits);
	assert_int_equal(wait_for(errand), ERRAND_DONE);
	const char *output = errand_output(errand, &got);
	assert_int_equal(got, size);
	assert_int_equal(output[0], 'A');
	assert_int_equal(output[size - 1], 'A');
	errand_close(errand);
	free(input);
}

/* the task's last byte is the socket's last, however it was cut into reads */
static void f20_output_in_a_scratch(void **state)
{
	static const size_t sizes[] = {0, 1, 65536 - 9, 65536, 1048576};
	struct errand_limits limits = {.scratch_folder = "/tmp"};
	char number[20];
	size_t got;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		snprintf(number, sizeof(number), "%zu", sizes[i]);
		struct errand *errand = start("flood", number, limits);
		if (wait_for(errand) != ERRAND_DONE)
			fail_msg("%s", errand_error(errand));
		const char *output = errand_output(errand, &got);
		assert_int_equal(got, sizes[i]);
		assert_int_equal(strspn(output, "x"), sizes[i]);
		struct scratch *scratch = errand_take_scratch(errand);
		errand_close(errand);
		assert_int_equal(scratch_size(scratch), sizes[i]);
		assert_int_equal(strspn(scratch_data(scratch), "x"), sizes[i]);
		scratch_free(scratch);
	}
	expect_error("fail", "14", limits, "row 14: no address");
	limits.output_ceiling = 999;
	expect_error("flood", "1000", limits, "wrote more than it may");
}

static void f20_ceilings(void **state)
{
	(void)state;
	expect_error("flood", "1000",
		     (struct errand_limits){.output_ceiling = 999},
		     "wrote more than it may");
	expect_error("flood", "1048577",
		     (struct errand_limits){.output_ceiling = 2000000},
		     "errand flood: more than 1048576 bytes");
	expect_output("flood", "3", "xxx");
}

static void f20_lies(void **state)
{
	static const char *const lies[] = {"garbage", "+", "-12345678",
					   "+\x7f\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		expect_error("lie", lies[i], usual, "wrote");
}

static void f20_how_it_ended(void **state)
{
	(void)state;
	expect_error("abort", "", usual, "killed by SIGABRT");
	expect_error("exit", "", usual, "ended with status 7");
	expect_error("sleep", "", (struct errand_limits){.timeout_ms = 100},
		     "took too long");
}

static void f30_limits(void **state)
{
	const char path[] = "/tmp/briefingd-errand-large";

	(void)state;
	expect_error("spin", "", (struct errand_limits){.cpu_s = 1},
		     "killed by SIGXCPU");
	if (!IS_SANITIZED)
		expect_error("eat", "",
			     (struct errand_limits){.memory = 256 << 20},
			     "killed by SIGABRT");
	expect_error("write-large", path,
		     (struct errand_limits){.file_size = 500000},
		     "killed by SIGXFSZ");
	unlink(path);
	expect_error("open", "/etc/hostname",
		     (struct errand_limits){.files = 3}, "Too many open files");
}

static void f40_the_filter(void **state)
{
	(void)state;
	expect_error("connect", "", usual, "killed by SIGSYS");
	expect_error("connect-compute", "", usual, "killed by SIGSYS");
	expect_error("exec", "", usual, "killed by SIGSYS");
	expect_error("fork", "", usual, "killed by SIGSYS");
	expect_error("code", "", usual, "killed by SIGSYS");
	expect_error("open-compute", "/etc/passwd", usual, "Permission denied");
}

static void f40_what_each_may(void **state)
{
	(void)state;
	expect_output("open", "/proc/sys/kernel/ostype", "Linux\n");
	expect_output("charset", "\xc1", "\xd0\xb0");
	expect_output("network", "1", "thread=1 connected=0");
}

static void f50_the_environment_is_cleaned(void **state)
{
	(void)state;
	setenv("NOTIFY_SOCKET", "/run/x", 1);
	expect_output("environment", "", "none");
	unsetenv("NOTIFY_SOCKET");
}

static void f50_closing_kills_and_reaps(void **state)
{
	struct errand *errands[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		errands[i] = start("sleep", "", usual);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(errand_step(errands[i]), ERRAND_RUNNING);
		errand_close(errands[i]);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	errand_close(NULL);
}

static void f60_a_program_that_is_not_there(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(
	    errand_start("/nowhere/briefingd", "upper", "", 0, &usual, &err));
	assert_string_equal(err.text, "starting /nowhere/briefingd for errand "
				      "upper: No such file or directory");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_output_and_error),
	    cmocka_unit_test(f10_large_input_and_output),
	    cmocka_unit_test(f20_output_in_a_scratch),
	    cmocka_unit_test(f20_ceilings),
	    cmocka_unit_test(f20_lies),
	    cmocka_unit_test(f20_how_it_ended),
	    cmocka_unit_test(f30_limits),
	    cmocka_unit_test(f40_the_filter),
	    cmocka_unit_test(f40_what_each_may),
	    cmocka_unit_test(f50_the_environment_is_cleaned),
	    cmocka_unit_test(f50_closing_kills_and_reaps),
	    cmocka_unit_test(f60_a_program_that_is_not_there),
	};

	if (argc == 3 && strcmp(argv[1], "--errand") == 0)
		return errand_child_main(argv[2], errands_known);
	return cmocka_run_group_tests_name("errand", tests, NULL, NULL);
}
