#include "core/shown.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "core/briefing.h"
#include "core/checkpoint.h"

/* more than the mails of a month speak of; looked through one by one */
#define ENTRIES_MAX 64

struct entry {
	int64_t version_id; /* that was mailed */
	const struct briefing_version *version;
};

struct shown {
	struct arena *arena;
	struct entry entries[ENTRIES_MAX];
	size_t count;
	bool has_checkpoint;
	struct checkpoint *checkpoint;
};

struct shown *shown_new(void)
{
	struct shown *shown = xcalloc(1, sizeof(*shown));

	shown->arena = arena_new();
	return shown;
}

void shown_free(struct shown *shown)
{
	if (!shown)
		return;
	arena_free(shown->arena);
	free(shown);
}

static bool load(struct db *db, int64_t version_id, struct arena *arena,
		 const struct briefing_version **ret, struct err *err)
{
	struct briefing_version *version;

	if (!briefing_load_version(db, version_id, arena, &version, err))
		return false;
	assert(version); /* a foreign key says so */
	if (!version->is_latest && !version->closed_at &&
	    !briefing_load_ref(db, version->ref, arena, &version, err))
		return false;
	*ret = version;
	return true;
}

bool shown_load(struct shown *shown, struct db *db, int64_t version_id,
		struct arena *arena, const struct briefing_version **ret,
		struct err *err)
{
	if (!shown)
		return load(db, version_id, arena, ret, err);
	for (size_t i = 0; i < shown->count; i++)
		if (shown->entries[i].version_id == version_id) {
			*ret = shown->entries[i].version;
			return true;
		}
	if (shown->count == ENTRIES_MAX)
		return load(db, version_id, arena, ret, err);
	if (!load(db, version_id, shown->arena, ret, err))
		return false;
	shown->entries[shown->count++] =
	    (struct entry){.version_id = version_id, .version = *ret};
	return true;
}

bool shown_load_checkpoint(struct shown *shown, struct db *db,
			   struct arena *arena, struct checkpoint **ret,
			   struct err *err)
{
	if (!shown)
		return checkpoint_load(db, INT64_MAX, arena, ret, err);
	if (!shown->has_checkpoint &&
	    !checkpoint_load(db, INT64_MAX, shown->arena, &shown->checkpoint,
			     err))
		return false;
	shown->has_checkpoint = true;
	*ret = shown->checkpoint;
	return true;
}
