/* What is recorded of a requirement: a confirmation, or the negative receipt.
 */
#include "core/acknowledgement.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/event.h"
#include "core/grade.h"
#include "core/public_id.h"
#include "tools/db.h"

/* one requirement, in the words of its event */
struct subject {
	int64_t requirement_id; /* 0: there is none */
	const char *public_id, *ref;
	int64_t version, closes_at;
	bool is_shared;
};

static void read_subject(struct query *q, struct arena *arena,
			 struct subject *ret)
{
	ret->requirement_id = query_get_integer(q, 0);
	ret->public_id = arena_strdup(arena, query_get_text(q, 1));
	ret->ref = arena_strdup(arena, query_get_text(q, 2));
	ret->version = query_get_integer(q, 3);
}

static void begin_event(struct event *event, const struct subject *subject,
			const char *kind, int64_t effective_at,
			const char *actor)
{
	event_begin(event, kind, effective_at, actor);
	event_text(event, "person", subject->public_id);
	event_text(event, "ref", subject->ref);
	event_integer(event, "version", subject->version);
}

/* A form that was shown after something was disowned is not posted within those
 * seconds. */
static bool find_open(struct db *db, int64_t delivery_id, int64_t version_id,
		      int64_t now, struct arena *arena, struct subject *ret,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_FIND);

	query_integer(q, 1, delivery_id);
	query_integer(q, 2, version_id);
	query_integer(q, 3, now - ACKNOWLEDGEMENT_FORM_SECONDS);
	if (query_next(q)) {
		read_subject(q, arena, ret);
		ret->is_shared = query_get_integer(q, 4) != 0;
	}
	return query_done(q, err);
}

/* what was posted with a tick, tidied; "": nothing */
struct said {
	int64_t delivery_id, version_id;
	const char *name, *reflection;
	const char *authenticated; /* of a reply: by what; NULL: on the page */
};

/* Lines as LF, other control characters as blanks: what stands in the store is
 * what pages, mails and exports show. */
static const char *tidy(struct arena *arena, const char *text)
{
	char *tidied = arena_strdup(arena, text), *to = tidied;

	for (const char *from = text; *from; from++)
		if (*from == '\n' || (unsigned char)*from >= ' ')
			*to++ = *from;
		else if (*from != '\r')
			*to++ = ' ';
	*to = '\0';
	return text_trim(tidied);
}

static bool mark(struct db *db, const struct subject *subject, enum grade grade,
		 const char *receipt, int64_t event_id, int64_t now,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_MARK);
	int changes;

	query_integer(q, 1, subject->requirement_id);
	query_integer(q, 2, now);
	query_text(q, 3, grade_word(grade));
	query_text(q, 4, receipt);
	query_integer(q, 5, event_id);
	if (!query_run(q, &changes, err))
		return false;
	/* the caller's transaction holds the write lock since it looked */
	assert(changes == 1);
	return true;
}

static void add_said(struct event *event, const struct said *said,
		     bool has_name, enum grade grade, const char *receipt)
{
	event_integer(event, "delivery", said->delivery_id);
	event_text(event, "grade", grade_word(grade));
	event_text(event, "receipt", receipt);
	if (said->authenticated)
		event_text(event, "authenticated", said->authenticated);
	if (*said->reflection)
		event_private(event, "reflection", said->reflection);
	if (has_name)
		event_private(event, "name", said->name);
}

static enum grade grade_of(const struct said *said)
{
	if (said->authenticated)
		return GRADE_CONFIRMED_BY_REPLY;
	return *said->reflection ? GRADE_CONFIRMED_WITH_REFLECTION
				 : GRADE_CONFIRMED;
}

static bool confirm(struct db *db, const struct subject *subject,
		    const struct said *said, int64_t now, struct arena *arena,
		    struct err *err)
{
	enum grade grade = grade_of(said);
	char receipt[PUBLIC_ID_SIZE];
	struct event event;

	public_id_make(receipt);
	begin_event(&event, subject, "acknowledged", now,
		    arena_printf(arena, "person:%s", subject->public_id));
	add_said(&event, said, subject->is_shared, grade, receipt);
	return event_end(&event, db, now, err) &&
	       mark(db, subject, grade, receipt, event.id, now, err);
}

/* --- beside what is required */

struct beside {
	struct subject subject;
	const char *kind, *list_name, *agency; /* wider | further */
	int64_t person_id, version_id, list_id;
	int64_t names; /* of further ones: how many there are */
};

