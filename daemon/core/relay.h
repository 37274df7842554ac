#ifndef CORE_RELAY_H
#define CORE_RELAY_H

/*
 * What one relay may be given now, as a pure state machine: is it in order (a
 * circuit breaker with a probe), and what do its caps for a minute and a day
 * leave. now_ms is of any clock that never goes back. Owner: the caller, one
 * thread. In memory; core/relay_record keeps what must outlive the daemon.
 *
 *	size_t i = relay_choose(relays, count, count, now_ms);
 *	if (i < count && relay_room(relays[i], now_ms) > 0)
 *		is_probe = relay_begin(relays[i], now_ms);
 *	... the mail is sent ...
 *	relay_end(relays[i], is_probe, RELAY_ANSWERED, now_ms);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relay;

/* After so many failures in a row a relay counts as broken. It is tried again
 * with one mail after the first pause, and after twice as long each time that
 * fails, up to the longest. */
#define RELAY_FAILURES 3
#define RELAY_PAUSE_FIRST_MS (5 * 1000)
#define RELAY_PAUSE_MOST_MS (15 * 60 * 1000)

#define RELAY_MINUTE_MS (60 * 1000)
#define RELAY_DAY_MINUTES (24 * 60)

/* Caps of 0 are none. */
struct relay *relay_new(int64_t per_minute, int64_t per_day);
void relay_free(struct relay *relay); /* accepts NULL */

/* A person may have mended it: it counts as in order. None may be on its way.
 */
void relay_forgive(struct relay *relay);

/* Are these its caps? */
bool relay_has_caps(const struct relay *relay, int64_t per_minute,
		    int64_t per_day);

/* Tells of mails that ended before this state was made, so long ago. */
void relay_recall(struct relay *relay, int64_t mails, int64_t ago_ms,
		  int64_t now_ms);

/* How many mails may begin now: 1 when it is broken and the pause is over, 0
 * when it is broken otherwise or a cap is reached, else what the caps leave.
 *
 * The cap of a minute holds for every 60 s as the relay sees them: its clock
 * starts for a mail somewhere between begin and end, so a mail counts from its
 * begin until 60 s after its end. The cap of a day holds likewise for every 24
 * hours, in whole minutes. */
size_t relay_room(struct relay *relay, int64_t now_ms);

/* When there may be room again, while there is none: INT64_MAX when only the
 * end of a mail can make some. */
int64_t relay_room_at(struct relay *relay, int64_t now_ms);

/* A mail begins; there must be room. true: it is the probe of a broken relay,
 * which relay_end wants to be told. */
bool relay_begin(struct relay *relay, int64_t now_ms);

enum relay_end {
	RELAY_ANSWERED, /* whatever the answer: about the mail */
	RELAY_FAILED,   /* no connection, TLS or login, no answer, 421 */
	RELAY_UNUSED,   /* the mail was not handed to it after all */
};

enum relay_change { RELAY_SAME, RELAY_BROKE, RELAY_MENDED };

enum relay_change relay_end(struct relay *relay, bool is_probe,
			    enum relay_end end, int64_t now_ms);

/* The relay said for how long it wants no mail: the probe waits, up to the
 * longest pause. */
void relay_put_off(struct relay *relay, int64_t wait_ms, int64_t now_ms);

bool relay_is_broken(const struct relay *relay);
/* failures since it last answered */
int relay_failures(const struct relay *relay);
/* when a broken relay is tried next */
int64_t relay_probe_at(const struct relay *relay);

/* The relay that mails take now: the first in order that is neither broken nor
 * capped for the day, and not number avoid; NULL among them is one that can't
 * be used. One that is capped for the minute
 * is waited for. count: all are out. */
size_t relay_choose(struct relay *const *relays, size_t count, size_t avoid,
		    int64_t now_ms);

#endif
