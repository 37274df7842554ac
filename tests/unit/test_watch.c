#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "doors/watch.h"

struct place {
	char root[64];
	char path[256];
	struct watch *watch;
};

static const char *at(struct place *place, const char *name)
{
	snprintf(place->path, sizeof(place->path), "%s/%s", place->root, name);
	return place->path;
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->root, "/tmp/briefingd-watch-XXXXXX");
	if (!mkdtemp(place->root) || mkdir(at(place, "approved"), 0700) != 0)
		return -1;
	place->watch = watch_open(NULL);
	*state = place;
	return place->watch ? 0 : -1;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	watch_close(place->watch);
	snprintf(command, sizeof(command), "rm -rf %s", place->root);
	int status = system(command);
	free(place);
	return status;
}

static void make_file(struct place *place, const char *name)
{
	int fd = open(at(place, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

/* inotify reports before the call that changed something returns */
static bool rings(struct place *place)
{
	struct pollfd wait = {.fd = watch_fd(place->watch), .events = POLLIN};

	if (poll(&wait, 1, 0) != 1)
		return false;
	return watch_drain(place->watch);
}

static void f10_a_file_rings_once(void **state)
{
	struct place *place = *state;

	assert_true(watch_folder(place->watch, at(place, "approved"), NULL));
	assert_false(watch_drain(place->watch));
	make_file(place, "approved/one");
	assert_true(rings(place));
	assert_false(rings(place));
}

static void f20_folders_one_level_down(void **state)
{
	struct place *place = *state;

	assert_int_equal(mkdir(at(place, "approved/old"), 0700), 0);
	assert_true(watch_folder(place->watch, at(place, "approved"), NULL));
	make_file(place, "approved/old/one");
	assert_true(rings(place));
	assert_int_equal(mkdir(at(place, "approved/new"), 0700), 0);
	assert_true(rings(place));
	make_file(place, "approved/new/one");
	assert_true(rings(place));
	assert_int_equal(unlink(at(place, "approved/new/one")), 0);
	assert_true(rings(place));
}

static void f30_a_folder_that_comes_goes_and_comes(void **state)
{
	struct place *place = *state;
	struct err err = {0};

	assert_false(watch_folder(place->watch, at(place, "late"), &err));
	assert_int_equal(err.kind, ERR_GONE);
	assert_false(watch_drain(place->watch));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mkdir(at(place, "late"), 0700), 0);
		assert_true(watch_drain(place->watch));
		make_file(place, "late/one");
		assert_true(rings(place));
		assert_int_equal(unlink(at(place, "late/one")), 0);
		assert_int_equal(rmdir(at(place, "late")), 0);
		assert_true(rings(place));
		watch_drain(place->watch);
	}
}

static void f30_a_folder_that_is_swapped(void **state)
{
	struct place *place = *state;
	char other[300];

	assert_true(watch_folder(place->watch, at(place, "approved"), NULL));
	snprintf(other, sizeof(other), "%s/aside", place->root);
	assert_int_equal(rename(at(place, "approved"), other), 0);
	assert_int_equal(mkdir(at(place, "approved"), 0700), 0);
	assert_true(rings(place));
	watch_drain(place->watch);
	make_file(place, "approved/one");
	assert_true(rings(place));
}

static void f40_an_overflow_rings_and_lays_watches_again(void **state)
{
	struct place *place = *state;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	char line[32] = "";
	long max = 0;

	if (file && fgets(line, sizeof(line), file))
		max = strtol(line, NULL, 10);
	if (file)
		fclose(file);
	if (max <= 0 || max > 100000)
		skip();
	assert_true(watch_folder(place->watch, at(place, "approved"), NULL));
	make_file(place, "approved/a");
	make_file(place, "approved/b");
	watch_drain(place->watch);
	/* alternate, for the kernel merges an event that equals the last */
	for (long i = 0; i < max + 10; i++)
		assert_int_equal(
		    chmod(at(place, i % 2 ? "approved/a" : "approved/b"),
			  i % 4 < 2 ? 0600 : 0640),
		    0);
	/* reported to nobody: the queue is full */
	assert_int_equal(mkdir(at(place, "approved/lost"), 0700), 0);
	assert_true(rings(place));
	make_file(place, "approved/lost/one");
	assert_true(rings(place));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(f10_a_file_rings_once),
	    CASE(f20_folders_one_level_down),
	    CASE(f30_a_folder_that_comes_goes_and_comes),
	    CASE(f30_a_folder_that_is_swapped),
	    CASE(f40_an_overflow_rings_and_lays_watches_again),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
