/* What is known of each thing, and how it is found. */
#include "core/evidence_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/evidence.h"
#include "tools/db.h"
#include "tools/json.h"

/* room for one more: the count is the caller's */
static void *grow(void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = *room ? *room * 2 : 256;
	return xreallocarray(list, *room, size);
}

/* --- words --- */

static bool same_word(const void *array, size_t position, const void *key)
{
	const struct evidence_word *mine =
	    (const struct evidence_word *)array + position;
	const struct evidence_word *other = key;

	return mine->size == other->size &&
	       memcmp(mine->text, other->text, mine->size) == 0;
}

size_t evidence_word(struct evidence_claims *claims, const char *text,
		     size_t size)
{
	if (!text)
		text = "";
	struct evidence_words *words = &claims->words;
	const struct evidence_word key = {text, size};
	uint64_t hash = index_hash(text, size);
	size_t at =
	    index_find(&words->index, hash, same_word, words->list, &key);

	if (at != INDEX_NONE)
		return at;
	words->list =
	    grow(words->list, words->count, &words->room, sizeof(*words->list));
	words->list[words->count] = (struct evidence_word){
	    arena_strndup(claims->arena, text, size), size};
	index_add(&words->index, hash, words->count);
	return words->count++;
}

/* a text of the tables, which is not JSON yet */
size_t evidence_word_of(struct evidence_claims *claims, const char *text)
{
	buf_clear(&claims->text);
	json_add_text(&claims->text, text);
	return evidence_word(claims, claims->text.data + 1,
			     claims->text.size - 2);
}

const char *evidence_word_text(const struct evidence_claims *claims,
			       size_t word)
{
	return claims->words.list[word].text;
}

bool evidence_word_is(const struct evidence_word *word, const char *text)
{
	return word->size == strlen(text) &&
	       memcmp(word->text, text, word->size) == 0;
}

/* --- versions --- */

struct version_key {
	size_t ref;
	int64_t number;
};

static bool same_version_id(const void *array, size_t position, const void *key)
{
	const struct evidence_version *versions = array;

	return versions[position].id == *(const int64_t *)key;
}

static bool same_version(const void *array, size_t position, const void *key)
{
	const struct evidence_version *version =
	    (const struct evidence_version *)array + position;
	const struct version_key *wanted = key;

	return version->ref == wanted->ref && version->number == wanted->number;
}

struct evidence_version *
evidence_find_version(const struct evidence_claims *claims, size_t ref,
		      int64_t number)
{
	const struct version_key key = {ref, number};
	size_t at = index_find(&claims->versions_by_ref,
			       index_hash_numbers(ref, (uint64_t)number),
			       same_version, claims->versions, &key);

	return at == INDEX_NONE ? NULL : &claims->versions[at];
}

struct evidence_version *
evidence_find_version_id(const struct evidence_claims *claims, int64_t id)
{
	size_t at = index_find(&claims->versions_by_id,
			       index_hash_numbers((uint64_t)id, 0),
			       same_version_id, claims->versions, &id);

	return at == INDEX_NONE ? NULL : &claims->versions[at];
}

static void add_version(struct evidence_claims *claims, struct query *q,
			size_t *room)
{
	size_t at = claims->version_count++;
	struct evidence_version *version;
	const char *closed_as = query_get_text(q, 5);

	claims->versions = grow(claims->versions, at, room, sizeof(*version));
	version = &claims->versions[at];
	*version = (struct evidence_version){
	    .id = query_get_integer(q, 0),
	    .ref = evidence_word_of(claims, query_get_text(q, 1)),
	    .number = query_get_integer(q, 2),
	    .content_hash = arena_strdup(claims->arena, query_get_text(q, 3)),
	    .closed_at = query_get_integer(q, 4),
	    .closed_as =
		closed_as ? arena_strdup(claims->arena, closed_as) : NULL,
	};
	index_add(&claims->versions_by_id,
		  index_hash_numbers((uint64_t)version->id, 0), at);
	index_add(&claims->versions_by_ref,
		  index_hash_numbers(version->ref, (uint64_t)version->number),
		  at);
}

static bool load_versions(struct evidence_claims *claims, struct err *err)
{
	struct query *q = db_query(claims->db, QUERY_EVIDENCE_VERSIONS);
	size_t room = 0;

	while (query_next(q))
		add_version(claims, q, &room);
	return query_done(q, err);
}

/* --- requirements --- */

struct requirement_key {
	size_t person;
	int64_t version_id;
};

static bool same_requirement(const void *array, size_t position,
			     const void *key)
{
	const struct evidence_requirement *mine =
	    (const struct evidence_requirement *)array + position;
	const struct requirement_key *wanted = key;

	return mine->person == wanted->person &&
	       mine->version_id == wanted->version_id;
}

struct evidence_requirement *
evidence_find_requirement(struct evidence_claims *claims, size_t person,
			  int64_t version_id)
{
	const struct requirement_key key = {person, version_id};
	size_t at = index_find(&claims->requirements_by,
			       index_hash_numbers(person, (uint64_t)version_id),
			       same_requirement, claims->requirements, &key);

	return at == INDEX_NONE ? NULL : &claims->requirements[at];
}

