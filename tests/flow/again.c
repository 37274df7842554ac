/*
 * A program that is run again and again, and started once: preloaded, it lets
 * all be loaded and made ready as ever, and then serves instead of running
 * main. Each request on the socket $AGAIN_SOCKET (how many words, the words,
 * the environment, each with its NUL; standard input, output and error) is a
 * child that runs main with those; the answer is its wait status.
 *
 * Under the sanitizers starting is more than half of what most verbs of
 * briefingctl take.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	REQUEST_SIZE_MOST = 65536, /* again.py knows them */
	STRINGS_MOST = 2048,
	STANDARD_FILES = 3,
};

struct request {
	char text[REQUEST_SIZE_MOST + 1];
	char *strings[STRINGS_MOST];
	int files[STANDARD_FILES];
};

typedef int main_function(int argc, char **argv, char **environment);

/* of clock.c, when that is preloaded, too: this run's board has a clock */
void clock_begin(void) __attribute__((weak));

static main_function *real_main;
static struct request request;

/* It has none when the other end is closed. */
static ssize_t receive(int link)
{
	char control[CMSG_SPACE(sizeof(request.files))];
	struct iovec part = {request.text, REQUEST_SIZE_MOST};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t size = recvmsg(link, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *files = CMSG_FIRSTHDR(&message);

	if (size <= 0)
		return 0;
	if (!files || files->cmsg_len != CMSG_LEN(sizeof(request.files)) ||
	    message.msg_flags & MSG_TRUNC)
		abort();
	memcpy(request.files, CMSG_DATA(files), sizeof(request.files));
	return size;
}

static int run(ssize_t size)
{
	/* the words, NULL, the environment, NULL */
	int argc = atoi(request.text), count = 0;

	for (char *at = strchr(request.text, 0) + 1; at < request.text + size;
	     at = strchr(at, 0) + 1) {
		if (count + 2 > STRINGS_MOST)
			abort();
		if (count == argc)
			request.strings[count++] = NULL;
		request.strings[count++] = at;
	}
	for (int i = 0; i < STANDARD_FILES; i++)
		dup2(request.files[i], i);
	for (int i = 0; i < STANDARD_FILES; i++)
		close(request.files[i]);
	environ = request.strings + argc + 1;
	if (clock_begin)
		clock_begin();
	return real_main(argc, request.strings, environ);
}

static int serve(int argc, char **argv, char **environment)
{
	const char *number = getenv("AGAIN_SOCKET");
	int link = number ? atoi(number) : -1;
	ssize_t size;

	if (link < 0)
		return real_main(argc, argv, environment);
	while ((size = receive(link)) > 0) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			close(link);
			return run(size);
		}
		for (int i = 0; i < STANDARD_FILES; i++)
			close(request.files[i]);
		if (waitpid(pid, &status, 0) != pid ||
		    send(link, &status, sizeof(status), MSG_NOSIGNAL) < 0)
			_exit(1);
	}
	_exit(0);
}

typedef int start_function(main_function *, int, char **, void (*)(void),
			   void (*)(void), void (*)(void), void *);

start_function __libc_start_main;

int __libc_start_main(main_function *program_main, int argc, char **argv,
		      void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_function *real_start;

	*(void **)&real_start = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = program_main;
	return real_start(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
