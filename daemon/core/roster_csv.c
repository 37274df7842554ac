#include "core/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/address.h"
#include "core/csv.h"
#include "tools/crypto.h"

#define SAVE_AS                                                                \
	"in Excel: Save as, \"CSV UTF-8 (Comma delimited)\"; in LibreOffice: " \
	"\"Text CSV\" with Unicode (UTF-8) and a comma"

enum column {
	ADDRESS,
	NAME,
	ROLE,
	TEAM,
	SINCE,
	STATUS,
	ID,
	PRIMARY,
	SHARED,
	COLUMNS
};

static const struct {
	const char *name;
	size_t max; /* bytes */
} columns[COLUMNS] = {
    [ADDRESS] = {"address", 254}, [NAME] = {"name", 200},
    [ROLE] = {"role", 200},       [TEAM] = {"team", 200},
    [SINCE] = {"since", 10},      [STATUS] = {"status", 20},
    [ID] = {"id", 100},           [PRIMARY] = {"primary", 5},
    [SHARED] = {"shared", 5},
};

struct parsing {
	const char *file_name;
	struct problems *problems;
	struct arena *arena;
	struct csv csv;
	/* where each column stands, counted from 1; 0: not there */
	size_t place[COLUMNS];
	size_t width;
	struct roster_member *rows;
	size_t count, room;
};

static bool complain(struct parsing *parsing, int line, const char *why)
{
	return problems_add(parsing->problems, parsing->file_name, line, "%s",
			    why);
}

/* --- what is no such file at all */

static bool has_start(const char *text, size_t size, const char *start,
		      size_t start_size)
{
	return size >= start_size && memcmp(text, start, start_size) == 0;
}

static int line_of(const char *text, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset; i++)
		line +=
		    text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');
	return line;
}

static bool check_form(struct parsing *parsing, const char *text, size_t size)
{
	size_t bad;

	if (has_start(text, size, "PK\x03\x04", 4) ||
	    has_start(text, size, "\xd0\xcf\x11\xe0", 4))
		return complain(parsing, 0,
				"is a workbook and no CSV; " SAVE_AS);
	if (has_start(text, size, "\xff\xfe", 2) ||
	    has_start(text, size, "\xfe\xff", 2) ||
	    memchr(text, '\0', size < 1000 ? size : 1000))
		return complain(parsing, 0,
				"is in UTF-16 (\"Unicode text\"); " SAVE_AS);
	if (!text_is_utf8(text, size, &bad))
		return complain(parsing, line_of(text, bad),
				"is not in UTF-8; " SAVE_AS);
	return true;
}

/* --- the header */

static bool is_field(const struct csv_field *field, const char *text)
{
	return field->size == strlen(text) &&
	       strncasecmp(field->text, text, field->size) == 0;
}

static bool is_separated_otherwise(const struct csv *csv)
{
	const struct csv_field *field = &csv->fields[0];

	return csv->count == 1 &&
	       (memchr(field->text, ';', field->size) ||
		memchr(field->text, '\t', field->size) ||
		(field->size >= 4 && strncasecmp(field->text, "sep=", 4) == 0));
}

static void place_column(struct parsing *parsing, size_t index)
{
	const struct csv_field *field = &parsing->csv.fields[index];

	for (int i = 0; i < COLUMNS; i++) {
		if (!is_field(field, columns[i].name))
			continue;
		if (parsing->place[i])
			problems_add(parsing->problems, parsing->file_name,
				     parsing->csv.line,
				     "the column \"%s\" is there twice",
				     columns[i].name);
		parsing->place[i] = index + 1;
		return;
	}
	problems_add(parsing->problems, parsing->file_name, parsing->csv.line,
		     "the column \"%.*s\" is unknown; there may be address, "
		     "name, role, team, since, status, id, primary, "
		     "shared",
		     (int)text_cut(field->text, field->size, 40), field->text);
}

static bool read_header(struct parsing *parsing)
{
	const struct csv *csv = &parsing->csv;
	size_t before = parsing->problems->count;
	enum csv_result result = csv_next(&parsing->csv);

	if (result == CSV_END)
		return complain(parsing, 0,
				"is empty; the first line names the columns: "
				"address,name,role,team,since,status");
	if (is_separated_otherwise(csv))
		return complain(parsing, csv->line,
				"the columns are not separated by commas "
				"(perhaps by semicolons or tabs); " SAVE_AS);
	if (result != CSV_RECORD)
		return complain(parsing, csv->line,
				"the file ends within its first line");
	if (csv->count > CSV_FIELDS_MAX)
		return complain(parsing, csv->line, "has too many columns");
	for (size_t i = 0; i < csv->count; i++)
		place_column(parsing, i);
	if (!parsing->place[ADDRESS])
		complain(parsing, csv->line,
			 "there is no column \"address\"; the first line names "
			 "the columns");
	parsing->width = csv->count;
	return parsing->problems->count == before;
}

/* --- a row */

