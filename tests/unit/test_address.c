#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/address.h"

#define LETTERS63                                                              \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *text, *address, *key;
} good_cases[] = {
    {"j.smith@police.example", "j.smith@police.example",
     "j.smith@police.example"},
    {"J.Smith@Police.Example", "J.Smith@police.example",
     "j.smith@police.example"},
    {"O'Neil+ltb@nhs.example", "O'Neil+ltb@nhs.example",
     "o'neil+ltb@nhs.example"},
    {"a@b\xc3\xbc"
     "cher.example",
     "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
    {"a!#$%&'*+-/=?^_`{|}~@x.example", "a!#$%&'*+-/=?^_`{|}~@x.example",
     "a!#$%&'*+-/=?^_`{|}~@x.example"},
    {LETTERS63 "x@x.example", LETTERS63 "x@x.example", LETTERS63 "x@x.example"},
    {"1@1.example", "1@1.example", "1@1.example"},
};

static const char *const bad_cases[] = {
    "",
    "@",
    "a",
    "a@",
    "@x.example",
    "a@@x.example",
    "a@b@x.example",
    "a@x",          /* one label */
    "a@x.example.", /* a dot at the end */
    "a@.example",
    "a@10.0.0.1",
    "a@[10.0.0.1]", /* address literals */
    "a@[IPv6:::1]",
    "\"a b\"@x.example", /* quoted local parts */
    "\"a\"@x.example",
    "a b@x.example",
    " a@x.example",
    "a@x.example ",
    "a@x.example\n",
    "a\r\nRCPT TO:<b@x.example>@x.example",
    "a@x.example\r\nDATA",
    "a\t@x.example",
    "a\x7f@x.example",
    "a\xc2\x85@x.example", /* a C1 control: next line */
    ".a@x.example",
    "a.@x.example",
    "a..b@x.example",
    "a@x..example",
    "<a@x.example>",
    "A <a@x.example>",
    "a@x.example>",
    "a,b@x.example",
    "a@x.example,b@x.example",
    "a(comment)@x.example",
    "a;b@x.example",
    "a:b@x.example",
    "a\\b@x.example",
    "j\xc3\xb6rg@x.example", /* no SMTPUTF8 */
    "a@x_y.example",
    "a@-x.example",
    "a@x.example\xff",
    LETTERS63 "xy@x.example", /* 65 before the @ */
    LETTERS63 "x@" LETTERS63 "." LETTERS63 "." LETTERS63 ".example",
};

static void f10_good_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good_cases) / sizeof(*good_cases); i++) {
		char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
		const char *text = good_cases[i].text;
		struct err err = {0};

		if (!address_parse(text, strlen(text), address, key, &err))
			fail_msg("%s: %s", text, err.text);
		assert_string_equal(address, good_cases[i].address);
		assert_string_equal(key, good_cases[i].key);
	}
}

static void f20_bad_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(*bad_cases); i++) {
		char address[ADDRESS_SIZE] = "as it was",
		     key[ADDRESS_SIZE] = "";
		const char *text = bad_cases[i];
		struct err err = {0};

		if (address_parse(text, strlen(text), address, key, &err))
			fail_msg("\"%s\" passes as \"%s\"", text, address);
		assert_string_equal(address, "as it was");
		assert_int_equal(err.kind, ERR_INPUT);
		assert_true(strlen(err.text) > 5);
	}
}

/* the size counts, not a NUL */
static void f20_a_nul_is_refused(void **state)
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];

	(void)state;
	assert_false(address_parse("a@x.example\0b", 13, address, key, NULL));
	assert_true(address_parse("a@x.exampleXX", 11, address, key, NULL));
	assert_string_equal(address, "a@x.example");
}

/* errors reach logs, and logs hold no addresses */
static void f30_errors_do_not_show_the_local_part(void **state)
{
	static const char *const texts[] = {
	    "secret..name@x.example",
	    "secret name@x.example",
	    "secret@x",
	    "secret@x@y.example",
	    "secret\xc3\xb6@x.example",
	    "\"secret\"@x.example",
	    "secret@x_.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
		struct err err = {0};

		assert_false(address_parse(texts[i], strlen(texts[i]), address,
					   key, &err));
		if (strstr(err.text, "secret"))
			fail_msg("%s", err.text);
	}
}

static void f30_mask(void **state)
{
	char masked[ADDRESS_MASK_SIZE], longest[ADDRESS_SIZE];

	(void)state;
	address_mask("jane.smith@example.org", masked);
	assert_string_equal(masked, "j\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"
				    "@example.org");
	address_mask("j@example.org", masked);
	assert_string_equal(masked, "j\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"
				    "@example.org");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[1] = '@';
	longest[sizeof(longest) - 1] = '\0';
	address_mask(longest, masked);
	assert_int_equal(strlen(masked), strlen(longest) + 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_good_addresses),
	    cmocka_unit_test(f20_bad_addresses),
	    cmocka_unit_test(f20_a_nul_is_refused),
	    cmocka_unit_test(f30_errors_do_not_show_the_local_part),
	    cmocka_unit_test(f30_mask),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
