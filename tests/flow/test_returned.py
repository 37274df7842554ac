"""Mail that comes back: from a Maildir, and from Dovecot over TLS."""
import os
import random
import time

import pytest

from conftest import IS_SOAK
from mailboxes import (DONE, NOT_UNDERSTOOD, Dovecot, Maildir, returned,
                       spam_report, written)

KILLS = 60 if IS_SOAK else 6


@pytest.fixture
def maildir(tmp_path):
    return Maildir(tmp_path)


@pytest.fixture
def dovecot(tmp_path, authority):
    """dovecot(**options): a server, ended with the test."""
    if os.geteuid() != 0:
        pytest.skip("Dovecot runs as root only")
    servers = []

    def make(**options):
        servers.append(Dovecot(tmp_path, authority, **options))
        return servers[-1]
    yield make
    for server in servers:
        server.__exit__()


@pytest.fixture(params=["maildir", "imap"])
def mailbox(request):
    if request.param == "maildir":
        return request.getfixturevalue("maildir")
    return request.getfixturevalue("dovecot")()


def begin(board, recorder, mailbox, people=("ann", "bob"), **settings):
    """Everyone on the list police has had LTB-1; their mails, by name."""
    board.relay(recorder)
    board.configure(mailbox=mailbox.settings | settings)
    board.list("police", [f"{name}@police.example,{name}" for name in people])
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: accepted(board) == len(people), "all are accepted")
    return {name: recorder.to(f"{name}@police.example")[0] for name in people}


def accepted(board):
    return board.facts("status")["queue"]["accepted"]


def states(board):
    return dict(board.rows(
        "SELECT substr(a.address, 1, instr(a.address, '@') - 1), d.state"
        " FROM delivery d JOIN addressee a ON a.delivery_id = d.id"
        " ORDER BY d.id"))


def done(board, mailbox, count, folder=DONE):
    """Each is read by a process of its own, some a second."""
    board.until(lambda: len(mailbox.mails(folder)) == count,
                f"{count} mails in {folder}", 30 + count)


# --- the main way

def test_f10_a_bounce_is_counted_and_told(board, recorder, mailbox):
    mails = begin(board, recorder, mailbox)
    mailbox.deliver(returned(mails["ann"]))
    done(board, mailbox, 1)
    assert mailbox.mails() == []
    assert states(board) == {"ann": "bounced", "bob": "accepted"}
    bounces = board.facts("list", "bounces", "police")
    assert [(each["address"], each["class"], each["status"],
             each["suppressed"]) for each in bounces] == \
        [("ann@police.example", "hard", "5.1.1", True)]
    assert "No such user" in bounces[0]["text"]
    total = board.facts("report")["total"]
    assert (total["required"], total["accepted"], total["failed"]) == (2, 1, 1)
    assert board.facts("status")["returned"]["bounced"] == 1
    assert "suppressed 1 addresses" in board.ctl("status")
    assert "police.example" not in board.log
    board.invariants()


def test_f20_suppressed_until_a_person_says_it_works(board, recorder, maildir):
    mails = begin(board, recorder, maildir)
    maildir.deliver(returned(mails["ann"]))
    done(board, maildir, 1)
    board.brief("LTB-2")
    board.until(lambda: len(recorder.to("bob@police.example")) == 2, "his")
    board.until(lambda: board.facts("status")["queue"]["cancelled"] == 1,
                "hers is cancelled")
    assert board.facts("report")["total"]["outstanding"] == 4
    board.ctl("person", "unsuppress", "ann@police.example", code=2)
    board.ctl("person", "unsuppress", "bob@police.example", "--reason", "x",
              code=1)
    board.ctl("person", "unsuppress", "Ann@police.example", "--reason",
              "IT made it anew")
    board.ctl("run", "police")
    mail = board.until(lambda: recorder.to("ann@police.example")[1:],
                       "all that she missed")[0]
    assert "LTB-1" in mail.text and "LTB-2" in mail.text
    assert board.confirm(mail).status == 200
    assert board.facts("report")["total"]["acknowledged"] == 2
    assert len(recorder.to("ann@police.example")) == 2
    board.invariants()


