#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/problems.h"
#include "core/link.h"
#include "core/settings.h"
#include "store.h"
#include "tools/calendar.h"
#include "tools/template.h"
#include "web/web.h"

#include "fake_http.h"
#include "golden.h"
#include "scene.h"

#define NOW 1795356180LL /* Sunday 22 November 2026, 14:03 in London */
#define SENT_AT (NOW - 3 * SCENE_DAY)
#define DUE_AT (SENT_AT + 14 * SCENE_DAY)
#define CLOSES_AT (SENT_AT + 180 * SCENE_DAY)

/* the deliveries of the scene */
enum {
	PLAIN = 1, /* LTB-1 with documents, LTB-2 */
	MARKED,    /* LTB-3, OFFICIAL-SENSITIVE, with a document */
	REHEARSED, /* LTB-1 */
	FRESH,     /* LTB-1, accepted ten seconds ago */
};

struct site {
	struct store store;
	struct settings settings;
	struct link_keys keys;
	struct template_set *templates;
	struct web *web;
	char paths[5][64]; /* /a/TOKEN of each delivery */
};

static void store_document(struct site *site, const char *sha256,
			   const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/documents", site->store.folder);
	store_check(&site->store,
		    file_make_folder(path, 0700, &site->store.err));
	snprintf(path, sizeof(path), "%s/documents/%s", site->store.folder,
		 sha256);
	store_check(&site->store, file_write(path, text, strlen(text), 0600,
					     &site->store.err));
}

static void fill_store(struct site *site)
{
	struct store *store = &site->store;

	scene_list(store, 1, "police");
	scene_person(store, 1);
	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	scene_version(store, 2, "LTB-2", 1, "OFFICIAL");
	scene_version(store, 3, "LTB-3", 1, "OFFICIAL-SENSITIVE");
	store_do(
	    store,
	    "INSERT INTO ledger_key (id, verifier, first_used_at) VALUES"
	    " (1, 'learning.example/ledger+01234567+AQ', 1);"
	    "INSERT INTO checkpoint (size, made_at, note, key_id) VALUES"
	    " (1027, 1, 'learning.example/ledger' || char(10) || '1027' ||"
	    " char(10) || 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=' ||"
	    " char(10, 10) || '(signed)' || char(10), 1)");
	scene_document(store, 1, 1, "ltb-1.pdf", "application/pdf", "aa11");
	scene_document(store, 1, 2, "notes.docx",
		       "application/vnd.openxmlformats-officedocument."
		       "wordprocessingml.document",
		       "bb22");
	scene_document(store, 3, 1, "marked.pdf", "application/pdf", "cc33");
	store_document(site, "aa11", "%PDF-1.7 plain");
	store_document(site, "bb22", "PK notes");
	store_document(site, "cc33", "%PDF-1.7 marked");
	scene_letter(store, PLAIN, 1, "live", "1,2");
	scene_letter(store, MARKED, 1, "live", "3");
	scene_letter(store, REHEARSED, 1, "rehearsal", "1");
	scene_letter(store, FRESH, 1, "live", "1");
	scene_delivery(store, PLAIN, 1, PLAIN, "live", SENT_AT, SENT_AT);
	scene_delivery(store, MARKED, 1, MARKED, "live", SENT_AT, SENT_AT);
	scene_delivery(store, REHEARSED, 1, REHEARSED, "rehearsal", SENT_AT,
		       SENT_AT);
	scene_delivery(store, FRESH, 1, FRESH, "live", NOW - 10, NOW - 10);
	for (int i = 1; i <= 3; i++)
		scene_requirement(store, i, 1, 1, "police",
				  i == 3 ? MARKED : PLAIN, SENT_AT, DUE_AT,
				  CLOSES_AT);
}

static int open_site(void **state)
{
	struct site *site = xcalloc(1, sizeof(*site));
	struct problems problems = {0};

	store_open(&site->store);
	site->settings = (struct settings){
	    .board_name = "Severnside Safeguarding Children Partnership",
	    .board_colour = "#1d4f60",
	    .board_help = "learning@severnside.example, 01632 960001",
	    .time_zone = "Europe/London",
	    .zone = zone_open("Europe/London", &site->store.err),
	    .privacy_controller = "Severnside <Partnership>",
	    .privacy_contact = "data@severnside.example",
	    .privacy_basis = "a public task, UK GDPR Article 6(1)(e)",
	    .retention_leavers_days = 365,
	    .retention_texts_days = 1095,
	    .retention_mails_days = 1,
	    .retention_scans_days = 30,
	    .mail_from = "learning@severnside.example",
	    .mail_help = "help@severnside.example",
	    .state_folder = site->store.folder,
	    .templates_folder = "/nonexistent",
	    .rehearsal_address = "rehearsal@severnside.example",
	    .web_base = "https://learning.example",
	    .window_days = 180,
	};
	assert_non_null(site->settings.zone);
	site->keys.count = 1;
	site->keys.list[0].id = '1';
	memset(site->keys.list[0].key, 7, LINK_KEY_SIZE);
	site->templates = template_set_load(NULL, &problems);
	assert_non_null(site->templates);
	fill_store(site);
	site->web = web_new(site->store.db, &site->keys, &site->settings,
			    site->templates);
	for (int i = PLAIN; i <= FRESH; i++) {
		strcpy(site->paths[i], "/a/");
		link_format(link_signer(&site->keys), i, site->paths[i] + 3);
	}
	*state = site;
	return 0;
}

static int close_site(void **state)
{
	struct site *site = *state;

	web_free(site->web);
	template_set_free(site->templates);
	zone_close(site->settings.zone);
	store_close(&site->store);
	free(site);
	return 0;
}

/* --- asking --- */

/* pages share what they read in one reading transaction, as the roof has it */
static void begin_pages(struct site *site)
{
	store_check(&site->store,
		    db_begin_reading(site->store.db, &site->store.err));
	web_begin_pages(site->web);
}

static void end_pages(struct site *site)
{
	web_end_pages(site->web);
	db_rollback(site->store.db);
}

static void ask(struct site *site, struct http_request *request, int64_t now)
{
	fake_done(request);
	begin_pages(site);
	web_handle(request, site->web, now);
	end_pages(site);
	assert_true(request->replies == 1 ||
		    (request->replies == 0 && web_has_pending(site->web)));
}

/* one GET: the status, and whether the page has the text (NULL: any) */
static void check_get(struct site *site, const char *path, int status,
		      const char *text)
{
	struct http_request request = fake_get(path);

	ask(site, &request, NOW);
	if (request.status != status)
		fail_msg("%s: status %d", path, request.status);
	if (text && !strstr(request.body, text))
		fail_msg("%s: no \"%s\" in %s", path, text, request.body);
	fake_done(&request);
}

#define RECEIPT "0123456789abcdefghjk"

/* Receipts are random: .../LTB-1/ID" and .../LTB-1/ID/not-me" */
static void settle_receipts(char *body)
{
	for (char *at = body; (at = strstr(at, "/LTB-")); at++) {
		char *id = strchr(at + 1, '/');
		if (id && strcspn(id + 1, "\"/") == strlen(RECEIPT))
			memcpy(id + 1, RECEIPT, strlen(RECEIPT));
	}
}

static void check_golden(struct http_request *request, int status,
			 const char *name)
{
	char file[64];

	assert_int_equal(request->status, status);
	snprintf(file, sizeof(file), "web-%s.html", name);
	settle_receipts(request->body);
	golden_check(file, request->body, request->size);
	fake_done(request);
}

static void get_golden(struct site *site, const char *path, int status,
		       const char *name)
{
	struct http_request request = fake_get(path);

	ask(site, &request, NOW);
	check_golden(&request, status, name);
}

static void form_of(struct site *site, int delivery, int64_t shown_at,
		    char ret[LINK_FORM_SIZE])
{
	link_format_form(link_signer(&site->keys), delivery, shown_at, ret);
}

/* a POST of the form shown at a time, ids ended by NULL */
static struct http_request post_form(struct site *site, int delivery,
				     int64_t shown_at, const char *const *ids)
{
	static char form[LINK_FORM_SIZE];
	struct http_request request = fake_post(site->paths[delivery]);

	form_of(site, delivery, shown_at, form);
	fake_field(&request, "form", form);
	for (; *ids; ids++)
		fake_field(&request, "v", *ids);
	return request;
}

/* what the roof's turn does */
static int commit(struct site *site, int64_t now)
{
	int count = -1;

	store_begin(&site->store);
	store_check(&site->store,
		    web_record(site->web, now, &count, &site->store.err));
	store_commit(&site->store);
	begin_pages(site);
	web_answer(site->web, true, now);
	end_pages(site);
	assert_false(web_has_pending(site->web));
	return count;
}

static long long count_recorded(struct site *site)
{
	return store_number(&site->store, "SELECT count(*) FROM requirement "
					  "WHERE acknowledged_at IS NOT NULL");
}

