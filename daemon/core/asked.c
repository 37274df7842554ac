#include "core/asked.h"

#include <assert.h>
#include <string.h>

#include "core/address.h"
#include "core/link.h"

static const char *const words[] = {
    [ASKED_TICK] = "tick", [ASKED_CODE] = "code", [ASKED_EMAIL] = "email"};

enum asked asked_parse(const char *word)
{
	size_t i = 0;

	while (strcmp(words[i], word) != 0)
		assert(++i < sizeof(words) / sizeof(*words));
	return (enum asked)i;
}

bool asked_is_right(enum asked asked, const struct link_keys *keys,
		    int64_t delivery_id, const char *address, const char *typed)
{
	int64_t of_code;

	switch (asked) {
	case ASKED_CODE:
		return link_parse_code(keys, typed, &of_code) == LINK_GOOD &&
		       of_code == delivery_id;
	case ASKED_EMAIL:
		return address_is_same(typed, address);
	case ASKED_TICK:
		break;
	}
	return true;
}
