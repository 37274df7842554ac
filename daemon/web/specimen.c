#include "web/specimen.h"

#include <strings.h>

#include "core/briefing.h"
#include "core/link.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/content.h"
#include "web/visit.h"

#define DAY_SECONDS 86400

static const char *key_messages[] = {
    "See the child alone, and write down what they say in their words.",
    "Ask once more when an answer reassures you quickly.",
    "A missed appointment is news about the child: follow it up the same day.",
};
static const char *questions[] = {
    "Whom did you last see alone, and what did you do with what they said?",
};
static const char *themes[] = {"neglect", "professional curiosity"};

/* invented: no review of a real child reads like this */
static const struct briefing_version example = {
    .id = 1,
    .number = 1,
    .is_latest = true,
    .ref = "LTB-SPECIMEN",
    .kind = "learning-together-briefing",
    .title = "Specimen: neglect and professional curiosity",
    .language = "en-GB",
    .marking = "OFFICIAL",
    .approved_by = "the board",
    .approved_on = "2026-01-01",
    .approval_ref = "Minute 0.0",
    .themes = themes,
    .theme_count = sizeof(themes) / sizeof(*themes),
    .key_messages = key_messages,
    .key_message_count = sizeof(key_messages) / sizeof(*key_messages),
    .questions = questions,
    .question_count = sizeof(questions) / sizeof(*questions),
    .summary = "# What happened\n\n"
	       "This summary is invented. A real one tells in a page what "
	       "happened.\n\n"
	       "# What must change\n\n"
	       "And what each agency does differently from now on.\n",
};

static const char *page_url(struct visit *visit)
{
	return visit_url(visit, "/a/" LINK_SPECIMEN_TOKEN "/%s", example.ref);
}

static void show_page(struct visit *visit)
{
	struct view *view = visit_view(visit, "Confirm what you have read");
	struct view *row = view_item(view, "outstanding");

	view_flag(view, "specimen", true);
	view_text(view, "person", "j•••@agency.example");
	view_text(view, "form", LINK_SPECIMEN_TOKEN);
	if (http_method(visit->request) == HTTP_POST)
		view_text(view, "notice",
			  "This is a specimen: nothing was recorded.");
	content_name(visit, row, &example);
	view_number(row, "version_id", example.id);
	view_text(row, "page_url", page_url(visit));
	view_text(row, "deadline",
		  visit_deadline(visit, visit->now + 14 * DAY_SECONDS));
	content_documents(visit, row, &example, page_url(visit));
	visit_show(visit, 200, "web/confirm.html", view);
}

static void show_briefing(struct visit *visit)
{
	struct view *view = content_view(visit, &example, page_url(visit));

	if (!view)
		return;
	view_flag(view, "specimen", true);
	view_text(view, "back_url",
		  visit_url(visit, "/a/" LINK_SPECIMEN_TOKEN));
	visit_show(visit, 200, "web/briefing.html", view);
}

void specimen_handle(struct visit *visit, const char *ref, bool wants_document)
{
	if (!ref)
		show_page(visit);
	else if (strcasecmp(ref, example.ref) == 0 && !wants_document)
		show_briefing(visit);
	else
		visit_tell_nothing_here(visit);
}
