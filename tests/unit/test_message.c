#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "tools/message.h"

/* "type@mails/level" of each part */
static const char *outline(const char *bytes, struct arena *arena)
{
	struct message mail;
	const char *all = "";

	message_parse(bytes, strlen(bytes), arena, &mail);
	for (size_t i = 0; i < mail.count; i++)
		all = arena_printf(arena, "%s%s%s@%zu/%zu", all,
				   *all ? " " : "", mail.parts[i].type,
				   mail.parts[i].mails, mail.parts[i].level);
	return all;
}

static void f10_parts(void **state)
{
	static const struct {
		const char *bytes, *outline;
	} cases[] = {
	    {"", "text/plain@0/0"},
	    {"Subject: x\r\n\r\ntext\r\n", "text/plain@0/0"},
	    {"Content-Type: Text/HTML; x=y\n\n<p>", "text/html@0/0"},
	    {"Content-Type: nonsense\n\n", "text/plain@0/0"},
	    {"Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\n\none\n"
	     "--b  \nContent-Type: message/rfc822\n\nTo: x\n\ny\n--b--\nend",
	     "multipart/mixed@0/0 text/plain@0/1 message/rfc822@0/1 "
	     "text/plain@1/2"},
	    /* the last boundary is missing, and so is the first one's name */
	    {"Content-Type: multipart/mixed\n\n--bbb\n\none\n--bbb\n\ntwo",
	     "multipart/mixed@0/0 text/plain@0/1 text/plain@0/1"},
	    /* a boundary that begins like another */
	    {"Content-Type: multipart/mixed; boundary=b\n\n--bb\n--b\n\none\n",
	     "multipart/mixed@0/0 text/plain@0/1"},
	    {"Content-Type: message/rfc822\nContent-Transfer-Encoding: "
	     "base64\n\nQ29udGVudC1UeXBlOiB0ZXh0L2h0bWwKCng=\n",
	     "message/rfc822@0/0 text/html@1/1"},
	    {"Content-Type: multipart/digest; boundary=b\n\n--b\n\nTo: x\n\n",
	     "multipart/digest@0/0 message/rfc822@0/1 text/plain@1/2"},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(outline(cases[i].bytes, arena),
				    cases[i].outline);
	arena_free(arena);
}

static void f20_headers(void **state)
{
	static const char mail[] =
	    "From sender Mon\n"
	    "SUBJECT :  a\n\tb\n c\n"
	    "no header at all\n"
	    "Empty:\n"
	    "X: =?utf-8?Q?a=0Ab?=\n"
	    "Content-Type: text/plain; name*=\"x y\"; a=\"q;\\\"r\" ; B = c \n"
	    "\nbody: text\n";
	struct arena *arena = arena_new();
	struct message read;

	(void)state;
	message_parse(mail, sizeof(mail) - 1, arena, &read);
	const struct message_part *part = &read.parts[0];
	const char *type = message_raw_header(part, "content-type");
	assert_string_equal(message_header(part, "subject", arena), "a b c");
	assert_string_equal(message_raw_header(part, "empty"), "");
	assert_string_equal(message_header(part, "x", arena), "a b");
	assert_null(message_raw_header(part, "body"));
	assert_string_equal(message_header(part, "none", arena), "");
	assert_string_equal(part->name, "x y");
	assert_string_equal(message_parameter(type, "a", arena), "q;\"r");
	assert_string_equal(message_parameter(type, "b", arena), "c");
	assert_string_equal(message_parameter(type, "c", arena), "");
	assert_string_equal(message_parameter(NULL, "c", arena), "");
	assert_string_equal(message_text(part, arena), "body: text\n");
	arena_free(arena);
}

static void f30_text(void **state)
{
	static const struct {
		const char *head, *body, *text;
	} cases[] = {
	    {"Content-Transfer-Encoding: quoted-printable",
	     "a=3Db =\nc=", "a=b c="},
	    {"Content-Transfer-Encoding: BASE64", "aGk\ngdGhlcmU=", "hi there"},
	    {"Content-Transfer-Encoding: x-odd", "as it is", "as it is"},
	    {"Content-Type: text/plain; charset=koi8-r", "\xf0\xd2",
	     "\u041f\u0440"},
	    {"Content-Type: text/plain; charset=utf-8",
	     "a\xff"
	     "b",
	     "a\ufffd"
	     "b"},
	    {"Content-Type: text/html",
	     "<style>p { }</style><p>a&amp;b<br/>c&nbsp;&#8217;&#x41;&bad;"
	     "<!-- x --><td>&lt;d<e@f.example></p>",
	     "\na&b\nc \u2019A&bad; <d<e@f.example>\n"},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *bytes = arena_printf(arena, "%s\n\n%s",
						 cases[i].head, cases[i].body);
		struct message mail;

		message_parse(bytes, strlen(bytes), arena, &mail);
		assert_string_equal(message_text(&mail.parts[0], arena),
				    cases[i].text);
	}
	arena_free(arena);
}

static void f40_addresses(void **state)
{
	static const struct {
		const char *text, *address, *rest;
	} cases[] = {
	    {"Ann <ann@x.example>, b", "ann@x.example", ">, b"},
	    {"<ann@x.example>:", "ann@x.example", ">:"},
	    {"to ann@x.example.", "ann@x.example", "."},
	    {"'ann@x.example'", "ann@x.example", "'"},
	    {"\"a b\"@x.example", "\"a b\"@x.example", ""},
	    {"b+1=x.example@y.example", "b+1=x.example@y.example", ""},
	    {"@ @x.example a@", NULL, ""},
	    {"none", NULL, ""},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *rest;
		const char *found =
		    message_address(cases[i].text, arena, &rest);

		assert_int_equal(!found, !cases[i].address);
		if (found)
			assert_string_equal(found, cases[i].address);
		assert_string_equal(rest, cases[i].rest);
	}
	arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_parts),
	    cmocka_unit_test(f20_headers),
	    cmocka_unit_test(f30_text),
	    cmocka_unit_test(f40_addresses),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
