#ifndef WEB_LIBRARY_H
#define WEB_LIBRARY_H

/*
 * Within the web floor: BASE/b, the briefings that anyone may read: those that
 * say publish, have no marking above OFFICIAL, and are allowed now.
 */
struct visit;

/* rest: what stands behind /b/, "" for the list itself */
void library_handle(struct visit *visit, const char *rest);

#endif
