"""An approved briefing reaches every member's mailbox: the real daemon against
real mail servers, and what it does when they behave badly."""
import contextlib
import email
import re
import sqlite3
import time
from email import policy

import pytest

from servers import Recorder

PEOPLE = [
    ("ann@police.example", "Ann Ashdown"),
    ("bo@police.example", "Boglárka Ő. Nagy"),
    ("chi@police.example", "李 晓明"),
    ("dee@police.example", 'Dee "DD" O\'Hara, RN'),
]
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 40 + b"\n%%EOF\n"
WEEKLY = "weekly mon 08:00"


def row(address, name):
    return '{},"{}"'.format(address, name.replace('"', '""'))


ROWS = [row(*person) for person in PEOPLE]
ANN = ROWS[:1]


def begin(board, server, rows=ANN, live=True, **conf):
    """A daemon with the list police, loaded."""
    board.relay(server)
    board.list("police", rows, **conf)
    board.start()
    if live:
        board.live()
    until_loaded(board, police=len(rows))


def until_loaded(board, **members):
    board.until(lambda: {each["list"]: each["members"] for each in
                         board.facts("list", "show")} == members,
                "the lists are loaded")


def until_taken(board, count=1):
    board.until(lambda: board.facts("status")["briefings"] == count,
                "the briefing is taken in")


def until_state(board, state, count=1):
    """That many deliveries are in that state."""
    board.until(lambda: board.facts("status")["queue"][state] == count,
                f"{count} {state}")


def last_attempt(board, delivery=1):
    if not board.rows("SELECT 1 FROM delivery WHERE id = ?", delivery):
        return None
    attempts = board.facts("queue", "show", delivery)
    return attempts[-1] if attempts else None


def until_attempt(board, outcome, delivery=1):
    def is_there():
        attempt = last_attempt(board, delivery)
        return attempt if attempt and attempt["outcome"] == outcome else None
    return board.until(is_there, f"an attempt that is {outcome}")


def check_form(mail):
    """As RFC 5322, 2045 and 2047 want it, without any defect."""
    lines = mail.raw.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert mail.raw.isascii()
    head = mail.raw[:mail.raw.index(b"\r\n\r\n")]
    assert max(map(len, head.split(b"\r\n"))) <= 100
    for part in mail.message.walk():
        assert not part.defects
        for name, value in part.items():
            assert not value.defects, (name, value, value.defects)
            assert "�" not in value
        if part.get_content_maintype() == "text":
            assert part.get_content_charset() == "utf-8"
            assert "�" not in part.get_content()


def check_headers(board, mail, to, name, list_name="police"):
    message = mail.message
    for header in ("From", "To", "Reply-To", "Subject", "Date", "Message-ID",
                   "List-Id", "List-Help", "List-Owner", "Auto-Submitted",
                   "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
                   "Content-Language"):
        assert len(message.get_all(header, [])) == 1, header
    [sender] = message["From"].addresses
    assert sender.addr_spec == "learning@severnside.example"
    assert sender.display_name == "Severnside learning"
    [recipient] = message["To"].addresses
    assert (recipient.addr_spec, recipient.display_name) == (to, name)
    assert message["Reply-To"] == "learning@severnside.example"
    assert message["List-Id"] == f"<{list_name}.severnside.example>"
    for header in ("List-Help", "List-Owner"):
        assert message[header] == "<mailto:learning-help@severnside.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["Content-Language"] == "en-GB"
    assert re.fullmatch(r"<[0-9a-z]+@severnside\.example>",
                        message["Message-ID"])
    assert abs((message["Date"].datetime - board.now).total_seconds()) < 180


def check_envelope(mail):
    found = re.fullmatch(r"(learning-bounce\+[0-9a-z]{10,20})"
                         r"@severnside\.example", mail.sender)
    assert found and len(found[1]) <= 64, mail.sender


# --- the whole way


