#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t text_decode(const char *bytes, size_t size, uint32_t *ret_point)
{
	const unsigned char *text = (const unsigned char *)bytes;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = size > 0 ? text[0] : 0;
	size_t length = first < 0x80   ? 1
			: first < 0xc2 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
			: first < 0xf5 ? 4
				       : 0;

	if (length == 0 || length > size)
		return 0;
	if (length == 1) {
		*ret_point = first;
		return first != 0;
	}
	uint32_t point = first & (0xff >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < least[length] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return length;
}

bool text_is_utf8(const char *text, size_t size, size_t *ret_bad)
{
	for (size_t i = 0; i < size;) {
		uint32_t point;
		size_t length = text_decode(text + i, size - i, &point);

		if (length == 0) {
			if (ret_bad)
				*ret_bad = i;
			return false;
		}
		i += length;
	}
	return true;
}

bool text_has_control(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte < 0x20 || byte == 0x7f)
			return true;
		if (byte == 0xc2 && i + 1 < size &&
		    (unsigned char)text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static bool is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

char *text_trim(char *text)
{
	while (is_space(*text))
		text++;
	size_t size = strlen(text);
	while (size > 0 && is_space(text[size - 1]))
		size--;
	text[size] = '\0';
	return text;
}

void text_lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

bool text_is_empty(const char *text)
{
	if (!text)
		return true;
	while (is_space(*text))
		text++;
	return *text == '\0';
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t size = strlen(text), end = strlen(suffix);

	return size >= end && strcmp(text + size - end, suffix) == 0;
}

size_t text_cut(const char *text, size_t size, size_t max_size)
{
	if (size <= max_size)
		return size;
	while (max_size > 0 && ((unsigned char)text[max_size] & 0xc0) == 0x80)
		max_size--;
	return max_size;
}

bool text_parse_integer(const char *text, long long min, long long max,
			long long *ret_number)
{
	char *end;
	const char *digits = text[0] == '-' ? text + 1 : text;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < min || number > max)
		return false;
	*ret_number = number;
	return true;
}
