"""A reply that confirms: from a Maildir, and from Dovecot over TLS."""
import email.utils
import os
import random
import time

import pytest

from conftest import IS_SOAK
from mailboxes import DONE, Dovecot, Maildir, replied

HOST = "mx.severnside.example"
MINUTE = 60
KILLS = 30 if IS_SOAK else 4


@pytest.fixture
def maildir(tmp_path):
    return Maildir(tmp_path)


@pytest.fixture(params=["maildir", "imap"])
def mailbox(request, tmp_path, authority):
    if request.param == "maildir":
        yield Maildir(tmp_path)
        return
    if os.geteuid() != 0:
        pytest.skip("Dovecot runs as root only")
    server = Dovecot(tmp_path, authority)
    yield server
    server.__exit__()


def begin(board, recorder, mailbox, members=("ann", "bob"), mode="live", **conf):
    """Everyone on the list police has had LTB-1, a minute ago; their mails, by
    name."""
    board.relay(recorder)
    board.configure(mailbox=mailbox.settings | {"trusted_hosts": [HOST]})
    board.list("police", [f"{name}@police.example,{name}" for name in members],
               **{"confirm_by_reply": True} | conf)
    board.start()
    if mode == "live":
        board.live()
    board.brief("LTB-1")
    board.until(lambda: board.facts("queue")["accepted"] == len(members),
                "all are accepted")
    board.advance(MINUTE)
    return {name: mail for name in members for mail in recorder.mails
            if mail.message["To"].addresses[0].username == name}


def reply(board, mail, text="Read.\n", **options):
    return replied(mail, board.now, text, host=HOST, **options)


def deliver(board, mailbox, *mails):
    before = len(mailbox.mails(DONE))
    for mail in mails:
        mailbox.deliver(mail)
    board.until(lambda: len(mailbox.mails(DONE)) == before + len(mails),
                "they are dealt with")


def answers(recorder, address):
    """The mails after the first that went there."""
    return [mail for mail in recorder.to(address) if "Learning briefing"
            not in mail.message["Subject"]]


def total(board):
    figures = board.facts("report")["total"]
    return figures["acknowledged"], figures["by_reply"], figures["required"]


def test_f10_a_reply_confirms(board, recorder, mailbox):
    mails = begin(board, recorder, mailbox)
    assert "the\nword READ alone on the first line" in mails["ann"].text
    assert "alone on the first line" in mails["ann"].html
    assert mails["ann"].message["Reply-To"] != mails["bob"].message["Reply-To"]
    deliver(board, mailbox, reply(board, mails["ann"]))
    assert total(board) == (1, 1, 2)
    receipt = board.until(lambda: answers(recorder, "ann@police.example"),
                          "her receipt")[0]
    assert receipt.message["Subject"] == "Your confirmation was recorded"
    assert "LTB-1" in receipt.text and "Confirmed by reply" in receipt.text
    number = board.value("SELECT receipt FROM requirement WHERE grade ="
                         " 'confirmed-by-reply'")
    assert number in receipt.text
    # her page knows it, and a second reply changes nothing
    assert number in board.get(mails["ann"].link).text
    deliver(board, mailbox, reply(board, mails["ann"], "read\n"))
    assert total(board) == (1, 1, 2)
    # who confirmed on the page keeps that
    assert board.confirm(mails["bob"]).status == 200
    deliver(board, mailbox, reply(board, mails["bob"]))
    assert total(board) == (2, 1, 2)
    told = board.until(lambda: answers(recorder, "bob@police.example"), "his")
    assert "was recorded before" in told[0].text.replace("\n", " ")
    assert len(answers(recorder, "ann@police.example")) == 1
    assert recorder.to("lead@police.example") == []
    status = board.facts("status")["returned"]
    assert (status["confirmed"], status["replies"]) == (3, 0)
    assert "replies    3 confirmed" in board.ctl("status")
    assert "police.example" not in board.log
    assert "confirmed-by-reply" in board.ctl("person", "export",
                                             "ann@police.example")
    board.invariants()


def test_f20_who_is_not_proved_confirms_nothing(board, recorder, maildir):
    """And is told nothing: their mail goes to who keeps the list."""
    mails = begin(board, recorder, maildir)
    ann, bob = mails["ann"], mails["bob"]
    forged = ("Authentication-Results: mx.severnside.example;"
              " dmarc=pass header.from=police.example\n")
    deliver(board, maildir,
            reply(board, ann, result="dmarc=fail", headers=forged),
            reply(board, ann, result="spf=pass smtp.mailfrom=eve@evil.example"),
            reply(board, ann, sender="bob@police.example"),
            reply(board, ann, headers="List-Id: <team.police.example>\n"),
            # the return path and the link are no Reply-To
            reply(board, ann, to=ann.sender),
            reply(board, ann, to="learning-bounce+"
                  f"{ann.link.rsplit('/', 1)[1]}@severnside.example"),
            reply(board, bob, headers="Auto-Submitted: auto-replied\n"),
            reply(board, bob, "I have read it but disagree\n"))
    assert total(board) == (0, 0, 2)
    board.until(lambda: len(recorder.to("lead@police.example")) == 7,
                "the lead has all that people wrote")
    assert answers(recorder, "ann@police.example") == []
    assert answers(recorder, "bob@police.example") == []
    status = board.facts("status")["returned"]
    assert (status["confirmed"], status["declined"], status["unproved"],
            status["replies"]) == (0, 0, 4, 7)
    assert "unproved   4 replies" in board.ctl("status")
    board.invariants()


