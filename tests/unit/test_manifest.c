#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/problems.h"
#include "core/briefing.h"
#include "core/manifest.h"
#include "tools/calendar.h"

#define APPROVED                                                               \
	"approved_by = \"Safeguarding Board\";\n"                              \
	"approved_on = \"2026-11-19\";\n"                                      \
	"approval_ref = \"Minute 6.2\";\n"
/* five lines; a case's own text begins on the sixth */
#define LEAST "ref = \"LTB-2026-07\";\ntitle = \"Child G\";\n" APPROVED
#define TODAY "2026-11-20"

static struct arena *arena;
static struct zone *zone;

static int prepare(void **state)
{
	struct err err;

	(void)state;
	arena = arena_new();
	zone = zone_open("Europe/London", &err);
	return zone ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	zone_close(zone);
	arena_free(arena);
	return 0;
}

static char *parse(const char *text, size_t size, struct manifest *ret)
{
	struct problems problems = {0};
	bool good = manifest_parse("briefing.conf", text, size, zone, TODAY,
				   arena, ret, &problems);
	char *said = problems_format(&problems);

	assert_int_equal(good, problems.count == 0);
	problems_done(&problems);
	return said;
}

static struct manifest parse_good(const char *text)
{
	struct manifest manifest = {0};
	char *said = parse(text, strlen(text), &manifest);

	if (*said)
		fail_msg("%s", said);
	free(said);
	return manifest;
}

static void f10_least_gets_the_defaults(void **state)
{
	struct manifest manifest = parse_good(LEAST);

	(void)state;
	assert_string_equal(manifest.ref, "LTB-2026-07");
	assert_string_equal(manifest.kind, "learning-together-briefing");
	assert_string_equal(manifest.language, "en-GB");
	assert_string_equal(manifest.marking, "OFFICIAL");
	assert_string_equal(manifest.approval_ref, "Minute 6.2");
	assert_int_equal(manifest.not_before_at, 0);
	assert_int_equal(manifest.acknowledge_within_days, 0);
	assert_false(manifest.publish);
	assert_false(manifest.already_circulated);
	assert_int_equal(manifest.audience_count, 1);
	assert_string_equal(manifest.audience[0], "all");
	assert_int_equal(manifest.document_count, 0);
	assert_int_equal(manifest.action_count, 0);
}

static void f20_whole_is_read(void **state)
{
	struct manifest manifest = parse_good(
	    LEAST "kind = \"serious-case-review\";"
		  "not_before = \"2027-06-01T08:00\";"
		  "acknowledge_within_days = 21; publish = true;"
		  "themes = [\"neglect\", \"disguised compliance\"];"
		  "audience = [\"police\"]; language = \"cy\";"
		  "key_messages = [\"See the child.\"];"
		  "questions = [\"What will you do?\", \"When?\"];"
		  "documents = ( { file = \"a.pdf\"; title = \"Two pages\"; },"
		  " { file = \"b.pdf\"; } );"
		  "actions = ( { ref = \"A1\"; agency = \"police\";"
		  " text = \"Do it.\"; due = \"2027-01-31\"; },"
		  " { ref = \"A2\"; agency = \"gp\"; text = \"Ask.\"; } );");

	(void)state;
	/* 08:00 in summer is 07:00 UTC */
	assert_int_equal(manifest.not_before_at, 1811833200);
	assert_int_equal(manifest.acknowledge_within_days, 21);
	assert_true(manifest.publish);
	assert_int_equal(manifest.theme_count, 2);
	assert_string_equal(manifest.audience[0], "police");
	assert_string_equal(manifest.questions[1], "When?");
	assert_string_equal(manifest.documents[0].title, "Two pages");
	assert_string_equal(manifest.documents[1].title, "b.pdf");
	assert_string_equal(manifest.actions[0].due, "2027-01-31");
	assert_string_equal(manifest.actions[1].due, "");
}

static void f20_every_kind_has_a_name(void **state)
{
	char kinds[] = BRIEFING_KINDS, *at = kinds;

	(void)state;
	for (char *kind; (kind = strsep(&at, "|"));)
		assert_non_null(briefing_kind_name(kind));
	assert_null(briefing_kind_name("newsletter"));
}

static void f30_markup_is_only_text(void **state)
{
	struct manifest manifest = parse_good(
	    "ref = \"X\"; title = \"<script>alert(1)</script>\";\n" APPROVED);

	(void)state;
	assert_string_equal(manifest.title, "<script>alert(1)</script>");
}

