/* C++, because the library is; nothing of it crosses the header. */
#include <string>

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

extern "C" {
#include "base/err.h"
#include "tools/zone.h"
}

struct zone {
	absl::TimeZone rules;
};

/* The name goes into a path: only what the names of tzdata are made of. Zones
 * below right/ count leap seconds, which nothing else here does. */
static bool is_name(const std::string &name)
{
	return !name.empty() && name.size() <= 64 && name[0] != '/' &&
	       name.find("..") == std::string::npos &&
	       name.compare(0, 6, "right/") != 0 &&
	       name.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-/") == std::string::npos;
}

extern "C" struct zone *zone_open(const char *name, struct err *err)
{
	struct zone *zone = new struct zone;

	if (is_name(name) && absl::LoadTimeZone(name, &zone->rules))
		return zone;
	err_set(err, ERR_INPUT,
		"\"%s\" is no time zone that this system knows: write a name "
		"of the tz database, such as Europe/London (package tzdata)",
		name);
	delete zone;
	return nullptr;
}

extern "C" void zone_close(struct zone *zone)
{
	delete zone;
}

extern "C" int64_t zone_to_utc(const struct zone *zone,
			       const struct civil *civil)
{
	absl::CivilSecond local(civil->year, civil->month, civil->day,
				civil->hour, civil->minute, civil->second);

	/* .pre reckons with the offset before the change: in spring that moves
	 * the missing time forward by the gap, in autumn it is the first */
	return absl::ToUnixSeconds(zone->rules.At(local).pre);
}

extern "C" struct civil zone_from_utc(const struct zone *zone, int64_t utc)
{
	absl::CivilSecond local = zone->rules.At(absl::FromUnixSeconds(utc)).cs;

	return {static_cast<int>(local.year()),
		local.month(),
		local.day(),
		local.hour(),
		local.minute(),
		local.second()};
}
