/* How each relay stands, for status. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/relay_record.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/json.h"

/* what the settings say of a relay that the daemon has; NULL: no longer */
static const struct relay_settings *find(const struct settings *settings,
					 const char *name)
{
	for (size_t i = 0; i < settings->relay_count; i++)
		if (strcmp(settings->relays[i].name, name) == 0)
			return &settings->relays[i];
	return NULL;
}

static const char *state_of(const struct relay_standing *relay,
			    const struct relay_settings *settings)
{
	if (relay->is_broken)
		return "broken";
	if (settings && settings->messages_per_day > 0 &&
	    relay->in_day >= settings->messages_per_day)
		return "capped";
	return "working";
}

static void print_count(const char *when, int64_t count, int64_t cap)
{
	printf(", %" PRId64, count);
	if (cap > 0)
		printf(" of %" PRId64, cap);
	printf(" in %s", when);
}

static void print_broken(struct ctl *ctl, const struct relay_standing *relay)
{
	int64_t wait = relay->probe_at - ctl->now;

	printf("out of order since %s, %d failures: %s; tried again ",
	       ctl_time(ctl, relay->since_at), relay->failures, relay->trouble);
	if (wait > 0)
		printf("in %" PRId64 " s", wait);
	else
		printf("with the next mail");
}

void ctl_print_relay(struct ctl *ctl, const struct relay_standing *relay)
{
	const struct relay_settings *settings =
	    find(ctl->settings, relay->name);
	const char *state = state_of(relay, settings);

	printf("relay      %s: ", relay->name);
	if (relay->is_broken)
		print_broken(ctl, relay);
	else
		printf("%s", strcmp(state, "capped") == 0
				 ? "has had its mails of a day"
				 : state);
	print_count("the last minute", relay->in_minute,
		    settings ? settings->messages_per_minute : 0);
	print_count("24 hours", relay->in_day,
		    settings ? settings->messages_per_day : 0);
	putchar('\n');
}

void ctl_print_relays(struct ctl *ctl, const struct relay_standing *relays,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		ctl_print_relay(ctl, &relays[i]);
}

static struct json_value *relay_json(const struct relay_standing *relay,
				     const struct relay_settings *settings)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "name", relay->name);
	json_map_text(map, "state", state_of(relay, settings));
	json_map_integer(map, "since_at", relay->since_at);
	if (relay->is_broken) {
		json_map_integer(map, "failures", relay->failures);
		json_map_integer(map, "probe_at", relay->probe_at);
		json_map_text(map, "trouble", relay->trouble);
	}
	json_map_integer(map, "last_minute", relay->in_minute);
	json_map_integer(map, "last_day", relay->in_day);
	if (settings && settings->messages_per_minute > 0)
		json_map_integer(map, "per_minute",
				 settings->messages_per_minute);
	if (settings && settings->messages_per_day > 0)
		json_map_integer(map, "per_day", settings->messages_per_day);
	return map;
}

struct json_value *ctl_relays_json(const struct ctl *ctl,
				   const struct relay_standing *relays,
				   size_t count)
{
	struct json_value *list = json_list_new();

	for (size_t i = 0; i < count; i++)
		json_list_put(list,
			      relay_json(&relays[i],
					 find(ctl->settings, relays[i].name)));
	return list;
}
