#ifndef CORE_ERASE_PART_H
#define CORE_ERASE_PART_H

/* What the erase modules share. */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct erase_order;
struct err;
struct query;

struct erase_subject {
	int64_t person_id;
	const char *public_id;
	const char *address_key; /* NULL: it is another's now */
	const char *name;        /* NULL: none to look for */
};

/* The parameters of a statement that walks. */
void erase_bind_walk(struct query *q, const struct erase_subject *subject,
		     int64_t after, int64_t to);

/* Cancels what waits of the deliveries that a query finds (id, state), and ends
 * it; *ret_is_sending is set when one of them is on its way. */
bool erase_cancel(struct db *db, const struct erase_order *order,
		  struct query *found, bool *ret_is_sending, struct err *err);

#endif