static bool find_beside(struct db *db, const struct said *said, int64_t now,
			struct arena *arena, struct beside *ret,
			bool *ret_found, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_FIND_BESIDE);

	query_integer(q, 1, said->delivery_id);
	query_integer(q, 2, said->version_id);
	query_integer(q, 3, now - ACKNOWLEDGEMENT_FORM_SECONDS);
	*ret_found = query_next(q);
	if (*ret_found)
		*ret = (struct beside){
		    .kind = arena_strdup(arena, query_get_text(q, 0)),
		    .person_id = query_get_integer(q, 1),
		    .subject.public_id =
			arena_strdup(arena, query_get_text(q, 2)),
		    .subject.ref = arena_strdup(arena, query_get_text(q, 3)),
		    .subject.version = query_get_integer(q, 4),
		    .version_id = said->version_id,
		    .list_id = query_get_integer(q, 5),
		    .list_name = arena_strdup(arena, query_get_text(q, 6)),
		    .agency = arena_strdup(arena, query_get_text(q, 7)),
		    .names = query_get_integer(q, 8),
		};
	return query_done(q, err);
}

static bool add_beside(struct db *db, const struct beside *beside,
		       enum grade grade, const char *receipt, int64_t event_id,
		       int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_ADD_BESIDE);

	query_text(q, 1, beside->kind);
	query_integer(q, 2, beside->version_id);
	query_integer(q, 3, beside->person_id);
	query_integer(q, 4, beside->list_id);
	query_text(q, 5, beside->agency);
	query_integer(q, 6, now);
	query_text(q, 7, grade_word(grade));
	query_text(q, 8, receipt);
	query_integer(q, 9, event_id);
	return query_run(q, NULL, err);
}

static bool confirm_beside(struct db *db, const struct beside *beside,
			   const struct said *said, int64_t now,
			   struct arena *arena, struct err *err)
{
	bool is_further = strcmp(beside->kind, "further") == 0;
	enum grade grade = is_further ? grade_of(said) : GRADE_WIDER_REACH;
	char receipt[PUBLIC_ID_SIZE];
	struct event event;

	public_id_make(receipt);
	begin_event(
	    &event, &beside->subject, "acknowledged-beside", now,
	    arena_printf(arena, "person:%s", beside->subject.public_id));
	event_text(&event, "list", beside->list_name);
	event_text(&event, "kind", beside->kind);
	add_said(&event, said, is_further, grade, receipt);
	return event_end(&event, db, now, err) &&
	       add_beside(db, beside, grade, receipt, event.id, now, err);
}

bool acknowledgement_find_name(struct db *db, int64_t delivery_id,
			       int64_t version_id, const char *name,
			       struct arena *arena, const char **ret,
			       struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_FIND_NAME);

	*ret = NULL;
	query_integer(q, 1, delivery_id);
	query_integer(q, 2, version_id);
	query_text(q, 3, tidy(arena, name));
	if (query_next(q))
		*ret = arena_strdup(arena, query_get_text(q, 0));
	return query_done(q, err);
}

/* A name of a shared mailbox that was there before, or none: not new. */
static bool is_new(struct db *db, const struct beside *beside,
		   const struct said *said, struct arena *arena, bool *ret,
		   struct err *err)
{
	const char *receipt = NULL;

	*ret = true;
	if (strcmp(beside->kind, "further") != 0)
		return true;
	if (!acknowledgement_find_name(db, said->delivery_id, said->version_id,
				       said->name, arena, &receipt, err))
		return false;
	*ret = *said->name && !receipt &&
	       beside->names < ACKNOWLEDGEMENT_NAMES_MAX;
	return true;
}

static bool record_beside(struct db *db, const struct said *said, int64_t now,
			  struct arena *arena, int *recorded, struct err *err)
{
	struct beside beside;
	bool found, new;

	if (!find_beside(db, said, now, arena, &beside, &found, err))
		return false;
	if (!found)
		return true;
	if (!is_new(db, &beside, said, arena, &new, err))
		return false;
	if (!new)
		return true;
	++*recorded;
	return confirm_beside(db, &beside, said, now, arena, err);
}

static bool record_one(struct db *db, const struct said *said, int64_t now,
		       struct arena *arena, int *recorded, struct err *err)
{
	struct subject subject = {0};

	if (!find_open(db, said->delivery_id, said->version_id, now, arena,
		       &subject, err))
		return false;
	if (!subject.requirement_id)
		return record_beside(db, said, now, arena, recorded, err);
	/* the list may have called it shared since the page was shown */
	if (subject.is_shared && !*said->name)
		return true;
	++*recorded;
	return confirm(db, &subject, said, now, arena, err);
}

