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
#include "base/problems.h"
#include "core/csv.h"
#include "core/roster.h"
#include "tools/crypto.h"

#define HEAD "address,name,role,team,since,status\n"

static struct arena *arena;
static struct roster_member *rows;
static size_t count;

static int prepare(void **state)
{
	(void)state;
	crypto_start();
	arena = arena_new();
	return 0;
}

static int clean(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static char *parse(const char *text, size_t size)
{
	struct problems problems = {0};
	bool good = roster_parse_csv("police.csv", text, size, arena, &rows,
				     &count, &problems);
	char *said = problems_format(&problems);

	assert_int_equal(good, problems.count == 0);
	problems_done(&problems);
	return said;
}

static void parse_good(const char *text)
{
	char *said = parse(text, strlen(text));

	if (*said)
		fail_msg("%s\n%s", text, said);
	free(said);
}

static void f10_rows_are_read(void **state)
{
	(void)state;
	parse_good(HEAD "Ann.Smith@Police.example,Ann Smith,Sergeant,North,"
			"2020-01-02,active\n"
			"bob@police.example,,,,,\n"
			"cy@police.example,\"Jones, Cy \"\"CJ\"\"\",,,,left\n"
			"di@police.example, Di ,,,,On Leave\n");
	assert_int_equal(count, 4);
	assert_string_equal(rows[0].address, "Ann.Smith@police.example");
	assert_string_equal(rows[0].address_key, "ann.smith@police.example");
	assert_string_equal(rows[0].row_key, "ann.smith@police.example");
	assert_string_equal(rows[0].role, "Sergeant");
	assert_string_equal(rows[0].since_on, "2020-01-02");
	assert_int_equal(rows[0].line, 2);
	assert_string_equal(rows[1].name, "");
	assert_null(rows[1].since_on);
	assert_string_equal(rows[1].status, "active");
	assert_string_equal(rows[2].name, "Jones, Cy \"CJ\"");
	assert_string_equal(rows[2].status, "left");
	assert_string_equal(rows[3].name, "Di");
	assert_string_equal(rows[3].status, "on-leave");
}

static void f10_columns_in_any_order(void **state)
{
	(void)state;
	parse_good("ID,Primary,ADDRESS,Shared\n7,yes,ann@x.example,\n"
		   "3,,bob@x.example,yes\n");
	/* by their keys */
	assert_string_equal(rows[0].row_key, "3");
	assert_false(rows[0].is_primary);
	assert_true(rows[0].is_shared);
	assert_false(rows[1].is_shared);
	assert_string_equal(rows[1].row_key, "7");
	assert_true(rows[1].is_primary);
	assert_string_equal(rows[1].name, "");
	/* without an id the address is the key */
	parse_good("id,address\n,Ann@x.example\n");
	assert_string_equal(rows[0].row_key, "ann@x.example");
}

static void f20_office_programs_habits(void **state)
{
	static const char *const texts[] = {
	    "\xef\xbb\xbf" HEAD "ann@x.example,Ann,,,,\n",
	    "address,name\r\nann@x.example,Ann\r\n",
	    "address,name\rann@x.example,Ann\r",
	    "\n\naddress,name\n\n\nann@x.example,Ann\n\n,\n\r\n",
	    "\"address\",\"name\"\n\"ann@x.example\",\"Ann\"\n",
	    "address , name\n ann@x.example , Ann \n",
	    "address\nann@x.example\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		parse_good(texts[i]);
		assert_int_equal(count, 1);
		assert_string_equal(rows[0].address, "ann@x.example");
	}
	parse_good("address\n");
	assert_int_equal(count, 0);
}

static void f30_faults_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
	    {"", "police.csv: is empty"},
	    {"\r\n\r\n", "police.csv: is empty"},
	    {"name,role\nAnn,x\n", "police.csv:1: there is no column \"addr"},
	    {"address,email\na@x.example,b\n",
	     "police.csv:1: the column \"email\" is unknown"},
	    {"address,name,name\na@x.example,b,c\n",
	     "the column \"name\" is there twice"},
	    {"address;name\nann@x.example;Ann\n",
	     "police.csv:1: the columns are not separated by commas"},
	    {"address\tname\nann@x.example\tAnn\n", "not separated by commas"},
	    {"sep=;\naddress;name\n", "not separated by commas"},
	    {HEAD ",Ann,,,,\n", "police.csv:2: has no address"},
	    {HEAD "ann@x.example,Ann,,,,\nann at x,Ann,,,,\n",
	     "police.csv:3: address: "},
	    {HEAD "ann@x.example,Ann,,,19/11/2026,\n",
	     "police.csv:2: since: \"19/11/2026\" is no date; write it as "
	     "2026-11-19 (format"},
	    {HEAD "ann@x.example,Ann,,,2026-02-30,\n", "is no date"},
	    {HEAD "ann@x.example,Ann,,,,gone\n",
	     "police.csv:2: status: \"gone\" is unknown"},
	    {"address,shared\na@x.example,maybe\n",
	     "police.csv:2: shared: \"maybe\""},
	    {"address,primary\na@x.example,maybe\n",
	     "police.csv:2: primary: \"maybe\""},
	    {HEAD "ann@x.example,Ann\n",
	     "police.csv:2: has 2 fields, the first line names 6"},
	    {HEAD "ann@x.example,Smith, Ann,,,,\n", "has 7 fields"},
	    {HEAD "ann@x.example,\"Ann\nSmith\",,,,\n",
	     "police.csv:2: name has a line break"},
	    {HEAD "ann@x.example,Ann\x07,,,,\n",
	     "police.csv:2: name has a control character"},
	    {HEAD "ann@x.example\x01,Ann,,,,\n",
	     "police.csv:2: address has a control character"},
	    {HEAD "ann@x.example,\"Ann\"x,,,,\n",
	     "police.csv:2: something stands behind a closing quote"},
	    {HEAD "ann@x.example,Ann,,,,\nAnn@X.example,Ann,,,,\n",
	     "police.csv:3: the address Ann@x.example stands on line 2"},
	    {"address,id\na@x.example,7\nb@x.example,7\n",
	     "police.csv:3: the id \"7\" stands on line 2 already"},
	    {HEAD "caf\xe9@x.example,Ann,,,,\n",
	     "police.csv:2: is not in UTF-8"},
	    {HEAD "ann@x.example,Ren\xe9,,,,\n", "CSV UTF-8"},
	    {"PK\x03\x04", "is a workbook"},
	    {"\xff\xfe", "is in UTF-16"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *said = parse(cases[i].text, strlen(cases[i].text));

		if (!strstr(said, cases[i].said))
			fail_msg("%s\nnot told (%s): %s", cases[i].text,
				 cases[i].said, said);
		free(said);
	}
}

