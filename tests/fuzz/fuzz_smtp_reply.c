#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doors/smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of replies as a hostile relay might say them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_replies replies = {0};
	struct smtp_verdict verdict = {.outcome = SMTP_ACCEPTED};
	const char *text = (const char *)data;

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t line = end ? (size_t)(end - text) + 1 : size;

		smtp_replies_add(&replies, text, line);
		text += line;
		size -= line;
	}
	smtp_verdict_reply(&verdict, replies.text);
	if (!text_is_utf8(verdict.text, strlen(verdict.text), NULL) ||
	    text_has_control(verdict.text, strlen(verdict.text)) ||
	    text_has_control(verdict.queue_id, strlen(verdict.queue_id)))
		abort();
	return 0;
}
