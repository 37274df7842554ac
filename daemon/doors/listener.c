#include "doors/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

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
	err_errno(err, ERR_SYSTEM, "binding");
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

int listener_open(const char *address, int port, struct err *err)
{
	int fd = -1;

	if (!address) /* a machine without IPv6 can't make this one */
		fd = listen_ipv6(NULL, port, err);
	if (fd < 0 && address && strchr(address, ':'))
		fd = listen_ipv6(address, port, err);
	else if (fd < 0)
		fd = listen_ipv4(address, port, err);
	if (fd < 0)
		err_context(err, "listening on %s port %d",
			    address ? address : "*", port);
	return fd;
}

int listener_port(int fd)
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
