#include "core/evidence_prove.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/checkpoint.h"
#include "core/ledger.h"
#include "core/note.h"
#include "tools/db.h"

bool evidence_find_acknowledgement(struct db *db, const char *who,
				   const char *ref, int64_t *ret_event_id,
				   struct err *err)
{
	struct query *q = db_query(db, QUERY_EVIDENCE_ACKNOWLEDGEMENT);
	int64_t event_id = 0;

	query_text(q, 1, who);
	query_text(q, 2, ref);
	if (query_next(q))
		event_id = query_get_integer(q, 0);
	if (!query_done(q, err))
		return false;
	if (!event_id)
		return err_set(err, ERR_GONE,
			       "%s has no acknowledgement of %s recorded", who,
			       ref);
	*ret_event_id = event_id;
	return true;
}

static bool load_leaf(struct db *db, int64_t event_id, struct buf *leaf,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_LEDGER_EVENT);
	struct ledger_event event;
	bool found;

	query_integer(q, 1, event_id);
	found = query_next(q);
	if (found) {
		ledger_event_read(q, &event);
		ledger_format_leaf(&event, leaf);
	}
	if (!query_done(q, err))
		return false;
	return found ||
	       err_set(err, ERR_GONE, "there is no event %" PRId64, event_id);
}

static bool prove(struct db *db, int64_t event_id,
		  const struct checkpoint *checkpoint, struct buf *leaf,
		  struct buf *out, struct err *err)
{
	struct note_proof proof = {
	    .index = event_id - 1,
	    .checkpoint = checkpoint->note,
	    .checkpoint_size = strlen(checkpoint->note),
	};
	struct merkle_hash hash;

	if (!load_leaf(db, event_id, leaf, err) ||
	    !ledger_prove(db, event_id - 1, checkpoint->head.size, &proof.path,
			  err))
		return false;
	ledger_hash_leaf(leaf, &hash);
	if (!merkle_check_inclusion(&hash, proof.index, checkpoint->head.size,
				    &proof.path, &checkpoint->head.root))
		return err_set(err, ERR_INPUT,
			       "event %" PRId64 " is not what the checkpoint"
			       " has: run \"briefingctl evidence verify\"",
			       event_id);
	proof.leaf = leaf->data + 1;
	proof.leaf_size = leaf->size - 1;
	note_proof_format(&proof, out);
	return true;
}

bool evidence_prove(struct db *db, int64_t event_id,
		    const struct checkpoint *checkpoint, struct buf *out,
		    struct err *err)
{
	struct buf leaf;

	if (event_id < 1 || event_id > checkpoint->head.size)
		return err_set(err, ERR_GONE,
			       "the checkpoint has %" PRId64
			       " events, and not event %" PRId64,
			       checkpoint->head.size, event_id);
	buf_init(&leaf, LEDGER_LEAF_MAX);
	bool good = prove(db, event_id, checkpoint, &leaf, out, err);
	buf_done(&leaf);
	return good;
}

bool evidence_check_proof(const char *text, size_t size,
			  const struct note_verifier *verifier, struct buf *out,
			  struct err *err)
{
	struct note_checkpoint head;
	struct note_proof proof;
	struct merkle_hash leaf;
	size_t text_size;

	if (!note_proof_parse(text, size, &proof) ||
	    !note_proof_leaf(&proof, out))
		return err_set(err, ERR_INPUT, "it is no proof");
	if (note_verify(verifier, proof.checkpoint, proof.checkpoint_size,
			&text_size) != NOTE_GOOD)
		return err_set(err, ERR_INPUT,
			       "its checkpoint is not signed by the key");
	if (!note_checkpoint_parse(proof.checkpoint, text_size, &head))
		return err_set(err, ERR_INPUT, "it has no checkpoint");
	merkle_leaf(out->data, out->size, &leaf);
	return merkle_check_inclusion(&leaf, proof.index, head.size,
				      &proof.path, &head.root) ||
	       err_set(err, ERR_INPUT,
		       "its leaf is not in the tree of its checkpoint");
}
