#include "doors/mailbag.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define LINE_SIZE (MAILBAG_PLACE_SIZE + 24)

void mailbag_open(struct buf *out, bool can_wait)
{
	buf_adds(out, can_wait ? "mails, more are told\n" : "mails\n");
}

bool mailbag_put(struct buf *out, const char *place, const char *data,
		 size_t size)
{
	size_t length = strlen(place);

	if (length == 0 || length >= MAILBAG_PLACE_SIZE ||
	    text_has_control(place, length))
		return false;
	buf_addf(out, "%zu %s\n", size, place);
	buf_add(out, data, size);
	return true;
}

/* The next line, without its end; false: none, or too long. */
static bool take_line(struct mailbag *bag, char ret_line[LINE_SIZE])
{
	const char *end = memchr(bag->text, '\n', bag->size);
	size_t size = end ? (size_t)(end - bag->text) : LINE_SIZE;

	if (size >= LINE_SIZE)
		return false;
	memcpy(ret_line, bag->text, size);
	ret_line[size] = '\0';
	bag->text += size + 1;
	bag->size -= size + 1;
	return true;
}

bool mailbag_begin(struct mailbag *bag, bool *ret_can_wait)
{
	char line[LINE_SIZE];

	if (!take_line(bag, line))
		return false;
	*ret_can_wait = strcmp(line, "mails, more are told") == 0;
	return *ret_can_wait || strcmp(line, "mails") == 0;
}

bool mailbag_take(struct mailbag *bag, struct mailbag_mail *ret)
{
	char line[LINE_SIZE];
	long long size;

	if (!take_line(bag, line))
		return false;
	char *place = strchr(line, ' ');
	if (!place)
		return false;
	*place++ = '\0';
	if (!text_parse_integer(line, 0, (long long)bag->size, &size) ||
	    !*place || strlen(place) >= MAILBAG_PLACE_SIZE)
		return false;
	strcpy(ret->place, place);
	ret->data = bag->text;
	ret->size = (size_t)size;
	bag->text += size;
	bag->size -= (size_t)size;
	return true;
}
