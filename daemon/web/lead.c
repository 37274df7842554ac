#include "web/lead.h"

#include <string.h>

#include "base/arena.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/attestation.h"
#include "core/digest.h"
#include "core/lead_link.h"
#include "core/lead_people.h"
#include "core/lead_week.h"
#include "core/link.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/team_session.h"
#include "core/unreachable.h"
#include "core/words.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/lead_part.h"
#include "web/limit.h"
#include "web/personal.h"
#include "web/visit.h"

#define WEEK_SECONDS INT64_C(604800)
/* a scan, and the form around it */
#define SHEET_FORM_MAX ((size_t)ATTESTATION_SCAN_MAX + 256 * 1024)
#define CODE_SHOWN_MAX 64 /* bytes of what was typed */

/* --- what every page has */

const char *lead_field(const struct lead *lead, const char *name)
{
	const char *value = http_form(lead->visit->request, name);

	return value ? value : "";
}

struct view *lead_view(const struct lead *lead, const char *title)
{
	struct visit *visit = lead->visit;
	struct view *view = visit_view(visit, title);
	char form[LINK_FORM_SIZE], masked[ADDRESS_MASK_SIZE];

	link_format_form(link_signer(visit->web->keys), lead->link->delivery_id,
			 visit->now, form);
	address_mask(lead->link->address, masked);
	view_flag(view, "rehearsal", lead->link->is_rehearsal);
	view_text(view, "form", form);
	view_text(view, "code", lead->code);
	view_text(view, "list_title", lead->link->title);
	view_text(view, "lead_name", lead->link->lead);
	view_text(view, "lead_address", masked);
	view_text(view, "until", visit_deadline(visit, lead->link->until_at));
	view_text(view, "done", lead->done);
	view_text(view, "error", lead->refused);
	return view;
}

/* --- numbers */

static bool show_reach(const struct lead *lead, struct view *view,
		       struct err *err)
{
	struct visit *visit = lead->visit;
	struct lead_briefing *rows;
	size_t count;

	if (!lead_people_reach(visit->web->db, lead->link->list_id, visit->now,
			       visit->arena, &rows, &count, err))
		return false;
	view_list(view, "briefings");
	for (size_t i = 0; i < count; i++) {
		struct view *item = view_item(view, "briefings");
		char share[WORDS_SIZE];

		words_share(rows[i].acknowledged, rows[i].required, share);
		view_text(item, "ref", rows[i].ref);
		view_text(item, "briefing_title",
			  rows[i].is_sensitive && !lead->code ? NULL
							      : rows[i].title);
		view_text(item, "reach_text", share);
		view_number(item, "outstanding", rows[i].outstanding);
		view_flag(item, "is_open", rows[i].outstanding > 0);
		view_number(item, "attested", rows[i].attested);
		view_flag(item, "has_attested", rows[i].attested > 0);
		view_number(item, "missed", rows[i].missed);
		view_flag(item, "has_missed", rows[i].missed > 0);
		view_number(item, "exempt", rows[i].exempt);
		view_flag(item, "has_exempt", rows[i].exempt > 0);
		view_number(item, "closed", rows[i].closed);
		view_flag(item, "has_closed", rows[i].closed > 0);
		view_text(item, "due_on",
			  visit_deadline(visit, rows[i].due_at));
	}
	view_flag(view, "has_briefings", count > 0);
	return true;
}

static bool show_count(const struct lead *lead, struct view *view,
		       struct err *err)
{
	int64_t count;

	if (!lead_people_count(lead->visit->web->db, lead->link->list_id,
			       lead->visit->now, &count, err))
		return false;
	view_number(view, "unconfirmed_count", count);
	view_flag(view, "unconfirmed_one", count == 1);
	view_flag(view, "is_awaited", count > 0);
	return true;
}

static bool show_unreachable(const struct lead *lead,
			     const struct digest_context *context,
			     struct view *view, struct err *err)
{
	struct visit *visit = lead->visit;
	struct roster_list *list;
	size_t count;

	return roster_load_list(visit->web->db, lead->link->list_name,
				visit->arena, &list, err) &&
	       unreachable_show(visit->web->db, context, list,
				visit->now - WEEK_SECONDS, false, visit->arena,
				view, &count, err);
}

static bool show_sessions(const struct lead *lead, struct view *view,
			  struct err *err)
{
	struct visit *visit = lead->visit;
	struct team_session *sessions;
	size_t count, standing = 0;

