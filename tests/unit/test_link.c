#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/link.h"
#include "tools/crypto.h"

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static struct link_keys make_keys(void)
{
	struct link_keys keys = {.count = 2};

	keys.list[0].id = 'a';
	memset(keys.list[0].key, 1, LINK_KEY_SIZE);
	keys.list[1].id = '7';
	memset(keys.list[1].key, 2, LINK_KEY_SIZE);
	return keys;
}

static void f10_a_link_comes_back(void **state)
{
	static const int64_t ids[] = {1, 81, 1048576, (INT64_C(1) << 40) - 1};
	struct link_keys keys = make_keys();
	char token[LINK_TOKEN_SIZE];
	int64_t id;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		link_format(link_signer(&keys), ids[i], token);
		assert_int_equal(strlen(token), LINK_TOKEN_SIZE - 1);
		assert_int_equal(strspn(token, digits), strlen(token));
		id = 0;
		assert_int_equal(link_parse(&keys, token, &id), LINK_GOOD);
		assert_int_equal(id, ids[i]);
	}
}

static void f10_the_same_for_ever(void **state)
{
	struct link_keys keys = make_keys();
	char token[LINK_TOKEN_SIZE], code[LINK_CODE_SIZE], name[LINK_NAME_SIZE];

	/* mails that are out hold these: a change here breaks them all */
	(void)state;
	link_format(link_signer(&keys), 81, token);
	assert_string_equal(token, "a0000002ha784tg66dq1a6vy4hqye");
	link_format_code(link_signer(&keys), 81, code);
	assert_string_equal(code, "0000-2ha8-zr3m");
	link_format_name(link_signer(&keys), 'm', 81, name);
	assert_string_equal(name, "0000002hws74kb1k3a9t");
}

static void f10_a_reply_comes_back_and_is_nothing_else(void **state)
{
	struct link_keys keys = make_keys();
	char token[LINK_TOKEN_SIZE], other[LINK_TOKEN_SIZE];
	int64_t id = 0;

	(void)state;
	link_format_reply(link_signer(&keys), 81, token);
	assert_string_equal(token, "a0000002hj2xek648js3jz3pr7pwb");
	assert_true(link_parse_reply(&keys, token, strlen(token), &id));
	assert_int_equal(id, 81);
	for (char *at = token; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	assert_true(link_parse_reply(&keys, token, strlen(token), &id));
	assert_false(link_parse_reply(&keys, token, strlen(token) - 1, &id));
	assert_int_equal(link_parse(&keys, token, &id), LINK_UNKNOWN);
	/* a link is none, nor is another delivery's, nor one of a key not ours
	 */
	link_format(link_signer(&keys), 81, other);
	assert_false(link_parse_reply(&keys, other, strlen(other), &id));
	memcpy(token, "A0000002J", 9);
	assert_false(link_parse_reply(&keys, token, strlen(token), &id));
	link_format_reply(&keys.list[1], 81, other);
	keys.count = 1;
	assert_false(link_parse_reply(&keys, other, strlen(other), &id));
}

static void f20_what_people_and_programs_do_to_links(void **state)
{
	struct link_keys keys = make_keys();
	char token[LINK_TOKEN_SIZE], text[200];
	int64_t id;

	(void)state;
	link_format(link_signer(&keys), 81, token);
	for (char *at = token; *at; at++)
		if (*at >= 'a')
			*at = (char)(*at - 'a' + 'A');
	assert_int_equal(link_parse(&keys, token, &id), LINK_GOOD);

	link_format(link_signer(&keys), 81, token);
	for (char *at = token; *at; at++)
		*at = *at == '0' ? 'O' : *at == '1' ? 'l' : *at;
	assert_int_equal(link_parse(&keys, token, &id), LINK_GOOD);

	static const char *const forms[] = {
	    "%.10s\r\n %s",  " %.10s%s ",  "%.10s%s.",      "%.10s%s,",
	    "%.10s%s;)>...", "%.10s\t%s)", "%.10s\n\n\n%s>"};
	link_format(link_signer(&keys), 81, token);
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		id = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), forms[i], token, token + 10);
#pragma GCC diagnostic pop
		assert_int_equal(link_parse(&keys, text, &id), LINK_GOOD);
		assert_int_equal(id, 81);
	}
}

static void f20_mangled_is_told_from_unknown(void **state)
{
	struct link_keys keys = make_keys();
	char token[LINK_TOKEN_SIZE], text[200];
	int64_t id = -1;

	(void)state;
	link_format(link_signer(&keys), 81, token);
	for (int size = 0; size < LINK_TOKEN_SIZE - 1; size++) {
		snprintf(text, sizeof(text), "%.*s", size, token);
		assert_int_equal(link_parse(&keys, text, &id), LINK_MANGLED);
	}
	static const char *const ends[] = {
	    "0", "?x=1", "/",        "%20",
	    "u", "=",    "\xc2\xa0", "00000000000000000000"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(text, sizeof(text), "%s%s", token, ends[i]);
		assert_int_equal(link_parse(&keys, text, &id), LINK_MANGLED);
	}
	token[0] = '9'; /* no key of ours */
	assert_int_equal(link_parse(&keys, token, &id), LINK_UNKNOWN);
	assert_int_equal(id, -1);
}

