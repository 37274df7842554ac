#ifndef CORE_EXEMPTION_H
#define CORE_EXEMPTION_H

/*
 * One person is let off one briefing, with a reason: on long leave, say, or it
 * was they who wrote it. Their requirement is closed as exempt from that moment
 * on; one that comes after the deadline is flagged, and improves no figure
 * (core/report.h). It is undone by another record. Of either the person is told
 * (core/exemption_tell.h). Each in the caller's transaction; on ERR_INPUT and
 * ERR_GONE nothing was written.
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct digest_context;
struct err;

#define EXEMPTION_REASON_MAX 1000 /* bytes */

struct exemption_wish {
	const char *ref; /* of its latest version that was asked of them */
	const char *address_key; /* core/address.h */
	int64_t list_id;         /* asked under that list; 0: any */
	const char *reason;      /* not "" */
	const char *actor;       /* as event_begin has it */
};

/* *ret_is_late: after the deadline. ERR_GONE: nobody has that address, or it
 * was not asked of them; ERR_INPUT: it is confirmed, closed or exempt already.
 */
bool exemption_record(struct db *db, const struct digest_context *context,
		      const struct exemption_wish *wish, bool *ret_is_late,
		      struct err *err);

/* The duty stands again, with the deadline it had. ERR_INPUT: they are not
 * exempt, or the version is closed. */
bool exemption_undo(struct db *db, const struct digest_context *context,
		    const struct exemption_wish *wish, struct err *err);

#endif
