"""A wall clock that jumps: what it would set off too early waits."""
import re

from test_delivery import ANN, ROWS, begin, until_attempt, until_state, \
    until_taken
from test_time import go_to, look, slots, utc

DAY = 86400
REASON = ("--reason", "the test says so")


def until_held(board):
    board.until(lambda: board.facts("status")["held"], "it is held")


def until_trusted(board, why):
    board.until(lambda: f"clock is trusted again: {why}" in board.log, why)
    board.until(lambda: not board.facts("status")["held"], "it goes on")


def with_an_embargo(board, recorder):
    """A list whose slot is in an hour, one that sends at once, and a briefing
    that is embargoed until then."""
    go_to(board, utc(2027, 5, 10, 6))
    begin(board, recorder, schedule="weekly mon 08:00")
    board.list("health", ["bea@health.example,Bea"])
    board.brief("LTB-1", not_before="2027-05-10T08:00")
    until_taken(board)


def nothing_went(board, recorder):
    look(board)
    return recorder.offered == 0 and slots(board) == [] and \
        board.value("SELECT count(*) FROM delivery") == 0


def test_f10_a_jump_forward_holds_all_until_it_is_synchronised(clocked,
                                                               recorder):
    board = clocked
    with_an_embargo(board, recorder)
    board.jump(DAY)
    until_held(board)
    assert nothing_went(board, recorder)
    assert "the clock jumped forward by 1440 minutes" in board.ctl("status")
    # both clocks are read in whole seconds
    assert re.search(r"clock jumped forward seconds=86(399|40[01]):", board.log)
    assert board.hears("STATUS=live, held: the clock jumped")
    board.ctl("run", "police", code=1)
    assert "the clock jumped" in board.said
    # pages go on
    assert board.get("/").status in (200, 404)
    board.synchronise()
    until_trusted(board, "synchronised")
    board.until(lambda: len(recorder.mails) == 2, "both mails")
    assert board.hears("STATUS=live")
    assert [kind for kind, in board.rows(
        "SELECT kind FROM event WHERE kind GLOB 'clock-*' ORDER BY id")] == \
        ["clock-jumped", "clock-trusted"]


def test_f10_an_operator_resumes(clocked, recorder):
    board = clocked
    with_an_embargo(board, recorder)
    board.jump(DAY)
    until_held(board)
    assert nothing_went(board, recorder)
    board.ctl("resume")
    until_trusted(board, "resumed")
    board.until(lambda: len(recorder.mails) == 2, "both mails")


def test_f10_a_clock_that_is_right_again_by_itself(clocked, recorder):
    """It never said it was synchronised: it is back where it was."""
    board = clocked
    with_an_embargo(board, recorder)
    board.jump(DAY)
    until_held(board)
    board.jump(-DAY)
    until_trusted(board, "returned")
    assert nothing_went(board, recorder)
    go_to(board, utc(2027, 5, 10, 7))
    board.until(lambda: len(recorder.mails) == 2, "both mails")
    assert slots(board)[0] <= utc(2027, 5, 10, 7, 5)


def test_f10_time_that_passed_is_no_jump(clocked, recorder):
    """As when the machine was suspended: its time since the start counts it.
    Nor is what NTP sets right, nor a step of a few minutes."""
    board = clocked
    with_an_embargo(board, recorder)
    board.jump(590)
    look(board)
    board.synchronise()
    board.jump(3000)
    look(board)
    board.until(lambda: "clock went forward" in board.log, "it is told")
    board.synchronise(False)
    board.advance(DAY)
    board.until(lambda: len(recorder.mails) == 2, "both mails")
    assert "nothing is sent" not in board.log


def test_f20_claims_wait_too(clocked, recorder):
    board = clocked
    recorder.on_data = lambda mail: "450 4.2.0 not now"
    board.configure(delivery={"retry_first_seconds": 3600,
                              "retry_most_seconds": 3600})
    begin(board, recorder, ANN)
    board.advance(60)
    board.brief("LTB-1")
    until_attempt(board, "later")
    recorder.on_data = None
    board.jump(DAY)
    until_held(board)
    look(board)
    board.ctl("queue", "retry", "--all")
    look(board)
    assert recorder.offered == 1
    board.ctl("resume")
    until_state(board, "accepted")


def test_f20_a_restart_keeps_the_hold_and_sees_a_jump(clocked, recorder):
    board = clocked
    with_an_embargo(board, recorder)
    board.jump(DAY)
    until_held(board)
    board.kill()
    board.start()
    assert nothing_went(board, recorder)
    assert "clock is in doubt" in board.log
    board.jump(-DAY)
    until_trusted(board, "returned")
    # one that comes while the daemon is down
    board.stop()
    board.jump(DAY)
    board.start()
    until_held(board)
    assert nothing_went(board, recorder)
    board.ctl("resume")
    board.until(lambda: len(recorder.mails) == 2, "both mails")


def test_f20_a_clock_that_was_ahead_leaves_nothing_stuck(clocked, recorder):
    """Nobody saw that it was a day ahead; then it is set right."""
    board = clocked
    recorder.on_data = lambda mail: "450 4.2.0 not now"
    board.configure(delivery={"retry_first_seconds": 7200,
                              "retry_most_seconds": 7200})
    board.jump(DAY)
    begin(board, recorder, ROWS)
    board.advance(60)
    board.brief("LTB-1")
    board.until(lambda: board.facts("queue")["waiting"] == 4, "all wait")
    recorder.on_data = None
    board.jump(-DAY)
    board.until(lambda: "clock went back" in board.log, "it is seen")
    until_state(board, "accepted", 4)
    assert sorted(mail.recipient for mail in recorder.mails) == \
        sorted({mail.recipient for mail in recorder.mails})
    assert recorder.offered == 8
    board.invariants()


def test_f20_nor_when_it_was_set_right_while_the_daemon_was_down(clocked,
                                                                 recorder):
    board = clocked
    recorder.on_data = lambda mail: "450 4.2.0 not now"
    board.configure(delivery={"retry_first_seconds": 7200,
                              "retry_most_seconds": 7200})
    board.jump(DAY)
    begin(board, recorder, ANN)
    board.advance(60)
    board.brief("LTB-1")
    until_attempt(board, "later")
    recorder.on_data = None
    board.stop()
    board.jump(-DAY)
    board.start()
    until_state(board, "accepted")


def test_f20_a_day_back_sends_nothing_twice(clocked, recorder):
    board = clocked
    go_to(board, utc(2027, 5, 11, 6))
    begin(board, recorder, schedule="daily 08:00")
    board.brief("LTB-1")
    until_taken(board)
    go_to(board, utc(2027, 5, 11, 7))
    until_state(board, "accepted")
    board.jump(-DAY)
    board.until(lambda: "clock went back" in board.log, "it is seen")
    go_to(board, utc(2027, 5, 11, 7, 1))
    go_to(board, utc(2027, 5, 12, 7, 1))
    look(board)
    assert recorder.offered == 1
    board.brief("LTB-2")
    until_taken(board, 2)
    go_to(board, utc(2027, 5, 13, 7))
    board.until(lambda: len(recorder.mails) == 2, "the next slot")
    board.invariants()
