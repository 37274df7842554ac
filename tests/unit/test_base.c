#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/base32.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/problems.h"
#include "base/text.h"

static void f10_buf_keeps_its_ceiling(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 5);
	buf_adds(&buf, "12345");
	assert_false(buf.overflow);
	buf_addc(&buf, '6');
	assert_true(buf.overflow);
	assert_string_equal(buf.data, "12345");
	buf_done(&buf);
}

static void f10_err_context_is_added_in_front(void **state)
{
	struct err err = {0};

	(void)state;
	assert_false(err_set(&err, ERR_INPUT, "no address"));
	err_context(&err, "lists/%s.csv:%d", "police", 14);
	assert_string_equal(err.text, "lists/police.csv:14: no address");
	assert_int_equal(err.kind, ERR_INPUT);
}

static void f10_arena_grows_a_list(void **state)
{
	struct arena *arena = arena_new();
	size_t *list = NULL, count = 0, room = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count++] = i;
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i], i);
	arena_free(arena);
}

static void f10_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		bool good;
	} cases[] = {
	    {"plain", 5, true},
	    {"\xc3\xa9", 2, true},
	    {"\xc0\xaf", 2, false},
	    {"\xed\xa0\x80", 3, false},
	    {"\xf4\x8f\xbf\xbf", 4, true},
	    {"\xf4\x90\x80\x80", 4, false},
	    {"\xe2\x82", 2, false},
	    {"a\0b", 3, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
		    text_is_utf8(cases[i].text, cases[i].size, NULL),
		    cases[i].good);
	assert_true(text_has_control("a\xc2\x85", 3));
	assert_false(text_has_control("\xc2\xa0", 2));
}

static void f20_base32(void **state)
{
	char text[14];
	uint64_t number;

	(void)state;
	base32_format(1234567, 8, text);
	assert_true(base32_parse(text, 8, &number));
	assert_int_equal(number, 1234567);
	assert_true(base32_parse("0OoIiLl1", 8, &number));
	base32_format(number, 8, text);
	assert_string_equal(text, "00011111");
	assert_false(base32_parse("u", 1, &number));
	base32_format_bits((const uint8_t *)"\xff\x00", 3, text);
	assert_string_equal(text, "zw0");
	char mangled[] = "ABoL";
	assert_true(base32_normalise(mangled));
	assert_string_equal(mangled, "ab01");
}

static void f20_civil(void **state)
{
	struct civil civil;
	char text[CIVIL_UTC_SIZE];

	(void)state;
	assert_true(civil_parse_date("2028-02-29", &civil));
	assert_false(civil_parse_date("2026-02-30", &civil));
	assert_false(civil_parse_date("2026-2-3", &civil));
	assert_true(civil_parse_local("2026-11-23T08:00", &civil));
	civil_format_utc(civil_to_utc(&civil), text);
	assert_string_equal(text, "2026-11-23T08:00:00Z");
	assert_int_equal(civil_weekday(civil_days(2026, 11, 22)), 0);
	assert_false(civil_parse_local("2026-11-23T24:00", &civil));
}

static void f30_escapes(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	escape_html(&buf, "<a b='c'>&", 10);
	assert_string_equal(buf.data, "&lt;a b=&#39;c&#39;&gt;&amp;");
	buf_clear(&buf);
	escape_csv(&buf, "=1+\"2\"", 6);
	assert_string_equal(buf.data, "\"'=1+\"\"2\"\"\"");
	buf_clear(&buf);
	escape_path(&buf, "a/b c", 5);
	assert_string_equal(buf.data, "a%2Fb%20c");
	buf_done(&buf);
}

static void f30_problems_count_past_the_list(void **state)
{
	struct problems problems = {0};

	(void)state;
	for (int i = 1; i <= PROBLEMS_MAX + 2; i++)
		problems_add(&problems, "x", i, "wrong");
	char *text = problems_format(&problems);
	assert_true(text_starts(text, "x:1: wrong\n"));
	assert_true(text_ends(text, "and 2 more\n"));
	free(text);
	problems_done(&problems);
}

static void f20_arena_is_used_again(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			char *block = arena_alloc(arena, 1000);

			for (int j = 0; j < 1000; j++)
				assert_int_equal(block[j], 0);
			memset(block, 'x', 1000);
		}
		memset(arena_alloc(arena, 100000), 'x', 100000);
		arena_clear(arena);
	}
	arena_clear(arena);
	char *text = arena_printf(arena, "%0300d|%s", 7, "end");
	assert_int_equal(strlen(text), 304);
	assert_string_equal(text + 299, "7|end");
	arena_free(arena);
}

static void f40_arena_and_numbers(void **state)
{
	struct arena *arena = arena_new();
	long long number = 7;

	(void)state;
	char *big = arena_alloc(arena, 100000);
	assert_int_equal(big[99999], 0);
	assert_string_equal(arena_printf(arena, "%d", 5), "5");
	arena_free(arena);
	assert_true(text_parse_integer("-3", -5, 5, &number));
	assert_int_equal(number, -3);
	assert_false(text_parse_integer("6", -5, 5, &number));
	assert_false(text_parse_integer("3x", -5, 5, &number));
	assert_false(text_parse_integer("", -5, 5, &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_buf_keeps_its_ceiling),
	    cmocka_unit_test(f10_err_context_is_added_in_front),
	    cmocka_unit_test(f10_arena_grows_a_list),
	    cmocka_unit_test(f20_arena_is_used_again),
	    cmocka_unit_test(f10_utf8),
	    cmocka_unit_test(f20_base32),
	    cmocka_unit_test(f20_civil),
	    cmocka_unit_test(f30_escapes),
	    cmocka_unit_test(f30_problems_count_past_the_list),
	    cmocka_unit_test(f40_arena_and_numbers),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
