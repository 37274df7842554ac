/* Any bytes as a briefing.conf: taken whole, or every fault told; what is taken
 * holds to the rules that the rest of the house relies on. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/manifest.h"
#include "tools/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	assert(text_is_utf8(text, strlen(text), NULL));
	assert(!text_has_control(text, strlen(text)));
}

static void check_manifest(const struct manifest *manifest)
{
	check_text(manifest->title);
	check_text(manifest->approved_by);
	check_text(manifest->approval_ref);
	assert(strlen(manifest->ref) <= 64 && !strchr(manifest->ref, '/'));
	assert(strcmp(manifest->approved_on, "2026-11-20") <= 0);
	assert(briefing_kind_name(manifest->kind));
	assert(manifest->audience_count > 0);
	for (size_t i = 0; i < manifest->document_count; i++) {
		check_text(manifest->documents[i].title);
		check_text(manifest->documents[i].file);
		assert(!strchr(manifest->documents[i].file, '/'));
		assert(manifest->documents[i].file[0] != '.');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone *zone;
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct manifest manifest;

	if (!zone)
		zone = zone_open("Europe/London", NULL);
	if (manifest_parse("briefing.conf", (const char *)data, size, zone,
			   "2026-11-20", arena, &manifest, &problems))
		check_manifest(&manifest);
	else
		assert(problems.count > 0);
	free(problems_format(&problems));
	problems_done(&problems);
	arena_free(arena);
	return 0;
}
