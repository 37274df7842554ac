#ifndef BASE_FOLD_H
#define BASE_FOLD_H

/*
 * Text made comparable, for finding known phrases in what people and machines
 * wrote: lower case, no accents (in Latin script), plain quotes, dashes and
 * digits, one space for any white space. Not for showing. Holds no state; any
 * thread.
 *
 *	fold_text(&out, subject, strlen(subject));
 *	if (fold_find(out.data, "réponse automatique")) ...
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Appends the folded text; bytes that are no UTF-8 become "?". */
void fold_text(struct buf *out, const char *text, size_t size);

/* The first place in a folded text where one of the phrases stands, or NULL.
 * They are told apart by "|" and folded here, so that tables can spell them as
 * people do. A phrase begins at the beginning of a word. "*" in it stands for
 * at most FOLD_GAP_MAX other bytes; a space at its end asks for a word's end.
 */
#define FOLD_GAP_MAX 80
#define FOLD_PHRASE_MAX 128
const char *fold_find(const char *folded, const char *phrases);

/* Does one of the phrases stand there at all? */
bool fold_has(const char *folded, const char *phrases);

#endif
