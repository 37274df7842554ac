#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK_SIZE ((size_t)8192)

struct chunk {
	struct chunk *next;
	alignas(max_align_t) char data[];
};

struct arena {
	struct chunk *chunks; /* the first is the one being filled */
	size_t used, size;    /* of the first chunk's data */
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks; chunk;) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	assert(size < SIZE_MAX - CHUNK_SIZE);
	size = (size + align - 1) / align * align;
	if (!arena->chunks || arena->size - arena->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		struct chunk *chunk = xcalloc(1, sizeof(*chunk) + room);

		chunk->next = arena->chunks;
		arena->chunks = chunk;
		arena->used = 0;
		arena->size = room;
	}
	void *block = arena->chunks->data + arena->used;
	arena->used += size;
	return block;
}

void *arena_allocarray(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	assert(!__builtin_mul_overflow(count, size, &total));
	return arena_alloc(arena, total);
}

void *arena_grow(struct arena *arena, void *list, size_t count, size_t *room,
		 size_t size)
{
	if (count < *room)
		return list;
	*room = count ? count * 2 : 8;
	void *larger = arena_allocarray(arena, *room, size);
	if (count > 0)
		memcpy(larger, list, count * size);
	return larger;
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);

	memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(length >= 0);
	char *text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}
