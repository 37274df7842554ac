#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "core/bounce.h"
#include "doors/errand.h"

/* --- the errand's answer */

static void f10_an_answer_comes_back_as_it_was(void **state)
{
	struct bounce_reading readings[] = {
	    {.kind = BOUNCE_RETURNED,
	     .cls = BOUNCE_HARD,
	     .status = "5.1.1",
	     .code = 550,
	     .text = "no such user \"ann\"",
	     .recipient = "ann@police.example"},
	    {.kind = BOUNCE_DELAYED},
	};
	const char *tokens[] = {"b+1@board.example", "b+2@board.example"};
	const char *ids[] = {"0a@board.example"};
	const struct bounce_mail mail = {.readings = readings,
					 .count = 2,
					 .from = "postmaster@police.example",
					 .subject = "Zur\u00fcck",
					 .tokens = tokens,
					 .token_count = 2,
					 .message_ids = ids,
					 .message_id_count = 1};
	struct arena *arena = arena_new();
	struct bounce_mail read;
	char *json = bounce_format(&mail);

	(void)state;
	assert_true(bounce_parse(json, strlen(json), arena, &read, NULL));
	assert_int_equal(read.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read.readings[i].kind, readings[i].kind);
		assert_int_equal(read.readings[i].cls, readings[i].cls);
		assert_int_equal(read.readings[i].code, readings[i].code);
		assert_string_equal(read.readings[i].status,
				    readings[i].status);
		assert_string_equal(read.readings[i].text, readings[i].text);
		assert_string_equal(read.readings[i].recipient,
				    readings[i].recipient);
	}
	assert_string_equal(read.from, mail.from);
	assert_string_equal(read.subject, mail.subject);
	assert_int_equal(read.token_count, 2);
	assert_string_equal(read.tokens[1], tokens[1]);
	assert_int_equal(read.message_id_count, 1);
	assert_string_equal(read.message_ids[0], ids[0]);
	free(json);
	arena_free(arena);
}

static void f50_what_is_no_answer_is_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"readings\":[]}",
	    "{\"readings\":{}}",
	    "{\"readings\":[7]}",
	    "{\"readings\":[{\"kind\":\"returned\"}]}",
	    "{\"readings\":[{\"kind\":\"lost\",\"class\":\"hard\"}]}",
	    "{\"readings\":[{\"kind\":\"reply\",\"class\":\"odd\"}]}",
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bounce_mail read;
		struct err err = {0};

		assert_false(bounce_parse(cases[i], strlen(cases[i]), arena,
					  &read, &err));
		assert_int_equal(err.kind, ERR_INPUT);
	}
	arena_free(arena);
}

static void f60_too_much_is_cut(void **state)
{
	char json[1000], text[600] = "";
	struct arena *arena = arena_new();
	struct bounce_mail read;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	snprintf(json, sizeof(json),
		 "{\"readings\":[{\"kind\":\"reply\",\"class\":\"none\","
		 "\"code\":77777,\"text\":\"%s\"}],"
		 "\"tokens\":[7,\"a@b.example\"]}",
		 text);
	assert_true(bounce_parse(json, strlen(json), arena, &read, NULL));
	assert_int_equal(strlen(read.readings[0].text), BOUNCE_TEXT_SIZE - 1);
	assert_int_equal(read.readings[0].code, 0);
	assert_int_equal(read.token_count, 1);
	assert_int_equal(read.message_id_count, 0);
	assert_string_equal(read.subject, "");
	arena_free(arena);
}

/* --- the corpus: tests/mail/NAME.eml, and what EXPECTED says of it */

#define MAIL_MAX ((size_t)1024 * 1024)

#define OUR_SENDER "learning-bounce+1c4fz09q2m7xk3vd8hpa@board.example"
#define OUR_ID "1m4q7zc0v9k2s8xd3hpa@board.example"

