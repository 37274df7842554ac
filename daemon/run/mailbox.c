#include "run/mailbox.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bounce.h"
#include "core/digest.h"
#include "core/returned.h"
#include "core/settings.h"
#include "doors/imap.h"
#include "doors/mailbag.h"
#include "doors/watch.h"
#include "run/daemon.h"
#include "run/errands.h"
#include "run/keys.h"
#include "run/mailbox_tasks.h"
#include "run/sending.h"
#include "run/timer.h"
#include "run/tokens.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/json.h"

#define BUSY_MS 50
#define AGAIN_MS (10 * 1000)
#define DOORBELL_MS 200
#define IN_FLIGHT_MS 2000 /* until a delivery's verdict is known */
#define FAILURES_MAX 4    /* the wait doubles so often */
#define READING_MAX ((size_t)1024 * 1024)
#define TOLD_S 60

struct mailbox_run {
	struct daemon *daemon;
	struct errands_run *errands;
	struct timer *timer; /* looks, or goes on with the mail at hand */
	struct watch *watch; /* of a Maildir */
	sd_event_source *source;
	/* what was fetched; NULL: nothing is being worked on */
	char *bag_text;
	struct mailbag bag;
	struct mailbag_mail mail; /* at hand */
	char sha256[CRYPTO_SHA256_HEX];
	size_t mail_count;
	struct json_value *moves;
	char *reading; /* of the mail at hand, while the whole is fetched */
	/* over this mail the reader ended: once may be chance */
	char ended_over[CRYPTO_SHA256_HEX];
	bool is_working, is_at_mail, is_in_flight, can_wait;
	char *token;   /* the last that the server was given; NULL: none */
	int refusals;  /* of tokens, one after the other */
	int failures;  /* looks that failed, one after the other */
	char *problem; /* as the store has it */
	int64_t told_at;
};

static void next_mail(struct mailbox_run *mailbox);

static const struct mailbox_settings *
settings_of(const struct mailbox_run *mailbox)
{
	return &mailbox->daemon->settings->mailbox;
}

static bool is_kind(const struct mailbox_run *mailbox, const char *kind)
{
	return strcmp(settings_of(mailbox)->kind, kind) == 0;
}

/* ------------------------------------------------------- how a look ended */

static void empty_bag(struct mailbox_run *mailbox)
{
	free(mailbox->bag_text);
	free(mailbox->reading);
	json_free(mailbox->moves);
	mailbox->bag_text = NULL;
	mailbox->reading = NULL;
	mailbox->moves = NULL;
	mailbox->is_at_mail = false;
}

/* For status. What could not be written now is with the next look. */
static void tell_store(struct mailbox_run *mailbox, const char *problem)
{
	struct db *db = mailbox->daemon->db;
	int64_t now = clock_now();
	bool is_same = strcmp(problem ? problem : "",
			      mailbox->problem ? mailbox->problem : "") == 0;

	if (is_same && now >= mailbox->told_at &&
	    now < mailbox->told_at + TOLD_S)
		return;
	if (!db_begin(db, NULL) || !returned_look(db, problem, now, NULL) ||
	    !db_commit(db, NULL)) {
		db_rollback(db);
		return;
	}
	free(mailbox->problem);
	mailbox->problem = problem ? xstrdup(problem) : NULL;
	mailbox->told_at = now;
}

static void end_look(struct mailbox_run *mailbox, int64_t delay_ms)
{
	empty_bag(mailbox);
	mailbox->is_working = false;
	timer_set(mailbox->timer, delay_ms);
}

/* A login that is refused again and again may lock the account: the wait
 * doubles. */
static void look_failed(struct mailbox_run *mailbox, const char *why)
{
	if (mailbox->failures == 0)
		log_error("can't read the mailbox: %s", why);
	tell_store(mailbox, why);
	int64_t delay_ms = settings_of(mailbox)->poll_seconds * 1000;
	end_look(mailbox, delay_ms << mailbox->failures);
	if (mailbox->failures < FAILURES_MAX)
		mailbox->failures++;
}

