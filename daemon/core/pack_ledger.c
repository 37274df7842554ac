/* The events behind a briefing's figures, each with its proof, and the
 * checkpoints that its mails carried, each with the proof that the pack's own
 * goes on from it. A line of JSON for each. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/checkpoint.h"
#include "core/evidence_body.h"
#include "core/ledger.h"
#include "core/pack_part.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/json.h"

#define PART_MAX_SIZE ((size_t)256 * 1024 * 1024)

struct ids {
	int64_t *list; /* ascending */
	size_t count;
};

/* what an event is known by to be about the briefing */
struct about {
	const char *ref; /* as JSON has it, without quotes */
	struct ids deliveries, letters, digests;
	const char **people; /* ascending */
	size_t people_count;
};

static bool load_ids(struct pack *pack, enum query_id statement,
		     struct ids *ret, struct err *err)
{
	struct query *q = db_query(pack->db, statement);
	size_t room = 0;

	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->as_of);
	while (query_next(q)) {
		ret->list = arena_grow(pack->arena, ret->list, ret->count,
				       &room, sizeof(*ret->list));
		ret->list[ret->count++] = query_get_integer(q, 0);
	}
	return query_done(q, err);
}

static bool load_people(struct pack *pack, struct about *about, struct err *err)
{
	struct query *q = db_query(pack->db, QUERY_PACK_PEOPLE);
	size_t room = 0;

	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->as_of);
	while (query_next(q)) {
		about->people =
		    arena_grow(pack->arena, about->people, about->people_count,
			       &room, sizeof(*about->people));
		about->people[about->people_count++] =
		    arena_strdup(pack->arena, query_get_text(q, 0));
	}
	return query_done(q, err);
}

