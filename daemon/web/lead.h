#ifndef WEB_LEAD_H
#define WEB_LEAD_H

/*
 * Within the web floor: the page of a list's lead (core/lead_link.h).
 *
 *	BASE/l/TOKEN	GET: numbers, at once, and a way to ask for a code
 *			POST: the field "what" says what is meant
 *
 * There are no cookies, so the code that opens the names is a hidden value of
 * every form behind it, and looked at again with each; so is the signed value
 * that shows that a form is ours. A GET shows numbers and changes nothing.
 */
#include <stddef.h>
#include <stdint.h>

struct visit;
struct web;

/* rest: what stands behind /l/ */
void lead_handle(struct visit *visit, const char *rest);

/* How many bytes a form with a file may have, on the page of that token; 0: it
 * is no page of a lead. */
size_t lead_large_ceiling(struct web *web, const char *token, int64_t now);

#endif
