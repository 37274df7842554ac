#ifndef CORE_TOMBSTONE_H
#define CORE_TOMBSTONE_H

/*
 * What is left of an address whose person was erased: a keyed hash, by which it
 * is known again when a list brings it, and by which nobody without the key can
 * find it. All in the caller's transaction.
 *
 *	char mac[TOMBSTONE_SIZE];
 *	tombstone_make(key, address_key, mac);
 *	if (!tombstone_is(db, mac, &is_erased, err)) ...
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/public_id.h"
#include "tools/crypto.h"

struct db;
struct err;

#define TOMBSTONE_SIZE (2 * CRYPTO_MAC_SIZE + 1)

struct tombstone_key {
	uint8_t bytes[CRYPTO_KEY_SIZE];
};

/* address_key: of core/address */
void tombstone_make(const struct tombstone_key *key, const char *address_key,
		    char ret_mac[TOMBSTONE_SIZE]);

bool tombstone_is(struct db *db, const char *mac, bool *ret, struct err *err);
/* Was anybody erased? */
bool tombstone_any(struct db *db, bool *ret, struct err *err);
/* one that is there is fine */
bool tombstone_put(struct db *db, const char *mac, int64_t now,
		   struct err *err);
/* Lists that have rows of such addresses are read again. *ret_was false: there
 * was none. */
bool tombstone_remove(struct db *db, const char *mac, bool *ret_was,
		      struct err *err);

/* The file beside the store that a restored store is brought up to date from:
 * a line for each erasure, with the person's id, and each readmission, with
 * "-". Neither tells who it is.
 *
 *	erased MAC PERSON SECONDS
 *	readmitted MAC - SECONDS
 */
#define TOMBSTONE_LINE_SIZE 160
struct tombstone_line {
	bool is_readmitted;
	char mac[TOMBSTONE_SIZE];
	char person[PUBLIC_ID_SIZE];
	int64_t at;
};
/* text ends before its line feed. False: it is no whole line. */
bool tombstone_parse_line(const char *text, struct tombstone_line *ret);
/* with the line feed */
void tombstone_format_line(const struct tombstone_line *line,
			   char ret[TOMBSTONE_LINE_SIZE]);

#endif
