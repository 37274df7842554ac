#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/link.h"
#include "core/outbox.h"
#include "core/returned.h"
#include "core/share.h"
#include "core/suppression.h"
#include "planning.h"

static const struct link_keys keys = {
    .count = 1,
    .list = {{.id = 'a', .key = "a key of this test's own"}},
};

/* deliveries 1 and 2, of persons 1 and 2 on list police, were accepted */
static void scene(struct planning *p, bool is_live)
{
	planning_open(p);
	add_version(p, 1);
	open_now(p, "police", is_live);
	assert_int_equal(plan_all(p, 100), 2);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " attempt = 1, ended_at = 1795420810");
	p->context.now += HOUR;
}

/* --- a mail that came back */

struct mail {
	const char *sha256;
	int64_t verp, message_id; /* deliveries; 0: none */
	struct bounce_reading reading;
	const char *token; /* one as it stands */
};

static struct returned_outcome record(struct planning *p,
				      const struct mail *mail)
{
	char verp[100] = "", message_id[100] = "", name[LINK_NAME_SIZE];
	const char *tokens[] = {"bounce@x.example", verp},
		   *ids[] = {message_id};
	struct bounce_reading reading = mail->reading;
	struct bounce_mail read = {
	    .readings = &reading,
	    .count = 1,
	    .tokens = tokens,
	    .token_count = 2,
	    .message_ids = ids,
	    .message_id_count = 1,
	};
	struct returned_mail returned = {
	    .sha256 = mail->sha256, .place = "1 7", .read = &read};
	struct returned_outcome outcome;

	if (mail->verp) {
		link_format_name(keys.list, 'v', mail->verp, name);
		snprintf(verp, sizeof(verp), "bounce+%s@x.example", name);
	} else if (mail->token) {
		snprintf(verp, sizeof(verp), "%s", mail->token);
	}
	if (mail->message_id) {
		link_format_name(keys.list, 'm', mail->message_id, name);
		snprintf(message_id, sizeof(message_id), "%s@x.example", name);
	}
	store_begin(&p->store);
	store_check(&p->store,
		    returned_record(p->store.db, &p->context, &keys, &returned,
				    &outcome, &p->store.err));
	store_commit(&p->store);
	return outcome;
}

static struct bounce_reading returned_as(enum bounce_class cls)
{
	return (struct bounce_reading){.kind = BOUNCE_RETURNED,
				       .cls = cls,
				       .code = 550,
				       .status = "5.1.1",
				       .text = "p1@police.example: unknown"};
}

/* another mail each time, of delivery 1 */
static struct returned_outcome come_back(struct planning *p,
					 enum bounce_class cls)
{
	static int number;
	char sha256[20];

	snprintf(sha256, sizeof(sha256), "sha %d", ++number);
	return record(p, &(struct mail){.sha256 = sha256,
					.verp = 1,
					.reading = returned_as(cls)});
}

#define SUPPRESSED                                                             \
	"SELECT coalesce(group_concat(address_key || ' ' || why), '') FROM"    \
	" suppression WHERE suppressed_at IS NOT NULL"

static void f10_a_hard_bounce(void **state)
{
	struct returned_outcome outcome;
	struct planning p;

	(void)state;
	scene(&p, true);
	outcome =
	    record(&p, &(struct mail){.sha256 = "s",
				      .verp = 1,
				      .reading = returned_as(BOUNCE_HARD)});
	assert_true(outcome.is_recorded && outcome.is_understood &&
		    outcome.is_suppressed);
	assert_int_equal(outcome.delivery_id, 1);
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(id || ' ' || state || ' '"
				 " || ended_at || ' ' || coalesce(bounced_at,"
				 " 0), ';') FROM delivery"),
	    "1 bounced 1795420810 1795424400;2 accepted 1795420810 0");
	assert_string_equal(store_text(&p.store, SUPPRESSED),
			    "p1@police.example hard");
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(kind, ' ') FROM event"
				 " WHERE id > (SELECT max(id) - 2 FROM event)"),
	    "delivery-bounced address-suppressed");
	/* a server's words may quote the address: they are not in the event */
	assert_string_equal(
	    store_text(&p.store, "SELECT count(*) FROM event WHERE body LIKE"
				 " '%police.example%'"),
	    "0");
	assert_string_equal(
	    store_text(&p.store, "SELECT text FROM event_text ORDER BY event_id"
				 " DESC LIMIT 1"),
	    "p1@police.example: unknown");
	planning_close(&p);
}

