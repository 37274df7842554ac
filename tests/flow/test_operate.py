"""What operators do while the daemon runs."""
import contextlib
import os
import pty
import subprocess

import pytest

from board import PROGRAMS
from test_delivery import ANN, ROWS, begin, until_attempt, until_state

REASON = ("--reason", "the relay's log says so")


def waits_an_hour(board):
    board.configure(delivery={"retry_first_seconds": 3600,
                              "retry_most_seconds": 3600})


def test_f10_what_waits_is_tried_again_at_once(board, recorder):
    waits_an_hour(board)
    recorder.on_data = lambda mail: "450 4.2.0 not now"
    begin(board, recorder, ROWS)
    board.brief("LTB-1")
    board.until(lambda: board.facts("queue")["waiting"] == 4, "all wait")
    recorder.on_data = None
    counts = board.facts("queue")
    assert counts["oldest_due_at"] == 0
    assert counts["next_due_at"] > board.now.timestamp() + 1800
    assert "delivery 2 is due now" in board.ctl("queue", "retry", 2)
    until_state(board, "accepted")
    assert "3 deliveries are due now" in board.ctl("queue", "retry", "--list",
                                                   "police")
    until_state(board, "accepted", 4)
    board.ctl("queue", "retry", 2, code=1)
    assert "never sent again" in board.said
    assert "0 deliveries" in board.ctl("queue", "retry", "--all")
    assert len(recorder.mails) == 4
    board.invariants()


def test_f10_what_was_refused_is_tried_again(board, recorder):
    recorder.on_rcpt = lambda address: "550 5.7.1 not from you"
    begin(board, recorder, ANN)
    board.brief("LTB-1")
    until_state(board, "refused")
    recorder.on_rcpt = None
    shown = board.ctl("queue", "show", 1)
    assert "refused, list police, live" in shown
    assert "550 5.7.1" in shown and "127.0.0.1" in shown
    board.ctl("queue", "retry", "--all")
    until_state(board, "accepted")
    outcomes = [each["outcome"] for each in board.facts("queue", "show", 1)]
    assert outcomes == ["refused", "accepted"]
    [(actor,)] = board.rows("SELECT name FROM event JOIN operator"
                            " ON actor = 'operator:' || public_id"
                            " WHERE kind = 'delivery-retried'")
    assert "@" in actor


def test_f10_held_and_released(board, recorder):
    waits_an_hour(board)
    recorder.on_data = lambda mail: "450 4.2.0 not now"
    begin(board, recorder, ROWS)
    board.brief("LTB-1")
    board.until(lambda: board.facts("queue")["waiting"] == 4, "all wait")
    recorder.on_data = None
    board.ctl("queue", "hold", "--list", "police")
    assert board.facts("queue")["held"] == 4
    assert "0 deliveries" in board.ctl("queue", "retry", "--all")
    assert "4 held" in board.ctl("status")
    offered = recorder.offered
    board.advance(7200)
    board.ctl("queue", "release", 3)
    until_state(board, "accepted")
    assert recorder.offered == offered + 1
    assert "3 deliveries are released" in board.ctl("queue", "release", "--all")
    until_state(board, "accepted", 4)


def test_f20_what_is_unsure_is_resolved(board, recorder):
    recorder.on_data = lambda mail: "drop"
    begin(board, recorder, ROWS, unsure="hold")
    board.brief("LTB-1")
    until_state(board, "unsure", 4)
    recorder.on_data = None
    board.ctl("queue", "resolve", 1, "sent", code=2)
    board.ctl("queue", "retry", 1, code=1)
    assert "queue resolve" in board.said
    board.ctl("queue", "resolve", 1, "sent", *REASON)
    board.ctl("queue", "resolve", 2, "not-sent", *REASON)
    until_state(board, "accepted", 2)
    assert len(recorder.mails) == 1
    assert "resolved by hand: sent" in board.ctl("queue", "show", 1)
    board.ctl("queue", "resolve", 2, "sent", *REASON, code=1)
    assert "only what is unsure" in board.said
    board.invariants()


