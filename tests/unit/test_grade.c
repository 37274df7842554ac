#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/grade.h"

static void f10_each_has_its_own_words(void **state)
{
	(void)state;
	for (int i = 0; i < GRADE_COUNT; i++) {
		enum grade grade = (enum grade)i;

		assert_int_equal(grade_parse(grade_word(grade)), i);
		assert_true(strlen(grade_meaning(grade)) > 40);
		for (int j = 0; j < i; j++) {
			enum grade other = (enum grade)j;

			assert_string_not_equal(grade_title(grade),
						grade_title(other));
			assert_string_not_equal(grade_meaning(grade),
						grade_meaning(other));
		}
	}
}

static void f10_reach_is_what_people_confirm_themselves(void **state)
{
	(void)state;
	for (int i = 0; i < GRADE_COUNT; i++) {
		enum grade grade = (enum grade)i;

		assert_int_equal(grade_is_reach(grade),
				 strstr(grade_word(grade), "confirmed") !=
				     NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_each_has_its_own_words),
	    cmocka_unit_test(f10_reach_is_what_people_confirm_themselves),
	};

	return cmocka_run_group_tests_name("grade", tests, NULL, NULL);
}
