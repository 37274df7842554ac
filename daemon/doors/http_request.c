#include <ctype.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "doors/http_private.h"
#include "doors/multipart.h"

#define FORWARDED_CEILING 4096 /* bytes of X-Forwarded-For that are read */

/* --- what a handler asks */

enum http_method http_method(const struct http_request *request)
{
	return request->method;
}

const char *http_path(const struct http_request *request)
{
	return request->path;
}

const char *http_form(const struct http_request *request, const char *name)
{
	return form_get(&request->form, name, 0);
}

const char *http_form_at(const struct http_request *request, const char *name,
			 size_t index)
{
	return form_get(&request->form, name, index);
}

const void *http_form_file(const struct http_request *request, const char *name,
			   size_t *ret_size)
{
	const struct form_file *file = form_get_file(&request->form, name);

	*ret_size = file ? file->size : 0;
	return file ? file->data : NULL;
}

const char *http_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->link, MHD_HEADER_KIND,
					   name);
}

const char *http_peer(const struct http_request *request)
{
	return request->peer;
}

/* --- from its first line to its reply */

struct http_request *http_request_new(struct http_server *server,
				      struct MHD_Connection *link,
				      const char *uri)
{
	struct http_request *request = xcalloc(1, sizeof(*request));
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(link, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	request->server = server;
	request->link = link;
	request->connection = info->socket_context;
	request->path = xstrdup(uri);
	buf_init(&request->body, server->options.body_ceiling);
	request->next = server->requests;
	if (request->next)
		request->next->previous = request;
	server->requests = request;
	return request;
}

void http_request_free(struct http_request *request)
{
	struct http_server *server = request->server;

	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		server->requests = request->next;
	if (request->response)
		MHD_destroy_response(request->response);
	server->large_count -= request->is_large;
	form_done(&request->form);
	buf_done(&request->body);
	free(request->path);
	free(request);
}

static bool has_dot_segment(const char *path)
{
	for (const char *segment = path; segment;
	     segment = strchr(segment, '/')) {
		segment += *segment == '/';
		size_t size = strcspn(segment, "/");

		if (size <= 2 && strncmp(segment, "..", size) == 0 && size > 0)
			return true;
	}
	return false;
}

/* Drops the query string, which nothing here has: gateways add their own to
 * links, and a link must still open. */
static bool read_path(struct http_request *request)
{
	size_t size =
	    form_decode(request->path, strcspn(request->path, "?"), false);

	request->path[size] = '\0';
	if (request->path[0] == '/' &&
	    text_is_utf8(request->path, size, NULL) &&
	    !text_has_control(request->path, size) &&
	    !strchr(request->path, '\\') && !has_dot_segment(request->path))
		return true;
	strcpy(request->path, "/");
	return false;
}

static enum MHD_Result add_forwarded(void *context, enum MHD_ValueKind kind,
				     const char *name, const char *value)
{
	struct buf *list = context;

	(void)kind;
	if (strcasecmp(name, "X-Forwarded-For") == 0 && value) {
		if (list->size > 0)
			buf_addc(list, ',');
		buf_adds(list, value);
	}
	return MHD_YES;
}

static void read_peer(struct http_request *request)
{
	const struct http_server *server = request->server;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    request->link, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct buf list;

	buf_init(&list, FORWARDED_CEILING);
	MHD_get_connection_values(request->link, MHD_HEADER_KIND, add_forwarded,
				  &list);
	/* A list cut short would end in a client's own words. */
	peer_format_client(info ? info->client_addr : NULL,
			   list.overflow ? NULL : list.data, server->trusted,
			   server->options.trusted_proxy_count, request->peer);
	buf_done(&list);
}

static bool read_method(struct http_request *request, const char *method)
{
	static const struct {
		const char *name;
		enum http_method method;
	} table[] = {
	    {"GET", HTTP_GET}, {"HEAD", HTTP_HEAD}, {"POST", HTTP_POST}};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(table[i].name, method) == 0) {
			request->method = table[i].method;
			return true;
		}
	}
	return false;
}

/* RFC 9110 5.6.2 */
static bool is_token(const char *text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(others, *text))
			return false;
	return true;
}

