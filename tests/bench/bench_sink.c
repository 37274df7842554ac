/*
 * bench_sink PORT DELAY_MS STEP [CERTIFICATE KEY]: an SMTP server on loopback
 * that takes every mail and keeps none. One thread with epoll, so that it is
 * never what a sender waits for.
 *
 * DELAY_MS passes before each reply, one reply after the other also for what
 * was pipelined: a relay that works that long on each command. With a
 * certificate every connection begins with TLS. On standard output it says the
 * moment of each mail whose number is a multiple of STEP, and at SIGTERM how
 * many mails it took and how many a second in the steady state: for each
 * connection those after its first, by the time between its first and its last.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX 65536
#define EVENTS 64
#define DOT "\r\n.\r\n"
#define TAIL (sizeof(DOT) - 2) /* of it that may end one reading */

struct peer {
	int fd;
	gnutls_session_t tls; /* NULL: in clear */
	bool is_greeted, is_in_data, is_closed, is_waiting;
	const char *reply; /* what is said when due_at has come */
	int64_t due_at;    /* microseconds */
	struct peer *next; /* that waits after this one */
	size_t size;
	char input[INPUT_MAX];
	long mails;
	int64_t first_at, last_at;
};

struct sink {
	int epoll_fd, listen_fd, signal_fd;
	int64_t delay; /* microseconds; the same for all, so a queue will do */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	struct peer *waiting, **waiting_end;
	long mails, step;
	double steady; /* mails a second of closed connections */
	bool is_stopping;
};

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* --- bytes, with and without TLS; replies are small enough for any socket */

static ssize_t take(struct peer *peer, char *to, size_t size)
{
	if (!peer->tls)
		return recv(peer->fd, to, size, 0);
	ssize_t got = gnutls_record_recv(peer->tls, to, size);
	if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED) {
		errno = EAGAIN;
		return -1;
	}
	return got < 0 ? 0 : got;
}

static void say(struct peer *peer, const char *text)
{
	size_t size = strlen(text);
	ssize_t sent = peer->tls ? gnutls_record_send(peer->tls, text, size)
				 : send(peer->fd, text, size, MSG_NOSIGNAL);

	if (sent != (ssize_t)size)
		peer->is_closed = true;
}

/* --- the dialogue */

static void count_mail(struct sink *sink, struct peer *peer)
{
	peer->last_at = now();
	if (peer->mails++ == 0)
		peer->first_at = peer->last_at;
	if (++sink->mails % sink->step == 0)
		printf("%ld %.6f\n", sink->mails, (double)peer->last_at / 1e6);
}

static const char *answer(struct peer *peer, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0)
		return "250-sink.example\r\n250-PIPELINING\r\n"
		       "250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n";
	if (strncasecmp(line, "QUIT", 4) == 0) {
		peer->is_closed = true;
		return "221 2.0.0 Bye\r\n";
	}
	if (strncasecmp(line, "DATA", 4) == 0) {
		peer->is_in_data = true;
		return "354 Go on\r\n";
	}
	return "250 2.0.0 Ok\r\n";
}

static void consume(struct peer *peer, size_t size)
{
	peer->size -= size;
	memmove(peer->input, peer->input + size, peer->size);
}

/* the next reply to what was read; NULL: more must be read first */
static const char *next_reply(struct sink *sink, struct peer *peer)
{
	if (!peer->is_greeted) {
		peer->is_greeted = true;
		return "220 sink.example ESMTP\r\n";
	}
	if (peer->is_in_data) {
		char *dot = memmem(peer->input, peer->size, DOT, strlen(DOT));

		if (!dot) {
			if (peer->size > TAIL)
				consume(peer, peer->size - TAIL);
			return NULL;
		}
		consume(peer, (size_t)(dot - peer->input) + strlen(DOT));
		peer->is_in_data = false;
		count_mail(sink, peer);
		return "250 2.0.0 Ok: queued as S1\r\n";
	}
	char *end = memchr(peer->input, '\n', peer->size);
	if (!end) {
		peer->is_closed |= peer->size == INPUT_MAX;
		return NULL;
	}
	const char *reply = answer(peer, peer->input);
	consume(peer, (size_t)(end + 1 - peer->input));
	return reply;
}

/* true when it waits for its time */
static bool put_off(struct sink *sink, struct peer *peer, const char *reply)
{
	if (sink->delay == 0)
		return false;
	peer->reply = reply;
	peer->due_at = now() + sink->delay;
	peer->is_waiting = true;
	peer->next = NULL;
	*sink->waiting_end = peer;
	sink->waiting_end = &peer->next;
	return true;
}

static void talk(struct sink *sink, struct peer *peer)
{
	const char *reply;

	while (!peer->is_waiting && (reply = next_reply(sink, peer)))
		if (!put_off(sink, peer, reply))
			say(peer, reply);
}

static void hang_up(struct sink *sink, struct peer *peer)
{
	if (peer->mails > 1)
		sink->steady += (double)(peer->mails - 1) * 1e6 /
				(double)(peer->last_at - peer->first_at);
	if (peer->tls)
		gnutls_deinit(peer->tls);
	close(peer->fd);
	free(peer);
}