static void f40_faults_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
	    {"ref = \"X\"; title = \"Y\";", "approved_by"},
	    {"ref = \"X\"; title = \"Y\";", "approved_on"},
	    {"ref = \"X\"; title = \"Y\";", "approval_ref"},
	    {"", "ref"},
	    {LEAST "titel = \"x\";", "briefing.conf:6:"},
	    {LEAST "\n\npublish = \"yes\";", "briefing.conf:8:"},
	    {LEAST "kind = \"newsletter\";", "briefing.conf:6:"},
	    {LEAST "marking = \"SECRET\";", "briefing.conf:6:"},
	    {LEAST "marking = \"OFFICIAL-SENSITIVE\"; publish = true;",
	     "briefing.conf:6: publish:"},
	    {LEAST "not_before = \"soon\";", "briefing.conf:6: not_before:"},
	    {LEAST "not_before = \"2026-02-30\";", "6: not_before:"},
	    {LEAST "acknowledge_within_days = 0;", "briefing.conf:6:"},
	    {LEAST "acknowledge_within_days = 99999999999;",
	     "briefing.conf:6:"},
	    {LEAST "language = \"english!\";", "briefing.conf:6: language:"},
	    {LEAST "audience = [];", "briefing.conf:6:"},
	    {LEAST "themes = \"neglect\";", "briefing.conf:6:"},
	    {LEAST "documents = (\n{ file = \"../../etc/passwd\"; } );",
	     "briefing.conf:7: documents.[0].file: \"../../etc/passwd\" names"},
	    {LEAST "documents = ( { file = \"/etc/passwd\"; } );",
	     "without a path"},
	    {LEAST "documents = ( { file = \"..\"; } );", "begins with a dot"},
	    {LEAST "documents = ( { file = \"Summary.MD\"; } );",
	     "is a file of the briefing itself"},
	    {LEAST "documents = ( { file = \"a.pdf\"; },\n"
		   "{ file = \"a.pdf\"; } );",
	     "briefing.conf:7: documents.[1].file: \"a.pdf\" is named twice"},
	    {LEAST "documents = ( { title = \"a\"; } );", "file"},
	    {LEAST "documents = ( { file = \"a\"; size = 3; } );", "size"},
	    {LEAST "actions = ( { ref = \"1\"; agency = \"x\"; text = \"y\";\n"
		   "due = \"31/01/2027\"; } );",
	     "briefing.conf:7: actions.[0].due: \"31/01/2027\" is no date"},
	    {LEAST "actions = (\n{ ref = \"1\"; agency = \"x\"; text = \"y\"; "
		   "},\n{ ref = \"1\"; agency = \"x\"; text = \"y\"; } );",
	     "briefing.conf:8: actions.[1].ref: \"1\" is used twice"},
	    {"ref = \"../x\"; title = \"y\";\n" APPROVED,
	     "briefing.conf:1: ref:"},
	    {"ref = \"-x\"; title = \"y\";\n" APPROVED, "ref: is made of"},
	    {"ref = \"x\"; title = \"  \";\n" APPROVED, "title: is empty"},
	    {"ref = \"x\";\ntitle = \"a\\r\\nBcc: x@y.example\";\n" APPROVED,
	     "briefing.conf:2:"},
	    {"ref = \"x\";\ntitle = \"a\\x07\";\n" APPROVED,
	     "briefing.conf:2:"},
	    {"ref = \"x\";\ntitle = \"a\xff\";\n" APPROVED, "briefing.conf:2:"},
	    {"ref = \"x\"; title = \"y\"; approved_by = \"b\"; approval_ref = "
	     "\"1\";\napproved_on = \"2026-11-21\";",
	     "briefing.conf:2: approved_on: 2026-11-21 is still to come"},
	    {"ref = \"x\"; title = \"y\"; approved_by = \"b\"; approval_ref = "
	     "\"1\";\napproved_on = \"19.11.2026\";",
	     "briefing.conf:2: approved_on: \"19.11.2026\" is no date"},
	    {LEAST "@include \"/etc/passwd\"\n", "@include"},
	    {"ref = \"x", "briefing.conf:1:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct manifest manifest;
		char *said =
		    parse(cases[i].text, strlen(cases[i].text), &manifest);

		if (!strstr(said, cases[i].said))
			fail_msg("%s\nnot told (%s): %s", cases[i].text,
				 cases[i].said, said);
		free(said);
	}
}

static void f50_all_faults_in_one_look(void **state)
{
	struct manifest manifest;
	static const char text[] = "ref = \"a b\";\ntitle = \"x\";\n"
				   "approved_on = \"never\";\n"
				   "language = \"?\"; wrong = 1;\n";
	char *said = parse(text, sizeof(text) - 1, &manifest);

	(void)state;
	assert_non_null(strstr(said, "ref: is made of"));
	assert_non_null(strstr(said, "approved_on: \"never\""));
	assert_non_null(strstr(said, "language: "));
	assert_non_null(strstr(said, "wrong"));
	assert_non_null(strstr(said, "approval_ref"));
	free(said);
}

static void f60_ten_megabytes_are_refused_unread(void **state)
{
	size_t size = 10 * 1024 * 1024;
	char *text = malloc(size);
	struct manifest manifest;

	(void)state;
	memset(text, '(', size);
	char *said = parse(text, size, &manifest);
	assert_non_null(strstr(said, "at most"));
	free(said);
	free(text);
}

static void f60_crlf_and_mark_are_an_editors_habit(void **state)
{
	struct manifest manifest =
	    parse_good("\xef\xbb\xbfref = \"X\";\r\ntitle = \"Y\";\r\n"
		       "approved_by = \"B\";\r\napproved_on = \"2026-11-19\";"
		       "\r\napproval_ref = \"1\";\r\n");

	(void)state;
	assert_string_equal(manifest.title, "Y");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_least_gets_the_defaults),
	    cmocka_unit_test(f20_whole_is_read),
	    cmocka_unit_test(f20_every_kind_has_a_name),
	    cmocka_unit_test(f30_markup_is_only_text),
	    cmocka_unit_test(f40_faults_are_told_with_their_line),
	    cmocka_unit_test(f50_all_faults_in_one_look),
	    cmocka_unit_test(f60_ten_megabytes_are_refused_unread),
	    cmocka_unit_test(f60_crlf_and_mark_are_an_editors_habit),
	};

	return cmocka_run_group_tests_name("manifest", tests, prepare, clean);
}
