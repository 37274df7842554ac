#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "tools/mime.h"

#define LONG_WORD                                                              \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"     \
	"aaaaaaaaaaaaaaaaaaaaaaaa"
#define SEVENTY                                                                \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aa"

static void f10_quoted_printable(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {"", ""},
	    {"plain", "plain"},
	    {"a\nb\r\nc\rd\n", "a\r\nb\r\nc\r\nd\r\n"},
	    {"\n\n", "\r\n\r\n"},
	    {"caf\xc3\xa9 = 1", "caf=C3=A9 =3D 1"},
	    /* a blank at a line's end would be lost on the way */
	    {"a \nb\t\nc ", "a=20\r\nb=09\r\nc=20"},
	    {"a  \n", "a =20\r\n"},
	    {"From me\nFrom", "=46rom me\r\nFrom"},
	    {"a From b", "a From b"},
	    {".\n..a", "=2E\r\n=2E.a"},
	    {"a\001b\177", "a=01b=7F"},
	    {SEVENTY "12345", SEVENTY "12345"},
	    {SEVENTY "123456", SEVENTY "12345=\r\n6"},
	    {SEVENTY "1234=", SEVENTY "1234=\r\n=3D"},
	    /* what a soft line end brings to the start of a line */
	    {SEVENTY "12345From me", SEVENTY "12345=\r\n=46rom me"},
	    {SEVENTY "12345.x", SEVENTY "12345=\r\n=2Ex"},
	    {SEVENTY "12345 \n", SEVENTY "12345=\r\n=20\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		mime_quoted_printable(&out, cases[i].text,
				      strlen(cases[i].text));
		assert_string_equal(out.data, cases[i].expected);
		buf_done(&out);
	}
}

/* what is put into the slot joins the words around it */
static void f20_slot(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	mime_slot(&out, 1);
	mime_quoted_printable(&out, "\nDear ", 6);
	mime_slot(&out, 2);
	mime_quoted_printable(&out, ",\n", 2);
	mime_slot(&out, 8);
	assert_string_equal(out.data, "\001=\r\n\r\nDear=20=\r\n\002=\r\n,\r\n"
				      "\010=\r\n");
	buf_done(&out);
}

static void f10_base64(void **state)
{
	char data[57 * 1024 + 1];
	struct buf out;

	(void)state;
	memset(data, 'x', sizeof(data));
	buf_init(&out, 100000);
	mime_base64(&out, data, 0);
	assert_string_equal(out.data, "");
	mime_base64(&out, data, 1);
	assert_string_equal(out.data, "eA==\r\n");
	buf_clear(&out);
	mime_base64(&out, data, 58);
	assert_int_equal(out.size, 78 + 6);
	assert_memory_equal(out.data + 74, "eHh4\r\neA==\r\n" + 2, 4);
	buf_clear(&out);
	mime_base64(&out, data, sizeof(data));
	assert_int_equal(out.size, 78 * 1024 + 6);
	for (size_t line = 0; line < 1024; line++)
		assert_memory_equal(out.data + line * 78 + 76, "\r\n", 2);
	buf_done(&out);
}

static void f10_headers(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {"Child G: what must change", " Child G: what must change"},
	    {"", ""},
	    {"   ", ""},
	    {"  a  ", " a"},
	    {"a   b", " a   b"},
	    /* folded before a space, never in a word */
	    {SEVENTY " next", " " SEVENTY "\r\n next"},
	    {"1 " SEVENTY " 2 3", " 1\r\n " SEVENTY " 2 3"},
	    {LONG_WORD " b", " " LONG_WORD "\r\n b"},
	    {SEVENTY "   b", " " SEVENTY "\r\n   b"},
	    /* encoded from the first word that needs it to the last */
	    {"\xc3\xbc", " =?UTF-8?B?w7w=?="},
	    {"a \xc3\xbc b", " a =?UTF-8?B?w7w=?= b"},
	    {"a  \xc3\xbc  b", " a =?UTF-8?Q?_=C3=BC_?= b"},
	    {"a \xc3\xbc b \xc3\xbc c", " a =?UTF-8?B?w7wgYiDDvA==?= c"},
	    {"neglect \xe2\x80\x94 what must change",
	     " neglect =?UTF-8?B?4oCU?= what must change"},
	    /* what a reader would take for an encoded word */
	    {"=?UTF-8?Q?a?=", " =?UTF-8?B?PT9VVEYtOD9RP2E/PQ==?="},
	    /* split between characters, not bytes; a word has 75 at most */
	    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe4\xbb\xb6"
	     "\xe5\x90\x8d\xe3\x81\xaf\xe9\x95\xb7\xe3\x81\x84\xe3\x81\xae"
	     "\xe3\x81\xa7\xe6\x8a\x98\xe3\x82\x8a\xe8\xbf\x94\xe3\x81\x95"
	     "\xe3\x82\x8c\xe3\x81\xaa\xe3\x81\x91",
	     " =?UTF-8?B?5pel5pys6Kqe44Gu5Lu25ZCN44Gv6ZW344GE44Gu44Gn5oqY44KK"
	     "?=\r\n =?UTF-8?B?6L+U44GV44KM44Gq44GR?="},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out, expected;
		struct err err = {0};

		buf_init(&out, 1000);
		buf_init(&expected, 1000);
		buf_addf(&expected, "Subject:%s\r\n", cases[i].expected);
		assert_true(mime_header(&out, "Subject", cases[i].text, &err));
		assert_string_equal(out.data, expected.data);
		buf_done(&out);
		buf_done(&expected);
	}
}

