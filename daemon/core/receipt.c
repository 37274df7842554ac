#include "core/receipt.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/checkpoint.h"
#include "core/digest.h"
#include "core/notice.h"
#include "core/public_id.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"

/* --- loading */

static const char *copy(struct query *q, int column, struct arena *arena)
{
	return arena_strdup(arena, query_get_text(q, column));
}

static struct receipt *read_receipt(struct query *q, struct arena *arena)
{
	struct receipt *receipt = arena_alloc(arena, sizeof(*receipt));

	*receipt = (struct receipt){
	    .id = copy(q, 0, arena),
	    .grade = grade_parse(query_get_text(q, 1)),
	    .confirmed_at = query_get_integer(q, 2),
	    .person_id = query_get_integer(q, 3),
	    .address = copy(q, 4, arena),
	    .name = copy(q, 5, arena),
	    .list_name = copy(q, 6, arena),
	    .list_title = copy(q, 7, arena),
	    .reflection = copy(q, 8, arena),
	    .disowned_at = query_get_integer(q, 9),
	};
	return receipt;
}

bool receipt_load(struct db *db, int64_t delivery_id, int64_t version_id,
		  const char *id, struct arena *arena, struct receipt **ret,
		  struct err *err)
{
	struct query *q = db_query(db, QUERY_RECEIPT_LOAD);
	char *lower = arena_strdup(arena, id);
	struct receipt *receipt = NULL;
	struct briefing_version *version;

	text_lower(lower);
	query_integer(q, 1, delivery_id);
	query_integer(q, 2, version_id);
	query_text(q, 3, lower);
	if (query_next(q))
		receipt = read_receipt(q, arena);
	if (!query_done(q, err) ||
	    !briefing_load_version(db, version_id, arena, &version, err))
		return err_context(err, "a receipt of delivery %lld",
				   (long long)delivery_id);
	if (receipt) {
		receipt->version = version;
		receipt->delivery_id = delivery_id;
	}
	*ret = receipt;
	return true;
}

/* --- showing */

/* "Sunday 22 November 2026 at 14:03, Europe/London (2026-11-22T14:03:00Z)" */
static const char *time_text(const struct settings *settings, int64_t utc,
			     struct arena *arena)
{
	char words[WORDS_SIZE], exact[CIVIL_UTC_SIZE];

	words_time(settings->zone, utc, words);
	civil_format_utc(utc, exact);
	return arena_printf(arena, "%s, %s (%s)", words, settings->time_zone,
			    exact);
}

static void show_briefing(const struct briefing_version *version,
			  struct view *view)
{
	const char *kind_name = briefing_kind_name(version->kind);
	char text[WORDS_SIZE];

	view_text(view, "kind_name", kind_name ? kind_name : version->kind);
	view_text(view, "ref", version->ref);
	view_text(view, "briefing_title", version->title);
	view_number(view, "version", version->number);
	view_text(view, "approved_by", version->approved_by);
	words_date(version->approved_on, text);
	view_text(view, "approved_on", text);
	view_text(view, "approval_ref", version->approval_ref);
}

void receipt_show(const struct receipt *receipt,
		  const struct settings *settings, struct view *view)
{
	show_briefing(receipt->version, view);
	view_text(view, "receipt_id", receipt->id);
	view_text(view, "name", receipt->name);
	view_text(view, "confirmed_text",
		  time_text(settings, receipt->confirmed_at, view->arena));
	view_text(view, "grade_title", grade_title(receipt->grade));
	view_text(view, "grade_meaning", grade_meaning(receipt->grade));
	view_text(view, "disowned_text",
		  receipt->disowned_at
		      ? time_text(settings, receipt->disowned_at, view->arena)
		      : NULL);
	view_text(view, "reflection", receipt->reflection);
	view_text(view, "list_title", receipt->list_title);
}

void receipt_show_mail(const struct receipt *receipt,
		       const struct settings *settings, struct view *view)
{
	bool is_withdrawn = receipt->version->withdrawn_at != 0;

	receipt_show(receipt, settings, view);
	view_flag(view, "is_withdrawn", is_withdrawn);
	if (is_withdrawn || briefing_is_sensitive(receipt->version)) {
		view_text(view, "briefing_title", NULL);
		view_text(view, "reflection", NULL);
	}
}

/* --- by mail */

#define KEY_SIZE (PUBLIC_ID_SIZE + CIVIL_DATE_SIZE + 16)

static void make_key(const struct receipt *receipt, int64_t now,
		     char ret[KEY_SIZE])
{
	struct civil today = civil_from_utc(now);
	char date[CIVIL_DATE_SIZE];

	civil_format_date(&today, date);
	snprintf(ret, KEY_SIZE, "receipt %s %s", receipt->id, date);
}

bool receipt_show_checkpoint(struct db *db, const struct settings *settings,
			     struct view *view, struct err *err)
{
	struct checkpoint *last;

	if (!checkpoint_load(db, INT64_MAX, view->arena, &last, err))
		return false;
	checkpoint_show(view, last, settings->web_base);
	return true;
}

bool receipt_queue(struct db *db, const struct digest_context *context,
		   const struct receipt *receipt, struct err *err)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	const struct briefing_version *version = receipt->version;
	struct roster_list *list;
	char key[KEY_SIZE];
	int64_t delivery_id;

	make_key(receipt, context->now, key);
	receipt_show_mail(receipt, context->settings, view);
	bool good =
	    receipt_show_checkpoint(db, context->settings, view, err) &&
	    roster_load_list(db, receipt->list_name, arena, &list, err) &&
	    notice_queue(db, context,
			 &(const struct notice){
			     .key = key,
			     .kind = "receipt",
			     .list = list,
			     .person_id = receipt->person_id,
			     .address = receipt->address,
			     .name = receipt->name,
			     .subject = arena_printf(
				 arena, "Your receipt for %s", version->ref),
			     .view = view,
			     .link_id = receipt->delivery_id,
			     .is_prompt = true,
			 },
			 &delivery_id, err);
	arena_free(arena);
	return good;
}
