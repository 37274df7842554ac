#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/letter.h"
#include "core/link.h"
#include "core/notice.h"
#include "core/outbox.h"
#include "core/outbox_operate.h"
#include "core/roster.h"
#include "core/share.h"
#include "golden.h"
#include "planning.h"
#include "tools/view.h"

static const struct link_keys keys = {
    .count = 1,
    .list = {{.id = 'a', .key = "a key of this test's own"}},
};

static void scene(struct planning *p, bool is_live)
{
	planning_open(p);
	if (is_live)
		store_do(&p->store, "UPDATE board SET mode = 'live'");
}

static struct roster_list *police(struct planning *p)
{
	struct roster_list *list;

	store_check(&p->store,
		    roster_load_list(p->store.db, "police", p->store.arena,
				     &list, &p->store.err));
	return list;
}

/* of the kind "abuse", whose words are few */
static struct notice notice_of(struct planning *p, const char *key)
{
	struct view *view = view_new(p->store.arena);

	view_text(view, "person", "Person 1 (p1@police.example)");
	view_text(view, "sent_on", "Mon 23 November 2026");
	view_flag(view, "is_lead", true);
	return (struct notice){.key = key,
			       .kind = "abuse",
			       .list = police(p),
			       .address = "l@x.example",
			       .name = "L",
			       .subject = "A mail was reported as spam",
			       .view = view};
}

static int64_t queue(struct planning *p, const struct notice *notice)
{
	int64_t id = -1;

	store_begin(&p->store);
	store_check(&p->store, notice_queue(p->store.db, &p->context, notice,
					    &id, &p->store.err));
	store_commit(&p->store);
	return id;
}

static struct outbox_claims claim(struct planning *p, bool is_live)
{
	struct share *share = share_new(10);
	const struct outbox_wish wish = {.is_live = is_live,
					 .key_id = 'a',
					 .relay = "relay.example",
					 .max = 10,
					 .share = share};
	struct outbox_claims claims;

	store_begin(&p->store);
	store_check(&p->store,
		    outbox_claim(p->store.db, &p->context, &wish,
				 p->store.arena, &claims, &p->store.err));
	store_commit(&p->store);
	share_free(share);
	return claims;
}

/* the mail of a claim, as run/sending makes it; in the store's arena */
static const char *mail_of(struct planning *p, const struct outbox_claim *claim)
{
	struct letter_person person;
	struct letter letter;
	struct buf out;

	store_check(&p->store, letter_load(p->store.db, claim->letter_id,
					   &letter, &p->store.err));
	letter_person_make(&p->settings, keys.list, claim->delivery_id,
			   claim->address, claim->name, p->store.arena,
			   &person);
	letter_person_link(&p->settings, keys.list, claim->link_id,
			   p->store.arena, &person);
	buf_init(&out, LETTER_MAX_SIZE);
	store_check(&p->store,
		    letter_assemble(&letter, &person, &out, &p->store.err));
	const char *mail = arena_strdup(p->store.arena, out.data);
	buf_done(&out);
	letter_done(&letter);
	return mail;
}

static void f10_it_goes_through_the_outbox(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	struct notice notice = notice_of(&p, "one");
	assert_int_equal(queue(&p, &notice), 1);
	struct outbox_claims claims = claim(&p, true);
	assert_int_equal(claims.count, 1);
	assert_string_equal(claims.list[0].recipient, "l@x.example");
	assert_string_equal(claims.list[0].list_name, "police");
	assert_int_equal(claims.list[0].link_id, 1);
	const char *mail = mail_of(&p, &claims.list[0]);
	golden_check("mail-abuse.eml", mail, strlen(mail));

	const struct outbox_result result = {.delivery_id = 1,
					     .attempt = 1,
					     .outcome = OUTBOX_LATER,
					     .code = 451,
					     .began_at = NOW,
					     .ended_at = NOW};
	const char *became;
	store_begin(&p.store);
	store_check(&p.store, outbox_settle(p.store.db, &p.settings, &result,
					    NOW, &became, &p.store.err));
	store_commit(&p.store);
	assert_string_equal(became, "due");
	p.context.now += HOUR;
	claims = claim(&p, true);
	assert_int_equal(claims.count, 1);
	assert_string_equal(mail_of(&p, &claims.list[0]), mail);
	planning_close(&p);
}

static void f10_once_in_each_mode(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, false);
	struct notice notice = notice_of(&p, "one");
	assert_int_equal(queue(&p, &notice), 1);
	assert_int_equal(queue(&p, &notice), 0);
	store_do(&p.store, "UPDATE board SET mode = 'live'");
	assert_int_equal(queue(&p, &notice), 2);
	assert_int_equal(queue(&p, &notice), 0);
	notice.key = "another";
	assert_int_equal(queue(&p, &notice), 3);
	/* what was queued in the other mode never goes out */
	assert_int_equal(claim(&p, true).count, 2);
	assert_string_equal(store_text(&p.store,
				       "SELECT state || ' ' || detail FROM"
				       " delivery WHERE id = 1"),
			    "cancelled the mode changed");
	planning_close(&p);
}

static void f20_a_rehearsal(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, false);
	struct notice notice = notice_of(&p, "one");
	queue(&p, &notice);
	struct outbox_claims claims = claim(&p, false);
	assert_int_equal(claims.count, 1);
	assert_string_equal(claims.list[0].recipient, "rehearsal@x.example");
	const char *mail = mail_of(&p, &claims.list[0]);
	assert_non_null(strstr(mail, "Subject: [Rehearsal] A mail"));
	assert_non_null(strstr(mail, "REHEARSAL: nothing counts."));
	planning_close(&p);
}

