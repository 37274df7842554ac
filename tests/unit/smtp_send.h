#ifndef SMTP_SEND_H
#define SMTP_SEND_H

/* One mail sent, and waited for, in a thread that has nothing else to do. */
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "doors/smtp.h"

static inline int smtp_left_ms(const struct smtp_wait *wait)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t left =
	    wait->until_ms - (int64_t)now.tv_sec * 1000 - now.tv_nsec / 1000000;
	return left > 0 ? (int)left : 0;
}

static inline void smtp_send(struct smtp_session *session,
			     const struct smtp_mail *mail,
			     struct smtp_verdict *ret_verdict)
{
	struct epoll_event change = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
	int changes = epoll_create1(EPOLL_CLOEXEC), watched = -1;
	struct smtp_wait wait;
	enum smtp_next next;

	smtp_begin(session, mail, ret_verdict);
	while ((next = smtp_step(session, &wait)) != SMTP_DONE) {
		if (next == SMTP_CONNECTS) {
			smtp_connect(session);
			watched = -1;
			continue;
		}
		if (watched != wait.fd)
			epoll_ctl(changes, EPOLL_CTL_ADD, wait.fd, &change);
		watched = wait.fd;
		epoll_wait(changes, &change, 1, smtp_left_ms(&wait));
	}
	close(changes);
}

#endif
