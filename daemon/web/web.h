#ifndef WEB_WEB_H
#define WEB_WEB_H

/*
 * The pages that professionals meet, over core and through doors/http. GET and
 * HEAD only read. A good confirmation, or leaving a list, is kept, its request
 * unanswered, until the roof's turn has recorded and committed it (invariant
 * 4):
 *
 *	web_handle(request, web, now)      from the HTTP door's handler
 *	if (web_has_pending(web))          then, in one transaction:
 *		web_record(web, now, err)
 *	web_answer(web, true, now)         after the commit; false: 503
 *
 * Loop thread. Borrows the store, the keys, the settings and the templates.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct http_request;
struct link_keys;
struct settings;
struct template_set;
struct web;

struct web *web_new(struct db *db, const struct link_keys *keys,
		    const struct settings *settings,
		    const struct template_set *templates);
void web_free(struct web *web); /* after http_close; accepts NULL */

/* After a reload: the old ones may go when this returns. */
void web_configure(struct web *web, const struct settings *settings,
		   const struct template_set *templates);

/* Between the two the caller holds one reading transaction: what many pages
 * show is read once for all. Pages work without, too. */
void web_begin_pages(struct web *web);
void web_end_pages(struct web *web);

/* Answers, or keeps the request as pending. */
void web_handle(struct http_request *request, struct web *web, int64_t now);

/* How many bytes a form with a file may have there: doors/http.h. */
size_t web_large_ceiling(struct web *web, const char *path, int64_t now);

bool web_has_pending(const struct web *web);

/* Records all that is pending, in the caller's transaction. May be called
 * again when that was rolled back. *ret_count: confirmations that were new. */
bool web_record(struct web *web, int64_t now, int *ret_count, struct err *err);

/* committed: each pending request gets its page with what is recorded.
 * Otherwise 503 and a kind page that asks to press again. */
void web_answer(struct web *web, bool committed, int64_t now);

/* Pending requests that wait since before now - 10 s get 503; true if any
 * is left. */
bool web_expire(struct web *web, int64_t now);

/* What went wrong since it was last asked, for the log; false: nothing did. */
bool web_take_trouble(struct web *web, struct err *ret);

#endif