static void f20_of_no_list_and_to_no_member(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	struct notice notice = notice_of(&p, "one");
	notice.list = NULL;
	notice.reply_to = "ann@police.example";
	queue(&p, &notice);
	const char *mail = mail_of(&p, &claim(&p, true).list[0]);
	assert_non_null(strstr(mail, "From: Board <learning@x.example>"));
	assert_non_null(strstr(mail, "Reply-To: ann@police.example"));
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(kind || ' ' || body, ';')"
				 " FROM event WHERE body LIKE '%\"list\"%' OR"
				 " body LIKE '%\"person\"%'"),
	    "");
	planning_close(&p);
}

static void f20_its_link_is_another_delivery_s(void **state)
{
	struct planning p;
	char token[LINK_TOKEN_SIZE];

	(void)state;
	scene(&p, true);
	add_version(&p, 1);
	open_now(&p, "police", true);
	assert_int_equal(plan_all(&p, 100), 2);
	store_do(&p.store, "UPDATE delivery SET due_at = due_at + 9999");
	struct notice notice = notice_of(&p, "one");
	notice.link_id = 2;
	notice.person_id = 2;
	assert_int_equal(queue(&p, &notice), 3);
	struct outbox_claims claims = claim(&p, true);
	assert_int_equal(claims.count, 1);
	assert_int_equal(claims.list[0].link_id, 2);
	link_format(keys.list, 2, token);
	/* this kind's template shows no link: only the slot is asked here */
	struct letter_person person = {0};
	letter_person_link(&p.settings, keys.list, claims.list[0].link_id,
			   p.store.arena, &person);
	assert_string_equal(person.token, token);
	planning_close(&p);
}

static void f20_quiet_hours(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	store_do(&p.store, "UPDATE list SET quiet_hours = '07:00-09:00'");
	struct notice notice = notice_of(&p, "one");
	queue(&p, &notice);
	notice.key = "two";
	notice.is_prompt = true;
	queue(&p, &notice);
	struct outbox_claims claims = claim(&p, true);
	assert_int_equal(claims.count, 1);
	assert_int_equal(claims.list[0].delivery_id, 2);
	planning_close(&p);
}

/* A stranger's text can fill no slot and start no header. */
static void f20_texts_of_strangers(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	struct notice notice = notice_of(&p, "one");
	notice.subject = "Hello\r\nBcc: all@x.example\4";
	notice.name = "N\4\r\nX: y";
	view_text(notice.view, "person", "<b>\4\5\r\n--=_\6 end");
	queue(&p, &notice);
	const char *mail = mail_of(&p, &claim(&p, true).list[0]);
	const char *body = strstr(mail, "\r\n\r\n"),
		   *bcc = strstr(mail, "\nBcc"), *x = strstr(mail, "\nX: y");
	assert_true(!bcc || bcc > body);
	assert_true(!x || x > body);
	assert_non_null(strstr(mail, "&lt;b&gt;"));
	char token[LINK_TOKEN_SIZE];
	link_format(keys.list, 1, token);
	assert_null(strstr(mail, token));
	planning_close(&p);
}

static void f30_an_address_that_comes_back(void **state)
{
	struct notice_owner owner;
	struct planning p;

	(void)state;
	scene(&p, true);
	struct notice notice = notice_of(&p, "one");
	queue(&p, &notice);
	store_check(&p.store,
		    notice_find_owner(p.store.db, &p.settings, notice.list,
				      &owner, &p.store.err));
	assert_true(owner.is_lead);
	assert_string_equal(owner.address, "l@x.example");
	store_do(&p.store, "INSERT INTO suppression VALUES ('l@x.example', 0,"
			   " 0, 1, 'hard', NULL)");
	assert_int_equal(claim(&p, true).count, 0);
	assert_string_equal(
	    store_text(&p.store, "SELECT state || ' ' || detail FROM delivery"),
	    "cancelled suppressed");
	store_check(&p.store,
		    notice_find_owner(p.store.db, &p.settings, notice.list,
				      &owner, &p.store.err));
	assert_false(owner.is_lead);
	assert_string_equal(owner.address, "help@x.example");
	store_check(&p.store, notice_find_owner(p.store.db, &p.settings, NULL,
						&owner, &p.store.err));
	assert_string_equal(owner.address, "help@x.example");
	planning_close(&p);
}

static void f30_operators_move_it(void **state)
{
	struct outbox_item *items;
	struct planning p;
	size_t count;

	(void)state;
	scene(&p, true);
	struct notice notice = notice_of(&p, "one");
	notice.list = NULL;
	queue(&p, &notice);
	const struct outbox_order order = {
	    .verb = OUTBOX_HOLD, .actor = "jo@host", .now = NOW};
	int64_t moved;
	store_check(&p.store, outbox_operate_all(p.store.db, &order, NULL, 0,
						 &moved, &p.store.err));
	assert_int_equal(moved, 1);
	store_check(&p.store,
		    outbox_load_items(p.store.db, NULL, 10, p.store.arena,
				      &items, &count, &p.store.err));
	assert_int_equal(count, 1);
	assert_string_equal(items[0].kind, "abuse");
	assert_string_equal(items[0].list_name, "");
	assert_string_equal(items[0].state, "held");
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_it_goes_through_the_outbox),
	    cmocka_unit_test(f10_once_in_each_mode),
	    cmocka_unit_test(f20_a_rehearsal),
	    cmocka_unit_test(f20_of_no_list_and_to_no_member),
	    cmocka_unit_test(f20_its_link_is_another_delivery_s),
	    cmocka_unit_test(f20_quiet_hours),
	    cmocka_unit_test(f20_texts_of_strangers),
	    cmocka_unit_test(f30_an_address_that_comes_back),
	    cmocka_unit_test(f30_operators_move_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
