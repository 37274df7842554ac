#include "core/bounce.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fold.h"
#include "base/text.h"
#include "core/bounce_private.h"
#include "tools/charset.h"

#define OWN_MAX ((size_t)24 * 1024) /* bytes of text that are examined */

/* --- readings */

struct bounce_reading *bounce_add(struct bounce_mail *mail,
				  enum bounce_kind kind)
{
	if (mail->count == BOUNCE_READINGS_MAX)
		return NULL;
	struct bounce_reading *reading = &mail->readings[mail->count++];
	*reading = (struct bounce_reading){.kind = kind};
	return reading;
}

void bounce_set_text(char *field, size_t size, const char *text)
{
	struct buf line;

	buf_init(&line, size * 4);
	for (const char *at = text; *at && line.size < size * 3;) {
		uint32_t point = 0;
		size_t length = text_decode(at, strlen(at), &point);
		bool is_blank = length == 0 || point <= ' ' ||
				(point >= 0x7f && point <= 0xa0);

		if (!is_blank)
			buf_add(&line, at, length);
		else if (line.size > 0 && line.data[line.size - 1] != ' ')
			buf_addc(&line, ' ');
		at += length ? length : 1;
	}
	size_t kept = text_cut(line.data, line.size, size - 1);
	while (kept > 0 && line.data[kept - 1] == ' ')
		kept--;
	memcpy(field, line.data, kept);
	field[kept] = '\0';
	buf_done(&line);
}

/* --- the text */

static bool is_plain(const struct message_part *part)
{
	return strcmp(part->type, "text/plain") == 0;
}

static bool is_html(const struct message_part *part)
{
	return strcmp(part->type, "text/html") == 0;
}

static void add_texts(struct buf *out, const struct message *mail,
		      bool (*is_wanted)(const struct message_part *),
		      struct arena *arena)
{
	for (size_t i = 0; i < mail->count; i++) {
		const struct message_part *part = &mail->parts[i];

		if (part->mails == 0 && is_wanted(part)) {
			buf_adds(out, message_text(part, arena));
			buf_addc(out, '\n');
		}
	}
}

static bool has_words(const struct buf *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->size && count < 20; i++)
		count += (unsigned char)text->data[i] > ' ';
	return count == 20;
}

/* What people would read: plain text, or HTML where there is no more than a
 * line of that. */
static const char *read_all(const struct message *mail, struct arena *arena)
{
	struct buf text;

	buf_init(&text, (size_t)4 * 1024 * 1024);
	add_texts(&text, mail, is_plain, arena);
	if (!has_words(&text))
		add_texts(&text, mail, is_html, arena);
	const char *copy = arena_strndup(
	    arena, text.data, text_cut(text.data, text.size, OWN_MAX));
	buf_done(&text);
	return copy;
}

bool bounce_is_quoted(const char *line)
{
	line += strspn(line, " \t");
	return *line == '>' && strncmp(line, ">>>", 3) != 0;
}

bool bounce_announces_quote(const char *line, size_t size)
{
	static const char *const words[] = {
	    "wrote:",      "schrieb:", "a écrit :", "escribió:",
	    "ha scritto:", "schreef:", "napisał:",  "skrev:"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (size >= strlen(words[i]) &&
		    memcmp(line + size - strlen(words[i]), words[i],
			   strlen(words[i])) == 0)
			return true;
	return false;
}

/* the headers of the mail that is answered, as Outlook puts them below */
static bool begins_quote(const char *line)
{
	static const char *const starts[] = {
	    "__________", "From: ", "Von: ", "De : ", "De: ",
	    "Da: ",       "Van: ",  "Od: ",  "Fra: ", "Fr\u00e5n: "};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (text_starts(line, starts[i]))
			return true;
	return false;
}

/* Without what it returns or quotes. */
static const char *read_own(const char *all, bool is_answer,
			    struct arena *arena)
{
	const char *end = bounce_find_original(all);
	struct buf own;

	buf_init(&own, OWN_MAX * 2);
	for (const char *line = all; line < end;) {
		size_t size = strcspn(line, "\n");

		if (bounce_announces_quote(line, size) ||
		    (is_answer && begins_quote(line)))
			break;
		if (!bounce_is_quoted(line)) {
			buf_add(&own, line, size);
			buf_addc(&own, '\n');
		}
		line += size;
		line += *line == '\n';
	}
	const char *copy = arena_strndup(arena, own.data, own.size);
	buf_done(&own);
	return copy;
}

/* --- names by which it is matched */

static void add_name(struct arena *arena, const char ***list, size_t *count,
		     const char *name)
{
	if (!*list)
		*list =
		    arena_allocarray(arena, BOUNCE_NAMES_MAX, sizeof(**list));
	for (size_t i = 0; i < *count; i++)
		if (strcasecmp((*list)[i], name) == 0)
			return;
	if (*count < BOUNCE_NAMES_MAX && *name &&
	    text_is_utf8(name, strlen(name), NULL) &&
	    !text_has_control(name, strlen(name)))
		(*list)[(*count)++] = name;
}

static void add_addresses(struct bounce_mail *ret, struct arena *arena,
			  const char *value)
{
	const char *address, *end;

	while (value && (address = message_address(value, arena, &end))) {
		add_name(arena, &ret->tokens, &ret->token_count, address);
		value = end;
	}
}

/* each "<id@domain>", or a bare one */
static void add_ids(struct bounce_mail *ret, struct arena *arena,
		    const char *value)
{
	while (value && *value) {
		value += strcspn(value, "<");
		if (!*value)
			return;
		size_t size = strcspn(++value, "<> \t\n");

		if (size > 0 && size < 250 && value[size] == '>' &&
		    memchr(value, '@', size))
			add_name(arena, &ret->message_ids,
				 &ret->message_id_count,
				 arena_strndup(arena, value, size));
		value += size;
	}
}

static void add_fields(struct bounce_mail *ret, struct arena *arena,
		       const struct message_part *part,
		       const char *const *names, size_t count, bool are_ids)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < part->field_count; j++) {
			if (strcmp(part->fields[j].name, names[i]) != 0)
				continue;
			if (are_ids)
				add_ids(ret, arena, part->fields[j].value);
			else
				add_addresses(ret, arena,
					      part->fields[j].value);
		}
	}
}

