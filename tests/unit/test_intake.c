#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <utime.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "core/briefing.h"
#include "core/document.h"
#include "core/intake.h"
#include "store.h"
#include "tools/json.h"

#define NOW 1795000000 /* 2026-11-18 */
#define MANIFEST(more)                                                         \
	"ref = \"LTB-1\";\ntitle = \"Child G\";\n"                             \
	"approved_by = \"Board\";\napproved_on = \"2026-11-01\";\n"            \
	"approval_ref = \"M 1\";\n" more
#define ONE_PDF "documents = ( { file = \"a.pdf\"; title = \"A\"; } );\n"
#define PDF "%PDF-1.7\nthis would be a document\n"

/* one folder below approved/, and the store */
static struct box {
	struct store store;
	char folder[128], documents[128];
} box;

static void put_bytes(const char *name, const void *data, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", box.folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static int prepare(void **state)
{
	(void)state;
	store_open(&box.store);
	snprintf(box.folder, sizeof(box.folder), "%s/drop", box.store.folder);
	snprintf(box.documents, sizeof(box.documents), "%s/documents",
		 box.store.folder);
	assert_int_equal(mkdir(box.folder, 0700), 0);
	put("briefing.conf", MANIFEST(ONE_PDF));
	put("summary.md", "See the child.\n");
	put("a.pdf", PDF);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	store_close(&box.store);
	return 0;
}

/* the errand's answer, in the store's arena */
static char *look(void)
{
	struct buf out;
	char *input =
	    intake_request(box.folder, box.documents, "Europe/London", NOW);

	buf_init(&out, 1 << 20);
	store_check(&box.store,
		    intake_read(input, strlen(input), &out, &box.store.err));
	free(input);
	char *answer = arena_strndup(box.store.arena, out.data, out.size);
	buf_done(&out);
	return answer;
}

static enum intake_result take_as(const char *name, int64_t now,
				  const char **ret_text)
{
	char *answer = look();
	enum intake_result result = INTAKE_REJECTED;

	store_begin(&box.store);
	store_check(&box.store,
		    intake_take(box.store.db, name, "stamp", answer,
				strlen(answer), 14, now, box.store.arena,
				&result, ret_text, &box.store.err));
	store_commit(&box.store);
	return result;
}

static enum intake_result take(const char **ret_text)
{
	return take_as("drop", NOW, ret_text);
}

#define assert_told(text, part)                                                \
	do {                                                                   \
		if (!strstr(text, part))                                       \
			fail_msg("not told (%s): %s", part, text);             \
	} while (0)

static void must_take(void)
{
	const char *text;

	if (take(&text) != INTAKE_TAKEN)
		fail_msg("%s", text);
}

static void must_reject(const char *part)
{
	const char *text;

	assert_int_equal(take(&text), INTAKE_REJECTED);
	assert_told(text, part);
}

static void must_wait(const char *part)
{
	const char *text;

	assert_int_equal(take(&text), INTAKE_WAITING);
	assert_told(text, part);
}

static void f10_folder_becomes_a_briefing(void **state)
{
	struct briefing_version *version;
	const char *text;
	char path[300], *data;
	struct stat status;

	(void)state;
	assert_int_equal(take(&text), INTAKE_TAKEN);
	assert_string_equal(text, "LTB-1 version 1");
	store_check(&box.store,
		    briefing_load_ref(box.store.db, "LTB-1", box.store.arena,
				      &version, &box.store.err));
	assert_int_equal(version->number, 1);
	assert_string_equal(version->title, "Child G");
	assert_string_equal(version->summary, "See the child.\n");
	assert_int_equal(version->acknowledge_within_days, 14);
	assert_int_equal(version->taken_at, NOW);
	assert_int_equal(version->document_count, 1);
	assert_string_equal(version->documents[0].type, "application/pdf");
	assert_int_equal(version->documents[0].size, strlen(PDF));
	snprintf(path, sizeof(path), "%s/%s", box.documents,
		 version->documents[0].sha256);
	store_check(&box.store,
		    file_read(path, 1000, &data, NULL, &box.store.err));
	assert_string_equal(data, PDF);
	free(data);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_string_equal(store_text(&box.store, "SELECT kind FROM event"),
			    "briefing-taken");
}

static void f20_same_content_is_one_briefing(void **state)
{
	const char *text;

	(void)state;
	must_take();
	assert_int_equal(take(&text), INTAKE_KNOWN);
	assert_int_equal(take_as("another", NOW, &text), INTAKE_KNOWN);
	assert_string_equal(text, "LTB-1 version 1");
	/* another editor, the same content */
	put("summary.md", "\xef\xbb\xbfSee the child.\r\n");
	assert_int_equal(take(&text), INTAKE_KNOWN);
	assert_int_equal(
	    store_number(&box.store, "SELECT count(*) FROM version"), 1);
	assert_int_equal(store_number(&box.store, "SELECT count(*) FROM event"),
			 1);
}

static void f20_changed_content_is_a_new_version(void **state)
{
	static const char *const changes[] = {"briefing.conf", "summary.md",
					      "a.pdf"};
	static const char *const texts[] = {
	    MANIFEST("publish = true;\n" ONE_PDF), "Listen to the child.\n",
	    PDF "more"};
	const char *text;

	(void)state;
	must_take();
	for (int i = 0; i < 3; i++) {
		char expected[32];

		put(changes[i], texts[i]);
		assert_int_equal(take(&text), INTAKE_TAKEN);
		snprintf(expected, sizeof(expected), "LTB-1 version %d", i + 2);
		assert_string_equal(text, expected);
	}
	assert_int_equal(
	    store_number(&box.store, "SELECT count(*) FROM briefing"), 1);
}

static const char people[] =
    "INSERT INTO person (id, public_id, created_at) VALUES (1, 'p1', 0);"
    "INSERT INTO list (id, name, agency, title, lead, lead_address, schedule,"
    " audience, deadline_days, mandatory, from_name, reply_to, documents,"
    " unsure, domains, conf_hash, slots_from_at, loaded_at)"
    " VALUES (1, 'police', 'police', 'P', 'L', 'l@p.example', 'immediately',"
    " '[]', 0, 1, '', '', 'linked', 'hold', '[]', '', 0, 0);"
    "INSERT INTO digest (id, list_id, slot_at, mode, state, created_at)"
    " VALUES (1, 1, 1, 'live', 'planned', 1);"
    "INSERT INTO letter (id, digest_id, content_key, format, made_at,"
    " sender, head, body) VALUES (1, 1, '1', 1, 1, 'x', x'', x'');"
    "INSERT INTO delivery (id, digest_id, person_id, generation, letter_id,"
    " mode, state, due_at, created_at) VALUES"
    " (1, 1, 1, 1, 1, 'live', 'due', 1, 1);"
    "INSERT INTO requirement (version_id, person_id, list_id, agency,"
    " delivery_id, required_at, due_at, closes_at)"
    " VALUES (1, 1, 1, 'police', 1, 1, 50, 90);";

static void f30_new_version_closes_the_old_ones_requirements(void **state)
{
	const char *text;

	(void)state;
	must_take();
	store_do(&box.store, people);
	put("summary.md", "New.\n");
	put("briefing.conf", MANIFEST("material = true;\n"));
	assert_int_equal(take_as("drop", NOW + 9, &text), INTAKE_TAKEN);
	assert_string_equal(
	    store_text(&box.store,
		       "SELECT closed_as || (closed_at - 1795000000) FROM "
		       "standing_requirement"),
	    "superseded9");
}

/* What makes a new version ask those again who had the one before. */
static void f20_only_a_material_change_asks_again(void **state)
{
	static const struct {
		const char *name, *sql, *manifest;
		bool is_closed, carries, is_circulated;
	} cases[] = {
	    {"a small change", "", "", false, true, false},
	    {"said to be small", "", "material = false;\n", false, true, false},
	    {"a material one", "", "material = true;\n", true, false, false},
	    {"the one before was withdrawn",
	     "UPDATE version SET closed_at = 5, closed_as = 'withdrawn';"
	     "UPDATE briefing SET withdrawn_at = 5",
	     "", true, false, false},
	    {"held back", "", "not_before = \"2039-01-01\";\n", true, false,
	     false},
	    {"marked: it may not go where the one before went", "",
	     "marking = \"OFFICIAL-SENSITIVE\";\n", true, false, false},
	    {"history stays history",
	     "UPDATE version SET already_circulated = 1", "", false, true,
	     true},
	    {"material, history goes out",
	     "UPDATE version SET already_circulated = 1", "material = true;\n",
	     true, false, false},
	};
	char manifest[400];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text;

		must_take();
		store_do(&box.store, cases[i].sql);
		snprintf(manifest, sizeof(manifest), "%s%s",
			 MANIFEST("changes = \"A number.\";\n"),
			 cases[i].manifest);
		put("briefing.conf", manifest);
		assert_int_equal(take(&text), INTAKE_TAKEN);
		const char *found = store_text(
		    &box.store,
		    "SELECT (a.closed_at IS NOT NULL) || b.carries ||"
		    " b.already_circulated || b.changes || json_extract("
		    "e.body, '$.change') FROM version a, version b, event e"
		    " WHERE a.number = 1 AND b.number = 2 AND e.id ="
		    " (SELECT max(id) FROM event WHERE kind ="
		    " 'briefing-taken')");
		char expected[40];
		snprintf(expected, sizeof(expected), "%d%d%dA number.%s",
			 cases[i].is_closed, cases[i].carries,
			 cases[i].is_circulated,
			 cases[i].carries ? "small" : "material");
		if (strcmp(found, expected) != 0)
			fail_msg("%s: %s", cases[i].name, found);
		clean(NULL);
		prepare(NULL);
	}
}

