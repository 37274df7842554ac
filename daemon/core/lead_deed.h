#ifndef CORE_LEAD_DEED_H
#define CORE_LEAD_DEED_H

/*
 * What the lead of a list changes of its members: that one has left, is on
 * leave or is back, is let off a briefing or no more. Each is a record of its
 * own with who did it, undone by another and never by deletion; only members of
 * the lead's own list, and only what that list asked of them, can be changed.
 * Team sessions are core/team_session.h, sign-in sheets core/attestation.h.
 *
 * All in the caller's transaction. What can't be is ERR_INPUT or ERR_GONE, with
 * words for the lead, and then nothing was written. Loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct lead_link;
struct settings;
struct template_set;

struct lead_deed {
	struct db *db;
	const struct lead_link *link;
	const struct settings *settings;
	const struct template_set *templates; /* of mails to who is let off */
	int64_t now;
};

/* word: left, on-leave (until: its last day, as core/leaving.h reads it) or
 * active: what was said before counts no more, and the row of the CSV does. */
bool lead_deed_status(const struct lead_deed *deed, const char *public_id,
		      const char *word, const char *until, struct err *err);

/* They are told. *ret_is_late: after the deadline, so that it improves no
 * figure. */
bool lead_deed_exempt(const struct lead_deed *deed, const char *public_id,
		      const char *ref, const char *reason, bool *ret_is_late,
		      struct err *err);
bool lead_deed_unexempt(const struct lead_deed *deed, const char *public_id,
			const char *ref, const char *reason, struct err *err);

/* Who signed a sheet: members by their public ids, and by address. */
struct lead_sheet {
	const char *ref, *signed_on; /* as struct attestation_wish has them */
	const char *note;
	const void *scan; /* NULL: none came, which is refused */
	size_t scan_size;
	const char *const *public_ids;
	size_t public_id_count;
	const char *addresses; /* as a person typed them; or "" */
};
bool lead_deed_attest(const struct lead_deed *deed,
		      const struct lead_sheet *sheet, struct err *err);
/* public_id "": the whole sheet. Of one of the list's sheets alone */
bool lead_deed_undo_sheet(const struct lead_deed *deed, int64_t sheet_id,
			  const char *public_id, const char *reason,
			  struct err *err);

/* Of one of the agency's sessions alone */
bool lead_deed_undo_session(const struct lead_deed *deed, int64_t session_id,
			    const char *reason, struct err *err);

#endif
