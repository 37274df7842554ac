/* Any bytes as an agency's CSV: taken whole, or every fault told; what is taken
 * fits into the errand's lines, in order, with no key twice. */
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

static void check_text(const char *text, size_t max)
{
	assert(strlen(text) <= max);
	assert(text_is_utf8(text, strlen(text), NULL));
	assert(!text_has_control(text, strlen(text)));
}

static void check_row(const struct roster_member *row)
{
	check_text(row->row_key, 254);
	check_text(row->address_key, 254);
	check_text(row->address, 254);
	check_text(row->name, 200);
	check_text(row->role, 200);
	check_text(row->team, 200);
	assert(strlen(row->row_hash) == 32);
	assert(!row->since_on || strlen(row->since_on) == 10);
	assert(strchr(row->address, '@') && row->status && row->line > 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct roster_member *rows;
	size_t count;

	if (roster_parse_csv("x.csv", (const char *)data, size, arena, &rows,
			     &count, &problems)) {
		for (size_t i = 0; i < count; i++) {
			check_row(&rows[i]);
			assert(i == 0 || strcmp(rows[i - 1].row_key,
						rows[i].row_key) < 0);
		}
	} else {
		assert(problems.count > 0);
	}
	free(problems_format(&problems));
	problems_done(&problems);
	arena_free(arena);
	return 0;
}
