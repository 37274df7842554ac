#include "doors/http.h"

#include <assert.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "doors/http_private.h"
#include "doors/http_response.h"
#include "doors/listener.h"

#define CONNECTIONS 1000
#define CONNECTIONS_SPARE 64 /* that are shut, until they are closed */
#define TIMEOUT_S 15
#define REQUEST_S 60
#define SWEEP_MS 1000 /* between looks at dawdling connections */
#define CLOSE_MS 500  /* for the last replies to leave */
#define ROUNDS 8      /* of one http_run: then the loop's turn */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the order of connections */

static void put_in_front(struct http_server *server,
			 struct connection *connection)
{
	connection->since_ms = now_ms();
	connection->previous = NULL;
	connection->next = server->newest;
	if (connection->next)
		connection->next->previous = connection;
	else
		server->oldest = connection;
	server->newest = connection;
}

static void take_out(struct http_server *server, struct connection *connection)
{
	if (connection->next)
		connection->next->previous = connection->previous;
	else
		server->oldest = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->newest = connection->next;
}

/* --- a request arrives */

/* libmicrohttpd hands over the address before it reads the headers, whole and
 * as it came: its own decoding would cut it at "%00". */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *link)
{
	return http_request_new(context, link, uri);
}

static void on_completed(void *context, struct MHD_Connection *link,
			 void **request_context,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *server = context;
	struct http_request *request = *request_context;

	(void)link, (void)code;
	if (!request)
		return;
	*request_context = NULL;
	if (request->state == SUSPENDED)
		server->pending--;
	request->connection->is_working = false;
	request->connection->is_kept = false;
	take_out(server, request->connection);
	put_in_front(server, request->connection);
	http_request_free(request);
}

/* A response queued in libmicrohttpd's first call closes the connection, which
 * is right only for a body that is not wanted. */
static enum MHD_Result begin_request(struct http_request *request,
				     const char *method)
{
	int status = http_request_read_head(request, method);

	if (status == 0)
		return MHD_YES;
	struct MHD_Response *response = http_response_plain(status);
	enum MHD_Result queued =
	    MHD_queue_response(request->link, (unsigned)status, response);
	MHD_destroy_response(response);
	request->state = REPLIED;
	return queued;
}

static void reply_plain(struct http_request *request, int status)
{
	request->response = http_response_plain(status);
	request->status = status;
	request->state = REPLIED;
}

static void refuse(struct http_request *request, int status)
{
	const struct http_options *options = &request->server->options;

	if (!options->refuse) {
		reply_plain(request, status);
		return;
	}
	options->refuse(request, status, options->context);
	assert(request->state == REPLIED);
}

/* All of it is here: the handler's turn. */
static void handle_request(struct http_request *request)
{
	const struct http_options *options = &request->server->options;

	request->state = HANDLED;
	request->connection->is_working = true;
	http_request_read_form(request);
	if (request->server->is_closing)
		reply_plain(request, 503);
	else if (request->refusal)
		refuse(request, request->refusal);
	else
		options->handle(request, options->context);
	if (request->state == REPLIED)
		return;
	request->state = SUSPENDED;
	request->connection->is_kept = true;
	request->server->pending++;
	MHD_suspend_connection(request->link);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *link,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *size, void **request_context)
{
	struct http_request *request = *request_context;

	(void)context, (void)url, (void)version;
	if (!request->is_begun)
		return begin_request(request, method);
	if (*size > 0) {
		buf_add(&request->body, data, *size);
		*size = 0;
		return request->body.overflow ? MHD_NO : MHD_YES;
	}
	if (request->state == ARRIVING)
		handle_request(request);
	if (request->state == SUSPENDED)
		return MHD_YES;
	return MHD_queue_response(link, (unsigned)request->status,
				  request->response);
}

static void resume(struct http_request *request)
{
	struct http_server *server = request->server;

	server->pending--;
	request->connection->is_kept = false;
	MHD_resume_connection(request->link);
	if (!server->is_rung)
		eventfd_write(server->bell_fd, 1);
	server->is_rung = true;
}

void http_reply(struct http_request *request, const struct http_reply *reply)
{
	bool is_late = request->state == SUSPENDED;

	assert(request->state == HANDLED || is_late);
	request->response = http_response_make(reply);
	request->status = reply->status;
	request->state = REPLIED;
	if (!request->response) /* a file's descriptor that is no good */
		reply_plain(request, 500);
	if (is_late)
		resume(request);
}

/* --- connections */

static void open_connection(struct http_server *server, int fd,
			    void **socket_context)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));

	connection->fd = fd;
	put_in_front(server, connection);
	server->connection_count++;
	*socket_context = connection;
}

static void close_connection(struct http_server *server,
			     struct connection *connection)
{
	take_out(server, connection);
	server->connection_count -= !connection->is_shut;
	free(connection);
}

/* libmicrohttpd closes it in its next round. */
static void shut(struct http_server *server, struct connection *connection)
{
	connection->is_shut = true;
	server->connection_count--;
	shutdown(connection->fd, SHUT_RDWR);
}

/* When there are more than there may be, the one goes that has had its place
 * for longest since its last reply, whether it is silent, drips its request or
 * drips its reply: whoever holds places keeps nobody out who asks at once. One
 * that waits for its commit is answered. */
static void make_room(struct http_server *server)
{
	struct connection *c = server->oldest;

	if (server->connection_count <= server->options.connections)
		return;
	while (c && (c->is_shut || c->is_kept))
		c = c->previous;
	if (c)
		shut(server, c);
}