def test_f20_why_it_did_not_count_is_told_once(board, recorder, maildir):
    mails = begin(board, recorder, maildir)
    deliver(board, maildir, *(reply(board, mails["ann"], "Read, but why?\n")
                              for _ in range(3)))
    told = board.until(lambda: answers(recorder, "ann@police.example"),
                       "why")[0]
    assert told.message["Subject"] == "Your reply did not confirm"
    assert "more stands on its first line" in told.text
    assert "passed on" in told.text
    board.until(lambda: len(recorder.to("lead@police.example")) == 3,
                "the lead has them")
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "wrong")
    deliver(board, maildir, reply(board, mails["bob"]))
    told = board.until(lambda: answers(recorder, "bob@police.example"),
                       "why")[0]
    assert "nothing that the mail asked needs" in told.text.replace("\n", " ")
    assert "LTB-1" not in told.text
    assert total(board)[0] == 0
    assert len(answers(recorder, "ann@police.example")) == 1
    board.invariants()


def test_f30_what_was_withdrawn_since_is_told_by_its_reference(
        board, recorder, maildir):
    mails = begin(board, recorder, maildir)
    assert board.confirm(mails["ann"]).status == 200
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "wrong")
    deliver(board, maildir, reply(board, mails["ann"]))
    told = board.until(lambda: answers(recorder, "ann@police.example"),
                       "hers")[0]
    assert "LTB-1" in told.text and "withdrawn since" in told.text
    assert "seeing the child" not in told.text + told.html
    board.invariants()


def test_f30_faster_than_a_person(board, recorder, maildir):
    """It lay in the mailbox for a while, and came at once nevertheless."""
    mails = begin(board, recorder, maildir)
    at_once = reply(board, mails["ann"])
    slow = reply(board, mails["bob"])
    sent = board.value("SELECT ended_at FROM delivery d JOIN addressee a ON"
                       " a.delivery_id = d.id WHERE a.name = 'ann'")
    line = at_once.split(b"\n\t")[1].split(b"\n")[0]
    at_once = at_once.replace(
        line, email.utils.formatdate(sent + 5).encode())
    deliver(board, maildir, at_once, slow)
    assert total(board) == (1, 1, 2)
    told = board.until(lambda: answers(recorder, "ann@police.example"), "why")
    assert "within seconds" in told[0].text
    # the same again, by a person
    deliver(board, maildir, reply(board, mails["ann"]))
    assert total(board) == (2, 2, 2)
    board.invariants()


def test_f40_killed_while_replies_come(board, recorder, mailbox):
    """Each confirms once and is told once, whenever the daemon dies."""
    dice = random.Random(7)
    people = [f"p{number}" for number in range(KILLS * 2)]
    mails = begin(board, recorder, mailbox, people)
    left = list(people)
    for _ in range(KILLS):
        for name in left[:2]:
            mailbox.deliver(reply(board, mails[name]))
        del left[:2]
        time.sleep(dice.random() * 0.3)  # anywhere in its work
        board.kill()
        board.start()
    board.until(lambda: len(mailbox.mails(DONE)) == len(people), "all")
    assert total(board) == (len(people),) * 3
    assert board.value("SELECT count(*) FROM event WHERE kind ="
                       " 'acknowledged'") == len(people)
    assert board.value("SELECT count(*) FROM notice") == len(people)
    board.invariants()


def test_f30_a_rehearsal_counts_nothing(board, recorder, maildir):
    mails = begin(board, recorder, maildir, mode="rehearsal")
    tester = mails["ann"].recipient
    deliver(board, maildir,
            reply(board, mails["ann"], sender=tester,
                  result=f"dmarc=pass header.from={tester.split('@')[1]}"))
    told = board.until(lambda: [
        mail for mail in recorder.mails
        if "did not confirm" in mail.message["Subject"]], "the tester knows")
    assert "in which nothing counts" in told[0].text.replace("\n", " ")
    assert told[0].recipient == tester
    assert board.value("SELECT count(*) FROM requirement") == 0
    board.invariants()


def test_f40_what_can_not_count_is_not_asked(board, recorder, maildir):
    """Marked content is read on the page, and check says what is missing."""
    board.relay(recorder)
    board.configure(mailbox=maildir.settings)
    board.list("police", ["ann@police.example,ann"], confirm_by_reply=True,
               domains=["police.example"])
    board.ctl("check", code=1)
    assert "police.conf:" in board.said
    assert "mailbox.trusted_hosts" in board.said
    board.start()
    board.live()
    board.brief("LTB-1")
    mail = board.until(lambda: recorder.to("ann@police.example"), "hers")[0]
    assert mail.message["Reply-To"] == "learning@severnside.example"
    assert "alone on the first line" not in mail.text
    board.configure(mailbox=maildir.settings | {"trusted_hosts": [HOST]})
    board.ctl("check")
    board.reload()
    board.brief("LTB-2", marking="OFFICIAL-SENSITIVE")
    mail = board.until(lambda: recorder.to("ann@police.example")[1:], "it")[0]
    assert mail.message["Reply-To"] == "learning@severnside.example"
    board.brief("LTB-3")
    mail = board.until(lambda: recorder.to("ann@police.example")[2:], "it")[0]
    assert "+" in mail.message["Reply-To"]
