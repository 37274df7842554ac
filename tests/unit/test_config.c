#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/problems.h"
#include "tools/config.h"

struct document {
	const char *file;
	int64_t pages;
};

struct sample {
	const char *ref;
	const char *mode;
	const char *host;
	int64_t port;
	bool publish;
	struct config_texts themes, audience;
	struct config_integers days;
	struct document *documents;
	size_t document_count;
};

#define FIELD(name) offsetof(struct sample, name)

static const struct config_setting settings[] = {
    {"ref", CONFIG_TEXT, FIELD(ref), 1, 20, NULL, NULL, "its reference"},
    {"mode", CONFIG_CHOICE, FIELD(mode), 0, 0, "rehearsal|test|live",
     "rehearsal", NULL},
    {"relay.host", CONFIG_TEXT, FIELD(host), 1, 253, NULL, "localhost", NULL},
    {"relay.port", CONFIG_INTEGER, FIELD(port), 1, 65535, NULL, "587", NULL},
    {"publish", CONFIG_FLAG, FIELD(publish), 0, 0, NULL, "false", NULL},
    {"themes", CONFIG_TEXTS, FIELD(themes), 1, 3, NULL, "", NULL},
    {"audience", CONFIG_TEXTS, FIELD(audience), 0, 9, NULL, "all|leads", NULL},
    {"days", CONFIG_INTEGERS, FIELD(days), 0, 3, NULL, "", NULL},
    {0},
};

static const struct config_setting of_document[] = {
    {"file", CONFIG_TEXT, offsetof(struct document, file), 1, 100, NULL, NULL,
     "its file"},
    {"pages", CONFIG_INTEGER, offsetof(struct document, pages), -5, 9, NULL,
     "2", NULL},
    {0},
};

static const struct config_group groups[] = {
    {"documents", of_document, sizeof(struct document), FIELD(documents),
     FIELD(document_count), 3, 0, NULL},
    {0},
};

static const struct config_schema schema = {settings, groups};

static struct sample read_good(struct arena *arena, const char *text)
{
	struct problems problems = {0};
	struct sample sample;

	if (!config_parse("f", text, strlen(text), &schema, arena, &sample,
			  &problems))
		fail_msg("%s", problems_format(&problems));
	return sample;
}

static void f10_all_kinds(void **state)
{
	struct arena *arena = arena_new();
	struct sample sample = read_good(
	    arena, "# a comment\nref = \"LTB\" \"-7 \\\"x\\\" \xc3\xa9\";\n"
		   "mode: \"live\", relay = { port = 25; host = \"mx\" };\n"
		   "days = [-3, 14];\n"
		   "publish = true;  themes = [\"a\", // one\n \"b\"];\n"
		   "documents = ( { file = \"a.pdf\"; }, /* and\n */\n"
		   "  { file = \"b.pdf\"; pages = -1; } ); # end");

	(void)state;
	assert_string_equal(sample.ref, "LTB-7 \"x\" \xc3\xa9");
	assert_string_equal(sample.mode, "live");
	assert_string_equal(sample.host, "mx");
	assert_int_equal(sample.port, 25);
	assert_true(sample.publish);
	assert_int_equal(sample.themes.count, 2);
	assert_string_equal(sample.themes.list[1], "b");
	assert_int_equal(sample.document_count, 2);
	assert_string_equal(sample.documents[0].file, "a.pdf");
	assert_int_equal(sample.documents[0].pages, 2);
	assert_int_equal(sample.documents[1].pages, -1);
	assert_int_equal(sample.days.count, 2);
	assert_int_equal(sample.days.list[0], -3);
	assert_int_equal(sample.days.list[1], 14);
	arena_free(arena);
}

static void f10_fallbacks(void **state)
{
	struct arena *arena = arena_new();
	struct sample sample = read_good(arena, "ref = \"x\";");

	(void)state;
	assert_string_equal(sample.mode, "rehearsal");
	assert_string_equal(sample.host, "localhost");
	assert_int_equal(sample.port, 587);
	assert_false(sample.publish);
	assert_int_equal(sample.themes.count, 0);
	assert_int_equal(sample.audience.count, 2);
	assert_string_equal(sample.audience.list[0], "all");
	assert_string_equal(sample.audience.list[1], "leads");
	assert_int_equal(sample.document_count, 0);
	arena_free(arena);
}

static void f10_habits_of_editors(void **state)
{
	struct arena *arena = arena_new();
	struct sample sample = read_good(
	    arena, "\xef\xbb\xbfref\t=\t\"x\";\r\n\r\naudience = [ ];\r\n");

	(void)state;
	assert_string_equal(sample.ref, "x");
	assert_int_equal(sample.audience.count, 0);
	arena_free(arena);
}

struct fault {
	const char *text, *wanted;
};

