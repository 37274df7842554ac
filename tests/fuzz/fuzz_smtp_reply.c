#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/bounce.h"
#include "doors/smtp_reply.h"
#include "doors/smtp_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of replies as a hostile relay might say them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply reply = {0};
	struct smtp_talk talk = {0};
	struct smtp_verdict verdict = {.outcome = SMTP_ACCEPTED};
	const char *text = (const char *)data;

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t line = end ? (size_t)(end - text) + 1 : size;

		smtp_reply_add(&reply, text, line);
		smtp_talk_note_ehlo(&talk, text, line);
		text += line;
		size -= line;
	}
	smtp_verdict_reply(&verdict, reply.text);
	if (!text_is_utf8(verdict.text, strlen(verdict.text), NULL) ||
	    text_has_control(verdict.text, strlen(verdict.text)) ||
	    text_has_control(verdict.queue_id, strlen(verdict.queue_id)))
		abort();
	/* and what it would say of the address */
	bounce_classify_reply(reply.code, verdict.enhanced, verdict.text);
	return 0;
}
