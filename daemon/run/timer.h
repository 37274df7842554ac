#ifndef RUN_TIMER_H
#define RUN_TIMER_H

/*
 * Timers and deferred work over sd-event, in relative monotonic time: a jump
 * of the wall clock neither fires nor starves them. Each belongs to the module
 * that made it.
 */
#include <stdint.h>

struct sd_event;
struct timer;

/* Off until set. work runs once for each timer_set. */
struct timer *timer_new(struct sd_event *loop, void (*work)(void *context),
			void *context);
/* In so many milliseconds from now; 0: in this turn of the loop, after what is
 * waiting already. A later call replaces an earlier one. */
void timer_set(struct timer *timer, int64_t delay_ms);
/* The same, unless it is set to fire sooner. */
void timer_set_sooner(struct timer *timer, int64_t delay_ms);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer); /* accepts NULL */

#endif
