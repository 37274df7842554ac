#ifndef CORE_EXEMPTION_TELL_H
#define CORE_EXEMPTION_TELL_H

/*
 * The mail that tells a person what somebody else recorded of them: that they
 * are let off a briefing (core/exemption.h), or asked for it again. It says
 * when, and who by their role and not by name; the reason is on record and not
 * in the mail. An answer goes to who keeps the list. In the caller's
 * transaction.
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct digest_context;
struct err;

struct exemption_telling {
	int64_t requirement_id;
	int64_t event_id;  /* that records it: told once */
	const char *actor; /* as event_begin has it: whose role is told */
	bool is_undo, is_late;
};

/* Nobody is told whose data was erased. */
bool exemption_tell(struct db *db, const struct digest_context *context,
		    const struct exemption_telling *telling, struct err *err);

#endif
