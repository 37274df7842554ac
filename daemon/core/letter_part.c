#include "core/letter_part.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/wrap.h"
#include "core/letter.h"
#include "tools/mime.h"

#define NAME_SIZE 64

/* --- the head */

/* With the slot, which mime_header_mailbox would refuse. */
static bool add_reply_to(struct buf *out, const struct letter_head *head,
			 struct err *err)
{
	const char *at = strrchr(head->reply_to, '@');

	if (!head->takes_reply)
		return mime_header_mailbox(out, "Reply-To", NULL,
					   head->reply_to, err);
	assert(at); /* the settings were checked */
	buf_addf(out, "Reply-To: %.*s+%c%s\r\n", (int)(at - head->reply_to),
		 head->reply_to, LETTER_SLOT_REPLY, at);
	return true;
}

bool letter_part_begin_head(struct buf *out, const struct letter_head *head,
			    struct err *err)
{
	char date[MIME_DATE_SIZE];

	mime_date(head->now, date);
	return mime_header_mailbox(out, "From", head->from_name, head->from,
				   err) &&
	       add_reply_to(out, head, err) &&
	       mime_header(out, "Subject", head->subject, err) &&
	       mime_header(out, "Date", date, err);
}

bool letter_part_end_head(struct buf *out, const struct letter_head *head,
			  struct err *err)
{
	if (!mime_header(out, "Auto-Submitted", "auto-generated", err) ||
	    !mime_header(out, "X-Auto-Response-Suppress", "OOF, AutoReply",
			 err) ||
	    !mime_header(out, "Content-Language", head->language, err) ||
	    !mime_header(out, "MIME-Version", "1.0", err))
		return false;
	buf_addf(out, "Content-Type: multipart/%s; boundary=\"=_%c\"\r\n",
		 head->is_mixed ? "mixed" : "alternative",
		 head->is_mixed ? LETTER_SLOT_BOUNDARY_MIXED
				: LETTER_SLOT_BOUNDARY);
	return true;
}

/* --- the body */

void letter_part_boundary(struct buf *out, enum letter_slot slot,
			  const char *behind)
{
	buf_addf(out, "--=_%c%s\r\n", (char)slot, behind);
}

void letter_part_begin_mixed(struct buf *out)
{
	letter_part_boundary(out, LETTER_SLOT_BOUNDARY_MIXED, "");
	buf_addf(out,
		 "Content-Type: multipart/alternative; "
		 "boundary=\"=_%c\"\r\n\r\n",
		 LETTER_SLOT_BOUNDARY);
}

/* What stands between slots is encoded; the slots are kept. */
static void add_encoded(struct buf *out, const char *text, size_t size)
{
	while (size > 0) {
		size_t before = strcspn(text, LETTER_SLOTS);

		mime_quoted_printable(out, text, before);
		if (before == size)
			break;
		mime_slot(out, text[before]);
		text += before + 1;
		size -= before + 1;
	}
}

bool letter_part_text(struct buf *out, const struct template_set *templates,
		      const char *name, const struct view *view,
		      enum template_kind kind, struct err *err)
{
	bool is_html = kind == TEMPLATE_HTML;
	struct buf text, wrapped;
	char key[NAME_SIZE];
	bool good;

	snprintf(key, sizeof(key), "mail/%s.%s", name,
		 is_html ? "html" : "txt");
	buf_init(&text, LETTER_MAX_SIZE);
	buf_init(&wrapped, LETTER_MAX_SIZE);
	good = template_set_render(templates, key, view, &text, err);
	/* a NUL in it would hide what follows from the search for slots */
	assert(!good || strlen(text.data) == text.size);
	if (good && !is_html)
		wrap_lines(&wrapped, text.data, text.size, LETTER_TEXT_WIDTH);
	if (good) {
		const struct buf *shown = is_html ? &text : &wrapped;

		letter_part_boundary(out, LETTER_SLOT_BOUNDARY, "");
		buf_adds(out, is_html ? LETTER_HTML_HEAD : LETTER_TEXT_HEAD);
		add_encoded(out, shown->data, shown->size);
		buf_adds(out, "\r\n");
	}
	buf_done(&text);
	buf_done(&wrapped);
	return good;
}

bool letter_part_document(struct buf *out, const char *type,
			  const char *file_name, const void *data, size_t size,
			  struct err *err)
{
	letter_part_boundary(out, LETTER_SLOT_BOUNDARY_MIXED, "");
	if (!mime_header(out, "Content-Type", type, err) ||
	    !mime_header_parameter(out, "Content-Disposition", "attachment",
				   "filename", file_name, err) ||
	    !mime_header(out, "Content-Transfer-Encoding", "base64", err))
		return false;
	buf_adds(out, "\r\n");
	mime_base64(out, data, size);
	return true;
}

/* --- a mail */

#define LINE_MAX_SIZE 998 /* RFC 5322 2.1.1, without its end */

/* Could it stand in a mail of 7 bits, if its lines ended right? */
static bool is_plain_mail(const char *data, size_t size)
{
	size_t line = 0;

	for (size_t i = 0; i < size; i++) {
		bool is_end =
		    data[i] == '\n' ||
		    (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n');

		line = is_end ? 0 : line + 1;
		if (line > LINE_MAX_SIZE || (!is_end && data[i] != '\t' &&
					     (data[i] < ' ' || data[i] > '~')))
			return false;
	}
	return true;
}

static size_t count_pairs(const char *data, size_t size)
{
	size_t count = 0;

	for (size_t i = 1; i < size; i++)
		count += data[i - 1] == '\r' && data[i] == '\n';
	return count;
}

static size_t count_ends(const char *data, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n';
	return count;
}

static void add_lines(struct buf *out, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n')
			buf_addc(out, '\r');
		buf_addc(out, data[i]);
	}
}

bool letter_part_message(struct buf *out, const char *file_name,
			 const char *data, size_t size, struct err *err)
{
	size_t ends = count_ends(data, size), pairs = count_pairs(data, size);

	/* with both kinds of lines none of them can be made the other */
	if (!is_plain_mail(data, size) || (pairs && pairs != ends))
		return letter_part_document(out, "application/octet-stream",
					    file_name, data, size, err);
	letter_part_boundary(out, LETTER_SLOT_BOUNDARY_MIXED, "");
	buf_adds(out, "Content-Type: message/rfc822\r\n");
	if (!mime_header_parameter(out, "Content-Disposition", "attachment",
				   "filename", file_name, err))
		return false;
	buf_adds(out, "\r\n");
	if (pairs)
		buf_add(out, data, size);
	else
		add_lines(out, data, size);
	buf_adds(out, "\r\n");
	return true;
}