def test_f10_a_dropped_briefing_reaches_every_mailbox(board, postfix):
    begin(board, postfix, ROWS)
    board.brief("LTB-1", title="Child G: näive plans – “see the child”",
                summary="# What happened\n\nThe child was *not* seen.\n")
    mails = board.until(lambda: len(postfix.mails) == 4 and postfix.mails,
                        "four mails in the Maildir")
    for address, name in PEOPLE:
        [mail] = [each for each in mails if each.recipient == address]
        check_form(mail)
        check_headers(board, mail, address, name)
        check_envelope(mail)
        assert "näive plans" in mail.message["Subject"]
        assert f"Hello {name}," in mail.text
        for part in (mail.text, mail.html):
            assert "“see the child”" in part
            assert "See the child alone." in part
            assert "What will you do differently?" in part
            assert mail.link in part
        assert board.get(mail.link).status == 200
    for what in ("sender", "link", "code"):
        assert len({getattr(each, what) for each in mails}) == 4
    assert len({each.message["Message-ID"] for each in mails}) == 4
    until_state(board, "accepted", 4)
    for delivery in range(1, 5):
        attempt = last_attempt(board, delivery)
        assert (attempt["code"], attempt["enhanced"]) == (250, "2.0.0")
        assert attempt["outcome"] == "accepted"
        assert attempt["tls"].startswith("TLS")
        assert attempt["text"].startswith("2.0.0 Ok: queued as ")
        assert f"{attempt['queue_id']}: from=<learning-bounce+" in postfix.log
    # each had a transaction of its own
    assert postfix.log.count("nrcpt=1 ") == 4
    assert "nrcpt=2" not in postfix.log
    board.invariants()


@pytest.mark.parametrize("mechanism, implicit", [
    ("PLAIN", True), ("LOGIN", False)])
def test_f10_tls_and_login(unclocked, authority, mechanism, implicit):
    with Recorder(authority, implicit=implicit, user="briefingd",
                  password="correct horse", mechanism=mechanism) as server:
        board = unclocked
        begin(board, server)
        board.brief("LTB-1")
        [mail] = board.until(lambda: server.mails, "a mail")
        assert mail.tls
        check_form(mail)


def test_f20_preview_is_what_goes(board, recorder):
    begin(board, recorder, ROWS, schedule=WEEKLY)
    board.brief("LTB-1", documents={"a.pdf": PDF})
    board.brief("LTB-2", title="Second briefing of two")
    until_taken(board, 2)

    def plain(mail, text):
        for personal in (mail.link.removeprefix("/a/"), mail.code):
            text = text.replace(personal, "PERSONAL")
        text = " ".join(text.split())
        # the ledger grows between the two, or has its first checkpoint
        return " ".join(re.sub(r"(<p [^>]*> )?The board’s record of evidence"
                               r".*?The same, signed(: \S+|</a> </p>)", "",
                               text).split())

    def impersonal(mail):
        message = email.message_from_bytes(mail.raw, policy=policy.SMTP)
        raw = mail.raw.partition(b"\r\n\r\n")[0]
        raw = re.sub(rb"(?m)^(Message-ID|Date): .*$", rb"\1:", raw)
        raw = re.sub(rb'boundary="([^"]+)"', rb"boundary", raw)
        return [plain(mail, raw.decode())] + [
            (part.get_content_type(), part.get_filename(),
             plain(mail, part.get_content())
             if part.get_content_maintype() == "text"
             else part.get_content())
            for part in message.walk() if not part.is_multipart()]

    shown = {address: board.ctl("preview", "police", "--person", address,
                                "--format", "eml") for address, _ in PEOPLE}
    told = board.ctl("run", "police", "--dry-run")
    assert "4 members" in told and "2 briefings" in told
    assert recorder.offered == 0
    board.ctl("run", "police")
    board.until(lambda: len(recorder.mails) == 4, "four mails")
    for address, _ in PEOPLE:
        [mail] = recorder.to(address)
        check_form(mail)
        preview = type(mail)("", address, shown[address].encode())
        check_form(preview)
        assert impersonal(preview) == impersonal(mail)
        assert board.get(preview.link).status == 200
        assert preview.link != mail.link
    assert "nothing is new" in board.ctl("run", "police")
    assert len(recorder.mails) == 4


