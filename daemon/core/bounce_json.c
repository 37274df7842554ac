#include "core/bounce.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/authentic.h"
#include "tools/json.h"

static const char *const kinds[] = {
    [BOUNCE_UNKNOWN] = "unknown", [BOUNCE_RETURNED] = "returned",
    [BOUNCE_DELAYED] = "delayed", [BOUNCE_AUTO_REPLY] = "auto-reply",
    [BOUNCE_ABUSE] = "abuse",     [BOUNCE_REPLY] = "reply",
    [BOUNCE_RECEIPT] = "receipt",
};

static const char *const classes[] = {
    [BOUNCE_NO_CLASS] = "none",
    [BOUNCE_HARD] = "hard",
    [BOUNCE_SOFT] = "soft",
    [BOUNCE_BLOCK] = "block",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

const char *bounce_kind_name(enum bounce_kind kind)
{
	assert((size_t)kind < COUNT(kinds));
	return kinds[kind];
}

const char *bounce_class_name(enum bounce_class cls)
{
	assert((size_t)cls < COUNT(classes));
	return classes[cls];
}

/* --- written */

static struct json_value *reading_map(const struct bounce_reading *reading)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "kind", bounce_kind_name(reading->kind));
	json_map_text(map, "class", bounce_class_name(reading->cls));
	json_map_text(map, "status", reading->status);
	json_map_integer(map, "code", reading->code);
	json_map_text(map, "text", reading->text);
	json_map_text(map, "recipient", reading->recipient);
	return map;
}

static void put_texts(struct json_value *map, const char *key,
		      const char *const *texts, size_t count)
{
	struct json_value *list = json_list_new();

	for (size_t i = 0; i < count; i++)
		json_list_text(list, texts[i]);
	json_map_put(map, key, list);
}

static struct json_value *reply_map(const struct bounce_reply *reply)
{
	struct json_value *map = json_map_new(), *marks = json_list_new();

	json_map_text(map, "line", reply->line);
	json_map_flag(map, "one_author", reply->has_one_author);
	json_map_flag(map, "of_list", reply->is_of_list);
	json_map_integer(map, "received_at", reply->received_at);
	for (size_t i = 0; i < reply->mark_count; i++) {
		const struct authentic_mark *mark = &reply->marks[i];
		struct json_value *each = json_map_new();

		json_map_text(each, "host", mark->host);
		if (mark->is_results)
			json_map_text(each, "method",
				      authentic_word(mark->method));
		json_list_put(marks, each);
	}
	json_map_put(map, "marks", marks);
	return map;
}

char *bounce_format(const struct bounce_mail *mail)
{
	struct json_value *map = json_map_new();
	struct json_value *readings = json_list_new();

	for (size_t i = 0; i < mail->count; i++)
		json_list_put(readings, reading_map(&mail->readings[i]));
	json_map_put(map, "readings", readings);
	json_map_text(map, "from", mail->from);
	json_map_text(map, "subject", mail->subject);
	put_texts(map, "tokens", mail->tokens, mail->token_count);
	json_map_integer(map, "recipients", (int64_t)mail->recipient_count);
	put_texts(map, "message_ids", mail->message_ids,
		  mail->message_id_count);
	json_map_put(map, "reply", reply_map(&mail->reply));
	char *text = json_format(map);
	json_free(map);
	return text;
}

/* --- read */

