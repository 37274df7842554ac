#ifndef BASE_MEM_H
#define BASE_MEM_H

/*
 * Memory that never fails: when the system has none left the process ends,
 * for the truth is in the store and systemd starts us again. Any thread.
 * Release with free().
 */
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *block, size_t size);
/* count * size, and the process ends if that overflows */
void *xreallocarray(void *block, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t size);
/* a fresh string as printf would print it */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For a process that runs for long: keeps what is freed, up to a few MB, for
 * the next allocation, where libc would hand it back at once and take it again
 * (which stops every thread). Before the first thread. */
void mem_keep(void);

#endif
