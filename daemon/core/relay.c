#include "core/relay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The minute that is under way, and all that touch the last 24 hours. */
#define BUCKETS (RELAY_DAY_MINUTES + 2)

struct relay {
	int64_t in_flight;

	/* the last minute: when mails ended, oldest first, in a ring */
	int64_t per_minute;
	int64_t *ended_ms;
	size_t first, ended;

	/* the last day: mails that ended in each minute, in a ring */
	int64_t per_day, day_sum, day_minute;
	int64_t buckets[BUCKETS];

	/* the breaker */
	int failures;
	bool is_broken, is_probing;
	int64_t pause_ms, probe_at_ms;
};

struct relay *relay_new(int64_t per_minute, int64_t per_day)
{
	struct relay *relay = xcalloc(1, sizeof(*relay));

	assert(per_minute >= 0 && per_day >= 0);
	relay->per_minute = per_minute;
	relay->per_day = per_day;
	if (per_minute > 0)
		relay->ended_ms =
		    xcalloc((size_t)per_minute, sizeof(*relay->ended_ms));
	return relay;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	free(relay->ended_ms);
	free(relay);
}

void relay_forgive(struct relay *relay)
{
	assert(relay->in_flight == 0);
	relay->failures = 0;
	relay->is_broken = relay->is_probing = false;
}

bool relay_has_caps(const struct relay *relay, int64_t per_minute,
		    int64_t per_day)
{
	return relay->per_minute == per_minute && relay->per_day == per_day;
}

/* --- the caps */

static void forget_minute(struct relay *relay, int64_t now_ms)
{
	/* more than 60 s: either time may have been cut to its millisecond */
	while (relay->ended > 0 &&
	       now_ms - relay->ended_ms[relay->first] > RELAY_MINUTE_MS) {
		relay->first = (relay->first + 1) % (size_t)relay->per_minute;
		relay->ended--;
	}
}

static int64_t *bucket(struct relay *relay, int64_t minute)
{
	return &relay->buckets[((minute % BUCKETS) + BUCKETS) % BUCKETS];
}

static void forget_day(struct relay *relay, int64_t now_ms)
{
	int64_t minute = now_ms / RELAY_MINUTE_MS;

	if (minute - relay->day_minute >= BUCKETS) {
		memset(relay->buckets, 0, sizeof(relay->buckets));
		relay->day_sum = 0;
		relay->day_minute = minute;
	}
	while (relay->day_minute < minute) {
		int64_t *oldest = bucket(relay, ++relay->day_minute);

		relay->day_sum -= *oldest;
		*oldest = 0;
	}
}

static void add_ended(struct relay *relay, int64_t mails, int64_t ended_ms,
		      int64_t now_ms)
{
	forget_day(relay, now_ms);
	*bucket(relay, ended_ms / RELAY_MINUTE_MS) += mails;
	relay->day_sum += mails;
	forget_minute(relay, now_ms);
	if (now_ms - ended_ms > RELAY_MINUTE_MS)
		return;
	for (; mails > 0 && relay->ended < (size_t)relay->per_minute; mails--)
		relay->ended_ms[(relay->first + relay->ended++) %
				(size_t)relay->per_minute] = ended_ms;
}

void relay_recall(struct relay *relay, int64_t mails, int64_t ago_ms,
		  int64_t now_ms)
{
	if (ago_ms / RELAY_MINUTE_MS <= RELAY_DAY_MINUTES)
		add_ended(relay, mails, now_ms - ago_ms, now_ms);
}

static int64_t left_in_minute(struct relay *relay, int64_t now_ms)
{
	forget_minute(relay, now_ms);
	return relay->per_minute - relay->in_flight - (int64_t)relay->ended;
}

static int64_t left_in_day(struct relay *relay, int64_t now_ms)
{
	forget_day(relay, now_ms);
	return relay->per_day - relay->in_flight - relay->day_sum;
}

static size_t left(struct relay *relay, int64_t now_ms)
{
	int64_t least = INT64_MAX, these;

	if (relay->per_minute > 0) {
		these = left_in_minute(relay, now_ms);
		least = these < least ? these : least;
	}
	if (relay->per_day > 0) {
		these = left_in_day(relay, now_ms);
		least = these < least ? these : least;
	}
	return least > 0 ? (size_t)least : 0;
}

