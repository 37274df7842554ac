#include "core/letter_view.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/text.h"
#include "core/asked.h"
#include "core/briefing.h"
#include "core/checkpoint.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/markdown.h"
#include "tools/view.h"

#define DAY_SECONDS INT64_C(86400)
#define SUMMARY_MAX_SIZE (4 * 1024 * 1024)
#define PREHEADER_MAX_SIZE 110

/* Colours are inherited where the dark scheme must reach them. */
static const struct markdown_style summary_style = {
    .p = "margin:0 0 16px",
    .h = "margin:24px 0 10px;font-size:20px;line-height:1.3;font-weight:bold",
    .ul = "margin:0 0 16px;padding:0 0 0 26px",
    .li = "margin:0 0 8px",
    .a = "color:#0b5394",
    .blockquote = "margin:0 0 16px;padding:0 0 0 16px;"
		  "border-left:4px solid #d3dbe0",
};

/* --- the content as a whole */

size_t letter_content_size(const struct letter_content *content)
{
	return content->count + content->reminder_count +
	       content->withdrawn_count;
}

const struct briefing_version *
letter_content_version(const struct letter_content *content, size_t index)
{
	if (index < content->count)
		return content->versions[index];
	index -= content->count;
	if (index < content->reminder_count)
		return content->reminders[index].version;
	index -= content->reminder_count;
	assert(index < content->withdrawn_count);
	return content->withdrawn[index];
}

const char *letter_content_marking(const struct letter_content *content)
{
	for (size_t i = 0; i < letter_content_size(content); i++) {
		const struct briefing_version *version =
		    letter_content_version(content, i);

		if (briefing_is_sensitive(version))
			return version->marking;
	}
	return NULL;
}

bool letter_content_is_sensitive(const struct letter_content *content)
{
	return letter_content_marking(content) != NULL;
}

const char *letter_content_reply_word(const struct letter_content *content)
{
	bool asks = content->count + content->reminder_count > 0;

	return content->list->confirm_by_reply && asks &&
		       !letter_content_is_sensitive(content) &&
		       !settings_find_reply_fault(content->settings)
		   ? content->settings->reply_word
		   : "";
}

int64_t letter_content_due_at(const struct letter_content *content)
{
	int64_t due_at = content->due_at[0];

	assert(content->count >= 1);
	for (size_t i = 1; i < content->count; i++)
		if (content->due_at[i] < due_at)
			due_at = content->due_at[i];
	return due_at;
}

const char *letter_plain(struct arena *arena, const char *text)
{
	char *plain = arena_strdup(arena, text), *to = plain;

	for (const char *from = text; *from; from++) {
		unsigned char byte = (unsigned char)*from;
		bool is_c1 = byte == 0xc2 && (unsigned char)from[1] >= 0x80 &&
			     (unsigned char)from[1] < 0xa0;

		if (is_c1)
			from++;
		if (is_c1 || byte < 0x20 || byte == 0x7f)
			*to++ = ' ';
		else
			*to++ = (char)byte;
	}
	*to = '\0';
	return plain;
}

static void show(struct view *view, const char *key, const char *text)
{
	view_text(view, key, text ? letter_plain(view->arena, text) : NULL);
}

/* --- one briefing */

static void show_texts(struct view *view, const char *key, const char **texts,
		       size_t count, const char *absent_key)
{
	view_list(view, key);
	for (size_t i = 0; i < count; i++)
		show(view_item(view, key), "text", texts[i]);
	view_flag(view, absent_key, count == 0);
}

static void show_themes(struct view *view,
			const struct briefing_version *version)
{
	struct buf themes;

	buf_init(&themes, 64 * 1024);
	for (size_t i = 0; i < version->theme_count; i++) {
		if (i > 0)
			buf_adds(&themes, ", ");
		buf_adds(&themes, version->themes[i]);
	}
	show(view, "themes_text", themes.data);
	buf_done(&themes);
}