static bool has_control_but_tab(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') ||
		    *text == 0x7f)
			return true;
	return false;
}

/* A name that only begins as one that says where a body ends: libmicrohttpd
 * 0.9.75 takes a folded line for a part of the name before it, so that
 * "Content-Length:", CR, LF, " 35" has no length and is called so. */
static bool is_folded_length(const char *name)
{
	static const char *const lengths[] = {"Content-Length",
					      "Transfer-Encoding"};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		size_t size = strlen(lengths[i]);

		if (strncasecmp(name, lengths[i], size) == 0 && name[size])
			return true;
	}
	return false;
}

/* what the headers are found to be, all together */
struct seen {
	int lengths;
	bool is_odd;
};

static enum MHD_Result see_header(void *context, enum MHD_ValueKind kind,
				  const char *name, const char *value)
{
	struct seen *seen = context;

	(void)kind;
	seen->lengths += strcasecmp(name, "Content-Length") == 0;
	seen->is_odd |= !is_token(name) || is_folded_length(name) ||
			has_control_but_tab(value);
	return MHD_YES;
}

/* 0, or the status that refuses a body of that length */
static int judge_length(struct http_request *request, bool *ret_asks)
{
	const struct http_options *options = &request->server->options;

	if (request->length <= options->body_ceiling)
		return 0;
	if (request->refusal != 0 || request->method != HTTP_POST ||
	    !options->large_ceiling)
		return 413;
	*ret_asks = true;
	return 0;
}

int http_request_judge_large(struct http_request *request)
{
	struct http_server *server = request->server;

	if (request->length > request->large_ceiling)
		return 413;
	if (server->large_count >= HTTP_LARGE_MAX)
		return 503;
	server->large_count++;
	request->is_large = true;
	request->body.ceiling = (size_t)request->length;
	return 0;
}

/* What the headers say of the body; 0, or the status that refuses it before
 * any of it is read. Where a proxy may have read them otherwise, it would take
 * what is behind this request for another's; libmicrohttpd lets much of that
 * pass: "Content-Length : 9" is to it no length, nor is one behind a CR. */
static int judge_body(struct http_request *request, bool *ret_asks)
{
	const char *text = http_header(request, "Content-Length");
	struct seen seen = {0};
	long long length;

	MHD_get_connection_values(request->link, MHD_HEADER_KIND, see_header,
				  &seen);
	if (seen.is_odd || seen.lengths > 1)
		return 400;
	/* Its end can't be known, and browsers never send a form so. */
	if (http_header(request, "Transfer-Encoding"))
		return 411;
	if (seen.lengths == 0)
		return 0;
	if (!text || !text_parse_integer(text, 0, INT64_MAX, &length))
		return 400;
	request->length = (uint64_t)length;
	return judge_length(request, ret_asks);
}

static bool is_type(const char *text, const char *type)
{
	size_t size = strlen(type);

	return strncasecmp(text, type, size) == 0 && strchr("; \t", text[size]);
}

/* 0, or the status that refuses it */
static int read_body(struct http_request *request)
{
	const char *type = http_header(request, "Content-Type");
	const char *body = request->body.data;
	size_t size = request->body.size;
	bool good;

	if (!type) /* an empty POST needs none */
		return size == 0 ? 0 : 415;
	if (is_type(type, "application/x-www-form-urlencoded"))
		good = form_parse(&request->form, body, size, NULL);
	else if (is_type(type, "multipart/form-data"))
		good = multipart_parse(request->link, body, size,
				       &request->form, NULL);
	else
		return 415;
	return good ? 0 : 400;
}

int http_request_read_head(struct http_request *request, const char *method,
			   bool *ret_asks)
{
	bool is_readable = read_path(request);
	bool is_known = read_method(request, method);

	request->is_begun = true;
	*ret_asks = false;
	read_peer(request);
	request->refusal = !is_known ? 405 : !is_readable ? 400 : 0;
	return judge_body(request, ret_asks);
}

void http_request_read_form(struct http_request *request)
{
	if (request->refusal != 0 || request->method != HTTP_POST)
		return;
	request->refusal = read_body(request);
	/* the form has its own copy, and may be kept for a while */
	buf_done(&request->body);
}
