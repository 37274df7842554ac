#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/briefing.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/content.h"
#include "web/evidence.h"
#include "web/personal.h"
#include "web/visit.h"

#define IDS_MAX 200       /* ticked boxes that are read */
#define NAME_MAX_SIZE 400 /* bytes that are shown again */

/* --- the page --- */

/* the ids of the ticked boxes, as posted; what is no id is left out */
static size_t read_ids(const struct visit *visit, int64_t ret_ids[IDS_MAX])
{
	const char *value;
	long long id;
	size_t count = 0;

	for (size_t i = 0;
	     i < IDS_MAX && (value = http_form_at(visit->request, "v", i)); i++)
		if (text_parse_integer(value, 1, INT64_MAX, &id))
			ret_ids[count++] = id;
	return count;
}

static const char *page_url(const struct personal *personal,
			    const struct briefing_version *version)
{
	return arena_printf(personal->visit->arena, "%s/%s", personal->home,
			    visit_segment(personal->visit, version->ref));
}

static const char *reflection_of(const struct http_request *request,
				 int64_t version_id)
{
	char name[24];

	snprintf(name, sizeof(name), "r%lld", (long long)version_id);
	return http_form(request, name);
}

/* Who need only mend a text need not tick again: they ticked unticked boxes. */
static bool was_ticked(const struct personal *personal,
		       const struct confirm_told *told, int64_t version_id)
{
	int64_t ids[IDS_MAX];
	size_t count = told->keeps_ticks ? read_ids(personal->visit, ids) : 0;

	for (size_t i = 0; i < count; i++)
		if (ids[i] == version_id)
			return true;
	return false;
}

/* Of a shared mailbox, who just confirmed sees their own receipt and no other.
 */
static const char *own_receipt(const struct personal *personal,
			       const struct acknowledgement_item *item,
			       const struct confirm_told *told)
{
	struct visit *visit = personal->visit;
	const char *name = http_form(visit->request, "name"), *receipt = NULL;

	if (!told->is_saved || !personal->page->is_shared || !name ||
	    !acknowledgement_find_name(
		visit->web->db, personal->page->delivery_id, item->version_id,
		name, visit->arena, &receipt, NULL) ||
	    !receipt)
		return NULL;
	return arena_printf(visit->arena, "%s/%s",
			    page_url(personal, item->version), receipt);
}

static void add_outstanding(const struct personal *personal, struct view *view,
			    const struct acknowledgement_item *item,
			    const struct confirm_told *told)
{
	struct visit *visit = personal->visit;
	const struct briefing_version *version = item->version;
	struct view *row = view_item(view, "outstanding");

	content_name(visit, row, version);
	view_text(row, "names_text",
		  item->names == 0 ? NULL
		  : item->names == 1
		      ? "One person has confirmed it with this mailbox."
		      : arena_printf(visit->arena,
				     "%lld people have confirmed it with this "
				     "mailbox.",
				     (long long)item->names));
	view_text(row, "own_receipt_url", own_receipt(personal, item, told));
	view_number(row, "version_id", item->version_id);
	view_flag(row, "is_ticked",
		  was_ticked(personal, told, item->version_id));
	/* what was typed and not recorded is not lost; but it is not left for
	 * who comes next at a shared mailbox */
	if (!told->is_saved || !personal->page->is_shared)
		view_text(row, "reflection",
			  reflection_of(visit->request, item->version_id));
	view_text(row, "page_url", page_url(personal, version));
	view_flag(row, "is_new_version", version->number > 1);
	view_text(row, "deadline",
		  item->due_at ? visit_deadline(visit, item->due_at) : NULL);
	content_documents(visit, row, version, page_url(personal, version));
}

static void add_recorded(const struct personal *personal, struct view *view,
			 const struct acknowledgement_item *item)
{
	struct visit *visit = personal->visit;
	struct view *row = view_item(view, "recorded");
	bool is_allowed = briefing_is_allowed(item->version, visit->now, NULL);

	view_text(row, "title", item->version->title);
	view_text(row, "when_text",
		  arena_printf(visit->arena, "on %s",
			       visit_time(visit, item->recorded_at)));
	view_text(row, "page_url",
		  is_allowed ? page_url(personal, item->version) : NULL);
	if (item->receipt)
		view_text(row, "receipt_url",
			  arena_printf(visit->arena, "%s/%s",
				       page_url(personal, item->version),
				       item->receipt));
}

static void add_why(struct view *view, const char *list_key, const char *title,
		    const char *why_text)
{
	struct view *row = view_item(view, list_key);

	view_text(row, "title", title);
	view_text(row, "why_text", why_text);
	view_text(row, "page_url", NULL);
}