static void f30_markup_is_only_text(void **state)
{
	(void)state;
	parse_good("address,name\na@x.example,<script>alert(1)</script>\n"
		   "b@x.example,=1+2\n");
	assert_string_equal(rows[0].name, "<script>alert(1)</script>");
	assert_string_equal(rows[1].name, "=1+2");
}

static void f40_wide_text_is_recognised(void **state)
{
	char wide[200];
	const char *text = HEAD "ann@x.example,Ann,,,,\n";
	size_t size = strlen(text) * 2;

	(void)state;
	for (size_t i = 0; i < size; i++)
		wide[i] = i % 2 ? '\0' : text[i / 2];
	/* without a byte order mark, too */
	char *said = parse(wide, size);
	assert_non_null(strstr(said, "is in UTF-16"));
	free(said);
}

/* A file cut anywhere is refused, or is whole up to a line end. */
static void f50_cut_anywhere(void **state)
{
	static const char text[] = "address,name,since,status\n"
				   "ann@x.example,\"Smith, Ann\",2020-01-01,\n"
				   "bob@x.example,Bob,,left\n";

	(void)state;
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		char *said = parse(text, size);

		if (!*said && (size == 0 || text[size - 1] != '\n'))
			fail_msg("cut at %zu was taken", size);
		if (*said && size > 0 && text[size - 1] == '\n')
			fail_msg("cut at %zu: %s", size, said);
		free(said);
	}
	char *said = parse(text, 42);
	assert_non_null(strstr(said, "police.csv:2: a quote opens"));
	free(said);
	said = parse(text, sizeof(text) - 2);
	assert_non_null(strstr(said, "police.csv:3: the last line has no"));
	free(said);
}

