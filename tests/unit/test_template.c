#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "assets.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/problems.h"
#include "tools/template.h"
#include "tools/view.h"

/* What the cases show, unless they say otherwise. */
static struct view *sample_view(struct arena *arena)
{
	struct view *view = view_new(arena);

	view_text(view, "title", "Tom & \"Jo\" <b> 'x'");
	view_text(view, "empty", "");
	view_text(view, "none", NULL);
	view_raw(view, "html", "<p>hi</p>");
	view_number(view, "zero", 0);
	view_number(view, "count", -1234567890123);
	view_flag(view, "yes", true);
	view_flag(view, "no", false);
	view_text(view_child(view, "agency"), "name", "police");
	for (int i = 0; i < 3; i++) {
		struct view *item = view_item(view, "items");
		view_number(item, "n", i + 1);
		view_flag(item, "last", i == 2);
		if (i == 1)
			view_text(item, "title", NULL);
	}
	view_list(view, "nobody");
	return view;
}

static char *render(const char *text, enum template_kind kind)
{
	struct arena *arena = arena_new();
	struct err err = {0};
	struct template *page =
	    template_parse("x", text, strlen(text), kind, &err);
	struct buf out;

	if (!page)
		fail_msg("%s: %s", text, err.text);
	buf_init(&out, 100000);
	if (!template_render(page, sample_view(arena), &out, &err))
		fail_msg("%s: %s", text, err.text);
	template_free(page);
	arena_free(arena);
	return buf_take(&out, NULL);
}

struct pair {
	const char *text, *wanted;
};

static void assert_renders(const struct pair *cases, size_t count,
			   enum template_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		char *shown = render(cases[i].text, kind);
		if (strcmp(shown, cases[i].wanted) != 0)
			fail_msg("%s gives \"%s\", not \"%s\"", cases[i].text,
				 shown, cases[i].wanted);
		free(shown);
	}
}

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void f10_variables(void **state)
{
	static const struct pair html[] = {
	    {"", ""},
	    {"a b", "a b"},
	    {"{{title}}", "Tom &amp; &quot;Jo&quot; &lt;b&gt; &#39;x&#39;"},
	    {"{{{html}}}{{& html }}", "<p>hi</p><p>hi</p>"},
	    {"{{ count }}/{{zero}}", "-1234567890123/0"},
	    {"[{{none}}{{empty}}{{missing}}{{yes}}{{items}}]", "[]"},
	    {"{{agency.name}}{{agency.x}}", "police"},
	    {"{{!no}}a{{! a\nb }}b", "ab"},
	    {"} }} { {\n", "} }} { {\n"},
	};
	static const struct pair plain[] = {
	    {"{{title}} {{{html}}}", "Tom & \"Jo\" <b> 'x' <p>hi</p>"},
	};

	(void)state;
	assert_renders(html, COUNT(html), TEMPLATE_HTML);
	assert_renders(plain, COUNT(plain), TEMPLATE_TEXT);
}

static void f10_sections(void **state)
{
	static const struct pair cases[] = {
	    {"{{#yes}}a{{/yes}}{{^yes}}b{{/yes}}", "a"},
	    {"{{#no}}a{{/no}}{{^no}}b{{/no}}", "b"},
	    {"{{#none}}a{{/none}}{{^none}}b{{/none}}", "b"},
	    {"{{#missing}}a{{/missing}}{{^missing}}b{{/missing}}", "b"},
	    {"{{#empty}}a{{/empty}}{{^empty}}b{{/empty}}", "b"},
	    {"{{#nobody}}a{{/nobody}}{{^nobody}}b{{/nobody}}", "b"},
	    {"{{#zero}}a{{/zero}}", "a"},
	    {"{{#html}}{{{.}}}{{/html}}", "<p>hi</p>"},
	    {"{{#agency}}{{name}}{{count}}{{/agency}}", "police-1234567890123"},
	    {"{{#items}}{{n}}{{^last}}, {{/last}}{{/items}}", "1, 2, 3"},
	    /* looked for around, unless it was said not to be there */
	    {"{{#items}}{{#title}}t{{/title}}{{^title}}-{{/title}}{{/items}}",
	     "t-t"},
	};

	(void)state;
	assert_renders(cases, COUNT(cases), TEMPLATE_TEXT);
}

