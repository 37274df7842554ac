/* What parses has slots in order, and next and last agree about them. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/schedule.h"
#include "tools/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slots(const struct schedule *schedule,
			const struct zone *zone, int64_t after)
{
	int64_t slot, last;

	for (int i = 0; i < 8; i++) {
		int64_t before = after;

		if (!schedule_next(schedule, zone, before, &slot))
			return;
		assert(slot > before);
		/* nothing lies between, and the slot itself is found */
		if (slot - before < 400 * 86400) {
			assert(!schedule_last(schedule, zone, slot - 1, before,
					      &last));
			assert(
			    schedule_last(schedule, zone, slot, before, &last));
			assert(last == slot);
		}
		after = slot;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone *zone = zone_open("Europe/London", NULL);
	char *text = xstrndup((const char *)data, size);
	struct err err = {0};
	struct schedule *schedule = schedule_parse(text, &err);

	assert(zone);
	if (!schedule) {
		assert(err.kind == ERR_INPUT && *err.text);
	} else if (!schedule_is_immediate(schedule)) {
		check_slots(schedule, zone, 1774742400); /* 2026-03-29 */
		check_slots(schedule, zone, 1792886400); /* 2026-10-25 */
	}
	schedule_free(schedule);
	free(text);
	zone_close(zone);
	return 0;
}
