#include "web/leave.h"

#include <string.h>

#include "base/arena.h"
#include "core/address.h"
#include "core/leaving.h"
#include "core/link.h"
#include "core/settings.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/personal.h"
#include "web/visit.h"

#define FIELD "List-Unsubscribe"
#define VALUE "One-Click"

static bool is_click(const struct visit *visit)
{
	const char *value = http_form(visit->request, FIELD);

	return value && strcmp(value, VALUE) == 0;
}

/* "Ruth Amadi, ruth.amadi@police.example" */
static const char *lead(struct visit *visit, const struct leaving *leaving)
{
	return arena_printf(visit->arena, "%s%s%s", leaving->lead,
			    *leaving->lead && *leaving->lead_address ? ", "
								     : "",
			    leaving->lead_address);
}

/* --- the page with the button --- */

static void show_form(struct visit *visit, const struct leaving *leaving,
		      const char *notice, bool is_specimen)
{
	struct view *view = visit_view(visit, "Leave this list?");
	char masked[ADDRESS_MASK_SIZE];

	view_flag(view, "rehearsal", leaving->is_rehearsal);
	view_flag(view, "specimen", is_specimen);
	view_text(view, "list_title", leaving->list_title);
	view_text(view, "lead_text", lead(visit, leaving));
	view_text(view, "notice", notice);
	if (*leaving->address) {
		address_mask(leaving->address, masked);
		view_text(view, "person", masked);
	}
	visit_show(visit, 200, "web/leave.html", view);
}

static void show_specimen(struct visit *visit)
{
	static const struct leaving example = {
	    .list_title = "An invented list",
	    .lead = "the list’s lead",
	    .lead_address = "lead@agency.example",
	    .address = "jo@agency.example",
	};

	show_form(visit, &example,
		  http_method(visit->request) == HTTP_POST
		      ? "This is a specimen: nothing was recorded."
		      : NULL,
		  true);
}

/* --- pages of words --- */

/* A mail program that posts is told by the status that nothing was done. */
static void tell_mandatory(struct visit *visit, const struct leaving *leaving)
{
	const struct settings *settings = visit->web->settings;
	const char *reply_to =
	    *leaving->reply_to ? leaving->reply_to : settings->mail_help;
	const struct message message = {
	    .status = http_method(visit->request) == HTTP_POST ? 403 : 200,
	    .title = "This list can’t be left here",
	    .paragraphs =
		{arena_printf(visit->arena,
			      "‘%s’ is for everyone whose work asks "
			      "for these briefings, so nobody can leave it "
			      "with a link. Nothing was recorded.",
			      leaving->list_title),
		 arena_printf(visit->arena,
			      "Not for you, or have you left? Reply to the "
			      "mail (%s) and say so.",
			      reply_to),
		 arena_printf(visit->arena, "Or ask who keeps the list: %s.",
			      lead(visit, leaving))},
	};

	visit_tell(visit, &message, NULL, 0);
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
			   arena_printf(
			       visit->arena,
			       "Was it a mistake? Who keeps the list can put "
			       "you back: %s.",
			       lead(visit, leaving)),
			   "You can close this page."},
	};

	visit_tell(visit, &message, NULL, 0);
}

/* --- what waits for its commit --- */

/* no confirmation, so none is counted */
static bool record(struct web *web, const struct pending *pending, int64_t now,
		   int *ret_count, struct err *err)
{
	bool is_new;

	*ret_count = 0;
	return leaving_record(web->db, pending->delivery_id, now, &is_new, err);
}

static void tell_recorded(struct visit *visit)
{
	static const struct message message = {
	    .status = 200,
	    .title = "You are off the list",
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
	/* between the button and the commit it may have become a duty */
	else if (leaving->is_member && leaving->is_mandatory)
		tell_mandatory(visit, leaving);
	else
		tell_left(visit, leaving);
}

static const struct message not_saved = {
    .status = 503,
    .title = "You could not be taken off the list",
    .paragraphs = {"The fault is ours. Nothing was recorded. Please go back, "
		   "wait a minute, and press the button again."},
};

static const struct pending_kind leave = {
    .record = record,
    .answer = answer,
    .not_saved = &not_saved,
};

/* --- which of them --- */

static void open_list(struct visit *visit, int64_t delivery_id)
{
	bool is_post = http_method(visit->request) == HTTP_POST;
	struct leaving *leaving;
	struct err err = {0};

	if (!leaving_load(visit->web->db, delivery_id, visit->now, visit->arena,
			  &leaving, &err))
		visit_fail(visit, &err);
	else if (!leaving)
		personal_tell_wrong_link(visit);
	else if (leaving->is_mandatory)
		tell_mandatory(visit, leaving);
	else if (leaving->is_rehearsal)
		show_form(visit, leaving,
			  is_post ? "It arrived as it should. This is a "
				    "rehearsal, so nothing was recorded."
				  : NULL,
			  false);
	else if (!leaving->is_member)
		tell_left(visit, leaving);
	else if (is_post && is_click(visit))
		visit_keep(visit, &leave, delivery_id, 0);
	else
		show_form(visit, leaving, NULL, false);
}

void leave_handle(struct visit *visit, const char *rest)
{
	/* a slash behind the token is a mail program's */
	char *token = arena_strndup(visit->arena, rest, strcspn(rest, "/"));
	int64_t delivery_id;

	switch (link_parse(visit->web->keys, token, &delivery_id)) {
	case LINK_GOOD:
		open_list(visit, delivery_id);
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
