#include "tools/calendar_rule.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

static const char *const frequencies[FREQUENCIES] = {
    [DAILY] = "DAILY",
    [WEEKLY] = "WEEKLY",
    [MONTHLY] = "MONTHLY",
    [YEARLY] = "YEARLY",
};

static const char *const weekdays[] = {"SU", "MO", "TU", "WE",
				       "TH", "FR", "SA"};

#define ALL (1u << DAILY | 1u << WEEKLY | 1u << MONTHLY | 1u << YEARLY)

/* the parts that are lists of numbers; may_be_negative: counted from the end,
 * and 0 is not allowed */
static const struct part {
	const char *name;
	size_t offset;
	int min, max;
	bool may_be_negative;
	unsigned allowed; /* 1 << frequency */
} parts[] = {
    {"BYMONTH", offsetof(struct recurrence, months), 1, 12, false, ALL},
    {"BYMONTHDAY", offsetof(struct recurrence, month_days), 1, 31, true,
     ALL & ~(1u << WEEKLY)},
    {"BYYEARDAY", offsetof(struct recurrence, year_days), 1, 366, true,
     1u << YEARLY},
    {"BYHOUR", offsetof(struct recurrence, hours), 0, 23, false, ALL},
    {"BYMINUTE", offsetof(struct recurrence, minutes), 0, 59, false, ALL},
    {"BYSETPOS", offsetof(struct recurrence, positions), 1, 366, true, ALL},
};

/* parts of RFC 5545 and 7529 that are not kept here */
static const char *const left_out[] = {"COUNT",    "UNTIL",  "BYSECOND",
				       "BYWEEKNO", "RSCALE", "SKIP"};

static bool find_word(const char *const words[], size_t count, const char *text,
		      int *ret_index)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(words[i], text)) {
			*ret_index = (int)i;
			return true;
		}
	return false;
}

static bool list_add(struct rule_list *list, int value, const char *name,
		     struct err *err)
{
	for (int i = 0; i < list->count; i++)
		if (list->values[i] == value)
			return err_set(err, ERR_INPUT,
				       "%s names the same value twice", name);
	if (list->count == RULE_LIST_MAX)
		return err_set(err, ERR_INPUT, "%s has more than %d values",
			       name, RULE_LIST_MAX);
	list->values[list->count++] = value;
	return true;
}

/* Keeps the values in order: hours and minutes are gone through as they come.
 */
