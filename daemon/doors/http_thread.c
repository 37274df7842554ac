#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "doors/http_private.h"
#include "doors/http_response.h"

#define CONNECTIONS_SPARE 64 /* that are shut, until they are closed */
#define WAIT_MS 60000
#define CLOSE_MS 500     /* for the last replies to leave */
#define CLOSE_WAIT_MS 20 /* between two looks whether they did */

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
	struct http_request *request = *request_context;

	(void)link, (void)code;
	if (!request)
		return;
	/* suspended, it can't end */
	assert(!request->connection->is_kept);
	*request_context = NULL;
	request->connection->is_working = false;
	http_connection_renew(context, request->connection);
	http_request_free(request);
}

/* to the loop, at the end of this round */
static void hand_over(struct http_request *request, enum request_state state)
{
	request->state = state;
	request->connection->is_kept = true;
	MHD_suspend_connection(request->link);
	http_queue_add(&request->server->fresh, request);
}

/* A response queued in libmicrohttpd's first call closes the connection, which
 * is right only for a body that is not wanted. */
static enum MHD_Result refuse_body(struct http_request *request, int status)
{
	struct MHD_Response *response = http_response_plain(status);
	enum MHD_Result queued =
	    MHD_queue_response(request->link, (unsigned)status, response);

	MHD_destroy_response(response);
	request->state = REPLIED;
	return queued;
}

static enum MHD_Result begin_request(struct http_request *request,
				     const char *method)
{
	bool asks;
	int status = http_request_read_head(request, method, &asks);

	if (status != 0)
		return refuse_body(request, status);
	if (asks)
		hand_over(request, ASKING);
	return MHD_YES;
}

/* libmicrohttpd's first call once more, for the first one was suspended. */
static enum MHD_Result go_on(struct http_request *request)
{
	int status = request->server->is_ending
			 ? 503
			 : http_request_judge_large(request);

	request->state = ARRIVING;
	return status == 0 ? MHD_YES : refuse_body(request, status);
}

static void reply_plain(struct http_request *request, int status)
{
	request->response = http_response_plain(status);
	request->status = status;
	request->state = REPLIED;
}

/* All of it is here. */
static void end_request(struct http_request *request)
{
	request->connection->is_working = true;
	http_request_read_form(request);
	if (request->server->is_ending)
		reply_plain(request, 503);
	else if (request->refusal && !request->server->options.refuse)
		reply_plain(request, request->refusal);
	else
		hand_over(request, HANDED);
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
	if (request->state == ASKING)
		return go_on(request);
	if (*size > 0) {
		buf_add(&request->body, data, *size);
		*size = 0;
		return request->body.overflow ? MHD_NO : MHD_YES;
	}
	if (request->state == ARRIVING)
		end_request(request);
	if (request->state == HANDED)
		return MHD_YES;
	return MHD_queue_response(link, (unsigned)request->status,
				  request->response);
}

static void on_connection(void *context, struct MHD_Connection *link,
			  void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		    link, MHD_CONNECTION_INFO_CONNECTION_FD);

		http_connection_open(server, info->connect_fd, socket_context);
		return;
	}
	http_connection_close(server, *socket_context);
	*socket_context = NULL;
}

/* --- between the loop and here */

void http_thread_ring(struct http_server *server)
{
	if (!server->is_rung)
		eventfd_write(server->bell_fd, 1);
	server->is_rung = true;
}

/* However long the loop took, there is time for the reply to leave before
 * another's connection takes the place. */
static void resume(struct http_request *request)
{
	http_connection_renew(request->server, request->connection);
	request->connection->is_kept = false;
	MHD_resume_connection(request->link);
}

static void give_fresh(struct http_server *server)
{
	if (!server->fresh.first)
		return;
	pthread_mutex_lock(&server->lock);
	if (!server->arrived.first)
		eventfd_write(server->loop_fd, 1);
	http_queue_move(&server->fresh, &server->arrived);
	pthread_mutex_unlock(&server->lock);
}

static void take_returned(struct http_server *server, struct http_queue *ret)
{
	eventfd_t rings;

	http_queue_init(ret);
	pthread_mutex_lock(&server->lock);
	http_queue_move(&server->returned, ret);
	if (server->is_rung)
		eventfd_read(server->bell_fd, &rings);
	server->is_rung = false;
	pthread_mutex_unlock(&server->lock);
}

