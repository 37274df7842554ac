#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/asked.h"
#include "core/link.h"
#include "tools/crypto.h"

#define HERS "Jo.Bloggs@police.example"

static struct link_keys keys = {.count = 1};

static bool is_right(enum asked asked, const char *typed)
{
	return asked_is_right(asked, &keys, 81, HERS, typed);
}

static void f10_words(void **state)
{
	(void)state;
	assert_int_equal(asked_parse("tick"), ASKED_TICK);
	assert_int_equal(asked_parse("code"), ASKED_CODE);
	assert_int_equal(asked_parse("email"), ASKED_EMAIL);
}

static void f10_the_address_in_any_case(void **state)
{
	static const char *const right[] = {HERS, "jo.bloggs@POLICE.example",
					    " \tjo.bloggs@police.example\r\n"};
	static const char *const wrong[] = {
	    "",
	    " ",
	    "jo",
	    "jo.bloggs@police.exampl",
	    "jo.bloggs@police.example.evil.example",
	    "jo.bloggs@police.example,x@y.example",
	    "jo.bloggs@police.example\r\nX: y",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		assert_true(is_right(ASKED_EMAIL, right[i]));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (is_right(ASKED_EMAIL, wrong[i]))
			fail_msg("\"%s\"", wrong[i]);
	/* once erased, nothing is right */
	assert_false(asked_is_right(ASKED_EMAIL, &keys, 81, "", ""));
}

static void f10_the_code_of_this_mail_alone(void **state)
{
	char code[LINK_CODE_SIZE], spaced[40];

	(void)state;
	link_format_code(link_signer(&keys), 81, code);
	assert_true(is_right(ASKED_CODE, code));
	snprintf(spaced, sizeof(spaced), " %.4s %.4s.%.4s\n", code, code + 5,
		 code + 10);
	assert_true(is_right(ASKED_CODE, spaced));
	assert_false(is_right(ASKED_CODE, ""));
	assert_false(is_right(ASKED_CODE, LINK_SPECIMEN_CODE));
	assert_false(is_right(ASKED_CODE, HERS));
	link_format_code(link_signer(&keys), 82, code);
	assert_false(is_right(ASKED_CODE, code));
}

static void f20_a_tick_asks_nothing(void **state)
{
	(void)state;
	assert_true(is_right(ASKED_TICK, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_words),
	    cmocka_unit_test(f10_the_address_in_any_case),
	    cmocka_unit_test(f10_the_code_of_this_mail_alone),
	    cmocka_unit_test(f20_a_tick_asks_nothing),
	};

	crypto_start();
	keys.list[0].id = '1';
	memset(keys.list[0].key, 7, LINK_KEY_SIZE);
	return cmocka_run_group_tests_name("asked", tests, NULL, NULL);
}
