#include "doors/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "doors/form.h"
#include "doors/http_response.h"
#include "doors/peer.h"

#define CONNECTIONS 1000
#define TIMEOUT_S 15
#define REQUEST_S 60
#define SWEEP_MS 1000          /* between looks at dawdling connections */
#define CLOSE_MS 500           /* for the last replies to leave */
#define ROUNDS 8               /* of one http_run: then the loop's turn */
#define FORWARDED_CEILING 4096 /* bytes of X-Forwarded-For that are read */

/* One client's connection: from its opening or its last reply on, a request
 * has request_s to arrive. libmicrohttpd's own timeout starts again with every
 * byte, so a client that drips would hold its place for ever. */
struct connection {
	struct connection *next, *previous;
	int fd;
	bool is_working; /* a request arrived and its reply did not leave */
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
	enum http_method method;
	char *path; /* and its query string, until begun */
	struct form query, form;
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
	struct connection *connections;
	size_t pending;
	int64_t swept_at_ms;
	int port;
	bool is_quiet; /* no longer listening */
	bool is_closing;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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

const char *http_query(const struct http_request *request, const char *name)
{
	return form_get(&request->query, name, 0);
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

/* --- a request arrives */

/* libmicrohttpd hands over the address before it reads the headers, whole and
 * as it came: its own decoding would cut it at "%00". */
static void *new_request(void *context, const char *uri,
			 struct MHD_Connection *link)
{
	struct http_server *server = context;
	struct http_request *request = xcalloc(1, sizeof(*request));
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(link, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	request->server = server;
	request->link = link;
	request->connection = info ? info->socket_context : NULL;
	request->path = xstrdup(uri);
	buf_init(&request->body, server->options.body_ceiling);
	request->next = server->requests;
	if (request->next)
		request->next->previous = request;
	server->requests = request;
	return request;
}

static void free_request(void *context, struct MHD_Connection *link,
			 void **request_context,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *server = context;
	struct http_request *request = *request_context;

	(void)link, (void)code;
	if (!request)
		return;
	*request_context = NULL;
	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		server->requests = request->next;
	if (request->state == SUSPENDED)
		server->pending--;
	if (request->connection) {
		request->connection->is_working = false;
		request->connection->since_ms = now_ms();
	}
	if (request->response)
		MHD_destroy_response(request->response);
	form_done(&request->form);
	form_done(&request->query);
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

/* Splits the query string off and decodes both. A query that does not read is
 * none: gateways add their own to links, and a link must still open. */
static bool read_path(struct http_request *request)
{
	char *question = strchr(request->path, '?');

	if (question) {
		*question = '\0';
		form_parse(&request->query, question + 1, strlen(question + 1),
			   NULL);
	}
	size_t size = form_decode(request->path, strlen(request->path), false);
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

/* What the headers say of the body; 0, or the status that refuses it before
 * any of it is read. */
static int judge_body(const struct http_request *request)
{
	const char *text = http_header(request, "Content-Length");
	long long length;

	/* Its end can't be known, and browsers never send a form so. */
	if (http_header(request, "Transfer-Encoding"))
		return 411;
	if (!text)
		return 0;
	if (!text_parse_integer(text, 0, INT64_MAX, &length))
		return 400;
	return (uint64_t)length > request->server->options.body_ceiling ? 413
									: 0;
}

static bool is_form_type(const struct http_request *request)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const char *text = http_header(request, "Content-Type");

	if (!text) /* an empty POST needs none */
		return request->body.size == 0;
	return strncasecmp(text, type, sizeof(type) - 1) == 0 &&
	       strchr("; \t", text[sizeof(type) - 1]);
}

/* The method and the headers are here, the body is not. A response queued now
 * closes the connection, which is right only for a body that is not wanted. */
static enum MHD_Result begin_request(struct http_request *request,
				     const char *method)
{
	bool is_readable = read_path(request);
	bool is_known = read_method(request, method);

	request->is_begun = true;
	read_peer(request);
	request->refusal = !is_known ? 405 : !is_readable ? 400 : 0;
	int status = judge_body(request);
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
	if (request->connection)
		request->connection->is_working = true;
	if (request->refusal == 0 && request->method == HTTP_POST) {
		if (!is_form_type(request))
			request->refusal = 415;
		else if (!form_parse(&request->form, request->body.data,
				     request->body.size, NULL))
			request->refusal = 400;
	}
	if (request->server->is_closing)
		reply_plain(request, 503);
	else if (request->refusal)
		refuse(request, request->refusal);
	else
		options->handle(request, options->context);
	if (request->state == REPLIED)
		return;
	request->state = SUSPENDED;
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

static void on_connection(void *context, struct MHD_Connection *link,
			  void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = context;
	struct connection *connection = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		    link, MHD_CONNECTION_INFO_CONNECTION_FD);

		connection = xcalloc(1, sizeof(*connection));
		connection->fd = info ? info->connect_fd : -1;
		connection->since_ms = now_ms();
		connection->next = server->connections;
		if (connection->next)
			connection->next->previous = connection;
		server->connections = connection;
		*socket_context = connection;
		return;
	}
	if (!connection)
		return;
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	*socket_context = NULL;
	free(connection);
}

/* Shuts those whose request does not end; libmicrohttpd then closes them. */
static void sweep_connections(struct http_server *server)
{
	int64_t now = now_ms();

	if (now - server->swept_at_ms < SWEEP_MS)
		return;
	server->swept_at_ms = now;
	for (struct connection *c = server->connections; c; c = c->next) {
		if (!c->is_working && c->fd >= 0 &&
		    now - c->since_ms > server->options.request_s * 1000)
			shutdown(c->fd, SHUT_RDWR);
	}
}

/* --- opening, running, closing */

static int bind_socket(const struct sockaddr *address, socklen_t size,
		       struct err *err)
{
	const int on = 1, off = 0;
	int fd = socket(address->sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		err_errno(err, ERR_SYSTEM, "making a socket");
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address, size) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	err_errno(err, ERR_SYSTEM, "listening");
	close(fd);
	return -1;
}

static int listen_ipv4(const char *text, int port, struct err *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port)};

	if (text && inet_pton(AF_INET, text, &address.sin_addr) != 1) {
		err_set(err, ERR_INPUT, "not an address");
		return -1;
	}
	return bind_socket((const struct sockaddr *)&address, sizeof(address),
			   err);
}

static int listen_ipv6(const char *text, int port, struct err *err)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6,
				       .sin6_port = htons((uint16_t)port)};

	if (text && inet_pton(AF_INET6, text, &address.sin6_addr) != 1) {
		err_set(err, ERR_INPUT, "not an address");
		return -1;
	}
	return bind_socket((const struct sockaddr *)&address, sizeof(address),
			   err);
}

