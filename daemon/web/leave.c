#include "web/leave.h"

#include <string.h>

#include "base/arena.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/digest.h"
#include "core/leaving.h"
#include "core/link.h"
#include "core/settings.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/personal.h"
#include "web/visit.h"

#define FIELD "List-Unsubscribe"
#define VALUE "One-Click"
#define UNTIL_MAX_SIZE 40 /* shown again */
#define DAY_SECONDS 86400

/* "Ruth Amadi, ruth.amadi@police.example" */
static const char *lead(struct visit *visit, const struct leaving *leaving)
{
	return arena_printf(visit->arena, "%s%s%s", leaving->lead,
			    *leaving->lead && *leaving->lead_address ? ", "
								     : "",
			    leaving->lead_address);
}

/* A mail program's button (RFC 8058): it asks nothing and shows nothing. */
static bool is_click(const struct http_request *request)
{
	const char *value = http_form(request, FIELD);

	return value && strcmp(value, VALUE) == 0;
}

/* --- the page with its choices --- */

/* what stands above them, and which of them is chosen already */
struct told {
	int status;
	const char *notice, *error;
	bool is_specimen, is_date_wrong;
};

static void show_choice(struct visit *visit, struct view *view,
			const struct told *told)
{
	const char *word = http_form(visit->request, "what");
	const char *until = http_form(visit->request, "until");

	view_text(view, "error", told->error);
	view_flag(view, "until_is_wrong", told->is_date_wrong);
	if (!told->error || !word)
		return;
	view_flag(view, "chose_not_for_me", strcmp(word, "not-for-me") == 0);
	view_flag(view, "chose_left", strcmp(word, "left") == 0);
	view_flag(view, "chose_leave", strcmp(word, "on-leave") == 0);
	if (until && strlen(until) <= UNTIL_MAX_SIZE)
		view_text(view, "until", until);
}

static void show_form(struct visit *visit, const struct leaving *leaving,
		      const struct told *told)
{
	struct view *view = visit_view(visit, "Not for you, or not now?");
	char masked[ADDRESS_MASK_SIZE], form[LINK_FORM_SIZE];

	view_flag(view, "rehearsal", leaving->is_rehearsal);
	view_flag(view, "specimen", told->is_specimen);
	view_text(view, "list_title", leaving->list_title);
	view_text(view, "lead_text", lead(visit, leaving));
	view_text(view, "notice", told->notice);
	show_choice(visit, view, told);
	if (leaving->until_at)
		view_text(view, "away_until",
			  visit_deadline(visit, leaving->until_at));
	if (*leaving->address) {
		address_mask(leaving->address, masked);
		view_text(view, "person", masked);
	}
	link_format_form(link_signer(visit->web->keys), leaving->delivery_id,
			 visit->now, form);
	view_text(view, "form", told->is_specimen ? LINK_SPECIMEN_TOKEN : form);
	visit_show(visit, told->status, "web/leave.html", view);
}

static void show_notice(struct visit *visit, const struct leaving *leaving,
			const char *notice)
{
	show_form(visit, leaving,
		  &(struct told){.status = 200, .notice = notice});
}

static void show_specimen(struct visit *visit)
{
	static const struct leaving example = {
	    .list_title = "An invented list",
	    .lead = "the list’s lead",
	    .lead_address = "lead@agency.example",
	    .address = "jo@agency.example",
	};
	struct told told = {.status = 200, .is_specimen = true};

	if (http_method(visit->request) == HTTP_POST)
		told.notice = "This is a specimen: nothing was recorded.";
	show_form(visit, &example, &told);
}

/* --- pages of words --- */

static const char *take_back(struct visit *visit, const struct leaving *leaving)
{
	return arena_printf(visit->arena,
			    "%s keeps the list and is told. Was it a mistake, "
			    "or does it change? Please tell them.",
			    lead(visit, leaving));
}

static void tell_left(struct visit *visit, const struct leaving *leaving)
{
	const struct message message = {
	    .status = 200,
	    .title = "You are off the list",
	    .paragraphs = {arena_printf(visit->arena,
					"No more mail comes to you from "
					"‘%s’. A mail that is on its way may "
					"still arrive.",
					leaving->list_title),
			   take_back(visit, leaving),
			   "You can close this page."},
	};

	visit_tell(visit, &message, NULL, 0);
}

static void tell_away(struct visit *visit, const struct leaving *leaving)
{
	const struct message message = {
	    .status = 200,
	    .title = "Your leave is recorded",
	    .paragraphs = {arena_printf(
			       visit->arena,
			       "Nothing new comes to you from ‘%s’ until the "
			       "end of %s. What you were asked before stays "
			       "asked.",
			       leaving->list_title,
			       visit_deadline(visit, leaving->until_at)),
			   take_back(visit, leaving),
			   "You can close this page."},
	};

	visit_tell(visit, &message, NULL, 0);
}

static void tell_often(struct visit *visit, const struct leaving *leaving)
{
	const struct message message = {
	    .status = 429,
	    .title = "Please come back tomorrow",
	    .paragraphs =
		{"Leave was said with this link several times today. What was "
		 "said last counts; nothing more is recorded until tomorrow.",
		 arena_printf(visit->arena,
			      "Can it not wait? Please tell %s, who keeps the "
			      "list.",
			      lead(visit, leaving))},
	};

	visit_tell(visit, &message, NULL, DAY_SECONDS);
}

/* --- what waits for its commit --- */

/* The request waits for its answer, so its choice is still there; a click says
 * the one thing that it can. */
static bool read_said(const struct web *web, const struct http_request *request,
		      int64_t now, struct leaving_said *ret,
		      const char **ret_why)
{
	const char *word = http_form(request, "what");

	if (!word && is_click(request))
		word = "not-for-me";
	return leaving_parse(word, http_form(request, "until"),
			     web->settings->zone, now, ret, ret_why);
}

