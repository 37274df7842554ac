#ifndef WEB_VISIT_H
#define WEB_VISIT_H

/*
 * Within the web floor: one request being answered, and what every page needs.
 * A visit lives from the handler's begin to its end, or, for a confirmation
 * that waits for its commit, again from web_answer's. Its arena goes with it.
 * Each handler ends in exactly one of visit_show, visit_tell, visit_redirect,
 * visit_send and being kept as pending.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/link.h"

struct acknowledgement_page;
struct arena;
struct briefing_document;
struct briefing_version;
struct db;
struct http_request;
struct limit;
struct message;
struct pending;
struct settings;
struct shown;
struct template_set;
struct view;
struct visit;
struct web;

/* What a page asked for and the store must hold before it is answered. record
 * is called in the roof's transaction, again when that was rolled back;
 * *ret_count: confirmations that were new. answer comes after the commit,
 * not_saved when there was none. */
struct pending_kind {
	bool (*record)(struct web *web, struct pending *pending, int64_t now,
		       int *ret_count, struct err *err);
	void (*answer)(struct visit *visit, const struct pending *pending);
	const struct message *not_saved;
};

/* a good POST that waits for its commit; in the arena of its visit, which it
 * has taken over */
struct pending {
	struct pending *next;
	struct arena *arena;
	const struct pending_kind *kind;
	struct http_request *request;
	int64_t delivery_id, since_at;
	/* why record, which looked once more, left things as they were: its
	 * words are for the person; NULL: it did what was asked */
	struct err *refused;
	int recorded; /* what its kind's record said */
	/* of a confirmation: as it was posted, and what was loaded then */
	char form[LINK_FORM_SIZE];
	const char *token;
	struct acknowledgement_page *page;
	size_t id_count;
	int64_t ids[];
};

#define WEB_ARENAS_MAX 64
struct web {
	struct db *db;
	const struct link_keys *keys;
	const struct settings *settings;
	const struct template_set *templates;
	struct pending *first, **last;
	/* of the roof's reading transaction, and NULL outside of one */
	struct shown *shown;
	/* of visits that ended, for the next ones */
	struct arena *arenas[WEB_ARENAS_MAX];
	size_t arena_count;
	struct limit *code_tries, *all_code_tries; /* wrong short codes */
	/* wrong ones for a delivery, from one network */
	struct limit *address_tries, *answer_tries;
	/* links asked for, by the mail that was passed on and by address */
	struct limit *forward_tries, *forward_addresses;
	/* wrong codes for a list's names, from one network and in all */
	struct limit *lead_tries, *all_lead_tries;
	struct err trouble;
};

struct visit {
	struct web *web;
	struct http_request *request;
	struct arena *arena;
	bool is_kept; /* by what is pending */
	int64_t now;
	/* of whose page this is, for what each of them offers; or NULL */
	const char *token;
	bool is_guest; /* who is on no list can neither leave nor pass on */
};

/* --- how a visit ends --- */

/* A page: view is of visit_view, template_key is "web/confirm.html". */
void visit_show(struct visit *visit, int status, const char *template_key,
		const struct view *view);

/* A kind page of words alone. */
struct message {
	int status;
	const char *title;
	const char *paragraphs[3];
	bool offers_code;  /* a way to the short code */
	const char *allow; /* of a 405: the methods; or NULL */
};
/* back_url may be NULL; retry_s > 0 adds Retry-After. */
void visit_tell(struct visit *visit, const struct message *message,
		const char *back_url, int64_t retry_s);

/* 303 See Other: the browser goes on with GET. */
void visit_redirect(struct visit *visit, const char *url);

/* A document of the store. A name, so that it is saved under it, but for a
 * PDF, which browsers show well and safely. */
void visit_send(struct visit *visit, const struct briefing_document *document);

/* The store failed: 503, and the roof hears of it. */
void visit_fail(struct visit *visit, const struct err *err);

/* The page that there is none here */
void visit_tell_nothing_here(struct visit *visit);

/* Keeps the visit's request as pending, with room for ids: web_record's turn.
 * The web owns what is returned. */
struct pending *visit_keep(struct visit *visit, const struct pending_kind *kind,
			   int64_t delivery_id, size_t id_count);

/* From a record, which may run again after a rollback: why it leaves things as
 * they were, or NULL, that it does not. */
void visit_refuse(struct pending *pending, const struct err *why);

/* --- making pages --- */

/* with all that every page shows */
struct view *visit_view(struct visit *visit, const char *title);

/* web.base and the path behind it, in the arena. The parts of the path must be
 * escaped: visit_segment. */
const char *visit_url(struct visit *visit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *visit_segment(struct visit *visit, const char *text);

/* Words for now and other times, in the arena */
const char *visit_time(struct visit *visit, int64_t utc);
const char *visit_day(struct visit *visit, int64_t utc);
const char *visit_deadline(struct visit *visit, int64_t due_at);

#endif