static int open_listener(const struct http_options *options, struct err *err)
{
	const char *text = options->address;
	int fd;

	if (options->fd >= 0) {
		int flags = fcntl(options->fd, F_GETFL);

		if (flags < 0 ||
		    fcntl(options->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
			err_errno(err, ERR_SYSTEM, "the socket passed to us");
			return -1;
		}
		return options->fd;
	}
	if (text)
		fd = strchr(text, ':') ? listen_ipv6(text, options->port, err)
				       : listen_ipv4(text, options->port, err);
	else /* a machine without IPv6 can't make the first */
		fd = (fd = listen_ipv6(NULL, options->port, err)) >= 0
			 ? fd
			 : listen_ipv4(NULL, options->port, err);
	if (fd < 0)
		err_context(err, "web server on %s port %d", text ? text : "*",
			    options->port);
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	const void *any = &address;

	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)any)->sin6_port);
	if (address.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)any)->sin_port);
	return 0;
}

/* Paths are decoded by read_path, so that a wrong "%" is an answer of ours. */
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
	    options->connections, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)options->timeout_s, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
	    MHD_OPTION_URI_LOG_CALLBACK, new_request, server,
	    MHD_OPTION_NOTIFY_COMPLETED, free_request, server,
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
	assert(!server->requests && !server->connections);
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
	int fd = open_listener(options, err);
	if (fd < 0)
		goto out;
	/* The caller's strings were read; none is kept. */
	server->options.trusted_proxies = NULL;
	server->options.address = NULL;
	server->port = port_of(fd);
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