static void show_documents(struct view *view,
			   const struct briefing_version *version,
			   bool is_attached)
{
	char size_text[WORDS_SIZE];

	view_list(view, "documents");
	for (size_t i = 0; i < version->document_count; i++) {
		const struct briefing_document *document =
		    &version->documents[i];
		struct view *item = view_item(view, "documents");

		words_bytes(document->size, size_text);
		show(item, "title", document->title);
		view_text(item, "size_text", size_text);
		view_flag(item, "attached", is_attached);
	}
}

static void show_actions(struct view *view,
			 const struct briefing_version *version,
			 const char *agency)
{
	char due[WORDS_SIZE];

	view_list(view, "actions");
	for (size_t i = 0; i < version->action_count; i++) {
		const struct briefing_action *action = &version->actions[i];

		if (strcasecmp(action->agency, agency) != 0 &&
		    strcasecmp(action->agency, "all") != 0)
			continue;
		struct view *item = view_item(view, "actions");
		words_date(action->due_on ? action->due_on : "", due);
		show(item, "ref", action->ref);
		show(item, "text", action->text);
		show(item, "due", due);
	}
}

/* the template sets the empty lines behind it */
static const char *trim_lines(struct buf *text)
{
	while (text->size > 0 && text->data[text->size - 1] == '\n')
		text->data[--text->size] = '\0';
	return text->data;
}

static bool show_summary(struct view *view,
			 const struct briefing_version *version,
			 struct err *err)
{
	size_t size = strlen(version->summary);
	struct buf out;
	bool good;

	buf_init(&out, SUMMARY_MAX_SIZE);
	good = markdown_to_html(version->summary, size, 3, &summary_style, &out,
				err);
	if (good)
		view_raw(view, "summary_html", out.data);
	buf_clear(&out);
	good = good && markdown_to_text(version->summary, size,
					LETTER_TEXT_WIDTH, &out, err);
	if (good)
		view_text(view, "summary_text", trim_lines(&out));
	buf_done(&out);
	return good || err_context(err, "the summary of %s", version->ref);
}

/* what every mail may say of a briefing, marked or not */
static void show_facts(struct view *view, const struct letter_content *content,
		       size_t index)
{
	const struct briefing_version *version = content->versions[index];
	const char *kind = briefing_kind_name(version->kind);
	char text[WORDS_SIZE];

	show(view, "title", version->title);
	show(view, "ref", version->ref);
	show(view, "kind_name", kind ? kind : version->kind);
	show(view, "approved_by", version->approved_by);
	show(view, "approval_ref", version->approval_ref);
	words_date(version->approved_on, text);
	show(view, "approved_on", text);
	view_flag(view, "is_new_version", version->number > 1);
	view_number(view, "version", version->number);
	/* with one briefing the mail's own deadline says it */
	words_deadline(content->settings->zone, content->due_at[index], text);
	view_text(view, "deadline", content->count > 1 ? text : NULL);
}

/* The content of a marked briefing never comes near the mail's templates, so
 * that no override of them can let it out. */
static bool show_content(struct view *view,
			 const struct letter_content *content, size_t index,
			 struct err *err)
{
	const struct briefing_version *version = content->versions[index];
	bool sensitive = briefing_is_sensitive(version);
	struct briefing_version empty = {.summary = "", .ref = version->ref};

	/* on each: a mail's own flag would shine through otherwise */
	view_flag(view, "sensitive", sensitive);
	if (sensitive)
		version = &empty;
	show_texts(view, "key_messages", version->key_messages,
		   version->key_message_count, "no_key_messages");
	show_texts(view, "questions", version->questions,
		   version->question_count, "no_questions");
	show_themes(view, version);
	show(view, "changes",
	     text_is_empty(version->changes) ? NULL : version->changes);
	show_documents(view, version, content->is_attached);
	show_actions(view, version, content->list->agency);
	return show_summary(view, version, err);
}

/* --- the mail around them */

