#ifndef WEB_PERSONAL_H
#define WEB_PERSONAL_H

/*
 * Within the web floor: the pages behind a person's link.
 *
 *	BASE/a/TOKEN            what they were sent, to be confirmed
 *	BASE/a/TOKEN/REF        one briefing of it
 *	BASE/a/TOKEN/REF/N      a document of that
 *	BASE/a/TOKEN/REF/ID     the receipt for confirming it
 *	BASE/a/TOKEN/REF/ID/not-me   where that is taken back (core/disown.h)
 *
 * Where a briefing of the delivery is marked OFFICIAL-SENSITIVE, not even a
 * title is shown before the person typed the work address that the mail went
 * to. There are no cookies, so the answer to that POST is the page itself, and
 * its links hold a pass: BASE/a/TOKEN.PASS/REF. A pass is the signed form value
 * of core/link.h, which says when the address was typed; it opens this
 * delivery's pages for PERSONAL_PASS_SECONDS, and is the hidden value of the
 * form as well, so that neither can be renewed without the address. It ends
 *when something of the delivery is disowned.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/asked.h"
#include "core/link.h"

struct acknowledgement_item;
struct acknowledgement_page;
struct pending;
struct view;
struct visit;

#define PERSONAL_PASS_SECONDS 7200
#define PERSONAL_NOT_ME "not-me"

struct personal {
	struct visit *visit;
	struct acknowledgement_page *page;
	bool is_sensitive;
	char form[LINK_FORM_SIZE]; /* the pass, where it is sensitive */
	const char *home;          /* BASE/a/TOKEN or BASE/a/TOKEN.PASS */
};

/* rest: what stands behind /a/ */
void personal_handle(struct visit *visit, const char *rest);

/* The page for a link that is none of ours; also behind /u/. */
void personal_tell_wrong_link(struct visit *visit);

/* The page for a link whose person was erased: it says no more than that. */
void personal_tell_ended(struct visit *visit);

/* The page again, after the commit of what was pending. */
void personal_answer_recorded(struct visit *visit,
			      const struct pending *pending);

/* --- between its parts --- */

/* Was one of our forms of this delivery posted, of today? */
bool personal_has_form(const struct personal *personal);

/* False: there is no such receipt, and the visit is not answered. */
bool receipt_handle(const struct personal *personal, int64_t version_id,
		    const char *id);

/* id: of the receipt; the visit is answered. */
void disown_handle(const struct personal *personal,
		   const struct acknowledgement_item *item, const char *id);

/* Sets is_sensitive, form, home, and the visit's token. False: the person must
 * type the address first, and the visit was answered with that page. pass:
 * behind the token in the path, "" when there is none. */
bool gate_open(struct personal *personal, const char *pass);
/* Makes home from the visit's token, and form. */
void gate_set_home(struct personal *personal);
/* The hidden value of a form: the pass, or one that says that it is shown now.
 */
const char *gate_form(const struct personal *personal);

/* The mails of this delivery, asked for from one network: whoever guesses holds
 * up nobody who is elsewhere. For web/limit.h. */
uint64_t gate_who(const struct personal *personal);
/* As asked_is_right; in a rehearsal the rehearsal's address is right, too. */
bool gate_is_right(const struct personal *personal, enum asked asked,
		   const char *typed);
/* too many wrong answers to that */
void gate_tell_wait(struct visit *visit, enum asked asked, int64_t wait_s);

/* What the list asks of this page besides the tick. */
enum asked answer_asked(const struct personal *personal);
/* Its field in the form; error may be NULL. */
void answer_show(const struct personal *personal, struct view *view,
		 const char *error);
/* Is what was posted right? False: *ret_error says why not, for answer_show;
 * NULL there: the visit was answered. */
bool answer_is_right(const struct personal *personal, const char **ret_error);

struct confirm_told {
	const char *notice; /* NULL: none */
	bool needs_tick, is_saved;
	bool keeps_ticks; /* the boxes stay as they were ticked */
	const char *answer_error, *name_error;
};
void confirm_show(const struct personal *personal,
		  const struct confirm_told *told);
/* Checks what was posted; shows the page again, or keeps it as pending. */
void confirm_post(const struct personal *personal);

#endif