static void add_item(const struct personal *personal, struct view *view,
		     const struct acknowledgement_item *item,
		     const struct confirm_told *told)
{
	const char *title = item->version->title;

	switch (item->state) {
	case ACKNOWLEDGEMENT_OUTSTANDING:
		if (briefing_is_allowed(item->version, personal->visit->now,
					NULL))
			add_outstanding(personal, view, item, told);
		else
			add_why(view, "later", title,
				"It is held back until a later day.");
		break;
	case ACKNOWLEDGEMENT_RECORDED:
		add_recorded(personal, view, item);
		break;
	case ACKNOWLEDGEMENT_WITHDRAWN:
		add_why(view, "closed", title,
			"It was withdrawn. Please do not use it.");
		break;
	case ACKNOWLEDGEMENT_SUPERSEDED:
		add_why(view, "closed", title,
			"A newer version has replaced it, and comes in a "
			"mail of its own.");
		break;
	case ACKNOWLEDGEMENT_CLOSED:
		add_why(view, "closed", title, "It is not asked of you.");
		break;
	}
}

/* What other mails asked for; a marked title is not shown here, for this page
 * asked for no address or for that of another mail. */
static void add_later(const struct personal *personal, struct view *view)
{
	const struct acknowledgement_page *page = personal->page;

	for (size_t i = 0; i < page->later_count; i++) {
		const struct briefing_version *version = page->later[i].version;

		if (!briefing_is_allowed(version, personal->visit->now, NULL))
			continue;
		add_why(view, "later",
			briefing_is_sensitive(version)
			    ? "A briefing with a protective marking"
			    : version->title,
			"It came in another mail: please use the link in that "
			"mail.");
	}
}

static bool has_outstanding(const struct personal *personal)
{
	const struct acknowledgement_page *page = personal->page;

	for (size_t i = 0; i < page->item_count; i++)
		if (page->items[i].state == ACKNOWLEDGEMENT_OUTSTANDING &&
		    briefing_is_allowed(page->items[i].version,
					personal->visit->now, NULL))
			return true;
	return false;
}

static void add_person(const struct personal *personal, struct view *view)
{
	char masked[ADDRESS_MASK_SIZE];

	if (!*personal->page->address)
		return;
	address_mask(personal->page->address, masked);
	view_text(view, "person", masked);
}

/* Of a mailbox that several people read; whoever comes next types their own. */
static void add_name(const struct personal *personal, struct view *view,
		     const struct confirm_told *told)
{
	const char *typed = http_form(personal->visit->request, "name");

	view_flag(view, "asks_name", personal->page->is_shared);
	view_text(view, "name_error", told->name_error);
	if (typed && !told->is_saved && strlen(typed) <= NAME_MAX_SIZE)
		view_text(view, "name", typed);
}

void confirm_show(const struct personal *personal,
		  const struct confirm_told *told)
{
	struct visit *visit = personal->visit;
	const struct acknowledgement_page *page = personal->page;
	bool is_open = has_outstanding(personal);
	struct view *view = visit_view(
	    visit, is_open ? "Confirm what you have read" : "Your briefings");

	view_flag(view, "rehearsal", page->is_rehearsal);
	if (personal->is_sensitive)
		view_text(view, "marking", "OFFICIAL-SENSITIVE");
	add_person(personal, view);
	view_flag(view, "guest", page->is_guest);
	view_text(view, "notice", told->notice);
	view_flag(view, "need_tick", told->needs_tick && is_open);
	view_flag(view, "saved", told->is_saved);
	if (told->is_saved)
		evidence_show(visit, view);
	if (is_open) {
		view_text(view, "form", gate_form(personal));
		add_name(personal, view, told);
		answer_show(personal, view, told->answer_error);
	}
	for (size_t i = 0; i < page->item_count; i++)
		add_item(personal, view, &page->items[i], told);
	if (!page->is_rehearsal)
		add_later(personal, view);
	view_text(view, "closes_on", visit_day(visit, page->expires_at - 1));
	visit_show(visit, 200, "web/confirm.html", view);
}

/* --- the POST --- */

static void make_ticks(const struct http_request *request, const int64_t *ids,
		       size_t count, struct acknowledgement_tick *ret)
{
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct acknowledgement_tick){
		    .version_id = ids[i],
		    .reflection = reflection_of(request, ids[i]),
		};
}

/* The request waits for its answer, so its texts are still there. */
static bool record(struct web *web, struct pending *pending, int64_t now,
		   int *ret_count, struct err *err)
{
	struct acknowledgement_tick ticks[IDS_MAX];

	make_ticks(pending->request, pending->ids, pending->id_count, ticks);
	return acknowledgement_record(web->db, pending->delivery_id, ticks,
				      pending->id_count,
				      http_form(pending->request, "name"), now,
				      pending->arena, ret_count, err);
}