/* each other character at each place of a text: is any taken for good? */
static int count_forgeries(const char *good, bool (*is_good)(const char *text))
{
	char text[LINK_FORM_SIZE];
	int forgeries = 0;

	for (size_t at = 0; good[at]; at++) {
		for (int byte = 1; byte < 256; byte++) {
			const char *same = "";

			/* what a person may mix up is one character to us */
			if (good[at] == '0')
				same = "0oO";
			if (good[at] == '1')
				same = "1iIlL";
			if ((char)byte == good[at] ||
			    (good[at] >= 'a' && byte == good[at] - 'a' + 'A') ||
			    strchr(same, byte) || good[at] == '-')
				continue;
			strcpy(text, good);
			text[at] = (char)byte;
			forgeries += is_good(text);
		}
	}
	return forgeries;
}

static bool is_good_link(const char *text)
{
	struct link_keys keys = make_keys();
	int64_t id;

	return link_parse(&keys, text, &id) == LINK_GOOD;
}

static bool is_good_form(const char *text)
{
	struct link_keys keys = make_keys();
	int64_t at;

	return link_parse_form(&keys, text, 81, &at);
}

static bool is_good_code(const char *text)
{
	struct link_keys keys = make_keys();
	int64_t id;

	return link_parse_code(&keys, text, &id) == LINK_GOOD;
}

static void f30_no_single_change_is_taken(void **state)
{
	struct link_keys keys = make_keys();
	char token[LINK_TOKEN_SIZE], form[LINK_FORM_SIZE], code[LINK_CODE_SIZE];

	(void)state;
	for (int64_t id = 81; id < 91; id++) {
		link_format(link_signer(&keys), id, token);
		assert_int_equal(count_forgeries(token, is_good_link), 0);
	}
	link_format_form(link_signer(&keys), 81, 1795334400, form);
	assert_int_equal(count_forgeries(form, is_good_form), 0);
	/* 30 bits: none of these three hundred happens to hit */
	link_format_code(link_signer(&keys), 81, code);
	assert_int_equal(count_forgeries(code, is_good_code), 0);
}

static void f30_no_signature_serves_twice(void **state)
{
	struct link_keys keys = make_keys();
	char a[LINK_TOKEN_SIZE], b[LINK_TOKEN_SIZE], mixed[LINK_TOKEN_SIZE];
	char form[LINK_FORM_SIZE], m[LINK_NAME_SIZE], v[LINK_NAME_SIZE];
	int64_t id = -1;

	(void)state;
	link_format(link_signer(&keys), 81, a);
	link_format(link_signer(&keys), 82, b);
	snprintf(mixed, sizeof(mixed), "%.9s%s", a, b + 9);
	assert_int_equal(link_parse(&keys, mixed, &id), LINK_UNKNOWN);
	/* a form is no link, a link no form */
	link_format_form(link_signer(&keys), 81, 81, form);
	assert_int_equal(link_parse(&keys, form, &id), LINK_UNKNOWN);
	assert_false(link_parse_form(&keys, a, 81, &id));
	link_format_name(link_signer(&keys), 'm', 81, m);
	link_format_name(link_signer(&keys), 'v', 81, v);
	assert_string_not_equal(m, v);
	assert_memory_not_equal(m + 8, a + 9, 12);
	assert_int_equal(strlen(m), 20);
	assert_int_equal(id, -1);
}

static void f30_a_retired_key_verifies_and_a_removed_one_does_not(void **state)
{
	struct link_keys old = make_keys(), keys = make_keys();
	char token[LINK_TOKEN_SIZE], code[LINK_CODE_SIZE];
	int64_t id;

	(void)state;
	old.list[0] = keys.list[1];
	link_format(link_signer(&old), 81, token);
	link_format_code(link_signer(&old), 81, code);
	assert_int_equal(token[0], '7');
	assert_int_equal(link_parse(&keys, token, &id), LINK_GOOD);
	assert_int_equal(link_parse_code(&keys, code, &id), LINK_GOOD);
	keys.count = 1;
	assert_int_equal(link_parse(&keys, token, &id), LINK_UNKNOWN);
	assert_int_equal(link_parse_code(&keys, code, &id), LINK_UNKNOWN);
}

