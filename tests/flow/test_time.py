"""Slots in the board's own time, with the daemon's clock in the test's hand."""
import datetime
import zoneinfo

import pytest

from test_delivery import begin, until_loaded, until_taken

LONDON = zoneinfo.ZoneInfo("Europe/London")
UTC = datetime.timezone.utc
MINUTE = datetime.timedelta(minutes=1)


def utc(*when):
    return datetime.datetime(*when, tzinfo=UTC)


def go_to(board, when):
    """The daemon's clock says that moment, and it looks at once: it would by
    itself within half a minute."""
    board.advance((when - board.now).total_seconds())
    if board.is_running:
        look(board)


def look(board):
    before = board.log.count("reloaded")
    board.reload()
    board.until(lambda: board.log.count("reloaded") > before, "a look")


def slots(board):
    return [datetime.datetime.fromtimestamp(at, UTC) for at, in board.rows(
        "SELECT slot_at FROM digest WHERE state = 'planned' ORDER BY slot_at")]


def at_that_moment(board, recorder, ref, when):
    """Nothing goes a minute before; then it does."""
    count = len(recorder.circulated)
    go_to(board, when - MINUTE)
    before = board.facts("status")["briefings"]
    board.brief(ref)
    until_taken(board, before + 1)
    look(board)
    assert board.value("SELECT count(*) FROM digest"
                       " WHERE state = 'planning'") == 0
    assert len(recorder.circulated) == count
    go_to(board, when)
    board.until(lambda: len(recorder.circulated) == count + 1, f"the slot at {when}")
    assert ref in recorder.circulated[-1].text


# the clocks change on 28 March and 31 October 2027, at 01:00 UTC
CHANGES = [
    ("weekly mon 08:00", utc(2027, 3, 19, 12), [
        utc(2027, 3, 22, 8), utc(2027, 3, 29, 7), utc(2027, 4, 5, 7)]),
    ("weekly mon 08:00", utc(2027, 10, 22, 12), [
        utc(2027, 10, 25, 7), utc(2027, 11, 1, 8), utc(2027, 11, 8, 8)]),
    # the clocks skip 01:30: it fires at what they show instead
    ("weekly sun 01:30", utc(2027, 3, 20, 12), [
        utc(2027, 3, 21, 1, 30), utc(2027, 3, 28, 1, 30),
        utc(2027, 4, 4, 0, 30)]),
    # they repeat 01:30: it fires the first time only
    ("weekly sun 01:30", utc(2027, 10, 23, 12), [
        utc(2027, 10, 24, 0, 30), utc(2027, 10, 31, 0, 30),
        utc(2027, 11, 7, 1, 30)]),
    ("daily 08:00", utc(2027, 3, 27, 6), [
        utc(2027, 3, 27, 8), utc(2027, 3, 28, 7), utc(2027, 3, 29, 7)]),
    ("monthly first mon 08:00", utc(2027, 2, 20, 12), [
        utc(2027, 3, 1, 8), utc(2027, 4, 5, 7), utc(2027, 5, 3, 7)]),
    ("monthly 31 08:00", utc(2027, 2, 1, 12), [
        utc(2027, 2, 28, 8), utc(2027, 3, 31, 7), utc(2027, 4, 30, 7)]),
    ("RRULE:FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR;BYHOUR=16;BYMINUTE=45",
     utc(2027, 3, 1, 12),
     [utc(2027, 4, 30, 15, 45), utc(2027, 7, 30, 15, 45),
      utc(2027, 10, 29, 15, 45)]),
    ("RRULE:FREQ=YEARLY;BYMONTH=3,11;BYDAY=1TU", utc(2027, 2, 20, 12), [
        utc(2027, 3, 2, 8), utc(2027, 11, 2, 8), utc(2028, 3, 7, 8)]),
]


@pytest.mark.parametrize("schedule, begins, due", CHANGES,
                         ids=lambda value: value if isinstance(value, str)
                         else "")
def test_f10_slots(clocked, recorder, schedule, begins, due):
    board = clocked
    go_to(board, begins)
    begin(board, recorder, schedule=schedule)
    told = board.ctl("list", "next", "police")
    assert f"{due[0].astimezone(LONDON):%Y-%m-%d %H:%M}" in told, told
    for number, when in enumerate(due, 1):
        at_that_moment(board, recorder, f"LTB-{number}", when)
    assert slots(board) == due
    assert len(recorder.circulated) == len(due)


def test_f20_a_repeated_hour_fires_once(clocked, recorder):
    """The hour comes twice; the slot does not."""
    board = clocked
    go_to(board, utc(2027, 10, 30, 12))
    begin(board, recorder, schedule="weekly sun 01:30")
    at_that_moment(board, recorder, "LTB-1", utc(2027, 10, 31, 0, 30))
    board.brief("LTB-2")
    until_taken(board, 2)
    go_to(board, utc(2027, 10, 31, 1, 31))
    assert "2027-11-07 01:30" in board.ctl("list", "next", "police")
    assert len(recorder.circulated) == 1
    assert len(slots(board)) == 1


def test_f20_missed_slots_run_once_and_late(clocked, recorder):
    board = clocked
    go_to(board, utc(2027, 3, 5, 12))
    begin(board, recorder, schedule="weekly mon 08:00")
    board.brief("LTB-1")
    board.brief("LTB-2")
    until_taken(board, 2)
    board.stop()
    go_to(board, utc(2027, 3, 31, 15))  # four Mondays later
    board.start()
    board.until(lambda: recorder.circulated, "the missed slot")
    assert slots(board) == [utc(2027, 3, 29, 7)]
    assert recorder.circulated[0].message["Date"].datetime >= \
        utc(2027, 3, 31, 15)
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 1,
                "it is accepted")
    board.stop()
    board.start()
    look(board)
    assert len(slots(board)) == 1
    assert len(recorder.circulated) == 1
    at_that_moment(board, recorder, "LTB-3", utc(2027, 4, 5, 7))


