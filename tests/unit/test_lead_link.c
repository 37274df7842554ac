#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/lead_link.h"
#include "core/link.h"
#include "core/roster.h"
#include "planning.h"

static const struct link_keys keys = {
    .count = 1,
    .list = {{.id = 'a', .key = "a key of this test's own"}},
};

static void scene(struct planning *p)
{
	planning_open(p);
	store_do(&p->store, "UPDATE board SET mode = 'live'");
	store_do(&p->store, "UPDATE list SET lead = 'Lee Lead', agency ="
			    " 'Police', lead_address = 'Lee@police.example'");
}

static struct roster_list *police(struct planning *p)
{
	struct roster_list *list;

	store_check(&p->store,
		    roster_load_list(p->store.db, "police", p->store.arena,
				     &list, &p->store.err));
	return list;
}

/* its delivery, or 0 */
static int64_t send_link(struct planning *p)
{
	bool is_sent;

	store_check(
	    &p->store,
	    STORE_ALONE(&p->store,
			lead_link_send(p->store.db, &p->context, police(p),
				       &is_sent, &p->store.err)));
	return is_sent ? store_number(&p->store, "SELECT max(id) FROM delivery")
		       : 0;
}

static struct lead_link *load(struct planning *p, int64_t id)
{
	struct lead_link *link;

	store_check(&p->store,
		    lead_link_load(p->store.db, id, p->context.now,
				   p->store.arena, &link, &p->store.err));
	return link;
}

static bool send_code(struct planning *p, int64_t id, char ret[LINK_CODE_SIZE])
{
	bool is_sent;

	store_check(
	    &p->store,
	    STORE_ALONE(&p->store, lead_link_send_code(p->store.db, &p->context,
						       load(p, id), &is_sent,
						       &p->store.err)));
	link_format_code(
	    keys.list, store_number(&p->store, "SELECT max(id) FROM delivery"),
	    ret);
	return is_sent;
}

static enum lead_code check(struct planning *p, int64_t id, const char *code)
{
	enum lead_code verdict;

	store_check(&p->store, lead_link_check_code(
				   p->store.db, &keys, load(p, id), code,
				   p->context.now, &verdict, &p->store.err));
	return verdict;
}

static void f10_a_link_of_the_lead(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	int64_t id = send_link(&p);
	struct lead_link *link = load(&p, id);
	assert_non_null(link);
	assert_string_equal(link->list_name, "police");
	assert_string_equal(link->address, "Lee@police.example");
	assert_string_equal(link->actor, "lead Lee@police.example");
	assert_false(link->is_ended);
	assert_false(link->is_rehearsal);
	assert_int_equal(link->until_at, NOW + LEAD_LINK_DAYS * DAY);
	assert_null(load(&p, id + 1));
	planning_close(&p);
}

static void f20_it_ends(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	int64_t id = send_link(&p);
	p.context.now = NOW + LEAD_LINK_DAYS * DAY - 1;
	assert_false(load(&p, id)->is_ended);
	p.context.now++;
	assert_true(load(&p, id)->is_ended);
	p.context.now = NOW;
	store_do(&p.store, "UPDATE list SET lead_address = 'x@police.example'");
	assert_true(load(&p, id)->is_ended);
	store_do(&p.store,
		 "UPDATE list SET lead_address = 'lee@POLICE.example'");
	assert_false(load(&p, id)->is_ended);
	store_do(&p.store, "UPDATE list SET removed_at = 1");
	assert_null(load(&p, id));
	planning_close(&p);
}

static void f20_a_code_for_two_hours(void **state)
{
	struct planning p;
	char code[LINK_CODE_SIZE], other[LINK_CODE_SIZE];

	(void)state;
	scene(&p);
	int64_t id = send_link(&p);
	assert_true(send_code(&p, id, code));
	assert_int_equal(check(&p, id, code), LEAD_CODE_GOOD);
	assert_int_equal(check(&p, id, "abcd"), LEAD_CODE_MANGLED);
	assert_int_equal(check(&p, id, ""), LEAD_CODE_MANGLED);
	link_format_code(keys.list, id, other); /* of a mail with no code */
	assert_int_equal(check(&p, id, other), LEAD_CODE_WRONG);
	link_format_code(keys.list, 999, other);
	assert_int_equal(check(&p, id, other), LEAD_CODE_WRONG);
	code[0] ^= 1;
	assert_int_equal(check(&p, id, code), LEAD_CODE_WRONG);
	code[0] ^= 1;
	p.context.now += LEAD_CODE_SECONDS - 1;
	assert_int_equal(check(&p, id, code), LEAD_CODE_GOOD);
	p.context.now++;
	assert_int_equal(check(&p, id, code), LEAD_CODE_OLD);
	planning_close(&p);
}

static void f30_the_code_of_another(void **state)
{
	struct planning p;
	char code[LINK_CODE_SIZE];

	(void)state;
	scene(&p);
	int64_t id = send_link(&p);
	assert_true(send_code(&p, id, code));
	store_do(&p.store, "UPDATE board SET mode = 'rehearsal'");
	p.context.now++;
	int64_t rehearsed = send_link(&p);
	assert_true(load(&p, rehearsed)->is_rehearsal);
	assert_int_equal(check(&p, rehearsed, code), LEAD_CODE_WRONG);
	store_do(&p.store, "UPDATE notice SET list_id = NULL"
			   " WHERE kind = 'lead-code'");
	assert_int_equal(check(&p, id, code), LEAD_CODE_WRONG);
	planning_close(&p);
}

static void f40_so_many_and_no_more(void **state)
{
	struct planning p;
	char code[LINK_CODE_SIZE];

	(void)state;
	scene(&p);
	int64_t id = 0;
	for (int i = 0; i < LEAD_LINKS_A_DAY; i++, p.context.now++)
		assert_true((id = send_link(&p)) > 0);
	assert_int_equal(send_link(&p), 0);
	for (int i = 0; i < LEAD_CODES_AN_HOUR; i++, p.context.now++)
		assert_true(send_code(&p, id, code));
	assert_false(send_code(&p, id, code));
	assert_int_equal(check(&p, id, code), LEAD_CODE_GOOD);
	p.context.now += HOUR;
	assert_true(send_code(&p, id, code));
	p.context.now += DAY;
	assert_true(send_link(&p) > 0);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_a_link_of_the_lead),
	    cmocka_unit_test(f20_it_ends),
	    cmocka_unit_test(f20_a_code_for_two_hours),
	    cmocka_unit_test(f30_the_code_of_another),
	    cmocka_unit_test(f40_so_many_and_no_more),
	};

	return cmocka_run_group_tests_name("lead_link", tests, NULL, NULL);
}
