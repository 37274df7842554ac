#include "web/forward.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/forward.h"
#include "core/leaving.h"
#include "core/link.h"
#include "core/settings.h"
#include "doors/http.h"
#include "tools/crypto.h"
#include "tools/view.h"
#include "web/limit.h"
#include "web/personal.h"
#include "web/visit.h"

#define DAY_SECONDS INT64_C(86400)

/* the mail that was passed on, and where it came from */
struct passed {
	struct visit *visit;
	int64_t delivery_id;
	const struct leaving *list;
};

static void show(const struct passed *passed, const char *notice,
		 const char *error)
{
	struct visit *visit = passed->visit;
	struct view *view =
	    visit_view(visit, "Was this mail passed on to you?");
	const char *typed = http_form(visit->request, "address");
	char form[LINK_FORM_SIZE];

	link_format_form(link_signer(visit->web->keys), passed->delivery_id,
			 visit->now, form);
	view_flag(view, "rehearsal", passed->list->is_rehearsal);
	view_text(view, "form", form);
	view_text(view, "list_title", passed->list->list_title);
	view_text(view, "lead_text", passed->list->lead);
	view_text(view, "notice", notice);
	view_text(view, "error", error);
	if (error && strlen(typed ? typed : "") < ADDRESS_SIZE)
		view_text(view, "address", typed);
	visit_show(visit, 200, "web/forward.html", view);
}

/* One page for all addresses: it depends on nothing but the list. */
static void tell_asked(const struct passed *passed)
{
	struct visit *visit = passed->visit;
	const struct message message = {
	    .status = 200,
	    .title = "If it is for you, a mail is on its way",
	    .paragraphs =
		{"If this briefing was sent to that address as well, or if it "
		 "is one of the agency’s own addresses, a mail with a link "
		 "comes within minutes, once a day at most.",
		 arena_printf(visit->arena,
			      "For any other address we are sorry: no link "
			      "can be sent to it. Please ask %s, who keeps "
			      "the list ‘%s’.",
			      passed->list->lead, passed->list->list_title),
		 "You can close this page. Nothing was confirmed."},
	};

	visit_tell(visit, &message, NULL, 0);
}

/* nothing that it had can be confirmed any more, by anyone */
static bool has_ended(const struct passed *passed)
{
	const struct visit *visit = passed->visit;

	return visit->now >=
	       passed->list->accepted_at +
		   visit->web->settings->window_days * DAY_SECONDS;
}

static void tell_ended(struct visit *visit)
{
	static const struct message message = {
	    .status = 410,
	    .title = "This link has ended",
	    .paragraphs = {"The time in which the mail’s briefings could be "
			   "confirmed is over, so no more links are made from "
			   "it.",
			   "If you still want to read a briefing, please ask "
			   "your safeguarding lead."},
	};

	visit_tell(visit, &message, NULL, 0);
}

static void tell_wait(struct visit *visit, int64_t wait_s)
{
	static const struct message message = {
	    .status = 429,
	    .title = "Please wait a while",
	    .paragraphs = {"Links were asked for several times, so this page "
			   "rests for a while. Please look into your mailbox "
			   "first, also among what was sorted out."},
	};

	visit_tell(visit, &message, NULL, wait_s);
}

/* --- how often --- */

static uint64_t address_limit(const char *key)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	uint64_t number;

	crypto_sha256(key, strlen(key), hash);
	memcpy(&number, hash, sizeof(number));
	return number;
}

/* Each try counts, whatever the address: a limit that told good ones from bad
 * would tell who is on a list. */
static bool may_ask(const struct passed *passed, const char *key)
{
	struct visit *visit = passed->visit;
	struct limit *limits[] = {visit->web->forward_tries,
				  visit->web->forward_addresses};
	const uint64_t keys[] = {(uint64_t)passed->delivery_id,
				 address_limit(key)};
	int64_t wait_s;

	for (size_t i = 0; i < 2; i++)
		if (!limit_allows(limits[i], keys[i], visit->now, &wait_s)) {
			tell_wait(visit, wait_s);
			return false;
		}
	for (size_t i = 0; i < 2; i++)
		limit_count(limits[i], keys[i], visit->now);
	return true;
}

