#include "core/holidays.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/problems.h"
#include "base/text.h"

#define DATE_LENGTH ((size_t)CIVIL_DATE_SIZE - 1)
#define BLANKS " \t"

struct reading {
	const char *file_name, *region;
	struct arena *arena;
	struct problems *problems;
	struct holidays all;
	size_t room;
	int line;
};

static bool complain(struct reading *reading, const char *why)
{
	return problems_add(reading->problems, reading->file_name,
			    reading->line, "%s", why);
}

/* Is the word one of "one|two"? */
static bool is_one_of(const char *words, const char *word, size_t size)
{
	while (*words) {
		size_t length = strcspn(words, "|");

		if (length == size && strncmp(words, word, size) == 0)
			return true;
		words += length + (words[length] == '|');
	}
	return false;
}

/* *ret_is_ours: the region keeps it. false: a word is no region, or none is
 * there. */
static bool read_regions(const struct reading *reading, const char *text,
			 bool *ret_is_ours)
{
	size_t count = 0;

	*ret_is_ours = false;
	for (text += strspn(text, BLANKS); *text != ':'; count++) {
		size_t size = strcspn(text, BLANKS ":");

		if (!is_one_of("all|" HOLIDAYS_REGIONS, text, size))
			return false;
		*ret_is_ours |= is_one_of("all", text, size) ||
				is_one_of(reading->region, text, size);
		text += size;
		text += strspn(text, BLANKS);
	}
	return count > 0;
}

static void add_day(struct reading *reading, const struct civil *civil)
{
	struct holidays *all = &reading->all;

	all->days = arena_grow(reading->arena, all->days, all->count,
			       &reading->room, sizeof(*all->days));
	all->days[all->count++] =
	    civil_days(civil->year, civil->month, civil->day);
	if (civil->year > all->last_year)
		all->last_year = civil->year;
}

static bool read_line(struct reading *reading, char *line)
{
	const char *colon = strchr(line, ':');
	char date[CIVIL_DATE_SIZE] = "";
	struct civil civil;
	bool is_ours;

	if (strcspn(line, BLANKS) == DATE_LENGTH)
		memcpy(date, line, DATE_LENGTH);
	if (!civil_parse_date(date, &civil))
		return complain(reading, "begins with no date; write "
					 "\"2027-05-03 all: Early May bank "
					 "holiday\"");
	if (!colon || text_is_empty(colon + 1))
		return complain(reading, "has no colon with the day's name "
					 "behind it");
	if (!read_regions(reading, line + DATE_LENGTH, &is_ours))
		return complain(reading, "between date and colon stand regions:"
					 " england-and-wales, scotland, "
					 "northern-ireland, or all");
	if (is_ours)
		add_day(reading, &civil);
	return true;
}

static void read_lines(struct reading *reading, char *text)
{
	while (*text) {
		size_t size = strcspn(text, "\n");
		bool is_last = text[size] == '\0';

		text[size] = '\0';
		reading->line++;
		char *line = text_trim(text);
		if (*line && *line != '#')
			read_line(reading, line);
		text += size + !is_last;
	}
}

static int compare_days(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

static void sort(struct holidays *all)
{
	size_t kept = 0;

	if (all->count == 0)
		return;
	qsort(all->days, all->count, sizeof(*all->days), compare_days);
	for (size_t i = 0; i < all->count; i++)
		if (kept == 0 || all->days[kept - 1] != all->days[i])
			all->days[kept++] = all->days[i];
	all->count = kept;
}

bool holidays_parse(const char *file_name, const char *text, size_t size,
		    const char *region, struct arena *arena,
		    struct holidays *ret, struct problems *problems)
{
	struct reading reading = {
	    .file_name = file_name,
	    .region = region,
	    .arena = arena,
	    .problems = problems,
	};
	size_t before = problems->count;

	if (size > HOLIDAYS_MAX_SIZE)
		return problems_add(problems, file_name, 0,
				    "has %zu bytes; at most %d are allowed",
				    size, HOLIDAYS_MAX_SIZE);
	if (!text_is_utf8(text, size, NULL))
		return problems_add(problems, file_name, 0, "is not UTF-8");
	read_lines(&reading, arena_strndup(arena, text, size));
	reading.line = 0;
	if (problems->count == before && reading.all.count == 0)
		problems_add(problems, file_name, 0, "has no holiday of %s",
			     region);
	if (problems->count > before)
		return false;
	sort(&reading.all);
	*ret = reading.all;
	return true;
}

bool holidays_is_working_day(const struct holidays *holidays, int64_t day)
{
	int weekday = civil_weekday(day);

	if (weekday == 0 || weekday == 6)
		return false;
	return !holidays || holidays->count == 0 ||
	       !bsearch(&day, holidays->days, holidays->count,
			sizeof(*holidays->days), compare_days);
}

int64_t holidays_working_day(const struct holidays *holidays, int64_t day)
{
	while (!holidays_is_working_day(holidays, day))
		day++;
	return day;
}
