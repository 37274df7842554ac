#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "core/authentic.h"
#include "core/bounce.h"
#include "core/link.h"
#include "core/reply.h"
#include "planning.h"

/* --- the line */

static void f10_is_it_the_word(void **state)
{
	static const struct {
		const char *line, *word;
		enum reply_line judged;
	} cases[] = {
	    {"READ", "READ", REPLY_LINE_WORD},
	    {"read", "READ", REPLY_LINE_WORD},
	    {"Read.", "READ", REPLY_LINE_WORD},
	    {" \"Read!\" ", "READ", REPLY_LINE_WORD},
	    {"\u201cRead\u201d", "READ", REPLY_LINE_WORD},
	    {"*READ*", "READ", REPLY_LINE_WORD},
	    {"\u00a0READ\u200b\u00a0", "READ", REPLY_LINE_WORD},
	    {"darllenwyd", "DARLLENWYD", REPLY_LINE_WORD},
	    {"gl\u00e9lesen", "Gl\u00c9LESEN", REPLY_LINE_WORD},
	    {"READ, thank you", "READ", REPLY_LINE_BEGINS},
	    {"read and understood", "READ", REPLY_LINE_BEGINS},
	    {"READ READ", "READ", REPLY_LINE_BEGINS},
	    {"READ?", "READ", REPLY_LINE_OTHER},
	    {"READING", "READ", REPLY_LINE_OTHER},
	    {"I have READ it", "READ", REPLY_LINE_OTHER},
	    {"not READ", "READ", REPLY_LINE_OTHER},
	    {"", "READ", REPLY_LINE_OTHER},
	    {"...", "READ", REPLY_LINE_OTHER},
	    /* of a mail that asked for none */
	    {"READ", "", REPLY_LINE_OTHER},
	    {"", "", REPLY_LINE_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (reply_judge_line(cases[i].line, cases[i].word) !=
		    cases[i].judged)
			fail_msg("\"%s\" is judged wrongly", cases[i].line);
}

/* --- the corpus: tests/mail/reply-NAME.eml, and what REPLIES says of each:
 * "NAME kind line method", or why no method matters */

#define MAIL_MAX ((size_t)1024 * 1024)
static const char *const hosts[] = {"mx.board.example", "store.board.example"};

static const char *line_name(const struct bounce_mail *mail)
{
	static const char *const names[] = {[REPLY_LINE_OTHER] = "other",
					    [REPLY_LINE_BEGINS] = "begins",
					    [REPLY_LINE_WORD] = "word"};

	return names[reply_judge_line(mail->reply.line, "READ")];
}

static const char *method_name(const struct bounce_mail *mail)
{
	if (!mail->reply.has_one_author)
		return "authors";
	if (mail->reply.is_of_list)
		return "list";
	return authentic_word(authentic_judge(
	    mail->reply.marks, mail->reply.mark_count, hosts, 2));
}

static bool is_as_expected(const struct bounce_mail *mail, char *const *words)
{
	bool is_reply = mail->readings->kind == BOUNCE_REPLY;
	const char *told[] = {bounce_kind_name(mail->readings->kind),
			      is_reply ? line_name(mail) : "-",
			      is_reply ? method_name(mail) : "-"};

	for (size_t i = 0; i < 3; i++)
		if (strcmp(told[i], words[i + 1]) != 0) {
			print_error("reply-%s: %s, not %s (\"%s\")\n", words[0],
				    told[i], words[i + 1], mail->reply.line);
			return false;
		}
	return true;
}

static bool check_mail(char *const *words, struct arena *arena)
{
	struct bounce_mail mail, again;
	size_t size;
	char *bytes;

	if (!file_read(arena_printf(arena, "tests/mail/reply-%s.eml", words[0]),
		       MAIL_MAX, &bytes, &size, NULL))
		return false;
	bounce_read(bytes, size, arena, &mail);
	free(bytes);
	/* as it comes out of the child */
	char *json = bounce_format(&mail);
	bool is_good = bounce_parse(json, strlen(json), arena, &again, NULL) &&
		       is_as_expected(&again, words);
	free(json);
	/* where it went is known from what it quotes */
	return is_good && again.recipient_count == 1 &&
	       strstr(again.tokens[0], "+10000002h5k8m2q7xz4c9wvt3bdrj@");
}

static void f20_each_reply_of_the_corpus(void **state)
{
	struct arena *arena = arena_new();
	size_t wrong = 0, count = 0;
	char *text, *rest = NULL;

	(void)state;
	assert_true(
	    file_read("tests/mail/REPLIES", MAIL_MAX, &text, NULL, NULL));
	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *words[4], *inner = NULL;

		for (size_t i = 0; i < 4; i++) {
			words[i] = strtok_r(i ? NULL : line, " ", &inner);
			assert_non_null(words[i]);
		}
		wrong += !check_mail(words, arena);
		count++;
	}
	assert_int_equal(wrong, 0);
	assert_true(count >= 37);
	free(text);
	arena_free(arena);
}

static void f20_when_it_came(void **state)
{
	static const char *const mails[] = {
	    "Received: from a by b with SMTP id 1;\n"
	    "\tFri, 27 Nov 2026 10:12:01 +0100 (CET)\n",
	    "Received: by b; 27 Nov 2026 9:12:01 GMT\n",
	    "Received: by b; Fri, 27 Nov 2026 04:42:01 -0430\n",
	    "Received: by b; Fri, 27 Nov 2026 09:12:01 -0000\n"
	    "Received: by c; Fri, 27 Nov 2026 08:00:00 -0000\n",
	};
	static const char *const none[] = {
	    "Date: Fri, 27 Nov 2026 10:12:01 +0000\n",
	    "Received: by b\n",
	    "Received: by b; yesterday\n",
	    "Received: by b; Fri, 27 Now 2026 10:12:01 +0000\n",
	    "Received: by b; Fri, 27 Nov 2026 10:12:01 EST\n",
	    "Received: by b; Fri, 99 Nov 2026 10:12:01 +0000\n",
	    "Received: by b; Fri, 27 Nov 2026 10:-1:01 +0000\n",
	};
	struct arena *arena = arena_new();
	struct bounce_mail mail;

	(void)state;
	for (size_t i = 0; i < sizeof(mails) / sizeof(*mails); i++) {
		const char *text =
		    arena_printf(arena, "%sFrom: a@b.example\n\nx\n", mails[i]);

		bounce_read(text, strlen(text), arena, &mail);
		assert_int_equal(mail.reply.received_at, 1795770721);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		const char *text =
		    arena_printf(arena, "%sFrom: a@b.example\n\nx\n", none[i]);

		bounce_read(text, strlen(text), arena, &mail);
		assert_int_equal(mail.reply.received_at, 0);
	}
	arena_free(arena);
}

/* --- what it does */

static const struct link_keys keys = {
    .count = 1,
    .list = {{.id = 'a', .key = "a key of this test's own"}},
};

/* Deliveries 1 and 2, of persons 1 and 2 on the list police, were accepted 10
 * minutes ago and ask for a reply. */
static void scene(struct planning *p, bool is_live)
{
	static const char *trusted[] = {"mx.board.example"};

	planning_open(p);
	p->settings.mailbox.kind = "imap";
	p->settings.mailbox.trusted_hosts = trusted;
	p->settings.mailbox.trusted_host_count = 1;
	p->settings.reply_word = "READ";
	store_do(&p->store, "UPDATE list SET confirm_by_reply = 1");
	if (is_live)
		store_do(&p->store, "UPDATE board SET mode = 'live'");
	add_version(p, 1);
	open_now(p, "police", is_live);
	assert_int_equal(plan_all(p, 100), 2);
	store_do(&p->store, "UPDATE delivery SET state = 'accepted',"
			    " attempt = 1, ended_at = 1795420810");
	p->context.now += HOUR;
}

struct case_ {
	int64_t delivery_id;
	char purpose; /* of the token: 'R' the Reply-To's; 'v'; 'L' */
	const char *from, *line, *host;
	bool has_many_authors, is_of_list;
	int64_t received_at;
};

static struct reply_outcome take(struct planning *p, const struct case_ *c)
{
	char token[LINK_TOKEN_SIZE], address[100];
	const char *tokens[] = {"ann@police.example", address};
	const struct authentic_mark marks[] = {
	    {.host = "mx.board.example"},
	    {.host = "mx.board.example",
	     .is_results = true,
	     .method = AUTHENTIC_DKIM},
	};
	struct bounce_reading reading = {.kind = BOUNCE_REPLY};
	struct bounce_mail mail = {
	    .readings = &reading,
	    .count = 1,
	    .tokens = tokens,
	    .token_count = 2,
	    .recipient_count = 2,
	    .reply = {.has_one_author = !c->has_many_authors,
		      .is_of_list = c->is_of_list,
		      .received_at = c->received_at,
		      .marks = marks,
		      .mark_count = c->host ? 0 : 2},
	};
	struct reply_outcome outcome;

	if (c->purpose == 'v')
		link_format_name(keys.list, 'v', c->delivery_id, token);
	else if (c->purpose == 'L')
		link_format(keys.list, c->delivery_id, token);
	else
		link_format_reply(keys.list, c->delivery_id, token);
	snprintf(address, sizeof(address), "learning+%s@x.example", token);
	snprintf(mail.from, sizeof(mail.from), "%s",
		 c->from ? c->from : "P1@Police.example");
	snprintf(mail.reply.line, sizeof(mail.reply.line), "%s",
		 c->line ? c->line : "Read.");
	store_begin(&p->store);
	store_check(&p->store, reply_take(p->store.db, &p->context, &keys,
					  &mail, &outcome, &p->store.err));
	store_commit(&p->store);
	return outcome;
}

#define RECORDED                                                               \
	"SELECT coalesce(group_concat(person_id || ' ' || grade, ';'), '')"    \
	" FROM requirement WHERE acknowledged_at IS NOT NULL"
#define TOLD                                                                   \
	"SELECT coalesce(group_concat(n.key || ' ' || a.address, ';'), '')"    \
	" FROM notice n JOIN delivery d ON d.notice_id = n.id"                 \
	" JOIN addressee a ON a.delivery_id = d.id"

static void f30_it_confirms_once(void **state)
{
	struct reply_outcome outcome;
	struct planning p;

	(void)state;
	scene(&p, true);
	for (int i = 0; i < 2; i++) {
		outcome = take(&p, &(struct case_){.delivery_id = 1});
		assert_int_equal(outcome.answer, REPLY_CONFIRMED);
		assert_false(outcome.is_for_owner);
		assert_string_equal(store_text(&p.store, RECORDED),
				    "1 confirmed-by-reply");
		assert_string_equal(store_text(&p.store, TOLD),
				    "by-reply 1 recorded p1@police.example");
		p.context.now += 5;
	}
	/* what vouched for them is in the evidence, the reply is not */
	assert_int_equal(
	    store_number(&p.store,
			 "SELECT count(*) FROM event WHERE kind ="
			 " 'acknowledged' AND json_extract(body,"
			 " '$.authenticated') = 'dkim' AND json_extract(body,"
			 " '$.grade') = 'confirmed-by-reply'"),
	    1);
	planning_close(&p);
}

static void f30_a_page_before_it_stays(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	store_do(&p.store, "UPDATE requirement SET acknowledged_at = 7,"
			   " grade = 'confirmed', receipt = 'r',"
			   " event_id = 1 WHERE person_id = 1");
	assert_int_equal(take(&p, &(struct case_){.delivery_id = 1}).answer,
			 REPLY_CONFIRMED);
	assert_string_equal(store_text(&p.store, RECORDED), "1 confirmed");
	assert_string_equal(store_text(&p.store, TOLD),
			    "by-reply 1 recorded p1@police.example");
	planning_close(&p);
}

static void f40_what_does_not_count(void **state)
{
	static const struct {
		const char *change; /* of the store */
		struct case_ reply;
		enum reply_answer answer;
		bool is_for_owner;
		const char *told;
	} cases[] = {
	    /* nobody vouches: nobody is told */
	    {NULL,
	     {.delivery_id = 1, .host = "none"},
	     REPLY_UNPROVED,
	     true,
	     ""},
	    {NULL,
	     {.delivery_id = 1, .from = "p2@police.example"},
	     REPLY_UNPROVED,
	     true,
	     ""},
	    {NULL,
	     {.delivery_id = 1, .has_many_authors = true},
	     REPLY_UNPROVED,
	     true,
	     ""},
	    {NULL,
	     {.delivery_id = 1, .is_of_list = true},
	     REPLY_UNPROVED,
	     true,
	     ""},
	    {"DELETE FROM addressee",
	     {.delivery_id = 1},
	     REPLY_UNPROVED,
	     true,
	     ""},
	    {NULL,
	     {.delivery_id = 1, .line = "READ on", .host = "none"},
	     REPLY_NONE,
	     true,
	     ""},
	    /* no such mail, or another token of it */
	    {NULL, {.delivery_id = 1, .purpose = 'v'}, REPLY_NONE, true, ""},
	    {NULL, {.delivery_id = 1, .purpose = 'L'}, REPLY_NONE, true, ""},
	    {NULL, {.delivery_id = 99}, REPLY_NONE, true, ""},
	    {"UPDATE letter SET reply_word = ''",
	     {.delivery_id = 1},
	     REPLY_NONE,
	     true,
	     ""},
	    {"UPDATE board SET mode = 'rehearsal'",
	     {.delivery_id = 1},
	     REPLY_NONE,
	     true,
	     ""},
	    {NULL,
	     {.delivery_id = 1, .line = "I have read it"},
	     REPLY_NONE,
	     true,
	     ""},
	    /* and who is vouched for is told why */
	    {NULL,
	     {.delivery_id = 1, .line = "Read, but"},
	     REPLY_DECLINED,
	     true,
	     "1"},
	    {NULL,
	     {.delivery_id = 1, .received_at = 1795420839},
	     REPLY_DECLINED,
	     false,
	     "1"},
	    {"UPDATE briefing SET withdrawn_at = 1",
	     {.delivery_id = 1},
	     REPLY_DECLINED,
	     false,
	     "1"},
	    {"UPDATE requirement SET closed_at = 1, closed_as = 'left'",
	     {.delivery_id = 1},
	     REPLY_DECLINED,
	     false,
	     "1"},
	    {"UPDATE member SET is_shared = 1",
	     {.delivery_id = 1},
	     REPLY_DECLINED,
	     false,
	     "1"},
	    {"UPDATE delivery SET created_at = 1, ended_at = 1;"
	     "UPDATE requirement SET closes_at = 2",
	     {.delivery_id = 1},
	     REPLY_DECLINED,
	     false,
	     "1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct planning p;

		scene(&p, true);
		if (cases[i].change)
			store_do(&p.store, cases[i].change);
		/* also the second time, which tells nothing more */
		for (int j = 0; j < 2; j++) {
			struct reply_outcome outcome =
			    take(&p, &cases[i].reply);
			const char *told = store_text(&p.store, TOLD);

			if (outcome.answer != cases[i].answer ||
			    outcome.is_for_owner != cases[i].is_for_owner ||
			    strcmp(told, *cases[i].told ? "by-reply 1 declined "
							  "p1@police.example"
							: "") != 0 ||
			    *store_text(&p.store, RECORDED))
				fail_msg("case %zu: %d %d \"%s\" \"%s\"", i,
					 outcome.answer, outcome.is_for_owner,
					 told, store_text(&p.store, RECORDED));
		}
		planning_close(&p);
	}
}

static void f40_a_rehearsal_counts_nothing(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, false);
	/* who had it is the rehearsal's address, not the person */
	assert_int_equal(take(&p, &(struct case_){.delivery_id = 1}).answer,
			 REPLY_UNPROVED);
	assert_int_equal(
	    take(&p, &(struct case_){.delivery_id = 1,
				     .from = p.settings.rehearsal_address})
		.answer,
	    REPLY_DECLINED);
	assert_string_equal(store_text(&p.store, RECORDED), "");
	assert_string_equal(store_text(&p.store, TOLD),
			    "by-reply 1 declined p1@police.example");
	planning_close(&p);
}

static void f50_the_page_confirms_after_it_was_declined(void **state)
{
	struct planning p;

	(void)state;
	scene(&p, true);
	take(&p, &(struct case_){.delivery_id = 1, .line = "Read, but"});
	assert_int_equal(take(&p, &(struct case_){.delivery_id = 1}).answer,
			 REPLY_CONFIRMED);
	assert_string_equal(store_text(&p.store, TOLD),
			    "by-reply 1 declined p1@police.example;"
			    "by-reply 1 recorded p1@police.example");
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_is_it_the_word),
	    cmocka_unit_test(f20_each_reply_of_the_corpus),
	    cmocka_unit_test(f20_when_it_came),
	    cmocka_unit_test(f30_it_confirms_once),
	    cmocka_unit_test(f30_a_page_before_it_stays),
	    cmocka_unit_test(f40_what_does_not_count),
	    cmocka_unit_test(f40_a_rehearsal_counts_nothing),
	    cmocka_unit_test(f50_the_page_confirms_after_it_was_declined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
