#ifndef RUN_SERVING_H
#define RUN_SERVING_H

/*
 * The web server in the loop: its descriptor and its timer, and the part of
 * the turn that belongs to web/.
 */
#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct err;
struct serving_run;

/* Listens on web.listen, or on the socket that systemd passed. */
struct serving_run *serving_open(struct daemon *daemon, struct err *err);
void serving_close(struct serving_run *serving);

/* The daemon's settings or templates were replaced; call before the old ones
 * are freed. */
void serving_configure(struct serving_run *serving);

/* No new connections; what is open is answered. */
void serving_stop(struct serving_run *serving);

bool serving_has_pending(const struct serving_run *serving);
bool serving_record(struct serving_run *serving, int64_t now, struct err *err);
void serving_answer(struct serving_run *serving, bool committed, int64_t now);
void serving_expire(struct serving_run *serving, int64_t now);

#endif