def test_f20_an_address_that_the_relay_refuses(board, recorder):
    """Told in the dialogue or by a mail: an address that is gone is gone."""
    recorder.on_rcpt = lambda address: {
        "ann@police.example": "550 5.1.1 <ann@police.example>: no such user",
        "bob@police.example": "550 5.7.1 blocked, see spamhaus.example",
        }.get(address)
    board.relay(recorder)
    board.list("police", [f"{name}@police.example,{name}"
                          for name in ("ann", "bob", "cy")])
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: board.facts("queue")["refused"] == 2, "are refused")
    recorder.on_rcpt = None
    board.brief("LTB-2")
    board.until(lambda: recorder.to("bob@police.example"), "his next")
    board.until(lambda: board.facts("queue")["cancelled"] == 1,
                "hers is cancelled")
    assert [(each["address"][:3], each["class"], each["suppressed"])
            for each in sorted(board.facts("list", "bounces", "police"),
                               key=lambda each: each["delivery"])] == \
        [("ann", "hard", True), ("bob", "block", False)]
    board.ctl("queue", "retry", 1, code=1)
    assert "person unsuppress" in board.said
    board.ctl("person", "unsuppress", "ann@police.example", "--reason", "x")
    board.ctl("run", "police")
    mail = board.until(lambda: recorder.to("ann@police.example"), "all")[0]
    assert "LTB-1" in mail.text and "LTB-2" in mail.text
    board.invariants()


def test_f20_a_corrected_address_gets_what_was_missed(board, recorder,
                                                      maildir):
    mails = begin(board, recorder, maildir)
    maildir.deliver(returned(mails["ann"]))
    done(board, maildir, 1)
    board.list("police", ["ann@police.example,ann", "bob@police.example,bob"],
               header="address,name")
    rows = ["1,anne@police.example,ann", "2,bob@police.example,bob"]
    board.list("police", ["1,ann@police.example,ann",
                          "2,bob@police.example,bob"], header="id,address,name")
    board.until(lambda: board.value("SELECT count(*) FROM member WHERE"
                                    " row_key = '1'"), "the ids are known")
    board.list("police", rows, header="id,address,name")
    board.until(lambda: recorder.to("anne@police.example"), "her mail")
    assert len(recorder.to("bob@police.example")) == 1


def test_f20_without_a_token_the_message_id_tells(board, recorder, maildir):
    mails = begin(board, recorder, maildir)
    maildir.deliver(returned(mails["ann"], with_token=False))
    done(board, maildir, 1)
    assert states(board)["ann"] == "bounced"


def test_f20_what_is_none_of_ours_waits_for_a_person(board, recorder, mailbox):
    mails = begin(board, recorder, mailbox)
    mailbox.deliver(returned(mails["ann"], with_token=False,
                             with_message_id=False))
    mailbox.deliver(b"\0\1\2 no mail at all")
    forged = mails["ann"].sender.replace("+00000001", "+00000002")
    mailbox.deliver(returned(mails["bob"], with_message_id=False).replace(
        mails["bob"].sender.encode(), forged.encode()))
    done(board, mailbox, 3, NOT_UNDERSTOOD)
    assert set(states(board).values()) == {"accepted"}
    assert board.facts("status")["returned"]["not_understood"] == 3
    assert "came back  3 mails that a person must read" in board.ctl("status")


def test_f20_what_counts_as_nothing(board, recorder, maildir):
    mails = begin(board, recorder, maildir)
    maildir.deliver(returned(mails["ann"], action="delayed", status="4.4.1"))
    maildir.deliver(written("ann@police.example", mails["ann"].sender,
                            "Out of office: Learning briefing",
                            "Auto-Submitted: auto-replied\n"))
    maildir.deliver(returned(mails["bob"], "5.7.1", "550 5.7.1 Spam"))
    done(board, maildir, 3)
    assert states(board) == {"ann": "accepted", "bob": "bounced"}
    assert board.facts("status")["returned"]["suppressed"] == 0


