#include "core/reply_tell.h"

#include "base/arena.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/grade.h"
#include "core/notice.h"
#include "core/receipt.h"
#include "core/roster.h"
#include "tools/db.h"
#include "tools/view.h"

static size_t count_recorded(const struct acknowledgement_page *page)
{
	size_t count = 0;

	for (size_t i = 0; i < page->item_count; i++)
		count += page->items[i].state == ACKNOWLEDGEMENT_RECORDED;
	return count;
}

static bool show_recorded(struct db *db, const struct digest_context *context,
			  const struct acknowledgement_page *page,
			  struct view *view, struct err *err)
{
	view_list(view, "recorded");
	for (size_t i = 0; i < page->item_count; i++) {
		const struct acknowledgement_item *item = &page->items[i];
		struct receipt *receipt;

		if (item->state != ACKNOWLEDGEMENT_RECORDED)
			continue;
		if (!receipt_load(db, page->delivery_id, item->version_id,
				  item->receipt, view->arena, &receipt, err))
			return false;
		if (!receipt)
			continue;
		struct view *each = view_item(view, "recorded");
		receipt_show_mail(receipt, context->settings, each);
		view_flag(each, "is_by_reply",
			  receipt->grade == GRADE_CONFIRMED_BY_REPLY);
	}
	return true;
}

static bool is_good(const struct reply_telling *telling)
{
	return telling->verdict == ACKNOWLEDGEMENT_GOOD && !telling->says_more;
}

/* One of them says why it did not count. */
static void show_reason(const struct reply_telling *telling, struct view *view)
{
	enum acknowledgement_verdict verdict = telling->verdict;

	view_flag(view, "is_expired", verdict == ACKNOWLEDGEMENT_EXPIRED);
	view_flag(view, "is_rehearsed", verdict == ACKNOWLEDGEMENT_REHEARSAL);
	view_flag(view, "is_shared", verdict == ACKNOWLEDGEMENT_NO_NAME);
	view_flag(view, "is_over", verdict == ACKNOWLEDGEMENT_NOTHING_TICKED);
	view_flag(view, "is_too_fast",
		  verdict == ACKNOWLEDGEMENT_MAIL_TOO_FAST);
	view_flag(view, "is_disowned", verdict == ACKNOWLEDGEMENT_DISOWNED);
	view_flag(view, "says_more", verdict == ACKNOWLEDGEMENT_GOOD);
	view_flag(view, "is_passed_on", telling->says_more);
	view_flag(view, "can_reply",
		  verdict == ACKNOWLEDGEMENT_GOOD ||
		      verdict == ACKNOWLEDGEMENT_DISOWNED ||
		      verdict == ACKNOWLEDGEMENT_MAIL_TOO_FAST);
}

static bool show(struct db *db, const struct digest_context *context,
		 const struct reply_telling *telling, struct view *view,
		 struct err *err)
{
	const struct acknowledgement_page *page = telling->page;
	size_t count = count_recorded(page);

	view_flag(view, "counts", is_good(telling));
	view_text(view, "word", telling->word);
	view_flag(view, "one", count == 1);
	view_flag(view, "is_new", telling->recorded > 0);
	view_flag(view, "has_rest", count < page->item_count);
	view_text(view, "grade_meaning",
		  grade_meaning(GRADE_CONFIRMED_BY_REPLY));
	if (!is_good(telling)) {
		show_reason(telling, view);
		return true;
	}
	return show_recorded(db, context, page, view, err) &&
	       receipt_show_checkpoint(db, context->settings, view, err);
}

/* Each is told once, and once more after something was disowned. */
static const char *make_key(const struct acknowledgement_page *page,
			    bool counts, struct arena *arena)
{
	const char *key = arena_printf(arena, "by-reply %lld %s",
				       (long long)page->delivery_id,
				       counts ? "recorded" : "declined");
	int64_t disowned_at = acknowledgement_last_disowned(page);

	return disowned_at
		   ? arena_printf(arena, "%s %lld", key, (long long)disowned_at)
		   : key;
}

/* *ret NULL: its list is gone */
static bool load_list(struct db *db, int64_t delivery_id, struct arena *arena,
		      struct roster_list **ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_REPLY_LIST);
	const char *name = NULL;

	query_integer(q, 1, delivery_id);
	if (query_next(q))
		name = arena_strdup(arena, query_get_text(q, 0));
	*ret = NULL;
	return query_done(q, err) &&
	       (!name || roster_load_list(db, name, arena, ret, err));
}

bool reply_tell(struct db *db, const struct digest_context *context,
		const struct reply_telling *telling, struct arena *arena,
		struct err *err)
{
	const struct acknowledgement_page *page = telling->page;
	struct view *view = view_new(arena);
	bool counts = is_good(telling);
	struct roster_list *list;
	int64_t delivery_id;

	if (!load_list(db, page->delivery_id, arena, &list, err) ||
	    !show(db, context, telling, view, err))
		return false;
	const struct notice notice = {
	    .key = make_key(page, counts, arena),
	    .kind = "by-reply",
	    .list = list,
	    .person_id = page->person_id,
	    .address = page->address,
	    .name = page->name,
	    .subject = counts ? "Your confirmation was recorded"
			      : "Your reply did not confirm",
	    .view = view,
	    .link_id = page->delivery_id,
	    .is_prompt = true,
	};
	return notice_queue(db, context, &notice, &delivery_id, err);
}
