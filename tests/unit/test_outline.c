#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assets.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/text.h"
#include "tools/mustache.h"
#include "tools/outline.h"
#include "tools/template_source.h"
#include "tools/view.h"

#define CEILING ((size_t)16 * 1024 * 1024)

/* --- a template, whose outlines are held against its engine --- */

struct page {
	struct mustache *engine;
	mustache_escape *escape;
	struct outlines *outlines;
	char *flat;
};

static void open_page(struct page *page, const struct source *source,
		      const struct source_list *partials,
		      mustache_escape *escape)
{
	struct err err = {0};
	struct buf flat;
	int line;

	buf_init(&flat, SOURCE_FLAT_MAX);
	if (!source_check(source, partials, &line, &err) ||
	    !source_flatten(source, partials, &flat, &err))
		fail_msg("%s: %s", source->name, err.text);
	page->engine = mustache_new(flat.data, flat.size, &err);
	assert_non_null(page->engine);
	page->escape = escape;
	page->outlines = outlines_new(page->engine, escape);
	page->flat = buf_take(&flat, NULL);
}

static void open_text(struct page *page, const char *text)
{
	const struct source_list none = {0};
	struct source source;

	source_init(&source, "x.html");
	source_set_text(&source, text, strlen(text));
	open_page(page, &source, &none, escape_html);
	source_done(&source);
}

static void close_page(struct page *page)
{
	outlines_free(page->outlines);
	mustache_free(page->engine);
	free(page->flat);
}

static void assert_same_within(struct page *page, const struct view *view,
			       size_t ceiling)
{
	struct err err = {0}, wanted_err = {0};
	struct buf out, wanted;

	buf_init(&out, ceiling);
	buf_init(&wanted, ceiling);
	bool good = outlines_render(page->outlines, view, &out, &err);
	assert_int_equal(good, mustache_render(page->engine, view, page->escape,
					       &wanted, &wanted_err));
	assert_int_equal(err.kind, wanted_err.kind);
	assert_string_equal(err.text, wanted_err.text);
	if (good && (out.size != wanted.size ||
		     memcmp(out.data, wanted.data, out.size) != 0))
		fail_msg("\"%.200s\" gives \"%.2000s\", not \"%.2000s\"",
			 page->flat, out.data, wanted.data);
	buf_done(&out);
	buf_done(&wanted);
}

static void assert_same(struct page *page, const struct view *view)
{
	assert_same_within(page, view, CEILING);
}

static void assert_shows(struct page *page, const struct view *view,
			 const char *wanted)
{
	struct buf out;

	buf_init(&out, CEILING);
	assert_true(outlines_render(page->outlines, view, &out, NULL));
	assert_string_equal(out.data, wanted);
	buf_done(&out);
}

/* --- views by chance, the same for the same seed --- */

static const char *const hostile[] = {
    "a",
    " ",
    "\t",
    "\n",
    "\r\n",
    "0",
    "{{a}}",
    "{{{title}}}",
    "{{>web/head.html}}",
    "{{#title}}",
    "{{/title}}",
    "{{=<% %>=}}",
    "{",
    "}}",
    "<script>&\"'</script>",
    "&amp;",
    "\x01",
    "\x01 \x01\n\x01",
    "<\x01>",
    "\x02"
    "0\x04",
    "\x03"
    "0\x04",
    "\x02",
    "\x03",
    "\x04",
    "\x02"
    "4294967295\x04",
    "\x02"
    "1",
    "\x1b[0m\x7f\x08",
    "caf\xc3\xa9 \xe2\x80\x98x\xe2\x80\x99",
    "\xff\xfe\x80",
    "$a",
    "%s%n%d",
};
#define HOSTILE_COUNT (sizeof(hostile) / sizeof(*hostile))

static unsigned draw(uint64_t *seed, unsigned count)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)((*seed >> 33) % count);
}

#define NAMES_MAX 400

struct names {
	char list[NAMES_MAX][64];
	unsigned count;
};

static void add_name(struct names *names, const char *name, size_t size)
{
	for (unsigned i = 0; i < names->count; i++)
		if (strlen(names->list[i]) == size &&
		    memcmp(names->list[i], name, size) == 0)
			return;
	assert_true(names->count < NAMES_MAX && size < 64);
	memcpy(names->list[names->count], name, size);
	names->list[names->count++][size] = '\0';
}

