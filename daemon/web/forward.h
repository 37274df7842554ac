#ifndef WEB_FORWARD_H
#define WEB_FORWARD_H

/*
 * BASE/f/TOKEN: "Not you?", for who was passed a mail on. Its answer is one
 * page for every address, whatever comes of it (core/forward.h).
 */
struct visit;

/* rest: what stands behind /f/ */
void forward_handle(struct visit *visit, const char *rest);

#endif
