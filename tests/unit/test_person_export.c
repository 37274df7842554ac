#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/person_export.h"
#include "planning.h"
#include "tools/json.h"

static void scene(struct planning *p)
{
	planning_open(p);
	add_version(p, 1);
	store_do(&p->store, "INSERT INTO suppression (address_key, score,"
			    " scored_at) VALUES ('p1@police.example', 100, 5)");
	store_do(&p->store,
		 "INSERT INTO event (id, kind, effective_at, recorded_at,"
		 " actor, body) VALUES"
		 " (1, 'a', 1, 2, 'briefingd', '{\"person\":\"public-1\"}'),"
		 " (2, 'b', 3, 4, 'person:public-1', '{}'),"
		 " (3, 'c', 5, 6, 'briefingd', '{\"person\":\"public-11\"}'),"
		 " (4, 'd', 7, 8, 'person:public-2', '{}');"
		 "INSERT INTO event_text VALUES (2, 'reflection', x'00',"
		 " 'I will ask.'), (4, 'reflection', x'00', 'Not hers.')");
}

static void f10_sections(void **state)
{
	struct person_export *held;
	struct planning p;

	(void)state;
	scene(&p);
	store_check(&p.store,
		    person_export_load(p.store.db, "p1@police.example",
				       p.store.arena, &held, &p.store.err));
	assert_string_equal(held->public_id, "public-1");
	struct json_value *json = person_export_json(held, 9);
	const struct json_value *identity =
	    json_at(json_get(json, "identity"), 0);
	assert_string_equal(json_get_text(identity, "name"), "Person 1");
	/* a digit more is somebody else */
	const struct json_value *events = json_get(json, "events");
	assert_int_equal(json_count(events), 2);
	assert_string_equal(json_get_text(json_at(events, 1), "kind"), "b");
	const struct json_value *texts = json_get(json, "texts");
	assert_int_equal(json_count(texts), 1);
	assert_string_equal(json_get_text(json_at(texts, 0), "text"),
			    "I will ask.");
	assert_int_equal(
	    json_get_integer(json_at(json_get(json, "suppression"), 0), "score",
			     0),
	    100);
	assert_int_equal(json_count(json_get(json, "mails")), 0);
	json_free(json);
	planning_close(&p);
}

/* Of a sheet, that they are on it; and not what else it shows. */
static void f10_sheets(void **state)
{
	struct person_export *held;
	struct planning p;

	(void)state;
	scene(&p);
	open_now(&p, "police", true);
	assert_int_equal(plan_all(&p, 100), 2);
	attest(&p, 1);
	attest(&p, 2);
	store_do(&p.store, "DELETE FROM sheet_scan WHERE sheet_id = 2");
	for (int i = 0; i < 2; i++) {
		store_check(&p.store,
			    person_export_load(
				p.store.db,
				i ? "p2@police.example" : "p1@police.example",
				p.store.arena, &held, &p.store.err));
		struct json_value *json = person_export_json(held, 9);
		const struct json_value *sheets = json_get(json, "sheets");

		assert_int_equal(json_count(sheets), 1);
		assert_string_equal(json_get_text(json_at(sheets, 0), "ref"),
				    "LTB-1");
		assert_string_equal(json_get_text(json_at(sheets, 0), "scan"),
				    i ? "gone" : "kept");
		json_free(json);
	}
	planning_close(&p);
}

/* By the address alone: a lead need not be a member. */
static void f10_of_a_lead(void **state)
{
	struct person_export *held;
	struct planning p;

	(void)state;
	scene(&p);
	store_do(
	    &p.store,
	    "UPDATE list SET lead_address = 'Ruth@police.example',"
	    " board_member = 'Ruth', board_member_address ="
	    " 'ruth@police.example';"
	    "INSERT INTO operator VALUES ('ruth-1',"
	    " 'lead ruth@police.example'), ('eve-1', 'lead eve@x.example');"
	    "INSERT INTO event (id, kind, effective_at, recorded_at,"
	    " actor, body) VALUES"
	    " (5, 'member-status', 5, 6, 'lead:ruth-1',"
	    " '{\"person\":\"public-1\"}'),"
	    " (6, 'member-status', 7, 8, 'lead:eve-1', '{}');");
	store_check(&p.store,
		    person_export_load(p.store.db, "ruth@police.example",
				       p.store.arena, &held, &p.store.err));
	assert_null(held->public_id);
	struct json_value *json = person_export_json(held, 9);
	const struct json_value *offices = json_get(json, "offices");
	assert_true(json_count(offices) >= 2);
	assert_string_equal(json_get_text(json_at(offices, 0), "office"),
			    "lead");
	assert_string_equal(json_get_text(json_at(offices, 1), "office"),
			    "board member");
	const struct json_value *deeds = json_get(json, "deeds");
	assert_int_equal(json_count(deeds), 1);
	assert_int_equal(json_get_integer(json_at(deeds, 0), "event", 0), 5);
	assert_null(json_get(json_at(deeds, 0), "body"));
	json_free(json);
	planning_close(&p);
}

static void f20_nobody(void **state)
{
	struct person_export *held;
	struct planning p;

	(void)state;
	scene(&p);
	assert_false(person_export_load(p.store.db, "eve@x.example",
					p.store.arena, &held, &p.store.err));
	assert_int_equal(p.store.err.kind, ERR_GONE);
	/* nobody's, but we know something of it */
	store_do(&p.store, "INSERT INTO suppression (address_key, score,"
			   " scored_at) VALUES ('eve@x.example', 1, 5)");
	store_check(&p.store,
		    person_export_load(p.store.db, "eve@x.example",
				       p.store.arena, &held, &p.store.err));
	assert_null(held->public_id);
	planning_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_sections),
	    cmocka_unit_test(f10_sheets),
	    cmocka_unit_test(f10_of_a_lead),
	    cmocka_unit_test(f20_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