static void f40_codes(void **state)
{
	struct link_keys keys = make_keys();
	char code[LINK_CODE_SIZE], text[100];
	int64_t id;

	(void)state;
	link_format_code(link_signer(&keys), 4711, code);
	assert_int_equal(strlen(code), LINK_CODE_SIZE - 1);
	assert_int_equal(code[4], '-');
	assert_int_equal(code[9], '-');
	assert_int_equal(link_parse_code(&keys, code, &id), LINK_GOOD);
	assert_int_equal(id, 4711);
	snprintf(text, sizeof(text), "  %.4s %.4s%.1s - %s. ", code, code + 5,
		 code + 10, code + 11);
	assert_int_equal(link_parse_code(&keys, text, &id), LINK_GOOD);
	for (char *at = text; *at; at++)
		if (*at >= 'a')
			*at = (char)(*at - 'a' + 'A');
	assert_int_equal(link_parse_code(&keys, text, &id), LINK_GOOD);

	static const char *const mangled[] = {"",
					      "-",
					      "0000-0000-000",
					      "0000-0000-00000",
					      "0000-0000-000u",
					      "http://x.example/c"};
	for (size_t i = 0; i < sizeof(mangled) / sizeof(*mangled); i++)
		assert_int_equal(link_parse_code(&keys, mangled[i], &id),
				 LINK_MANGLED);
	assert_int_equal(link_parse_code(&keys, "0000-0000-0000", &id),
			 LINK_UNKNOWN);
}

static void f40_the_specimen_is_no_delivery(void **state)
{
	struct link_keys keys = make_keys();
	int64_t id = -1;

	(void)state;
	assert_int_equal(link_parse(&keys, LINK_SPECIMEN_TOKEN, &id),
			 LINK_SPECIMEN);
	assert_int_equal(link_parse(&keys, "SPECIMEN.", &id), LINK_SPECIMEN);
	assert_int_equal(link_parse_code(&keys, LINK_SPECIMEN_CODE, &id),
			 LINK_SPECIMEN);
	assert_int_equal(id, -1);
}

static void f40_a_form_is_for_its_delivery_and_time(void **state)
{
	struct link_keys keys = make_keys();
	char form[LINK_FORM_SIZE], other[LINK_FORM_SIZE];
	int64_t at = -1;

	(void)state;
	link_format_form(link_signer(&keys), 81, 1795334400, form);
	assert_false(link_parse_form(&keys, form, 82, &at));
	assert_false(link_parse_form(&keys, "", 81, &at));
	link_format_form(link_signer(&keys), 81, 1795334401, other);
	memcpy(other, form, 9);
	assert_false(link_parse_form(&keys, other, 81, &at));
	assert_int_equal(at, -1);
	assert_true(link_parse_form(&keys, form, 81, &at));
	assert_int_equal(at, 1795334400);
}

static void f50_a_name_comes_back_for_its_purpose_only(void **state)
{
	struct link_keys keys = make_keys(), other;
	char name[LINK_NAME_SIZE];
	int64_t id = 0;

	(void)state;
	link_format_name(link_signer(&keys), 'v', 81, name);
	assert_true(link_parse_name(&keys, 'v', name, 20, &id));
	assert_int_equal(id, 81);
	for (char *at = name; *at; at++)
		*at = (char)toupper(*at);
	assert_true(link_parse_name(&keys, 'v', name, 20, &id));
	assert_false(link_parse_name(&keys, 'm', name, 20, &id));
	assert_false(link_parse_name(&keys, 'v', name, 19, &id));
	assert_false(link_parse_name(&keys, 'v', name, 0, &id));
	/* the next one signs now, and the retired key still verifies */
	other = keys;
	other.list[0] = keys.list[1];
	other.list[1] = keys.list[0];
	assert_true(link_parse_name(&other, 'v', name, 20, &id));
	other.count = 1;
	assert_false(link_parse_name(&other, 'v', name, 20, &id));
	for (size_t i = 0; i < 20; i++) {
		char was = name[i];

		name[i] = was == '7' ? '8' : '7';
		assert_false(link_parse_name(&keys, 'v', name, 20, &id));
		name[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_a_link_comes_back),
	    cmocka_unit_test(f10_the_same_for_ever),
	    cmocka_unit_test(f10_a_reply_comes_back_and_is_nothing_else),
	    cmocka_unit_test(f20_what_people_and_programs_do_to_links),
	    cmocka_unit_test(f20_mangled_is_told_from_unknown),
	    cmocka_unit_test(f30_no_single_change_is_taken),
	    cmocka_unit_test(f30_no_signature_serves_twice),
	    cmocka_unit_test(
		f30_a_retired_key_verifies_and_a_removed_one_does_not),
	    cmocka_unit_test(f40_codes),
	    cmocka_unit_test(f40_the_specimen_is_no_delivery),
	    cmocka_unit_test(f40_a_form_is_for_its_delivery_and_time),
	    cmocka_unit_test(f50_a_name_comes_back_for_its_purpose_only),
	};

	crypto_start();
	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
