#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static char nothing[1];

void buf_init(struct buf *buf, size_t ceiling)
{
	*buf = (struct buf){.data = nothing, .ceiling = ceiling};
}

void buf_done(struct buf *buf)
{
	if (buf->data != nothing)
		free(buf->data);
	*buf = (struct buf){.data = nothing};
}

/* room for size more bytes and the NUL; false when the ceiling forbids it */
static bool reserve(struct buf *buf, size_t size)
{
	if (buf->overflow || size > buf->ceiling - buf->size) {
		buf->overflow = true;
		return false;
	}
	size_t needed = buf->size + size + 1;
	if (needed <= buf->capacity)
		return true;
	size_t capacity = buf->capacity ? buf->capacity * 2 : 256;
	if (capacity < needed)
		capacity = needed;
	char *old = buf->data == nothing ? NULL : buf->data;
	buf->data = xrealloc(old, capacity);
	buf->capacity = capacity;
	return true;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	assert(buf->data);
	if (size == 0 || !reserve(buf, size))
		return;
	memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_addc(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	char small[256]; /* most are no longer, and are formatted once */
	va_list args;

	va_start(args, format);
	int length = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	assert(length >= 0);
	if ((size_t)length < sizeof(small)) {
		buf_add(buf, small, (size_t)length);
		return;
	}
	if (!reserve(buf, (size_t)length))
		return;
	va_start(args, format);
	vsnprintf(buf->data + buf->size, (size_t)length + 1, format, args);
	va_end(args);
	buf->size += (size_t)length;
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	buf->overflow = false;
	if (buf->data != nothing)
		buf->data[0] = '\0';
}

char *buf_take(struct buf *buf, size_t *ret_size)
{
	char *data = buf->data == nothing ? xcalloc(1, 1) : buf->data;

	if (ret_size)
		*ret_size = buf->size;
	*buf = (struct buf){.data = nothing};
	return data;
}
