/* A template from an administrator: it parses with a line or is shown, its
 * values come out whole, and it shows by its outline what the engine does. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tools/outline.h"
#include "tools/template.h"
#include "tools/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct view *make_view(struct arena *arena, const char *first,
			      const char *second)
{
	struct view *view = view_new(arena);

	view_text(view, "a", first);
	view_flag(view, "b", true);
	for (int i = 0; i < 3; i++) {
		struct view *item = view_item(view, "c");
		view_number(item, "d", i);
		view_text(view_child(item, "e"), "a", NULL);
		view_text(item, "f", i == 1 ? second : first);
	}
	return view;
}

/* A shape that is too large is left to the engine: a long key makes it so. */
static void leave_to_engine(struct view *view)
{
	static char key[OUTLINE_SHAPE_MAX + 1];

	memset(key, 'k', OUTLINE_SHAPE_MAX);
	view_flag(view, key, false);
}

static void show(const struct template *page, const char *first,
		 const char *second)
{
	struct arena *arena = arena_new();
	struct view *view = make_view(arena, first, second);
	struct err err = {0}, engine_err = {0};
	struct buf out, wanted;

	buf_init(&out, 1 << 16);
	buf_init(&wanted, 1 << 16);
	bool good = template_render(page, view, &out, &err);
	assert(good || err.kind == ERR_FULL);
	assert(!memchr(out.data, '\x01', out.size));
	leave_to_engine(view);
	assert(template_render(page, view, &wanted, &engine_err) == good);
	assert(strcmp(err.text, engine_err.text) == 0);
	assert(!good || (out.size == wanted.size &&
			 memcmp(out.data, wanted.data, out.size) == 0));
	buf_done(&wanted);
	buf_done(&out);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum template_kind kind =
	    size && data[0] % 2 ? TEMPLATE_HTML : TEMPLATE_TEXT;
	struct err err = {0};
	struct template *page =
	    template_parse("fuzz", (const char *)data, size, kind, &err);

	if (!page) {
		assert(strncmp(err.text, "fuzz:", 5) == 0);
		return 0;
	}
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	show(page, "<&\"'>{{b}}", "\x01{{>f}}");
	show(page, *text ? text : " ",
	     "\x02"
	     "1\x04\n");
	show(page, "", "x");
	arena_free(arena);
	template_free(page);
	return 0;
}
