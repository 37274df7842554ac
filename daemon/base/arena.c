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
/* chunks of that size that are kept: none where the sanitizer shall see what is
 * used after it was released */
#ifdef __SANITIZE_ADDRESS__
#define SPARE_MAX 0
#else
#define SPARE_MAX 3
#endif

struct chunk {
	struct chunk *next;
	size_t size;
	alignas(max_align_t) char data[];
};

struct arena {
	struct chunk *chunks; /* the first is the one being filled */
	size_t used, size;    /* of the first chunk's data */
	struct chunk *spare;  /* zeroed, of CHUNK_SIZE each */
	int spare_count;
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

static void free_chunks(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	free_chunks(arena->chunks);
	free_chunks(arena->spare);
	free(arena);
}

/* used: bytes of it that may not be zero */
static void put_away(struct arena *arena, struct chunk *chunk, size_t used)
{
	if (chunk->size != CHUNK_SIZE || arena->spare_count == SPARE_MAX) {
		free(chunk);
		return;
	}
	memset(chunk->data, 0, used);
	chunk->next = arena->spare;
	arena->spare = chunk;
	arena->spare_count++;
}

void arena_clear(struct arena *arena)
{
	size_t used = arena->used;

	while (arena->chunks) {
		struct chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		put_away(arena, chunk, used);
		used = CHUNK_SIZE;
	}
	arena->used = arena->size = 0;
}

static struct chunk *new_chunk(struct arena *arena, size_t size)
{
	struct chunk *chunk = arena->spare;

	if (chunk && size <= CHUNK_SIZE) {
		arena->spare = chunk->next;
		arena->spare_count--;
		return chunk;
	}
	size = size > CHUNK_SIZE ? size : CHUNK_SIZE;
	chunk = xcalloc(1, sizeof(*chunk) + size);
	chunk->size = size;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	assert(size < SIZE_MAX - CHUNK_SIZE);
	size = (size + align - 1) / align * align;
	if (!arena->chunks || arena->size - arena->used < size) {
		struct chunk *chunk = new_chunk(arena, size);

		chunk->next = arena->chunks;
		arena->chunks = chunk;
		arena->used = 0;
		arena->size = chunk->size;
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
	char small[256]; /* most are no longer, and are formatted once */
	va_list args;

	va_start(args, format);
	int length = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	assert(length >= 0);
	if ((size_t)length < sizeof(small))
		return arena_strndup(arena, small, (size_t)length);
	char *text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}
