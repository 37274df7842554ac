#include "tools/message.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "tools/charset.h"
#include "tools/message_private.h"

#define TEXT_CEILING ((size_t)1024 * 1024)

/* --- headers */

/* A line is a field when a name of visible ASCII stands before its colon. */
static size_t name_size(const char *line, const char *end)
{
	const char *at = line;

	while (at<end && * at> ' ' && *at < 0x7f && *at != ':')
		at++;
	size_t size = (size_t)(at - line);
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at < end && *at == ':' ? size : 0;
}

static const char *line_end(const char *line, const char *end)
{
	const char *at = memchr(line, '\n', (size_t)(end - line));

	return at ? at : end;
}

/* The value that starts at `from` with the lines that continue it, as one. */
static const char *unfold(const char *from, const char *end,
			  struct arena *arena, const char **ret_next)
{
	struct buf value;
	const char *stop = line_end(from, end);

	buf_init(&value, MESSAGE_VALUE_MAX);
	buf_add(&value, from, (size_t)(stop - from));
	while (stop + 1 < end && (stop[1] == ' ' || stop[1] == '\t')) {
		const char *line = stop + 1;

		stop = line_end(line, end);
		/* of blanks alone: the empty line, for some programs */
		if (line[strspn(line, " \t")] == '\n' && !value.overflow)
			continue;
		buf_add(&value, line, (size_t)(stop - line));
	}
	*ret_next = stop < end ? stop + 1 : end;
	char *text = arena_strndup(arena, value.data, value.size);
	buf_done(&value);
	return text_trim(text);
}

const char *message_fields(const char *text, const char *end,
			   struct arena *arena, struct message_field **ret,
			   size_t *ret_count)
{
	struct message_field *fields = NULL;
	size_t count = 0, room = 0;

	while (text < end && *text != '\n') {
		size_t size = name_size(text, end);
		const char *stop = line_end(text, end);

		if (size == 0 || count == MESSAGE_FIELDS_MAX) {
			text = stop < end ? stop + 1 : end;
			continue;
		}
		char *name = arena_strndup(arena, text, size);
		const char *colon = memchr(text, ':', (size_t)(end - text));
		text_lower(name);
		fields =
		    arena_grow(arena, fields, count, &room, sizeof(*fields));
		fields[count++] = (struct message_field){
		    name, unfold(colon + 1, end, arena, &text)};
	}
	*ret = fields;
	*ret_count = count;
	return text < end ? text + 1 : end;
}

const char *message_raw_header(const struct message_part *part,
			       const char *name)
{
	for (size_t i = 0; i < part->field_count; i++)
		if (strcmp(part->fields[i].name, name) == 0)
			return part->fields[i].value;
	return NULL;
}

const char *message_header(const struct message_part *part, const char *name,
			   struct arena *arena)
{
	const char *raw = message_raw_header(part, name);
	struct buf text;

	if (!raw)
		return "";
	buf_init(&text, TEXT_CEILING);
	message_decode_words(&text, raw);
	char *header = arena_strndup(arena, text.data, text.size);
	buf_done(&text);
	for (char *at = header; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	return text_trim(header);
}

/* --- parameters */

/* The end of what stands before the next ";", quotes respected. */
static const char *parameter_end(const char *at)
{
	bool is_quoted = false;

	for (; *at && (is_quoted || *at != ';'); at++) {
		if (*at == '"')
			is_quoted = !is_quoted;
		else if (*at == '\\' && is_quoted && at[1])
			at++;
	}
	return at;
}

static const char *parameter_value(const char *at, const char *end,
				   struct arena *arena)
{
	char *value = arena_alloc(arena, (size_t)(end - at) + 1);
	size_t size = 0;
	bool is_quoted = *at == '"';

	for (at += is_quoted ? 1 : 0; at < end; at++) {
		if (is_quoted && *at == '"')
			break;
		if (is_quoted && *at == '\\' && at + 1 < end)
			at++;
		value[size++] = *at;
	}
	return is_quoted ? value : text_trim(value);
}

/* name=, name*=, name*0=, name*0*=: the first piece is enough to know it by */
static bool is_parameter(const char *at, const char *name, const char **ret)
{
	size_t size = strlen(name);

	if (strncasecmp(at, name, size) != 0)
		return false;
	at += size;
	at += strspn(at, "*0 \t");
	if (*at != '=')
		return false;
	at++;
	*ret = at + strspn(at, " \t");
	return true;
}

const char *message_parameter(const char *value, const char *name,
			      struct arena *arena)
{
	const char *at = value ? parameter_end(value) : "";