static const char *const first[] = {"1", NULL};
static const char *const none[] = {NULL};

/* --- the page and its form --- */

static void f10_page_of_a_delivery(void **state)
{
	struct site *site = *state;

	get_golden(site, site->paths[PLAIN], 200, "confirm");
}

static void f10_recorded_after_the_commit(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	ask(site, &request, NOW);
	/* not a word before it is durable */
	assert_int_equal(request.replies, 0);
	assert_int_equal(count_recorded(site), 0);
	assert_int_equal(commit(site, NOW), 1);
	assert_int_equal(count_recorded(site), 1);
	check_golden(&request, 200, "recorded");
	/* a second POST, as when the page is loaded again, is harmless */
	ask(site, &request, NOW + 5);
	assert_int_equal(commit(site, NOW + 5), 0);
	assert_non_null(strstr(request.body, "It is recorded"));
	assert_non_null(strstr(request.body, "at 14:03"));
	fake_done(&request);
}

static void f10_all_recorded(void **state)
{
	static const char *const both[] = {"1", "2", NULL};
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, both);

	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 2);
	check_golden(&request, 200, "all-recorded");
	/* the link goes on working, and asks for nothing */
	check_get(site, site->paths[PLAIN], 200, "Recorded");
}

static void f20_a_reflection_is_kept(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	fake_field(&request, "r1", "See <each> child alone.");
	fake_field(&request, "r2", "Typed, and box 2 is not ticked");
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	assert_int_equal(store_number(&site->store,
				      "SELECT count(*) FROM event_text WHERE "
				      "text = 'See <each> child alone.'"),
			 1);
	/* what was not recorded is still there to be */
	assert_non_null(strstr(request.body, "Typed, and box 2"));
	fake_done(&request);
}

static void f20_a_text_that_is_too_long_is_mended(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);
	char text[1100];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fake_field(&request, "r1", text);
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	assert_non_null(strstr(request.body, "longer than 1,000 characters"));
	assert_non_null(strstr(request.body, text));
	assert_non_null(strstr(request.body, "value=\"1\" checked"));
	fake_done(&request);
}

static void f10_nothing_ticked(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, none);

	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	check_golden(&request, 200, "nothing-ticked");
}

/* Each is shown again, with no box ticked and a new form, and not counted. */
static void f20_not_counted(void **state)
{
	static const char *const foreign[] = {"3", "99", "-1", "x", "", NULL};
	static const struct {
		const char *name;
		int delivery;
		int64_t shown_at;
		const char *const *ids;
		const char *says;
	} cases[] = {
	    {"2 s after the form", PLAIN, NOW - 2, first, "faster than"},
	    {"10 s after the mail", FRESH, NOW - 5, first, "only a moment ago"},
	    {"a form of the day before", PLAIN, NOW - 90000, first,
	     "more than a day"},
	    {"ids of other mails", PLAIN, NOW - 60, foreign,
	     "Nothing is recorded yet"},
	    {"rehearsal", REHEARSED, NOW - 60, first, "counts for nothing"},
	};
	struct site *site = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_request request = post_form(
		    site, cases[i].delivery, cases[i].shown_at, cases[i].ids);
		ask(site, &request, NOW);
		if (web_has_pending(site->web) ||
		    !strstr(request.body, cases[i].says) ||
		    strstr(request.body, " checked"))
			fail_msg("%s: %s", cases[i].name, request.body);
		fake_done(&request);
	}
	assert_int_equal(count_recorded(site), 0);
}

static void f20_forms_are_of_one_delivery(void **state)
{
	struct site *site = *state;
	struct http_request request = fake_post(site->paths[PLAIN]);
	char form[LINK_FORM_SIZE];

	form_of(site, FRESH, NOW - 60, form);
	fake_field(&request, "form", form);
	fake_field(&request, "v", "1");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	fake_done(&request);
	/* and without a form, as a program would post */
	request = fake_post(site->paths[PLAIN]);
	fake_field(&request, "v", "1");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	fake_done(&request);
}

static void f20_get_and_head_change_nothing(void **state)
{
	static const char *const behind[] = {"", "/LTB-1", "/LTB-1/1", "/x"};
	struct site *site = *state;

	for (int head = 0; head <= 1; head++)
		for (int delivery = PLAIN; delivery <= FRESH; delivery++)
			for (size_t i = 0; i < 4; i++) {
				char path[100], form[LINK_FORM_SIZE];
				struct http_request request = fake_get(path);

				snprintf(path, sizeof(path), "%s%s",
					 site->paths[delivery], behind[i]);
				form_of(site, delivery, NOW - 60, form);
				fake_field(&request, "form", form);
				fake_field(&request, "v", "1");
				request.method = head ? HTTP_HEAD : HTTP_GET;
				ask(site, &request, NOW);
				assert_false(web_has_pending(site->web));
				fake_done(&request);
			}
	assert_int_equal(count_recorded(site), 0);
	assert_int_equal(
	    store_number(&site->store, "SELECT count(*) FROM event"), 0);
}

static void f20_while_paused_it_counts(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	store_do(&site->store, "UPDATE board SET paused_at = 1, "
			       "paused_reason = 'moved'");
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	fake_done(&request);
}

static void f20_withdrawn(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);
	char path[100];

	/* between the button and the commit */
	ask(site, &request, NOW);
	store_do(&site->store,
		 "UPDATE briefing SET withdrawn_at = 5, "
		 "withdrawn_reason = 'secret' WHERE ref = 'LTB-1';"
		 "UPDATE requirement SET closed_at = 5, "
		 "closed_as = 'withdrawn' WHERE version_id = 1");
	assert_int_equal(commit(site, NOW), 0);
	check_golden(&request, 200, "withdrawn-meanwhile");
	snprintf(path, sizeof(path), "%s/LTB-1", site->paths[PLAIN]);
	get_golden(site, path, 410, "withdrawn");
	snprintf(path, sizeof(path), "%s/LTB-1/1", site->paths[PLAIN]);
	check_get(site, path, 410, "withdrawn");
}

/* the answer is the page that was loaded for the POST, but for what changed */
static void f20_another_is_withdrawn_meanwhile(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	scene_version(&site->store, 6, "LTB-6", 1, "OFFICIAL");
	scene_letter(&site->store, 6, 1, "live", "6");
	scene_delivery(&site->store, 6, 1, 6, "live", SENT_AT, SENT_AT);
	scene_requirement(&site->store, 6, 1, 1, "police", 6, SENT_AT, DUE_AT,
			  CLOSES_AT);
	check_get(site, site->paths[PLAIN], 200, "It came in another mail");
	check_get(site, site->paths[PLAIN], 200, "LTB-6");
	ask(site, &request, NOW);
	store_do(
	    &site->store,
	    "UPDATE briefing SET withdrawn_at = 5,"
	    " withdrawn_reason = 'secret' WHERE ref IN ('LTB-2', 'LTB-6')");
	assert_int_equal(commit(site, NOW), 1);
	assert_non_null(strstr(request.body, "It is recorded"));
	assert_non_null(strstr(request.body, "It was withdrawn."));
	assert_null(strstr(request.body, "LTB-6"));
	fake_done(&request);
}

/* two confirm in one turn: what one recorded, the other's page knows */
static void f20_two_in_one_turn(void **state)
{
	static const char *const second[] = {"2", NULL};
	struct site *site = *state;
	struct http_request one = post_form(site, PLAIN, NOW - 60, first);
	struct http_request other = post_form(site, PLAIN, NOW - 60, second);
	struct http_request again = post_form(site, PLAIN, NOW - 60, first);

	ask(site, &one, NOW);
	ask(site, &other, NOW);
	ask(site, &again, NOW);
	assert_int_equal(commit(site, NOW), 2);
	for (int i = 0; i < 3; i++) {
		struct http_request *request = i == 0   ? &one
					       : i == 1 ? &other
							: &again;
		assert_int_equal(request->status, 200);
		assert_non_null(strstr(request->body, "It is recorded"));
		assert_non_null(strstr(request->body, "Nothing more is asked"));
		fake_done(request);
	}
}

static void f20_erased_meanwhile(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	ask(site, &request, NOW);
	store_do(&site->store, "UPDATE person SET erased_at = 5");
	assert_int_equal(commit(site, NOW), 0);
	assert_int_equal(request.status, 410);
	assert_null(strstr(request.body, "example.org"));
	fake_done(&request);
}

static void f20_superseded(void **state)
{
	struct site *site = *state;
	char path[100];

	scene_version(&site->store, 5, "LTB-1", 2, "OFFICIAL");
	snprintf(path, sizeof(path), "%s/LTB-1", site->paths[PLAIN]);
	check_get(site, path, 410, "newer version");
	check_get(site, site->paths[PLAIN], 200, "A newer version has");
}

