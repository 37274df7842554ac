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
#include "base/problems.h"
#include "base/wrap.h"
#include "core/briefing.h"
#include "core/checkpoint.h"
#include "core/letter.h"
#include "core/link.h"
#include "core/roster.h"
#include "core/settings.h"
#include "golden.h"
#include "store.h"
#include "tools/crypto.h"
#include "tools/template.h"
#include "tools/zone.h"

#define NOW INT64_C(1795420800) /* Monday 2026-11-23, 08:00 in London */
#define DAY INT64_C(86400)

/* --- what all letters here are made from */

static const char *trusted_hosts[] = {"mx.severnside.example"};
static struct settings settings = {
    .board_name = "Severnside Safeguarding Children Partnership",
    .board_label = "Partnership",
    .board_colour = "#1d4f60",
    .board_help = "The business manager",
    .time_zone = "Europe/London",
    .mail_from = "learning@severnside.example",
    .mail_bounce = "learning-bounce@severnside.example",
    .mail_help = "help@severnside.example",
    .reply_word = "READ",
    .mailbox = {.kind = "imap",
		.trusted_hosts = trusted_hosts,
		.trusted_host_count = 1},
    .rehearsal_address = "rehearsal@severnside.example",
    .web_base = "https://learning.severnside.example",
    .window_days = 180,
    .deadline_days = 14,
};

static struct roster_list list = {
    .id = 1,
    .name = "police",
    .agency = "police",
    .title = "Avon and Severn Police",
    .lead = "Ruth Amadi",
    .lead_address = "ruth.amadi@police.example",
    .mandatory = true,
    .confirm = "tick",
    .from_name = "Severnside learning",
    .reply_to = "learning@severnside.example",
};

static const char *key_messages[] = {
    "See the child alone, and ask what a day is like.",
    "“No further action” is a decision: write down why, who decided it, and "
    "what would have to change before it is looked at again."};
static const char *questions[] = {
    "What will you do differently?",
    "Whom in another agency would you ring first when a child’s story and a "
    "parent’s story don’t agree – and do you have the number?"};
static const char *themes[] = {"neglect", "disguised compliance"};
static struct briefing_document documents[] = {
    {1, "ltb-2026-07.pdf", "Briefing, 2 pages",
     "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
     "application/pdf", 3}};
static struct briefing_action actions[] = {
    {"A1", "police", "Tell the school nurse after each visit.", "2027-01-31"},
    {"A2", "housing", "Not for the police.", NULL}};

static const struct briefing_version child_g = {
    .id = 7,
    .number = 1,
    .is_latest = true,
    .ref = "LTB-2026-07",
    .kind = "learning-together-briefing",
    .title = "Child G: neglect and professional curiosity",
    .language = "en-GB",
    .marking = "OFFICIAL",
    .approved_by = "Safeguarding Children Board",
    .approved_on = "2026-11-19",
    .approval_ref = "Minute 6.2",
    .themes = themes,
    .theme_count = 2,
    .key_messages = key_messages,
    .key_message_count = 2,
    .questions = questions,
    .question_count = 2,
    .summary = "## What happened\n\nG was *four*. The health visitor, the "
	       "school and the police each knew a part of it; nobody had put "
	       "the parts together.\n\n- Missed appointments\n- A cold house\n"
	       "\nMore at <https://severnside.example/g?a=1&b=2>.\n\n"
	       "From the review: £5 a week.\n",
    .documents = documents,
    .document_count = 1,
    .actions = actions,
    .action_count = 2,
};

static const struct briefing_version sian = {
    .id = 9,
    .number = 2,
    .is_latest = true,
    .ref = "LTB-2026-08",
    .kind = "local-learning-review",
    .title = "Siân and Łukasz: what schools saw before anyone else did, and "
	     "what became of it",
    .language = "cy",
    .marking = "OFFICIAL",
    .approved_by = "The Partnership",
    .approved_on = "2026-11-12",
    .approval_ref = "Minute 5.1",
    .summary = "Ysgol.\n",
};

static struct briefing_version marked(void)
{
	struct briefing_version version = child_g;

	version.id = 11;
	version.ref = "LTB-2026-09";
	version.marking = "OFFICIAL-SENSITIVE";
	version.title = "Child K";
	return version;
}

static struct link_keys keys = {.count = 1};
static struct template_set *templates;

struct letter_case {
	const struct briefing_version *versions[3];
	size_t count;
	bool is_rehearsal, is_optional, is_attached, takes_reply;
	const char *name, *address, *confirm;
	const struct letter_reminder *reminders;
	size_t reminder_count;
	const struct briefing_version *const *withdrawn;
	size_t withdrawn_count;
};

/* of one briefing */
static bool make_one(const struct roster_list *this_list,
		     const struct briefing_version *const *versions,
		     const int64_t *due_at, struct letter *ret, struct err *err)
{
	const struct letter_content content = {
	    .settings = &settings,
	    .list = this_list,
	    .versions = versions,
	    .count = 1,
	    .due_at = due_at,
	    .now = NOW,
	};

	return letter_make(templates, &content, ret, err);
}

static const struct checkpoint checkpoint = {
    .head = {.origin = "learning.severnside.example/ledger",
	     .size = 1027,
	     .root = {{1, 2, 3}}},
};

