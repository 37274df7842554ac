"""One person is let off one briefing by briefingctl; and asked again."""
import contextlib
import sqlite3

from test_delivery import begin, until_state

PEOPLE = [f"p{i}@police.example,P {i}" for i in range(5)]


def figures(board):
    total = board.facts("report")["total"]
    return {name: total[name] for name in
            ("required", "outstanding", "exempt", "flagged")}


def test_f10_exempt_and_asked_again(board, recorder):
    begin(board, recorder, PEOPLE)
    board.brief("LTB-1")
    until_state(board, "accepted", 5)
    said = board.ctl("person", "exempt", "P1@police.example", "LTB-1",
                     "--reason", "she wrote it")
    assert said == "LTB-1 is asked of them no more, and they are told\n"
    assert figures(board) == {"required": 5, "outstanding": 4, "exempt": 1,
                              "flagged": 0}
    board.invariants()
    board.ctl("person", "exempt", "p1@police.example", "LTB-1", "--reason",
              "it was her sister", "--undo")
    assert figures(board)["outstanding"] == 5
    # they are told both times, may object, and nobody else is told
    def told():
        return sorted((mail for mail in recorder.to("p1@police.example")
                       if "asked of you" in mail.message["subject"]),
                      key=lambda mail: "again" in mail.message["subject"])
    board.until(lambda: len(told()) == 2, "they are told")
    first, second = told()
    assert first.message["subject"] == "LTB-1 is not asked of you any more"
    assert second.message["subject"] == "LTB-1 is asked of you again"
    assert first.message["reply-to"] == "lead@police.example"
    assert "wrote it" not in first.text and "sister" not in second.text
    assert board.get(first.link).status == 200
    board.ctl("person", "exempt", "p9@police.example", "LTB-1", "--reason",
              "x", code=1)
    assert "nobody with that address" in board.said
    board.ctl("person", "exempt", "p1@police.example", "LTB-1", code=2)
    board.invariants()
    board.ctl("person", "exempt", "p2@police.example", "LTB-1", "--reason", "x")
    board.stop()
    for statement in ("closed_at = closed_at + 1", "closed_as = 'left'",
                      "closed_at = NULL, closed_as = NULL"):
        with contextlib.closing(sqlite3.connect(
                board.folder / "state/briefingd.db")) as db:
            kept = db.execute("SELECT id, closed_at FROM requirement"
                              " WHERE closed_as = 'exempt'").fetchone()
            with db:
                db.execute(f"UPDATE requirement SET {statement}"
                           " WHERE closed_as = 'exempt'")
            board.ctl("evidence", "verify", code=1)
            with db:
                db.execute("UPDATE requirement SET closed_as = 'exempt',"
                           " closed_at = ? WHERE id = ?", kept[::-1])
    board.ctl("evidence", "verify")


def test_f20_after_the_deadline_it_is_flagged(clocked, recorder):
    begin(clocked, recorder, PEOPLE)
    clocked.advance(60)
    clocked.brief("LTB-1", acknowledge_within_days=1)
    until_state(clocked, "accepted", 5)
    clocked.advance(5 * 86400)
    assert "flagged" in clocked.ctl("person", "exempt", "p1@police.example",
                                    "LTB-1", "--reason", "on leave")
    assert figures(clocked) == {"required": 5, "outstanding": 5, "exempt": 0,
                                "flagged": 1}
    clocked.invariants()
