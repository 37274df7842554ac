#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/board.h"
#include "store.h"

static struct board load(struct store *store)
{
	struct board board;

	store_check(store,
		    board_load(store->db, store->arena, &board, &store->err));
	return board;
}

static void f10_starts_in_rehearsal(void **state)
{
	struct store store;

	(void)state;
	store_open(&store);
	struct board board = load(&store);
	assert_false(board.is_live);
	assert_int_equal(board.paused_at, 0);
	assert_null(board.paused_reason);
	store_close(&store);
}

static void f20_pause_and_resume_once_each(void **state)
{
	struct store store;

	(void)state;
	store_open(&store);
	store_check(&store, board_pause(store.db, "jo", "relay is down", 100,
					&store.err));
	store_check(&store,
		    board_pause(store.db, "al", "again", 200, &store.err));
	struct board board = load(&store);
	assert_int_equal(board.paused_at, 100);
	assert_string_equal(board.paused_reason, "relay is down");
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"), 1);
	store_check(&store, board_resume(store.db, "jo", 300, &store.err));
	store_check(&store, board_resume(store.db, "jo", 400, &store.err));
	assert_int_equal(load(&store).paused_at, 0);
	assert_string_equal(
	    store_text(&store, "SELECT group_concat(kind) FROM event"),
	    "paused,resumed");
	store_close(&store);
}

static void f20_a_clock_in_doubt(void **state)
{
	struct store store;

	(void)state;
	store_open(&store);
	assert_int_equal(load(&store).clock_held_at, 0);
	assert_null(load(&store).boot_id);
	store_check(&store, board_note_clock(store.db, "b00", -7, &store.err));
	assert_string_equal(load(&store).boot_id, "b00");
	assert_int_equal(load(&store).clock_offset, -7);
	store_check(&store,
		    board_trust_clock(store.db, "x", "y", 90, &store.err));
	store_check(&store, board_hold_clock(store.db, 4000, 100, &store.err));
	assert_int_equal(load(&store).clock_held_at, 100);
	assert_int_equal(load(&store).clock_ahead, 4000);
	/* resuming trusts it, paused or not */
	store_check(&store, board_resume(store.db, "jo", 300, &store.err));
	assert_int_equal(load(&store).clock_held_at, 0);
	store_check(&store, board_hold_clock(store.db, 4000, 400, &store.err));
	store_check(&store, board_trust_clock(store.db, "briefingd",
					      "synchronised", 500, &store.err));
	assert_string_equal(
	    store_text(&store, "SELECT group_concat(kind ||"
			       " coalesce(name, actor) ||"
			       " coalesce(json_extract(body, '$.why'), ''))"
			       " FROM (SELECT * FROM event ORDER BY id)"
			       " LEFT JOIN operator"
			       " ON actor = 'operator:' || public_id"),
	    "clock-jumpedbriefingd,clock-trustedjoresumed,"
	    "clock-jumpedbriefingd,clock-trustedbriefingdsynchronised");
	store_close(&store);
}

static void f30_going_live_is_recorded(void **state)
{
	struct store store;

	(void)state;
	store_open(&store);
	store_check(&store, board_set_live(store.db, false, "jo", "no change",
					   100, &store.err));
	assert_int_equal(store_number(&store, "SELECT count(*) FROM event"), 0);
	store_check(&store, board_set_live(store.db, true, "jo",
					   "board of 3 May", 200, &store.err));
	assert_true(load(&store).is_live);
	assert_string_equal(
	    store_text(&store, "SELECT json_extract(body, '$.mode') FROM event "
			       "WHERE kind = 'mode-set'"),
	    "live");
	store_close(&store);
}

static void f40_store_that_moved_is_paused(void **state)
{
	struct store store;
	bool moved = true;

	(void)state;
	store_open(&store);
	store_check(&store,
		    board_come_home(store.db, "here", 100, &moved, &store.err));
	assert_false(moved);
	store_check(&store,
		    board_come_home(store.db, "here", 110, &moved, &store.err));
	assert_false(moved);
	assert_int_equal(load(&store).paused_at, 0);
	store_check(&store, board_come_home(store.db, "there", 120, &moved,
					    &store.err));
	assert_true(moved);
	struct board board = load(&store);
	assert_int_equal(board.paused_at, 120);
	assert_non_null(strstr(board.paused_reason, "another machine"));
	/* it is at home there now, and stays paused until someone resumes */
	store_check(&store, board_come_home(store.db, "there", 130, &moved,
					    &store.err));
	assert_false(moved);
	assert_int_equal(load(&store).paused_at, 120);
	/* a backup's copy is at home nowhere */
	store_check(&store, board_leave_home(store.db, &store.err));
	store_check(&store, board_come_home(store.db, "there", 140, &moved,
					    &store.err));
	assert_true(moved);
	store_close(&store);
}

static void f50_moved_while_paused_keeps_the_time(void **state)
{
	struct store store;
	bool moved;

	(void)state;
	store_open(&store);
	store_check(&store,
		    board_come_home(store.db, "here", 100, &moved, &store.err));
	store_check(&store,
		    board_pause(store.db, "jo", "holidays", 110, &store.err));
	store_check(&store, board_come_home(store.db, "there", 120, &moved,
					    &store.err));
	struct board board = load(&store);
	assert_int_equal(board.paused_at, 110);
	assert_non_null(strstr(board.paused_reason, "another machine"));
	store_close(&store);
}

static void f60_busy_store_changes_nothing(void **state)
{
	struct store store;

	(void)state;
	store_open(&store);
	store_do(&store, "BEGIN IMMEDIATE");
	assert_false(board_pause(store.db, "jo", "x", 100, &store.err));
	assert_int_equal(store.err.kind, ERR_BUSY);
	store_do(&store, "ROLLBACK");
	store_check(&store, board_pause(store.db, "jo", "x", 100, &store.err));
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_starts_in_rehearsal),
	    cmocka_unit_test(f20_pause_and_resume_once_each),
	    cmocka_unit_test(f20_a_clock_in_doubt),
	    cmocka_unit_test(f30_going_live_is_recorded),
	    cmocka_unit_test(f40_store_that_moved_is_paused),
	    cmocka_unit_test(f50_moved_while_paused_keeps_the_time),
	    cmocka_unit_test(f60_busy_store_changes_nothing),
	};

	return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