static const char *cut(struct arena *arena, const char *text, size_t max_size)
{
	size_t size = strlen(text);

	if (size <= max_size)
		return text;
	size = text_cut(text, size, max_size - 3);
	return arena_printf(arena, "%.*s\xe2\x80\xa6", (int)size, text);
}

/* the line that an inbox shows beside the subject */
static void show_preheader(struct view *view,
			   const struct letter_content *content)
{
	struct arena *arena = view->arena;
	char deadline[WORDS_SIZE];
	const char *text;

	if (content->count == 0) {
		text = content->reminder_count > 0
			   ? "You have not confirmed yet. It takes a minute."
			   : "It was sent to you before.";
	} else if (!letter_content_is_sensitive(content) &&
		   content->count == 1 &&
		   content->versions[0]->key_message_count > 0) {
		text = content->versions[0]->key_messages[0];
	} else {
		words_deadline(content->settings->zone,
			       letter_content_due_at(content), deadline);
		text = arena_printf(arena, "Please confirm by %s.", deadline);
	}
	show(view, "preheader", cut(arena, text, PREHEADER_MAX_SIZE));
}

static void show_list(struct view *view, const struct roster_list *list)
{
	struct arena *arena = view->arena;

	show(view, "list_title", list->title);
	show(view, "agency_title", list->title);
	show(view, "lead_name", list->lead);
	show(view, "why",
	     arena_printf(arena,
			  "You get this mail because you are on the list "
			  "\xe2\x80\x98%s\xe2\x80\x99.",
			  list->title));
	show(view, "list_owner_text",
	     arena_printf(arena, "%s%s%s", list->lead,
			  *list->lead && *list->lead_address ? ", " : "",
			  list->lead_address));
}

static const char *language(const struct letter_content *content)
{
	const char *first = letter_content_version(content, 0)->language;

	for (size_t i = 1; i < letter_content_size(content); i++)
		if (strcmp(letter_content_version(content, i)->language,
			   first) != 0)
			return "en-GB"; /* what the templates speak */
	return first;
}

static bool has_sensitive_news(const struct letter_content *content)
{
	for (size_t i = 0; i < content->count; i++)
		if (briefing_is_sensitive(content->versions[i]))
			return true;
	return false;
}

/* how much there is of each kind */
static void show_counts(struct view *view, const struct letter_content *content)
{
	char deadline[WORDS_SIZE];

	view_number(view, "briefing_count", (int64_t)content->count);
	view_flag(view, "one", content->count == 1);
	view_flag(view, "has_news", content->count > 0);
	view_number(view, "reminder_count", (int64_t)content->reminder_count);
	view_flag(view, "has_reminders", content->reminder_count > 0);
	view_flag(view, "one_reminder", content->reminder_count == 1);
	view_flag(view, "has_withdrawn", content->withdrawn_count > 0);
	view_flag(view, "one_withdrawn", content->withdrawn_count == 1);
	view_flag(view, "asks", content->count + content->reminder_count > 0);
	view_flag(view, "one_box",
		  content->count + content->reminder_count == 1);
	if (content->count > 0)
		words_deadline(content->settings->zone,
			       letter_content_due_at(content), deadline);
	view_text(view, "deadline", content->count > 0 ? deadline : NULL);
}