/* of all tags; of {{a.b}} a and b */
static void find_names(struct names *names, const char *flat)
{
	names->count = 0;
	for (const char *at = flat; (at = strstr(at, "{{"));) {
		at += 2 + strspn(at + 2, "{#^/& ");
		while (*at && *at != '}' && *at != ' ') {
			size_t size = strcspn(at, ".} ");

			if (size > 0)
				add_name(names, at, size);
			at += size + (at[size] == '.');
		}
	}
}

static void fill_view(struct view *view, const struct names *names, int depth,
		      uint64_t *shape, uint64_t *texts);

static void fill_list(struct view *view, const struct names *names,
		      const char *key, int depth, uint64_t *shape,
		      uint64_t *texts)
{
	view_list(view, key);
	for (unsigned i = draw(shape, 4); i > 0; i--)
		fill_view(view_item(view, key), names, depth, shape, texts);
}

static void fill_entry(struct view *view, const struct names *names,
		       const char *key, int depth, uint64_t *shape,
		       uint64_t *texts)
{
	switch (draw(shape, depth ? 12 : 10)) {
	case 0:
		return;
	case 1:
		view_text(view, key, "");
		return;
	case 2:
		view_text(view, key, NULL);
		return;
	case 3:
		view_flag(view, key, true);
		return;
	case 4:
		view_number(view, key, draw(texts, 1000));
		return;
	case 10:
		fill_view(view_child(view, key), names, depth - 1, shape,
			  texts);
		return;
	case 11:
		fill_list(view, names, key, depth - 1, shape, texts);
		return;
	default:
		view_text(view, key, hostile[draw(texts, HOSTILE_COUNT)]);
	}
}

static void fill_view(struct view *view, const struct names *names, int depth,
		      uint64_t *shape, uint64_t *texts)
{
	for (unsigned i = 0; i < names->count; i++)
		if (depth == 2 || draw(shape, 4) == 0)
			fill_entry(view, names, names->list[i], depth, shape,
				   texts);
}

static struct view *make_view(struct arena *arena, const struct names *names,
			      uint64_t shape, uint64_t texts)
{
	struct view *view = view_new(arena);

	fill_view(view, names, 2, &shape, &texts);
	return view;
}

/* --- cases --- */

static void f10_texts_differ_and_the_outline_stays(void **state)
{
	static const char *const shown[][3] = {
	    {"Ann", "<b>", "[Ann Ann][<b>]"},
	    {"\"Bo\" & <co>",
	     "\x02"
	     "0\x04",
	     "[&quot;Bo&quot; &amp; &lt;co&gt; \"Bo\" & <co>][\x02"
	     "0\x04]"},
	    {"{{html}}", "\x01{{name}}\x01", "[{{html}} {{html}}][{{name}}]"},
	};
	struct page page;

	(void)state;
	open_text(&page, "[{{name}} {{{name}}}][{{{html}}}{{empty}}]");
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		struct arena *arena = arena_new();
		struct view *view = view_new(arena);

		view_text(view, "name", shown[i][0]);
		view_raw(view, "html", shown[i][1]);
		view_text(view, "empty", "");
		assert_shows(&page, view, shown[i][2]);
		assert_same(&page, view);
		arena_free(arena);
	}
	assert_int_equal(outlines_count(page.outlines), 1);
	close_page(&page);
}

/* Each of these shows something else, and is of another shape. */
static void f10_each_shape_has_its_own(void **state)
{
	static const char *const keys[] = {"a", "b", "c", "ab"};
	struct arena *arena = arena_new();
	size_t views = 0;
	struct page page;

	(void)state;
	open_text(&page, "{{#a}}1{{#b}}2{{/b}}{{c}}{{/a}}{{^a}}3{{b}}{{/a}}"
			 "{{#ab}}4{{.}}{{/ab}}{{a}}");
	for (size_t i = 0; i < 4; i++)
		for (unsigned kind = 0; kind < 7; kind++) {
			struct view *view = view_new(arena);
			const char *key = keys[i];

			view_text(view, "b", "x");
			if (kind == 0)
				view_flag(view, key, true);
			else if (kind == 1)
				view_flag(view, key, false);
			else if (kind == 2)
				view_text(view, key, "text");
			else if (kind == 3)
				view_child(view, key);
			else if (kind == 4)
				view_text(view_child(view, key), "c", "x");
			else if (kind == 5)
				view_list(view, key);
			else
				view_text(view_item(view, key), "c", "x");
			assert_same(&page, view);
			assert_int_equal(outlines_count(page.outlines),
					 ++views);
		}
	arena_free(arena);
	close_page(&page);
}

