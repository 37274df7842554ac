#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "tools/archive.h"

static void make(struct buf *out)
{
	struct archive_out *zip = archive_open(1795356180);
	struct err err = {0};

	archive_add(zip, "a/first.txt", "hello hello hello hello", 23);
	archive_add(zip, "empty", "", 0);
	if (!archive_close(zip, out, &err))
		fail_msg("%s", err.text);
}

static void f10_the_same_bytes(void **state)
{
	struct buf one, two;

	(void)state;
	buf_init(&one, 4096);
	buf_init(&two, 4096);
	make(&one);
	make(&two);
	assert_memory_equal(one.data, "PK\3\4", 4);
	assert_int_equal(one.size, two.size);
	assert_memory_equal(one.data, two.data, one.size);
	buf_done(&one);
	buf_done(&two);
}

static void f20_no_room_is_told(void **state)
{
	struct archive_out *zip = archive_open(0);
	struct err err = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	archive_add(zip, "a", "b", 1);
	assert_false(archive_close(zip, &out, &err));
	assert_int_equal(err.kind, ERR_FULL);
	buf_done(&out);
}

static void f20_names(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
	    {"LTB-2026-07", "LTB-2026-07"},
	    {"../../etc/passwd", "-.--.-etc-passwd"},
	    {".hidden", "-hidden"},
	    {"a b\n\xc3\xa9", "a-b---"},
	    {"C:\\x", "C--x"},
	    {"a...b", "a--.b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[64];

		strcpy(text, cases[i].text);
		archive_name(text);
		assert_string_equal(text, cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_the_same_bytes),
	    cmocka_unit_test(f20_no_room_is_told),
	    cmocka_unit_test(f20_names),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
