/* Rendering and encoding a letter, once for all who share it. */
#include "core/letter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/letter_part.h"
#include "core/letter_view.h"
#include "core/roster.h"
#include "core/settings.h"
#include "tools/crypto.h"
#include "tools/mime.h"
#include "tools/template.h"
#include "tools/view.h"
#include "tools/zone.h"

#define HEAD_MAX_SIZE (64 * 1024)
#define TITLES_MAX_SIZE 60
#define ELLIPSIS "\xe2\x80\xa6"

/* --- the subject */

/* The titles, cut between words where that is possible. */
static const char *titles(const struct letter_content *content, size_t count,
			  struct arena *arena)
{
	const char *all = "";
	size_t size;

	for (size_t i = 0; i < count; i++)
		all = arena_printf(
		    arena, "%s%s%s", all, i ? "; " : "",
		    letter_plain(arena,
				 letter_content_version(content, i)->title));
	size = strlen(all);
	if (size <= TITLES_MAX_SIZE)
		return all;
	size = text_cut(all, size, TITLES_MAX_SIZE - 3);
	for (size_t end = size; end > TITLES_MAX_SIZE / 2; end--) {
		if (all[end] != ' ')
			continue;
		size = end;
		break;
	}
	while (size > 0 && strchr(" ,;:", all[size - 1]))
		size--;
	return arena_printf(arena, "%.*s" ELLIPSIS, (int)size, all);
}

static const char *short_day(const struct zone *zone, int64_t due_at,
			     struct arena *arena)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
					     "May", "Jun", "Jul", "Aug",
					     "Sep", "Oct", "Nov", "Dec"};
	struct civil day = zone_from_utc(zone, due_at - 1);

	return arena_printf(arena, "%d %s", day.day, months[day.month - 1]);
}

static const char *news_subject(const struct letter_content *content,
				struct arena *arena)
{
	const char *day = short_day(content->settings->zone,
				    letter_content_due_at(content), arena);
	const char *all = titles(content, content->count, arena);

	if (content->count == 1)
		return arena_printf(arena,
				    "Learning briefing: %s \xe2\x80\x93 please "
				    "confirm by %s",
				    all, day);
	return arena_printf(arena,
			    "%zu learning briefings: %s \xe2\x80\x93 confirm "
			    "by %s",
			    content->count, all, day);
}

static const char *reminder_subject(const struct letter_content *content,
				    struct arena *arena)
{
	const struct letter_reminder *first = &content->reminders[0];
	const char *day =
	    short_day(content->settings->zone, first->due_at, arena);
	bool is_over = first->due_at <= content->now;

	if (content->reminder_count == 1)
		return arena_printf(
		    arena, "Reminder: %s \xe2\x80\x93 %s %s",
		    titles(content, 1, arena),
		    is_over ? "was due on" : "please confirm by", day);
	return arena_printf(arena,
			    "Reminder: %zu learning briefings to confirm "
			    "\xe2\x80\x93 the first %s %s",
			    content->reminder_count,
			    is_over ? "was due on" : "by", day);
}

static const char *withdrawal_subject(const struct letter_content *content,
				      struct arena *arena)
{
	if (content->withdrawn_count == 1)
		return arena_printf(arena,
				    "Withdrawn: %s \xe2\x80\x93 please do not "
				    "use it",
				    titles(content, 1, arena));
	return arena_printf(arena,
			    "%zu learning briefings were withdrawn "
			    "\xe2\x80\x93 please do not use them",
			    content->withdrawn_count);
}

/* A protective marking stands before everything else; then what matters, for a
 * telephone shows forty characters. */
static const char *subject(const struct letter_content *content,
			   struct arena *arena)
{
	const char *marking = letter_content_marking(content);
	const char *text = content->count > 0 ? news_subject(content, arena)
			   : content->reminder_count > 0
			       ? reminder_subject(content, arena)
			       : withdrawal_subject(content, arena);

