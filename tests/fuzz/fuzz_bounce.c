/* Any bytes as a mail that came back: understood somehow, within the bounds
 * that the header promises, and told in JSON that reads as it was written. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "core/authentic.h"
#include "core/bounce.h"
#include "core/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t max)
{
	assert(strlen(text) < max);
	assert(text_is_utf8(text, strlen(text), NULL));
	assert(!text_has_control(text, strlen(text)));
}

/* Nobody vouches where nobody is trusted, and of what is no reply nothing is
 * told. */
static void check_reply(const struct bounce_mail *mail)
{
	const struct bounce_reply *reply = &mail->reply;
	const char *host = "mx.board.example";

	assert(mail->recipient_count <= mail->token_count);
	assert(reply->mark_count <= AUTHENTIC_MARKS_MAX);
	check_text(reply->line, BOUNCE_LINE_SIZE);
	for (size_t i = 0; i < reply->mark_count; i++)
		check_text(reply->marks[i].host, AUTHENTIC_HOST_SIZE);
	assert(authentic_judge(reply->marks, reply->mark_count, NULL, 0) ==
	       AUTHENTIC_NONE);
	authentic_judge(reply->marks, reply->mark_count, &host, 1);
	assert(reply_judge_line(reply->line, "") == REPLY_LINE_OTHER);
	reply_judge_line(reply->line, "READ");
	assert(mail->readings->kind == BOUNCE_REPLY ||
	       (!*reply->line && reply->mark_count == 0));
}

static void check_mail(const struct bounce_mail *mail)
{
	assert(mail->count > 0 && mail->count <= BOUNCE_READINGS_MAX);
	assert(mail->token_count <= BOUNCE_NAMES_MAX);
	assert(mail->message_id_count <= BOUNCE_NAMES_MAX);
	check_text(mail->from, BOUNCE_ADDRESS_SIZE);
	check_text(mail->subject, BOUNCE_TEXT_SIZE);
	for (size_t i = 0; i < mail->token_count; i++)
		check_text(mail->tokens[i], 256);
	for (size_t i = 0; i < mail->message_id_count; i++)
		check_text(mail->message_ids[i], 256);
	for (size_t i = 0; i < mail->count; i++) {
		const struct bounce_reading *reading = &mail->readings[i];

		check_text(reading->status, BOUNCE_STATUS_SIZE);
		check_text(reading->text, BOUNCE_TEXT_SIZE);
		check_text(reading->recipient, BOUNCE_ADDRESS_SIZE);
		assert((reading->cls != BOUNCE_NO_CLASS) ==
		       (reading->kind == BOUNCE_RETURNED));
	}
	check_reply(mail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct bounce_mail mail;
	struct buf answer;

	buf_init(&answer, (size_t)1024 * 1024);
	assert(bounce_read_mail((const char *)data, size, &answer, NULL));
	assert(!answer.overflow);
	assert(bounce_parse(answer.data, answer.size, arena, &mail, NULL));
	check_mail(&mail);
	char *again = bounce_format(&mail);
	assert(strcmp(again, answer.data) == 0);
	free(again);
	buf_done(&answer);
	arena_free(arena);
	return 0;
}