/* a mail that holds our names in its headers or an original tells them */
static bool is_matched(const struct bounce_mail *mail, const char *bytes)
{
	bool is_good = (!strstr(bytes, "To: " OUR_SENDER) ||
			(mail->token_count > 0 &&
			 strcmp(mail->tokens[0], OUR_SENDER) == 0)) &&
		       (!strstr(bytes, "<" OUR_ID ">") ||
			(mail->message_id_count > 0 &&
			 strcmp(mail->message_ids[0], OUR_ID) == 0));

	if (!is_good)
		print_error("whose? %s\n", mail->subject);
	return is_good;
}

static bool read_mail(const char *name, struct arena *arena,
		      struct bounce_mail *ret)
{
	char *path = arena_printf(arena, "tests/mail/%s.eml", name);
	char *bytes;
	size_t size;

	if (!file_read(path, MAIL_MAX, &bytes, &size, NULL))
		return false;
	bounce_read(bytes, size, arena, ret);
	bool is_good = is_matched(ret, bytes);
	free(bytes);
	return is_good;
}

static bool says(const char *told, const char *expected)
{
	return strcmp(*told ? told : "-", expected) == 0;
}

/* "NAME kind class status recipient", "-" for what is not told; several lines
 * of a name are its readings in their order */
static bool is_as_expected(const struct bounce_mail *mail, size_t index,
			   char *const *words)
{
	const struct bounce_reading *reading = &mail->readings[index];

	if (index >= mail->count)
		return false;
	bool is_good = strcmp(bounce_kind_name(reading->kind), words[1]) == 0 &&
		       strcmp(bounce_class_name(reading->cls), words[2]) == 0 &&
		       says(reading->status, words[3]) &&
		       says(reading->recipient, words[4]);
	if (!is_good)
		print_error("%s: %s %s %s %s, not %s %s %s %s (%s)\n", words[0],
			    bounce_kind_name(reading->kind),
			    bounce_class_name(reading->cls), reading->status,
			    reading->recipient, words[1], words[2], words[3],
			    words[4], reading->text);
	return is_good;
}

static bool split(char *line, char *words[5])
{
	char *rest = NULL;

	for (int i = 0; i < 5; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
		if (!words[i])
			return false;
	}
	return true;
}

static void f20_each_mail_of_the_corpus(void **state)
{
	struct arena *arena = arena_new();
	struct bounce_mail mail = {0};
	const char *name = "";
	size_t index = 0, wrong = 0, count = 0;
	char *text, *words[5], *line, *rest = NULL;
	size_t size;

	(void)state;
	assert_true(
	    file_read("tests/mail/EXPECTED", MAIL_MAX, &text, &size, NULL));
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		assert_true(split(line, words));
		index = strcmp(name, words[0]) == 0 ? index + 1 : 0;
		if (index == 0) {
			assert_true(read_mail(words[0], arena, &mail));
			count++;
		}
		wrong += !is_as_expected(&mail, index, words);
		name = words[0];
	}
	assert_int_equal(wrong, 0);
	assert_true(count >= 280);
	free(text);
	arena_free(arena);
}

/* --- what a server says at once */