def test_f20_a_mail_over_the_limit_is_read_as_far_as_that(board, recorder,
                                                          mailbox):
    mails = begin(board, recorder, mailbox)
    mailbox.deliver(returned(mails["ann"]) + b"x" * 70 + b"\n" +
                    b"0123456789abcdef\n" * 50000)
    done(board, mailbox, 1)
    assert states(board)["ann"] == "bounced"
    assert len(mailbox.mails(DONE)[0]) > 800000


def test_f30_the_same_mail_again_counts_once(board, recorder, mailbox):
    mails = begin(board, recorder, mailbox)
    raw = returned(mails["ann"], "5.2.2", "552 5.2.2 Mailbox full")
    mailbox.deliver(raw)
    done(board, mailbox, 1)
    mailbox.deliver(raw)
    done(board, mailbox, 2)
    assert board.value("SELECT count(*) FROM returned") == 1
    assert board.value("SELECT score FROM suppression") == 1000


def test_f20_each_monday_the_lead_is_told_whom_no_mail_reaches(
        clocked, recorder, maildir):
    board = clocked
    mails = begin(board, recorder, maildir)
    board.until(lambda: board.value("SELECT told_slot_at FROM list"), "begun")
    maildir.deliver(returned(mails["ann"]))
    done(board, maildir, 1)
    board.advance(7 * 86400)
    board.ctl("run", "police")  # rings
    mail = passed_on(board, recorder)[0]
    assert "ann, ann@police.example" in mail.text
    assert "There is no such address any more." in mail.text
    confirming, _, reaching = mail.text.partition("GETS NO MAIL")
    assert "No such user" in reaching and "bob" not in reaching
    assert "2 people have not confirmed yet" in confirming
    assert mail.message["Subject"].endswith("no mail reaches 1 person")
    # corrected: nobody is told of her any more
    board.list("police", ["anne@police.example,ann", "bob@police.example,bob"])
    board.until(lambda: board.value("SELECT count(*) FROM member WHERE"
                                    " removed_at IS NOT NULL"), "it is loaded")
    monday = board.value("SELECT told_slot_at FROM list")
    board.advance(7 * 86400)
    board.ctl("run", "police")
    board.until(lambda: board.value("SELECT told_slot_at FROM list") > monday,
                "the next Monday")
    assert all("NO MAIL" not in each.text for each in
               recorder.to("lead@police.example")[1:])


# --- what people write

def passed_on(board, recorder, to="lead@police.example", count=1):
    """The notices to an address."""
    mails = board.until(lambda: len(recorder.to(to)) == count and
                        recorder.to(to), f"{count} notices to {to}")
    for mail in mails:
        assert mail.message["Auto-Submitted"] == "auto-generated"
    return mails


def attached(mail):
    part = list(mail.message.iter_attachments())[0]
    if part.get_content_type() == "message/rfc822":
        return mail.raw.split(b"message.eml\"\r\n\r\n")[1].rsplit(
            b"\r\n--=_", 1)[0]
    return part.get_content()


def test_f10_a_reply_goes_to_the_lead_untouched_and_once(board, recorder,
                                                         mailbox):
    mails = begin(board, recorder, mailbox)
    raw = written("ann@police.example", mails["ann"].sender)
    mailbox.deliver(raw)
    done(board, mailbox, 1)
    mailbox.deliver(raw)
    done(board, mailbox, 2)
    mail = passed_on(board, recorder)[0]
    assert attached(mail) == raw.replace(b"\n", b"\r\n")
    assert mail.message["Reply-To"] == "ann@police.example"
    assert "ann@police.example wrote to us, in answer to the mail of" \
        in mail.text.replace("\n", " ")
    assert "Re: Learning briefing" in mail.message["Subject"]
    assert board.facts("report")["total"]["acknowledged"] == 0
    assert board.facts("status")["returned"]["replies"] == 1
    assert "police.example" not in board.log
    shown = board.ctl("queue", "show", 3)
    assert "accepted, notice reply, list police, live" in shown
    board.invariants()


