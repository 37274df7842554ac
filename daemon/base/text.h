#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/* Small questions about text and changes to it. No locale, no allocation. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is it well-formed UTF-8 (RFC 3629: no overlong form, no surrogate, at most
 * U+10FFFF) without a NUL? On false *ret_bad (may be NULL) is the offset. */
bool text_is_utf8(const char *text, size_t size, size_t *ret_bad);

/* The bytes of the character (RFC 3629) at text, *ret_point set to its code
 * point; 0: malformed, cut off or NUL, and *ret_point unset. */
size_t text_decode(const char *text, size_t size, uint32_t *ret_point);

/* Has it a C0 or C1 control character or DEL? LF and TAB count as such too. */
bool text_has_control(const char *text, size_t size);

/* Cuts ASCII white space off both ends, in place; returns its argument moved
 * to the first other byte. */
char *text_trim(char *text);

/* ASCII letters to lower case, in place; other bytes stay. */
void text_lower(char *text);

bool text_is_empty(const char *text); /* NULL, or nothing but white space */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/* How many bytes at the start of a UTF-8 text hold at most max_size bytes
 * without cutting a character. */
size_t text_cut(const char *text, size_t size, size_t max_size);

/* The text as a whole decimal number within [min, max], no sign but '-', no
 * white space; false leaves *ret_number alone. */
bool text_parse_integer(const char *text, long long min, long long max,
			long long *ret_number);

#endif
