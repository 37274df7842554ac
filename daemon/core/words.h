#ifndef CORE_WORDS_H
#define CORE_WORDS_H

/*
 * Times, dates and sizes as people read them in mails, pages and reports. Pure
 * functions, any thread.
 *
 *	char text[WORDS_SIZE];
 *	words_time(zone, acknowledged_at, text);
 *	"Recorded, on " text: "Recorded, on Sunday 22 November 2026 at 14:03"
 */
#include <stdint.h>

struct zone;

#define WORDS_SIZE 64

/* "Sunday 22 November 2026 at 14:03" in the zone */
void words_time(const struct zone *zone, int64_t utc, char ret[WORDS_SIZE]);

/* "Sunday 22 November 2026" in the zone */
void words_day(const struct zone *zone, int64_t utc, char ret[WORDS_SIZE]);

/* The day of a deadline: one that ends at midnight belongs to the day before.
 */
void words_deadline(const struct zone *zone, int64_t due_at,
		    char ret[WORDS_SIZE]);

/* "22 November 2026" for "2026-11-22"; what is no date stays as it is, cut to
 * fit. */
void words_date(const char *date, char ret[WORDS_SIZE]);

/* "640 bytes", "83 KB", "2.4 MB": 1 KB is 1,000 bytes */
void words_bytes(int64_t size, char ret[WORDS_SIZE]);

/* "12/20, 60%", or "-" where the denominator is 0. Never 100% unless all, never
 * 0% unless none. */
void words_share(int64_t part, int64_t whole, char ret[WORDS_SIZE]);

/* An agency's key as a name: "Social care" for "social-care". What is written
 * as people write it ("Avon Vale Police") stays. */
#define WORDS_AGENCY_SIZE 128
void words_agency(const char *agency, char ret[WORDS_AGENCY_SIZE]);

/* "PDF" for "application/pdf"; "file" for a media type that has no short name
 */
const char *words_type(const char *media_type);

#endif
