#ifndef CORE_LINK_H
#define CORE_LINK_H

/*
 * Links, codes and the other signed names of a delivery. Nothing of them is
 * stored: each is the delivery's id with a MAC under a key that only the
 * daemon has. Pure functions, any thread, keys immutable.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_KEY_SIZE 32
#define LINK_MAX_KEYS 8
#define LINK_TOKEN_SIZE 30 /* key id, 8 of id, 20 of MAC, NUL */
#define LINK_CODE_SIZE 15  /* "xxxx-xxxx-xxxx" and NUL */
#define LINK_FORM_SIZE 40
#define LINK_NAME_SIZE 24

struct link_keys {
	struct link_key {
		char id; /* a base32 digit */
		uint8_t key[LINK_KEY_SIZE];
	} list[LINK_MAX_KEYS]; /* the first signs, all verify */
	size_t count;
};

/* What signs from now on */
const struct link_key *link_signer(const struct link_keys *keys);
/* What signed before, by its id; NULL: it is no longer among them. */
const struct link_key *link_find_key(const struct link_keys *keys, char id);

/* "SPECIMEN" opens the page and can record nothing. */
#define LINK_SPECIMEN_TOKEN "specimen"
#define LINK_SPECIMEN_CODE "spec-imen-code"

enum link_result {
	LINK_GOOD,
	LINK_SPECIMEN,
	LINK_MANGLED, /* not of the form: cut, rewritten, line-broken */
	LINK_UNKNOWN, /* of the form, but not signed by us */
};

void link_format(const struct link_key *key, int64_t delivery_id,
		 char ret[LINK_TOKEN_SIZE]);
/* Any case; o, i, l mended; white space and a trailing . , ; ) > dropped. */
enum link_result link_parse(const struct link_keys *keys, const char *text,
			    int64_t *ret_delivery_id);

/* The short code a person types: 6 digits of id, 6 of MAC (30 bits: the page
 * limits tries). Any case, hyphens and spaces anywhere. */
void link_format_code(const struct link_key *key, int64_t delivery_id,
		      char ret[LINK_CODE_SIZE]);
enum link_result link_parse_code(const struct link_keys *keys, const char *text,
				 int64_t *ret_delivery_id);

/* What a mail's Reply-To carries: as a link, but neither is ever the other. */
void link_format_reply(const struct link_key *key, int64_t delivery_id,
		       char ret[LINK_TOKEN_SIZE]);
/* The first size bytes of text, in any case: false when it is none. */
bool link_parse_reply(const struct link_keys *keys, const char *text,
		      size_t size, int64_t *ret_delivery_id);

/* The hidden field of a page's form: which delivery, when shown. */
void link_format_form(const struct link_key *key, int64_t delivery_id,
		      int64_t shown_at, char ret[LINK_FORM_SIZE]);
bool link_parse_form(const struct link_keys *keys, const char *text,
		     int64_t delivery_id, int64_t *ret_shown_at);

/* A name made of the id and a MAC for one purpose ('m' Message-ID, 'b' and
 * 'x' boundaries, 'v' VERP): deterministic, 20 base32 digits. */
void link_format_name(const struct link_key *key, char purpose,
		      int64_t delivery_id, char ret[LINK_NAME_SIZE]);
/* The first size bytes of text as such a name, in any case: false when it is
 * none, of another purpose, or not signed by one of the keys. */
bool link_parse_name(const struct link_keys *keys, char purpose,
		     const char *text, size_t size, int64_t *ret_delivery_id);

#endif
