#include "doors/smtp_talk.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "doors/smtp.h"

#define REPLY_SIZE_MAX (256 * 1024) /* more is no reply */
#define GATHERED_MAX (64 * 1024)    /* of a mail, in one write */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void smtp_talk_init(struct smtp_talk *talk, int reply_timeout_ms)
{
	*talk =
	    (struct smtp_talk){.fd = -1, .reply_timeout_ms = reply_timeout_ms};
	buf_init(&talk->out, GATHERED_MAX);
}

void smtp_talk_done(struct smtp_talk *talk)
{
	buf_done(&talk->out);
}

void smtp_talk_attach(struct smtp_talk *talk, void *curl, int fd)
{
	talk->curl = curl;
	talk->fd = fd;
	talk->needs_reset = false;
	talk->in_at = talk->in_size = talk->line_size = 0;
}

static bool is_word(const char *text, size_t size, const char *word)
{
	size_t length = strlen(word);

	return size >= length && strncasecmp(text, word, length) == 0 &&
	       (size == length || text[length] == ' ');
}

void smtp_talk_note_ehlo(struct smtp_talk *talk, const char *line, size_t size)
{
	while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
		size--;
	/* the greeting, and STARTTLS: what was told before counts no more */
	if (size >= 3 && memcmp(line, "220", 3) == 0)
		talk->can_pipeline = talk->takes_size = false;
	if (size < 4 || memcmp(line, "250", 3) != 0)
		return;
	if (is_word(line + 4, size - 4, "PIPELINING"))
		talk->can_pipeline = true;
	if (is_word(line + 4, size - 4, "SIZE"))
		talk->takes_size = true;
}

/* --- bytes: each verb is false when the relay must be waited for */

static void wait_anew(struct smtp_talk *talk)
{
	talk->until_ms = now_ms() + talk->reply_timeout_ms;
}

static bool is_late(const struct smtp_talk *talk)
{
	return now_ms() >= talk->until_ms;
}

/* Sends out as far as sends. */
static bool put(struct smtp_talk *talk, enum smtp_loss *ret_loss)
{
	*ret_loss = SMTP_LOSS_NONE;
	while (talk->sent < talk->sends) {
		size_t sent = 0;
		CURLcode code =
		    curl_easy_send(talk->curl, talk->out.data + talk->sent,
				   talk->sends - talk->sent, &sent);

		if (code == CURLE_OK && sent > 0) {
			talk->sent += sent;
			wait_anew(talk);
		} else if (code != CURLE_AGAIN) {
			*ret_loss = SMTP_LOSS_CLOSED;
			return true;
		} else if (is_late(talk)) {
			*ret_loss = SMTP_LOSS_STALLED;
			return true;
		} else {
			return false;
		}
	}
	return true;
}

/* Always reads before it waits: bytes may be within TLS already, where nobody
 * else sees them. */
static bool fill(struct smtp_talk *talk, enum smtp_loss *ret_loss)
{
	size_t size = 0;
	CURLcode code =
	    curl_easy_recv(talk->curl, talk->in, sizeof(talk->in), &size);

	*ret_loss = SMTP_LOSS_NONE;
	if (code == CURLE_AGAIN) {
		*ret_loss = SMTP_LOSS_LATE;
		return is_late(talk);
	}
	talk->heard += size;
	if (code != CURLE_OK || size == 0 || talk->heard > REPLY_SIZE_MAX) {
		*ret_loss = SMTP_LOSS_CLOSED;
		return true;
	}
	talk->in_at = 0;
	talk->in_size = size;
	return true;
}

/* Moves received bytes into the line; true: its end is here. */
static bool take_line(struct smtp_talk *talk)
{
	const char *start = talk->in + talk->in_at;
	size_t size = talk->in_size - talk->in_at;
	const char *end = memchr(start, '\n', size);
	size_t room = sizeof(talk->line) - talk->line_size;

	if (end)
		size = (size_t)(end - start) + 1;
	talk->in_at += size;
	if (size > room)
		size = room;
	memcpy(talk->line + talk->line_size, start, size);
	talk->line_size += size;
	return end != NULL;
}

static bool get(struct smtp_talk *talk, struct smtp_reply *reply,
		enum smtp_loss *ret_loss)
{
	bool is_whole = false;

	*ret_loss = SMTP_LOSS_NONE;
	while (!is_whole) {
		if (talk->in_at == talk->in_size) {
			if (!fill(talk, ret_loss))
				return false;
			if (*ret_loss != SMTP_LOSS_NONE)
				return true;
		}
		if (!take_line(talk))
			continue;
		is_whole = smtp_reply_add(reply, talk->line, talk->line_size);
		talk->line_size = 0;
	}
	return true;
}

