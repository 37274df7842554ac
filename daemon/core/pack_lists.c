/* Whom it was asked of, list by list, and what went to each. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/letter.h"
#include "core/pack_part.h"
#include "tools/archive.h"
#include "tools/db.h"

#define PART_MAX_SIZE ((size_t)256 * 1024 * 1024)
#define FIELDS_MAX 16

/* A statement's rows as a CSV file, its columns under these names. */
static bool add_table(struct pack *pack, struct query *q, const char *file,
		      const char *const *names, size_t count, struct err *err)
{
	struct buf out;

	buf_init(&out, PART_MAX_SIZE);
	pack_record(&out, names, count);
	while (query_next(q)) {
		const char *fields[FIELDS_MAX];

		for (size_t i = 0; i < count; i++)
			fields[i] = query_get_text(q, (int)i);
		pack_record(&out, fields, count);
	}
	bool good = query_done(q, err) && pack_add(pack, file, &out, err);
	buf_done(&out);
	return good;
}

/* --- lists as they stood --- */

static bool add_list(struct pack *pack, const char *list, struct err *err)
{
	static const char *const names[] = {
	    "person",   "version",   "agency",          "required_at",
	    "due_at",   "closes_at", "acknowledged_at", "grade",
	    "event",    "missed_at", "closed_at",       "closed_as",
	    "delivery",
	};
	char *file = arena_strdup(pack->arena, list);
	struct query *q = db_query(pack->db, QUERY_PACK_LIST);

	archive_name(file);
	query_text(q, 1, pack->wish->ref);
	query_text(q, 2, list);
	query_integer(q, 3, pack->as_of);
	return add_table(pack, q,
			 arena_printf(pack->arena, "lists/%s.csv", file), names,
			 sizeof(names) / sizeof(*names), err);
}

static bool add_names(struct pack *pack, struct err *err)
{
	static const char *const names[] = {"person", "address", "name",
					    "role",   "team",    "destroy_on"};
	struct query *q = db_query(pack->db, QUERY_PACK_NAMES);

	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->as_of);
	query_text(q, 3, pack->wish->destroy_on);
	return add_table(pack, q, "names/people.csv", names,
			 sizeof(names) / sizeof(*names), err);
}

bool pack_lists(struct pack *pack, struct err *err)
{
	const char **lists = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(pack->db, QUERY_PACK_LISTS);
	bool good = true;

	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->as_of);
	while (query_next(q)) {
		lists = arena_grow(pack->arena, lists, count, &room,
				   sizeof(*lists));
		lists[count++] =
		    arena_strdup(pack->arena, query_get_text(q, 0));
	}
	if (!query_done(q, err))
		return false;
	for (size_t i = 0; good && i < count; i++)
		good = add_list(pack, lists[i], err);
	if (good && pack->wish->names_reason)
		good = add_names(pack, err);
	return good;
}

/* --- the mail --- */

static bool add_letter(struct pack *pack, int64_t id, struct err *err)
{
	struct letter letter = {0};
	struct letter_person person;
	struct buf out;

	if (!letter_load(pack->db, id, &letter, err))
		return false;
	buf_init(&out, LETTER_MAX_SIZE * 2);
	buf_add(&out, letter.head, letter.head_size);
	buf_add(&out, letter.body, letter.body_size);
	letter_person_specimen(pack->settings, "a.member@example.org",
			       "A. Member", pack->arena, &person);
	bool good =
	    pack_add(
		pack,
		arena_printf(pack->arena, "mail/letter-%" PRId64 ".stored", id),
		&out, err) &&
	    letter_assemble(&letter, &person, &out, err) &&
	    pack_add(pack,
		     arena_printf(pack->arena,
				  "mail/letter-%" PRId64 "-specimen.eml", id),
		     &out, err);
	buf_done(&out);
	letter_done(&letter);
	return good;
}

bool pack_mail(struct pack *pack, struct err *err)
{
	static const char *const names[] = {
	    "delivery", "letter", "person", "list", "accepted_at", "sha256"};
	int64_t *letters = NULL;
	size_t count = 0, room = 0;
	bool good = true;
	struct query *q = db_query(pack->db, QUERY_PACK_LETTERS);

	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->as_of);
	while (query_next(q)) {
		letters = arena_grow(pack->arena, letters, count, &room,
				     sizeof(*letters));
		letters[count++] = query_get_integer(q, 0);
	}
	if (!query_done(q, err))
		return false;
	for (size_t i = 0; good && i < count; i++)
		good = add_letter(pack, letters[i], err);
	if (!good)
		return false;
	q = db_query(pack->db, QUERY_PACK_COPIES);
	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->as_of);
	return add_table(pack, q, "mail/copies.csv", names,
			 sizeof(names) / sizeof(*names), err);
}
