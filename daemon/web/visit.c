#include "web/visit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/briefing.h"
#include "core/settings.h"
#include "core/words.h"
#include "doors/http.h"
#include "tools/template.h"
#include "tools/view.h"

#define PAGE_CEILING (4 * 1024 * 1024)
#define HTML "text/html; charset=utf-8"

/* Only the first trouble is kept until the roof takes it: what follows is
 * mostly the same. */
static void note_trouble(struct web *web, const struct err *err)
{
	if (web->trouble.kind == ERR_NONE)
		web->trouble = *err;
}

/* when even the templates can't be used */
static void reply_plain(struct visit *visit)
{
	static const char text[] = "This page can't be shown at the moment. "
				   "Nothing was recorded. Please try again.\n";

	http_reply(visit->request,
		   &(struct http_reply){
		       .status = 503,
		       .content_type = "text/plain; charset=utf-8",
		       .body = text,
		       .size = sizeof(text) - 1,
		   });
}

static void show(struct visit *visit, int status, const char *template_key,
		 const struct view *view, const struct http_header *headers,
		 size_t header_count)
{
	struct buf out;
	struct err err = {0};

	buf_init(&out, PAGE_CEILING);
	if (template_set_render(visit->web->templates, template_key, view, &out,
				&err)) {
		http_reply(visit->request, &(struct http_reply){
					       .status = status,
					       .content_type = HTML,
					       .body = out.data,
					       .size = out.size,
					       .headers = headers,
					       .header_count = header_count,
					   });
	} else {
		note_trouble(visit->web, &err);
		reply_plain(visit);
	}
	buf_done(&out);
}

void visit_show(struct visit *visit, int status, const char *template_key,
		const struct view *view)
{
	show(visit, status, template_key, view, NULL, 0);
}

void visit_tell(struct visit *visit, const struct message *message,
		const char *back_url, int64_t retry_s)
{
	struct view *view = visit_view(visit, message->title);
	char seconds[24];
	struct http_header headers[2];
	size_t count = 0;

	snprintf(seconds, sizeof(seconds), "%lld", (long long)retry_s);
	if (retry_s > 0)
		headers[count++] = (struct http_header){"Retry-After", seconds};
	if (message->allow)
		headers[count++] =
		    (struct http_header){"Allow", message->allow};
	for (size_t i = 0; i < 3 && message->paragraphs[i]; i++)
		view_text(view_item(view, "paragraphs"), "text",
			  message->paragraphs[i]);
	if (message->offers_code)
		view_text(view, "code_url", visit_url(visit, "/c"));
	view_text(view, "back_url", back_url);
	show(visit, message->status, "web/message.html", view, headers, count);
}

void visit_redirect(struct visit *visit, const char *url)
{
	const struct http_header location = {"Location", url};

	http_reply(visit->request, &(struct http_reply){
				       .status = 303,
				       .headers = &location,
				       .header_count = 1,
				   });
}

static int open_document(struct visit *visit,
			 const struct briefing_document *document,
			 uint64_t *ret_size, struct err *err)
{
	const char *path =
	    arena_printf(visit->arena, "%s/documents/%s",
			 visit->web->settings->state_folder, document->sha256);
	struct stat status;
	int fd = file_open(AT_FDCWD, path, err);

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0) {
		err_errno(err, ERR_SYSTEM, "%s", path);
		close(fd);
		return -1;
	}
	*ret_size = (uint64_t)status.st_size;
	return fd;
}

void visit_send(struct visit *visit, const struct briefing_document *document)
{
	bool is_pdf = strcmp(document->type, "application/pdf") == 0;
	struct http_file file = {.name = is_pdf ? NULL : document->file};
	struct err err = {0};

	file.fd = open_document(visit, document, &file.size, &err);
	if (file.fd < 0) {
		err_context(&err, "a document can't be sent");
		visit_fail(visit, &err);
		return;
	}
	http_reply(visit->request, &(struct http_reply){
				       .status = 200,
				       .content_type = document->type,
				       .file = &file,
				   });
}

void visit_fail(struct visit *visit, const struct err *err)
{
	static const struct message message = {
	    .status = 503,
	    .title = "This page can't be shown at the moment",
	    .paragraphs = {"The fault is ours, and nothing was recorded. "
			   "Please try again in a few minutes: the link goes "
			   "on working."},
	};

	note_trouble(visit->web, err);
	visit_tell(visit, &message, NULL, 60);
}

void visit_tell_nothing_here(struct visit *visit)
{
	static const struct message message = {
	    .status = 404,
	    .title = "There is no page here",
	    .paragraphs = {"Please use the link in the mail that you were "
			   "sent. If it does not work, the short code at the "
			   "end of the mail opens your page."},
	    .offers_code = true,
	};

	visit_tell(visit, &message, NULL, 0);
}

struct pending *visit_keep(struct visit *visit, const struct pending_kind *kind,
			   int64_t delivery_id, size_t id_count)
{
	struct pending *pending = arena_alloc(
	    visit->arena, sizeof(*pending) + id_count * sizeof(*pending->ids));

	pending->arena = visit->arena;
	visit->is_kept = true;
	pending->kind = kind;
	pending->request = visit->request;
	pending->delivery_id = delivery_id;
	pending->since_at = visit->now;
	pending->id_count = id_count;
	*visit->web->last = pending;
	visit->web->last = &pending->next;
	return pending;
}

void visit_refuse(struct pending *pending, const struct err *why)
{
	free(pending->refused);
	pending->refused = NULL;
	if (!why)
		return;
	pending->refused = xcalloc(1, sizeof(*pending->refused));
	*pending->refused = *why;
}

struct view *visit_view(struct visit *visit, const char *title)
{
	const struct settings *settings = visit->web->settings;
	struct view *view = view_new(visit->arena);

	view_text(view, "lang", "en-GB");
	view_text(view, "title", title);
	view_text(view, "board_name", settings->board_name);
	view_text(view, "colour", settings->board_colour);
	view_text(view, "base", settings->web_base);
	view_text(view, "contact", settings->board_help);
	view_text(view, "privacy_url", visit_url(visit, "/privacy"));
	if (visit->token && !visit->is_guest) {
		view_text(view, "leave_url",
			  visit_url(visit, "/u/%s", visit->token));
		view_text(view, "forward_url",
			  visit_url(visit, "/f/%s", visit->token));
	}
	return view;
}

const char *visit_url(struct visit *visit, const char *format, ...)
{
	char path[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return arena_printf(visit->arena, "%s%s",
			    visit->web->settings->web_base, path);
}

const char *visit_segment(struct visit *visit, const char *text)
{
	struct buf out;

	buf_init(&out, 1024);
	escape_path(&out, text, strlen(text));
	char *copy = arena_strdup(visit->arena, out.data);
	buf_done(&out);
	return copy;
}

const char *visit_time(struct visit *visit, int64_t utc)
{
	char text[WORDS_SIZE];

	words_time(visit->web->settings->zone, utc, text);
	return arena_strdup(visit->arena, text);
}

const char *visit_day(struct visit *visit, int64_t utc)
{
	char text[WORDS_SIZE];

	words_day(visit->web->settings->zone, utc, text);
	return arena_strdup(visit->arena, text);
}

const char *visit_deadline(struct visit *visit, int64_t due_at)
{
	char text[WORDS_SIZE];

	words_deadline(visit->web->settings->zone, due_at, text);
	return arena_strdup(visit->arena, text);
}
