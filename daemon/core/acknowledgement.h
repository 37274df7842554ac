#ifndef CORE_ACKNOWLEDGEMENT_H
#define CORE_ACKNOWLEDGEMENT_H

/*
 * A person confirms that they have read a briefing. GET only loads
 * (invariant 3); a POST with a ticked box is checked and then recorded in the
 * transaction of the loop's turn, and the reply waits for its commit
 * (invariant 4). A second POST is harmless.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/asked.h"

struct arena;
struct briefing_version;
struct db;
struct err;
struct shown;

enum acknowledgement_state {
	ACKNOWLEDGEMENT_OUTSTANDING,
	ACKNOWLEDGEMENT_RECORDED,
	ACKNOWLEDGEMENT_WITHDRAWN,
	ACKNOWLEDGEMENT_SUPERSEDED,
	ACKNOWLEDGEMENT_CLOSED, /* left or exempt */
};

struct acknowledgement_item {
	int64_t version_id; /* that is confirmed: the one that was mailed */
	/* as it is shown: the one in force, where it carries that one */
	const struct briefing_version *version;
	enum acknowledgement_state state;
	int64_t recorded_at, due_at;
	const char *receipt; /* its id, once recorded; or NULL */
	int64_t names;       /* of a shared mailbox: how many confirmed */
	int64_t disowned_at; /* a confirmation, last (core/disown.h); 0: none */
};

/* all that the page of one delivery shows */
struct acknowledgement_page {
	int64_t delivery_id, person_id;
	const char *public_id, *address, *name; /* as mailed; erased: "" */
	bool is_rehearsal;
	bool is_erased; /* nothing is shown, and nothing recorded */
	/* they were passed another's mail: what they confirm is wider reach */
	bool is_guest;
	/* several people read that mailbox: each confirms with their name */
	bool is_shared;
	enum asked asked;    /* by the list that it came from */
	int64_t accepted_at; /* 0: not known to be accepted; then claimed_at */
	int64_t expires_at;  /* the window's end */
	struct acknowledgement_item *items; /* of this delivery */
	size_t item_count;
	struct acknowledgement_item *later; /* outstanding by other mails */
	size_t later_count;
};

/* *ret NULL and true: no such delivery. shown: where the versions are that
 * other pages show as well, which must outlive the page; or NULL. */
bool acknowledgement_load(struct db *db, struct shown *shown,
			  int64_t delivery_id, int64_t window_days,
			  struct arena *arena,
			  struct acknowledgement_page **ret, struct err *err);

/* When a confirmation of any item was last disowned; 0: none was. */
int64_t acknowledgement_last_disowned(const struct acknowledgement_page *page);

/* Of a page that was loaded before: its items, and the versions that it speaks
 * of, as they are now. What else it says stays. */
bool acknowledgement_load_again(struct db *db, struct shown *shown,
				struct arena *arena,
				struct acknowledgement_page *page,
				struct err *err);

/* A ticked box, and what they will do differently, as typed; NULL or blank:
 * nothing. It becomes private text of the event. */
struct acknowledgement_tick {
	int64_t version_id;
	const char *reflection;
};
#define ACKNOWLEDGEMENT_REFLECTION_MAX 1000 /* characters */
#define ACKNOWLEDGEMENT_NAME_MAX 100
/* people of one shared mailbox for one version: anyone who has its link could
 * make up more, and each is a record for ever */
#define ACKNOWLEDGEMENT_NAMES_MAX 200

enum acknowledgement_verdict {
	ACKNOWLEDGEMENT_GOOD,
	ACKNOWLEDGEMENT_NOTHING_TICKED,
	ACKNOWLEDGEMENT_TOO_LONG,      /* a reflection */
	ACKNOWLEDGEMENT_NO_NAME,       /* or a long one, of a shared mailbox */
	ACKNOWLEDGEMENT_MANY_NAMES,    /* more can't confirm with it */
	ACKNOWLEDGEMENT_STALE_FORM,    /* unsigned, or older than a day */
	ACKNOWLEDGEMENT_FORM_TOO_FAST, /* within 3 s of the form */
	ACKNOWLEDGEMENT_MAIL_TOO_FAST, /* within 30 s of acceptance */
	/* before the person said of a confirmation that it was not theirs */
	ACKNOWLEDGEMENT_DISOWNED,
	ACKNOWLEDGEMENT_EXPIRED,
	ACKNOWLEDGEMENT_REHEARSAL, /* all is well, but nothing counts */
};
#define ACKNOWLEDGEMENT_FORM_SECONDS 3
#define ACKNOWLEDGEMENT_MAIL_SECONDS 30
#define ACKNOWLEDGEMENT_FORM_MAX_AGE_SECONDS 86400

/* A form that was shown and posted at those times: GOOD, STALE_FORM or one of
 * the two TOO_FAST. */
enum acknowledgement_verdict
acknowledgement_check_time(int64_t shown_at, int64_t accepted_at, int64_t now);

/* shown_at: from the signed form, 0 when it was missing or forged. Only boxes
 * of this page's items count; others are dropped (*count goes down). name: as
 * typed, for a shared mailbox; may be NULL. */
enum acknowledgement_verdict
acknowledgement_check(const struct acknowledgement_page *page, int64_t shown_at,
		      struct acknowledgement_tick *ticks, size_t *count,
		      const char *name, int64_t now);

/* A reply that came at replied_at, by what it could confirm: GOOD (also when
 * all is confirmed), NOTHING_TICKED (nothing is to be confirmed, or was),
 * NO_NAME (a shared mailbox has several readers, and a reply one author),
 * MAIL_TOO_FAST, DISOWNED, EXPIRED or REHEARSAL. */
enum acknowledgement_verdict
acknowledgement_check_reply(const struct acknowledgement_page *page,
			    int64_t replied_at, int64_t now);

/* In the caller's transaction. *ret_recorded: how many were new. Of a shared
 * mailbox the first name meets what is required, and each further one is a
 * record beside it; the same name again is not. */
bool acknowledgement_record(struct db *db, int64_t delivery_id,
			    const struct acknowledgement_tick *ticks,
			    size_t count, const char *name, int64_t now,
			    struct arena *arena, int *ret_recorded,
			    struct err *err);

/* Likewise, all that is outstanding on the page and was not disowned since the
 * reply came at replied_at, by a reply of which the check said GOOD.
 * authenticated: by what (core/authentic.h). */
bool acknowledgement_record_reply(struct db *db,
				  const struct acknowledgement_page *page,
				  const char *authenticated, int64_t replied_at,
				  int64_t now, int *ret_recorded,
				  struct err *err);

/* The receipt of who confirmed a version with a shared mailbox under that name;
 * *ret NULL: nobody did. */
bool acknowledgement_find_name(struct db *db, int64_t delivery_id,
			       int64_t version_id, const char *name,
			       struct arena *arena, const char **ret,
			       struct err *err);

/* The negative receipts: requirements whose window closed by now are missed,
 * but for those that their version closed before; at most max of each, caller's
 * transaction. */
bool acknowledgement_close_windows(struct db *db, int64_t now, size_t max,
				   int *ret_missed, bool *ret_more,
				   struct err *err);

/* Likewise of one requirement whose confirmation was just disowned
 * (core/disown.h): had there been none, it would have been missed before its
 * version was closed. Harmless where it is not so. */
bool acknowledgement_close_window(struct db *db, int64_t requirement_id,
				  int64_t now, struct err *err);

#endif