static void show_frame(struct view *view, const struct letter_content *content)
{
	const struct settings *settings = content->settings;
	char closes_on[WORDS_SIZE];
	const char *reply_to = content->list->reply_to;
	enum asked asked = asked_parse(content->list->confirm);

	words_day(settings->zone,
		  content->now + settings->window_days * DAY_SECONDS,
		  closes_on);
	show(view, "lang", language(content));
	show(view, "board_name", settings->board_name);
	show(view, "board_label", settings->board_label);
	show(view, "colour", settings->board_colour);
	show(view, "marking", letter_content_marking(content));
	view_flag(view, "sensitive", has_sensitive_news(content));
	view_flag(view, "rehearsal", content->is_rehearsal);
	show_counts(view, content);
	view_number(view, "window_days", settings->window_days);
	view_text(view, "closes_on", closes_on);
	show(view, "code_url",
	     arena_printf(view->arena, "%s/c", settings->web_base));
	view_flag(view, "asks_code", asked == ASKED_CODE);
	/* what is marked asks for it first anyway */
	view_flag(view, "asks_email",
		  asked == ASKED_EMAIL &&
		      !letter_content_is_sensitive(content));
	show(view, "reply_word", letter_content_reply_word(content));
	show(view, "reply_to", *reply_to ? reply_to : settings->mail_help);
	checkpoint_show(view, content->checkpoint, settings->web_base);
	show_preheader(view, content);
	show_list(view, content->list);
}

/* --- notes */

static void show_note(struct view *item, const struct briefing_version *version)
{
	const char *kind = briefing_kind_name(version->kind);

	show(item, "title", version->title);
	show(item, "ref", version->ref);
	show(item, "kind_name", kind ? kind : version->kind);
	view_flag(item, "sensitive", briefing_is_sensitive(version));
}

static void show_reminders(struct view *view,
			   const struct letter_content *content)
{
	char text[WORDS_SIZE];

	view_list(view, "reminders");
	for (size_t i = 0; i < content->reminder_count; i++) {
		const struct letter_reminder *each = &content->reminders[i];
		struct view *item = view_item(view, "reminders");

		show_note(item, each->version);
		words_deadline(content->settings->zone, each->due_at, text);
		view_text(item, "deadline", text);
		view_flag(item, "is_overdue", each->due_at <= content->now);
	}
}

static void show_withdrawn(struct view *view,
			   const struct letter_content *content)
{
	view_list(view, "withdrawn");
	for (size_t i = 0; i < content->withdrawn_count; i++)
		show_note(view_item(view, "withdrawn"), content->withdrawn[i]);
}

struct view *letter_view_make(const struct letter_content *content,
			      struct arena *arena, struct err *err)
{
	struct view *view = view_new(arena);

	assert(letter_content_size(content) >= 1);
	show_frame(view, content);
	show_reminders(view, content);
	show_withdrawn(view, content);
	view_list(view, "briefings");
	for (size_t i = 0; i < content->count; i++) {
		struct view *item = view_item(view, "briefings");

		show_facts(item, content, i);
		if (!show_content(item, content, i, err))
			return NULL;
	}
	return view;
}

static const char *slot_text(struct arena *arena, enum letter_slot slot)
{
	return arena_printf(arena, "%c", (char)slot);
}

/* path: "/a/" */
static void show_link(struct view *view, const char *key, const char *path,
		      const struct settings *settings, enum template_kind kind,
		      struct arena *arena)
{
	const char *base = letter_plain(arena, settings->web_base);
	struct buf link;

	buf_init(&link, 4096);
	if (kind == TEMPLATE_HTML)
		escape_html(&link, base, strlen(base));
	else
		buf_adds(&link, base);
	buf_adds(&link, path);
	buf_addc(&link, LETTER_SLOT_TOKEN);
	view_raw(view, key, link.data);
	buf_done(&link);
}

void letter_view_slots(struct view *view, const struct settings *settings,
		       enum template_kind kind, struct arena *arena)
{
	enum letter_slot name = kind == TEMPLATE_HTML ? LETTER_SLOT_NAME_HTML
						      : LETTER_SLOT_NAME_TEXT;

	show_link(view, "link_slot", "/a/", settings, kind, arena);
	show_link(view, "leave_url", "/u/", settings, kind, arena);
	show_link(view, "lead_url", "/l/", settings, kind, arena);
	show(view, "privacy_url",
	     arena_printf(arena, "%s/privacy", settings->web_base));
	view_raw(view, "name_slot", slot_text(arena, name));
	view_raw(view, "code_slot", slot_text(arena, LETTER_SLOT_CODE));
}
