/* What a visitor puts into a link, a code or a form: nothing that we did not
 * sign is taken for good. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link_keys keys = {.count = 2};
	char text[256];
	int64_t id = -1;

	keys.list[0].id = 'a';
	keys.list[1].id = '7';
	memset(keys.list[0].key, 1, LINK_KEY_SIZE);
	memset(keys.list[1].key, 2, LINK_KEY_SIZE);
	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';

	if (link_parse(&keys, text, &id) != LINK_GOOD)
		assert(id == -1);
	else
		assert(id >= 0);
	id = -1;
	if (link_parse_code(&keys, text, &id) != LINK_GOOD)
		assert(id == -1);
	else
		assert(id >= 0 && id < 1 << 30);
	id = -1;
	assert(link_parse_form(&keys, text, 5, &id) == (id != -1));
	return 0;
}
