#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

/*
 * Whole outputs, kept in tests/golden/ and reviewed as a diff. GOLDEN=write
 * writes them anew. Run from the top of the tree. Included behind cmocka.h.
 *
 *	golden_check("confirm.html", page.data, page.size);
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"

#define GOLDEN_CEILING (4 * 1024 * 1024)

static inline void golden_write(const char *path, const char *data, size_t size)
{
	struct err err = {0};

	if (!file_write(path, data, size, 0644, &err))
		fail_msg("%s", err.text);
}

static inline void golden_check(const char *name, const char *data, size_t size)
{
	const char *wish = getenv("GOLDEN");
	char path[256], failed[256];
	struct err err = {0};
	size_t wanted_size;
	char *wanted;

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	if (wish && strcmp(wish, "write") == 0) {
		golden_write(path, data, size);
		return;
	}
	if (!file_read(path, GOLDEN_CEILING, &wanted, &wanted_size, &err))
		fail_msg("%s", err.text);
	bool is_same = wanted_size == size && memcmp(wanted, data, size) == 0;
	free(wanted);
	if (is_same)
		return;
	snprintf(failed, sizeof(failed), "/tmp/golden-%s", name);
	golden_write(failed, data, size);
	fail_msg("%s is not what it was: diff it with %s; GOLDEN=write keeps "
		 "the new one",
		 path, failed);
}

#endif