static void f20_window_over(void **state)
{
	struct site *site = *state;
	struct http_request request = fake_get(site->paths[PLAIN]);

	ask(site, &request, CLOSES_AT - 1);
	assert_int_equal(request.status, 200);
	ask(site, &request, CLOSES_AT);
	check_golden(&request, 410, "expired");
	request = post_form(site, PLAIN, CLOSES_AT - 60, first);
	ask(site, &request, CLOSES_AT);
	assert_int_equal(request.status, 410);
	fake_done(&request);
}

static void f20_rehearsal(void **state)
{
	struct site *site = *state;

	get_golden(site, site->paths[REHEARSED], 200, "rehearsal");
}

static void f20_links_that_did_not_arrive_whole(void **state)
{
	struct site *site = *state;
	char path[100];

	get_golden(site, "/a/1000", 404, "wrong-link");
	snprintf(path, sizeof(path), "%s", site->paths[PLAIN]);
	path[12] = path[12] == '0' ? '1' : '0';
	check_get(site, path, 404, "https://learning.example/c");
	/* what mail programs do to links is mended */
	snprintf(path, sizeof(path), "%s.", site->paths[PLAIN]);
	check_get(site, path, 200, "Confirm what you have read");
	for (char *c = path; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	check_get(site, path, 200, "Confirm what you have read");
	/* of a delivery that an older copy of the store does not hold */
	strcpy(path, "/a/");
	link_format(link_signer(&site->keys), 99, path + 3);
	check_get(site, path, 404, "short code");
}

static void f20_briefing_and_documents(void **state)
{
	struct site *site = *state;
	struct http_request request;
	char path[100];

	snprintf(path, sizeof(path), "%s/ltb-1", site->paths[PLAIN]);
	get_golden(site, path, 200, "briefing");
	snprintf(path, sizeof(path), "%s/LTB-1/1", site->paths[PLAIN]);
	request = fake_get(path);
	ask(site, &request, NOW);
	assert_int_equal(request.status, 200);
	assert_true(request.has_file);
	assert_string_equal(request.content_type, "application/pdf");
	assert_string_equal(request.body, "%PDF-1.7 plain");
	assert_null(request.file_name);
	snprintf(path, sizeof(path), "%s/LTB-1/2", site->paths[PLAIN]);
	ask(site, &request, NOW);
	assert_string_equal(request.file_name, "notes.docx");
	fake_done(&request);
	/* of this delivery only, and only what is there */
	static const char *const not_there[] = {
	    "/LTB-3",     "/LTB-3/1", "/LTB-1/3", "/LTB-1/0",
	    "/LTB-1/1/1", "/LTB-1/x", "/LTB-9"};
	for (size_t i = 0; i < sizeof(not_there) / sizeof(*not_there); i++) {
		snprintf(path, sizeof(path), "%s%s", site->paths[PLAIN],
			 not_there[i]);
		check_get(site, path, 404, NULL);
	}
}

/* --- what a list asks besides the tick --- */

static struct http_request post_answer(struct site *site, int delivery,
				       const char *id, const char *answer)
{
	const char *const ids[] = {id, NULL};
	struct http_request request = post_form(site, delivery, NOW - 60, ids);

	if (answer)
		fake_field(&request, "answer", answer);
	return request;
}

/* asked, and told that; not kept */
static void check_asked_again(struct site *site, struct http_request request,
			      int status, const char *says)
{
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	assert_int_equal(request.status, status);
	if (!strstr(request.body, says))
		fail_msg("no \"%s\" in %s", says, request.body);
	fake_done(&request);
}

static void ask_for(struct site *site, const char *word)
{
	scene_do(&site->store, "UPDATE list SET confirm = '%s'", word);
}

static void f20_a_list_that_asks_for_the_code(void **state)
{
	struct site *site = *state;
	char code[LINK_CODE_SIZE];
	struct http_request request;

	ask_for(site, "code");
	get_golden(site, site->paths[PLAIN], 200, "asks-code");
	check_asked_again(site, post_answer(site, PLAIN, "1", NULL), 200,
			  "Type the code");
	check_asked_again(site, post_answer(site, PLAIN, "1", " "), 200,
			  "Type the code");
	link_format_code(link_signer(&site->keys), FRESH, code);
	request = post_answer(site, PLAIN, "1", code);
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	check_golden(&request, 200, "asks-code-wrong");
	/* no tick and too fast come first: they ask for nothing more */
	check_asked_again(site, post_answer(site, FRESH, "1", "x"), 200,
			  "only a moment ago");
	link_format_code(link_signer(&site->keys), PLAIN, code);
	request = post_answer(site, PLAIN, "1", code);
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	fake_done(&request);
	/* in a rehearsal as well, and nothing counts */
	check_asked_again(site, post_answer(site, REHEARSED, "1", "x"), 200,
			  "not the code");
	link_format_code(link_signer(&site->keys), REHEARSED, code);
	check_asked_again(site, post_answer(site, REHEARSED, "1", code), 200,
			  "counts for nothing");
	assert_int_equal(count_recorded(site), 1);
}

static void f20_a_list_that_asks_for_the_address(void **state)
{
	struct site *site = *state;
	struct http_request request;

	ask_for(site, "email");
	get_golden(site, site->paths[PLAIN], 200, "asks-email");
	check_asked_again(site, post_answer(site, PLAIN, "1", NULL), 200,
			  "Type the work address");
	check_asked_again(site,
			  post_answer(site, PLAIN, "1", "x@y.example\"><b>"),
			  200, "value=\"x@y.example&quot;&gt;&lt;b&gt;\"");
	request = post_answer(site, PLAIN, "1", " JO.bloggs1@example.ORG ");
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	fake_done(&request);
	check_asked_again(
	    site,
	    post_answer(site, REHEARSED, "1", "rehearsal@severnside.example"),
	    200, "counts for nothing");
	/* marked: it was typed before */
	request = post_answer(site, MARKED, "3", NULL);
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	fake_done(&request);
}

static void f30_wrong_answers_are_limited_and_lock_nobody_out(void **state)
{
	struct site *site = *state;
	struct http_request request;
	char code[LINK_CODE_SIZE];

	ask_for(site, "code");
	link_format_code(link_signer(&site->keys), PLAIN, code);
	/* what nobody typed is no guess */
	for (int i = 0; i < 9; i++)
		check_asked_again(site, post_answer(site, PLAIN, "1", ""), 200,
				  "Type the code");
	for (int i = 0; i < 5; i++)
		check_asked_again(site, post_answer(site, PLAIN, "1", "x"), 200,
				  "not the code");
	request = post_answer(site, PLAIN, "1", code);
	ask(site, &request, NOW);
	assert_int_equal(request.retry_s, 300);
	check_golden(&request, 429, "asks-code-wait");
	/* someone else's guesses, elsewhere, are not the person's */
	request.peer = "192.0.2.99";
	ask(site, &request, NOW);
	assert_true(web_has_pending(site->web));
	assert_int_equal(commit(site, NOW), 1);
	fake_done(&request);
	request = post_answer(site, PLAIN, "2", code);
	ask(site, &request, NOW + 300);
	assert_int_equal(commit(site, NOW + 300), 1);
	fake_done(&request);
}

/* --- a mailbox that several people read --- */

static void share_mailbox(struct site *site)
{
	store_do(&site->store,
		 "INSERT INTO member (list_id, person_id, row_key, row_hash, "
		 "is_primary, is_shared, joined_at, status, added_at) VALUES "
		 "(1, 1, 'k', 'h', 0, 1, 0, 'active', 0)");
}

static struct http_request post_name(struct site *site, const char *name)
{
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	if (name)
		fake_field(&request, "name", name);
	return request;
}

/* how many confirmations are new */
static int confirm_name(struct site *site, const char *name, const char *golden)
{
	struct http_request request = post_name(site, name);

	ask(site, &request, NOW);
	int count = commit(site, NOW);
	if (golden)
		check_golden(&request, 200, golden);
	fake_done(&request);
	return count;
}

static void f20_a_shared_mailbox_confirms_by_name(void **state)
{
	struct site *site = *state;
	struct http_request request;
	char longest[200];

	share_mailbox(site);
	get_golden(site, site->paths[PLAIN], 200, "shared");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	const char *const wrong[] = {NULL, "", " \t ", longest};
	for (size_t i = 0; i < 4; i++) {
		request = post_name(site, wrong[i]);
		ask(site, &request, NOW);
		assert_false(web_has_pending(site->web));
		assert_non_null(strstr(request.body, "Type your own name"));
		if (i == 1)
			check_golden(&request, 200, "shared-no-name");
		fake_done(&request);
	}
	assert_int_equal(confirm_name(site, "Ann <Abel>", NULL), 1);
	assert_int_equal(confirm_name(site, " ann <abel>\r", NULL), 0);
	assert_int_equal(confirm_name(site, "Bo Berg", "shared-recorded"), 1);
	/* what one wrote is not left for the next */
	request = post_name(site, "Di Dean");
	fake_field(&request, "r1", "Only mine");
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	assert_null(strstr(request.body, "Only mine"));
	fake_done(&request);
	assert_int_equal(confirm_name(site, "Cy Cole", NULL), 1);
	/* one requirement, the others beside it, names apart from events */
	assert_int_equal(count_recorded(site), 1);
	assert_string_equal(
	    store_text(&site->store,
		       "SELECT group_concat(kind || ' ' || grade) FROM beside"),
	    "further confirmed,further confirmed-with-reflection,further "
	    "confirmed");
	assert_string_equal(store_text(&site->store,
				       "SELECT group_concat(text) FROM "
				       "event_text WHERE name = 'name'"),
			    "Ann <Abel>,Bo Berg,Di Dean,Cy Cole");
	assert_int_equal(store_number(&site->store,
				      "SELECT count(*) FROM event WHERE body "
				      "LIKE '%Berg%' OR body LIKE '%Abel%'"),
			 0);
	/* nobody sees the others' names or receipts */
	request = fake_get(site->paths[PLAIN]);
	ask(site, &request, NOW);
	assert_non_null(strstr(request.body, "4 people have confirmed"));
	assert_null(strstr(request.body, "Abel"));
	assert_null(strstr(request.body, "receipt\""));
	fake_done(&request);
	store_do(&site->store,
		 "UPDATE beside SET receipt = '" RECEIPT "' WHERE id = 1");
	char path[120];
	snprintf(path, sizeof(path), "%s/LTB-1/" RECEIPT, site->paths[PLAIN]);
	check_get(site, path, 200, "Bo Berg, on the list");
}

static void f20_a_name_is_only_a_shared_mailboxs(void **state)
{
	struct site *site = *state;

	assert_int_equal(confirm_name(site, "Somebody Else", NULL), 1);
	assert_int_equal(confirm_name(site, "And Another", NULL), 0);
	assert_int_equal(store_number(&site->store,
				      "SELECT (SELECT count(*) "
				      "FROM beside) + (SELECT "
				      "count(*) FROM event_text)"),
			 0);
}

/* --- receipts --- */

/* confirms LTB-1; the receipt's path */
static const char *confirm_first(struct site *site)
{
	static char path[120];
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	fake_field(&request, "r1", "See each child <alone>.\nAsk twice.");
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	assert_non_null(strstr(request.body, "Your receipt"));
	fake_done(&request);
	store_do(&site->store, "UPDATE requirement SET receipt = '" RECEIPT
			       "' WHERE receipt IS NOT NULL");
	snprintf(path, sizeof(path), "%s/LTB-1/" RECEIPT, site->paths[PLAIN]);
	return path;
}

static struct http_request post_receipt(struct site *site, const char *path,
					int64_t shown_at)
{
	static char form[LINK_FORM_SIZE];
	struct http_request request = fake_post(path);

	form_of(site, PLAIN, shown_at, form);
	fake_field(&request, "form", form);
	return request;
}

static long long count_notices(struct site *site)
{
	return store_number(&site->store, "SELECT count(*) FROM notice JOIN "
					  "delivery ON notice_id = notice.id "
					  "WHERE kind = 'receipt'");
}

static void f20_receipt(void **state)
{
	struct site *site = *state;
	const char *path = confirm_first(site);
	char other[120];

	get_golden(site, path, 200, "receipt");
	snprintf(other, sizeof(other), "%s/LTB-1/" RECEIPT, site->paths[FRESH]);
	/* any mail to them with the briefing, and none without */
	check_get(site, other, 200, RECEIPT);
	snprintf(other, sizeof(other), "%s/LTB-2/" RECEIPT, site->paths[PLAIN]);
	check_get(site, other, 404, NULL);
	snprintf(other, sizeof(other), "%s/LTB-1/1123456789abcdefghjk",
		 site->paths[PLAIN]);
	check_get(site, other, 404, NULL);
	/* it stays when a small change comes, and when the briefing goes */
	scene_version(&site->store, 77, "LTB-1", 2, "OFFICIAL");
	scene_carries(&site->store, 77);
	check_get(site, path, 200, RECEIPT);
	store_do(&site->store, "UPDATE briefing SET withdrawn_at = 5 WHERE "
			       "ref = 'LTB-1'");
	check_get(site, path, 200, RECEIPT);
	check_get(site, site->paths[PLAIN], 200, "Your receipt");
	/* erased: what remains proves nothing of anybody */
	store_do(&site->store, "DELETE FROM addressee; DELETE FROM event_text");
	get_golden(site, path, 200, "receipt-erased");
	struct http_request request = post_receipt(site, path, NOW - 60);
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	fake_done(&request);
}

static void f20_receipt_by_mail(void **state)
{
	struct site *site = *state;
	const char *path = confirm_first(site);
	char slashed[200];
	struct http_request request = post_receipt(site, path, NOW - 90000);

	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	assert_non_null(strstr(request.body, "Nothing was sent"));
	fake_done(&request);
	request = fake_post(path);
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	fake_done(&request);
	assert_int_equal(count_notices(site), 0);
	/* a slash behind it changes nothing */
	snprintf(slashed, sizeof(slashed), "%s/", path);
	for (int day = 0; day < 2; day++)
		for (int twice = 0; twice < 2; twice++) {
			int64_t now = NOW + day * SCENE_DAY;

			request = post_receipt(site, twice ? path : slashed,
					       now - 60);
			ask(site, &request, now);
			/* no confirmation, so none is counted */
			assert_int_equal(commit(site, now), 0);
			assert_non_null(strstr(request.body, "on its way"));
			fake_done(&request);
			assert_int_equal(count_notices(site), day + 1);
		}
	assert_string_equal(store_text(&site->store,
				       "SELECT address || ' ' || name FROM "
				       "addressee ORDER BY delivery_id DESC"),
			    "Jo.Bloggs1@example.org Jo Bloggs");
}

/* --- marked content --- */

static struct http_request post_address(const char *path, const char *address)
{
	struct http_request request = fake_post(path);

	fake_field(&request, "address", address);
	return request;
}

static void f30_marked_asks_for_the_address(void **state)
{
	static const char *const behind[] = {"", "/LTB-3", "/LTB-3/1"};
	struct site *site = *state;
	struct http_request request;
	char path[100];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", site->paths[MARKED],
			 behind[i]);
		request = fake_get(path);
		ask(site, &request, NOW);
		assert_null(strstr(request.body, "Child G"));
		check_golden(&request, 200, "address");
	}
	request = post_address(site->paths[MARKED], "jo");
	ask(site, &request, NOW);
	assert_non_null(strstr(request.body, "whole e-mail address"));
	fake_done(&request);
	request = post_address(site->paths[MARKED], "ann@example.org");
	ask(site, &request, NOW);
	assert_null(strstr(request.body, "Child G"));
	check_golden(&request, 200, "address-wrong");
	/* in any case, with spaces around */
	request =
	    post_address(site->paths[MARKED], " jo.bloggs1@EXAMPLE.org\r\n");
	ask(site, &request, NOW);
	check_golden(&request, 200, "marked");
}

