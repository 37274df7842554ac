#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/mem.h"
#include "doors/http_private.h"

#define SWEEP_MS 1000 /* between looks at dawdling connections */

int64_t http_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put_in_front(struct http_server *server,
			 struct connection *connection)
{
	connection->since_ms = http_now_ms();
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

/* libmicrohttpd closes it in its next round. */
static void shut(struct http_server *server, struct connection *connection)
{
	connection->is_shut = true;
	server->connection_count--;
	shutdown(connection->fd, SHUT_RDWR);
}

/* When there are more than there may be, the one goes that has had its place
 * for longest since its last reply was ready, whether it is silent, drips its
 * request or drips its reply: whoever holds places keeps nobody out who asks at
 * once. One that waits for its commit is answered. */
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

void http_connection_open(struct http_server *server, int fd,
			  void **socket_context)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));

	connection->fd = fd;
	put_in_front(server, connection);
	server->connection_count++;
	*socket_context = connection;
	make_room(server);
}

void http_connection_close(struct http_server *server,
			   struct connection *connection)
{
	take_out(server, connection);
	server->connection_count -= !connection->is_shut;
	free(connection);
}

void http_connection_renew(struct http_server *server,
			   struct connection *connection)
{
	take_out(server, connection);
	put_in_front(server, connection);
}

void http_connection_sweep(struct http_server *server)
{
	int64_t now = http_now_ms();

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