	return arena_printf(arena, "%s%s%s%s", marking ? marking : "",
			    marking ? ": " : "",
			    content->is_rehearsal ? "[Rehearsal] " : "", text);
}

/* --- the head */

static const char *languages(const struct letter_content *content,
			     struct arena *arena)
{
	const char *all = letter_content_version(content, 0)->language;

	for (size_t i = 1; i < letter_content_size(content); i++) {
		const char *next = letter_content_version(content, i)->language;
		bool known = false;

		for (size_t j = 0; j < i; j++)
			known |=
			    strcmp(letter_content_version(content, j)->language,
				   next) == 0;
		if (!known)
			all = arena_printf(arena, "%s, %s", all, next);
	}
	return letter_plain(arena, all);
}

/* One click (RFC 8058). mime_header would refuse the link's slot, so what is
 * not ours is made plain here. */
static void add_unsubscribe(struct buf *out,
			    const struct letter_content *content,
			    const char *reply_to, struct arena *arena)
{
	buf_addf(out,
		 "List-Unsubscribe: <%s/u/%c>,\r\n"
		 " <mailto:%s?subject=unsubscribe%%20%s>\r\n"
		 "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
		 letter_plain(arena, content->settings->web_base),
		 LETTER_SLOT_TOKEN, letter_plain(arena, reply_to),
		 letter_plain(arena, content->list->name));
}

static bool add_list_headers(struct buf *out,
			     const struct letter_content *content,
			     const char *reply_to, struct arena *arena,
			     struct err *err)
{
	const struct settings *settings = content->settings;
	const struct roster_list *list = content->list;
	const char *help =
	    arena_printf(arena, "<mailto:%s>", settings->mail_help);
	const char *domain = strrchr(settings->mail_from, '@');

	assert(domain);
	if (!mime_header(out, "List-Id",
			 arena_printf(arena, "<%s.%s>", list->name, domain + 1),
			 err) ||
	    !mime_header(out, "List-Help", help, err) ||
	    !mime_header(out, "List-Owner", help, err))
		return false;
	/* Nobody can leave a list that is a duty: there the mail's foot says
	 * what to do. */
	if (!list->mandatory)
		add_unsubscribe(out, content, reply_to, arena);
	return true;
}

static bool add_head(struct buf *out, const struct letter_content *content,
		     bool is_mixed, struct arena *arena, struct err *err)
{
	const struct settings *settings = content->settings;
	const struct roster_list *list = content->list;
	const char *from_name =
	    *list->from_name ? list->from_name : settings->board_name;
	const char *reply_to =
	    *list->reply_to ? list->reply_to : settings->mail_help;
	bool takes_reply = *letter_content_reply_word(content);
	const struct letter_head head = {
	    .from_name = letter_plain(arena, from_name),
	    .from = settings->mail_from,
	    .reply_to = takes_reply ? settings->mail_bounce : reply_to,
	    .takes_reply = takes_reply,
	    .subject = subject(content, arena),
	    .language = languages(content, arena),
	    .now = content->now,
	    .is_mixed = is_mixed,
	};

	return letter_part_begin_head(out, &head, err) &&
	       add_list_headers(out, content, reply_to, arena, err) &&
	       letter_part_end_head(out, &head, err);
}

/* --- the body */

static bool add_alternative(struct buf *out,
			    const struct letter_content *content,
			    const struct template_set *templates,
			    struct arena *arena, struct err *err)
{
	struct view *view = letter_view_make(content, arena, err);

	if (!view)
		return false;
	letter_view_slots(view, content->settings, TEMPLATE_TEXT, arena);
	if (!letter_part_text(out, templates, "digest", view, TEMPLATE_TEXT,
			      err))
		return false;
	letter_view_slots(view, content->settings, TEMPLATE_HTML, arena);
	if (!letter_part_text(out, templates, "digest", view, TEMPLATE_HTML,
			      err))
		return false;
	letter_part_boundary(out, LETTER_SLOT_BOUNDARY, "--");
	return true;
}

/* --- attachments */

