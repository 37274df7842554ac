#ifndef TOOLS_MESSAGE_H
#define TOOLS_MESSAGE_H

/*
 * A mail that arrived, taken apart (RFC 5322, 2045 to 2047, 2231): its headers,
 * its parts in the order in which they stand, their text in UTF-8. Mails that
 * come back are often cut, and written by programs that knew the rules by
 * hearsay: nothing is refused, what is wrong is read as well as it can be.
 * Everything lives in the arena. Holds no state; any thread.
 *
 *	struct message mail;
 *	message_parse(bytes, size, arena, &mail);
 *	subject = message_header(&mail.parts[0], "subject", arena);
 *	for (size_t i = 0; i < mail.count; i++)
 *		text = message_text(&mail.parts[i], arena);
 *
 * The tree is ours, without recursion: libetpan's parser follows each level of
 * nesting on its stack and ends at the first header that has no colon. Its
 * decoders do the rest.
 */
#include <stdbool.h>
#include <stddef.h>

struct arena;

#define MESSAGE_PARTS_MAX 200
#define MESSAGE_LEVELS_MAX 24  /* what lies deeper stays in one piece */
#define MESSAGE_FIELDS_MAX 400 /* of one part */
#define MESSAGE_VALUE_MAX 8192 /* bytes; a longer field is cut */

/* A header as it stands, unfolded. */
struct message_field {
	const char *name; /* in lower case */
	const char *value;
};

struct message_part {
	size_t level;     /* 0: the mail itself */
	size_t mails;     /* how many other mails (message/rfc822) it lies in */
	const char *type; /* "text/plain", in lower case */
	const char *name; /* of its file, decoded, or "" */
	const char *charset, *encoding; /* as said, or "" */
	struct message_field *fields;
	size_t field_count;
	const char *body; /* still encoded; lines end with LF, no NUL */
	size_t size;
};

struct message {
	struct message_part *parts; /* [0] is the mail: at least one */
	size_t count;
};

void message_parse(const char *bytes, size_t size, struct arena *arena,
		   struct message *ret);

/* The fields at the start of a text, up to its first empty line: as in each
 * block of a delivery status (RFC 3464 2.1). Returns what follows that line. */
const char *message_fields(const char *text, const char *end,
			   struct arena *arena, struct message_field **ret,
			   size_t *ret_count);

/* The first field of that name (in lower case) as it stands, or NULL. */
const char *message_raw_header(const struct message_part *part,
			       const char *name);
/* Decoded (RFC 2047) into UTF-8 without control characters; "" if there is
 * none. */
const char *message_header(const struct message_part *part, const char *name,
			   struct arena *arena);
/* Of a header's value: "boundary", "report-type"; "" if it is not there. */
const char *message_parameter(const char *value, const char *name,
			      struct arena *arena);

/* The part's body decoded into UTF-8, as it would be read: HTML as text. Of
 * any type but multipart. */
const char *message_text(const struct message_part *part, struct arena *arena);

/* The first address at or behind `text`, bare, without what stands around it;
 * *ret_end is what follows. NULL when there is none. At most 254 bytes. */
const char *message_address(const char *text, struct arena *arena,
			    const char **ret_end);

#endif
