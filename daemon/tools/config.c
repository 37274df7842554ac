#include "tools/config.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libconfig.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/problems.h"
#include "base/text.h"
#include "tools/config_source.h"

struct walk {
	const char *file_name;
	struct arena *arena;
	struct problems *problems;
	bool good;
};

/* Which table the walk is in, and what it fills. */
struct level {
	const struct config_setting *settings;
	const struct config_group *groups; /* NULL within an item */
	void *fields;
	const char *prefix; /* of every path in messages: "documents." */
};

static void walk_groups(struct walk *walk, const struct level *level,
			config_setting_t *group, const char *path);

/* --- messages --- */

static int line_of(const config_setting_t *found)
{
	return (int)config_setting_source_line(found);
}

__attribute__((format(printf, 4, 5))) static bool
complain(struct walk *walk, int line, const char *path, const char *format, ...)
{
	char what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	walk->good = false;
	return problems_add(walk->problems, walk->file_name, line, "%s: %s",
			    path, what);
}

/* "none|tls" as: "none" or "tls" */
static void format_choices(const char *choices, struct buf *out)
{
	for (const char *at = choices; *at;) {
		size_t size = strcspn(at, "|");

		if (at > choices)
			buf_adds(out, at[size] ? ", " : " or ");
		buf_addf(out, "\"%.*s\"", (int)size, at);
		at += size + (at[size] == '|');
	}
}

static bool complain_of_type(struct walk *walk,
			     const struct config_setting *setting, int line,
			     const char *path)
{
	struct buf choices;

	switch (setting->type) {
	case CONFIG_TEXT:
		return complain(walk, line, path, "a text in quotes is wanted");
	case CONFIG_INTEGER:
		return complain(walk, line, path,
				"a whole number is wanted, without quotes");
	case CONFIG_FLAG:
		return complain(walk, line, path,
				"true or false is wanted, without quotes");
	case CONFIG_TEXTS:
		return complain(walk, line, path,
				"a list of texts is wanted: [\"one\", "
				"\"two\"]");
	case CONFIG_INTEGERS:
		return complain(walk, line, path,
				"a list of whole numbers is wanted: [-3, 1]");
	case CONFIG_CHOICE:
		buf_init(&choices, 300);
		format_choices(setting->choices, &choices);
		complain(walk, line, path, "%s is wanted", choices.data);
		buf_done(&choices);
		return false;
	}
	assert(false);
	return false;
}

/* --- single values --- */

static void *field(const struct level *level, size_t offset)
{
	return (char *)level->fields + offset;
}

static bool read_text(struct walk *walk, const config_setting_t *found,
		      const char *path, long long min, long long max,
		      const char **ret)
{
	const char *text = config_setting_get_string(found);
	size_t size = strlen(text);
	int line = line_of(found);

	/* \xHH in quotes can make what the file itself may not hold */
	if (!text_is_utf8(text, size, NULL))
		return complain(walk, line, path, "this text is not UTF-8");
	if (text_has_control(text, size))
		return complain(walk, line, path,
				"there is a control character in this text");
	if ((long long)size < min && size == 0)
		return complain(walk, line, path, "this text is empty");
	if ((long long)size < min || (long long)size > max)
		return complain(walk, line, path,
				"%zu bytes, but %lld to %lld are allowed", size,
				min, max);
	*ret = arena_strdup(walk->arena, text);
	return true;
}

static bool read_choice(struct walk *walk, const config_setting_t *found,
			const struct config_setting *setting, const char *path,
			const char **ret)
{
	const char *text = config_setting_get_string(found);
	size_t size = strlen(text);

	for (const char *at = setting->choices; *at;) {
		size_t each = strcspn(at, "|");

		if (each == size && memcmp(at, text, size) == 0) {
			*ret = arena_strdup(walk->arena, text);
			return true;
		}
		at += each + (at[each] == '|');
	}
	return complain_of_type(walk, setting, line_of(found), path);
}

static bool read_integer(struct walk *walk, const config_setting_t *found,
			 const struct config_setting *setting, const char *path,
			 int64_t *ret)
{
	long long number = config_setting_get_int64(found);

	if (number < setting->min || number > setting->max)
		return complain(walk, line_of(found), path,
				"%lld, but %lld to %lld are allowed", number,
				setting->min, setting->max);
	*ret = number;
	return true;
}

static bool read_texts(struct walk *walk, const config_setting_t *found,
		       const struct config_setting *setting, const char *path,
		       struct config_texts *ret)
{
	int count = config_setting_length(found);