static bool find_name(const char *const *names, size_t count, const char *name,
		      size_t *ret)
{
	for (size_t i = 0; name && i < count; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void get_text(const struct json_value *map, const char *key, char *ret,
		     size_t ret_size)
{
	const char *text = json_get_text(map, key);
	size_t size = text ? text_cut(text, strlen(text), ret_size - 1) : 0;

	if (size > 0)
		memcpy(ret, text, size);
	ret[size] = '\0';
}

static bool read_reading(const struct json_value *map,
			 struct bounce_reading *ret)
{
	size_t kind, class;

	if (!find_name(kinds, COUNT(kinds), json_get_text(map, "kind"),
		       &kind) ||
	    !find_name(classes, COUNT(classes), json_get_text(map, "class"),
		       &class))
		return false;
	int64_t code = json_get_integer(map, "code", 0);
	ret->kind = (enum bounce_kind)kind;
	ret->cls = (enum bounce_class) class;
	ret->code = code >= 200 && code <= 599 ? (int)code : 0;
	get_text(map, "status", ret->status, sizeof(ret->status));
	get_text(map, "text", ret->text, sizeof(ret->text));
	get_text(map, "recipient", ret->recipient, sizeof(ret->recipient));
	return true;
}

static bool read_readings(const struct json_value *list, struct arena *arena,
			  struct bounce_mail *ret)
{
	size_t count = json_is_list(list) ? json_count(list) : 0;

	if (count == 0 || count > BOUNCE_READINGS_MAX)
		return false;
	ret->readings = arena_allocarray(arena, count, sizeof(*ret->readings));
	ret->count = count;
	for (size_t i = 0; i < count; i++)
		if (!read_reading(json_at(list, i), &ret->readings[i]))
			return false;
	return true;
}

static const char **read_texts(const struct json_value *list,
			       struct arena *arena, size_t *ret_count)
{
	size_t all = json_is_list(list) ? json_count(list) : 0;
	const char **texts =
	    arena_allocarray(arena, BOUNCE_NAMES_MAX, sizeof(*texts));

	*ret_count = 0;
	for (size_t i = 0; i < all && *ret_count < BOUNCE_NAMES_MAX; i++) {
		const char *text = json_value_text(json_at(list, i));

		if (text)
			texts[(*ret_count)++] = arena_strdup(arena, text);
	}
	return texts;
}

static void read_mark(const struct json_value *map, struct authentic_mark *ret)
{
	const char *method = json_get_text(map, "method");

	get_text(map, "host", ret->host, sizeof(ret->host));
	ret->is_results = method;
	if (!authentic_parse_word(method, &ret->method))
		ret->method = AUTHENTIC_NONE;
}

static void read_reply(const struct json_value *map, struct arena *arena,
		       struct bounce_reply *ret)
{
	const struct json_value *list = json_get(map, "marks");
	size_t count = json_is_list(list) ? json_count(list) : 0;

	if (count > AUTHENTIC_MARKS_MAX)
		count = AUTHENTIC_MARKS_MAX;
	struct authentic_mark *marks =
	    arena_allocarray(arena, count, sizeof(*marks));
	for (size_t i = 0; i < count; i++)
		read_mark(json_at(list, i), &marks[i]);
	get_text(map, "line", ret->line, sizeof(ret->line));
	ret->has_one_author = json_get_flag(map, "one_author", false);
	ret->is_of_list = json_get_flag(map, "of_list", true);
	ret->received_at = json_get_integer(map, "received_at", 0);
	ret->marks = marks;
	ret->mark_count = count;
}

static size_t read_recipients(const struct json_value *map, size_t token_count)
{
	int64_t count = json_get_integer(map, "recipients", 0);

	if (count < 0)
		return 0;
	return (uint64_t)count < token_count ? (size_t)count : token_count;
}

bool bounce_parse(const char *json, size_t size, struct arena *arena,
		  struct bounce_mail *ret, struct err *err)
{
	struct json_value *map = json_parse(json, size, err);
	struct bounce_mail mail = {0};

	if (!map)
		return false;
	bool good = read_readings(json_get(map, "readings"), arena, &mail);
	get_text(map, "from", mail.from, sizeof(mail.from));
	get_text(map, "subject", mail.subject, sizeof(mail.subject));
	mail.tokens =
	    read_texts(json_get(map, "tokens"), arena, &mail.token_count);
	mail.message_ids = read_texts(json_get(map, "message_ids"), arena,
				      &mail.message_id_count);
	mail.recipient_count = read_recipients(map, mail.token_count);
	read_reply(json_get(map, "reply"), arena, &mail.reply);
	json_free(map);
	if (!good)
		return err_set(err, ERR_INPUT, "no reading of a mail");
	*ret = mail;
	return true;
}
