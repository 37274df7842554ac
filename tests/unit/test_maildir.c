#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "doors/mailbag.h"
#include "doors/maildir.h"

struct box {
	char folder[40], path[60];
	struct err err;
};

static const char *below(const struct box *box, const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", box->path, name);
	return path;
}

static void box_open(struct box *box)
{
	*box = (struct box){.folder = "/tmp/test_maildir.XXXXXX"};
	assert_non_null(mkdtemp(box->folder));
	snprintf(box->path, sizeof(box->path), "%s/box", box->folder);
	assert_true(file_make_folder(below(box, "new"), 0700, &box->err));
	assert_true(file_make_folder(below(box, "cur"), 0700, &box->err));
}

static void box_close(struct box *box)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", box->folder);
	assert_int_equal(system(command), 0);
}

static void put(struct box *box, const char *name, const char *text)
{
	assert_true(
	    file_write(below(box, name), text, strlen(text), 0600, &box->err));
}

/* "place=bytes" of each, one after the other */
static char *fetch(struct box *box, size_t max, size_t max_size)
{
	static char all[1000];
	struct mailbag_mail mail;
	struct buf out;
	bool can_wait;

	buf_init(&out, 100000);
	assert_true(maildir_fetch(box->path, max, max_size, &out, &box->err));
	struct mailbag bag = {out.data, out.size};
	assert_true(mailbag_begin(&bag, &can_wait));
	assert_false(can_wait);
	all[0] = '\0';
	while (mailbag_take(&bag, &mail))
		snprintf(all + strlen(all), sizeof(all) - strlen(all),
			 "%s=%.*s ", mail.place, (int)mail.size, mail.data);
	buf_done(&out);
	return all;
}

static bool move(struct box *box, const char *place)
{
	return maildir_move(box->path, place, "done", &box->err);
}

static void f10_mails_are_read_and_moved(void **state)
{
	struct box box;

	(void)state;
	box_open(&box);
	put(&box, "new/1.a.h", "one");
	put(&box, "cur/2.b.h:2,RS", "two, longer");
	assert_string_equal(fetch(&box, 10, 5), "1.a.h=one 2.b.h=two,  ");
	assert_string_equal(fetch(&box, 1, 5), "1.a.h=one ");
	assert_true(move(&box, "1.a.h"));
	assert_true(move(&box, "2.b.h"));
	assert_string_equal(fetch(&box, 10, 5), "");
	assert_int_equal(access(below(&box, ".done/cur/1.a.h:2,S"), F_OK), 0);
	assert_int_equal(access(below(&box, ".done/cur/2.b.h:2,S"), F_OK), 0);
	/* dealt with before: fine */
	assert_true(move(&box, "1.a.h"));
	box_close(&box);
}

static void f20_what_is_no_mail(void **state)
{
	struct box box;

	(void)state;
	box_open(&box);
	put(&box, "new/.hidden", "x");
	assert_int_equal(symlink("/etc/passwd", below(&box, "new/link")), 0);
	assert_int_equal(mkfifo(below(&box, "new/fifo"), 0600), 0);
	assert_int_equal(mkdir(below(&box, "new/folder"), 0700), 0);
	put(&box, "new/line\nfeed", "x");
	put(&box, "new/1.a.h", "one");
	assert_string_equal(fetch(&box, 10, 100), "1.a.h=one ");
	box_close(&box);
}

static void f20_a_name_of_another_is_not_taken(void **state)
{
	struct box box;

	(void)state;
	box_open(&box);
	put(&box, "new/1.a.hh", "one");
	assert_true(move(&box, "1.a.h"));
	assert_string_equal(fetch(&box, 10, 100), "1.a.hh=one ");
	box_close(&box);
}

/* the bytes of one mail; "" when it is gone */
static const char *fetch_one(struct box *box, const char *place, size_t max)
{
	static char text[100];
	struct mailbag_mail mail;
	struct mailbag bag;
	struct buf out;
	bool can_wait;

	buf_init(&out, 1000);
	assert_true(maildir_fetch_one(box->path, place, max, &out, &box->err));
	bag = (struct mailbag){out.data, out.size};
	assert_true(mailbag_begin(&bag, &can_wait));
	*text = '\0';
	if (mailbag_take(&bag, &mail))
		snprintf(text, sizeof(text), "%.*s", (int)mail.size, mail.data);
	buf_done(&out);
	return text;
}

static void f20_one_of_them(void **state)
{
	struct box box;

	(void)state;
	box_open(&box);
	put(&box, "new/1.a.h", "one");
	put(&box, "cur/2.a.h:2,S", "two");
	assert_string_equal(fetch_one(&box, "1.a.h", 100), "one");
	assert_string_equal(fetch_one(&box, "2.a.h", 2), "tw");
	assert_string_equal(fetch_one(&box, "3.a.h", 100), "");
	box_close(&box);
}

static void f30_no_way_out(void **state)
{
	static const char *const names[] = {"../x", "new/x", "..", "", ".x"};
	struct box box;

	(void)state;
	box_open(&box);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_false(move(&box, names[i]));
		assert_false(
		    maildir_fetch_one(box.path, names[i], 1, NULL, &box.err));
	}
	box_close(&box);
}

static void f30_no_maildir(void **state)
{
	struct box box;
	struct buf out;

	(void)state;
	box_open(&box);
	assert_int_equal(rmdir(below(&box, "cur")), 0);
	buf_init(&out, 1000);
	assert_false(maildir_fetch(box.path, 1, 1, &out, &box.err));
	assert_int_equal(box.err.kind, ERR_GONE);
	assert_non_null(strstr(box.err.text, "box/cur"));
	buf_done(&out);
	box_close(&box);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_mails_are_read_and_moved),
	    cmocka_unit_test(f20_what_is_no_mail),
	    cmocka_unit_test(f20_a_name_of_another_is_not_taken),
	    cmocka_unit_test(f20_one_of_them),
	    cmocka_unit_test(f30_no_way_out),
	    cmocka_unit_test(f30_no_maildir),
	};

	return cmocka_run_group_tests_name("maildir", tests, NULL, NULL);
}
