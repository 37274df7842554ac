#include "core/quiet.h"

#include <ctype.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "tools/zone.h"

#define MINUTE 60
#define DAY_MINUTES (24 * 60)

/* "07:30" of exactly five characters; -1: it is none */
static int parse_minutes(const char *text)
{
	if (!isdigit((unsigned char)text[0]) ||
	    !isdigit((unsigned char)text[1]) || text[2] != ':' ||
	    !isdigit((unsigned char)text[3]) ||
	    !isdigit((unsigned char)text[4]))
		return -1;
	int hour = (text[0] - '0') * 10 + text[1] - '0';
	int minute = (text[3] - '0') * 10 + text[4] - '0';
	return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

bool quiet_parse(const char *text, struct quiet *ret, struct err *err)
{
	struct quiet quiet = {0};

	if (*text) {
		bool is_long = strlen(text) == strlen("20:00-07:00");

		quiet.from = is_long ? parse_minutes(text) : -1;
		quiet.to =
		    is_long && text[5] == '-' ? parse_minutes(text + 6) : -1;
		if (quiet.from < 0 || quiet.to < 0 || quiet.from == quiet.to)
			return err_set(err, ERR_INPUT,
				       "is no part of a day; write it as "
				       "\"20:00-07:00\"");
	}
	*ret = quiet;
	return true;
}

static bool is_quiet(const struct quiet *quiet, const struct zone *zone,
		     int64_t at)
{
	struct civil civil = zone_from_utc(zone, at);
	int minute = civil.hour * 60 + civil.minute;

	if (quiet->from <= quiet->to)
		return minute >= quiet->from && minute < quiet->to;
	return minute >= quiet->from || minute < quiet->to;
}

int64_t quiet_until(const struct quiet *quiet, const struct zone *zone,
		    int64_t now)
{
	if (!is_quiet(quiet, zone, now))
		return 0;
	struct civil civil = zone_from_utc(zone, now);
	int left =
	    (quiet->to - (civil.hour * 60 + civil.minute) + DAY_MINUTES) %
	    DAY_MINUTES;
	int64_t end = now - civil.second + (int64_t)left * MINUTE;
	/* That is the end unless the clocks change until then: it is looked
	 * for from there, by the minute, in both directions. */
	while (is_quiet(quiet, zone, end))
		end += MINUTE;
	while (end - MINUTE > now && !is_quiet(quiet, zone, end - MINUTE))
		end -= MINUTE;
	return end;
}