def test_f20_documents_attached(board, recorder):
    begin(board, recorder, documents="attached")
    board.brief("LTB-1", documents={"a.pdf": PDF, "b.pdf": PDF + PDF})
    [mail] = board.until(lambda: recorder.mails, "a mail")
    check_form(mail)
    attached = {part.get_filename(): part.get_content()
                for part in mail.message.iter_attachments()}
    assert attached == {"a.pdf": PDF, "b.pdf": PDF + PDF}
    assert "attached to this mail" in mail.text


def test_f20_documents_linked(board, recorder):
    begin(board, recorder)
    board.brief("LTB-1", documents={"a.pdf": PDF})
    [mail] = board.until(lambda: recorder.mails, "a mail")
    assert list(mail.message.iter_attachments()) == []
    assert board.get(f"{mail.link}/LTB-1/1").body == PDF


def test_f20_two_lists_one_duty(board, recorder):
    board.relay(recorder)
    header = "address,name,primary"
    board.list("health", ["ann@police.example,Ann,no"], header=header)
    board.list("police", ["Ann@police.example,Ann,yes"], header=header)
    board.start()
    board.live()
    until_loaded(board, health=1, police=1)
    board.brief("LTB-1")
    until_state(board, "accepted")
    assert [mail.recipient.lower() for mail in recorder.mails] == \
        ["ann@police.example"]
    assert "<police.severnside.example>" in recorder.mails[0].message["List-Id"]
    assert board.value("SELECT count(*) FROM requirement") == 1
    [person] = board.facts("list", "show", "health")["people"]
    assert person["counted_under"] == "police"
    board.invariants()


def test_f20_already_circulated(board, recorder):
    begin(board, recorder, schedule=WEEKLY)
    summary = board.folder / "summary.md"
    summary.write_text("Long ago.\n")
    common = ("--approved-by", "The Board", "--approved-on", "2020-02-03",
              "--approval-ref", "Minute 1", summary)
    board.ctl("submit", "--ref", "OLD-1", "--title", "Old learning",
              "--already-circulated", *common)
    board.ctl("submit", "--ref", "NEW-1", "--title", "New learning", *common)
    until_taken(board, 2)
    board.ctl("run", "police")
    [mail] = board.until(lambda: recorder.mails, "a mail")
    assert "New learning" in mail.text
    assert "Old learning" not in mail.text
    assert board.value("SELECT count(*) FROM requirement") == 1


# --- what may not go


def test_f20_paused_nothing_goes(board, recorder):
    begin(board, recorder)
    board.ctl("pause", "--reason", "the relay moves")
    assert board.facts("status")["paused"]
    board.brief("LTB-1")
    until_taken(board)
    board.ctl("run", "police")
    until_state(board, "due")
    board.stop()
    board.start()  # and it stays so
    assert board.facts("status")["queue"]["due"] == 1
    assert recorder.offered == 0
    board.ctl("resume")
    board.until(lambda: recorder.mails, "the mail goes")


def test_f20_rehearsal_counts_nothing(board, recorder):
    begin(board, recorder, ROWS, live=False)
    board.brief("LTB-1")
    board.until(lambda: len(recorder.mails) == 4, "four mails")
    for mail in recorder.mails:
        assert mail.recipient == "rehearsal@severnside.example"
        assert "[Rehearsal]" in mail.message["Subject"]
        check_form(mail)
    form = board.get(recorder.mails[0].link)
    assert form.status == 200
    board.post(recorder.mails[0].link, form.fields)
    until_state(board, "accepted", 4)
    assert board.value("SELECT count(*) FROM requirement") == 0
    assert board.facts("report")["briefings"] == []
    board.live()
    board.until(lambda: len(recorder.mails) == 8, "and now for real")
    assert {mail.recipient for mail in recorder.mails[4:]} == \
        {address for address, _ in PEOPLE}
    assert board.value("SELECT count(*) FROM requirement") == 4
    assert not any("[Rehearsal]" in mail.message["Subject"]
                   for mail in recorder.mails[4:])
    board.invariants()


