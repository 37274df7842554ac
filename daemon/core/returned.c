#include "core/returned.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/digest.h"
#include "core/event.h"
#include "core/letter.h"
#include "core/outbox_event.h"
#include "core/returned_tell.h"
#include "core/suppression.h"
#include "tools/db.h"

/* the delivery that a mail is about */
struct subject {
	struct outbox_subject outbox; /* delivery_id 0: none */
	const char *state, *address;
	struct returned_about about;
	bool is_erased; /* whose it is: nothing that names them is kept */
};

struct record {
	struct db *db;
	const struct digest_context *context;
	const struct returned_mail *mail;
	const struct bounce_reading *reading;
	const struct link_keys *keys;
	struct subject subject;
	int64_t now; /* the context's */
};

bool returned_find(struct db *db, const char *sha256,
		   struct returned_outcome *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_RETURNED_FIND);
	struct returned_outcome outcome = {0};

	query_text(q, 1, sha256);
	if (query_next(q)) {
		outcome.is_recorded = true;
		outcome.returned_id = query_get_integer(q, 0);
		outcome.is_understood = query_get_integer(q, 1) != 0;
		outcome.delivery_id = query_get_integer(q, 2);
	}
	if (!query_done(q, err))
		return false;
	*ret = outcome;
	return true;
}

/* --- whose it is */

/* 0: none of ours */
static int64_t find_delivery(const struct link_keys *keys,
			     const struct bounce_mail *read)
{
	int64_t id = 0;

	for (size_t i = 0; i < read->token_count; i++)
		if (letter_find_sender(keys, read->tokens[i], &id) ||
		    letter_find_reply(keys, read->tokens[i], &id))
			return id;
	for (size_t i = 0; i < read->message_id_count; i++)
		if (letter_find_message_id(keys, read->message_ids[i], &id))
			return id;
	return 0;
}

static bool load_subject(struct db *db, int64_t delivery_id,
			 struct arena *arena, struct subject *ret,
			 struct err *err)
{
	struct query *q = db_query(db, QUERY_RETURNED_DELIVERY);

	*ret = (struct subject){
	    .about = {.list_name = "", .address = "", .name = ""}};
	query_integer(q, 1, delivery_id);
	/* none: a store that was put back knows less than was mailed */
	if (query_next(q))
		*ret = (struct subject){
		    .outbox =
			{
			    .delivery_id = delivery_id,
			    .attempt = (int)query_get_integer(q, 1),
			    .mode = arena_strdup(arena, query_get_text(q, 2)),
			    .public_id =
				arena_strdup(arena, query_get_text(q, 3)),
			    .list_name =
				arena_strdup(arena, query_get_text(q, 4)),
			},
		    .state = arena_strdup(arena, query_get_text(q, 0)),
		    .address = arena_strdup(arena, query_get_text(q, 5)),
		    .about = {.delivery_id = delivery_id,
			      .is_notice = query_get_integer(q, 6) != 0,
			      .name = arena_strdup(arena, query_get_text(q, 7)),
			      .sent_at = query_get_integer(q, 8),
			      .is_other_mode = query_get_integer(q, 9) != 0},
		    .is_erased = query_get_integer(q, 10) != 0,
		};
	if (ret->state) {
		ret->about.list_name = ret->outbox.list_name;
		ret->about.address = ret->address;
	}
	return query_done(q, err);
}

/* A mail has one recipient, but its report may tell of several when theirs was
 * an alias: theirs first, then one that failed. */
static const struct bounce_reading *choose(const struct bounce_mail *read,
					   const struct subject *subject)
{
	const struct bounce_reading *failed = NULL;

	assert(read->count > 0);
	for (size_t i = 0; i < read->count; i++) {
		const struct bounce_reading *reading = &read->readings[i];

		if (subject->address && *subject->address &&
		    strcasecmp(reading->recipient, subject->address) == 0)
			return reading;
		if (!failed && reading->kind == BOUNCE_RETURNED)
			failed = reading;
	}
	return failed ? failed : &read->readings[0];
}

/* --- what it does */

static bool add_event(const struct record *record, const char *kind,
		      struct err *err)
{
	const struct bounce_reading *reading = record->reading;
	struct event event;

	outbox_event_begin(&event, kind, record->now, &record->subject.outbox);
	if (reading->kind == BOUNCE_RETURNED) {
		event_text(&event, "class", bounce_class_name(reading->cls));
		event_text(&event, "status", reading->status);
		event_integer(&event, "code", reading->code);
	}
	/* a server's words often quote the address */
	event_private(&event, "text", reading->text);
	return event_end(&event, record->db, record->now, err);
}