static int compare_ids(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

static bool has_id(const struct ids *ids, int64_t id)
{
	return ids->count > 0 && bsearch(&id, ids->list, ids->count,
					 sizeof(*ids->list), compare_ids);
}

static bool has_person(const struct about *about, const char *text, size_t size)
{
	size_t from = 0, to = about->people_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const char *each = about->people[middle];
		int order = strncmp(each, text, size);

		if (order == 0 && strlen(each) == size)
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

static bool is_of_person(const char *kind)
{
	return strcmp(kind, "requirements-closed") == 0 ||
	       strcmp(kind, "requirements-reopened") == 0;
}

static bool concerns(const struct about *about,
		     const struct ledger_event *event)
{
	struct evidence_member member;
	const char *at = event->body;

	if (strcmp(event->kind, "ledger-key") == 0 ||
	    strcmp(event->kind, "mode-set") == 0)
		return true;
	while (evidence_body_next(&at, &member)) {
		int64_t id = evidence_member_integer(&member);

		if ((evidence_member_is(&member, "ref") &&
		     strlen(about->ref) == member.size &&
		     memcmp(about->ref, member.value, member.size) == 0) ||
		    (evidence_member_is(&member, "delivery") &&
		     has_id(&about->deliveries, id)) ||
		    (evidence_member_is(&member, "letter") &&
		     has_id(&about->letters, id)) ||
		    (evidence_member_is(&member, "digest") &&
		     has_id(&about->digests, id)) ||
		    (evidence_member_is(&member, "person") &&
		     is_of_person(event->kind) &&
		     has_person(about, member.value, member.size)))
			return true;
	}
	return false;
}

static void add_path(struct buf *out, const struct merkle_path *path)
{
	char hash[CRYPTO_BASE64_SIZE(MERKLE_SIZE)];

	buf_adds(out, ",\"proof\":[");
	for (size_t i = 0; i < path->count; i++) {
		crypto_base64(path->hashes[i].bytes, MERKLE_SIZE, hash);
		buf_addf(out, "%s\"%s\"", i ? "," : "", hash);
	}
	buf_adds(out, "]}\n");
}

static bool add_leaf(struct pack *pack, const struct ledger_event *event,
		     struct buf *leaf, struct buf *out, struct err *err)
{
	struct merkle_path path;

	if (!ledger_prove(pack->db, event->id - 1,
			  pack->wish->checkpoint->head.size, &path, err))
		return false;
	ledger_format_leaf(event, leaf);
	buf_addf(out, "{\"index\":%" PRId64 ",\"leaf\":", event->id - 1);
	json_add_text(out, leaf->data + 1);
	add_path(out, &path);
	pack->leaf_count++;
	return true;
}

static bool add_leaves(struct pack *pack, const struct about *about,
		       struct buf *out, struct err *err)
{
	int64_t size = pack->wish->checkpoint->head.size;
	struct query *q = db_query(pack->db, QUERY_LEDGER_EVENTS);
	struct ledger_event event;
	struct buf leaf;
	bool good = true;

	buf_init(&leaf, LEDGER_LEAF_MAX);
	query_integer(q, 1, 0);
	query_integer(q, 2, size);
	while (good && query_next(q)) {
		ledger_event_read(q, &event);
		if (event.id <= size && concerns(about, &event))
			good = add_leaf(pack, &event, &leaf, out, err);
	}
	buf_done(&leaf);
	return query_done(q, good ? err : NULL) && good;
}

static bool add_checkpoints(struct pack *pack, struct buf *out, struct err *err)
{
	int64_t size = pack->wish->checkpoint->head.size;
	struct checkpoint *list;
	size_t count;

	if (!checkpoint_load_all(pack->db, pack->arena, &list, &count, err))
		return false;
	for (size_t i = 0; i < count && list[i].head.size <= size; i++) {
		struct merkle_path path;

		if (!ledger_prove_consistency(pack->db, list[i].head.size, size,
					      &path, err))
			return false;
		buf_adds(out, "{\"note\":");
		json_add_text(out, list[i].note);
		buf_adds(out, ",\"key\":");
		json_add_text(out, list[i].verifier);
		add_path(out, &path);
	}
	return true;
}

/* What the events promise of the approval, with the salts that show it. */
static bool add_texts(struct pack *pack, struct buf *out, struct err *err)
{
	struct query *q = db_query(pack->db, QUERY_PACK_TEXTS);

	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->wish->checkpoint->head.size);
	while (query_next(q)) {
		buf_addf(out, "{\"event\":%" PRId64 ",\"name\":",
			 query_get_integer(q, 0));
		json_add_text(out, query_get_text(q, 1));
		buf_adds(out, ",\"salt\":");
		json_add_text(out, query_get_text(q, 2));
		buf_adds(out, ",\"text\":");
		json_add_text(out, query_get_text(q, 3));
		buf_adds(out, "}\n");
	}
	return query_done(q, err);
}

bool pack_ledger(struct pack *pack, struct err *err)
{
	struct about about = {0};
	struct buf ref, out;

	buf_init(&ref, 4096);
	buf_init(&out, PART_MAX_SIZE);
	json_add_text(&ref, pack->wish->ref);
	about.ref = arena_strndup(pack->arena, ref.data + 1, ref.size - 2);
	bool good =
	    load_ids(pack, QUERY_PACK_DELIVERIES, &about.deliveries, err) &&
	    load_ids(pack, QUERY_PACK_LETTERS, &about.letters, err) &&
	    load_ids(pack, QUERY_PACK_DIGESTS, &about.digests, err) &&
	    load_people(pack, &about, err) &&
	    add_leaves(pack, &about, &out, err) &&
	    pack_add(pack, "ledger/leaves.jsonl", &out, err) &&
	    add_checkpoints(pack, &out, err) &&
	    pack_add(pack, "ledger/checkpoints.jsonl", &out, err) &&
	    add_texts(pack, &out, err) &&
	    pack_add(pack, "ledger/texts.jsonl", &out, err);
	buf_done(&ref);
	buf_done(&out);
	return good;
}
