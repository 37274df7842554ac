#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/manifest.h"
#include "core/roster.h"
#include "tools/calendar.h"
#include "tools/crypto.h"

/* The sample board that people copy from is good in every line. */

static struct arena *arena;

static int prepare(void **state)
{
	(void)state;
	crypto_start();
	arena = arena_new();
	return 0;
}

static int clean(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void must_be_good(struct problems *problems)
{
	char *said = problems_format(problems);

	if (*said)
		fail_msg("%s", said);
	free(said);
	problems_done(problems);
}

static char *read_whole(const char *path, size_t *ret_size)
{
	char *text;
	struct err err;

	if (!file_read(path, 1 << 24, &text, ret_size, &err))
		fail_msg("%s", err.text);
	return text;
}

/* calls back for each entry with that ending; how many there were */
static int each(const char *folder, const char *ending,
		void (*see)(const char *path))
{
	DIR *directory = opendir(folder);
	int count = 0;

	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (entry->d_name[0] == '.' ||
		    !text_ends(entry->d_name, ending))
			continue;
		see(arena_printf(arena, "%s/%s", folder, entry->d_name));
		count++;
	}
	closedir(directory);
	return count;
}

static void see_conf(const char *path)
{
	struct problems problems = {0};
	struct roster_list list;
	size_t size;
	char *text = read_whole(path, &size);

	roster_parse_conf(path, text, size, arena, &list, &problems);
	must_be_good(&problems);
	free(text);
}

static void see_csv(const char *path)
{
	struct problems problems = {0};
	struct roster_member *rows;
	size_t size, count = 0;
	char *text = read_whole(path, &size);

	roster_parse_csv(path, text, size, arena, &rows, &count, &problems);
	must_be_good(&problems);
	assert_true(count > 0);
	free(text);
}

static void see_briefing(const char *path)
{
	struct problems problems = {0};
	struct manifest manifest;
	struct zone *zone = zone_open("Europe/London", NULL);
	const char *file = arena_printf(arena, "%s/briefing.conf", path);
	size_t size;
	char *text = read_whole(file, &size);

	manifest_parse(file, text, size, zone, "2026-12-31", arena, &manifest,
		       &problems);
	must_be_good(&problems);
	free(text);
	text = read_whole(arena_printf(arena, "%s/summary.md", path), &size);
	assert_true(text_is_utf8(text, size, NULL));
	free(text);
	zone_close(zone);
}

static void f10_lists_are_good(void **state)
{
	(void)state;
	int count = each("lists", ".conf", see_conf);
	assert_true(count > 0);
	assert_int_equal(each("lists", ".csv", see_csv), count);
}

static void f10_briefings_are_good(void **state)
{
	(void)state;
	assert_true(each("sample/briefings", "", see_briefing) > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(f10_lists_are_good),
	    CASE(f10_briefings_are_good),
	};

	return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
