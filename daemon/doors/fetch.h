#ifndef DOORS_FETCH_H
#define DOORS_FETCH_H

/*
 * One HTTPS request to a server that was named in the settings. It blocks, so
 * it belongs into an errand with ERRAND_NETWORK, which gives what came to
 * another that has no network: nothing here looks into it.
 *
 *	struct fetch_request request = {.url = url, .form = "a=b", ...};
 *	if (!fetch_post(&request, &status, &body, err)) ...
 */
#include <stdbool.h>

struct buf;
struct err;

struct fetch_request {
	const char *url;     /* https:// */
	const char *ca_file; /* PEM; NULL: the system's authorities */
	const char *form;    /* application/x-www-form-urlencoded */
	int timeout_ms;      /* in all; 0: 30 s */
};

/* Posts the form and appends the body of the answer, whatever its status says;
 * no redirect is followed, no proxy asked. false: there was no whole answer, or
 * it is larger than the buffer's ceiling. */
bool fetch_post(const struct fetch_request *request, int *ret_status,
		struct buf *out, struct err *err);

#endif
