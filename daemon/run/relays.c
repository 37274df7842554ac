#include "run/relays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/letter.h"
#include "core/relay.h"
#include "core/relay_record.h"
#include "core/retry_hint.h"
#include "core/settings.h"
#include "core/share.h"
#include "doors/pool.h"
#include "run/daemon.h"
#include "run/keys.h"
#include "run/tokens.h"

/* -------------------------------------------------------- the pool's contexts
 */

static enum smtp_tls tls_of(const char *word)
{
	if (strcmp(word, "implicit") == 0)
		return SMTP_TLS_IMPLICIT;
	if (strcmp(word, "none") == 0)
		return SMTP_TLS_NONE;
	return SMTP_TLS_STARTTLS;
}

static enum smtp_auth auth_of(const char *word)
{
	if (strcmp(word, "plain") == 0)
		return SMTP_AUTH_PLAIN;
	if (strcmp(word, "login") == 0)
		return SMTP_AUTH_LOGIN;
	if (strcmp(word, "xoauth2") == 0)
		return SMTP_AUTH_XOAUTH2;
	return SMTP_AUTH_ANY;
}

static const char *if_said(const char *text)
{
	return text && *text ? text : NULL;
}

static void *sender_open(void *argument, struct err *err)
{
	const struct relay_settings *relay = argument;
	char *password = NULL;

	if (*relay->user && auth_of(relay->auth) != SMTP_AUTH_XOAUTH2 &&
	    !keys_load_password(relay, &password, err))
		return NULL;
	const struct smtp_relay server = {
	    .host = relay->host,
	    .port = (int)relay->port,
	    .tls = tls_of(relay->tls),
	    .needs_tls13 = strcmp(relay->tls_minimum, "1.3") == 0,
	    .ca_file = if_said(relay->ca_file),
	    .certificate_file = if_said(relay->certificate_file),
	    .key_file = if_said(relay->key_file),
	    .user = if_said(relay->user),
	    .auth = auth_of(relay->auth),
	    .password = password,
	    .reply_timeout_ms = (int)relay->timeout_seconds * 1000,
	    .mails_per_connection = (int)relay->messages_per_connection,
	};
	struct sender *sender = xcalloc(1, sizeof(*sender));
	sender->session = smtp_open(&server, err);
	keys_forget_password(password);
	if (!sender->session) {
		free(sender);
		return NULL;
	}
	buf_init(&sender->mail, LETTER_MAX_SIZE + 64 * 1024);
	return sender;
}

static void sender_interrupt(void *context)
{
	struct sender *sender = context;

	smtp_interrupt(sender->session);
}

static void sender_close(void *context)
{
	struct sender *sender = context;

	smtp_close(sender->session);
	buf_done(&sender->mail);
	free(sender);
}

static int pool_ready(sd_event_source *source, int fd, uint32_t events,
		      void *userdata)
{
	struct relay_run *relay = userdata;

	(void)source;
	(void)fd;
	(void)events;
	relay->all->ready(relay, relay->all->context);
	return 0;
}

/* ------------------------------------------------------------------- opening
 */

/* To the millisecond where it is still known, else as the store has it. */
static bool open_state(struct relay_run *relay,
		       const struct relay_settings *settings,
		       struct relays_run *before, struct err *err)
{
	int64_t per_minute = settings->messages_per_minute;
	int64_t per_day = settings->messages_per_day;

	for (size_t i = 0; before && i < before->count; i++) {
		struct relay_run *old = &before->list[i];

		if (strcmp(old->name, relay->name) != 0 || !old->state ||
		    !relay_has_caps(old->state, per_minute, per_day))
			continue;
		relay->state = old->state;
		old->state = NULL;
		relay_forgive(relay->state);
		return true;
	}
	relay->state = relay_new(per_minute, per_day);
	return relay_record_recall(relay->all->daemon->db, relay->name,
				   relay->state, clock_now(),
				   clock_since_boot_ms(), err);
}

static bool open_relay(struct relay_run *relay, struct relay_settings *settings,
		       struct relays_run *before, struct err *err)
{
	struct daemon *daemon = relay->all->daemon;
	const struct pool_context sender = {.open = sender_open,
					    .interrupt = sender_interrupt,
					    .close = sender_close,
					    .argument = settings};

	relay->name = xstrdup(settings->name);
	relay->share = share_new((size_t)settings->connections);
	relay->since_at = clock_now();
	relay->needs_token = auth_of(settings->auth) == SMTP_AUTH_XOAUTH2;
	relay->is_plain = strcmp(settings->envelope, "plain") == 0;
	if (!keys_check_certificate(settings, err) ||
	    !open_state(relay, settings, before, err))
		return false;
	relay->pool = pool_new((size_t)settings->connections, &sender, err);
	if (!relay->pool)
		return err_context(err, "starting the senders of relay %s",
				   relay->name);
	if (sd_event_add_io(daemon->loop, &relay->source, pool_fd(relay->pool),
			    EPOLLIN, pool_ready, relay) < 0)
		return err_set(err, ERR_SYSTEM, "watching the senders");
	return true;
}

