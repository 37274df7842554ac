#include "core/copy.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/letter.h"
#include "core/link.h"
#include "tools/crypto.h"
#include "tools/db.h"

/* Deliveries that are looked at in one go. */
#define WINDOW 2000

struct copy {
	int64_t delivery_id, letter_id;
	char key_id;
	const char *address, *name;
};

static bool load_last(struct db *db, int64_t *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_COPY_LAST_DELIVERY);

	*ret = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

static bool read_found(struct query *q, struct arena *arena, struct copy **ret,
		       size_t *ret_count, struct err *err)
{
	size_t count = 0, room = 0;

	*ret = NULL;
	while (query_next(q)) {
		*ret = arena_grow(arena, *ret, count, &room, sizeof(**ret));
		(*ret)[count++] = (struct copy){
		    .delivery_id = query_get_integer(q, 0),
		    .letter_id = query_get_integer(q, 1),
		    .key_id = *query_get_text(q, 2),
		    .address = arena_strdup(arena, query_get_text(q, 3)),
		    .name = arena_strdup(arena, query_get_text(q, 4)),
		};
	}
	*ret_count = count;
	return query_done(q, err);
}

static bool find(struct db *db, const char *ref, int64_t max, int64_t after,
		 struct arena *arena, struct copy **ret, size_t *ret_count,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_COPY_FIND);

	query_text(q, 1, ref);
	query_integer(q, 2, max);
	query_integer(q, 3, after);
	query_integer(q, 4, after + WINDOW);
	return read_found(q, arena, ret, ret_count, err);
}

/* "": it can't be made any more, because its key is gone */
static bool hash_one(const struct settings *settings,
		     const struct link_keys *keys, const struct letter *letter,
		     const struct copy *copy, struct arena *arena,
		     char ret_hex[CRYPTO_SHA256_HEX])
{
	const struct link_key *key = link_find_key(keys, copy->key_id);
	uint8_t hash[CRYPTO_SHA256_SIZE];
	struct letter_person person;
	struct buf mail;
	bool good = false;

	*ret_hex = '\0';
	if (!key)
		return false;
	buf_init(&mail, LETTER_MAX_SIZE);
	letter_person_make(settings, key, copy->delivery_id, copy->address,
			   copy->name, arena, &person);
	good = letter_assemble(letter, &person, &mail, NULL);
	if (good) {
		crypto_sha256(mail.data, mail.size, hash);
		crypto_hex(hash, sizeof(hash), ret_hex);
	}
	buf_done(&mail);
	return good;
}

static bool store(struct db *db, int64_t delivery_id, const char *hex,
		  struct err *err)
{
	struct query *q = db_query(db, QUERY_COPY_STORE);

	query_integer(q, 1, delivery_id);
	query_text(q, 2, hex);
	return query_run(q, NULL, err);
}

/* false: the world failed; a letter that can't be used is none of that */
static bool use_letter(struct db *db, int64_t letter_id, struct letter *letter,
		       bool *ret_is_good, struct err *err)
{
	struct err why = {0};

	*ret_is_good = true;
	if (letter->id == letter_id)
		return true;
	letter_done(letter);
	if (letter_load(db, letter_id, letter, &why))
		return true;
	*ret_is_good = false;
	if (why.kind == ERR_INPUT || why.kind == ERR_GONE)
		return true;
	*err = why;
	return false;
}

static bool hash_all(struct db *db, const struct settings *settings,
		     const struct link_keys *keys, const struct copy *copies,
		     size_t count, struct arena *arena, struct err *err)
{
	struct letter letter = {0};
	bool good = true;

	for (size_t i = 0; good && i < count; i++) {
		char hex[CRYPTO_SHA256_HEX] = "";
		bool is_whole;

		good = use_letter(db, copies[i].letter_id, &letter, &is_whole,
				  err);
		if (good && is_whole)
			hash_one(settings, keys, &letter, &copies[i], arena,
				 hex);
		good = good && store(db, copies[i].delivery_id, hex, err);
	}
	letter_done(&letter);
	return good;
}

bool copy_hash(struct db *db, const struct settings *settings,
	       const struct link_keys *keys, const char *ref, int64_t max,
	       int64_t *cursor, bool *ret_more, struct err *err)
{
	struct arena *arena = arena_new();
	struct copy *copies;
	int64_t last;
	size_t count = 0;

	assert(db_is_in_transaction(db));
	bool good = load_last(db, &last, err) &&
		    find(db, ref, max, *cursor, arena, &copies, &count, err) &&
		    hash_all(db, settings, keys, copies, count, arena, err);
	if (good)
		*cursor = (int64_t)count == max ? copies[count - 1].delivery_id
						: *cursor + WINDOW;
	*ret_more = good && *cursor < last;
	arena_free(arena);
	return good ? true : err_context(err, "the copies of %s", ref);
}

bool copy_hash_of_person(struct db *db, const struct settings *settings,
			 const struct link_keys *keys, int64_t person_id,
			 int64_t max, bool *ret_more, struct err *err)
{
	struct query *q = db_query(db, QUERY_COPY_FIND_OF_PERSON);
	struct arena *arena = arena_new();
	struct copy *copies;
	size_t count = 0;

	assert(db_is_in_transaction(db));
	query_integer(q, 1, person_id);
	query_integer(q, 2, max);
	bool good = read_found(q, arena, &copies, &count, err) &&
		    hash_all(db, settings, keys, copies, count, arena, err);
	*ret_more = (int64_t)count == max;
	arena_free(arena);
	return good || err_context(err, "the copies of a person");
}