def test_f20_withdrawn_between_plan_and_claim(board, recorder):
    begin(board, recorder, ROWS, schedule=WEEKLY)
    board.brief("LTB-1", title="First of them")
    board.brief("LTB-2", title="Second of them")
    until_taken(board, 2)
    board.ctl("pause", "--reason", "wait")
    board.ctl("run", "police")
    until_state(board, "due", 4)
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "it was wrong")
    board.ctl("resume")
    board.until(lambda: len(recorder.mails) == 4, "four mails")
    until_state(board, "accepted", 4)
    for mail in recorder.mails:
        check_form(mail)
        assert "Second of them" in mail.text
        assert "First of them" not in mail.text
    assert board.rows("SELECT generation, state, count(*) FROM delivery"
                      " GROUP BY 1, 2 ORDER BY 1") == \
        [(1, "cancelled", 4), (2, "accepted", 4)]
    board.invariants()


def test_f20_withdrawn_while_it_waits_for_another_try(board, recorder):
    recorder.on_data = lambda mail: "450 4.2.0 not now"
    begin(board, recorder)
    board.brief("LTB-1")
    until_attempt(board, "later")
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "it was wrong")
    until_state(board, "cancelled")
    recorder.on_data = None
    assert board.facts("queue", "list") == []
    assert recorder.mails == []
    board.invariants()


def test_f20_a_marked_briefing_stays_out_of_the_mail(board, recorder):
    begin(board, recorder, [*ANN, "eve@elsewhere.example,Eve"],
          domains=["police.example"])
    board.brief("LTB-1", marking="OFFICIAL-SENSITIVE", title="Child K",
                summary="Secret words.\n", key_messages=["Secret message."])
    [mail] = board.until(lambda: recorder.mails, "a mail")
    assert mail.recipient == "ann@police.example"
    assert mail.message["Subject"].startswith("OFFICIAL-SENSITIVE")
    check_form(mail)
    for part in (mail.text, mail.html):
        assert "Secret" not in part
    until_state(board, "accepted")
    assert len(recorder.mails) == 1


# --- what servers answer


@pytest.mark.parametrize("at, code, enhanced", [
    ("mail", 451, "4.7.1"), ("rcpt", 450, "4.2.1"), ("data", 452, "4.3.1"),
])
def test_f20_later_and_then_accepted(board, recorder, at, code, enhanced):
    answers = [f"{code} {enhanced} greylisted, come back"]
    setattr(recorder, f"on_{at}",
            lambda _: answers.pop() if answers else None)
    begin(board, recorder)
    board.brief("LTB-1")
    board.until(lambda: recorder.mails, "the mail")
    until_state(board, "accepted")
    first, second = board.facts("queue", "show", 1)
    assert (first["outcome"], first["code"], first["enhanced"]) == \
        ("later", code, enhanced)
    assert first["text"] == f"{enhanced} greylisted, come back"
    assert (second["outcome"], second["code"]) == ("accepted", 250)
    assert second["queue_id"] == "R000001"


@pytest.mark.parametrize("at, code, enhanced", [
    ("mail", 553, "5.1.1"), ("rcpt", 550, "5.7.1"), ("data", 554, "5.6.0"),
])
def test_f20_refused_is_final(board, recorder, at, code, enhanced):
    begin(board, recorder, ROWS[:2])
    setattr(recorder, f"on_{at}",
            lambda _: f"{code} {enhanced} we don't want it")
    board.brief("LTB-1")
    until_state(board, "refused", 2)
    setattr(recorder, f"on_{at}", None)
    attempts = board.facts("queue", "show", 1)
    assert len(attempts) == 1
    assert (attempts[0]["outcome"], attempts[0]["code"],
            attempts[0]["enhanced"], attempts[0]["text"]) == \
        ("refused", code, enhanced, f"{enhanced} we don't want it")
    board.brief("LTB-2")  # the next mail is not harmed
    board.until(lambda: len(recorder.mails) == 2, "the next mails")
    until_state(board, "accepted", 2)
    [briefing] = [each for each in board.facts("report")["briefings"]
                  if each["ref"] == "LTB-1"]
    assert briefing["total"]["failed"] == 2
    board.invariants()


