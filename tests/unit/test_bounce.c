#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/bounce.h"

/* --- the errand's answer */

static void f10_an_answer_comes_back_as_it_was(void **state)
{
	struct bounce_reading readings[] = {
	    {.kind = BOUNCE_RETURNED,
	     .cls = BOUNCE_HARD,
	     .status = "5.1.1",
	     .code = 550,
	     .text = "no such user \"ann\"",
	     .recipient = "ann@police.example"},
	    {.kind = BOUNCE_DELAYED},
	};
	const char *tokens[] = {"b+1@board.example", "b+2@board.example"};
	const char *ids[] = {"0a@board.example"};
	const struct bounce_mail mail = {.readings = readings,
					 .count = 2,
					 .from = "postmaster@police.example",
					 .subject = "Zur\u00fcck",
					 .tokens = tokens,
					 .token_count = 2,
					 .message_ids = ids,
					 .message_id_count = 1};
	struct arena *arena = arena_new();
	struct bounce_mail read;
	char *json = bounce_format(&mail);

	(void)state;
	assert_true(bounce_parse(json, strlen(json), arena, &read, NULL));
	assert_int_equal(read.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read.readings[i].kind, readings[i].kind);
		assert_int_equal(read.readings[i].cls, readings[i].cls);
		assert_int_equal(read.readings[i].code, readings[i].code);
		assert_string_equal(read.readings[i].status,
				    readings[i].status);
		assert_string_equal(read.readings[i].text, readings[i].text);
		assert_string_equal(read.readings[i].recipient,
				    readings[i].recipient);
	}
	assert_string_equal(read.from, mail.from);
	assert_string_equal(read.subject, mail.subject);
	assert_int_equal(read.token_count, 2);
	assert_string_equal(read.tokens[1], tokens[1]);
	assert_int_equal(read.message_id_count, 1);
	assert_string_equal(read.message_ids[0], ids[0]);
	free(json);
	arena_free(arena);
}

static void f50_what_is_no_answer_is_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"readings\":[]}",
	    "{\"readings\":{}}",
	    "{\"readings\":[7]}",
	    "{\"readings\":[{\"kind\":\"returned\"}]}",
	    "{\"readings\":[{\"kind\":\"lost\",\"class\":\"hard\"}]}",
	    "{\"readings\":[{\"kind\":\"reply\",\"class\":\"odd\"}]}",
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bounce_mail read;
		struct err err = {0};

		assert_false(bounce_parse(cases[i], strlen(cases[i]), arena,
					  &read, &err));
		assert_int_equal(err.kind, ERR_INPUT);
	}
	arena_free(arena);
}

static void f60_too_much_is_cut(void **state)
{
	char json[1000], text[600] = "";
	struct arena *arena = arena_new();
	struct bounce_mail read;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	snprintf(json, sizeof(json),
		 "{\"readings\":[{\"kind\":\"reply\",\"class\":\"none\","
		 "\"code\":77777,\"text\":\"%s\"}],"
		 "\"tokens\":[7,\"a@b.example\"]}",
		 text);
	assert_true(bounce_parse(json, strlen(json), arena, &read, NULL));
	assert_int_equal(strlen(read.readings[0].text), BOUNCE_TEXT_SIZE - 1);
	assert_int_equal(read.readings[0].code, 0);
	assert_int_equal(read.token_count, 1);
	assert_int_equal(read.message_id_count, 0);
	assert_string_equal(read.subject, "");
	arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_an_answer_comes_back_as_it_was),
	    cmocka_unit_test(f50_what_is_no_answer_is_refused),
	    cmocka_unit_test(f60_too_much_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
