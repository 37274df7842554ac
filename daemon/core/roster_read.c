#include "core/roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/problems.h"
#include "tools/crypto.h"
#include "tools/json.h"

void roster_hash_csv(const char *text, size_t size, char ret[ROSTER_HASH_SIZE])
{
	uint8_t hash[CRYPTO_SHA256_SIZE];

	static_assert(ROSTER_HASH_SIZE == CRYPTO_SHA256_HEX, "a SHA-256");
	crypto_sha256(text, size, hash);
	crypto_hex(hash, sizeof(hash), ret);
}

static void add_head(struct buf *out, struct json_value *head)
{
	char *text = json_format(head);

	buf_adds(out, text);
	buf_addc(out, '\n');
	free(text);
	json_free(head);
}

static void answer_problems(struct buf *out, const char *hash,
			    const struct problems *problems)
{
	struct json_value *head = json_map_new();
	char *text = problems_format(problems);

	json_map_text(head, "hash", hash);
	json_map_text(head, "problems", text);
	free(text);
	add_head(out, head);
}

/* a row and its place in the order of addresses */
struct place {
	const char *address_key;
	size_t row;
};

static int by_address(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return strcmp(a->address_key, b->address_key);
}

static size_t *rank_addresses(const struct roster_member *rows, size_t count)
{
	struct place *places = xcalloc(count + 1, sizeof(*places));
	size_t *ranks = xcalloc(count + 1, sizeof(*ranks));

	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){rows[i].address_key, i};
	qsort(places, count, sizeof(*places), by_address);
	for (size_t i = 0; i < count; i++)
		ranks[places[i].row] = i;
	free(places);
	return ranks;
}

/* No field holds a control character, so tabs and line feeds keep them apart.
 */
static void answer_rows(struct buf *out, const char *hash,
			const struct roster_member *rows, size_t count)
{
	struct json_value *head = json_map_new();
	size_t *ranks = rank_addresses(rows, count);

	json_map_text(head, "hash", hash);
	json_map_integer(head, "count", (int64_t)count);
	add_head(out, head);
	for (size_t i = 0; i < count; i++) {
		const struct roster_member *row = &rows[i];
		const char *fields[] = {row->row_key,
					row->row_hash,
					row->address_key,
					row->address,
					row->name,
					row->role,
					row->team,
					row->since_on ? row->since_on : "",
					row->status,
					row->is_primary ? "1" : "0",
					row->is_shared ? "1" : "0"};

		for (size_t j = 0; j < sizeof(fields) / sizeof(*fields); j++) {
			buf_adds(out, fields[j]);
			buf_addc(out, '\t');
		}
		buf_addf(out, "%d\t%zu\n", row->line, ranks[i]);
	}
	free(ranks);
}

static void answer_same(struct buf *out, const char *hash)
{
	struct json_value *head = json_map_new();

	json_map_text(head, "hash", hash);
	json_map_flag(head, "same", true);
	add_head(out, head);
}

static void answer(struct buf *out, const char *file_name, const char *known,
		   const char *data, size_t size)
{
	struct problems problems = {0};
	struct roster_member *rows;
	char hash[CRYPTO_SHA256_HEX];
	size_t count;

	roster_hash_csv(data, size, hash);
	if (strcmp(hash, known) == 0) {
		answer_same(out, hash);
		return;
	}
	struct arena *arena = arena_new();
	if (roster_parse_csv(file_name, data, size, arena, &rows, &count,
			     &problems))
		answer_rows(out, hash, rows, count);
	else
		answer_problems(out, hash, &problems);
	problems_done(&problems);
	arena_free(arena);
}

/* A person can mend a file that is missing, a link, too large; the machine's
 * own trouble is tried again. */
static bool answer_failure(struct buf *out, const char *file_name,
			   const struct err *why, struct err *err)
{
	struct problems problems = {0};
	const char *colon = strrchr(why->text, '/');

	if (why->kind == ERR_SYSTEM)
		return err_set(err, why->kind, "%s", why->text);
	const char *text = colon ? strstr(colon, ": ") : NULL;
	problems_add(&problems, file_name, 0, "%s",
		     text ? text + 2 : why->text);
	answer_problems(out, "", &problems);
	problems_done(&problems);
	return true;
}

bool roster_read_csv(const char *input, size_t size, struct buf *out,
		     struct err *err)
{
	struct json_value *request = json_parse(input, size, err);
	struct err why = {0};
	size_t data_size;
	char *data;
	bool good;

	if (!request)
		return false;
	const char *path = json_get_text(request, "path");
	const char *file_name = json_get_text(request, "file");
	const char *known = json_get_text(request, "known");
	if (!path || !file_name || !known) {
		good = err_set(err, ERR_INPUT,
			       "the request to read a list is not whole");
	} else if (file_read(path, ROSTER_CSV_MAX_SIZE, &data, &data_size,
			     &why)) {
		answer(out, file_name, known, data, data_size);
		free(data);
		good = true;
	} else {
		good = answer_failure(out, file_name, &why, err);
	}
	json_free(request);
	if (good && out->overflow)
		return err_set(err, ERR_FULL,
			       "the list is too large to be handed on");
	return good;
}

char *roster_request(const char *path, const char *file_name, const char *known)
{
	struct json_value *request = json_map_new();

	json_map_text(request, "path", path);
	json_map_text(request, "file", file_name);
	json_map_text(request, "known", known);
	char *text = json_format(request);
	json_free(request);
	return text;
}
