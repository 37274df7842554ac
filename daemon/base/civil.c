#include "base/civil.h"

#include <stdio.h>
#include <string.h>

#define DAY_SECONDS 86400

/* Howard Hinnant's day count: years start in March, so that the leap day is
 * the last of its year; 400 years have 146,097 days. */
int64_t civil_days(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year =
	    (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 -
			     year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

struct civil civil_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct civil){
	    .year = (int)(yoe + era * 400 + (month <= 2)),
	    .month = month,
	    .day = (int)(doy - (153 * mp + 2) / 5 + 1),
	};
}

int civil_weekday(int64_t days)
{
	return (int)(((days + 4) % 7 + 7) % 7);
}

struct civil civil_from_utc(int64_t seconds)
{
	int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;

	if (rest < 0) {
		rest += DAY_SECONDS;
		days--;
	}
	struct civil civil = civil_from_days(days);
	civil.hour = (int)(rest / 3600);
	civil.minute = (int)(rest / 60 % 60);
	civil.second = (int)(rest % 60);
	return civil;
}

int64_t civil_to_utc(const struct civil *civil)
{
	return civil_days(civil->year, civil->month, civil->day) * DAY_SECONDS +
	       civil->hour * 3600 + civil->minute * 60 + civil->second;
}

/* reads exactly digits decimal digits */
static bool read_number(const char **text, int digits, int *ret_number)
{
	int number = 0;

	for (int i = 0; i < digits; i++) {
		char byte = (*text)[i];

		if (byte < '0' || byte > '9')
			return false;
		number = number * 10 + (byte - '0');
	}
	*text += digits;
	*ret_number = number;
	return true;
}

static bool read_byte(const char **text, char byte)
{
	if (**text != byte)
		return false;
	(*text)++;
	return true;
}

static bool read_date(const char **text, struct civil *civil)
{
	if (!read_number(text, 4, &civil->year) || !read_byte(text, '-') ||
	    !read_number(text, 2, &civil->month) || !read_byte(text, '-') ||
	    !read_number(text, 2, &civil->day))
		return false;
	if (civil->year < 1970 || civil->month < 1 || civil->month > 12 ||
	    civil->day < 1)
		return false;
	struct civil same =
	    civil_from_days(civil_days(civil->year, civil->month, civil->day));
	return same.month == civil->month;
}

bool civil_parse_date(const char *text, struct civil *ret_civil)
{
	struct civil civil = {0};

	if (!read_date(&text, &civil) || *text)
		return false;
	*ret_civil = civil;
	return true;
}

bool civil_parse_local(const char *text, struct civil *ret_civil)
{
	struct civil civil = {0};

	if (!read_date(&text, &civil))
		return false;
	if (*text) {
		if (!read_byte(&text, 'T') ||
		    !read_number(&text, 2, &civil.hour) ||
		    !read_byte(&text, ':') ||
		    !read_number(&text, 2, &civil.minute))
			return false;
		if (*text && (!read_byte(&text, ':') ||
			      !read_number(&text, 2, &civil.second)))
			return false;
	}
	if (*text || civil.hour > 23 || civil.minute > 59 || civil.second > 59)
		return false;
	*ret_civil = civil;
	return true;
}

void civil_format_date(const struct civil *civil, char ret[CIVIL_DATE_SIZE])
{
	char text[40];

	snprintf(text, sizeof(text), "%04d-%02d-%02d", civil->year,
		 civil->month, civil->day);
	memcpy(ret, text, CIVIL_DATE_SIZE);
	ret[CIVIL_DATE_SIZE - 1] = '\0';
}

void civil_format_utc(int64_t seconds, char ret[CIVIL_UTC_SIZE])
{
	struct civil civil = civil_from_utc(seconds);
	char text[80];

	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ",
		 civil.year, civil.month, civil.day, civil.hour, civil.minute,
		 civil.second);
	memcpy(ret, text, CIVIL_UTC_SIZE);
	ret[CIVIL_UTC_SIZE - 1] = '\0';
}
