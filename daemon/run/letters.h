#ifndef RUN_LETTERS_H
#define RUN_LETTERS_H

/*
 * The letters in use, loaded once and shared by the jobs that send them. A
 * letter stays until its last user ended and newer ones took its place. The
 * loop thread takes and ends uses; senders only read what a use gives them.
 */
#include <stdint.h>

struct db;
struct err;
struct letter;
struct letter_use;
struct letters;

struct letters *letters_new(struct db *db);
void letters_free(struct letters *letters); /* no use may be left */

/* NULL on failure; ended by letter_use_end. */
struct letter_use *letters_use(struct letters *letters, int64_t letter_id,
			       struct err *err);
const struct letter *letter_use_get(const struct letter_use *use);
void letter_use_end(struct letter_use *use); /* accepts NULL */

#endif
