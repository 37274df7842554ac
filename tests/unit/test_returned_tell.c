#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/letter.h"
#include "core/link.h"
#include "core/returned.h"
#include "core/returned_tell.h"
#include "golden.h"
#include "planning.h"

static const struct link_keys keys = {
    .count = 1,
    .list = {{.id = 'a', .key = "a key of this test's own"}},
};

static const char text[] = "From: p1@police.example\r\n"
			   "To: bounce@x.example\r\n"
			   "Subject: Re: Learning briefing\r\n"
			   "\r\n"
			   "I have moved to another team.\r\n";

/* deliveries 1 and 2, of persons 1 and 2 on list police, were accepted */
static void scene(struct planning *p)
{
	planning_open(p);
	store_do(&p->store, "UPDATE board SET mode = 'live'");
	add_version(p, 1);
	open_now(p, "police", true);
	assert_int_equal(plan_all(p, 100), 2);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " attempt = 1, ended_at = 1795420810");
	p->context.now += HOUR;
}

/* A mail about a delivery (0: none); bytes NULL: it is too large. */
static struct returned_outcome come(struct planning *p, enum bounce_kind kind,
				    int64_t delivery, const char *from,
				    const char *bytes)
{
	static int number;
	char verp[100] = "", name[LINK_NAME_SIZE], sha256[20];
	const char *tokens[] = {verp};
	struct bounce_reading reading = {.kind = kind};
	struct bounce_mail read = {.readings = &reading,
				   .count = 1,
				   .subject = "Re: Learning briefing",
				   .tokens = tokens,
				   .token_count = 1};
	struct returned_mail mail = {.sha256 = sha256,
				     .place = "1 7",
				     .read = &read,
				     .bytes = bytes,
				     .size = bytes ? strlen(bytes) : 0};
	struct returned_outcome outcome;

	snprintf(sha256, sizeof(sha256), "sha %d", ++number);
	snprintf(read.from, sizeof(read.from), "%s", from);
	if (delivery) {
		link_format_name(keys.list, 'v', delivery, name);
		snprintf(verp, sizeof(verp), "bounce+%s@x.example", name);
	}
	store_begin(&p->store);
	store_check(&p->store, returned_record(p->store.db, &p->context, &keys,
					       &mail, &outcome, &p->store.err));
	store_commit(&p->store);
	return outcome;
}

static bool reply(struct planning *p, int64_t delivery, const char *from)
{
	return come(p, BOUNCE_REPLY, delivery, from, text).is_understood;
}

/* "to kind list, ..." */
static const char *notices(struct planning *p)
{
	return store_text(&p->store,
			  "SELECT group_concat(a.address || ' ' || n.kind ||"
			  " ' ' || coalesce(l.name, '-'), ', ')"
			  " FROM notice n JOIN delivery d ON d.notice_id = n.id"
			  " JOIN addressee a ON a.delivery_id = d.id"
			  " LEFT JOIN list l ON l.id = n.list_id");
}

/* the mail of a notice's delivery; in the store's arena */
static const char *mail_of(struct planning *p, int64_t delivery)
{
	struct letter_person person;
	struct letter letter;
	char sql[100];
	struct buf out;

	snprintf(sql, sizeof(sql),
		 "SELECT letter_id FROM delivery WHERE id = %lld",
		 (long long)delivery);
	store_check(&p->store,
		    letter_load(p->store.db, store_number(&p->store, sql),
				&letter, &p->store.err));
	letter_person_make(&p->settings, keys.list, delivery, "l@x.example",
			   "L", p->store.arena, &person);
	buf_init(&out, LETTER_MAX_SIZE);
	store_check(&p->store,
		    letter_assemble(&letter, &person, &out, &p->store.err));
	const char *mail = arena_strdup(p->store.arena, out.data);
	buf_done(&out);
	letter_done(&letter);
	return mail;
}

static void check_golden(const char *name, const char *mail)
{
	golden_check(name, mail, strlen(mail));
}

static void f10_a_reply_goes_to_the_lead_as_it_is(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	assert_true(reply(&p, 1, "P1@police.example"));
	assert_string_equal(notices(&p), "l@x.example reply police");
	const char *mail = mail_of(&p, 3);
	assert_non_null(strstr(mail, text));
	assert_non_null(strstr(mail, "Reply-To: P1@police.example\r\n"));
	check_golden("mail-reply.eml", mail);
	planning_close(&p);
}

