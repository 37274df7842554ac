#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

/*
 * JSON (RFC 8259) made and read. A value is a map, a list, a text, an integer,
 * a real, a flag or null; maps and lists own what is put into them, and the
 * root is the caller's to json_free. One thread at a time.
 *
 *	struct json_value *event = json_map_new();
 *	json_map_text(event, "kind", "acknowledged");
 *	json_map_integer(event, "recorded_at", now);
 *	char *line = json_format(event);
 *	json_free(event);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct json_value;

/* --- made: a key set again replaces its value --- */

struct json_value *json_map_new(void);
struct json_value *json_list_new(void);
void json_free(struct json_value *value);

/* NULL is null. Bytes that are no UTF-8 become U+FFFD each, for a text may be
 * a peer's. */
void json_map_text(struct json_value *map, const char *key, const char *text);
void json_map_integer(struct json_value *map, const char *key, int64_t number);
void json_map_flag(struct json_value *map, const char *key, bool flag);
void json_map_null(struct json_value *map, const char *key);
void json_map_put(struct json_value *map, const char *key,
		  struct json_value *child /* taken */);
void json_list_text(struct json_value *list, const char *text);
void json_list_put(struct json_value *list,
		   struct json_value *child /* taken */);

/* The same bytes for the same value for ever: keys sorted by their bytes, no
 * white space, UTF-8 as it is, control characters escaped. This is what the
 * ledger hashes. free() it. */
char *json_format(const struct json_value *value);

/* Adds a text as json_format would, quotes and all; NULL is null. For a caller
 * who writes a map of his own many times a second. */
void json_add_text(struct buf *out, const char *text);

/* For people: indented by two, keys in the order they were set, a line feed at
 * the end. free() it. */
char *json_format_pretty(const struct json_value *value);

/* --- read --- */

/* Text from outside: one value and nothing behind it, at most JSON_SIZE_MAX
 * bytes, nested at most JSON_DEPTH_MAX deep, no key twice in a map, no U+0000,
 * integers of 64 bits. ERR_INPUT says the line. */
#define JSON_SIZE_MAX (16 * 1024 * 1024)
#define JSON_DEPTH_MAX 64
struct json_value *json_parse(const char *text, size_t size, struct err *err);

bool json_is_list(const struct json_value *value); /* of NULL: false */

/* Of a map; NULL or the fallback when there is no such key, when what it holds
 * is of another kind, or map is none. What they return lives in the map. */
const struct json_value *json_get(const struct json_value *map,
				  const char *key);
const char *json_get_text(const struct json_value *map, const char *key);
int64_t json_get_integer(const struct json_value *map, const char *key,
			 int64_t fallback);
bool json_get_flag(const struct json_value *map, const char *key,
		   bool fallback);

size_t json_count(const struct json_value *value); /* of a map or list */
const struct json_value *json_at(const struct json_value *list, size_t index);
const char *json_value_text(const struct json_value *value); /* or NULL */

#endif
