#include "core/retry_hint.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* What comes before the time. "for" alone would also begin "for 5 recipients".
 */
static const char *const phrases[] = {
    "again in",     "again after",    "retry in",     "retry after",
    "retry-after:", "back in",        "back after",   "wait",
    "wait for",     "greylisted for", "deferred for", "delayed for",
    "blocked for",  "resend in",      "resend after",
};

static const char *const fillers[] = {"at least", "about", "another", "a few",
				      "approximately"};

static const struct {
	const char *name;
	int64_t seconds;
} units[] = {
    {"seconds", 1},  {"second", 1},  {"secs", 1},   {"sec", 1},   {"s", 1},
    {"minutes", 60}, {"minute", 60}, {"mins", 60},  {"min", 60},  {"m", 60},
    {"hours", 3600}, {"hour", 3600}, {"hrs", 3600}, {"hr", 3600}, {"h", 3600},
};

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Behind the word, or NULL; it ends there. */
static const char *skip_word(const char *text, const char *word)
{
	size_t size = strlen(word);

	if (strncasecmp(text, word, size) != 0 || is_letter(text[size]))
		return NULL;
	return text + size;
}

/* No number is too long: it is more than the longest wait. */
static const char *read_number(const char *text, int64_t *ret)
{
	int64_t number = 0;

	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++)
		if (number <= RETRY_HINT_MAX_SECONDS)
			number = number * 10 + (*text - '0');
	*ret = number;
	return text;
}

/* "00:05:00", or "5:00" as minutes and seconds */
static int64_t read_clock(const char *text)
{
	int64_t seconds = 0, part;
	int parts = 0;

	for (;;) {
		text = read_number(text, &part);
		if (!text || part > RETRY_HINT_MAX_SECONDS || ++parts > 3)
			return 0;
		seconds = seconds * 60 + part;
		if (*text != ':')
			break;
		text++;
	}
	return parts > 1 && !is_letter(*text) ? seconds : 0;
}

static int64_t read_wait(const char *text)
{
	const char *after;
	int64_t number;

	text = skip_blanks(text);
	for (size_t i = 0; i < sizeof(fillers) / sizeof(*fillers); i++)
		if ((after = skip_word(text, fillers[i])))
			text = skip_blanks(after);
	after = read_number(text, &number);
	if (!after)
		return 0;
	if (*after == ':')
		return read_clock(text);
	after = skip_blanks(after + (*after == '-'));
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (skip_word(after, units[i].name))
			return number * units[i].seconds;
	return 0;
}

int64_t retry_hint_seconds(const char *text)
{
	int64_t longest = 0;

	for (const char *at = text; *at; at++) {
		if (at > text && is_letter(at[-1]))
			continue;
		for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases);
		     i++) {
			const char *after = skip_word(at, phrases[i]);
			int64_t wait = after ? read_wait(after) : 0;

			longest = wait > longest ? wait : longest;
		}
	}
	return longest < RETRY_HINT_MAX_SECONDS ? longest
						: RETRY_HINT_MAX_SECONDS;
}