static void f20_what_a_refusal_says(void **state)
{
	static const struct {
		const char *enhanced, *text;
		enum bounce_class cls;
	} cases[] = {
	    {"5.1.1", "no such user", BOUNCE_HARD},
	    {"", "<ann@police.example>: user unknown", BOUNCE_HARD},
	    {"5.2.1", "account disabled", BOUNCE_HARD},
	    {"", "mailbox disabled", BOUNCE_HARD},
	    {"", "<ann@police.example>: account disabled", BOUNCE_HARD},
	    {"", "account of this user is disabled", BOUNCE_HARD},
	    {"", "ann@police.example: Unrouteable address", BOUNCE_HARD},
	    /* ours, or its own way there: it says so to everyone */
	    {"", "account disabled", BOUNCE_BLOCK},
	    {"5.0.0", "Account is suspended, call us", BOUNCE_BLOCK},
	    {"", "Unrouteable address", BOUNCE_BLOCK},
	    {"", "host unknown", BOUNCE_BLOCK},
	    {"5.7.1", "account disabled", BOUNCE_BLOCK},
	    {"5.7.1", "<learning@board.example>: account disabled",
	     BOUNCE_BLOCK},
	    {"5.7.1", "<ann@police.example>: user unknown", BOUNCE_HARD},
	    {"5.7.17", "<ann@police.example>: account disabled", BOUNCE_HARD},
	    {"", "your account is disabled, no user may send", BOUNCE_BLOCK},
	    {"5.4.4", "domain not found", BOUNCE_BLOCK},
	    {"5.2.2", "over quota", BOUNCE_SOFT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (bounce_classify_reply(550, cases[i].enhanced,
					  cases[i].text) != cases[i].cls)
			fail_msg("550 %s %s", cases[i].enhanced, cases[i].text);
}

/* --- hostile mails, read in the child as they are in life */

static const struct errand_task task[] = {
    {.name = "read-mail",
     .rights = ERRAND_COMPUTE,
     .prepare = bounce_prepare,
     .run = bounce_read_mail},
    {.name = NULL},
};

/* what the child made of it; a child that died fails the test */
static void read_in_child(const char *bytes, size_t size, struct arena *arena,
			  struct bounce_mail *ret)
{
	struct errand *errand =
	    errand_start(NULL, "read-mail", bytes, size,
			 &(struct errand_limits){.cpu_s = 20}, NULL);
	enum errand_state state;
	size_t answer_size;

	assert_non_null(errand);
	while ((state = errand_step(errand)) == ERRAND_RUNNING) {
		struct pollfd wait = {.fd = errand_fd(errand),
				      .events = POLLIN};

		poll(&wait, 1, errand_timeout_ms(errand));
	}
	if (state != ERRAND_DONE)
		fail_msg("%s", errand_error(errand));
	const char *answer = errand_output(errand, &answer_size);
	assert_true(bounce_parse(answer, answer_size, arena, ret, NULL));
	errand_close(errand);
}

static void f30_charsets_in_the_child(void **state)
{
	static const struct {
		const char *subject, *read;
	} cases[] = {
	    {"=?koi8-r?B?8NLJ18XU?=", "\u041f\u0440\u0438\u0432\u0435\u0442"},
	    {"=?iso-2022-jp?B?GyRCSVQ6XxsoQg==?=", "\u4e0d\u5728"},
	    {"=?gb2312?B?sbvNy7vY?=", "\u88ab\u9000\u56de"},
	    {"=?iso-8859-2?Q?odpov=EC=EF?=", "odpov\u011b\u010f"},
	    {"=?windows-1252?Q?d=E9j=E0_vu?=", "d\u00e9j\u00e0 vu"},
	    {"=?utf-8?B?5LiN?= =?UTF-8?B?5Zyo?=", "\u4e0d\u5728"},
	    {"=?utf-8?Q?cut_=E4=B8?=  =?utf-8?Q?=8D?=", "cut \u4e0d"},
	    {"=?utf-8*en?Q?a?= b =?x?Z?c?= =?", "a b =?x?Z?c?= =?"},
	    {"raw caf\xe9", "raw caf\u00e9"},
	    {"raw caf\u00e9", "raw caf\u00e9"},
	    {"=?no-such?Q?caf=E9?=", "caf\u00e9"},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *mail =
		    arena_printf(arena, "From: a@b.example\nSubject: %s\n\nx\n",
				 cases[i].subject);
		struct bounce_mail read;

		read_in_child(mail, strlen(mail), arena, &read);
		assert_string_equal(read.subject, cases[i].read);
	}
	arena_free(arena);
}

struct hostile {
	const char *start, *again; /* once, then so often */
	size_t count;
	enum bounce_kind kind;
};

static void f70_hostile_mails(void **state)
{
	static const struct hostile cases[] = {
	    {"", "Content-Type: message/rfc822\n\n", 30000, BOUNCE_UNKNOWN},
	    {"", "Content-Type: multipart/mixed; boundary=a\n\n--a\n", 30000,
	     BOUNCE_UNKNOWN},
	    {"Content-Type: multipart/mixed; boundary=a\n\n", "--a\n\n", 40000,
	     BOUNCE_UNKNOWN},
	    {"", "X-Endless: yes\n", 100000, BOUNCE_UNKNOWN},
	    {"Subject:", " and on\n", 100000, BOUNCE_UNKNOWN},
	    {"Subject: ", "=?", 100000, BOUNCE_UNKNOWN},
	    {"To: ", "((((((((", 50000, BOUNCE_UNKNOWN},
	    {"Content-Type: text/html\n\n", "<", 300000, BOUNCE_UNKNOWN},
	    {"Content-Type: text/html\n\n", "<!--<a", 60000, BOUNCE_UNKNOWN},
	    {"Subject: x\n\n", "@", 300000, BOUNCE_UNKNOWN},
	    {"Subject: x\n\n", "\"@", 150000, BOUNCE_UNKNOWN},
	    {"Subject: x\n\n", "5.1.1.", 60000, BOUNCE_UNKNOWN},
	    {"From: mailer-daemon@x.example\nSubject: failure notice\n\n",
	     "<a@b.example>:\n550 no such user\n", 9000, BOUNCE_RETURNED},
	    {"Content-Type: message/delivery-status\n\n",
	     "Final-Recipient: rfc822; a@b.example\nAction: failed\n\n", 6000,
	     BOUNCE_RETURNED},
	    {"Content-Transfer-Encoding: base64\n\n", "=-%&", 70000,
	     BOUNCE_UNKNOWN},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bounce_mail read;
		struct buf mail;

		buf_init(&mail, (size_t)4 * 1024 * 1024);
		buf_adds(&mail, cases[i].start);
		for (size_t j = 0; j < cases[i].count; j++)
			buf_adds(&mail, cases[i].again);
		read_in_child(mail.data, mail.size, arena, &read);
		if (read.readings[0].kind != cases[i].kind)
			print_error("hostile %zu: %s\n", i,
				    bounce_kind_name(read.readings[0].kind));
		assert_true(read.count <= BOUNCE_READINGS_MAX);
		assert_int_equal(read.readings[0].kind, cases[i].kind);
		buf_done(&mail);
	}
	arena_free(arena);
}

/* what stands behind the limit is not looked at */
static void f80_a_byte_too_many(void **state)
{
	static const char end[] = "\nX-Failed-Recipients: a@b.example\n\n.\n";
	struct arena *arena = arena_new();
	struct bounce_mail read;

	(void)state;
	for (size_t size = BOUNCE_MAIL_MAX; size <= BOUNCE_MAIL_MAX + 60;
	     size += 60) {
		struct buf mail;

		buf_init(&mail, size);
		buf_adds(&mail, "From: a@b.example\nX-Long: ");
		while (mail.size < size - strlen(end))
			buf_addc(&mail, 'x');
		buf_adds(&mail, end);
		assert_int_equal(mail.size, size);
		read_in_child(mail.data, size, arena, &read);
		assert_int_equal(read.readings[0].kind, size > BOUNCE_MAIL_MAX
							    ? BOUNCE_UNKNOWN
							    : BOUNCE_RETURNED);
		buf_done(&mail);
	}
	arena_free(arena);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_an_answer_comes_back_as_it_was),
	    cmocka_unit_test(f20_each_mail_of_the_corpus),
	    cmocka_unit_test(f20_what_a_refusal_says),
	    cmocka_unit_test(f30_charsets_in_the_child),
	    cmocka_unit_test(f50_what_is_no_answer_is_refused),
	    cmocka_unit_test(f60_too_much_is_cut),
	    cmocka_unit_test(f70_hostile_mails),
	    cmocka_unit_test(f80_a_byte_too_many),
	};

	if (argc == 3 && strcmp(argv[1], "--errand") == 0)
		return errand_child_main(argv[2], task);
	return cmocka_run_group_tests_name("bounce", tests, NULL, NULL);
}
