/* Sheets that were wrong: undone by another record. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/attestation.h"
#include "core/event.h"
#include "tools/db.h"

struct undoing {
	int64_t sheet_id;
	const char *person, *reason, *actor;
	int64_t now;
	struct arena *arena;
	struct attestation_sheet *sheet;
};

static bool check_reason(const char *reason, struct err *err)
{
	size_t size = reason ? strlen(reason) : 0;

	if (size == 0)
		return err_set(err, ERR_INPUT, "why? the reason is recorded");
	if (size > ATTESTATION_TEXT_MAX)
		return err_set(err, ERR_INPUT,
			       "the reason has %zu bytes, and may have %d",
			       size, ATTESTATION_TEXT_MAX);
	return text_is_utf8(reason, size, NULL) ||
	       err_set(err, ERR_INPUT, "the reason is not UTF-8");
}

static bool find_sheet(struct db *db, struct undoing *undoing, struct err *err)
{
	const struct attestation_filter filter = {.id = undoing->sheet_id};
	size_t count = 0;

	if (undoing->sheet_id > 0 &&
	    !attestation_load(db, &filter, undoing->arena, &undoing->sheet,
			      &count, err))
		return false;
	if (count == 0)
		return err_set(err, ERR_GONE,
			       "no sheet %" PRId64
			       "; see \"briefingctl attest list\"",
			       undoing->sheet_id);
	return undoing->sheet->standing > 0 ||
	       err_set(err, ERR_INPUT, "sheet %" PRId64 " was undone before",
		       undoing->sheet_id);
}

static bool set_undone(struct db *db, enum query_id statement, int64_t id,
		       int64_t now, int64_t event_id, int64_t wanted,
		       struct err *err)
{
	struct query *q = db_query(db, statement);
	int changes;

	query_integer(q, 1, id);
	query_integer(q, 2, now);
	query_integer(q, 3, event_id);
	if (!query_run(q, &changes, err))
		return false;
	return changes == wanted || err_set(err, ERR_BUSY, "the sheet changed");
}

static bool undo_sheet(struct db *db, const struct undoing *undoing,
		       struct err *err)
{
	const struct attestation_sheet *sheet = undoing->sheet;
	struct event event;

	event_begin(&event, "sheet-undone", undoing->now, undoing->actor);
	event_text(&event, "agency", sheet->agency);
	event_text(&event, "ref", sheet->ref);
	event_integer(&event, "sheet", sheet->event_id);
	event_integer(&event, "people", (int64_t)sheet->standing);
	event_private(&event, "reason", undoing->reason);
	return event_end(&event, db, undoing->now, err) &&
	       set_undone(db, QUERY_ATTESTATION_UNDO_SHEET, sheet->id,
			  undoing->now, event.id, (int64_t)sheet->standing,
			  err);
}

/* the last time they were attested by it */
static bool find_person(struct db *db, const struct undoing *undoing,
			struct attestation_person *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_ATTESTATION_PEOPLE);
	bool found;

	query_integer(q, 1, undoing->sheet_id);
	query_text(q, 2, undoing->person);
	found = query_next(q);
	if (found)
		*ret = (struct attestation_person){
		    .id = query_get_integer(q, 0),
		    .public_id =
			arena_strdup(undoing->arena, query_get_text(q, 1)),
		    .version = (int)query_get_integer(q, 4),
		    .event_id = query_get_integer(q, 6),
		    .undone_at = query_get_integer(q, 7),
		};
	if (!query_done(q, err))
		return false;
	if (!found)
		return err_set(err, ERR_GONE, "%s is not on sheet %" PRId64,
			       undoing->person, undoing->sheet_id);
	return !ret->undone_at ||
	       err_set(err, ERR_INPUT,
		       "%s was taken off sheet %" PRId64 " before",
		       undoing->person, undoing->sheet_id);
}

static bool undo_person(struct db *db, const struct undoing *undoing,
			struct err *err)
{
	struct attestation_person person = {0};
	struct event event;

	if (!find_person(db, undoing, &person, err))
		return false;
	event_begin(&event, "attestation-undone", undoing->now, undoing->actor);
	event_text(&event, "person", person.public_id);
	event_text(&event, "ref", undoing->sheet->ref);
	event_integer(&event, "version", person.version);
	event_integer(&event, "attested", person.event_id);
	event_private(&event, "reason", undoing->reason);
	return event_end(&event, db, undoing->now, err) &&
	       set_undone(db, QUERY_ATTESTATION_UNDO, person.id, undoing->now,
			  event.id, 1, err);
}

bool attestation_undo(struct db *db, int64_t sheet_id, const char *person,
		      const char *reason, const char *actor, int64_t now,
		      struct err *err)
{
	struct undoing undoing = {.sheet_id = sheet_id,
				  .person = person,
				  .reason = reason,
				  .actor = actor,
				  .now = now,
				  .arena = arena_new()};

	assert(db_is_in_transaction(db));
	bool good = check_reason(reason, err) &&
		    find_sheet(db, &undoing, err) &&
		    (person ? undo_person(db, &undoing, err)
			    : undo_sheet(db, &undoing, err));
	arena_free(undoing.arena);
	return good;
}
