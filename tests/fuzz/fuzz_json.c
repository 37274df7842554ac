/* What parses is written canonically, and parses to the same bytes again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tools/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct json_value *value = json_parse((const char *)data, size, &err);

	if (!value) {
		assert(err.kind != ERR_NONE && *err.text);
		return 0;
	}
	char *first = json_format(value);
	struct json_value *again = json_parse(first, strlen(first), NULL);
	assert(again);
	char *second = json_format(again);
	assert(strcmp(first, second) == 0);
	free(second);
	json_free(again);
	free(first);
	json_free(value);
	return 0;
}
