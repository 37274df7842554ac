#include "core/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "tools/db.h"
#include "tools/json.h"

#define TILE_BITS 8
#define TILE_LEVELS (MERKLE_LEVELS / TILE_BITS + 1)

_Static_assert(1 << TILE_BITS == LEDGER_TILE, "a tile");

/* --- leaves --- */

void ledger_event_read(struct query *q, struct ledger_event *ret)
{
	*ret = (struct ledger_event){
	    .id = query_get_integer(q, 0),
	    .kind = query_get_text(q, 1),
	    .effective_at = query_get_integer(q, 2),
	    .recorded_at = query_get_integer(q, 3),
	    .actor = query_get_text(q, 4),
	    .body = query_get_text(q, 5),
	};
}

/* buf_addf takes as long as the hash */
static void add_integer(struct buf *out, int64_t number)
{
	char digits[24];
	size_t at = sizeof(digits);
	bool is_negative = number < 0;
	uint64_t left = is_negative ? -(uint64_t)number : (uint64_t)number;

	do
		digits[--at] = (char)('0' + left % 10);
	while (left /= 10);
	if (is_negative)
		digits[--at] = '-';
	buf_add(out, digits + at, sizeof(digits) - at);
}

void ledger_format_leaf(const struct ledger_event *event, struct buf *out)
{
	buf_clear(out);
	buf_addc(out, '\0');
	buf_adds(out, "{\"actor\":");
	json_add_text(out, event->actor);
	buf_adds(out, ",\"body\":");
	buf_adds(out, event->body);
	buf_adds(out, ",\"effective_at\":");
	add_integer(out, event->effective_at);
	buf_adds(out, ",\"id\":");
	add_integer(out, event->id);
	buf_adds(out, ",\"kind\":");
	json_add_text(out, event->kind);
	buf_adds(out, ",\"recorded_at\":");
	add_integer(out, event->recorded_at);
	buf_addc(out, '}');
}

void ledger_hash_leaf(struct buf *leaf, struct merkle_hash *ret)
{
	merkle_leaf_in_place((uint8_t *)leaf->data, leaf->size, ret);
}

/* --- tiles --- */

bool ledger_load_tile(struct db *db, int level, int64_t number,
		      struct merkle_hash ret[LEDGER_TILE], size_t *ret_count,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_LEDGER_TILE);
	size_t size = 0;

	query_integer(q, 1, level);
	query_integer(q, 2, number);
	if (query_next(q)) {
		const void *data = query_get_blob(q, 0, &size);

		if (size > LEDGER_TILE * MERKLE_SIZE)
			size = LEDGER_TILE * MERKLE_SIZE;
		if (size > 0)
			memcpy(ret, data, size);
	}
	*ret_count = size / MERKLE_SIZE;
	return query_done(q, err);
}

static bool save_tile(struct db *db, int level, int64_t number,
		      const struct merkle_hash *hashes, size_t count,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_LEDGER_SAVE_TILE);

	query_integer(q, 1, level);
	query_integer(q, 2, number);
	query_blob(q, 3, hashes, count * MERKLE_SIZE);
	return query_run(q, NULL, err);
}

static bool is_missing(struct err *err, int level, int64_t number)
{
	return err_set(err, ERR_INPUT,
		       "the ledger's tile %d/%" PRId64 " is not whole", level,
		       number);
}

/* The index of each level's first whole hash. */
struct reading {
	struct db *db;
	struct err *err;
};

/* a merkle_get */
static bool get_node(void *context, int level, int64_t index,
		     struct merkle_hash *ret)
{
	struct reading *reading = context;
	struct merkle_hash tile[LEDGER_TILE];
	struct merkle tree = {0};
	int within = level % TILE_BITS;
	int64_t first = index << within;
	size_t count, from = (size_t)(first % LEDGER_TILE);
	size_t size = (size_t)1 << within;

	if (!ledger_load_tile(reading->db, level / TILE_BITS,
			      first / LEDGER_TILE, tile, &count, reading->err))
		return false;
	if (count < from + size)
		return is_missing(reading->err, level / TILE_BITS,
				  first / LEDGER_TILE);
	for (size_t i = 0; i < size; i++)
		merkle_add(&tree, &tile[from + i]);
	*ret = tree.last[within];
	return true;
}

bool ledger_root(struct db *db, int64_t size, struct merkle_hash *ret,
		 struct err *err)
{
	struct reading reading = {db, err};

	return merkle_root_at(size, get_node, &reading, ret);
}

bool ledger_prove(struct db *db, int64_t index, int64_t size,
		  struct merkle_path *ret, struct err *err)
{
	struct reading reading = {db, err};

	return merkle_inclusion(index, size, get_node, &reading, ret);
}

bool ledger_prove_consistency(struct db *db, int64_t old_size, int64_t size,
			      struct merkle_path *ret, struct err *err)
{
	struct reading reading = {db, err};