static struct letter make(const struct letter_case *c)
{
	static const int64_t due_at[] = {NOW + 14 * DAY, NOW + 15 * DAY,
					 NOW + 16 * DAY};
	struct roster_list this_list = list;
	struct letter letter = {0};
	struct err err = {0};

	this_list.mandatory = !c->is_optional;
	this_list.confirm_by_reply = c->takes_reply;
	if (c->confirm)
		this_list.confirm = c->confirm;
	this_list.attach_documents = c->is_attached;
	const struct letter_content content = {
	    .settings = &settings,
	    .list = &this_list,
	    .versions = c->versions,
	    .count = c->count,
	    .due_at = due_at,
	    .reminders = c->reminders,
	    .reminder_count = c->reminder_count,
	    .withdrawn = c->withdrawn,
	    .withdrawn_count = c->withdrawn_count,
	    .is_rehearsal = c->is_rehearsal,
	    .checkpoint = &checkpoint,
	    .now = NOW,
	};
	if (!letter_make(templates, &content, &letter, &err))
		fail_msg("%s", err.text);
	return letter;
}

static void assemble(const struct letter *letter, const struct letter_case *c,
		     struct buf *out)
{
	struct arena *arena = arena_new();
	struct letter_person person;
	struct err err = {0};

	letter_person_make(&settings, link_signer(&keys), 81,
			   c->address ? c->address : "sam.lee@police.example",
			   c->name ? c->name : "Sam Lee", arena, &person);
	if (!letter_assemble(letter, &person, out, &err))
		fail_msg("%s", err.text);
	arena_free(arena);
}

/* The caller's to free(). */
static char *mail_of(const struct letter_case *c)
{
	struct letter letter = make(c);
	struct buf out;

	buf_init(&out, LETTER_MAX_SIZE);
	assemble(&letter, c, &out);
	letter_done(&letter);
	return buf_take(&out, NULL);
}

static char *shown(const struct letter_case *c, bool as_html)
{
	struct arena *arena = arena_new();
	struct letter letter = make(c);
	struct letter_person person;
	struct err err = {0};
	struct buf out;
	bool good;

	buf_init(&out, LETTER_MAX_SIZE);
	letter_person_make(&settings, link_signer(&keys), 81,
			   "sam.lee@police.example",
			   c->name ? c->name : "Sam Lee", arena, &person);
	good = as_html ? letter_show_html(&letter, &person, &out, &err)
		       : letter_show_text(&letter, &person, &out, &err);
	if (!good)
		fail_msg("%s", err.text);
	letter_done(&letter);
	arena_free(arena);
	return buf_take(&out, NULL);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%.3000s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%.3000s", part, text);
}

/* the header's value with its folds taken out; NULL: not there */
static char *header(const char *mail, const char *name)
{
	static char value[2000];
	const char *end = strstr(mail, "\r\n\r\n");
	char *from = strndup(mail, (size_t)(end - mail) + 2), *at;
	char start[100];
	size_t size = 0;

	snprintf(start, sizeof(start), "\r\n%s: ", name);
	at = strstr(from, start);
	if (at) {
		for (at += strlen(start); *at && size < sizeof(value) - 1;
		     at++) {
			if (at[0] == '\r' && at[2] != ' ')
				break;
			if (at[0] != '\r' && at[0] != '\n')
				value[size++] = *at;
		}
		value[size] = '\0';
	}
	free(from);
	return at ? value : NULL;
}

/* --- golden mails */

static const struct letter_case one = {.versions = {&child_g}, .count = 1};
static const struct letter_case several = {
    .versions = {&child_g, &sian}, .count = 2, .is_rehearsal = true};
static const struct letter_case attached = {
    .versions = {&child_g}, .count = 1, .is_attached = true};

static const struct letter_case optional = {
    .versions = {&child_g}, .count = 1, .is_optional = true};

static const struct letter_case by_reply = {
    .versions = {&child_g}, .count = 1, .takes_reply = true};

static void check_golden(const char *file, const struct letter_case *c)
{
	char *mail = mail_of(c);

	golden_check(file, mail, strlen(mail));
	free(mail);
}

static void f10_golden_mails(void **state)
{
	struct briefing_version k = marked();
	const struct letter_case sensitive = {.versions = {&k}, .count = 1};
	const struct letter_case mixed = {.versions = {&sian, &k}, .count = 2};

	(void)state;
	check_golden("mail-one.eml", &one);
	check_golden("mail-several-in-rehearsal.eml", &several);
	check_golden("mail-attached.eml", &attached);
	check_golden("mail-sensitive.eml", &sensitive);
	check_golden("mail-with-one-sensitive.eml", &mixed);
	check_golden("mail-optional.eml", &optional);
	check_golden("mail-by-reply.eml", &by_reply);
}

