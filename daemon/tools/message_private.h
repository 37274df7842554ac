#ifndef TOOLS_MESSAGE_PRIVATE_H
#define TOOLS_MESSAGE_PRIVATE_H

/* What the modules of message share. */
#include <stddef.h>

struct buf;

/* The encoded words of a header's value decoded (RFC 2047), UTF-8 out. */
void message_decode_words(struct buf *out, const char *value);

/* base64, quoted-printable; any other encoding: the bytes as they are. */
void message_decode(struct buf *out, const char *encoding, const char *bytes,
		    size_t size);

/* HTML (UTF-8) as text: tags away, a line for each block, entities decoded. */
void message_html(struct buf *out, const char *html, size_t size);

#endif
