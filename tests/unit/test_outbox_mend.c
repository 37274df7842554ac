#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outbox_mend.h"
#include "planning.h"

static int mend(struct planning *p)
{
	struct outbox_mend mend = {0};
	int all = 0;

	for (int slices = 0; !mend.is_done; slices++) {
		int count;

		assert_true(slices < 10);
		store_begin(&p->store);
		store_check(&p->store,
			    outbox_mend_slice(p->store.db, &mend, 4 * HOUR, NOW,
					      &count, &p->store.err));
		store_commit(&p->store);
		all += count;
	}
	return all;
}

/* deliveries 1 and 2 */
static void scene(struct planning *p)
{
	planning_open(p);
	add_version(p, 1);
	open_now(p, "police", true);
	assert_int_equal(plan_all(p, 100), 2);
}

static void f10_what_shows_a_clock_that_was_ahead(void **state)
{
	static const struct {
		const char *name, *sql;
		bool is_mended;
	} cases[] = {
	    {"waits its time", "due_at = 1795420800 + 3600", false},
	    {"is due", "due_at = 1795420800 - 5", false},
	    {"planned later than now",
	     "due_at = 1795420800 + 3600, created_at = 1795420801", true},
	    {"retried later than now",
	     "due_at = 1795420800 + 3600, retried_at = 1795420801", true},
	    {"tried later than now", "due_at = 1795420800 + 3600, attempt = 2",
	     true},
	    {"tried then, but since again",
	     "due_at = 1795420800 + 3600, attempt = 3", false},
	    {"longer than anything waits", "due_at = 1795420800 + 172801",
	     true},
	    {"as long as quiet hours and retries can take",
	     "due_at = 1795420800 + 172800", false},
	    {"is not due at all",
	     "state = 'held', created_at = 1795420801, due_at = 1795429999",
	     false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		char sql[300];

		scene(&p);
		store_do(
		    &p.store,
		    "INSERT INTO attempt VALUES (1, 2, 5, 1795420801,"
		    " 'later', '', '', 450, '', '', '', 1, 1), (1, 3, 5, 6,"
		    " 'later', '', '', 450, '', '', '', 1, 1)");
		snprintf(sql, sizeof(sql),
			 "UPDATE delivery SET %s WHERE id = 1", cases[i].sql);
		store_do(&p.store, sql);
		int count = mend(&p);
		bool is_due =
		    store_number(&p.store, "SELECT due_at = 1795420800 FROM"
					   " delivery WHERE id = 1");
		if (count != cases[i].is_mended || is_due != cases[i].is_mended)
			fail_msg("%s: %d", cases[i].name, count);
		planning_close(&p);
	}
}

static void f20_in_slices(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	/* many at the same second, the ones that are ahead among them */
	store_do(&p.store,
		 "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1"
		 " FROM n WHERE i < 3509) INSERT INTO delivery (digest_id,"
		 " person_id, generation, letter_id, mode, state, due_at,"
		 " created_at) SELECT 1, 1, i, 1, 'live', 'due', 1795420900,"
		 " CASE WHEN i % 7 = 0 THEN 1795420850 ELSE 5 END FROM n");
	assert_int_equal(mend(&p), 500);
	assert_int_equal(mend(&p), 0);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_what_shows_a_clock_that_was_ahead),
	    cmocka_unit_test(f20_in_slices),
	};

	return cmocka_run_group_tests_name("outbox_mend", tests, NULL, NULL);
}
