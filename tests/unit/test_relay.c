#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/relay.h"

#define MINUTE RELAY_MINUTE_MS
#define DAY (RELAY_DAY_MINUTES * MINUTE)

/* --- the breaker */

static enum relay_change try_one(struct relay *relay, enum relay_end end,
				 int64_t now)
{
	bool is_probe = relay_begin(relay, now);

	return relay_end(relay, is_probe, end, now);
}

static void f10_a_few_failures_in_a_row_break_it(void **state)
{
	struct relay *relay = relay_new(0, 0);

	(void)state;
	for (int i = 1; i < RELAY_FAILURES; i++)
		assert_int_equal(try_one(relay, RELAY_FAILED, 0), RELAY_SAME);
	assert_false(relay_is_broken(relay));
	/* an answer begins the count anew */
	assert_int_equal(try_one(relay, RELAY_ANSWERED, 0), RELAY_SAME);
	for (int i = 1; i < RELAY_FAILURES; i++)
		assert_int_equal(try_one(relay, RELAY_FAILED, 0), RELAY_SAME);
	assert_int_equal(try_one(relay, RELAY_FAILED, 0), RELAY_BROKE);
	assert_true(relay_is_broken(relay));
	assert_int_equal(relay_failures(relay), RELAY_FAILURES);
	assert_int_equal(relay_room(relay, 0), 0);
	relay_free(relay);
	relay_free(NULL);
}

static void break_it(struct relay *relay, int64_t now)
{
	for (int i = 0; i < RELAY_FAILURES; i++)
		try_one(relay, RELAY_FAILED, now);
	assert_true(relay_is_broken(relay));
}

static void f10_one_mail_tries_it_and_mends_it(void **state)
{
	struct relay *relay = relay_new(0, 0);
	int64_t at = RELAY_PAUSE_FIRST_MS;

	(void)state;
	break_it(relay, 0);
	assert_int_equal(relay_room_at(relay, 0), at);
	assert_int_equal(relay_room(relay, at - 1), 0);
	assert_int_equal(relay_room(relay, at), 1);
	assert_true(relay_begin(relay, at));
	assert_int_equal(relay_room(relay, at), 0);
	assert_int_equal(relay_room_at(relay, at), INT64_MAX);
	assert_int_equal(relay_end(relay, true, RELAY_ANSWERED, at + 9),
			 RELAY_MENDED);
	assert_true(relay_room(relay, at + 9) > 1000);
	assert_int_equal(relay_failures(relay), 0);
	relay_free(relay);
}

static void f20_the_pause_grows(void **state)
{
	struct relay *relay = relay_new(0, 0);
	int64_t now = 0, pause = RELAY_PAUSE_FIRST_MS;

	(void)state;
	for (int round = 0; round < 2; round++) {
		break_it(relay, now);
		for (int i = 0; i < 12; i++) {
			assert_int_equal(relay_probe_at(relay) - now, pause);
			now += pause;
			assert_int_equal(try_one(relay, RELAY_FAILED, now),
					 RELAY_SAME);
			pause = pause * 2 > RELAY_PAUSE_MOST_MS
				    ? RELAY_PAUSE_MOST_MS
				    : pause * 2;
		}
		assert_int_equal(pause, RELAY_PAUSE_MOST_MS);
		now += pause;
		assert_int_equal(try_one(relay, RELAY_ANSWERED, now),
				 RELAY_MENDED);
		pause = RELAY_PAUSE_FIRST_MS; /* mended, it starts anew */
	}
	relay_free(relay);
}

static void f30_mails_that_were_under_way_when_it_broke(void **state)
{
	struct relay *relay = relay_new(0, 0);

	(void)state;
	for (int i = 0; i < 5; i++)
		relay_begin(relay, 0);
	for (int i = 0; i < 3; i++)
		relay_end(relay, false, RELAY_FAILED, 100);
	/* one more failure is no probe's, and moves nothing */
	assert_int_equal(relay_end(relay, false, RELAY_FAILED, 200),
			 RELAY_SAME);
	assert_int_equal(relay_probe_at(relay), 100 + RELAY_PAUSE_FIRST_MS);
	/* an answer proves that it works, probe or not */
	assert_int_equal(relay_end(relay, false, RELAY_ANSWERED, 300),
			 RELAY_MENDED);
	relay_free(relay);
}

