#include "core/disown.h"

#include <string.h>

#include "base/arena.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/link.h"
#include "core/receipt.h"
#include "core/settings.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/personal.h"
#include "web/visit.h"

/* "That wasn't me": the page that says what will happen, and its form. */

#define DAY_SECONDS 86400

/* --- the page --- */

struct told {
	const char *notice, *answer_error;
	bool needs_tick, is_ticked;
};

/* What comes of it, to who says so. */
static const char *effect(struct visit *visit, const struct disown *disown)
{
	if (!disown->requirement_id)
		return "It was counted beside what is asked of people, and is "
		       "not counted then.";
	if (disown->is_version_closed && !disown->has_missed)
		return "The briefing was withdrawn or replaced since, so it is "
		       "not asked of you again.";
	if (disown->has_missed || visit->now >= disown->closes_at)
		return "The time in which it could be confirmed is over, so it "
		       "counts as not confirmed.";
	if (disown->is_gone)
		return "You are on no list any more, so it is not asked of you "
		       "again.";
	return arena_printf(
	    visit->arena,
	    visit->now > disown->due_at
		? "The briefing is asked of you again. It was to be confirmed "
		  "by %s, so it counts as overdue until you confirm it."
		: "The briefing is asked of you again: please confirm it by "
		  "%s, when you have read it.",
	    visit_deadline(visit, disown->due_at));
}

static void show(const struct personal *personal,
		 const struct acknowledgement_item *item,
		 const struct disown *disown, const struct told *told)
{
	struct visit *visit = personal->visit;
	const struct briefing_version *version = item->version;
	const char *kind_name = briefing_kind_name(version->kind);
	struct view *view = visit_view(visit, "Was it not you?");
	char masked[ADDRESS_MASK_SIZE];

	if (personal->is_sensitive)
		view_text(view, "marking", "OFFICIAL-SENSITIVE");
	if (*personal->page->address) {
		address_mask(personal->page->address, masked);
		view_text(view, "person", masked);
	}
	view_text(view, "notice", told->notice);
	view_flag(view, "need_tick", told->needs_tick);
	view_flag(view, "is_ticked", told->is_ticked);
	answer_show(personal, view, told->answer_error);
	view_text(view, "kind_name", kind_name ? kind_name : version->kind);
	view_text(view, "ref", version->ref);
	view_text(view, "briefing_title", version->title);
	view_text(view, "name",
		  personal->page->is_shared && *disown->name ? disown->name
							     : NULL);
	view_text(view, "confirmed_text",
		  visit_time(visit, disown->confirmed_at));
	view_text(view, "receipt_id", disown->receipt);
	view_text(view, "effect", effect(visit, disown));
	view_text(view, "lead_text", disown->lead);
	view_text(view, "list_title", disown->list_title);
	view_text(view, "form", gate_form(personal));
	view_text(view, "back_url", personal->home);
	visit_show(visit, 200, "web/disown.html", view);
}

/* --- pages of words --- */

static void tell_often(const struct personal *personal)
{
	static const struct message message = {
	    .status = 429,
	    .title = "Please come back tomorrow",
	    .paragraphs = {"This was said with your link several times today, "
			   "and nothing more is recorded until tomorrow. "
			   "Nothing was changed.",
			   "Can it not wait? Please reply to one of the mails: "
			   "who keeps the list reads it."},
	};

	visit_tell(personal->visit, &message, personal->home, DAY_SECONDS);
}

static bool is_asked(const struct acknowledgement_page *page,
		     int64_t version_id)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].version_id == version_id)
			return page->items[i].state ==
			       ACKNOWLEDGEMENT_OUTSTANDING;
	return false;
}

static void tell_done(struct visit *visit, const char *home, bool is_asked)
{
	const struct message message = {
	    .status = 200,
	    .title = "Thank you. It counts no more.",
	    .paragraphs =
		{"What was confirmed under your name is taken back, and the "
		 "record says that it was not you. Who keeps the list is told.",
		 is_asked ? "What to do next: read the briefing, and confirm "
			    "it on your page when you have. It counts from "
			    "then."
			  : "Nothing more is asked of you here.",
		 "Can somebody else use your phone or read your mail? Lock it, "
		 "change your password, and tell your IT team. You can close "
		 "this page."},
	};

	visit_tell(visit, &message, home, 0);
}

/* --- what waits for its commit --- */

/* The part of the path before the last one, which is this page's name. */
static const char *receipt_of(const struct http_request *request,
			      struct arena *arena)
{
	char *rest = arena_strdup(arena, http_path(request));
	const char *receipt = "", *part = "", *next;

	while ((next = strsep(&rest, "/")))
		if (*next) {
			receipt = part;
			part = next;
		}
	return receipt;
}

