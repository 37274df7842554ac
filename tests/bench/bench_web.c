/*
 * bench_web PORT CLIENTS PER_SECOND REQUESTS [FORMS]: asks a web server on
 * loopback for all that the file REQUESTS names, a line each: a path, and
 * behind a tab the form that is posted to it. One thread with epoll, CLIENTS
 * connections that are kept.
 *
 * PER_SECOND 0: each connection asks for the next as soon as it was answered.
 * Otherwise request i is due i / PER_SECOND seconds from the start, and takes
 * the first connection that is free, which may be late: its time runs from
 * when it was due, not from when it could be sent, so that a server that stops
 * for a moment is charged for everyone who came meanwhile.
 *
 * Prints answers a second, the middle and the 99th percentile of their times in
 * milliseconds, and the mean size of their bodies. FORMS: there it writes, in
 * the same form as REQUESTS, what a person posts who ticks the first box of
 * each page.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 262144
#define QUESTION_MAX 4096
#define VALUE_MAX 100
#define EVENTS 64

struct client {
	int fd;
	long request; /* that it waits for; -1: it is free */
	size_t size;
	char answer[ANSWER_MAX];
};

struct load {
	int epoll_fd, timer_fd;
	struct client *clients;
	int client_count;
	char **lines;
	long count, asked, answered;
	double per_second;
	int64_t began; /* nanoseconds */
	double *times; /* milliseconds */
	long long bytes;
	FILE *forms;
};

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_web: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void watch(struct load *load, int fd, void *context)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = context};

	must(epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0,
	     "epoll");
}

static void open_client(struct load *load, struct client *client, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	client->request = -1;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(client->fd >= 0 &&
		 connect(client->fd, (struct sockaddr *)&to, sizeof(to)) == 0,
	     "connecting");
	must(setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on,
			sizeof(on)) == 0,
	     "TCP_NODELAY");
	watch(load, client->fd, client);
}

static void read_lines(struct load *load, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[QUESTION_MAX];
	size_t room = 0;

	must(file, path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if ((size_t)load->count == room) {
			room = room ? room * 2 : 1024;
			load->lines =
			    realloc(load->lines, room * sizeof(*load->lines));
			must(load->lines, "memory");
		}
		load->lines[load->count++] = strdup(line);
	}
	fclose(file);
	must(load->count > 0, "no requests");
	load->times = calloc((size_t)load->count, sizeof(*load->times));
	must(load->times, "memory");
}

/* --- one question and its answer */

static void ask(struct load *load, struct client *client)
{
	char text[2 * QUESTION_MAX];
	const char *line = load->lines[load->asked];
	int path_size = (int)strcspn(line, "\t"), size;

	if (line[path_size])
		size =
		    snprintf(text, sizeof(text),
			     "POST %.*s HTTP/1.1\r\nHost: x\r\nContent-Type: "
			     "application/x-www-form-urlencoded\r\n"
			     "Content-Length: %zu\r\n\r\n%s",
			     path_size, line, strlen(line + path_size + 1),
			     line + path_size + 1);
	else
		size = snprintf(text, sizeof(text),
				"GET %s HTTP/1.1\r\nHost: x\r\n\r\n", line);
	client->request = load->asked++;
	client->size = 0;
	if (load->per_second == 0)
		load->times[client->request] = -(double)now() / 1e6;
	else
		load->times[client->request] =
		    -((double)load->began / 1e6 +
		      (double)client->request * 1000 / load->per_second);
	must(send(client->fd, text, (size_t)size, MSG_NOSIGNAL) == size,
	     "asking");
}

/* the value of the field that is so named, or "" */
static void find_value(const char *page, const char *name, char *ret)
{
	char before[VALUE_MAX];

	snprintf(before, sizeof(before), " name=\"%s\" value=\"", name);
	const char *value = strstr(page, before);
	value = value ? value + strlen(before) : "";
	snprintf(ret, VALUE_MAX, "%.*s", (int)strcspn(value, "\""), value);
}

