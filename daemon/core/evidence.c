#include "core/evidence.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/checkpoint.h"
#include "core/evidence_claim.h"
#include "core/ledger.h"
#include "tools/db.h"

#define ABOVE_LEVELS 7 /* of tiles, over those of leaves */

void evidence_find(struct evidence_findings *findings, const char *what,
		   const char *format, ...)
{
	char text[ERR_TEXT_SIZE];
	va_list args;

	if (findings->count++ >= EVIDENCE_FINDINGS_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	findings->list[findings->told++] = (struct evidence_finding){
	    .what = what, .text = arena_strdup(findings->arena, text)};
}

/* a root that the tree must have at its size: of the store, or given */
struct mark {
	int64_t size;
	struct merkle_hash root;
	const char *name; /* of the file; NULL: of the store */
};

struct verifying {
	struct db *db;
	struct arena *arena;
	struct evidence_findings *findings;
	struct evidence_summary *summary;
	struct evidence_claims *claims;
	struct buf leaf;
	struct merkle tree;   /* of the leaves made again */
	struct merkle stored; /* of the ledger's own, once they differ */
	bool has_diverged, has_failed;
	int64_t good_size; /* of the last mark that was right */
	/* the events whose leaf differs, since then */
	struct differing {
		int64_t id, recorded_at;
		const char *kind;
	} * differing;
	size_t differing_count, differing_room;
	struct merkle_hash tile[LEDGER_TILE];
	size_t tile_count;
	struct above {
		int64_t number; /* and 1: of the tile that is here */
		struct merkle_hash hashes[LEDGER_TILE];
		size_t count;
	} above[ABOVE_LEVELS];
	struct mark *marks;
	size_t mark_count, mark_at;
};

/* --- marks --- */

static void check_note(struct verifying *v, const struct checkpoint *checkpoint)
{
	struct note_verifier verifier;
	size_t size;

	if (note_verifier_parse(checkpoint->verifier, &verifier) &&
	    note_verify(&verifier, checkpoint->note, strlen(checkpoint->note),
			&size) == NOTE_GOOD)
		return;
	evidence_find(v->findings, "checkpoint",
		      "the checkpoint of %" PRId64
		      " events is not signed by its key",
		      checkpoint->head.size);
}

static int compare_marks(const void *left, const void *right)
{
	const struct mark *a = left, *b = right;

	return a->size < b->size ? -1 : a->size > b->size;
}

static bool load_marks(struct verifying *v, const struct evidence_given *given,
		       size_t given_count, struct err *err)
{
	struct checkpoint *list;
	size_t count;

	if (!checkpoint_load_all(v->db, v->arena, &list, &count, err))
		return false;
	v->summary->checkpoints = count;
	v->marks = arena_allocarray(v->arena, count + given_count + 1,
				    sizeof(*v->marks));
	for (size_t i = 0; i < count; i++) {
		check_note(v, &list[i]);
		v->marks[v->mark_count++] = (struct mark){
		    .size = list[i].head.size, .root = list[i].head.root};
		v->summary->sealed = list[i].head.size;
	}
	for (size_t i = 0; i < given_count; i++)
		v->marks[v->mark_count++] =
		    (struct mark){.size = given[i].head.size,
				  .root = given[i].head.root,
				  .name = given[i].name};
	qsort(v->marks, v->mark_count, sizeof(*v->marks), compare_marks);
	return true;
}

static bool has_root(const struct merkle *tree, const struct mark *mark)
{
	struct merkle_hash root;

	merkle_root(tree, &root);
	return memcmp(&root, &mark->root, sizeof(root)) == 0;
}

/* What differs since the last mark is told as what is wrong: by its root this
 * one knows whether it is the events or the ledger's hashes. */
static void tell_differing(struct verifying *v, bool is_event)
{
	for (size_t i = 0; i < v->differing_count; i++)
		evidence_find(
		    v->findings, is_event ? "event" : "leaf",
		    is_event ? "event %" PRId64 " (%s, recorded at %" PRId64
			       "): the record is not what the ledger has"
			     : "event %" PRId64 " (%s, recorded at %" PRId64
			       "): the ledger's hash is damaged, the record is "
			       "right",
		    v->differing[i].id, v->differing[i].kind,
		    v->differing[i].recorded_at);
	v->differing_count = 0;
	v->has_diverged = false;
}

static void tell_failed(struct verifying *v, const struct mark *mark)
{
	if (mark->name)
		evidence_find(v->findings, "checkpoint",
			      "%s: the events from %" PRId64 " to %" PRId64
			      " are not those of this checkpoint: history was"
			      " rewritten",
			      mark->name, v->good_size + 1, mark->size);
	else if (!v->has_failed)
		evidence_find(v->findings, "checkpoint",
			      "the events from %" PRId64 " to %" PRId64
			      " are not those of their checkpoint: the first"
			      " interval that fails",
			      v->good_size + 1, mark->size);
	v->has_failed |= !mark->name;
}

static void check_mark(struct verifying *v, const struct mark *mark)
{
	if (has_root(&v->tree, mark)) {
		tell_differing(v, false);
		v->good_size = mark->size;
	} else if (v->has_diverged && has_root(&v->stored, mark)) {
		v->tree = v->stored;
		tell_differing(v, true);
		v->good_size = mark->size;
	} else {
		tell_failed(v, mark);
	}
}

static void check_marks(struct verifying *v)
{
	while (v->mark_at < v->mark_count &&
	       v->marks[v->mark_at].size <= v->tree.size)
		check_mark(v, &v->marks[v->mark_at++]);
}

static void tell_marks_beyond(struct verifying *v)
{
	for (; v->mark_at < v->mark_count; v->mark_at++) {
		const struct mark *mark = &v->marks[v->mark_at];

		evidence_find(v->findings, "checkpoint",
			      "%s%sa checkpoint has %" PRId64
			      " events, and the store only %" PRId64,
			      mark->name ? mark->name : "",
			      mark->name ? ": " : "", mark->size, v->tree.size);
	}
}

/* --- the tree --- */

static void add_differing(struct verifying *v, const struct ledger_event *event)
{
	if (!v->has_diverged)
		v->stored = v->tree;
	v->has_diverged = true;
	if (v->differing_count >= EVIDENCE_FINDINGS_MAX)
		return;
	v->differing = arena_grow(v->arena, v->differing, v->differing_count,
				  &v->differing_room, sizeof(*v->differing));
	v->differing[v->differing_count++] =
	    (struct differing){.id = event->id,
			       .recorded_at = event->recorded_at,
			       .kind = arena_strdup(v->arena, event->kind)};
}

/* What stands over the leaves' tiles must follow from them. */
static bool check_above(struct verifying *v, struct err *err)
{
	int64_t size = v->tree.size;

	for (int level = 1; level <= ABOVE_LEVELS && size % LEDGER_TILE == 0;
	     level++) {
		struct above *above = &v->above[level - 1];
		size /= LEDGER_TILE;
		int64_t number = (size - 1) / LEDGER_TILE;
		size_t at = (size_t)((size - 1) % LEDGER_TILE);

		if (above->number != number + 1 &&
		    !ledger_load_tile(v->db, level, number, above->hashes,
				      &above->count, err))
			return false;
		above->number = number + 1;
		if (at >= above->count ||
		    memcmp(&above->hashes[at], &v->tree.last[level * 8],
			   MERKLE_SIZE) != 0)
			evidence_find(v->findings, "leaf",
				      "the ledger's tile %d/%" PRId64
				      " is damaged",
				      level, number);
	}
	return true;
}

/* The next leaf: as it is made again, or NULL for an event that is not there.
 */
static bool add_leaf(struct verifying *v, const struct ledger_event *event,
		     const struct merkle_hash *made, struct err *err)
{
	int64_t index = v->tree.size;
	size_t at = (size_t)(index % LEDGER_TILE);

	if (index < v->summary->leaves && at == 0 &&
	    !ledger_load_tile(v->db, 0, index / LEDGER_TILE, v->tile,
			      &v->tile_count, err))
		return false;
	bool is_stored = index < v->summary->leaves && at < v->tile_count;
	if (index < v->summary->leaves && !is_stored)
		evidence_find(v->findings, "leaf",
			      "event %" PRId64 ": the ledger's hash is missing",
			      event->id);
	const struct merkle_hash *stored = is_stored ? &v->tile[at] : made;
	if (memcmp(stored, made, sizeof(*made)) != 0)
		add_differing(v, event);
	if (v->has_diverged)
		merkle_add(&v->stored, stored);
	merkle_add(&v->tree, made);
	check_marks(v);
	return v->has_diverged || v->tree.size > v->summary->leaves ||
	       check_above(v, err);
}

static bool add_missing(struct verifying *v, int64_t up_to, struct err *err)
{
	static const struct merkle_hash none;

	if (up_to - v->tree.size > 1000000)
		return err_set(err, ERR_INPUT,
			       "event %" PRId64 " is numbered far beyond the"
			       " others",
			       up_to + 1);
	while (v->tree.size < up_to) {
		const struct ledger_event event = {.id = v->tree.size + 1,
						   .kind = "not there"};

		evidence_find(v->findings, "event",
			      "event %" PRId64 " is not there: someone removed"
			      " it",
			      event.id);
		if (!add_leaf(v, &event, &none, err))
			return false;
	}
	return true;
}

static bool add_event(struct verifying *v, const struct ledger_event *event,
		      struct err *err)
{
	struct merkle_hash hash;

	if (event->id > v->tree.size + 1 && !add_missing(v, event->id - 1, err))
		return false;
	ledger_format_leaf(event, &v->leaf);
	ledger_hash_leaf(&v->leaf, &hash);
	v->summary->events++;
	v->summary->bytes += (int64_t)v->leaf.size - 1;
	evidence_claims_add(v->claims, event);
	return add_leaf(v, event, &hash, err);
}

static bool add_events(struct verifying *v, struct err *err)
{
	struct query *q = db_query(v->db, QUERY_LEDGER_EVENTS);
	struct ledger_event event;
	bool good = true;

	query_integer(q, 1, 0);
	query_integer(q, 2, INT64_MAX);
	while (good && query_next(q)) {
		ledger_event_read(q, &event);
		good = add_event(v, &event, err);
	}
	return query_done(q, good ? err : NULL) && good;
}

/* --- keys --- */

/* Each key that signed was told by an event of that moment. */
static bool check_keys(struct verifying *v, struct err *err)
{
	struct query *q = db_query(v->db, QUERY_EVIDENCE_KEYS);

	while (query_next(q))
		if (!query_get_integer(q, 1))
			evidence_find(v->findings, "row",
				      "the key %s: in the table, and by no"
				      " event",
				      query_get_text(q, 0));
	return query_done(q, err);
}

static bool verify(struct verifying *v, const struct evidence_given *given,
		   size_t given_count, struct err *err)
{
	int64_t last;

	if (!ledger_count(v->db, &v->summary->leaves, &last, err) ||
	    !load_marks(v, given, given_count, err))
		return false;
	v->claims = evidence_claims_new(v->db, v->findings, err);
	if (!v->claims || !add_events(v, err) ||
	    (v->tree.size < v->summary->leaves &&
	     !add_missing(v, v->summary->leaves, err)))
		return false;
	/* behind the last checkpoint nobody but the store can say which is
	 * right */
	tell_differing(v, true);
	tell_marks_beyond(v);
	return check_keys(v, err) && evidence_claims_compare(v->claims, err);
}

bool evidence_verify(struct db *db, const struct evidence_given *given,
		     size_t given_count, struct evidence_findings *findings,
		     struct evidence_summary *ret, struct err *err)
{
	struct arena *arena = arena_new();
	struct verifying *v = arena_alloc(arena, sizeof(*v));

	*ret = (struct evidence_summary){0};
	v->db = db;
	v->arena = arena;
	v->findings = findings;
	v->summary = ret;
	buf_init(&v->leaf, LEDGER_LEAF_MAX);
	bool good = db_begin_reading(db, err);
	if (good) {
		good = verify(v, given, given_count, err);
		db_rollback(db);
	}
	evidence_claims_free(v->claims);
	buf_done(&v->leaf);
	arena_free(arena);
	return good ? true : err_context(err, "verifying the evidence");
}
