#ifndef DOORS_HTTP_PRIVATE_H
#define DOORS_HTTP_PRIVATE_H

/*
 * What the http modules share, and nobody else: doors/http (the loop's side),
 * doors/http_thread (the side of libmicrohttpd), doors/http_connections,
 * doors/http_draft and doors/http_request. A request is the thread's until it
 * is handed over, the loop's until its reply, and the thread's again until it
 * left; meanwhile its connection is suspended, and libmicrohttpd leaves it
 * alone.
 */
#include <pthread.h>
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
	bool is_kept;    /* the loop has its request */
	bool is_shut;    /* by us; libmicrohttpd will close it */
	int64_t since_ms;
};

enum request_state {
	ARRIVING, /* its headers and body */
	ASKING,   /* the loop says how large its body may be */
	HANDED,   /* all of it is here: the loop's */
	REPLIED,  /* draft or response is set; libmicrohttpd may send it */
};

struct http_request {
	struct http_server *server;
	struct http_request *next, *previous; /* all that the server has */
	struct http_request *behind;          /* in a queue between the two */
	struct MHD_Connection *link;
	struct connection *connection;
	enum request_state state;
	int refusal; /* a status, 0: none */
	bool is_begun;
	bool is_large;   /* counted among the server's */
	uint64_t length; /* of its body, as it says */
	size_t large_ceiling;
	enum http_method method;
	char *path; /* and its query string, until begun */
	struct form form;
	struct buf body;
	char peer[PEER_SIZE];
	struct http_draft *draft;      /* the loop's reply */
	struct MHD_Response *response; /* made of it */
	int status;
};

/* A reply on its way from the loop to the thread, with all that it speaks of.
 * Both have an allocator of their own, and one that frees what the other made
 * holds that one up: so drafts go back and are written again. */
struct http_draft {
	struct http_draft *next;
	struct http_reply reply;
	struct http_file file;
	char *memory;
	size_t room;
};

/* first come, first out */
struct http_queue {
	struct http_request *first, **end;
};

struct http_server {
	struct http_options options;
	int port;

	pthread_mutex_t lock;
	pthread_cond_t is_done; /* what the loop waits for: quiet */
	struct http_queue arrived, returned;
	struct http_draft *used; /* drafts that go back to the loop */
	bool is_rung;            /* the thread is about to look */
	bool is_listening, is_quiet, is_closing; /* the last two as asked */
	int loop_fd; /* an eventfd that rings as long as something arrived */

	/* the loop's */
	pthread_t thread;
	bool is_running;
	size_t pending;
	struct http_draft *spare;
	size_t spare_count;

	/* the thread's: libmicrohttpd, and what it watches: its own epoll
	 * descriptor, and a bell for what came back */
	struct MHD_Daemon *daemon;
	int epoll_fd, bell_fd;
	bool is_ending;
	struct peer_net *trusted;
	struct http_request *requests;
	struct http_queue fresh; /* since it last handed over */
	struct connection *newest, *oldest;
	unsigned connection_count; /* without those that are shut */
	size_t large_count;
	int64_t swept_at_ms;
};

void http_queue_init(struct http_queue *queue);
void http_queue_add(struct http_queue *queue, struct http_request *request);
/* The first, or NULL. */
struct http_request *http_queue_take(struct http_queue *queue);
/* All of from goes behind what is in to. */
void http_queue_move(struct http_queue *from, struct http_queue *to);

/* Writes it into spare (NULL: a new one), which is the result. */
struct http_draft *http_draft_write(struct http_draft *spare,
				    const struct http_reply *reply);
void http_draft_free(struct http_draft *draft);

/* The thread: everything that libmicrohttpd does, from http_thread_start to the
 * end that the server's is_closing is. */
bool http_thread_start(struct http_server *server, int fd, struct err *err);
/* Waits for that end, and frees what is the thread's. Good for one that did not
 * start. */
void http_thread_end(struct http_server *server);
/* Rings for what came back, with the lock held. */
void http_thread_ring(struct http_server *server);

/* Its connections, in the order of their last reply, or of its being ready. */
void http_connection_open(struct http_server *server, int fd,
			  void **socket_context);
void http_connection_close(struct http_server *server,
			   struct connection *connection);
/* Its reply is ready, or left: it is the newest. */
void http_connection_renew(struct http_server *server,
			   struct connection *connection);
/* Shuts those whose request does not end. */
void http_connection_sweep(struct http_server *server);
int64_t http_now_ms(void);

/* uri is the address as the client sent it, not decoded. */
struct http_request *http_request_new(struct http_server *server,
				      struct MHD_Connection *link,
				      const char *uri);
void http_request_free(struct http_request *request);

/* The headers are here: reads method, path and peer, and sets refusal.
 * Returns 0, or the status that refuses the body before any of it is read.
 * ret_asks: the body is larger than forms are; the path's ceiling decides. */
int http_request_read_head(struct http_request *request, const char *method,
			   bool *ret_asks);

/* The path's ceiling is known: 0, or the status that refuses the body. */
int http_request_judge_large(struct http_request *request);

/* The body is here: reads the form, and sets refusal. */
void http_request_read_form(struct http_request *request);

#endif
