#include "doors/http.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "doors/http_private.h"
#include "doors/listener.h"

#define CONNECTIONS 1000
#define TIMEOUT_S 15
#define REQUEST_S 60
#define SPARE_MAX 64
#define SPARE_SIZE ((size_t)64 * 1024) /* bytes that a spare one keeps */
#define AT_ONCE 256 /* handled by one http_run: then the loop's turn */

void http_queue_init(struct http_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

void http_queue_add(struct http_queue *queue, struct http_request *request)
{
	request->behind = NULL;
	*queue->end = request;
	queue->end = &request->behind;
}

struct http_request *http_queue_take(struct http_queue *queue)
{
	struct http_request *first = queue->first;

	if (!first)
		return NULL;
	queue->first = first->behind;
	if (!queue->first)
		queue->end = &queue->first;
	return first;
}

void http_queue_move(struct http_queue *from, struct http_queue *to)
{
	if (!from->first)
		return;
	*to->end = from->first;
	to->end = from->end;
	http_queue_init(from);
}

/* --- opening and closing */

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

static struct http_server *make_server(const struct http_options *options)
{
	struct http_server *server = xcalloc(1, sizeof(*server));

	server->epoll_fd = server->bell_fd = -1;
	server->loop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->options = *options;
	set_defaults(&server->options);
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->is_done, NULL);
	http_queue_init(&server->arrived);
	http_queue_init(&server->returned);
	http_queue_init(&server->fresh);
	return server;
}

static void free_drafts(struct http_draft *first)
{
	while (first) {
		struct http_draft *next = first->next;

		http_draft_free(first);
		first = next;
	}
}

static void free_server(struct http_server *server)
{
	http_thread_end(server);
	if (server->loop_fd >= 0)
		close(server->loop_fd);
	pthread_cond_destroy(&server->is_done);
	pthread_mutex_destroy(&server->lock);
	free_drafts(server->used);
	free_drafts(server->spare);
	free(server->trusted);
	free(server);
}

static int get_listener(const struct http_options *options, struct err *err)
{
	if (options->fd >= 0)
		return options->fd;
	return listener_open(options->address, options->port, err);
}

struct http_server *http_open(const struct http_options *options,
			      struct err *err)
{
	struct http_server *server = make_server(options);
	int fd;

	assert(options->handle);
	if (server->loop_fd < 0)
		err_errno(err, ERR_SYSTEM, "starting the web server");
	else if (parse_trusted(server, err) &&
		 (fd = get_listener(options, err)) >= 0) {
		/* The caller's strings were read; none is kept. */
		server->options.trusted_proxies = NULL;
		server->options.address = NULL;
		server->port = listener_port(fd);
		if (http_thread_start(server, fd, err))
			return server;
	}
	free_server(server);
	return NULL;
}

void http_quiesce(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->is_quiet = true;
	http_thread_ring(server);
	while (server->is_listening)
		pthread_cond_wait(&server->is_done, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

void http_close(struct http_server *server)
{
	if (!server)
		return;
	pthread_mutex_lock(&server->lock);
	server->is_closing = true;
	http_thread_ring(server);
	pthread_mutex_unlock(&server->lock);
	free_server(server);
}

int http_fd(const struct http_server *server)
{
	return server->loop_fd;
}

int http_port(const struct http_server *server)
{
	return server->port;
}

size_t http_pending(const struct http_server *server)
{
	return server->pending;
}

/* --- requests */

static void give_back(struct http_request *request, enum request_state state)
{
	struct http_server *server = request->server;

	request->state = state;
	pthread_mutex_lock(&server->lock);
	http_queue_add(&server->returned, request);
	http_thread_ring(server);
	pthread_mutex_unlock(&server->lock);
}

void http_reply(struct http_request *request, const struct http_reply *reply)
{
	struct http_server *server = request->server;
	struct http_draft *spare = server->spare;

	assert(request->state == HANDED);
	if (spare) {
		server->spare = spare->next;
		server->spare_count--;
	}
	request->draft = http_draft_write(spare, reply);
	server->pending--;
	give_back(request, REPLIED);
}

static void refuse(struct http_request *request)
{
	struct http_server *server = request->server;
	const struct http_options *options = &server->options;
	size_t pending = server->pending - 1;

	options->refuse(request, request->refusal, options->context);
	assert(server->pending == pending);
}

static void handle(struct http_request *request)
{
	struct http_server *server = request->server;
	const struct http_options *options = &server->options;

	if (request->state == ASKING) {
		request->large_ceiling =
		    options->large_ceiling(request->path, options->context);
		give_back(request, ASKING);
		return;
	}
	server->pending++;
	if (request->refusal)
		refuse(request);
	else
		options->handle(request, options->context);
}

/* So many as replies leave together, and none that is large. */
static void keep_spare(struct http_server *server, struct http_draft *used)
{
	struct http_draft *next;

	for (struct http_draft *draft = used; draft; draft = next) {
		next = draft->next;
		if (server->spare_count == SPARE_MAX ||
		    draft->room > SPARE_SIZE) {
			http_draft_free(draft);
			continue;
		}
		draft->next = server->spare;
		server->spare = draft;
		server->spare_count++;
	}
}

static struct http_request *take_arrived(struct http_server *server)
{
	struct http_queue *arrived = &server->arrived;
	struct http_request *first;
	struct http_draft *used;
	eventfd_t rings;

	pthread_mutex_lock(&server->lock);
	first = http_queue_take(arrived);
	if (first && !arrived->first)
		eventfd_read(server->loop_fd, &rings);
	used = server->used;
	server->used = NULL;
	pthread_mutex_unlock(&server->lock);
	keep_spare(server, used);
	return first;
}

/* What arrives while others are handled is handled with them, so that one
 * commit is for all, whoever was faster. */
void http_run(struct http_server *server)
{
	struct http_request *request;

	for (int i = 0; i < AT_ONCE && (request = take_arrived(server)); i++)
		handle(request);
}
