#ifndef CORE_CSV_H
#define CORE_CSV_H

/*
 * Comma-separated values (RFC 4180) as office programs write them, record by
 * record: lines end with CRLF, LF or CR; empty lines are passed over. The text
 * is the caller's and must be UTF-8; a field with doubled quotes is copied into
 * the arena, the others point into the text.
 *
 *	struct csv csv;
 *	csv_init(&csv, text, size, arena);
 *	while ((result = csv_next(&csv)) == CSV_RECORD)
 *		show(csv.line, csv.fields[0].text, csv.fields[0].size);
 */
#include <stdbool.h>
#include <stddef.h>

struct arena;

#define CSV_FIELDS_MAX 64

enum csv_result {
	CSV_RECORD,
	CSV_END,
	CSV_OPEN_QUOTE, /* the text ends within a quoted field */
	CSV_STRAY_TEXT, /* something stands behind a closing quote */
	CSV_CUT,        /* the last line has no line end */
};

struct csv_field {
	const char *text; /* without the spaces around it; no NUL behind it */
	size_t size;
};

struct csv {
	const char *at, *end;
	struct arena *arena;
	int next_line;
	/* of the record that csv_next gave, or tripped over */
	int line; /* where it begins, from 1 */
	struct csv_field fields[CSV_FIELDS_MAX];
	size_t count; /* of all; past CSV_FIELDS_MAX they are not kept */
};

void csv_init(struct csv *csv, const char *text, size_t size,
	      struct arena *arena);
/* After anything but CSV_RECORD don't call it again. */
enum csv_result csv_next(struct csv *csv);

#endif
