#ifndef CORE_ERASE_LETTER_H
#define CORE_ERASE_LETTER_H

/*
 * The letters of notices tell of people: to a lead whom no mail reaches, who
 * has left, what someone wrote. Those that went to the person who is erased, or
 * have their address or name in their text, are emptied; one that still waits
 * is cancelled. Part of core/erase.
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct erase_order;
struct erase_subject;
struct err;

/* The letters behind after as far as *to, which comes nearer where they are
 * large. *ret_is_sending: one of them is being sent, and waits. */
bool erase_letters(struct db *db, const struct erase_order *order,
		   const struct erase_subject *subject, int64_t after,
		   int64_t *to, bool *ret_is_sending, struct err *err);

#endif
