#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/problems.h"
#include "base/scratch.h"
#include "core/roster.h"
#include "core/roster_member.h"
#include "core/tombstone.h"
#include "store.h"
#include "tools/crypto.h"

#define NOW 1000000000
#define DAY 86400
#define LEAST                                                                  \
	"agency = \"police\"; lead = \"Ruth Amadi\";\n"                        \
	"lead_address = \"ruth@police.example\";\n"                            \
	"schedule = \"weekly mon 08:00\";\n"

static struct store store;

static int prepare(void **state)
{
	(void)state;
	store_open(&store);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

/* --- lists */

static struct roster_list parse_conf(const char *name, const char *text)
{
	struct problems problems = {0};
	struct roster_list list;

	if (!roster_parse_conf(name, text, strlen(text), store.arena, &list,
			       &problems))
		fail_msg("%s", problems_format(&problems));
	return list;
}

static int64_t apply_conf(const char *name, const char *hash, int64_t now)
{
	char file[80];
	int64_t id = 0;

	snprintf(file, sizeof(file), "%s.conf", name);
	struct roster_list list = parse_conf(file, LEAST);
	store_begin(&store);
	store_check(&store, roster_apply_conf(store.db, &list, hash, now, &id,
					      &store.err));
	store_commit(&store);
	return id;
}

static struct roster_list *load_list(const char *name)
{
	struct roster_list *list;

	store_check(&store, roster_load_list(store.db, name, store.arena, &list,
					     &store.err));
	return list;
}

static void f10_conf_is_read(void **state)
{
	struct roster_list list = parse_conf(
	    "lists/police.conf", LEAST
	    "title = \"Avon Vale Police\"; review_on = \"2027-03-01\";"
	    "audience = [\"criminal-justice\"]; deadline_days = 21;"
	    "mandatory = false; confirm = \"email\"; from_name = \"Learning\";"
	    "confirm_by_reply = true; lead_mail = \"Friday 16:30\";"
	    "reply_to = \"help@police.example\"; unsure = \"hold\";"
	    "documents = \"attached\"; domains = [\"Police.example\", "
	    "\"b\xc3\xbc"
	    "cher.example\"];");

	(void)state;
	assert_string_equal(list.name, "police");
	assert_string_equal(list.title, "Avon Vale Police");
	assert_int_equal(list.deadline_days, 21);
	assert_false(list.mandatory);
	assert_string_equal(list.confirm, "email");
	assert_true(list.confirm_by_reply);
	assert_string_equal(list.lead_mail, "Friday 16:30");
	assert_true(list.attach_documents);
	assert_true(list.hold_unsure);
	assert_string_equal(list.domains[0], "police.example");
	assert_string_equal(list.domains[1], "xn--bcher-kva.example");
	list = parse_conf("gp.conf", LEAST);
	assert_string_equal(list.title, "police");
	assert_true(list.mandatory);
	assert_string_equal(list.confirm, "tick");
	assert_false(list.confirm_by_reply);
	assert_int_equal(list.deadline_days, 0);
	assert_false(list.hold_unsure);
	assert_false(list.attach_documents);
	assert_string_equal(list.review_on, "");
	assert_string_equal(list.lead_mail, "mon 08:00");
}

static void f20_conf_faults_are_told_with_their_line(void **state)
{
	static const struct {
		const char *name, *text, *said;
	} cases[] = {
	    {"a.conf", "", "agency"},
	    {"a.conf", LEAST "lead = \"x\";", "a.conf:4:"},
	    {"a.conf", LEAST "owner = \"x\";", "a.conf:4:"},
	    {"a.conf", LEAST "review_on = \"1 May\";", "a.conf:4: review_on"},
	    {"a.conf", LEAST "lead_mail = \"daily\";",
	     "a.conf:4: lead_mail: \"daily\" is no time of the week"},
	    {"a.conf", LEAST "lead_mail = \"\";", "a.conf:4:"},
	    {"a.conf", LEAST "reply_to = \"x\";", "a.conf:4: reply_to:"},
	    {"a.conf", LEAST "domains = [\"not a domain\"];",
	     "a.conf:4: domains:"},
	    {"a.conf", LEAST "domains = [\"police\"];", "has no dot"},
	    {"a.conf", LEAST "deadline_days = 0;", "a.conf:4:"},
	    {"a.conf", LEAST "documents = \"both\";", "a.conf:4:"},
	    {"a.conf", LEAST "confirm = \"sms\";", "a.conf:4:"},
	    {"a.conf",
	     "agency = \"x\"; lead = \"y\"; lead_address = \"z@x.example\";\n"
	     "schedule = \"now and then\";",
	     "a.conf:2: schedule:"},
	    {"a.conf",
	     "agency = \"x\"; lead = \"y\";\nlead_address = \"a@b.example, "
	     "c@d.example\"; schedule = \"immediately\";",
	     "a.conf:2: lead_address:"},
	    {"a.conf",
	     "agency = \"x\";\nlead = \"y\\nBcc: z\"; lead_address = "
	     "\"a@b.example\"; schedule = \"immediately\";",
	     "a.conf:2:"},
	    {"Police North.conf", LEAST, "small letters, digits and hyphens"},
	    {".conf", LEAST, "small letters, digits and hyphens"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct problems problems = {0};
		struct roster_list list;

		assert_false(roster_parse_conf(cases[i].name, cases[i].text,
					       strlen(cases[i].text),
					       store.arena, &list, &problems));
		char *said = problems_format(&problems);
		if (!strstr(said, cases[i].said))
			fail_msg("%s\nnot told (%s): %s", cases[i].text,
				 cases[i].said, said);
		free(said);
		problems_done(&problems);
	}
}

static void f20_list_is_kept_and_changed(void **state)
{
	(void)state;
	int64_t id = apply_conf("police", "h1", NOW);
	assert_int_equal(apply_conf("police", "h1", NOW + 5), id);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"), 1);
	assert_int_equal(apply_conf("police", "h2", NOW + 5), id);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"), 2);
	struct roster_list *list = load_list("police");
	assert_int_equal(list->id, id);
	assert_int_equal(list->slots_from_at, NOW);
	assert_string_equal(list->csv_hash, "");
	assert_null(list->waiting_hash);
	assert_null(load_list("nobody"));
	struct roster_list *lists;
	size_t count;
	apply_conf("gp", "h", NOW);
	store_check(&store, roster_load_lists(store.db, store.arena, &lists,
					      &count, &store.err));
	assert_int_equal(count, 2);
	assert_string_equal(lists[0].name, "gp");
}

static void f30_list_that_goes_and_comes_back(void **state)
{
	const char *present[] = {"gp"};

	(void)state;
	apply_conf("police", "h1", NOW);
	apply_conf("gp", "h1", NOW);
	for (int i = 0; i < 2; i++) {
		store_begin(&store);
		store_check(&store,
			    roster_remove_missing(store.db, present, 1,
						  NOW + 10, &store.err));
		store_commit(&store);
	}
	assert_true(load_list("police")->is_removed);
	assert_false(load_list("gp")->is_removed);
	assert_int_equal(store_number(&store,
				      "SELECT count(*) FROM event WHERE kind = "
				      "'list-removed'"),
			 1);
	apply_conf("police", "h1", NOW + 99);
	assert_false(load_list("police")->is_removed);
	/* its slots of the time between are not made up for */
	assert_int_equal(load_list("police")->slots_from_at, NOW + 99);
}

static void f30_problem_is_kept(void **state)
{
	(void)state;
	apply_conf("police", "h1", NOW);
	store_begin(&store);
	store_check(&store, roster_set_problem(store.db, "police", "no file",
					       NOW, &store.err));
	store_check(&store, roster_set_problem(store.db, "nobody", "no file",
					       NOW, &store.err));
	assert_string_equal(load_list("police")->problem, "no file");
	store_check(&store, roster_set_problem(store.db, "police", NULL, NOW,
					       &store.err));
	assert_null(load_list("police")->problem);
	store_commit(&store);
}

/* --- members */

/* the errand's answer for a CSV, through a file; known: the hash in force */
static char *read_csv_after(const char *known, const char *text,
			    size_t *ret_size)
{
	char path[100];
	struct buf out;

	snprintf(path, sizeof(path), "%s/x.csv", store.folder);
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	char *input = roster_request(path, "x.csv", known);
	buf_init(&out, 1 << 26);
	store_check(&store,
		    roster_read_csv(input, strlen(input), &out, &store.err));
	free(input);
	return buf_take(&out, ret_size);
}

static char *read_csv(const char *text, size_t *ret_size)
{
	return read_csv_after("", text, ret_size);
}

static struct roster_load *begin(int64_t list_id, const char *answer)
{
	struct scratch *scratch =
	    scratch_new(store.folder, (size_t)1 << 30, &store.err);

	store_check(&store, scratch != NULL);
	store_check(&store,
		    scratch_add(scratch, answer, strlen(answer), &store.err));
	return roster_load_begin(list_id, scratch, &store.err);
}

/* NULL: nobody was erased */
static const struct tombstone_key *tombstones;

/* max_rows 1: each row in a slice of its own */
static enum roster_state load_slices(int64_t list_id, const char *text,
				     size_t max_rows, int64_t now)
{
	enum roster_state state = ROSTER_WORKING;
	size_t size;
	char *answer = read_csv(text, &size);
	struct roster_load *load = begin(list_id, answer);

	if (!load)
		fail_msg("%s", store.err.text);
	roster_load_refuse(load, tombstones);
	if (roster_load_problems(load))
		fail_msg("%s", roster_load_problems(load));
	while (state == ROSTER_WORKING) {
		store_begin(&store);
		store_check(&store,
			    roster_load_step(load, store.db, 20, max_rows, now,
					     &state, &store.err));
		store_commit(&store);
	}
	if (state == ROSTER_APPLIED) {
		uint8_t hash[CRYPTO_SHA256_SIZE];
		char sql[128], hex[CRYPTO_SHA256_HEX];

		crypto_sha256(text, strlen(text), hash);
		crypto_hex(hash, sizeof(hash), hex);
		snprintf(sql, sizeof(sql),
			 "SELECT csv_hash FROM list WHERE id = %d",
			 (int)list_id);
		assert_string_equal(store_text(&store, sql), hex);
	}
	roster_load_free(load);
	free(answer);
	return state;
}

static void load(int64_t list_id, const char *text, int64_t now)
{
	assert_int_equal(load_slices(list_id, text, 1, now), ROSTER_APPLIED);
}

/* "address status,..." of a list as it counts at now, gone ones too */
static const char *members(int64_t list_id, int64_t now)
{
	struct roster_person *list;
	size_t count;
	struct buf out;

	store_check(&store,
		    roster_load_members(store.db, list_id, now, store.arena,
					&list, &count, &store.err));
	buf_init(&out, 10000);
	for (size_t i = 0; i < count; i++)
		buf_addf(&out, "%s%.*s %s", i ? "," : "",
			 (int)strcspn(list[i].address, "@"), list[i].address,
			 list[i].status);
	char *text = arena_strndup(store.arena, out.data, out.size);
	buf_done(&out);
	return text;
}

static int64_t person_of(const char *address_key)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "SELECT person_id FROM identity WHERE address_key = '%s'",
		 address_key);
	return store_number(&store, sql);
}

