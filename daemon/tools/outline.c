#include "tools/outline.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "tools/view.h"

/* An entry begins with one of these and its key with the NUL. Behind that stand
 * an object's entries and its end (the root has that end alone), or a list's
 * items, which are objects without key, and its end. */
enum {
	SHAPE_TEXT = '$', /* not empty */
	SHAPE_TRUE = '+',
	SHAPE_FALSE = '-', /* or an empty text: the same to a template */
	SHAPE_OBJECT = '{',
	SHAPE_OBJECT_END = '}',
	SHAPE_LIST = '[',
	SHAPE_LIST_END = ']',
};

/* A text's mark: one of the first two, its number, the third. */
#define MARK_RAW '\x02'
#define MARK_ESCAPED '\x03'
#define MARK_END '\x04'

/* the end of a literal, and the text behind it */
struct gap {
	unsigned literal_end, next; /* offsets in the outline's text */
	unsigned number;            /* of the text */
	bool is_escaped;
};

struct outline {
	char *shape, *text;
	size_t shape_size, text_size;
	struct gap *gaps;
	size_t gap_count;
	bool is_too_large; /* the page: there is no text, and are no gaps */
};

/* the shape of the view that is being shown, and its texts in that order */
struct found {
	struct buf shape;
	const char **texts; /* the view's */
	size_t count, room;
};

struct outlines {
	struct mustache *engine;
	mustache_escape *escape;
	struct found found;                 /* its memory is kept */
	struct outline *kept[OUTLINES_MAX]; /* the one used last is the first */
	size_t count, size;
};

struct outlines *outlines_new(struct mustache *engine, mustache_escape *escape)
{
	struct outlines *outlines = xcalloc(1, sizeof(*outlines));

	outlines->engine = engine;
	outlines->escape = escape;
	buf_init(&outlines->found.shape, OUTLINE_SHAPE_MAX);
	return outlines;
}

/* --- the shape of a view --- */

static void add_view(struct found *found, const struct view *view);

static void add_head(struct found *found, char kind, const char *key)
{
	buf_addc(&found->shape, kind);
	buf_add(&found->shape, key, strlen(key) + 1);
}

static void add_text(struct found *found, const struct view_entry *entry)
{
	add_head(found, SHAPE_TEXT, entry->key);
	if (found->count == found->room) {
		found->room = found->room ? 2 * found->room : 64;
		found->texts = xreallocarray(found->texts, found->room,
					     sizeof(*found->texts));
	}
	found->texts[found->count++] = entry->text;
}

static void add_list(struct found *found, const struct view_entry *entry)
{
	add_head(found, SHAPE_LIST, entry->key);
	for (const struct view *item = entry->object;
	     item && !found->shape.overflow; item = item->next) {
		buf_addc(&found->shape, SHAPE_OBJECT);
		add_view(found, item);
	}
	buf_addc(&found->shape, SHAPE_LIST_END);
}

static void add_entry(struct found *found, const struct view_entry *entry)
{
	switch (entry->kind) {
	case VIEW_TEXT:
		if (*entry->text)
			add_text(found, entry);
		else
			add_head(found, SHAPE_FALSE, entry->key);
		return;
	case VIEW_FLAG:
		add_head(found, entry->flag ? SHAPE_TRUE : SHAPE_FALSE,
			 entry->key);
		return;
	case VIEW_OBJECT:
		add_head(found, SHAPE_OBJECT, entry->key);
		add_view(found, entry->object);
		return;
	case VIEW_LIST:
		add_list(found, entry);
		return;
	}
	abort();
}

/* One that is too large is left where that is found, and with it its texts. */
static void add_view(struct found *found, const struct view *view)
{
	for (const struct view_entry *entry = view->entries;
	     entry && !found->shape.overflow; entry = entry->next)
		add_entry(found, entry);
	buf_addc(&found->shape, SHAPE_OBJECT_END);
}

