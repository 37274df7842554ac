#ifndef TOOLS_CONFIG_SOURCE_H
#define TOOLS_CONFIG_SOURCE_H

/*
 * What a person wrote, made ready for libconfig 1.5, which by itself opens any
 * file that @include names, wraps numbers past 32 bits round, reads a number
 * with 0x or L, joins two texts where a comma was forgotten, needs a line feed
 * behind a comment, and calls most slips a "syntax error" some lines further
 * down. Lines keep their numbers.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct problems;

/* Appends to out (whose ceiling is CONFIG_SOURCE_MAX): comments left out, every
 * whole number marked as one of 64 bits. false when a problem was added. */
#define CONFIG_SOURCE_MAX (3 * 1024 * 1024)
bool config_source_prepare(const char *file_name, const char *text, size_t size,
			   struct buf *out, struct problems *problems);

#endif
