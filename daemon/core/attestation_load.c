/* Sheets as they stand, for looking. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/attestation.h"
#include "tools/db.h"

static void read_sheet(struct query *q, struct arena *arena,
		       struct attestation_sheet *ret)
{
	*ret = (struct attestation_sheet){
	    .id = query_get_integer(q, 0),
	    .ref = arena_strdup(arena, query_get_text(q, 1)),
	    .version = (int)query_get_integer(q, 2),
	    .agency = arena_strdup(arena, query_get_text(q, 3)),
	    .list = arena_strdup(arena, query_get_text(q, 4)),
	    .signed_at = query_get_integer(q, 5),
	    .recorded_at = query_get_integer(q, 6),
	    .event_id = query_get_integer(q, 7),
	    .scan_type = arena_strdup(arena, query_get_text(q, 8)),
	    .scan_size = query_get_integer(q, 9),
	    .has_scan = query_get_integer(q, 10) != 0,
	    .people = (size_t)query_get_integer(q, 11),
	    .standing = (size_t)query_get_integer(q, 12),
	    .note = arena_strdup(arena, query_get_text(q, 13)),
	    .recorded_by = arena_strdup(arena, query_get_text(q, 14)),
	};
}

bool attestation_load(struct db *db, const struct attestation_filter *filter,
		      struct arena *arena, struct attestation_sheet **ret,
		      size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_ATTESTATION_SHEETS);
	struct attestation_sheet *list = NULL;
	size_t count = 0, room = 0;

	query_text(q, 1, filter->ref);
	query_text(q, 2, filter->list);
	query_text(q, 3, filter->agency);
	query_integer(q, 4, filter->id);
	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		read_sheet(q, arena, &list[count++]);
	}
	*ret = list;
	*ret_count = count;
	return query_done(q, err);
}

static void read_person(struct query *q, struct arena *arena,
			struct attestation_person *ret)
{
	*ret = (struct attestation_person){
	    .id = query_get_integer(q, 0),
	    .public_id = arena_strdup(arena, query_get_text(q, 1)),
	    .address = arena_strdup(arena, query_get_text(q, 2)),
	    .name = arena_strdup(arena, query_get_text(q, 3)),
	    .version = (int)query_get_integer(q, 4),
	    .confirmed_at = query_get_integer(q, 5),
	    .event_id = query_get_integer(q, 6),
	    .undone_at = query_get_integer(q, 7),
	    .undone_reason = arena_strdup(arena, query_get_text(q, 8)),
	};
}

bool attestation_load_people(struct db *db, int64_t sheet_id,
			     struct arena *arena,
			     struct attestation_person **ret, size_t *ret_count,
			     struct err *err)
{
	struct query *q = db_query(db, QUERY_ATTESTATION_PEOPLE);
	struct attestation_person *list = NULL;
	size_t count = 0, room = 0;

	query_integer(q, 1, sheet_id);
	query_null(q, 2);
	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		read_person(q, arena, &list[count++]);
	}
	*ret = list;
	*ret_count = count;
	return query_done(q, err);
}

bool attestation_load_scan(struct db *db, int64_t sheet_id, struct arena *arena,
			   const void **ret, size_t *ret_size,
			   const char **ret_type, struct err *err)
{
	struct query *q = db_query(db, QUERY_ATTESTATION_SCAN);
	const void *bytes = NULL;

	query_integer(q, 1, sheet_id);
	bool is_there = query_next(q);
	if (is_there)
		bytes = query_get_blob(q, 0, ret_size);
	if (bytes) {
		void *copy = arena_alloc(arena, *ret_size);

		*ret = memcpy(copy, bytes, *ret_size);
		*ret_type = arena_strdup(arena, query_get_text(q, 1));
	}
	if (!query_done(q, err))
		return false;
	if (!is_there)
		return err_set(err, ERR_GONE,
			       "no sheet %" PRId64
			       "; see \"briefingctl attest list\"",
			       sheet_id);
	return bytes || err_set(err, ERR_GONE,
				"the scan of sheet %" PRId64
				" is gone: somebody on it was erased, or it "
				"was kept for long enough",
				sheet_id);
}
