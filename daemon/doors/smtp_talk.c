#include "doors/smtp_talk.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "doors/smtp.h"
#include "doors/smtp_reply.h"

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

/* --- bytes */

/* false: not within the time that is left */
static bool wait_for(const struct smtp_talk *talk, short events,
		     int64_t until_ms)
{
	struct pollfd wait = {.fd = talk->fd, .events = events};
	int64_t left_ms = until_ms - now_ms();

	return left_ms > 0 && poll(&wait, 1, (int)left_ms) != 0;
}

static enum smtp_loss put(struct smtp_talk *talk, const char *data, size_t size)
{
	int64_t until_ms = now_ms() + talk->reply_timeout_ms;

	while (size > 0) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(talk->curl, data, size, &sent);

		if (code == CURLE_OK && sent > 0) {
			data += sent;
			size -= sent;
			until_ms = now_ms() + talk->reply_timeout_ms;
		} else if (code != CURLE_AGAIN) {
			return SMTP_LOSS_CLOSED;
		} else if (!wait_for(talk, POLLOUT, until_ms)) {
			return SMTP_LOSS_STALLED;
		}
	}
	return SMTP_LOSS_NONE;
}

static enum smtp_loss fill(struct smtp_talk *talk, int64_t until_ms)
{
	CURLcode code;
	size_t size = 0;

	/* Bytes may wait within TLS, where poll can't see them, if the last
	 * read left some there. */
	if (talk->in_size < sizeof(talk->in) &&
	    !wait_for(talk, POLLIN, until_ms))
		return SMTP_LOSS_LATE;
	while ((code = curl_easy_recv(talk->curl, talk->in, sizeof(talk->in),
				      &size)) == CURLE_AGAIN)
		if (!wait_for(talk, POLLIN, until_ms))
			return SMTP_LOSS_LATE;
	if (code != CURLE_OK || size == 0)
		return SMTP_LOSS_CLOSED;
	talk->in_at = 0;
	talk->in_size = size;
	return SMTP_LOSS_NONE;
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

static enum smtp_loss get_reply(struct smtp_talk *talk,
				struct smtp_reply *reply)
{
	int64_t until_ms = now_ms() + talk->reply_timeout_ms;
	size_t heard = 0;
	bool is_whole = false;

	*reply = (struct smtp_reply){0};
	while (!is_whole) {
		if (talk->in_at == talk->in_size) {
			enum smtp_loss loss = fill(talk, until_ms);

			if (loss != SMTP_LOSS_NONE)
				return loss;
			heard += talk->in_size;
			if (heard > REPLY_SIZE_MAX)
				return SMTP_LOSS_CLOSED;
		}
		if (!take_line(talk))
			continue;
		is_whole = smtp_reply_add(reply, talk->line, talk->line_size);
		talk->line_size = 0;
	}
	return SMTP_LOSS_NONE;
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

/* --- up to 354 */

#define COMMANDS_MAX 4

struct command {
	enum smtp_stage stage;
	size_t end; /* in talk->out */
};

static size_t write_commands(struct smtp_talk *talk,
			     const struct smtp_mail *mail,
			     struct command *commands)
{
	struct buf *out = &talk->out;
	size_t count = 0;

	buf_clear(out);
	if (talk->needs_reset) {
		buf_adds(out, "RSET\r\n");
		commands[count++] =
		    (struct command){SMTP_STAGE_OPEN, out->size};
	}
	buf_addf(out, "MAIL FROM:<%s>", mail->from);
	if (talk->takes_size)
		buf_addf(out, " SIZE=%zu", mail->size);
	buf_adds(out, "\r\n");
	commands[count++] = (struct command){SMTP_STAGE_MAIL, out->size};
	buf_addf(out, "RCPT TO:<%s>\r\n", mail->to);
	commands[count++] = (struct command){SMTP_STAGE_RCPT, out->size};
	buf_adds(out, "DATA\r\n");
	commands[count++] = (struct command){SMTP_STAGE_DATA, out->size};
	return count;
}

/* The replies to what went with a refused command. false: the connection is
 * lost, or waits for a mail that does not come. */
static bool skip_replies(struct smtp_talk *talk, size_t count)
{
	struct smtp_reply reply = {0};

	while (count-- > 0)
		if (get_reply(talk, &reply) != SMTP_LOSS_NONE)
			return false;
	return reply.code / 100 != 3;
}

/* true: 354 was said */
static bool begin(struct smtp_talk *talk, const struct smtp_mail *mail,
		  struct smtp_end *end, struct smtp_reply *reply)
{
	struct command commands[COMMANDS_MAX];
	size_t count = write_commands(talk, mail, commands), sent = 0;

