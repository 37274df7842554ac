#include "run/tokens.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/oauth.h"
#include "core/settings.h"
#include "doors/fetch.h"
#include "run/daemon.h"
#include "run/errands.h"
#include "run/keys.h"
#include "run/timer.h"
#include "tools/crypto.h"
#include "tools/json.h"

#define AGAIN_SECONDS 5 /* after a failure; it doubles */
#define AGAIN_MOST_SECONDS 300
#define RENEW_SECONDS 300 /* before it expires; a quarter of a short life */
#define SPARE_SECONDS 60  /* it is good for so long when it is given */

struct tokens_run {
	struct daemon *daemon;
	struct errands_run *errands;
	struct timer *timer;
	char *token;   /* NULL: none */
	char *account; /* what it is of, to see that the settings changed */
	int64_t expires_at; /* by clock_since_boot, which nobody sets */
	int64_t spare_seconds;
	/* in a row: answers without a token, tokens that a server refused */
	int failures, refusals;
	bool is_fetching;
	bool is_waiting; /* for another try: the timer begins it */
	struct {
		void (*changed)(void *context);
		void *context;
	} listeners[TOKENS_LISTENERS];
	size_t listener_count;
};

static void forget(char **text)
{
	if (*text)
		crypto_forget(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/* --- the errand that has the network */

bool tokens_fetch(const char *input, size_t size, struct buf *out,
		  struct err *err)
{
	struct json_value *order = json_parse(input, size, err);
	struct fetch_request request;
	struct buf body;
	int status;

	if (!order)
		return false;
	const char *ca_file = json_get_text(order, "ca_file");
	request = (struct fetch_request){
	    .url = json_get_text(order, "url"),
	    .form = json_get_text(order, "form"),
	    .ca_file = ca_file && *ca_file ? ca_file : NULL,
	};
	buf_init(&body, OAUTH_ANSWER_MAX);
	bool good = fetch_post(&request, &status, &body, err);
	if (good) {
		buf_addf(out, "%d\n", status);
		buf_add(out, body.data, body.size);
	}
	buf_done(&body);
	json_free(order);
	return good;
}

static char *make_order(const struct settings *settings, struct err *err)
{
	char *secret;

	if (!keys_load_client_secret(settings, &secret, err))
		return NULL;
	char *form = oauth_form(settings, secret);
	keys_forget_password(secret);
	struct json_value *order = json_map_new();
	json_map_text(order, "url", settings->oauth_token_url);
	json_map_text(order, "form", form);
	json_map_text(order, "ca_file", settings->oauth_ca_file);
	char *text = json_format(order);
	json_free(order);
	forget(&form);
	return text;
}

/* --- the loop */

static void try_later(struct tokens_run *tokens, int times)
{
	int64_t seconds = AGAIN_SECONDS;

	for (int i = 1; i < times && seconds < AGAIN_MOST_SECONDS; i++)
		seconds *= 2;
	if (seconds > AGAIN_MOST_SECONDS)
		seconds = AGAIN_MOST_SECONDS;
	tokens->is_waiting = true;
	timer_set(tokens->timer, seconds * 1000);
}

static void tell(const struct tokens_run *tokens)
{
	for (size_t i = 0; i < tokens->listener_count; i++)
		tokens->listeners[i].changed(tokens->listeners[i].context);
}

static void failed(struct tokens_run *tokens, const char *why)
{
	tokens->is_fetching = false;
	try_later(tokens, ++tokens->failures);
	if (tokens->failures > 1)
		return;
	log_error("access token can't be fetched: %s", why);
	tell(tokens);
}

/* A token's life is short where a server means it so. */
static void keep(struct tokens_run *tokens, const char *token, int64_t seconds)
{
	int64_t early =
	    seconds / 4 < RENEW_SECONDS ? seconds / 4 : RENEW_SECONDS;

	forget(&tokens->token);
	tokens->token = xstrdup(token);
	tokens->expires_at = clock_since_boot() + seconds;
	tokens->spare_seconds =
	    seconds / 8 < SPARE_SECONDS ? seconds / 8 : SPARE_SECONDS;
	timer_set(tokens->timer, (seconds - early) * 1000);
	log_info("access token came seconds=%" PRId64, seconds);
}

static char *account_of(const struct settings *settings)
{
	return xasprintf("%s\n%s\n%s", settings->oauth_token_url,
			 settings->oauth_client_id, settings->oauth_scope);
}

/* or did they change since it was asked for? */
static bool is_of_settings(const struct tokens_run *tokens)
{
	char *account = account_of(tokens->daemon->settings);
	bool is_same = tokens->account && strcmp(account, tokens->account) == 0;

	free(account);
	return is_same;
}

static void answer_came(void *context, const struct errands_answer *answer);

static void begin(struct tokens_run *tokens)
{
	const struct settings *settings = tokens->daemon->settings;
	struct err err = {0};

	if (tokens->is_fetching || tokens->daemon->is_stopping ||
	    !*settings->oauth_token_url)
		return;
	tokens->is_fetching = true;
	tokens->is_waiting = false;
	char *order = make_order(settings, &err);
	if (!order) {
		failed(tokens, err.text);
		return;
	}
	free(tokens->account);
	tokens->account = account_of(settings);
	errands_give(tokens->errands, "oauth-token", order, strlen(order),
		     OAUTH_ANSWER_MAX + 64, answer_came, tokens);
	forget(&order);
}

static void answer_was_read(void *context, const struct errands_answer *answer)
{
	struct tokens_run *tokens = context;
	const char *token;
	int64_t seconds;
	struct err err = {0};

	if (!answer->is_good) {
		failed(tokens, answer->text);
		return;
	}
	if (!oauth_parse(answer->text, &seconds, &token, &err)) {
		failed(tokens, err.text);
		return;
	}
	tokens->is_fetching = false;
	if (!is_of_settings(tokens)) {
		begin(tokens);
		return;
	}
	if (tokens->failures > 0)
		log_notice("access token can be fetched again");
	tokens->failures = 0;
	keep(tokens, token, seconds);
	tell(tokens);
}

static void answer_came(void *context, const struct errands_answer *answer)
{
	struct tokens_run *tokens = context;

	if (answer->is_good)
		errands_give(tokens->errands, "read-token", answer->text,
			     answer->size, OAUTH_TOKEN_MAX + 64,
			     answer_was_read, tokens);
	else
		failed(tokens, answer->text);
}

/* It is time to renew, or to try again. */
static void renew(void *context)
{
	struct tokens_run *tokens = context;

	/* the last one was good until here */
	if (tokens->token && !tokens->is_waiting)
		tokens->refusals = 0;
	begin(tokens);
}

static bool is_good(const struct tokens_run *tokens)
{
	return tokens->token &&
	       clock_since_boot() + tokens->spare_seconds < tokens->expires_at;
}

const char *tokens_get(struct tokens_run *tokens)
{
	if (is_good(tokens))
		return tokens->token;
	if (!tokens->is_waiting)
		begin(tokens);
	return NULL;
}

bool tokens_are_failing(const struct tokens_run *tokens)
{
	return !is_good(tokens) &&
	       (tokens->failures > 0 || tokens->refusals > 1);
}

void tokens_refuse(struct tokens_run *tokens, const char *token)
{
	if (!tokens->token || strcmp(tokens->token, token) != 0)
		return;
	forget(&tokens->token);
	timer_stop(tokens->timer);
	log_warning("access token was refused, another one is fetched");
	if (tokens->refusals++ == 0)
		begin(tokens);
	else
		try_later(tokens, tokens->refusals - 1);
}

void tokens_listen(struct tokens_run *tokens, void (*changed)(void *context),
		   void *context)
{
	assert(tokens->listener_count < TOKENS_LISTENERS);
	tokens->listeners[tokens->listener_count].changed = changed;
	tokens->listeners[tokens->listener_count++].context = context;
}

void tokens_reload(struct tokens_run *tokens)
{
	bool was_asked = tokens->account;

	tokens->failures = tokens->refusals = 0;
	if (!is_of_settings(tokens)) {
		forget(&tokens->token);
		timer_stop(tokens->timer);
	}
	if (was_asked && !tokens->token)
		begin(tokens);
}

struct tokens_run *tokens_open(struct daemon *daemon,
			       struct errands_run *errands)
{
	struct tokens_run *tokens = xcalloc(1, sizeof(*tokens));

	tokens->daemon = daemon;
	tokens->errands = errands;
	tokens->timer = timer_new(daemon->loop, renew, tokens);
	return tokens;
}

void tokens_close(struct tokens_run *tokens)
{
	if (!tokens)
		return;
	timer_free(tokens->timer);
	forget(&tokens->token);
	free(tokens->account);
	free(tokens);
}