static void make_response(struct http_request *request)
{
	const struct http_reply *reply = &request->draft->reply;

	request->response = http_response_make(reply);
	request->status = reply->status;
	if (!request->response) /* a file's descriptor that is no good */
		reply_plain(request, 500);
}

static void take_replies(struct http_server *server)
{
	struct http_draft *used = NULL, **end = &used;
	struct http_queue returned;
	struct http_request *request;

	take_returned(server, &returned);
	while ((request = http_queue_take(&returned))) {
		struct http_draft *draft = request->draft;

		if (draft) {
			make_response(request);
			request->draft = NULL;
			*end = draft;
			end = &draft->next;
		}
		resume(request);
	}
	if (!used)
		return;
	pthread_mutex_lock(&server->lock);
	*end = server->used;
	server->used = used;
	pthread_mutex_unlock(&server->lock);
}

static void stop_listening(struct http_server *server)
{
	int fd = MHD_quiesce_daemon(server->daemon);

	if (fd >= 0)
		close(fd);
	pthread_mutex_lock(&server->lock);
	server->is_listening = false;
	pthread_cond_signal(&server->is_done);
	pthread_mutex_unlock(&server->lock);
}

/* Does what the loop asks for; false: to end. */
static bool obey(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	bool goes_on = !server->is_closing;
	bool is_to_hush =
	    server->is_listening && (server->is_quiet || server->is_closing);
	pthread_mutex_unlock(&server->lock);
	if (is_to_hush)
		stop_listening(server);
	return goes_on;
}

/* --- its life */

/* until a socket, the loop or libmicrohttpd's clock has something for us, or at
 * most so long */
static void await(struct http_server *server, int at_most_ms)
{
	unsigned long long wait_ms;
	struct epoll_event events[2];

	if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES &&
	    wait_ms < (unsigned long long)at_most_ms)
		at_most_ms = (int)wait_ms;
	epoll_wait(server->epoll_fd, events, 2, at_most_ms);
}

static void reply_to_all_kept(struct http_server *server)
{
	for (struct http_request *r = server->requests; r; r = r->next) {
		if (!r->connection->is_kept)
			continue;
		if (r->state == HANDED)
			reply_plain(r, 503);
		resume(r);
	}
	http_queue_init(&server->arrived);
}

static bool has_replies_leaving(const struct http_server *server)
{
	for (const struct http_request *r = server->requests; r; r = r->next)
		if (r->state == REPLIED)
			return true;
	return false;
}

/* libmicrohttpd ends the process if one is left suspended. */
static void end_well(struct http_server *server)
{
	int64_t end = http_now_ms() + CLOSE_MS;

	server->is_ending = true;
	take_replies(server);
	reply_to_all_kept(server);
	do {
		MHD_run(server->daemon);
		if (!has_replies_leaving(server))
			break;
		await(server, CLOSE_WAIT_MS);
	} while (http_now_ms() < end);
}

static void *serve(void *context)
{
	struct http_server *server = context;

	while (obey(server)) {
		await(server, WAIT_MS);
		take_replies(server);
		http_connection_sweep(server);
		MHD_run(server->daemon);
		give_fresh(server);
	}
	end_well(server);
	return NULL;
}

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

static bool watch_all(struct http_server *server)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return info && server->epoll_fd >= 0 &&
	       watch_fd(server, server->bell_fd) &&
	       watch_fd(server, info->epoll_fd);
}

/* The loop reads its signals from a descriptor, so no thread may take one. */
static bool start_thread(struct http_server *server)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	server->is_running =
	    pthread_create(&server->thread, NULL, serve, server) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return server->is_running;
}

bool http_thread_start(struct http_server *server, int fd, struct err *err)
{
	server->daemon = start_daemon(server, fd);
	if (!server->daemon)
		close(fd);
	server->is_listening = server->daemon;
	return (server->daemon && watch_all(server) && start_thread(server)) ||
	       err_set(err, ERR_SYSTEM, "starting the web server");
}

void http_thread_end(struct http_server *server)
{
	if (server->is_running)
		pthread_join(server->thread, NULL);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	assert(!server->requests && !server->newest);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	if (server->bell_fd >= 0)
		close(server->bell_fd);
}
