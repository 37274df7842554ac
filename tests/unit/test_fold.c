#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fold.h"

static void f10_folded(void **state)
{
	static const struct {
		const char *text, *folded;
	} cases[] = {
	    {"", ""},
	    {"Out  of\r\n\tOffice", "out of office"},
	    {"R\u00e9ponse \u00c9T\u00c9", "reponse ete"},
	    {"Re\u0301ponse", "reponse"},
	    {"fr\u00e5nv\u00e6r \u0141\u00f3d\u017a", "franvar lodz"},
	    {"don\u2019t\u00a0\u2014 \u201cgo\u201d", "don't - \"go\""},
	    {"\u041e\u0422\u0412\u0415\u0422 \u0451",
	     "\u043e\u0442\u0432\u0435\u0442 \u0435"},
	    {"\u81ea\u52a8\u56de\u590d\u3000\uff21\uff11",
	     "\u81ea\u52a8\u56de\u590d a1"},
	    {"zero\u200bwidth\u00ad", "zerowidth"},
	    {"bad\xff", "bad?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		fold_text(&out, cases[i].text, strlen(cases[i].text));
		assert_string_equal(out.data, cases[i].folded);
		buf_done(&out);
	}
}

static void f20_found(void **state)
{
	static const struct {
		const char *text, *phrase;
		int at; /* -1: nowhere */
	} cases[] = {
	    {"user unknown", "user unknown", 0},
	    {"550 no such user", "No such", 4},
	    {"anti-spam", "spam", 5},
	    {"nospam", "spam", -1},
	    {"nospam spam", "spam", 7},
	    {"spf fail", "spf ", 0},
	    {"by spf", "spf ", 3},
	    {"spfx", "spf ", -1},
	    {"mailbox ann is full", "mailbox * full", 0},
	    {"mailbox full", "mailbox * full", -1},
	    {"a b c d", "a * c * d", -1},
	    {"a b c x d", "a * c * d", 0},
	    {"reponse automatique", "R\u00e9ponse automatique", 0},
	    {"a b c", "x|c|b", 2},
	    {"", "x", -1},
	};
	char far[] = "mailbox .......................................... "
		     ".................................................. full";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *found = fold_find(cases[i].text, cases[i].phrase);

		assert_int_equal(found ? found - cases[i].text : -1,
				 cases[i].at);
	}
	assert_true(fold_has("user unknown", "x|User  Unknown"));
	assert_false(fold_has("user unknown", "x|known"));
	assert_false(fold_has("user unknown", ""));
	assert_null(fold_find(far, "mailbox * full"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_folded),
	    cmocka_unit_test(f20_found),
	};

	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