	return merkle_consistency(old_size, size, get_node, &reading, ret);
}

/* --- taking up events --- */

bool ledger_count(struct db *db, int64_t *ret_size, int64_t *ret_events,
		  struct err *err)
{
	struct query *q = db_query(db, QUERY_LEDGER_COUNT);

	if (query_next(q)) {
		*ret_size = query_get_integer(q, 0);
		*ret_events = query_get_integer(q, 1);
	}
	return query_done(q, err);
}

struct appending {
	struct db *db;
	struct merkle tree;
	struct merkle_hash tile[LEDGER_TILE]; /* the one being filled */
	struct buf leaf;
};

static bool load_tree(struct appending *appending, int64_t size,
		      struct err *err)
{
	struct reading reading = {appending->db, err};
	size_t count = 0;

	appending->tree.size = size;
	for (int level = 0; size >> level; level++)
		if ((size >> level & 1) &&
		    !get_node(&reading, level, (size >> level) - 1,
			      &appending->tree.last[level]))
			return false;
	if (size % LEDGER_TILE == 0)
		return true;
	if (!ledger_load_tile(appending->db, 0, size / LEDGER_TILE,
			      appending->tile, &count, err))
		return false;
	return count == (size_t)(size % LEDGER_TILE)
		   ? true
		   : is_missing(err, 0, size / LEDGER_TILE);
}

/* a tile is full: its root goes into the level above, and so on */
static bool save_full(struct appending *appending, struct err *err)
{
	int64_t size = appending->tree.size;

	if (!save_tile(appending->db, 0, size / LEDGER_TILE - 1,
		       appending->tile, LEDGER_TILE, err))
		return false;
	for (int level = 1; level < TILE_LEVELS; level++) {
		struct merkle_hash above[LEDGER_TILE];
		size_t count;

		size /= LEDGER_TILE;
		if (!ledger_load_tile(appending->db, level,
				      (size - 1) / LEDGER_TILE, above, &count,
				      err))
			return false;
		if (count != (size_t)((size - 1) % LEDGER_TILE))
			return is_missing(err, level, (size - 1) / LEDGER_TILE);
		above[count] = appending->tree.last[level * TILE_BITS];
		if (!save_tile(appending->db, level, (size - 1) / LEDGER_TILE,
			       above, count + 1, err))
			return false;
		if (size % LEDGER_TILE)
			break;
	}
	return true;
}

static bool take_up(struct appending *appending,
		    const struct ledger_event *event, struct err *err)
{
	struct merkle *tree = &appending->tree;
	struct merkle_hash hash;

	if (event->id != tree->size + 1)
		return err_set(err, ERR_INPUT,
			       "event %" PRId64
			       " is not there: someone removed "
			       "it from the store",
			       tree->size + 1);
	ledger_format_leaf(event, &appending->leaf);
	ledger_hash_leaf(&appending->leaf, &hash);
	appending->tile[tree->size % LEDGER_TILE] = hash;
	merkle_add(tree, &hash);
	return tree->size % LEDGER_TILE ? true : save_full(appending, err);
}

static bool take_up_slice(struct appending *appending, int64_t max,
			  struct err *err)
{
	struct query *q = db_query(appending->db, QUERY_LEDGER_EVENTS);
	struct ledger_event event;
	bool good = true;

	query_integer(q, 1, appending->tree.size);
	query_integer(q, 2, max);
	while (good && query_next(q)) {
		ledger_event_read(q, &event);
		good = take_up(appending, &event, err);
	}
	return query_done(q, good ? err : NULL) && good;
}

static bool save_end(struct appending *appending, struct err *err)
{
	int64_t size = appending->tree.size;
	struct query *q;

	if (size % LEDGER_TILE &&
	    !save_tile(appending->db, 0, size / LEDGER_TILE, appending->tile,
		       (size_t)(size % LEDGER_TILE), err))
		return false;
	q = db_query(appending->db, QUERY_LEDGER_SET_SIZE);
	query_integer(q, 1, size);
	return query_run(q, NULL, err);
}

bool ledger_append(struct db *db, int64_t max, bool *ret_more, struct err *err)
{
	struct appending appending = {.db = db};
	int64_t size = 0, events = 0;

	assert(db_is_in_transaction(db));
	*ret_more = false;
	if (!ledger_count(db, &size, &events, err))
		return false;
	if (events <= size)
		return true;
	buf_init(&appending.leaf, LEDGER_LEAF_MAX);
	bool good = load_tree(&appending, size, err) &&
		    take_up_slice(&appending, max, err) &&
		    save_end(&appending, err);
	buf_done(&appending.leaf);
	*ret_more = good && appending.tree.size < events;
	return good ? true : err_context(err, "the ledger");
}