static void on_connection(void *context, struct MHD_Connection *link,
			  void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		    link, MHD_CONNECTION_INFO_CONNECTION_FD);

		open_connection(server, info->connect_fd, socket_context);
		make_room(server);
		return;
	}
	close_connection(server, *socket_context);
	*socket_context = NULL;
}

/* Shuts those whose request does not end. */
static void sweep_connections(struct http_server *server)
{
	int64_t now = now_ms();

	if (now - server->swept_at_ms < SWEEP_MS)
		return;
	server->swept_at_ms = now;
	for (struct connection *c = server->oldest;
	     c && now - c->since_ms > server->options.request_s * 1000;
	     c = c->previous) {
		if (!c->is_working && !c->is_shut)
			shut(server, c);
	}
}

/* --- opening, running, closing */

/* Paths are decoded by http_request, so that a wrong "%" is an answer of ours.
 */
static size_t leave_escaped(void *context, struct MHD_Connection *link,
			    char *text)
{
	(void)context, (void)link;
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
	const struct http_options *options = &server->options;

	return MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
	    server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
	    options->connections + CONNECTIONS_SPARE,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->timeout_s,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
	    leave_escaped, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
	    MHD_OPTION_END);
}

static bool watch_fd(struct http_server *server, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return fd >= 0 &&
	       epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool set_bell(struct http_server *server)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return info && server->epoll_fd >= 0 &&
	       watch_fd(server, server->bell_fd) &&
	       watch_fd(server, info->epoll_fd);
}

static bool parse_trusted(struct http_server *server, struct err *err)
{
	const struct http_options *options = &server->options;

	server->trusted =
	    xcalloc(options->trusted_proxy_count, sizeof(*server->trusted));
	for (size_t i = 0; i < options->trusted_proxy_count; i++) {
		if (!peer_parse_net(options->trusted_proxies[i],
				    &server->trusted[i], err))
			return false;
	}
	return true;
}

static void set_defaults(struct http_options *options)
{
	if (options->body_ceiling == 0)
		options->body_ceiling = HTTP_BODY_CEILING;
	if (options->timeout_s == 0)
		options->timeout_s = TIMEOUT_S;
	if (options->request_s == 0)
		options->request_s = REQUEST_S;
	if (options->connections == 0)
		options->connections = CONNECTIONS;
}

static void free_server(struct http_server *server)
{
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	assert(!server->requests && !server->newest);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	if (server->bell_fd >= 0)
		close(server->bell_fd);
	free(server->trusted);
	free(server);
}

struct http_server *http_open(const struct http_options *options,
			      struct err *err)
{
	struct http_server *server = xcalloc(1, sizeof(*server));

	assert(options->handle);
	server->epoll_fd = server->bell_fd = -1;
	server->options = *options;
	set_defaults(&server->options);
	if (!parse_trusted(server, err))
		goto out;
	int fd = options->fd;
	if (fd < 0)
		fd = listener_open(options->address, options->port, err);
	if (fd < 0)
		goto out;
	/* The caller's strings were read; none is kept. */
	server->options.trusted_proxies = NULL;
	server->options.address = NULL;
	server->port = listener_port(fd);
	server->daemon = start_daemon(server, fd);
	if (server->daemon && set_bell(server))
		return server;
	err_set(err, ERR_SYSTEM, "starting the web server");
	if (!server->daemon)
		close(fd);
out:
	free_server(server);
	return NULL;
}

void http_quiesce(struct http_server *server)
{
	if (server->is_quiet)
		return;
	server->is_quiet = true;
	int fd = MHD_quiesce_daemon(server->daemon);
	if (fd >= 0)
		close(fd);
}

static void reply_to_all_pending(struct http_server *server)
{
	for (struct http_request *r = server->requests; r; r = r->next) {
		if (r->state != SUSPENDED)
			continue;
		reply_plain(r, 503);
		resume(r);
	}
}

static bool has_replies_leaving(const struct http_server *server)
{
	for (const struct http_request *r = server->requests; r; r = r->next) {
		if (r->state == REPLIED)
			return true;
	}
	return false;
}

void http_close(struct http_server *server)
{
	if (!server)
		return;
	int64_t end = now_ms() + CLOSE_MS;
	struct pollfd wait = {.fd = http_fd(server), .events = POLLIN};
	server->is_closing = true;
	http_quiesce(server);
	/* libmicrohttpd ends the process if one is left suspended. */
	reply_to_all_pending(server);
	do {
		http_run(server);
		if (!has_replies_leaving(server))
			break;
		poll(&wait, 1, 20);
	} while (now_ms() < end);
	free_server(server);
}

int http_fd(const struct http_server *server)
{
	return server->epoll_fd;
}

int http_port(const struct http_server *server)
{
	return server->port;
}

/* The sockets are watched edge-triggered: what a round left unread rings no
 * more, it only makes the timeout 0. */
void http_run(struct http_server *server)
{
	int rounds = 0;
	eventfd_t rings;

	if (server->is_rung)
		eventfd_read(server->bell_fd, &rings);
	server->is_rung = false;
	sweep_connections(server);
	do {
		MHD_run(server->daemon);
	} while (http_timeout_ms(server) == 0 && ++rounds < ROUNDS);
}

int http_timeout_ms(const struct http_server *server)
{
	unsigned long long timeout;

	if (MHD_get_timeout(server->daemon, &timeout) != MHD_YES)
		return -1;
	return timeout > 60000 ? 60000 : (int)timeout;
}

size_t http_pending(const struct http_server *server)
{
	return server->pending;
}
