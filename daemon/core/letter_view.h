#ifndef CORE_LETTER_VIEW_H
#define CORE_LETTER_VIEW_H

/*
 * What the mail's templates show (templates/README.md has the keys), and the
 * slots they show it with. Everything that someone outside wrote is stripped of
 * control characters here, so that none of it can pass for a slot. Part of the
 * letter: for core/ alone.
 *
 *	struct view *view = letter_view_make(&content, arena, err);
 *	letter_view_slots(view, settings, TEMPLATE_HTML, arena);
 *	template_set_render(templates, "mail/digest.html", view, &out, err);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/letter.h"
#include "tools/template.h"

struct arena;
struct briefing_version;
struct err;
struct roster_list;
struct settings;
struct view;

/* Single bytes that neither quoted-printable nor base64 text contains; byte 1
 * is the template engine's own and does not come out of it. */
enum letter_slot {
	LETTER_SLOT_NAME_TEXT = 2,
	LETTER_SLOT_NAME_HTML,
	LETTER_SLOT_TOKEN,
	LETTER_SLOT_CODE,
	LETTER_SLOT_BOUNDARY,
	LETTER_SLOT_BOUNDARY_MIXED,
	LETTER_SLOT_REPLY,
};
#define LETTER_SLOTS "\2\3\4\5\6\7\10"

#define LETTER_TEXT_WIDTH 72 /* columns of the text part */

/* What stands before the one and the other part's text. An "=" of the text is
 * encoded, so that no text holds either. */
#define LETTER_TEXT_HEAD                                                       \
	"Content-Type: text/plain; charset=utf-8\r\n"                          \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
#define LETTER_HTML_HEAD                                                       \
	"Content-Type: text/html; charset=utf-8\r\n"                           \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"

/* Anything in it is marked: then the whole mail is. */
bool letter_content_is_sensitive(const struct letter_content *content);
/* The marking to show, NULL for none */
const char *letter_content_marking(const struct letter_content *content);
/* The word that confirms all of it in a reply, or "" where none does: the list
 * takes no reply, it asks for nothing, or it is marked and so must be read on
 * the page. */
const char *letter_content_reply_word(const struct letter_content *content);
/* The first deadline of what is new, of which there is something */
int64_t letter_content_due_at(const struct letter_content *content);

struct view *letter_view_make(const struct letter_content *content,
			      struct arena *arena, struct err *err);

/* The slots as this kind of template needs them */
void letter_view_slots(struct view *view, const struct settings *settings,
		       enum template_kind kind, struct arena *arena);

/* All that it speaks of: what is new, reminders, withdrawals, in this order */
size_t letter_content_size(const struct letter_content *content);
const struct briefing_version *
letter_content_version(const struct letter_content *content, size_t index);

/* A copy on one line without control characters */
const char *letter_plain(struct arena *arena, const char *text);

#endif
