/* Notices that are written for people: who failed, and what is said of them. */
#include "core/bounce_private.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"

#define SEGMENT_MAX 900 /* bytes that are taken to speak of one recipient */

/* --- where the returned mail begins */

/* lines in front of it; a dash or two and blanks before them don't matter */
static const char *const markers[] = {
    "below this line is a copy",
    "this is a copy of",
    "original message follows",
    "original message",
    "message header follows",
    "message headers follow",
    "unsent message",
    "undelivered message follows",
    "returned message",
    "the header of the original",
    "the following is a copy",
    "included is a copy",
    "your original message",
    "start of original",
    "begin original",
    "copy of your message",
    "original message headers",
    "original message header",
    "forwarded message",
    "message text follows",
    "a copy of the original",
    "header of the message",
    "headers of the message",
    "mail header follows",
    "the first 50 lines",
    "original email",
    "original headers",
    "text of your message",
    "ursprüngliche nachricht",
    "message d'origine",
    "mensaje original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "message contents follow",
    "returned mail follows",
    "your message reads",
    "enclosed is a copy",
    "below is a copy",
    "message follows",
    "rejected message follows",
    "original mail",
    "failed message follows",
    "headers follow",
    "header follows",
};

static bool is_marker(const char *line, size_t size)
{
	/* sendmail's says when, and its reasons come after it */
	static const char received[] = "the original message was received";

	while (size > 0 && strchr(" \t-=*_#>+|.", *line)) {
		line++;
		size--;
	}
	if (size >= sizeof(received) - 1 &&
	    strncasecmp(line, received, sizeof(received) - 1) == 0)
		return false;
	for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++) {
		size_t length = strlen(markers[i]);

		if (size >= length && size < length + 60 &&
		    strncasecmp(line, markers[i], length) == 0)
			return true;
	}
	return false;
}

