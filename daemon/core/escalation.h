#ifndef CORE_ESCALATION_H
#define CORE_ESCALATION_H

/*
 * What stays unconfirmed long after its deadline is told: to the list's lead,
 * with the names of their own people; later to the agency's board member, in
 * numbers. Each requirement once to each of the two: a list remembers up to
 * which deadline it told them. One mail a list and day, on working days from
 * 08:00 on; only live. An event says what was told.
 */
#include <stdbool.h>
#include <stddef.h>

struct db;
struct digest_context;
struct err;

/* What is due at context->now, in the caller's transaction, which ends after
 * the first mail: then *ret_more. *ret_count: mails queued. */
bool escalation_run(struct db *db, const struct digest_context *context,
		    int *ret_count, bool *ret_more, struct err *err);

#endif
