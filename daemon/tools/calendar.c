#include "tools/calendar.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/mem.h"
#include "tools/calendar_rule.h"

#define SEARCH_DAYS (60 * 366)

static bool list_has(const struct rule_list *list, int value)
{
	for (int i = 0; i < list->count; i++)
		if (list->values[i] == value)
			return true;
	return false;
}

/* value counts from 1 to length; -1 is the last */
static bool list_has_from_end(const struct rule_list *list, int value,
			      int length)
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
	struct rule_list hours,
	    minutes; /* the start's where the rule has none */
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
	const struct rule_list *positions = &s->rule->positions;
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
		s->hours = (struct rule_list){1, {local.hour}};
	if (s->minutes.count == 0)
		s->minutes = (struct rule_list){1, {local.minute}};
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

struct recurrence *recurrence_parse(const char *text, struct err *err)
{
	struct recurrence *r = xcalloc(1, sizeof(*r));
	char *copy = xstrdup(text);

	bool good = calendar_rule_parse(r, copy, err) && check_fires(r, err);
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