static int compare_numbers(const void *left, const void *right)
{
	const int *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static bool parse_numbers(const struct part *part, char *value,
			  struct rule_list *list, struct err *err)
{
	for (char *item; (item = strsep(&value, ","));) {
		long long number;
		const char *digits = item[0] == '+' ? item + 1 : item;

		if (!text_parse_integer(
			digits, part->may_be_negative ? -part->max : part->min,
			part->max, &number) ||
		    (part->may_be_negative && number == 0))
			return err_set(
			    err, ERR_INPUT,
			    "%s=%s: allowed are numbers from %d to "
			    "%d%s, with commas between",
			    part->name, item, part->min, part->max,
			    part->may_be_negative
				? " and the same with - (from the end)"
				: "");
		if (!list_add(list, (int)number, part->name, err))
			return false;
	}
	qsort(list->values, (size_t)list->count, sizeof(*list->values),
	      compare_numbers);
	return true;
}

/* MO, 1MO, -1FR; to ordinal * 7 + weekday */
static bool parse_day(const char *item, int *ret_day)
{
	size_t size = strlen(item);
	int weekday;
	long long ordinal = 0;

	if (size < 2 || !find_word(weekdays, 7, item + size - 2, &weekday))
		return false;
	if (size > 2) {
		char number[8] = "";

		if (item[0] == '+') {
			item++;
			size--;
		}
		if (size < 3 || size - 2 >= sizeof(number))
			return false;
		memcpy(number, item, size - 2);
		if (!text_parse_integer(number, -53, 53, &ordinal) ||
		    ordinal == 0)
			return false;
	}
	*ret_day = (int)ordinal * 7 + weekday;
	return true;
}

static bool parse_days(struct recurrence *r, char *value, struct err *err)
{
	for (char *item; (item = strsep(&value, ","));) {
		int day;

		if (!parse_day(item, &day))
			return err_set(err, ERR_INPUT,
				       "BYDAY=%s: allowed are MO TU WE TH FR "
				       "SA SU, as in MO,WE, and with a number "
				       "as in 1MO (the first) or -1FR (the "
				       "last)",
				       item);
		if (!list_add(&r->days, day, "BYDAY", err))
			return false;
	}
	return true;
}

static bool parse_frequency(struct recurrence *r, const char *value,
			    struct err *err)
{
	int index;

	if (!find_word(frequencies, FREQUENCIES, value, &index))
		return err_set(err, ERR_INPUT,
			       "FREQ=%s: allowed are DAILY, WEEKLY, MONTHLY "
			       "and YEARLY",
			       value);
	r->frequency = (enum frequency)index;
	return true;
}

static bool parse_interval(struct recurrence *r, const char *value,
			   struct err *err)
{
	long long interval;

	if (!text_parse_integer(value, 1, 999, &interval))
		return err_set(err, ERR_INPUT,
			       "INTERVAL=%s: allowed is a number from 1 to 999",
			       value);
	r->interval = (int)interval;
	return true;
}

static bool parse_named(struct recurrence *r, const char *name, char *value,
			struct err *err)
{
	int ignored;

	if (!strcmp(name, "FREQ"))
		return parse_frequency(r, value, err);
	if (!strcmp(name, "INTERVAL"))
		return parse_interval(r, value, err);
	if (!strcmp(name, "BYDAY"))
		return parse_days(r, value, err);
	if (!strcmp(name, "WKST"))
		return find_word(weekdays, 7, value, &r->week_start) ||
		       err_set(err, ERR_INPUT,
			       "WKST=%s: allowed are MO TU WE TH FR SA SU",
			       value);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(name, parts[i].name))
			return parse_numbers(
			    &parts[i], value,
			    (struct rule_list *)(void *)((char *)r +
							 parts[i].offset),
			    err);
	if (find_word(left_out, sizeof(left_out) / sizeof(*left_out), name,
		      &ignored))
		return err_set(err, ERR_INPUT, "%s can't be used here", name);
	return err_set(err, ERR_INPUT,
		       "\"%s\" is no part of a rule: allowed are FREQ, "
		       "INTERVAL, BYMONTH, BYMONTHDAY, BYYEARDAY, BYDAY, "
		       "BYHOUR, BYMINUTE, BYSETPOS, WKST",
		       name);
}

/* what RFC 5545 forbids together */
static bool check_together(const struct recurrence *r, struct err *err)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const struct rule_list *list =
		    (const void *)((const char *)r + parts[i].offset);

		if (list->count > 0 && !(parts[i].allowed & 1u << r->frequency))
			return err_set(
			    err, ERR_INPUT, "%s can't stand with FREQ=%s",
			    parts[i].name, frequencies[r->frequency]);
	}
	for (int i = 0; i < r->days.count; i++)
		if (r->frequency < MONTHLY &&
		    (r->days.values[i] < 0 || r->days.values[i] > 6))
			return err_set(err, ERR_INPUT,
				       "BYDAY with a number (1MO) needs "
				       "FREQ=MONTHLY or FREQ=YEARLY");
	if (r->positions.count > 0 && r->months.count == 0 &&
	    r->month_days.count == 0 && r->year_days.count == 0 &&
	    r->days.count == 0 && r->hours.count == 0 && r->minutes.count == 0)
		return err_set(err, ERR_INPUT,
			       "BYSETPOS needs another part that starts with "
			       "BY");
	return true;
}

static void upper(char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
}

bool calendar_rule_parse(struct recurrence *r, char *text, struct err *err)
{
	char *names[16];
	size_t count = 0;

	r->frequency = FREQUENCIES;
	r->interval = 1;
	r->week_start = 1;
	upper(text);
	for (char *value; (value = strsep(&text, ";"));) {
		char *name = strsep(&value, "=");

		if (!value || !*value)
			return err_set(err, ERR_INPUT,
				       "\"%s\": a rule is written NAME=VALUE;"
				       "NAME=VALUE",
				       name);
		for (size_t i = 0; i < count; i++)
			if (!strcmp(names[i], name))
				return err_set(err, ERR_INPUT,
					       "%s stands twice", name);
		/* so many different names are never known: it fails below */
		if (count < sizeof(names) / sizeof(*names))
			names[count++] = name;
		if (!parse_named(r, name, value, err))
			return false;
	}
	if (count == 0 || r->frequency == FREQUENCIES)
		return err_set(err, ERR_INPUT,
			       "FREQ is missing: FREQ=WEEKLY, for example");
	return check_together(r, err);
}
