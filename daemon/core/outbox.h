#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H

/*
 * Delivery states: due -> sending (committed before the act) -> accepted |
 * refused | due again | unsure | cancelled, and later bounced
 * (core/returned.h); operators move them too, and hold them
 * (core/outbox_operate). Every transition names the state
 * and attempt it leaves and checks that one row changed. All in the caller's
 * transaction, on the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct digest_context;
struct err;
struct settings;
struct share;

struct outbox_claim {
	int64_t delivery_id, letter_id;
	int64_t link_id;            /* the delivery whose page its link opens */
	int attempt;                /* from 1 */
	const char *address, *name; /* as planned */
	const char *recipient; /* where it goes: in rehearsal not address */
	const char *list_name, *public_id, *mode;
	char key_id;    /* of the link key that its bytes are made with */
	int64_t domain; /* share_end it when it was sent, or was not */
};

/* Why a delivery was cancelled whose address mail came back from: the duty
 * stays outstanding, and what it would have brought is new to the person again
 * once mail to them arrives (queries/digest.sql). */
#define OUTBOX_SUPPRESSED "suppressed"

/* What is taken now, and for which relay. */
struct outbox_wish {
	bool is_live;
	/* of the link key that signs now: a delivery keeps the one of its first
	 * claim, and with it its bytes */
	char key_id;
	const char *relay;
	size_t max;
	struct share *share; /* of the relay: each claim has begun in it */
	int64_t delivery_id; /* this one alone; 0: those whose turn it is */
};

struct outbox_claims {
	struct outbox_claim *list; /* in the arena */
	size_t count;
	int cancelled, postponed;
};

/* Takes deliveries that are due, as wished; on failure, which ends the
 * transaction, nothing has begun in the share. Each is checked again (invariant
 * 1, person not gone, address the same and not suppressed, mode the same); what
 * is no longer allowed is cancelled and what remains of it planned anew. In its
 * list's quiet hours it is put off until they end, with others of the list. */
bool outbox_claim(struct db *db, const struct digest_context *context,
		  const struct outbox_wish *wish, struct arena *arena,
		  struct outbox_claims *ret, struct err *err);

/* In the transaction of its claim: its mail can't be made, for the reason that
 * a person reads in the queue. It is held, and the attempt never was. */
bool outbox_hold(struct db *db, const struct outbox_claim *claim,
		 const char *why, int64_t now, struct err *err);

enum outbox_outcome {
	OUTBOX_ACCEPTED,
	OUTBOX_LATER,
	OUTBOX_REFUSED,
	OUTBOX_UNSURE,
};

/* What a later or an unsure is to be laid to. A mail on which a connection
 * breaks looks like a relay that is out of order, so only the relay's other
 * mails can tell. */
enum outbox_blame {
	OUTBOX_BLAME_MAIL,
	OUTBOX_BLAME_RELAY,      /* the connection, TLS or login failed */
	OUTBOX_BLAME_DEAD_RELAY, /* likewise, and for other mails, too */
	OUTBOX_BLAME_DAEMON,     /* it died in the middle */
};

struct outbox_result {
	int64_t delivery_id;
	int attempt;
	enum outbox_outcome outcome;
	int64_t began_at, ended_at;
	const char *relay, *tls, *enhanced, *text, *queue_id;
	int code;
	int64_t duration_ms;
	/* as claimed; NULL: not known, and looked up */
	const char *public_id, *list_name, *mode;
	bool is_of_recipient; /* a refusal was of RCPT */
	enum outbox_blame blame;
	int other_relays; /* that could take the mail now */
};

/* Records the attempt and moves the delivery on. later: due again after a
 * backoff with jitter (doubling from retry_first to retry_most), and not before
 * the time that a 4xx asked for (core/retry_hint); refused with
 * "gave up" after retry_days. For a relay's sake it is due at once and the try
 * counts for nothing: when the relay is dead, and else as often as another
 * relay can be tried instead. unsure: due again at once where the list says
 * resend, else held; also held when it was in doubt too often. A live refusal
 * of the recipient counts against the address (core/suppression.h). *ret_state
 * is the state it is in now. */
bool outbox_settle(struct db *db, const struct settings *settings,
		   const struct outbox_result *result, int64_t now,
		   const char **ret_state, struct err *err);

/* At start: what was sending when the daemon died is unsure. */
bool outbox_recover(struct db *db, int64_t now, int *ret_count,
		    struct err *err);

/* When the next delivery is due; 0: none. */
bool outbox_next_due(struct db *db, int64_t *ret_at, struct err *err);

struct outbox_counts {
	int64_t due, sending, accepted, refused, unsure, cancelled, held,
	    bounced;
	int64_t waiting; /* of due: tried before, not due yet */
	int64_t oldest_due_at, next_due_at; /* 0: none */
};
bool outbox_count(struct db *db, int64_t now, struct outbox_counts *ret,
		  struct err *err);

/* A slot that is being planned or sent. */
struct outbox_progress {
	int64_t digest_id, slot_at;
	const char *list_name;
	bool is_planning;
	int64_t planned, accepted; /* without what was cancelled */
	int64_t left, waiting;     /* due or sending; of them put off */
};
bool outbox_load_progress(struct db *db, int64_t now, struct arena *arena,
			  struct outbox_progress **ret, size_t *ret_count,
			  struct err *err);

struct outbox_item {
	int64_t delivery_id;
	const char *kind; /* "digest", or a notice's (core/notice.h) */
	const char *list_name, *state, *mode, *address, *detail;
	int attempt;
	int64_t due_at, created_at;
	int last_code;
	const char *last_text;
};
/* the state's deliveries, oldest first; state NULL: all that are not final */
bool outbox_load_items(struct db *db, const char *state, size_t max,
		       struct arena *arena, struct outbox_item **ret,
		       size_t *ret_count, struct err *err);

/* ERR_GONE: no such delivery */
bool outbox_load_item(struct db *db, int64_t delivery_id, struct arena *arena,
		      struct outbox_item *ret, struct err *err);

struct outbox_attempt {
	int number, code;
	int64_t began_at, duration_ms;
	const char *outcome, *relay, *tls, *enhanced, *text, *queue_id;
};
bool outbox_load_attempts(struct db *db, int64_t delivery_id,
			  struct arena *arena, struct outbox_attempt **ret,
			  size_t *ret_count, struct err *err);

#endif