static void f10_golden_notes(void **state)
{
	struct briefing_version m = child_g;
	const struct briefing_version *const withdrawn[] = {&m};
	const struct briefing_version k = marked();
	const struct letter_reminder reminders[] = {{&child_g, NOW - 8 * 3600},
						    {&sian, NOW + 3 * DAY}};
	const struct letter_reminder of_marked[] = {{&k, NOW + 3 * DAY}};
	const struct letter_case alone = {.reminders = reminders + 1,
					  .reminder_count = 1};
	const struct letter_case two = {.reminders = reminders,
					.reminder_count = 2,
					.withdrawn = withdrawn,
					.withdrawn_count = 1};
	const struct letter_case with_news = {.versions = {&sian},
					      .count = 1,
					      .reminders = of_marked,
					      .reminder_count = 1};
	const struct letter_case gone = {.withdrawn = withdrawn,
					 .withdrawn_count = 1};

	(void)state;
	m.ref = "LTB-2026-05";
	m.title = "Child M: missed appointments";
	check_golden("mail-reminder.eml", &alone);
	check_golden("mail-reminders-and-withdrawal.eml", &two);
	check_golden("mail-with-reminder.eml", &with_news);
	check_golden("mail-withdrawn.eml", &gone);
}

/* --- replies */

static const char *reply_word(const struct letter_case *c)
{
	struct letter letter = make(c);
	const char *word = letter.reply_word; /* the settings' */

	letter_done(&letter);
	return word;
}

static void f20_which_mails_take_a_reply(void **state)
{
	struct briefing_version k = marked();
	const struct briefing_version *const withdrawn[] = {&child_g};
	const struct letter_reminder reminders[] = {{&sian, NOW + 3 * DAY}};
	const struct letter_case reminded = {
	    .reminders = reminders, .reminder_count = 1, .takes_reply = true};
	const struct letter_case sensitive = {
	    .versions = {&sian, &k}, .count = 2, .takes_reply = true};
	const struct letter_case gone = {
	    .withdrawn = withdrawn, .withdrawn_count = 1, .takes_reply = true};
	const struct mailbox_settings mailbox = settings.mailbox;
	const char *bounce = settings.mail_bounce;

	(void)state;
	assert_string_equal(reply_word(&by_reply), "READ");
	assert_string_equal(reply_word(&reminded), "READ");
	assert_string_equal(reply_word(&one), "");
	/* what is marked can't be read in the mail, and what is gone needs none
	 */
	assert_string_equal(reply_word(&sensitive), "");
	assert_string_equal(reply_word(&gone), "");
	/* nor is anything promised that the settings can't keep */
	settings.mailbox.kind = "none";
	assert_string_equal(reply_word(&by_reply), "");
	settings.mailbox = mailbox;
	settings.mailbox.trusted_host_count = 0;
	assert_string_equal(reply_word(&by_reply), "");
	settings.mailbox = mailbox;
	settings.mail_bounce = "12345678901234567890123456789012345@x.example";
	assert_string_equal(reply_word(&by_reply), "");
	settings.mail_bounce++;
	assert_string_equal(reply_word(&by_reply), "READ");
	settings.mail_bounce = bounce;
}

static void f20_its_address_is_found_again(void **state)
{
	char *mail = mail_of(&by_reply), address[200];
	int64_t id = 0;

	(void)state;
	snprintf(address, sizeof(address), "%s", header(mail, "Reply-To"));
	assert_true(letter_find_reply(&keys, address, &id));
	assert_int_equal(id, 81);
	assert_false(letter_find_sender(&keys, address, &id));
	/* the return path is none */
	struct arena *arena = arena_new();
	assert_false(letter_find_reply(
	    &keys,
	    letter_envelope_sender(&settings, link_signer(&keys), 81, arena),
	    &id));
	*strchr(address, '+') = '.';
	assert_false(letter_find_reply(&keys, address, &id));
	arena_free(arena);
	free(mail);
}

/* --- the head */

static void f10_headers(void **state)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
	    {"From", "Severnside learning <learning@severnside.example>"},
	    {"Reply-To", "learning@severnside.example"},
	    {"Subject", "Learning briefing: Child G: neglect and professional "
			"curiosity"},
	    {"Date", "Mon, 23 Nov 2026 08:00:00 +0000"},
	    {"List-Id", "<police.severnside.example>"},
	    {"List-Help", "<mailto:help@severnside.example>"},
	    {"List-Owner", "<mailto:help@severnside.example>"},
	    {"Auto-Submitted", "auto-generated"},
	    {"X-Auto-Response-Suppress", "OOF, AutoReply"},
	    {"Content-Language", "en-GB"},
	    {"MIME-Version", "1.0"},
	    {"Content-Type", "multipart/alternative; boundary=\"=_"},
	};
	char *mail = mail_of(&one);

	(void)state;
	assert_memory_equal(mail, "To: Sam Lee <sam.lee@police.example>\r\n",
			    38);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *value = header(mail, cases[i].name);

		if (!value)
			fail_msg("no %s", cases[i].name);
		else if (!strstr(value, cases[i].value))
			fail_msg("%s: %s", cases[i].name, value);
	}
	assert_null(header(mail, "List-Unsubscribe"));
	const char *id = header(mail, "Message-ID");
	assert_non_null(id);
	assert_int_equal(strlen(id), strlen("<@severnside.example>") + 20);
	free(mail);
}

