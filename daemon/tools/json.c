#include "tools/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

/* struct json_value is jansson's json_t under another name; these two are the
 * only places where one becomes the other. */
static json_t *inside(const struct json_value *value)
{
	/* jansson counts references in what it is only asked to read */
	union {
		const struct json_value *ours;
		json_t *theirs;
	} both = {.ours = value};

	return both.theirs;
}

static struct json_value *outside(json_t *value)
{
	return (struct json_value *)value;
}

/* jansson says NULL only when there is no memory, once UTF-8 is sure */
static json_t *made(json_t *value)
{
	if (!value)
		abort();
	return value;
}

/* --- made --- */

struct json_value *json_map_new(void)
{
	return outside(made(json_object()));
}

struct json_value *json_list_new(void)
{
	return outside(made(json_array()));
}

void json_free(struct json_value *value)
{
	json_decref(inside(value));
}

static json_t *mended_text(const char *text, size_t size)
{
	struct buf mended;
	size_t good;

	buf_init(&mended, size * 3 + 1);
	while (!text_is_utf8(text, size, &good)) {
		buf_add(&mended, text, good);
		buf_adds(&mended, "\xef\xbf\xbd");
		text += good + 1;
		size -= good + 1;
	}
	buf_add(&mended, text, size);
	json_t *value = made(json_stringn_nocheck(mended.data, mended.size));
	buf_done(&mended);
	return value;
}

static json_t *text_value(const char *text)
{
	if (!text)
		return json_null();
	size_t size = strlen(text);
	if (!text_is_utf8(text, size, NULL))
		return mended_text(text, size);
	return made(json_stringn_nocheck(text, size));
}

static void map_set(struct json_value *map, const char *key, json_t *value)
{
	int failed = json_object_set_new(inside(map), key, value);

	assert(!failed); /* map is a map, and the key is UTF-8 */
}

static void list_append(struct json_value *list, json_t *value)
{
	int failed = json_array_append_new(inside(list), value);

	assert(!failed);
}

void json_map_text(struct json_value *map, const char *key, const char *text)
{
	map_set(map, key, text_value(text));
}

void json_map_integer(struct json_value *map, const char *key, int64_t number)
{
	map_set(map, key, made(json_integer(number)));
}

void json_map_flag(struct json_value *map, const char *key, bool flag)
{
	map_set(map, key, json_boolean(flag));
}

void json_map_null(struct json_value *map, const char *key)
{
	map_set(map, key, json_null());
}

void json_map_put(struct json_value *map, const char *key,
		  struct json_value *child)
{
	map_set(map, key, inside(child));
}

void json_list_text(struct json_value *list, const char *text)
{
	list_append(list, text_value(text));
}

void json_list_put(struct json_value *list, struct json_value *child)
{
	list_append(list, inside(child));
}

static char *format(const struct json_value *value, size_t flags)
{
	char *text = json_dumps(inside(value), flags | JSON_ENCODE_ANY);

	assert(text); /* it holds no cycle and no broken text */
	return text;
}

char *json_format(const struct json_value *value)
{
	return format(value, JSON_COMPACT | JSON_SORT_KEYS);
}

/* ASCII that stands for itself within the quotes */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

void json_add_text(struct buf *out, const char *text)
{
	if (text && is_plain(text)) {
		buf_addc(out, '"');
		buf_adds(out, text);
		buf_addc(out, '"');
		return;
	}
	json_t *value = text_value(text);
	char *line = format(outside(value), JSON_COMPACT);

	buf_adds(out, line);
	free(line);
	json_decref(value);
}

char *json_format_pretty(const struct json_value *value)
{
	char *text = format(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	size_t size = strlen(text);

	text = xrealloc(text, size + 2);
	memcpy(text + size, "\n", 2);
	return text;
}

/* --- read --- */

/* jansson itself stops at 2048 levels, which is more stack than a small thread
 * has to give. */
static bool is_too_deep(const char *text, size_t size)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']'))
			depth -= depth > 0;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

struct json_value *json_parse(const char *text, size_t size, struct err *err)
{
	json_error_t error;

	if (size > JSON_SIZE_MAX) {
		err_set(err, ERR_FULL, "JSON of %zu bytes: at most %d are read",
			size, JSON_SIZE_MAX);
		return NULL;
	}
	if (is_too_deep(text, size)) {
		err_set(err, ERR_INPUT, "JSON nested more than %d deep",
			JSON_DEPTH_MAX);
		return NULL;
	}
	json_t *value = json_loadb(
	    text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (value)
		return outside(value);
	/* what stands near the fault may be a token or a name: not in a log */
	char *near = strstr(error.text, " near ");
	if (near)
		*near = '\0';
	err_set(err, ERR_INPUT, "JSON, line %d: %s",
		error.line > 0 ? error.line : 1, error.text);
	return NULL;
}

bool json_is_list(const struct json_value *value)
{
	return json_is_array(inside(value));
}

const struct json_value *json_get(const struct json_value *map, const char *key)
{
	return outside(json_object_get(inside(map), key));
}

const char *json_get_text(const struct json_value *map, const char *key)
{
	return json_value_text(json_get(map, key));
}

int64_t json_get_integer(const struct json_value *map, const char *key,
			 int64_t fallback)
{
	json_t *value = inside(json_get(map, key));

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_get_flag(const struct json_value *map, const char *key, bool fallback)
{
	json_t *value = inside(json_get(map, key));

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

size_t json_count(const struct json_value *value)
{
	return json_is_list(value) ? json_array_size(inside(value))
				   : json_object_size(inside(value));
}

const struct json_value *json_at(const struct json_value *list, size_t index)
{
	return outside(json_array_get(inside(list), index));
}

const char *json_value_text(const struct json_value *value)
{
	return json_string_value(inside(value));
}
