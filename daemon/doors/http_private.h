#ifndef DOORS_HTTP_PRIVATE_H
#define DOORS_HTTP_PRIVATE_H

/*
 * What doors/http (the server and its connections) and doors/http_request (one
 * request from its first byte to its reply) share, and nobody else.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "doors/form.h"
#include "doors/http.h"
#include "doors/peer.h"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

/* One client's connection: from its opening or its last reply on, a request
 * has request_s to arrive. libmicrohttpd's own timeout starts again with every
 * byte, so a client that drips would hold its place for ever. */
struct connection {
	struct connection *next, *previous; /* in the order of since_ms */
	int fd;
	bool is_working; /* a request arrived and its reply did not leave */
	bool is_kept;    /* its handler keeps it, to reply later */
	bool is_shut;    /* by us; libmicrohttpd will close it */
	int64_t since_ms;
};

enum request_state {
	ARRIVING,  /* its headers and body */
	HANDLED,   /* the handler runs */
	SUSPENDED, /* the handler kept it */
	REPLIED,   /* response is set; libmicrohttpd may send it */
};

struct http_request {
	struct http_server *server;
	struct http_request *next, *previous; /* all that the server has */
	struct MHD_Connection *link;
	struct connection *connection;
	enum request_state state;
	int refusal; /* a status, 0: none */
	bool is_begun;
	bool is_large; /* counted among the server's */
	enum http_method method;
	char *path; /* and its query string, until begun */
	struct form form;
	struct buf body;
	char peer[PEER_SIZE];
	struct MHD_Response *response;
	int status;
};

struct http_server {
	struct MHD_Daemon *daemon;
	/* What the loop watches: libmicrohttpd's own epoll descriptor, and a
	 * bell for late replies. In 0.9.75 a resumed connection makes nothing
	 * readable without threads; it would wait for the next timeout. */
	int epoll_fd, bell_fd;
	bool is_rung;
	struct http_options options;
	struct peer_net *trusted;
	struct http_request *requests;
	struct connection *newest, *oldest;
	unsigned connection_count; /* without those that are shut */
	size_t pending, large_count;
	int64_t swept_at_ms;
	int port;
	bool is_quiet; /* no longer listening */
	bool is_closing;
};

/* uri is the address as the client sent it, not decoded. */
struct http_request *http_request_new(struct http_server *server,
				      struct MHD_Connection *link,
				      const char *uri);
void http_request_free(struct http_request *request);

/* The headers are here: reads method, path and peer, and sets refusal.
 * Returns 0, or the status that refuses the body before any of it is read. */
int http_request_read_head(struct http_request *request, const char *method);

/* The body is here: reads the form, and sets refusal. */
void http_request_read_form(struct http_request *request);

#endif
