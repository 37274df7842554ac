#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/problems.h"
#include "core/settings.h"
#include "tools/config.h"

#define SAMPLE "config/briefingd.conf"

/* all that is compulsory, and nothing else; places for more in each group */
#define LEAST(board, mail, relay, delivery, web)                               \
	"board: { name = \"The Board\"; " board " };\n"                        \
	"mail: { from = \"learning@board.example\"; "                          \
	"rehearsal_address = \"jo@board.example\"; " mail " };\n"              \
	"relays = ( { host = \"smtp.board.example\"; " relay " } );\n"         \
	"delivery: { " delivery " };\n"                                        \
	"web: { base = \"https://l.board.example\"; " web " };\n"

static struct settings *load(const char *text, size_t size, char **ret_problems)
{
	char path[] = "/tmp/briefingd-settings-XXXXXX";
	struct problems problems = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
	struct settings *settings = settings_load(path, &problems);
	unlink(path);
	*ret_problems = problems_format(&problems);
	problems_done(&problems);
	return settings;
}

static struct settings *load_good(const char *text)
{
	char *problems;
	struct settings *settings = load(text, strlen(text), &problems);

	if (!settings)
		fail_msg("%s", problems);
	assert_string_equal(problems, "");
	free(problems);
	return settings;
}

static void f10_least_gets_the_defaults(void **state)
{
	struct settings *settings = load_good(LEAST("", "", "", "", ""));

	(void)state;
	assert_string_equal(settings->board_label, "Partnership");
	assert_string_equal(settings->mail_bounce, "learning@board.example");
	assert_string_equal(settings->mail_help, "learning@board.example");
	assert_string_equal(settings->board_help, "learning@board.example");
	assert_string_equal(settings->privacy_contact, settings->board_help);
	assert_string_equal(settings->privacy_controller, settings->board_name);
	assert_int_equal(settings->relay_count, 1);
	assert_string_equal(settings->relays[0].name, "smtp.board.example");
	assert_string_equal(settings->relays[0].tls, "starttls");
	assert_int_equal(settings->relays[0].port, 587);
	assert_int_equal(settings->window_days, 180);
	assert_string_equal(settings->lists_folder, "/tmp/lists");
	assert_string_equal(settings->state_folder, "/var/lib/briefingd");
	assert_string_equal(settings->relays[0].ca_file, "");
	assert_int_equal(settings->trusted_proxy_count, 0);
	assert_non_null(settings->zone);
	settings_free(settings);
}

static void f10_none_is_freed(void **state)
{
	(void)state;
	settings_free(NULL);
}

/* The sample with every default uncommented. */
static char *uncomment(const char *text)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	while (*text) {
		size_t size =
		    strcspn(text, "\n") + (strchr(text, '\n') != NULL);
		size_t tabs = strspn(text, "\t");
		const char *name = text + tabs + 1;
		size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz_");

		if (tabs > 0 && text[tabs] == '#' && length > 0 &&
		    strncmp(name + length, " = ", 3) == 0)
			buf_add(&out, name, size - tabs - 1);
		else
			buf_add(&out, text, size);
		text += size;
	}
	return buf_take(&out, NULL);
}

static char *read_sample(void)
{
	char *text;
	struct err err;

	if (!file_read(SAMPLE, 1 << 20, &text, NULL, &err))
		fail_msg("%s", err.text);
	return text;
}

static void f20_sample_is_good(void **state)
{
	struct problems problems = {0};
	struct settings *settings = settings_load(SAMPLE, &problems);

	(void)state;
	assert_non_null(settings);
	assert_true(strcmp(strrchr(settings->lists_folder, '/'), "/lists") ==
		    0);
	settings_free(settings);
	problems_done(&problems);
}

/* "relays.host" is looked for in the first of the relays */
static int find_line(const char *text, const char *path)
{
	char numbered[80];

	snprintf(numbered, sizeof(numbered), "%s", path);
	if (strncmp(path, "relays.", 7) == 0)
		snprintf(numbered, sizeof(numbered), "relays.[0].%s", path + 7);
	return config_find_line(text, strlen(text), numbered);
}