static void marked_path(struct site *site, int64_t typed_at, const char *behind,
			char ret[120])
{
	char form[LINK_FORM_SIZE];

	form_of(site, MARKED, typed_at, form);
	snprintf(ret, 120, "%s.%s%s", site->paths[MARKED], form, behind);
}

static void f30_a_pass_opens_for_a_while(void **state)
{
	struct site *site = *state;
	struct http_request request;
	char path[120];

	marked_path(site, NOW - 7200, "/LTB-3", path);
	check_get(site, path, 200, "Child G");
	marked_path(site, NOW - 60, "/LTB-3/1", path);
	request = fake_get(path);
	ask(site, &request, NOW);
	assert_string_equal(request.body, "%PDF-1.7 marked");
	fake_done(&request);
	marked_path(site, NOW - 7201, "/LTB-3", path);
	check_get(site, path, 200, "type the work address");
	/* typed there, it opens there */
	request = post_address(path, "jo.bloggs1@example.org");
	ask(site, &request, NOW);
	assert_non_null(strstr(request.body, "What happened"));
	fake_done(&request);
	/* a pass of another delivery does not */
	marked_path(site, NOW - 60, "", path);
	form_of(site, PLAIN, NOW - 60, strchr(path, '.') + 1);
	check_get(site, path, 200, "type the work address");
}

static void f30_marked_is_confirmed_like_others(void **state)
{
	static const char *const third[] = {"3", NULL};
	struct site *site = *state;
	struct http_request request = post_form(site, MARKED, NOW - 60, third);

	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 1);
	assert_non_null(strstr(request.body, "It is recorded"));
	fake_done(&request);
	/* after two hours the address comes first */
	request = post_form(site, MARKED, NOW - 7201, third);
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	assert_null(strstr(request.body, "Child G"));
	assert_non_null(strstr(request.body, "open for long"));
	fake_done(&request);
}