static void f10_the_same_mail_counts_once(void **state)
{
	struct mail mail = {
	    .sha256 = "s", .verp = 1, .reading = returned_as(BOUNCE_SOFT)};
	struct returned_outcome first, second;
	struct planning p;

	(void)state;
	scene(&p, true);
	first = record(&p, &mail);
	p.context.now += 3 * DAY;
	second = record(&p, &mail);
	assert_true(second.is_recorded && second.is_understood);
	assert_int_equal(second.returned_id, first.returned_id);
	assert_string_equal(store_text(&p.store, "SELECT count(*) || ' ' ||"
						 " (SELECT score FROM"
						 " suppression) FROM returned"),
			    "1 1000");
	planning_close(&p);
}

static void f20_what_each_kind_does(void **state)
{
	static const struct {
		enum bounce_kind kind;
		enum bounce_class cls;
		bool is_ours, is_understood;
		const char *delivery, *suppressed;
	} cases[] = {
	    {BOUNCE_RETURNED, BOUNCE_HARD, true, true, "bounced",
	     "p1@police.example hard"},
	    {BOUNCE_RETURNED, BOUNCE_HARD, false, false, "accepted", ""},
	    {BOUNCE_RETURNED, BOUNCE_SOFT, true, true, "bounced", ""},
	    {BOUNCE_RETURNED, BOUNCE_BLOCK, true, true, "bounced", ""},
	    {BOUNCE_DELAYED, 0, true, true, "accepted", ""},
	    {BOUNCE_AUTO_REPLY, 0, true, true, "accepted", ""},
	    {BOUNCE_AUTO_REPLY, 0, false, true, "accepted", ""},
	    {BOUNCE_RECEIPT, 0, true, true, "accepted", ""},
	    {BOUNCE_ABUSE, 0, true, true, "accepted", ""},
	    {BOUNCE_ABUSE, 0, false, false, "accepted", ""},
	    {BOUNCE_UNKNOWN, 0, true, false, "accepted", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mail mail = {
		    .sha256 = "s",
		    .verp = cases[i].is_ours,
		    .reading = {.kind = cases[i].kind, .cls = cases[i].cls}};
		struct planning p;

		scene(&p, true);
		assert_int_equal(record(&p, &mail).is_understood,
				 cases[i].is_understood);
		assert_string_equal(store_text(&p.store,
					       "SELECT state FROM delivery"
					       " WHERE id = 1"),
				    cases[i].delivery);
		assert_string_equal(store_text(&p.store, SUPPRESSED),
				    cases[i].suppressed);
		planning_close(&p);
	}
}

static void f20_matched_by_token_or_message_id_and_never_forged(void **state)
{
	static const struct {
		const char *name;
		int64_t verp, message_id, is;
		const char *token;
	} cases[] = {
	    {"the token", 2, 0, 2, NULL},
	    {"the Message-ID", 0, 2, 2, NULL},
	    {"the token first", 1, 2, 1, NULL},
	    {"a delivery that is not in the store", 3, 0, 0, NULL},
	    {"nothing of ours", 0, 0, 0, NULL},
	    {"forged", 0, 0, 0, "bounce+00000001000000000000@x.example"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mail mail = {.sha256 = "s",
				    .verp = cases[i].verp,
				    .message_id = cases[i].message_id,
				    .reading = returned_as(BOUNCE_HARD),
				    .token = cases[i].token};
		struct planning p;

		scene(&p, true);
		if (record(&p, &mail).delivery_id != cases[i].is)
			fail_msg("%s", cases[i].name);
		planning_close(&p);
	}
}

static void f20_a_report_of_several_recipients(void **state)
{
	static struct bounce_reading readings[] = {
	    {.kind = BOUNCE_RECEIPT, .recipient = "else@police.example"},
	    {.kind = BOUNCE_RETURNED,
	     .cls = BOUNCE_HARD,
	     .recipient = "gone@police.example"},
	    {.kind = BOUNCE_DELAYED, .recipient = "P1@police.example"},
	};
	const char *tokens[1];
	char verp[100], name[LINK_NAME_SIZE];
	struct bounce_mail read = {
	    .readings = readings, .tokens = tokens, .token_count = 1};
	struct returned_mail mail = {
	    .sha256 = "s", .place = "1 7", .read = &read};
	struct returned_outcome outcome;
	struct planning p;

	(void)state;
	link_format_name(keys.list, 'v', 1, name);
	snprintf(verp, sizeof(verp), "bounce+%s@x.example", name);
	tokens[0] = verp;
	scene(&p, true);
	/* one that failed, when theirs is not told; theirs when it is */
	for (read.count = 2; read.count <= 3; read.count++) {
		store_begin(&p.store);
		store_check(&p.store,
			    returned_record(p.store.db, &p.context, &keys,
					    &mail, &outcome, &p.store.err));
		db_rollback(p.store.db);
		assert_int_equal(outcome.kind, read.count == 2
						   ? BOUNCE_RETURNED
						   : BOUNCE_DELAYED);
	}
	planning_close(&p);
}

static void f20_where_the_delivery_stands(void **state)
{
	static const struct {
		const char *was, *is;
		bool is_recorded;
	} cases[] = {
	    {"accepted", "bounced", true}, {"unsure", "bounced", true},
	    {"sending", "sending", false}, {"due", "due", true},
	    {"refused", "refused", true},  {"cancelled", "cancelled", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		char sql[100];

		scene(&p, true);
		snprintf(sql, sizeof(sql), "UPDATE delivery SET state = '%s'",
			 cases[i].was);
		store_do(&p.store, sql);
		assert_int_equal(come_back(&p, BOUNCE_HARD).is_recorded,
				 cases[i].is_recorded);
		assert_string_equal(store_text(&p.store,
					       "SELECT state FROM delivery"
					       " WHERE id = 1"),
				    cases[i].is);
		planning_close(&p);
	}
}

static void f20_a_rehearsal_suppresses_nobody(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, false);
	assert_false(come_back(&p, BOUNCE_HARD).is_suppressed);
	assert_string_equal(store_text(&p.store, SUPPRESSED), "");
	planning_close(&p);
}

/* --- scores */

static void f30_half_is_left(void **state)
{
	(void)state;
	assert_int_equal(suppression_decay(1000, 0), 1000);
	assert_int_equal(suppression_decay(1000, -DAY), 1000);
	assert_int_equal(suppression_decay(1000, 60 * DAY), 500);
	assert_int_equal(suppression_decay(3000, 120 * DAY), 750);
	assert_int_equal(suppression_decay(1000, 10000 * DAY), 0);
}

static void f30_soft_bounces(void **state)
{
	static const struct {
		const char *name;
		int64_t days_between;
		int count; /* after which it is suppressed; 0: never */
	} cases[] = {
	    {"daily", 1, 3},      {"weekly", 7, 3},     {"monthly", 31, 5},
	    {"quarterly", 91, 0}, {"in one day", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;
		int suppressed = 0;

		scene(&p, true);
		for (int n = 1; n <= 12 && !suppressed; n++) {
			if (come_back(&p, BOUNCE_SOFT).is_suppressed)
				suppressed = n;
			p.context.now += cases[i].days_between * DAY;
		}
		if (suppressed != cases[i].count)
			fail_msg("%s: %d", cases[i].name, suppressed);
		planning_close(&p);
	}
}

static void f30_a_block_counts_nothing(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	for (int n = 0; n < 20; n++) {
		assert_false(come_back(&p, BOUNCE_BLOCK).is_suppressed);
		p.context.now += DAY;
	}
	assert_string_equal(
	    store_text(&p.store, "SELECT count(*) FROM suppression"), "0");
	planning_close(&p);
}

/* --- what becomes of a suppressed person's mails */

static size_t claim(struct planning *p)
{
	const struct outbox_wish wish = {.is_live = true,
					 .key_id = 'a',
					 .relay = "x.example",
					 .max = 10,
					 .share = share_new(10)};
	struct outbox_claims claims;

	store_begin(&p->store);
	store_check(&p->store,
		    outbox_claim(p->store.db, &p->context, &wish,
				 p->store.arena, &claims, &p->store.err));
	store_commit(&p->store);
	share_free(wish.share);
	return claims.count;
}

static int plan_more(struct planning *p)
{
	p->context.now += HOUR;
	open_now(p, "police", true);
	return plan_all(p, 100);
}

static void release(struct planning *p)
{
	p->context.now++;
	store_check(&p->store,
		    suppression_release(p->store.db, "p1@police.example",
					"IT made the mailbox anew", "jo@host",
					p->context.now, &p->store.err));
}

#define STATES                                                                 \
	"SELECT group_concat(person_id || ' ' || state || ' ' || detail, ';')" \
	" FROM delivery WHERE id > 2"
#define DUTIES                                                                 \
	"SELECT group_concat(version_id || '/' || person_id || '=' ||"         \
	" delivery_id, ' ') FROM requirement WHERE closed_at IS NULL"

static void f40_suppressed_is_planned_and_cancelled_and_owed(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	come_back(&p, BOUNCE_HARD);
	/* what came back is not new again by itself */
	assert_int_equal(plan_more(&p), 0);
	add_version(&p, 2);
	assert_int_equal(plan_more(&p), 2);
	assert_int_equal(claim(&p), 1);
	assert_string_equal(store_text(&p.store, STATES),
			    "1 cancelled suppressed;2 sending ");
	assert_string_equal(store_text(&p.store, DUTIES),
			    "1/1=1 1/2=2 2/1=3 2/2=4");
	assert_int_equal(plan_more(&p), 0);
	planning_close(&p);
}

static void f40_released_gets_all_that_is_owed_in_one_mail(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	come_back(&p, BOUNCE_HARD);
	add_version(&p, 2);
	plan_more(&p);
	claim(&p);
	release(&p);
	assert_int_equal(plan_more(&p), 1);
	assert_string_equal(store_text(&p.store, DUTIES),
			    "1/1=5 1/2=2 2/1=5 2/2=4");
	assert_int_equal(claim(&p), 1);
	assert_int_equal(plan_more(&p), 0);
	/* and it may come back again */
	assert_true(come_back(&p, BOUNCE_HARD).is_suppressed);
	assert_int_equal(plan_more(&p), 0);
	assert_string_equal(
	    store_text(&p.store, "SELECT group_concat(kind || ' ' ||"
				 " coalesce(name, actor), ';') FROM event"
				 " LEFT JOIN operator"
				 " ON actor = 'operator:' || public_id"
				 " WHERE kind LIKE 'address-%'"),
	    "address-suppressed briefingd;address-released jo@host;"
	    "address-suppressed briefingd");
	planning_close(&p);
}

static void f40_a_corrected_address_gets_it_too(void **state)
{
	static const char *const failed[] = {"bounced", "refused"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct planning p;

		scene(&p, true);
		if (i == 0)
			come_back(&p, BOUNCE_HARD);
		else
			store_do(&p.store, "UPDATE delivery SET state ="
					   " 'refused' WHERE id = 1");
		assert_int_equal(plan_more(&p), 0);
		store_do(&p.store, "UPDATE identity SET address ="
				   " 'new@police.example', address_key ="
				   " 'new@police.example' WHERE person_id = 1");
		if (plan_more(&p) != 1 || claim(&p) != 1)
			fail_msg("%s", failed[i]);
		planning_close(&p);
	}
}

static void f40_confirmed_is_not_sent_again(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	store_do(&p.store,
		 "UPDATE requirement SET acknowledged_at = 1795420900,"
		 " grade = 'confirmed' WHERE person_id = 1");
	come_back(&p, BOUNCE_HARD);
	release(&p);
	assert_int_equal(plan_more(&p), 0);
	planning_close(&p);
}

static void f40_a_negative_receipt_stays(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	come_back(&p, BOUNCE_HARD);
	store_do(&p.store, "UPDATE requirement SET missed_at = closes_at");
	const char *was = store_text(&p.store, "SELECT due_at || ' ' ||"
					       " closes_at FROM requirement"
					       " WHERE person_id = 1");
	release(&p);
	assert_int_equal(plan_more(&p), 1);
	assert_string_equal(store_text(&p.store,
				       "SELECT due_at || ' ' || closes_at FROM"
				       " requirement WHERE person_id = 1"),
			    was);
	planning_close(&p);
}

static void f40_nothing_to_release(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	come_back(&p, BOUNCE_SOFT);
	assert_false(suppression_release(p.store.db, "p1@police.example", "r",
					 "a", NOW, &p.store.err));
	assert_int_equal(p.store.err.kind, ERR_GONE);
	assert_string_equal(store_text(&p.store,
				       "SELECT count(*) FROM event WHERE kind"
				       " = 'address-released'"),
			    "0");
	planning_close(&p);
}

/* --- looking */

static void f50_a_list_and_the_counts(void **state)
{
	struct returned_item *items;
	struct returned_counts counts;
	struct planning p;
	size_t count;

	(void)state;
	scene(&p, true);
	come_back(&p, BOUNCE_SOFT);
	come_back(&p, BOUNCE_HARD);
	record(&p, &(struct mail){.sha256 = "r",
				  .verp = 2,
				  .reading = {.kind = BOUNCE_AUTO_REPLY}});
	record(&p, &(struct mail){.sha256 = "u"});
	store_check(&p.store,
		    returned_load_list(p.store.db, 1, 10, p.store.arena, &items,
				       &count, &p.store.err));
	assert_int_equal(count, 2);
	assert_string_equal(items[0].cls, "hard");
	assert_string_equal(items[0].address, "p1@police.example");
	assert_int_equal(items[0].suppressed_at, p.context.now);
	assert_string_equal(items[1].cls, "soft");
	store_check(&p.store, returned_count(p.store.db, p.store.arena, &counts,
					     &p.store.err));
	assert_int_equal(counts.bounced, 2);
	assert_int_equal(counts.nothing, 1);
	assert_int_equal(counts.not_understood, 1);
	assert_int_equal(counts.suppressed, 1);
	planning_close(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_a_hard_bounce),
	    cmocka_unit_test(f10_the_same_mail_counts_once),
	    cmocka_unit_test(f20_what_each_kind_does),
	    cmocka_unit_test(
		f20_matched_by_token_or_message_id_and_never_forged),
	    cmocka_unit_test(f20_a_report_of_several_recipients),
	    cmocka_unit_test(f20_where_the_delivery_stands),
	    cmocka_unit_test(f20_a_rehearsal_suppresses_nobody),
	    cmocka_unit_test(f30_half_is_left),
	    cmocka_unit_test(f30_soft_bounces),
	    cmocka_unit_test(f30_a_block_counts_nothing),
	    cmocka_unit_test(f40_suppressed_is_planned_and_cancelled_and_owed),
	    cmocka_unit_test(f40_released_gets_all_that_is_owed_in_one_mail),
	    cmocka_unit_test(f40_a_corrected_address_gets_it_too),
	    cmocka_unit_test(f40_confirmed_is_not_sent_again),
	    cmocka_unit_test(f40_a_negative_receipt_stays),
	    cmocka_unit_test(f40_nothing_to_release),
	    cmocka_unit_test(f50_a_list_and_the_counts),
	};

	return cmocka_run_group_tests_name("returned", tests, NULL, NULL);
}
