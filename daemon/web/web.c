#include "web/web.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "assets.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/settings.h"
#include "core/shown.h"
#include "doors/http.h"
#include "web/code.h"
#include "web/evidence.h"
#include "web/forward.h"
#include "web/lead.h"
#include "web/leave.h"
#include "web/library.h"
#include "web/limit.h"
#include "web/personal.h"
#include "web/privacy.h"
#include "web/visit.h"

#define PENDING_SECONDS 10
#define STYLE_CEILING (256 * 1024)

struct web *web_new(struct db *db, const struct link_keys *keys,
		    const struct settings *settings,
		    const struct template_set *templates)
{
	struct web *web = xcalloc(1, sizeof(*web));

	web->db = db;
	web->keys = keys;
	web->settings = settings;
	web->templates = templates;
	web->last = &web->first;
	/* a network may hold a whole agency, with its share of slips */
	web->code_tries = limit_new(4096, 20, 60);
	web->all_code_tries =
	    limit_new(1, CODE_TRIES_PER_HOUR, 3600 / CODE_TRIES_PER_HOUR);
	web->address_tries = limit_new(4096, 5, 300);
	web->answer_tries = limit_new(4096, 5, 300);
	web->forward_tries = limit_new(4096, 20, 600);
	web->forward_addresses = limit_new(4096, 3, 3600);
	web->lead_tries = limit_new(4096, 5, 300);
	web->all_lead_tries = limit_new(4096, 30, 120);
	return web;
}

static void free_pending(struct pending *pending)
{
	free(pending->refused);
	arena_free(pending->arena);
}

void web_free(struct web *web)
{
	if (!web)
		return;
	while (web->first) {
		struct pending *pending = web->first;
		web->first = pending->next;
		free_pending(pending);
	}
	while (web->arena_count > 0)
		arena_free(web->arenas[--web->arena_count]);
	limit_free(web->code_tries);
	limit_free(web->all_code_tries);
	limit_free(web->address_tries);
	limit_free(web->answer_tries);
	limit_free(web->forward_tries);
	limit_free(web->forward_addresses);
	limit_free(web->lead_tries);
	limit_free(web->all_lead_tries);
	free(web);
}

void web_configure(struct web *web, const struct settings *settings,
		   const struct template_set *templates)
{
	web->settings = settings;
	web->templates = templates;
}

bool web_take_trouble(struct web *web, struct err *ret)
{
	if (web->trouble.kind == ERR_NONE)
		return false;
	*ret = web->trouble;
	err_clear(&web->trouble);
	return true;
}

void web_begin_pages(struct web *web)
{
	assert(!web->shown);
	web->shown = shown_new();
}

void web_end_pages(struct web *web)
{
	shown_free(web->shown);
	web->shown = NULL;
}

/* --- which page --- */

static void handle_health(struct visit *visit, const char *rest)
{
	(void)rest;
	http_reply(visit->request,
		   &(struct http_reply){
		       .status = 200,
		       .content_type = "text/plain; charset=utf-8",
		       .body = "ok",
		       .size = 2,
		   });
}

static void reply_style(struct visit *visit, const char *data, size_t size)
{
	static const struct http_header cache = {"Cache-Control",
						 "public, max-age=3600"};

	http_reply(visit->request,
		   &(struct http_reply){
		       .status = 200,
		       .content_type = "text/css; charset=utf-8",
		       .body = data,
		       .size = size,
		       .headers = &cache,
		       .header_count = 1,
		   });
}

/* The administrator's, beside their templates, or else ours. */
static void handle_style(struct visit *visit, const char *rest)
{
	const char *path = arena_printf(visit->arena, "%s/web/style.css",
					visit->web->settings->templates_folder);
	char *data;
	size_t size;

	(void)rest;
	if (file_read(path, STYLE_CEILING, &data, &size, NULL)) {
		reply_style(visit, data, size);
		free(data);
		return;
	}
	for (const struct assets_file *file = assets_files; file->key; file++)
		if (strcmp(file->key, "web/style.css") == 0) {
			reply_style(visit, file->data, file->size);
			return;
		}
	visit_tell_nothing_here(visit);
}

static void handle_code(struct visit *visit, const char *rest)
{
	(void)rest;
	code_handle(visit);
}