static void f30_addresses_are_limited_for_a_delivery(void **state)
{
	struct site *site = *state;
	struct http_request request =
	    post_address(site->paths[MARKED], "ann@example.org");
	char path[120];

	for (int i = 0; i < 5; i++) {
		ask(site, &request, NOW);
		assert_int_equal(request.status, 200);
	}
	/* now the right one must wait as well, or guessing goes on */
	fake_done(&request);
	request = post_address(site->paths[MARKED], "jo.bloggs1@example.org");
	ask(site, &request, NOW);
	assert_int_equal(request.retry_s, 300);
	check_golden(&request, 429, "address-wait");
	marked_path(site, NOW - 60, "", path);
	check_get(site, path, 200, "Child G");
	ask(site, &request, NOW + 300);
	assert_int_equal(request.status, 200);
	assert_non_null(strstr(request.body, "Child G"));
	fake_done(&request);
}

static void f30_marked_and_erased(void **state)
{
	struct site *site = *state;

	store_do(&site->store, "DELETE FROM addressee");
	check_get(site, site->paths[MARKED], 410, "erased");
	/* what is not marked can still be confirmed */
	check_get(site, site->paths[PLAIN], 200, "Confirm what you have read");
}

static void f30_rehearsal_address_opens_marked(void **state)
{
	struct site *site = *state;
	struct http_request request;

	store_do(&site->store,
		 "UPDATE delivery SET mode = 'rehearsal' WHERE id = 2");
	request =
	    post_address(site->paths[MARKED], "rehearsal@severnside.example");
	ask(site, &request, NOW);
	assert_non_null(strstr(request.body, "Child G"));
	assert_non_null(strstr(request.body, "REHEARSAL"));
	fake_done(&request);
}

/* --- codes --- */

static struct http_request post_code(const char *code, const char *peer)
{
	struct http_request request = fake_post("/c");

	fake_field(&request, "code", code);
	request.peer = peer;
	return request;
}

static void f10_code_leads_to_the_page(void **state)
{
	struct site *site = *state;
	struct http_request request;
	char code[LINK_CODE_SIZE], url[100];

	get_golden(site, "/c", 200, "code");
	link_format_code(link_signer(&site->keys), PLAIN, code);
	request = post_code(code, "192.0.2.1");
	ask(site, &request, NOW);
	assert_int_equal(request.status, 303);
	snprintf(url, sizeof(url), "https://learning.example%s",
		 site->paths[PLAIN]);
	assert_string_equal(request.location, url);
	fake_done(&request);
	request = post_code(LINK_SPECIMEN_CODE, "192.0.2.1");
	ask(site, &request, NOW);
	assert_string_equal(request.location,
			    "https://learning.example/a/specimen");
	fake_done(&request);
	request = post_code("0000-0000-0000", "192.0.2.1");
	ask(site, &request, NOW);
	check_golden(&request, 200, "code-wrong");
	request = post_code("0000-00", "192.0.2.1");
	ask(site, &request, NOW);
	assert_non_null(strstr(request.body, "all 12"));
	fake_done(&request);
}

static int post_code_status(struct site *site, const char *code,
			    const char *peer)
{
	struct http_request request = post_code(code, peer);

	ask(site, &request, NOW);
	int status = request.status;
	fake_done(&request);
	return status;
}

static void f30_codes_are_limited_for_a_network(void **state)
{
	struct site *site = *state;
	char code[LINK_CODE_SIZE];

	link_format_code(link_signer(&site->keys), PLAIN, code);
	for (int i = 0; i < 20; i++)
		assert_int_equal(
		    post_code_status(site, "0000-0000-0000", "2001:db8:1:2::1"),
		    200);
	/* the rest of that /64, even with a right code, but nobody else */
	assert_int_equal(post_code_status(site, code, "2001:db8:1:2::ff"), 429);
	assert_int_equal(post_code_status(site, code, "2001:db8:1:3::1"), 303);
	assert_int_equal(post_code_status(site, code, "192.0.2.1"), 303);
	check_get(site, site->paths[PLAIN], 200, NULL);
}

static void f30_codes_are_limited_in_all(void **state)
{
	struct site *site = *state;
	char code[LINK_CODE_SIZE], peer[32];

	link_format_code(link_signer(&site->keys), PLAIN, code);
	for (int i = 0; i < 300; i++) {
		snprintf(peer, sizeof(peer), "2001:db8:0:%x::1", i);
		assert_int_equal(post_code_status(site, "0000-0000-0000", peer),
				 200);
	}
	struct http_request request = post_code(code, "192.0.2.9");
	ask(site, &request, NOW);
	check_golden(&request, 429, "code-wait");
	check_get(site, site->paths[PLAIN], 200, NULL);
	ask(site, &request, NOW + 12);
	assert_int_equal(request.status, 303);
	fake_done(&request);
}

/* --- the library, the specimen, the rest --- */

static void f10_library(void **state)
{
	struct site *site = *state;
	struct http_request request;

	check_get(site, "/b", 200, "No briefing is published yet");
	scene_version(&site->store, 4, "LTB-4", 1, "OFFICIAL");
	store_do(&site->store, "UPDATE version SET publish = 1, "
			       "not_before_at = CASE id WHEN 4 "
			       "THEN 2000000000 ELSE 0 END "
			       "WHERE id IN (1, 3, 4)");
	get_golden(site, "/b", 200, "library");
	get_golden(site, "/b/LTB-1", 200, "library-briefing");
	request = fake_get("/b/LTB-1/1");
	ask(site, &request, NOW);
	assert_string_equal(request.body, "%PDF-1.7 plain");
	fake_done(&request);
	/* not published, marked, embargoed, not there: one answer */
	static const char *const hidden[] = {"/b/LTB-2",   "/b/LTB-3",
					     "/b/LTB-3/1", "/b/LTB-4",
					     "/b/LTB-9",   "/b/LTB-1/9"};
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		check_get(site, hidden[i], 404, "no page here");
	store_do(&site->store, "UPDATE briefing SET withdrawn_at = 5");
	check_get(site, "/b/LTB-1", 404, NULL);
	check_get(site, "/b", 200, "No briefing is published yet");
}

static void f10_privacy_notice(void **state)
{
	struct site *site = *state;
	struct http_request request = fake_post("/privacy");

	get_golden(site, "/privacy", 200, "privacy");
	site->settings.privacy_retention = "Three years.";
	check_get(site, "/privacy", 200, "Three years.");
	site->settings.retention_leavers_days = 0;
	site->settings.retention_texts_days = 0;
	site->settings.retention_mails_days = 0;
	site->settings.retention_scans_days = 0;
	check_get(site, "/privacy", 200, "<p>Three years. A link");
	site->settings.privacy_retention = "";
	check_get(site, "/privacy", 200, "As long as the retention schedule");
	check_get(site, site->paths[PLAIN], 200, "example/privacy\"");
	ask(site, &request, NOW);
	assert_int_equal(request.status, 405);
	fake_done(&request);
}

static void f10_specimen(void **state)
{
	struct site *site = *state;
	struct http_request request = fake_post("/a/specimen");

	get_golden(site, "/a/specimen", 200, "specimen");
	get_golden(site, "/a/specimen/LTB-SPECIMEN", 200, "specimen-briefing");
	check_get(site, "/a/specimen/LTB-1", 404, NULL);
	fake_field(&request, "form", "specimen");
	fake_field(&request, "v", "1");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	assert_non_null(strstr(request.body, "nothing was recorded"));
	fake_done(&request);
}

static void f10_checkpoint_and_key(void **state)
{
	struct site *site = *state;

	check_get(site, "/evidence/checkpoint", 200,
		  "learning.example/ledger\n1027\n");
	check_get(site, "/evidence/checkpoint", 200, "\n\n(signed)\n");
	check_get(site, "/evidence/key", 200,
		  "learning.example/ledger+01234567+AQ\n");
	check_get(site, "/evidence", 404, NULL);
	check_get(site, "/evidence/../checkpoint", 404, NULL);
	store_do(&site->store, "DELETE FROM checkpoint");
	check_get(site, "/evidence/checkpoint", 404, NULL);
}

static void f10_other_paths(void **state)
{
	struct site *site = *state;
	struct http_request request = fake_get("/healthz");

	ask(site, &request, NOW);
	assert_string_equal(request.body, "ok");
	fake_done(&request);
	request = fake_get("/style.css");
	ask(site, &request, NOW);
	assert_int_equal(request.status, 200);
	assert_string_equal(request.content_type, "text/css; charset=utf-8");
	fake_done(&request);
	get_golden(site, "/nothing", 404, "nothing-here");
	check_get(site, "/", 404, NULL);
	check_get(site, "/a", 404, NULL);
	check_get(site, "/a/", 404, NULL);
	check_get(site, "/c/more", 404, NULL);
	request = fake_post("/b");
	ask(site, &request, NOW);
	assert_int_equal(request.status, 405);
	fake_done(&request);
}

