#ifndef CORE_OUTBOX_EVENT_H
#define CORE_OUTBOX_EVENT_H

/* What the events of a delivery have in common. Part of the outbox: for core/
 * alone. */
#include <stdint.h>

struct event;

struct outbox_subject {
	int64_t delivery_id;
	/* of a notice "", where it is to no member or of no list */
	const char *public_id, *list_name;
	const char *mode;
	int attempt;
};

void outbox_event_begin(struct event *event, const char *kind, int64_t at,
			const struct outbox_subject *subject);

#endif
