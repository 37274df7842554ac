#include "core/tombstone.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tools/db.h"

void tombstone_make(const struct tombstone_key *key, const char *address_key,
		    char ret_mac[TOMBSTONE_SIZE])
{
	uint8_t mac[CRYPTO_MAC_SIZE];

	crypto_mac(key->bytes, address_key, strlen(address_key), mac);
	crypto_hex(mac, sizeof(mac), ret_mac);
}

bool tombstone_is(struct db *db, const char *mac, bool *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_TOMBSTONE_IS);

	query_text(q, 1, mac);
	*ret = query_next(q);
	return query_done(q, err);
}

bool tombstone_any(struct db *db, bool *ret, struct err *err)
{
	struct query *q = db_query(db, QUERY_TOMBSTONE_ANY);

	*ret = query_next(q) && query_get_integer(q, 0);
	return query_done(q, err);
}

bool tombstone_put(struct db *db, const char *mac, int64_t now, struct err *err)
{
	struct query *q = db_query(db, QUERY_TOMBSTONE_PUT);

	query_text(q, 1, mac);
	query_integer(q, 2, now);
	return query_run(q, NULL, err);
}

bool tombstone_remove(struct db *db, const char *mac, bool *ret_was,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_TOMBSTONE_REMOVE);
	int changes;

	query_text(q, 1, mac);
	if (!query_run(q, &changes, err))
		return false;
	*ret_was = changes > 0;
	return changes == 0 ||
	       query_run(db_query(db, QUERY_TOMBSTONE_LISTS_AGAIN), NULL, err);
}

/* --- the file */

static bool is_mac(const char *text)
{
	return strlen(text) == TOMBSTONE_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == TOMBSTONE_SIZE - 1;
}

bool tombstone_parse_line(const char *text, struct tombstone_line *ret)
{
	char copy[TOMBSTONE_LINE_SIZE], *rest = copy;
	long long at;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	const char *word = strsep(&rest, " "), *mac = strsep(&rest, " ");
	const char *person = strsep(&rest, " ");
	if (!mac || !person || !rest || !is_mac(mac) || !*person ||
	    strlen(person) >= sizeof(ret->person) ||
	    !text_parse_integer(rest, 0, INT64_MAX, &at))
		return false;
	bool is_readmitted = strcmp(word, "readmitted") == 0;
	if (!is_readmitted && strcmp(word, "erased") != 0)
		return false;
	ret->is_readmitted = is_readmitted;
	strcpy(ret->mac, mac);
	strcpy(ret->person, person);
	ret->at = at;
	return true;
}

void tombstone_format_line(const struct tombstone_line *line,
			   char ret[TOMBSTONE_LINE_SIZE])
{
	snprintf(ret, TOMBSTONE_LINE_SIZE, "%s %s %s %" PRId64 "\n",
		 line->is_readmitted ? "readmitted" : "erased", line->mac,
		 line->is_readmitted ? "-" : line->person, line->at);
}