static void assert_faults(const struct fault *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena *arena = arena_new();
		struct problems problems = {0};
		struct sample sample;

		assert_false(config_parse("f", cases[i].text,
					  strlen(cases[i].text), &schema, arena,
					  &sample, &problems));
		char *all = problems_format(&problems);
		if (!strstr(all, cases[i].wanted))
			fail_msg("%s\ngives: %s\nnot: %s", cases[i].text, all,
				 cases[i].wanted);
		/* what could not be read can be looked at all the same */
		assert_non_null(sample.ref);
		assert_true(sample.port > 0);
		free(all);
		problems_done(&problems);
		arena_free(arena);
	}
}

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void f20_values_out_of_the_table(void **state)
{
	static const struct fault cases[] = {
	    {"", "f: ref: missing: its reference\n"},
	    {"ref = 7;", "f:1: ref: a text in quotes is wanted\n"},
	    {"ref = \"\";", "f:1: ref: this text is empty\n"},
	    {"\nref = \"123456789012345678901\";",
	     "f:2: ref: 21 bytes, but 1 to 20 are allowed\n"},
	    {"ref = \"a\\x01\";", "f:1: ref: there is a control character"},
	    {"ref = \"a\\n\";", "f:1: ref: there is a control character"},
	    {"ref = \"a\\xff\";", "f:1: ref: this text is not UTF-8"},
	    {"mode = \"liv\";",
	     "f:1: mode: \"rehearsal\", \"test\" or \"live\" is wanted\n"},
	    {"mode = true;", "f:1: mode: \"rehearsal\", "},
	    {"relay = { port = 0; };",
	     "f:1: relay.port: 0, but 1 to 65535 are allowed\n"},
	    {"relay = { port = 4294967321; };", "4294967321, but 1 to 65535"},
	    {"relay = { port = \"25\"; };",
	     "f:1: relay.port: a whole number is wanted, without quotes"},
	    {"relay = 5;", "f:1: relay: a group is wanted"},
	    {"publish = 1;", "f:1: publish: true or false is wanted"},
	    {"publish = \"true\";", "f:1: publish: true or false is wanted"},
	    {"themes = \"a\";", "f:1: themes: a list of texts is wanted"},
	    {"themes = [1, 2];", "f:1: themes: a list of texts is wanted"},
	    {"themes = (\"a\",\n {});", "f:2: themes: a list of texts"},
	    {"days = 3;", "f:1: days: a list of whole numbers is wanted"},
	    {"days = [\"a\"];", "f:1: days: a list of whole numbers is wanted"},
	    {"days = (1,\n {});", "f:2: days: a list of whole numbers"},
	    {"days = [1, 2, 3, 4];",
	     "f:1: days: 4 numbers, but 0 to 3 are allowed"},
	    {"themes = [\"\"];", "f:1: themes: this text is empty"},
	    {"themes = [\"a\",\"b\",\"c\",\"d\"];",
	     "f:1: themes: 4 texts, but 1 to 3 are allowed"},
	    {"documents = [];", "f:1: documents: a list of groups"},
	    {"documents = (1);", "f:1: documents: item 1: a group is wanted"},
	    {"documents = ({},{},{},{});",
	     "f:1: documents: 4 groups, but at most 3"},
	    {"documents = (\n{ pages = 1; });",
	     "f:2: documents.file: missing: its file"},
	    {"documents = ({ file = \"a\"; pages = 10; });",
	     "f:1: documents.pages: 10, but -5 to 9 are allowed"},
	};

	(void)state;
	assert_faults(cases, COUNT(cases));
}

static void f20_unknown_keys(void **state)
{
	static const struct fault cases[] = {
	    {"\nrefs = \"x\";",
	     "f:2: refs: there is no such setting; known here: ref mode relay "
	     "publish themes audience days documents\n"},
	    {"relay = { prot = 25; };",
	     "f:1: relay.prot: there is no such setting; known here: host "
	     "port\n"},
	    {"documents = ({ file = \"a\"; title = \"b\"; });",
	     "f:1: documents.title: there is no such setting; known here: file "
	     "pages\n"},
	    {"Ref = \"x\";", "f:1: Ref: there is no such setting"},
	    {"relay = { host = { a = 1; }; };", "f:1: relay.host: a text"},
	};

	(void)state;
	assert_faults(cases, COUNT(cases));
}