static void look_succeeded(struct mailbox_run *mailbox)
{
	if (mailbox->failures > 0)
		log_notice("mailbox can be read again");
	mailbox->failures = mailbox->refusals = 0;
	tell_store(mailbox, NULL);
}

static void forget_token(struct mailbox_run *mailbox)
{
	if (mailbox->token)
		crypto_forget(mailbox->token, strlen(mailbox->token));
	free(mailbox->token);
	mailbox->token = NULL;
}

static bool is_login_refused(const char *why)
{
	size_t size = strlen(why), end = strlen(IMAP_LOGIN_REFUSED);

	return size >= end && strcmp(why + size - end, IMAP_LOGIN_REFUSED) == 0;
}

/* A token may end before its time: another is fetched, and is heard of by
 * token_changed. Only when that is refused, too, something is wrong. */
static void errand_failed(struct mailbox_run *mailbox, const char *why)
{
	bool is_token = mailbox->token && is_login_refused(why);

	if (is_token && mailbox->refusals++ == 0)
		end_look(mailbox, settings_of(mailbox)->poll_seconds * 1000);
	else
		look_failed(mailbox, why);
	if (is_token)
		tokens_refuse(mailbox->daemon->tokens, mailbox->token);
	forget_token(mailbox);
}

/* --------------------------------------------------------------- errands */

static bool wants_token(const struct mailbox_run *mailbox)
{
	return is_kind(mailbox, "imap") &&
	       strcmp(settings_of(mailbox)->auth, "xoauth2") == 0;
}

static bool load_secret(struct mailbox_run *mailbox, char **ret,
			struct err *err)
{
	*ret = NULL;
	if (!is_kind(mailbox, "imap"))
		return true;
	if (wants_token(mailbox)) {
		const char *token = tokens_get(mailbox->daemon->tokens);

		if (!token)
			return err_set(err, ERR_GONE,
				       "there is no access token");
		forget_token(mailbox);
		mailbox->token = xstrdup(token);
		*ret = xstrdup(token);
		return true;
	}
	return keys_load_mailbox_password(mailbox->daemon->settings, ret, err);
}

/* moves is taken */
static bool give(struct mailbox_run *mailbox, const char *task,
		 struct json_value *moves, size_t ceiling, errands_done *done,
		 struct err *err)
{
	char *secret;

	if (!load_secret(mailbox, &secret, err)) {
		json_free(moves);
		return false;
	}
	char *order = mailbox_order(settings_of(mailbox), secret, moves);
	errands_give(mailbox->errands, task, order, strlen(order), ceiling,
		     done, mailbox);
	keys_forget_password(order);
	keys_forget_password(secret);
	return true;
}

/* --------------------------------------------------- wait, when all is done */

static void waited(void *context, const struct errands_answer *answer)
{
	struct mailbox_run *mailbox = context;

	if (!answer->is_good)
		errand_failed(mailbox, answer->text);
	else
		end_look(mailbox, 0);
}

static void wait_for_mail(struct mailbox_run *mailbox)
{
	struct err err = {0};

	if (!mailbox->can_wait) {
		end_look(mailbox, settings_of(mailbox)->poll_seconds * 1000);
		return;
	}
	empty_bag(mailbox);
	if (!give(mailbox, "imap-wait", NULL, 64, waited, &err))
		look_failed(mailbox, err.text);
}

/* ------------------------------------------------------------------- move */

static void moved(void *context, const struct errands_answer *answer)
{
	struct mailbox_run *mailbox = context;

	if (!answer->is_good) {
		errand_failed(mailbox, answer->text);
		return;
	}
	look_succeeded(mailbox);
	end_look(mailbox, 0); /* what came meanwhile */
}

