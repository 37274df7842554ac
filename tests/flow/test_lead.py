"""The page of a list's lead: numbers at once, names behind a code, and what is
recorded there."""
import re

import pytest

from board import FORM_SECONDS, MAIL_SECONDS

ANN, BOB, CY = "ann@police.example", "bob@police.example", "cy@police.example"
LEAD = "ruth@police.example"
ROWS = [f"{ANN},Ann Amadi", f"{BOB},Bob", f"{CY},Cy"]
DAY = 86400


class Page:
    """The lead's page, as they use it."""

    def __init__(self, board, recorder, mail):
        base = f"http://127.0.0.1:{board.port}"
        link, = set(re.findall(base + r"/l/\S+", mail.text))
        assert link in mail.html
        self.board, self.recorder = board, recorder
        self.path, self.code = link[len(base):], None

    def open(self):
        self.page = self.board.get(self.path)
        return self.page

    def post(self, what, wait=FORM_SECONDS, **fields):
        form = dict(self.page.fields).get("form", "")
        self.board.advance(wait)
        posted = [("form", form), ("what", what), *fields.items()]
        if self.code and "code" not in fields:
            posted.append(("code", self.code))
        self.page = self.board.post(self.path, posted)
        return self.page

    def unlock(self):
        self.open()
        before = len(codes(self.recorder))
        assert "on its way" in self.post("send-code").text
        mail = self.board.until(
            lambda: codes(self.recorder)[before:], "the code")[0]
        self.code = mail.code
        return self.post("people")


def codes(recorder):
    return [mail for mail in recorder.to(LEAD) if "YOUR CODE" in mail.text]


def begin(board, recorder):
    """Three have a briefing, and the lead a link to their page."""
    board.relay(recorder)
    board.list("police", ROWS, lead="Ruth Lead", lead_address=LEAD,
               agency="Police")
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: all(recorder.to(who) for who in (ANN, BOB, CY)),
                "three mails")
    assert LEAD in board.ctl("lead", "link", "police")
    mail = board.until(lambda: recorder.to(LEAD), "the lead's mail")[0]
    board.advance(MAIL_SECONDS)
    return Page(board, recorder, mail)


def person(page, name):
    return re.search(r'name="person" value="(\w+)">' + name, page.text)[1]


def test_f10_numbers_then_names(clocked, recorder):
    lead = begin(clocked, recorder)
    page = lead.open()
    assert page.status == 200
    assert "0/3" in page.text and "LTB-1" in page.text
    for name in (ANN, "Ann Amadi", BOB, LEAD):
        assert name not in page.text
    page = lead.unlock()
    for name in (ANN, "Ann Amadi", BOB, CY):
        assert name in page.text
    assert "3 people have not confirmed yet" in page.text
    clocked.confirm(recorder.to(ANN)[0])
    page = lead.post("people")
    assert "2 people" in page.text and ANN not in page.text
    page = lead.post("find", q="AMADI")
    assert ANN in page.text and BOB not in page.text
    page = lead.post("person", person=person(page, "Ann Amadi"))
    assert "Confirmed, on" in page.text
    clocked.invariants()


def test_f20_what_is_recorded(clocked, recorder):
    lead = begin(clocked, recorder)
    lead.unlock()
    ann = person(lead.page, "Ann Amadi")
    page = lead.post("session", ref="LTB-1", held_on="2020-01-01",
                     setting="team meeting", reached="14", head_count="18",
                     note="")
    assert "Nothing was recorded. " in page.text and "is before" in page.text
    assert 'value="team meeting"' in page.text  # it is not typed twice
    today = clocked.value("SELECT strftime('%Y-%m-%d', max(recorded_at),"
                          " 'unixepoch') FROM event")
    page = lead.post("session", ref="LTB-1", held_on=today,
                     setting="team meeting", reached="14", head_count="18",
                     note="We spoke <b>long</b>.")
    assert "The team session is recorded" in page.text
    assert "14 of 18" in page.text and "&lt;b&gt;long" in page.text
    assert f"lead {LEAD}" in page.text
    assert clocked.facts("session", "list")[0]["recorded_by"] == f"lead {LEAD}"
    page = lead.post("undo-session", session="1", reason="")
    assert "Say why" in page.text
    page = lead.post("undo-session", session="1", reason="another day")
    assert "counts no more" in page.text and "another day" in page.text
    page = lead.post("exempt", person=ann, ref="LTB-1", reason="she wrote it")
    assert "asked of them no more" in page.text and "Let off, since" in page.text
    page = lead.post("exempt", person=ann, ref="LTB-1", reason="again")
    assert "Nothing was recorded. LTB-1 is exempt" in page.text
    page = lead.post("unexempt", person=ann, ref="LTB-1", reason="no, Bob did")
    assert "Outstanding, due by" in page.text
    page = lead.post("on-leave", person=ann, until="soon")
    assert "Nothing was recorded. Say until when" in page.text
    page = lead.post("left", person=ann)
    assert "Has left" in page.text and "Asked no more: has left" in page.text
    page = lead.post("active", person=ann)
    assert "they are back" in page.text and "Outstanding" in page.text
    page = lead.post("active", person=ann)
    assert "Nothing was recorded. Nothing was said of them" in page.text
    assert clocked.rows("SELECT DISTINCT substr(actor, 1, 5) FROM event WHERE"
                        " kind IN ('team-session-recorded', 'member-status',"
                        " 'team-session-undone', 'requirements-reopened')"
                        " AND actor <> 'briefingd'") == [("lead:",)]
    clocked.invariants()