size_t relay_room(struct relay *relay, int64_t now_ms)
{
	size_t room = left(relay, now_ms);

	if (!relay->is_broken)
		return room;
	if (relay->is_probing || now_ms < relay->probe_at_ms)
		return 0;
	return room > 0 ? 1 : 0;
}

/* when the first of the minutes that count leaves the last 24 hours */
static int64_t day_room_at(struct relay *relay)
{
	for (int64_t minute = relay->day_minute - BUCKETS + 1;
	     minute <= relay->day_minute; minute++)
		if (*bucket(relay, minute) > 0)
			return (minute + BUCKETS) * RELAY_MINUTE_MS;
	return INT64_MAX;
}

int64_t relay_room_at(struct relay *relay, int64_t now_ms)
{
	int64_t at = now_ms, these;

	if (relay->is_broken)
		at = relay->is_probing ? INT64_MAX : relay->probe_at_ms;
	if (relay->per_minute > 0 && left_in_minute(relay, now_ms) <= 0) {
		these = relay->ended > 0 ? relay->ended_ms[relay->first] +
					       RELAY_MINUTE_MS + 1
					 : INT64_MAX;
		at = these > at ? these : at;
	}
	if (relay->per_day > 0 && left_in_day(relay, now_ms) <= 0) {
		these = day_room_at(relay);
		at = these > at ? these : at;
	}
	return at;
}

/* --- mails */

bool relay_begin(struct relay *relay, int64_t now_ms)
{
	assert(relay_room(relay, now_ms) > 0);
	relay->in_flight++;
	relay->is_probing = relay->is_broken;
	return relay->is_broken;
}

static enum relay_change answered(struct relay *relay)
{
	bool was_broken = relay->is_broken;

	relay->failures = 0;
	relay->is_broken = false;
	relay->pause_ms = 0;
	return was_broken ? RELAY_MENDED : RELAY_SAME;
}

static enum relay_change failed(struct relay *relay, bool is_probe,
				int64_t now_ms)
{
	relay->failures++;
	if (relay->is_broken && is_probe) {
		relay->pause_ms *= 2;
		if (relay->pause_ms > RELAY_PAUSE_MOST_MS)
			relay->pause_ms = RELAY_PAUSE_MOST_MS;
		relay->probe_at_ms = now_ms + relay->pause_ms;
	}
	if (relay->is_broken || relay->failures < RELAY_FAILURES)
		return RELAY_SAME;
	relay->is_broken = true;
	relay->pause_ms = RELAY_PAUSE_FIRST_MS;
	relay->probe_at_ms = now_ms + relay->pause_ms;
	return RELAY_BROKE;
}

enum relay_change relay_end(struct relay *relay, bool is_probe,
			    enum relay_end end, int64_t now_ms)
{
	assert(relay->in_flight > 0);
	relay->in_flight--;
	if (is_probe)
		relay->is_probing = false;
	if (end == RELAY_UNUSED)
		return RELAY_SAME;
	add_ended(relay, 1, now_ms, now_ms);
	return end == RELAY_ANSWERED ? answered(relay)
				     : failed(relay, is_probe, now_ms);
}

void relay_put_off(struct relay *relay, int64_t wait_ms, int64_t now_ms)
{
	if (wait_ms > RELAY_PAUSE_MOST_MS)
		wait_ms = RELAY_PAUSE_MOST_MS;
	if (relay->probe_at_ms < now_ms + wait_ms)
		relay->probe_at_ms = now_ms + wait_ms;
}

/* --- questions */

bool relay_is_broken(const struct relay *relay)
{
	return relay->is_broken;
}

int relay_failures(const struct relay *relay)
{
	return relay->failures;
}

int64_t relay_probe_at(const struct relay *relay)
{
	return relay->probe_at_ms;
}

size_t relay_choose(struct relay *const *relays, size_t count, size_t avoid,
		    int64_t now_ms)
{
	for (size_t i = 0; i < count; i++) {
		struct relay *relay = relays[i];

		if (!relay || i == avoid || relay->is_broken)
			continue;
		if (relay->per_day == 0 || left_in_day(relay, now_ms) > 0)
			return i;
	}
	return count;
}
