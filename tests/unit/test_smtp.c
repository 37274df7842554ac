#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "doors/smtp.h"
#include "doors/smtp_reply.h"
#include "smtp_send.h"

extern char **environ;

/* --- the pure half */

static void f10_verdicts(void **state)
{
	enum {
		open = SMTP_STAGE_OPEN,
		from = SMTP_STAGE_MAIL,
		rcpt = SMTP_STAGE_RCPT,
		data = SMTP_STAGE_DATA,
		dot = SMTP_STAGE_DOT
	};
	enum {
		none = SMTP_LOSS_NONE,
		lost = SMTP_LOSS_CLOSED,
		late = SMTP_LOSS_LATE,
		stalled = SMTP_LOSS_STALLED
	};
	const bool all = true, part = false, kept = true, fresh = false;
	const struct {
		int stage, loss, code;
		bool is_handed_over, is_reused;
		enum smtp_outcome outcome;
		bool is_clean, is_stale;
	} cases[] = {
	    {dot, none, 250, all, fresh, SMTP_ACCEPTED, true, false},
	    {dot, none, 251, all, fresh, SMTP_ACCEPTED, true, false},
	    {from, none, 450, part, fresh, SMTP_LATER, true, false},
	    {rcpt, none, 550, part, fresh, SMTP_REFUSED, true, false},
	    {data, none, 554, part, kept, SMTP_REFUSED, true, false},
	    {dot, none, 452, all, fresh, SMTP_LATER, true, false},
	    {dot, none, 554, all, fresh, SMTP_REFUSED, true, false},
	    {dot, lost, 0, all, fresh, SMTP_UNSURE, false, false},
	    {dot, lost, 0, part, fresh, SMTP_LATER, false, false},
	    {dot, late, 0, all, fresh, SMTP_UNSURE, false, false},
	    {dot, stalled, 0, part, kept, SMTP_LATER, false, false},
	    {dot, lost, 552, part, fresh, SMTP_REFUSED, false, false},
	    {from, none, 421, part, kept, SMTP_LATER, false, true},
	    {from, none, 421, part, fresh, SMTP_LATER, false, false},
	    {from, lost, 0, part, kept, SMTP_LATER, false, true},
	    {from, lost, 0, part, fresh, SMTP_LATER, false, false},
	    {from, late, 0, part, kept, SMTP_LATER, false, false},
	    /* replies that speak of the session strike nobody off */
	    {from, none, 503, part, kept, SMTP_LATER, false, true},
	    {from, none, 530, part, fresh, SMTP_LATER, false, false},
	    {open, none, 554, part, fresh, SMTP_LATER, false, false},
	    {open, none, 535, part, fresh, SMTP_LATER, false, false},
	    {open, none, 502, part, kept, SMTP_LATER, false, true}, /* RSET */
	    {dot, none, 421, all, kept, SMTP_LATER, false, false},
	    /* a reply to the dot that is none, and one where none was due */
	    {dot, none, 354, all, fresh, SMTP_UNSURE, false, false},
	    {dot, none, 250, part, fresh, SMTP_LATER, false, false},
	    {data, none, 250, part, fresh, SMTP_LATER, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct smtp_judgement got = smtp_judge(&(struct smtp_end){
		    .stage = (enum smtp_stage)cases[i].stage,
		    .loss = (enum smtp_loss)cases[i].loss,
		    .code = cases[i].code,
		    .is_handed_over = cases[i].is_handed_over,
		    .is_reused = cases[i].is_reused,
		    .is_in_step = cases[i].loss == SMTP_LOSS_NONE,
		});

		if (got.outcome != cases[i].outcome ||
		    got.is_clean != cases[i].is_clean ||
		    got.is_stale != cases[i].is_stale)
			fail_msg("row %zu: %s clean=%d stale=%d", i,
				 smtp_outcome_name(got.outcome), got.is_clean,
				 got.is_stale);
	}
}

/* Was it said of the connection being idle, or to this mail? */
static void f20_a_no_to_mail_is_asked_again(void **state)
{
	static const int codes[] = {450, 451, 550, 554};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct smtp_end end = {.stage = SMTP_STAGE_MAIL,
				       .code = codes[i],
				       .is_reused = true};

		assert_true(smtp_judge(&end).is_stale);
		end.stage = SMTP_STAGE_RCPT;
		assert_false(smtp_judge(&end).is_stale);
		end.stage = SMTP_STAGE_MAIL;
		end.is_reused = false;
		assert_false(smtp_judge(&end).is_stale);
	}
}

