#ifndef WEB_CODE_H
#define WEB_CODE_H

/*
 * Within the web floor: BASE/c, where a person types the short code of their
 * mail when the link did not arrive whole. It only leads to the page. Wrong
 * codes are limited, for the sender's network and in all: a code has 30 bits
 * that can't be known, and CODE_TRIES_PER_HOUR of them an hour take longer than
 * any link lives. The link itself is never limited.
 */
struct visit;

#define CODE_TRIES_PER_HOUR 300

void code_handle(struct visit *visit);

#endif