static void bag_is_empty(struct mailbox_run *mailbox)
{
	const char *task =
	    is_kind(mailbox, "imap") ? "imap-move" : "maildir-move";
	struct json_value *moves = mailbox->moves;
	struct err err = {0};

	mailbox->moves = NULL;
	if (json_count(moves) > 0) {
		if (!give(mailbox, task, moves, 64, moved, &err))
			look_failed(mailbox, err.text);
		return;
	}
	json_free(moves);
	look_succeeded(mailbox);
	if (mailbox->is_in_flight)
		end_look(mailbox, IN_FLIGHT_MS);
	else
		wait_for_mail(mailbox);
}

/* ----------------------------------------------------------------- record */

static void mail_is_done(struct mailbox_run *mailbox,
			 const struct returned_outcome *outcome)
{
	if (outcome->is_recorded)
		json_list_put(mailbox->moves,
			      mailbox_move(mailbox->mail.place,
					   outcome->is_understood
					       ? MAILBOX_DONE
					       : MAILBOX_NOT_UNDERSTOOD));
	else
		mailbox->is_in_flight = true;
	mailbox->is_at_mail = false;
	next_mail(mailbox);
}

static void log_outcome(const struct returned_outcome *outcome)
{
	if (!outcome->is_recorded)
		return;
	const char *answer = reply_word(outcome->answer);
	if (outcome->is_understood)
		log_info("came back kind=%s%s%s%s%s delivery=%lld%s",
			 bounce_kind_name(outcome->kind),
			 outcome->kind == BOUNCE_RETURNED ? " class=" : "",
			 outcome->kind == BOUNCE_RETURNED
			     ? bounce_class_name(outcome->cls)
			     : "",
			 *answer ? " answer=" : "", answer,
			 (long long)outcome->delivery_id,
			 outcome->is_suppressed ? " suppressed" : "");
	else
		log_warning("came back and waits for a person kind=%s "
			    "returned=%lld",
			    bounce_kind_name(outcome->kind),
			    (long long)outcome->returned_id);
}

/* whole: of a reply; NULL: it can't be had */
static bool record(struct mailbox_run *mailbox, const struct bounce_mail *read,
		   const struct mailbag_mail *whole,
		   struct returned_outcome *ret, struct err *err)
{
	const struct daemon *daemon = mailbox->daemon;
	const struct digest_context context = {.settings = daemon->settings,
					       .templates = daemon->templates,
					       .now = clock_now()};
	const struct returned_mail mail = {
	    .sha256 = mailbox->sha256,
	    .place = mailbox->mail.place,
	    .read = read,
	    .bytes = whole ? whole->data : NULL,
	    .size = whole ? whole->size : 0,
	};

	if (!db_begin(daemon->db, err))
		return false;
	if (returned_record(daemon->db, &context, &daemon->keys, &mail, ret,
			    err) &&
	    db_commit(daemon->db, err))
		return true;
	db_rollback(daemon->db);
	return false;
}

static void record_or_retry(struct mailbox_run *mailbox,
			    const struct bounce_mail *read,
			    const struct mailbag_mail *whole)
{
	struct returned_outcome outcome = {0};
	struct err err = {0};

	if (record(mailbox, read, whole, &outcome, &err)) {
		log_outcome(&outcome);
		mail_is_done(mailbox, &outcome);
		sending_look(mailbox->daemon->sending);
		return;
	}
	if (err.kind != ERR_BUSY)
		log_error("%s", err.text);
	/* the mail at hand is read again then */
	timer_set(mailbox->timer, err.kind == ERR_BUSY ? BUSY_MS : AGAIN_MS);
}

/* ------------------------------------------------------------- understand */

/* A mail that ends its reader twice is hostile, or beyond us: for a person. */
static void reader_ended(struct mailbox_run *mailbox, const char *why)
{
	struct bounce_reading reading = {.kind = BOUNCE_UNKNOWN};
	struct bounce_mail read = {.readings = &reading, .count = 1};

	if (strcmp(mailbox->ended_over, mailbox->sha256) != 0) {
		log_warning("a mail that came back could not be read, once "
			    "more: %s",
			    why);
		strcpy(mailbox->ended_over, mailbox->sha256);
		timer_set(mailbox->timer, AGAIN_MS);
		return;
	}
	record_or_retry(mailbox, &read, NULL);
}

