#include "tools/idn.h"

#include <string.h>

#include <idn2.h>

#include "base/err.h"
#include "base/text.h"

#define DOMAIN_MAX 253 /* RFC 1035: 255 octets on the wire */
#define LABEL_MAX 63

/* Letters, digits and inner hyphens. libidn2 lets ASCII labels pass as they are
 * and, if told IDN2_USE_STD3_ASCII_RULES, leaves out what they may not hold
 * ("a_b" becomes "ab": another domain, measured with 2.3.3). */
static bool check_labels(const char *shown, const char *ascii, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	for (const char *label = ascii;; label++) {
		size_t size = strcspn(label, ".");

		if (size == 0)
			return err_set(
			    err, ERR_INPUT,
			    "domain \"%s\" has an empty part between "
			    "its dots",
			    shown);
		if (size > LABEL_MAX)
			return err_set(err, ERR_INPUT,
				       "domain \"%s\" has a part of more than "
				       "63 characters",
				       shown);
		if (strspn(label, allowed) < size)
			return err_set(
			    err, ERR_INPUT,
			    "domain \"%s\" may hold letters, digits, "
			    "hyphens and dots only",
			    shown);
		if (label[0] == '-' || label[size - 1] == '-')
			return err_set(err, ERR_INPUT,
				       "domain \"%s\" has a part that starts "
				       "or ends with a hyphen",
				       shown);
		label += size;
		if (!*label)
			return true;
	}
}

bool idn_to_ascii(const char *domain, char ret_ascii[IDN_SIZE], struct err *err)
{
	char *ascii = NULL;

	if (!text_is_utf8(domain, strlen(domain), NULL))
		return err_set(err, ERR_INPUT, "a domain that is not UTF-8");
	int failed = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL);
	if (failed != IDN2_OK)
		return err_set(err, ERR_INPUT,
			       "domain \"%s\" is none that the internet knows: "
			       "%s",
			       domain, idn2_strerror(failed));
	text_lower(ascii);
	bool good =
	    strlen(ascii) <= DOMAIN_MAX
		? check_labels(domain, ascii, err)
		: err_set(err, ERR_INPUT,
			  "domain \"%s\" has more than 253 characters", domain);
	if (good)
		memcpy(ret_ascii, ascii, strlen(ascii) + 1);
	idn2_free(ascii);
	return good;
}
