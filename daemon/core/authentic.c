#include "core/authentic.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/civil.h"
#include "base/text.h"
#include "core/address.h"
#include "tools/message.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *const words[] = {
    [AUTHENTIC_NONE] = "none",
    [AUTHENTIC_DMARC] = "dmarc",
    [AUTHENTIC_DKIM] = "dkim",
    [AUTHENTIC_SPF] = "spf",
};

const char *authentic_word(enum authentic_method method)
{
	return words[method];
}

bool authentic_parse_word(const char *word, enum authentic_method *ret)
{
	for (size_t i = 0; word && i < COUNT(words); i++)
		if (strcmp(words[i], word) == 0) {
			*ret = (enum authentic_method)i;
			return true;
		}
	return false;
}

/* --- structured headers (RFC 5322 3.2): words apart by blanks, comments and
 * marks, of which ";" and "=" are told */

enum lexeme { LEXEME_END, LEXEME_WORD, LEXEME_MARK };

struct lexer {
	const char *at;
	char word[AUTHENTIC_HOST_SIZE]; /* or the mark, alone */
	/* it holds more than fits, or a quote or comment that does not end:
	 * what follows can't be told */
	bool is_broken;
};

static void add_byte(struct lexer *lexer, size_t *size, char byte)
{
	if (*size + 1 < sizeof(lexer->word))
		lexer->word[(*size)++] = byte;
	else
		lexer->is_broken = true;
}

static void skip_comment(struct lexer *lexer)
{
	size_t depth = 0;

	do {
		if (*lexer->at == '(')
			depth++;
		if (*lexer->at == ')')
			depth--;
		if (*lexer->at == '\\' && lexer->at[1])
			lexer->at++;
		lexer->at++;
	} while (depth > 0 && *lexer->at);
	lexer->is_broken |= depth > 0;
}

static void skip_blanks(struct lexer *lexer)
{
	while (*lexer->at == '(' ||
	       (*lexer->at && strchr(" \t\r\n", *lexer->at)))
		if (*lexer->at == '(')
			skip_comment(lexer);
		else
			lexer->at++;
}

static void take_quoted(struct lexer *lexer, size_t *size)
{
	for (lexer->at++; *lexer->at && *lexer->at != '"'; lexer->at++) {
		if (*lexer->at == '\\' && lexer->at[1])
			lexer->at++;
		add_byte(lexer, size, *lexer->at);
	}
	if (*lexer->at)
		lexer->at++;
	else
		lexer->is_broken = true;
}

static enum lexeme next(struct lexer *lexer)
{
	size_t size = 0;

	skip_blanks(lexer);
	if (!*lexer->at || lexer->is_broken)
		return LEXEME_END;
	if (strchr(";=", *lexer->at)) {
		lexer->word[0] = *lexer->at++;
		lexer->word[1] = '\0';
		return LEXEME_MARK;
	}
	while (*lexer->at && !strchr(" \t\r\n(;=", *lexer->at))
		if (*lexer->at == '"')
			take_quoted(lexer, &size);
		else
			add_byte(lexer, &size, *lexer->at++);
	lexer->word[size] = '\0';
	return LEXEME_WORD;
}

static bool is_mark(const struct lexer *lexer, enum lexeme lexeme, char mark)
{
	return lexeme == LEXEME_MARK && lexer->word[0] == mark;
}

/* --- results */

/* what one method found */
struct finding {
	char method[32], result[32];
	/* the domains that it found it of; "": not told */
	char header_from[AUTHENTIC_HOST_SIZE], header_d[AUTHENTIC_HOST_SIZE],
	    header_i[AUTHENTIC_HOST_SIZE], mail_from[AUTHENTIC_HOST_SIZE];
};

/* What is longer than any that we know is cut, and still none of them. */
static void set(char *field, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);

	memcpy(field, text, length);
	field[length] = '\0';
}

static void take_property(struct finding *finding, const char *name,
			  const char *value)
{
	const struct {
		const char *name;
		char *field;
	} properties[] = {
	    {"header.from", finding->header_from},
	    {"header.d", finding->header_d},
	    {"header.i", finding->header_i},
	    {"smtp.mailfrom", finding->mail_from},
	};
	const char *at = strrchr(value, '@');

	for (size_t i = 0; i < COUNT(properties); i++)
		if (strcasecmp(properties[i].name, name) == 0)
			set(properties[i].field, AUTHENTIC_HOST_SIZE,
			    at ? at + 1 : value);
}

