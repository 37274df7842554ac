"""Who means harm and has a link: no page is a way to fill the store, to flood
somebody's mailbox, or to bring back what has ended."""
import datetime
import re
import threading

import pytest

from board import FORM_SECONDS
from test_pages import (ANN, BOB, FORWARD_SECONDS, NEW, begin, mails, pass_on,
                        patient)

DAY = 86400
DESK = "duty.desk@police.example"


def count(board, table):
    return board.value(f"SELECT count(*) FROM {table}")


def test_f20_leave_is_not_said_without_end(clocked, recorder):
    """Each is a record in the ledger, for ever; leaving is always possible."""
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 2)
    path = ann.link.replace("/a/", "/u/")
    board.wait_as_readers_do(ann)
    fields = board.get(path).fields
    board.advance(FORM_SECONDS + 1)

    def say(**chosen):
        return board.post(path, fields + list(chosen.items()))
    last = None
    for days in range(2, 40):
        day = board.now.date() + datetime.timedelta(days=days)
        page = say(what="on-leave", until=str(day))
        last = last or (page.status == 429 and days)
    assert count(board, "member_status") == 5, last
    assert last == 7 and page.headers["Retry-After"]
    assert "You are off the list" in say(what="left").text
    assert count(board, "member_status") == 6
    board.invariants()


def test_f20_a_shared_mailbox_has_a_bound(clocked, recorder):
    """Who has its link could make up readers without end."""
    board = clocked
    board.relay(recorder)
    board.list("police", [f"{DESK},Duty desk,yes"],
               header="address,name,shared")
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: recorder.to(DESK), "its mail")
    mail = recorder.to(DESK)[0]
    fields = patient(board, mail)
    for number in range(205):
        page = board.post(mail.link,
                          fields + [("name", f"Made Up {number}")])
        assert ("It is recorded" in page.text) == (number < 200), number
    assert "200 people have confirmed it" in page.text
    total = board.facts("report")["total"]
    assert (total["acknowledged"], total["further"]) == (1, 199)
    board.invariants()


def test_f20_a_flood_of_old_forms_confirms_nothing_again(clocked, recorder):
    """Who confirmed in her name presses all the while, as she takes it back."""
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, bob = mails(board, recorder, 2)
    old = patient(board, ann)
    assert "It is recorded" in board.post(ann.link, old).text
    path, = re.findall(r'href="https?://[^/"]+(/[^"]+/not-me)"',
                       board.get(ann.link).text)
    fields = [f for f in board.get(path).fields if f[0] == "form"]
    board.advance(FORM_SECONDS + 1)
    ended = threading.Event()
    statuses = set()

    def press():
        while not ended.is_set():
            statuses.add(board.post(ann.link, old).status)
    pressing = [threading.Thread(target=press) for _ in range(6)]
    for thread in pressing:
        thread.start()
    for _ in range(20):  # and hers comes again and again, too
        page = board.post(path, fields + [("mine", "no")])
        assert "It counts no more" in page.text
    ended.set()
    for thread in pressing:
        thread.join()
    assert statuses == {200}
    assert board.facts("report")["total"]["acknowledged"] == 0
    assert count(board, "disowned") == 1
    assert count(board, "notice WHERE kind = 'disowned'") == 1
    assert count(board, "event WHERE kind = 'acknowledged'") == 1
    # the token of another opens their own page, and nothing of hers
    receipt = path.split("/")[4]
    assert board.get(f"{bob.link}/LTB-1/{receipt}/not-me").status == 404
    board.invariants()


def answered(board):
    board.until(lambda: count(board, "forward") == 0, "all is answered")


def test_f20_links_that_are_asked_for_flood_nobody(clocked, recorder):
    """Several mails that were passed on, and a restart forgets what the page
    counted; the store does not."""
    board = clocked
    begin(board, recorder)
    for number in range(1, 9):
        board.brief(f"LTB-{number}")
        board.until(lambda: len(recorder.to(ANN)) == number, "her mail")
    for mail in recorder.to(ANN):
        assert pass_on(board, mail, NEW).status == 200
        answered(board)
        board.stop()
        board.start()
    assert count(board, "notice WHERE kind = 'guest-link'") == 5
    board.advance(DAY)
    assert pass_on(board, recorder.to(ANN)[0], NEW).status == 200
    answered(board)
    assert count(board, "notice WHERE kind = 'guest-link'") == 6
    board.invariants()


def test_f20_a_mail_that_was_passed_on_makes_so_many_guests(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 2)
    for number in range(60):
        if number % 15 == 0:  # the page forgets whom it counted
            board.stop()
            board.start()
        page = pass_on(board, ann, f"made.up.{number}@police.example")
        assert page.status == 200, page.text
    answered(board)
    assert count(board, "guest") == 40
    # who had it themselves is sent their own link as ever
    pass_on(board, ann, BOB)
    answered(board)
    assert count(board, "notice WHERE kind = 'own-link'") == 1
    board.invariants()


@pytest.mark.parametrize("ended", ["withdrawn", "replaced", "past"])
def test_f20_nothing_is_brought_back_by_passing_it_on(clocked, recorder, ended):
    board = clocked
    board.configure(evidence={"window_days": 30})
    begin(board, recorder)
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 2)
    if ended == "withdrawn":
        board.ctl("briefing", "withdraw", "LTB-1", "--reason", "a name in it")
    elif ended == "replaced":
        board.brief("LTB-1", title="Another", material=True)
        board.until(lambda: len(recorder.to(ANN)) == 2, "the new version")
    else:
        board.advance(31 * DAY)
    page = board.get(ann.link.replace("/a/", "/f/"))
    assert page.status == (410 if ended == "past" else 200)
    board.advance(FORM_SECONDS + 1)
    for who in (BOB, NEW):
        board.post(ann.link.replace("/a/", "/f/"),
                   [*page.fields, ("address", who)])
    board.advance(FORWARD_SECONDS)
    board.reload()
    answered(board)
    assert count(board, "guest") == 0
    assert count(board, "notice WHERE kind IN ('own-link', 'guest-link')") == 0
    assert not recorder.to(NEW)