/* Headers of the original that stand in the text, quoted or not. */
static void add_inline(struct bounce_mail *ret, struct arena *arena,
		       const char *text)
{
	static const struct {
		const char *name;
		bool is_id;
	} wanted[] = {{"message-id:", true},
		      {"return-path:", false},
		      {"to:", false},
		      {"x-original-message-id:", true},
		      {"original-message-id:", true}};

	for (const char *line = text; *line;) {
		size_t size = strcspn(line, "\n");
		const char *at = line + strspn(line, " \t>|");
		const char *value = arena_strndup(arena, line, size);

		for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
			if (strncasecmp(at, wanted[i].name,
					strlen(wanted[i].name)) != 0)
				continue;
			if (wanted[i].is_id)
				add_ids(ret, arena, value);
			else
				add_addresses(ret, arena, value);
		}
		line += size;
		line += *line == '\n';
	}
}

static void add_names(struct bounce_mail *ret, const struct bounce_view *view)
{
	static const char *const own[] = {
	    "delivered-to", "x-original-to", "x-delivered-to",
	    "envelope-to",  "x-envelope-to", "x-forwarded-to",
	    "to",           "resent-to",     "apparently-to"};
	static const char *const original[] = {"return-path", "to", "sender",
					       "errors-to", "from"};
	static const char *const original_ids[] = {"message-id"};
	static const char *const own_ids[] = {
	    "in-reply-to", "references", "x-original-message-id",
	    "original-message-id", "x-message-id"};
	const struct message *mail = view->mail;
	struct arena *arena = view->arena;

	add_fields(ret, arena, &mail->parts[0], own, sizeof(own) / sizeof(*own),
		   false);
	ret->recipient_count = ret->token_count;
	for (size_t i = 0; i < mail->count; i++) {
		const struct message_part *part = &mail->parts[i];

		if (part->mails == 0)
			continue;
		add_fields(ret, arena, part, original,
			   sizeof(original) / sizeof(*original), false);
		add_fields(ret, arena, part, original_ids, 1, true);
	}
	add_inline(ret, arena, view->all);
	for (size_t i = 0; i < mail->count; i++)
		if (mail->parts[i].mails == 0 &&
		    text_starts(mail->parts[i].type, "message/") &&
		    strcmp(mail->parts[i].type, "message/rfc822") != 0)
			add_inline(ret, arena,
				   message_text(&mail->parts[i], arena));
	add_fields(ret, arena, &mail->parts[0], own_ids,
		   sizeof(own_ids) / sizeof(*own_ids), true);
}

/* --- what it is */

static bool returns_mail(const struct message *mail)
{
	for (size_t i = 0; i < mail->count; i++)
		if (mail->parts[i].mails > 0)
			return true;
	return false;
}

static bool has_code(const struct bounce_view *view)
{
	char status[BOUNCE_STATUS_SIZE] = "";
	int code = 0;

	bounce_find_codes(view->own, status, &code);
	return code || status[0];
}

/* a code, or words that are known */
static bool has_reason(const struct bounce_view *view)
{
	return has_code(view) || bounce_says_failure(view);
}

static enum bounce_kind failure_or_delay(const struct bounce_view *view,
					 enum bounce_sign sign)
{
	return sign == SIGN_DELAY || bounce_says_delay(view->own_folded)
		   ? BOUNCE_DELAYED
		   : BOUNCE_RETURNED;
}

/* of a mail system, by its name, its envelope or its headers */
static enum bounce_kind kind_of_notice(const struct bounce_view *view,
				       enum bounce_sign sign)
{
	bool is_notice = sign == SIGN_FAILURE || sign == SIGN_DELAY;

