/* The body of an event, from a store that someone else may have written to. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/evidence_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *body = malloc(size + 1);
	struct evidence_member member;
	const char *at = body, *text;
	size_t text_size;

	assert(body);
	if (size > 0)
		memcpy(body, data, size);
	body[size] = '\0';
	while (evidence_body_next(&at, &member)) {
		assert(member.name + member.name_size <= body + size);
		assert(member.value + member.size <= body + size);
		evidence_member_integer(&member);
	}
	assert(at <= body + size);
	evidence_body_text(body, "ref", &text, &text_size);
	free(body);
	return 0;
}