struct relays_run *relays_open(struct daemon *daemon, struct relays_run *before,
			       void (*ready)(struct relay_run *relay,
					     void *context),
			       void *context, struct err *err)
{
	const struct settings *settings = daemon->settings;
	struct relays_run *relays = xcalloc(1, sizeof(*relays));

	relays->daemon = daemon;
	relays->ready = ready;
	relays->context = context;
	relays->list = xcalloc(settings->relay_count, sizeof(*relays->list));
	while (relays->count < settings->relay_count) {
		struct relay_run *relay = &relays->list[relays->count];
		struct relay_settings one = settings->relays[relays->count++];

		relay->all = relays;
		if (!open_relay(relay, &one, before, err)) {
			relays_close(relays);
			return NULL;
		}
	}
	return relays;
}

void relays_close(struct relays_run *relays)
{
	if (!relays)
		return;
	for (size_t i = 0; i < relays->count; i++) {
		struct relay_run *relay = &relays->list[i];

		sd_event_source_disable_unref(relay->source);
		pool_free(relay->pool);
		relay_free(relay->state);
		share_free(relay->share);
		free(relay->name);
	}
	free(relays->list);
	free(relays);
}

/* ---------------------------------------------------------------------- jobs
 */

struct pool_job *relays_take(struct relays_run *relays,
			     struct relay_run **ret_relay)
{
	struct pool_job *job;

	for (size_t i = 0; i < relays->count; i++) {
		if ((job = pool_take(relays->list[i].pool))) {
			*ret_relay = &relays->list[i];
			return job;
		}
	}
	return NULL;
}

void relays_stop(struct relays_run *relays)
{
	for (size_t i = 0; i < relays->count; i++)
		pool_stop(relays->list[i].pool);
}

static struct tokens_run *tokens_of(const struct relay_run *relay)
{
	return relay->all->daemon->tokens;
}

const char *relays_bearer(const struct relay_run *relay)
{
	return relay->needs_token ? tokens_get(tokens_of(relay)) : NULL;
}

static bool lacks_token(const struct relay_run *relay)
{
	return relay->needs_token && !relays_bearer(relay);
}

/* A token that is on its way is waited for; one that can't be had is not. */
static bool is_usable(const struct relay_run *relay)
{
	return !lacks_token(relay) || !tokens_are_failing(tokens_of(relay));
}

static struct relay_run *choose(const struct relays_run *relays, size_t avoid)
{
	struct relay *states[RELAYS_MAX];

	for (size_t i = 0; i < relays->count; i++)
		states[i] =
		    is_usable(&relays->list[i]) ? relays->list[i].state : NULL;
	size_t i =
	    relay_choose(states, relays->count, avoid, clock_since_boot_ms());
	return i < relays->count ? &relays->list[i] : NULL;
}

struct relay_run *relays_choose(struct relays_run *relays)
{
	return choose(relays, relays->count);
}

struct relay_run *relays_choose_other(struct relays_run *relays,
				      const struct relay_run *relay)
{
	return choose(relays, (size_t)(relay - relays->list));
}

struct relay_run *relays_find_probe(struct relays_run *relays)
{
	const struct relay_run *chosen = relays_choose(relays);

	for (size_t i = 0; i < relays->count; i++) {
		struct relay_run *relay = &relays->list[i];

		if (relay == chosen)
			break;
		if (relay_is_broken(relay->state) && relays_room(relay) > 0)
			return relay;
	}
	return NULL;
}

size_t relays_room(const struct relay_run *relay)
{
	size_t room = relay_room(relay->state, clock_since_boot_ms());
	size_t idle = pool_idle(relay->pool) - relay->claimed;

	if (lacks_token(relay))
		return 0;
	return room < idle ? room : idle;
}

bool relays_have_room(struct relays_run *relays)
{
	const struct relay_run *chosen = relays_choose(relays);

	return (chosen && relays_room(chosen) > 0) || relays_find_probe(relays);
}

