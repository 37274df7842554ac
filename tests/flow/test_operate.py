"""What operators do while the daemon runs."""
import pytest

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
    recorder.on_rcpt = lambda address: "550 5.1.1 unknown"
    begin(board, recorder, ANN)
    board.brief("LTB-1")
    until_state(board, "refused")
    recorder.on_rcpt = None
    shown = board.ctl("queue", "show", 1)
    assert "refused, list police, live" in shown
    assert "550 5.1.1" in shown and "127.0.0.1" in shown
    board.ctl("queue", "retry", "--all")
    until_state(board, "accepted")
    outcomes = [each["outcome"] for each in board.facts("queue", "show", 1)]
    assert outcomes == ["refused", "accepted"]
    [(actor,)] = board.rows("SELECT actor FROM event"
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
