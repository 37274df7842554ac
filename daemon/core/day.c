#include "core/day.h"

#include "base/civil.h"
#include "core/settings.h"
#include "tools/zone.h"

int64_t day_of(const struct settings *settings, int64_t utc)
{
	struct civil civil = zone_from_utc(settings->zone, utc);

	return civil_days(civil.year, civil.month, civil.day);
}

int64_t day_start(const struct settings *settings, int64_t day)
{
	struct civil civil = civil_from_days(day);

	return zone_to_utc(settings->zone, &civil);
}

int64_t day_due(const struct settings *settings, int64_t due_at)
{
	return day_of(settings, due_at - 1);
}