/* An answer too many would be taken for the next command's. */
static bool has_input(const struct smtp_talk *talk)
{
	return talk->in_at < talk->in_size || talk->line_size > 0;
}

bool smtp_talk_is_stale(const struct smtp_talk *talk)
{
	struct pollfd look = {.fd = talk->fd, .events = POLLIN};

	return has_input(talk) || poll(&look, 1, 0) != 0;
}

/* --- from phase to phase */

static void finish(struct smtp_talk *talk, enum smtp_loss loss)
{
	talk->end.loss = loss;
	/* nothing goes on with a mail that was not taken */
	talk->needs_reset = talk->end.code / 100 != 2;
	talk->phase = SMTP_TALK_OVER;
	talk->mail = NULL;
}

static void hear(struct smtp_talk *talk, enum smtp_talk_phase phase,
		 struct smtp_reply *reply)
{
	*reply = (struct smtp_reply){0};
	talk->heard = 0;
	talk->phase = phase;
	wait_anew(talk);
}

/* --- up to 354 */

static void add_command(struct smtp_talk *talk, enum smtp_stage stage)
{
	talk->commands[talk->count].stage = stage;
	talk->commands[talk->count++].end = talk->out.size;
}

static void write_commands(struct smtp_talk *talk)
{
	const struct smtp_mail *mail = talk->mail;
	struct buf *out = &talk->out;

	buf_clear(out);
	talk->sent = talk->sends = talk->count = talk->at = 0;
	if (talk->needs_reset) {
		buf_adds(out, "RSET\r\n");
		add_command(talk, SMTP_STAGE_OPEN);
	}
	buf_addf(out, "MAIL FROM:<%s>", mail->from);
	if (talk->takes_size)
		buf_addf(out, " SIZE=%zu", mail->size);
	buf_adds(out, "\r\n");
	add_command(talk, SMTP_STAGE_MAIL);
	buf_addf(out, "RCPT TO:<%s>\r\n", mail->to);
	add_command(talk, SMTP_STAGE_RCPT);
	buf_adds(out, "DATA\r\n");
	add_command(talk, SMTP_STAGE_DATA);
}

static void next_command(struct smtp_talk *talk)
{
	size_t last = talk->can_pipeline ? talk->count - 1 : talk->at;

	talk->end.stage = talk->commands[talk->at].stage;
	talk->end.code = 0;
	talk->sends = talk->commands[last].end;
	if (talk->sends > talk->sent && has_input(talk)) {
		finish(talk, SMTP_LOSS_UNASKED);
		return;
	}
	talk->phase = SMTP_TALK_COMMAND;
	wait_anew(talk);
}

void smtp_talk_begin(struct smtp_talk *talk, const struct smtp_mail *mail,
		     bool has_dot)
{
	talk->mail = mail;
	talk->has_dot = has_dot;
	talk->end = (struct smtp_end){.stage = SMTP_STAGE_OPEN};
	talk->reply = (struct smtp_reply){0};
	write_commands(talk);
	next_command(talk);
}

static bool command(struct smtp_talk *talk)
{
	enum smtp_loss loss;

	if (!put(talk, &loss))
		return false;
	if (loss == SMTP_LOSS_NONE)
		hear(talk, SMTP_TALK_ANSWER, &talk->reply);
	else
		finish(talk, loss);
	return true;
}

static void begin_mail(struct smtp_talk *talk);

/* The replies to what went with it are still to come. */
static void refused(struct smtp_talk *talk)
{
	if (talk->can_pipeline && ++talk->at < talk->count) {
		hear(talk, SMTP_TALK_SKIP, &talk->skipped);
		return;
	}
	talk->end.is_in_step = true;
	finish(talk, SMTP_LOSS_NONE);
}

static bool answer(struct smtp_talk *talk)
{
	enum smtp_loss loss;

	if (!get(talk, &talk->reply, &loss))
		return false;
	if (loss != SMTP_LOSS_NONE) {
		finish(talk, loss);
		return true;
	}
	int good = talk->end.stage == SMTP_STAGE_DATA ? 3 : 2;
	talk->end.code = talk->reply.code;
	if (talk->end.code / 100 != good)
		refused(talk);
	else if (++talk->at < talk->count)
		next_command(talk);
	else
		begin_mail(talk);
	return true;
}

/* Out of step: the connection is lost, or waits for a mail that does not
 * come. */