static void f30_sample_names_every_setting(void **state)
{
	char *sample = read_sample(), *whole = uncomment(sample);
	struct arena *arena = arena_new();
	const struct setting_description *all = settings_describe(arena);

	(void)state;
	for (; all->path; all++) {
		if (find_line(whole, all->path) == 0)
			fail_msg("%s does not name %s", SAMPLE, all->path);
		/* what is compulsory is set, what has a default is a comment */
		bool is_set = find_line(sample, all->path) > 0;
		if (is_set != (all->fallback == NULL))
			fail_msg("%s: %s should %sbe commented out", SAMPLE,
				 all->path, all->fallback ? "" : "not ");
		assert_true(strlen(all->help) > 10);
		assert_true(strlen(all->allowed) > 0);
	}
	arena_free(arena);
	free(whole);
	free(sample);
}

static void same(const char *what, const char *sample, const char *table)
{
	if (strcmp(sample, table) != 0)
		fail_msg("%s: the sample has \"%s\", the default is \"%s\"",
			 what, sample, table);
}

#define SAME_TEXT(field) same(#field, whole->field, bare->field)
#define SAME_NUMBER(field) assert_int_equal(whole->field, bare->field)

static void f30_sample_shows_the_true_defaults(void **state)
{
	char *sample = read_sample(), *text = uncomment(sample);
	struct settings *bare = load_good(sample), *whole = load_good(text);

	(void)state;
	SAME_TEXT(board_label);
	SAME_TEXT(board_colour);
	SAME_TEXT(board_help);
	SAME_TEXT(privacy_controller);
	SAME_TEXT(privacy_contact);
	SAME_TEXT(privacy_basis);
	SAME_TEXT(privacy_retention);
	SAME_NUMBER(retention_leavers_days);
	SAME_NUMBER(retention_texts_days);
	SAME_NUMBER(retention_mails_days);
	SAME_NUMBER(retention_scans_days);
	SAME_TEXT(time_zone);
	SAME_TEXT(approved_folder);
	SAME_TEXT(state_folder);
	SAME_TEXT(lists_folder);
	SAME_TEXT(templates_folder);
	SAME_TEXT(mail_bounce);
	SAME_TEXT(mail_help);
	SAME_TEXT(relays[0].name);
	SAME_TEXT(relays[0].tls);
	SAME_TEXT(relays[0].ca_file);
	SAME_TEXT(relays[0].tls_minimum);
	SAME_TEXT(relays[0].certificate_file);
	SAME_TEXT(relays[0].key_file);
	SAME_TEXT(relays[0].auth);
	SAME_TEXT(relays[0].envelope);
	SAME_NUMBER(relays[0].messages_per_connection);
	SAME_NUMBER(relays[0].messages_per_minute);
	SAME_NUMBER(relays[0].messages_per_day);
	SAME_TEXT(relays[0].user);
	SAME_TEXT(relays[0].password_file);
	SAME_TEXT(oauth_token_url);
	SAME_TEXT(oauth_client_id);
	SAME_TEXT(oauth_client_secret_file);
	SAME_TEXT(oauth_scope);
	SAME_TEXT(oauth_ca_file);
	SAME_TEXT(mailbox.kind);
	SAME_TEXT(mailbox.host);
	SAME_TEXT(mailbox.tls);
	SAME_TEXT(mailbox.ca_file);
	SAME_TEXT(mailbox.user);
	SAME_TEXT(mailbox.auth);
	SAME_TEXT(mailbox.password_file);
	SAME_TEXT(mailbox.folder);
	SAME_TEXT(mailbox.path);
	SAME_NUMBER(mailbox.port);
	SAME_NUMBER(mailbox.poll_seconds);
	SAME_TEXT(web_listen);
	SAME_NUMBER(relays[0].port);
	SAME_NUMBER(relays[0].connections);
	SAME_NUMBER(relays[0].timeout_seconds);
	SAME_NUMBER(retry_first_seconds);
	SAME_NUMBER(retry_most_seconds);
	SAME_NUMBER(retry_days);
	SAME_NUMBER(trusted_proxy_count);
	SAME_NUMBER(window_days);
	SAME_NUMBER(deadline_days);
	SAME_NUMBER(removal_percent);
	settings_free(whole);
	settings_free(bare);
	free(text);
	free(sample);
}