static void f20_only_an_optional_list_can_be_left(void **state)
{
	char *mail = mail_of(&optional);
	char token[LINK_TOKEN_SIZE], wanted[300], *text;

	(void)state;
	link_format(link_signer(&keys), 81, token);
	snprintf(wanted, sizeof(wanted),
		 "<https://learning.severnside.example/u/%s>, "
		 "<mailto:learning@severnside.example?subject=unsubscribe%%20"
		 "police>",
		 token);
	assert_string_equal(header(mail, "List-Unsubscribe"), wanted);
	assert_string_equal(header(mail, "List-Unsubscribe-Post"),
			    "List-Unsubscribe=One-Click");
	free(mail);
	for (int html = 0; html <= 1; html++) {
		snprintf(wanted, sizeof(wanted),
			 "https://learning.severnside.example/u/%s", token);
		/* a duty as well: there it is a page and no button */
		for (int duty = 0; duty <= 1; duty++) {
			text = shown(duty ? &one : &optional, html);
			assert_has(text, wanted);
			assert_has(text, "have you left, or are you on leave?");
			free(text);
		}
	}
	mail = mail_of(&one);
	assert_null(header(mail, "List-Unsubscribe"));
	assert_null(header(mail, "List-Unsubscribe-Post"));
	free(mail);
}

static void f20_the_words_follow_what_the_list_asks(void **state)
{
	struct briefing_version k = marked();
	static const struct {
		const char *confirm, *says;
	} cases[] = {{"tick", NULL},
		     {"code", "asks for the code below as well"},
		     {"email", "asks for your work address as well"}};

	(void)state;
	for (int i = 0; i < 12; i++) {
		const char *says = cases[i % 3].says;
		struct letter_case c = {.versions = {i < 6 ? &child_g : &k},
					.count = 1,
					.confirm = cases[i % 3].confirm};
		char *text = shown(&c, i / 3 % 2);
		bool is_twice = i >= 6 && i % 3 == 2;

		for (char *at = text; *at; at++)
			if (*at == '\n')
				*at = ' ';
		assert_int_equal(strstr(text, "as well") != NULL,
				 says && !is_twice);
		if (says && !is_twice)
			assert_non_null(strstr(text, says));
		free(text);
	}
}

static void f20_subjects(void **state)
{
	struct briefing_version k = marked();
	struct briefing_version plain = child_g;
	struct briefing_version other = child_g;
	const struct {
		struct letter_case c;
		const char *subject;
	} cases[] = {
	    {{.versions = {&plain}, .count = 1},
	     "Learning briefing: Child P =?UTF-8?B?4oCT?= please confirm "
	     "by 7 Dec"},
	    {{.versions = {&plain, &other}, .count = 2},
	     "2 learning briefings: Child P; Child Q =?UTF-8?B?4oCT?= "
	     "confirm by 7 Dec"},
	    {{.versions = {&plain}, .count = 1, .is_rehearsal = true},
	     "[Rehearsal] Learning briefing: Child P =?UTF-8?B?4oCT?= "
	     "please confirm by 7 Dec"},
	    {{.versions = {&plain, &k}, .count = 2, .is_rehearsal = true},
	     "OFFICIAL-SENSITIVE: [Rehearsal] 2 learning briefings: Child P; "
	     "Child K =?UTF-8?B?4oCT?= confirm by 7 Dec"},
	};

	(void)state;
	plain.title = "Child P";
	other.title = "Child Q";
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *mail = mail_of(&cases[i].c);

		assert_string_equal(header(mail, "Subject"), cases[i].subject);
		free(mail);
	}
}

/* --- marked content */

static void f20_a_marked_mail_tells_the_title_only(void **state)
{
	static const char *const secrets[] = {
	    "See the child alone", "What will you do", "G was",
	    "Missed app",          "school nurse",     "ltb-2026-07.pdf",
	    "Briefing, 2 pages",   "disguised"};
	struct briefing_version k = marked();
	const struct letter_case cases[] = {
	    {.versions = {&k}, .count = 1, .is_attached = true},
	    /* beside another, which is told in full */
	    {.versions = {&sian, &k}, .count = 2, .is_attached = true},
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *mail = mail_of(&cases[i]);
		char *text = shown(&cases[i], false);
		char *html = shown(&cases[i], true);

		assert_memory_equal(header(mail, "Subject"),
				    "OFFICIAL-SENSITIVE: ", 20);
		assert_has(header(mail, "Content-Type"), "alternative");
		assert_has(text, "OFFICIAL-SENSITIVE");
		assert_has(html, "OFFICIAL-SENSITIVE");
		assert_has(text, "Child K");
		if (cases[i].count == 2)
			assert_has(html, "Ysgol");
		for (size_t j = 0; j < sizeof(secrets) / sizeof(*secrets);
		     j++) {
			assert_lacks(text, secrets[j]);
			assert_lacks(html, secrets[j]);
			assert_lacks(mail, secrets[j]);
		}
		free(html);
		free(text);
		free(mail);
	}
}

/* --- what a reader sees */

