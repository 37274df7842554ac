"""What people say of their own place on a list: RFC 8058's one click where it is
no duty, and everywhere the page."""
import datetime
import re

import pytest

from board import FORM_SECONDS

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
    """But what became of the mails to the lead, which go meanwhile."""
    return [board.rows(f"SELECT * FROM {rows} ORDER BY 1")
            for rows in ("requirement", "member_status",
                         "event WHERE kind <> 'delivery-accepted'")]


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
        assert {name for name, _ in page.fields} == {"form"}
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


def say(board, mail, **fields):
    """As a person does on the page that the mail leads to."""
    path = mail.link.replace("/a/", "/u/")
    board.wait_as_readers_do(mail)
    form = board.get(path)
    assert form.status == 200
    board.advance(FORM_SECONDS + 1)
    return board.post(path, [*form.fields, *fields.items()])


def test_f20_a_duty_is_left_by_saying_so(clocked, recorder):
    board = clocked
    begin(board, recorder, mandatory=True)
    ann, bob, cy = (recorder.to(who)[0] for who in (ANN, BOB, CY))
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post"):
        assert ann.message[name] is None
    path = ann.link.replace("/a/", "/u/")
    assert path in ann.text and path in ann.html
    assert path in board.get(ann.link).text
    assert path in board.get(ann.link + "/LTB-1").text
    before = evidence(board)
    # gateways, their buttons, and forms of nobody
    for method in ("GET", "HEAD"):
        assert board.request(method, path + "?what=left").status == 200
    assert board.request("POST", path, CLICK, FORM).status == 403
    assert multipart(board, path).status == 403
    for fields in ([], [("what", "left")], [("what", "left"), ("form", "x")],
                   board.get(path).fields + [("what", "left")]):
        assert "Nothing is recorded yet" in board.post(path, fields).text
    for wrong in ("/u/", "/u/x", path[:-1], path[:-1] + "0"[path[-1] == "0":]
                  + "1", "/u/specimen"):
        assert board.request("POST", wrong, CLICK, FORM).status in (200, 404)
    assert evidence(board) == before

    assert "You are off the list" in say(board, ann, what="not-for-me").text
    assert "You are off the list" in say(board, bob, what="left").text
    page = say(board, cy, what="on-leave", until="<b>")
    assert "Say until when" in page.text and "<b>" not in page.text
    day = board.now.date() + datetime.timedelta(days=3)
    assert "Your leave is recorded" in \
        say(board, cy, what="on-leave", until=str(day)).text
    assert standing(board) == {ANN: "not-for-me", BOB: "left", CY: "on-leave"}
    # the lead hears of each, with what it did to the figures
    told = board.until(lambda: len(recorder.to("lead@choir.example")) == 3 and
                       recorder.to("lead@choir.example"), "the lead's mails")
    texts = sorted(" ".join(mail.text.split()) for mail in told)
    assert f"Ann ({ANN})" in texts[0] and "this is not for me" in texts[0]
    assert "1 briefing that they had not confirmed is closed" in texts[0]
    assert f"Bob ({BOB})" in texts[1] and "I have left" in texts[1]
    assert "I am on leave until" in texts[2]
    assert "Nothing changes in the figures" in texts[2]
    # nothing new while she is away, and what she missed when she is back
    board.brief("LTB-2")
    board.until(lambda: "briefing=LTB-2" in board.log, "the next briefing")
    board.advance(4 * 86400)
    board.brief("LTB-3")
    mails = board.until(lambda: recorder.to(CY)[1:], "she is back")
    assert all(mail.message["Subject"].count("LTB") for mail in mails)
    assert len(recorder.to(ANN)) == len(recorder.to(BOB)) == 1
    board.invariants()


def test_f20_leaving_late_improves_nothing(clocked, recorder):
    board = clocked
    begin(board, recorder, mandatory=True, deadline_days=1)
    board.advance(6 * 86400)
    assert "You are off the list" in \
        say(board, recorder.to(ANN)[0], what="left").text
    mail = board.until(lambda: recorder.to("lead@choir.example"),
                       "the lead's mail")[0]
    assert "1 was past the deadline" in " ".join(mail.text.split())
    total = board.facts("report")["total"]
    assert (total["required"], total["outstanding"], total["closed"],
            total["flagged"]) == (3, 3, 0, 1)
    board.invariants()