static void f40_faults_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
	    {LEAST("colour = \"teal\";", "", "", "", ""), ":1: board.colour"},
	    {LEAST("colour = \"#9fd3e4\";", "", "", "", ""), "too light"},
	    {LEAST("time_zone = \"Europe/Bristol\";", "", "", "", ""),
	     ":1: board.time_zone"},
	    {LEAST("nmae = \"x\";", "", "", "", ""), ":1:"},
	    {LEAST("", "help = \"nobody\";", "", "", ""), ":2: mail.help"},
	    {LEAST("", "help = \"a@b.example\\r\\nBcc: c@d.example\";", "", "",
		   ""),
	     ":2:"},
	    {LEAST("",
		   "bounce = \"a-local-part-that-is-far-too-long-for-a-token@"
		   "b.example\";",
		   "", "", ""),
	     "43 bytes"},
	    {LEAST("", "reply_word = \"I agree\";", "", "", ""), "one word"},
	    {LEAST("", "reply_word = \"READ.\";", "", "", ""), "one word"},
	    {LEAST("", "", "port = 99999;", "", ""), ":3:"},
	    {LEAST("", "", "tls = \"maybe\";", "", ""), ":3:"},
	    {LEAST("", "", "password_file = \"x\";", "", ""),
	     ":3: relays.password_file"},
	    {LEAST("", "", "user = \"x\"; auth = \"xoauth2\";", "", ""),
	     ":3: relays.auth"},
	    {LEAST("", "", "tls = \"none\"; user = \"u\";", "", ""),
	     "in clear text"},
	    {LEAST("", "", "host = \"x\";", "", ""), ":3:"},
	    {LEAST("", "", "tls_minimum = \"1.1\";", "", ""),
	     ":3: relays.tls_minimum"},
	    {LEAST("", "", "key_file = \"x\";", "", ""), ":3: relays.key_file"},
	    {LEAST("", "", "tls = \"none\"; certificate_file = \"x\";", "", ""),
	     ":3: relays.certificate_file"},
	    {LEAST("", "", "messages_per_minute = -1;", "", ""),
	     ":3: relays.messages_per_minute"},
	    {"relays = ( { host = \"a\"; },\n{ host = \"a\"; } );",
	     ":2: relays.host: another relay"},
	    {LEAST("", "", "name = \"../x\";", "", ""), ":3: relays.name"},
	    {LEAST("", "", "name = \".x\";", "", ""), ":3: relays.name"},
	    {"relays = ( );", ":1: relays: 0 groups, but at least 1"},
	    {"mode = 1;", "relays: missing: the SMTP servers"},
	    {"relays = ( { host = \"a b\"; } );", ":1: relays.host"},
	    {"relays: { host = \"x\"; };", ":1: relays: a list"},
	    {"relay: { host = \"x\"; };", ":1: relay: there is no such"},
	    {LEAST("", "", "", "retry_first_seconds = 20000;", ""),
	     ":4: delivery.retry_first_seconds"},
	    {"oauth: { token_url = \"http://login.example/t\"; client_id ="
	     " \"c\"; };",
	     ":1: oauth.token_url"},
	    {"oauth: { token_url = \"https://a@login.example/t\"; client_id ="
	     " \"c\"; };",
	     ":1: oauth.token_url"},
	    {LEAST("", "", "", "", "") "oauth: { client_id = \"c\"; };",
	     "oauth.client_id"},
	    {LEAST("", "", "", "", "") "mailbox: { kind = \"pop\"; };",
	     ":6: mailbox.kind"},
	    {LEAST("", "", "", "", "") "mailbox: { kind = \"maildir\"; };",
	     "mailbox.path"},
	    {LEAST("", "", "", "", "") "mailbox: { kind = \"imap\"; user ="
				       " \"u\"; };",
	     "mailbox.host"},
	    {LEAST("", "", "", "", "") "mailbox: { kind = \"imap\"; host ="
				       " \"h\"; };",
	     "mailbox.user"},
	    {LEAST("", "", "", "", "") "mailbox: { kind = \"imap\"; host ="
				       " \"h\"; user = \"u\"; tls ="
				       " \"none\"; };",
	     "in clear text"},
	    {LEAST("", "", "", "", "") "mailbox: { kind = \"imap\"; host ="
				       " \"h\"; user = \"u\"; auth ="
				       " \"xoauth2\"; };",
	     "needs the group oauth"},
	    {LEAST("", "", "", "", "listen = \"localhost:80\";"),
	     ":5: web.listen"},
	    {LEAST("", "", "", "", "listen = \"[::1]\";"), "names no port"},
	    {LEAST("", "", "", "", "listen = \"[::1:80\";"), ":5: web.listen"},
	    {LEAST("", "", "", "", "trusted_proxies = [ \"proxy\" ];"),
	     ":5: web.trusted_proxies"},
	    {LEAST("", "", "", "", "trusted_proxies = [ \"10.0.0.0/33\" ];"),
	     ":5: web.trusted_proxies"},
	    {"board: { name = \"x\"; };", "mail.from"},
	    {"board: {", ":"},
	    {"@include \"/etc/passwd\"\n", "@include"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *problems;
		struct settings *settings =
		    load(cases[i].text, strlen(cases[i].text), &problems);

		if (settings)
			fail_msg("was taken: %s", cases[i].text);
		if (!strstr(problems, cases[i].said))
			fail_msg("%s\nnot told (%s): %s", cases[i].text,
				 cases[i].said, problems);
		free(problems);
	}
}

