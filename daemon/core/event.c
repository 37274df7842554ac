#include "core/event.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "core/public_id.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/json.h"

#define SALT_SIZE 16
#define VALUES_SIZE (1024 * 1024) /* the texts of an event are short */

void event_begin(struct event *event, const char *kind, int64_t effective_at,
		 const char *actor)
{
	*event = (struct event){
	    .kind = kind,
	    .actor = actor,
	    .effective_at = effective_at,
	};
	buf_init(&event->values, VALUES_SIZE);
}

static void add_member(struct event *event, const char *name, size_t at)
{
	assert(event->member_count < EVENT_MEMBER_MAX);
	event->members[event->member_count++] = (struct event_member){
	    .name = name, .at = at, .size = event->values.size - at};
}

void event_text(struct event *event, const char *name, const char *text)
{
	size_t at = event->values.size;

	json_add_text(&event->values, text);
	add_member(event, name, at);
}

void event_integer(struct event *event, const char *name, int64_t number)
{
	size_t at = event->values.size;

	buf_addf(&event->values, "%" PRId64, number);
	add_member(event, name, at);
}

void event_private(struct event *event, const char *name, const char *text)
{
	assert(event->private_count < EVENT_PRIVATE_MAX);
	event->privates[event->private_count].name = name;
	event->privates[event->private_count].text = text;
	event->private_count++;
}

struct salt {
	uint8_t bytes[SALT_SIZE];
};

/* The body promises the text without telling it: the salt keeps a short text
 * from being guessed from its hash. */
static struct salt promise(struct event *event, const char *name,
			   const char *text)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];
	struct salt salt;

	crypto_random(salt.bytes, sizeof(salt.bytes));
	struct crypto_hash *hashing = crypto_hash_new();
	crypto_hash_add(hashing, salt.bytes, sizeof(salt.bytes));
	crypto_hash_add(hashing, text, strlen(text));
	crypto_hash_end(hashing, hash);
	crypto_hex(hash, sizeof(hash), hex);
	event_text(event, name, hex);
	return salt;
}

static int compare_members(const void *left, const void *right)
{
	const struct event_member *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	assert(order != 0 || a == b);
	return order;
}

/* Canonical, as json_format makes it: written here, for planning and sending
 * make several events a mail and a tree of values costs more than its row. */
static void write_body(struct event *event, struct buf *out)
{
	qsort(event->members, (size_t)event->member_count,
	      sizeof(*event->members), compare_members);
	buf_addc(out, '{');
	for (int i = 0; i < event->member_count; i++) {
		const struct event_member *member = &event->members[i];

		buf_adds(out, i ? ",\"" : "\"");
		buf_adds(out, member->name);
		buf_adds(out, "\":");
		buf_add(out, event->values.data + member->at, member->size);
	}
	buf_addc(out, '}');
	assert(!out->overflow && !event->values.overflow);
}

/* --- who did it --- */

/* their role and id, or "" */
#define ACTOR_SIZE (sizeof("operator:") + PUBLIC_ID_SIZE)

static const char *role_of(const char *name)
{
	return text_starts(name, "lead ") ? "lead" : "operator";
}

static bool find_operator(struct db *db, const char *name, char ret[ACTOR_SIZE],
			  struct err *err)
{
	struct query *q = db_query(db, QUERY_EVENT_OPERATOR);

	*ret = '\0';
	query_text(q, 1, name);
	if (query_next(q))
		snprintf(ret, ACTOR_SIZE, "%s:%s", role_of(name),
			 query_get_text(q, 0));
	return query_done(q, err);
}

static bool add_operator(struct db *db, const char *name, char ret[ACTOR_SIZE],
			 struct err *err)
{
	struct query *q = db_query(db, QUERY_EVENT_OPERATOR_ADD);
	char id[PUBLIC_ID_SIZE];

	public_id_make(id);
	snprintf(ret, ACTOR_SIZE, "%s:%s", role_of(name), id);
	query_text(q, 1, id);
	query_text(q, 2, name);
	return query_run(q, NULL, err);
}

/* The actor as the event names it: no person's own name. */
static bool name_actor(struct event *event, struct db *db,
		       char room[ACTOR_SIZE], struct err *err)
{
	if (strcmp(event->actor, "briefingd") == 0 ||
	    text_starts(event->actor, "person:"))
		return true;
	if (!find_operator(db, event->actor, room, err) ||
	    (!*room && !add_operator(db, event->actor, room, err)))
		return false;
	event->actor = room;
	return true;
}

static bool insert(struct event *event, struct db *db, int64_t now,
		   struct err *err)
{
	char actor[ACTOR_SIZE];

	if (!name_actor(event, db, actor, err))
		return false;
	struct buf body;
	struct query *q = db_query(db, QUERY_EVENT_INSERT);
	buf_init(&body, VALUES_SIZE * 2);
	write_body(event, &body);
	query_text(q, 1, event->kind);
	query_integer(q, 2, event->effective_at);
	query_integer(q, 3, now);
	query_text(q, 4, event->actor);
	query_text(q, 5, body.data);
	buf_done(&body);
	event->actor = NULL; /* maybe the room on this stack */
	return query_run(q, NULL, err);
}

static bool insert_text(struct db *db, int64_t event_id, const char *name,
			const struct salt *salt, const char *text,
			struct err *err)
{
	struct query *q = db_query(db, QUERY_EVENT_TEXT_INSERT);

	query_integer(q, 1, event_id);
	query_text(q, 2, name);
	query_blob(q, 3, salt->bytes, sizeof(salt->bytes));
	query_text(q, 4, text);
	return query_run(q, NULL, err);
}

bool event_end(struct event *event, struct db *db, int64_t now, struct err *err)
{
	struct salt salts[EVENT_PRIVATE_MAX];

	/* an event apart from its change would be no evidence of it */
	assert(db_is_in_transaction(db));
	for (int i = 0; i < event->private_count; i++)
		salts[i] = promise(event, event->privates[i].name,
				   event->privates[i].text);
	bool good = insert(event, db, now, err);
	event->id = good ? db_last_id(db) : 0;
	for (int i = 0; good && i < event->private_count; i++)
		good = insert_text(db, event->id, event->privates[i].name,
				   &salts[i], event->privates[i].text, err);
	buf_done(&event->values);
	return good;
}
