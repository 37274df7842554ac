#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/problems.h"
#include "core/digest.h"
#include "core/exemption.h"
#include "core/report.h"
#include "core/settings.h"
#include "golden.h"
#include "last_mail.h"
#include "scene.h"
#include "store.h"
#include "tools/template.h"
#include "tools/zone.h"

#define NOW 1795356180LL
#define DUE (NOW + 9 * SCENE_DAY)

static struct settings settings = {
    .board_name = "Board",
    .board_label = "Board",
    .board_colour = "#1d4f60",
    .board_help = "help",
    .mail_from = "learning@x.example",
    .mail_bounce = "bounce@x.example",
    .mail_help = "help@x.example",
    .rehearsal_address = "rehearsal@x.example",
    .web_base = "https://x.example",
    .window_days = 180,
};
static struct digest_context context = {.settings = &settings};
static struct template_set *templates;

static int make_scene(void **state)
{
	struct store *store = xcalloc(1, sizeof(*store));
	struct problems problems = {0};

	store_open(store);
	settings.zone = zone_open("Europe/London", &store->err);
	templates = template_set_load(NULL, &problems);
	assert_non_null(settings.zone);
	assert_non_null(templates);
	context.templates = templates;
	context.now = NOW;
	scene_do(store, "UPDATE board SET mode = 'live'");
	scene_list(store, 1, "police");
	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	scene_letter(store, 1, 1, "live", "1");
	for (int i = 1; i <= 5; i++) {
		scene_person(store, i);
		scene_do(store,
			 "INSERT INTO identity VALUES (%d, 'p%d@x.example',"
			 " 'p%d@x.example', 'P', '', '')",
			 i, i, i);
		scene_delivery(store, i, i, 1, "live", NOW - 9, NOW - 9);
		scene_requirement(store, 1, i, 1, "police", i, NOW - 9, DUE,
				  NOW + 90 * SCENE_DAY);
	}
	*state = store;
	return 0;
}

static int end_scene(void **state)
{
	template_set_free(templates);
	zone_close(settings.zone);
	store_close(*state);
	free(*state);
	return 0;
}

static struct exemption_wish wish_of(const char *key)
{
	return (struct exemption_wish){.ref = "LTB-1",
				       .address_key = key,
				       .reason = "wrote it",
				       .actor = "jo@host"};
}

static struct report_figures figures_at(struct store *store, int64_t as_of)
{
	struct report *report;

	store_check(store, report_load(store->db,
				       &(struct report_filter){.as_of = as_of},
				       store->arena, &report, &store->err));
	return report->total;
}

static void refused(struct store *store, const struct exemption_wish *wish,
		    bool is_undo, const char *why)
{
	bool is_late;

	assert_false(
	    is_undo
		? STORE_ALONE(store, exemption_undo(store->db, &context, wish,
						    &store->err))
		: STORE_ALONE(store, exemption_record(store->db, &context, wish,
						      &is_late, &store->err)));
	if (!strstr(store->err.text, why))
		fail_msg("%s: %s", why, store->err.text);
}

static void f10_recorded_and_undone(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("p1@x.example");
	bool is_late = true;

	store_check(store, STORE_ALONE(store, exemption_record(
						  store->db, &context, &wish,
						  &is_late, &store->err)));
	assert_false(is_late);
	assert_int_equal(figures_at(store, NOW).exempt, 1);
	assert_int_equal(figures_at(store, NOW).outstanding, 4);
	assert_int_equal(figures_at(store, NOW - 1).outstanding, 5);
	refused(store, &wish, false, "is exempt for them already");
	context.now = NOW + 5;
	store_check(store,
		    STORE_ALONE(store, exemption_undo(store->db, &context,
						      &wish, &store->err)));
	assert_int_equal(figures_at(store, NOW + 5).exempt, 0);
	assert_int_equal(figures_at(store, NOW + 5).outstanding, 5);
	refused(store, &wish, true, "not exempt");
	assert_int_equal(
	    store_number(store, "SELECT count(*) FROM event JOIN event_text x"
				" ON x.event_id = id WHERE x.text = 'wrote it'"
				" AND actor LIKE 'operator:%'"
				" AND body NOT LIKE '%wrote%'"),
	    2);
}

static void f20_late_improves_nothing(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("p2@x.example");
	bool is_late = false;

	context.now = DUE + 1;
	store_check(store, STORE_ALONE(store, exemption_record(
						  store->db, &context, &wish,
						  &is_late, &store->err)));
	assert_true(is_late);
	struct report_figures late = figures_at(store, DUE + 1);
	assert_int_equal(late.exempt, 0);
	assert_int_equal(late.outstanding, 5);
	assert_int_equal(late.flagged, 1);
}