static void f20_both_parts_say_the_same(void **state)
{
	static const char *const parts[] = {
	    "Sam Lee",
	    "Child G: neglect and professional curiosity",
	    "LTB-2026-07",
	    "See the child alone",
	    "What will you do differently?",
	    "Monday 7 December 2026",
	    "Tell the school nurse after each visit.",
	    "31 January 2027",
	    "19 November 2026",
	    "Minute 6.2",
	    "neglect, disguised compliance",
	    "Briefing, 2 pages",
	    "£5 a week",
	    "Missed appointments",
	    "Ruth Amadi",
	    "ruth.amadi@police.example",
	    "https://learning.severnside.example/a/a0000002h",
	    "https://learning.severnside.example/c",
	    "Saturday 22 May 2027"};
	char *text = shown(&one, false), *html = shown(&one, true);

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		assert_has(text, parts[i]);
		assert_has(html, parts[i]);
	}
	assert_has(html, "https://severnside.example/g?a=1&amp;b=2");
	assert_has(text, "https://severnside.example/g?a=1&b=2");
	assert_lacks(text, "Not for the police.");
	assert_lacks(html, "Not for the police.");
	/* the one deadline is said once, at the top */
	assert_lacks(strstr(text, "7 December") + 1, "7 December");
	free(text);
	free(html);
}

static void f30_nobody_has_no_name(void **state)
{
	struct letter_case nameless = one;
	char *text;

	(void)state;
	nameless.name = "";
	text = shown(&nameless, false);
	assert_has(text, "Hello colleague,");
	free(text);
}

static void f30_documents_are_attached_when_small(void **state)
{
	struct briefing_version big = child_g;
	struct briefing_document document = documents[0];
	struct letter_case c = attached;
	char *mail, *text;

	(void)state;
	mail = mail_of(&c);
	assert_has(header(mail, "Content-Type"), "multipart/mixed; boundary");
	assert_has(mail, "Content-Disposition: attachment; "
			 "filename=\"ltb-2026-07.pdf\"\r\n");
	assert_has(mail, "\r\n\r\nZm9v\r\n--=_");
	free(mail);
	text = shown(&c, false);
	assert_has(text, "attached to this mail");
	free(text);

	document.size = LETTER_ATTACHED_MAX_SIZE + 1;
	big.documents = &document;
	c.versions[0] = &big;
	mail = mail_of(&c);
	assert_has(header(mail, "Content-Type"), "multipart/alternative");
	free(mail);
	text = shown(&c, false);
	assert_has(text, "on your page");
	free(text);
}

