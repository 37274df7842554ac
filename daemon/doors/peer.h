#ifndef DOORS_PEER_H
#define DOORS_PEER_H

/*
 * Who asks, when a reverse proxy stands between: X-Forwarded-For is read from
 * its right end, and only as far as trusted proxies wrote it; what stands
 * further left is whatever the client liked to send. No I/O.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sockaddr;

#define PEER_SIZE 64 /* an address as text */

struct peer_address {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
};

struct peer_net {
	struct peer_address address;
	int bits; /* of the 128 that count */
};

/* "192.0.2.1", "10.0.0.0/8", "fd00::/8" */
bool peer_parse_net(const char *text, struct peer_net *ret_net,
		    struct err *err);

/* The client's address as text. peer is the connection's other end, NULL or
 * AF_UNIX for a proxy on a UNIX socket, which is trusted. forwarded holds all
 * X-Forwarded-For values in order, joined by ",", or is NULL. "" when a UNIX
 * socket's proxy says nothing that reads as an address. */
void peer_format_client(const struct sockaddr *peer, const char *forwarded,
			const struct peer_net *trusted, size_t count,
			char ret_text[PEER_SIZE]);

#endif
