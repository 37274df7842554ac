#ifndef WEB_CONTENT_H
#define WEB_CONTENT_H

/*
 * Within the web floor: a briefing as a page shows it, for a person, for the
 * public, as a specimen.
 */
#include <stdbool.h>
#include <stddef.h>

struct briefing_document;
struct briefing_version;
struct view;
struct visit;

/* Where its page is: page_url, and its documents are at page_url/N. NULL: the
 * documents are not offered. */
void content_documents(struct visit *visit, struct view *view,
		       const struct briefing_version *version,
		       const char *page_url);

/* kind_name, ref, title and themes of a briefing, alone or in a list */
void content_name(struct visit *visit, struct view *view,
		  const struct briefing_version *version);

/* The page's view, all of it but what hangs on who looks (back_url, notice,
 * deadline). Answers the visit itself and returns NULL when the summary can't
 * be shown. */
struct view *content_view(struct visit *visit,
			  const struct briefing_version *version,
			  const char *page_url);

/* The review's actions for agencies: not for the public. */
void content_actions(struct visit *visit, struct view *view,
		     const struct briefing_version *version);

/* The document with that number, written in decimal; NULL: there is none. */
const struct briefing_document *
content_find_document(const struct briefing_version *version,
		      const char *number);

/* Tells why a briefing is not shown; why is briefing_is_allowed's. */
void content_tell_why_not(struct visit *visit, const char *why,
			  const char *back_url);

#endif