static void f30_a_probe_that_was_not_sent(void **state)
{
	struct relay *relay = relay_new(0, 0);
	int64_t at = RELAY_PAUSE_FIRST_MS;

	(void)state;
	break_it(relay, 0);
	assert_int_equal(try_one(relay, RELAY_UNUSED, at), RELAY_SAME);
	assert_true(relay_is_broken(relay));
	assert_int_equal(relay_room(relay, at), 1);
	relay_free(relay);
}

static void f30_a_relay_says_when_it_wants_mail_again(void **state)
{
	struct relay *relay = relay_new(0, 0);

	(void)state;
	break_it(relay, 1000);
	relay_put_off(relay, 0, 1000);
	assert_int_equal(relay_probe_at(relay), 1000 + RELAY_PAUSE_FIRST_MS);
	relay_put_off(relay, 60 * 1000, 1000);
	assert_int_equal(relay_probe_at(relay), 61 * 1000);
	relay_put_off(relay, 24 * 3600 * 1000, 1000);
	assert_int_equal(relay_probe_at(relay), 1000 + RELAY_PAUSE_MOST_MS);
	relay_free(relay);
}

static void f30_a_person_may_have_mended_it(void **state)
{
	struct relay *relay = relay_new(4, 9);

	(void)state;
	break_it(relay, 0);
	relay_forgive(relay);
	assert_false(relay_is_broken(relay));
	assert_int_equal(relay_failures(relay), 0);
	assert_int_equal(relay_room(relay, 0), 1); /* the cap stays */
	assert_true(relay_has_caps(relay, 4, 9));
	assert_false(relay_has_caps(relay, 4, 8));
	relay_free(relay);
}

/* --- the caps */

static void f10_so_many_in_a_minute(void **state)
{
	struct relay *relay = relay_new(2, 0);

	(void)state;
	assert_int_equal(relay_room(relay, 0), 2);
	relay_begin(relay, 0);
	assert_int_equal(relay_room(relay, 10), 1);
	relay_begin(relay, 10);
	assert_int_equal(relay_room(relay, 20), 0);
	assert_int_equal(relay_room_at(relay, 20), INT64_MAX);
	relay_end(relay, false, RELAY_ANSWERED, 50);
	assert_int_equal(relay_room(relay, 50), 0);
	assert_int_equal(relay_room_at(relay, 50), 50 + MINUTE + 1);
	/* what is still under way counts as long as that takes */
	assert_int_equal(relay_room(relay, 50 + MINUTE), 0);
	assert_int_equal(relay_room(relay, 51 + MINUTE), 1);
	/* what was not sent after all leaves its place */
	relay_begin(relay, 51 + MINUTE);
	relay_end(relay, false, RELAY_UNUSED, 52 + MINUTE);
	assert_int_equal(relay_room(relay, 52 + MINUTE), 1);
	relay_free(relay);
}

#define EVENTS 4000

static int64_t chance(int64_t limit)
{
	return random() % limit;
}

static int compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

/* The most that any 60 s hold, both ends among them. */
static size_t most_in_a_minute(int64_t *seen, size_t count)
{
	size_t most = 0, first = 0;

	qsort(seen, count, sizeof(*seen), compare);
	for (size_t i = 0; i < count; i++) {
		while (seen[i] - seen[first] > MINUTE)
			first++;
		most = i - first + 1 > most ? i - first + 1 : most;
	}
	return most;
}

struct flight {
	int64_t seen_ms, end_ms; /* seen: by the relay's clock */
	bool is_open, is_probe;
};

/* Senders of all speeds for some hours; each mail is seen by the relay at some
 * time between its begin and its end. */
