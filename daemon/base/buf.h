#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * Bytes that grow up to a ceiling chosen where the buffer is made. The error
 * is sticky: past the ceiling nothing more is added and buf->overflow stays
 * true, so that a caller adds freely and asks once at the end. The data always
 * has a NUL behind it (not counted). One owner.
 *
 *	struct buf out;
 *	buf_init(&out, 64 * 1024);
 *	buf_addf(&out, "Subject: %s\r\n", subject);
 *	if (out.overflow) ...
 *	buf_done(&out);
 */
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* never NULL after buf_init */
	size_t size;
	size_t capacity;
	size_t ceiling; /* bytes */
	bool overflow;
};

void buf_init(struct buf *buf, size_t ceiling);
void buf_done(struct buf *buf);

void buf_add(struct buf *buf, const void *data, size_t size);
void buf_adds(struct buf *buf, const char *text);
void buf_addc(struct buf *buf, char byte);
void buf_addf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Empties it and keeps the memory; the overflow is forgotten. */
void buf_clear(struct buf *buf);

/* Hands the bytes (with their NUL) to the caller, who free()s them; the buffer
 * is done. ret_size may be NULL. */
char *buf_take(struct buf *buf, size_t *ret_size);

#endif
