#include "core/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/mem.h"
#include "tools/calendar.h"

#define RULE_SIZE 128
#define TEXT_MAX 512
#define WORDS_MAX 5

/* Monday 1 January 2001, when a century, a week and a month begin together */
static const struct civil rules_start = {.year = 2001, .month = 1, .day = 1};

static const char forms[] =
    "allowed are immediately, daily 08:00, weekly mon 08:00, monthly first mon "
    "08:00 (or second, third, fourth, last), monthly 15 08:00 and RRULE:...";

struct schedule {
	struct recurrence *recurrence; /* NULL: immediately */
};

/* --- words */

struct word {
	const char *word, *value;
};

static const struct word weekdays[] = {
    {"mon", "MO"},       {"tue", "TU"},      {"wed", "WE"},
    {"thu", "TH"},       {"fri", "FR"},      {"sat", "SA"},
    {"sun", "SU"},       {"monday", "MO"},   {"tuesday", "TU"},
    {"wednesday", "WE"}, {"thursday", "TH"}, {"friday", "FR"},
    {"saturday", "SA"},  {"sunday", "SU"},
};

static const struct word ordinals[] = {
    {"first", "1"},  {"second", "2"}, {"third", "3"},
    {"fourth", "4"}, {"last", "-1"},
};

static const char *find_word(const struct word *words, size_t count,
			     const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(words[i].word, text))
			return words[i].value;
	return NULL;
}

static bool parse_weekday(const char *text, const char **ret_day,
			  struct err *err)
{
	const char *day =
	    find_word(weekdays, sizeof(weekdays) / sizeof(*weekdays), text);

	if (!day)
		return err_set(err, ERR_INPUT,
			       "\"%s\" is no day of the week: allowed are mon, "
			       "tue, wed, thu, fri, sat and sun",
			       text);
	*ret_day = day;
	return true;
}

/* exactly two digits, at most max */
static bool parse_two(const char *text, int max, int *ret_number)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*ret_number = (text[0] - '0') * 10 + (text[1] - '0');
	return *ret_number <= max;
}

/* "08:30" to ";BYHOUR=8;BYMINUTE=30" */
static bool parse_time(const char *text, char ret_rule[40], struct err *err)
{
	int hour, minute;

	if (strlen(text) != 5 || text[2] != ':' ||
	    !parse_two(text, 23, &hour) || !parse_two(text + 3, 59, &minute))
		return err_set(err, ERR_INPUT,
			       "\"%s\" is no time of day: allowed are 00:00 to "
			       "23:59, with two digits on each side",
			       text);
	snprintf(ret_rule, 40, ";BYHOUR=%d;BYMINUTE=%d", hour, minute);
	return true;
}

/* A month without the 31st has its slot on its last day, rather than none:
 * the last of those days up to the wanted one that it has. */
static bool parse_month_day(const char *text, char ret_rule[64],
			    struct err *err)
{
	char *end;
	long day = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || day < 1 || day > 31)
		return err_set(err, ERR_INPUT,
			       "monthly \"%s\": allowed are first, second, "
			       "third, fourth or last with a day of the week, "
			       "or a day from 1 to 31",
			       text);
	if (day <= 28) {
		snprintf(ret_rule, 64, ";BYMONTHDAY=%ld", day);
		return true;
	}
	size_t size = (size_t)snprintf(ret_rule, 64, ";BYMONTHDAY=28");
	for (long other = 29; other <= day; other++)
		size +=
		    (size_t)snprintf(ret_rule + size, 64 - size, ",%ld", other);
	snprintf(ret_rule + size, 64 - size, ";BYSETPOS=-1");
	return true;
}

static bool parse_daily(char *const words[], char *ret_rule, struct err *err)
{
	char time[40];

	if (!parse_time(words[1], time, err))
		return false;
	snprintf(ret_rule, RULE_SIZE, "FREQ=DAILY%s", time);
	return true;
}

static bool parse_weekly(char *const words[], char *ret_rule, struct err *err)
{
	char time[40];
	const char *day;

	if (!parse_weekday(words[1], &day, err) ||
	    !parse_time(words[2], time, err))
		return false;
	snprintf(ret_rule, RULE_SIZE, "FREQ=WEEKLY;BYDAY=%s%s", day, time);
	return true;
}

static bool parse_monthly_day(char *const words[], char *ret_rule,
			      struct err *err)
{
	char time[40], days[64];

	if (!parse_month_day(words[1], days, err) ||
	    !parse_time(words[2], time, err))
		return false;
	snprintf(ret_rule, RULE_SIZE, "FREQ=MONTHLY%s%s", days, time);
	return true;
}

static bool parse_monthly_weekday(char *const words[], char *ret_rule,
				  struct err *err)
{
	char time[40];
	const char *day,
	    *ordinal = find_word(ordinals, sizeof(ordinals) / sizeof(*ordinals),
				 words[1]);

	if (!ordinal)
		return err_set(err, ERR_INPUT,
			       "monthly \"%s\": allowed are first, second, "
			       "third, fourth and last",
			       words[1]);
	if (!parse_weekday(words[2], &day, err) ||
	    !parse_time(words[3], time, err))
		return false;
	snprintf(ret_rule, RULE_SIZE, "FREQ=MONTHLY;BYDAY=%s%s%s", ordinal, day,
		 time);
	return true;
}