/* a header of the returned mail itself */
static bool is_header(const char *line, size_t size)
{
	static const char *const names[] = {
	    "received: ",     "return-path: ",    "message-id: ",
	    "mime-version: ", "dkim-signature: ", "x-received: ",
	    "content-type: "};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (size >= strlen(names[i]) &&
		    strncasecmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

const char *bounce_find_original(const char *text)
{
	for (const char *line = text; *line;) {
		size_t size = strcspn(line, "\n");

		if ((line > text && is_marker(line, size)) ||
		    is_header(line, size))
			return line;
		line += size;
		line += *line == '\n';
	}
	return text + strlen(text);
}

/* --- recipients */

struct found {
	const char *address, *start; /* where its line begins */
};

struct finder {
	const struct bounce_view *view;
	struct found *list;
	size_t count, room;
};

static bool is_same(const char *left, const char *right)
{
	return strcasecmp(left, right) == 0;
}

static bool is_in_header(const struct finder *finder,
			 const struct message_part *part, const char *name,
			 const char *address)
{
	const char *value = message_raw_header(part, name), *end;
	const char *other =
	    value ? message_address(value, finder->view->arena, &end) : NULL;

	return other && is_same(other, address);
}

/* The mail's own author and reader, and who helps, are not those who failed. */
static bool is_other(const struct finder *finder, const char *address)
{
	static const char *const headers[] = {"from", "to", "delivered-to",
					      "x-original-to", "reply-to"};
	const struct message_part *part = &finder->view->mail->parts[0];

	if (strncasecmp(address, "postmaster@", 11) == 0 ||
	    strncasecmp(address, "mailer-daemon@", 14) == 0 ||
	    strncasecmp(address, "abuse@", 6) == 0 ||
	    strncasecmp(address, "support@", 8) == 0 ||
	    strncasecmp(address, "helpdesk@", 9) == 0)
		return true;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (is_in_header(finder, part, headers[i], address))
			return true;
	for (size_t i = 0; i < finder->view->mail->count; i++) {
		const struct message_part *original =
		    &finder->view->mail->parts[i];

		if (original->mails > 0 &&
		    (is_in_header(finder, original, "from", address) ||
		     is_in_header(finder, original, "return-path", address)))
			return true;
	}
	return false;
}

static void add_found(struct finder *finder, const char *address,
		      const char *start)
{
	if (is_other(finder, address) || finder->count == BOUNCE_READINGS_MAX)
		return;
	for (size_t i = 0; i < finder->count; i++)
		if (is_same(finder->list[i].address, address))
			return;
	finder->list =
	    arena_grow(finder->view->arena, finder->list, finder->count,
		       &finder->room, sizeof(*finder->list));
	finder->list[finder->count++] = (struct found){address, start};
}

/* does the line begin with an address, or with a word that announces one? */
static bool opens_with_address(const char *line, const char *at)
{
	static const char *const words[] = {
	    "to",
	    "recipient",
	    "recipients",
	    "user",
	    "address",
	    "mailbox",
	    "rcpt to",
	    "for",
	    "failed recipient",
	    "email",
	    "e-mail",
	    "could not deliver to",
	    "empfänger",
	    "destinataire",
	    "destinatario",
	    "ontvanger",
	    "final-recipient",
	    "delivery to",
	    "recipient address",
	    "original-recipient",
	    "intended recipient",
	    "address failed",
	};

	while (line < at && strchr(" \t<*-\"'(:>|\xc2\xa0;", *line))
		line++;
	if (line == at)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t size = strlen(words[i]);

		if (strncasecmp(line, words[i], size) == 0 &&
		    strchr(": <\t", line[size]) &&
		    strcspn(line + size, "@\n") < 64)
			return true;
	}
	return false;
}

/* The addresses that stand at the beginning of their line; with is_anywhere
 * the first that stands in any place. */
static void find_in_text(struct finder *finder, bool is_anywhere)
{
	const char *text = finder->view->own, *line = text, *end;
	const char *address;

	while ((address = message_address(text, finder->view->arena, &end))) {
		const char *start = end - strlen(address);

		for (const char *at = line; at < start; at++)
			if (*at == '\n')
				line = at + 1;
		if (is_anywhere || opens_with_address(line, start))
			add_found(finder, address, line);
		if (is_anywhere && finder->count > 0)
			return;
		text = end;
	}
}

static void find_in_header(struct finder *finder, const char *name)
{
	const char *value =
	    message_raw_header(&finder->view->mail->parts[0], name);
	const char *address, *end;

	while (value &&
	       (address = message_address(value, finder->view->arena, &end))) {
		add_found(finder, address, NULL);
		value = end;
	}
}

/* The one to whom the returned mail went: when it says no other. */
static void find_in_original(struct finder *finder)
{
	const struct message *mail = finder->view->mail;

	for (size_t i = 0; i < mail->count && finder->count == 0; i++) {
		const char *to = mail->parts[i].mails == 1
				     ? message_raw_header(&mail->parts[i], "to")
				     : NULL;
		const char *end,
		    *address =
			to ? message_address(to, finder->view->arena, &end)
			   : NULL;

		if (address && !strchr(end, '@'))
			add_found(finder, address, NULL);
	}
}

static void find_recipients(struct finder *finder)
{
	find_in_header(finder, "x-failed-recipients");
	if (finder->count == 0)
		find_in_text(finder, false);
	if (finder->count == 0)
		find_in_original(finder);
	if (finder->count == 0)
		find_in_header(finder, "subject");
	if (finder->count == 0)
		find_in_text(finder, true);
}

/* --- what is said of them */

static const char *segment_from(const struct bounce_view *view,
				const char *start, const char *end)
{
	size_t size = (size_t)(end - start);

	return arena_strndup(view->arena, start,
			     text_cut(start, size, SEGMENT_MAX));
}

const char *bounce_segment(const struct bounce_view *view,
			   const char *recipient)
{
	const char *at = *recipient ? strcasestr(view->own, recipient) : NULL;

	if (!at)
		at = view->own;
	return segment_from(view, at, at + strlen(at));
}

/* The first line of a text that has a code, and what follows it. */
static const char *find_diagnosis(const char *text)
{
	for (const char *line = text; *line;) {
		char status[BOUNCE_STATUS_SIZE] = "";
		size_t size = strcspn(line, "\n");
		char piece[512];
		int code = 0;
		size_t part = size < sizeof(piece) ? size : sizeof(piece) - 1;

		memcpy(piece, line, part);
		piece[part] = '\0';
		bounce_find_codes(piece, status, &code);
		if (code || status[0])
			return line;
		line += size;
		line += *line == '\n';
	}
	return NULL;
}

static void explain(struct bounce_reading *reading,
		    const struct bounce_view *view, const char *segment)
{
	const char *diagnosis = find_diagnosis(segment);
	const char *folded;

	/* of several, the codes may stand in a transcript behind them all */
	if (!diagnosis &&
	    !bounce_tells_failure(bounce_fold_diagnosis(segment, view->arena)))
		diagnosis = find_diagnosis(view->own);
	if (diagnosis)
		bounce_find_codes(diagnosis, reading->status, &reading->code);
	const char *told = diagnosis ? diagnosis : segment;
	told = segment_from(view, told, told + strlen(told));
	folded = bounce_fold_diagnosis(told, view->arena);
	if (!bounce_tells_failure(folded))
		folded = bounce_fold_diagnosis(view->own, view->arena);
	bounce_set_text(reading->text, sizeof(reading->text), told);
	if (reading->kind == BOUNCE_RETURNED)
		reading->cls =
		    bounce_classify(reading->status, reading->code, folded);
}

static void add_reading(const struct bounce_view *view, enum bounce_kind kind,
			const char *recipient, const char *segment,
			struct bounce_mail *ret)
{
	struct bounce_reading *reading = bounce_add(ret, kind);

	if (!reading)
		return;
	bounce_set_text(reading->recipient, sizeof(reading->recipient),
			recipient);
	explain(reading, view, segment);
}

void bounce_read_text(const struct bounce_view *view, enum bounce_kind kind,
		      struct bounce_mail *ret)
{
	struct finder finder = {.view = view};

	find_recipients(&finder);
	for (size_t i = 0; i < finder.count; i++) {
		const struct found *one = &finder.list[i];
		const char *end = i + 1 < finder.count ? one[1].start : NULL;
		const char *segment =
		    !one->start
			? bounce_segment(view, one->address)
			: segment_from(view, one->start,
				       end ? end
					   : one->start + strlen(one->start));

		add_reading(view, kind, one->address, segment, ret);
	}
	if (finder.count == 0)
		add_reading(view, kind, "", view->own, ret);
}