/* --- the view that a shape is of, with marks for its texts --- */

static const char *read_view(const char *at, struct view *view,
			     unsigned *number);

static const char *read_list(const char *at, struct view *view, const char *key,
			     unsigned *number)
{
	view_list(view, key);
	while (*at == SHAPE_OBJECT)
		at = read_view(at + 1, view_item(view, key), number);
	assert(*at == SHAPE_LIST_END);
	return at + 1;
}

static void set_mark(struct view *view, const char *key, unsigned number)
{
	char mark[16];

	snprintf(mark, sizeof(mark), "%c%u%c", MARK_RAW, number, MARK_END);
	view_text(view, key, mark);
}

/* Returns what is behind the entry's key. */
static const char *read_entry(const char *at, struct view *view,
			      unsigned *number)
{
	const char *key = at + 1, *behind = key + strlen(key) + 1;

	switch (*at) {
	case SHAPE_TEXT:
		set_mark(view, key, (*number)++);
		return behind;
	case SHAPE_TRUE:
	case SHAPE_FALSE:
		view_flag(view, key, *at == SHAPE_TRUE);
		return behind;
	case SHAPE_OBJECT:
		return read_view(behind, view_child(view, key), number);
	case SHAPE_LIST:
		return read_list(behind, view, key, number);
	default:
		abort();
	}
}

static const char *read_view(const char *at, struct view *view,
			     unsigned *number)
{
	while (*at != SHAPE_OBJECT_END)
		at = read_entry(at, view, number);
	return at + 1;
}

/* --- an outline is made --- */

/* the engine's hook: it meets marks only */
static void mark_escaped(struct buf *out, const char *text, size_t size)
{
	assert(size > 0 && *text == MARK_RAW);
	buf_addc(out, MARK_ESCAPED);
	buf_add(out, text + 1, size - 1);
}

static const char *find_mark(const char *text, const char *end)
{
	while (text < end && *text != MARK_RAW && *text != MARK_ESCAPED)
		text++;
	return text;
}

static size_t count_marks(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == MARK_END;
	return count;
}

static void find_gaps(struct outline *outline, size_t count)
{
	const char *text = outline->text, *end = text + outline->text_size;

	outline->gaps = xcalloc(count + 1, sizeof(*outline->gaps));
	for (const char *at = text; (at = find_mark(at, end)) < end;) {
		struct gap *gap = &outline->gaps[outline->gap_count++];
		char *behind;

		*gap = (struct gap){
		    .literal_end = (unsigned)(at - text),
		    .number = (unsigned)strtoul(at + 1, &behind, 10),
		    .is_escaped = *at == MARK_ESCAPED,
		};
		assert(*behind == MARK_END);
		at = behind + 1;
		gap->next = (unsigned)(at - text);
	}
	assert(outline->gap_count == count);
}

static bool render_marks(struct mustache *engine, const char *shape,
			 struct buf *out)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	unsigned number = 0;

	read_view(shape, view, &number);
	bool good = mustache_render(engine, view, mark_escaped, out, NULL);
	arena_free(arena);
	return good;
}

static char *copy_of(const struct buf *from)
{
	char *copy = xmalloc(from->size + 1);

	memcpy(copy, from->data, from->size + 1);
	return copy;
}

static struct outline *make_outline(struct mustache *engine,
				    const struct buf *shape)
{
	struct outline *outline = xcalloc(1, sizeof(*outline));
	struct buf text;
	size_t count;

	outline->shape = copy_of(shape);
	outline->shape_size = shape->size;
	buf_init(&text, OUTLINE_PAGE_MAX);
	outline->is_too_large =
	    !render_marks(engine, outline->shape, &text) ||
	    (count = count_marks(text.data, text.size)) >
		(OUTLINE_PAGE_MAX - text.size) / sizeof(*outline->gaps);
	if (!outline->is_too_large) {
		outline->text = copy_of(&text);
		outline->text_size = text.size;
		find_gaps(outline, count);
	}
	buf_done(&text);
	return outline;
}

