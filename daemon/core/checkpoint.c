#include "core/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/event.h"
#include "core/ledger.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/view.h"

/* --- loading --- */

/* What the store says of a note is in the note itself, and read from there. */
static bool read_row(struct query *q, struct arena *arena,
		     struct checkpoint *ret)
{
	const char *note = query_get_text(q, 0);
	const char *end = strstr(note, "\n\n");

	ret->note = arena_strdup(arena, note);
	ret->made_at = query_get_integer(q, 1);
	ret->verifier = arena_strdup(arena, query_get_text(q, 2));
	return end && note_checkpoint_parse(note, (size_t)(end - note) + 1,
					    &ret->head);
}

static bool load_one(struct query *q, struct arena *arena,
		     struct checkpoint **ret, struct err *err)
{
	struct checkpoint *found = NULL;
	bool is_note = true;

	if (query_next(q)) {
		found = arena_alloc(arena, sizeof(*found));
		is_note = read_row(q, arena, found);
	}
	if (!query_done(q, err))
		return false;
	if (!is_note)
		return err_set(err, ERR_INPUT,
			       "a checkpoint in the store is no checkpoint");
	*ret = found;
	return true;
}

bool checkpoint_load(struct db *db, int64_t to, struct arena *arena,
		     struct checkpoint **ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_CHECKPOINT_LAST);

	query_integer(q, 1, to);
	return load_one(q, arena, ret, err);
}

bool checkpoint_load_covering(struct db *db, int64_t size, struct arena *arena,
			      struct checkpoint **ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_CHECKPOINT_COVERING);

	query_integer(q, 1, size);
	return load_one(q, arena, ret, err);
}

bool checkpoint_load_all(struct db *db, struct arena *arena,
			 struct checkpoint **ret, size_t *ret_count,
			 struct err *err)
{
	struct checkpoint *list = NULL;
	size_t count = 0, room = 0;
	int64_t bad_size = -1;
	struct query *q = db_query(db, QUERY_CHECKPOINT_ALL);

	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		if (!read_row(q, arena, &list[count++]) && bad_size < 0)
			bad_size = query_get_integer(q, 3);
	}
	if (!query_done(q, err))
		return false;
	if (bad_size >= 0)
		return err_set(err, ERR_INPUT,
			       "the checkpoint of %" PRId64 " events is none",
			       bad_size);
	*ret = list;
	*ret_count = count;
	return true;
}

/* --- making --- */

bool checkpoint_is_due(struct db *db, int64_t day_at, bool *ret_is_due,
		       struct err *err)
{
	struct query *q = db_query(db, QUERY_CHECKPOINT_IS_DUE);

	query_integer(q, 1, day_at);
	*ret_is_due = query_next(q) && query_get_integer(q, 0);
	return query_done(q, err);
}

static bool insert(struct db *db, const struct note_signer *signer,
		   const struct note_checkpoint *head, int64_t now,
		   struct err *err)
{
	struct buf text, note, key;
	struct query *q = db_query(db, QUERY_CHECKPOINT_INSERT);
	int changes = 0;

	buf_init(&text, NOTE_MAX_SIZE);
	buf_init(&note, NOTE_MAX_SIZE);
	buf_init(&key, NOTE_MAX_SIZE);
	note_checkpoint_format(head, &text);
	note_sign(signer, text.data, &note);
	note_verifier_format(&signer->verifier, &key);
	assert(!note.overflow && !key.overflow);
	query_integer(q, 1, head->size);
	query_integer(q, 2, now);
	query_text(q, 3, note.data);
	query_text(q, 4, key.data);
	buf_done(&text);
	buf_done(&note);
	buf_done(&key);
	bool good = query_run(q, &changes, err);
	assert(!good || changes == 1); /* checkpoint_use_key knows the key */
	return good;
}

static bool last_size(struct db *db, int64_t *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_CHECKPOINT_LAST_SIZE);

	*ret = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

bool checkpoint_make(struct db *db, const struct note_signer *signer,
		     int64_t now, int64_t *ret_size, struct err *err)
{
	struct note_checkpoint head = {0};
	int64_t size = 0, events = 0, last = 0;

	assert(db_is_in_transaction(db));
	if (!ledger_count(db, &size, &events, err) ||
	    !last_size(db, &last, err))
		return false;
	*ret_size = last;
	if (size <= last)
		return true;
	head.size = *ret_size = size;
	memcpy(head.origin, signer->verifier.name, sizeof(head.origin));
	return ledger_root(db, size, &head.root, err) &&
	       insert(db, signer, &head, now, err);
}

bool checkpoint_use_key(struct db *db, const struct note_signer *signer,
			int64_t now, struct err *err)
{
	struct event event;
	struct buf key;
	int changes = 0;
	struct query *q = db_query(db, QUERY_CHECKPOINT_USE_KEY);

	buf_init(&key, NOTE_MAX_SIZE);
	note_verifier_format(&signer->verifier, &key);
	query_text(q, 1, key.data);
	query_integer(q, 2, now);
	bool good = query_run(q, &changes, err);
	if (good && changes > 0) {
		event_begin(&event, "ledger-key", now, "briefingd");
		event_text(&event, "verifier", key.data);
		good = event_end(&event, db, now, err);
	}
	buf_done(&key);
	return good;
}

/* --- shown --- */

void checkpoint_show(struct view *view, const struct checkpoint *checkpoint,
		     const char *web_base)
{
	char root[NOTE_ROOT_SIZE];
	struct view *row;

	view_list(view, "checkpoint");
	if (!checkpoint)
		return;
	row = view_item(view, "checkpoint");
	crypto_base64(checkpoint->head.root.bytes, MERKLE_SIZE, root);
	view_text(row, "origin",
		  arena_strdup(view->arena, checkpoint->head.origin));
	view_number(row, "size", checkpoint->head.size);
	view_text(row, "root", arena_strdup(view->arena, root));
	view_text(
	    row, "note_url",
	    arena_printf(view->arena, "%s/evidence/checkpoint", web_base));
}
