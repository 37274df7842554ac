#include "core/wordlist.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "tools/json.h"

struct json_value *wordlist_to_json(const char *const *words, size_t count)
{
	struct json_value *list = json_list_new();

	for (size_t i = 0; i < count; i++)
		json_list_text(list, words[i]);
	return list;
}

char *wordlist_format(const char *const *words, size_t count)
{
	struct json_value *list = wordlist_to_json(words, count);
	char *text = json_format(list);

	json_free(list);
	return text;
}

void wordlist_from_json(const struct json_value *list, struct arena *arena,
			const char ***ret_words, size_t *ret_count)
{
	size_t count = json_is_list(list) ? json_count(list) : 0, kept = 0;
	const char **words = arena_allocarray(arena, count, sizeof(*words));

	for (size_t i = 0; i < count; i++) {
		const char *word = json_value_text(json_at(list, i));

		if (word)
			words[kept++] = arena_strdup(arena, word);
	}
	*ret_words = words;
	*ret_count = kept;
}

bool wordlist_parse(const char *json, struct arena *arena,
		    const char ***ret_words, size_t *ret_count, struct err *err)
{
	struct err why = {0};
	struct json_value *list = json_parse(json, strlen(json), &why);

	if (!json_is_list(list)) {
		json_free(list);
		return err_set(err, ERR_SYSTEM,
			       "the store holds no list of words where one "
			       "belongs");
	}
	wordlist_from_json(list, arena, ret_words, ret_count);
	json_free(list);
	return true;
}

bool wordlist_have(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(words[i], word) == 0)
			return true;
	return false;
}
