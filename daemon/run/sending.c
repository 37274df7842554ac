#include "run/sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/digest.h"
#include "core/letter.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/relay.h"
#include "core/settings.h"
#include "core/share.h"
#include "doors/pool.h"
#include "doors/smtp.h"
#include "run/daemon.h"
#include "run/letters.h"
#include "run/relays.h"
#include "run/timer.h"
#include "run/tokens.h"
#include "run/turn.h"
#include "tools/crypto.h"
#include "tools/db.h"

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
	const char *from, *to, *list_name, *public_id, *mode;
	char *bearer; /* NULL: none */
	int64_t delivery_id, domain;
	int attempt;
	struct relay_run *relay;
	bool is_probe;
	struct smtp_verdict verdict;
	int64_t began_at, ended_at;
};

struct sending_run {
	struct daemon *daemon;
	struct relays_run
	    *relays;            /* NULL: they can't be used as they are set */
	struct timer *timer;    /* the next mail that falls due */
	struct timer *gathered; /* verdicts have waited long enough */
	struct letters *letters;
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
	if (job->bearer)
		crypto_forget(job->bearer, strlen(job->bearer));
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

/* ------------------------------------------------------- in the senders'
 * thread
 */

static bool send_begin(struct send_job *job, struct sender *sender)
{
	struct err err = {0};

	job->began_at = clock_now();
	buf_clear(&sender->mail);
	if (!letter_assemble(letter_use_get(job->letter), &job->person,
			     &sender->mail, &err)) {
		job->verdict.outcome = SMTP_REFUSED;
		snprintf(job->verdict.text, sizeof(job->verdict.text), "%.255s",
			 err.text);
		return false;
	}
	sender->offer = (struct smtp_mail){.from = job->from,
					   .to = job->to,
					   .bearer = job->bearer,
					   .data = sender->mail.data,
					   .size = sender->mail.size};
	smtp_begin(sender->session, &sender->offer, &job->verdict);
	return true;
}

static enum pool_next send_work(struct pool_job *base, void *context,
				struct pool_wait *ret_wait)
{
	struct send_job *job = (struct send_job *)base;
	struct sender *sender = context;
	struct smtp_wait wait;
	enum smtp_next next = SMTP_DONE;

	if (job->began_at > 0 || send_begin(job, sender))
		next = smtp_step(sender->session, &wait);
	switch (next) {
	case SMTP_WAITS:
		*ret_wait = (struct pool_wait){wait.fd, wait.until_ms};
		return POOL_WAITS;
	case SMTP_CONNECTS:
		return POOL_BLOCKS;
	case SMTP_DONE:
		break;
	}
	job->ended_at = clock_now();
	return POOL_DONE;
}

static void send_connect(struct pool_job *base, void *context)
{
	struct sender *sender = context;

	(void)base;
	smtp_connect(sender->session);
}

/* ------------------------------------------------------------------ opening
 */

static void gather(void *context)
{
	struct sending_run *sending = context;

	sending_collect(sending);
	turn_wake(sending->daemon->turn);
}

static void relay_ready(struct relay_run *relay, void *context)
{
	struct sending_run *sending = context;
	size_t half = (relay->in_flight + 1) / 2;

	/* the other half goes on sending while this one is made durable */
	if (half > 0 && pool_await(relay->pool, half) < half)
		timer_set_sooner(sending->gathered, GATHER_MS);
	else
		gather(sending);
}

static void look_work(void *context)
{
	sending_look(context);
}

/* for whoever asks how the relays stand, before anything was sent */
static bool list_relays(struct sending_run *sending, struct err *err)
{
	struct db *db = sending->daemon->db;

	if (!db_begin(db, err))
		return false;
	if (relays_record(sending->relays, clock_now(), err) &&
	    db_commit(db, err)) {
		relays_recorded(sending->relays);
		return true;
	}
	db_rollback(db);
	return false;
}

struct sending_run *sending_open(struct daemon *daemon, struct err *err)
{
	struct sending_run *sending = xcalloc(1, sizeof(*sending));