static void f30_old_content_does_not_come_back(void **state)
{
	const char *text;

	(void)state;
	must_take();
	put("summary.md", "New.\n");
	must_take();
	put("summary.md", "See the child.\n");
	assert_int_equal(take(&text), INTAKE_KNOWN);
	assert_told(text, "version 2 is in force");
}

static void withdraw(int64_t now)
{
	bool changed;

	store_check(&box.store,
		    briefing_withdraw(box.store.db, "LTB-1", "wrong", "jo", now,
				      &changed, &box.store.err));
}

static bool is_withdrawn(void)
{
	return store_number(&box.store, "SELECT withdrawn_at IS NOT NULL FROM "
					"briefing") == 1;
}

static void f40_withdrawn_stays_withdrawn(void **state)
{
	const char *text;

	(void)state;
	must_take();
	withdraw(NOW);
	assert_int_equal(take_as("again", NOW + 1, &text), INTAKE_KNOWN);
	assert_told(text, "was withdrawn and stays so");
	put("summary.md", "A comma, put right.\n");
	assert_int_equal(take(&text), INTAKE_TAKEN);
	assert_told(text, "was withdrawn and stays so");
	assert_true(is_withdrawn());
}

static void f40_approved_anew_lifts_a_withdrawal(void **state)
{
	const char *text;

	(void)state;
	must_take();
	withdraw(NOW);
	put("briefing.conf",
	    "ref = \"LTB-1\"; title = \"Child G\"; approved_by = \"Board\";"
	    "approved_on = \"2026-11-18\"; approval_ref = \"M 9\";");
	assert_int_equal(take_as("drop", NOW + 60, &text), INTAKE_TAKEN);
	assert_string_equal(text, "LTB-1 version 2");
	assert_false(is_withdrawn());
	assert_int_equal(store_number(&box.store,
				      "SELECT count(*) FROM event WHERE kind = "
				      "'briefing-restored'"),
			 1);
}

