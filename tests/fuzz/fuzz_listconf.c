/* Any bytes as a list's configuration: taken whole, or every fault told. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	assert(text_is_utf8(text, strlen(text), NULL));
	assert(!text_has_control(text, strlen(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct roster_list list;

	if (roster_parse_conf("police.conf", (const char *)data, size, arena,
			      &list, &problems)) {
		assert(strcmp(list.name, "police") == 0);
		check_text(list.agency);
		check_text(list.title);
		check_text(list.lead);
		check_text(list.from_name);
		assert(strchr(list.lead_address, '@'));
		assert(!*list.reply_to || strchr(list.reply_to, '@'));
		for (size_t i = 0; i < list.domain_count; i++)
			assert(strchr(list.domains[i], '.'));
	} else {
		assert(problems.count > 0);
	}
	free(problems_format(&problems));
	problems_done(&problems);
	arena_free(arena);
	return 0;
}