/* --- what epoll tells */

static bool shake_hands(struct peer *peer)
{
	int status = gnutls_handshake(peer->tls);

	if (status == GNUTLS_E_SUCCESS)
		return true;
	peer->is_closed |= gnutls_error_is_fatal(status);
	return false;
}

static void read_all(struct sink *sink, struct peer *peer)
{
	if (peer->tls && !peer->is_greeted && !shake_hands(peer))
		return;
	talk(sink, peer); /* the greeting */
	while (!peer->is_closed && peer->size < INPUT_MAX) {
		ssize_t got = take(peer, peer->input + peer->size,
				   INPUT_MAX - peer->size);

		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			peer->is_closed = true;
			return;
		}
		peer->size += (size_t)got;
		talk(sink, peer);
	}
}

static void hear(struct sink *sink, struct peer *peer)
{
	read_all(sink, peer);
	if (peer->is_closed && !peer->is_waiting)
		hang_up(sink, peer);
}

static void watch(struct sink *sink, int fd, void *what, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = what};

	must(epoll_ctl(sink->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0,
	     "epoll_ctl");
}

static void secure(struct sink *sink, struct peer *peer)
{
	must(!gnutls_init(&peer->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK) &&
		 !gnutls_priority_set(peer->tls, sink->priorities) &&
		 !gnutls_credentials_set(peer->tls, GNUTLS_CRD_CERTIFICATE,
					 sink->credentials),
	     "gnutls");
	gnutls_transport_set_int(peer->tls, peer->fd);
}

static void welcome(struct sink *sink)
{
	int fd =
	    accept4(sink->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer *peer;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	peer = calloc(1, sizeof(*peer));
	must(peer != NULL, "no memory");
	peer->fd = fd;
	if (sink->credentials)
		secure(sink, peer);
	/* by edges: what is left unread waits for a reply, not for bytes */
	watch(sink, fd, peer, EPOLLIN | EPOLLRDHUP | EPOLLET);
	hear(sink, peer);
}

static void say_what_is_due(struct sink *sink)
{
	int64_t at = now();

	while (sink->waiting && sink->waiting->due_at <= at) {
		struct peer *peer = sink->waiting;

		sink->waiting = peer->next;
		if (!sink->waiting)
			sink->waiting_end = &sink->waiting;
		peer->is_waiting = false;
		say(peer, peer->reply);
		talk(sink, peer);
		hear(sink, peer);
	}
}

static int wait_ms(const struct sink *sink)
{
	if (!sink->waiting)
		return -1;
	int64_t left = sink->waiting->due_at - now();
	return left <= 0 ? 0 : (int)((left + 999) / 1000);
}

static void serve(struct sink *sink)
{
	struct epoll_event events[EVENTS];

	while (!sink->is_stopping) {
		int count =
		    epoll_wait(sink->epoll_fd, events, EVENTS, wait_ms(sink));

		for (int i = 0; i < count; i++) {
			void *what = events[i].data.ptr;

			if (what == &sink->listen_fd)
				welcome(sink);
			else if (what == &sink->signal_fd)
				sink->is_stopping = true;
			else
				hear(sink, what);
		}
		say_what_is_due(sink);
	}
}

/* --- the beginning */

static void listen_on(struct sink *sink, int port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	sink->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(sink->listen_fd, SOL_SOCKET, SO_REUSEADDR, &(int){1},
		   sizeof(int));
	must(bind(sink->listen_fd, (struct sockaddr *)&address,
		  sizeof(address)) == 0 &&
		 listen(sink->listen_fd, 128) == 0,
	     "listening");
	watch(sink, sink->listen_fd, &sink->listen_fd, EPOLLIN);
}

static void heed_signals(struct sink *sink)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sink->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	watch(sink, sink->signal_fd, &sink->signal_fd, EPOLLIN);
}

static void load_certificate(struct sink *sink, const char *certificate,
			     const char *key)
{
	must(!gnutls_certificate_allocate_credentials(&sink->credentials) &&
		 !gnutls_certificate_set_x509_key_file(sink->credentials,
						       certificate, key,
						       GNUTLS_X509_FMT_PEM) &&
		 !gnutls_priority_init(&sink->priorities, NULL, NULL),
	     "the certificate");
}

int main(int argc, char **argv)
{
	static struct sink sink;

	if ((argc != 4 && argc != 6) || atol(argv[3]) < 1) {
		fputs(
		    "usage: bench_sink PORT DELAY_MS STEP [CERTIFICATE KEY]\n",
		    stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sink.waiting_end = &sink.waiting;
	sink.delay = atol(argv[2]) * 1000;
	sink.step = atol(argv[3]);
	if (argc == 6)
		load_certificate(&sink, argv[4], argv[5]);
	sink.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	heed_signals(&sink);
	listen_on(&sink, atoi(argv[1]));
	serve(&sink);
	printf("end %ld %.2f\n", sink.mails, sink.steady);
	return 0;
}