/* Where one object ends and the next begins is of the shape. */
static void f20_nesting_is_of_the_shape(void **state)
{
	struct arena *arena = arena_new();
	struct view *views[4];
	struct page page;

	(void)state;
	open_text(&page, "{{#l}}({{#x}}x{{x}}{{/x}}{{#y}}y{{/y}}){{/l}}");
	for (int i = 0; i < 4; i++)
		views[i] = view_new(arena);
	struct view *item = view_item(views[0], "l");
	view_text(item, "x", "1");
	view_flag(item, "y", true);
	view_text(view_item(views[1], "l"), "x", "1");
	view_flag(view_item(views[1], "l"), "y", true);
	view_text(view_item(views[2], "l"), "x", "1");
	view_flag(views[2], "y", true);
	view_item(views[3], "l");
	view_text(views[3], "x", "1");
	view_flag(views[3], "y", true);
	assert_shows(&page, views[0], "(x1y)");
	assert_shows(&page, views[1], "(x1)(y)");
	assert_shows(&page, views[2], "(x1y)");
	assert_shows(&page, views[3], "(x1y)");
	assert_int_equal(outlines_count(page.outlines), 4);
	arena_free(arena);
	close_page(&page);
}

static void load_carried(struct source_list *list)
{
	for (const struct assets_file *file = assets_files; file->key; file++) {
		if (!text_ends(file->key, ".html") &&
		    !text_ends(file->key, ".txt"))
			continue;
		list->sources = realloc(
		    list->sources, (list->count + 1) * sizeof(*list->sources));
		assert_non_null(list->sources);
		source_init(&list->sources[list->count], file->key);
		source_set_text(&list->sources[list->count++], file->data,
				file->size);
	}
}

static void try_shapes(struct page *page, const struct names *names)
{
	for (uint64_t shape = 1; shape <= 12; shape++)
		for (uint64_t texts = 1; texts <= 4; texts++) {
			struct arena *arena = arena_new();

			assert_same(
			    page, make_view(arena, names, shape, texts * 7919));
			arena_free(arena);
		}
	/* the larger ones may have driven others out */
	assert_in_range(outlines_count(page->outlines), 2, 12);
}

static void f30_every_template_shows_what_the_engine_does(void **state)
{
	struct source_list list = {0};
	struct names names;

	(void)state;
	load_carried(&list);
	assert_true(list.count > 40);
	for (size_t i = 0; i < list.count; i++) {
		bool html = text_ends(list.sources[i].key, ".html");
		struct page page;

		open_page(&page, &list.sources[i], &list,
			  html ? escape_html : NULL);
		find_names(&names, page.flat);
		try_shapes(&page, &names);
		close_page(&page);
	}
	for (size_t i = 0; i < list.count; i++)
		source_done(&list.sources[i]);
	free(list.sources);
}

static void f50_the_ceiling_is_told_alike(void **state)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	struct page page;

	(void)state;
	open_text(&page, "ab{{x}}cd");
	view_text(view, "x", "<>");
	for (size_t ceiling = 0; ceiling < 16; ceiling++)
		assert_same_within(&page, view, ceiling);
	arena_free(arena);
	close_page(&page);
}

static void f50_a_large_text(void **state)
{
	const size_t size = 1024 * 1024;
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	char *text = arena_alloc(arena, size + 1);
	struct page page;

	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = "a<\x01\n\x02"[i % 5];
	open_text(&page, "{{x}}\n{{{x}}}\n{{#x}}{{.}}{{/x}}");
	view_text(view, "x", text);
	assert_same(&page, view);
	assert_int_equal(outlines_count(page.outlines), 1);
	assert_in_range(outlines_size(page.outlines), 1, 1000);
	arena_free(arena);
	close_page(&page);
}

/* as many as there are bits: a key that is there, or not */
static struct view *make_bits(struct arena *arena, unsigned bits,
			      const char *text)
{
	struct view *view = view_new(arena);

	for (char key[] = "a"; bits; bits >>= 1, (*key)++)
		if (bits & 1)
			view_text(view, key, text);
	return view;
}

static void f60_the_ones_used_last_stay(void **state)
{
	struct arena *arena = arena_new();
	struct page page;

	(void)state;
	open_text(&page, "{{#a}}A{{a}}{{/a}}{{#b}}B{{b}}{{/b}}{{#c}}C{{/c}}"
			 "{{#d}}D{{/d}}{{#e}}E{{e}}{{/e}}{{#f}}F{{f}}{{/f}}");
	for (unsigned round = 0; round < 3; round++)
		for (unsigned bits = 0; bits < 64; bits++) {
			assert_same(&page, make_bits(arena, bits, "x"));
			assert_same(&page, make_bits(arena, bits, "&"));
			assert_same(&page, make_bits(arena, 63, "<\x01>"));
			unsigned seen = round ? 64 : bits + 2;
			assert_int_equal(outlines_count(page.outlines),
					 seen < OUTLINES_MAX ? seen
							     : OUTLINES_MAX);
		}
	arena_free(arena);
	close_page(&page);
}

