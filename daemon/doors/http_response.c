#include "doors/http_response.h"

#include <assert.h>
#include <ctype.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/escape.h"
#include "base/text.h"

#define NAME_MAX_SIZE 180 /* bytes of a file's name that are kept */

/* A page of ours is a form, a style sheet and a logo: nothing else may load,
 * frame it or run. Links hold tokens, so no referrer, no cache, no index. */
static const struct http_header usual_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {"X-Robots-Tag", "noindex, nofollow"},
};

static void add_header(struct MHD_Response *response, const char *name,
		       const char *value)
{
	enum MHD_Result added = MHD_add_response_header(response, name, value);

	/* It refuses CR, LF, TAB and "": a header that splits is a bug. */
	assert(added == MHD_YES);
}

static bool has_header(const struct http_reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcasecmp(reply->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool is_hash_list(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("+/=- ", *p))
			return false;
	}
	return true;
}

static void add_style_hashes(struct buf *out, const char *list)
{
	assert(is_hash_list(list));
	while (*list) {
		size_t size = strcspn(list, " ");

		if (size > 0) {
			buf_adds(out, " '");
			buf_add(out, list, size);
			buf_adds(out, "'");
		}
		list += size + (list[size] == ' ');
	}
}

static void add_policy(struct MHD_Response *response, const char *style_hash)
{
	struct buf policy;

	buf_init(&policy, 4096);
	buf_adds(&policy, "default-src 'none'; style-src 'self'");
	if (style_hash)
		add_style_hashes(&policy, style_hash);
	buf_adds(&policy, "; img-src 'self'; form-action 'self'; base-uri "
			  "'none'; frame-ancestors 'none'");
	assert(!policy.overflow);
	add_header(response, "Content-Security-Policy", policy.data);
	buf_done(&policy);
}

static bool is_name_byte(unsigned char byte)
{
	return byte >= 0x20 && byte != 0x7f && !strchr("/\\:*?\"<>|%", byte);
}

/* What a file system takes anywhere, as UTF-8. */
static void clean_name(struct buf *out, const char *name)
{
	size_t size = strlen(name);

	if (!text_is_utf8(name, size, NULL) || text_has_control(name, size))
		return;
	while (*name == '.' || *name == ' ')
		name++;
	/* The end of a long name has its suffix: cut before that. */
	const char *suffix = strrchr(name, '.');
	if (!suffix || strlen(suffix) > 16)
		suffix = name + strlen(name);
	size_t stem = text_cut(name, (size_t)(suffix - name), NAME_MAX_SIZE);
	for (size_t i = 0; i < stem; i++)
		buf_addc(out,
			 is_name_byte((unsigned char)name[i]) ? name[i] : '_');
	for (; *suffix; suffix++)
		buf_addc(out,
			 is_name_byte((unsigned char)*suffix) ? *suffix : '_');
}

char *http_disposition(const char *name)
{
	struct buf clean, out;

	buf_init(&clean, 1024);
	buf_init(&out, 4096);
	clean_name(&clean, name);
	if (clean.size == 0)
		buf_adds(&clean, "document");
	buf_adds(&out, "attachment; filename=\"");
	for (size_t i = 0; i < clean.size; i++)
		buf_addc(&out, (unsigned char)clean.data[i] < 0x80
				   ? clean.data[i]
				   : '_');
	buf_adds(&out, "\"; filename*=UTF-8''");
	escape_path(&out, clean.data, clean.size);
	buf_done(&clean);
	return buf_take(&out, NULL);
}

static struct MHD_Response *make_from_file(const struct http_file *file)
{
	struct MHD_Response *response =
	    MHD_create_response_from_fd64(file->size, file->fd);

	if (!response) {
		close(file->fd);
		return NULL;
	}
	if (file->name) {
		char *value = http_disposition(file->name);

		add_header(response, "Content-Disposition", value);
		free(value);
	}
	return response;
}

static struct MHD_Response *make_from_body(const struct http_reply *reply)
{
	/* libmicrohttpd has no const here; it copies and does not write. */
	union {
		const void *from;
		void *to;
	} body = {.from = reply->body};

	return MHD_create_response_from_buffer(reply->size, body.to,
					       MHD_RESPMEM_MUST_COPY);
}

struct MHD_Response *http_response_make(const struct http_reply *reply)
{
	struct MHD_Response *response;

	assert(reply->status >= 200 && reply->status <= 599);
	if (reply->file)
		response = make_from_file(reply->file);
	else
		response = make_from_body(reply);
	if (!response)
		return NULL;
	if (reply->content_type)
		add_header(response, "Content-Type", reply->content_type);
	add_policy(response, reply->style_hash);
	for (size_t i = 0; i < sizeof(usual_headers) / sizeof(*usual_headers);
	     i++) {
		if (!has_header(reply, usual_headers[i].name))
			add_header(response, usual_headers[i].name,
				   usual_headers[i].value);
	}
	for (size_t i = 0; i < reply->header_count; i++)
		add_header(response, reply->headers[i].name,
			   reply->headers[i].value);
	return response;
}

static const char *words_of(int status)
{
	static const struct {
		int status;
		const char *words;
	} table[] = {
	    {400, "This address or form can't be read.\n"},
	    {405, "This page can be read, and its forms sent; nothing "
		  "else.\n"},
	    {411, "A form must say its length.\n"},
	    {413, "This is longer than we take.\n"},
	    {415, "Only forms are taken here.\n"},
	    {503, "The service is busy or stopping. Nothing was recorded. "
		  "Please try again in a minute.\n"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].status == status)
			return table[i].words;
	}
	return "Something went wrong on our side.\n";
}

struct MHD_Response *http_response_plain(int status)
{
	static const struct http_header allow = {"Allow", "GET, HEAD, POST"};
	static const struct http_header retry = {"Retry-After", "60"};
	const char *words = words_of(status);
	struct http_reply reply = {
	    .status = status,
	    .content_type = "text/plain; charset=utf-8",
	    .body = words,
	    .size = strlen(words),
	};

	if (status == 405 || status == 503) {
		reply.headers = status == 405 ? &allow : &retry;
		reply.header_count = 1;
	}
	return http_response_make(&reply);
}
