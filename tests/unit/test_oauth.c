#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/oauth.h"
#include "core/settings.h"

static void f10_the_form_is_encoded(void **state)
{
	static const struct settings plain = {.oauth_client_id = "briefingd",
					      .oauth_scope = ""};
	static const struct settings odd = {
	    .oauth_client_id = "a&b=c d",
	    .oauth_scope = "https://outlook.office365.com/.default"};

	(void)state;
	char *form = oauth_form(&plain, "s3cret");
	assert_string_equal(form, "grant_type=client_credentials&"
				  "client_id=briefingd&client_secret=s3cret");
	free(form);
	form = oauth_form(&odd, "~%+\xc3\xa9");
	assert_string_equal(
	    form, "grant_type=client_credentials&client_id=a%26b%3Dc+d&"
		  "client_secret=%7E%25%2B%C3%A9&"
		  "scope=https%3A%2F%2Foutlook.office365.com%2F.default");
	free(form);
}

static void f10_what_a_server_answers(void **state)
{
	static const struct {
		const char *answer, *read; /* or what is wrong */
		bool good;
	} cases[] = {
	    {"200\n{\"access_token\":\"eyJ.x-y_z~+/=\",\"expires_in\":3599,"
	     "\"token_type\":\"Bearer\",\"ext_expires_in\":3599}",
	     "3599 eyJ.x-y_z~+/=", true},
	    {"200\n{\"access_token\":\"t\"}", "3600 t", true},
	    {"200\n{\"access_token\":\"t\",\"expires_in\":\"1800\"}", "1800 t",
	     true},
	    {"200\n{\"access_token\":\"t\",\"expires_in\":\"soon\"}", "3600 t",
	     true},
	    {"200\n{\"access_token\":\"t\",\"expires_in\":0}", "1 t", true},
	    {"200\n{\"access_token\":\"t\",\"expires_in\":-5}", "1 t", true},
	    {"200\n{\"access_token\":\"t\",\"expires_in\":99999999}",
	     "604800 t", true},
	    {"200\n{\"access_token\":\"t\",\"token_type\":\"BEARER\"}",
	     "3600 t", true},
	    {"200\n{\"access_token\":\"t\",\"token_type\":\"mac\"}",
	     "no bearer's", false},
	    {"200\n{\"access_token\":\"\"}", "no access_token", false},
	    {"200\n{\"access_token\":\"a b\"}", "no access_token", false},
	    {"200\n{\"access_token\":\"a\\r\\nDATA\"}", "no access_token",
	     false},
	    {"200\n{\"access_token\":\"a\\u0001b\"}", "no access_token", false},
	    {"200\n{\"access_token\":\"\xc3\xa9\"}", "no access_token", false},
	    {"200\n{\"access_token\":7}", "no access_token", false},
	    {"200\n[]", "no access_token", false},
	    {"200\n<html>", "no access_token", false},
	    {"200\n", "no access_token", false},
	    {"401\n{\"error\":\"invalid_client\",\"error_description\":\"Jo\"}",
	     "answered 401 invalid_client", false},
	    {"400\n{\"error\":\"<b>\"}", "answered 400", false},
	    {"503\nbusy", "answered 503", false},
	    {"302\n", "answered 302", false},
	    {"", "no answer", false},
	    {"200", "no answer", false},
	    {"x\n{}", "no answer", false},
	    {"99999999999\n{}", "no answer", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		struct buf out;

		buf_init(&out, OAUTH_TOKEN_MAX + 64);
		bool good = oauth_read(cases[i].answer, strlen(cases[i].answer),
				       &out, &err);
		if (good != cases[i].good ||
		    (good ? strcmp(out.data, cases[i].read) != 0
			  : !strstr(err.text, cases[i].read)))
			fail_msg("%s: %s, %s", cases[i].answer, out.data,
				 err.text);
		/* who describes an error may name people */
		assert_null(strstr(err.text, "Jo"));
		buf_done(&out);
	}
}

static void f20_what_is_too_long(void **state)
{
	char *text = malloc(OAUTH_ANSWER_MAX + 100);
	struct buf out;
	struct err err = {0};

	(void)state;
	buf_init(&out, OAUTH_TOKEN_MAX + 64);
	int head = sprintf(text, "200\n{\"access_token\":\"");
	memset(text + head, 'x', OAUTH_TOKEN_MAX);
	strcpy(text + head + OAUTH_TOKEN_MAX, "\"}");
	assert_true(oauth_read(text, strlen(text), &out, &err));
	strcpy(text + head + OAUTH_TOKEN_MAX, "x\"}");
	assert_false(oauth_read(text, strlen(text), &out, &err));
	memset(text + 4, ' ', OAUTH_ANSWER_MAX + 90);
	assert_false(oauth_read(text, OAUTH_ANSWER_MAX + 90, &out, &err));
	buf_done(&out);
	free(text);
}

/* The errand that read it had hostile bytes before it. */
static void f20_what_the_daemon_believes(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* 0: refused */
	} cases[] = {
	    {"3599 abc", 3599}, {"1 a", 1},      {"604800 a", 604800},
	    {"604801 a", 0},    {"0 a", 0},      {"-1 a", 0},
	    {"3599", 0},        {"3599 ", 0},    {" abc", 0},
	    {"3599 a b", 0},    {"3599 a\n", 0}, {"3599 \x01", 0},
	    {"x abc", 0},       {"", 0},         {"99999999999999999999 a", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *token = NULL;
		int64_t seconds = 0;
		struct err err = {0};
		bool good = oauth_parse(cases[i].text, &seconds, &token, &err);

		if (good != (cases[i].seconds > 0) ||
		    seconds != cases[i].seconds)
			fail_msg("\"%s\"", cases[i].text);
		if (good)
			assert_string_equal(token,
					    strchr(cases[i].text, ' ') + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_the_form_is_encoded),
	    cmocka_unit_test(f10_what_a_server_answers),
	    cmocka_unit_test(f20_what_is_too_long),
	    cmocka_unit_test(f20_what_the_daemon_believes),
	};

	return cmocka_run_group_tests_name("oauth", tests, NULL, NULL);
}
