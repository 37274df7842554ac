#include "core/notice.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/digest.h"
#include "core/event.h"
#include "core/letter.h"
#include "core/letter_part.h"
#include "core/letter_view.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/share.h"
#include "core/suppression.h"
#include "tools/db.h"
#include "tools/view.h"

#define HEAD_MAX_SIZE (64 * 1024)
#define LANGUAGE "en-GB" /* what the templates speak */

/* --- the view */

/* What is not a line end becomes plain, line by line. */
static const char *plain_lines(struct arena *arena, const char *text)
{
	char *lines = arena_strdup(arena, text);
	const char *plain = letter_plain(arena, text);

	if (strlen(plain) != strlen(text))
		return plain; /* a C1 control: one line is good enough */
	for (size_t i = 0; lines[i]; i++)
		if (lines[i] != '\n')
			lines[i] = plain[i];
	return lines;
}

static void make_plain(struct view *view)
{
	for (struct view_entry *entry = view->entries; entry;
	     entry = entry->next) {
		if (entry->kind == VIEW_TEXT)
			entry->text = plain_lines(view->arena, entry->text);
		if (entry->kind != VIEW_OBJECT && entry->kind != VIEW_LIST)
			continue;
		for (struct view *each = entry->object; each; each = each->next)
			make_plain(each);
	}
}

static const char *reply_to(const struct notice *notice,
			    const struct settings *settings)
{
	if (notice->reply_to)
		return notice->reply_to;
	return notice->list && *notice->list->reply_to ? notice->list->reply_to
						       : settings->mail_help;
}

static void show_frame(struct view *view, const struct notice *notice,
		       const struct settings *settings, bool is_rehearsal)
{
	const struct roster_list *list = notice->list;

	view_text(view, "lang", LANGUAGE);
	view_text(view, "colour", settings->board_colour);
	view_text(view, "board_name", settings->board_name);
	view_text(view, "list_title", list ? list->title : NULL);
	view_text(view, "lead_name", list ? list->lead : NULL);
	view_text(view, "reply_to", reply_to(notice, settings));
	view_text(view, "preheader", notice->subject);
	view_text(view, "marking", NULL);
	view_flag(view, "rehearsal", is_rehearsal);
	make_plain(view);
}

/* --- the letter */

static bool add_head(struct buf *out, const struct notice *notice,
		     const struct settings *settings, bool is_rehearsal,
		     int64_t now, struct arena *arena, struct err *err)
{
	const struct roster_list *list = notice->list;
	const char *from_name =
	    list && *list->from_name ? list->from_name : settings->board_name;
	const struct letter_head head = {
	    .from_name = letter_plain(arena, from_name),
	    .from = settings->mail_from,
	    .reply_to = reply_to(notice, settings),
	    .subject =
		arena_printf(arena, "%s%s", is_rehearsal ? "[Rehearsal] " : "",
			     letter_plain(arena, notice->subject)),
	    .language = LANGUAGE,
	    .now = now,
	    .is_mixed = notice->attachment,
	};

	return letter_part_begin_head(out, &head, err) &&
	       letter_part_end_head(out, &head, err);
}

static bool add_text(struct buf *out, const struct notice *notice,
		     const struct digest_context *context,
		     enum template_kind kind, struct arena *arena,
		     struct err *err)
{
	letter_view_slots(notice->view, context->settings, kind, arena);
	return letter_part_text(out, context->templates, notice->kind,
				notice->view, kind, err);
}

static bool attach(struct buf *out, const struct notice_attachment *attachment,
		   const char *file_name, struct err *err)
{
	if (strcmp(attachment->type, NOTICE_MESSAGE) == 0)
		return letter_part_message(out, file_name, attachment->data,
					   attachment->size, err);
	return letter_part_document(out, attachment->type, file_name,
				    attachment->data, attachment->size, err);
}

static bool add_body(struct buf *out, const struct notice *notice,
		     const struct digest_context *context, struct arena *arena,
		     struct err *err)
{
	const struct notice_attachment *attachment = notice->attachment;

	if (attachment)
		letter_part_begin_mixed(out);
	if (!add_text(out, notice, context, TEMPLATE_TEXT, arena, err) ||
	    !add_text(out, notice, context, TEMPLATE_HTML, arena, err))
		return false;
	letter_part_boundary(out, LETTER_SLOT_BOUNDARY, "--");
	if (!attachment)
		return true;
	if (!attach(out, attachment, letter_plain(arena, attachment->file_name),
		    err))
		return false;
	letter_part_boundary(out, LETTER_SLOT_BOUNDARY_MIXED, "--");
	return true;
}

static bool make_letter(const struct notice *notice,
			const struct digest_context *context, bool is_rehearsal,
			struct arena *arena, struct letter *ret,
			struct err *err)
{
	struct buf head, body;
	bool good;

	buf_init(&head, HEAD_MAX_SIZE);
	buf_init(&body, LETTER_MAX_SIZE);
	show_frame(notice->view, notice, context->settings, is_rehearsal);
	good = add_head(&head, notice, context->settings, is_rehearsal,
			context->now, arena, err) &&
	       add_body(&body, notice, context, arena, err);
	if (good && (head.overflow || body.overflow))
		good =
		    err_set(err, ERR_FULL, "the notice is larger than %d bytes",
			    LETTER_MAX_SIZE);
	if (good) {
		*ret = (struct letter){
		    .format = LETTER_FORMAT,
		    .made_at = context->now,
		    .sender = xstrdup(context->settings->mail_from),
		};
		ret->head = buf_take(&head, &ret->head_size);
		ret->body = buf_take(&body, &ret->body_size);
	}
	buf_done(&head);
	buf_done(&body);
	return good;
}

/* --- the store */