static void f20_what_can_not_be(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("nobody@x.example");
	char reason[EXEMPTION_REASON_MAX + 2];

	refused(store, &wish, false, "asked of nobody with that address");
	wish = wish_of("p3@x.example");
	wish.ref = "LTB-9";
	refused(store, &wish, false, "LTB-9 was asked of nobody");
	wish = wish_of("p3@x.example");
	wish.reason = "";
	refused(store, &wish, false, "why?");
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	wish.reason = reason;
	refused(store, &wish, false, "1001 bytes");
	wish.reason = "\xff";
	refused(store, &wish, false, "not UTF-8");
	scene_do(store,
		 "UPDATE requirement SET acknowledged_at = %lld,"
		 " grade = 'confirmed' WHERE person_id = 3;"
		 "UPDATE requirement SET closed_at = %lld, closed_as = 'left'"
		 " WHERE person_id = 4",
		 NOW, NOW);
	wish = wish_of("p3@x.example");
	refused(store, &wish, false, "is confirmed for them already");
	wish = wish_of("p4@x.example");
	refused(store, &wish, false, "is closed for them already");
	refused(store, &wish, true, "not exempt");
	assert_int_equal(store_number(store, "SELECT count(*) FROM event"), 0);
}

/* to whom, and of which kind, each mail */
#define TOLD                                                                   \
	"SELECT coalesce(group_concat(a.address || ' ' || n.kind, ', '), '')"  \
	" FROM notice n JOIN delivery d ON d.notice_id = n.id"                 \
	" JOIN addressee a ON a.delivery_id = d.id"

static const char *last_mail(struct store *store)
{
	return last_mail_to(store, &settings, "p1@x.example", "P");
}

static void f30_the_person_is_told(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("p1@x.example");
	bool is_late;

	store_check(store, STORE_ALONE(store, exemption_record(
						  store->db, &context, &wish,
						  &is_late, &store->err)));
	assert_string_equal(store_text(store, TOLD), "p1@x.example exempted");
	const char *mail = last_mail(store);
	golden_check("mail-exempted.eml", mail, strlen(mail));
	/* by their role, and neither name nor reason */
	assert_non_null(strstr(mail, "somebody who works for Board"));
	assert_null(strstr(mail, "jo@host"));
	assert_null(strstr(mail, "wrote it"));
	assert_non_null(strstr(mail, "Reply-To: lead@example.org"));
	store_check(store,
		    STORE_ALONE(store, exemption_undo(store->db, &context,
						      &wish, &store->err)));
	assert_string_equal(store_text(store, TOLD),
			    "p1@x.example exempted, p1@x.example exempted");
	mail = last_mail(store);
	golden_check("mail-exempted-no-more.eml", mail, strlen(mail));
	/* what is refused tells nobody */
	refused(store, &wish, true, "not exempt");
	assert_int_equal(store_number(store, "SELECT count(*) FROM notice"), 2);
}

static void f30_what_is_marked_keeps_its_title(void **state)
{
	struct store *store = *state;
	struct exemption_wish wish = wish_of("p1@x.example");
	bool is_late;

	scene_do(store, "UPDATE version SET marking = 'OFFICIAL-SENSITIVE',"
			" title = 'Child K'");
	context.now = DUE + 1;
	wish.actor = "lead lead@example.org";
	store_check(store, STORE_ALONE(store, exemption_record(
						  store->db, &context, &wish,
						  &is_late, &store->err)));
	assert_null(strstr(last_mail(store), "Child K"));
	assert_non_null(strstr(last_mail(store), "the lead of your list"));
	assert_non_null(strstr(last_mail(store), "not confirmed in time"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(f10_recorded_and_undone, make_scene,
					    end_scene),
	    cmocka_unit_test_setup_teardown(f20_late_improves_nothing,
					    make_scene, end_scene),
	    cmocka_unit_test_setup_teardown(f20_what_can_not_be, make_scene,
					    end_scene),
	    cmocka_unit_test_setup_teardown(f30_the_person_is_told, make_scene,
					    end_scene),
	    cmocka_unit_test_setup_teardown(f30_what_is_marked_keeps_its_title,
					    make_scene, end_scene),
	};

	return cmocka_run_group_tests_name("exemption", tests, NULL, NULL);
}