static int64_t events(const char *kind)
{
	char sql[100];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM event WHERE kind = '%s'", kind);
	return store_number(&store, sql);
}

#define THREE "address,name\na@x.example,Ann\nb@x.example,Bob\nc@x.example,Cy\n"

static void f40_first_load(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list,
	     "address,name,since,status\na@x.example,Ann,2001-01-01,\n"
	     "b@x.example,Bob,,left\nc@x.example,Cy,,on-leave\n",
	     NOW);
	assert_string_equal(members(list, NOW), "a active,b left,c on-leave");
	assert_int_equal(load_list("police")->member_count, 2);
	assert_string_equal(
	    store_text(&store, "SELECT group_concat(joined_at) FROM (SELECT "
			       "joined_at FROM member ORDER BY row_key)"),
	    "978307200,0,0");
	assert_int_equal(events("member-joined"), 3);
	assert_int_equal(events("member-status"), 2);
	assert_int_equal(events("list-loaded"), 1);
	/* names and addresses stay out of events */
	assert_int_equal(store_number(&store,
				      "SELECT count(*) FROM event WHERE body "
				      "LIKE '%example%' OR body GLOB '*Ann*'"),
			 0);
	assert_int_equal(
	    store_number(&store, "SELECT min(length(public_id)) FROM person"),
	    20);
}

