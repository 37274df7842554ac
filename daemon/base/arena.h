#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * One piece of work, one arena: many small allocations, one release. What it
 * gives lives until arena_free; nothing is freed alone. One thread at a time.
 *
 *	struct arena *arena = arena_new();
 *	const char *title = arena_strdup(arena, row_title);
 *	arena_free(arena);
 */
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
/* Forgets all that it gave, and keeps some memory for the next work. */
void arena_clear(struct arena *arena);

/* zeroed, aligned for anything */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_allocarray(struct arena *arena, size_t count, size_t size);

/* A list of count items that wants room for one more: the same list, or one
 * twice as large with the items copied and *room set. NULL, 0 and 0 begin it.
 *
 *	list = arena_grow(arena, list, count, &room, sizeof(*list));
 *	list[count++] = item;
 */
void *arena_grow(struct arena *arena, void *list, size_t count, size_t *room,
		 size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t size);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