/* "dkim/1 = pass reason=... header.d=x" up to a ";": false at the end */
static bool take_finding(struct lexer *lexer, struct finding *ret)
{
	enum lexeme lexeme = next(lexer);

	*ret = (struct finding){0};
	while (lexeme != LEXEME_END && !is_mark(lexer, lexeme, ';')) {
		char name[64];

		set(name, sizeof(name), lexer->word);
		lexeme = next(lexer);
		if (!is_mark(lexer, lexeme, '='))
			continue;
		lexeme = next(lexer);
		if (lexeme != LEXEME_WORD)
			continue;
		if (*ret->method) {
			take_property(ret, name, lexer->word);
		} else {
			name[strcspn(name, "/")] = '\0';
			set(ret->method, sizeof(ret->method), name);
			set(ret->result, sizeof(ret->result), lexer->word);
		}
		lexeme = next(lexer);
	}
	return lexeme != LEXEME_END;
}

/* as core/address compares: any case, A-labels */
static bool is_domain(const char *domain, const char *author)
{
	char text[AUTHENTIC_HOST_SIZE + 8], address[ADDRESS_SIZE];
	char key[ADDRESS_SIZE];

	snprintf(text, sizeof(text), "x@%s", domain);
	return address_parse(text, strlen(text), address, key, NULL) &&
	       strcmp(strchr(key, '@'), strrchr(author, '@')) == 0;
}

static bool is_pass(const struct finding *finding)
{
	return strcasecmp(finding->result, "pass") == 0;
}

/* A domain without a policy has dmarc=none. */
static bool denies(const struct finding *finding)
{
	return strcasecmp(finding->method, "dmarc") == 0 && !is_pass(finding) &&
	       strcasecmp(finding->result, "none") != 0;
}

static enum authentic_method vouch(const struct finding *finding,
				   const char *author)
{
	const char *method = finding->method;
	const char *signer =
	    *finding->header_d ? finding->header_d : finding->header_i;

	if (!is_pass(finding))
		return AUTHENTIC_NONE;
	if (strcasecmp(method, "dmarc") == 0 &&
	    is_domain(finding->header_from, author))
		return AUTHENTIC_DMARC;
	if (strcasecmp(method, "dkim") == 0 && is_domain(signer, author))
		return AUTHENTIC_DKIM;
	if (strcasecmp(method, "spf") == 0 &&
	    is_domain(finding->mail_from, author))
		return AUTHENTIC_SPF;
	return AUTHENTIC_NONE;
}

/* The best of the methods that pass. One that denies ends it: it would have
 * passed, too, and another that passes was put in by what a sender wrote. */
static enum authentic_method judge_findings(struct lexer *lexer,
					    const char *author)
{
	enum authentic_method best = AUTHENTIC_NONE;
	struct finding finding;
	bool is_more = true;

	while (is_more) {
		is_more = take_finding(lexer, &finding);
		if (denies(&finding))
			return AUTHENTIC_NONE;
		enum authentic_method method = vouch(&finding, author);
		if (method && (!best || method < best))
			best = method;
	}
	return lexer->is_broken ? AUTHENTIC_NONE : best;
}

static void read_results(const char *value, const char *author,
			 struct authentic_mark *ret)
{
	struct lexer lexer = {.at = value};
	enum lexeme lexeme = next(&lexer);

	*ret = (struct authentic_mark){.is_results = true};
	if (lexeme != LEXEME_WORD)
		return;
	set(ret->host, sizeof(ret->host), lexer.word);
	text_lower(ret->host);
	/* a version may follow */
	while (lexeme == LEXEME_WORD)
		lexeme = next(&lexer);
	/* some write no name: "spf=pass ..." */
	if (is_mark(&lexer, lexeme, '='))
		ret->host[0] = '\0';
	else if (is_mark(&lexer, lexeme, ';') && *author)
		ret->method = judge_findings(&lexer, author);
}

/* --- hops */

/* "from A (B) by C with D; date" */
static void read_hop(const char *value, struct authentic_mark *ret)
{
	struct lexer lexer = {.at = value};

	*ret = (struct authentic_mark){0};
	while (next(&lexer) == LEXEME_WORD) {
		bool is_by = strcasecmp(lexer.word, "by") == 0;

		if (next(&lexer) != LEXEME_WORD)
			return;
		if (!is_by)
			continue;
		set(ret->host, sizeof(ret->host), lexer.word);
		text_lower(ret->host);
		return;
	}
}