static void f10_queue_ids(void **state)
{
	static const struct {
		const char *text, *id, *enhanced;
	} cases[] = {
	    {"2.0.0 Ok: queued as 4Rk2Xx1c2Wz", "4Rk2Xx1c2Wz", "2.0.0"},
	    {"OK id=1qXyZ1-0003Ab-2C", "1qXyZ1-0003Ab-2C", ""},
	    {"2.6.0 <a@b> [InternalId=4711, Hostname=x] 9 bytes Queued "
	     "mail for delivery",
	     "4711", "2.6.0"},
	    {"2.0.0 2A3b4c Message accepted for delivery", "2A3b4c", "2.0.0"},
	    {"2.0.0 OK  1699 a1-2b.3 - gsmtp", "a1-2b.3", "2.0.0"},
	    {"2.6.0 <x@y> Queued mail for delivery", "", "2.6.0"},
	    {"Ok 0102018a-7", "0102018a-7", ""},
	    {"2.0.0 fine", "", "2.0.0"},
	    {"12.0.0 fine", "", ""},
	    {"2.0 fine", "", ""},
	    {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct smtp_verdict verdict = {.outcome = SMTP_ACCEPTED};

		smtp_verdict_reply(&verdict, cases[i].text);
		assert_string_equal(verdict.queue_id, cases[i].id);
		assert_string_equal(verdict.enhanced, cases[i].enhanced);
		assert_string_equal(verdict.text, cases[i].text);
	}
}

static bool add_line(struct smtp_reply *reply, const char *line)
{
	return smtp_reply_add(reply, line, strlen(line));
}

static void f10_reply_lines(void **state)
{
	struct smtp_reply reply = {0};

	(void)state;
	assert_false(add_line(&reply, "250-relay.example\r\n"));
	assert_false(add_line(&reply, "nonsense\r\n"));
	assert_true(add_line(&reply, "250 SIZE 1000\r\n"));
	assert_string_equal(reply.text, "relay.example SIZE 1000");
	assert_true(add_line(&reply, "354 go on\r\n"));
	assert_int_equal(reply.code, 354);
	assert_false(add_line(&reply, "550-5.7.1 Not wanted\r\n"));
	assert_true(add_line(&reply, "550 5.7.1 here\r\n"));
	assert_string_equal(reply.text, "5.7.1 Not wanted here");
	assert_true(add_line(&reply, "550"));
	assert_string_equal(reply.text, "");
}

static void f20_texts_that_are_shown(void **state)
{
	char text[8];

	(void)state;
	smtp_printable(text, sizeof(text), "a\tb\xff");
	assert_string_equal(text, "a?b?");
	smtp_printable(text, sizeof(text), "123456\xc3\xa9");
	assert_string_equal(text, "123456");
	smtp_printable(text, sizeof(text),
		       "a\xc2\x9b"
		       "b");
	assert_string_equal(text, "a??b");
}

static void f20_addresses(void **state)
{
	(void)state;
	assert_true(smtp_is_address("b+81@board.example"));
	assert_true(smtp_is_address("o'neil@[192.0.2.1]"));
	assert_false(smtp_is_address("a@b\r\nRCPT TO:<c@d>"));
	assert_false(smtp_is_address("a b@c"));
	assert_false(smtp_is_address("a>b@c"));
	assert_false(smtp_is_address("a@"));
	assert_false(smtp_is_address("@a"));
	assert_false(smtp_is_address("\xc3\xa9@a"));
	assert_false(smtp_is_address("12345678901234567890123456789012"
				     "123456789012345678901234567890123@a"));
}

static void f20_line_ends_and_dots(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		bool are_crlf, has_dot;
	} cases[] = {
	    {"a\r\n\r\n", 5, true, false},    {"a\n", 2, false, false},
	    {"a\rb\r\n", 5, false, false},    {"a\r", 2, false, false},
	    {"a\0\r\n", 4, false, false},     {"\n\r\n", 3, false, false},
	    {"\r\r\n\n", 4, false, false},    {"", 0, true, false},
	    {".a\r\n", 4, true, true},        {"a\r\n.", 4, true, true},
	    {"a.\r\nb.\r\n", 8, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* at each place around the edges of what is counted at once */
		for (size_t before = 0; before < 300; before++) {
			char mail[320];
			size_t size = before ? before + 2 : 0;

			memset(mail, 'x', before);
			memcpy(mail + before, "\r\n", 2);
			memcpy(mail + size, cases[i].text, cases[i].size);
			struct smtp_lines lines =
			    smtp_look_at_lines(mail, size + cases[i].size);
			assert_int_equal(lines.are_crlf, cases[i].are_crlf);
			assert_int_equal(lines.has_dot, cases[i].has_dot);
		}
	}
}

/* --- a scripted relay in a thread */

/* What one connection does; a reply of NULL is the usual one. */
struct manner {
	const char *banner, *ehlo, *auth, *mail, *rcpt, *data, *dot, *reset;
	bool close_at_data;   /* drops at DATA, in place of 354 */
	bool close_after_dot; /* takes all, answers nothing */
	bool hang_at_dot;
	bool late_at_dot;     /* answers after 1.5 s: too late */
	bool deaf_in_data;    /* 354, then reads nothing more */
	bool close_when_kept; /* 421 and close after the first mail */
	bool is_deaf_to_quit;
	bool drop_when_kept; /* closes without a word after the first mail */
	bool is_resumed;     /* the greeting was said already (STARTTLS) */
	int tls_port;        /* what STARTTLS leads to; 0: not known */
};

struct relay {
	const struct manner *manners; /* of each connection; the last stays */
	size_t count;
	int listen_fd, port;
	pthread_t thread;
	int stop[2]; /* a byte ends the thread */
	pthread_mutex_t lock;
	int connections, mails, quits;
	struct buf heard; /* commands and mails, as received */
};

struct talk {
	struct relay *relay;
	const struct manner *manner;
	int in, out;
	char line[2000];
	char data[8192];
	size_t size, at;
	bool is_over;
};

/* The next byte; -1 when the peer, or the test, is gone. */
static int get_byte(struct talk *talk)
{
	struct pollfd wait[] = {{.fd = talk->in, .events = POLLIN},
				{.fd = talk->relay->stop[0], .events = POLLIN}};

	if (talk->at < talk->size)
		return (unsigned char)talk->data[talk->at++];
	if (poll(wait, 2, 20000) < 1 || wait[1].revents)
		return -1;
	ssize_t size = read(talk->in, talk->data, sizeof(talk->data));
	if (size <= 0)
		return -1;
	talk->size = (size_t)size;
	talk->at = 1;
	return (unsigned char)talk->data[0];
}

static bool get_line(struct talk *talk)
{
	size_t size = 0;
	int byte;

	while ((byte = get_byte(talk)) >= 0 && size < sizeof(talk->line) - 2) {
		talk->line[size++] = (char)byte;
		if (byte == '\n')
			break;
	}
	talk->line[size] = '\0';
	pthread_mutex_lock(&talk->relay->lock);
	buf_adds(&talk->relay->heard, talk->line);
	pthread_mutex_unlock(&talk->relay->lock);
	return byte >= 0;
}

static void say(struct talk *talk, const char *words, const char *usual)
{
	char line[600];
	int size =
	    snprintf(line, sizeof(line), "%s\r\n", words ? words : usual);

	if (write(talk->out, line, (size_t)size) != size)
		talk->is_over = true;
}

static void add(struct relay *relay, int *counter)
{
	pthread_mutex_lock(&relay->lock);
	++*counter;
	pthread_mutex_unlock(&relay->lock);
}

static int read_counter(struct relay *relay, const int *counter)
{
	pthread_mutex_lock(&relay->lock);
	int value = *counter;
	pthread_mutex_unlock(&relay->lock);
	return value;
}

/* Waits for the end of the test, or for so long. */
static void hang(struct talk *talk, int ms)
{
	struct pollfd wait = {.fd = talk->relay->stop[0], .events = POLLIN};

	poll(&wait, 1, ms);
}

static void take_mail(struct talk *talk)
{
	const struct manner *manner = talk->manner;

	if (manner->close_at_data) {
		talk->is_over = true;
		return;
	}
	say(talk, manner->data, "354 go on");
	if (manner->data)
		return;
	if (manner->deaf_in_data)
		hang(talk, 20000);
	while (get_line(talk) && strcmp(talk->line, ".\r\n") != 0)
		continue;
	if (strcmp(talk->line, ".\r\n") == 0)
		add(talk->relay, &talk->relay->mails);
	talk->is_over = manner->close_after_dot;
	if (manner->hang_at_dot)
		hang(talk, 20000);
	if (manner->late_at_dot)
		hang(talk, 1500);
	if (!talk->is_over)
		say(talk, manner->dot, "250 2.0.0 Ok: queued as ABC123");
	if (manner->close_when_kept)
		say(talk, NULL, "421 4.3.2 shutting down");
	if (manner->close_when_kept || manner->drop_when_kept)
		talk->is_over = true;
}

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr =
					  htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool pass_on(int from, int to)
{
	char data[8192];
	ssize_t size = read(from, data, sizeof(data));

	return size > 0 && write(to, data, (size_t)size) == size;
}

/* From here on the connection is the TLS server's. */
static void start_tls(struct talk *talk)
{
	int fd = connect_to(talk->manner->tls_port);
	struct pollfd wait[] = {{.fd = talk->in, .events = POLLIN},
				{.fd = fd, .events = POLLIN},
				{.fd = talk->relay->stop[0], .events = POLLIN}};

	talk->is_over = true;
	if (fd < 0)
		return;
	say(talk, NULL, "220 2.0.0 ready");
	while (poll(wait, 3, 20000) > 0 && !wait[2].revents) {
		if (wait[0].revents && !pass_on(talk->in, fd))
			break;
		if (wait[1].revents && !pass_on(fd, talk->out))
			break;
	}
	close(fd);
}

static void converse(struct talk *talk)
{
	const struct manner *manner = talk->manner;

	if (!manner->is_resumed)
		say(talk, manner->banner, "220 relay.example ESMTP");
	while (!talk->is_over && get_line(talk)) {
		if (strncmp(talk->line, "EHLO", 4) == 0)
			say(talk, manner->ehlo,
			    "250-relay.example\r\n250 SIZE 10000000");
		else if (strncmp(talk->line, "STARTTLS", 8) == 0 &&
			 manner->tls_port)
			start_tls(talk);
		else if (strncmp(talk->line, "AUTH", 4) == 0) {
			say(talk, NULL, "334 ");
			get_line(talk);
			say(talk, manner->auth, "235 2.7.0 welcome");
		} else if (strncmp(talk->line, "MAIL", 4) == 0)
			say(talk, manner->mail, "250 2.1.0 Ok");
		else if (strncmp(talk->line, "RCPT", 4) == 0)
			say(talk, manner->rcpt, "250 2.1.5 Ok");
		else if (strncmp(talk->line, "DATA", 4) == 0)
			take_mail(talk);
		else if (strncmp(talk->line, "RSET", 4) == 0)
			say(talk, manner->reset, "250 2.0.0 Ok");
		else if (strncmp(talk->line, "QUIT", 4) == 0) {
			add(talk->relay, &talk->relay->quits);
			if (manner->is_deaf_to_quit)
				hang(talk, 20000);
			say(talk, NULL, "221 bye");
			talk->is_over = true;
		} else
			say(talk, NULL, "502 5.5.1 what?");
	}
}

static void *run_relay(void *argument)
{
	struct relay *relay = argument;
	struct pollfd wait[] = {{.fd = relay->listen_fd, .events = POLLIN},
				{.fd = relay->stop[0], .events = POLLIN}};

	while (poll(wait, 2, 20000) > 0 && !wait[1].revents) {
		int fd = accept4(relay->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		size_t number = (size_t)relay->connections;

		if (fd < 0)
			break;
		add(relay, &relay->connections);
		if (number >= relay->count)
			number = relay->count - 1;
		struct talk talk = {.relay = relay,
				    .manner = &relay->manners[number],
				    .in = fd,
				    .out = fd};
		converse(&talk);
		close(fd);
	}
	return NULL;
}

static int listen_on_loopback(int *ret_port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size),
			 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void relay_init(struct relay *relay, const struct manner *manners,
		       size_t count)
{
	*relay = (struct relay){.manners = manners, .count = count};
	pthread_mutex_init(&relay->lock, NULL);
	buf_init(&relay->heard, 1024 * 1024);
	assert_int_equal(pipe(relay->stop), 0);
}

static void relay_start(struct relay *relay, const struct manner *manners,
			size_t count)
{
	relay_init(relay, manners, count);
	relay->listen_fd = listen_on_loopback(&relay->port);
	assert_int_equal(pthread_create(&relay->thread, NULL, run_relay, relay),
			 0);
}

static void relay_stop(struct relay *relay)
{
	assert_int_equal(write(relay->stop[1], "x", 1), 1);
	pthread_join(relay->thread, NULL);
	if (relay->listen_fd > 0)
		close(relay->listen_fd);
	close(relay->stop[0]);
	close(relay->stop[1]);
	buf_done(&relay->heard);
	pthread_mutex_destroy(&relay->lock);
}

static struct smtp_relay settings(const struct relay *relay)
{
	return (struct smtp_relay){.host = "127.0.0.1",
				   .port = relay->port,
				   .tls = SMTP_TLS_NONE,
				   .connect_timeout_ms = 2000,
				   .reply_timeout_ms = 1000,
				   .helo = "daemon.example"};
}

static const struct smtp_mail mail = {
    .from = "b+81@board.example",
    .to = "member@agency.example",
    .data = "Subject: x\r\n\r\n.dot\r\nbody\r\n",
    .size = 26,
};

static struct smtp_session *open_session(const struct relay *relay)
{
	struct smtp_relay with = settings(relay);
	struct smtp_session *session = smtp_open(&with, NULL);

	assert_non_null(session);
	return session;
}

static struct smtp_verdict send_mail(struct smtp_session *session)
{
	struct smtp_verdict verdict;

	smtp_send(session, &mail, &verdict);
	return verdict;
}

/* One mail to one relay that behaves so. */
static struct smtp_verdict send_to(const struct manner *manner, int *ret_mails)
{
	struct relay relay;

	relay_start(&relay, manner, 1);
	struct smtp_session *session = open_session(&relay);
	struct smtp_verdict verdict = send_mail(session);
	smtp_close(session);
	if (ret_mails)
		*ret_mails = read_counter(&relay, &relay.mails);
	relay_stop(&relay);
	return verdict;
}

static bool heard(struct relay *relay, const char *words)
{
	pthread_mutex_lock(&relay->lock);
	bool found = strstr(relay->heard.data, words) != NULL;
	pthread_mutex_unlock(&relay->lock);
	return found;
}

static void f30_accepted(void **state)
{
	const struct manner manner = {0};
	struct relay relay;

	(void)state;
	relay_start(&relay, &manner, 1);
	struct smtp_session *session = open_session(&relay);
	for (int i = 0; i < 3; i++) {
		struct smtp_verdict verdict = send_mail(session);

		assert_int_equal(verdict.outcome, SMTP_ACCEPTED);
		assert_int_equal(verdict.code, 250);
		assert_string_equal(verdict.enhanced, "2.0.0");
		assert_string_equal(verdict.queue_id, "ABC123");
		assert_string_equal(verdict.text, "2.0.0 Ok: queued as ABC123");
		assert_string_equal(verdict.tls, "");
		assert_memory_equal(verdict.address, "127.0.0.1:", 10);
	}
	smtp_close(session);
	for (int i = 0; i < 200 && read_counter(&relay, &relay.quits) == 0; i++)
		usleep(10 * 1000);
	assert_int_equal(read_counter(&relay, &relay.quits), 1);
	assert_int_equal(read_counter(&relay, &relay.connections), 1);
	assert_true(heard(&relay, "EHLO daemon.example\r\n"));
	assert_true(heard(&relay, "MAIL FROM:<b+81@board.example> SIZE=26\r\n"
				  "RCPT TO:<member@agency.example>\r\n"
				  "DATA\r\nSubject: x\r\n\r\n..dot\r\nbody\r\n"
				  ".\r\n"));
	relay_stop(&relay);
}

static void f30_replies_decide(void **state)
{
	static const struct {
		struct manner manner;
		enum smtp_outcome outcome;
		int code;
		const char *enhanced, *text;
		bool is_relay_trouble;
	} cases[] = {
	    {{.mail = "451 4.3.0 busy"},
	     SMTP_LATER,
	     451,
	     "4.3.0",
	     "busy",
	     false},
	    {{.mail = "550 5.7.1 no sender"},
	     SMTP_REFUSED,
	     550,
	     "5.7.1",
	     "no sender",
	     false},
	    {{.rcpt = "450 4.2.0 greylisted"},
	     SMTP_LATER,
	     450,
	     "4.2.0",
	     "greylisted",
	     false},
	    {{.rcpt = "550-5.1.1 nobody\r\n550 5.1.1 here"},
	     SMTP_REFUSED,
	     550,
	     "5.1.1",
	     "5.1.1 nobody here",
	     false},
	    {{.data = "451 4.3.0 no data"},
	     SMTP_LATER,
	     451,
	     "4.3.0",
	     "",
	     false},
	    {{.dot = "452 4.3.1 full"},
	     SMTP_LATER,
	     452,
	     "4.3.1",
	     "full",
	     false},
	    {{.dot = "554 5.6.0 spam"},
	     SMTP_REFUSED,
	     554,
	     "5.6.0",
	     "spam",
	     false},
	    {{.dot = "251 2.1.5 forwarded"},
	     SMTP_ACCEPTED,
	     251,
	     "2.1.5",
	     "forwarded",
	     false},
	    {{.banner = "554 5.7.1 go away"}, SMTP_LATER, 554, "", "", true},
	    {{.banner = "421 4.7.0 too many"}, SMTP_LATER, 421, "", "", true},
	    {{.mail = "530 5.7.0 login first"}, SMTP_LATER, 530, "", "", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct smtp_verdict verdict = send_to(&cases[i].manner, NULL);
		bool is_of_recipient = cases[i].manner.rcpt;

		if (verdict.outcome != cases[i].outcome ||
		    verdict.is_of_recipient != is_of_recipient ||
		    verdict.code != cases[i].code ||
		    verdict.is_relay_trouble != cases[i].is_relay_trouble ||
		    !strstr(verdict.enhanced, cases[i].enhanced) ||
		    !strstr(verdict.text, cases[i].text))
			fail_msg("row %zu: %s %d %s %s", i,
				 smtp_outcome_name(verdict.outcome),
				 verdict.code, verdict.enhanced, verdict.text);
	}
}

static void f30_lost_before_and_after_the_dot(void **state)
{
	static const struct {
		struct manner manner;
		enum smtp_outcome outcome;
		int mails;
	} cases[] = {
	    {{.close_at_data = true}, SMTP_LATER, 0},
	    {{.close_after_dot = true}, SMTP_UNSURE, 1},
	    {{.hang_at_dot = true}, SMTP_UNSURE, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int mails;
		struct smtp_verdict verdict = send_to(&cases[i].manner, &mails);

		if (verdict.outcome != cases[i].outcome ||
		    mails != cases[i].mails || verdict.code != 0 ||
		    !verdict.is_relay_trouble)
			fail_msg("row %zu: %s mails=%d %s", i,
				 smtp_outcome_name(verdict.outcome), mails,
				 verdict.text);
		assert_true(verdict.duration_ms < 3000);
	}
}

static void f30_a_relay_that_stops_reading_is_not_unsure(void **state)
{
	const struct manner manner = {.deaf_in_data = true};
	const size_t size = 32 * 1024 * 1024;
	struct relay relay;
	struct smtp_verdict verdict;
	char *data = malloc(size);

	(void)state;
	for (size_t i = 0; i < size; i += 64) {
		memset(data + i, 'x', 62);
		memcpy(data + i + 62, "\r\n", 2);
	}
	relay_start(&relay, &manner, 1);
	struct smtp_session *session = open_session(&relay);
	struct smtp_mail big = mail;
	big.data = data;
	big.size = size;
	smtp_send(session, &big, &verdict);
	assert_int_equal(verdict.outcome, SMTP_LATER);
	assert_true(verdict.duration_ms < 6000);
	smtp_close(session);
	relay_stop(&relay);
	free(data);
}

static void f30_a_connection_serves_so_many_mails(void **state)
{
	const struct manner manner = {0};
	struct relay relay;

	(void)state;
	relay_start(&relay, &manner, 1);
	struct smtp_relay with = settings(&relay);
	with.mails_per_connection = 2;
	struct smtp_session *session = smtp_open(&with, NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(send_mail(session).outcome, SMTP_ACCEPTED);
	assert_int_equal(read_counter(&relay, &relay.connections), 3);
	assert_int_equal(read_counter(&relay, &relay.quits), 2);
	smtp_close(session);
	relay_stop(&relay);
}

static void f40_a_late_reply_is_not_the_next_mails(void **state)
{
	const struct manner manners[] = {
	    {.late_at_dot = true},
	    {.dot = "250 2.0.0 Ok: queued as SECOND"},
	};
	struct relay relay;

	(void)state;
	relay_start(&relay, manners, 2);
	struct smtp_session *session = open_session(&relay);
	struct smtp_verdict verdict = send_mail(session);
	assert_int_equal(verdict.outcome, SMTP_UNSURE);
	verdict = send_mail(session);
	assert_int_equal(verdict.outcome, SMTP_ACCEPTED);
	assert_string_equal(verdict.queue_id, "SECOND");
	assert_int_equal(read_counter(&relay, &relay.connections), 2);
	smtp_close(session);
	relay_stop(&relay);
}

static void f40_a_kept_connection_that_was_closed(void **state)
{
	static const struct manner manners[][2] = {
	    {{.close_when_kept = true}, {0}},
	    {{.drop_when_kept = true}, {0}},
	    {{.close_when_kept = true}, {.rcpt = "550 5.1.1 nobody"}},
	};
	static const enum smtp_outcome outcomes[] = {
	    SMTP_ACCEPTED, SMTP_ACCEPTED, SMTP_REFUSED};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct relay relay;

		relay_start(&relay, manners[i], 2);
		struct smtp_session *session = open_session(&relay);
		struct smtp_verdict verdict = send_mail(session);
		assert_int_equal(verdict.outcome, SMTP_ACCEPTED);
		verdict = send_mail(session);
		assert_int_equal(verdict.outcome, outcomes[i]);
		assert_int_equal(read_counter(&relay, &relay.connections), 2);
		smtp_close(session);
		relay_stop(&relay);
	}
}

static const char pipelining[] = "250-relay.example\r\n250 PIPELINING";

/* RCPT of the next mail must not come within the transaction that the refused
 * one left open. */
static void f40_after_a_refusal_the_next_mail_goes(void **state)
{
	static const struct {
		struct manner manner;
		int connections;
	} cases[] = {
	    {{.rcpt = "550 5.1.1 nobody"}, 1},
	    {{.rcpt = "550 5.1.1 nobody", .data = "503 5.5.1 no recipient"}, 1},
	    {{.rcpt = "550 5.1.1 nobody",
	      .data = "503 5.5.1 no recipient",
	      .ehlo = pipelining},
	     1},
	    /* it waits for a mail: an empty one would be worse than a new
	     * connection */
	    {{.rcpt = "550 5.1.1 nobody", .ehlo = pipelining}, 2},
	    {{.rcpt = "550 5.1.1 nobody", .reset = "502 5.5.1 what?"}, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct manner *manner = &cases[i].manner;
		struct relay relay;

		relay_start(&relay, manner, 1);
		struct smtp_session *session = open_session(&relay);
		for (int j = 0; j < 2; j++) {
			struct smtp_verdict verdict = send_mail(session);

			assert_int_equal(verdict.outcome, SMTP_REFUSED);
			assert_string_equal(verdict.text, "5.1.1 nobody");
		}
		if (read_counter(&relay, &relay.mails) != 0 ||
		    read_counter(&relay, &relay.connections) !=
			cases[i].connections)
			fail_msg("row %zu: connections=%d heard %s", i,
				 relay.connections, relay.heard.data);
		smtp_close(session);
		relay_stop(&relay);
	}
}

static void f40_in_one_go(void **state)
{
	const struct manner manner = {.ehlo = pipelining};
	struct relay relay;

	(void)state;
	relay_start(&relay, &manner, 1);
	struct smtp_session *session = open_session(&relay);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send_mail(session).outcome, SMTP_ACCEPTED);
	assert_int_equal(read_counter(&relay, &relay.connections), 1);
	assert_int_equal(read_counter(&relay, &relay.mails), 3);
	assert_true(heard(&relay, "MAIL FROM:<b+81@board.example>\r\n"
				  "RCPT TO:<member@agency.example>\r\n"
				  "DATA\r\nSubject: x\r\n"));
	smtp_close(session);
	relay_stop(&relay);
}

static void f40_no_answer_to_quit(void **state)
{
	const struct manner manner = {.rcpt = "550 5.1.1 nobody",
				      .is_deaf_to_quit = true};
	struct relay relay;
	struct smtp_verdict verdict;

	(void)state;
	relay_start(&relay, &manner, 1);
	struct smtp_relay with = settings(&relay);
	with.reply_timeout_ms = 0; /* ten minutes */
	struct smtp_session *session = smtp_open(&with, NULL);
	smtp_send(session, &mail, &verdict);
	assert_int_equal(verdict.outcome, SMTP_REFUSED);
	assert_string_equal(verdict.text, "5.1.1 nobody");
	assert_true(verdict.duration_ms < 6000);
	smtp_close(session);
	relay_stop(&relay);
}

static void f40_nothing_listens(void **state)
{
	struct relay relay = {0};

	(void)state;
	close(listen_on_loopback(&relay.port));
	struct smtp_session *session = open_session(&relay);
	struct smtp_verdict verdict = send_mail(session);
	assert_int_equal(verdict.outcome, SMTP_LATER);
	assert_int_equal(verdict.code, 0);
	assert_memory_equal(verdict.text, "the relay can't be reached", 26);
	smtp_close(session);
}

static void f40_injection_sends_nothing(void **state)
{
	const struct manner manner = {0};
	struct relay relay;
	struct smtp_verdict verdict;
	struct smtp_mail bad = mail;

	(void)state;
	relay_start(&relay, &manner, 1);
	struct smtp_session *session = open_session(&relay);
	bad.to = "a@b>\r\nRCPT TO:<c@d";
	smtp_send(session, &bad, &verdict);
	assert_int_equal(verdict.outcome, SMTP_REFUSED);
	assert_int_equal(verdict.code, 0);
	bad = mail;
	bad.data = "a: b\r\n\r\n.\n";
	bad.size = 11;
	smtp_send(session, &bad, &verdict);
	assert_int_equal(verdict.outcome, SMTP_REFUSED);
	assert_int_equal(read_counter(&relay, &relay.connections), 0);
	bad = mail;
	bad.from = "";
	smtp_send(session, &bad, &verdict);
	assert_int_equal(verdict.outcome, SMTP_ACCEPTED);
	assert_true(heard(&relay, "MAIL FROM:<> "));
	smtp_close(session);
	relay_stop(&relay);
}

struct patient {
	struct smtp_session *session;
	struct smtp_verdict verdict;
};

static void *send_in_thread(void *argument)
{
	struct patient *patient = argument;

	smtp_send(patient->session, &mail, &patient->verdict);
	return NULL;
}

static void f50_an_interrupt_ends_a_hung_send(void **state)
{
	const struct manner manner = {.hang_at_dot = true};
	struct relay relay;
	struct patient patient;
	pthread_t thread;
	struct timespec start, end;

	(void)state;
	relay_start(&relay, &manner, 1);
	struct smtp_relay with = settings(&relay);
	with.reply_timeout_ms = 0; /* ten minutes */
	patient.session = smtp_open(&with, NULL);
	pthread_create(&thread, NULL, send_in_thread, &patient);
	for (int i = 0; i < 500 && read_counter(&relay, &relay.mails) == 0; i++)
		usleep(10 * 1000);
	clock_gettime(CLOCK_MONOTONIC, &start);
	smtp_interrupt(patient.session);
	pthread_join(thread, NULL);
	assert_int_equal(patient.verdict.outcome, SMTP_UNSURE);
	assert_int_equal(send_mail(patient.session).outcome, SMTP_LATER);
	smtp_close(patient.session);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec <= 2);
	assert_int_equal(read_counter(&relay, &relay.connections), 1);
	relay_stop(&relay);
}

/* --- TLS, by "openssl s_server" in front of the scripted relay */

#define FOLDER_SIZE 64

struct tunnel {
	struct relay relay; /* it speaks through the tunnel's pipes */
	struct relay front; /* it says STARTTLS */
	struct manner front_manner;
	struct talk talk;
	struct manner manner;
	const char *options; /* of s_server; NULL: TLS 1.2 alone */
	pid_t pid;
	int port;
};

static char folder[FOLDER_SIZE];

static int run(const char *command)
{
	char line[1000];

	snprintf(line, sizeof(line), "cd %s && { %s; } >/dev/null 2>&1", folder,
		 command);
	return system(line);
}

static int make_certificates(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/briefingd-smtp-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return run("openssl req -x509 -newkey ec -pkeyopt "
		   "ec_paramgen_curve:P-256 -nodes -keyout good.key -out "
		   "good.pem -days 2 -subj /CN=relay -addext "
		   "subjectAltName=IP:127.0.0.1 && "
		   "openssl req -x509 -newkey ec -pkeyopt "
		   "ec_paramgen_curve:P-256 -nodes -keyout other.key -out "
		   "other.pem -days 2 -subj /CN=other -addext "
		   "subjectAltName=DNS:other.example && "
		   "cat good.pem other.pem > both.pem");
}

static int remove_certificates(void **state)
{
	(void)state;
	return run("rm -f *.key *.pem") || rmdir(folder);
}

static void *run_tunnel(void *argument)
{
	struct tunnel *tunnel = argument;

	converse(&tunnel->talk);
	return NULL;
}

static bool is_listening(int port)
{
	/* looked up, not connected to: s_server takes one connection */
	char want[32], line[256];
	bool found = false;
	FILE *file = fopen("/proc/net/tcp", "re");

	snprintf(want, sizeof(want), "0100007F:%04X 00000000:0000 0A",
		 (unsigned)port);
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, want) != NULL;
	if (file)
		fclose(file);
	return found;
}

static void tunnel_spawn(struct tunnel *tunnel, const char *name,
			 const int in[2], const int out[2])
{
	char shell[] = "sh", flag[] = "-c", command[600];
	char *arguments[] = {shell, flag, command, NULL};
	posix_spawn_file_actions_t actions;

	snprintf(command, sizeof(command),
		 "exec openssl s_server -quiet -naccept 1 %s -accept "
		 "127.0.0.1:%d -cert %s/%s.pem -key %s/%s.key -CAfile "
		 "%s/both.pem",
		 tunnel->options ? tunnel->options : "-tls1_2", tunnel->port,
		 folder, name, folder, name, folder);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	assert_int_equal(posix_spawnp(&tunnel->pid, "sh", &actions, NULL,
				      arguments, environ),
			 0);
	posix_spawn_file_actions_destroy(&actions);
}

static void tunnel_start(struct tunnel *tunnel, bool starttls, const char *name)
{
	int in[2], out[2];

	relay_init(&tunnel->relay, NULL, 0);
	close(listen_on_loopback(&tunnel->port));
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	tunnel_spawn(tunnel, name, in, out);
	close(in[0]);
	close(out[1]);
	tunnel->manner.is_resumed = starttls;
	tunnel->talk = (struct talk){.relay = &tunnel->relay,
				     .manner = &tunnel->manner,
				     .in = out[0],
				     .out = in[1]};
	for (int i = 0; i < 500 && !is_listening(tunnel->port); i++)
		usleep(10 * 1000);
	tunnel->relay.port = tunnel->port;
	if (starttls) {
		tunnel->front_manner =
		    (struct manner){.ehlo = "250-relay.example\r\n250 STARTTLS",
				    .tls_port = tunnel->port};
		relay_start(&tunnel->front, &tunnel->front_manner, 1);
		tunnel->relay.port = tunnel->front.port;
	}
	assert_int_equal(
	    pthread_create(&tunnel->relay.thread, NULL, run_tunnel, tunnel), 0);
}

static void tunnel_stop(struct tunnel *tunnel)
{
	kill(tunnel->pid, SIGKILL);
	waitpid(tunnel->pid, NULL, 0);
	if (tunnel->front.port)
		relay_stop(&tunnel->front);
	relay_stop(&tunnel->relay);
	close(tunnel->talk.in);
	close(tunnel->talk.out);
}

static struct smtp_verdict send_with(struct tunnel *tunnel,
				     struct smtp_relay with, const char *ca,
				     const char *bearer)
{
	struct smtp_mail this_mail = mail;
	struct smtp_verdict verdict;
	char path[100];

	snprintf(path, sizeof(path), "%s/%s.pem", folder, ca);
	with.host = "127.0.0.1";
	with.port = tunnel->relay.port;
	with.ca_file = path;
	with.helo = "daemon.example";
	with.reply_timeout_ms = 3000;
	struct smtp_session *session = smtp_open(&with, NULL);
	assert_non_null(session);
	this_mail.bearer = bearer;
	smtp_send(session, &this_mail, &verdict);
	smtp_close(session);
	return verdict;
}

static struct smtp_verdict send_through(struct tunnel *tunnel,
					enum smtp_tls tls, const char *ca,
					const char *user)
{
	return send_with(
	    tunnel,
	    (struct smtp_relay){
		.tls = tls, .user = user, .password = user ? "s3cret" : NULL},
	    ca, NULL);
}

static void f60_starttls_and_login(void **state)
{
	struct tunnel tunnel = {
	    .manner.ehlo = "250-relay.example\r\n250 AUTH PLAIN LOGIN"};

	(void)state;
	tunnel_start(&tunnel, true, "good");
	struct smtp_verdict verdict =
	    send_through(&tunnel, SMTP_TLS_STARTTLS, "good", "board");
	assert_string_equal(verdict.text, "2.0.0 Ok: queued as ABC123");
	assert_int_equal(verdict.outcome, SMTP_ACCEPTED);
	assert_string_equal(verdict.tls, "TLS1.2");
	/* \0board\0s3cret */
	assert_true(heard(&tunnel.relay, "AUTH PLAIN"));
	assert_true(heard(&tunnel.relay, "AGJvYXJkAHMzY3JldA=="));
	tunnel_stop(&tunnel);
}

static void f60_implicit_tls(void **state)
{
	struct tunnel tunnel = {0};

	(void)state;
	tunnel_start(&tunnel, false, "good");
	struct smtp_verdict verdict =
	    send_through(&tunnel, SMTP_TLS_IMPLICIT, "good", NULL);
	assert_string_equal(verdict.text, "2.0.0 Ok: queued as ABC123");
	assert_string_equal(verdict.tls, "TLS1.2");
	tunnel_stop(&tunnel);
}

static void f60_the_way_of_logging_in_is_chosen(void **state)
{
	static const struct {
		enum smtp_auth auth;
		const char *bearer, *said;
	} cases[] = {
	    {SMTP_AUTH_PLAIN, NULL, "AUTH PLAIN"},
	    {SMTP_AUTH_LOGIN, NULL, "AUTH LOGIN"},
	    /* user=board^Aauth=Bearer t0ken^A^A */
	    {SMTP_AUTH_XOAUTH2, "t0ken",
	     "dXNlcj1ib2FyZAFhdXRoPUJlYXJlciB0MGtlbgEB"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tunnel tunnel = {
		    .manner = {.ehlo = "250-x\r\n250 AUTH PLAIN LOGIN XOAUTH2",
			       .auth = "235 2.7.0 good"}};
		const struct smtp_relay with = {
		    .tls = SMTP_TLS_STARTTLS,
		    .user = "board",
		    .password = cases[i].bearer ? NULL : "s3cret",
		    .auth = cases[i].auth,
		};

		tunnel_start(&tunnel, true, "good");
		send_with(&tunnel, with, "good", cases[i].bearer);
		if (!heard(&tunnel.relay, cases[i].said))
			fail_msg("row %zu: %s", i, tunnel.relay.heard.data);
		tunnel_stop(&tunnel);
	}
}

static void f60_our_own_certificate(void **state)
{
	char path[100], key[100];

	(void)state;
	snprintf(path, sizeof(path), "%s/other.pem", folder);
	snprintf(key, sizeof(key), "%s/other.key", folder);
	for (int is_shown = 0; is_shown < 2; is_shown++) {
		struct tunnel tunnel = {.options =
					    "-Verify 1 -verify_return_error"};
		const struct smtp_relay with = {
		    .tls = SMTP_TLS_STARTTLS,
		    .certificate_file = is_shown ? path : NULL,
		    .key_file = is_shown ? key : NULL,
		};

		tunnel_start(&tunnel, true, "good");
		struct smtp_verdict verdict =
		    send_with(&tunnel, with, "good", NULL);
		assert_int_equal(verdict.outcome,
				 is_shown ? SMTP_ACCEPTED : SMTP_LATER);
		assert_int_equal(verdict.is_relay_trouble, !is_shown);
		tunnel_stop(&tunnel);
	}
}

static void f70_tls_that_is_too_old(void **state)
{
	static const struct {
		const char *options;
		bool needs_tls13, is_good;
		const char *tls;
	} cases[] = {
	    {"-tls1_1 -cipher ALL:@SECLEVEL=0", false, false, ""},
	    {"-tls1_2", false, true, "TLS1.2"},
	    {"-tls1_2", true, false, ""},
	    {"-tls1_3", true, true, "TLS1.3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tunnel tunnel = {.options = cases[i].options};
		const struct smtp_relay with = {
		    .tls = SMTP_TLS_STARTTLS,
		    .needs_tls13 = cases[i].needs_tls13,
		};

		tunnel_start(&tunnel, true, "good");
		struct smtp_verdict verdict =
		    send_with(&tunnel, with, "good", NULL);
		if (verdict.outcome !=
			(cases[i].is_good ? SMTP_ACCEPTED : SMTP_LATER) ||
		    verdict.is_relay_trouble == cases[i].is_good ||
		    strcmp(verdict.tls, cases[i].tls) != 0)
			fail_msg("row %zu: %s", i, verdict.text);
		assert_true(heard(&tunnel.relay, "MAIL") == cases[i].is_good);
		tunnel_stop(&tunnel);
	}
}

static void f70_a_login_that_is_refused(void **state)
{
	static const struct {
		const char *reply;
		int code;
		const char *enhanced, *text;
		bool is_login_refused;
	} cases[] = {
	    {"535 5.7.8 wrong password", 535, "5.7.8",
	     "the relay refused the login: 5.7.8 wrong password", true},
	    {"535 no", 535, "", "the relay refused the login: no", true},
	    /* no word on who we are */
	    {"454 4.7.0 not now", 454, "4.7.0", "4.7.0 not now", false},
	    {"421 4.3.2 going", 421, "4.3.2", "4.3.2 going", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tunnel tunnel = {
		    .manner = {.ehlo = "250-x\r\n250 AUTH PLAIN",
			       .auth = cases[i].reply}};

		tunnel_start(&tunnel, true, "good");
		struct smtp_verdict verdict =
		    send_through(&tunnel, SMTP_TLS_STARTTLS, "good", "board");
		assert_int_equal(verdict.outcome, SMTP_LATER);
		assert_int_equal(verdict.code, cases[i].code);
		assert_true(verdict.is_relay_trouble);
		assert_int_equal(verdict.is_login_refused,
				 cases[i].is_login_refused);
		assert_string_equal(verdict.enhanced, cases[i].enhanced);
		assert_string_equal(verdict.text, cases[i].text);
		assert_int_equal(
		    read_counter(&tunnel.relay, &tunnel.relay.mails), 0);
		tunnel_stop(&tunnel);
	}
}

static void f70_certificates_that_are_not_trusted(void **state)
{
	static const char *const names[][2] = {
	    {"good", "other"}, /* unknown authority */
	    {"other", "both"}, /* known, but another host's */
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tunnel tunnel = {0};

		tunnel_start(&tunnel, true, names[i][0]);
		struct smtp_verdict verdict =
		    send_through(&tunnel, SMTP_TLS_STARTTLS, names[i][1], NULL);
		assert_int_equal(verdict.outcome, SMTP_LATER);
		assert_int_equal(verdict.code, 0);
		assert_memory_equal(
		    verdict.text, "the relay's certificate is not trusted", 38);
		assert_false(heard(&tunnel.relay, "MAIL"));
		tunnel_stop(&tunnel);
	}
}

static void f70_no_starttls_sends_nothing(void **state)
{
	const struct manner manner = {
	    .ehlo = "250-relay.example\r\n250 AUTH PLAIN"};
	struct relay relay;

	(void)state;
	relay_start(&relay, &manner, 1);
	struct smtp_relay with = settings(&relay);
	with.tls = SMTP_TLS_STARTTLS;
	with.user = "board";
	with.password = "s3cret";
	struct smtp_session *session = smtp_open(&with, NULL);
	struct smtp_verdict verdict = send_mail(session);
	assert_int_equal(verdict.outcome, SMTP_LATER);
	assert_memory_equal(verdict.text, "the relay offers no STARTTLS", 28);
	assert_false(heard(&relay, "AUTH"));
	assert_false(heard(&relay, "MAIL"));
	smtp_close(session);
	relay_stop(&relay);
}

static void f80_settings_that_can_not_be(void **state)
{
	static const struct smtp_relay cases[] = {
	    {.host = "a b", .port = 25},
	    {.host = "relay/x", .port = 25},
	    {.host = "", .port = 25},
	    {.host = "relay", .port = 0},
	    {.host = "relay", .port = 25, .helo = "a\r\nMAIL"},
	    {.host = "relay", .port = 25, .user = "board"},
	    {.host = "relay", .port = 25, .ca_file = "/nowhere/ca.pem"},
	    {.host = "relay", .port = 25, .certificate_file = "/nowhere/c.pem"},
	    {.host = "relay", .port = 25, .key_file = "/nowhere/c.key"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};

		assert_null(smtp_open(&cases[i], &err));
		assert_int_equal(err.kind, ERR_INPUT);
	}
	smtp_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_verdicts),
	    cmocka_unit_test(f20_a_no_to_mail_is_asked_again),
	    cmocka_unit_test(f10_queue_ids),
	    cmocka_unit_test(f10_reply_lines),
	    cmocka_unit_test(f20_texts_that_are_shown),
	    cmocka_unit_test(f20_addresses),
	    cmocka_unit_test(f20_line_ends_and_dots),
	    cmocka_unit_test(f30_accepted),
	    cmocka_unit_test(f30_replies_decide),
	    cmocka_unit_test(f30_lost_before_and_after_the_dot),
	    cmocka_unit_test(f30_a_relay_that_stops_reading_is_not_unsure),
	    cmocka_unit_test(f30_a_connection_serves_so_many_mails),
	    cmocka_unit_test(f40_a_late_reply_is_not_the_next_mails),
	    cmocka_unit_test(f40_a_kept_connection_that_was_closed),
	    cmocka_unit_test(f40_after_a_refusal_the_next_mail_goes),
	    cmocka_unit_test(f40_in_one_go),
	    cmocka_unit_test(f40_no_answer_to_quit),
	    cmocka_unit_test(f40_nothing_listens),
	    cmocka_unit_test(f40_injection_sends_nothing),
	    cmocka_unit_test(f50_an_interrupt_ends_a_hung_send),
	    cmocka_unit_test(f60_starttls_and_login),
	    cmocka_unit_test(f60_implicit_tls),
	    cmocka_unit_test(f60_the_way_of_logging_in_is_chosen),
	    cmocka_unit_test(f60_our_own_certificate),
	    cmocka_unit_test(f70_tls_that_is_too_old),
	    cmocka_unit_test(f70_a_login_that_is_refused),
	    cmocka_unit_test(f70_certificates_that_are_not_trusted),
	    cmocka_unit_test(f70_no_starttls_sends_nothing),
	    cmocka_unit_test(f80_settings_that_can_not_be),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("smtp", tests, make_certificates,
					   remove_certificates);
}