static bool read_document(const struct settings *settings,
			  const struct briefing_document *document,
			  struct arena *arena, char **ret_data,
			  size_t *ret_size, struct err *err)
{
	const char *path = arena_printf(
	    arena, "%s/documents/%s", settings->state_folder, document->sha256);
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];

	if (!file_read(path, LETTER_ATTACHED_MAX_SIZE, ret_data, ret_size, err))
		return false;
	crypto_sha256(*ret_data, *ret_size, hash);
	crypto_hex(hash, sizeof(hash), hex);
	if (strcmp(hex, document->sha256) == 0)
		return true;
	free(*ret_data);
	return err_set(err, ERR_SYSTEM,
		       "%s: this is not what the board approved as %s", path,
		       document->file);
}

static bool add_document(struct buf *out, const struct settings *settings,
			 const struct briefing_document *document,
			 struct arena *arena, struct err *err)
{
	char *data;
	size_t size;

	if (!read_document(settings, document, arena, &data, &size, err))
		return false;
	bool good = letter_part_document(out, document->type,
					 letter_plain(arena, document->file),
					 data, size, err);
	free(data);
	return good;
}

static bool add_body(struct buf *out, const struct letter_content *content,
		     const struct template_set *templates, struct arena *arena,
		     struct err *err)
{
	if (!content->is_attached)
		return add_alternative(out, content, templates, arena, err);
	letter_part_begin_mixed(out);
	if (!add_alternative(out, content, templates, arena, err))
		return false;
	for (size_t i = 0; i < content->count; i++) {
		const struct briefing_version *version = content->versions[i];

		for (size_t j = 0; j < version->document_count; j++)
			if (!add_document(out, content->settings,
					  &version->documents[j], arena, err))
				return err_context(err, "attaching to %s",
						   version->ref);
	}
	letter_part_boundary(out, LETTER_SLOT_BOUNDARY_MIXED, "--");
	return true;
}

/* Attached when the list wants it, nothing is marked, and all of it together
 * is small enough; else the mail points to the page. */
static bool should_attach(const struct letter_content *content)
{
	int64_t size = 0;
	size_t count = 0;

	if (!content->list->attach_documents ||
	    letter_content_is_sensitive(content))
		return false;
	for (size_t i = 0; i < content->count; i++) {
		const struct briefing_version *version = content->versions[i];

		for (size_t j = 0; j < version->document_count; j++) {
			size += version->documents[j].size;
			count++;
		}
	}
	return count > 0 && size <= LETTER_ATTACHED_MAX_SIZE;
}

static bool make(struct letter_content *content,
		 const struct template_set *templates, struct arena *arena,
		 struct letter *ret, struct err *err)
{
	struct buf head, body;
	bool good;

	buf_init(&head, HEAD_MAX_SIZE);
	buf_init(&body, LETTER_MAX_SIZE);
	content->is_attached = should_attach(content);
	good = add_head(&head, content, content->is_attached, arena, err) &&
	       add_body(&body, content, templates, arena, err);
	if (good && (head.overflow || body.overflow))
		good =
		    err_set(err, ERR_FULL, "the letter is larger than %d bytes",
			    LETTER_MAX_SIZE);
	if (good) {
		*ret = (struct letter){
		    .format = LETTER_FORMAT,
		    .made_at = content->now,
		    .sender = xstrdup(content->settings->mail_from),
		    .reply_word = letter_content_reply_word(content),
		};
		ret->head = buf_take(&head, &ret->head_size);
		ret->body = buf_take(&body, &ret->body_size);
	}
	buf_done(&head);
	buf_done(&body);
	return good;
}

bool letter_make(const struct template_set *templates,
		 const struct letter_content *content, struct letter *ret,
		 struct err *err)
{
	struct letter_content own = *content;
	struct arena *arena = arena_new();
	bool good = make(&own, templates, arena, ret, err);

	arena_free(arena);
	return good || err_context(err, "making the letter for list %s",
				   content->list->name);
}