static void f50_hash_tells_each_change(void **state)
{
	static const char *const texts[] = {
	    "address,name,role,team,since,status,primary\n"
	    "ann@x.example,A,B,C,2020-01-01,active,no\n",
	    "address,name,role,team,since,status,primary\n"
	    "Ann@x.example,A,B,C,2020-01-01,active,no\n",
	    "address,name,role,team,since,status,primary\n"
	    "ann@x.example,AB,,C,2020-01-01,active,no\n",
	    "address,name,role,team,since,status,primary\n"
	    "ann@x.example,A,B,C,2020-01-02,active,no\n",
	    "address,name,role,team,since,status,primary\n"
	    "ann@x.example,A,B,C,2020-01-01,left,no\n",
	    "address,name,role,team,since,status,primary\n"
	    "ann@x.example,A,B,C,2020-01-01,active,yes\n",
	    "address,name,role,team,since,status,shared\n"
	    "ann@x.example,A,B,C,2020-01-01,active,yes\n",
	};
	const char *hashes[7];

	(void)state;
	for (int i = 0; i < 7; i++) {
		parse_good(texts[i]);
		hashes[i] = rows[0].row_hash;
		assert_int_equal(strlen(hashes[i]), 32);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(hashes[i], hashes[j]);
		/* the first half is the address, whatever its case */
		assert_memory_equal(hashes[i], hashes[0], 16);
	}
	parse_good("address\nbob@x.example\n");
	assert_memory_not_equal(rows[0].row_hash, hashes[0], 16);
}

static void f60_fields_have_ceilings(void **state)
{
	char text[1000];

	(void)state;
	snprintf(text, sizeof(text), "address,name\na@x.example,%0300d\n", 1);
	char *said = parse(text, strlen(text));
	assert_non_null(strstr(said, "name has 300 bytes; at most 200"));
	free(said);
	memset(text, ',', 999);
	text[998] = '\n';
	said = parse(text, 999);
	assert_non_null(strstr(said, "too many columns"));
	free(said);
}

static void f70_many_faults_are_counted(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_adds(&text, "address\n");
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, "nobody\n");
	char *said = parse(text.data, text.size);
	assert_non_null(strstr(said, "and 4900 more"));
	free(said);
	buf_done(&text);
}

static void f80_hundred_thousand_rows(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 24);
	buf_adds(&text, HEAD);
	for (int i = 99999; i >= 0; i--)
		buf_addf(&text,
			 "person.%05d@agency.example,Person %d,Nurse,"
			 "\"Team, north\",2020-01-01,active\n",
			 i, i);
	char *said = parse(text.data, text.size);
	assert_string_equal(said, "");
	assert_int_equal(count, 100000);
	assert_string_equal(rows[0].address, "person.00000@agency.example");
	assert_int_equal(rows[0].line, 100001);
	free(said);
	buf_done(&text);
}

static void f90_records(void **state)
{
	static const char text[] = "a,\"b\r\nc\",d\r\n\r\n\"\"\"\",\r\nlast";
	struct csv csv;

	(void)state;
	csv_init(&csv, text, sizeof(text) - 1, arena);
	assert_int_equal(csv_next(&csv), CSV_RECORD);
	assert_int_equal(csv.count, 3);
	assert_int_equal(csv.line, 1);
	assert_memory_equal(csv.fields[1].text, "b\r\nc", 4);
	assert_int_equal(csv_next(&csv), CSV_RECORD);
	assert_int_equal(csv.line, 4);
	assert_int_equal(csv.count, 2);
	assert_int_equal(csv.fields[0].size, 1);
	assert_int_equal(csv.fields[1].size, 0);
	assert_int_equal(csv_next(&csv), CSV_CUT);
	assert_int_equal(csv.line, 5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(f10_rows_are_read),
	    CASE(f10_columns_in_any_order),
	    CASE(f20_office_programs_habits),
	    CASE(f30_faults_are_told_with_their_line),
	    CASE(f30_markup_is_only_text),
	    CASE(f40_wide_text_is_recognised),
	    CASE(f50_cut_anywhere),
	    CASE(f50_hash_tells_each_change),
	    CASE(f60_fields_have_ceilings),
	    CASE(f70_many_faults_are_counted),
	    CASE(f80_hundred_thousand_rows),
	    CASE(f90_records),
	};

	return cmocka_run_group_tests_name("roster_csv", tests, NULL, NULL);
}
