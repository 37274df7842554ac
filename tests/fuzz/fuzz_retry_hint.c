/* Whatever a server says, the wait is bounded; and words around it that say
 * nothing do not change it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/retry_hint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char before[] = "4.7.1 (x) ";
	char *text = malloc(size + sizeof(before));

	if (size > 2000) {
		free(text);
		return 0;
	}
	memcpy(text, before, sizeof(before) - 1);
	memcpy(text + sizeof(before) - 1, data, size);
	text[sizeof(before) - 1 + size] = '\0';
	int64_t wait = retry_hint_seconds(text + sizeof(before) - 1);
	assert(wait >= 0 && wait <= RETRY_HINT_MAX_SECONDS);
	assert(retry_hint_seconds(text) == wait);
	free(text);
	return 0;
}
