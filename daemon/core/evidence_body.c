#include "core/evidence_body.h"

#include <string.h>

/* behind the opening quote; the closing one, or NULL */
static const char *text_end(const char *at)
{
	for (;;) {
		at += strcspn(at, "\"\\");
		if (*at == '"')
			return at;
		if (!*at || !at[1])
			return NULL;
		at += 2;
	}
}

static bool read_value(const char **at, struct evidence_member *ret)
{
	const char *from = *at, *end;

	ret->is_text = *from == '"';
	if (ret->is_text) {
		end = text_end(++from);
		if (!end)
			return false;
		*at = end + 1;
	} else {
		end = from + strspn(from, "-0123456789");
		*at = end;
	}
	ret->value = from;
	ret->size = (size_t)(end - from);
	return ret->is_text || ret->size > 0;
}

bool evidence_body_next(const char **at, struct evidence_member *ret)
{
	const char *name = *at;

	if ((name[0] != '{' && name[0] != ',') || name[1] != '"')
		return false;
	name += 2;
	const char *end = text_end(name);
	if (!end || end[1] != ':')
		return false;
	ret->name = name;
	ret->name_size = (size_t)(end - name);
	*at = end + 2;
	return read_value(at, ret);
}

bool evidence_member_is(const struct evidence_member *member, const char *name)
{
	/* most differ in their first letter */
	return *name == *member->name && strlen(name) == member->name_size &&
	       memcmp(name, member->name, member->name_size) == 0;
}

int64_t evidence_member_integer(const struct evidence_member *member)
{
	uint64_t number = 0;
	bool is_negative = member->size > 0 && member->value[0] == '-';

	if (member->is_text || member->size > 19)
		return 0;
	for (size_t i = is_negative; i < member->size; i++) {
		if (member->value[i] < '0' || member->value[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(member->value[i] - '0');
	}
	if (number > INT64_MAX)
		return 0;
	return is_negative ? -(int64_t)number : (int64_t)number;
}

bool evidence_body_text(const char *body, const char *name, const char **ret,
			size_t *ret_size)
{
	struct evidence_member member;

	while (evidence_body_next(&body, &member)) {
		if (!member.is_text || !evidence_member_is(&member, name))
			continue;
		*ret = member.value;
		*ret_size = member.size;
		return true;
	}
	return false;
}