@pytest.mark.parametrize("size", [300_000, 2_000_000])
def test_f20_a_reply_is_passed_on_whole(board, recorder, mailbox, size):
    mails = begin(board, recorder, mailbox)
    raw = written("ann@police.example", mails["ann"].sender,
                  text="0123456789abcde\n" * (size // 16) + "the end\n")
    mailbox.deliver(raw)
    done(board, mailbox, 1)
    assert attached(passed_on(board, recorder)[0]) == \
        raw.replace(b"\n", b"\r\n")


def test_f20_a_reply_too_large_to_pass_on_waits_for_a_person(board, recorder,
                                                             maildir):
    mails = begin(board, recorder, maildir)
    maildir.deliver(written("ann@police.example", mails["ann"].sender,
                            text="0123456789abcde\n" * 700_000))
    done(board, maildir, 1, NOT_UNDERSTOOD)
    assert recorder.to("lead@police.example") == []


def test_f20_a_reply_that_is_not_7_bit(board, recorder, maildir):
    mails = begin(board, recorder, maildir)
    raw = written("ann@police.example", mails["ann"].sender,
                  text="Mae hi'n \u0175yl.\n")
    maildir.deliver(raw)
    done(board, maildir, 1)
    assert attached(passed_on(board, recorder)[0]) == raw


def test_f20_a_reply_to_nothing_of_ours_goes_to_the_board(board, recorder,
                                                          maildir):
    begin(board, recorder, maildir)
    maildir.deliver(written("eve@else.example",
                            "learning-bounce@severnside.example", "Hello"))
    mail = passed_on(board, recorder, "learning-help@severnside.example")[0]
    assert mail.message["Reply-To"] == "eve@else.example"


def test_f30_the_board_is_told_though_its_mail_comes_back(board, recorder,
                                                          maildir):
    """There is nobody behind it to tell; status says so."""
    begin(board, recorder, maildir)
    help_ = "learning-help@severnside.example"
    for number in (1, 2):
        maildir.deliver(written(f"eve{number}@else.example",
                                "learning-bounce@severnside.example", "Hello"))
        notice = passed_on(board, recorder, help_, number)[-1]
        if number == 1:
            assert board.facts("status")["help_gone_at"] == 0
            maildir.deliver(returned(notice))
            done(board, maildir, 2)
    assert board.facts("queue")["cancelled"] == 0
    assert f"mail to mail.help ({help_}) comes back" in board.ctl("status")
    board.ctl("person", "unsuppress", help_, "--reason", "it is there again")
    assert "mail.help" not in board.ctl("status")


def test_f30_a_flood_of_replies_is_told_once(board, recorder, maildir):
    """From many authors, to one lead."""
    mails = begin(board, recorder, maildir)
    for number in range(32):
        maildir.deliver(written(f"p{number}@else.example",
                                mails["ann"].sender))
    done(board, maildir, 30)
    done(board, maildir, 2, NOT_UNDERSTOOD)
    board.until(lambda: len(recorder.to("lead@police.example")) == 31, "all")
    waiting = [mail for mail in recorder.to("lead@police.example")
               if mail.message["Subject"].startswith("More replies")]
    assert len(waiting) == 1
    assert "learning-help@severnside.example" in waiting[0].text
    assert board.facts("status")["returned"]["not_understood"] == 2
    # others have a lead of their own
    maildir.deliver(written("eve@else.example",
                            "learning-bounce@severnside.example", "Hello"))
    passed_on(board, recorder, "learning-help@severnside.example")
    # and tomorrow is another day
    board.advance(86400 + 60)
    maildir.deliver(written("p99@else.example", mails["ann"].sender))
    board.until(lambda: len(recorder.to("lead@police.example")) == 32, "it")
    board.invariants()


def test_f30_machines_that_answer_machines(board, recorder, maildir):
    """Whoever answers each notice at once, and says of itself nothing."""
    mails = begin(board, recorder, maildir)
    maildir.deliver(written("ann@police.example", mails["ann"].sender))
    notice = passed_on(board, recorder)[0]
    maildir.deliver(written("lead@police.example", notice.sender,
                            "I am not here"))
    maildir.deliver(written("robot@else.example", notice.sender, "Thanks!"))
    done(board, maildir, 2, NOT_UNDERSTOOD)
    maildir.deliver(written("lead@police.example", notice.sender,
                            "Out of office: A reply",
                            "Auto-Submitted: auto-replied\n"))
    maildir.deliver(returned(notice))
    done(board, maildir, 3)
    assert len(recorder.mails) == 3
    assert [(each["address"], each["notice"]) for each in
            board.facts("list", "bounces", "police")] == \
        [("lead@police.example", "reply")]
    assert "of the notice reply  (suppressed)" in \
        board.ctl("list", "bounces", "police")
    # from now on the board is told
    maildir.deliver(written("bob@police.example", mails["bob"].sender))
    passed_on(board, recorder, "learning-help@severnside.example")


def test_f20_a_rehearsal_passes_replies_on_to_its_address(board, recorder,
                                                          maildir):
    board.relay(recorder)
    board.configure(mailbox=maildir.settings)
    board.list("police", ["ann@police.example,Ann"])
    board.start()
    board.brief("LTB-1")
    mail = board.until(lambda: recorder.mails, "the rehearsal")[0]
    maildir.deliver(written("manager@severnside.example", mail.sender))
    notice = board.until(lambda: recorder.mails[1:], "the notice")[0]
    assert notice.recipient == "rehearsal@severnside.example"
    assert "[Rehearsal]" in notice.message["Subject"]


def test_f20_a_report_of_spam_is_told_to_the_lead(board, recorder, mailbox):
    mails = begin(board, recorder, mailbox)
    mailbox.deliver(spam_report(mails["ann"]))
    mailbox.deliver(spam_report(mails["ann"]) + b"\n")
    done(board, mailbox, 2)
    mail = passed_on(board, recorder)[0]
    assert "ann (ann@police.example)" in mail.text
    assert mail.message["Reply-To"] == "learning-help@severnside.example"
    assert states(board)["ann"] == "accepted"
    assert board.facts("status")["returned"]["suppressed"] == 0


# --- IMAP

def test_f20_imap_tells_of_new_mail(board, recorder, dovecot):
    server = dovecot()
    mails = begin(board, recorder, server, poll_seconds=3600)
    server.deliver(returned(mails["ann"]))
    done(board, server, 1)
    assert b"\\Seen" in server.flags(DONE)
    server.deliver(returned(mails["bob"]))
    done(board, server, 2)


def test_f20_starttls(board, recorder, dovecot):
    server = dovecot(implicit=False)
    mails = begin(board, recorder, server)
    server.deliver(returned(mails["ann"]))
    done(board, server, 1)


@pytest.mark.parametrize("auth", ["plain", "login"])
def test_f20_login(board, recorder, dovecot, auth):
    server = dovecot()
    mails = begin(board, recorder, server, auth=auth)
    server.deliver(returned(mails["ann"]))
    done(board, server, 1)


@pytest.mark.parametrize("capability", ["IMAP4rev1", "IMAP4rev1 UIDPLUS"])
def test_f30_servers_that_can_do_less(board, recorder, dovecot, capability):
    server = dovecot(capability=capability)
    mails = begin(board, recorder, server)
    for mail in mails.values():
        server.deliver(returned(mail))
    done(board, server, 2)
    # they are copied first, and only then taken away
    if "UIDPLUS" in capability:
        board.until(lambda: server.mails() == [], "the mailbox is empty")
    else:
        board.until(lambda: server.flags("INBOX").count(b"\\Deleted") == 2,
                    "both are marked")
    assert set(states(board).values()) == {"bounced"}


def problem(board, word):
    return board.until(
        lambda: word in board.facts("status")["returned"].get("problem", ""),
        f"status says {word}")


def test_f30_a_certificate_of_another_name(board, recorder, dovecot):
    server = dovecot(wrong=True)
    board.relay(recorder)
    board.configure(mailbox=server.settings)
    board.start()
    problem(board, "certificate")
    assert "can't read the mailbox: localhost" in board.log
    assert "can't be read: localhost" in board.ctl("status")
    assert "Login:" not in (server.folder / "log").read_text()


def test_f30_a_wrong_password_and_then_the_right_one(board, recorder, dovecot):
    server = dovecot()
    mails = begin(board, recorder, server)
    secret = server.folder / "password"
    secret.write_text("wrong")
    server.deliver(returned(mails["ann"]))
    problem(board, "the login was refused")
    secret.write_text(server.password)
    done(board, server, 1)
    board.until(lambda: "problem" not in board.facts("status")["returned"],
                "all is well")
    assert board.log.count("can't read the mailbox") == 1
    assert "correct horse" not in board.log


def test_f30_a_server_that_dies_and_comes_back(board, recorder, dovecot):
    server = dovecot()
    mails = begin(board, recorder, server)
    server.deliver(returned(mails["ann"]))
    server.kill()
    problem(board, "localhost")
    server.start()
    done(board, server, 1)
    assert states(board)["ann"] == "bounced"


def test_f30_new_uids_for_old_mails(board, recorder, dovecot):
    server = dovecot()
    mails = begin(board, recorder, server)
    board.stop()
    server.deliver(returned(mails["ann"], "5.2.2", "552 full"))
    # recorded before, and the mailbox never told of it
    board.start()
    done(board, server, 1)
    board.stop()
    server.deliver(server.mails(DONE)[0])
    server.change_validity()
    board.start()
    done(board, server, 2)
    assert board.value("SELECT count(*) FROM returned") == 1
    assert board.value("SELECT score FROM suppression") == 1000


# --- crashes

def test_f40_killed_between_fetch_record_and_mark(board, recorder, mailbox):
    """Each is recorded once and marked at last, whenever the daemon dies."""
    dice = random.Random(3)
    people = [f"p{number}" for number in range(KILLS * 3)]
    mails = begin(board, recorder, mailbox, people)
    left = list(people)
    for _ in range(KILLS):
        for name in left[:3]:
            mailbox.deliver(returned(mails[name], "5.2.2", "552 full"))
        del left[:3]
        time.sleep(dice.random() * 0.4)  # anywhere in its work
        board.kill()
        board.start()
    done(board, mailbox, len(people))
    assert mailbox.mails() == []
    assert set(states(board).values()) == {"bounced"}
    assert board.value("SELECT count(*) FROM returned") == len(people)
    assert board.value("SELECT count(*) FROM event WHERE kind ="
                       " 'delivery-bounced'") == len(people)
    assert board.value("SELECT max(score) FROM suppression") == 1000
    board.invariants()


def test_f40_no_maildir_yet(board, recorder, tmp_path):
    board.relay(recorder)
    board.configure(mailbox={"kind": "maildir", "poll_seconds": 1,
                             "path": str(tmp_path / "Maildir")})
    board.start()
    problem(board, "Maildir/new")
    maildir = Maildir(tmp_path)
    maildir.deliver(b"what is this")
    done(board, maildir, 1, NOT_UNDERSTOOD)


def test_f40_another_mailbox_after_a_reload(board, recorder, maildir,
                                            tmp_path):
    mails = begin(board, recorder, maildir)
    (tmp_path / "other").mkdir()
    other = Maildir(tmp_path / "other")
    board.configure(mailbox=other.settings)
    board.reload()
    other.deliver(returned(mails["ann"]))
    done(board, other, 1)