static char *load_base(const char *base)
{
	char text[1000], *problems;

	snprintf(
	    text, sizeof(text),
	    "board: { name = \"x\"; }; mail: { from = \"a@b.example\"; "
	    "rehearsal_address = \"a@b.example\"; };"
	    "relays = ( { host = \"localhost\"; } ); web: { base = \"%s\"; };",
	    base);
	settings_free(load(text, strlen(text), &problems));
	return problems;
}

static void f40_links_start_with_a_safe_base(void **state)
{
	static const struct {
		const char *base, *said; /* "": good */
	} cases[] = {
	    {"https://l.example", ""},
	    {"https://l.example/learning", ""},
	    {"http://127.0.0.1:8086", ""},
	    {"http://[::1]:8086", ""},
	    {"http://localhost:8086", ""},
	    {"http://l.example", "must start with https"},
	    {"http://localhost.example", "must start with https"},
	    {"https://l.example/", "a slash at the end"},
	    {"https://l.example?x=1", "a character"},
	    {"https://l.example/<b>", "a character"},
	    {"ftp://l.example", "no address of a web site"},
	    {"https:///x", "no address of a web site"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *problems = load_base(cases[i].base);

		if (cases[i].said[0] ? !strstr(problems, cases[i].said)
				     : problems[0] != '\0')
			fail_msg("%s: %s", cases[i].base, problems);
		free(problems);
	}
}

static void f50_missing_file_is_told(void **state)
{
	struct problems problems = {0};

	(void)state;
	assert_null(settings_load("/nowhere/briefingd.conf", &problems));
	assert_int_equal(problems.count, 1);
	problems_done(&problems);
}

static void f50_file_of_10_mb_is_told(void **state)
{
	size_t size = 10 * 1024 * 1024;
	char *text = malloc(size), *problems;

	(void)state;
	memset(text, '#', size);
	assert_null(load(text, size, &problems));
	assert_non_null(strstr(problems, "at most"));
	free(problems);
	free(text);
}

static void f60_lines_are_found(void **state)
{
	static const char text[] = "ref = \"x\";\r\n"
				   "documents = (\r\n"
				   "  { file = \"a\"; },\r\n"
				   "  { file = \"b\"; }\r\n"
				   ");\r\n";

	(void)state;
	assert_int_equal(config_find_line(text, sizeof(text) - 1, "ref"), 1);
	assert_int_equal(
	    config_find_line(text, sizeof(text) - 1, "documents.[1].file"), 4);
	assert_int_equal(config_find_line(text, sizeof(text) - 1, "title"), 0);
	assert_int_equal(config_find_line("ref = ;", 7, "ref"), 0);
	assert_int_equal(config_find_line("\xef\xbb\xbf\nref = 1;", 12, "ref"),
			 2);
	assert_int_equal(
	    config_find_line("@include \"/dev/zero\"\nref = 1;", 29, "ref"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_least_gets_the_defaults),
	    cmocka_unit_test(f10_none_is_freed),
	    cmocka_unit_test(f20_sample_is_good),
	    cmocka_unit_test(f30_sample_names_every_setting),
	    cmocka_unit_test(f30_sample_shows_the_true_defaults),
	    cmocka_unit_test(f40_faults_are_told_with_their_line),
	    cmocka_unit_test(f40_links_start_with_a_safe_base),
	    cmocka_unit_test(f50_missing_file_is_told),
	    cmocka_unit_test(f50_file_of_10_mb_is_told),
	    cmocka_unit_test(f60_lines_are_found),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
