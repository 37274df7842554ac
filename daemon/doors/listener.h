#ifndef DOORS_LISTENER_H
#define DOORS_LISTENER_H

/* Listening TCP sockets, nonblocking; the caller closes them. */

struct err;

/* address is numeric; NULL: every address, IPv6 and IPv4. port 0: a free one.
 * Returns -1 on failure. */
int listener_open(const char *address, int port, struct err *err);

int listener_port(int fd); /* 0: it has none, being a UNIX socket */

#endif
