#include "web/personal.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "core/acknowledgement.h"
#include "core/briefing.h"
#include "core/settings.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/content.h"
#include "web/specimen.h"
#include "web/visit.h"

/* the parts of TOKEN[.PASS][/REF[/N[/PAGE]]]; NULL or "": not there */
struct place {
	const char *token, *pass, *ref, *number, *page;
	bool has_more;
};

static struct place parse_place(struct arena *arena, const char *rest)
{
	struct place place = {0};
	char *next = arena_strdup(arena, rest);

	place.token = strsep(&next, "/");
	place.ref = strsep(&next, "/");
	place.number = strsep(&next, "/");
	place.page = strsep(&next, "/");
	place.has_more = next && *next;
	/* a stop that a mail program took for a part of the link is an empty
	 * pass */
	char *dot = strchr(place.token, '.');
	if (dot)
		*dot = '\0';
	place.pass = dot ? dot + 1 : "";
	return place;
}

static bool is_given(const char *part)
{
	return part && *part;
}

void personal_tell_wrong_link(struct visit *visit)
{
	static const struct message message = {
	    .status = 404,
	    .title = "This link did not arrive whole",
	    .paragraphs = {"Some mail programs cut or change long links. You "
			   "can still open your page: type the short code "
			   "that stands at the end of the mail.",
			   "Nothing was recorded."},
	    .offers_code = true,
	};

	visit_tell(visit, &message, NULL, 0);
}

void personal_tell_ended(struct visit *visit)
{
	static const struct message message = {
	    .status = 410,
	    .title = "This link has ended",
	    .paragraphs = {"It opens nothing any more, and nothing can be "
			   "recorded with it.",
			   "If you want to read a briefing, please ask your "
			   "safeguarding lead."},
	};

	visit_tell(visit, &message, NULL, 0);
}

static void tell_expired(struct visit *visit,
			 const struct acknowledgement_page *page)
{
	const struct message message = {
	    .status = 410,
	    .title = "This link has ended",
	    .paragraphs = {arena_printf(
			       visit->arena,
			       "It worked until %s. What you confirmed by then "
			       "stays recorded; nothing more can be recorded "
			       "with it.",
			       visit_day(visit, page->expires_at - 1)),
			   "If you still want to read a briefing, please ask "
			   "your safeguarding lead."},
	};

	visit_tell(visit, &message, NULL, 0);
}

/* The versions of a delivery are few; a ref may be typed in any case. */
static const struct acknowledgement_item *
find_item(const struct acknowledgement_page *page, const char *ref)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (strcasecmp(page->items[i].version->ref, ref) == 0)
			return &page->items[i];
	return NULL;
}

static void show_briefing(const struct personal *personal,
			  const struct acknowledgement_item *item)
{
	struct visit *visit = personal->visit;
	const char *url =
	    arena_printf(visit->arena, "%s/%s", personal->home,
			 visit_segment(visit, item->version->ref));
	struct view *view = content_view(visit, item->version, url);

	if (!view)
		return;
	view_flag(view, "rehearsal", personal->page->is_rehearsal);
	view_text(view, "back_url", personal->home);
	content_actions(visit, view, item->version);
	if (item->state == ACKNOWLEDGEMENT_OUTSTANDING && item->due_at)
		view_text(view, "deadline",
			  visit_deadline(visit, item->due_at));
	if (item->state == ACKNOWLEDGEMENT_RECORDED)
		view_text(view, "notice",
			  arena_printf(visit->arena,
				       "You confirmed this briefing on %s.",
				       visit_time(visit, item->recorded_at)));
	visit_show(visit, 200, "web/briefing.html", view);
}

static void send_document(const struct personal *personal,
			  const struct acknowledgement_item *item,
			  const char *number)
{
	const struct briefing_document *document =
	    content_find_document(item->version, number);

	if (document)
		visit_send(personal->visit, document);
	else
		visit_tell_nothing_here(personal->visit);
}

bool personal_has_form(const struct personal *personal)
{
	const struct visit *visit = personal->visit;
	const char *form = http_form(visit->request, "form");
	int64_t shown_at;

	return form &&
	       link_parse_form(visit->web->keys, form,
			       personal->page->delivery_id, &shown_at) &&
	       shown_at <= visit->now &&
	       visit->now - shown_at <= ACKNOWLEDGEMENT_FORM_MAX_AGE_SECONDS;
}

static void show_item(const struct personal *personal,
		      const struct place *place)
{
	struct visit *visit = personal->visit;
	const struct acknowledgement_item *item =
	    find_item(personal->page, place->ref);
	const char *why;

	if (!item || place->has_more)
		visit_tell_nothing_here(visit);
	else if (is_given(place->page) &&
		 strcasecmp(place->page, PERSONAL_NOT_ME) == 0)
		disown_handle(personal, item, place->number);
	else if (is_given(place->page))
		visit_tell_nothing_here(visit);
	else if (is_given(place->number) &&
		 receipt_handle(personal, item->version_id, place->number))
		return; /* also of what is withdrawn: it was confirmed */
	else if (!briefing_is_allowed(item->version, visit->now, &why))
		content_tell_why_not(visit, why, personal->home);
	else if (is_given(place->number))
		send_document(personal, item, place->number);
	else
		show_briefing(personal, item);
}

