#include "core/address.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "tools/crypto.h"
#include "tools/idn.h"

#define LOCAL_MAX 64 /* RFC 5321 4.5.3.1.1 */
#define WHOLE_MAX (ADDRESS_SIZE - 1)

/* the first byte that a dot-atom may not hold (RFC 5322 3.2.3), or size */
static size_t dot_atom_size(const char *text, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.!#$%&'*+-/=?^_`{|}~";
	size_t good = 0;

	while (good < size && memchr(letters, text[good], sizeof(letters) - 1))
		good++;
	return good;
}

/* An error names the line of the list, added further up, and never shows the
 * address: errors reach logs, and those hold no addresses. */
static bool check_bytes(const char *text, size_t size, struct err *err)
{
	if (size == 0)
		return err_set(err, ERR_INPUT, "no address");
	if (size > WHOLE_MAX)
		return err_set(err, ERR_INPUT,
			       "an address of %zu bytes: allowed are %d", size,
			       WHOLE_MAX);
	if (!text_is_utf8(text, size, NULL) || text_has_control(text, size))
		return err_set(err, ERR_INPUT,
			       "an address with a line break, a control "
			       "character or bytes that are not UTF-8");
	if (memchr(text, ' ', size))
		return err_set(err, ERR_INPUT, "an address with a space in it");
	return true;
}

static bool check_local(const char *text, size_t size, struct err *err)
{
	size_t good = dot_atom_size(text, size);

	if (size == 0)
		return err_set(err, ERR_INPUT, "nothing before the @");
	if (size > LOCAL_MAX)
		return err_set(err, ERR_INPUT,
			       "%zu bytes before the @: allowed are %d", size,
			       LOCAL_MAX);
	if (good < size)
		return err_set(err, ERR_INPUT,
			       "character %zu of an address: allowed before "
			       "the @ are ASCII letters, digits, dots and "
			       "!#$%%&'*+-/=?^_`{|}~",
			       good + 1);
	if (text[0] == '.' || text[size - 1] == '.' ||
	    memmem(text, size, "..", 2))
		return err_set(err, ERR_INPUT,
			       "an address with a dot at the start, at the end "
			       "or beside another dot before the @");
	return true;
}

/* "10.0.0.1" has the form of a domain, but no top-level domain is a number */
static bool check_domain(const char *domain, struct err *err)
{
	const char *dot = strrchr(domain, '.');

	if (!dot)
		return err_set(err, ERR_INPUT,
			       "domain \"%s\" has no dot: write all of it, "
			       "such as example.org",
			       domain);
	if (strspn(dot + 1, "0123456789") == strlen(dot + 1))
		return err_set(err, ERR_INPUT,
			       "domain \"%s\" ends with a number: allowed are "
			       "names, such as example.org",
			       domain);
	return true;
}

bool address_parse(const char *text, size_t size,
		   char ret_address[ADDRESS_SIZE], char ret_key[ADDRESS_SIZE],
		   struct err *err)
{
	char unicode[ADDRESS_SIZE], domain[IDN_SIZE];

	if (!check_bytes(text, size, err))
		return false;
	const char *at = memchr(text, '@', size);
	if (!at || memrchr(text, '@', size) != at)
		return err_set(err, ERR_INPUT, "an address with %s @",
			       at ? "more than one" : "no");
	size_t local = (size_t)(at - text), rest = size - local - 1;
	if (!check_local(text, local, err))
		return false;
	memcpy(unicode, at + 1, rest);
	unicode[rest] = '\0';
	if (rest == 0)
		return err_set(err, ERR_INPUT, "nothing behind the @");
	if (!idn_to_ascii(unicode, domain, err) || !check_domain(domain, err))
		return false;
	if (local + 1 + strlen(domain) > WHOLE_MAX)
		return err_set(err, ERR_INPUT,
			       "an address of more than %d bytes", WHOLE_MAX);
	memcpy(ret_address, text, local + 1);
	strcpy(ret_address + local + 1, domain);
	strcpy(ret_key, ret_address);
	text_lower(ret_key);
	return true;
}

/* Their hashes have one length, so that comparing tells not even that. */
static bool is_same_key(const char *left, const char *right)
{
	uint8_t hashes[2][CRYPTO_SHA256_SIZE];

	crypto_sha256(left, strlen(left), hashes[0]);
	crypto_sha256(right, strlen(right), hashes[1]);
	return crypto_same(hashes[0], hashes[1], CRYPTO_SHA256_SIZE);
}

bool address_is_same(const char *typed, const char *known)
{
	static const char spaces[] = " \t\r\n";
	char address[ADDRESS_SIZE], keys[2][ADDRESS_SIZE];
	size_t size;

	typed += strspn(typed, spaces);
	size = strlen(typed);
	while (size > 0 && strchr(spaces, typed[size - 1]))
		size--;
	return address_parse(typed, size, address, keys[0], NULL) &&
	       address_parse(known, strlen(known), address, keys[1], NULL) &&
	       is_same_key(keys[0], keys[1]);
}

void address_mask(const char *address, char ret_masked[ADDRESS_MASK_SIZE])
{
	const char *at = strrchr(address, '@');

	snprintf(ret_masked, ADDRESS_MASK_SIZE, "%.1s•••%s", address,
		 at ? at : "");
}
