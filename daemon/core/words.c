#include "core/words.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"
#include "tools/calendar.h"

static const char *const weekdays[] = {"Sunday",    "Monday",   "Tuesday",
				       "Wednesday", "Thursday", "Friday",
				       "Saturday"};

static const char *const months[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

static const char *weekday(const struct civil *civil)
{
	return weekdays[civil_weekday(
	    civil_days(civil->year, civil->month, civil->day))];
}

void words_time(const struct zone *zone, int64_t utc, char ret[WORDS_SIZE])
{
	struct civil civil = zone_from_utc(zone, utc);

	snprintf(ret, WORDS_SIZE, "%s %d %s %d at %02d:%02d", weekday(&civil),
		 civil.day, months[civil.month - 1], civil.year, civil.hour,
		 civil.minute);
}

void words_day(const struct zone *zone, int64_t utc, char ret[WORDS_SIZE])
{
	struct civil civil = zone_from_utc(zone, utc);

	snprintf(ret, WORDS_SIZE, "%s %d %s %d", weekday(&civil), civil.day,
		 months[civil.month - 1], civil.year);
}

void words_deadline(const struct zone *zone, int64_t due_at,
		    char ret[WORDS_SIZE])
{
	words_day(zone, due_at - 1, ret);
}

void words_date(const char *date, char ret[WORDS_SIZE])
{
	struct civil civil;

	if (civil_parse_date(date, &civil))
		snprintf(ret, WORDS_SIZE, "%d %s %d", civil.day,
			 months[civil.month - 1], civil.year);
	else
		snprintf(ret, WORDS_SIZE, "%.*s",
			 (int)text_cut(date, strlen(date), WORDS_SIZE - 1),
			 date);
}

void words_bytes(int64_t size, char ret[WORDS_SIZE])
{
	if (size == 1)
		snprintf(ret, WORDS_SIZE, "1 byte");
	else if (size < 1000)
		snprintf(ret, WORDS_SIZE, "%d bytes", (int)size);
	else if (size < 999500)
		snprintf(ret, WORDS_SIZE, "%d KB", (int)((size + 500) / 1000));
	else
		snprintf(ret, WORDS_SIZE, "%.1f MB", (double)size / 1e6);
}

void words_share(int64_t part, int64_t whole, char ret[WORDS_SIZE])
{
	if (whole <= 0) {
		snprintf(ret, WORDS_SIZE, "-");
		return;
	}
	int64_t percent = (200 * part + whole) / (2 * whole);
	if (percent == 100 && part < whole)
		percent = 99;
	if (percent == 0 && part > 0)
		percent = 1;
	snprintf(ret, WORDS_SIZE, "%lld/%lld, %lld%%", (long long)part,
		 (long long)whole, (long long)percent);
}

void words_agency(const char *agency, char ret[WORDS_AGENCY_SIZE])
{
	size_t size = strnlen(agency, WORDS_AGENCY_SIZE - 1);

	while ((agency[size] & 0xc0) == 0x80) /* within a character */
		size--;
	memcpy(ret, agency, size);
	ret[size] = '\0';
	if (strspn(ret, "abcdefghijklmnopqrstuvwxyz0123456789-") != size)
		return;
	for (char *at = ret; (at = strchr(at, '-'));)
		*at = ' ';
	if (*ret >= 'a' && *ret <= 'z')
		*ret -= 'a' - 'A';
}

const char *words_type(const char *media_type)
{
	static const struct {
		const char *prefix, *name;
	} names[] = {
	    {"application/pdf", "PDF"},
	    {"application/vnd.openxmlformats-officedocument.wordprocessingml",
	     "Word"},
	    {"application/msword", "Word"},
	    {"application/vnd.openxmlformats-officedocument.spreadsheetml",
	     "Excel"},
	    {"application/vnd.ms-excel", "Excel"},
	    {"application/vnd.openxmlformats-officedocument.presentationml",
	     "PowerPoint"},
	    {"application/vnd.ms-powerpoint", "PowerPoint"},
	    {"application/vnd.oasis.opendocument", "OpenDocument"},
	    {"text/plain", "text"},
	    {"text/csv", "CSV"},
	    {"image/", "picture"},
	    {"audio/", "sound"},
	    {"video/", "film"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (text_starts(media_type, names[i].prefix))
			return names[i].name;
	return "file";
}