	sending->daemon = daemon;
	sending->letters = letters_new(daemon->db);
	sending->timer = timer_new(daemon->loop, look_work, sending);
	sending->gathered = timer_new(daemon->loop, gather, sending);
	sending->may_be_due = true;
	tokens_listen(daemon->tokens, look_work, sending);
	sending->relays = relays_open(daemon, NULL, relay_ready, sending, err);
	if (!sending->relays || !list_relays(sending, err)) {
		sending_close(sending);
		return NULL;
	}
	return sending;
}

void sending_close(struct sending_run *sending)
{
	if (!sending)
		return;
	relays_close(sending->relays);
	jobs_free(&sending->claimed);
	jobs_free(&sending->finished);
	letters_free(sending->letters);
	timer_free(sending->timer);
	timer_free(sending->gathered);
	free(sending);
}

void sending_reload(struct sending_run *sending)
{
	sending->wants_reopen = true;
	sending->may_be_due = true;
	turn_wake(sending->daemon->turn);
}

/* false: the relays can't be used as they are configured now */
static bool relays_are_ready(struct sending_run *sending)
{
	struct err err = {0};

	if (!sending->wants_reopen)
		return sending->relays;
	if (sending->in_flight > 0)
		return false;
	struct relays_run *before = sending->relays;
	sending->wants_reopen = false;
	sending->relays =
	    relays_open(sending->daemon, before, relay_ready, sending, &err);
	relays_close(before);
	if (sending->relays)
		return true;
	log_error("nothing is sent until the relays' settings are mended: %s",
		  err.text);
	return false;
}

/* ----------------------------------------------------------------- the turn */

void sending_collect(struct sending_run *sending)
{
	struct send_job **end = &sending->finished;
	struct relay_run *relay;
	struct pool_job *base;

	if (!sending->relays)
		return;
	while (*end)
		end = &(*end)->next;
	while ((base = relays_take(sending->relays, &relay))) {
		struct send_job *job = (struct send_job *)base;

		if (!base->is_worked) {
			job->verdict.outcome = SMTP_LATER;
			snprintf(job->verdict.text, sizeof(job->verdict.text),
				 "not begun before the daemon stopped");
			job->began_at = job->ended_at = clock_now();
		}
		relays_end(relay, job->is_probe, job->bearer, &job->verdict);
		share_end(relay->share, job->domain);
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
		    : sending->relays && relays_have_room(sending->relays));
}

bool sending_has_work(const struct sending_run *sending)
{
	return sending->finished || may_claim(sending);
}

bool sending_is_idle(const struct sending_run *sending)
{
	return sending->in_flight == 0 && !sending->finished;
}

static enum outbox_blame blame_of(const struct send_job *job)
{
	if (!job->verdict.is_relay_trouble)
		return OUTBOX_BLAME_MAIL;
	/* a token was refused: none begins there before another one came */
	if (job->bearer && job->verdict.is_login_refused)
		return OUTBOX_BLAME_DEAD_RELAY;
	return relay_is_broken(job->relay->state) ? OUTBOX_BLAME_DEAD_RELAY
						  : OUTBOX_BLAME_RELAY;
}

/* how many relays there are for it besides, if one can be had now */
static int others_of(const struct sending_run *sending,
		     const struct send_job *job)
{
	return relays_choose_other(sending->relays, job->relay)
		   ? (int)sending->relays->count - 1
		   : 0;
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
	    .relay = job->relay->name,
	    .tls = verdict->tls,
	    .enhanced = verdict->enhanced,
	    .text = verdict->text,
	    .queue_id = verdict->queue_id,
	    .code = verdict->code,
	    .duration_ms = verdict->duration_ms,
	    .public_id = job->public_id,
	    .list_name = job->list_name,
	    .mode = job->mode,
	    .is_of_recipient = verdict->is_of_recipient,
	    .blame = blame_of(job),
	    .other_relays = others_of(sending, job),
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
	job->job.block = send_connect;
	job->arena = arena_new();
	job->letter = letter;
	job->delivery_id = claim->delivery_id;
	job->domain = claim->domain;
	job->attempt = claim->attempt;
	letter_person_make(daemon->settings, key, claim->delivery_id,
			   claim->address, claim->name, job->arena,
			   &job->person);
	if (claim->link_id != claim->delivery_id)
		letter_person_link(daemon->settings, key, claim->link_id,
				   job->arena, &job->person);
	job->to = arena_strdup(job->arena, claim->recipient);
	job->list_name = arena_strdup(job->arena, claim->list_name);
	job->public_id = arena_strdup(job->arena, claim->public_id);
	job->mode = arena_strdup(job->arena, claim->mode);
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

/* The bytes of a mail are the same whichever relay takes it. */
static const char *envelope_of(const struct sending_run *sending,
			       const struct relay_run *relay,
			       const struct outbox_claim *claim,
			       struct send_job *job)
{
	const struct daemon *daemon = sending->daemon;

	if (relay->is_plain)
		return arena_strdup(job->arena, daemon->settings->mail_bounce);
	return letter_envelope_sender(
	    daemon->settings, link_find_key(&daemon->keys, claim->key_id),
	    claim->delivery_id, job->arena);
}

static bool use_claim(struct sending_run *sending, struct relay_run *relay,
		      const struct outbox_claim *claim, int64_t now,
		      struct err *err)
{
	struct err why = {0};
	struct send_job *job = job_make(sending, claim, &why);

	if (job) {
		job->relay = relay;
		job->from = envelope_of(sending, relay, claim, job);
		const char *bearer = relays_bearer(relay);
		if (bearer)
			job->bearer = arena_strdup(job->arena, bearer);
		job->is_probe = relays_begin(relay);
		job->next = sending->claimed;
		sending->claimed = job;
		return true;
	}
	share_end(relay->share, claim->domain);
	if (why.kind == ERR_INPUT || why.kind == ERR_GONE)
		return hold(sending, claim, why.text, now, err);
	*err = why;
	return false;
}

/* Claims for one relay; delivery_id 0: the oldest. *ret_any: something was due,
 * whatever became of it. */
static bool claim_for(struct sending_run *sending, struct relay_run *relay,
		      int64_t delivery_id, size_t max, int64_t now,
		      bool *ret_any, struct err *err)
{
	struct daemon *daemon = sending->daemon;
	const struct digest_context context = {.settings = daemon->settings,
					       .templates = daemon->templates,
					       .now = now};
	const struct outbox_wish wish = {.is_live = daemon->is_live,
					 .key_id =
					     link_signer(&daemon->keys)->id,
					 .relay = relay->name,
					 .max = max,
					 .share = relay->share,
					 .delivery_id = delivery_id};
	struct arena *arena = arena_new();
	struct outbox_claims claims;
	bool good =
	    outbox_claim(daemon->db, &context, &wish, arena, &claims, err);

	for (size_t i = 0; good && i < claims.count; i++) {
		good = use_claim(sending, relay, &claims.list[i], now, err);
		for (size_t j = i + 1; !good && j < claims.count; j++)
			share_end(relay->share, claims.list[j].domain);
	}
	if (good && claims.cancelled > 0)
		log_info("cancelled deliveries=%d", claims.cancelled);
	*ret_any = good && (claims.count > 0 || claims.cancelled > 0 ||
			    claims.postponed > 0);
	arena_free(arena);
	return good;
}

/* What a relay has just failed to take goes to the next one at once. */
static bool claim_again(struct sending_run *sending, int64_t now,
			struct err *err)
{
	bool any;

	for (const struct send_job *job = sending->finished; job;
	     job = job->next) {
		struct relay_run *relay;

		if (!job->verdict.is_relay_trouble)
			continue;
		relay = relays_choose_other(sending->relays, job->relay);
		if (relay && relays_room(relay) > 0 &&
		    !claim_for(sending, relay, job->delivery_id, 1, now, &any,
			       err))
			return false;
	}
	return true;
}

static bool claim_all(struct sending_run *sending, int64_t now, struct err *err)
{
	struct relay_run *relay;
	bool any = true;

	if (!claim_again(sending, now, err))
		return false;
	while (any && (relay = relays_find_probe(sending->relays)))
		if (!claim_for(sending, relay, 0, 1, now, &any, err))
			return false;
	relay = relays_choose(sending->relays);
	/* a finished job's sender is free once this turn has committed */
	if (any && relay && relays_room(relay) > 0 &&
	    !claim_for(sending, relay, 0, relays_room(relay), now, &any, err))
		return false;
	sending->may_be_due = any;
	return true;
}

bool sending_claim(struct sending_run *sending, int64_t now, struct err *err)
{
	if (may_claim(sending) && relays_are_ready(sending) &&
	    !claim_all(sending, now, err))
		return false;
	return !sending->relays || relays_record(sending->relays, now, err);
}

void sending_forget_claims(struct sending_run *sending)
{
	for (struct send_job *job = sending->claimed; job; job = job->next) {
		relays_undo(job->relay, job->is_probe);
		share_end(job->relay->share, job->domain);
	}
	jobs_free(&sending->claimed);
	sending->may_be_due = true;
}

static void log_verdict(const struct send_job *job)
{
	const struct smtp_verdict *verdict = &job->verdict;
	const char *outcome = smtp_outcome_name(verdict->outcome);

	if (verdict->outcome == SMTP_ACCEPTED)
		log_info("accepted delivery=%lld list=%s attempt=%d relay=%s "
			 "code=%d",
			 (long long)job->delivery_id, job->list_name,
			 job->attempt, job->relay->name, verdict->code);
	else
		/* the reply may quote the address: its text is in the store */
		log_warning("%s delivery=%lld list=%s attempt=%d relay=%s "
			    "code=%d%s%s",
			    outcome, (long long)job->delivery_id,
			    job->list_name, job->attempt, job->relay->name,
			    verdict->code, verdict->code ? "" : " reason=",
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

/* A relay that is out of order, or has had enough for now, is looked at again
 * when it may take a mail. */
static void wait_for_room(struct sending_run *sending)
{
	int64_t wait_ms;

	if (!sending->relays || sending->wants_reopen ||
	    relays_have_room(sending->relays))
		return;
	wait_ms = relays_wait_ms(sending->relays);
	if (wait_ms < LOOK_AGAIN_MS)
		timer_set_sooner(sending->timer, wait_ms);
	else
		timer_set_sooner(sending->timer, LOOK_AGAIN_MS);
}

void sending_act(struct sending_run *sending)
{
	for (struct send_job *job = sending->finished; job; job = job->next)
		log_verdict(job);
	for (struct send_job *job = sending->finished; job; job = job->next) {
		sending->in_flight--;
		relays_settled(job->relay);
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
		relays_give(job->relay, &job->job);
	}
	if (sending->relays)
		relays_recorded(sending->relays);
	if (sending->may_be_due)
		wait_for_room(sending);
	else
		plan_next_look(sending);
}

void sending_look(struct sending_run *sending)
{
	sending->may_be_due = true;
	wait_for_room(sending);
	turn_wake(sending->daemon->turn);
}

void sending_stop(struct sending_run *sending)
{
	timer_stop(sending->timer);
	sending->may_be_due = false;
}

void sending_interrupt(struct sending_run *sending)
{
	if (sending->relays)
		relays_stop(sending->relays);
	sending_collect(sending);
}