bool acknowledgement_record(struct db *db, int64_t delivery_id,
			    const struct acknowledgement_tick *ticks,
			    size_t count, const char *name, int64_t now,
			    struct arena *arena, int *ret_recorded,
			    struct err *err)
{
	int recorded = 0;
	bool good = true;

	assert(db_is_in_transaction(db));
	for (size_t i = 0; good && i < count; i++) {
		const char *text = ticks[i].reflection;
		const struct said said = {
		    .delivery_id = delivery_id,
		    .version_id = ticks[i].version_id,
		    .name = tidy(arena, name ? name : ""),
		    .reflection = tidy(arena, text ? text : ""),
		};

		good = record_one(db, &said, now, arena, &recorded, err);
	}
	if (!good)
		return err_context(err, "delivery %lld",
				   (long long)delivery_id);
	*ret_recorded = recorded;
	return true;
}

bool acknowledgement_record_reply(struct db *db,
				  const struct acknowledgement_page *page,
				  const char *authenticated, int64_t replied_at,
				  int64_t now, int *ret_recorded,
				  struct err *err)
{
	struct arena *arena = arena_new();
	int recorded = 0;
	bool good = true;

	assert(db_is_in_transaction(db));
	for (size_t i = 0; good && i < page->item_count; i++) {
		const struct said said = {
		    .delivery_id = page->delivery_id,
		    .version_id = page->items[i].version_id,
		    .name = "",
		    .reflection = "",
		    .authenticated = authenticated,
		};

		if (page->items[i].state == ACKNOWLEDGEMENT_OUTSTANDING &&
		    page->items[i].disowned_at < replied_at)
			good =
			    record_one(db, &said, now, arena, &recorded, err);
	}
	arena_free(arena);
	if (!good)
		return err_context(err, "delivery %lld",
				   (long long)page->delivery_id);
	*ret_recorded = recorded;
	return true;
}

/* --- negative receipts --- */

static bool find_closing(struct db *db, int64_t now, size_t max,
			 struct arena *arena, struct subject *subjects,
			 size_t *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_CLOSING);
	size_t count = 0;

	query_integer(q, 1, now);
	query_integer(q, 2, (int64_t)max);
	while (query_next(q)) {
		read_subject(q, arena, &subjects[count]);
		subjects[count++].closes_at = query_get_integer(q, 4);
	}
	*ret_count = count;
	return query_done(q, err);
}

static bool settle_closed(struct db *db, int64_t now, size_t max,
			  int *ret_count, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_SETTLE);

	query_integer(q, 1, now);
	query_integer(q, 2, (int64_t)max);
	return query_run(q, ret_count, err);
}

/* It takes effect when the window closed; that it is known only now is what
 * missed_at says, so that a report as of an earlier time stays. */
static bool miss(struct db *db, const struct subject *subject, int64_t now,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_MISS);
	struct event event;
	int changes;

	query_integer(q, 1, subject->requirement_id);
	query_integer(q, 2, now);
	if (!query_run(q, &changes, err))
		return false;
	assert(changes == 1);
	begin_event(&event, subject, "missed", subject->closes_at, "briefingd");
	return event_end(&event, db, now, err);
}

bool acknowledgement_close_window(struct db *db, int64_t requirement_id,
				  int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_ACKNOWLEDGEMENT_CLOSING_ONE);
	struct arena *arena = arena_new();
	struct subject subject = {0};

	assert(db_is_in_transaction(db));
	query_integer(q, 1, requirement_id);
	query_integer(q, 2, now);
	if (query_next(q)) {
		read_subject(q, arena, &subject);
		subject.closes_at = query_get_integer(q, 4);
	}
	bool good = query_done(q, err) &&
		    (!subject.requirement_id || miss(db, &subject, now, err));
	arena_free(arena);
	return good;
}

bool acknowledgement_close_windows(struct db *db, int64_t now, size_t max,
				   int *ret_missed, bool *ret_more,
				   struct err *err)
{
	struct arena *arena = arena_new();
	struct subject *subjects =
	    arena_allocarray(arena, max, sizeof(*subjects));
	size_t count = 0;
	int settled = 0;

	assert(db_is_in_transaction(db));
	bool good = settle_closed(db, now, max, &settled, err) &&
		    find_closing(db, now, max, arena, subjects, &count, err);
	for (size_t i = 0; good && i < count; i++)
		good = miss(db, &subjects[i], now, err);
	arena_free(arena);
	if (!good)
		return err_context(err, "closing windows");
	*ret_missed = (int)count;
	*ret_more = count == max || (size_t)settled == max;
	return true;
}