	if (count < setting->min || count > setting->max)
		return complain(walk, line_of(found), path,
				"%d texts, but %lld to %lld are allowed", count,
				setting->min, setting->max);
	struct config_texts texts = {
	    .list = arena_allocarray(walk->arena, (size_t)count,
				     sizeof(*texts.list)),
	    .count = (size_t)count,
	};
	for (int i = 0; i < count; i++) {
		config_setting_t *each =
		    config_setting_get_elem(found, (unsigned)i);

		if (config_setting_type(each) != CONFIG_TYPE_STRING)
			return complain_of_type(walk, setting, line_of(each),
						path);
		if (!read_text(walk, each, path, 1, CONFIG_LISTED_MAX,
			       &texts.list[i]))
			return false;
	}
	*ret = texts;
	return true;
}

static bool has_type(const config_setting_t *found, enum config_type type)
{
	int theirs = config_setting_type(found);

	switch (type) {
	case CONFIG_TEXT:
	case CONFIG_CHOICE:
		return theirs == CONFIG_TYPE_STRING;
	case CONFIG_INTEGER:
		return theirs == CONFIG_TYPE_INT64;
	case CONFIG_FLAG:
		return theirs == CONFIG_TYPE_BOOL;
	case CONFIG_TEXTS:
	case CONFIG_INTEGERS:
		return theirs == CONFIG_TYPE_ARRAY ||
		       theirs == CONFIG_TYPE_LIST;
	}
	assert(false);
	return false;
}

static bool read_integers(struct walk *walk, const config_setting_t *found,
			  const struct config_setting *setting,
			  const char *path, struct config_integers *ret)
{
	int count = config_setting_length(found);

	if (count < setting->min || count > setting->max)
		return complain(walk, line_of(found), path,
				"%d numbers, but %lld to %lld are allowed",
				count, setting->min, setting->max);
	struct config_integers numbers = {
	    .list = arena_allocarray(walk->arena, (size_t)count,
				     sizeof(*numbers.list)),
	    .count = (size_t)count,
	};
	for (int i = 0; i < count; i++) {
		const config_setting_t *each =
		    config_setting_get_elem(found, (unsigned)i);

		if (!has_type(each, CONFIG_INTEGER))
			return complain_of_type(walk, setting, line_of(each),
						path);
		numbers.list[i] = config_setting_get_int64(each);
	}
	*ret = numbers;
	return true;
}

static bool read_value(struct walk *walk, const struct level *level,
		       const struct config_setting *setting,
		       const config_setting_t *found, const char *path)
{
	void *ret = field(level, setting->offset);

	if (!has_type(found, setting->type))
		return complain_of_type(walk, setting, line_of(found), path);
	switch (setting->type) {
	case CONFIG_TEXT:
		return read_text(walk, found, path, setting->min, setting->max,
				 ret);
	case CONFIG_INTEGER:
		return read_integer(walk, found, setting, path, ret);
	case CONFIG_FLAG:
		*(bool *)ret = config_setting_get_bool(found);
		return true;
	case CONFIG_TEXTS:
		return read_texts(walk, found, setting, path, ret);
	case CONFIG_INTEGERS:
		return read_integers(walk, found, setting, path, ret);
	case CONFIG_CHOICE:
		return read_choice(walk, found, setting, path, ret);
	}
	assert(false);
	return false;
}

/* --- what a field has before anything is read --- */

static struct config_texts split_texts(struct arena *arena, const char *form)
{
	struct config_texts texts = {0};

	if (!*form)
		return texts;
	texts.list =
	    arena_allocarray(arena, strlen(form) + 1, sizeof(*texts.list));
	for (;;) {
		size_t size = strcspn(form, "|");

		texts.list[texts.count++] = arena_strndup(arena, form, size);
		if (!form[size])
			return texts;
		form += size + 1;
	}
}

static void set_fallback(struct walk *walk, const struct level *level,
			 const struct config_setting *setting)
{
	/* a compulsory key, too, gets something that can be looked at */
	const char *form = setting->fallback ? setting->fallback : "";
	void *ret = field(level, setting->offset);
	long long number = 0;

	switch (setting->type) {
	case CONFIG_TEXT:
	case CONFIG_CHOICE:
		*(const char **)ret = form;
		break;
	case CONFIG_INTEGER:
		assert(!*form ||
		       text_parse_integer(form, LLONG_MIN, LLONG_MAX, &number));
		*(int64_t *)ret = number;
		break;
	case CONFIG_FLAG:
		assert(!*form || strcmp(form, "true") == 0 ||
		       strcmp(form, "false") == 0);
		*(bool *)ret = strcmp(form, "true") == 0;
		break;
	case CONFIG_TEXTS:
		*(struct config_texts *)ret = split_texts(walk->arena, form);
		break;
	case CONFIG_INTEGERS:
		assert(!*form);
		*(struct config_integers *)ret = (struct config_integers){0};
		break;
	}
}

