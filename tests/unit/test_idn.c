#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "tools/idn.h"

#define LABEL63                                                                \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

/* expected NULL: refused */
static const struct {
	const char *domain, *expected;
} cases[] = {
    {"example.org", "example.org"},
    {"EXAMPLE.Org", "example.org"},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"B\xc3\x9c"
     "CHER.example",
     "xn--bcher-kva.example"},
    /* u and a combining diaeresis are the same word */
    {"bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example"},
    /* non-transitional: sharp s stays, and is not ss */
    {"stra\xc3\x9f"
     "e.example",
     "xn--strae-oqa.example"},
    {"xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
    /* an ideographic full stop parts labels too */
    {"\xe4\xbe\x8b\xe3\x80\x82"
     "example",
     "xn--fsq.example"},
    {"localhost", "localhost"},
    {"a-b.example", "a-b.example"},
    {LABEL63 ".example", LABEL63 ".example"},
    {LABEL63 "x.example", NULL},
    {LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, NULL}, /* 255 */
    {"", NULL},
    {".", NULL},
    {".example", NULL},
    {"example.", NULL},
    {"a..example", NULL},
    {"-a.example", NULL},
    {"a-.example", NULL},
    {"a_b.example", NULL},
    {"a b.example", NULL},
    {"a\n.example", NULL},
    {"[10.0.0.1]", NULL},
    {"exa\xffmple.org", NULL},
    {"xn--\x7f.example", NULL},
    {"xn--a.example", NULL},        /* no such A-label */
    {"\xe2\x98\x83.example", NULL}, /* a snowman: IDNA2008 has no symbols */
    {"a\xe2\x80\x8d"
     "b.example",
     NULL}, /* a joiner without context */
    {"\xd7\x90"
     "a.example",
     NULL}, /* two directions in one label */
    {"a@b.example", NULL},
    {"a>.example", NULL},
    {"a\xef\xbc\x9e.example", NULL}, /* wide, and mapped to > */
    {"a\xef\xbc\xa0"
     "b.example",
     NULL}, /* mapped to @ */
    {"a\xc2\xad"
     "b.example",
     "ab.example"}, /* a soft hyphen is nothing */
};

static void f10_domains(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		char ascii[IDN_SIZE] = "untouched";
		bool good = idn_to_ascii(cases[i].domain, ascii, &err);

		if (good != (cases[i].expected != NULL))
			fail_msg("%s: %s", cases[i].domain,
				 good ? ascii : err.text);
		assert_string_equal(ascii,
				    good ? cases[i].expected : "untouched");
		assert_int_equal(err.kind, good ? ERR_NONE : ERR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_domains),
	};

	return cmocka_run_group_tests_name("idn", tests, NULL, NULL);
}