static void f40_later_rows_join_now(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);
	struct roster_person *people;
	size_t count;

	(void)state;
	load(list, THREE, NOW);
	load(list, THREE "d@x.example,Di\n", NOW + DAY);
	assert_int_equal(store_number(&store,
				      "SELECT joined_at FROM member WHERE "
				      "row_key = 'd@x.example'"),
			 NOW + DAY);
	assert_int_equal(
	    store_number(&store, "SELECT sum(joined_at) FROM member"),
	    NOW + DAY);
	store_check(&store,
		    roster_load_members(store.db, list, NOW, store.arena,
					&people, &count, &store.err));
	assert_string_equal(people[0].joined_on, "");
	assert_string_equal(people[3].joined_on, "2001-09-10");
}

static void f40_same_file_changes_nothing(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, THREE, NOW);
	int64_t before = store_number(&store, "SELECT count(*) FROM event");
	load(list, THREE, NOW + 5);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"),
			 before);
}

static void f50_rows_change_and_go(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, THREE, NOW);
	int64_t ann = person_of("a@x.example");
	load(list,
	     "address,name,role\nA@x.example,Ann Lee,Chief\n"
	     "b@x.example,Bob,\n",
	     NOW + 5);
	assert_string_equal(members(list, NOW), "A active,b active,c removed");
	assert_int_equal(person_of("a@x.example"), ann);
	assert_string_equal(
	    store_text(&store, "SELECT address || name || role FROM identity "
			       "WHERE address_key = 'a@x.example'"),
	    "A@x.exampleAnn LeeChief");
	assert_int_equal(events("member-left"), 1);
	assert_int_equal(load_list("police")->member_count, 2);
	/* and back: a joiner of that day, the same person */
	load(list, THREE, NOW + DAY);
	assert_string_equal(members(list, NOW), "a active,b active,c active");
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 3);
	assert_int_equal(store_number(&store,
				      "SELECT joined_at FROM member WHERE "
				      "row_key = 'c@x.example'"),
			 NOW + DAY);
}

static void f50_people_are_one_across_lists(void **state)
{
	int64_t police = apply_conf("police", "h", NOW);
	int64_t gp = apply_conf("gp", "h", NOW);
	struct roster_person *people;
	size_t count;

	(void)state;
	load(police, THREE, NOW);
	load(gp,
	     "address,name,primary\nA@x.example,Ann,\n"
	     "b@x.example,Bob,yes\n",
	     NOW);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 3);
	/* the first by name, unless another is primary */
	store_check(&store,
		    roster_load_members(store.db, police, NOW, store.arena,
					&people, &count, &store.err));
	assert_string_equal(people[0].counted_under, "gp");
	assert_string_equal(people[1].counted_under, "gp");
	assert_null(people[2].counted_under);
	load(police,
	     "address,name,primary\na@x.example,Ann,yes\n"
	     "b@x.example,Bob,\nc@x.example,Cy,\n",
	     NOW);
	store_check(&store,
		    roster_load_members(store.db, police, NOW, store.arena,
					&people, &count, &store.err));
	assert_null(people[0].counted_under);
	assert_string_equal(people[1].counted_under, "gp");
}

#define BY_ID(a, b, c) "id,address,name\n1," a ",Ann\n2," b ",Bob\n3," c ",Cy\n"

static void f60_new_address_under_an_id_keeps_the_person(void **state)
{
	int64_t police = apply_conf("police", "h", NOW);
	int64_t gp = apply_conf("gp", "h", NOW);

	(void)state;
	load(police, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW);
	load(gp, "address,name\na@x.example,Ann\n", NOW);
	int64_t ann = person_of("a@x.example");
	load(police, BY_ID("lee@x.example", "b@x.example", "c@x.example"),
	     NOW + 5);
	assert_int_equal(person_of("lee@x.example"), ann);
	assert_int_equal(events("person-address-changed"), 1);
	assert_int_equal(events("member-left"), 0);
	/* on all lists; one that still says the old address does not take it
	 * back by changing something else */
	assert_string_equal(members(gp, NOW), "lee active");
	load(gp, "address,name,role\na@x.example,Ann,GP\n", NOW + 9);
	assert_int_equal(person_of("lee@x.example"), ann);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 3);
}

/* Whatever row brings it: a new one, one that is back, a new address under an
 * id, another case. */
