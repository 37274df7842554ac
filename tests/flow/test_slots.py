"""Slots in the board's time zone, across both changes of the clocks, and what
was missed. The daemon's clock is a moved one."""
import datetime

import pytest

UTC = datetime.timezone.utc
ANN = "ann@police.example"


def at(board, text):
    """Moves the clock to that time, UTC."""
    when = datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)
    board.advance((when - board.now).total_seconds())


def slots(board):
    return [datetime.datetime.fromtimestamp(each, UTC).isoformat()[:16]
            for each, in board.rows("SELECT slot_at FROM digest ORDER BY id")]


def begin(board, recorder, when, schedule):
    at(board, when)
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"], schedule=schedule)
    board.start()
    board.live()
    board.until(lambda: board.facts("list", "show"), "the list")


def next_morning(board, recorder, when, ref):
    """The daemon sleeps until shortly before; a briefing; its mail."""
    board.stop()
    at(board, when)
    mails = len(recorder.mails)
    board.start()
    board.brief(ref)
    board.until(lambda: board.facts("status")["briefings"] ==
                int(ref.removeprefix("LTB-")), "it is taken in")
    assert len(recorder.mails) == mails
    board.until(lambda: len(recorder.mails) == mails + 1, "its slot's mail")


@pytest.mark.parametrize("days", [
    # GMT, then the first morning of summer time
    ["2027-03-27T07:59:50 2027-03-27T08:00",
     "2027-03-28T06:59:50 2027-03-28T07:00"],
    # summer time, then the first morning of GMT
    ["2027-10-30T06:59:50 2027-10-30T07:00",
     "2027-10-31T07:59:50 2027-10-31T08:00"],
], ids=["spring", "autumn"])
def test_f20_eight_is_eight_on_both_sides(clocked, recorder, days):
    board = clocked
    begin(board, recorder, days[0].split("T")[0] + "T00:00:00", "daily 08:00")
    expected = []
    for number, day in enumerate(days, 1):
        before, slot = day.split()
        next_morning(board, recorder, before, f"LTB-{number}")
        expected.append(slot)
    assert slots(board) == expected


@pytest.mark.parametrize("before, slot", [
    # 01:30 is skipped: it comes later by the gap, at 02:30 summer time
    ("2027-03-28T01:29:50", "2027-03-28T01:30"),
    # 01:30 comes twice: the first, in summer time
    ("2027-10-31T00:29:50", "2027-10-31T00:30"),
], ids=["skipped", "repeated"])
def test_f30_a_time_that_is_skipped_or_repeated(clocked, recorder, before,
                                                slot):
    board = clocked
    begin(board, recorder, before.split("T")[0] + "T00:00:00", "daily 01:30")
    next_morning(board, recorder, before, "LTB-1")
    assert slots(board) == [slot]


def test_f20_a_missed_slot_is_run_once(clocked, recorder):
    board = clocked
    begin(board, recorder, "2026-06-01T09:00:00", "daily 08:00")
    board.brief("LTB-1")
    board.until(lambda: board.facts("status")["briefings"] == 1, "taken in")
    board.stop()
    at(board, "2026-06-05T10:00:00")
    board.start()
    board.until(lambda: recorder.mails, "the missed slot's mail")
    board.brief("LTB-2")
    board.until(lambda: board.facts("status")["briefings"] == 2, "taken in")
    board.stop()
    assert len(recorder.mails) == 1
    assert slots(board) == ["2026-06-05T07:00"]


def test_f20_embargo_ends_in_the_boards_zone(clocked, recorder):
    board = clocked
    begin(board, recorder, "2026-07-01T06:59:50", "immediately")
    board.brief("LTB-1", not_before="2026-07-01T08:00")
    board.until(lambda: board.facts("status")["briefings"] == 1, "taken in")
    assert recorder.mails == []
    board.until(lambda: recorder.mails, "the mail after the embargo", 90)
    assert board.now >= datetime.datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_f20_next_tells_the_slots(clocked, recorder):
    board = clocked
    begin(board, recorder, "2027-03-27T09:00:00", "daily 08:00")
    (each,) = board.facts("list", "next")
    assert datetime.datetime.fromtimestamp(each["next_at"], UTC).isoformat() \
        == "2027-03-28T07:00:00+00:00"
