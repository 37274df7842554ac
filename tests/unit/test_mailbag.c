#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "doors/mailbag.h"

static void f10_what_goes_in_comes_out(void **state)
{
	static const char bytes[] = "a\0b\n12 x\n";
	struct mailbag_mail mail;
	struct mailbag bag;
	struct buf out;
	bool can_wait = false;

	(void)state;
	buf_init(&out, 1000);
	mailbag_open(&out, true);
	assert_true(mailbag_put(&out, "17 4", bytes, sizeof(bytes)));
	assert_true(mailbag_put(&out, "a b", "", 0));
	bag = (struct mailbag){out.data, out.size};
	assert_true(mailbag_begin(&bag, &can_wait));
	assert_true(can_wait);
	assert_true(mailbag_take(&bag, &mail));
	assert_string_equal(mail.place, "17 4");
	assert_int_equal(mail.size, sizeof(bytes));
	assert_memory_equal(mail.data, bytes, sizeof(bytes));
	assert_true(mailbag_take(&bag, &mail));
	assert_string_equal(mail.place, "a b");
	assert_int_equal(mail.size, 0);
	assert_false(mailbag_take(&bag, &mail));
	buf_done(&out);
}

static void f20_places_that_are_none(void **state)
{
	char place[MAILBAG_PLACE_SIZE + 1];
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	memset(place, 'x', sizeof(place));
	place[MAILBAG_PLACE_SIZE] = '\0';
	assert_false(mailbag_put(&out, place, "", 0));
	assert_false(mailbag_put(&out, "", "", 0));
	assert_false(mailbag_put(&out, "a\nb", "", 0));
	assert_int_equal(out.size, 0);
	place[MAILBAG_PLACE_SIZE - 1] = '\0';
	assert_true(mailbag_put(&out, place, "", 0));
	buf_done(&out);
}

static void f30_what_is_no_mailbag(void **state)
{
	static const char *const texts[] = {
	    "",
	    "mails",
	    "mail\n",
	    "mails\n5 x\nabcd",
	    "mails\n-1 x\n",
	    "mails\n5\nabcde",
	    "mails\n1 \na",
	    "mails\nx y\nabc",
	    "mails\n1 x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct mailbag bag = {texts[i], strlen(texts[i])};
		struct mailbag_mail mail;
		bool can_wait;

		if (mailbag_begin(&bag, &can_wait) && mailbag_take(&bag, &mail))
			fail_msg("%s", texts[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_what_goes_in_comes_out),
	    cmocka_unit_test(f20_places_that_are_none),
	    cmocka_unit_test(f30_what_is_no_mailbag),
	};

	return cmocka_run_group_tests_name("mailbag", tests, NULL, NULL);
}