struct queueing {
	struct db *db;
	const struct digest_context *context;
	const struct notice *notice;
	const char *mode;
	int64_t notice_id, delivery_id;
};

static void bind_id(struct query *q, int index, int64_t id)
{
	if (id)
		query_integer(q, index, id);
	else
		query_null(q, index);
}

static bool insert(struct queueing *queueing, struct err *err)
{
	const struct notice *notice = queueing->notice;
	struct query *q = db_query(queueing->db, QUERY_NOTICE_INSERT);

	query_text(q, 1, notice->key);
	query_text(q, 2, queueing->mode);
	query_text(q, 3, notice->kind);
	bind_id(q, 4, notice->list ? notice->list->id : 0);
	bind_id(q, 5, notice->link_id);
	query_integer(q, 6, notice->is_prompt);
	query_integer(q, 7, queueing->context->now);
	if (!query_run(q, NULL, err))
		return false;
	queueing->notice_id = db_last_id(queueing->db);
	return true;
}

static bool add_delivery(struct queueing *queueing, int64_t letter_id,
			 struct err *err)
{
	const struct notice *notice = queueing->notice;
	struct query *q = db_query(queueing->db, QUERY_NOTICE_ADD_DELIVERY);

	query_integer(q, 1, queueing->notice_id);
	bind_id(q, 2, notice->person_id);
	query_integer(q, 3, letter_id);
	query_text(q, 4, queueing->mode);
	query_integer(q, 5, queueing->context->now);
	query_integer(q, 6, share_domain(notice->address));
	if (!query_run(q, NULL, err))
		return false;
	queueing->delivery_id = db_last_id(queueing->db);
	q = db_query(queueing->db, QUERY_DIGEST_ADD_ADDRESSEE);
	query_integer(q, 1, queueing->delivery_id);
	query_text(q, 2, notice->address);
	query_text(q, 3, notice->name);
	return query_run(q, NULL, err);
}

static bool add_event(const struct queueing *queueing,
		      const struct letter *letter, struct err *err)
{
	const struct notice *notice = queueing->notice;
	int64_t now = queueing->context->now;
	char hex[LETTER_HASH_SIZE];
	struct event event;

	letter_hash(letter, hex);
	event_begin(&event, "notice-queued", now, "briefingd");
	event_integer(&event, "notice", queueing->notice_id);
	event_integer(&event, "delivery", queueing->delivery_id);
	event_integer(&event, "letter", letter->id);
	event_text(&event, "kind", notice->kind);
	event_text(&event, "mode", queueing->mode);
	/* salted: the letter is about a person, and short enough to be guessed
	 * from its hash when it is erased */
	event_private(&event, "sha256", hex);
	if (notice->list)
		event_text(&event, "list", notice->list->name);
	return event_end(&event, queueing->db, now, err);
}

static bool queue(struct queueing *queueing, struct arena *arena,
		  struct err *err)
{
	bool is_rehearsal = strcmp(queueing->mode, "rehearsal") == 0;
	struct letter letter = {0};
	bool good = make_letter(queueing->notice, queueing->context,
				is_rehearsal, arena, &letter, err) &&
		    insert(queueing, err) &&
		    letter_store_notice(queueing->db, queueing->notice_id,
					&letter, err) &&
		    add_delivery(queueing, letter.id, err) &&
		    add_event(queueing, &letter, err);

	letter_done(&letter);
	return good;
}

static bool find(struct queueing *queueing, struct arena *arena,
		 bool *ret_is_known, struct err *err)
{
	struct query *q = db_query(queueing->db, QUERY_NOTICE_FIND);
	bool found;

	query_text(q, 1, queueing->notice->key);
	found = query_next(q);
	if (found) {
		queueing->mode = arena_strdup(arena, query_get_text(q, 0));
		*ret_is_known = query_get_integer(q, 1) != 0;
	}
	if (!query_done(q, err))
		return false;
	assert(found); /* the board's row is the schema's */
	return true;
}

bool notice_queue(struct db *db, const struct digest_context *context,
		  const struct notice *notice, int64_t *ret_delivery_id,
		  struct err *err)
{
	struct queueing queueing = {
	    .db = db, .context = context, .notice = notice};
	struct arena *arena = arena_new();
	bool is_known = false;

	assert(db_is_in_transaction(db));
	bool good = find(&queueing, arena, &is_known, err) &&
		    (is_known || queue(&queueing, arena, err));
	arena_free(arena);
	if (!good)
		return err_context(err, "the notice \"%s\"", notice->kind);
	*ret_delivery_id = queueing.delivery_id;
	return true;
}

bool notice_preview(const struct digest_context *context,
		    const struct notice *notice, bool is_rehearsal,
		    struct letter *ret, struct err *err)
{
	struct arena *arena = arena_new();
	bool good = make_letter(notice, context, is_rehearsal, arena, ret, err);

	arena_free(arena);
	return good;
}

/* --- the owner */

bool notice_find_owner(struct db *db, const struct settings *settings,
		       const struct roster_list *list, struct notice_owner *ret,
		       struct err *err)
{
	bool has_lead = list && *list->lead_address;
	int64_t suppressed_at = 0;

	if (has_lead &&
	    !suppression_since(db, list->lead_address, &suppressed_at, err))
		return false;
	if (!has_lead || suppressed_at)
		*ret = (struct notice_owner){.address = settings->mail_help,
					     .name = ""};
	else
		*ret = (struct notice_owner){.address = list->lead_address,
					     .name = list->lead,
					     .is_lead = true};
	return true;
}

bool notice_count(struct db *db, const char *key_head, int64_t since,
		  int64_t *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_NOTICE_COUNT_OF);

	query_text(q, 1, key_head);
	query_integer(q, 2, since);
	*ret = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}