static void f10_spam_is_told_once(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	for (int i = 0; i < 2; i++)
		assert_true(come(&p, BOUNCE_ABUSE, 1, "", NULL).is_understood);
	assert_string_equal(notices(&p), "l@x.example abuse police");
	assert_non_null(strstr(mail_of(&p, 3), "Person 1 (p1@police.example)"));
	assert_string_equal(
	    store_text(&p.store, "SELECT state FROM delivery WHERE id = 1"),
	    "accepted");
	planning_close(&p);
}

static void f20_who_is_the_owner(void **state)
{
	static const struct {
		const char *name, *sql;
		int64_t delivery;
		const char *from, *to;
	} cases[] = {
	    {"of no list", "", 0, "ann@else.example", "help@x.example reply -"},
	    {"from another address", "", 1, "home@else.example",
	     "l@x.example reply police"},
	    {"of the lead, on their own list", "", 1, "L@x.example",
	     "help@x.example reply police"},
	    {"mail to the lead comes back",
	     "INSERT INTO suppression VALUES ('l@x.example', 0, 0, 1, 'hard',"
	     " NULL)",
	     1, "p1@police.example", "help@x.example reply police"},
	    {"the list is gone", "UPDATE list SET removed_at = 1", 1,
	     "p1@police.example", "help@x.example reply -"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p);
		store_do(&p.store, cases[i].sql);
		if (!reply(&p, cases[i].delivery, cases[i].from) ||
		    strcmp(notices(&p), cases[i].to) != 0)
			fail_msg("%s: %s", cases[i].name, notices(&p));
		planning_close(&p);
	}
}