int64_t relays_wait_ms(struct relays_run *relays)
{
	const struct relay_run *chosen = relays_choose(relays);
	int64_t now_ms = clock_since_boot_ms(), least = INT64_MAX;

	for (size_t i = 0; i < relays->count; i++) {
		const struct relay_run *relay = &relays->list[i];
		int64_t at = relay_room_at(relay->state, now_ms);

		/* without a free sender a job's end is what is waited for, and
		 * without a token its coming */
		if (pool_idle(relay->pool) > 0 && !lacks_token(relay) &&
		    at < least)
			least = at;
		if (relay == chosen)
			break;
	}
	if (least == INT64_MAX)
		return least;
	return least > now_ms ? least - now_ms : 0;
}

bool relays_begin(struct relay_run *relay)
{
	relay->claimed++;
	return relay_begin(relay->state, clock_since_boot_ms());
}

void relays_give(struct relay_run *relay, struct pool_job *job)
{
	relay->claimed--;
	relay->in_flight++;
	pool_give(relay->pool, job);
}

void relays_settled(struct relay_run *relay)
{
	relay->in_flight--;
}

void relays_undo(struct relay_run *relay, bool is_probe)
{
	relay->claimed--;
	relay_end(relay->state, is_probe, RELAY_UNUSED, clock_since_boot_ms());
}

static void log_change(const struct relay_run *relay, enum relay_change change,
		       const struct smtp_verdict *verdict)
{
	if (change == RELAY_MENDED)
		log_notice("relay works again relay=%s", relay->name);
	if (change == RELAY_BROKE)
		/* a reply may quote an address: its text is in the store */
		log_error("relay is out of order relay=%s failures=%d code=%d"
			  "%s%s",
			  relay->name, relay_failures(relay->state),
			  verdict->code, verdict->code ? "" : " reason=",
			  verdict->code ? "" : verdict->text);
}

/* A mail that stayed here, or that we broke off, tells nothing of the relay. */
static enum relay_end end_of(const struct smtp_verdict *verdict,
			     const char *bearer)
{
	if (bearer && verdict->is_login_refused)
		return RELAY_UNUSED; /* the token is in doubt, not the relay */
	if (verdict->is_relay_trouble)
		return RELAY_FAILED;
	return verdict->code > 0 || verdict->outcome == SMTP_UNSURE
		   ? RELAY_ANSWERED
		   : RELAY_UNUSED;
}

void relays_end(struct relay_run *relay, bool is_probe, const char *bearer,
		const struct smtp_verdict *verdict)
{
	enum relay_end end = end_of(verdict, bearer);
	enum relay_change change =
	    relay_end(relay->state, is_probe, end, clock_since_boot_ms());

	if (bearer && verdict->is_login_refused)
		tokens_refuse(tokens_of(relay), bearer);
	relay->ended += end != RELAY_UNUSED;
	if (end == RELAY_FAILED)
		snprintf(relay->trouble, sizeof(relay->trouble), "%s",
			 verdict->text);
	if (change != RELAY_SAME)
		relay->since_at = clock_now();
	relay->is_changed = relay->is_changed || change != RELAY_SAME ||
			    relay_is_broken(relay->state);
	if (end == RELAY_FAILED && verdict->code >= 400 && verdict->code <= 499)
		relay_put_off(relay->state,
			      retry_hint_seconds(verdict->text) * 1000,
			      clock_since_boot_ms());
	log_change(relay, change, verdict);
}

/* ----------------------------------------------------------------- the store
 */

static bool put(const struct relay_run *relay, struct db *db, struct err *err)
{
	bool is_broken = relay_is_broken(relay->state);
	int64_t wait_ms = relay_probe_at(relay->state) - clock_since_boot_ms();
	const struct relay_standing standing = {
	    .name = relay->name,
	    .position = (int)(relay - relay->all->list),
	    .is_broken = is_broken,
	    .since_at = relay->since_at,
	    .failures = relay_failures(relay->state),
	    .probe_at = is_broken
			    ? clock_now() + (wait_ms > 0 ? wait_ms / 1000 : 0)
			    : 0,
	    .trouble = is_broken ? relay->trouble : "",
	};

	return relay_record_put(db, &standing, err);
}

bool relays_record(struct relays_run *relays, int64_t now, struct err *err)
{
	struct db *db = relays->daemon->db;

	if (!relays->is_listed && !relay_record_clear(db, err))
		return false;
	for (size_t i = 0; i < relays->count; i++) {
		const struct relay_run *relay = &relays->list[i];

		if (relay->ended > 0 &&
		    !relay_record_use(db, relay->name, relay->ended, now, err))
			return false;
		if ((!relays->is_listed || relay->is_changed) &&
		    !put(relay, db, err))
			return false;
	}
	return true;
}

void relays_recorded(struct relays_run *relays)
{
	relays->is_listed = true;
	for (size_t i = 0; i < relays->count; i++) {
		relays->list[i].ended = 0;
		relays->list[i].is_changed = false;
	}
}
