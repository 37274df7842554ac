#ifndef RUN_LOOP_H
#define RUN_LOOP_H

/*
 * The loop itself. Nothing may keep it from the next work for long, so a turn
 * that took more than 5 ms is told at the debug level: "long turn ms=12.3",
 * with the durable commit in it.
 */
struct sd_event;

/* Until sd_event_exit: its code, or a negative errno. */
int loop_run(struct sd_event *event);

#endif
