/*
 * Sends mails as a test says, each line of standard input a session of its own:
 * NAME PORT TLS CA USER TIMEOUT_MS SIZE COUNT PAUSE_MS, by tabs, "-" for none.
 * Mail I of it goes to NAME.I@case.example. Tells each verdict on a line: NAME
 * I OUTCOME CODE TLS DURATION_MS TEXT. The argument is how many go on at a
 * time.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "doors/smtp.h"

#include "../unit/smtp_send.h"

#define FIELDS 9
#define THREADS_MAX 256

enum field { NAME, PORT, TLS, CA, USER, TIMEOUT, SIZE, COUNT, PAUSE };

static const char *said(const char *text)
{
	return strcmp(text, "-") == 0 ? NULL : text;
}

static enum smtp_tls tls_of(const char *word)
{
	if (strcmp(word, "implicit") == 0)
		return SMTP_TLS_IMPLICIT;
	return strcmp(word, "none") == 0 ? SMTP_TLS_NONE : SMTP_TLS_STARTTLS;
}

/* Each line begins with a dot, which is what gets lost most easily. */
static void write_mail(struct buf *mail, const char *name, int number,
		       size_t size)
{
	buf_addf(mail, "Message-ID: <%s.%d@board.example>\r\n\r\n", name,
		 number);
	for (int line = 0; mail->size < size; line++)
		buf_addf(mail, ".%07d sees the child alone, and says so\r\n",
			 line);
	buf_addf(mail, "end of %s.%d\r\n", name, number);
}

static void send_one(struct smtp_session *session, char **field, int number)
{
	struct smtp_verdict verdict;
	struct buf mail;
	char to[128];

	buf_init(&mail, 32 * 1024 * 1024);
	write_mail(&mail, field[NAME], number, strtoul(field[SIZE], NULL, 10));
	snprintf(to, sizeof(to), "%s.%d@case.example", field[NAME], number);
	smtp_send(session,
		  &(struct smtp_mail){.from = "bounce@board.example",
				      .to = to,
				      .data = mail.data,
				      .size = mail.size},
		  &verdict);
	printf("%s\t%d\t%s\t%d\t%s\t%lld\t%s\n", field[NAME], number,
	       smtp_outcome_name(verdict.outcome), verdict.code, verdict.tls,
	       (long long)verdict.duration_ms, verdict.text);
	buf_done(&mail);
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void run_session(char **field)
{
	int count = (int)strtol(field[COUNT], NULL, 10);
	int timeout_ms = (int)strtol(field[TIMEOUT], NULL, 10);
	struct err err = {0};
	struct smtp_relay relay = {
	    .host =
		tls_of(field[TLS]) == SMTP_TLS_NONE ? "127.0.0.1" : "localhost",
	    .port = (int)strtol(field[PORT], NULL, 10),
	    .tls = tls_of(field[TLS]),
	    .ca_file = said(field[CA]),
	    .user = said(field[USER]),
	    .password = said(field[USER]) ? "correct horse" : NULL,
	    .connect_timeout_ms = timeout_ms,
	    .reply_timeout_ms = timeout_ms,
	    .helo = "board.example",
	};
	struct smtp_session *session = smtp_open(&relay, &err);

	if (!session) {
		fprintf(stderr, "%s: %s\n", field[NAME], err.text);
		exit(1);
	}
	for (int number = 0; number < count; number++) {
		if (number > 0)
			nap(strtol(field[PAUSE], NULL, 10));
		send_one(session, field, number);
	}
	smtp_close(session);
}

/* Whoever is free takes the next line; stdio has a lock of its own. */
static void *work(void *argument)
{
	char *line = NULL;
	size_t room = 0;

	(void)argument;
	while (getline(&line, &room, stdin) > 0) {
		char *field[FIELDS], *rest = line;

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < FIELDS; i++) {
			field[i] = strsep(&rest, "\t");
			if (!field[i]) {
				fprintf(stderr, "a line is too short\n");
				exit(2);
			}
		}
		run_session(field);
	}
	free(line);
	return NULL;
}

int main(int count, char **words)
{
	pthread_t threads[THREADS_MAX];
	int wanted = count == 2 ? (int)strtol(words[1], NULL, 10) : 0;

	if (wanted < 1 || wanted > THREADS_MAX) {
		fprintf(stderr, "usage: smtp_driver THREADS < SESSIONS\n");
		return 2;
	}
	for (int i = 0; i < wanted; i++) {
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	}
	for (int i = 0; i < wanted; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
