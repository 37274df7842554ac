#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "tools/json.h"

static void assert_formats(const struct json_value *value, const char *wanted)
{
	char *text = json_format(value);

	assert_string_equal(text, wanted);
	free(text);
}

static void f10_canonical_is_sorted_and_compact(void **state)
{
	struct json_value *map = json_map_new();
	struct json_value *list = json_list_new();

	(void)state;
	json_map_integer(map, "recorded_at", 9007199254740993);
	json_map_text(map, "kind", "acknowledged");
	json_map_flag(map, "late", false);
	json_map_null(map, "reason");
	json_map_text(map, "actor", NULL);
	json_list_text(list, "a/b \"c\" \xc3\xa9\n");
	json_list_put(list, json_map_new());
	json_map_put(map, "Z", list);
	assert_formats(map, "{\"Z\":[\"a/b \\\"c\\\" \xc3\xa9\\n\",{}],"
			    "\"actor\":null,\"kind\":\"acknowledged\","
			    "\"late\":false,\"reason\":null,"
			    "\"recorded_at\":9007199254740993}");
	json_map_text(map, "Z", "again");
	assert_string_equal(json_get_text(map, "Z"), "again");
	json_free(map);
	json_free(NULL);
}

static void f10_a_text_alone(void **state)
{
	static const char *const texts[] = {
	    "plain",
	    "",
	    "\"quoted\" \\ and /",
	    "two\nlines\x01",
	    "J\xc3\xb6rg",
	    "broken \xff",
	    "\x7f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct json_value *list = json_list_new();
		struct buf out;

		buf_init(&out, 1000);
		buf_addc(&out, '[');
		json_add_text(&out, texts[i]);
		buf_addc(&out, ']');
		json_list_text(list, texts[i]);
		char *whole = json_format(list);
		assert_string_equal(out.data, whole);
		free(whole);
		json_free(list);
		buf_done(&out);
	}
}

static void f10_pretty_keeps_the_order(void **state)
{
	struct json_value *map = json_map_new();

	(void)state;
	json_map_text(map, "z", "1");
	json_map_integer(map, "a", 2);
	char *text = json_format_pretty(map);
	assert_string_equal(text, "{\n  \"z\": \"1\",\n  \"a\": 2\n}\n");
	free(text);
	json_free(map);
}

static void f20_broken_utf8_is_mended(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"caf\xe9", "[\"caf\xef\xbf\xbd\"]"},
	    {"\xc3\xa9\xff\xfe.", "[\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd.\"]"},
	    {"", "[\"\"]"},
	    {"\x01\x7f", "[\"\\u0001\x7f\"]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_value *list = json_list_new();
		json_list_text(list, cases[i].in);
		assert_formats(list, cases[i].out);
		json_free(list);
	}
}

static const char sample[] =
    "{\"ref\": \"LTB\", \"count\": 3, \"rate\": 0.5, \"on\": true,"
    " \"none\": null, \"list\": [1, \"two\", {}]}";

static void f20_reading(void **state)
{
	struct err err = {0};
	struct json_value *map = json_parse(sample, strlen(sample), &err);

	(void)state;
	assert_non_null(map);
	assert_string_equal(json_get_text(map, "ref"), "LTB");
	assert_int_equal(json_get_integer(map, "count", 9), 3);
	assert_true(json_get_flag(map, "on", false));
	assert_non_null(json_get(map, "none"));
	assert_null(json_get_text(map, "none"));
	assert_int_equal(json_count(map), 6);
	const struct json_value *list = json_get(map, "list");
	assert_true(json_is_list(list));
	assert_int_equal(json_count(list), 3);
	assert_null(json_value_text(json_at(list, 0)));
	assert_string_equal(json_value_text(json_at(list, 1)), "two");
	assert_null(json_at(list, 3));
	json_free(map);
}

static void f20_what_is_not_there(void **state)
{
	struct json_value *map = json_parse(sample, strlen(sample), NULL);

	(void)state;
	assert_null(json_get_text(map, "count"));
	assert_null(json_get_text(map, "nothing"));
	assert_int_equal(json_get_integer(map, "ref", 9), 9);
	assert_int_equal(json_get_integer(map, "rate", 9), 9);
	assert_true(json_get_flag(map, "count", true));
	assert_null(json_get(NULL, "ref"));
	assert_null(json_get_text(json_get(map, "ref"), "x"));
	assert_int_equal(json_count(NULL), 0);
	assert_null(json_at(map, 0));
	assert_false(json_is_list(NULL) || json_is_list(map));
	json_free(map);
}

static void f30_refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *told;
	} cases[] = {
	    {"", 0, "line 1"},
	    {"{", 1, "line 1"},
	    {"{\n\n]", 4, "line 3"},
	    {"{\"a\":1,\"a\":2}", 13, "duplicate"},
	    {"[1] x", 5, "end of file expected"},
	    {"[\"\\u0000\"]", 10, "line 1"},
	    {"[99999999999999999999]", 22, "too big"},
	    {"[1e999]", 7, "overflow"},
	    {"[\"\xff\"]", 5, "decode byte"},
	    {"{\"token\":\"s3cret\" x", 19, "line 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		assert_null(json_parse(cases[i].text, cases[i].size, &err));
		assert_int_equal(err.kind, ERR_INPUT);
		if (!strstr(err.text, cases[i].told))
			fail_msg("%zu: %s", i, err.text);
		assert_null(strstr(err.text, "s3cret"));
	}
}

static void f30_depth_has_a_limit(void **state)
{
	char text[4 * JSON_DEPTH_MAX];
	struct err err = {0};

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	struct json_value *deep = json_parse(text, 2 * JSON_DEPTH_MAX, NULL);
	assert_non_null(deep);
	json_free(deep);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_null(json_parse(text, 2 * JSON_DEPTH_MAX + 2, &err));
	assert_non_null(strstr(err.text, "deep"));
	/* brackets in a text are none */
	memset(text, '[', sizeof(text));
	memcpy(text, "[\"\\\"", 4);
	memcpy(text + sizeof(text) - 2, "\"]", 2);
	deep = json_parse(text, sizeof(text), NULL);
	assert_non_null(deep);
	json_free(deep);
}

static void f30_size_has_a_limit(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(json_parse("[]", JSON_SIZE_MAX + 1, &err));
	assert_int_equal(err.kind, ERR_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_canonical_is_sorted_and_compact),
	    cmocka_unit_test(f10_a_text_alone),
	    cmocka_unit_test(f10_pretty_keeps_the_order),
	    cmocka_unit_test(f20_broken_utf8_is_mended),
	    cmocka_unit_test(f20_reading),
	    cmocka_unit_test(f20_what_is_not_there),
	    cmocka_unit_test(f30_refused),
	    cmocka_unit_test(f30_depth_has_a_limit),
	    cmocka_unit_test(f30_size_has_a_limit),
	};
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
