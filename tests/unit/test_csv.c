#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "core/csv.h"

/* the records as "field|field/field|field", then what ended them */
static const char *read_all(const char *text, struct arena *arena)
{
	static const char *const ends[] = {
	    [CSV_END] = "",
	    [CSV_OPEN_QUOTE] = " open quote",
	    [CSV_STRAY_TEXT] = " stray text",
	    [CSV_CUT] = " cut",
	};
	const char *all = "";
	enum csv_result result;
	struct csv csv;

	csv_init(&csv, text, strlen(text), arena);
	while ((result = csv_next(&csv)) == CSV_RECORD)
		for (size_t i = 0; i < csv.count; i++)
			all = arena_printf(arena, "%s%s%.*s", all,
					   i > 0  ? "|"
					   : *all ? "/"
						  : "",
					   (int)csv.fields[i].size,
					   csv.fields[i].text);
	return arena_printf(arena, "%s%s", all, ends[result]);
}

static void f10_records(void **state)
{
	static const struct {
		const char *text, *read;
	} cases[] = {
	    {"", ""},
	    {"a,b\nc,d\n", "a|b/c|d"},
	    {"a,b\r\nc,d\r\n", "a|b/c|d"},
	    {"a,b\rc,d\r", "a|b/c|d"},
	    {"\n\na, b ,\n\n", "a|b|"},
	    {"\"a\",\"b,c\"\n", "a|b,c"},
	    {"\"Dee \"\"DD\"\" O'Hara\",x\n", "Dee \"DD\" O'Hara|x"},
	    {"\"\"\"\"\n", "\""},
	    {"\"\"\n", ""},
	    {"\"a\nb\",c\n", "a\nb|c"},
	    {"a,b", " cut"},
	    {"a\n\"b", "a open quote"},
	    {"a\n\"b\"c\n", "a stray text"},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(read_all(cases[i].text, arena),
				    cases[i].read);
	arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