static void f50_ref_kept_by_mistake(void **state)
{
	const char *text, *names[] = {"other"};

	(void)state;
	must_take();
	put("briefing.conf",
	    "ref = \"LTB-1\"; title = \"Child H\"; approved_by = \"Board\";"
	    "approved_on = \"2026-11-01\"; approval_ref = \"M 2\";");
	assert_int_equal(take_as("other", NOW, &text), INTAKE_REJECTED);
	assert_told(text, "is \"Child G\" from the folder drop already");
	/* in its own folder a title may change */
	/* and once the first folder is gone, nothing stands in the way */
	store_begin(&box.store);
	store_check(&box.store,
		    intake_forget(box.store.db, names, 1, &box.store.err));
	store_commit(&box.store);
	bool is_new = false;
	store_check(&box.store, intake_is_new(box.store.db, "other", "stamp",
					      &is_new, &box.store.err));
	assert_true(is_new);
	assert_int_equal(take_as("other", NOW, &text), INTAKE_TAKEN);
	assert_string_equal(text, "LTB-1 version 2");
}

static void f50_title_may_change_in_its_own_folder(void **state)
{
	(void)state;
	must_take();
	put("briefing.conf",
	    "ref = \"LTB-1\"; title = \"Child G and H\"; approved_by = \"B\";"
	    "approved_on = \"2026-11-01\"; approval_ref = \"M 2\";");
	must_take();
}