	for (size_t i = 0; i < count; i++) {
		size_t until = commands[talk->can_pipeline ? count - 1 : i].end;
		int good = commands[i].stage == SMTP_STAGE_DATA ? 3 : 2;

		end->stage = commands[i].stage;
		end->code = 0;
		end->loss =
		    until > sent && has_input(talk)
			? SMTP_LOSS_UNASKED
			: put(talk, talk->out.data + sent, until - sent);
		sent = until;
		if (end->loss == SMTP_LOSS_NONE)
			end->loss = get_reply(talk, reply);
		if (end->loss != SMTP_LOSS_NONE)
			return false;
		end->code = reply->code;
		if (end->code / 100 == good)
			continue;
		end->is_in_step =
		    !talk->can_pipeline || skip_replies(talk, count - 1 - i);
		return false;
	}
	return true;
}

/* --- the mail */

/* Gathers what is small, and sends the rest from where it lies. */
static enum smtp_loss pass(struct smtp_talk *talk, const char *data,
			   size_t size)
{
	if (talk->out.size + size <= GATHERED_MAX) {
		buf_add(&talk->out, data, size);
		return SMTP_LOSS_NONE;
	}
	enum smtp_loss loss = put(talk, talk->out.data, talk->out.size);
	buf_clear(&talk->out);
	return loss == SMTP_LOSS_NONE ? put(talk, data, size) : loss;
}

/* A dot at the start of a line is doubled (RFC 5321 4.5.2). */
static enum smtp_loss pass_dotted(struct smtp_talk *talk,
				  const struct smtp_mail *mail)
{
	const char *from = mail->data, *end = mail->data + mail->size;
	enum smtp_loss loss = SMTP_LOSS_NONE;

	for (const char *p = from; p && loss == SMTP_LOSS_NONE;
	     p = memchr(p, '\n', (size_t)(end - p)), p = p ? p + 1 : NULL) {
		if (p == end || *p != '.')
			continue;
		loss = pass(talk, from, (size_t)(p - from));
		from = p;
		if (loss == SMTP_LOSS_NONE)
			loss = pass(talk, ".", 1);
	}
	return loss == SMTP_LOSS_NONE ? pass(talk, from, (size_t)(end - from))
				      : loss;
}

static enum smtp_loss put_mail(struct smtp_talk *talk,
			       const struct smtp_mail *mail)
{
	bool is_ended = mail->data[mail->size - 1] == '\n';

	buf_clear(&talk->out);
	enum smtp_loss loss = talk->has_dot
				  ? pass_dotted(talk, mail)
				  : pass(talk, mail->data, mail->size);
	if (loss == SMTP_LOSS_NONE && !is_ended)
		loss = pass(talk, "\r\n", 2);
	if (loss == SMTP_LOSS_NONE)
		loss = pass(talk, ".\r\n", 3);
	return loss == SMTP_LOSS_NONE
		   ? put(talk, talk->out.data, talk->out.size)
		   : loss;
}

static void hand_over(struct smtp_talk *talk, const struct smtp_mail *mail,
		      struct smtp_end *end, struct smtp_reply *reply)
{
	enum smtp_loss heard = SMTP_LOSS_STALLED;

	end->stage = SMTP_STAGE_DOT;
	end->code = 0;
	end->loss =
	    smtp_talk_is_stale(talk) ? SMTP_LOSS_UNASKED : put_mail(talk, mail);
	end->is_handed_over = end->loss == SMTP_LOSS_NONE;
	/* a relay that hangs up in the middle may have said why */
	if (end->is_handed_over || end->loss == SMTP_LOSS_CLOSED)
		heard = get_reply(talk, reply);
	if (heard == SMTP_LOSS_NONE)
		end->code = reply->code;
	if (end->is_handed_over)
		end->loss = heard;
	end->is_in_step = end->loss == SMTP_LOSS_NONE;
}

void smtp_talk_mail(struct smtp_talk *talk, const struct smtp_mail *mail,
		    struct smtp_end *ret_end, struct smtp_reply *ret_reply)
{
	*ret_end = (struct smtp_end){.stage = SMTP_STAGE_OPEN};
	*ret_reply = (struct smtp_reply){0};
	if (begin(talk, mail, ret_end, ret_reply))
		hand_over(talk, mail, ret_end, ret_reply);
	/* nothing goes on with a mail that was not taken */
	talk->needs_reset = ret_end->code / 100 != 2;
}

void smtp_talk_quit(struct smtp_talk *talk)
{
	size_t sent;

	/* best effort, and never one within a mail: no reply is waited for */
	if (talk->curl)
		curl_easy_send(talk->curl, "QUIT\r\n", 6, &sent);
}