def test_f20_what_is_cancelled_stays_so(board, recorder):
    recorder.on_data = lambda mail: "450 4.2.0 not now"
    waits_an_hour(board)
    begin(board, recorder, ANN)
    board.brief("LTB-1")
    until_attempt(board, "later")
    recorder.on_data = None
    board.ctl("queue", "cancel", 1, code=2)
    board.ctl("queue", "cancel", 1, "--reason", "told in person")
    assert "nothing is new" in board.ctl("run", "police")
    board.advance(7200)
    board.ctl("run", "police")
    assert recorder.mails == []
    assert board.facts("queue")["cancelled"] == 1
    [briefing] = board.facts("report")["briefings"]
    assert briefing["total"]["outstanding"] == 1
    board.invariants()


@pytest.mark.parametrize("arguments", [
    ("retry",), ("retry", "x"), ("retry", 1, "--all"), ("hold", "1", "2"),
    ("resolve", 1, "maybe", *REASON), ("cancel", *REASON), ("nonsense",),
    ("show",), ("show", 0), ("cancel", 1, "--reason", " "),
], ids=str)
def test_f30_wrong_usage(unclocked, arguments):
    board = unclocked
    board.ctl("queue", *arguments, code=2)
    assert "usage" in board.said


def test_f30_what_is_not_there(board, recorder):
    begin(board, recorder, ANN)
    board.ctl("queue", "show", 7, code=1)
    assert "no delivery 7" in board.said
    board.ctl("queue", "hold", 7, code=1)
    board.ctl("queue", "retry", "--list", "polis", code=1)
    assert "no list polis" in board.said


@contextlib.contextmanager
def watching(board, output, seconds=1):
    command = [PROGRAMS / "briefingctl", "-c", board.conf, "status", "--watch",
               str(seconds)]
    process = subprocess.Popen(command, stdout=output, env=board.environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_f20_a_slot_is_watched_in_a_pipe(board, recorder):
    begin(board, recorder, ROWS)
    recorder.hold.clear()
    with watching(board, subprocess.PIPE) as process:
        assert b"no slot is under way" in process.stdout.readline()
        board.brief("LTB-1")
        for line in process.stdout:
            if b"4 planned, 0 accepted, 4 left" in line:
                break
        assert line[2:3] == line[5:6] == b":" and b"  police " in line
        assert b"\x1b" not in line
        recorder.hold.set()
        for line in process.stdout:
            assert b"police" in line or b"no slot" in line or \
                b"relay      127.0.0.1: working, " in line
            if b"no slot is under way" in line:
                break
    assert len(recorder.mails) == 4


def test_f20_a_terminal_is_painted_over(board, recorder):
    begin(board, recorder, ROWS)
    recorder.hold.clear()
    board.brief("LTB-1")
    board.until(lambda: board.facts("queue")["sending"] == 4, "all are sent")
    ours, theirs = pty.openpty()
    seen = b""
    with watching(board, theirs), contextlib.closing(os.fdopen(ours, "rb", 0)):
        os.close(theirs)
        board.ctl("pause", "--reason", "an audit")
        while seen.count(b"\x1b[2A\x1b[J") + seen.count(b"\x1b[3A\x1b[J") < 2:
            seen += os.read(ours, 4096)
    assert b"4 planned, 0 accepted, 4 left" in seen
    assert b"paused: an audit" in seen
    assert b"relay      127.0.0.1: working, " in seen
    recorder.hold.set()


@pytest.mark.parametrize("arguments", [
    ("--watch", "0"), ("--watch", "soon"), ("--watch", 1, 2), (5,)], ids=str)
def test_f30_wrong_usage_of_watch(unclocked, arguments):
    unclocked.ctl("status", *arguments, code=2)
    assert "usage" in unclocked.said