static void f30_a_document_that_is_not_what_was_approved(void **state)
{
	const int64_t due_at = NOW + 14 * DAY;
	struct briefing_version wrong = child_g;
	struct briefing_document document = documents[0];
	const struct briefing_version *versions[] = {&wrong};
	struct roster_list this_list = list;
	struct letter letter = {0};
	struct err err = {0};

	(void)state;
	this_list.attach_documents = true;
	document.sha256 = "00000000000000000000000000000000000000000000000000"
			  "00000000000000";
	wrong.documents = &document;
	assert_false(make_one(&this_list, versions, &due_at, &letter, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	document.sha256 = "11";
	assert_false(make_one(&this_list, versions, &due_at, &letter, &err));
	assert_int_equal(err.kind, ERR_GONE);
	assert_null(letter.body);
}

/* --- form */

static void check_form(const char *mail)
{
	size_t column = 0;

	for (const char *at = mail; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte == '\r') {
			if (at[1] != '\n')
				fail_msg("a CR alone: %.60s", at);
			column = 0;
			at++;
			continue;
		}
		if ((byte < 0x20 && byte != '\t') || byte > 0x7e)
			fail_msg("byte %02x: %.60s", byte, at);
		if (++column > 76)
			fail_msg("a long line: %.100s", at - column + 1);
	}
	assert_memory_equal(mail + strlen(mail) - 4, "--\r\n", 4);
}

static void f30_lines_are_short_and_end_crlf(void **state)
{
	struct letter_case c = several;
	struct letter_case mixed = attached;
	const struct letter_case *cases[] = {&one, &c, &mixed};
	char longest[300];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	c.name = longest;
	mixed.name = "Łukasz Ω مرحبا 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀";
	for (size_t i = 0; i < 3; i++) {
		char *mail = mail_of(cases[i]);

		/* the To line of an unbroken name may be longer */
		check_form(i == 1 ? strstr(mail, "Message-ID") : mail);
		free(mail);
	}
}

static void f30_each_delivery_has_its_own_names(void **state)
{
	struct arena *arena = arena_new();
	struct letter letter = make(&one);
	struct letter_person a, b;
	struct err err = {0};
	struct buf left, right;

	(void)state;
	buf_init(&left, LETTER_MAX_SIZE);
	buf_init(&right, LETTER_MAX_SIZE);
	letter_person_make(&settings, link_signer(&keys), 81, "a@x.example",
			   "A", arena, &a);
	letter_person_make(&settings, link_signer(&keys), 82, "a@x.example",
			   "A", arena, &b);
	assert_true(letter_assemble(&letter, &a, &left, &err));
	assert_true(letter_assemble(&letter, &b, &right, &err));
	assert_string_not_equal(a.message_id, b.message_id);
	assert_string_not_equal(a.boundary, b.boundary);
	assert_string_not_equal(a.token, b.token);
	assert_lacks(right.data, a.message_id);
	assert_lacks(right.data, a.boundary);
	assert_lacks(right.data, a.token);
	assert_int_equal(left.size, right.size);
	buf_done(&left);
	buf_done(&right);
	letter_done(&letter);
	arena_free(arena);
}

/* --- for ever */

static const char scene[] =
    "INSERT INTO list (id, name, agency, title, lead, lead_address, schedule,"
    " audience, deadline_days, mandatory, from_name, reply_to, documents,"
    " unsure, domains, conf_hash, slots_from_at, loaded_at) VALUES (1, "
    "'police',"
    " 'police', '', '', '', 'immediately', '[]', 0, 1, '', '', 'linked',"
    " 'resend', '[]', '', 0, 0);"
    "INSERT INTO digest (id, list_id, slot_at, mode, state, created_at) VALUES"
    " (1, 1, 0, 'live', 'planning', 0);"
    "INSERT INTO briefing (id, ref, created_at) VALUES (1, 'X', 0);"
    "INSERT INTO version (id, briefing_id, number, content_hash, kind, title,"
    " language, marking, approved_by, approved_on, approval_ref,"
    " acknowledge_within_days, publish, already_circulated, audience, themes,"
    " key_messages, questions, summary, taken_at) VALUES (7, 1, 1, '', '', '',"
    " '', '', '', '', '', 1, 0, 0, '', '', '', '', '', 0)";

/* in an override of the template, too: what a person wrote is of any length */
static void f30_no_line_of_the_text_is_too_wide(void **state)
{
	char *text = shown(&several, false), *rest = text;

	(void)state;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (wrap_columns(line, strlen(line)) > 72)
			fail_msg("%s", line);
	free(text);
}

static void f40_stored_and_loaded_it_has_the_same_bytes(void **state)
{
	struct store store;
	struct letter letter = make(&attached), loaded = {0};
	const struct briefing_version *versions[] = {&child_g};
	const struct letter_content content = {.versions = versions,
					       .count = 1};
	const char *const base = settings.web_base;
	const char *const from = settings.mail_from;
	struct buf before, after;

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	buf_init(&before, LETTER_MAX_SIZE);
	buf_init(&after, LETTER_MAX_SIZE);
	assemble(&letter, &attached, &before);
	store_begin(&store);
	store_check(&store, letter_store(store.db, 1, "7", &letter, &content,
					 &store.err));
	assert_true(letter.id > 0);
	store_check(&store,
		    letter_load(store.db, letter.id, &loaded, &store.err));
	/* a board that moved in between changes nothing that is on its way */
	settings.web_base = "https://moved.example";
	settings.mail_from = "moved@moved.example";
	assemble(&loaded, &attached, &after);
	settings.web_base = base;
	settings.mail_from = from;
	assert_string_equal(before.data, after.data);
	assert_int_equal(before.size, after.size);
	assert_false(letter_load(store.db, 4711, &loaded, &store.err));
	assert_int_equal(store.err.kind, ERR_GONE);
	letter_done(&letter);
	letter_done(&loaded);
	buf_done(&before);
	buf_done(&after);
	store_commit(&store);
	store_close(&store);
}

static void f40_what_is_damaged_is_not_loaded(void **state)
{
	static const char *const damages[] = {
	    "format = 9",
	    "sender = ''",
	    "sender = 'a@x.example' || char(10) || 'Bcc: b@x.example'",
	    "head = cast(head || char(0) AS BLOB)",
	    "head = cast('Subject: ' || char(11) AS BLOB)",
	    "body = cast(body || char(255) AS BLOB)",
	    "body = substr(body, 1, 100)",
	    "body = x''",
	};
	struct store store;
	struct letter letter = make(&attached), loaded = {0};
	const struct briefing_version *versions[] = {&child_g};
	const struct letter_content content = {.versions = versions,
					       .count = 1};

	(void)state;
	store_open(&store);
	store_do(&store, scene);
	store_begin(&store);
	store_check(&store, letter_store(store.db, 1, "7", &letter, &content,
					 &store.err));
	store_commit(&store);
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		store_begin(&store);
		const char *sql = arena_printf(
		    store.arena, "UPDATE letter SET %s", damages[i]);
		store_check(&store, db_execute(store.db, sql, &store.err));
		if (letter_load(store.db, letter.id, &loaded, &store.err))
			fail_msg("%s: it is loaded", damages[i]);
		assert_int_equal(store.err.kind, ERR_INPUT);
		db_rollback(store.db);
	}
	store_check(&store,
		    letter_load(store.db, letter.id, &loaded, &store.err));
	letter_done(&loaded);
	letter_done(&letter);
	store_close(&store);
}

/* --- injection */

static void f50_no_text_starts_a_header(void **state)
{
	struct briefing_version evil = child_g;
	struct roster_list evil_list = list;
	struct letter_case c = {.versions = {&evil}, .count = 1};
	char *mail;

	(void)state;
	evil.title = "Child\r\nBcc: all@x.example\r\n\r\nG";
	evil.language = "en\r\nBcc: all@x.example";
	c.name = "Sam\r\nBcc: all@x.example\r\n\r\n<script>";
	list.from_name = "Board\nBcc: all@x.example";
	mail = mail_of(&c);
	list = evil_list;
	assert_null(header(mail, "Bcc"));
	assert_lacks(mail, "\nBcc");
	check_form(mail);
	free(mail);
}

