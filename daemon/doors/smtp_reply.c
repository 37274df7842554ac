#include "doors/smtp_reply.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* The code at the start of a reply line, or 0. */
static int line_code(const char *line, size_t size)
{
	if (size < 3 || !is_digit(line[0]) || line[0] == '0' ||
	    !is_digit(line[1]) || !is_digit(line[2]))
		return 0;
	if (size > 3 && line[3] != ' ' && line[3] != '-')
		return 0;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
}

/* "5.1.1" at the start of text: its length, or 0 (RFC 3463 section 2) */
static size_t enhanced_size(const char *text)
{
	size_t size = 0;

	if (!strchr("245", text[0]) || text[0] == '\0')
		return 0;
	size++;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (text[size] != '.')
			return 0;
		size++;
		while (digits < 3 && is_digit(text[size + digits]))
			digits++;
		if (digits == 0)
			return 0;
		size += digits;
	}
	return text[size] == ' ' || text[size] == '\0' ? size : 0;
}

static void add_text(struct smtp_reply *reply, const char *text, size_t size)
{
	size_t used = strlen(reply->text);
	size_t room = sizeof(reply->text) - 1 - used;

	if (used > 0 && room > 0) {
		reply->text[used++] = ' ';
		room--;
	}
	if (size > room)
		size = room;
	memcpy(reply->text + used, text, size);
	reply->text[used + size] = '\0';
}

/* What a line says behind its code; the enhanced code that a further line
 * repeats is left out. */
static void add_line(struct smtp_reply *reply, const char *line, size_t size)
{
	char text[sizeof(reply->text)];

	if (size <= 4)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)(size - 4), line + 4);
	const char *start = text;
	size_t skip = enhanced_size(text);
	if (skip > 0 && strncmp(reply->text, text, skip) == 0)
		start = text + skip + (text[skip] == ' ');
	add_text(reply, start, strlen(start));
}

bool smtp_reply_add(struct smtp_reply *reply, const char *line, size_t size)
{
	while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
		size--;
	int code = line_code(line, size);
	if (code == 0)
		return false;
	if (reply->is_whole || reply->code != code) {
		reply->code = code;
		reply->text[0] = '\0';
	}
	add_line(reply, line, size);
	reply->is_whole = size == 3 || line[3] == ' ';
	return reply->is_whole;
}

static bool is_negative(int code)
{
	return code >= 400 && code <= 599;
}

/* These speak of our login or of a dialogue out of step, never of this mail: a
 * 5xx among them must not strike a recipient off (RFC 5321 4.3.2, RFC 4954 6).
 * 500 and 502 are not among them: relays use them for a refusal, too. */