static void show_place(const struct personal *personal,
		       const struct place *place)
{
	bool is_post = http_method(personal->visit->request) == HTTP_POST;

	if (is_given(place->ref))
		show_item(personal, place);
	else if (is_post && !http_form(personal->visit->request, "address"))
		confirm_post(personal);
	else
		confirm_show(personal, &(struct confirm_told){0});
}

static void open_delivery(struct visit *visit, int64_t delivery_id,
			  const struct place *place)
{
	struct acknowledgement_page *page;
	struct err err = {0};

	if (!acknowledgement_load(
		visit->web->db, visit->web->shown, delivery_id,
		visit->web->settings->window_days, visit->arena, &page, &err)) {
		visit_fail(visit, &err);
		return;
	}
	/* signed by us, and not there: the store is an older copy */
	if (!page) {
		personal_tell_wrong_link(visit);
		return;
	}
	if (page->is_erased) {
		personal_tell_ended(visit);
		return;
	}
	if (visit->now >= page->expires_at) {
		tell_expired(visit, page);
		return;
	}
	struct personal personal = {.visit = visit, .page = page};
	if (gate_open(&personal, place->pass))
		show_place(&personal, place);
}

void personal_handle(struct visit *visit, const char *rest)
{
	struct place place = parse_place(visit->arena, rest);
	int64_t delivery_id;

	switch (link_parse(visit->web->keys, place.token, &delivery_id)) {
	case LINK_GOOD:
		open_delivery(visit, delivery_id, &place);
		return;
	case LINK_SPECIMEN:
		specimen_handle(visit, is_given(place.ref) ? place.ref : NULL,
				is_given(place.number));
		return;
	case LINK_MANGLED:
	case LINK_UNKNOWN:
		break;
	}
	personal_tell_wrong_link(visit);
}

/* --- after the commit --- */

static void tell_recorded(struct visit *visit)
{
	static const struct message message = {
	    .status = 200,
	    .title = "Thank you. It is recorded.",
	    .paragraphs = {"You can close this page."},
	};

	visit_tell(visit, &message, NULL, 0);
}

static bool is_named(struct visit *visit, const struct pending *pending,
		     int64_t version_id)
{
	const char *name = http_form(pending->request, "name"), *receipt = NULL;

	return name &&
	       acknowledgement_find_name(visit->web->db, pending->delivery_id,
					 version_id, name, visit->arena,
					 &receipt, NULL) &&
	       receipt;
}

/* Is one of what was ticked there, and, at a shared mailbox, under that name?
 */
static bool is_recorded(struct visit *visit,
			const struct acknowledgement_page *page,
			const struct pending *pending)
{
	for (size_t i = 0; i < page->item_count; i++)
		for (size_t j = 0; j < pending->id_count; j++)
			if (page->items[i].version_id == pending->ids[j] &&
			    page->items[i].recorded_at &&
			    (!page->is_shared ||
			     is_named(visit, pending, pending->ids[j])))
				return true;
	return false;
}

/* What was recorded by this very commit was of somebody who is not erased, and
 * changed nothing on their page but its items; else all of it is read anew. */
static bool load_again(struct visit *visit, const struct pending *pending,
		       struct acknowledgement_page **ret, struct err *err)
{
	struct web *web = visit->web;

	*ret = pending->page;
	return pending->recorded > 0
		   ? acknowledgement_load_again(web->db, web->shown,
						visit->arena, *ret, err)
		   : acknowledgement_load(
			 web->db, web->shown, pending->delivery_id,
			 web->settings->window_days, visit->arena, ret, err);
}

void personal_answer_recorded(struct visit *visit,
			      const struct pending *pending)
{
	struct acknowledgement_page *page;
	struct err err = {0};

	/* It is durable: whatever fails from here, the answer is yes. */
	if (!load_again(visit, pending, &page, &err) || !page) {
		tell_recorded(visit);
		return;
	}
	if (page->is_erased) {
		personal_tell_ended(visit);
		return;
	}
	struct personal personal = {.visit = visit, .page = page};
	personal.is_sensitive = *pending->form;
	memcpy(personal.form, pending->form, sizeof(personal.form));
	visit->token = pending->token;
	visit->is_guest = page->is_guest;
	gate_set_home(&personal);
	/* between the form and the button it may have been withdrawn */
	bool is_saved = is_recorded(visit, page, pending);
	confirm_show(&personal,
		     &(struct confirm_told){
			 .is_saved = is_saved,
			 .notice = is_saved ? NULL
					    : "Nothing was recorded: what you "
					      "ticked is no longer to be "
					      "confirmed.",
		     });
}