static void f50_an_address_with_a_line_break_is_refused(void **state)
{
	static const char *const addresses[] = {
	    "a@x.example\r\nBcc: b@x.example", "a@x.example>\r\n", "a@x\n",
	    "a b@x.example", "\x03@x.example"};
	struct arena *arena = arena_new();
	struct letter letter = make(&one);
	struct letter_person person;
	struct buf out;

	(void)state;
	buf_init(&out, LETTER_MAX_SIZE);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct err err = {0};

		letter_person_make(&settings, link_signer(&keys), 81,
				   addresses[i], "A", arena, &person);
		assert_false(letter_assemble(&letter, &person, &out, &err));
		assert_int_equal(err.kind, ERR_INPUT);
	}
	buf_done(&out);
	letter_done(&letter);
	arena_free(arena);
}

/* A text that could write a slot would get a person's link into another place
 * of the mail, such as behind an address of its own. */
static void f50_no_text_smuggles_a_slot(void **state)
{
	static const char *evil_texts[] = {"a\1b\2c\3d\4e\5f\6g\7h\10i"};
	struct briefing_document document = documents[0];
	struct briefing_action action = {"\3", "police", "\3\4", "\3"};
	struct briefing_version evil = child_g;
	struct roster_list good_list = list;
	struct letter_case c = {.versions = {&evil}, .count = 1};
	struct letter honest = make(&one), letter;
	size_t expected = 0, found = 0;

	(void)state;
	document.title = document.file = evil_texts[0];
	evil.title = evil.ref = evil.kind = evil.approved_by = evil_texts[0];
	evil.approval_ref = evil.approved_on = evil.language = evil_texts[0];
	evil.key_messages = evil.questions = evil.themes = evil_texts;
	evil.key_message_count = evil.question_count = evil.theme_count = 1;
	evil.documents = &document;
	evil.actions = &action;
	evil.action_count = 1;
	list.title = list.lead = list.from_name = evil_texts[0];
	letter = make(&c);
	list = good_list;
	for (size_t i = 0; i < letter.body_size; i++)
		found += letter.body[i] >= 1 && letter.body[i] <= 8;
	for (size_t i = 0; i < honest.body_size; i++)
		expected += honest.body[i] >= 1 && honest.body[i] <= 8;
	assert_int_equal(found, expected);
	found = 0;
	for (size_t i = 0; i < letter.head_size; i++)
		found += letter.head[i] >= 1 && letter.head[i] <= 8;
	assert_int_equal(found, 1); /* the boundary */
	letter_done(&honest);
	letter_done(&letter);
}