static void remove_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", box.folder, name);
	assert_int_equal(unlink(path), 0);
}

static void f60_waits_for_what_is_missing(void **state)
{
	(void)state;
	remove_file("summary.md");
	remove_file("a.pdf");
	must_wait("summary.md is not there yet, a.pdf is not there yet");
	remove_file("briefing.conf");
	must_wait("briefing.conf is not there yet");
	assert_string_equal(store_text(&box.store, "SELECT state FROM folder"),
			    "waiting");
	assert_int_equal(access(box.documents, F_OK), -1);
}

static void f70_faults_are_told(void **state)
{
	static const struct {
		const char *file, *text, *said;
	} cases[] = {
	    {"briefing.conf", "ref = \"x\n\";", "briefing.conf:1"},
	    {"briefing.conf",
	     MANIFEST("documents = ( { file = \"../../etc/passwd\"; } );"),
	     "briefing.conf:6: documents.[0].file: \"../../etc/passwd\""},
	    {"summary.md", "Good.\n\nBad \xff here\n",
	     "summary.md:3: is not in UTF-8"},
	    {"summary.md", "Good.\nBad \x1b[31m here\n",
	     "summary.md:2: has a control"},
	    {"summary.md", "\xff\xfeS\1", "summary.md: is in UTF-16"},
	    {"summary.md", " \n\n", "summary.md: is empty"},
	    {"a.pdf", "<html><script>alert(1)</script>",
	     "a.pdf: is called .pdf but is none inside"},
	    {"a.pdf", "", "a.pdf: is empty"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put("briefing.conf", MANIFEST(ONE_PDF));
		put("summary.md", "See the child.\n");
		put("a.pdf", PDF);
		put(cases[i].file, cases[i].text);
		must_reject(cases[i].said);
	}
	assert_int_equal(
	    store_number(&box.store, "SELECT count(*) FROM briefing"), 0);
}

static void f70_markup_and_tabs_are_only_text(void **state)
{
	(void)state;
	put("summary.md", "<script>alert(1)</script>\n\n\t* tab\n");
	must_take();
}

static void f80_odd_files_are_no_trap(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/a.pdf", box.folder);
	remove_file("a.pdf");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	must_reject("a.pdf: is a symbolic link");
	remove_file("a.pdf");
	assert_int_equal(mkfifo(path, 0600), 0);
	must_reject("a.pdf: is not a regular file");
	remove_file("a.pdf");
	assert_int_equal(mkdir(path, 0700), 0);
	must_reject("a.pdf: is not a regular file");
	assert_int_equal(rmdir(path), 0);
	put("a.pdf", PDF);
	remove_file("briefing.conf");
	snprintf(path, sizeof(path), "%s/briefing.conf", box.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	must_reject("briefing.conf: is not a regular file");
}

static void f80_huge_files_are_told(void **state)
{
	size_t size = 10 * 1024 * 1024;
	char *text = malloc(size);
	char path[256];

	(void)state;
	memset(text, '#', size);
	put_bytes("briefing.conf", text, size);
	must_reject("briefing.conf: 10485760 bytes, at most");
	put("briefing.conf", MANIFEST(ONE_PDF));
	put_bytes("summary.md", text, size);
	must_reject("summary.md: 10485760 bytes, at most");
	free(text);
	put("summary.md", "See the child.\n");
	snprintf(path, sizeof(path), "%s/a.pdf", box.folder);
	assert_int_equal(truncate(path, 60 * 1024 * 1024), 0);
	must_reject("a.pdf: has 60 MB; at most 50 are allowed");
}

static void f80_crowded_folder_is_told(void **state)
{
	(void)state;
	for (int i = 0; i <= INTAKE_MAX_FILES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "photo-%d.jpg", i);
		put(name, "x");
	}
	must_reject("holds more than 1000 files");
}

static void f80_unreadable_file_is_told(void **state)
{
	char path[256];

	(void)state;
	if (geteuid() == 0)
		skip();
	snprintf(path, sizeof(path), "%s/summary.md", box.folder);
	assert_int_equal(chmod(path, 0), 0);
	must_reject("summary.md: may not be read");
}

static void f85_kinds_of_documents(void **state)
{
	static const struct {
		const char *file, *head;
		size_t size;
		const char *said; /* type, or what is told */
	} cases[] = {
	    {"a.pdf", "%PDF-1.4", 8, "application/pdf"},
	    {"A.PDF", "\n%PDF-1.4", 9, "application/pdf"},
	    {"a.docx", "PK\x03\x04..", 6, "application/vnd.openxml"},
	    {"a.png", "\x89PNG\r\n\x1a\n", 8, "image/png"},
	    {"a.jpeg", "\xff\xd8\xff\xe0", 4, "image/jpeg"},
	    {"a.txt", "Caf\xc3\xa9", 5, "text/plain; charset=utf-8"},
	    {"a.txt", "Caf\xe9", 4, "is not in UTF-8"},
	    {"a.txt", "a\0b", 3, "is not in UTF-8"},
	    {"a.docx", "\xd0\xcf\x11\xe0", 4, "if it has a password"},
	    {"a.odt", "PK\x03\x04..", 6, "is none inside"},
	    {"a.html", "<p>", 3, "can carry programs"},
	    {"a.SVG", "<svg>", 5, "can carry programs"},
	    {"a.docm", "PK\x03\x04", 4, "can carry programs"},
	    {"a.pdf.exe", "MZ", 2, "can carry programs"},
	    {"a.zip", "PK\x03\x04", 4, "is of a kind that is not let in"},
	    {"a", "%PDF-", 5, "is of a kind that is not let in"},
	    {".pdf", "%PDF-", 5, "is of a kind that is not let in"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		const char *type = document_type(cases[i].file, cases[i].head,
						 cases[i].size, &err);

		assert_told(type ? type : err.text, cases[i].said);
		assert_int_equal(type == NULL, err.kind == ERR_INPUT);
	}
}

static void f85_second_copy_is_the_same_file(void **state)
{
	const char *text;

	(void)state;
	put("b.pdf", PDF);
	put("briefing.conf", MANIFEST("documents = ( { file = \"a.pdf\"; }, "
				      "{ file = \"b.pdf\"; } );"));
	must_take();
	assert_int_equal(take(&text), INTAKE_KNOWN);
	assert_int_equal(store_number(&box.store,
				      "SELECT count(DISTINCT sha256) * 10 + "
				      "count(*) FROM document"),
			 12);
	char command[300];
	snprintf(command, sizeof(command), "test $(ls -A %s | wc -l) = 1",
		 box.documents);
	assert_int_equal(system(command), 0);
}

static void f85_what_was_cut_off_is_swept(void **state)
{
	char path[300];
	struct utimbuf long_ago = {NOW - 7200, NOW - 7200};

	(void)state;
	assert_int_equal(mkdir(box.documents, 0750), 0);
	snprintf(path, sizeof(path), "%s/.new-abcdef", box.documents);
	fclose(fopen(path, "w"));
	assert_int_equal(utime(path, &long_ago), 0);
	must_take();
	assert_int_equal(access(path, F_OK), -1);
}

static void f90_stamp_tells_change_and_stillness(void **state)
{
	const char *first, *second;
	bool is_still;
	int64_t now = time(NULL);
	struct arena *arena = box.store.arena;
	struct err *err = &box.store.err;

	(void)state;
	store_check(&box.store, intake_stamp(box.folder, now, arena, &first,
					     &is_still, err));
	assert_false(is_still);
	store_check(&box.store, intake_stamp(box.folder, now + 10, arena,
					     &second, &is_still, err));
	assert_true(is_still);
	assert_string_equal(first, second);
	/* our own word and what is on its way don't change the stamp */
	put("REJECTED.txt", "x");
	put("b.pdf.part", "x");
	store_check(&box.store, intake_stamp(box.folder, now + 10, arena,
					     &second, &is_still, err));
	assert_string_equal(first, second);
	assert_false(is_still);
	store_check(&box.store, intake_stamp(box.folder, now + 100, arena,
					     &second, &is_still, err));
	assert_true(is_still);
	put("b.pdf", "x");
	store_check(&box.store, intake_stamp(box.folder, now + 100, arena,
					     &second, &is_still, err));
	assert_string_not_equal(first, second);
	/* a clock that was set back keeps nothing waiting */
	store_check(&box.store, intake_stamp(box.folder, now - 9000, arena,
					     &second, &is_still, err));
	assert_true(is_still);
	assert_false(
	    intake_stamp("/nowhere", now, arena, &second, &is_still, err));
	assert_int_equal(err->kind, ERR_GONE);
}

static void f90_folder_is_told_and_told_no_more(void **state)
{
	char path[256], *text;

	(void)state;
	snprintf(path, sizeof(path), "%s/REJECTED.txt", box.folder);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	intake_tell(box.folder, "briefing.conf:3: no title\n");
	store_check(&box.store,
		    file_read(path, 10000, &text, NULL, &box.store.err));
	assert_told(text, "briefing.conf:3: no title\n");
	assert_told(text, "nothing of it was sent");
	free(text);
	intake_tell(box.folder, NULL);
	assert_int_equal(access(path, F_OK), -1);
	intake_tell(box.folder, NULL);
	intake_tell("/nowhere/at/all", "x");
}

static void f90_folders_are_listed(void **state)
{
	struct intake_folder *list;
	size_t count;
	bool is_new = true;

	(void)state;
	must_take();
	store_check(&box.store,
		    intake_load_folders(box.store.db, box.store.arena, &list,
					&count, &box.store.err));
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "drop");
	assert_string_equal(list[0].state, "taken");
	assert_string_equal(list[0].detail, "LTB-1 version 1");
	store_check(&box.store, intake_is_new(box.store.db, "drop", "stamp",
					      &is_new, &box.store.err));
	assert_false(is_new);
	store_check(&box.store, intake_is_new(box.store.db, "drop", "stamp2",
					      &is_new, &box.store.err));
	assert_true(is_new);
}

static void f95_broken_answers_are_refused(void **state)
{
	static const char *const answers[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"content\":{}}",
	    "{\"content\":{\"ref\":\"x\"}}",
	    "{\"content\":{\"ref\":\"x\",\"documents\":[{}]},\"summary\":\"\","
	    "\"kept\":[]}",
	    "{\"content\":{\"ref\":\"x\",\"documents\":[{\"sha256\":"
	    "\"../../x\"}]},\"summary\":\"\",\"kept\":[{}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		enum intake_result result;
		const char *text;

		store_begin(&box.store);
		assert_false(intake_take(box.store.db, "drop", "stamp",
					 answers[i], strlen(answers[i]), 14,
					 NOW, box.store.arena, &result, &text,
					 &box.store.err));
		db_rollback(box.store.db);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(f10_folder_becomes_a_briefing),
	    CASE(f20_same_content_is_one_briefing),
	    CASE(f20_changed_content_is_a_new_version),
	    CASE(f20_only_a_material_change_asks_again),
	    CASE(f30_new_version_closes_the_old_ones_requirements),
	    CASE(f30_old_content_does_not_come_back),
	    CASE(f40_withdrawn_stays_withdrawn),
	    CASE(f40_approved_anew_lifts_a_withdrawal),
	    CASE(f50_ref_kept_by_mistake),
	    CASE(f50_title_may_change_in_its_own_folder),
	    CASE(f60_waits_for_what_is_missing),
	    CASE(f70_faults_are_told),
	    CASE(f70_markup_and_tabs_are_only_text),
	    CASE(f80_odd_files_are_no_trap),
	    CASE(f80_huge_files_are_told),
	    CASE(f80_crowded_folder_is_told),
	    CASE(f80_unreadable_file_is_told),
	    CASE(f85_kinds_of_documents),
	    CASE(f85_second_copy_is_the_same_file),
	    CASE(f85_what_was_cut_off_is_swept),
	    CASE(f90_stamp_tells_change_and_stillness),
	    CASE(f90_folder_is_told_and_told_no_more),
	    CASE(f90_folders_are_listed),
	    CASE(f95_broken_answers_are_refused),
	};

	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