static void f60_who_was_erased_is_refused(void **state)
{
	static const struct tombstone_key key = {{7}};
	int64_t list = apply_conf("police", "h", NOW);
	char mac[TOMBSTONE_SIZE];

	(void)state;
	load(list, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW);
	tombstone_make(&key, "e@x.example", mac);
	store_begin(&store);
	store_check(&store, tombstone_put(store.db, mac, NOW, &store.err));
	store_commit(&store);
	tombstones = &key;
	load(list,
	     "id,address,name\n1,a@x.example,Ann\n2,E@x.example,Bob\n"
	     "3,c@x.example,Cyd\n",
	     NOW + 1);
	assert_string_equal(load_list("police")->refused_lines, "3");
	assert_string_equal(store_text(&store, "SELECT address FROM identity"
					       " WHERE name = 'Bob'"),
			    "b@x.example");
	assert_int_equal(store_number(&store,
				      "SELECT count(*) FROM identity WHERE"
				      " address_key = 'e@x.example'"),
			 0);
	load(list,
	     "id,address,name\n1,a@x.example,Ann\n2,b@x.example,Bob\n"
	     "3,c@x.example,Cyd\n4,e@X.example,Eve\n5,f@x.example,Flo\n",
	     NOW + 2);
	assert_string_equal(load_list("police")->refused_lines, "5");
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 4);
	assert_int_equal(
	    store_number(&store, "SELECT sum(json_extract(body, '$.refused'))"
				 " FROM event WHERE kind = 'list-loaded'"),
	    2);
	/* and is none of theirs any more */
	load(list, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW + 3);
	assert_string_equal(load_list("police")->refused_lines, "");
	tombstones = NULL;
}

/* Each is counted, but a list of all of them helps nobody. */
static void f60_many_refused_lines(void **state)
{
	static const struct tombstone_key key = {{7}};
	int64_t list = apply_conf("police", "h", NOW);
	static char text[200 * 20];
	char mac[TOMBSTONE_SIZE], address[32];
	size_t size = (size_t)sprintf(text, "address\n");

	(void)state;
	store_begin(&store);
	for (int i = 0; i < 150; i++) {
		snprintf(address, sizeof(address), "p%d@x.example", i);
		tombstone_make(&key, address, mac);
		store_check(&store,
			    tombstone_put(store.db, mac, NOW, &store.err));
		size += (size_t)sprintf(text + size, "%s\n", address);
	}
	store_commit(&store);
	tombstones = &key;
	load(list, text, NOW);
	const char *lines = load_list("police")->refused_lines;
	assert_true(strlen(lines) < 220);
	assert_non_null(strstr(lines, ", and more"));
	assert_string_equal(strstr(lines, ", and more"), ", and more");
	assert_int_equal(
	    store_number(&store, "SELECT json_extract(body, '$.refused') FROM"
				 " event WHERE kind = 'list-loaded'"),
	    150);
	tombstones = NULL;
}

static void f60_swapped_and_shifted_addresses(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW);
	int64_t ann = person_of("a@x.example"), bob = person_of("b@x.example"),
		cy = person_of("c@x.example");
	load(list, BY_ID("b@x.example", "a@x.example", "c@x.example"), NOW + 1);
	assert_int_equal(person_of("b@x.example"), ann);
	assert_int_equal(person_of("a@x.example"), bob);
	load(list, BY_ID("c@x.example", "b@x.example", "a@x.example"), NOW + 2);
	assert_int_equal(person_of("c@x.example"), ann);
	assert_int_equal(person_of("b@x.example"), bob);
	assert_int_equal(person_of("a@x.example"), cy);
	assert_int_equal(events("member-left"), 0);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 3);
}

static void f60_address_of_one_who_left_is_taken(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW);
	int64_t ann = person_of("a@x.example"), bob = person_of("b@x.example");
	/* Ann has gone, Bob gets her address */
	load(list, "id,address,name\n2,a@x.example,Bob\n3,c@x.example,Cy\n",
	     NOW + 1);
	assert_int_equal(person_of("a@x.example"), bob);
	assert_int_equal(store_number(&store,
				      "SELECT count(*) FROM identity WHERE "
				      "address_key IS NULL"),
			 1);
	assert_int_not_equal(ann, bob);
	assert_int_equal(events("member-left"), 1);
}

static void f60_address_of_someone_on_another_list(void **state)
{
	int64_t police = apply_conf("police", "h", NOW);
	int64_t gp = apply_conf("gp", "h", NOW);

	(void)state;
	load(police, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW);
	load(gp, "address,name\nlee@x.example,Ann Lee\n", NOW);
	int64_t ann = person_of("a@x.example"),
		lee = person_of("lee@x.example");
	load(police, BY_ID("lee@x.example", "b@x.example", "c@x.example"),
	     NOW + 1);
	assert_int_equal(person_of("lee@x.example"), lee);
	assert_int_equal(person_of("a@x.example"), ann);
	assert_string_equal(members(police, NOW),
			    "a removed,lee active,b active,c active");
	/* and again: nothing more happens */
	load(police, BY_ID("lee@x.example", "b@x.example", "c@x.example") "\n",
	     NOW + 2);
	assert_int_equal(events("member-left"), 1);
	assert_int_equal(events("member-joined"), 5);
}

static void f60_list_that_gets_ids_keeps_its_people(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, THREE, NOW);
	int64_t ann = person_of("a@x.example");
	load(list, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW + 1);
	assert_int_equal(events("member-left"), 0);
	assert_int_equal(events("member-joined"), 3);
	assert_int_equal(person_of("a@x.example"), ann);
	/* ids given out anew: the address tells */
	load(list, BY_ID("c@x.example", "a@x.example", "b@x.example"), NOW + 2);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 3);
	/* an id of one who left is not the one who left */
	load(list, "id,address\n2,a@x.example\n3,b@x.example\n", NOW + 3);
	load(list,
	     "id,address\n1,new@x.example\n2,a@x.example\n"
	     "3,b@x.example\n",
	     NOW + 4);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 4);
}

