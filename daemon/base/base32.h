#ifndef BASE_BASE32_H
#define BASE_BASE32_H

/*
 * Crockford's base32, lower case out; in any case in, with o read as 0 and i
 * and l as 1, so that what a person or a linkifier changed still reads.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes exactly digits characters (most significant first) and a NUL into
 * ret_text, which holds digits + 1 bytes. number must fit. */
void base32_format(uint64_t number, size_t digits, char *ret_text);

/* Reads exactly digits characters (at most 12); false when one is no digit. */
bool base32_parse(const char *text, size_t digits, uint64_t *ret_number);

/* The first digits * 5 bits of data (so size >= digits * 5 / 8, rounded up)
 * as digits characters and a NUL. */
void base32_format_bits(const uint8_t *data, size_t digits, char *ret_text);

/* Changes text to what base32_format would have written (lower case, o i l
 * mended), in place; false, with text untouched, when a byte is no digit. */
bool base32_normalise(char *text);

#endif