/* by first word and number of words */
static const struct form {
	const char *word;
	int words;
	bool (*parse)(char *const words[], char *ret_rule, struct err *err);
} by_words[] = {
    {"daily", 2, parse_daily},
    {"weekly", 3, parse_weekly},
    {"monthly", 3, parse_monthly_day},
    {"monthly", 4, parse_monthly_weekday},
};

static int split(char *text, char *words[WORDS_MAX])
{
	int count = 0;

	for (char *word; count < WORDS_MAX && (word = strsep(&text, " \t"));)
		if (*word)
			words[count++] = word;
	return count;
}

static struct recurrence *parse_words(const char *text, char *words[],
				      int count, struct err *err)
{
	char rule[RULE_SIZE];

	for (size_t i = 0; i < sizeof(by_words) / sizeof(*by_words); i++) {
		const struct form *form = &by_words[i];

		if (count != form->words || strcasecmp(words[0], form->word))
			continue;
		if (!form->parse(words, rule, err)) {
			err_context(err, "schedule \"%s\"", text);
			return NULL;
		}
		return recurrence_parse(rule, err);
	}
	err_set(err, ERR_INPUT, "schedule \"%s\": %s", text, forms);
	return NULL;
}

/* --- rules */

static const struct word refused[] = {
    {"COUNT", "a list that ends in silence looks like one that works"},
    {"UNTIL", "a list that ends in silence looks like one that works"},
    {"BYSECOND", "a slot begins with its minute"},
};

static bool has_part(const char *rule, const char *name)
{
	size_t size = strlen(name);

	for (const char *part = rule; part; part = strchr(part, ';')) {
		part += *part == ';';
		if (!strncasecmp(part, name, size) && part[size] == '=')
			return true;
	}
	return false;
}

static struct recurrence *parse_rule(const char *text, const char *rule,
				     struct err *err)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (has_part(rule, refused[i].word)) {
			err_set(err, ERR_INPUT,
				"schedule \"%s\": %s is not allowed: %s", text,
				refused[i].word, refused[i].value);
			return NULL;
		}
	/* midnight, where a rule would start, is no time for mail */
	char *timed = xasprintf("%s%s", rule,
				has_part(rule, "BYHOUR") ? "" : ";BYHOUR=8");
	struct recurrence *recurrence = recurrence_parse(timed, err);
	free(timed);
	if (!recurrence)
		err_context(err, "schedule \"%s\"", text);
	return recurrence;
}

/* --- verbs */

struct schedule *schedule_parse(const char *text, struct err *err)
{
	char *words[WORDS_MAX];
	struct recurrence *recurrence = NULL;

	if (strlen(text) > TEXT_MAX) {
		err_set(err, ERR_INPUT, "a schedule of more than %d characters",
			TEXT_MAX);
		return NULL;
	}
	char *copy = xstrdup(text);
	int count = split(copy, words);
	bool immediate = count == 1 && !strcasecmp(words[0], "immediately");
	if (count == 1 && !strncasecmp(words[0], "RRULE:", 6))
		recurrence = parse_rule(text, words[0] + 6, err);
	else if (!immediate)
		recurrence = parse_words(text, words, count, err);
	free(copy);
	if (!recurrence && !immediate)
		return NULL;
	struct schedule *schedule = xcalloc(1, sizeof(*schedule));
	schedule->recurrence = recurrence;
	return schedule;
}

struct schedule *schedule_parse_weekly(const char *text, struct err *err)
{
	char *whole = xasprintf("weekly %s", text);
	struct schedule *schedule = schedule_parse(whole, err);

	free(whole);
	if (!schedule)
		err_set(err, ERR_INPUT,
			"\"%.100s\" is no time of the week; write it as "
			"\"mon 08:00\"",
			text);
	return schedule;
}

void schedule_free(struct schedule *schedule)
{
	if (!schedule)
		return;
	recurrence_free(schedule->recurrence);
	free(schedule);
}

bool schedule_is_immediate(const struct schedule *schedule)
{
	return !schedule->recurrence;
}

bool schedule_next(const struct schedule *schedule, const struct zone *zone,
		   int64_t after, int64_t *ret_utc)
{
	return schedule->recurrence &&
	       recurrence_next(schedule->recurrence, zone,
			       zone_to_utc(zone, &rules_start), after, ret_utc);
}

/* Looks in a short time before at_or_before first and in longer ones then: a
 * daemon that was down for a year has hundreds of missed slots behind it, and
 * only the last one is wanted. */
bool schedule_last(const struct schedule *schedule, const struct zone *zone,
		   int64_t at_or_before, int64_t not_before, int64_t *ret_utc)
{
	int64_t slot, found, from = at_or_before;

	for (int64_t span = 3600; from > not_before; span *= 4) {
		from = at_or_before - not_before > span ? at_or_before - span
							: not_before;
		if (!schedule_next(schedule, zone, from, &slot) ||
		    slot > at_or_before)
			continue;
		do
			found = slot;
		while (schedule_next(schedule, zone, found, &slot) &&
		       slot <= at_or_before);
		*ret_utc = found;
		return true;
	}
	return false;
}
