#include "core/tombstone.h"

#include <string.h>

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