static bool skip(struct smtp_talk *talk)
{
	enum smtp_loss loss;

	if (!get(talk, &talk->skipped, &loss))
		return false;
	if (loss == SMTP_LOSS_NONE && ++talk->at < talk->count) {
		hear(talk, SMTP_TALK_SKIP, &talk->skipped);
		return true;
	}
	talk->end.is_in_step =
	    loss == SMTP_LOSS_NONE && talk->skipped.code / 100 != 3;
	finish(talk, SMTP_LOSS_NONE);
	return true;
}

/* --- the mail */

/* A dot at the start of a line is doubled (RFC 5321 4.5.2). */
static void add_dotted(struct smtp_talk *talk, size_t room)
{
	const char *data = talk->mail->data;
	size_t end = talk->mail->size;

	while (talk->taken < end && talk->out.size + 2 < room) {
		const char *from = data + talk->taken;
		size_t left = end - talk->taken;
		bool is_start = talk->taken == 0 || from[-1] == '\n';

		if (left > room - 2 - talk->out.size)
			left = room - 2 - talk->out.size;
		const char *stop = memchr(from, '\n', left);
		size_t size = stop ? (size_t)(stop - from) + 1 : left;
		if (is_start && *from == '.')
			buf_adds(&talk->out, ".");
		buf_add(&talk->out, from, size);
		talk->taken += size;
	}
}

static void add_plain(struct smtp_talk *talk, size_t room)
{
	size_t left = talk->mail->size - talk->taken;
	size_t size = left < room ? left : room;

	buf_add(&talk->out, talk->mail->data + talk->taken, size);
	talk->taken += size;
}

/* The next piece of the mail, with its end where there is room for that. */
static void write_piece(struct smtp_talk *talk)
{
	static const char dot[] = "\r\n.\r\n";
	const size_t room = GATHERED_MAX - sizeof(dot);
	const struct smtp_mail *mail = talk->mail;

	buf_clear(&talk->out);
	if (talk->has_dot)
		add_dotted(talk, room);
	else
		add_plain(talk, room);
	if (talk->taken == mail->size) {
		bool is_ended = mail->data[mail->size - 1] == '\n';

		buf_adds(&talk->out, dot + (is_ended ? 2 : 0));
		talk->is_all_out = true;
	}
	talk->sent = 0;
	talk->sends = talk->out.size;
	wait_anew(talk);
}

static void begin_mail(struct smtp_talk *talk)
{
	talk->end.stage = SMTP_STAGE_DOT;
	talk->end.code = 0;
	if (smtp_talk_is_stale(talk)) {
		finish(talk, SMTP_LOSS_UNASKED);
		return;
	}
	talk->taken = 0;
	talk->is_all_out = false;
	talk->phase = SMTP_TALK_MAIL;
	write_piece(talk);
}

static bool mail(struct smtp_talk *talk)
{
	enum smtp_loss loss;

	if (!put(talk, &loss))
		return false;
	if (loss == SMTP_LOSS_CLOSED) {
		hear(talk, SMTP_TALK_LAST_WORDS, &talk->reply);
	} else if (loss != SMTP_LOSS_NONE) {
		finish(talk, loss);
	} else if (!talk->is_all_out) {
		write_piece(talk);
	} else {
		talk->end.is_handed_over = true;
		hear(talk, SMTP_TALK_VERDICT, &talk->reply);
	}
	return true;
}

static bool verdict(struct smtp_talk *talk)
{
	enum smtp_loss loss;

	if (!get(talk, &talk->reply, &loss))
		return false;
	if (loss == SMTP_LOSS_NONE)
		talk->end.code = talk->reply.code;
	talk->end.is_in_step = loss == SMTP_LOSS_NONE;
	finish(talk, loss);
	return true;
}

static bool last_words(struct smtp_talk *talk)
{
	enum smtp_loss loss;

	if (!get(talk, &talk->reply, &loss))
		return false;
	if (loss == SMTP_LOSS_NONE)
		talk->end.code = talk->reply.code;
	finish(talk, SMTP_LOSS_CLOSED);
	return true;
}

bool smtp_talk_step(struct smtp_talk *talk)
{
	static bool (*const steps[])(struct smtp_talk *) = {
	    [SMTP_TALK_COMMAND] = command, [SMTP_TALK_ANSWER] = answer,
	    [SMTP_TALK_SKIP] = skip,       [SMTP_TALK_MAIL] = mail,
	    [SMTP_TALK_VERDICT] = verdict, [SMTP_TALK_LAST_WORDS] = last_words,
	};

	while (talk->phase != SMTP_TALK_OVER)
		if (!steps[talk->phase](talk))
			return false;
	return true;
}

void smtp_talk_quit(struct smtp_talk *talk)
{
	size_t sent;

	/* best effort, and never one within a mail: no reply is waited for */
	if (talk->curl)
		curl_easy_send(talk->curl, "QUIT\r\n", 6, &sent);
}
