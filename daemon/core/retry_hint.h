#ifndef CORE_RETRY_HINT_H
#define CORE_RETRY_HINT_H

/*
 * When a server that puts a mail off says for how long: "450 4.2.0 Greylisted,
 * please try again in 300 seconds". No standard tells the words; these are the
 * ones that servers use. Pure; the text comes from outside (fuzz_retry_hint).
 *
 *	int64_t wait = retry_hint_seconds("4.7.1 Try again in 5 minutes");
 */
#include <stdint.h>

/* Longer waits count as this. */
#define RETRY_HINT_MAX_SECONDS (24 * 3600)

/* The longest wait that the text asks for, in seconds; 0: none. */
int64_t retry_hint_seconds(const char *text);

#endif