/* --- requirements */

static const char duty[] =
    "INSERT INTO briefing (id, ref, created_at) VALUES (1, 'LTB-1', 0);"
    "INSERT INTO version (id, briefing_id, number, content_hash, kind, title,"
    " language, marking, approved_by, approved_on, approval_ref,"
    " not_before_at, acknowledge_within_days, publish, already_circulated,"
    " audience, themes, key_messages, questions, summary, taken_at) VALUES"
    " (1, 1, 1, 'h1', 'learning-together-briefing',"
    " 'G', 'en-GB', 'OFFICIAL', 'B', '2001-01-01', 'M', 0, 14, 0, 0,"
    " '[\"all\"]', '[]', '[]', '[]', 'Old.', 10);"
    "INSERT INTO digest (id, list_id, slot_at, mode, state, created_at)"
    " VALUES (1, 1, 1, 'live', 'planned', 1);"
    "INSERT INTO letter (id, digest_id, content_key, format, made_at,"
    " sender, head, body) VALUES (1, 1, '1', 1, 1, 'x', x'', x'');"
    "INSERT INTO delivery (id, digest_id, person_id, generation, letter_id,"
    " mode, state, due_at, created_at) SELECT id, 1, id, 1, 1, 'live', 'due',"
    " 1, 1 FROM person;"
    "INSERT INTO requirement (version_id, person_id, list_id, agency,"
    " delivery_id, required_at, due_at, closes_at) SELECT 1, id, 1, 'police',"
    " id, 1, 1000000000, 2000000000 FROM person;";

static const char *duties(void)
{
	return store_text(
	    &store,
	    "SELECT group_concat(name || coalesce(closed_as || "
	    "(closed_at - 1000000000), '-')) FROM (SELECT * FROM "
	    "standing_requirement JOIN identity USING (person_id) ORDER BY "
	    "name)");
}

static void f70_leaving_closes_what_is_outstanding(void **state)
{
	int64_t police = apply_conf("police", "h", NOW - 100);
	int64_t gp = apply_conf("gp", "h", NOW - 100);

	(void)state;
	load(police, THREE, NOW - 90);
	load(gp, "address,name\na@x.example,Ann\n", NOW - 90);
	store_do(&store, duty);
	load(police,
	     "address,name,status\nb@x.example,Bob,left\n"
	     "c@x.example,Cy,\n",
	     NOW - 10);
	/* Ann is still on the other list */
	assert_string_equal(duties(), "Ann-,Bobleft-10,Cy-");
	load(gp, "address,name\n", NOW - 5);
	assert_string_equal(duties(), "Annleft-5,Bobleft-10,Cy-");
	/* after the deadline: the time tells, and the event */
	load(police, "address,name,status\nb@x.example,Bob,left\n", NOW + 50);
	assert_string_equal(duties(), "Annleft-5,Bobleft-10,Cyleft50");
	assert_string_equal(
	    store_text(&store, "SELECT group_concat(json_extract(body, "
			       "'$.after_deadline')) FROM event WHERE kind = "
			       "'requirements-closed'"),
	    "0,0,1");
}

static void f70_moving_between_lists_opens_again(void **state)
{
	int64_t police = apply_conf("police", "h", NOW - 100);
	int64_t gp = apply_conf("gp", "h", NOW - 100);

	(void)state;
	load(police, THREE, NOW - 90);
	store_do(&store, duty);
	load(police, "address,name\nc@x.example,Cy\n", NOW);
	assert_string_equal(duties(), "Annleft0,Bobleft0,Cy-");
	load(gp, "address,name\na@x.example,Ann\n", NOW + 1);
	assert_string_equal(duties(), "Ann-,Bobleft0,Cy-");
	assert_int_equal(events("requirements-reopened"), 1);
	/* long after, one who returns is a joiner */
	load(gp, "address,name\na@x.example,Ann\nb@x.example,Bob\n",
	     NOW + 8 * DAY);
	assert_string_equal(duties(), "Ann-,Bobleft0,Cy-");
}

static void f70_other_endings_stay(void **state)
{
	int64_t list = apply_conf("police", "h", NOW - 100);

	(void)state;
	load(list, THREE, NOW - 90);
	store_do(&store, duty);
	store_do(&store,
		 "UPDATE requirement SET acknowledged_at = 5, grade ="
		 " 'confirmed' WHERE person_id = 1;"
		 "UPDATE requirement SET missed_at = 6 WHERE person_id = 2;");
	load(list,
	     "address,name,status\na@x.example,Ann,left\n"
	     "b@x.example,Bob,left\nc@x.example,Cy,left\n",
	     NOW);
	assert_string_equal(duties(), "Ann-,Bob-,Cyleft0");
}

static void f70_what_its_version_closed_stays_so(void **state)
{
	int64_t list = apply_conf("police", "h", NOW - 100);

	(void)state;
	load(list, THREE, NOW - 90);
	store_do(&store, duty);
	store_do(&store, "UPDATE version SET closed_at = 1000000007, closed_as"
			 " = 'superseded'");
	load(list, "address,name\nb@x.example,Bob\nc@x.example,Cy\n", NOW + 9);
	assert_string_equal(duties(), "Annsuperseded7,Bobsuperseded7,"
				      "Cysuperseded7");
	assert_int_equal(events("requirements-closed"), 0);
}

/* --- what people say themselves */

static bool leave(int64_t list, const char *list_name, const char *address,
		  int64_t now)
{
	struct roster_change change = {.db = store.db,
				       .list_id = list,
				       .list_name = list_name,
				       .now = now};
	bool is_new = false;

	store_begin(&store);
	store_check(&store,
		    roster_member_say(&change, person_of(address), "not-for-me",
				      0, NULL, &is_new, &store.err));
	store_commit(&store);
	return is_new;
}