static void f20_nothing_injects_a_header(void **state)
{
	static const char *const texts[] = {
	    "a\r\nBcc: b@x.example",
	    "a\nb",
	    "a\rb",
	    "a\tb",
	    "a\x7f",
	    "a\xc2\x85"
	    "b",
	    "\xff",
	    "\xc0\x8a",
	    "\xe2\x82",
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct err err = {0};

		assert_false(mime_header(&out, "Subject", texts[i], &err));
		assert_int_equal(err.kind, ERR_INPUT);
		assert_non_null(strstr(err.text, "Subject"));
		assert_false(mime_header_mailbox(&out, "From", texts[i],
						 "a@x.example", NULL));
		assert_false(
		    mime_header_mailbox(&out, "From", "A", texts[i], NULL));
		assert_false(mime_header_parameter(&out, "Content-Disposition",
						   "attachment", "filename",
						   texts[i], NULL));
		assert_false(mime_header_parameter(&out, "Content-Disposition",
						   texts[i], "filename", "a",
						   NULL));
	}
	assert_int_equal(out.size, 0);
	buf_done(&out);
}

static void f20_long_texts_stay_within_a_line(void **state)
{
	char text[3000];
	struct buf out;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (int spaces = 0; spaces < 2; spaces++) {
		buf_init(&out, 100000);
		assert_true(mime_header(&out, "Subject", text, NULL));
		for (char *line = out.data; *line;) {
			char *end = strstr(line, "\r\n");

			assert_non_null(end);
			assert_true(end - line <= 76);
			line = end + 2;
		}
		buf_done(&out);
		memset(text + 1, ' ', sizeof(text) - 3);
	}
}

