#include "tools/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#define SEARCH_DAYS (60 * 366)
#define LIST_MAX 96

enum frequency { DAILY, WEEKLY, MONTHLY, YEARLY, FREQUENCIES };

struct list {
	int count; /* 0: the part is not there */
	int values[LIST_MAX];
};

struct recurrence {
	enum frequency frequency;
	int interval;
	int week_start; /* 0 = Sunday */
	struct list months, month_days, year_days, hours, minutes, positions;
	/* "2MO": ordinal * 7 + weekday, the ordinal being 0 in "MO" */
	struct list days;
};

/* --- parsing */

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

static bool list_add(struct list *list, int value, const char *name,
		     struct err *err)
{
	for (int i = 0; i < list->count; i++)
		if (list->values[i] == value)
			return err_set(err, ERR_INPUT,
				       "%s names the same value twice", name);
	if (list->count == LIST_MAX)
		return err_set(err, ERR_INPUT, "%s has more than %d values",
			       name, LIST_MAX);
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
			  struct list *list, struct err *err)
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
			    (struct list *)(void *)((char *)r +
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
		const struct list *list =
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

static bool parse_rule(struct recurrence *r, char *text, struct err *err)
{
	char *names[16];
	size_t count = 0;

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

/* --- the days of a rule */

static bool list_has(const struct list *list, int value)
{
	for (int i = 0; i < list->count; i++)
		if (list->values[i] == value)
			return true;
	return false;
}

/* value counts from 1 to length; -1 is the last */
static bool list_has_from_end(const struct list *list, int value, int length)
{
	return list_has(list, value) || list_has(list, value - length - 1);
}

static int month_length(int year, int month)
{
	return (
	    int)(civil_days(month == 12 ? year + 1 : year, month % 12 + 1, 1) -
		 civil_days(year, month, 1));
}

static int year_length(int year)
{
	return (int)(civil_days(year + 1, 1, 1) - civil_days(year, 1, 1));
}

/* One day as the parts of a rule see it. */
struct day {
	int64_t number; /* since 1970-01-01 */
	struct civil civil;
	int weekday;
};

static struct day day_at(int64_t number)
{
	return (struct day){.number = number,
			    .civil = civil_from_days(number),
			    .weekday = civil_weekday(number)};
}

static int year_day(const struct day *day)
{
	return (int)(day->number - civil_days(day->civil.year, 1, 1)) + 1;
}

/* The number of "2MO" counts within the month or, for a rule by year without
 * BYMONTH, within the year. */
static bool is_on_weekday(const struct recurrence *r, const struct day *day)
{
	bool by_year = r->frequency == YEARLY && r->months.count == 0;
	int place = by_year ? year_day(day) : day->civil.day;
	int length = by_year ? year_length(day->civil.year)
			     : month_length(day->civil.year, day->civil.month);
	int ordinal = (place - 1) / 7 + 1;
	int from_end = -((length - place) / 7 + 1);

	return list_has(&r->days, day->weekday) ||
	       list_has(&r->days, ordinal * 7 + day->weekday) ||
	       list_has(&r->days, from_end * 7 + day->weekday);
}

/* Without any part that says which days, the start's day says it. */
static bool is_like_start(const struct recurrence *r, const struct day *day,
			  const struct day *start)
{
	switch (r->frequency) {
	case WEEKLY:
		return day->weekday == start->weekday;
	case YEARLY:
		return day->civil.day == start->civil.day &&
		       (r->months.count > 0 ||
			day->civil.month == start->civil.month);
	case MONTHLY:
		return day->civil.day == start->civil.day;
	case DAILY:
	case FREQUENCIES:
	default:
		return true;
	}
}

/* Do the BY... parts let this day through? Whether RFC 5545 says of a part that
 * it expands or that it limits, the days of a period are those that pass all.
 */
static bool is_day_of(const struct recurrence *r, const struct day *day,
		      const struct day *start)
{
	if (r->months.count > 0 && !list_has(&r->months, day->civil.month))
		return false;
	if (r->month_days.count > 0 &&
	    !list_has_from_end(&r->month_days, day->civil.day,
			       month_length(day->civil.year, day->civil.month)))
		return false;
	if (r->year_days.count > 0 &&
	    !list_has_from_end(&r->year_days, year_day(day),
			       year_length(day->civil.year)))
		return false;
	if (r->days.count > 0 && !is_on_weekday(r, day))
		return false;
	return r->month_days.count > 0 || r->year_days.count > 0 ||
	       r->days.count > 0 || is_like_start(r, day, start);
}

/* the first day of the week, month or year that the day is in */
static int64_t period_start(const struct recurrence *r, const struct day *day)
{
	switch (r->frequency) {
	case WEEKLY:
		return day->number - (day->weekday - r->week_start + 7) % 7;
	case MONTHLY:
		return day->number - day->civil.day + 1;
	case YEARLY:
		return civil_days(day->civil.year, 1, 1);
	case DAILY:
	case FREQUENCIES:
	default:
		return day->number;
	}
}

static int64_t period_length(const struct recurrence *r, const struct day *day)
{
	switch (r->frequency) {
	case WEEKLY:
		return 7;
	case MONTHLY:
		return month_length(day->civil.year, day->civil.month);
	case YEARLY:
		return year_length(day->civil.year);
	case DAILY:
	case FREQUENCIES:
	default:
		return 1;
	}
}

/* how many periods lie between the start's and this day's */
static int64_t period_index(const struct recurrence *r, const struct day *day,
			    const struct day *start)
{
	int64_t years = day->civil.year - start->civil.year;

	switch (r->frequency) {
	case WEEKLY:
		return (period_start(r, day) - period_start(r, start)) / 7;
	case MONTHLY:
		return years * 12 + day->civil.month - start->civil.month;
	case YEARLY:
		return years;
	case DAILY:
	case FREQUENCIES:
	default:
		return day->number - start->number;
	}
}

static bool has_day(const struct recurrence *r, const struct day *day,
		    const struct day *start)
{
	return day->number >= start->number &&
	       period_index(r, day, start) % r->interval == 0 &&
	       is_day_of(r, day, start);
}

/* BYSETPOS: the places of a day's times among all of its period's, as a range
 * [*ret_first, ...) from 1, and how many all are. */
static void count_places(const struct recurrence *r, const struct day *day,
			 const struct day *start, int times, int *ret_first,
			 int *ret_all)
{
	int64_t first = period_start(r, day);
	int64_t end = first + period_length(r, day);
	int before = 0, all = 0;

	for (int64_t number = first; number < end; number++) {
		struct day other = day_at(number);

		if (!is_day_of(r, &other, start))
			continue;
		all += times;
		if (number < day->number)
			before += times;
	}
	*ret_first = before + 1;
	*ret_all = all;
}

/* --- the times of a day */

struct search {
	const struct recurrence *rule;
	const struct zone *zone;
	int64_t start_utc, after_utc;
	struct day start;
	struct list hours, minutes; /* the start's where the rule has none */
	int second;
	bool found;
	int64_t best;
};

static void try_time(struct search *s, const struct day *day, int hour,
		     int minute)
{
	struct civil local = day->civil;

	local.hour = hour;
	local.minute = minute;
	local.second = s->second;
	int64_t utc = zone_to_utc(s->zone, &local);
	if (utc <= s->after_utc || utc < s->start_utc)
		return;
	if (!s->found || utc < s->best)
		s->best = utc;
	s->found = true;
}

static void try_day(struct search *s, const struct day *day)
{
	const struct list *positions = &s->rule->positions;
	int times = s->hours.count * s->minutes.count, place = 0, all = 0;

	if (!has_day(s->rule, day, &s->start))
		return;
	if (positions->count > 0)
		count_places(s->rule, day, &s->start, times, &place, &all);
	for (int i = 0; i < times; i++, place++)
		if (positions->count == 0 ||
		    list_has_from_end(positions, place, all))
			try_time(s, day, s->hours.values[i / s->minutes.count],
				 s->minutes.values[i % s->minutes.count]);
}

static void search_start(struct search *s)
{
	struct civil local = zone_from_utc(s->zone, s->start_utc);

	s->start = day_at(civil_days(local.year, local.month, local.day));
	s->hours = s->rule->hours;
	s->minutes = s->rule->minutes;
	s->second = local.second;
	if (s->hours.count == 0)
		s->hours = (struct list){1, {local.hour}};
	if (s->minutes.count == 0)
		s->minutes = (struct list){1, {local.minute}};
}

static int64_t local_day(const struct zone *zone, int64_t utc)
{
	struct civil local = zone_from_utc(zone, utc);

	return civil_days(local.year, local.month, local.day);
}

bool recurrence_next(const struct recurrence *recurrence,
		     const struct zone *zone, int64_t start_utc,
		     int64_t after_utc, int64_t *ret_utc)
{
	struct search s = {.rule = recurrence,
			   .zone = zone,
			   .start_utc = start_utc,
			   .after_utc = after_utc};

	search_start(&s);
	/* A day earlier and, once something is found, up to the day it falls
	 * on: a time that the clocks skip comes later than it is written, and
	 * may pass one that is written later. */
	int64_t first = local_day(zone, after_utc) - 1;
	if (first < s.start.number)
		first = s.start.number;
	for (int64_t number = first; number < first + SEARCH_DAYS; number++) {
		struct day day = day_at(number);

		try_day(&s, &day);
		if (s.found && local_day(zone, s.best) <= number) {
			*ret_utc = s.best;
			return true;
		}
	}
	return false;
}

/* --- made and freed */

static bool check_fires(const struct recurrence *r, struct err *err)
{
	struct zone *utc = zone_open("UTC", err);
	int64_t start = civil_days(2001, 1, 1) * 86400, first;

	if (!utc)
		return false;
	bool fires = recurrence_next(r, utc, start, start - 1, &first);
	zone_close(utc);
	return fires || err_set(err, ERR_INPUT, "the rule has no day at all");
}

static void upper(char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
}

struct recurrence *recurrence_parse(const char *text, struct err *err)
{
	struct recurrence *r = xcalloc(1, sizeof(*r));
	char *copy = xstrdup(text);

	r->frequency = FREQUENCIES;
	r->interval = 1;
	r->week_start = 1;
	upper(copy);
	bool good = parse_rule(r, copy, err) && check_fires(r, err);
	free(copy);
	if (good)
		return r;
	recurrence_free(r);
	return NULL;
}

void recurrence_free(struct recurrence *recurrence)
{
	free(recurrence);
}