	while (*at == ';') {
		const char *end, *text;

		at++;
		at += strspn(at, " \t");
		end = parameter_end(at);
		if (is_parameter(at, name, &text) && text <= end)
			return parameter_value(text, end, arena);
		at = end;
	}
	return "";
}

/* --- parts */

/* bytes that wait to be taken apart */
struct range {
	const char *start, *end;
	size_t level, mails;
	const char *type; /* where its headers say nothing */
};

struct walk {
	struct arena *arena;
	struct message *mail;
	struct range *stack;
	size_t waiting, room;
};

static void push(struct walk *walk, struct range range)
{
	walk->stack = arena_grow(walk->arena, walk->stack, walk->waiting,
				 &walk->room, sizeof(*walk->stack));
	walk->stack[walk->waiting++] = range;
}

/* "Text/Plain; ..." as "text/plain"; the fallback when it is no type */
static const char *type_of(const char *value, const char *fallback,
			   struct arena *arena)
{
	size_t size = value ? strcspn(value, "; \t(,") : 0;
	const char *slash = size ? memchr(value, '/', size) : NULL;

	if (!slash || slash == value || slash + 1 == value + size)
		return fallback;
	char *type = arena_strndup(arena, value, size);
	text_lower(type);
	return type;
}

static const char *lower_word(const char *value, struct arena *arena)
{
	char *word = arena_strdup(arena, value ? value : "");

	word[strcspn(word, "; \t(")] = '\0';
	text_lower(word);
	return word;
}

static const char *name_of(const struct message_part *part, const char *type,
			   struct arena *arena)
{
	const char *name = message_parameter(type, "name", arena);
	struct buf text;

	if (!*name)
		name = message_parameter(
		    message_raw_header(part, "content-disposition"), "filename",
		    arena);
	buf_init(&text, TEXT_CEILING);
	message_decode_words(&text, name);
	name = arena_strndup(arena, text.data, text.size);
	buf_done(&text);
	return name;
}

static struct message_part *add_part(struct walk *walk,
				     const struct range *range)
{
	struct message_part *part = &walk->mail->parts[walk->mail->count++];
	struct arena *arena = walk->arena;

	*part =
	    (struct message_part){.level = range->level, .mails = range->mails};
	part->body = message_fields(range->start, range->end, arena,
				    &part->fields, &part->field_count);
	/* no header at all: then it is all body */
	if (part->field_count == 0 && *range->start != '\n')
		part->body = range->start;
	part->size = (size_t)(range->end - part->body);
	const char *type = message_raw_header(part, "content-type");
	part->type = type_of(type, range->type, arena);
	part->charset = message_parameter(type, "charset", arena);
	part->encoding = lower_word(
	    message_raw_header(part, "content-transfer-encoding"), arena);
	part->name = name_of(part, type, arena);
	return part;
}

/* The next line that is the boundary, "--" before it; NULL: none. *ret_is_last:
 * "--" stands behind it too. */
static const char *find_boundary(const char *at, const char *end,
				 const char *boundary, bool *ret_is_last)
{
	size_t size = strlen(boundary);

	while (at < end) {
		const char *stop = line_end(at, end);

		if ((size_t)(stop - at) >= size + 2 && at[0] == '-' &&
		    at[1] == '-' && memcmp(at + 2, boundary, size) == 0) {
			const char *rest = at + 2 + size;

			*ret_is_last = stop - rest >= 2 && rest[0] == '-' &&
				       rest[1] == '-';
			if (*ret_is_last)
				return at;
			while (rest < stop && (*rest == ' ' || *rest == '\t'))
				rest++;
			if (rest == stop)
				return at;
		}
		at = stop < end ? stop + 1 : end;
	}
	return NULL;
}

/* A multipart that does not tell its boundary: the first line like one. */
static const char *guess_boundary(const struct message_part *part,
				  struct arena *arena)
{
	const char *at = part->body, *end = at + part->size;