/* --- when the store fails --- */

static void f40_commit_that_fails_is_told(void **state)
{
	struct site *site = *state;
	struct http_request request = post_form(site, PLAIN, NOW - 60, first);

	ask(site, &request, NOW);
	web_answer(site->web, false, NOW);
	check_golden(&request, 503, "not-saved");
	assert_false(web_has_pending(site->web));
	assert_int_equal(count_recorded(site), 0);
}

static void f40_waits_ten_seconds_for_a_lock(void **state)
{
	struct site *site = *state;
	struct http_request early = post_form(site, PLAIN, NOW - 60, first);
	struct http_request late = early;
	int count;

	ask(site, &early, NOW);
	ask(site, &late, NOW + 8);
	/* a turn that was rolled back may be tried again */
	store_begin(&site->store);
	store_check(&site->store,
		    web_record(site->web, NOW, &count, &site->store.err));
	assert_int_equal(count, 1);
	db_rollback(site->store.db);
	assert_true(web_expire(site->web, NOW + 10));
	assert_int_equal(early.replies, 0);
	assert_true(web_expire(site->web, NOW + 11));
	assert_int_equal(early.status, 503);
	assert_int_equal(late.replies, 0);
	assert_int_equal(commit(site, NOW + 12), 1);
	assert_int_equal(late.status, 200);
	fake_done(&early);
	fake_done(&late);
}

static void f40_trouble_is_told_to_the_roof(void **state)
{
	struct site *site = *state;
	struct err trouble;
	char path[200];

	snprintf(path, sizeof(path), "%s/documents/aa11", site->store.folder);
	assert_int_equal(unlink(path), 0);
	assert_false(web_take_trouble(site->web, &trouble));
	snprintf(path, sizeof(path), "%s/LTB-1/1", site->paths[PLAIN]);
	check_get(site, path, 503, "The fault is ours");
	assert_true(web_take_trouble(site->web, &trouble));
	assert_non_null(strstr(trouble.text, "aa11"));
	assert_false(web_take_trouble(site->web, &trouble));
}

/* --- "that wasn't me" --- */

/* LTB-1 confirmed a minute ago with the link PLAIN: the path of its receipt's
 * page, made constant for the golden files. */
static const char *prepare_disowning(struct site *site)
{
	static char path[160];
	struct http_request request = post_form(site, PLAIN, NOW - 120, first);

	ask(site, &request, NOW - 60);
	assert_int_equal(commit(site, NOW - 60), 1);
	fake_done(&request);
	store_do(&site->store, "UPDATE requirement SET receipt = '" RECEIPT
			       "' WHERE acknowledged_at IS NOT NULL;"
			       "INSERT INTO member (list_id, person_id, "
			       "row_key, row_hash, is_primary, joined_at, "
			       "status, added_at) VALUES (1, 1, 'k', 'h', 0, "
			       "0, 'active', 0)");
	snprintf(path, sizeof(path), "%s/LTB-1/" RECEIPT "/not-me",
		 site->paths[PLAIN]);
	return path;
}

static struct http_request post_disowning(struct site *site, const char *path,
					  int64_t shown_at, bool is_ticked)
{
	static char form[LINK_FORM_SIZE];
	struct http_request request = fake_post(path);

	form_of(site, PLAIN, shown_at, form);
	fake_field(&request, "form", form);
	if (is_ticked)
		fake_field(&request, "mine", "no");
	return request;
}

static void f50_that_was_not_me(void **state)
{
	struct site *site = *state;
	const char *path = prepare_disowning(site);
	struct http_request request;

	get_golden(site, path, 200, "disown");
	request = post_disowning(site, path, NOW - 60, false);
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	check_golden(&request, 200, "disown-not-ticked");
	request = post_disowning(site, path, NOW - 1, true);
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	assert_non_null(strstr(request.body, "faster than a person reads"));
	assert_int_equal(count_recorded(site), 1);
	fake_done(&request);
	request = post_disowning(site, path, NOW - 60, true);
	ask(site, &request, NOW);
	assert_int_equal(request.replies, 0);
	assert_int_equal(count_recorded(site), 1);
	assert_int_equal(commit(site, NOW), 0);
	assert_int_equal(count_recorded(site), 0);
	check_golden(&request, 200, "disowned");
	/* a second press, and the pages afterwards */
	ask(site, &request, NOW + 5);
	assert_false(web_has_pending(site->web));
	check_golden(&request, 200, "disowned");
	check_get(site, path, 200, "It counts no more");
	get_golden(site, site->paths[PLAIN], 200, "confirm");
}

static void f50_two_disown_in_one_turn(void **state)
{
	struct site *site = *state;
	const char *path = prepare_disowning(site);
	struct http_request one = post_disowning(site, path, NOW - 60, true);
	struct http_request two = one;

	ask(site, &one, NOW);
	ask(site, &two, NOW);
	commit(site, NOW);
	assert_non_null(strstr(one.body, "It counts no more"));
	assert_non_null(strstr(two.body, "It counts no more"));
	assert_int_equal(
	    store_number(&site->store, "SELECT count(*) FROM disowned"), 1);
	fake_done(&one);
	fake_done(&two);
}

/* a form from before, in the very turn that takes it back */
static void f50_nobody_confirms_in_between(void **state)
{
	struct site *site = *state;
	const char *path = prepare_disowning(site);
	struct http_request one = post_disowning(site, path, NOW - 60, true);
	struct http_request two = post_form(site, PLAIN, NOW - 120, first);

	ask(site, &one, NOW);
	ask(site, &two, NOW);
	assert_int_equal(commit(site, NOW), 0);
	assert_int_equal(count_recorded(site), 0);
	assert_non_null(strstr(two.body, "Nothing was recorded"));
	ask(site, &two, NOW + 10);
	assert_false(web_has_pending(site->web));
	assert_non_null(strstr(two.body, "was taken back with it"));
	fake_done(&one);
	fake_done(&two);
}

static void f50_disowning_that_is_not_saved(void **state)
{
	struct site *site = *state;
	const char *path = prepare_disowning(site);
	struct http_request request =
	    post_disowning(site, path, NOW - 60, true);

	ask(site, &request, NOW);
	web_answer(site->web, false, NOW);
	assert_int_equal(request.status, 503);
	assert_non_null(strstr(request.body, "Nothing was recorded"));
	assert_int_equal(count_recorded(site), 1);
	fake_done(&request);
}

static void f50_the_receipt_of_what_was_disowned(void **state)
{
	struct site *site = *state;
	const char *path = prepare_disowning(site);
	struct http_request request =
	    post_disowning(site, path, NOW - 60, true);
	char receipt[160];

	ask(site, &request, NOW);
	commit(site, NOW);
	fake_done(&request);
	snprintf(receipt, sizeof(receipt), "%.*s",
		 (int)(strlen(path) - strlen("/not-me")), path);
	get_golden(site, receipt, 200, "receipt-disowned");
}

/* --- leaving an optional list --- */

/* /u/TOKEN of a delivery; person 1 is on the list, which is optional */
static const char *prepare_leaving(struct site *site, int delivery)
{
	static char path[64];

	store_do(&site->store,
		 "UPDATE list SET mandatory = 0, title = 'Friends & <police>';"
		 "INSERT INTO member (list_id, person_id, row_key, row_hash, "
		 "is_primary, joined_at, status, added_at) VALUES (1, 1, 'k', "
		 "'h', 0, 0, 'active', 0)");
	strcpy(path, "/u/");
	link_format(link_signer(&site->keys), delivery, path + 3);
	return path;
}

static long long count_left(struct site *site)
{
	return store_number(&site->store,
			    "SELECT count(*) FROM member_status WHERE status = "
			    "'not-for-me' AND row_hash = 'h' AND actor = "
			    "'person:person-1'");
}

static struct http_request one_click(const char *path)
{
	struct http_request request = fake_post(path);

	fake_field(&request, "List-Unsubscribe", "One-Click");
	return request;
}

static void f50_a_click_of_the_mail_program_leaves(void **state)
{
	struct site *site = *state;
	const char *path = prepare_leaving(site, PLAIN);
	struct http_request request = one_click(path);

	get_golden(site, path, 200, "leave");
	ask(site, &request, NOW);
	assert_int_equal(request.replies, 0);
	assert_int_equal(count_left(site), 0);
	assert_int_equal(commit(site, NOW), 0);
	assert_int_equal(count_left(site), 1);
	check_golden(&request, 200, "left");
	/* a second press, and the page afterwards */
	ask(site, &request, NOW + 5);
	assert_false(web_has_pending(site->web));
	assert_int_equal(request.status, 200);
	fake_done(&request);
	check_get(site, path, 200, "You are off the list");
	assert_int_equal(count_left(site), 1);
	/* what was outstanding is asked no more */
	assert_int_equal(store_number(&site->store,
				      "SELECT count(*) FROM requirement WHERE "
				      "closed_as = 'left'"),
			 3);
	check_get(site, site->paths[PLAIN], 200, "It is not asked of you.");
}

