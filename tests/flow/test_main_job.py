"""The main job: from the drop folder to the mailbox to the report."""
import re

import pytest

ANN, BOB = "ann@police.example", "bob@police.example"


def begin(board, server):
    board.relay(server)
    board.list("police", [f"{ANN},Ann", f"{BOB},Bob"])
    board.start()
    board.live()


def test_f10_every_member_gets_the_briefing_once(board, recorder):
    begin(board, recorder)
    board.brief("LTB-1", documents={"ltb-1.pdf": b"%PDF-1.4 two pages"})
    board.until(lambda: len(recorder.mails) == 2, "two mails")
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 2,
                "both are settled")
    assert sorted(m.recipient for m in recorder.mails) == [ANN, BOB]
    mail = recorder.to(ANN)[0]
    assert mail.sender.startswith("learning-bounce+")
    for text in (mail.text, mail.html):
        assert "See the child alone." in text
        assert "What will you do differently?" in text
        assert "Paper ltb-1.pdf" in text
        assert mail.link in text
    assert mail.message["Auto-Submitted"] == "auto-generated"
    # nothing new: the same folder once more is the same briefing
    board.brief("LTB-1", documents={"ltb-1.pdf": b"%PDF-1.4 two pages"})
    board.brief("LTB-2")
    board.until(lambda: len(recorder.mails) == 4, "two mails more")
    assert all("LTB-1" not in m.text for m in recorder.mails[2:])
    board.invariants()


def test_f10_a_confirmation_reaches_the_report(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 2,
                "both are settled")
    mail = recorder.to(ANN)[0]
    before = board.facts("report")["total"]
    assert (before["required"], before["acknowledged"]) == (2, 0)
    for _ in range(3):
        assert board.get(mail.link).status == 200
    assert board.facts("report")["total"]["acknowledged"] == 0
    page = board.confirm(mail)
    assert page.status == 200 and "It is recorded" in page.text
    # a second time is harmless
    board.post(mail.link, board.get(mail.link).fields)
    total = board.facts("report")["total"]
    assert (total["required"], total["acknowledged"], total["in_time"]) == \
        (2, 1, 1)
    board.invariants()


@pytest.mark.parametrize("change, said", [
    ({"approval_ref": ""}, "approval_ref"),
    ({"unheard_of": 1}, "unheard_of"),
    ({"approved_on": "2120-01-01"}, "approved_on"),
])
def test_f20_what_is_wrong_is_said_beside_it(board, recorder, change, said):
    begin(board, recorder)
    folder = board.brief("LTB-1", **change)
    board.until((folder / "REJECTED.txt").exists, "REJECTED.txt")
    assert re.search(rf"briefing\.conf:\d+: .*{said}",
                     (folder / "REJECTED.txt").read_text())
    # mended, it is taken
    board.brief("LTB-1")
    board.until(lambda: len(recorder.mails) == 2, "two mails")
    assert not (folder / "REJECTED.txt").exists()
