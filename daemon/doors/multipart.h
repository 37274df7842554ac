#ifndef DOORS_MULTIPART_H
#define DOORS_MULTIPART_H

/*
 * A form posted as multipart/form-data (RFC 7578), as browsers post one with a
 * file and as RFC 8058 allows mail programs, read by libmicrohttpd's post
 * processor from a body that is already whole and bounded. What a client says
 * of a file (its name, its type) is passed over. Private to the http modules;
 * the bytes come from outside (fuzz_multipart).
 */
#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;
struct err;
struct form;

/* The connection's Content-Type says where the parts end. Fails as form_parse
 * does, on more than FORM_FILES_MAX files, and on a body that is cut short. */
bool multipart_parse(struct MHD_Connection *link, const char *body, size_t size,
		     struct form *ret, struct err *err);

#endif
