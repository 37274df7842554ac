#ifndef DOORS_HTTP_H
#define DOORS_HTTP_H

/*
 * The web server: GET, HEAD and POST of forms (urlencoded, or multipart with
 * files). A thread of its own reads requests and sends replies, so that neither
 * waits for a commit, nor the loop for either; every verb here is for the
 * loop's thread, and handlers run in http_run. A handler may reply at once or
 * keep the request and reply later (after the commit). The server owns
 *requests; one is gone as soon as http_reply returns, and all are gone after
 *http_close.
 *
 *	server = http_open(&(struct http_options){.address = "::1",
 *		.port = 8080, .fd = -1, .handle = page, .context = web}, err);
 *	... http_fd(server) is readable ...
 *	http_run(server);
 *
 *	static void page(struct http_request *request, void *context)
 *	{
 *		http_reply(request, &(struct http_reply){.status = 200,
 *			.content_type = "text/html; charset=utf-8",
 *			.body = html, .size = strlen(html)});
 *	}
 *
 * Referrer-Policy no-referrer makes browsers post with "Origin: null". Every
 * reply of ours carries the security headers (http_response.c lists them). The
 * few that libmicrohttpd makes itself for what is no HTTP at all carry none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http_server;
struct http_request;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST };

#define HTTP_BODY_CEILING (64 * 1024) /* bytes of a form, when not chosen */
#define HTTP_LARGE_MAX 4 /* larger forms that may arrive at the same time */
#define HTTP_FIELDS_MAX 200
#define HTTP_ADDRESS_SIZE 64

struct http_options {
	const char *address; /* numeric; NULL: every address, IPv6 and IPv4 */
	int port;            /* 0: any free one, see http_port */
	int fd;              /* a listening socket passed by systemd, or -1; */
			     /* the server owns it */
	/* whose X-Forwarded-For is believed: "10.1.2.3", "fd00::/8" */
	const char *const *trusted_proxies;
	size_t trusted_proxy_count;
	size_t body_ceiling; /* 0: HTTP_BODY_CEILING */
	/* How many bytes a larger form to that path may have; asked, in
	 * http_run, before any of it is read, and never more than
	 * HTTP_LARGE_MAX at once. NULL: none may be larger. */
	size_t (*large_ceiling)(const char *path, void *context);
	int timeout_s;        /* without progress; 0: 15 */
	int request_s;        /* for a whole request to arrive; 0: 60 */
	unsigned connections; /* 0: 1000; one more shuts the longest idle */
	/* Replies now, or keeps the request to reply later. */
	void (*handle)(struct http_request *request, void *context);
	/* Replies at once, with that status, to what can't be handled: 400 (its
	 * path is then "/"), 405, 415. NULL: a plain sentence does it. */
	void (*refuse)(struct http_request *request, int status, void *context);
	void *context;
};

struct http_header {
	const char *name, *value;
};

/* A file instead of a body. The reply owns fd and closes it, also on failure.
 */
struct http_file {
	int fd;
	uint64_t size;    /* bytes from its start */
	const char *name; /* shown for saving, any UTF-8; NULL: shown inline */
};

struct http_reply {
	int status;
	const char *content_type; /* NULL only without a body */
	const void *body;         /* copied */
	size_t size;
	const struct http_file *file; /* or NULL */
	/* "sha256-..." (base64) of the one <style> that the page embeds; NULL:
	 * only style sheets of our own origin. Several: one space between. */
	const char *style_hash;
	/* such as Location; a value with a control character is a bug. A
	 * Cache-Control here takes the place of no-store. */
	const struct http_header *headers;
	size_t header_count;
};

struct http_server *http_open(const struct http_options *options,
			      struct err *err);

/* Answers what is pending with 503, gives the replies half a second to leave,
 * and closes everything. Accepts NULL. */
void http_close(struct http_server *server);

/* Stops listening (for a restart that hands over) and serves what is open. When
 * it returns, nothing is listened to any more. */
void http_quiesce(struct http_server *server);

int http_fd(const struct http_server *server);   /* readable: call http_run */
int http_port(const struct http_server *server); /* that it listens on */
void http_run(struct http_server *server); /* all that arrived; never blocks */
size_t http_pending(const struct http_server *server); /* kept by handlers */

enum http_method http_method(const struct http_request *request);

/* Decoded: starts with "/", is UTF-8 without control characters, backslash, or
 * segments "." and ".."; anything else was answered 400 before the handler. The
 * query string is dropped: gateways add their own to links. */
const char *http_path(const struct http_request *request);

/* The first value of that field of the posted form, NULL when there is none (or
 * it is no POST). UTF-8 without NUL; line ends are as posted (CRLF). */
const char *http_form(const struct http_request *request, const char *name);
/* The index-th value (from 0) of a repeated field, NULL past the last. */
const char *http_form_at(const struct http_request *request, const char *name,
			 size_t index);

/* The file of that field of a multipart form, NULL when none came with it. What
 * it is, only its bytes tell. They are the request's. */
const void *http_form_file(const struct http_request *request, const char *name,
			   size_t *ret_size);

/* The first header of that name (in any case), or NULL. */
const char *http_header(const struct http_request *request, const char *name);

/* The client's numeric address, through the trusted proxies; "" behind a UNIX
 * socket whose proxy does not say. */
const char *http_peer(const struct http_request *request);

/* Answers the request, in the handler or later; the request is gone. */
void http_reply(struct http_request *request, const struct http_reply *reply);

#endif