static void f10_mailboxes(void **state)
{
	static const struct {
		const char *display, *address, *expected;
	} cases[] = {
	    {NULL, "a@x.example", " a@x.example"},
	    {"", "a@x.example", " a@x.example"},
	    {"  ", "a@x.example", " a@x.example"},
	    {"The Board", "a@x.example", " The Board <a@x.example>"},
	    {"J. Smith", "a@x.example", " \"J. Smith\" <a@x.example>"},
	    {"a  b", "a@x.example", " \"a  b\" <a@x.example>"},
	    {"Smith, \"Jo\" \\", "a@x.example",
	     " \"Smith, \\\"Jo\\\" \\\\\" <a@x.example>"},
	    {"b@y.example", "a@x.example", " \"b@y.example\" <a@x.example>"},
	    {"Police <b@y.example>,", "a@x.example",
	     " \"Police <b@y.example>,\" <a@x.example>"},
	    {"J\xc3\xb6rg", "a@x.example",
	     " =?UTF-8?B?SsO2cmc=?= <a@x.example>"},
	    {"J\xc3\xb6rg, (\"Jo\")", "a@x.example",
	     " =?UTF-8?B?SsO2cmcsICgiSm8iKQ==?= <a@x.example>"},
	    {"Bwrdd Diogelu Plant Gogledd Gwlad yr Haf \xe2\x80\x94 North "
	     "Somerset "
	     "Safeguarding Children Board",
	     "a@x.example",
	     " =?UTF-8?Q?Bwrdd_Diogelu_Plant_Gogledd_Gwlad_yr_Haf_=E2=80=94_"
	     "North_?="
	     "\r\n =?UTF-8?Q?Somerset_Safeguarding_Children_Board?= "
	     "<a@x.example>"},
	    {"North Somerset Safeguarding Children Partnership and all its "
	     "relevant agencies",
	     "business.manager@x.example",
	     " North Somerset Safeguarding Children Partnership and all its "
	     "relevant\r\n"
	     " agencies <business.manager@x.example>"},
	    {"North Somerset Safeguarding Children Partnership and so on",
	     "business.manager@x.example",
	     " North Somerset Safeguarding Children Partnership and so on\r\n"
	     " <business.manager@x.example>"},
	    {"North Somerset, Safeguarding Children Partnership and so on "
	     "and so forth",
	     "a@x.example",
	     "\r\n \"North Somerset, Safeguarding Children Partnership and so "
	     "on and so forth\"\r\n <a@x.example>"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out, expected;

		buf_init(&out, 1000);
		buf_init(&expected, 1000);
		buf_addf(&expected, "From:%s\r\n", cases[i].expected);
		assert_true(mime_header_mailbox(&out, "From", cases[i].display,
						cases[i].address, NULL));
		assert_string_equal(out.data, expected.data);
		buf_done(&out);
		buf_done(&expected);
	}
}

static void f20_bad_addresses(void **state)
{
	static const char *const addresses[] = {
	    "",        "a",     "@x",         "a@",      "a@b@c",
	    "a b@c",   "a@b>",  "<a@b",       "a@b,c",   "a@b;c",
	    "\"a\"@b", "a@[1]", "\xc3\xb6@x", "a@x\r\n", "a\\b@c",
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		assert_false(
		    mime_header_mailbox(&out, "To", "A", addresses[i], NULL));
	assert_int_equal(out.size, 0);
	buf_done(&out);
}

static void f10_parameters(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {"ltb.pdf", "; filename=\"ltb.pdf\""},
	    {"a \"b\" \\.pdf", "; filename=\"a \\\"b\\\" \\\\.pdf\""},
	    {"Learning Together Briefing 2026.pdf",
	     ";\r\n filename=\"Learning Together Briefing 2026.pdf\""},
	    {"Br\xc3\xad"
	     "efing 'G'.pdf",
	     ";\r\n filename*=UTF-8''Br%C3%ADefing%20%27G%27.pdf"},
	    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe4\xbb\xb6"
	     "\xe5\x90\x8d.pdf",
	     ";\r\n "
	     "filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E%E3%81%AE%E4%BB%B6"
	     "%E5%90%8D.pdf"},
	    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe4\xbb\xb6"
	     "\xe5\x90\x8d\xe3\x81\xaf.pdf",
	     ";\r\n "
	     "filename*0*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E%E3%81%AE%E4%BB%B6%"
	     "E5"
	     "%90%8D;\r\n filename*1*=%E3%81%AF.pdf"},
	    {LONG_WORD,
	     ";\r\n filename*0*=UTF-8''"
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;\r\n"
	     " filename*1*=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out, expected;

		buf_init(&out, 1000);
		buf_init(&expected, 1000);
		buf_addf(&expected, "Content-Disposition: attachment%s\r\n",
			 cases[i].expected);
		assert_true(mime_header_parameter(&out, "Content-Disposition",
						  "attachment", "filename",
						  cases[i].text, NULL));
		assert_string_equal(out.data, expected.data);
		buf_done(&out);
		buf_done(&expected);
	}
}

static void f10_dates(void **state)
{
	static const struct {
		int64_t utc;
		const char *expected;
	} cases[] = {
	    {0, "Thu, 01 Jan 1970 00:00:00 +0000"},
	    {1795334400, "Sun, 22 Nov 2026 08:00:00 +0000"},
	    {1709251199, "Thu, 29 Feb 2024 23:59:59 +0000"},
	    {253402300799, "Fri, 31 Dec 9999 23:59:59 +0000"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char date[MIME_DATE_SIZE];

		mime_date(cases[i].utc, date);
		assert_string_equal(date, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_quoted_printable),
	    cmocka_unit_test(f10_base64),
	    cmocka_unit_test(f10_headers),
	    cmocka_unit_test(f10_mailboxes),
	    cmocka_unit_test(f10_parameters),
	    cmocka_unit_test(f10_dates),
	    cmocka_unit_test(f20_slot),
	    cmocka_unit_test(f20_nothing_injects_a_header),
	    cmocka_unit_test(f20_long_texts_stay_within_a_line),
	    cmocka_unit_test(f20_bad_addresses),
	};

	return cmocka_run_group_tests_name("mime", tests, NULL, NULL);
}
