#ifndef WEB_SPECIMEN_H
#define WEB_SPECIMEN_H

/*
 * Within the web floor: BASE/a/specimen, which previews and approvals link to.
 * It shows an invented briefing as a person meets theirs, touches no store and
 * can record nothing.
 */
#include <stdbool.h>

struct visit;

/* ref NULL: the page to confirm; else the briefing's own. */
void specimen_handle(struct visit *visit, const char *ref, bool wants_document);

#endif