/* kainjow gets the second and third of these wrong by itself */
static void f20_lines_of_tags_leave_none(void **state)
{
	static const struct pair cases[] = {
	    {"A\n{{#yes}}\nx\n{{/yes}}\nB\n", "A\nx\nB\n"},
	    {"A\n{{#no}}\nx\n{{/no}}\nB\n", "A\nB\n"},
	    {"A\n{{#missing}}\nx\n{{/missing}}\nB\n", "A\nB\n"},
	    {"A\n\n{{#yes}}\n\nx\n\n{{/yes}}\n\nB\n", "A\n\n\nx\n\n\nB\n"},
	    {"{{#items}}\n  {{n}}\n{{/items}}", "  1\n  2\n  3\n"},
	    {"A\n  {{! a comment }}  \nB", "A\nB"},
	    {"A\n {{! over\n two }}\nB", "A\nB"},
	    {"{{#yes}}{{#items}}\n{{n}}\n{{/items}}{{/yes}}\n", "1\n2\n3\n"},
	    {"{{#no}}\nx{{/no}}\ny", "\ny"},
	    {"a {{#yes}}\nb{{/yes}}", "a \nb"},
	    {"{{empty}}\n{{#yes}} {{/yes}}{{empty}}\n", "\n \n"},
	    {"{{#yes}} {{/yes}}{{empty}}", " "},
	    {"A\r\n{{#yes}}\r\nx\r\n{{/yes}}\r\n", "A\nx\n"},
	    {"\xef\xbb\xbf{{#yes}}\nx\n{{/yes}}\n", "x\n"},
	};

	(void)state;
	assert_renders(cases, COUNT(cases), TEMPLATE_TEXT);
}

static void f20_faults_name_the_line(void **state)
{
	static const struct pair cases[] = {
	    {"a\n{{#x}}\n", "x:2: \"x\": this section is not closed"},
	    {"a\n\n{{/x}}", "x:3: \"x\": a section is closed here that was"},
	    {"{{#x}}\n{{/y}}", "x:2: \"y\": the section that is open here"},
	    {"\n{{name\n}", "x:2: \"{{name\": this tag is not closed"},
	    {"{{{name}}", "x:1: \"{{{name}}\": this tag is not closed"},
	    {"{{#if x}}{{/if x}}", "x:1: \"if x\": this is no name"},
	    {"{{}}", "x:1: \"\": this is no name"},
	    {"{{a..b}}", "this is no name"},
	    {"{{a.}}", "this is no name"},
	    {"{{=<% %>=}}", "other braces"},
	    {"\n{{>y}}", "x:2: \"y\": there is no such partial"},
	    {"caf\xe9", "not UTF-8"},
	    {"\n\x01", "x:2: there is a control character"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = {0};
		assert_null(template_parse("x", cases[i].text,
					   strlen(cases[i].text), TEMPLATE_HTML,
					   &err));
		assert_int_equal(err.kind, ERR_INPUT);
		if (!strstr(err.text, cases[i].wanted))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void f30_view_keeps_the_last_value(void **state)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	struct template *page =
	    template_parse("x", "{{a}}{{#b}}{{n}}{{/b}}", 22, 0, NULL);
	struct buf out;

	(void)state;
	view_number(view_item(view, "a"), "n", 1);
	view_text(view, "a", "text");
	view_text(view, "b", "text");
	view_number(view_item(view, "b"), "n", 2);
	view_list(view, "b");
	view_number(view_item(view, "b"), "n", 3);
	buf_init(&out, 100);
	assert_true(template_render(page, view, &out, NULL));
	assert_string_equal(out.data, "text23");
	buf_done(&out);
	template_free(page);
	arena_free(arena);
}

static void f30_a_value_is_never_a_template(void **state)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	struct template *page =
	    template_parse("x", "{{{a}}}\n{{a}}\n", 14, TEMPLATE_TEXT, NULL);
	struct buf out;

	(void)state;
	view_text(view, "a", "{{>x}}{{#a}}\x01{{b}}\n");
	buf_init(&out, 1000);
	assert_true(template_render(page, view, &out, NULL));
	assert_string_equal(out.data, "{{>x}}{{#a}}{{b}}\n\n"
				      "{{>x}}{{#a}}{{b}}\n\n");
	buf_done(&out);
	template_free(page);
	arena_free(arena);
}

static void f30_the_ceiling_of_out_is_told(void **state)
{
	struct arena *arena = arena_new();
	struct template *page = template_parse(
	    "x", "{{#items}}\n{{n}}\n{{/items}}\n", 28, TEMPLATE_TEXT, NULL);
	struct err err = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 5);
	assert_false(template_render(page, sample_view(arena), &out, &err));
	assert_int_equal(err.kind, ERR_FULL);
	assert_string_equal(err.text, "showing x: more than 5 bytes");
	buf_done(&out);
	template_free(page);
	arena_free(arena);
}