/* --- what waits for its commit --- */

static bool parse(const struct http_request *request, char ret[ADDRESS_SIZE],
		  char ret_key[ADDRESS_SIZE])
{
	char typed[ADDRESS_SIZE + 16];
	const char *text = http_form(request, "address");

	if (!text || strlen(text) >= sizeof(typed))
		return false;
	strcpy(typed, text);
	text = text_trim(typed);
	return address_parse(text, strlen(text), ret, ret_key, NULL);
}

static bool record(struct web *web, struct pending *pending, int64_t now,
		   int *ret_count, struct err *err)
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];

	*ret_count = 0;
	return !parse(pending->request, address, key) ||
	       forward_ask(web->db, pending->delivery_id, address, now, err);
}

static bool load(struct visit *visit, int64_t delivery_id, struct passed *ret)
{
	struct leaving *list;
	struct err err = {0};

	if (!leaving_load(visit->web->db, delivery_id, visit->now, visit->arena,
			  &list, &err)) {
		visit_fail(visit, &err);
		return false;
	}
	if (!list) {
		personal_tell_wrong_link(visit);
		return false;
	}
	if (list->is_erased) {
		personal_tell_ended(visit);
		return false;
	}
	*ret = (struct passed){visit, delivery_id, list};
	return true;
}

static void answer(struct visit *visit, const struct pending *pending)
{
	struct passed passed;

	if (load(visit, pending->delivery_id, &passed))
		tell_asked(&passed);
}

static const struct message not_saved = {
    .status = 503,
    .title = "Your address could not be taken",
    .paragraphs = {"The fault is ours. Please go back, wait a minute, and "
		   "press the button again."},
};

static const struct pending_kind forwarding = {
    .record = record,
    .answer = answer,
    .not_saved = &not_saved,
};

/* --- the POST --- */

static bool is_in_time(const struct passed *passed)
{
	const struct visit *visit = passed->visit;
	const char *form = http_form(visit->request, "form");
	int64_t shown_at = 0;

	if (!form || !link_parse_form(visit->web->keys, form,
				      passed->delivery_id, &shown_at))
		shown_at = 0;
	return acknowledgement_check_time(shown_at, 0, visit->now) ==
	       ACKNOWLEDGEMENT_GOOD;
}

static void post(const struct passed *passed)
{
	struct visit *visit = passed->visit;
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];

	if (!is_in_time(passed))
		show(passed,
		     "Nothing was sent yet: the answer came faster than a "
		     "person types, or this page was open for more than a "
		     "day. Please press the button again.",
		     NULL);
	else if (!parse(visit->request, address, key))
		show(passed, NULL,
		     "Type a whole e-mail address, like name@agency.example");
	else if (passed->list->is_rehearsal)
		show(passed,
		     "It arrived as it should. This is a rehearsal, so nothing "
		     "is sent.",
		     NULL);
	else if (may_ask(passed, key))
		visit_keep(visit, &forwarding, passed->delivery_id, 0);
}

void forward_handle(struct visit *visit, const char *rest)
{
	char *token = arena_strndup(visit->arena, rest, strcspn(rest, "/"));
	struct passed passed;
	int64_t delivery_id;

	if (link_parse(visit->web->keys, token, &delivery_id) != LINK_GOOD) {
		personal_tell_wrong_link(visit);
		return;
	}
	if (!load(visit, delivery_id, &passed))
		return;
	if (has_ended(&passed))
		tell_ended(visit);
	else if (http_method(visit->request) == HTTP_POST)
		post(&passed);
	else
		show(&passed, NULL, NULL);
}
