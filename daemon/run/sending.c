#include "run/sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/digest.h"
#include "core/letter.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/settings.h"
#include "doors/pool.h"
#include "doors/smtp.h"
#include "run/daemon.h"
#include "run/keys.h"
#include "run/letters.h"
#include "run/timer.h"
#include "run/turn.h"

#define LOOK_AGAIN_MS (60 * 1000)
/* Verdicts wait so long for others, so that one commit serves several. */
#define GATHER_MS 1

/* One mail on its way. Whoever holds the pointer owns it. */
struct send_job {
	struct pool_job job; /* first: the pool knows no more */
	struct send_job *next;
	struct arena *arena;
	struct letter_use *letter;
	struct letter_person person;
	const char *from, *to, *list_name;
	int64_t delivery_id;
	int attempt;
	struct smtp_verdict verdict;
	int64_t began_at, ended_at;
};

/* What each thread of the pool has. */
struct sender {
	struct smtp_session *session;
	struct buf mail;
};

struct sending_run {
	struct daemon *daemon;
	struct pool *pool;
	sd_event_source *pool_source;
	struct timer *timer;    /* the next mail that falls due */
	struct timer *gathered; /* verdicts have waited long enough */
	struct letters *letters;
	char *relay_name;
	struct send_job *claimed;  /* in the open transaction */
	struct send_job *finished; /* verdicts to settle, oldest first */
	size_t in_flight;
	char held_why[ERR_TEXT_SIZE]; /* the last reason that was logged */
	bool may_be_due;
	bool wants_reopen;
};

static void job_free(struct send_job *job)
{
	letter_use_end(job->letter);
	arena_free(job->arena);
	free(job);
}

static void jobs_free(struct send_job **list)
{
	while (*list) {
		struct send_job *job = *list;

		*list = job->next;
		job_free(job);
	}
}

/* ------------------------------------------------------- in a sender's thread
 */

static void send_work(struct pool_job *base, void *context)
{
	struct send_job *job = (struct send_job *)base;
	struct sender *sender = context;
	struct err err = {0};

	job->began_at = clock_now();
	buf_clear(&sender->mail);
	if (letter_assemble(letter_use_get(job->letter), &job->person,
			    &sender->mail, &err)) {
		struct smtp_mail mail = {.from = job->from,
					 .to = job->to,
					 .data = sender->mail.data,
					 .size = sender->mail.size};
		smtp_send(sender->session, &mail, &job->verdict);
	} else {
		job->verdict.outcome = SMTP_REFUSED;
		snprintf(job->verdict.text, sizeof(job->verdict.text), "%.255s",
			 err.text);
	}
	job->ended_at = clock_now();
}

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

static const char *if_said(const char *text)
{
	return text && *text ? text : NULL;
}

