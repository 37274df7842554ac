#include "core/roster.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "base/text.h"
#include "core/event.h"
#include "core/roster_member.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/json.h"

#define FIELDS 13     /* of a line of the errand's answer */
#define LINE_LEAST 40 /* bytes that a line has at least */
#define GUARD_LEAST 3 /* fewer removals never wait */
#define READ_FACTOR                                                            \
	20 /* lines that are read in the time of one row written               \
	    */
#define REFUSED_MAX_SIZE 200 /* of the lines that are named */
#define NO_ROW UINT32_MAX    /* all bits, as memset can */

/* one after the other; the guard stands between the second and the third */
enum stage {
	STAGE_BEGIN,
	STAGE_READ,    /* the answer's lines */
	STAGE_MATCH,   /* members, by the keys of their rows */
	STAGE_RESOLVE, /* those without one, by their address */
	STAGE_REMOVE,
	STAGE_APPLY,
	STAGE_FINISH,
};

/* a member whose key no row has */
struct loose {
	int64_t member_id, person_id;
	const char *address_key, *row_hash;
	bool is_removed;
};

struct roster_load {
	struct scratch *answer; /* cut into texts as it is read */
	char *at;
	char *problems;
	char hash[CRYPTO_SHA256_HEX];
	int64_t list_id;
	struct roster_row *rows; /* in the order of their keys */
	uint32_t *by_address;    /* rows in the order of their addresses */
	size_t count;

	enum stage stage;
	size_t cursor;
	int64_t person_cursor;
	bool is_accepted;
	bool has_no_rows;   /* for they are those in force */
	char *waiting_hash; /* of before */
	struct arena *arena;
	struct loose *loose, *going;
	size_t loose_count, loose_room, going_count, going_room;
	size_t present;     /* members that are here now */
	struct buf refused; /* lines, "14, 27" */
	int refused_count;
	struct roster_change change;
};

static bool fail_whole(struct err *err)
{
	return err_set(err, ERR_SYSTEM,
		       "what the errand found in the list is not whole");
}

char *roster_known_hash(struct db *db, int64_t list_id)
{
	struct query *q = db_query(db, QUERY_ROSTER_LOAD_STATE);
	char *hash = NULL;

	query_integer(q, 1, list_id);
	if (query_next(q))
		hash = xstrdup(query_get_text(q, 1));
	/* not to know it means that the file is read whole */
	query_done(q, NULL);
	return hash ? hash : xstrdup("");
}

/* --- the answer's head */

static bool read_head(struct roster_load *load, const char *line, size_t size,
		      size_t rest, struct err *err)
{
	struct json_value *head = json_parse(line, size, err);
	const char *hash = json_get_text(head, "hash");
	const char *problems = json_get_text(head, "problems");
	bool is_same = json_get_flag(head, "same", false);
	int64_t count = json_get_integer(head, "count", -1);
	bool good = hash && strlen(hash) < sizeof(load->hash) &&
		    (problems || is_same ||
		     (count >= 0 && (size_t)count <= rest / LINE_LEAST &&
		      (size_t)count < NO_ROW));

	if (good) {
		snprintf(load->hash, sizeof(load->hash), "%s", hash);
		load->problems = problems ? xstrdup(problems) : NULL;
		load->has_no_rows = is_same;
		load->count = problems || is_same ? 0 : (size_t)count;
	}
	json_free(head);
	return good || fail_whole(err);
}

/* rows and their order, all yet to be read */
static bool make_notes(struct roster_load *load, struct err *err)
{
	size_t count = load->count + 1;

	load->rows =
	    scratch_alloc(load->answer, count * sizeof(*load->rows), err);
	if (load->rows)
		load->by_address = scratch_alloc(
		    load->answer, count * sizeof(*load->by_address), err);
	if (!load->by_address)
		return err_context(err, "a list of %zu rows", load->count);
	memset(load->by_address, 0xff, count * sizeof(*load->by_address));
	return true;
}

static bool read_answer(struct roster_load *load, struct err *err)
{
	char *text = scratch_data(load->answer);
	size_t size = scratch_size(load->answer);
	char *end = memchr(text, '\n', size);

	if (!end)
		return fail_whole(err);
	size_t head = (size_t)(end - text);
	load->at = end + 1;
	return read_head(load, text, head, size - head - 1, err) &&
	       make_notes(load, err);
}

struct roster_load *roster_load_begin(int64_t list_id, struct scratch *answer,
				      struct err *err)
{
	struct roster_load *load = xcalloc(1, sizeof(*load));