static void f50_two_presses_in_one_turn(void **state)
{
	struct site *site = *state;
	const char *path = prepare_leaving(site, PLAIN);
	struct http_request left = one_click(path), again = left;
	struct http_request confirmed = post_form(site, PLAIN, NOW - 60, first);

	ask(site, &confirmed, NOW);
	ask(site, &left, NOW);
	ask(site, &again, NOW);
	/* only the confirmation is counted as one */
	assert_int_equal(commit(site, NOW), 1);
	assert_int_equal(count_left(site), 1);
	assert_int_equal(again.status, 200);
	fake_done(&confirmed);
	fake_done(&left);
	fake_done(&again);
}

static void f50_nothing_else_leaves(void **state)
{
	struct site *site = *state;
	const char *path = prepare_leaving(site, PLAIN);
	struct http_request request = fake_get(path);

	for (int i = 0; i <= 4; i++) {
		request = i == 4 ? fake_post("/u/specimen") : fake_post(path);
		if (i != 2)
			fake_field(&request, "List-Unsubscribe",
				   i == 3 ? "yes" : "One-Click");
		if (i <= 1)
			request.method = i ? HTTP_HEAD : HTTP_GET;
		ask(site, &request, NOW);
		assert_false(web_has_pending(site->web));
		assert_int_equal(request.status, 200);
		fake_done(&request);
	}
	get_golden(site, "/u/specimen", 200, "leave-specimen");
	check_get(site, "/u/1000", 404, "short code");
	check_get(site, "/u/", 404, "short code");
	assert_int_equal(count_left(site), 0);
	assert_int_equal(
	    store_number(&site->store, "SELECT count(*) FROM event"), 0);
}

static void f50_rehearsals_record_nothing(void **state)
{
	struct site *site = *state;
	const char *path = prepare_leaving(site, REHEARSED);
	struct http_request request = one_click(path);

	get_golden(site, path, 200, "leave-rehearsal");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	assert_non_null(strstr(request.body, "nothing was recorded"));
	fake_done(&request);
	assert_int_equal(count_left(site), 0);
}

/* --- for who was passed a mail on --- */

static struct http_request pass_on(struct site *site, int64_t shown_at,
				   const char *address)
{
	static char path[64], form[LINK_FORM_SIZE];

	strcpy(path, "/f/");
	link_format(link_signer(&site->keys), PLAIN, path + 3);
	struct http_request request = fake_post(path);
	form_of(site, PLAIN, shown_at, form);
	fake_field(&request, "form", form);
	fake_field(&request, "address", address);
	return request;
}

static long long count_asked(struct site *site)
{
	return store_number(&site->store, "SELECT count(*) FROM forward");
}

static void f50_not_you_says_the_same_to_all(void **state)
{
	static const char *const addresses[] = {"jo.bloggs1@example.org",
						" ANN@police.example ",
						"x@elsewhere.example"};
	struct site *site = *state;
	struct http_request request = pass_on(site, NOW - 60, "x");
	char *said = NULL;

	get_golden(site, request.path, 200, "forward");
	for (size_t i = 0; i < 3; i++) {
		request = pass_on(site, NOW - 60, addresses[i]);
		ask(site, &request, NOW);
		assert_int_equal(request.replies, 0);
		assert_int_equal(commit(site, NOW), 0);
		assert_int_equal(count_asked(site), (long long)i + 1);
		if (i == 0)
			said = xstrdup(request.body);
		assert_string_equal(request.body, said);
		if (i == 2)
			check_golden(&request, 200, "forward-asked");
		fake_done(&request);
	}
	free(said);
	assert_int_equal(
	    store_number(&site->store,
			 "SELECT count(*) FROM forward WHERE"
			 " answer_at - asked_at NOT BETWEEN 10 AND 119"),
	    0);
}

static void f50_not_you_takes_whole_addresses_in_time(void **state)
{
	static const struct {
		int64_t shown_at;
		const char *address, *says;
	} cases[] = {
	    {NOW - 60, "", "whole e-mail address"},
	    {NOW - 60, "x@y.example\r\nBcc: z@y.example", "whole e-mail"},
	    {NOW - 60, "\"><script>", "value=\"&quot;&gt;&lt;script&gt;\""},
	    {NOW - 1, "ann@police.example", "faster than a person"},
	    {NOW - 90000, "ann@police.example", "more than a day"},
	};
	struct site *site = *state;
	struct http_request request;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		request = pass_on(site, cases[i].shown_at, cases[i].address);
		ask(site, &request, NOW);
		assert_false(web_has_pending(site->web));
		if (!strstr(request.body, cases[i].says))
			fail_msg("%s: %s", cases[i].address, request.body);
		fake_done(&request);
	}
	assert_int_equal(count_asked(site), 0);
}

static int pass_on_status(struct site *site, const char *address)
{
	struct http_request request = pass_on(site, NOW - 60, address);

	ask(site, &request, NOW);
	if (web_has_pending(site->web))
		commit(site, NOW);
	int status = request.status;
	fake_done(&request);
	return status;
}

static void f50_not_you_is_limited_for_all_alike(void **state)
{
	struct site *site = *state;
	char address[40];

	for (int i = 0; i < 4; i++) {
		assert_int_equal(pass_on_status(site, "x@elsewhere.example"),
				 i < 3 ? 200 : 429);
		assert_int_equal(pass_on_status(site, "jo.bloggs1@example.org"),
				 i < 3 ? 200 : 429);
	}
	for (int i = 6; i < 20; i++) {
		snprintf(address, sizeof(address), "a%d@b.example", i);
		assert_int_equal(pass_on_status(site, address), 200);
	}
	assert_int_equal(pass_on_status(site, "last@b.example"), 429);
	assert_int_equal(count_asked(site), 20);
}

/* --- saying it, on any list --- */

static const char *prepare_saying(struct site *site, int delivery)
{
	const char *path = prepare_leaving(site, delivery);

	store_do(&site->store, "UPDATE list SET mandatory = 1;"
			       "UPDATE requirement SET due_at = 5 "
			       "WHERE version_id = 2");
	return path;
}

static struct http_request say(struct site *site, const char *path,
			       int delivery, int64_t shown_at, const char *what,
			       const char *until)
{
	static char form[LINK_FORM_SIZE];
	struct http_request request = fake_post(path);

	form_of(site, delivery, shown_at, form);
	fake_field(&request, "form", form);
	if (what)
		fake_field(&request, "what", what);
	fake_field(&request, "until", until);
	return request;
}

static const char *last_status(struct site *site)
{
	return store_text(&site->store,
			  "SELECT coalesce(max(status || ' ' || "
			  "coalesce(until_at, '-')), 'none') FROM "
			  "member_status WHERE id = (SELECT max(id) FROM "
			  "member_status)");
}

static void f50_a_duty_has_the_page_and_no_click(void **state)
{
	struct site *site = *state;
	const char *path = prepare_saying(site, PLAIN);
	struct http_request request = one_click(path);

	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	check_golden(&request, 403, "leave-click-on-a-duty");
	request = say(site, path, PLAIN, NOW - 60, NULL, "");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	check_golden(&request, 200, "leave-nothing-chosen");
	assert_string_equal(last_status(site), "none");
	request = say(site, path, PLAIN, NOW - 60, "left", "");
	ask(site, &request, NOW);
	assert_int_equal(commit(site, NOW), 0);
	check_golden(&request, 200, "left-a-duty");
	assert_string_equal(last_status(site), "left -");
	/* one of the three was past its deadline, and stays flagged */
	assert_string_equal(
	    store_text(&site->store,
		       "SELECT json_extract(body, '$.count') || "
		       "json_extract(body, '$.after_deadline') FROM event "
		       "WHERE kind = 'requirements-closed'"),
	    "31");
	assert_string_equal(
	    store_text(&site->store,
		       "SELECT a.address || ' ' || a.name || ' ' || n.kind "
		       "FROM notice n JOIN delivery d ON d.notice_id = n.id "
		       "JOIN addressee a ON a.delivery_id = d.id"),
	    "lead@example.org A. Lead member-said");
	/* the second press is harmless */
	request = say(site, path, PLAIN, NOW - 60, "not-for-me", "");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	fake_done(&request);
	assert_string_equal(last_status(site), "left -");
}

/* Who keeps the list does not get mail, so the board is told: but not what the
 * person had not confirmed. */
