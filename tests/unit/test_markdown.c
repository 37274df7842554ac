#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "tools/markdown.h"

static const struct {
	const char *text, *html, *plain;
} cases[] = {
    {"", "", ""},
    {"One\ntwo.", "<p>One\ntwo.</p>\n", "One two.\n"},
    {"One  \ntwo.", "<p>One<br>\ntwo.</p>\n", "One\ntwo.\n"},
    {"*a* **b** `c`", "<p><em>a</em> <strong>b</strong> <code>c</code></p>\n",
     "a b c\n"},
    {"a < b & \"c\"", "<p>a &lt; b &amp; &quot;c&quot;</p>\n",
     "a < b & \"c\"\n"},
    /* the highest heading is h3, and no level is left out */
    {"# A\n\n### B\n\ntext\n\n# C",
     "<h3>A</h3>\n<h4>B</h4>\n<p>text</p>\n<h3>C</h3>\n",
     "A\n=\n\nB\n-\n\ntext\n\nC\n=\n"},
    {"##### A\n\n###### B", "<h3>A</h3>\n<h4>B</h4>\n", "A\n=\n\nB\n-\n"},
    {"# 1\n## 2\n### 3\n#### 4\n##### 5",
     "<h3>1</h3>\n<h4>2</h4>\n<h5>3</h5>\n<h6>4</h6>\n<h6>5</h6>\n",
     "1\n=\n\n2\n-\n\n3\n-\n\n4\n-\n\n5\n-\n"},
    /* lists, tight and loose and within each other */
    {"- a\n- b\n", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n", "- a\n- b\n"},
    {"x\n\n- a\n- b\n\ny",
     "<p>x</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>y</p>\n",
     "x\n\n- a\n- b\n\ny\n"},
    {"- a\n\n- b\n\n  c",
     "<ul>\n<li><p>a</p>\n</li>\n<li><p>b</p>\n<p>c</p>\n</li>\n</ul>\n",
     "- a\n\n- b\n\n  c\n"},
    {"9. a\n10. b\n   - c\n",
     "<ol start=\"9\">\n<li>a</li>\n<li>b</li>\n</ol>\n<ul>\n<li>c</li>\n"
     "</ul>\n",
     "9. a\n10. b\n\n- c\n"},
    {"1. a\n   1. b\n   2. c\n2. d",
     "<ol>\n<li>a\n<ol>\n<li>b</li>\n<li>c</li>\n</ol>\n</li>\n<li>d</li>\n"
     "</ol>\n",
     "1. a\n   1. b\n   2. c\n2. d\n"},
    {"-\n- a", "<ul>\n<li></li>\n<li>a</li>\n</ul>\n", "-\n- a\n"},
    {"> a\n>\n> b\n\nc",
     "<blockquote><p>a</p>\n<p>b</p>\n</blockquote>\n<p>c</p>\n",
     "> a\n>\n> b\n\nc\n"},
    {"- > a", "<ul>\n<li><blockquote><p>a</p>\n</blockquote>\n</li>\n</ul>\n",
     "- > a\n"},
    {"a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n", "a\n\n----------\n\nb\n"},
    {"    a <b>\n\n    c", "<pre><code>a &lt;b&gt;\n\nc\n</code></pre>\n",
     "    a <b>\n\n    c\n"},
    /* links */
    {"[the report](https://x.example/r?a=1&b=2)",
     "<p><a href=\"https://x.example/r?a=1&amp;b=2\">the report</a></p>\n",
     "the report (https://x.example/r?a=1&b=2)\n"},
    {"<https://x.example/>",
     "<p><a href=\"https://x.example/\">https://x.example/</a></p>\n",
     "https://x.example/\n"},
    {"<a@x.example>", "<p><a href=\"mailto:a@x.example\">a@x.example</a></p>\n",
     "a@x.example\n"},
    {"[](http://x.example)",
     "<p><a href=\"http://x.example\">http://x.example</a></p>\n",
     "http://x.example\n"},
    {"[a](HTTP://x.example)", "<p><a href=\"HTTP://x.example\">a</a></p>\n",
     "a (HTTP://x.example)\n"},
    {"[a](<http://x.example/\"\\>\\<b\\>'\xc3\xa9 c>)",
     "<p><a href=\"http://x.example/%22%3E%3Cb%3E%27%C3%A9%20c\">a</a></p>\n",
     "a (http://x.example/%22%3E%3Cb%3E%27%C3%A9%20c)\n"},
    {"[a](javascript:alert(1)) [b](data:text/html,x) [c](/d) [e](#f) "
     "[g](http:)",
     "<p>a b c e g</p>\n", "a b c e g\n"},
    {"[a](java\tscript:x) [b](&#106;avascript:x) [c]( javascript:x)",
     "<p>[a](java script:x) b c</p>\n", "[a](java script:x) b c\n"},
    /* images leave their description, HTML leaves nothing */
    {"![a *child*](http://x.example/y.png \"t\")", "<p>a <em>child</em></p>\n",
     "a child\n"},
    {"<script>alert(1)</script>\n\na <b onclick=\"x\">c</b> <!-- d -->e",
     "<p>a c e</p>\n", "a c e\n"},
    {"<b>\n\na", "<p>a</p>\n", "a\n"},
    /* what an entity may bring in */
    {"a&#1;&#127;&#133;&#13;&#10;b", "<p>a  b</p>\n", "a b\n"},
    {"`a\tb`\tc", "<p><code>a b</code> c</p>\n", "a b c\n"},
};

static void f10_both_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = cases[i].text;
		struct err err = {0};
		struct buf out;

		buf_init(&out, 10000);
		assert_true(
		    markdown_to_html(text, strlen(text), 3, NULL, &out, &err));
		assert_string_equal(out.data, cases[i].html);
		buf_clear(&out);
		assert_true(
		    markdown_to_text(text, strlen(text), 72, &out, &err));
		assert_string_equal(out.data, cases[i].plain);
		buf_done(&out);
	}
}

