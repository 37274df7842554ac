/* A manifest from an outsider: it is read with every value within its table,
 * or each problem has its words. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/problems.h"
#include "base/text.h"
#include "tools/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
	const char *a;
	int64_t b;
};

struct fields {
	const char *a, *c;
	int64_t b;
	bool f;
	struct config_texts t;
	struct item *g;
	size_t g_count;
};

static const struct config_setting of_item[] = {
    {"a", CONFIG_TEXT, offsetof(struct item, a), 1, 9, NULL, NULL, NULL},
    {"r.b", CONFIG_INTEGER, offsetof(struct item, b), -9, 9, NULL, "0", NULL},
    {0},
};
static const struct config_setting settings[] = {
    {"a", CONFIG_TEXT, offsetof(struct fields, a), 1, 9, NULL, "x", NULL},
    {"r.b", CONFIG_INTEGER, offsetof(struct fields, b), -9, 9, NULL, "0", NULL},
    {"r.f", CONFIG_FLAG, offsetof(struct fields, f), 0, 0, NULL, "true", NULL},
    {"t", CONFIG_TEXTS, offsetof(struct fields, t), 0, 3, NULL, "x|y", NULL},
    {"c", CONFIG_CHOICE, offsetof(struct fields, c), 0, 0, "x|y", "x", NULL},
    {0},
};
static const struct config_group groups[] = {
    {"g", of_item, sizeof(struct item), offsetof(struct fields, g),
     offsetof(struct fields, g_count), 3, 0, NULL},
    {0},
};
static const struct config_schema schema = {settings, groups};

static void check_text(const char *text, size_t max)
{
	assert(*text && strlen(text) <= max);
	assert(text_is_utf8(text, strlen(text), NULL));
	assert(!text_has_control(text, strlen(text)));
}

static void check(const struct fields *fields)
{
	check_text(fields->a, 9);
	assert(strcmp(fields->c, "x") == 0 || strcmp(fields->c, "y") == 0);
	assert(fields->b >= -9 && fields->b <= 9);
	assert(fields->t.count <= 3 && fields->g_count <= 3);
	for (size_t i = 0; i < fields->t.count; i++)
		check_text(fields->t.list[i], CONFIG_LISTED_MAX);
	for (size_t i = 0; i < fields->g_count; i++) {
		check_text(fields->g[i].a, 9);
		assert(fields->g[i].b >= -9 && fields->g[i].b <= 9);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct fields fields;

	if (config_parse("fuzz", (const char *)data, size, &schema, arena,
			 &fields, &problems)) {
		assert(problems.count == 0);
		check(&fields);
	} else {
		assert(problems.count > 0 && *problems.list[0].text);
	}
	problems_done(&problems);
	arena_free(arena);
	return 0;
}
