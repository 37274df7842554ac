#ifndef CORE_JUMP_H
#define CORE_JUMP_H

/*
 * Has the wall clock jumped? It is compared with a clock that nobody sets and
 * that counts a suspended machine's time too (the roof's CLOCK_BOOTTIME): the
 * offset between both stays, but for the seconds by which NTP disciplines it.
 * A jump forward of over JUMP_SECONDS would open slots and end embargoes, so
 * the clock is in doubt from then on, until someone says that it is right.
 *
 *	struct jump jump = {.offset = wall - boot};
 *	if (jump_look(&jump, wall - boot, is_synchronised) == JUMP_HELD) ...
 */
#include <stdbool.h>
#include <stdint.h>

#define JUMP_SECONDS INT64_C(600)

struct jump {
	int64_t offset; /* of the clock when it was right last */
	int64_t ahead;  /* seconds that it seems ahead by; 0: it is trusted */
};

enum jump_turn {
	JUMP_NONE,
	JUMP_FORWARD,      /* far, but the kernel says that it is right now */
	JUMP_BACK,         /* far; nothing can go out too early by it */
	JUMP_HELD,         /* far, and nobody says that it is right: in doubt */
	JUMP_RETURNED,     /* in doubt, now it is where it was */
	JUMP_SYNCHRONISED, /* in doubt, now the kernel says that it is right */
};

/* is_synchronised: a kernel forgets that its clock was when someone sets it,
 * and says so again when NTP has looked. */
enum jump_turn jump_look(struct jump *jump, int64_t offset,
			 bool is_synchronised);

/* An operator says that it is right. */
void jump_trust(struct jump *jump, int64_t offset);

#endif