static void f20_styles(void **state)
{
	static const struct markdown_style style = {.p = "margin:0 0 16px",
						    .h = "font-size:24px",
						    .ul = "padding:0",
						    .li = "margin:0",
						    .a = "color:#1d70b8",
						    .blockquote = "margin:8px"};
	static const char text[] =
	    "# A\n\n[b](http://x.example)\n\n1. c\n\n> d";
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	assert_true(
	    markdown_to_html(text, strlen(text), 1, &style, &out, NULL));
	assert_string_equal(
	    out.data,
	    "<h1 style=\"font-size:24px\">A</h1>\n"
	    "<p style=\"margin:0 0 16px\"><a href=\"http://x.example\" "
	    "style=\"color:#1d70b8\">b</a></p>\n"
	    "<ol style=\"padding:0\">\n<li style=\"margin:0\">c</li>\n</ol>\n"
	    "<blockquote style=\"margin:8px\"><p style=\"margin:0 0 16px\">d"
	    "</p>\n</blockquote>\n");
	buf_done(&out);
}

static void f20_wraps(void **state)
{
	static const struct {
		const char *text, *expected;
	} wrapped[] = {
	    {"aaaa bbbb cccc dddd eeee", "aaaa bbbb cccc dddd\neeee\n"},
	    {"- aaaa bbbb cccc dddd eeee ffff",
	     "- aaaa bbbb cccc dddd\n  eeee ffff\n"},
	    /* one code point is one column */
	    {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 bbbb cccc ddddd e",
	     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 bbbb cccc ddddd\ne\n"},
	    /* a no-break space holds */
	    {"aaaa bbbb cccc dd\xc2\xa0"
	     "ddd eeee",
	     "aaaa bbbb cccc\ndd\xc2\xa0"
	     "ddd eeee\n"},
	    /* a URL is never broken */
	    {"see [b](http://x.example/aaaaaaaaaaaaaaaa) now",
	     "see b\n(http://x.example/aaaaaaaaaaaaaaaa)\nnow\n"},
	    {"# aaaa bbbb cccc dddd eeee",
	     "aaaa bbbb cccc dddd\neeee\n===================\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrapped) / sizeof(*wrapped); i++) {
		struct buf out;

		buf_init(&out, 1000);
		assert_true(markdown_to_text(
		    wrapped[i].text, strlen(wrapped[i].text), 20, &out, NULL));
		assert_string_equal(out.data, wrapped[i].expected);
		buf_done(&out);
	}
}

static void check_refused(const char *text, size_t size, const char *words)
{
	struct err err = {0};
	struct buf out;

	buf_init(&out, 1000);
	assert_false(markdown_to_html(text, size, 3, NULL, &out, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.text, words))
		fail_msg("%s", err.text);
	assert_false(markdown_to_text(text, size, 72, &out, NULL));
	assert_int_equal(out.size, 0);
	buf_done(&out);
}

static void f30_refused(void **state)
{
	char *large = calloc(1, MARKDOWN_SIZE_MAX + 1);

	(void)state;
	check_refused("ab\xff", 3, "byte 3 is not UTF-8");
	check_refused("a\0b", 3, "byte 2 is not UTF-8");
	check_refused("a\001", 2, "byte 2 is a control character");
	check_refused("a\xc2\x85", 3, "byte 2 is a control character");
	memset(large, 'x', MARKDOWN_SIZE_MAX + 1);
	check_refused(large, MARKDOWN_SIZE_MAX + 1, "longer than");
	memset(large, '>', MARKDOWN_SIZE_MAX + 1);
	check_refused(large, MARKDOWN_DEPTH_MAX + 1, "nested deeper");
	free(large);
}

static void f40_the_ceiling_is_an_error(void **state)
{
	struct err err = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	assert_false(markdown_to_html("aaaaaaaaaa", 10, 3, NULL, &out, &err));
	assert_int_equal(err.kind, ERR_FULL);
	buf_clear(&out);
	assert_false(markdown_to_text("aaaaaaaaaa", 10, 72, &out, &err));
	assert_int_equal(err.kind, ERR_FULL);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_both_forms),
	    cmocka_unit_test(f20_styles),
	    cmocka_unit_test(f20_wraps),
	    cmocka_unit_test(f30_refused),
	    cmocka_unit_test(f40_the_ceiling_is_an_error),
	};

	return cmocka_run_group_tests_name("markdown", tests, NULL, NULL);
}
