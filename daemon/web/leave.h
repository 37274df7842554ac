#ifndef WEB_LEAVE_H
#define WEB_LEAVE_H

/*
 * Within the web floor: the page that takes a person off an optional list, at
 * BASE/u/TOKEN. Mail programs POST "List-Unsubscribe=One-Click" there (RFC
 * 8058), and the page's one button does the same. GET changes nothing: gateways
 * follow List-Unsubscribe. There is no box to tick, for leaving is no evidence
 * of having read, and the list's lead can undo it.
 */

struct visit;

/* rest: what stands behind /u/ */
void leave_handle(struct visit *visit, const char *rest);

#endif