static void set_fallbacks(struct walk *walk, const struct level *level)
{
	for (const struct config_setting *each = level->settings; each->path;
	     each++)
		set_fallback(walk, level, each);
}

/* --- what is not there --- */

/* The setting of that path, or NULL; *ret_nearest is the innermost group on
 * the way that is there. */
static config_setting_t *find(config_setting_t *group, const char *path,
			      config_setting_t **ret_nearest)
{
	char name[64];

	for (;;) {
		size_t size = strcspn(path, ".");

		assert(size < sizeof(name));
		memcpy(name, path, size);
		name[size] = '\0';
		*ret_nearest = group;
		group = config_setting_get_member(group, name);
		if (!group || !path[size])
			return group;
		if (!config_setting_is_group(group))
			return NULL;
		path += size + 1;
	}
}

static void look_for_missing(struct walk *walk, const struct level *level,
			     config_setting_t *group)
{
	config_setting_t *nearest;

	for (const struct config_setting *each = level->settings; each->path;
	     each++) {
		if (each->fallback || find(group, each->path, &nearest))
			continue;
		char *path = arena_printf(walk->arena, "%s%s", level->prefix,
					  each->path);
		/* the file as a whole has no line of its own */
		complain(walk,
			 config_setting_is_root(nearest) ? 0 : line_of(nearest),
			 path, "missing: %s",
			 each->help ? each->help : "it must be set");
	}
}

static void look_for_missing_groups(struct walk *walk,
				    const struct config_group *groups,
				    const config_setting_t *root)
{
	for (; groups && groups->path; groups++)
		if (groups->min > 0 &&
		    !config_setting_get_member(root, groups->path))
			complain(walk, 0, groups->path, "missing: %s",
				 groups->help);
}

/* --- the walk --- */

static void read_item(struct walk *walk, const struct config_group *table,
		      config_setting_t *found, void *item)
{
	struct level level = {
	    .settings = table->settings,
	    .fields = item,
	    .prefix = arena_printf(walk->arena, "%s.", table->path),
	};

	set_fallbacks(walk, &level);
	walk_groups(walk, &level, found, "");
	look_for_missing(walk, &level, found);
}

static bool read_items(struct walk *walk, const struct level *level,
		       const struct config_group *table,
		       const config_setting_t *found)
{
	int count = config_setting_length(found);
	char *items;

	if (!config_setting_is_list(found))
		return complain(walk, line_of(found), table->path,
				"a list of groups is wanted: ( { ... }, { ... "
				"} )");
	if ((size_t)count > table->max)
		return complain(walk, line_of(found), table->path,
				"%d groups, but at most %zu are allowed", count,
				table->max);
	if ((size_t)count < table->min)
		return complain(walk, line_of(found), table->path,
				"%d groups, but at least %zu are wanted", count,
				table->min);
	items = arena_allocarray(walk->arena, (size_t)count, table->item_size);
	for (int i = 0; i < count; i++) {
		config_setting_t *each =
		    config_setting_get_elem(found, (unsigned)i);

		if (!config_setting_is_group(each))
			return complain(walk, line_of(each), table->path,
					"item %d: a group is wanted: { ... }",
					i + 1);
		read_item(walk, table, each,
			  items + (size_t)i * table->item_size);
	}
	*(void **)field(level, table->offset_items) = items;
	*(size_t *)field(level, table->offset_count) = (size_t)count;
	return true;
}

/* The part of full behind path, if full is path or lies below it. */
static const char *below(const char *full, const char *path)
{
	size_t size = strlen(path);

	if (strncmp(full, path, size) != 0)
		return NULL;
	if (size == 0)
		return full;
	return full[size] == '.' ? full + size + 1 : NULL;
}

static void list_name(struct buf *names, const char *full, const char *group)
{
	const char *name = below(full, group);
	char each[66];

	if (!name)
		return;
	snprintf(each, sizeof(each), " %.*s", (int)strcspn(name, "."), name);
	size_t size = strlen(each);
	for (char *at = strstr(names->data, each); at;
	     at = strstr(at + 1, each))
		if (at[size] == ' ' || !at[size])
			return; /* of "relay.host" and "relay.port" */
	buf_adds(names, each);
}