static void f30_depth_and_size_have_limits(void **state)
{
	struct err err = {0};
	struct buf text;

	(void)state;
	buf_init(&text, 2 * TEMPLATE_SIZE_MAX);
	for (int i = 0; i < TEMPLATE_DEPTH_MAX; i++)
		buf_adds(&text, "{{#a}}");
	for (int i = 0; i < TEMPLATE_DEPTH_MAX; i++)
		buf_adds(&text, "{{/a}}");
	struct template *page =
	    template_parse("x", text.data, text.size, TEMPLATE_HTML, &err);
	assert_non_null(page);
	template_free(page);
	buf_clear(&text);
	for (int i = 0; i <= TEMPLATE_DEPTH_MAX; i++)
		buf_adds(&text, "{{#a}}");
	assert_null(
	    template_parse("x", text.data, text.size, TEMPLATE_HTML, &err));
	assert_non_null(strstr(err.text, "too deep"));
	assert_null(template_parse("x", text.data, TEMPLATE_SIZE_MAX + 1,
				   TEMPLATE_HTML, &err));
	assert_int_equal(err.kind, ERR_FULL);
	buf_done(&text);
}

/* --- sets --- */

#define FILE_ENTRY(key, text)                                                  \
	{                                                                      \
		key, text, sizeof(text) - 1                                    \
	}

static const struct assets_file files[] = {
    FILE_ENTRY("mail/foot.html", "<i>{{title}}</i>\n"),
    FILE_ENTRY("mail/foot.txt", "-- {{title}}\n"),
    FILE_ENTRY("mail/one.html", "{{#items}}\n  {{>foot}}\n{{/items}}\n.\n"),
    FILE_ENTRY("mail/one.txt", "{{n}} {{>foot}}.\n"),
    FILE_ENTRY("web/page.html", "{{>mail/foot.html}}{{>mail/foot}}"),
    FILE_ENTRY("web/style.css", "a { }"),
    {0},
};

/* what goes wrong when such files are loaded */
static char *problems_of(const struct assets_file *list, const char *folder)
{
	struct problems problems = {0};

	assert_null(template_set_load_with(list, folder, &problems));
	assert_true(problems.count > 0);
	char *text = problems_format(&problems);
	problems_done(&problems);
	return text;
}

static struct template_set *load_good(const struct assets_file *list,
				      const char *folder)
{
	struct problems problems = {0};
	struct template_set *set =
	    template_set_load_with(list, folder, &problems);

	if (!set)
		fail_msg("%s", problems_format(&problems));
	return set;
}

static void assert_set_renders(const struct template_set *set, const char *key,
			       const char *wanted)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	struct buf out;

	view_text(view, "title", "<T>");
	view_list(view, "items");
	view_number(view_item(view, "items"), "n", 1);
	view_number(view_item(view, "items"), "n", 2);
	buf_init(&out, 1000);
	assert_true(template_set_render(set, key, view, &out, NULL));
	assert_string_equal(out.data, wanted);
	buf_done(&out);
	arena_free(arena);
}

static void f40_partials_and_kinds(void **state)
{
	struct template_set *set = load_good(files, NULL);
	struct err err = {0};

	(void)state;
	assert_set_renders(set, "mail/one.html",
			   "<i>&lt;T&gt;</i>\n<i>&lt;T&gt;</i>\n.\n");
	assert_set_renders(set, "mail/one.txt", " -- <T>\n.\n");
	assert_set_renders(set, "web/page.html",
			   "<i>&lt;T&gt;</i>\n<i>&lt;T&gt;</i>\n");
	assert_false(
	    template_set_render(set, "web/style.css", NULL, NULL, &err));
	assert_int_equal(err.kind, ERR_GONE);
	template_set_free(set);
}