static bool is_about_session(int code)
{
	static const int codes[] = {421, 503, 523, 530, 534, 535, 538};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

/* What a kept connection says to MAIL may have been said long before, of its
 * being idle (in any code), and never speaks of the recipient. */
static struct smtp_judgement judge_negative(const struct smtp_end *end)
{
	bool is_session = is_about_session(end->code);

	return (struct smtp_judgement){
	    .outcome =
		end->code >= 500 && !is_session ? SMTP_REFUSED : SMTP_LATER,
	    .is_clean = end->is_in_step && !is_session,
	    .is_relay_trouble = is_session,
	    .is_stale = end->is_reused && end->stage < SMTP_STAGE_DOT &&
			(end->code == 421 || end->code == 503 ||
			 end->stage == SMTP_STAGE_MAIL),
	};
}

static struct smtp_judgement judge_at_dot(const struct smtp_end *end)
{
	if (!end->is_handed_over)
		return (struct smtp_judgement){.outcome = SMTP_LATER,
					       .is_relay_trouble = true};
	if (end->code >= 200 && end->code <= 299)
		return (struct smtp_judgement){.outcome = SMTP_ACCEPTED,
					       .is_clean = end->is_in_step};
	return (struct smtp_judgement){.outcome = SMTP_UNSURE,
				       .is_relay_trouble = true};
}

struct smtp_judgement smtp_judge(const struct smtp_end *end)
{
	/* a relay that lets nobody in says nothing of this mail */
	if (end->stage > SMTP_STAGE_OPEN && is_negative(end->code))
		return judge_negative(end);
	if (end->stage == SMTP_STAGE_DOT)
		return judge_at_dot(end);
	return (struct smtp_judgement){
	    .outcome = SMTP_LATER,
	    .is_relay_trouble = true,
	    /* the relay closed a connection that we had kept, or makes no
	     * sense on it */
	    .is_stale =
		end->is_reused && (end->stage == SMTP_STAGE_OPEN ||
				   end->loss == SMTP_LOSS_CLOSED ||
				   end->loss == SMTP_LOSS_UNASKED || end->code),
	};
}

static bool is_id_byte(char byte)
{
	return isalnum((unsigned char)byte) || (byte && strchr("._-+=/", byte));
}

/* The word at id, without a full stop behind it; false when there is none or
 * it is too long to be one. */
static bool take_id(char *ret_id, size_t ret_size, const char *id)
{
	size_t size = 0;

	while (is_id_byte(id[size]))
		size++;
	while (size > 0 && id[size - 1] == '.')
		size--;
	if (size == 0 || size >= ret_size)
		return false;
	memcpy(ret_id, id, size);
	ret_id[size] = '\0';
	return true;
}

/* The word that ends just before end. */
static bool take_id_before(char *ret_id, size_t ret_size, const char *text,
			   const char *end)
{
	const char *start = end;

	while (start > text && is_id_byte(start[-1]))
		start--;
	if ((size_t)(end - start) >= ret_size)
		return false;
	return start < end && take_id(ret_id, ret_size, start);
}

/* How relays name what they queued. The first that matches wins. */
static void find_queue_id(char *ret_id, size_t ret_size, const char *text)
{
	static const struct {
		const char *words;
		bool is_before; /* the id stands before the words */
	} forms[] = {
	    {"queued as ", false},                    /* Postfix */
	    {" id=", false},                          /* Exim */
	    {"InternalId=", false},                   /* Exchange */
	    {" Message accepted for delivery", true}, /* sendmail */
	    {" - gsmtp", true},                       /* Google */
	    {" Queued mail for delivery", true},      /* old IIS */
	    {"Ok ", false},                           /* Amazon SES */
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		const char *found = strstr(text, forms[i].words);

		if (!found)
			continue;
		if (forms[i].is_before
			? take_id_before(ret_id, ret_size, text, found)
			: take_id(ret_id, ret_size,
				  found + strlen(forms[i].words)))
			return;
	}
}

void smtp_verdict_reply(struct smtp_verdict *verdict, const char *text)
{
	size_t size = enhanced_size(text);

	if (size > 0 && size < sizeof(verdict->enhanced)) {
		memcpy(verdict->enhanced, text, size);
		verdict->enhanced[size] = '\0';
	}
	smtp_printable(verdict->text, sizeof(verdict->text), text);
	if (verdict->outcome == SMTP_ACCEPTED)
		find_queue_id(verdict->queue_id, sizeof(verdict->queue_id),
			      text);
}

void smtp_printable(char *ret_text, size_t size, const char *text)
{
	size_t length = strlen(text);
	bool is_utf8 = text_is_utf8(text, length, NULL);

	length = is_utf8 ? text_cut(text, length, size - 1)
			 : (length < size ? length : size - 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool is_plain = byte >= 0x20 && byte < 0x7f;

		ret_text[i] =
		    is_plain || (is_utf8 && byte >= 0x80) ? text[i] : '?';
	}
	ret_text[length] = '\0';
	/* a C1 control is two good bytes of UTF-8, and no terminal's friend */
	for (size_t i = 0; i + 1 < length; i++) {
		if (is_utf8 && (unsigned char)ret_text[i] == 0xc2 &&
		    (unsigned char)ret_text[i + 1] < 0xa0)
			ret_text[i] = ret_text[i + 1] = '?';
	}
}

bool smtp_is_address(const char *address)
{
	const char *at = strrchr(address, '@');

	if (!at || at == address || at - address > 64 || at[1] == '\0' ||
	    strlen(at + 1) > 255)
		return false;
	for (const char *p = address; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '<' || *p == '>')
			return false;
	}
	return true;
}

/* Counted, not searched for: a mail has hundreds of short lines, and in a block
 * of fixed size the compiler counts sixteen bytes at a time. */
struct line_counts {
	size_t cr, lf, crlf, dots, nul;
};

#define BLOCK 128 /* its counts fit into a byte */

/* data[-1] is read: the byte before */
static void count_block(const char *data, struct line_counts *counts)
{
	uint8_t cr = 0, lf = 0, crlf = 0, dots = 0, nul = 0;

	for (int i = 0; i < BLOCK; i++) {
		cr += data[i] == '\r';
		lf += data[i] == '\n';
		nul += data[i] == '\0';
		crlf += (data[i - 1] == '\r') & (data[i] == '\n');
		dots += (data[i - 1] == '\n') & (data[i] == '.');
	}
	counts->cr += cr;
	counts->lf += lf;
	counts->crlf += crlf;
	counts->dots += dots;
	counts->nul += nul;
}

static void count_byte(char before, char byte, struct line_counts *counts)
{
	counts->cr += byte == '\r';
	counts->lf += byte == '\n';
	counts->nul += byte == '\0';
	counts->crlf += before == '\r' && byte == '\n';
	counts->dots += before == '\n' && byte == '.';
}

struct smtp_lines smtp_look_at_lines(const char *data, size_t size)
{
	struct line_counts counts = {0};
	size_t at = 0;

	if (size > 0)
		count_byte('\n', data[at++], &counts);
	for (; size - at >= BLOCK; at += BLOCK)
		count_block(data + at, &counts);
	for (; at < size; at++)
		count_byte(data[at - 1], data[at], &counts);
	return (struct smtp_lines){.are_crlf = counts.nul == 0 &&
					       counts.cr == counts.lf &&
					       counts.cr == counts.crlf,
				   .has_dot = counts.dots > 0};
}

const char *smtp_outcome_name(enum smtp_outcome outcome)
{
	static const char *const names[] = {
	    [SMTP_ACCEPTED] = "accepted",
	    [SMTP_LATER] = "later",
	    [SMTP_REFUSED] = "refused",
	    [SMTP_UNSURE] = "unsure",
	};

	return names[outcome];
}