struct evidence_requirement *
evidence_use_requirement(struct evidence_claims *claims, size_t person,
			 int64_t version_id)
{
	struct evidence_requirement *found =
	    evidence_find_requirement(claims, person, version_id);
	size_t at = claims->requirement_count;

	if (found)
		return found;
	claims->requirements = grow(claims->requirements, at,
				    &claims->requirement_room, sizeof(*found));
	claims->requirements[at] = (struct evidence_requirement){
	    .person = person, .version_id = version_id};
	index_add(&claims->requirements_by,
		  index_hash_numbers(person, (uint64_t)version_id), at);
	claims->requirement_count++;
	return &claims->requirements[at];
}

/* --- closings --- */

struct closing_key {
	size_t person;
	int64_t at;
};

static bool same_closing(const void *array, size_t position, const void *key)
{
	const struct evidence_closing *mine =
	    (const struct evidence_closing *)array + position;
	const struct closing_key *wanted = key;

	return mine->person == wanted->person && mine->at == wanted->at;
}

struct evidence_closing *evidence_find_closing(struct evidence_claims *claims,
					       size_t person, int64_t at)
{
	const struct closing_key key = {person, at};
	size_t found = index_find(&claims->closings_by,
				  index_hash_numbers(person, (uint64_t)at),
				  same_closing, claims->closings, &key);

	return found == INDEX_NONE ? NULL : &claims->closings[found];
}

struct evidence_closing *evidence_use_closing(struct evidence_claims *claims,
					      size_t person, int64_t closed_at)
{
	struct evidence_closing *found =
	    evidence_find_closing(claims, person, closed_at);
	size_t at = claims->closing_count;

	if (found)
		return found;
	claims->closings =
	    grow(claims->closings, at, &claims->closing_room, sizeof(*found));
	claims->closings[at] =
	    (struct evidence_closing){.person = person, .at = closed_at};
	index_add(&claims->closings_by,
		  index_hash_numbers(person, (uint64_t)closed_at), at);
	claims->closing_count++;
	return &claims->closings[at];
}

/* --- deliveries --- */

static bool same_delivery(const void *array, size_t position, const void *key)
{
	const struct evidence_delivery *deliveries = array;

	return deliveries[position].id == *(const int64_t *)key;
}

struct evidence_delivery *evidence_find_delivery(struct evidence_claims *claims,
						 int64_t id)
{
	size_t at = index_find(&claims->deliveries_by,
			       index_hash_numbers((uint64_t)id, 0),
			       same_delivery, claims->deliveries, &id);

	return at == INDEX_NONE ? NULL : &claims->deliveries[at];
}

struct evidence_delivery *evidence_use_delivery(struct evidence_claims *claims,
						int64_t id)
{
	struct evidence_delivery *delivery = evidence_find_delivery(claims, id);
	size_t at = claims->delivery_count;

	if (delivery)
		return delivery;
	claims->deliveries = grow(claims->deliveries, at,
				  &claims->delivery_room, sizeof(*delivery));
	claims->deliveries[at] = (struct evidence_delivery){.id = id};
	index_add(&claims->deliveries_by, index_hash_numbers((uint64_t)id, 0),
		  at);
	claims->delivery_count++;
	return &claims->deliveries[at];
}

/* --- erasures --- */

static bool same_erasure(const void *array, size_t position, const void *key)
{
	const struct evidence_erasure *erasures = array;

	return erasures[position].person == *(const size_t *)key;
}

struct evidence_erasure *evidence_find_erasure(struct evidence_claims *claims,
					       size_t person)
{
	size_t at =
	    index_find(&claims->erasures_by, index_hash_numbers(person, 0),
		       same_erasure, claims->erasures, &person);

	return at == INDEX_NONE ? NULL : &claims->erasures[at];
}

void evidence_add_erasure(struct evidence_claims *claims,
			  const struct evidence_erasure *erasure)
{
	size_t at = claims->erasure_count++;

	claims->erasures =
	    grow(claims->erasures, at, &claims->erasure_room, sizeof(*erasure));
	claims->erasures[at] = *erasure;
	index_add(&claims->erasures_by, index_hash_numbers(erasure->person, 0),
		  at);
}

/* --- beside what was required --- */

void evidence_add_beside(struct evidence_claims *claims, const char *what,
			 int64_t event_id)
{
	claims->besides = grow(claims->besides, claims->beside_count,
			       &claims->beside_room, sizeof(*claims->besides));
	claims->besides[claims->beside_count++] =
	    (struct evidence_beside){.event_id = event_id, .what = what};
}

/* --- the whole --- */

struct evidence_claims *evidence_claims_new(struct db *db,
					    struct evidence_findings *findings,
					    struct err *err)
{
	struct evidence_claims *claims = xcalloc(1, sizeof(*claims));

	claims->db = db;
	claims->findings = findings;
	claims->arena = arena_new();
	buf_init(&claims->text, 1024 * 1024);
	if (load_versions(claims, err))
		return claims;
	evidence_claims_free(claims);
	return NULL;
}

void evidence_claims_free(struct evidence_claims *claims)
{
	if (!claims)
		return;
	index_done(&claims->words.index);
	index_done(&claims->versions_by_id);
	index_done(&claims->versions_by_ref);
	index_done(&claims->requirements_by);
	index_done(&claims->closings_by);
	index_done(&claims->deliveries_by);
	index_done(&claims->erasures_by);
	free(claims->words.list);
	free(claims->versions);
	free(claims->people);
	free(claims->requirements);
	free(claims->closings);
	free(claims->deliveries);
	free(claims->erasures);
	free(claims->besides);
	buf_done(&claims->text);
	arena_free(claims->arena);
	free(claims);
}
