#ifndef CORE_CHECKPOINT_H
#define CORE_CHECKPOINT_H

/*
 * Checkpoints of the ledger: signed notes (core/note.h) that say how many
 * events there were and the root hash over them. Once someone else holds one,
 * nothing before it can be changed unseen. They are kept, oldest first, and
 * never changed; each belongs to the key that signed it. Loop thread, or
 * briefingctl for reading.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/note.h"

struct arena;
struct db;
struct err;
struct view;

struct checkpoint {
	struct note_checkpoint head;
	int64_t made_at;
	const char *note;     /* the whole, signed */
	const char *verifier; /* the key's "name+id+key" */
};

/* The last one, at or before the events to (INT64_MAX: of all); *ret NULL: none
 * yet. In the arena. */
bool checkpoint_load(struct db *db, int64_t to, struct arena *arena,
		     struct checkpoint **ret, struct err *err);
/* The oldest that has these events. */
bool checkpoint_load_covering(struct db *db, int64_t size, struct arena *arena,
			      struct checkpoint **ret, struct err *err);
/* All, oldest first; the arena holds them, 1 KB each. */
bool checkpoint_load_all(struct db *db, struct arena *arena,
			 struct checkpoint **ret, size_t *ret_count,
			 struct err *err);

/* Is one to be made: there are events since the last, and a digest is planned
 * that was opened behind one of them or the last is from before day_at? */
bool checkpoint_is_due(struct db *db, int64_t day_at, bool *ret_is_due,
		       struct err *err);
/* Signs what the ledger has taken up, in the caller's transaction; nothing is
 * new since the last one: fine. *ret_size: of the last there is now. */
bool checkpoint_make(struct db *db, const struct note_signer *signer,
		     int64_t now, int64_t *ret_size, struct err *err);
/* From now on this key signs: kept, with an event, when it is another than
 * before. Caller's transaction. */
bool checkpoint_use_key(struct db *db, const struct note_signer *signer,
			int64_t now, struct err *err);

/* "checkpoint" of a page's or mail's view: origin, size, root and where the
 * whole note is; NULL shows none. */
void checkpoint_show(struct view *view, const struct checkpoint *checkpoint,
		     const char *web_base);

#endif