static void f50_the_board_is_not_told_who_had_not_confirmed(void **state)
{
	struct site *site = *state;
	const char *path = prepare_saying(site, PLAIN);
	struct http_request request =
	    say(site, path, PLAIN, NOW - 60, "left", "");

	store_do(&site->store,
		 "INSERT INTO suppression (address_key, score, scored_at,"
		 " suppressed_at, why) VALUES ('lead@example.org', 0, 0, 5,"
		 " 'hard')");
	ask(site, &request, NOW);
	commit(site, NOW);
	fake_done(&request);
	assert_string_not_equal(
	    store_text(&site->store, "SELECT address FROM addressee ORDER BY"
				     " delivery_id DESC LIMIT 1"),
	    "lead@example.org");
	const char *mail =
	    store_text(&site->store, "SELECT CAST(body AS TEXT) FROM letter"
				     " WHERE notice_id IS NOT NULL");
	assert_non_null(strstr(mail, "I have left"));
	assert_null(strstr(mail, "not confirmed are closed"));
	assert_null(strstr(mail, "briefings that they"));
	assert_null(strstr(mail, "because you keep"));
}

/* Five times a day, of which the lead is told; two days in one second are two
 * things that were said. Leaving comes through, and is told, after all that. */
static void f50_who_says_much_says_it_a_few_times(void **state)
{
	struct site *site = *state;
	const char *path = prepare_saying(site, PLAIN);
	static const char counts[] =
	    "SELECT (SELECT count(*) FROM notice WHERE kind = 'member-said')"
	    " || ' ' || (SELECT count(*) FROM member_status)";
	static const char *const days[] = {"24/12/2026", "25/12/2026"};

	for (int i = 0; i < 20; i++) {
		struct http_request request =
		    say(site, path, PLAIN, NOW - 60, "on-leave", days[i % 2]);

		ask(site, &request, NOW + i / 2);
		if (i < 5)
			commit(site, NOW + i / 2);
		else
			assert_int_equal(request.status, 429);
		fake_done(&request);
		if (i == 1)
			assert_string_equal(store_text(&site->store, counts),
					    "2 2");
	}
	assert_string_equal(store_text(&site->store, counts), "5 5");
	struct http_request request =
	    say(site, path, PLAIN, NOW - 60, "left", NULL);
	ask(site, &request, NOW + 20);
	commit(site, NOW + 20);
	fake_done(&request);
	assert_string_equal(store_text(&site->store, counts), "6 6");
}

static void f50_on_leave_until_a_day(void **state)
{
	/* the midnight after 24 December in London */
	static const char leave[] = "on-leave 1798156800";
	static const struct {
		const char *until, *says;
	} cases[] = {
	    {"", "Say until when"},
	    {"soon", "Say until when"},
	    {"2026-02-30", "Say until when"},
	    {"30/02/2027", "Say until when"},
	    {"2026-11-21", "already over"},
	    {"2036-11-21", "more than three years"},
	    {"24/12/2026", NULL},
	    {" 24.12.2026 ", NULL},
	    {"2026-12-24", NULL},
	};
	struct site *site = *state;
	const char *path = prepare_saying(site, PLAIN);
	struct http_request request;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		request = say(site, path, PLAIN, NOW - 60, "on-leave",
			      cases[i].until);
		ask(site, &request, NOW);
		if (cases[i].says) {
			assert_false(web_has_pending(site->web));
			if (!strstr(request.body, cases[i].says))
				fail_msg("%s: %s", cases[i].until,
					 request.body);
			fake_done(&request);
			assert_string_equal(last_status(site), "none");
			continue;
		}
		commit(site, NOW);
		check_golden(&request, 200, "on-leave");
		assert_string_equal(last_status(site), leave);
	}
	/* the same three times is one */
	assert_int_equal(store_number(&site->store, "SELECT count(*) FROM "
						    "member_status"),
			 1);
	assert_int_equal(store_number(&site->store, "SELECT count(*) FROM "
						    "notice"),
			 1);
	get_golden(site, path, 200, "leave-away");
}

static void f50_programs_say_nothing(void **state)
{
	static const struct {
		int delivery;
		int64_t shown_at;
		const char *says;
	} cases[] = {{PLAIN, NOW - 2, "faster than a person"},
		     {PLAIN, NOW - 90000, "more than a day"},
		     {FRESH, NOW - 5, "faster than a person"}};
	struct site *site = *state;
	struct http_request request;
	const char *path = prepare_saying(site, PLAIN);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char own[64] = "/u/";
		link_format(link_signer(&site->keys), cases[i].delivery,
			    own + 3);
		request = say(site, own, cases[i].delivery, cases[i].shown_at,
			      "left", "");
		ask(site, &request, NOW);
		assert_false(web_has_pending(site->web));
		assert_non_null(strstr(request.body, cases[i].says));
		fake_done(&request);
	}
	/* another's form, and none */
	request = say(site, path, FRESH, NOW - 60, "left", "");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	fake_done(&request);
	request = fake_post(path);
	fake_field(&request, "what", "left");
	ask(site, &request, NOW);
	assert_false(web_has_pending(site->web));
	fake_done(&request);
	assert_string_equal(last_status(site), "none");
	assert_int_equal(
	    store_number(&site->store, "SELECT count(*) FROM event"), 0);
}

static void f50_leaving_that_fails_is_told(void **state)
{
	struct site *site = *state;
	struct http_request request = one_click(prepare_leaving(site, PLAIN));

	ask(site, &request, NOW);
	web_answer(site->web, false, NOW);
	assert_int_equal(request.status, 503);
	assert_non_null(strstr(request.body, "Nothing was recorded"));
	fake_done(&request);
	assert_int_equal(count_left(site), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_site, close_site)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    CASE(f10_page_of_a_delivery),
	    CASE(f10_recorded_after_the_commit),
	    CASE(f10_all_recorded),
	    CASE(f10_nothing_ticked),
	    CASE(f10_code_leads_to_the_page),
	    CASE(f10_library),
	    CASE(f10_privacy_notice),
	    CASE(f10_specimen),
	    CASE(f10_checkpoint_and_key),
	    CASE(f10_other_paths),
	    CASE(f20_not_counted),
	    CASE(f20_forms_are_of_one_delivery),
	    CASE(f20_get_and_head_change_nothing),
	    CASE(f20_while_paused_it_counts),
	    CASE(f20_withdrawn),
	    CASE(f20_another_is_withdrawn_meanwhile),
	    CASE(f20_two_in_one_turn),
	    CASE(f20_erased_meanwhile),
	    CASE(f20_superseded),
	    CASE(f20_window_over),
	    CASE(f20_rehearsal),
	    CASE(f20_links_that_did_not_arrive_whole),
	    CASE(f20_briefing_and_documents),
	    CASE(f20_a_reflection_is_kept),
	    CASE(f20_a_text_that_is_too_long_is_mended),
	    CASE(f20_a_list_that_asks_for_the_code),
	    CASE(f20_a_list_that_asks_for_the_address),
	    CASE(f30_wrong_answers_are_limited_and_lock_nobody_out),
	    CASE(f20_a_shared_mailbox_confirms_by_name),
	    CASE(f20_a_name_is_only_a_shared_mailboxs),
	    CASE(f20_receipt),
	    CASE(f20_receipt_by_mail),
	    CASE(f30_marked_asks_for_the_address),
	    CASE(f30_a_pass_opens_for_a_while),
	    CASE(f30_marked_is_confirmed_like_others),
	    CASE(f30_addresses_are_limited_for_a_delivery),
	    CASE(f30_marked_and_erased),
	    CASE(f30_rehearsal_address_opens_marked),
	    CASE(f30_codes_are_limited_for_a_network),
	    CASE(f30_codes_are_limited_in_all),
	    CASE(f40_commit_that_fails_is_told),
	    CASE(f40_waits_ten_seconds_for_a_lock),
	    CASE(f40_trouble_is_told_to_the_roof),
	    CASE(f50_that_was_not_me),
	    CASE(f50_two_disown_in_one_turn),
	    CASE(f50_nobody_confirms_in_between),
	    CASE(f50_disowning_that_is_not_saved),
	    CASE(f50_the_receipt_of_what_was_disowned),
	    CASE(f50_a_click_of_the_mail_program_leaves),
	    CASE(f50_two_presses_in_one_turn),
	    CASE(f50_nothing_else_leaves),
	    CASE(f50_rehearsals_record_nothing),
	    CASE(f50_not_you_says_the_same_to_all),
	    CASE(f50_not_you_takes_whole_addresses_in_time),
	    CASE(f50_not_you_is_limited_for_all_alike),
	    CASE(f50_a_duty_has_the_page_and_no_click),
	    CASE(f50_the_board_is_not_told_who_had_not_confirmed),
	    CASE(f50_who_says_much_says_it_a_few_times),
	    CASE(f50_on_leave_until_a_day),
	    CASE(f50_programs_say_nothing),
	    CASE(f50_leaving_that_fails_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