	if (!team_session_load(visit->web->db, NULL, lead->link->agency,
			       visit->arena, &sessions, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		standing += !sessions[i].undone_at;
	view_number(view, "session_count", (int64_t)standing);
	view_flag(view, "has_sessions", standing > 0);
	view_flag(view, "one_session", standing == 1);
	return true;
}

void lead_show_numbers(const struct lead *lead, const char *code_error)
{
	struct visit *visit = lead->visit;
	struct view *view = lead_view(lead, "Your list");
	const struct digest_context context = {
	    .settings = visit->web->settings,
	    .templates = visit->web->templates,
	    .now = visit->now,
	};
	const char *typed = lead_field(lead, "code");
	struct err err = {0};

	if (code_error) {
		view_text(view, "code_error", code_error);
		if (strlen(typed) <= CODE_SHOWN_MAX)
			view_text(view, "code_typed", typed);
	}
	if (show_reach(lead, view, &err) && show_count(lead, view, &err) &&
	    show_unreachable(lead, &context, view, &err) &&
	    show_sessions(lead, view, &err) &&
	    lead_week_show_actions(visit->web->db, &context, lead->link->agency,
				   view, &err))
		visit_show(visit, 200, "web/lead.html", view);
	else
		visit_fail(visit, &err);
}

/* --- pages of words */

static void tell_ended(struct visit *visit, const struct lead_link *link)
{
	const struct message message = {
	    .status = 410,
	    .title = "This link has ended",
	    .paragraphs =
		{"A link to a lead’s page works for two weeks, and only as "
		 "long as the list has the same lead.",
		 arena_printf(visit->arena,
			      "Do you keep the list ‘%s’? A new link comes "
			      "with your weekly mail, or ask %s for one.",
			      link->title, visit->web->settings->mail_help)},
	};

	visit_tell(visit, &message, NULL, 0);
}

static void tell_wait(struct visit *visit, int64_t wait_s)
{
	static const struct message message = {
	    .status = 429,
	    .title = "Please wait a few minutes",
	    .paragraphs = {"A wrong code was typed here several times, so this "
			   "page rests for a while. Nothing was recorded.",
			   "The link and the code go on working after that."},
	};

	visit_tell(visit, &message, NULL, wait_s);
}

/* --- the code is asked for */

static bool record_code(struct web *web, struct pending *pending, int64_t now,
			int *ret_count, struct err *err)
{
	const struct digest_context context = {
	    .settings = web->settings, .templates = web->templates, .now = now};
	struct arena *arena = arena_new();
	struct lead_link *link;
	struct err enough = {0};
	bool is_sent = true;
	bool good = lead_link_load(web->db, pending->delivery_id, now, arena,
				   &link, err);

	*ret_count = 0;
	if (good && link && !link->is_ended)
		good =
		    lead_link_send_code(web->db, &context, link, &is_sent, err);
	err_set(&enough, ERR_INPUT,
		"No other code was sent: there were %d in an hour. The one "
		"that came last works.",
		LEAD_CODES_AN_HOUR);
	visit_refuse(pending, is_sent ? NULL : &enough);
	arena_free(arena);
	return good;
}

bool lead_again(struct visit *visit, int64_t delivery_id, struct lead *ret)
{
	struct lead_link *link;
	struct err err = {0};

	if (!lead_link_load(visit->web->db, delivery_id, visit->now,
			    visit->arena, &link, &err))
		visit_fail(visit, &err);
	else if (!link)
		personal_tell_wrong_link(visit);
	else if (link->is_ended)
		tell_ended(visit, link);
	else {
		*ret = (struct lead){.visit = visit, .link = link};
		return true;
	}
	return false;
}

static void answer_code(struct visit *visit, const struct pending *pending)
{
	struct lead lead;

	if (!lead_again(visit, pending->delivery_id, &lead))
		return;
	if (pending->refused)
		lead.refused = pending->refused->text;
	else
		lead.done = arena_printf(
		    visit->arena,
		    "A mail with the code is on its way to %s. It works for "
		    "two hours. If none comes, look among what was sorted "
		    "out.",
		    lead.link->is_rehearsal
			? "the rehearsal’s address"
			: "your address, as your list has it");
	lead_show_numbers(&lead, NULL);
}

static const struct message code_not_saved = {
    .status = 503,
    .title = "No code could be sent",
    .paragraphs = {"The fault is ours. Please go back, wait a minute, and "
		   "press the button again."},
};

static const struct pending_kind sending_code = {
    .record = record_code,
    .answer = answer_code,
    .not_saved = &code_not_saved,
};

/* --- and typed */

static const char *code_fault(enum lead_code verdict)
{
	switch (verdict) {
	case LEAD_CODE_MANGLED:
		return "Type all 12 letters and digits of the code, like "
		       "7k3m-9x2p-4ab1";
	case LEAD_CODE_OLD:
		return "That code is older than two hours. Ask for another";
	case LEAD_CODE_WRONG:
		return "This is not a code for this list. Look again at the "
		       "mail that came last";
	case LEAD_CODE_GOOD:
		break;
	}
	return NULL;
}

/* true: lead->code is right. Otherwise the visit was answered. */
static bool pass_code(struct lead *lead)
{
	struct visit *visit = lead->visit;
	const char *typed = lead_field(lead, "code");
	uint64_t list = (uint64_t)lead->link->list_id;
	uint64_t from = limit_join(limit_key(http_peer(visit->request)), list);
	enum lead_code verdict;
	struct err err = {0};
	int64_t wait_s;

	/* before it is looked at: a right one must not stand out either */
	if (!limit_allows(visit->web->lead_tries, from, visit->now, &wait_s) ||
	    !limit_allows(visit->web->all_lead_tries, list, visit->now,
			  &wait_s)) {
		tell_wait(visit, wait_s);
		return false;
	}
	if (!lead_link_check_code(visit->web->db, visit->web->keys, lead->link,
				  typed, visit->now, &verdict, &err)) {
		visit_fail(visit, &err);
		return false;
	}
	if (verdict == LEAD_CODE_WRONG) {
		limit_count(visit->web->lead_tries, from, visit->now);
		limit_count(visit->web->all_lead_tries, list, visit->now);
	}
	if (verdict == LEAD_CODE_GOOD) {
		lead->code = typed;
		return true;
	}
	lead_show_numbers(lead, code_fault(verdict));
	return false;
}

/* --- the POST */

static void post_named(struct lead *lead, const char *what)
{
	const char *person = lead_field(lead, "person");

	if (lead_post_deed(lead, what))
		return;
	if (strcmp(what, "person") == 0)
		lead_show_person(lead, person);
	else if (strcmp(what, "sheet") == 0)
		lead_show_sheet(lead);
	else if (strcmp(what, "scan") == 0)
		lead_send_scan(lead);
	else
		lead_show_people(lead);
}

/* A form of ours, of this link, of today; one that only asks for a mail must
 * have been looked at as well, for some programs press every button. */
static bool is_ours(const struct lead *lead, bool is_asking)
{
	struct visit *visit = lead->visit;
	int64_t shown_at = 0;

	if (!link_parse_form(visit->web->keys, lead_field(lead, "form"),
			     lead->link->delivery_id, &shown_at))
		return false;
	enum acknowledgement_verdict verdict = acknowledgement_check_time(
	    shown_at, lead->link->accepted_at, visit->now);
	return verdict == ACKNOWLEDGEMENT_GOOD ||
	       (!is_asking && verdict != ACKNOWLEDGEMENT_STALE_FORM);
}

static void post(struct lead *lead)
{
	const char *what = lead_field(lead, "what");
	bool is_asking = strcmp(what, "send-code") == 0;

	if (!is_ours(lead, is_asking)) {
		lead->refused = "Nothing was done yet: this page was open for "
				"more than a day, or the answer came faster "
				"than a person reads. Please press the button "
				"again.";
		lead_show_numbers(lead, NULL);
	} else if (is_asking) {
		visit_keep(lead->visit, &sending_code, lead->link->delivery_id,
			   0);
	} else if (pass_code(lead)) {
		post_named(lead, what);
	}
}

void lead_handle(struct visit *visit, const char *rest)
{
	char *token = arena_strndup(visit->arena, rest, strcspn(rest, "/"));
	struct lead lead;
	int64_t delivery_id;

	if (link_parse(visit->web->keys, token, &delivery_id) != LINK_GOOD)
		personal_tell_wrong_link(visit);
	else if (!lead_again(visit, delivery_id, &lead))
		return;
	else if (http_method(visit->request) == HTTP_POST)
		post(&lead);
	else
		lead_show_numbers(&lead, NULL);
}

size_t lead_large_ceiling(struct web *web, const char *token, int64_t now)
{
	struct arena *arena = arena_new();
	struct lead_link *link = NULL;
	int64_t delivery_id;
	bool may =
	    link_parse(web->keys, token, &delivery_id) == LINK_GOOD &&
	    lead_link_load(web->db, delivery_id, now, arena, &link, NULL) &&
	    link && !link->is_ended;

	arena_free(arena);
	return may ? SHEET_FORM_MAX : 0;
}
