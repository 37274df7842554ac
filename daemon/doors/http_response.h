#ifndef DOORS_HTTP_RESPONSE_H
#define DOORS_HTTP_RESPONSE_H

/*
 * A reply as libmicrohttpd sends it, with the headers that every reply has.
 * Only doors/http uses this.
 */
#include "doors/http.h"

struct MHD_Response;

/* The caller owns the response (MHD_destroy_response). The reply's file is
 * closed with it, or at once on failure: NULL, from memory or a bad fd. */
struct MHD_Response *http_response_make(const struct http_reply *reply);

/* One that says the status in plain words. */
struct MHD_Response *http_response_plain(int status);

/* What Content-Disposition says for that name (RFC 6266): free() it. No byte
 * of the name can end a header, leave a folder or hide its suffix. */
char *http_disposition(const char *name);

#endif