def test_f20_an_embargo_ends_in_the_boards_zone(clocked, recorder):
    """By itself: nobody tells the daemon to look."""
    board = clocked
    go_to(board, utc(2027, 7, 1, 6, 59, 40))
    begin(board, recorder)
    board.brief("LTB-1", not_before="2027-07-01T08:00")
    until_taken(board)
    assert board.facts("briefing", "list")[0]["state"] == "embargoed"
    assert recorder.offered == 0
    board.until(lambda: recorder.circulated, "the mail after the embargo")
    assert board.now >= utc(2027, 7, 1, 7)
    assert recorder.circulated[0].message["Date"].datetime >= utc(2027, 7, 1, 7)


def test_f20_a_slot_comes_by_itself(clocked, recorder):
    board = clocked
    go_to(board, utc(2027, 3, 29, 6, 59, 40))
    begin(board, recorder, schedule="weekly mon 08:00")
    board.brief("LTB-1")
    until_taken(board)
    assert recorder.offered == 0
    board.until(lambda: recorder.circulated, "the slot")
    assert slots(board) == [utc(2027, 3, 29, 7)]


def test_f20_slots_wait_while_paused(clocked, recorder):
    board = clocked
    go_to(board, utc(2027, 5, 7, 12))
    begin(board, recorder, schedule="weekly mon 08:00")
    board.brief("LTB-1")
    until_taken(board)
    board.ctl("pause", "--reason", "an audit")
    go_to(board, utc(2027, 5, 18, 12))
    assert slots(board) == [] and recorder.circulated == []
    board.ctl("resume")
    board.until(lambda: recorder.circulated, "the slot, late")
    assert slots(board) == [utc(2027, 5, 17, 7)]


def test_f30_a_clock_set_back_sends_nothing_twice(clocked, recorder):
    board = clocked
    go_to(board, utc(2027, 5, 9, 12))
    begin(board, recorder, schedule="weekly mon 08:00")
    at_that_moment(board, recorder, "LTB-1", utc(2027, 5, 10, 7))
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 1,
                "it is accepted")
    go_to(board, utc(2027, 5, 10, 6, 30))
    board.brief("LTB-2")
    until_taken(board, 2)
    go_to(board, utc(2027, 5, 10, 7, 1))
    look(board)
    assert len(slots(board)) == 1
    assert len(recorder.circulated) == 1
    go_to(board, utc(2027, 5, 17, 7))
    board.until(lambda: len(recorder.circulated) == 2, "the next slot")


def test_f20_quiet_hours_keep_one_list_waiting(clocked, recorder):
    """Also over a night that is an hour longer."""
    board = clocked
    go_to(board, utc(2027, 10, 30, 18, 59))
    begin(board, recorder, schedule="weekly mon 08:00",
          quiet_hours="20:00-07:00")
    board.list("health", ["bea@health.example,Bea"])
    board.reload()
    until_loaded(board, police=1, health=1)
    assert "quiet      20:00-07:00" in board.ctl("list", "show", "police")
    go_to(board, utc(2027, 10, 30, 19, 0))
    board.brief("LTB-1")
    until_taken(board)
    assert "quiet hours end at 2027-10-31 07:00" in board.ctl("run", "police")
    board.until(lambda: recorder.to("bea@health.example"), "the other list's")
    board.until(lambda: board.facts("queue")["next_due_at"] ==
                utc(2027, 10, 31, 7).timestamp(), "it is put off")
    # asking for another try does not wake anyone either
    board.ctl("queue", "retry", "--list", "police")
    board.until(lambda: board.facts("queue")["oldest_due_at"] == 0,
                "it is put off again")
    go_to(board, utc(2027, 10, 31, 6, 59, 30))
    assert len(recorder.circulated) == 1
    go_to(board, utc(2027, 10, 31, 7))
    board.ctl("run", "police")  # it looks at once; by itself within a minute
    board.until(lambda: len(recorder.circulated) == 2, "the mail in the morning")


HOLIDAYS = "2027-01-01 all: New Year's Day\n2026-12-25 scotland: Christmas\n"


def test_f10_a_holiday_moves_a_deadline(clocked, recorder):
    """And check says where the days come from, and when they end."""
    board = clocked
    go_to(board, utc(2026, 12, 18, 9))
    begin(board, recorder)
    board.configure(board={"region": "scotland"})
    assert "good: scotland, to the end of 2030" in board.ctl("check")
    board.write(board.folder / "days", HOLIDAYS)
    board.configure(board={"holidays": "days"})
    board.reload()
    board.until(lambda: "reloaded" in board.log, "the new settings")
    board.brief("LTB-1", acknowledge_within_days=7)
    board.until(lambda: recorder.circulated, "the mail")
    # Christmas is a Friday; Boxing Day's substitute is not in this file
    assert "by Monday 28 December 2026" in recorder.circulated[0].text
    assert "good: scotland, to the end of 2027" in board.ctl("check")
    go_to(board, utc(2027, 10, 2, 12))
    assert "good: scotland" in board.ctl("check")
    go_to(board, utc(2027, 10, 4, 12))
    assert "warning: those of scotland end with 2027" in board.ctl("check")


def test_f20_a_wrong_file_of_holidays_is_told(unclocked):
    board = unclocked
    board.configure(board={"holidays": "days"})
    board.ctl("check", code=1)
    assert "board.holidays: " in board.said and "days" in board.said
    board.write(board.folder / "days", "2027-01-01 wales: x\n")
    board.ctl("check", code=1)
    assert "days:1: between date and colon" in board.said
