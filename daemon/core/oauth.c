#include "core/oauth.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "core/settings.h"
#include "tools/json.h"

#define LIFE_SECONDS 3600     /* where the server does not say */
#define LIFE_MOST (7 * 86400) /* where it says more */
#define FORM_MAX (64 * 1024)

/* application/x-www-form-urlencoded */
static void add_field(struct buf *form, const char *name, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._*";

	buf_addf(form, "%s%s=", form->size ? "&" : "", name);
	for (; *value; value++)
		if (strchr(plain, *value))
			buf_addc(form, *value);
		else if (*value == ' ')
			buf_addc(form, '+');
		else
			buf_addf(form, "%%%02X", (unsigned char)*value);
}

char *oauth_form(const struct settings *settings, const char *secret)
{
	struct buf form;

	buf_init(&form, FORM_MAX);
	add_field(&form, "grant_type", "client_credentials");
	add_field(&form, "client_id", settings->oauth_client_id);
	add_field(&form, "client_secret", secret);
	if (*settings->oauth_scope)
		add_field(&form, "scope", settings->oauth_scope);
	return buf_take(&form, NULL);
}

/* --- in the errand */

/* RFC 6749, A.12: visible ASCII. In a login it stands between separators. */
static bool is_token(const char *text)
{
	size_t size = 0;

	for (; text[size]; size++)
		if (text[size] <= ' ' || text[size] > '~')
			return false;
	return size > 0 && size <= OAUTH_TOKEN_MAX;
}

/* "invalid_client" and the like, short and plain; else what is known */
static bool refuse(int status, const struct json_value *answer, struct err *err)
{
	const char *code = json_get_text(answer, "error");
	bool is_plain = code && *code && strlen(code) <= 64 &&
			code[strspn(code, "abcdefghijklmnopqrstuvwxyz_")] == 0;

	return err_set(err, ERR_INPUT, "the token server answered %d%s%s",
		       status, is_plain ? " " : "", is_plain ? code : "");
}

/* Some servers write the number as text. */
static int64_t life_of(const struct json_value *answer)
{
	const char *text = json_get_text(answer, "expires_in");
	long long seconds =
	    json_get_integer(answer, "expires_in", LIFE_SECONDS);

	if (text && !text_parse_integer(text, 0, INT64_MAX, &seconds))
		seconds = LIFE_SECONDS;
	if (seconds > LIFE_MOST)
		return LIFE_MOST;
	return seconds > 0 ? seconds : 1;
}

static bool read_answer(int status, const struct json_value *answer,
			struct buf *out, struct err *err)
{
	const char *token = json_get_text(answer, "access_token");
	const char *type = json_get_text(answer, "token_type");

	if (status != 200)
		return refuse(status, answer, err);
	if (!token || !is_token(token))
		return err_set(err, ERR_INPUT,
			       "the token server gave no access_token");
	if (type && strcasecmp(type, "bearer") != 0)
		return err_set(err, ERR_INPUT,
			       "the token server gave a token that is no "
			       "bearer's");
	buf_addf(out, "%" PRId64 " %s", life_of(answer), token);
	return true;
}

bool oauth_read(const char *input, size_t size, struct buf *out,
		struct err *err)
{
	const char *line_end = memchr(input, '\n', size);
	char number[8] = "";
	long long status;
	struct err why = {0};

	if (line_end)
		snprintf(number, sizeof(number), "%.*s",
			 (int)(line_end - input < 7 ? line_end - input : 7),
			 input);
	if (!line_end || !text_parse_integer(number, 0, 999, &status) ||
	    size > OAUTH_ANSWER_MAX + sizeof(number))
		return err_set(err, ERR_INPUT, "no answer of a token server");
	const char *body = line_end + 1;
	struct json_value *answer =
	    json_parse(body, size - (size_t)(body - input), &why);
	/* NULL reads as an empty map */
	bool good = read_answer((int)status, answer, out, err);
	json_free(answer);
	return good;
}

/* --- in the daemon */

bool oauth_parse(const char *text, int64_t *ret_seconds, const char **ret_token,
		 struct err *err)
{
	const char *space = strchr(text, ' ');
	char number[16] = "";
	long long seconds;

	if (space && space - text < (ptrdiff_t)sizeof(number))
		memcpy(number, text, (size_t)(space - text));
	if (!text_parse_integer(number, 1, LIFE_MOST, &seconds) ||
	    !is_token(space + 1))
		return err_set(err, ERR_INPUT, "what was read is no token");
	*ret_seconds = seconds;
	*ret_token = space + 1;
	return true;
}
