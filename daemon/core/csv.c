#include "core/csv.h"

#include <string.h>

#include "base/arena.h"

void csv_init(struct csv *csv, const char *text, size_t size,
	      struct arena *arena)
{
	*csv = (struct csv){
	    .at = text,
	    .end = text + size,
	    .arena = arena,
	    .next_line = 1,
	};
}

static bool is_line_end(const struct csv *csv)
{
	return csv->at < csv->end && (*csv->at == '\n' || *csv->at == '\r');
}

static void skip_line_end(struct csv *csv)
{
	bool is_pair =
	    csv->at[0] == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n';

	csv->at += is_pair ? 2 : 1;
	csv->next_line++;
}

static void keep(struct csv *csv, const char *text, size_t size)
{
	while (size > 0 && *text == ' ') {
		text++;
		size--;
	}
	while (size > 0 && text[size - 1] == ' ')
		size--;
	if (csv->count < CSV_FIELDS_MAX)
		csv->fields[csv->count] =
		    (struct csv_field){.text = text, .size = size};
	csv->count++;
}

/* each pair of quotes becomes one */
static const char *undouble(struct csv *csv, const char *text, size_t *size)
{
	char *copy = arena_alloc(csv->arena, *size + 1);
	size_t to = 0;

	for (size_t from = 0; from < *size; from++) {
		copy[to++] = text[from];
		if (text[from] == '"')
			from++;
	}
	*size = to;
	return copy;
}

/* at stands behind the opening quote, and in the end behind the closing one */
static enum csv_result read_quoted(struct csv *csv)
{
	const char *start = csv->at;
	bool has_doubled = false;

	for (; csv->at < csv->end; csv->at++) {
		if (*csv->at == '\n' ||
		    (*csv->at == '\r' &&
		     (csv->at + 1 == csv->end || csv->at[1] != '\n')))
			csv->next_line++;
		if (*csv->at != '"')
			continue;
		if (csv->at + 1 == csv->end || csv->at[1] != '"')
			break;
		has_doubled = true;
		csv->at++;
	}
	if (csv->at == csv->end)
		return CSV_OPEN_QUOTE;
	size_t size = (size_t)(csv->at++ - start);
	if (has_doubled)
		start = undouble(csv, start, &size);
	keep(csv, start, size);
	while (csv->at < csv->end && *csv->at == ' ')
		csv->at++;
	return csv->at == csv->end || *csv->at == ',' || is_line_end(csv)
		   ? CSV_RECORD
		   : CSV_STRAY_TEXT;
}

static void read_plain(struct csv *csv)
{
	const char *start = csv->at;

	while (csv->at < csv->end && *csv->at != ',' && !is_line_end(csv))
		csv->at++;
	keep(csv, start, (size_t)(csv->at - start));
}

enum csv_result csv_next(struct csv *csv)
{
	enum csv_result result = CSV_RECORD;

	while (is_line_end(csv))
		skip_line_end(csv);
	csv->line = csv->next_line;
	csv->count = 0;
	if (csv->at == csv->end)
		return CSV_END;
	for (;;) {
		if (csv->at < csv->end && *csv->at == '"') {
			csv->at++;
			result = read_quoted(csv);
		} else {
			read_plain(csv);
		}
		if (result != CSV_RECORD)
			return result;
		if (csv->at == csv->end)
			return CSV_CUT;
		if (is_line_end(csv))
			break;
		csv->at++; /* the comma */
	}
	skip_line_end(csv);
	return CSV_RECORD;
}
