#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/wrap.h"

static void f10_lines(void **state)
{
	static const struct {
		const char *text, *wrapped;
	} cases[] = {
	    {"", ""},
	    {"\n\n", "\n\n"},
	    {"fits", "fits"},
	    {"fits to a T.\n", "fits to a T.\n"},
	    {"does not fit it\n", "does not fit\nit\n"},
	    {"one two three four", "one two\nthree four"},
	    /* two lines stay two */
	    {"a b\nc d\n", "a b\nc d\n"},
	    {"* See the child alone.\n", "* See the\n  child\n  alone.\n"},
	    {" - See the child.\n", " - See the\n   child.\n"},
	    {"*no item, stars\n", "*no item,\nstars\n"},
	    /* columns are code points */
	    {"äöü äöü äöü äöü\n", "äöü äöü äöü\näöü\n"},
	    {"“Ĥo” ŵŷ ẁỳ ẃý ẅÿ\n", "“Ĥo” ŵŷ ẁỳ\nẃý ẅÿ\n"},
	    /* nothing to break at */
	    {"https://example.org/long\n", "https://example.org/long\n"},
	    {"see https://example.org/long it\n",
	     "see\nhttps://example.org/long\nit\n"},
	    {"* https://example.org/long it\n",
	     "* https://example.org/long\n  it\n"},
	    /* a no-break space parts no words */
	    {"due 31\xc2\xa0January 2027\n", "due\n31\xc2\xa0January\n2027\n"},
	    {"    code is left as it stands\n",
	     "    code is left as it stands\n"},
	    {"blanks at an end             \n", "blanks at an\nend\n"},
	    {"blanks        in it          \n", "blanks\nin it\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		wrap_lines(&out, cases[i].text, strlen(cases[i].text), 12);
		if (strcmp(out.data ? out.data : "", cases[i].wrapped) != 0)
			fail_msg("%s: \"%s\"", cases[i].text, out.data);
		buf_done(&out);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_lines),
	};

	return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