def test_f20_one_refusal_does_not_touch_the_others(board, recorder):
    recorder.on_rcpt = lambda to: \
        "550 5.1.1 nobody" if to == "bo@police.example" else None
    begin(board, recorder, ROWS)
    board.brief("LTB-1")
    until_state(board, "refused")
    until_state(board, "accepted", 3)
    assert recorder.to("bo@police.example") == []


def test_f20_nobody_listens_yet(board, recorder):
    with Recorder() as gone:
        pass
    begin(board, gone)
    board.brief("LTB-1")
    attempt = until_attempt(board, "later")
    assert attempt["code"] == 0 and "can't be reached" in attempt["text"]
    board.relay(recorder)
    board.reload()
    board.until(lambda: recorder.mails, "the mail")


@pytest.mark.parametrize("at", ["mail", "rcpt"])
def test_f20_dropped_before_the_mail_is_no_doubt(board, recorder, at):
    answers = ["drop"]
    setattr(recorder, f"on_{at}",
            lambda _: answers.pop() if answers else None)
    begin(board, recorder)
    board.brief("LTB-1")
    board.until(lambda: recorder.mails, "the mail")
    until_state(board, "accepted")
    first, second = board.facts("queue", "show", 1)
    assert (first["outcome"], second["outcome"]) == ("later", "accepted")


def test_f30_unsure_is_sent_again_with_the_same_bytes(board, recorder):
    offered = []

    def drop_first(mail):
        offered.append(mail.raw)
        return "drop" if len(offered) == 1 else None
    recorder.on_data = drop_first
    begin(board, recorder)
    board.brief("LTB-1")
    board.until(lambda: recorder.mails, "the mail")
    until_state(board, "accepted")
    assert len(offered) == 2 and offered[0] == offered[1]
    first, second = board.facts("queue", "show", 1)
    assert (first["outcome"], second["outcome"]) == ("unsure", "accepted")


def test_f30_a_new_link_key_changes_no_mail_that_was_tried(board, recorder):
    offered = []

    def drop_all(mail):
        offered.append(mail)
        return "drop"
    recorder.on_data = drop_all
    begin(board, recorder, ROWS[:2], unsure="hold")
    board.brief("LTB-1")
    until_state(board, "unsure", 2)
    board.stop()
    keys = board.folder / "state/keys/link.key"
    old = keys.read_text()
    keys.write_text("2 " + "ab" * 32 + "\n" + old)
    recorder.on_data = None
    board.start()
    board.ctl("queue", "resolve", 1, "not-sent", "--reason", "looked")
    [again] = board.until(lambda: recorder.mails, "the mail")
    assert again.raw == next(mail.raw for mail in offered
                             if mail.recipient == again.recipient)
    assert "/a/1" in again.link
    # what was never tried is signed with the new one
    board.brief("LTB-2")
    board.until(lambda: len(recorder.mails) == 3, "the second briefing's")
    assert all("/a/2" in mail.link for mail in recorder.mails[1:])
    # and without its key it can't be made again
    board.stop()
    keys.write_text("2 " + "ab" * 32 + "\n")
    board.start()
    board.ctl("queue", "resolve", 2, "not-sent", "--reason", "looked")
    until_state(board, "held")
    [held] = board.facts("queue", "list")
    assert "link key 1" in held["detail"] and held["attempt"] == 1
    assert "link key 1" in board.log
    # put back, it goes out after all
    board.stop()
    keys.write_text("2 " + "ab" * 32 + "\n" + old)
    board.start()
    board.ctl("queue", "release", 2)
    board.until(lambda: len(recorder.mails) == 4, "what was held")
    assert recorder.mails[-1].raw == next(
        mail.raw for mail in offered
        if mail.recipient == recorder.mails[-1].recipient)


