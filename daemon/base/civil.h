#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

/*
 * Dates of the proleptic Gregorian calendar and UTC seconds, as text (ISO
 * 8601) and number. Time zones are tools/calendar's. Years 1970 to 9999.
 */
#include <stdbool.h>
#include <stdint.h>

struct civil {
	int year, month, day;     /* month and day from 1 */
	int hour, minute, second; /* 0 in a plain date */
};

int64_t civil_days(int year, int month, int day); /* since 1970-01-01 */
int civil_weekday(int64_t days);                  /* 0 = Sunday */
struct civil civil_from_days(int64_t days);
struct civil civil_from_utc(int64_t seconds);
int64_t civil_to_utc(const struct civil *civil); /* read as UTC */

/* "2026-11-19"; false when the form or the day is wrong (2026-02-30) */
bool civil_parse_date(const char *text, struct civil *ret_civil);
/* a date, or "2026-11-23T08:00" with optional ":00"; no zone */
bool civil_parse_local(const char *text, struct civil *ret_civil);

#define CIVIL_DATE_SIZE 11 /* "2026-11-19" and NUL */
#define CIVIL_UTC_SIZE 21  /* "2026-11-19T08:00:00Z" and NUL */
void civil_format_date(const struct civil *civil, char ret[CIVIL_DATE_SIZE]);
void civil_format_utc(int64_t seconds, char ret[CIVIL_UTC_SIZE]);

#endif