/* libconfig takes most of these, and reads something else */
static void f20_slips_of_the_pen(void **state)
{
	static const struct fault cases[] = {
	    {"\nref = x;", "f:2: syntax error"},
	    {"ref = \"x\";;", "f:1: syntax error"},
	    {"ref = \"x;\nmode = \"live\";", "f:1: a text is not closed"},
	    {"ref = \"x\\", "f:1: a text is not closed"},
	    {"ref = \"a\";\nref = \"b\";",
	     "f:2: this setting stands in its group a second time"},
	    {"ref = \xe2\x80\x9cx\xe2\x80\x9d;", "f:1: curly quotes"},
	    {"ref = 'x';", "f:1: texts stand in double quotes"},
	    {"ref = \"x\"; \xc3\xa9 = 1;", "f:1: such a character"},
	    {"themes = [\"a\" // one\n \"b\"];",
	     "f:2: a comma is missing between two texts"},
	    {"themes = [\"a\", 1];", "f:1: the values in [ ] must be of one"},
	    {"relay.port = 25;", "f:1: a setting of a group is written"},
	    {"relay = { port = 0x19; };", "f:1: a whole number is wanted"},
	    {"relay = { port = 025; };", "f:1: a whole number is wanted"},
	    {"relay = { port = 25L; };", "f:1: a whole number is wanted"},
	    {"relay = { port = 2.5; };", "f:1: a whole number is wanted"},
	    {"relay = { port = 1e3; };", "f:1: a whole number is wanted"},
	    {"relay = { port = 18446744073709551641; };",
	     "f:1: a whole number is wanted"},
	    {"ref \"x\";", "f:1: a text stands here where none is wanted"},
	    {"mode = \"live\", \"x\";", "f:1: a text stands here"},
	    {"\n/* ref", "f:2: this comment has no end"},
	    {"a = {{{{{{{{{{{{{{{{{{", "f:1: brackets are nested too deep"},
	    {"a = (", "f:2: syntax error"},
	};

	(void)state;
	assert_faults(cases, COUNT(cases));
}

static void f30_what_outsiders_try(void **state)
{
	static const struct fault cases[] = {
	    {"@include \"/etc/passwd\"", "f:1: @include is not allowed"},
	    {"ref = \"a\";\n \t@include \"/dev/zero\"\n",
	     "f:2: @include is not allowed"},
	    {"ref = \"x\n@include \\\"/etc/passwd\\\"", "f:1: a text is not"},
	    {"\nref = \"a\xff\";", "f:2: this is not UTF-8"},
	    {"\nref = \"a\x01\";", "f:2: there is a control character"},
	    {"\n\nref = \"a\xc2\x85\";", "f:3: there is a control character"},
	    {"ref = \"a\rb\";", "f:1: there is a control character"},
	    {"ref = \"a\tb\";", "f:1: ref: there is a control character"},
	};

	(void)state;
	assert_faults(cases, COUNT(cases));
	struct arena *arena = arena_new();
	struct sample sample =
	    read_good(arena, "/*\n@include \"/etc/passwd\"\n*/\n"
			     "ref = \"@include\"; # @include \"x\"");
	assert_string_equal(sample.ref, "@include");
	arena_free(arena);
}

static void f30_nul_and_size(void **state)
{
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct sample sample;

	(void)state;
	assert_false(config_parse("f", "ref = \"a\0b\";", 12, &schema, arena,
				  &sample, &problems));
	assert_false(config_parse("f", "", CONFIG_SIZE_MAX + 1, &schema, arena,
				  &sample, &problems));
	assert_int_equal(problems.count, 2);
	problems_done(&problems);
	arena_free(arena);
}

static void f30_every_fault_is_told_at_once(void **state)
{
	static const char text[] = "mode = \"x\";\nrelay = { port = 0;\n"
				   "  hosts = 1; };\npublish = 3;\nx = 1;\n";
	static const char wanted[] =
	    "f:1: mode: \"rehearsal\", \"test\" or \"live\" is wanted\n"
	    "f:2: relay.port: 0, but 1 to 65535 are allowed\n"
	    "f:3: relay.hosts: there is no such setting; known here: host "
	    "port\n"
	    "f:4: publish: true or false is wanted, without quotes\n"
	    "f:5: x: there is no such setting; known here: ref mode relay "
	    "publish themes audience days documents\n"
	    "f: ref: missing: its reference\n";
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct sample sample;

	(void)state;
	assert_false(config_parse("f", text, strlen(text), &schema, arena,
				  &sample, &problems));
	char *all = problems_format(&problems);
	assert_string_equal(all, wanted);
	free(all);
	problems_done(&problems);
	arena_free(arena);
}

static void f40_line_of_a_setting(void **state)
{
	static const char text[] = "\xef\xbb\xbf/* c */ ref = \"x\"; # c\n"
				   "relay = {\n port = 25; };\ndocuments = "
				   "( {},\r\n { file = \"a\"; } );\n";
	static const struct {
		const char *path;
		int line;
	} cases[] = {
	    {"ref", 1},
	    {"relay.port", 3},
	    {"documents.[1].file", 5},
	    {"nothing", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    config_find_line(text, strlen(text), cases[i].path),
		    cases[i].line);
	assert_int_equal(config_find_line("@include \"/dev/zero\"", 20, "a"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_all_kinds),
	    cmocka_unit_test(f10_fallbacks),
	    cmocka_unit_test(f10_habits_of_editors),
	    cmocka_unit_test(f20_values_out_of_the_table),
	    cmocka_unit_test(f20_unknown_keys),
	    cmocka_unit_test(f20_slips_of_the_pen),
	    cmocka_unit_test(f30_what_outsiders_try),
	    cmocka_unit_test(f30_nul_and_size),
	    cmocka_unit_test(f30_every_fault_is_told_at_once),
	    cmocka_unit_test(f40_line_of_a_setting),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