static void f50_a_summary_with_a_slot_is_refused(void **state)
{
	const int64_t due_at = NOW + 14 * DAY;
	struct briefing_version evil = child_g;
	const struct briefing_version *versions[] = {&evil};
	struct letter letter = {0};
	struct err err = {0};

	(void)state;
	evil.summary = "see \3 here";
	assert_false(make_one(&list, versions, &due_at, &letter, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_has(err.text, "LTB-2026-07");
}

static void f50_html_is_escaped(void **state)
{
	struct briefing_version evil = child_g;
	struct letter_case c = {
	    .versions = {&evil}, .count = 1, .name = "<b>\"Sam\" & 'Lee'</b>"};
	char *html;

	(void)state;
	evil.title = "<script>alert(1)</script>";
	evil.summary = "<script>alert(2)</script> [x](javascript:alert(3))";
	html = shown(&c, true);
	assert_lacks(html, "<script");
	assert_lacks(html, "javascript:");
	assert_lacks(html, "<b>");
	assert_has(html, "&lt;script&gt;alert(1)");
	assert_has(html, "&lt;b&gt;&quot;Sam&quot; &amp; &#39;Lee&#39;");
	free(html);
}

/* --- names of a delivery */

static void check_found(bool (*finder)(const struct link_keys *keys,
				       const char *text, int64_t *id),
			const char *before, const char *name,
			const char *behind, bool is_ours)
{
	char text[200];
	int64_t id = 0;

	snprintf(text, sizeof(text), "%s%s%s", before, name, behind);
	if (finder(&keys, text, &id) != is_ours || id != (is_ours ? 81 : 0))
		fail_msg("%s: %d", text, (int)id);
}

static void f60_what_comes_back_is_known_again(void **state)
{
	static const struct {
		const char *before, *behind;
		bool is_sender, is_message_id;
	} cases[] = {
	    {"learning-bounce+", "@severnside.example", true, false},
	    {"Learning-Bounce-", "@elsewhere.example", true, false},
	    {"SRS0=ab=cd=x.example=bounce+", "@forward.example", true, false},
	    {"bounce", "@severnside.example", false, false},
	    {"bounce+", "", false, false},
	    {"bounce+", "1@severnside.example", false, false},
	    {"bounce+1", "@severnside.example", false, false},
	    {"<", "@severnside.example>", false, true},
	    {"", "@severnside.example", false, true},
	    {"<1", "@severnside.example>", false, false},
	    {"<", "1@severnside.example>", false, false},
	    {"<", ">", false, false},
	};
	char v[LINK_NAME_SIZE], m[LINK_NAME_SIZE];

	(void)state;
	link_format_name(link_signer(&keys), 'v', 81, v);
	link_format_name(link_signer(&keys), 'm', 81, m);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *before = cases[i].before, *behind = cases[i].behind;

		check_found(letter_find_sender, before, v, behind,
			    cases[i].is_sender);
		check_found(letter_find_sender, before, m, behind, false);
		check_found(letter_find_message_id, before, m, behind,
			    cases[i].is_message_id);
		check_found(letter_find_message_id, before, v, behind, false);
	}
	check_found(letter_find_sender, "", "", "", false);
	check_found(letter_find_sender, "@", "", "", false);
	check_found(letter_find_message_id, "", "", "", false);
}

static void f60_envelope_sender(void **state)
{
	struct arena *arena = arena_new();
	const char *bounce = settings.mail_bounce;
	const char *sender;

	(void)state;
	sender =
	    letter_envelope_sender(&settings, link_signer(&keys), 81, arena);
	assert_memory_equal(sender, "learning-bounce+0000002h", 24);
	assert_string_equal(strchr(sender, '@'), "@severnside.example");
	assert_true(strchr(sender, '@') - sender <= 64);
	settings.mail_bounce = "a-local-part-that-leaves-no-room-for-more-"
			       "text@x.example";
	assert_string_equal(
	    letter_envelope_sender(&settings, link_signer(&keys), 81, arena),
	    settings.mail_bounce);
	settings.mail_bounce = bounce;
	arena_free(arena);
}

static void f60_a_specimen_opens_and_records_nothing(void **state)
{
	struct arena *arena = arena_new();
	struct letter_person person;
	int64_t id;

	(void)state;
	letter_person_specimen(&settings, "a@x.example", "A", arena, &person);
	assert_int_equal(link_parse(&keys, person.token, &id), LINK_SPECIMEN);
	assert_int_equal(link_parse_code(&keys, person.code, &id),
			 LINK_SPECIMEN);
	assert_string_equal(person.link,
			    "https://learning.severnside.example/a/specimen");
	arena_free(arena);
}

/* --- the group */

static char state_folder[] = "/tmp/test-letter-state-XXXXXX";

static int set_up(void **state)
{
	struct problems problems = {0};
	struct err err = {0};
	char path[200];

	(void)state;
	crypto_start();
	keys.list[0].id = 'a';
	memset(keys.list[0].key, 1, LINK_KEY_SIZE);
	settings.zone = zone_open("Europe/London", &err);
	templates = template_set_load(NULL, &problems);
	if (!settings.zone || !templates || !mkdtemp(state_folder))
		return -1;
	settings.state_folder = state_folder;
	snprintf(path, sizeof(path), "%s/documents", state_folder);
	if (!file_make_folder(path, 0700, &err))
		return -1;
	/* two contents under their names, the second under a wrong one */
	snprintf(path, sizeof(path), "%s/documents/%s", state_folder,
		 documents[0].sha256);
	if (!file_write(path, "foo", 3, 0600, &err))
		return -1;
	snprintf(path, sizeof(path), "%s/documents/%064d", state_folder, 0);
	return file_write(path, "bar", 3, 0600, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[100];

	(void)state;
	template_set_free(templates);
	zone_close(settings.zone);
	snprintf(command, sizeof(command), "rm -r %s", state_folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_headers),
	    cmocka_unit_test(f20_only_an_optional_list_can_be_left),
	    cmocka_unit_test(f20_the_words_follow_what_the_list_asks),
	    cmocka_unit_test(f20_subjects),
	    cmocka_unit_test(f20_a_marked_mail_tells_the_title_only),
	    cmocka_unit_test(f20_both_parts_say_the_same),
	    cmocka_unit_test(f30_nobody_has_no_name),
	    cmocka_unit_test(f30_documents_are_attached_when_small),
	    cmocka_unit_test(f30_a_document_that_is_not_what_was_approved),
	    cmocka_unit_test(f30_lines_are_short_and_end_crlf),
	    cmocka_unit_test(f30_each_delivery_has_its_own_names),
	    cmocka_unit_test(f30_no_line_of_the_text_is_too_wide),
	    cmocka_unit_test(f40_stored_and_loaded_it_has_the_same_bytes),
	    cmocka_unit_test(f40_what_is_damaged_is_not_loaded),
	    cmocka_unit_test(f50_no_text_starts_a_header),
	    cmocka_unit_test(f50_an_address_with_a_line_break_is_refused),
	    cmocka_unit_test(f50_no_text_smuggles_a_slot),
	    cmocka_unit_test(f50_a_summary_with_a_slot_is_refused),
	    cmocka_unit_test(f50_html_is_escaped),
	    cmocka_unit_test(f60_envelope_sender),
	    cmocka_unit_test(f60_what_comes_back_is_known_again),
	    cmocka_unit_test(f60_a_specimen_opens_and_records_nothing),
	    cmocka_unit_test(f10_golden_mails),
	    cmocka_unit_test(f10_golden_notes),
	    cmocka_unit_test(f20_which_mails_take_a_reply),
	    cmocka_unit_test(f20_its_address_is_found_again),
	};

	return cmocka_run_group_tests_name("letter", tests, set_up, tear_down);
}