static void *sender_open(void *argument, struct err *err)
{
	struct sending_run *sending = argument;
	const struct relay_settings *relay = sending->daemon->settings->relays;
	char *password = NULL;

	if (*relay->user && !keys_load_password(relay, &password, err))
		return NULL;
	const struct smtp_relay server = {
	    .host = relay->host,
	    .port = (int)relay->port,
	    .tls = tls_of(relay->tls),
	    .ca_file = if_said(relay->ca_file),
	    .user = if_said(relay->user),
	    .password = password,
	    .reply_timeout_ms = (int)relay->timeout_seconds * 1000,
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

static void gather(void *context)
{
	struct sending_run *sending = context;

	sending_collect(sending);
	turn_wake(sending->daemon->turn);
}

static int pool_ready(sd_event_source *source, int fd, uint32_t events,
		      void *userdata)
{
	struct sending_run *sending = userdata;

	size_t half = (sending->in_flight + 1) / 2;

	(void)source;
	(void)fd;
	(void)events;
	/* the other half goes on sending while this one is made durable */
	if (half > 0 && pool_await(sending->pool, half) < half)
		timer_set_sooner(sending->gathered, GATHER_MS);
	else
		gather(sending);
	return 0;
}

static bool pool_begin(struct sending_run *sending, struct err *err)
{
	const struct relay_settings *relay = sending->daemon->settings->relays;
	const struct pool_thread thread = {.open = sender_open,
					   .interrupt = sender_interrupt,
					   .close = sender_close,
					   .argument = sending};

	sending->pool = pool_new((size_t)relay->connections, &thread, err);
	if (!sending->pool)
		return err_context(err, "starting the senders");
	if (sd_event_add_io(sending->daemon->loop, &sending->pool_source,
			    pool_fd(sending->pool), EPOLLIN, pool_ready,
			    sending) < 0)
		return err_set(err, ERR_SYSTEM, "watching the senders");
	free(sending->relay_name);
	sending->relay_name = xstrdup(relay->name);
	return true;
}

static void pool_end(struct sending_run *sending)
{
	sending->pool_source =
	    sd_event_source_disable_unref(sending->pool_source);
	pool_free(sending->pool);
	sending->pool = NULL;
}

static void look_work(void *context)
{
	sending_look(context);
}

struct sending_run *sending_open(struct daemon *daemon, struct err *err)
{
	struct sending_run *sending = xcalloc(1, sizeof(*sending));

	sending->daemon = daemon;
	sending->letters = letters_new(daemon->db);
	sending->timer = timer_new(daemon->loop, look_work, sending);
	sending->gathered = timer_new(daemon->loop, gather, sending);
	sending->may_be_due = true;
	if (!pool_begin(sending, err)) {
		sending_close(sending);
		return NULL;
	}
	return sending;
}

void sending_close(struct sending_run *sending)
{
	if (!sending)
		return;
	pool_end(sending);
	jobs_free(&sending->claimed);
	jobs_free(&sending->finished);
	letters_free(sending->letters);
	timer_free(sending->timer);
	timer_free(sending->gathered);
	free(sending->relay_name);
	free(sending);
}

void sending_reload(struct sending_run *sending)
{
	sending->wants_reopen = true;
	turn_wake(sending->daemon->turn);
}

/* false: the relay can't be used as it is configured now */
static bool pool_is_ready(struct sending_run *sending)
{
	struct err err = {0};

	if (!sending->wants_reopen)
		return sending->pool;
	if (sending->in_flight > 0)
		return false;
	pool_end(sending);
	sending->wants_reopen = false;
	if (pool_begin(sending, &err))
		return true;
	log_error("nothing is sent until the relay's settings are mended: %s",
		  err.text);
	return false;
}

/* ----------------------------------------------------------------- the turn */

void sending_collect(struct sending_run *sending)
{
	struct send_job **end = &sending->finished;
	struct pool_job *base;

	if (!sending->pool)
		return;
	while (*end)
		end = &(*end)->next;
	while ((base = pool_take(sending->pool))) {
		struct send_job *job = (struct send_job *)base;

		if (!base->is_worked) {
			job->verdict.outcome = SMTP_LATER;
			snprintf(job->verdict.text, sizeof(job->verdict.text),
				 "not begun before the daemon stopped");
			job->began_at = job->ended_at = clock_now();
		}
		job->next = NULL;
		*end = job;
		end = &job->next;
	}
}

static bool may_claim(const struct sending_run *sending)
{
	const struct daemon *daemon = sending->daemon;

	return sending->may_be_due && !daemon->is_stopping &&
	       !daemon->is_paused && !daemon->is_held &&
	       (sending->wants_reopen
		    ? sending->in_flight == 0
		    : sending->pool && pool_idle(sending->pool) > 0);
}

bool sending_has_work(const struct sending_run *sending)
{
	return sending->finished || may_claim(sending);
}

bool sending_is_idle(const struct sending_run *sending)
{
	return sending->in_flight == 0 && !sending->finished;
}

static bool settle_one(struct sending_run *sending, const struct send_job *job,
		       int64_t now, struct err *err)
{
	static const enum outbox_outcome outcomes[] = {
	    [SMTP_ACCEPTED] = OUTBOX_ACCEPTED,
	    [SMTP_LATER] = OUTBOX_LATER,
	    [SMTP_REFUSED] = OUTBOX_REFUSED,
	    [SMTP_UNSURE] = OUTBOX_UNSURE,
	};
	const struct smtp_verdict *verdict = &job->verdict;
	const struct outbox_result result = {
	    .delivery_id = job->delivery_id,
	    .attempt = job->attempt,
	    .outcome = outcomes[verdict->outcome],
	    .began_at = job->began_at,
	    .ended_at = job->ended_at,
	    .relay = sending->relay_name,
	    .tls = verdict->tls,
	    .enhanced = verdict->enhanced,
	    .text = verdict->text,
	    .queue_id = verdict->queue_id,
	    .code = verdict->code,
	    .duration_ms = verdict->duration_ms,
	};
	const char *state;

	return outbox_settle(sending->daemon->db, sending->daemon->settings,
			     &result, now, &state, err);
}

bool sending_settle(struct sending_run *sending, int64_t now, struct err *err)
{
	for (const struct send_job *job = sending->finished; job;
	     job = job->next)
		if (!settle_one(sending, job, now, err))
			return false;
	return true;
}

/* NULL with ERR_INPUT or ERR_GONE: this mail can't be made, others can */
static struct send_job *job_make(struct sending_run *sending,
				 const struct outbox_claim *claim,
				 struct err *err)
{
	const struct daemon *daemon = sending->daemon;
	const struct link_key *key =
	    link_find_key(&daemon->keys, claim->key_id);
	struct letter_use *letter;

	if (!key) {
		err_set(err, ERR_GONE,
			"the link key %c, with which it was made before, is "
			"no longer among the keys",
			claim->key_id);
		return NULL;
	}
	letter = letters_use(sending->letters, claim->letter_id, err);
	if (!letter)
		return NULL;
	struct send_job *job = xcalloc(1, sizeof(*job));
	job->job.work = send_work;
	job->arena = arena_new();
	job->letter = letter;
	job->delivery_id = claim->delivery_id;
	job->attempt = claim->attempt;
	letter_person_make(daemon->settings, key, claim->delivery_id,
			   claim->address, claim->name, job->arena,
			   &job->person);
	job->from = letter_envelope_sender(daemon->settings, key,
					   claim->delivery_id, job->arena);
	job->to = arena_strdup(job->arena, claim->recipient);
	job->list_name = arena_strdup(job->arena, claim->list_name);
	return job;
}

/* One reason often holds many: only the first is an error to act on. */
static bool hold(struct sending_run *sending, const struct outbox_claim *claim,
		 const char *why, int64_t now, struct err *err)
{
	bool is_new = strcmp(why, sending->held_why) != 0;

	if (!outbox_hold(sending->daemon->db, claim, why, now, err))
		return false;
	if (is_new)
		log_error("held delivery=%lld list=%s: %s",
			  (long long)claim->delivery_id, claim->list_name, why);
	else
		log_info("held delivery=%lld list=%s",
			 (long long)claim->delivery_id, claim->list_name);
	snprintf(sending->held_why, sizeof(sending->held_why), "%s", why);
	return true;
}

static bool use_claim(struct sending_run *sending,
		      const struct outbox_claim *claim, int64_t now,
		      struct err *err)
{
	struct err why = {0};
	struct send_job *job = job_make(sending, claim, &why);

	if (job) {
		job->next = sending->claimed;
		sending->claimed = job;
		return true;
	}
	if (why.kind == ERR_INPUT || why.kind == ERR_GONE)
		return hold(sending, claim, why.text, now, err);
	*err = why;
	return false;
}

bool sending_claim(struct sending_run *sending, int64_t now, struct err *err)
{
	struct daemon *daemon = sending->daemon;
	const struct digest_context context = {.settings = daemon->settings,
					       .templates = daemon->templates,
					       .now = now};
	struct outbox_claim *claims;
	size_t count;
	int cancelled, postponed;
	bool good = true;

	if (!may_claim(sending) || !pool_is_ready(sending))
		return true;
	/* a finished job's sender is free once this turn has committed */
	size_t most = pool_idle(sending->pool);
	struct arena *arena = arena_new();
	good = outbox_claim(daemon->db, &context, daemon->is_live,
			    link_signer(&daemon->keys)->id, most, arena,
			    &claims, &count, &cancelled, &postponed, err);
	for (size_t i = 0; good && i < count; i++)
		good = use_claim(sending, &claims[i], now, err);
	if (good && cancelled > 0)
		log_info("cancelled deliveries=%d", cancelled);
	if (good)
		sending->may_be_due =
		    count > 0 || cancelled > 0 || postponed > 0;
	arena_free(arena);
	return good;
}

void sending_forget_claims(struct sending_run *sending)
{
	jobs_free(&sending->claimed);
	sending->may_be_due = true;
}

static void log_verdict(const struct send_job *job)
{
	const struct smtp_verdict *verdict = &job->verdict;
	const char *outcome = smtp_outcome_name(verdict->outcome);

	if (verdict->outcome == SMTP_ACCEPTED)
		log_info("accepted delivery=%lld list=%s attempt=%d code=%d",
			 (long long)job->delivery_id, job->list_name,
			 job->attempt, verdict->code);
	else
		/* the reply may quote the address: its text is in the store */
		log_warning("%s delivery=%lld list=%s attempt=%d code=%d%s%s",
			    outcome, (long long)job->delivery_id,
			    job->list_name, job->attempt, verdict->code,
			    verdict->code ? "" : " reason=",
			    verdict->code ? "" : verdict->text);
	log_debug("answered delivery=%lld text=\"%s\"",
		  (long long)job->delivery_id, verdict->text);
}

/* when the next delivery falls due, if none is now */
static void plan_next_look(struct sending_run *sending)
{
	int64_t next_at = 0, now = clock_now();
	int64_t delay_ms = LOOK_AGAIN_MS;

	if (outbox_next_due(sending->daemon->db, &next_at, NULL) && next_at) {
		int64_t wait_ms = (next_at - now) * 1000;

		if (wait_ms < delay_ms)
			delay_ms = wait_ms > 0 ? wait_ms : 1000;
	}
	timer_set(sending->timer, delay_ms);
}

void sending_act(struct sending_run *sending)
{
	for (struct send_job *job = sending->finished; job; job = job->next)
		log_verdict(job);
	for (struct send_job *job = sending->finished; job; job = job->next) {
		sending->in_flight--;
		/* what is due again falls due at a time of its own */
		if (job->verdict.outcome != SMTP_ACCEPTED)
			sending->may_be_due = true;
	}
	jobs_free(&sending->finished);
	while (sending->claimed) {
		struct send_job *job = sending->claimed;

		sending->claimed = job->next;
		job->next = NULL;
		sending->in_flight++;
		pool_give(sending->pool, &job->job);
	}
	if (!sending->may_be_due)
		plan_next_look(sending);
}

void sending_look(struct sending_run *sending)
{
	sending->may_be_due = true;
	turn_wake(sending->daemon->turn);
}

void sending_stop(struct sending_run *sending)
{
	timer_stop(sending->timer);
	sending->may_be_due = false;
}

void sending_interrupt(struct sending_run *sending)
{
	if (sending->pool)
		pool_stop(sending->pool);
	sending_collect(sending);
}