static bool move_on(const struct record *record, struct err *err)
{
	const struct subject *subject = &record->subject;
	struct query *q = db_query(record->db, QUERY_RETURNED_BOUNCE);
	int changes;

	query_integer(q, 1, subject->outbox.delivery_id);
	query_text(q, 2, subject->state);
	query_integer(q, 3, subject->outbox.attempt);
	query_integer(q, 4, record->now);
	if (!query_run(q, &changes, err))
		return false;
	assert(changes == 1); /* load_subject saw it in this transaction */
	return add_event(record, "delivery-bounced", err);
}

/* One that waits to be sent again keeps its state: what a first copy's return
 * tells of the address is asked at the claim. In a rehearsal it went to another
 * address than the person's. */
static bool bounce(const struct record *record, bool *ret_is_suppressed,
		   struct err *err)
{
	const struct subject *subject = &record->subject;

	if ((strcmp(subject->state, "accepted") == 0 ||
	     strcmp(subject->state, "unsure") == 0) &&
	    !move_on(record, err))
		return false;
	if (strcmp(subject->outbox.mode, "live") != 0 || !*subject->address)
		return true;
	return suppression_count(
	    record->db, subject->address, record->reading->cls,
	    subject->outbox.public_id, subject->outbox.delivery_id, record->now,
	    ret_is_suppressed, err);
}

static bool abuse(const struct record *record, struct err *err)
{
	return add_event(record, "abuse-reported", err) &&
	       returned_tell_abuse(record->db, record->context,
				   &record->subject.about, err);
}

static bool reply(const struct record *record, struct returned_outcome *ret,
		  struct err *err)
{
	struct reply_outcome outcome;

	if (!reply_take(record->db, record->context, record->keys,
			record->mail->read, &outcome, err))
		return false;
	ret->answer = outcome.answer;
	return !outcome.is_for_owner ||
	       returned_tell_reply(record->db, record->context, record->mail,
				   &record->subject.about, &ret->is_understood,
				   err);
}

/* Does it do what such a mail asks for? Of a reply that is seen when it is to
 * be passed on. */
static bool act(const struct record *record, struct returned_outcome *ret,
		struct err *err)
{
	const struct subject *subject = &record->subject;
	bool is_ours = subject->outbox.delivery_id != 0;

	ret->is_understood = true;
	switch (record->reading->kind) {
	case BOUNCE_RETURNED:
		ret->is_understood = is_ours;
		return !is_ours || bounce(record, &ret->is_suppressed, err);
	case BOUNCE_ABUSE:
		ret->is_understood = is_ours;
		return !is_ours || abuse(record, err);
	case BOUNCE_REPLY:
		return reply(record, ret, err);
	case BOUNCE_UNKNOWN:
		ret->is_understood = false;
		return true;
	case BOUNCE_DELAYED:
	case BOUNCE_AUTO_REPLY:
	case BOUNCE_RECEIPT:
		break;
	}
	return true;
}

static bool insert(const struct record *record,
		   struct returned_outcome *outcome, struct err *err)
{
	const struct bounce_reading *reading = record->reading;
	struct query *q = db_query(record->db, QUERY_RETURNED_INSERT);

	query_text(q, 1, record->mail->sha256);
	query_text(q, 2, record->mail->place);
	query_text(q, 3, bounce_kind_name(outcome->kind));
	if (outcome->kind == BOUNCE_RETURNED)
		query_text(q, 4, bounce_class_name(outcome->cls));
	if (outcome->delivery_id)
		query_integer(q, 5, outcome->delivery_id);
	query_integer(q, 6, outcome->is_understood);
	query_integer(q, 7, reading->code);
	query_text(q, 8, reading->status);
	query_text(q, 9, reading->text);
	query_integer(q, 10, record->now);
	query_text(q, 11, reply_word(outcome->answer));
	if (!query_run(q, NULL, err))
		return false;
	outcome->returned_id = db_last_id(record->db);
	return true;
}

static bool record(struct record *record, struct arena *arena,
		   struct returned_outcome *ret, struct err *err)
{
	const struct bounce_mail *read = record->mail->read;
	int64_t delivery_id = find_delivery(record->keys, read);
	struct subject *subject = &record->subject;