/* A reply is passed on whole, or not at all. */
static bool is_cut(const struct mailbag_mail *mail, size_t max)
{
	return mail->size >= max;
}

static void whole_came(void *context, const struct errands_answer *answer)
{
	struct mailbox_run *mailbox = context;
	struct mailbag bag = {answer->text, answer->size};
	struct mailbag_mail whole;
	struct bounce_mail read;
	struct err err = {0};
	bool can_wait;

	if (!answer->is_good) {
		errand_failed(mailbox, answer->text);
		return;
	}
	struct arena *arena = arena_new();
	char *reading = mailbox->reading;
	mailbox->reading = NULL;
	bool is_whole = mailbag_begin(&bag, &can_wait) &&
			mailbag_take(&bag, &whole) &&
			!is_cut(&whole, MAILBOX_WHOLE_MAX);
	if (bounce_parse(reading, strlen(reading), arena, &read, &err))
		record_or_retry(mailbox, &read, is_whole ? &whole : NULL);
	else
		reader_ended(mailbox, err.text);
	free(reading);
	arena_free(arena);
}

static void fetch_whole(struct mailbox_run *mailbox, const char *reading)
{
	struct json_value *places = json_list_new();
	struct err err = {0};

	free(mailbox->reading);
	mailbox->reading = xstrdup(reading);
	json_list_put(places, mailbox_move(mailbox->mail.place, ""));
	if (!give(mailbox,
		  is_kind(mailbox, "imap") ? "imap-fetch-whole"
					   : "maildir-fetch-whole",
		  places, MAILBOX_WHOLE_BAG_MAX, whole_came, &err))
		look_failed(mailbox, err.text);
}

static void was_read(void *context, const struct errands_answer *answer)
{
	struct mailbox_run *mailbox = context;
	struct arena *arena = arena_new();
	struct bounce_mail read;
	struct err err = {0};

	if (!answer->is_good)
		reader_ended(mailbox, answer->text);
	else if (!bounce_parse(answer->text, answer->size, arena, &read, &err))
		reader_ended(mailbox, err.text);
	else if (read.readings->kind == BOUNCE_REPLY &&
		 is_cut(&mailbox->mail, BOUNCE_MAIL_MAX))
		fetch_whole(mailbox, answer->text);
	else
		record_or_retry(mailbox, &read, &mailbox->mail);
	arena_free(arena);
}

/* Known by its bytes: recorded before, and not moved then. */
static bool is_known(struct mailbox_run *mailbox,
		     struct returned_outcome *ret_outcome)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	struct err err = {0};

	crypto_sha256(mailbox->mail.data, mailbox->mail.size, hash);
	crypto_hex(hash, sizeof(hash), mailbox->sha256);
	return returned_find(mailbox->daemon->db, mailbox->sha256, ret_outcome,
			     &err) &&
	       ret_outcome->is_recorded;
}

static void next_mail(struct mailbox_run *mailbox)
{
	struct returned_outcome outcome = {0};

	if (!mailbox->is_at_mail &&
	    !mailbag_take(&mailbox->bag, &mailbox->mail)) {
		bag_is_empty(mailbox);
		return;
	}
	mailbox->is_at_mail = true;
	if (is_known(mailbox, &outcome))
		mail_is_done(mailbox, &outcome);
	else
		errands_give(mailbox->errands, "read-mail", mailbox->mail.data,
			     mailbox->mail.size, READING_MAX, was_read,
			     mailbox);
}

/* ------------------------------------------------------------------ fetch */