static void free_outline(struct outline *outline)
{
	free(outline->shape);
	free(outline->text);
	free(outline->gaps);
	free(outline);
}

/* --- those that are kept --- */

static size_t size_of(const struct outline *outline)
{
	return sizeof(*outline) + outline->shape_size + 1 + outline->text_size +
	       1 + (outline->gap_count + 1) * sizeof(*outline->gaps);
}

static void drop_last(struct outlines *outlines)
{
	struct outline *last = outlines->kept[--outlines->count];

	outlines->size -= size_of(last);
	free_outline(last);
}

void outlines_free(struct outlines *outlines)
{
	if (!outlines)
		return;
	while (outlines->count > 0)
		drop_last(outlines);
	buf_done(&outlines->found.shape);
	free(outlines->found.texts);
	free(outlines);
}

size_t outlines_size(const struct outlines *outlines)
{
	return outlines->size;
}

size_t outlines_count(const struct outlines *outlines)
{
	return outlines->count;
}

/* Moves those before that place back by one, over what stands there. */
static void put_first(struct outlines *outlines, struct outline *outline,
		      size_t place)
{
	memmove(outlines->kept + 1, outlines->kept,
		place * sizeof(*outlines->kept));
	outlines->kept[0] = outline;
}

static void keep(struct outlines *outlines, struct outline *outline)
{
	size_t size = size_of(outline);

	while (
	    outlines->count == OUTLINES_MAX ||
	    (outlines->count > 0 && outlines->size + size > OUTLINES_SIZE_MAX))
		drop_last(outlines);
	outlines->size += size;
	put_first(outlines, outline, outlines->count++);
}

static const struct outline *outline_of(struct outlines *outlines,
					const struct buf *shape)
{
	for (size_t i = 0; i < outlines->count; i++) {
		struct outline *outline = outlines->kept[i];

		if (outline->shape_size != shape->size ||
		    memcmp(outline->shape, shape->data, shape->size) != 0)
			continue;
		put_first(outlines, outline, i);
		return outline;
	}
	struct outline *made = make_outline(outlines->engine, shape);
	keep(outlines, made);
	return made;
}

/* --- and shown --- */

/* The engine's MUSTACHE_KEEP does not reach the output, of whatever it is. */
static void put_in(struct buf *out, const char *text, mustache_escape *escape)
{
	for (;;) {
		const char *end = strchrnul(text, MUSTACHE_KEEP);

		if (escape)
			escape(out, text, (size_t)(end - text));
		else
			buf_add(out, text, (size_t)(end - text));
		if (!*end)
			return;
		text = end + 1;
	}
}

static bool fill(const struct outlines *outlines, const struct outline *outline,
		 struct buf *out, struct err *err)
{
	const struct found *found = &outlines->found;
	size_t from = 0;

	for (size_t i = 0; i < outline->gap_count; i++) {
		const struct gap *gap = &outline->gaps[i];

		assert(gap->number < found->count);
		buf_add(out, outline->text + from, gap->literal_end - from);
		put_in(out, found->texts[gap->number],
		       gap->is_escaped ? outlines->escape : NULL);
		from = gap->next;
	}
	buf_add(out, outline->text + from, outline->text_size - from);
	return !out->overflow ||
	       err_set(err, ERR_FULL, "more than %zu bytes", out->ceiling);
}

bool outlines_render(struct outlines *outlines, const struct view *view,
		     struct buf *out, struct err *err)
{
	struct found *found = &outlines->found;
	const struct outline *outline = NULL;

	buf_clear(&found->shape);
	found->count = 0;
	add_view(found, view);
	if (!found->shape.overflow)
		outline = outline_of(outlines, &found->shape);
	if (!outline || outline->is_too_large)
		return mustache_render(outlines->engine, view, outlines->escape,
				       out, err);
	return fill(outlines, outline, out, err);
}