	if (!load_subject(record->db, delivery_id, arena, subject, err))
		return false;
	/* it came back before its verdict: that has to be known first */
	if (subject->state && strcmp(subject->state, "sending") == 0)
		return true;
	struct bounce_reading reading = *choose(read, subject);
	if (subject->is_erased)
		reading.text[0] = '\0';
	record->reading = &reading;
	struct returned_outcome outcome = {
	    .is_recorded = true,
	    .kind = record->reading->kind,
	    .cls = record->reading->cls,
	    .delivery_id = subject->outbox.delivery_id,
	};
	if (!act(record, &outcome, err) || !insert(record, &outcome, err))
		return false;
	*ret = outcome;
	return true;
}

bool returned_record(struct db *db, const struct digest_context *context,
		     const struct link_keys *keys,
		     const struct returned_mail *mail,
		     struct returned_outcome *ret, struct err *err)
{
	struct record what = {.db = db,
			      .context = context,
			      .mail = mail,
			      .keys = keys,
			      .now = context->now};
	struct returned_outcome outcome;

	assert(db_is_in_transaction(db));
	if (!returned_find(db, mail->sha256, &outcome, err))
		return false;
	if (!outcome.is_recorded) {
		struct arena *arena = arena_new();
		bool good = record(&what, arena, &outcome, err);

		arena_free(arena);
		if (!good)
			return err_context(err, "recording a returned mail");
	}
	*ret = outcome;
	return true;
}

/* --- looking */

/* What was refused has the class that its reply tells. */
static const char *class_name(struct query *q, struct arena *arena)
{
	const char *name = query_get_text(q, 2);
	enum bounce_class cls;

	if (name)
		return arena_strdup(arena, name);
	if (strcmp(query_get_text(q, 1), "refused") != 0)
		return NULL;
	cls = bounce_classify_reply((int)query_get_integer(q, 3),
				    query_get_text(q, 4), query_get_text(q, 5));
	return cls == BOUNCE_NO_CLASS ? NULL : bounce_class_name(cls);
}

static void read_item(struct query *q, struct arena *arena,
		      struct returned_item *ret)
{
	*ret = (struct returned_item){
	    .delivery_id = query_get_integer(q, 0),
	    .kind = arena_strdup(arena, query_get_text(q, 1)),
	    .cls = class_name(q, arena),
	    .code = (int)query_get_integer(q, 3),
	    .status = arena_strdup(arena, query_get_text(q, 4)),
	    .text = arena_strdup(arena, query_get_text(q, 5)),
	    .recorded_at = query_get_integer(q, 6),
	    .address = arena_strdup(arena, query_get_text(q, 7)),
	    .name = arena_strdup(arena, query_get_text(q, 8)),
	    .suppressed_at = query_get_integer(q, 9),
	    .notice = arena_strdup(arena, query_get_text(q, 10)),
	};
}

bool returned_load_list(struct db *db, int64_t list_id, size_t max,
			struct arena *arena, struct returned_item **ret,
			size_t *ret_count, struct err *err)
{
	struct returned_item *items =
	    arena_allocarray(arena, max, sizeof(*items));
	struct query *q = db_query(db, QUERY_RETURNED_OF_LIST);
	size_t count = 0;

	query_integer(q, 1, list_id);
	query_integer(q, 2, (int64_t)max);
	while (count < max && query_next(q))
		read_item(q, arena, &items[count++]);
	if (!query_done(q, err))
		return false;
	*ret = items;
	*ret_count = count;
	return true;
}

bool returned_look(struct db *db, const char *problem, int64_t now,
		   struct err *err)
{
	struct query *q = db_query(db, QUERY_RETURNED_LOOK);

	query_integer(q, 1, now);
	query_text(q, 2, problem);
	return query_run(q, NULL, err);
}

bool returned_count(struct db *db, struct arena *arena,
		    struct returned_counts *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_RETURNED_COUNT);
	struct returned_counts counts = {0};

	if (query_next(q)) {
		const char *problem = query_get_text(q, 10);

		counts = (struct returned_counts){
		    .bounced = query_get_integer(q, 0),
		    .replies = query_get_integer(q, 1),
		    .abuse = query_get_integer(q, 2),
		    .nothing = query_get_integer(q, 3),
		    .confirmed = query_get_integer(q, 4),
		    .declined = query_get_integer(q, 5),
		    .unproved = query_get_integer(q, 6),
		    .not_understood = query_get_integer(q, 7),
		    .suppressed = query_get_integer(q, 8),
		    .looked_at = query_get_integer(q, 9),
		    .problem = problem ? arena_strdup(arena, problem) : NULL,
		};
	}
	if (!query_done(q, err))
		return false;
	*ret = counts;
	return true;
}
