#ifndef CORE_WORDLIST_H
#define CORE_WORDLIST_H

/*
 * Short lists of words and sentences, as a briefing or a list has them
 * (audience, themes, key messages, domains): in the store they are JSON.
 * Plain functions; what they return lives in the caller's arena.
 */
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct json_value;

/* ["all","police"]; free() it */
char *wordlist_format(const char *const *words, size_t count);

/* The other way round. ERR_SYSTEM: the store holds something else. */
bool wordlist_parse(const char *json, struct arena *arena,
		    const char ***ret_words, size_t *ret_count,
		    struct err *err);

/* The same from and to a JSON value; what is no text is left out. */
struct json_value *wordlist_to_json(const char *const *words, size_t count);
void wordlist_from_json(const struct json_value *list, struct arena *arena,
			const char ***ret_words, size_t *ret_count);

/* Is the word among them? ASCII case does not matter. */
bool wordlist_have(const char *const *words, size_t count, const char *word);

#endif
