/* Any bytes as a file of bank holidays: days in order, or every fault told. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/problems.h"
#include "core/holidays.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct holidays all = {0};

	if (holidays_parse("f", (const char *)data, size, "scotland", arena,
			   &all, &problems)) {
		assert(all.count > 0 && problems.count == 0);
		for (size_t i = 1; i < all.count; i++)
			assert(all.days[i - 1] < all.days[i]);
		assert(!holidays_is_working_day(&all, all.days[0]));
		assert(holidays_working_day(&all, all.days[0]) > all.days[0]);
	} else {
		assert(problems.count > 0);
	}
	free(problems_format(&problems));
	problems_done(&problems);
	arena_free(arena);
	return 0;
}