/* group: the path of the group that the unknown key stands in */
static void complain_of_unknown(struct walk *walk, const struct level *level,
				const config_setting_t *found,
				const char *group, const char *path)
{
	const struct config_group *groups = level->groups;
	struct buf names;

	buf_init(&names, 300);
	for (const struct config_setting *each = level->settings; each->path;
	     each++)
		list_name(&names, each->path, group);
	for (; groups && groups->path; groups++)
		list_name(&names, groups->path, group);
	complain(walk, line_of(found),
		 arena_printf(walk->arena, "%s%s", level->prefix, path),
		 "there is no such setting; known here:%s%s", names.data,
		 names.overflow ? " ..." : "");
	buf_done(&names);
}

/* Is path a group because settings lie below it? */
static bool is_prefix(const struct level *level, const char *path)
{
	for (const struct config_setting *each = level->settings; each->path;
	     each++)
		if (below(each->path, path))
			return true;
	return false;
}

static void walk_member(struct walk *walk, const struct level *level,
			config_setting_t *found, const char *group,
			const char *path)
{
	const char *full =
	    arena_printf(walk->arena, "%s%s", level->prefix, path);

	for (const struct config_setting *each = level->settings; each->path;
	     each++)
		if (strcmp(each->path, path) == 0) {
			read_value(walk, level, each, found, full);
			return;
		}
	for (const struct config_group *each = level->groups;
	     each && each->path; each++)
		if (strcmp(each->path, path) == 0) {
			read_items(walk, level, each, found);
			return;
		}
	if (!is_prefix(level, path))
		complain_of_unknown(walk, level, found, group, path);
	else if (config_setting_is_group(found))
		walk_groups(walk, level, found, path);
	else
		complain(walk, line_of(found), full,
			 "a group is wanted: %s = { ... };", path);
}

/* path: of this group, "" for the outermost of the level */
static void walk_groups(struct walk *walk, const struct level *level,
			config_setting_t *group, const char *path)
{
	int count = config_setting_length(group);

	for (int i = 0; i < count; i++) {
		config_setting_t *each =
		    config_setting_get_elem(group, (unsigned)i);

		walk_member(walk, level, each, path,
			    arena_printf(walk->arena, "%s%s%s", path,
					 *path ? "." : "",
					 config_setting_name(each)));
	}
}

/* --- the file --- */

static bool read_source(struct walk *walk, const char *text, config_t *config)
{
	if (config_read_string(config, text) == CONFIG_TRUE)
		return true;
	const char *what = config_error_text(config);
	if (strcmp(what, "syntax error") == 0)
		what = "syntax error, here or just above; a setting is "
		       "name = value;";
	else if (strcmp(what, "duplicate setting name") == 0)
		what = "this setting stands in its group a second time";
	else if (strcmp(what, "mismatched element type in array") == 0)
		what = "the values in [ ] must be of one kind";
	return problems_add(walk->problems, walk->file_name,
			    config_error_line(config), "%s", what);
}

static void read_all(struct walk *walk, const struct config_schema *schema,
		     config_setting_t *root, void *fields)
{
	struct level level = {
	    .settings = schema->settings,
	    .groups = schema->groups,
	    .fields = fields,
	    .prefix = "",
	};
	const struct config_group *groups = schema->groups;

	set_fallbacks(walk, &level);
	for (; groups && groups->path; groups++) {
		*(void **)field(&level, groups->offset_items) = NULL;
		*(size_t *)field(&level, groups->offset_count) = 0;
	}
	if (!root)
		return;
	walk_groups(walk, &level, root, "");
	look_for_missing(walk, &level, root);
	look_for_missing_groups(walk, schema->groups, root);
}

bool config_parse(const char *file_name, const char *text, size_t size,
		  const struct config_schema *schema, struct arena *arena,
		  void *ret_struct, struct problems *problems)
{
	struct walk walk = {
	    .file_name = file_name,
	    .arena = arena,
	    .problems = problems,
	    .good = true,
	};
	struct buf source;
	config_t config;

	read_all(&walk, schema, NULL, ret_struct);
	if (size > CONFIG_SIZE_MAX)
		return problems_add(problems, file_name, 0,
				    "%zu bytes, at most %d are allowed", size,
				    CONFIG_SIZE_MAX);
	buf_init(&source, CONFIG_SOURCE_MAX);
	config_init(&config);
	bool good =
	    config_source_prepare(file_name, text, size, &source, problems) &&
	    read_source(&walk, source.data, &config);
	if (good)
		read_all(&walk, schema, config_root_setting(&config),
			 ret_struct);
	config_destroy(&config);
	buf_done(&source);
	return good && walk.good;
}