/* a column's text in this row; "" where there is none */
static struct csv_field field_of(const struct parsing *parsing,
				 enum column column)
{
	if (!parsing->place[column])
		return (struct csv_field){.text = ""};
	return parsing->csv.fields[parsing->place[column] - 1];
}

static const char *text_of(struct parsing *parsing, enum column column)
{
	struct csv_field field = field_of(parsing, column);

	return field.size
		   ? arena_strndup(parsing->arena, field.text, field.size)
		   : "";
}

static bool check_field(struct parsing *parsing, enum column column)
{
	struct csv_field field = field_of(parsing, column);
	const char *name = columns[column].name;

	if (field.size > columns[column].max)
		return problems_add(parsing->problems, parsing->file_name,
				    parsing->csv.line,
				    "%s has %zu bytes; at most %zu are allowed",
				    name, field.size, columns[column].max);
	if (memchr(field.text, '\n', field.size) ||
	    memchr(field.text, '\r', field.size))
		return problems_add(parsing->problems, parsing->file_name,
				    parsing->csv.line,
				    "%s has a line break in it; or a quote "
				    "before it is never closed",
				    name);
	if (text_has_control(field.text, field.size))
		return problems_add(parsing->problems, parsing->file_name,
				    parsing->csv.line,
				    "%s has a control character in it; type it "
				    "again",
				    name);
	return true;
}

static bool check_width(struct parsing *parsing)
{
	if (parsing->csv.count == parsing->width)
		return true;
	return problems_add(parsing->problems, parsing->file_name,
			    parsing->csv.line,
			    "has %zu fields, the first line names %zu; a text "
			    "with a comma in it stands in \"quotes\"",
			    parsing->csv.count, parsing->width);
}

static bool read_address(struct parsing *parsing, struct roster_member *row)
{
	struct csv_field field = field_of(parsing, ADDRESS);
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct err err;

	if (field.size == 0)
		return complain(parsing, row->line, "has no address");
	if (!address_parse(field.text, field.size, address, key, &err))
		return problems_add(parsing->problems, parsing->file_name,
				    row->line, "address: %s", err.text);
	row->address = arena_strdup(parsing->arena, address);
	row->address_key = arena_strdup(parsing->arena, key);
	return true;
}

/* "19/11/2026", as British spreadsheets show it */
static bool is_slashed(const char *text)
{
	int day, month, year, size = 0;

	return sscanf(text, "%2d/%2d/%4d%n", &day, &month, &year, &size) == 3 &&
	       text[size] == '\0';
}

static bool read_since(struct parsing *parsing, struct roster_member *row)
{
	const char *text = text_of(parsing, SINCE);
	struct civil civil;

	if (*text == '\0')
		return true;
	if (civil_parse_date(text, &civil)) {
		row->since_on = text;
		return true;
	}
	return problems_add(parsing->problems, parsing->file_name, row->line,
			    "since: \"%s\" is no date; write it as "
			    "2026-11-19%s",
			    text,
			    is_slashed(text) ? " (format the column as "
					       "yyyy-mm-dd before saving)"
					     : "");
}

static bool read_status(struct parsing *parsing, struct roster_member *row)
{
	static const struct {
		const char *word, *status;
	} words[] = {
	    {"", "active"},           {"active", "active"},
	    {"left", "left"},         {"on-leave", "on-leave"},
	    {"on leave", "on-leave"},
	};
	struct csv_field field = field_of(parsing, STATUS);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is_field(&field, words[i].word)) {
			row->status = words[i].status;
			return true;
		}
	return problems_add(parsing->problems, parsing->file_name, row->line,
			    "status: \"%.*s\" is unknown; allowed are active, "
			    "left, on-leave, or nothing",
			    (int)field.size, field.text);
}

static bool read_flag(struct parsing *parsing, enum column column, bool *ret)
{
	static const struct {
		const char *word;
		bool flag;
	} words[] = {
	    {"", false},      {"yes", true}, {"no", false}, {"true", true},
	    {"false", false}, {"1", true},   {"0", false},
	};
	struct csv_field field = field_of(parsing, column);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is_field(&field, words[i].word)) {
			*ret = words[i].flag;
			return true;
		}
	return problems_add(parsing->problems, parsing->file_name,
			    parsing->csv.line,
			    "%s: \"%.*s\" is unknown; allowed are yes, no, or "
			    "nothing",
			    columns[column].name, (int)field.size, field.text);
}

static void hash_hex(const char *text, size_t size, char ret[17])
{
	uint8_t hash[CRYPTO_SHA256_SIZE];

	crypto_sha256(text, size, hash);
	crypto_hex(hash, 8, ret);
}

static const char *hash_row(struct parsing *parsing,
			    const struct roster_member *row)
{
	char address[17], fields[17], all[1600];

	/* \x1f stands in no field, so two rows never join to the same */
	int size =
	    snprintf(all, sizeof(all),
		     "%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%d\x1f%d",
		     row->row_key, row->address, row->name, row->role,
		     row->team, row->since_on ? row->since_on : "", row->status,
		     row->is_primary, row->is_shared);
	hash_hex(row->address_key, strlen(row->address_key), address);
	hash_hex(all, (size_t)size, fields);
	return arena_printf(parsing->arena, "%s%s", address, fields);
}