static bool go_on_leave(int64_t list, const char *address, int64_t until_at)
{
	struct roster_change change = {
	    .db = store.db, .list_id = list, .list_name = "police", .now = NOW};
	bool is_new = false;

	store_begin(&store);
	store_check(&store,
		    roster_member_say(&change, person_of(address), "on-leave",
				      until_at, NULL, &is_new, &store.err));
	store_commit(&store);
	assert_int_equal(change.closed, 0);
	return is_new;
}

static void f75_leave_is_over_when_it_was_said_to_be(void **state)
{
	int64_t list = apply_conf("police", "h", NOW - 100);

	(void)state;
	load(list, THREE, NOW - 90);
	store_do(&store, duty);
	assert_true(go_on_leave(list, "a@x.example", NOW + 500));
	assert_false(go_on_leave(list, "a@x.example", NOW + 500));
	/* it may become longer, and shorter */
	assert_true(go_on_leave(list, "a@x.example", NOW + 900));
	assert_true(go_on_leave(list, "a@x.example", NOW + 700));
	assert_string_equal(members(list, NOW + 699),
			    "a on-leave,b active,c active");
	assert_string_equal(duties(), "Ann-,Bob-,Cy-");
	assert_int_equal(
	    store_number(&store, "SELECT max(json_extract(body, '$.until')) "
				 "FROM event WHERE kind = 'member-status'"),
	    NOW + 900);
	/* who has left is on no leave */
	assert_true(leave(list, "police", "b@x.example", NOW));
	assert_false(go_on_leave(list, "b@x.example", NOW + 500));
}

static void f75_who_takes_themselves_off_is_off(void **state)
{
	int64_t list = apply_conf("police", "h", NOW - 100);

	(void)state;
	load(list, THREE, NOW - 90);
	store_do(&store, duty);
	assert_true(leave(list, "police", "a@x.example", NOW - 10));
	/* a second time is harmless */
	assert_false(leave(list, "police", "a@x.example", NOW - 9));
	assert_string_equal(members(list, NOW),
			    "a not-for-me,b active,c active");
	assert_string_equal(duties(), "Annleft-10,Bob-,Cy-");
	assert_int_equal(events("member-status"), 1);
	assert_string_equal(
	    store_text(&store,
		       "SELECT (actor = 'person:' || json_extract(body, "
		       "'$.person')) || json_extract(body, '$.list') || "
		       "json_extract(body, '$.from') || json_extract(body, "
		       "'$.to') FROM event WHERE kind = 'member-status'"),
	    "1policeactivenot-for-me");
	/* the same file, and one in which another row changed, say nothing */
	load(list, THREE "d@x.example,Di\n", NOW);
	assert_string_equal(members(list, NOW),
			    "a not-for-me,b active,c active,d active");
	/* nor does a row that was lost and is back */
	load(list, "address,name\nb@x.example,Bob\nc@x.example,Cy\n", NOW + 1);
	load(list, THREE, NOW + 2);
	assert_string_equal(members(list, NOW + 2),
			    "a not-for-me,b active,c active,d removed");
	assert_string_equal(duties(), "Annleft-10,Bob-,Cy-");
}

static void f75_a_changed_row_brings_them_back(void **state)
{
	int64_t list = apply_conf("police", "h", NOW - 100);

	(void)state;
	load(list, THREE, NOW - 90);
	store_do(&store, duty);
	assert_true(leave(list, "police", "a@x.example", NOW - 10));
	load(list,
	     "address,name,role\na@x.example,Ann,Nurse\nb@x.example,Bob,\n"
	     "c@x.example,Cy,\n",
	     NOW);
	assert_string_equal(members(list, NOW), "a active,b active,c active");
	assert_string_equal(duties(), "Ann-,Bob-,Cy-");
	assert_int_equal(events("requirements-reopened"), 1);
	assert_int_equal(events("member-status"), 2);
	/* and they may leave again */
	assert_true(leave(list, "police", "a@x.example", NOW + 1));
	assert_string_equal(duties(), "Annleft1,Bob-,Cy-");
}

static void f75_who_stays_on_another_list_is_asked(void **state)
{
	int64_t police = apply_conf("police", "h", NOW - 100);
	int64_t gp = apply_conf("gp", "h", NOW - 100);

	(void)state;
	load(police, THREE, NOW - 90);
	load(gp, "address,name\na@x.example,Ann\n", NOW - 90);
	store_do(&store, duty);
	assert_true(leave(police, "police", "a@x.example", NOW - 10));
	assert_string_equal(duties(), "Ann-,Bob-,Cy-");
	/* gone from the last: whether by the file or by the link */
	load(gp, "address,name\n", NOW - 5);
	assert_string_equal(duties(), "Annleft-5,Bob-,Cy-");
	/* after the deadline: the time tells */
	assert_true(leave(police, "police", "b@x.example", NOW + 5));
	assert_string_equal(duties(), "Annleft-5,Bobleft5,Cy-");
	/* who is not on the list can't leave it */
	assert_false(leave(gp, "gp", "c@x.example", NOW + 5));
}

/* --- the guard */

static const char *many(int count)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	buf_adds(&out, "address\n");
	for (int i = 0; i < count; i++)
		buf_addf(&out, "p%d@x.example\n", i);
	char *text = arena_strndup(store.arena, out.data, out.size);
	buf_done(&out);
	return text;
}