/* a template with so many bytes between the two */
static void open_long(struct page *page, const char *before, size_t size,
		      const char *after)
{
	struct buf text;

	buf_init(&text, 20000);
	buf_adds(&text, before);
	while (size-- > 0)
		buf_addc(&text, 'l');
	buf_adds(&text, after);
	open_text(page, text.data);
	buf_done(&text);
}

/* The largest, which is used between any two others, is never made room with.
 */
static void f60_what_is_used_often_stays(void **state)
{
	struct arena *arena = arena_new();
	struct page page;

	(void)state;
	open_long(&page, "{{#a}}{{#b}}{{#c}}", 8000, "{{/c}}{{/b}}{{/a}}");
	for (unsigned bits = 0; bits < 256; bits++) {
		assert_same(&page, make_bits(arena, 7, "x"));
		if ((bits & 7) != 7)
			assert_same(&page, make_bits(arena, bits, "x"));
		assert_in_range(outlines_size(page.outlines), 8000, 16000);
	}
	assert_int_equal(outlines_count(page.outlines), OUTLINES_MAX);
	arena_free(arena);
	close_page(&page);
}

/* a list of so many items */
static struct view *make_items(struct arena *arena, unsigned count)
{
	struct view *view = view_new(arena);

	for (unsigned i = 0; i < count; i++)
		view_text(view_item(view, "l"), "x", "<");
	return view;
}

static void f60_the_memory_is_bounded(void **state)
{
	struct arena *arena = arena_new();
	struct page page;

	(void)state;
	open_long(&page, "{{#l}}{{x}}", 800, "{{/l}}");
	size_t most = 0;
	for (unsigned i = 0; i < 80; i++) {
		assert_same(&page, make_items(arena, i));
		assert_same(&page, make_items(arena, i));
		size_t size = outlines_size(page.outlines);
		assert_in_range(size, 1, OUTLINES_SIZE_MAX);
		most = size > most ? size : most;
	}
	assert_in_range(most, OUTLINES_SIZE_MAX / 2, OUTLINES_SIZE_MAX);
	assert_in_range(outlines_count(page.outlines), 2, OUTLINES_MAX - 1);
	arena_free(arena);
	close_page(&page);
}

static void f70_what_is_too_large_is_the_engines(void **state)
{
	struct arena *arena = arena_new();
	struct page page;

	(void)state;
	/* a page that is, of a shape that is not; most of it marks */
	open_text(&page, "{{#l}}{{x}}{{x}}{{x}}{{x}}{{/l}}");
	assert_same(&page, make_items(arena, 1500));
	assert_same(&page, make_items(arena, 1500));
	assert_int_equal(outlines_count(page.outlines), 1);
	assert_in_range(outlines_size(page.outlines), 1, OUTLINE_SHAPE_MAX);
	assert_same(&page, make_items(arena, 600));
	assert_int_equal(outlines_count(page.outlines), 2);
	assert_in_range(outlines_size(page.outlines), OUTLINE_PAGE_MAX / 2,
			OUTLINE_PAGE_MAX + 2 * OUTLINE_SHAPE_MAX);
	/* a shape that is */
	assert_same(&page, make_items(arena, 100000));
	assert_int_equal(outlines_count(page.outlines), 2);
	assert_same(&page, make_items(arena, 1));
	assert_int_equal(outlines_count(page.outlines), 3);
	arena_free(arena);
	close_page(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_texts_differ_and_the_outline_stays),
	    cmocka_unit_test(f10_each_shape_has_its_own),
	    cmocka_unit_test(f20_nesting_is_of_the_shape),
	    cmocka_unit_test(f30_every_template_shows_what_the_engine_does),
	    cmocka_unit_test(f50_the_ceiling_is_told_alike),
	    cmocka_unit_test(f50_a_large_text),
	    cmocka_unit_test(f60_the_ones_used_last_stay),
	    cmocka_unit_test(f60_what_is_used_often_stays),
	    cmocka_unit_test(f60_the_memory_is_bounded),
	    cmocka_unit_test(f70_what_is_too_large_is_the_engines),
	};
	return cmocka_run_group_tests_name("outline", tests, NULL, NULL);
}
