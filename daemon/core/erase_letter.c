#include "core/erase_letter.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fold.h"
#include "core/erase.h"
#include "core/erase_part.h"
#include "core/letter.h"
#include "core/outbox_operate.h"
#include "tools/db.h"

#define FOLDED_MAX_SIZE (2 * (size_t)LETTER_MAX_SIZE)
#define BYTES_AT_ONCE (256 * 1024) /* some milliseconds */

/* what is looked for, made comparable */
struct needles {
	struct buf address, name;
};

struct found {
	int64_t letter_id, delivery_id;
	const char *state;
};

static void fold(struct buf *out, const char *text)
{
	buf_init(out, FOLDED_MAX_SIZE);
	if (text)
		fold_text(out, text, strlen(text));
}

static bool stands_in(const struct buf *text, const struct buf *needle)
{
	return needle->size > 0 &&
	       memmem(text->data, text->size, needle->data, needle->size);
}

/* A line that was wrapped within a name is one again when it is folded. */
static bool tells_of(const char *body, size_t size,
		     const struct needles *needles)
{
	struct buf text, folded;

	buf_init(&text, LETTER_MAX_SIZE);
	buf_init(&folded, FOLDED_MAX_SIZE);
	letter_decode(body, size, &text);
	fold_text(&folded, text.data, text.size);
	bool tells = stands_in(&folded, &needles->address) ||
		     stands_in(&folded, &needles->name);
	buf_done(&folded);
	buf_done(&text);
	return tells;
}

static bool find(struct db *db, const struct erase_subject *subject,
		 const struct needles *needles, int64_t after, int64_t *to,
		 struct arena *arena, struct found **ret, size_t *ret_count,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_ERASE_LETTERS);
	size_t count = 0, room = 0, seen = 0;

	*ret = NULL;
	erase_bind_walk(q, subject, after, *to);
	while (seen < BYTES_AT_ONCE && query_next(q)) {
		size_t size;
		const char *body = query_get_blob(q, 4, &size);

		seen += size;
		if (seen >= BYTES_AT_ONCE)
			*to = query_get_integer(q, 0);
		if (!query_get_integer(q, 3) && !tells_of(body, size, needles))
			continue;
		*ret = arena_grow(arena, *ret, count, &room, sizeof(**ret));
		(*ret)[count++] = (struct found){
		    .letter_id = query_get_integer(q, 0),
		    .delivery_id = query_get_integer(q, 1),
		    .state = arena_strdup(arena, query_get_text(q, 2)),
		};
	}
	*ret_count = count;
	return query_done(q, err);
}

static bool is_state(const struct found *found, const char *state)
{
	return strcmp(found->state, state) == 0;
}

static bool empty(struct db *db, const struct erase_order *order,
		  const struct found *found, struct err *err)
{
	const struct outbox_order cancel = {
	    .verb = OUTBOX_ERASE, .actor = order->actor, .now = order->now};
	struct query *q;

	if ((is_state(found, "due") || is_state(found, "held")) &&
	    !outbox_operate_within(db, &cancel, found->delivery_id, err))
		return false;
	q = db_query(db, QUERY_ERASE_LETTER);
	query_integer(q, 1, found->letter_id);
	return query_run(q, NULL, err);
}

bool erase_letters(struct db *db, const struct erase_order *order,
		   const struct erase_subject *subject, int64_t after,
		   int64_t *to, bool *ret_is_sending, struct err *err)
{
	struct arena *arena = arena_new();
	struct found *found;
	struct needles needles;
	size_t count = 0;

	fold(&needles.address, subject->address_key);
	fold(&needles.name, subject->name);
	bool good =
	    find(db, subject, &needles, after, to, arena, &found, &count, err);
	for (size_t i = 0; good && i < count; i++) {
		if (is_state(&found[i], "sending"))
			*ret_is_sending = true;
		else
			good = empty(db, order, &found[i], err);
	}
	buf_done(&needles.address);
	buf_done(&needles.name);
	arena_free(arena);
	return good;
}
