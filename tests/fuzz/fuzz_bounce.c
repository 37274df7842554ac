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
#include "core/bounce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t max)
{
	assert(strlen(text) < max);
	assert(text_is_utf8(text, strlen(text), NULL));
	assert(!text_has_control(text, strlen(text)));
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
