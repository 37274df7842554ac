#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "doors/http_private.h"

#define ROOM_MIN ((size_t)4096) /* for most pages, and for none at all */

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t measure(const struct http_reply *reply)
{
	size_t size = reply->header_count * sizeof(*reply->headers);

	for (size_t i = 0; i < reply->header_count; i++)
		size += size_of(reply->headers[i].name) +
			size_of(reply->headers[i].value);
	size += size_of(reply->content_type) + size_of(reply->style_hash);
	return size + (reply->file ? size_of(reply->file->name) : reply->size);
}

static const void *put(char **at, const void *data, size_t size)
{
	char *to = *at;

	if (size > 0)
		memcpy(to, data, size);
	*at += size;
	return to;
}

static const char *put_text(char **at, const char *text)
{
	return text ? put(at, text, size_of(text)) : NULL;
}

static struct http_draft *make_room(struct http_draft *draft, size_t size)
{
	if (!draft)
		draft = xcalloc(1, sizeof(*draft));
	if (!draft->memory || size > draft->room) {
		free(draft->memory);
		draft->room = size > ROOM_MIN ? size : ROOM_MIN;
		draft->memory = xmalloc(draft->room);
	}
	return draft;
}

struct http_draft *http_draft_write(struct http_draft *spare,
				    const struct http_reply *reply)
{
	struct http_draft *draft = make_room(spare, measure(reply));
	char *at = draft->memory;
	/* in front, where memory is aligned for them */
	struct http_header *headers = (void *)at;

	draft->reply = *reply;
	draft->reply.headers = headers;
	at += reply->header_count * sizeof(*headers);
	for (size_t i = 0; i < reply->header_count; i++) {
		headers[i].name = put_text(&at, reply->headers[i].name);
		headers[i].value = put_text(&at, reply->headers[i].value);
	}
	draft->reply.content_type = put_text(&at, reply->content_type);
	draft->reply.style_hash = put_text(&at, reply->style_hash);
	if (!reply->file) {
		draft->reply.body = put(&at, reply->body, reply->size);
		return draft;
	}
	draft->file = *reply->file;
	draft->file.name = put_text(&at, reply->file->name);
	draft->reply.file = &draft->file;
	return draft;
}

void http_draft_free(struct http_draft *draft)
{
	free(draft->memory);
	free(draft);
}