/* no confirmation, so none is counted */
static bool record(struct web *web, struct pending *pending, int64_t now,
		   int *ret_count, struct err *err)
{
	const struct digest_context context = {
	    .settings = web->settings, .templates = web->templates, .now = now};
	struct leaving_said said;
	const char *why;
	bool is_new;

	*ret_count = 0;
	/* as of when it was posted, so that it is what was found good */
	if (!read_said(web, pending->request, pending->since_at, &said, &why))
		return true;
	return leaving_record(web->db, &context, pending->delivery_id, &said,
			      &is_new, err);
}

static void tell_recorded(struct visit *visit)
{
	static const struct message message = {
	    .status = 200,
	    .title = "Thank you. It is recorded.",
	    .paragraphs = {"You can close this page."},
	};

	visit_tell(visit, &message, NULL, 0);
}

static void answer(struct visit *visit, const struct pending *pending)
{
	struct leaving *leaving;
	struct err err = {0};

	/* It is durable: whatever fails from here, the answer is yes. */
	if (!leaving_load(visit->web->db, pending->delivery_id, visit->now,
			  visit->arena, &leaving, &err) ||
	    !leaving)
		tell_recorded(visit);
	else if (!leaving->is_member)
		tell_left(visit, leaving);
	else if (leaving->until_at)
		tell_away(visit, leaving);
	else
		tell_recorded(visit);
}

static const struct message not_saved = {
    .status = 503,
    .title = "What you said could not be saved",
    .paragraphs = {"The fault is ours. Nothing was recorded. Please go back, "
		   "wait a minute, and press the button again."},
};

static const struct pending_kind leave = {
    .record = record,
    .answer = answer,
    .not_saved = &not_saved,
};

/* --- the POST --- */

/* A click is made by a mail program on purpose, where its mail offers one. */
static void post_click(struct visit *visit, const struct leaving *leaving)
{
	if (!leaving->is_mandatory)
		visit_keep(visit, &leave, leaving->delivery_id, 0);
	else
		show_form(visit, leaving,
			  &(struct told){
			      .status = 403,
			      .notice = "Nothing was recorded: this list is "
					"for everyone whose work asks for "
					"these briefings. Is it not for you? "
					"Please say so below."});
}

/* NULL: it was shown long enough ago, and not too long */
static const char *find_fault(const struct visit *visit,
			      const struct leaving *leaving)
{
	const char *form = http_form(visit->request, "form");
	int64_t shown_at = 0;

	if (!form || !link_parse_form(visit->web->keys, form,
				      leaving->delivery_id, &shown_at))
		shown_at = 0;
	enum acknowledgement_verdict verdict = acknowledgement_check_time(
	    shown_at, leaving->accepted_at, visit->now);
	if (verdict == ACKNOWLEDGEMENT_GOOD)
		return NULL;
	return verdict == ACKNOWLEDGEMENT_STALE_FORM
		   ? "Nothing is recorded yet: this page was open for more "
		     "than a day, or was not whole. Please choose and press "
		     "the button again."
		   : "Nothing is recorded yet: the answer came faster than a "
		     "person reads, as security programs do that try out new "
		     "mail. If it was you, please choose and press the button "
		     "again in half a minute.";
}

static void post(struct visit *visit, const struct leaving *leaving)
{
	struct told told = {.status = 200,
			    .notice = find_fault(visit, leaving)};
	struct leaving_said said;

	if (!told.notice && read_said(visit->web, visit->request, visit->now,
				      &said, &told.error)) {
		if (leaving_may_say(leaving, &said))
			visit_keep(visit, &leave, leaving->delivery_id, 0);
		else
			tell_often(visit, leaving);
		return;
	}
	const char *word = http_form(visit->request, "what");
	told.is_date_wrong =
	    told.error && word && strcmp(word, "on-leave") == 0;
	show_form(visit, leaving, &told);
}

/* --- which of them --- */

static void open_list(struct visit *visit, const struct leaving *leaving)
{
	const struct http_request *request = visit->request;
	bool is_post = http_method(request) == HTTP_POST;

	if (leaving->is_rehearsal)
		show_notice(visit, leaving,
			    is_post ? "It arrived as it should. This is a "
				      "rehearsal, so nothing was recorded."
				    : NULL);
	else if (!leaving->is_member)
		tell_left(visit, leaving);
	else if (!is_post)
		show_notice(visit, leaving, NULL);
	else if (is_click(request) && !http_form(request, "what"))
		post_click(visit, leaving);
	else
		post(visit, leaving);
}

static void open_delivery(struct visit *visit, int64_t delivery_id)
{
	struct leaving *leaving;
	struct err err = {0};

	if (!leaving_load(visit->web->db, delivery_id, visit->now, visit->arena,
			  &leaving, &err))
		visit_fail(visit, &err);
	else if (!leaving)
		personal_tell_wrong_link(visit);
	else if (leaving->is_erased)
		personal_tell_ended(visit);
	else
		open_list(visit, leaving);
}

void leave_handle(struct visit *visit, const char *rest)
{
	/* a slash behind the token is a mail program's */
	char *token = arena_strndup(visit->arena, rest, strcspn(rest, "/"));
	int64_t delivery_id;

	switch (link_parse(visit->web->keys, token, &delivery_id)) {
	case LINK_GOOD:
		open_delivery(visit, delivery_id);
		return;
	case LINK_SPECIMEN:
		show_specimen(visit);
		return;
	case LINK_MANGLED:
	case LINK_UNKNOWN:
		break;
	}
	personal_tell_wrong_link(visit);
}