def set_format(board, number):
    """Of the letter to the list police"""
    with contextlib.closing(sqlite3.connect(
            board.folder / "state/briefingd.db", timeout=10)) as db, db:
        db.execute("UPDATE letter SET format = ? WHERE digest_id = (SELECT"
                   " digest.id FROM digest JOIN list ON list.id = list_id"
                   " WHERE name = 'police')", [number])


def test_f30_a_damaged_letter_holds_its_own_mails_alone(clocked, recorder):
    board = clocked
    board.list("school", ["sam@school.example,Sam"])
    recorder.on_rcpt = lambda to: "451 later"
    board.relay(recorder)
    board.list("police", ROWS[:2])
    board.start()
    board.live()
    until_loaded(board, police=2, school=1)
    board.brief("LTB-1")
    board.until(lambda: board.facts("status")["queue"]["waiting"] == 3,
                "all wait for another try")
    board.stop()
    set_format(board, 9)
    recorder.on_rcpt = None
    board.start()
    board.advance(3600)
    until_state(board, "held", 2)
    [mail] = board.until(lambda: recorder.mails, "what is not damaged")
    assert mail.recipient == "sam@school.example"
    until_state(board, "accepted", 1)  # no longer in the queue
    assert {item["detail"] for item in board.facts("queue", "list")} == {
        "the stored letter 1 is damaged: this program does not know its format"}
    assert board.log.count("the stored letter 1 is damaged") == 1
    assert board.confirm(mail).status == 200  # pages record
    set_format(board, 1)
    board.ctl("queue", "release", "--list", "police")
    board.until(lambda: len(recorder.mails) == 3, "what was held")


def test_f30_unsure_is_held_where_the_list_says_so(board, recorder):
    recorder.on_data = lambda mail: "drop"
    begin(board, recorder, unsure="hold")
    board.brief("LTB-1")
    until_state(board, "unsure")
    recorder.on_data = None
    [item] = board.facts("queue", "list")
    assert item["state"] == "unsure"
    assert "held" in item["detail"]
    board.stop()
    board.start()
    board.reload()
    board.until(lambda: "reloaded" in board.log, "it is reloaded")
    assert board.facts("status")["queue"]["unsure"] == 1
    assert recorder.offered == 1


@pytest.mark.parametrize("options, outcome, code", [
    (["-f", "CONNECT"], "later", 500),
    (["-f", "RCPT"], "refused", 500),
    (["-f", "."], "refused", 500),
    (["-r", "MAIL"], "later", 450),
    (["-r", "."], "later", 450),
    (["-q", "CONNECT"], "later", 0),
    (["-q", "RCPT"], "later", None),
    (["-q", "DATA"], "later", None),
    (["-q", "."], "unsure", None),
    (["-Q", "MAIL"], "later", 421),
    (["-Q", "RCPT"], "later", 421),
], ids=lambda value: "".join(value) if isinstance(value, list) else "")
def test_f30_what_smtp_sink_does(board, sink, options, outcome, code):
    begin(board, sink(*options))
    board.brief("LTB-1")
    board.until(lambda: last_attempt(board), "an attempt")
    attempt = board.facts("queue", "show", 1)[0]
    assert attempt["outcome"] == outcome, attempt
    if code is not None:
        assert attempt["code"] == code, attempt
    assert attempt["text"]


def test_f30_a_slow_relay_is_waited_for(board, sink):
    server = sink("-W", ".:2")
    begin(board, server, ROWS)
    board.brief("LTB-1")
    until_state(board, "accepted", 4)
    assert server.count == 4
    # all four at the same time, in one attempt each
    assert board.value("SELECT max(ended_at) - min(began_at)"
                       " FROM attempt") <= 4
    assert board.value("SELECT min(duration_ms) FROM attempt") >= 2000


# --- encryption and login