static void play(int64_t per_minute, int64_t slowest_ms, size_t senders)
{
	struct relay *relay = relay_new(per_minute, 0);
	struct flight flights[16] = {0};
	static int64_t seen[EVENTS];
	int64_t now = chance(100000), began = now;
	size_t count = 0, open = 0;

	while (count + senders < EVENTS) {
		int64_t next = now + 1 + chance(400);

		for (size_t i = 0; i < senders; i++) {
			struct flight *flight = &flights[i];

			if (!flight->is_open || flight->end_ms > now)
				continue;
			enum relay_end end = chance(9)   ? RELAY_ANSWERED
					     : chance(2) ? RELAY_FAILED
							 : RELAY_UNUSED;
			relay_end(relay, flight->is_probe, end, now);
			flight->is_open = false;
			open--;
			if (end != RELAY_UNUSED)
				seen[count++] = flight->seen_ms;
		}
		for (size_t i = 0; i < senders; i++) {
			struct flight *flight = &flights[i];

			if (flight->is_open || relay_room(relay, now) == 0)
				continue;
			flight->is_probe = relay_begin(relay, now);
			flight->end_ms = now + chance(slowest_ms);
			flight->seen_ms =
			    now + chance(flight->end_ms - now + 1);
			flight->is_open = true;
			open++;
		}
		/* nothing to wait for but a time: go there */
		if (open == 0 && relay_room_at(relay, now) < INT64_MAX &&
		    relay_room_at(relay, now) > next)
			next = relay_room_at(relay, now);
		now = next;
	}
	size_t most = most_in_a_minute(seen, count);
	if (most > (size_t)per_minute)
		fail_msg("%zu within a minute, %lld are allowed", most,
			 (long long)per_minute);
	/* and the cap is used: fast mails come near it in every minute */
	if (slowest_ms <= 200 && (now - began) / MINUTE > 2) {
		double each = (double)count / (double)(now - began) * MINUTE;

		if (each < 0.85 * (double)per_minute)
			fail_msg("%.2f a minute, %lld are allowed", each,
				 (long long)per_minute);
	}
	relay_free(relay);
}

static void f20_no_minute_holds_more_than_its_cap(void **state)
{
	static const int64_t caps[] = {1, 2, 3, 7, 30, 200};
	static const int64_t slowest[] = {1, 200, 5000, 90000};
	static const size_t senders[] = {1, 4, 16};

	(void)state;
	srandom(7);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 4; j++)
			for (size_t k = 0; k < 3; k++)
				play(caps[i], slowest[j], senders[k]);
}

static void f10_so_many_in_a_day(void **state)
{
	struct relay *relay = relay_new(0, 3);
	int64_t now = 5 * DAY + 30000;

	(void)state;
	relay_begin(relay, now);
	assert_int_equal(relay_room(relay, now), 2);
	relay_end(relay, false, RELAY_ANSWERED, now);
	relay_recall(relay, 1, DAY / 2, now);
	relay_recall(relay, 5, 2 * DAY, now); /* long ago */
	assert_int_equal(relay_room(relay, now), 1);
	try_one(relay, RELAY_ANSWERED, now);
	assert_int_equal(relay_room(relay, now), 0);
	int64_t at = relay_room_at(relay, now);
	assert_true(at >= now + DAY / 2 && at <= now + DAY / 2 + 2 * MINUTE);
	assert_int_equal(relay_room(relay, at - 1), 0);
	assert_int_equal(relay_room(relay, at), 1);
	assert_int_equal(relay_room(relay, now + DAY - 1), 1);
	assert_int_equal(relay_room(relay, now + DAY + 2 * MINUTE), 3);
	assert_int_equal(relay_room(relay, now + 9 * DAY), 3);
	relay_free(relay);
}