static void f80_guard_holds_and_lets_through(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, many(20), NOW);
	/* four of twenty are a fifth and no more */
	load(list, many(16), NOW + 1);
	assert_int_equal(load_slices(list, many(12), 1, NOW + 2), ROSTER_HELD);
	assert_int_equal(load_slices(list, many(12), 1, NOW + 3), ROSTER_HELD);
	struct roster_list *held = load_list("police");
	assert_int_equal(held->member_count, 16);
	assert_int_equal(held->waiting_removals, 4);
	assert_non_null(held->waiting_hash);
	assert_int_equal(events("list-held"), 1);
	store_check(&store, roster_accept(store.db, "police", "jo", NOW + 4,
					  &store.err));
	assert_null(load_list("police")->waiting_hash);
	assert_int_equal(load_slices(list, many(12), 1, NOW + 5),
			 ROSTER_APPLIED);
	assert_int_equal(load_list("police")->member_count, 12);
	assert_null(load_list("police")->accepted_hash);
	assert_false(roster_accept(store.db, "police", "jo", NOW, &store.err));
	assert_int_equal(store.err.kind, ERR_GONE);
	assert_false(roster_accept(store.db, "nobody", "jo", NOW, &store.err));
	assert_int_equal(events("list-accepted"), 1);
}

static void f80_accepting_is_for_that_file_only(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, many(20), NOW);
	assert_int_equal(load_slices(list, many(5), 9, NOW), ROSTER_HELD);
	store_check(&store,
		    roster_accept(store.db, "police", "jo", NOW, &store.err));
	assert_int_equal(load_slices(list, many(4), 9, NOW), ROSTER_HELD);
	/* back to what is in force: nothing waits any more */
	load(list, many(20), NOW);
	assert_null(load_list("police")->waiting_hash);
	assert_int_equal(load_list("police")->member_count, 20);
}

static void f80_small_lists_are_not_held(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, THREE, NOW);
	load(list, "address,name\na@x.example,Ann\n", NOW + 1);
	assert_string_equal(members(list, NOW), "a active,b removed,c removed");
}

/* --- odd ways */

static void f85_status_record_wins_until_the_row_changes(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, THREE, NOW);
	store_do(&store,
		 "INSERT INTO member_status (member_id, status, from_at, "
		 "until_at, row_hash, recorded_at, actor) SELECT id, "
		 "'not-for-me', 1000000010, 1000000100, row_hash, 1, 'x' FROM "
		 "member WHERE row_key = 'a@x.example'");
	assert_string_equal(members(list, NOW), "a active,b active,c active");
	assert_string_equal(members(list, NOW + 10),
			    "a not-for-me,b active,c active");
	assert_string_equal(members(list, NOW + 100),
			    "a active,b active,c active");
	load(list,
	     "address,name\na@x.example,Annie\nb@x.example,Bob\n"
	     "c@x.example,Cy\n",
	     NOW + 20);
	assert_string_equal(members(list, NOW + 30),
			    "a active,b active,c active");
}

/* A load that is cut off at any step is begun again and ends the same. */
static void f85_cut_off_anywhere(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);

	(void)state;
	load(list, BY_ID("a@x.example", "b@x.example", "c@x.example"), NOW);
	int64_t ann = person_of("a@x.example"), bob = person_of("b@x.example");
	for (int steps = 0; steps < 12; steps++) {
		const char *text =
		    steps % 2
			? BY_ID("a@x.example", "b@x.example", "c@x.example")
			: BY_ID("b@x.example", "a@x.example", "d@x.example");
		size_t size;
		char *answer = read_csv(text, &size);
		struct roster_load *cut = begin(list, answer);
		enum roster_state done = ROSTER_WORKING;

		for (int i = 0; i < steps && done == ROSTER_WORKING; i++) {
			store_begin(&store);
			store_check(&store,
				    roster_load_step(cut, store.db, 20, 1,
						     NOW + steps, &done,
						     &store.err));
			store_commit(&store);
		}
		roster_load_free(cut);
		free(answer);
		load(list, text, NOW + steps);
		assert_int_equal(
		    person_of(steps % 2 ? "a@x.example" : "b@x.example"), ann);
		assert_int_equal(
		    person_of(steps % 2 ? "b@x.example" : "a@x.example"), bob);
	}
	assert_int_equal(store_number(&store, "SELECT count(*) FROM person"),
			 3);
	assert_int_equal(store_number(&store,
				      "SELECT count(*) FROM identity WHERE "
				      "address_key IS NULL"),
			 0);
}

static enum roster_state step_once(struct roster_load *load, bool *ret_good)
{
	enum roster_state done = ROSTER_WORKING;

	store_begin(&store);
	*ret_good =
	    roster_load_step(load, store.db, 20, 9, NOW, &done, &store.err);
	store_commit(&store);
	return done;
}

static void f50_file_in_force_is_not_sent_again(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);
	const char *text = BY_ID("a@x.example", "b@x.example", "c@x.example");
	bool good;
	size_t size;

	(void)state;
	load(list, text, NOW);
	char *known = roster_known_hash(store.db, list);
	char *answer = read_csv_after(known, text, &size);
	assert_null(strstr(answer, "a@x.example"));
	struct roster_load *same = begin(list, answer);
	assert_int_equal(step_once(same, &good), ROSTER_APPLIED);
	assert_true(good);
	roster_load_free(same);
	/* it was in force when it was asked for, and is no more: nobody goes */
	load(list, BY_ID("a@x.example", "b@x.example", "d@x.example"), NOW);
	same = begin(list, answer);
	assert_int_equal(step_once(same, &good), ROSTER_WORKING);
	assert_false(good);
	assert_int_equal(store.err.kind, ERR_BUSY);
	err_clear(&store.err);
	roster_load_free(same);
	assert_int_equal(store_number(&store, "SELECT count(*) FROM member"
					      " WHERE removed_at IS NULL"),
			 3);
	free(answer);
	free(known);
}

