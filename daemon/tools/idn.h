#ifndef TOOLS_IDN_H
#define TOOLS_IDN_H

/*
 * Internationalised domain names as DNS and SMTP take them (libidn2; IDNA2008,
 * RFC 5891, mapped by UTS 46 non-transitional). Holds no state; any thread, and
 * whatever the locale.
 *
 *	char domain[IDN_SIZE];
 *	idn_to_ascii("b\u00fccher.example", domain, err);
 */
#include <stdbool.h>

struct err;

#define IDN_SIZE 256

/* A domain in UTF-8 as lower-case A-labels of at most 253 bytes: letters,
 * digits and hyphens, each label at most 63. ERR_INPUT says what is wrong. A
 * dot at the end is refused. */
bool idn_to_ascii(const char *domain, char ret_ascii[IDN_SIZE],
		  struct err *err);

#endif