static void f40_partials_that_come_back(void **state)
{
	static const struct assets_file round[] = {
	    FILE_ENTRY("mail/a.txt", "{{>b}}{{>b}}"),
	    FILE_ENTRY("mail/b.txt", "{{>a}}{{>a}}"),
	    {0},
	};
	static const struct assets_file wide[] = {
	    FILE_ENTRY("mail/a.txt", "{{>b}}{{>b}}{{>b}}{{>b}}{{>b}}{{>b}}"),
	    FILE_ENTRY("mail/b.txt", "{{>c}}{{>c}}{{>c}}{{>c}}{{>c}}{{>c}}"),
	    FILE_ENTRY("mail/c.txt", "{{>d}}{{>d}}{{>d}}{{>d}}{{>d}}{{>d}}"),
	    FILE_ENTRY("mail/d.txt", "{{>e}}{{>e}}{{>e}}{{>e}}{{>e}}{{>e}}"),
	    FILE_ENTRY("mail/e.txt", ""),
	    {0},
	};

	(void)state;
	char *text = problems_of(round, NULL);
	assert_non_null(strstr(text, "mail/a.txt: partials nest more than 8"));
	free(text);
	text = problems_of(wide, NULL);
	assert_string_equal(text, "mail/a.txt: more than 1000 partials\n");
	free(text);
}

static void f40_each_file_closes_its_own(void **state)
{
	static const struct assets_file torn[] = {
	    FILE_ENTRY("mail/a.txt", "{{#x}}{{>b}}"),
	    FILE_ENTRY("mail/b.txt", "\n{{/x}}{{>c}}"),
	    {0},
	};

	(void)state;
	char *text = problems_of(torn, NULL);
	assert_non_null(strstr(text, "mail/a.txt:1: \"x\""));
	assert_non_null(strstr(text, "mail/b.txt:2: \"x\""));
	free(text);
}

/* nor would what is shown be taken for a template */
static void f40_braces_of_two_files_are_no_tag(void **state)
{
	static const struct assets_file torn[] = {
	    FILE_ENTRY("mail/a.txt", "{{>b}}{>title}} {{>b}}{title}}"),
	    FILE_ENTRY("mail/b.txt", "{"),
	    {0},
	};
	struct template_set *set = load_good(torn, NULL);

	(void)state;
	assert_set_renders(set, "mail/a.txt", "{{>title}} {{title}}");
	template_set_free(set);
}

/* --- overrides --- */

static char folder[64];

static void put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_folder(void **state)
{
	char path[80];

	(void)state;
	strcpy(folder, "/tmp/test_template.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/mail", folder);
	return mkdir(path, 0700);
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void f50_override_replaces(void **state)
{
	(void)state;
	put("mail/foot.html", "<b>{{title}}</b>\r\n");
	put("mail/.foot.html.swp", "{{");
	put("mail/foot.html~", "{{");
	struct template_set *set = load_good(files, folder);
	assert_set_renders(set, "web/page.html",
			   "<b>&lt;T&gt;</b>\n<b>&lt;T&gt;</b>\n");
	assert_set_renders(set, "mail/foot.txt", "-- <T>\n");
	template_set_free(set);
	template_set_free(load_good(files, "/nowhere/at/all"));
}

static void f50_override_with_faults(void **state)
{
	char wanted[200];

	(void)state;
	put("mail/foot.html", "a\n{{#x}}");
	put("mail/foott.html", "");
	char *text = problems_of(files, folder);
	snprintf(wanted, sizeof(wanted), "%s/mail/foot.html:2: \"x\"", folder);
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, "foott.html replaces nothing"));
	free(text);
}

static void f60_carried_templates_are_good(void **state)
{
	struct problems problems = {0};
	struct template_set *set = template_set_load(NULL, &problems);

	(void)state;
	if (!set)
		fail_msg("%s", problems_format(&problems));
	template_set_free(set);
}

int main(void)
{
#define CASE_IN_FOLDER(f)                                                      \
	cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_variables),
	    cmocka_unit_test(f10_sections),
	    cmocka_unit_test(f20_lines_of_tags_leave_none),
	    cmocka_unit_test(f20_faults_name_the_line),
	    cmocka_unit_test(f30_view_keeps_the_last_value),
	    cmocka_unit_test(f30_a_value_is_never_a_template),
	    cmocka_unit_test(f30_the_ceiling_of_out_is_told),
	    cmocka_unit_test(f30_depth_and_size_have_limits),
	    cmocka_unit_test(f40_partials_and_kinds),
	    cmocka_unit_test(f40_partials_that_come_back),
	    cmocka_unit_test(f40_each_file_closes_its_own),
	    cmocka_unit_test(f40_braces_of_two_files_are_no_tag),
	    CASE_IN_FOLDER(f50_override_replaces),
	    CASE_IN_FOLDER(f50_override_with_faults),
	    cmocka_unit_test(f60_carried_templates_are_good),
	};
	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