static const struct message not_saved = {
    .status = 503,
    .title = "Your confirmation could not be saved",
    .paragraphs = {"The fault is ours. Nothing was recorded. Please go back, "
		   "wait a minute, and press the button again."},
};

static const struct pending_kind confirmation = {
    .record = record,
    .answer = personal_answer_recorded,
    .not_saved = &not_saved,
};

static void keep(const struct personal *personal,
		 const struct acknowledgement_tick *ticks, size_t count)
{
	struct pending *pending = visit_keep(
	    personal->visit, &confirmation, personal->page->delivery_id, count);

	if (personal->is_sensitive)
		memcpy(pending->form, personal->form, sizeof(pending->form));
	pending->token = personal->visit->token;
	pending->page = personal->page;
	for (size_t i = 0; i < count; i++)
		pending->ids[i] = ticks[i].version_id;
}

static const struct confirm_told answers[] = {
    [ACKNOWLEDGEMENT_NOTHING_TICKED] = {.needs_tick = true},
    [ACKNOWLEDGEMENT_TOO_LONG] =
	{.notice = "Nothing is recorded yet: what you wrote is longer than "
		   "1,000 characters. Please shorten it and press the button "
		   "again.",
	 .keeps_ticks = true},
    [ACKNOWLEDGEMENT_NO_NAME] =
	{.name_error = "Type your own name, in 100 characters at most",
	 .keeps_ticks = true},
    [ACKNOWLEDGEMENT_MANY_NAMES] =
	{.notice = "Nothing is recorded: 200 people have confirmed it with "
		   "this mailbox, and more can't. If you were one of them, "
		   "that stays recorded. Please ask your safeguarding lead for "
		   "a mail of your own.",
	 .keeps_ticks = true},
    [ACKNOWLEDGEMENT_STALE_FORM] =
	{.notice = "Nothing is recorded yet: this page was open for more than "
		   "a day, or "
		   "was not whole. Please tick and press the button again."},
    [ACKNOWLEDGEMENT_FORM_TOO_FAST] =
	{.notice = "Nothing is recorded yet: the answer came faster than a "
		   "person reads, "
		   "as security programs do that try out links. If it was you, "
		   "please "
		   "tick and press the button again."},
    [ACKNOWLEDGEMENT_MAIL_TOO_FAST] =
	{.notice =
	     "Nothing is recorded yet: the mail went out only a moment ago, "
	     "and "
	     "security programs try out the links in new mail. If it was you, "
	     "please tick and press the button again in half a minute."},
    [ACKNOWLEDGEMENT_DISOWNED] =
	{.notice = "Nothing is recorded yet: since this page was opened, a "
		   "confirmation was taken back with it. If you have read the "
		   "briefing yourself, please tick and press the button "
		   "again."},
    [ACKNOWLEDGEMENT_REHEARSAL] =
	{.notice = "Your confirmation arrived as it should. This is a "
		   "rehearsal, so it "
		   "was not recorded and counts for nothing."},
};

/* What the list asks comes last: nobody is told what would be right before all
 * else is. */
static bool is_answered(const struct personal *personal,
			enum acknowledgement_verdict verdict)
{
	const char *error;

	if ((verdict != ACKNOWLEDGEMENT_GOOD &&
	     verdict != ACKNOWLEDGEMENT_REHEARSAL) ||
	    answer_is_right(personal, &error))
		return true;
	if (error)
		confirm_show(personal,
			     &(struct confirm_told){.answer_error = error,
						    .keeps_ticks = true});
	return false;
}

void confirm_post(const struct personal *personal)
{
	struct visit *visit = personal->visit;
	const char *form = http_form(visit->request, "form");
	struct acknowledgement_tick ticks[IDS_MAX];
	int64_t ids[IDS_MAX], shown_at = 0;
	size_t count = read_ids(visit, ids);

	make_ticks(visit->request, ids, count, ticks);
	if (!form || !link_parse_form(visit->web->keys, form,
				      personal->page->delivery_id, &shown_at))
		shown_at = 0;
	enum acknowledgement_verdict verdict = acknowledgement_check(
	    personal->page, shown_at, ticks, &count,
	    http_form(visit->request, "name"), visit->now);
	if (!is_answered(personal, verdict))
		return;
	if (verdict == ACKNOWLEDGEMENT_GOOD)
		keep(personal, ticks, count);
	else
		confirm_show(personal, &answers[verdict]);
}