static void write_form(struct load *load, long request, const char *page)
{
	char form[VALUE_MAX], box[VALUE_MAX];

	find_value(page, "form", form);
	find_value(page, "v", box);
	must(*form && *box, "a page without a form or a box");
	fprintf(load->forms, "%s\tform=%s&v=%s\n", load->lines[request], form,
		box);
}

/* false: more is to come */
static bool take_answer(struct load *load, struct client *client)
{
	char *end = strstr(client->answer, "\r\n\r\n");

	if (!end)
		return false;
	const char *length = strcasestr(client->answer, "\r\nContent-Length:");
	must(length && length < end, "an answer without its length");
	size_t size = (size_t)atol(length + strlen("\r\nContent-Length:"));
	size_t head = (size_t)(end + 4 - client->answer);
	if (client->size < head + size)
		return false;
	errno = EPROTO;
	must(strncmp(client->answer, "HTTP/1.1 200", 12) == 0, client->answer);
	load->times[client->request] += (double)now() / 1e6;
	load->bytes += (long long)size;
	load->answered++;
	if (load->forms)
		write_form(load, client->request, end + 4);
	client->request = -1;
	return true;
}

/* --- which question comes when */

static bool is_due(const struct load *load)
{
	return load->asked < load->count &&
	       (load->per_second == 0 ||
		(double)(now() - load->began) / 1e9 >=
		    (double)load->asked / load->per_second);
}

static void ask_what_is_due(struct load *load)
{
	for (int i = 0; i < load->client_count && is_due(load); i++)
		if (load->clients[i].request < 0)
			ask(load, &load->clients[i]);
}

static void set_timer(struct load *load)
{
	int64_t at = load->began +
		     (int64_t)((double)load->asked * 1e9 / load->per_second);
	struct itimerspec when = {.it_value.tv_sec = at / 1000000000,
				  .it_value.tv_nsec = at % 1000000000};

	must(timerfd_settime(load->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) ==
		 0,
	     "timer");
}

static void hear(struct load *load, struct client *client)
{
	ssize_t got =
	    recv(client->fd, client->answer + client->size,
		 sizeof(client->answer) - 1 - client->size, MSG_DONTWAIT);

	must(got > 0, "the server closed a connection");
	client->size += (size_t)got;
	client->answer[client->size] = '\0';
	must(client->request >= 0, "an answer that was not asked for");
	if (take_answer(load, client) && is_due(load))
		ask(load, client);
}

static void run(struct load *load)
{
	struct epoll_event events[EVENTS];

	load->began = now();
	while (load->answered < load->count) {
		ask_what_is_due(load);
		if (load->per_second > 0 && load->asked < load->count)
			set_timer(load);
		int count = epoll_wait(load->epoll_fd, events, EVENTS, -1);
		for (int i = 0; i < count; i++)
			if (events[i].data.ptr)
				hear(load, events[i].data.ptr);
	}
}

/* --- figures */

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void tell(struct load *load)
{
	double seconds = (double)(now() - load->began) / 1e9;

	qsort(load->times, (size_t)load->count, sizeof(*load->times), compare);
	printf("%.1f %.3f %.3f %lld\n", (double)load->count / seconds,
	       load->times[load->count / 2],
	       load->times[load->count - 1 - load->count / 100],
	       load->bytes / load->count);
}

int main(int argc, char **argv)
{
	static struct load load;

	if (argc < 5 || argc > 6 || atoi(argv[2]) < 1) {
		fputs("usage: bench_web PORT CLIENTS PER_SECOND REQUESTS "
		      "[FORMS]\n",
		      stderr);
		return 2;
	}
	load.client_count = atoi(argv[2]);
	load.per_second = atof(argv[3]);
	read_lines(&load, argv[4]);
	load.forms = argc == 6 ? fopen(argv[5], "w") : NULL;
	must(argc == 5 || load.forms, argv[argc - 1]);
	load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	load.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	watch(&load, load.timer_fd, NULL);
	load.clients = calloc((size_t)load.client_count, sizeof(*load.clients));
	must(load.clients, "memory");
	for (int i = 0; i < load.client_count; i++)
		open_client(&load, &load.clients[i], atoi(argv[1]));
	run(&load);
	if (load.forms)
		must(fclose(load.forms) == 0, argv[5]);
	tell(&load);
	return 0;
}