	if (is_notice && (view->is_daemon || has_reason(view)))
		return failure_or_delay(view, sign);
	if (view->is_daemon && (bounce_says_failure(view) ||
				bounce_tells_failure(view->own_folded)))
		return failure_or_delay(view, sign);
	if (view->has_null_path && bounce_says_failure(view) &&
	    (has_code(view) || returns_mail(view->mail)))
		return failure_or_delay(view, sign);
	if (view->is_daemon && returns_mail(view->mail))
		return BOUNCE_RETURNED;
	if (view->is_daemon && !view->is_automatic)
		return BOUNCE_UNKNOWN;
	return BOUNCE_AUTO_REPLY;
}

/* A person's program sets none of a machine's signs; but some machines do not
 * either. */
static enum bounce_kind kind_of_letter(const struct bounce_view *view,
				       enum bounce_sign sign)
{
	if (sign == SIGN_FAILURE && has_reason(view) &&
	    bounce_tells_failure(view->own_folded))
		return failure_or_delay(view, sign);
	if (bounce_is_challenge(view) || bounce_says_automatic(view))
		return BOUNCE_AUTO_REPLY;
	/* nobody wrote it, or nothing */
	bool is_empty = !view->own[strspn(view->own, " \t\r\n")] &&
			!*view->subject && view->mail->count < 2;
	return is_empty || !message_raw_header(&view->mail->parts[0], "from")
		   ? BOUNCE_UNKNOWN
		   : BOUNCE_REPLY;
}

static enum bounce_kind find_kind(const struct bounce_view *view)
{
	const struct message_part *head = &view->mail->parts[0];
	enum bounce_sign sign = bounce_subject_sign(view);
	bool is_machine =
	    view->is_daemon || view->has_null_path || view->is_automatic;

	if (message_raw_header(head, "x-failed-recipients"))
		return failure_or_delay(view, sign);
	if (view->is_answer && !is_machine)
		return bounce_is_challenge(view) || bounce_says_automatic(view)
			   ? BOUNCE_AUTO_REPLY
			   : BOUNCE_REPLY;
	if (sign == SIGN_AUTO_REPLY)
		return BOUNCE_AUTO_REPLY;
	if (sign == SIGN_ABUSE || message_raw_header(head, "x-arf") ||
	    message_raw_header(head, "x-xarf"))
		return BOUNCE_ABUSE;
	if (sign == SIGN_RECEIPT)
		return BOUNCE_RECEIPT;
	if (is_machine && !view->is_daemon && bounce_is_challenge(view))
		return BOUNCE_AUTO_REPLY;
	return is_machine ? kind_of_notice(view, sign)
			  : kind_of_letter(view, sign);
}

static const char *fold(const char *text, struct arena *arena)
{
	struct buf out;

	buf_init(&out, OWN_MAX * 2);
	fold_text(&out, text, strlen(text));
	const char *copy = arena_strndup(arena, out.data, out.size);
	buf_done(&out);
	return copy;
}

static void examine(const struct bounce_view *view, struct bounce_mail *ret)
{
	if (bounce_read_report(view, ret))
		return;
	enum bounce_kind kind = find_kind(view);
	if (kind == BOUNCE_RETURNED || kind == BOUNCE_DELAYED)
		bounce_read_text(view, kind, ret);
	else
		bounce_add(ret, kind);
}

void bounce_read(const char *bytes, size_t size, struct arena *arena,
		 struct bounce_mail *ret)
{
	struct message mail;
	const char *end;

	*ret = (struct bounce_mail){
	    .readings = arena_allocarray(arena, BOUNCE_READINGS_MAX,
					 sizeof(*ret->readings))};
	message_parse(bytes, size < BOUNCE_MAIL_MAX ? size : BOUNCE_MAIL_MAX,
		      arena, &mail);
	struct bounce_view view = {.arena = arena, .mail = &mail};
	view.subject = message_header(&mail.parts[0], "subject", arena);
	view.subject_folded = fold(view.subject, arena);
	view.all = read_all(&mail, arena);
	bounce_look(&view);
	view.own = read_own(view.all, view.is_answer, arena);
	view.own_folded = fold(view.own, arena);
	examine(&view, ret);
	const char *from = message_address(
	    message_header(&mail.parts[0], "from", arena), arena, &end);
	bounce_set_text(ret->from, sizeof(ret->from), from ? from : "");
	bounce_set_text(ret->subject, sizeof(ret->subject), view.subject);
	add_names(ret, &view);
	assert(ret->count > 0);
	if (ret->readings->kind == BOUNCE_REPLY)
		bounce_read_reply(&view, ret);
}

/* --- the errand */

void bounce_prepare(void)
{
	charset_prepare();
}

bool bounce_read_mail(const char *input, size_t size, struct buf *out,
		      struct err *err)
{
	struct arena *arena = arena_new();
	struct bounce_mail mail;

	(void)err;
	bounce_read(input, size, arena, &mail);
	char *answer = bounce_format(&mail);
	buf_adds(out, answer);
	free(answer);
	arena_free(arena);
	return true;
}
