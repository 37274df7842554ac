#include "web/content.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/words.h"
#include "tools/markdown.h"
#include "tools/view.h"
#include "web/visit.h"

/* the manifest's ceiling, and what HTML adds to it */
#define SUMMARY_CEILING (2 * 1024 * 1024)
#define SUMMARY_HEADING_LEVEL 3

static const char *date_words(struct visit *visit, const char *date)
{
	char text[WORDS_SIZE];

	words_date(date, text);
	return arena_strdup(visit->arena, text);
}

void content_documents(struct visit *visit, struct view *view,
		       const struct briefing_version *version,
		       const char *page_url)
{
	view_list(view, "documents");
	for (size_t i = 0; page_url && i < version->document_count; i++) {
		const struct briefing_document *from = &version->documents[i];
		struct view *document = view_item(view, "documents");
		char size_text[WORDS_SIZE];

		words_bytes(from->size, size_text);
		view_text(document, "title", from->title);
		view_text(document, "type", words_type(from->type));
		view_text(document, "size_text", size_text);
		view_text(document, "url",
			  arena_printf(visit->arena, "%s/%d", page_url,
				       from->position));
	}
}

static void add_themes(struct visit *visit, struct view *view,
		       const struct briefing_version *version)
{
	const char *all = NULL;

	for (size_t i = 0; i < version->theme_count; i++)
		all = all ? arena_printf(visit->arena, "%s, %s", all,
					 version->themes[i])
			  : version->themes[i];
	view_text(view, "themes_text", all);
}

void content_name(struct visit *visit, struct view *view,
		  const struct briefing_version *version)
{
	const char *kind_name = briefing_kind_name(version->kind);

	view_text(view, "kind_name", kind_name ? kind_name : version->kind);
	view_text(view, "ref", version->ref);
	view_text(view, "title", version->title);
	view_text(view, "approved_on", date_words(visit, version->approved_on));
	add_themes(visit, view, version);
}

static void add_texts(struct view *view, const char *list_key,
		      const char **texts, size_t count)
{
	view_list(view, list_key);
	for (size_t i = 0; i < count; i++)
		view_text(view_item(view, list_key), "text", texts[i]);
}

static bool add_summary(struct visit *visit, struct view *view,
			const struct briefing_version *version)
{
	struct buf html;
	struct err err = {0};

	buf_init(&html, SUMMARY_CEILING);
	bool good = markdown_to_html(version->summary, strlen(version->summary),
				     SUMMARY_HEADING_LEVEL, NULL, &html, &err);
	if (good)
		view_raw(view, "summary_html", html.data);
	buf_done(&html);
	if (good)
		return true;
	err_context(&err, "the summary of %s", version->ref);
	visit_fail(visit, &err);
	return false;
}

struct view *content_view(struct visit *visit,
			  const struct briefing_version *version,
			  const char *page_url)
{
	struct view *view = visit_view(visit, version->title);

	view_text(view, "lang", version->language);
	if (briefing_is_sensitive(version))
		view_text(view, "marking", version->marking);
	content_name(visit, view, version);
	view_text(view, "approved_by", version->approved_by);
	view_text(view, "approval_ref", version->approval_ref);
	view_number(view, "version", version->number);
	view_flag(view, "is_new_version", version->number > 1);
	view_flag(view, "no_key_messages", version->key_message_count == 0);
	add_texts(view, "key_messages", version->key_messages,
		  version->key_message_count);
	view_flag(view, "no_questions", version->question_count == 0);
	add_texts(view, "questions", version->questions,
		  version->question_count);
	content_documents(visit, view, version, page_url);
	return add_summary(visit, view, version) ? view : NULL;
}

void content_actions(struct visit *visit, struct view *view,
		     const struct briefing_version *version)
{
	for (size_t i = 0; i < version->action_count; i++) {
		const struct briefing_action *from = &version->actions[i];
		struct view *action = view_item(view, "actions");
		char name[WORDS_AGENCY_SIZE];

		words_agency(from->agency, name);
		view_text(action, "ref", from->ref);
		view_text(action, "agency_title",
			  arena_strdup(visit->arena, name));
		view_text(action, "text", from->text);
		view_text(action, "due",
			  from->due_on ? date_words(visit, from->due_on)
				       : NULL);
	}
}

const struct briefing_document *
content_find_document(const struct briefing_version *version,
		      const char *number)
{
	long long position;

	if (!text_parse_integer(number, 1, 9999, &position))
		return NULL;
	for (size_t i = 0; i < version->document_count; i++)
		if (version->documents[i].position == position)
			return &version->documents[i];
	return NULL;
}

void content_tell_why_not(struct visit *visit, const char *why,
			  const char *back_url)
{
	static const struct {
		const char *why;
		struct message message;
	} reasons[] = {
	    {"withdrawn",
	     {.status = 410,
	      .title = "This briefing was withdrawn",
	      .paragraphs = {"It was withdrawn after it was sent, so it is "
			     "no longer shown here. Please do not use or pass "
			     "on a copy that you may have.",
			     "You need not confirm it. What you confirmed "
			     "before stays recorded."}}},
	    {"superseded",
	     {.status = 410,
	      .title = "A newer version has replaced this briefing",
	      .paragraphs = {"The new version comes to you in a mail of its "
			     "own, with a link of its own.",
			     "You need not confirm this one any more."}}},
	    {"embargoed",
	     {.status = 403,
	      .title = "This briefing is not open yet",
	      .paragraphs = {"It is held back until a later day. Please "
			     "come back then: the link goes on working."}}},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (strcmp(reasons[i].why, why) == 0) {
			visit_tell(visit, &reasons[i].message, back_url, 0);
			return;
		}
	visit_tell_nothing_here(visit);
}