/* What waits for a person: no notice, and it says so. */
static void f20_what_is_not_passed_on(void **state)
{
	static const struct {
		const char *name, *from, *bytes;
		int64_t delivery;
	} cases[] = {
	    {"from the bounce mailbox", "bounce@x.example", text, 1},
	    {"and with a token", "Bounce+abc@X.example", text, 1},
	    {"from where our mail is from", "learning@x.example", text, 1},
	    {"of none, from whom it would go to", "help@x.example", text, 0},
	    {"without an author", "", text, 1},
	    {"its author is no address", "a b@x.example", text, 1},
	    {"too large", "p1@police.example", NULL, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct returned_outcome outcome;
		struct planning p;

		scene(&p);
		outcome = come(&p, BOUNCE_REPLY, cases[i].delivery,
			       cases[i].from, cases[i].bytes);
		if (!outcome.is_recorded || outcome.is_understood ||
		    *notices(&p))
			fail_msg("%s: %s", cases[i].name, notices(&p));
		planning_close(&p);
	}
}

static void f30_what_answers_a_notice_is_not_passed_on(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	assert_true(reply(&p, 1, "p1@police.example"));
	assert_false(reply(&p, 3, "robot@x.example"));
	assert_true(come(&p, BOUNCE_ABUSE, 3, "", NULL).is_understood);
	assert_string_equal(notices(&p), "l@x.example reply police");
	planning_close(&p);
}

static void f30_so_many_a_day_from_one_author(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	for (int i = 0; i < RETURNED_REPLIES_A_DAY; i++)
		assert_true(reply(&p, 0, "robot@else.example"));
	assert_false(reply(&p, 0, "Robot@else.example"));
	assert_true(reply(&p, 0, "ann@else.example"));
	p.context.now += DAY + 1;
	assert_true(reply(&p, 0, "robot@else.example"));
	planning_close(&p);
}

static void f30_so_many_a_day_to_one_owner(void **state)
{
	char from[40];
	struct planning p;

	(void)state;
	scene(&p);
	for (int i = 0; i < RETURNED_OWNER_REPLIES_A_DAY + 3; i++) {
		snprintf(from, sizeof(from), "robot%d@else.example", i);
		assert_int_equal(reply(&p, 1, from),
				 i < RETURNED_OWNER_REPLIES_A_DAY);
	}
	/* that is told once, by no name; others have another owner */
	assert_int_equal(store_number(&p.store,
				      "SELECT count(*) FROM notice WHERE kind ="
				      " 'replies-wait'"),
			 1);
	assert_int_equal(
	    store_number(&p.store, "SELECT count(*) FROM notice WHERE key LIKE"
				   " '%@%'"),
	    0);
	store_do(&p.store, "UPDATE list SET lead_address = 'm@x.example'");
	assert_true(reply(&p, 1, "ann@else.example"));
	store_do(&p.store, "UPDATE list SET lead_address = 'l@x.example'");
	p.context.now += DAY + 1;
	assert_true(reply(&p, 1, "ann@else.example"));
	planning_close(&p);
}

static void f30_so_many_a_day_of_all_authors(void **state)
{
	char from[40], sql[100];
	struct planning p;

	(void)state;
	scene(&p);
	for (int i = 0; i < RETURNED_ALL_REPLIES_A_DAY; i++) {
		snprintf(from, sizeof(from), "robot%d@else.example", i);
		assert_int_equal(reply(&p, 0, from),
				 i < RETURNED_UNASKED_A_DAY);
		/* so that no owner has more than theirs */
		snprintf(sql, sizeof(sql),
			 "UPDATE list SET lead_address = 'l%d@x.example'",
			 i / RETURNED_OWNER_REPLIES_A_DAY);
		store_do(&p.store, sql);
		/* with the token of a mail that we sent */
		assert_true(reply(&p, 1, from));
	}
	assert_false(reply(&p, 1, "ann@else.example"));
	p.context.now += DAY + 1;
	assert_true(reply(&p, 0, "ann@else.example"));
	assert_true(reply(&p, 1, "ann@else.example"));
	planning_close(&p);
}

/* a person whose name stands on it never had it */
static void f30_of_a_rehearsal_nobody_is_told(void **state)
{
	struct planning p;

	(void)state;
	scene(&p);
	store_do(&p.store, "UPDATE delivery SET mode = 'rehearsal'");
	assert_false(reply(&p, 1, "p1@police.example"));
	assert_true(come(&p, BOUNCE_ABUSE, 1, "", NULL).is_understood);
	assert_string_equal(notices(&p), "");
	planning_close(&p);
}

/* Which mails can stand in a mail as they are. */
static void f30_untouched(void **state)
{
	static const struct {
		const char *bytes, *is_in;
	} cases[] = {
	    {"A: b\n\nLF only\n", "\r\n\r\nA: b\r\n\r\nLF only\r\n\r\n--=_"},
	    {"A: b\r\n\r\nno end", "\r\n\r\nA: b\r\n\r\nno end\r\n--=_"},
	    {"A: b\r\n\r\nboth\n", "QTogYg0KDQpib3RoCg=="},
	    {"A: b\r\n\r\n\xc3\xa9\r\n", "QTogYg0KDQrDqQ0K"},
	    {"A: b\r\n\r\n\4\5\6\r\n", "QTogYg0KDQoEBQYNCg=="},
	    {"A: b\r\n\r\nc\rd\r\n", "QTogYg0KDQpjDWQNCg=="},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p);
		come(&p, BOUNCE_REPLY, 1, "p1@police.example", cases[i].bytes);
		const char *mail = mail_of(&p, 3);
		bool is_file = !strstr(mail, "message/rfc822");
		if (!strstr(mail, cases[i].is_in) ||
		    is_file != (strncmp(cases[i].is_in, "QT", 2) == 0))
			fail_msg("case %zu: %s", i, mail);
		planning_close(&p);
	}
}

static void f40_a_line_that_is_too_long(void **state)
{
	char bytes[1100] = "A: b\r\n\r\n";
	struct planning p;

	(void)state;
	memset(bytes + 8, 'x', 999);
	scene(&p);
	come(&p, BOUNCE_REPLY, 1, "p1@police.example", bytes);
	assert_null(strstr(mail_of(&p, 3), "message/rfc822"));
	bytes[8 + 998] = '\0';
	come(&p, BOUNCE_REPLY, 1, "p1@police.example", bytes);
	assert_non_null(strstr(mail_of(&p, 4), "message/rfc822"));
	planning_close(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_a_reply_goes_to_the_lead_as_it_is),
	    cmocka_unit_test(f10_spam_is_told_once),
	    cmocka_unit_test(f20_who_is_the_owner),
	    cmocka_unit_test(f20_what_is_not_passed_on),
	    cmocka_unit_test(f30_what_answers_a_notice_is_not_passed_on),
	    cmocka_unit_test(f30_so_many_a_day_to_one_owner),
	    cmocka_unit_test(f30_so_many_a_day_of_all_authors),
	    cmocka_unit_test(f30_of_a_rehearsal_nobody_is_told),
	    cmocka_unit_test(f30_so_many_a_day_from_one_author),
	    cmocka_unit_test(f30_untouched),
	    cmocka_unit_test(f40_a_line_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
