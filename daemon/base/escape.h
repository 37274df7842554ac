#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

/*
 * Text that goes out, escaped by the kind of what it goes into. Mail headers
 * are tools/mime's, JSON is tools/json's.
 */
#include <stddef.h>

struct buf;

/* For HTML content and double- or single-quoted attribute values. */
void escape_html(struct buf *out, const char *text, size_t size);

/* One CSV field (RFC 4180), quoted where needed. A field that a spreadsheet
 * would take for a formula (first byte = + - @ TAB CR) gets ' in front. */
void escape_csv(struct buf *out, const char *text, size_t size);

/* One segment of a URL's path (RFC 3986): all but unreserved is %XX. */
void escape_path(struct buf *out, const char *text, size_t size);

#endif