static void fetched(void *context, const struct errands_answer *answer)
{
	struct mailbox_run *mailbox = context;

	if (!answer->is_good) {
		errand_failed(mailbox, answer->text);
		return;
	}
	mailbox->bag_text = xmalloc(answer->size + 1);
	memcpy(mailbox->bag_text, answer->text, answer->size);
	mailbox->bag = (struct mailbag){mailbox->bag_text, answer->size};
	mailbox->moves = json_list_new();
	mailbox->is_in_flight = false;
	if (mailbag_begin(&mailbox->bag, &mailbox->can_wait))
		next_mail(mailbox);
	else
		look_failed(mailbox, "what the errand brought is no mail");
}

static void look(struct mailbox_run *mailbox)
{
	struct err err = {0};

	/* one that is on its way comes by token_changed */
	if (is_kind(mailbox, "none") ||
	    (wants_token(mailbox) && !tokens_get(mailbox->daemon->tokens)))
		return;
	mailbox->is_working = true;
	if (mailbox->watch)
		watch_drain(mailbox->watch);
	if (!give(mailbox,
		  is_kind(mailbox, "imap") ? "imap-fetch" : "maildir-fetch",
		  NULL, MAILBOX_BAG_MAX, fetched, &err))
		look_failed(mailbox, err.text);
}

static void work(void *context)
{
	struct mailbox_run *mailbox = context;

	if (mailbox->daemon->is_stopping)
		return;
	if (mailbox->is_at_mail)
		next_mail(mailbox);
	else if (!mailbox->is_working)
		look(mailbox);
}

/* ------------------------------------------------------------- open, close */

static int rang(sd_event_source *source, int fd, uint32_t events,
		void *userdata)
{
	struct mailbox_run *mailbox = userdata;

	(void)source;
	(void)fd;
	(void)events;
	if (watch_drain(mailbox->watch) && !mailbox->is_working)
		timer_set_sooner(mailbox->timer, DOORBELL_MS);
	return 0;
}

static void token_changed(void *context)
{
	struct mailbox_run *mailbox = context;

	if (!mailbox->is_working)
		timer_set_sooner(mailbox->timer, 0);
}

/* A Maildir that is not there yet is looked for by the timer, too. */
static bool watch_maildir(struct mailbox_run *mailbox, struct err *err)
{
	struct err absent = {0};

	sd_event_source_disable_unref(mailbox->source);
	mailbox->source = NULL;
	watch_close(mailbox->watch);
	mailbox->watch = NULL;
	if (!is_kind(mailbox, "maildir"))
		return true;
	mailbox->watch = watch_open(err);
	if (!mailbox->watch)
		return false;
	watch_folder(mailbox->watch, settings_of(mailbox)->path, &absent);
	return sd_event_add_io(mailbox->daemon->loop, &mailbox->source,
			       watch_fd(mailbox->watch), EPOLLIN, rang,
			       mailbox) >= 0 ||
	       err_set(err, ERR_SYSTEM, "watching the mailbox");
}

struct mailbox_run *mailbox_open(struct daemon *daemon,
				 struct errands_run *errands, struct err *err)
{
	struct mailbox_run *mailbox = xcalloc(1, sizeof(*mailbox));

	mailbox->daemon = daemon;
	mailbox->errands = errands;
	mailbox->timer = timer_new(daemon->loop, work, mailbox);
	tokens_listen(daemon->tokens, token_changed, mailbox);
	if (!watch_maildir(mailbox, err)) {
		mailbox_close(mailbox);
		return NULL;
	}
	timer_set(mailbox->timer, 0);
	return mailbox;
}

void mailbox_close(struct mailbox_run *mailbox)
{
	if (!mailbox)
		return;
	sd_event_source_disable_unref(mailbox->source);
	watch_close(mailbox->watch);
	timer_free(mailbox->timer);
	forget_token(mailbox);
	empty_bag(mailbox);
	free(mailbox->problem);
	free(mailbox);
}

void mailbox_look(struct mailbox_run *mailbox)
{
	struct err err = {0};

	if (!watch_maildir(mailbox, &err))
		log_error("%s", err.text);
	mailbox->failures = mailbox->refusals = 0;
	if (!mailbox->is_working)
		timer_set(mailbox->timer, 0);
}
