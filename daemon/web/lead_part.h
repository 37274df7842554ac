#ifndef WEB_LEAD_PART_H
#define WEB_LEAD_PART_H

/*
 * What the parts of the lead's page share. Each lead_show_ and lead_post_ ends
 * the visit (web/visit.h).
 */
#include <stdbool.h>
#include <stdint.h>

struct err;
struct lead_link;
struct view;
struct visit;

struct lead {
	struct visit *visit;
	const struct lead_link *link;
	const char *code;    /* as it was typed, and is right; NULL: no names */
	const char *done;    /* what was recorded just now, or NULL */
	const char *refused; /* why nothing was, or NULL */
};

/* With the head of every page of a lead, and the hidden values of its forms. */
struct view *lead_view(const struct lead *lead, const char *title);
/* The value of a field of the form; "": it has none. */
const char *lead_field(const struct lead *lead, const char *name);

/* code_error: what is wrong with the code that was typed, or NULL */
void lead_show_numbers(const struct lead *lead, const char *code_error);

/* Behind the code: who has not confirmed, or who is looked for, and all that
 * can be recorded of the whole list. */
void lead_show_people(const struct lead *lead);
/* ... and of one of them */
void lead_show_person(const struct lead *lead, const char *public_id);

/* The form for a sign-in sheet, and a sheet's scan */
void lead_show_sheet(const struct lead *lead);
void lead_send_scan(const struct lead *lead);

/* --- of the list's page and the sheet's */

/* briefings[] to choose from */
bool lead_show_briefings(const struct lead *lead, struct view *view,
			 struct err *err);
/* sheets[] on record */
bool lead_show_sheets(const struct lead *lead, struct view *view,
		      struct err *err);

/* Keeps what is to be recorded as pending. False: what is no such thing, and
 * the visit is not answered. */
bool lead_post_deed(const struct lead *lead, const char *what);

/* The lead whose page a pending POST came from, after its commit; false: the
 * visit was answered. */
bool lead_again(struct visit *visit, int64_t delivery_id, struct lead *ret);

#endif