static bool is_blank(const struct csv *csv)
{
	for (size_t i = 0; i < csv->count && i < CSV_FIELDS_MAX; i++)
		if (csv->fields[i].size > 0)
			return false;
	return true;
}

static void read_row(struct parsing *parsing)
{
	struct roster_member row = {.line = parsing->csv.line};
	bool good = true;

	if (is_blank(&parsing->csv) || !check_width(parsing))
		return;
	for (int i = 0; i < COLUMNS; i++)
		good = check_field(parsing, (enum column)i) && good;
	if (!good)
		return;
	good = read_address(parsing, &row);
	good = read_since(parsing, &row) && good;
	good = read_status(parsing, &row) && good;
	good = read_flag(parsing, PRIMARY, &row.is_primary) && good;
	good = read_flag(parsing, SHARED, &row.is_shared) && good;
	if (!good)
		return;
	row.name = text_of(parsing, NAME);
	row.role = text_of(parsing, ROLE);
	row.team = text_of(parsing, TEAM);
	const char *id = text_of(parsing, ID);
	row.row_key = *id ? id : row.address_key;
	row.row_hash = hash_row(parsing, &row);
	parsing->rows = arena_grow(parsing->arena, parsing->rows,
				   parsing->count, &parsing->room, sizeof(row));
	parsing->rows[parsing->count++] = row;
}

static void read_rows(struct parsing *parsing)
{
	enum csv_result result;

	while ((result = csv_next(&parsing->csv)) == CSV_RECORD)
		read_row(parsing);
	if (result == CSV_OPEN_QUOTE)
		complain(parsing, parsing->csv.line,
			 "a quote opens on this line and is never closed: it "
			 "is missing, or the file is cut off");
	else if (result == CSV_STRAY_TEXT)
		complain(parsing, parsing->csv.line,
			 "something stands behind a closing quote; a quote "
			 "within a text is written twice");
	else if (result == CSV_CUT)
		complain(parsing, parsing->csv.line,
			 "the last line has no line end, so the file may be "
			 "cut off; if it is whole, press Enter behind this "
			 "line and save");
}

/* --- one person, one row */

static int by_key(const void *left, const void *right)
{
	const struct roster_member *a = left, *b = right;
	int order = strcmp(a->row_key, b->row_key);

	return order ? order : a->line - b->line;
}

static int by_address(const void *left, const void *right)
{
	const struct roster_member *const *a = left, *const *b = right;
	int order = strcmp((*a)->address_key, (*b)->address_key);

	return order ? order : (*a)->line - (*b)->line;
}

static void find_twins(struct parsing *parsing)
{
	const struct roster_member **sorted =
	    arena_allocarray(parsing->arena, parsing->count, sizeof(*sorted));

	for (size_t i = 0; i < parsing->count; i++)
		sorted[i] = &parsing->rows[i];
	qsort(sorted, parsing->count, sizeof(*sorted), by_address);
	for (size_t i = 1; i < parsing->count; i++)
		if (strcmp(sorted[i]->address_key,
			   sorted[i - 1]->address_key) == 0)
			problems_add(parsing->problems, parsing->file_name,
				     sorted[i]->line,
				     "the address %s stands on line %d "
				     "already (upper and lower case are the "
				     "same)",
				     sorted[i]->address, sorted[i - 1]->line);
}

static void find_twin_keys(struct parsing *parsing)
{
	const struct roster_member *rows = parsing->rows;

	for (size_t i = 1; i < parsing->count; i++)
		if (strcmp(rows[i].row_key, rows[i - 1].row_key) == 0 &&
		    strcmp(rows[i].address_key, rows[i - 1].address_key) != 0)
			problems_add(parsing->problems, parsing->file_name,
				     rows[i].line,
				     "the id \"%s\" stands on line %d already",
				     rows[i].row_key, rows[i - 1].line);
}

bool roster_parse_csv(const char *file_name, const char *text, size_t size,
		      struct arena *arena, struct roster_member **ret,
		      size_t *ret_count, struct problems *problems)
{
	size_t before = problems->count;
	struct parsing *parsing = arena_alloc(arena, sizeof(*parsing));

	*parsing = (struct parsing){
	    .file_name = file_name, .problems = problems, .arena = arena};
	if (size > ROSTER_CSV_MAX_SIZE)
		return complain(parsing, 0, "is larger than 64 MB");
	if (!check_form(parsing, text, size))
		return false;
	size_t mark = has_start(text, size, "\xef\xbb\xbf", 3) ? 3 : 0;
	csv_init(&parsing->csv, text + mark, size - mark, arena);
	if (!read_header(parsing))
		return false;
	read_rows(parsing);
	if (parsing->count > 0) {
		find_twins(parsing);
		qsort(parsing->rows, parsing->count, sizeof(*parsing->rows),
		      by_key);
		find_twin_keys(parsing);
	}
	if (problems->count > before)
		return false;
	*ret = parsing->rows;
	*ret_count = parsing->count;
	return true;
}