def test_f20_a_wrong_certificate(board, authority):
    with Recorder(authority, wrong=True) as server:
        begin(board, server)
        board.brief("LTB-1")
        attempt = until_attempt(board, "later")
        assert "certificate" in attempt["text"].lower(), attempt
        assert server.offered == 0
        [item] = board.facts("queue", "list")
        # the next attempt may be under way
        assert item["state"] in ("due", "sending")
        assert "certificate" in item["text"].lower()
    # once the relay is mended the mail goes
    with Recorder(authority) as server:
        board.relay(server)
        board.reload()
        board.until(lambda: server.mails, "the mail")
        assert server.mails[0].tls


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_f20_encryption_is_never_given_up(board, recorder, authority, tls):
    board.configure(relay={"ca_file": str(authority.ca)})
    recorder.tls_mode = tls
    begin(board, recorder)
    board.brief("LTB-1")
    attempt = until_attempt(board, "later")
    assert attempt["text"]
    assert "tls" in attempt["text"].lower() or \
        "ssl" in attempt["text"].lower(), attempt
    assert recorder.offered == 0
    assert recorder.mails == []


def test_f20_a_wrong_password_refuses_nobody(board, authority):
    with Recorder(authority, user="briefingd", password="right") as server:
        server.password = "wrong"
        begin(board, server)
        board.brief("LTB-1")
        attempt = until_attempt(board, "later")
        assert attempt["code"] == 535, attempt
        assert server.offered == 0
        (board.folder / "password").write_text("right\n")
        board.reload()
        board.until(lambda: server.mails, "the mail")
    assert "right" not in board.log and "wrong" not in board.log


# --- the daemon itself


def test_f20_sigterm_finishes_what_is_in_flight(board, recorder):
    rows = [f"m{i}@police.example,Member {i}" for i in range(40)]
    recorder.hold.clear()
    begin(board, recorder, rows)
    board.brief("LTB-1")
    board.until(lambda: recorder.offered == 4, "four mails in flight")
    began = time.monotonic()
    board.process.terminate()
    board.until(lambda: board.hears("STOPPING=1"), "it stops")
    recorder.hold.set()
    board.stop()
    assert time.monotonic() - began < 5
    assert len(recorder.mails) == 4
    assert board.rows("SELECT state, count(*) FROM delivery GROUP BY 1"
                      " ORDER BY 1") == [("accepted", 4), ("due", 36)]
    board.start()
    board.until(lambda: len(recorder.mails) == 40, "the rest")
    assert len({mail.recipient for mail in recorder.mails}) == 40


def test_f40_a_hanging_relay_is_interrupted(board, recorder):
    recorder.hold.clear()
    begin(board, recorder, ROWS)
    board.configure(relay={"timeout_seconds": 300})
    board.reload()
    board.until(lambda: "reloaded" in board.log, "it is reloaded")
    board.brief("LTB-1")
    board.until(lambda: recorder.offered == 4, "four mails in flight")
    began = time.monotonic()
    # pages are answered while all senders hang
    assert board.get("/healthz").status == 200
    board.stop()
    assert time.monotonic() - began < 25
    assert board.rows("SELECT DISTINCT outcome FROM attempt") == [("unsure",)]
    recorder.on_data = lambda mail: None
    recorder.hold.set()
    recorder.mails.clear()
    board.start()
    board.until(lambda: len(recorder.mails) >= 4, "they go again")
    until_state(board, "accepted", 4)


def test_f30_no_secret_in_the_log(board, recorder):
    """Invariant 8."""
    begin(board, recorder, ROWS)
    board.brief("LTB-1")
    board.until(lambda: len(recorder.mails) == 4, "four mails")
    until_state(board, "accepted", 4)
    board.get(recorder.mails[0].link)
    board.stop()
    for mail in recorder.mails:
        assert mail.recipient not in board.log
        assert mail.link.removeprefix("/a/") not in board.log
        assert mail.code not in board.log
    for _, name in PEOPLE:
        assert name not in board.log