static const struct route {
	const char *name; /* the path's first part */
	bool is_exact;    /* nothing may stand behind it */
	bool takes_post;
	void (*handle)(struct visit *visit, const char *rest);
} routes[] = {
    {"a", false, true, personal_handle},
    {"b", false, false, library_handle},
    {"c", true, true, handle_code},
    {"evidence", false, false, evidence_handle},
    {"l", false, true, lead_handle},
    {"u", false, true, leave_handle},
    {"f", false, true, forward_handle},
    {"privacy", true, false, privacy_handle},
    {"style.css", true, false, handle_style},
    {"healthz", true, false, handle_health},
};

/* In any case: what makes capitals of a token makes them of /a/ as well. */
static const struct route *find_route(const char *path, const char **ret_rest)
{
	size_t size = strcspn(path + 1, "/");
	const char *rest = path + 1 + size;

	if (*rest)
		rest++;
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		const struct route *route = &routes[i];
		if (strlen(route->name) != size ||
		    strncasecmp(path + 1, route->name, size) != 0 ||
		    (route->is_exact && *rest))
			continue;
		*ret_rest = rest;
		return route;
	}
	return NULL;
}

static void tell_no_post(struct visit *visit)
{
	static const struct message message = {
	    .status = 405,
	    .title = "Nothing can be sent to this page",
	    .paragraphs = {"Nothing was recorded."},
	    .allow = "GET, HEAD",
	};

	visit_tell(visit, &message, NULL, 0);
}

static struct arena *take_arena(struct web *web)
{
	return web->arena_count > 0 ? web->arenas[--web->arena_count]
				    : arena_new();
}

static void give_arena(struct web *web, struct arena *arena)
{
	if (web->arena_count == WEB_ARENAS_MAX) {
		arena_free(arena);
		return;
	}
	arena_clear(arena);
	web->arenas[web->arena_count++] = arena;
}

void web_handle(struct http_request *request, struct web *web, int64_t now)
{
	struct visit visit = {
	    .web = web,
	    .request = request,
	    .arena = take_arena(web),
	    .now = now,
	};
	const char *rest;
	const struct route *route = find_route(http_path(request), &rest);

	if (!route)
		visit_tell_nothing_here(&visit);
	else if (http_method(request) == HTTP_POST && !route->takes_post)
		tell_no_post(&visit);
	else
		route->handle(&visit, rest);
	if (!visit.is_kept)
		give_arena(web, visit.arena);
}

size_t web_large_ceiling(struct web *web, const char *path, int64_t now)
{
	const char *rest;
	const struct route *route = find_route(path, &rest);

	return route && route->handle == lead_handle
		   ? lead_large_ceiling(web, rest, now)
		   : 0;
}

/* --- what waits for its commit --- */

bool web_has_pending(const struct web *web)
{
	return web->first;
}

bool web_record(struct web *web, int64_t now, int *ret_count, struct err *err)
{
	int total = 0;

	for (struct pending *pending = web->first; pending;
	     pending = pending->next) {
		if (!pending->kind->record(web, pending, now,
					   &pending->recorded, err))
			return false;
		total += pending->recorded;
	}
	*ret_count = total;
	return true;
}

static void answer(struct web *web, struct pending *pending, bool committed,
		   int64_t now)
{
	struct visit visit = {
	    .web = web,
	    .request = pending->request,
	    .arena = pending->arena,
	    .now = now,
	};

	if (committed)
		pending->kind->answer(&visit, pending);
	else
		visit_tell(&visit, pending->kind->not_saved, NULL, 60);
	free(pending->refused);
	give_arena(web, visit.arena);
}

void web_answer(struct web *web, bool committed, int64_t now)
{
	struct pending *pending = web->first;

	web->first = NULL;
	web->last = &web->first;
	while (pending) {
		struct pending *next = pending->next;
		answer(web, pending, committed, now);
		pending = next;
	}
}

bool web_expire(struct web *web, int64_t now)
{
	/* the oldest stand in front */
	while (web->first && web->first->since_at < now - PENDING_SECONDS) {
		struct pending *pending = web->first;
		web->first = pending->next;
		if (!web->first)
			web->last = &web->first;
		answer(web, pending, false, now);
	}
	return web->first;
}
