#include "base/base32.h"

#include <assert.h>
#include <string.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static int digit_value(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		byte = (char)(byte - 'A' + 'a');
	if (byte == 'o')
		byte = '0';
	if (byte == 'i' || byte == 'l')
		byte = '1';
	const char *at = byte ? strchr(alphabet, byte) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

void base32_format(uint64_t number, size_t digits, char *ret_text)
{
	assert(digits <= 12 && number >> (5 * digits) == 0);
	for (size_t i = digits; i-- > 0; number >>= 5)
		ret_text[i] = alphabet[number & 31];
	ret_text[digits] = '\0';
}

bool base32_parse(const char *text, size_t digits, uint64_t *ret_number)
{
	uint64_t number = 0;

	assert(digits <= 12);
	for (size_t i = 0; i < digits; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return false;
		number = number << 5 | (uint64_t)value;
	}
	*ret_number = number;
	return true;
}

void base32_format_bits(const uint8_t *data, size_t digits, char *ret_text)
{
	unsigned window = 0, bits = 0;

	for (size_t i = 0; i < digits; i++) {
		if (bits < 5) {
			window = window << 8 | *data++;
			bits += 8;
		}
		bits -= 5;
		ret_text[i] = alphabet[window >> bits & 31];
	}
	ret_text[digits] = '\0';
}

bool base32_normalise(char *text)
{
	for (const char *at = text; *at; at++)
		if (digit_value(*at) < 0)
			return false;
	for (; *text; text++)
		*text = alphabet[digit_value(*text)];
	return true;
}
