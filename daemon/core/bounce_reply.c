/* What a person wrote in reply, and who vouches for them. */
#include "core/bounce_private.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"
#include "core/authentic.h"

/* --- the line */

/* Mail programs fill lines with blanks of several kinds. */
static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size;) {
		uint32_t point = 0;
		size_t length = text_decode(line + i, size - i, &point);
		bool is_space =
		    length && (point <= ' ' || point == 0xa0 ||
			       (point >= 0x200b && point <= 0x200f) ||
			       point == 0x2060 || point == 0xfeff);

		if (!is_space)
			return false;
		i += length;
	}
	return true;
}

/* "On Friday the Board" and, on the next line, "<board@x> wrote:" are one. */
static size_t attribution_size(const char *line, size_t size)
{
	if (bounce_announces_quote(line, size))
		return size;
	if (!line[size])
		return 0;
	size_t both = size + 1 + strcspn(line + size + 1, "\n");
	return bounce_announces_quote(line, both) ? both : 0;
}

/* Above what is quoted or, where they write below it, behind it. A quote that
 * is not marked as one is taken for theirs, and has the word in no line of its
 * own. */
static void find_line(const char *text, char ret[BOUNCE_LINE_SIZE])
{
	for (const char *line = text; *line;) {
		size_t size = strcspn(line, "\n"), own = size;
		bool is_other = is_blank(line, size) || bounce_is_quoted(line);

		if (!is_other && (own = attribution_size(line, size)) == 0) {
			char piece[BOUNCE_LINE_SIZE];
			size_t kept = text_cut(line, size, sizeof(piece) - 1);

			memcpy(piece, line, kept);
			piece[kept] = '\0';
			bounce_set_text(ret, BOUNCE_LINE_SIZE, piece);
			return;
		}
		line += own;
		line += *line == '\n';
	}
}

/* --- the author */

static bool has_one_author(const struct bounce_view *view)
{
	const struct message_part *head = &view->mail->parts[0];
	const char *first = NULL, *address, *end;
	size_t fields = 0;

	for (size_t i = 0; i < head->field_count; i++) {
		if (strcmp(head->fields[i].name, "from") != 0)
			continue;
		fields++;
		/* as it stands: an encoded name may hold an address, too */
		const char *texts[] = {
		    head->fields[i].value,
		    message_header(head, "from", view->arena)};
		for (size_t j = 0; j < 2; j++)
			for (const char *at = texts[j];
			     (address = message_address(at, view->arena, &end));
			     at = end) {
				if (first && strcasecmp(first, address) != 0)
					return false;
				first = address;
			}
	}
	return fields == 1 && first;
}

/* --- how it came */

static bool is_of_list(const struct message_part *head)
{
	static const char *const names[] = {"list-id", "list-post",
					    "list-unsubscribe", "mailing-list",
					    "x-mailing-list"};
	const char *precedence = message_raw_header(head, "precedence");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (message_raw_header(head, names[i]))
			return true;
	return precedence && strncasecmp(precedence, "list", 4) == 0;
}

void bounce_read_reply(const struct bounce_view *view, struct bounce_mail *ret)
{
	const struct message_part *head = &view->mail->parts[0];
	struct authentic_mark *marks =
	    arena_allocarray(view->arena, AUTHENTIC_MARKS_MAX, sizeof(*marks));

	find_line(view->all, ret->reply.line);
	ret->reply.has_one_author = has_one_author(view);
	ret->reply.is_of_list = is_of_list(head);
	ret->reply.received_at = authentic_received_at(head);
	ret->reply.mark_count = authentic_read(
	    head, ret->reply.has_one_author ? ret->from : "", marks);
	ret->reply.marks = marks;
}