static void f85_file_with_problems(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);
	static const char *const texts[] = {"address\nnobody\n", "address;x\n"};
	enum roster_state done;

	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t size;
		char *answer = read_csv(texts[i], &size);
		struct roster_load *bad = begin(list, answer);

		assert_non_null(strstr(roster_load_problems(bad), "x.csv:"));
		assert_false(roster_load_step(bad, store.db, 20, 9, NOW, &done,
					      &store.err));
		roster_load_free(bad);
		free(answer);
	}
}

static void f85_file_that_is_none(void **state)
{
	char path[100];
	struct buf out;
	const char *said;

	(void)state;
	snprintf(path, sizeof(path), "%s/none.csv", store.folder);
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			assert_int_equal(symlink("/etc/passwd", path), 0);
		if (i == 2) {
			unlink(path);
			assert_int_equal(mkfifo(path, 0600), 0);
		}
		said = i == 0   ? "No such file"
		       : i == 1 ? "is a symbolic link"
				: "is not a regular file";
		char *input = roster_request(path, "none.csv", "");
		buf_init(&out, 10000);
		store_check(&store, roster_read_csv(input, strlen(input), &out,
						    &store.err));
		if (!strstr(out.data, said))
			fail_msg("not told (%s): %s", said, out.data);
		assert_null(strstr(out.data, store.folder));
		free(input);
		buf_done(&out);
	}
}

static void f90_broken_answers_are_refused(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);
	static const char row[] = "a@x.example\t"
				  "0123456789abcdef0123456789abcdef\ta@x."
				  "example\ta@x.example\tA\t\t\t\tactive\t0\t0"
				  "\t2\t";
	static const struct {
		const char *head, *tail;
	} cases[] = {
	    {"", ""},
	    {"{}", ""},
	    {"{\"hash\":\"h\",\"count\":1}\n", ""},
	    {"{\"hash\":\"h\",\"count\":1000000}\n", "0\n"},
	    {"{\"hash\":\"h\",\"count\":1}\n", "1\n"},
	    {"{\"hash\":\"h\",\"count\":1}\n", "-1\n"},
	    {"{\"hash\":\"h\",\"count\":1}\n", "0"},
	    {"{\"hash\":\"h\",\"count\":1}\n", "0\tx\n"},
	    {"{\"hash\":\"h\",\"count\":-1}\n", "0\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char answer[300];
		enum roster_state done = ROSTER_WORKING;
		bool good = true;

		snprintf(answer, sizeof(answer), "%s%s%s", cases[i].head, row,
			 cases[i].tail);
		struct roster_load *broken = begin(list, answer);
		store_begin(&store);
		while (broken && good && done == ROSTER_WORKING)
			good = roster_load_step(broken, store.db, 20, 9, NOW,
						&done, &store.err);
		db_rollback(store.db);
		if (broken && good)
			fail_msg("was taken: %s", answer);
		roster_load_free(broken);
	}
}

static void f95_hundred_thousand_rows(void **state)
{
	int64_t list = apply_conf("police", "h", NOW);
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 24);
	buf_adds(&out, "address,name,role,team,since,status\n");
	for (int i = 0; i < 100000; i++)
		buf_addf(&out, "p%d@x.example,P %d,Nurse,North,2000-01-01,\n",
			 i, i);
	assert_int_equal(load_slices(list, out.data, 5000, NOW),
			 ROSTER_APPLIED);
	buf_adds(&out, "new@x.example,New,,,,\n");
	assert_int_equal(load_slices(list, out.data, 5000, NOW + 1),
			 ROSTER_APPLIED);
	assert_int_equal(load_list("police")->member_count, 100001);
	assert_int_equal(store_number(&store,
				      "SELECT json_extract(body, '$.changed') "
				      "FROM event ORDER BY id DESC LIMIT 1"),
			 0);
	buf_done(&out);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(f10_conf_is_read),
	    CASE(f20_conf_faults_are_told_with_their_line),
	    CASE(f20_list_is_kept_and_changed),
	    CASE(f30_list_that_goes_and_comes_back),
	    CASE(f30_problem_is_kept),
	    CASE(f40_first_load),
	    CASE(f40_later_rows_join_now),
	    CASE(f40_same_file_changes_nothing),
	    CASE(f50_rows_change_and_go),
	    CASE(f50_people_are_one_across_lists),
	    CASE(f60_new_address_under_an_id_keeps_the_person),
	    CASE(f60_who_was_erased_is_refused),
	    CASE(f60_many_refused_lines),
	    CASE(f60_swapped_and_shifted_addresses),
	    CASE(f60_address_of_one_who_left_is_taken),
	    CASE(f60_address_of_someone_on_another_list),
	    CASE(f60_list_that_gets_ids_keeps_its_people),
	    CASE(f70_leaving_closes_what_is_outstanding),
	    CASE(f70_moving_between_lists_opens_again),
	    CASE(f70_other_endings_stay),
	    CASE(f70_what_its_version_closed_stays_so),
	    CASE(f75_who_takes_themselves_off_is_off),
	    CASE(f75_leave_is_over_when_it_was_said_to_be),
	    CASE(f75_a_changed_row_brings_them_back),
	    CASE(f75_who_stays_on_another_list_is_asked),
	    CASE(f80_guard_holds_and_lets_through),
	    CASE(f80_accepting_is_for_that_file_only),
	    CASE(f80_small_lists_are_not_held),
	    CASE(f85_status_record_wins_until_the_row_changes),
	    CASE(f85_cut_off_anywhere),
	    CASE(f50_file_in_force_is_not_sent_again),
	    CASE(f85_file_with_problems),
	    CASE(f85_file_that_is_none),
	    CASE(f90_broken_answers_are_refused),
	    CASE(f95_hundred_thousand_rows),
	};

	return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
