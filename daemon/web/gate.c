#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/asked.h"
#include "core/briefing.h"
#include "core/settings.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/limit.h"
#include "web/personal.h"
#include "web/visit.h"

/* The address comes before marked content: see personal.h. */

#define MARKING "OFFICIAL-SENSITIVE"

static bool has_sensitive(const struct acknowledgement_page *page)
{
	for (size_t i = 0; i < page->item_count; i++)
		if (briefing_is_sensitive(page->items[i].version))
			return true;
	return false;
}

/* true: form is that pass now, as we would write it. One from before something
 * was disowned may be in the hands of who confirmed it. */
static bool take_pass(struct personal *personal, const char *pass)
{
	const struct link_keys *keys = personal->visit->web->keys;
	int64_t id = personal->page->delivery_id;
	int64_t shown_at, now = personal->visit->now;

	if (!pass || !link_parse_form(keys, pass, id, &shown_at) ||
	    shown_at > now || now - shown_at > PERSONAL_PASS_SECONDS ||
	    shown_at <= acknowledgement_last_disowned(personal->page))
		return false;
	link_format_form(link_signer(keys), id, shown_at, personal->form);
	return true;
}

uint64_t gate_who(const struct personal *personal)
{
	return limit_join(limit_key(http_peer(personal->visit->request)),
			  (uint64_t)personal->page->delivery_id);
}

bool gate_is_right(const struct personal *personal, enum asked asked,
		   const char *typed)
{
	const struct web *web = personal->visit->web;
	const struct acknowledgement_page *page = personal->page;

	return asked_is_right(asked, web->keys, page->delivery_id,
			      page->address, typed) ||
	       (page->is_rehearsal &&
		asked_is_right(asked, web->keys, page->delivery_id,
			       web->settings->rehearsal_address, typed));
}

static void ask(const struct personal *personal, const char *error)
{
	struct visit *visit = personal->visit;
	struct view *view = visit_view(visit, "Type your work address");

	view_text(view, "marking", MARKING);
	view_text(view, "error", error);
	view_flag(view, "rehearsal", personal->page->is_rehearsal);
	visit_show(visit, 200, "web/address.html", view);
}

void gate_tell_wait(struct visit *visit, enum asked asked, int64_t wait_s)
{
	long long minutes = (long long)(wait_s + 59) / 60;
	const char *what = asked == ASKED_CODE ? "code" : "address";
	const struct message message = {
	    .status = 429,
	    .title = "Please wait a little",
	    .paragraphs = {arena_printf(
			       visit->arena,
			       "A wrong %s was typed here several times. "
			       "You can try again in %lld %s. Nothing was "
			       "recorded.",
			       what, minutes,
			       minutes == 1 ? "minute" : "minutes"),
			   asked == ASKED_CODE
			       ? "The link goes on working. The code stands at "
				 "the end of the mail."
			       : "The link goes on working. It takes the "
				 "address that the mail came to."},
	};

	visit_tell(visit, &message, NULL, wait_s);
}

static void tell_erased(struct visit *visit)
{
	static const struct message message = {
	    .status = 410,
	    .title = "This link has ended",
	    .paragraphs = {"The personal data behind it was erased, so this "
			   "page can no longer tell whose it is."},
	};

	visit_tell(visit, &message, NULL, 0);
}

/* true: it is the address. Otherwise the visit was answered. */
static bool try_address(const struct personal *personal, const char *typed)
{
	struct visit *visit = personal->visit;
	struct limit *tries = visit->web->address_tries;
	uint64_t who = gate_who(personal);
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	char *text = text_trim(arena_strdup(visit->arena, typed));
	int64_t wait_s;

	if (!limit_allows(tries, who, visit->now, &wait_s)) {
		gate_tell_wait(visit, ASKED_EMAIL, wait_s);
		return false;
	}
	if (!address_parse(text, strlen(text), address, key, NULL)) {
		ask(personal, "Type a whole e-mail address, like "
			      "name@agency.example");
		return false;
	}
	if (gate_is_right(personal, ASKED_EMAIL, text))
		return true;
	limit_count(tries, who, visit->now);
	ask(personal, "This is not the address that the mail was sent to");
	return false;
}

/* true: form holds a pass now. Otherwise the visit was answered. */
static bool pass_gate(struct personal *personal, const char *pass)
{
	struct visit *visit = personal->visit;
	const char *typed = http_form(visit->request, "address");
	const char *form = http_form(visit->request, "form");

	if (take_pass(personal, pass) || take_pass(personal, form))
		return true;
	if (!*personal->page->address && !personal->page->is_rehearsal) {
		tell_erased(visit);
		return false;
	}
	if (!typed) {
		ask(personal, form ? "The page was open for long: type the "
				     "address again. Nothing was recorded yet"
				   : NULL);
		return false;
	}
	if (!try_address(personal, typed))
		return false;
	link_format_form(link_signer(visit->web->keys),
			 personal->page->delivery_id, visit->now,
			 personal->form);
	return true;
}

static void set_token(const struct personal *personal)
{
	struct visit *visit = personal->visit;
	char token[LINK_TOKEN_SIZE];

	link_format(link_signer(visit->web->keys), personal->page->delivery_id,
		    token);
	visit->token = arena_strdup(visit->arena, token);
	visit->is_guest = personal->page->is_guest;
}

void gate_set_home(struct personal *personal)
{
	struct visit *visit = personal->visit;

	personal->home =
	    personal->is_sensitive
		? visit_url(visit, "/a/%s.%s", visit->token, personal->form)
		: visit_url(visit, "/a/%s", visit->token);
}

const char *gate_form(const struct personal *personal)
{
	struct visit *visit = personal->visit;

	if (personal->is_sensitive)
		return personal->form;
	char *form = arena_alloc(visit->arena, LINK_FORM_SIZE);
	link_format_form(link_signer(visit->web->keys),
			 personal->page->delivery_id, visit->now, form);
	return form;
}

bool gate_open(struct personal *personal, const char *pass)
{
	set_token(personal);
	personal->is_sensitive = has_sensitive(personal->page);
	if (personal->is_sensitive && !pass_gate(personal, pass))
		return false;
	gate_set_home(personal);
	return true;
}