	while (at < end) {
		const char *stop = line_end(at, end);
		size_t size = (size_t)(stop - at);

		if (size > 4 && size < 80 && at[0] == '-' && at[1] == '-' &&
		    !memchr(at, ' ', size))
			return arena_strndup(arena, at + 2, size - 2);
		at = stop < end ? stop + 1 : end;
	}
	return "";
}

/* Pushes the parts between the boundaries, the first on top. A missing last
 * boundary ends where the bytes do. */
static bool split(struct walk *walk, const struct message_part *part,
		  const char *boundary)
{
	const char *at = part->body, *end = at + part->size;
	const char *fallback = strcmp(part->type, "multipart/digest") == 0
				   ? "message/rfc822"
				   : "text/plain";
	size_t first = walk->waiting;
	bool is_last = false;

	at = *boundary ? find_boundary(at, end, boundary, &is_last) : NULL;
	while (at && !is_last && walk->waiting < MESSAGE_PARTS_MAX) {
		const char *start = line_end(at, end);

		start = start < end ? start + 1 : end;
		at = find_boundary(start, end, boundary, &is_last);
		push(walk, (struct range){start, at ? at : end, part->level + 1,
					  part->mails, fallback});
	}
	for (size_t i = first, j = walk->waiting; i + 1 < j; i++) {
		struct range other = walk->stack[i];

		walk->stack[i] = walk->stack[--j];
		walk->stack[j] = other;
	}
	return walk->waiting > first;
}

static bool is_mail(const char *type)
{
	return strcmp(type, "message/rfc822") == 0 ||
	       strcmp(type, "message/global") == 0 ||
	       strcmp(type, "text/rfc822-headers") == 0 ||
	       strcmp(type, "message/rfc822-headers") == 0 ||
	       strcmp(type, "message/global-headers") == 0;
}

static void push_mail(struct walk *walk, const struct message_part *part)
{
	const char *start = part->body, *end = start + part->size;

	/* RFC 2046 5.2.1 forbids it, and some do it */
	if (strcmp(part->encoding, "base64") == 0 ||
	    strcmp(part->encoding, "quoted-printable") == 0) {
		struct buf text;

		buf_init(&text, TEXT_CEILING);
		message_decode(&text, part->encoding, part->body, part->size);
		start = arena_strndup(walk->arena, text.data, text.size);
		end = start + strlen(start);
		buf_done(&text);
	}
	while (start < end && *start == '\n')
		start++;
	push(walk, (struct range){start, end, part->level + 1, part->mails + 1,
				  "text/plain"});
}

static void take_apart(struct walk *walk, const struct range *range)
{
	const struct message_part *part = add_part(walk, range);
	struct arena *arena = walk->arena;

	if (part->level >= MESSAGE_LEVELS_MAX)
		return;
	if (is_mail(part->type)) {
		push_mail(walk, part);
	} else if (text_starts(part->type, "multipart/")) {
		const char *type = message_raw_header(part, "content-type");

		if (!split(walk, part,
			   message_parameter(type, "boundary", arena)))
			split(walk, part, guess_boundary(part, arena));
	}
}

/* Lines end with LF, and a NUL is a space: what follows may use both. */
static char *plain_copy(const char *bytes, size_t size, struct arena *arena,
			size_t *ret_size)
{
	char *copy = arena_alloc(arena, size + 1);
	size_t count = 0;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\r' && i + 1 < size && bytes[i + 1] == '\n')
			continue;
		copy[count++] = bytes[i] ? bytes[i] : ' ';
	}
	*ret_size = count;
	return copy;
}

void message_parse(const char *bytes, size_t size, struct arena *arena,
		   struct message *ret)
{
	const char *start = plain_copy(bytes, size, arena, &size);
	const char *end = start + size;
	struct walk walk = {.arena = arena, .mail = ret};

	while (start < end && *start == '\n')
		start++;
	ret->count = 0;
	ret->parts =
	    arena_allocarray(arena, MESSAGE_PARTS_MAX, sizeof(*ret->parts));
	push(&walk, (struct range){start, end, 0, 0, "text/plain"});
	while (walk.waiting > 0 && ret->count < MESSAGE_PARTS_MAX) {
		struct range range = walk.stack[--walk.waiting];

		take_apart(&walk, &range);
	}
}
