#ifndef CORE_ADDRESS_H
#define CORE_ADDRESS_H

/*
 * Mail addresses that we send to. What passes here can't inject anything into a
 * header or an SMTP command. Plain values; any thread.
 *
 *	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
 *	if (!address_parse(field, strlen(field), address, key, err))
 */
#include <stdbool.h>
#include <stddef.h>

struct err;

#define ADDRESS_SIZE 255 /* 254 bytes (RFC 5321 4.5.3.1.3) and a NUL */

/*
 * One address: a dot-atom of at most 64 ASCII bytes, "@", a domain of two
 * labels or more, which may be in UTF-8. Quoted local parts, address literals,
 * comments, display names and white space are refused: ERR_INPUT, in words for
 * the one who keeps the list. ret_address keeps the local part's case and has
 * the domain in lower-case A-labels; ret_key is all lower case: addresses that
 * differ by case only are one person.
 */
bool address_parse(const char *text, size_t size,
		   char ret_address[ADDRESS_SIZE], char ret_key[ADDRESS_SIZE],
		   struct err *err);

/* Is what someone typed, with or without spaces around it, the address known?
 * Case does not matter. Compared in constant time, so that trying finds out
 * nothing. False when either is no address. */
bool address_is_same(const char *typed, const char *known);

#define ADDRESS_MASK_SIZE                                                      \
	266 /* a letter, three dots of 3 bytes, "@", domain                    \
	     */

/* "j•••@example.org", for pages and logs that must not show whose it is; the
 * number of dots tells nothing. address is one that address_parse made. */
void address_mask(const char *address, char ret_masked[ADDRESS_MASK_SIZE]);

#endif