static bool is_named(const struct message_field *field, const char *name)
{
	return strcmp(field->name, name) == 0;
}

/* A name or text that JSON can't hold is nobody's. */
static void clean(struct authentic_mark *mark)
{
	size_t size = strlen(mark->host);

	if (!text_is_utf8(mark->host, size, NULL) ||
	    text_has_control(mark->host, size))
		mark->host[0] = '\0';
}

size_t authentic_read(const struct message_part *head, const char *author,
		      struct authentic_mark ret[AUTHENTIC_MARKS_MAX])
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE] = "";
	size_t count = 0;

	if (!address_parse(author, strlen(author), address, key, NULL))
		key[0] = '\0';
	for (size_t i = 0; i < head->field_count && count < AUTHENTIC_MARKS_MAX;
	     i++) {
		const struct message_field *field = &head->fields[i];

		if (is_named(field, "authentication-results"))
			read_results(field->value, key, &ret[count]);
		else if (is_named(field, "received"))
			read_hop(field->value, &ret[count]);
		else
			continue;
		clean(&ret[count++]);
	}
	return count;
}

/* --- when */

/* "+0130"; the names that RFC 5322 4.3 has for it are those of UTC alone, for
 * what servers call others differs */
static bool parse_offset(const char *zone, int64_t *ret_seconds)
{
	long long number;

	*ret_seconds = 0;
	if (strcasecmp(zone, "GMT") == 0 || strcasecmp(zone, "UT") == 0 ||
	    strcasecmp(zone, "UTC") == 0 || strcmp(zone, "Z") == 0)
		return true;
	if ((*zone != '+' && *zone != '-') || strlen(zone) != 5 ||
	    !text_parse_integer(zone + 1, 0, 2359, &number))
		return false;
	*ret_seconds = (number / 100 * 60 + number % 100) * 60;
	if (*zone == '-')
		*ret_seconds = -*ret_seconds;
	return true;
}

/* "Fri, 27 Nov 2026 17:05:01 +0000 (UTC)" (RFC 5322 3.3) */
static bool parse_date(const char *text, int64_t *ret)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil date = {0};
	char month[4], zone[6];
	int64_t offset;
	const char *comma = strchr(text, ',');

	if (sscanf(comma ? comma + 1 : text, " %2d %3s %4d %2d:%2d:%2d %5s",
		   &date.day, month, &date.year, &date.hour, &date.minute,
		   &date.second, zone) != 7)
		return false;
	const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
	if (!found || (found - months) % 3 != 0 || date.year < 1970 ||
	    date.day < 1 || date.day > 31 || date.hour < 0 || date.minute < 0 ||
	    date.second < 0 || !parse_offset(zone, &offset))
		return false;
	date.month = (int)(found - months) / 3 + 1;
	*ret = civil_to_utc(&date) - offset;
	return true;
}

int64_t authentic_received_at(const struct message_part *head)
{
	const char *value = message_raw_header(head, "received");
	const char *semicolon = value ? strrchr(value, ';') : NULL;
	int64_t at;

	return semicolon && parse_date(semicolon + 1, &at) ? at : 0;
}

/* --- judging */

static bool is_host(const char *name, const char *host)
{
	return strcasecmp(name, host) == 0;
}

static bool is_beneath(const char *name, const char *host)
{
	size_t size = strlen(name), end = strlen(host);

	return is_host(name, host) ||
	       (size > end + 1 && name[size - end - 1] == '.' &&
		is_host(name + size - end, host));
}

static bool is_trusted(const char *name, const char *const *hosts, size_t count,
		       bool (*is_same)(const char *name, const char *host))
{
	for (size_t i = 0; i < count; i++)
		if (is_same(name, hosts[i]))
			return true;
	return false;
}

enum authentic_method authentic_judge(const struct authentic_mark *marks,
				      size_t count, const char *const *hosts,
				      size_t host_count)
{
	for (size_t i = 0; i < count; i++) {
		const struct authentic_mark *mark = &marks[i];

		if (!mark->is_results &&
		    !is_trusted(mark->host, hosts, host_count, is_beneath))
			return AUTHENTIC_NONE;
		if (mark->is_results &&
		    is_trusted(mark->host, hosts, host_count, is_host))
			return mark->method;
	}
	return AUTHENTIC_NONE;
}
