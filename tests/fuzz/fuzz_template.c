/* A template from an administrator: it parses with a line or is shown, and its
 * values come out whole. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tools/template.h"
#include "tools/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct view *make_view(struct arena *arena)
{
	struct view *view = view_new(arena);

	view_text(view, "a", "<&\"'>{{b}}");
	view_flag(view, "b", true);
	for (int i = 0; i < 3; i++) {
		struct view *item = view_item(view, "c");
		view_number(item, "d", i);
		view_text(view_child(item, "e"), "a", NULL);
	}
	return view;
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
	struct buf out;
	buf_init(&out, 1 << 16);
	if (!template_render(page, make_view(arena), &out, &err))
		assert(err.kind == ERR_FULL);
	assert(!memchr(out.data, '\x01', out.size));
	buf_done(&out);
	arena_free(arena);
	template_free(page);
	return 0;
}