	load->list_id = list_id;
	load->answer = answer;
	load->arena = arena_new();
	buf_init(&load->refused, REFUSED_MAX_SIZE + sizeof(", and more"));
	if (read_answer(load, err))
		return load;
	roster_load_free(load);
	return NULL;
}

void roster_load_refuse(struct roster_load *load,
			const struct tombstone_key *key)
{
	load->change.tombstones = key;
}

int roster_load_refused(const struct roster_load *load)
{
	return load->refused_count;
}

const char *roster_load_problems(const struct roster_load *load)
{
	return load->problems;
}

void roster_load_free(struct roster_load *load)
{
	if (!load)
		return;
	scratch_free(load->answer);
	free(load->problems);
	buf_done(&load->refused);
	arena_free(load->arena);
	free(load);
}

/* --- searching: the order of keys was checked while it was read; an order of
 * addresses that is none finds less and does no harm */

static struct roster_row *find_by_key(struct roster_load *load, const char *key)
{
	size_t low = 0, high = load->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(load->rows[middle].key, key);

		if (order == 0)
			return &load->rows[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static struct roster_row *find_by_address(struct roster_load *load,
					  const char *address_key)
{
	size_t low = 0, high = load->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct roster_row *row = &load->rows[load->by_address[middle]];
		int order = strcmp(row->address_key, address_key);

		if (order == 0)
			return row;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static struct roster_row *find_row(void *context, const char *key)
{
	return find_by_key(context, key);
}

/* --- STAGE_BEGIN */

static char *keep(struct roster_load *load, const char *text)
{
	return text ? arena_strdup(load->arena, text) : NULL;
}

static bool begin(struct roster_load *load, struct db *db, bool *ret_is_same,
		  struct err *err)
{
	bool is_there = false;
	struct query *q = db_query(db, QUERY_ROSTER_LOAD_STATE);

	query_integer(q, 1, load->list_id);
	if (query_next(q)) {
		const char *before = query_get_text(q, 1);
		const char *accepted = query_get_text(q, 2);

		is_there = true;
		load->change.list_name = keep(load, query_get_text(q, 0));
		load->change.is_first = *before == '\0';
		*ret_is_same = strcmp(before, load->hash) == 0;
		load->is_accepted =
		    accepted && strcmp(accepted, load->hash) == 0;
		load->waiting_hash = keep(load, query_get_text(q, 3));
	}
	if (!query_done(q, err))
		return false;
	return is_there ||
	       err_set(err, ERR_GONE, "the list is not in the store");
}

/* --- STAGE_READ */

static bool read_fields(char *line, struct roster_row *row, size_t *ret_rank)
{
	char *fields[FIELDS];
	long long rank, number;

	for (int i = 0; i < FIELDS; i++)
		if (!(fields[i] = strsep(&line, "\t")))
			return false;
	if (line || !text_parse_integer(fields[11], 0, INT_MAX, &number) ||
	    !text_parse_integer(fields[12], 0, UINT32_MAX, &rank))
		return false;
	*row = (struct roster_row){
	    .key = fields[0],
	    .hash = fields[1],
	    .address_key = fields[2],
	    .address = fields[3],
	    .name = fields[4],
	    .role = fields[5],
	    .team = fields[6],
	    .since_on = *fields[7] ? fields[7] : NULL,
	    .status = fields[8],
	    .is_primary = strcmp(fields[9], "1") == 0,
	    .is_shared = strcmp(fields[10], "1") == 0,
	    .line = (int)number,
	};
	*ret_rank = (size_t)rank;
	return *row->key && strlen(row->hash) == 32;
}

static bool read_row(struct roster_load *load, struct err *err)
{
	struct roster_row *row = &load->rows[load->cursor];
	char *line = strsep(&load->at, "\n");
	size_t rank;

	if (!line || !load->at || !read_fields(line, row, &rank) ||
	    rank >= load->count || load->by_address[rank] != NO_ROW ||
	    (load->cursor > 0 && strcmp(row[-1].key, row->key) >= 0))
		return fail_whole(err);
	load->by_address[rank] = (uint32_t)load->cursor++;
	return true;
}

static bool read_rows(struct roster_load *load, size_t max, struct err *err)
{
	for (size_t i = 0; i < max && load->cursor < load->count; i++)
		if (!read_row(load, err))
			return false;
	if (load->cursor == load->count) {
		load->stage = STAGE_MATCH;
		load->cursor = 0;
	}
	return true;
}

/* --- STAGE_MATCH, STAGE_RESOLVE */

static void pair(struct roster_row *row, int64_t member_id, int64_t person_id,
		 const char *row_hash, bool is_removed, bool has_address)
{
	row->member_id = member_id;
	row->person_id = person_id;
	row->is_same =
	    !is_removed && has_address && strcmp(row->hash, row_hash) == 0;
	/* a load that was cut off may have left a person without one */
	row->claims_address =
	    !has_address || strncmp(row->hash, row_hash, 16) != 0;
}

static void set_apart(struct roster_load *load, const struct loose *loose)
{
	load->loose = arena_grow(load->arena, load->loose, load->loose_count,
				 &load->loose_room, sizeof(*loose));
	load->loose[load->loose_count++] = *loose;
}

static void match_member(struct roster_load *load, struct query *q)
{
	struct loose member = {
	    .member_id = query_get_integer(q, 0),
	    .person_id = query_get_integer(q, 1),
	    .is_removed = !query_is_null(q, 4),
	};
	const char *key = query_get_text(q, 2);
	const char *address_key = query_get_text(q, 5);
	struct roster_row *row = key ? find_by_key(load, key) : NULL;

	load->person_cursor = member.person_id;
	load->present += !member.is_removed;
	if (row) {
		pair(row, member.member_id, member.person_id,
		     query_get_text(q, 3), member.is_removed,
		     address_key != NULL);
	} else if (!member.is_removed || address_key) {
		member.address_key = keep(load, address_key);
		member.row_hash = keep(load, query_get_text(q, 3));
		set_apart(load, &member);
	}
}

static bool match_members(struct roster_load *load, struct db *db, size_t max,
			  struct err *err)
{
	size_t count = 0;
	struct query *q = db_query(db, QUERY_ROSTER_EACH_MEMBER);

	query_integer(q, 1, load->list_id);
	query_integer(q, 2, load->person_cursor);
	query_integer(q, 3, (int64_t)max);
	for (; query_next(q); count++)
		match_member(load, q);
	if (!query_done(q, err))
		return false;
	if (count < max)
		load->stage = STAGE_RESOLVE;
	return true;
}

static void resolve_member(struct roster_load *load, const struct loose *member)
{
	struct roster_row *row =
	    member->address_key ? find_by_address(load, member->address_key)
				: NULL;

	if (row && row->member_id == 0) {
		pair(row, member->member_id, member->person_id,
		     member->row_hash, member->is_removed, true);
		row->is_same = false; /* the key, at least, is another */
		row->claims_address = false;
	} else if (!member->is_removed) {
		load->going =
		    arena_grow(load->arena, load->going, load->going_count,
			       &load->going_room, sizeof(*member));
		load->going[load->going_count++] = *member;
	}
}

/* true when all are looked at */
static bool resolve_members(struct roster_load *load, size_t max)
{
	for (size_t i = 0; i < max && load->cursor < load->loose_count; i++)
		resolve_member(load, &load->loose[load->cursor++]);
	return load->cursor == load->loose_count;
}

/* --- the guard */

static bool is_too_much(const struct roster_load *load, int64_t percent)
{
	return !load->is_accepted && load->going_count >= GUARD_LEAST &&
	       (int64_t)load->going_count * 100 >
		   percent * (int64_t)load->present;
}

/* The same CSV waits once, however often it is looked at. */
static bool hold(struct roster_load *load, struct db *db, int64_t now,
		 struct err *err)
{
	struct event event;

	if (load->waiting_hash && strcmp(load->waiting_hash, load->hash) == 0)
		return true;
	struct query *q = db_query(db, QUERY_ROSTER_HOLD);
	query_integer(q, 1, load->list_id);
	query_text(q, 2, load->hash);
	query_integer(q, 3, (int64_t)load->going_count);
	if (!query_run(q, NULL, err))
		return false;
	event_begin(&event, "list-held", now, "briefingd");
	event_text(&event, "list", load->change.list_name);
	event_text(&event, "csv_hash", load->hash);
	event_integer(&event, "members", (int64_t)load->present);
	event_integer(&event, "removals", (int64_t)load->going_count);
	return event_end(&event, db, now, err);
}

/* --- STAGE_REMOVE, STAGE_APPLY, STAGE_FINISH */

static bool remove_members(struct roster_load *load, size_t max,
			   struct err *err)
{
	for (size_t i = 0; i < max && load->cursor < load->going_count; i++) {
		const struct loose *member = &load->going[load->cursor++];

		if (!roster_member_remove(&load->change, member->member_id,
					  member->person_id, err))
			return false;
	}
	if (load->cursor == load->going_count) {
		load->stage = STAGE_APPLY;
		load->cursor = 0;
	}
	return true;
}

/* Named by its line, which says nothing of the person. */
static void note_refused(struct roster_load *load, const struct roster_row *row)
{
	struct buf *refused = &load->refused;

	load->refused_count++;
	if (refused->size < REFUSED_MAX_SIZE - 12)
		buf_addf(refused, "%s%d", refused->size ? ", " : "", row->line);
	else if (!text_ends(refused->data, "more"))
		buf_adds(refused, ", and more");
}

static bool apply_rows(struct roster_load *load, size_t max, struct err *err)
{
	size_t seen = 0, written = 0;

	for (; load->cursor < load->count && written < max &&
	       seen < max * READ_FACTOR;
	     seen++) {
		struct roster_row *row = &load->rows[load->cursor++];

		if (row->is_same)
			continue;
		if (!roster_member_apply(&load->change, row, err))
			return false;
		if (row->is_refused)
			note_refused(load, row);
		written++;
	}
	if (load->cursor == load->count)
		load->stage = STAGE_FINISH;
	return true;
}

static bool put_hash(struct roster_load *load, struct db *db, int64_t now,
		     const char *refused, struct err *err)
{
	struct query *q = db_query(db, QUERY_ROSTER_FINISH);

	query_integer(q, 1, load->list_id);
	query_text(q, 2, load->hash);
	query_integer(q, 3, now);
	query_text(q, 4, refused);
	return query_run(q, NULL, err);
}

static bool finish(struct roster_load *load, struct db *db, int64_t now,
		   struct err *err)
{
	struct event event;

	if (!put_hash(load, db, now,
		      load->refused.data ? load->refused.data : "", err))
		return false;
	event_begin(&event, "list-loaded", now, "briefingd");
	event_text(&event, "list", load->change.list_name);
	event_text(&event, "csv_hash", load->hash);
	event_integer(&event, "rows", (int64_t)load->count);
	event_integer(&event, "joined", load->change.joined);
	event_integer(&event, "left", load->change.left);
	event_integer(&event, "changed", load->change.changed);
	if (load->refused_count)
		event_integer(&event, "refused", load->refused_count);
	return event_end(&event, db, now, err);
}

/* what is there already: at most, another CSV waited meanwhile */
static bool step_same(struct roster_load *load, struct db *db, int64_t now,
		      enum roster_state *ret, struct err *err)
{
	*ret = ROSTER_APPLIED;
	return !load->waiting_hash || put_hash(load, db, now, NULL, err);
}

static bool step_begin(struct roster_load *load, struct db *db, int64_t now,
		       enum roster_state *ret, struct err *err)
{
	bool is_same = false;

	if (!begin(load, db, &is_same, err))
		return false;
	load->stage = STAGE_READ;
	if (is_same)
		return step_same(load, db, now, ret, err);
	/* no rows are not an empty list */
	return !load->has_no_rows ||
	       err_set(err, ERR_BUSY, "another CSV came into force meanwhile");
}

static bool step_resolve(struct roster_load *load, struct db *db,
			 int64_t removal_percent, size_t max, int64_t now,
			 enum roster_state *ret, struct err *err)
{
	if (!resolve_members(load, max))
		return true;
	if (is_too_much(load, removal_percent)) {
		*ret = ROSTER_HELD;
		return hold(load, db, now, err);
	}
	load->stage = STAGE_REMOVE;
	load->cursor = 0;
	return true;
}

bool roster_load_step(struct roster_load *load, struct db *db,
		      int64_t removal_percent, size_t max_rows, int64_t now,
		      enum roster_state *ret, struct err *err)
{
	load->change.db = db;
	load->change.now = now;
	load->change.list_id = load->list_id;
	load->change.find_row = find_row;
	load->change.context = load;
	*ret = ROSTER_WORKING;
	if (load->problems)
		return err_set(err, ERR_INPUT, "the list's file has problems");
	switch (load->stage) {
	case STAGE_BEGIN:
		return step_begin(load, db, now, ret, err);
	case STAGE_READ:
		return read_rows(load, max_rows * READ_FACTOR, err);
	case STAGE_MATCH:
		return match_members(load, db, max_rows * READ_FACTOR, err);
	case STAGE_RESOLVE:
		return step_resolve(load, db, removal_percent,
				    max_rows * READ_FACTOR, now, ret, err);
	case STAGE_REMOVE:
		return remove_members(load, max_rows, err);
	case STAGE_APPLY:
		return apply_rows(load, max_rows, err);
	case STAGE_FINISH:
		break;
	}
	*ret = ROSTER_APPLIED;
	return finish(load, db, now, err);
}