static void f20_no_day_holds_more_than_its_cap(void **state)
{
	static int64_t seen[EVENTS];
	const size_t cap = 40;
	struct relay *relay = relay_new(0, (int64_t)cap);
	int64_t now = 12345;
	size_t count = 0;

	(void)state;
	srandom(8);
	while (count < EVENTS) {
		if (relay_room(relay, now) == 0) {
			now = relay_room_at(relay, now);
			assert_true(relay_room(relay, now) > 0);
		}
		try_one(relay, RELAY_ANSWERED, now);
		seen[count++] = now;
		if (count > cap)
			assert_true(now - seen[count - 1 - cap] > DAY);
		now += chance(40 * MINUTE);
	}
	relay_free(relay);
}

static void f30_a_restart_forgets_no_minute(void **state)
{
	struct relay *relay = relay_new(3, 10);

	(void)state;
	relay_recall(relay, 2, 20 * 1000, 90000);
	assert_int_equal(relay_room(relay, 90000), 1);
	assert_int_equal(relay_room(relay, 90000 + 40001), 3);
	/* of a cap that was higher */
	relay_recall(relay, 100, 0, 90000 + 40001);
	assert_int_equal(relay_room(relay, 90000 + 40001), 0);
	assert_int_equal(relay_room(relay, 90000 + 100002), 0); /* the day's */
	relay_free(relay);
}

static void f30_a_probe_keeps_the_caps(void **state)
{
	struct relay *relay = relay_new(RELAY_FAILURES, 0);

	(void)state;
	break_it(relay, 0);
	assert_int_equal(relay_room(relay, RELAY_PAUSE_FIRST_MS), 0);
	assert_int_equal(relay_room_at(relay, RELAY_PAUSE_FIRST_MS),
			 MINUTE + 1);
	assert_int_equal(relay_room(relay, MINUTE + 1), 1);
	relay_free(relay);
}

/* --- which one */

static void f10_the_first_that_is_in_order(void **state)
{
	struct relay *relays[] = {relay_new(1, 0), relay_new(0, 1),
				  relay_new(0, 0)};

	(void)state;
	assert_int_equal(relay_choose(relays, 3, 3, 0), 0);
	assert_int_equal(relay_choose(relays, 3, 0, 0), 1);
	/* full for the minute: it is waited for */
	try_one(relays[0], RELAY_FAILED, 0);
	assert_int_equal(relay_room(relays[0], 0), 0);
	assert_int_equal(relay_choose(relays, 3, 3, 0), 0);
	try_one(relays[0], RELAY_FAILED, 70000);
	try_one(relays[0], RELAY_FAILED, 140000);
	assert_int_equal(relay_choose(relays, 3, 3, 140000), 1);
	/* full for the day: the next */
	try_one(relays[1], RELAY_ANSWERED, 140000);
	assert_int_equal(relay_choose(relays, 3, 3, 140000), 2);
	assert_int_equal(relay_choose(relays, 3, 2, 140000), 3);
	break_it(relays[2], 140000);
	assert_int_equal(relay_choose(relays, 3, 3, 140000), 3);
	for (size_t i = 0; i < 3; i++)
		relay_free(relays[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_a_few_failures_in_a_row_break_it),
	    cmocka_unit_test(f10_one_mail_tries_it_and_mends_it),
	    cmocka_unit_test(f20_the_pause_grows),
	    cmocka_unit_test(f30_mails_that_were_under_way_when_it_broke),
	    cmocka_unit_test(f30_a_probe_that_was_not_sent),
	    cmocka_unit_test(f30_a_relay_says_when_it_wants_mail_again),
	    cmocka_unit_test(f30_a_person_may_have_mended_it),
	    cmocka_unit_test(f10_so_many_in_a_minute),
	    cmocka_unit_test(f20_no_minute_holds_more_than_its_cap),
	    cmocka_unit_test(f10_so_many_in_a_day),
	    cmocka_unit_test(f20_no_day_holds_more_than_its_cap),
	    cmocka_unit_test(f30_a_restart_forgets_no_minute),
	    cmocka_unit_test(f30_a_probe_keeps_the_caps),
	    cmocka_unit_test(f10_the_first_that_is_in_order),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
