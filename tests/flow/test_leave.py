"""Leaving a list that is no duty: RFC 8058's one click, and the page's button."""
import re

import pytest

ANN, BOB, CY = "ann@choir.example", "bob@choir.example", "cy@choir.example"
ROWS = [f"{ANN},Ann,", f"{BOB},Bob,", f"{CY},Cy,"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CLICK = "List-Unsubscribe=One-Click"


def begin(board, recorder, **conf):
    board.relay(recorder)
    board.list("choir", ROWS, header="address,name,role",
               **({"mandatory": False} | conf))
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 3,
                "three mails are accepted")


def leave_path(board, mail):
    """From the header as a mail program reads it."""
    header = mail.message["List-Unsubscribe"]
    link, mailto = re.findall(r"<([^>]+)>", header)
    base = f"http://127.0.0.1:{board.port}"
    assert link.startswith(base + "/u/"), header
    assert mailto.startswith("mailto:learning@severnside.example?"), header
    assert mail.message["List-Unsubscribe-Post"] == CLICK
    assert link in mail.text and link in mail.html
    return link[len(base):]


def evidence(board):
    return [board.rows(f"SELECT * FROM {table} ORDER BY 1")
            for table in ("requirement", "event", "member_status")]


def standing(board):
    return {member["address"]: member["status"]
            for member in board.facts("list", "show", "choir")["people"]}


def multipart(board, path):
    body = (b"--b0undary\r\nContent-Disposition: form-data;"
            b' name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b0undary--\r\n')
    return board.request(
        "POST", path, body,
        {"Content-Type": "multipart/form-data; boundary=b0undary"})


def test_f10_one_click_leaves(board, recorder):
    begin(board, recorder)
    paths = {who: leave_path(board, recorder.to(who)[0])
             for who in (ANN, BOB, CY)}
    before = evidence(board)
    for path in paths.values():  # as gateways do
        for method in ("GET", "HEAD", "GET"):
            page = board.request(method, path)
            assert page.status == 200
        assert "Members of choir" in page.text
        assert ("List-Unsubscribe", "One-Click") in page.fields
        assert board.get(path + "?" + CLICK).status == 200
        assert board.request("POST", path, "", FORM).status == 200
    assert evidence(board) == before
    assert "You are off the list" in \
        board.request("POST", paths[ANN], CLICK, FORM).text
    assert "You are off the list" in multipart(board, paths[BOB]).text
    after = evidence(board)
    assert board.post(paths[ANN], [("List-Unsubscribe", "One-Click")]
                      ).status == 200
    assert evidence(board) == after
    assert standing(board) == {ANN: "not-for-me", BOB: "not-for-me",
                               CY: "active"}
    assert board.rows("SELECT closed_as, count(*) FROM requirement"
                      " GROUP BY 1 ORDER BY 2") == [(None, 1), ("left", 2)]
    assert board.rows(
        "SELECT actor FROM event WHERE kind = 'member-status' ORDER BY 1") == \
        board.rows("SELECT 'person:' || public_id FROM person JOIN identity"
                   " ON person_id = person.id WHERE address <> ? ORDER BY 1",
                   CY)
    board.brief("LTB-2")
    board.until(lambda: len(recorder.to(CY)) == 2, "the next briefing")
    assert len(recorder.to(ANN)) == len(recorder.to(BOB)) == 1
    # their row changes: Ann is back, and gets what she missed
    board.list("choir", [ROWS[0] + "Alto", *ROWS[1:]],
               header="address,name,role", mandatory=False)
    board.until(lambda: standing(board)[ANN] == "active", "Ann is back")
    assert board.value("SELECT count(*) FROM requirement WHERE closed_as ="
                       " 'left'") == 1
    board.brief("LTB-3")
    board.until(lambda: len(recorder.to(CY)) == 3 and
                len(recorder.to(ANN)) >= 2, "the third briefing")
    assert len(recorder.to(BOB)) == 1
    board.invariants()


@pytest.mark.parametrize("stop", ["kill", "stop"])
def test_f20_a_left_list_stays_left(board, recorder, stop):
    begin(board, recorder)
    page = board.post(leave_path(board, recorder.to(ANN)[0]),
                      [("List-Unsubscribe", "One-Click")])
    assert "You are off the list" in page.text
    getattr(board, stop)()
    assert standing(board)[ANN] == "not-for-me"
    board.start()
    board.brief("LTB-2")
    board.until(lambda: len(recorder.to(CY)) == 2, "the next briefing")
    assert len(recorder.to(ANN)) == 1
    assert standing(board)[ANN] == "not-for-me"


def test_f20_a_duty_cant_be_left(board, recorder):
    begin(board, recorder, mandatory=True)
    mail = recorder.to(ANN)[0]
    assert mail.message["List-Unsubscribe"] is None
    assert mail.message["List-Unsubscribe-Post"] is None
    assert "/u/" not in mail.text
    path = mail.link.replace("/a/", "/u/")
    before = evidence(board)
    page = board.get(path)
    assert page.status == 200 and "<form" not in page.text
    assert "lead@choir.example" in page.text
    assert board.request("POST", path, CLICK, FORM).status == 403
    assert multipart(board, path).status == 403
    for wrong in ("/u/", "/u/x", path[:-1], path[:-1] + "0"[path[-1] == "0":]
                  + "1", "/u/specimen"):
        assert board.request("POST", wrong, CLICK, FORM).status in (200, 404)
    assert evidence(board) == before
