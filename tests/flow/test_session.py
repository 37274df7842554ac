"""Team sessions by briefingctl: recorded, shown, undone, in every report beside
reach; and evidence verify finds out what was changed by hand."""
import contextlib
import sqlite3
import zoneinfo

from test_delivery import begin, until_state

SETTING = "team meeting"


def today(board):
    return board.now.astimezone(zoneinfo.ZoneInfo("Europe/London")) \
        .date().isoformat()


def record(board, **changes):
    values = {"--agency": "police", "--on": today(board), "--reached": 14,
              "--of": 18, "--setting": SETTING} | changes
    code = values.pop("code", 0)
    return board.ctl("session", "record", "LTB-1",
                     *(word for pair in values.items() for word in pair),
                     code=code)


def change(board, statement):
    with contextlib.closing(sqlite3.connect(
            board.folder / "state/briefingd.db")) as db, db:
        db.execute(statement)


def test_f10_recorded_reported_and_undone(board, recorder):
    begin(board, recorder, ["ann@police.example,Ann"])
    board.brief("LTB-1")
    until_state(board, "accepted", 1)
    assert "14 of 18" in record(board, **{"--note": "used the summary"})
    total = board.facts("report")["total"]
    assert (total["sessions"], total["session_reached"],
            total["session_heads"]) == (1, 14, 18)
    assert (total["required"], total["acknowledged"]) == (1, 0)
    assert "14 of 18" in board.ctl("report", "--format", "html")
    [session] = board.facts("session", "list", "LTB-1", "--agency", "police")
    assert session["setting"] == SETTING
    assert session["note"] == "used the summary"
    assert session["held_on"] == today(board)
    assert "@" in session["recorded_by"]
    # neither the setting nor the note is in the ledger
    bodies = "".join(body for (body,) in board.rows("SELECT body FROM event"))
    assert SETTING not in bodies and "summary" not in bodies
    board.invariants()

    board.ctl("session", "undo", session["id"], "--reason", "another briefing")
    assert board.facts("report")["total"]["sessions"] == 0
    shown = board.ctl("session", "list")
    assert "undone" in shown and "another briefing" in shown
    board.ctl("session", "undo", session["id"], "--reason", "again", code=1)
    assert "undone before" in board.said
    board.invariants()


def test_f20_what_is_wrong_is_said(board, recorder):
    begin(board, recorder, ["ann@police.example,Ann"])
    board.brief("LTB-1")
    until_state(board, "accepted", 1)
    for changes, said in (
            ({"--agency": "Fire"}, 'there are "police"'),
            ({"--on": "19/11/2026"}, "2026-11-19"),
            ({"--on": "2999-01-01"}, "still to come"),
            ({"--reached": "many"}, "--reached"),
            ({"--reached": 19}, "19 people reached of 18"),
            ({"--setting": ""}, "in which setting")):
        record(board, code=1, **changes)
        assert said in board.said, board.said
    board.ctl("session", "record", "LTB-1", code=2)
    board.ctl("session", "undo", "1", code=2)
    assert board.ctl("session", "list") == "no team session is recorded\n"
    record(board)
    record(board, code=1)
    assert "the very same" in board.said


def test_f20_changed_by_hand_is_found_out(board, recorder):
    begin(board, recorder, ["ann@police.example,Ann"])
    board.brief("LTB-1")
    until_state(board, "accepted", 1)
    record(board)
    record(board, **{"--reached": 3})
    board.ctl("session", "undo", "2", "--reason", "the same once more")
    board.invariants()
    board.stop()
    for statement, mend, said in (
            ("UPDATE team_session SET reached = 18 WHERE id = 1",
             "UPDATE team_session SET reached = 14 WHERE id = 1",
             "team session 1"),
            ("UPDATE team_session SET undone_at = undone_at + 1 WHERE id = 2",
             "UPDATE team_session SET undone_at = undone_at - 1 WHERE id = 2",
             "undoing of session 2"),
            ("DELETE FROM team_session WHERE id = 1", None,
             "a team session beside what was required")):
        change(board, statement)
        assert said in board.ctl("evidence", "verify", code=1) + board.said
        if mend:
            change(board, mend)
            board.ctl("evidence", "verify")