/* no confirmation, so none is counted */
static bool record(struct web *web, struct pending *pending, int64_t now,
		   int *ret_count, struct err *err)
{
	const struct digest_context context = {
	    .settings = web->settings, .templates = web->templates, .now = now};
	struct arena *arena = arena_new();
	bool is_new;
	bool good = disown_record(
	    web->db, &context, pending->delivery_id, pending->ids[0],
	    receipt_of(pending->request, arena), &is_new, err);

	*ret_count = 0;
	arena_free(arena);
	return good;
}

/* As of who comes with the link alone: the pass to what is marked has ended. */
static const char *home_of(struct visit *visit, int64_t delivery_id,
			   bool is_guest)
{
	char token[LINK_TOKEN_SIZE];

	link_format(link_signer(visit->web->keys), delivery_id, token);
	visit->token = arena_strdup(visit->arena, token);
	visit->is_guest = is_guest;
	return visit_url(visit, "/a/%s", token);
}

static void answer(struct visit *visit, const struct pending *pending)
{
	struct acknowledgement_page *page;
	struct err err = {0};
	/* It is durable: whatever fails from here, the answer is yes. */
	bool is_there = acknowledgement_load(visit->web->db, visit->web->shown,
					     pending->delivery_id,
					     visit->web->settings->window_days,
					     visit->arena, &page, &err) &&
			page;

	tell_done(
	    visit,
	    home_of(visit, pending->delivery_id, is_there && page->is_guest),
	    is_there && is_asked(page, pending->ids[0]));
}

static const struct message not_saved = {
    .status = 503,
    .title = "What you said could not be saved",
    .paragraphs = {"The fault is ours. Nothing was recorded. Please go back, "
		   "wait a minute, and press the button again."},
};

static const struct pending_kind disowning = {
    .record = record,
    .answer = answer,
    .not_saved = &not_saved,
};

/* --- the POST --- */

/* NULL: it was shown long enough ago, and not too long */
static const char *find_fault(const struct personal *personal)
{
	const struct visit *visit = personal->visit;
	const char *form = http_form(visit->request, "form");
	int64_t shown_at = 0;

	if (!form || !link_parse_form(visit->web->keys, form,
				      personal->page->delivery_id, &shown_at))
		shown_at = 0;
	enum acknowledgement_verdict verdict = acknowledgement_check_time(
	    shown_at, personal->page->accepted_at, visit->now);
	if (verdict == ACKNOWLEDGEMENT_GOOD)
		return NULL;
	return verdict == ACKNOWLEDGEMENT_STALE_FORM
		   ? "Nothing is changed yet: this page was open for more than "
		     "a day, or was not whole. Please tick and press the "
		     "button again."
		   : "Nothing is changed yet: the answer came faster than a "
		     "person reads, as security programs do that try out "
		     "links. If it was you, please tick and press the button "
		     "again in half a minute.";
}

static bool is_ticked(const struct personal *personal)
{
	const char *value = http_form(personal->visit->request, "mine");

	return value && strcmp(value, "no") == 0;
}

static void keep(const struct personal *personal, const struct disown *disown)
{
	struct pending *pending =
	    visit_keep(personal->visit, &disowning, disown->delivery_id, 1);

	pending->ids[0] = disown->version_id;
}

static void post(const struct personal *personal,
		 const struct acknowledgement_item *item,
		 const struct disown *disown)
{
	struct told told = {.notice = find_fault(personal)};

	if (!told.notice && !is_ticked(personal))
		told.needs_tick = true;
	else if (!told.notice && !disown_may_say(disown)) {
		tell_often(personal);
		return;
	} else if (!told.notice) {
		if (answer_is_right(personal, &told.answer_error)) {
			keep(personal, disown);
			return;
		}
		if (!told.answer_error)
			return; /* it was answered */
		told.is_ticked = true;
	}
	show(personal, item, disown, &told);
}

/* Nothing stands behind that receipt: it was disowned before, or there is none.
 */
static void tell_gone(const struct personal *personal,
		      const struct acknowledgement_item *item, const char *id)
{
	struct visit *visit = personal->visit;
	struct receipt *receipt;
	struct err err = {0};

	if (!receipt_load(visit->web->db, personal->page->delivery_id,
			  item->version_id, id, visit->arena, &receipt, &err))
		visit_fail(visit, &err);
	else if (receipt && receipt->disowned_at)
		tell_done(visit, personal->home,
			  item->state == ACKNOWLEDGEMENT_OUTSTANDING);
	else
		visit_tell_nothing_here(visit);
}

void disown_handle(const struct personal *personal,
		   const struct acknowledgement_item *item, const char *id)
{
	struct visit *visit = personal->visit;
	const struct http_request *request = visit->request;
	struct disown *disown;
	struct err err = {0};

	if (!disown_load(visit->web->db, personal->page->delivery_id,
			 item->version_id, id, visit->now, visit->arena,
			 &disown, &err))
		visit_fail(visit, &err);
	else if (!disown)
		tell_gone(personal, item, id);
	else if (http_method(request) == HTTP_POST &&
		 !http_form(request, "address"))
		post(personal, item, disown);
	else
		show(personal, item, disown, &(struct told){0});
}
