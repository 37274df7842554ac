"""That wasn't me: a confirmation is taken back by a new record."""
import contextlib
import re
import sqlite3
import zipfile

import pytest
import verify_pack
from board import FORM_SECONDS
from test_pages import ANN, begin, everything, mails, pass_on, patient
from test_reply import begin as begin_replies, deliver, mailbox, reply

LEAD = "lead@police.example"
DAY = 86400


def figures(board, *arguments):
    total = board.facts("report", *arguments)["total"]
    return {name: total[name] for name in ("required", "acknowledged",
                                           "outstanding", "missed")}


def way_back(board, link):
    """The paths of "That wasn't me" on a page, in its order."""
    paths = re.findall(r'href="https?://[^/"]+(/[^"]+/not-me)"',
                       board.get(link).text)
    assert paths
    return paths


def disown(board, path, *more, mine="no"):
    """As a person does it: opens, reads, ticks, presses."""
    fields = [f for f in board.get(path).fields if f[0] == "form"]
    board.advance(FORM_SECONDS + 1)
    return board.post(path, [*fields, ("mine", mine), *more])


def confirmed(board, recorder):
    begin(board, recorder)
    board.brief("LTB-1")
    ann, bob = mails(board, recorder, 2)
    assert "It is recorded" in board.confirm(ann).text
    return ann, bob


def told(recorder):
    """What the lead got of it, beside their week."""
    return [mail for mail in recorder.to(LEAD)
            if "that wasn’t me" in mail.message["subject"]]


def test_f10_taken_back_and_confirmed_anew(clocked, recorder, tmp_path):
    board = clocked
    ann, _ = confirmed(board, recorder)
    between = board.now.date()
    board.advance(2 * DAY)
    before = figures(board)
    assert before["acknowledged"] == 1
    path, = way_back(board, ann.link)
    page = board.get(path)
    assert "Was it not you?" in page.text and "Lee Lead" in page.text
    assert "please confirm it by" in page.text
    assert " checked" not in page.text
    page = disown(board, path)
    assert page.status == 200 and "It counts no more" in page.text
    assert figures(board) == {"required": 2, "acknowledged": 0,
                              "outstanding": 2, "missed": 0}
    assert figures(board, "--as-of", between) == before
    board.invariants()
    # the lead is told who and when; it is confirmed again as any other
    mail = board.until(lambda: told(recorder), "the lead's mail")[0]
    text = mail.text.replace("\n", " ")
    assert "Ann (ann@police.example)" in text and "LTB-1" in text
    assert "counts as outstanding" in text
    assert "Ann" not in mail.message["subject"]
    assert "I have read" in board.get(ann.link).text
    again = disown(board, path)  # as from an old page
    assert "It counts no more" in again.text
    assert "It is recorded" in board.confirm(ann).text
    board.advance(60)
    assert figures(board) == before
    assert figures(board, "--as-of", between) == before
    board.invariants()
    # the pack of an inspector says the same
    board.ctl("evidence", "pack", "LTB-1", "--out", tmp_path / "pack.zip")
    verify_pack.Pack(tmp_path / "pack.zip").check()
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        assert "acknowledgement-disowned" in \
            pack.read("ledger/leaves.jsonl").decode()
    assert len(told(recorder)) == 1


def test_f10_only_a_tick_and_a_post_take_back(clocked, recorder):
    board = clocked
    ann, bob = confirmed(board, recorder)
    assert "It is recorded" in board.confirm(bob).text
    path, = way_back(board, ann.link)
    other, = way_back(board, bob.link)
    board.advance(60)
    before = everything(board)
    fields = [f for f in board.get(path).fields if f[0] == "form"]
    theirs = [f for f in board.get(other).fields if f[0] == "form"]
    tick = [("mine", "no")]
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        page = board.request(method, path + "?mine=no&form=" + fields[0][1])
        assert page.status in (200, 405, 501, 400), method
    # a machine's speed
    page = board.post(path, fields + tick)
    assert "faster than a person reads" in page.text
    board.advance(FORM_SECONDS + 1)
    page = board.post(path, fields)
    assert "tick the box" in page.text and " checked" not in page.text
    for wrong in (tick, [], fields + [("mine", "yes")], fields + [("mine", "")],
                  theirs + tick, [("form", "x" * 39)] + tick,
                  [("form", fields[0][1][::-1])] + tick):
        assert board.post(path, wrong).status == 200, wrong
    # another's receipt behind one's own link, no receipt, and more than one
    receipt = other.split("/")[4]
    for place in (f"{ann.link}/LTB-1/{receipt}/not-me",
                  f"{ann.link}/LTB-1//not-me", f"{ann.link}/LTB-1/1/not-me",
                  f"{ann.link}/LTB-9/{receipt}/not-me", path + "/more",
                  ann.link[:-1] + ("1" if ann.link[-1] == "0" else "0") +
                  f"/LTB-1/{receipt}/not-me", "/a/specimen/LTB-1/1/not-me"):
        assert board.get(place).status == 404, place
        assert board.post(place, fields + tick).status == 404, place
    assert everything(board) == before
    assert board.rows("SELECT * FROM disowned") == []
    board.advance(DAY)
    assert "more than a day" in board.post(path, fields + tick).text
    assert board.rows("SELECT * FROM disowned") == []
    assert "It counts no more" in disown(board, path).text
    assert figures(board)["acknowledged"] == 1
    board.invariants()


def test_f20_what_was_open_before_does_not_confirm_again(clocked, recorder):
    """Who pressed in their name has the page yet, and presses again."""
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 2)
    old = patient(board, ann)
    assert "It is recorded" in board.post(ann.link, old).text
    path, = way_back(board, ann.link)
    assert "It counts no more" in disown(board, path).text
    for _ in range(2):
        board.advance(FORM_SECONDS + 1)
        page = board.post(ann.link, old)
        assert "was taken back with it" in page.text
    assert figures(board)["acknowledged"] == 0
    assert "It is recorded" in board.post(ann.link, patient(board, ann)).text
    board.invariants()


def test_f20_missed_then_confirmed_late_then_not_theirs(clocked, recorder):
    """The negative receipt stays what it was."""
    board = clocked
    board.configure(evidence={"window_days": 30})
    begin(board, recorder)
    board.brief("LTB-1", acknowledge_within_days=2)
    ann, _ = mails(board, recorder, 2)
    board.stop()
    with contextlib.closing(sqlite3.connect(
            board.folder / "state/briefingd.db")) as db, db:
        # its window was shorter than its link
        db.execute("UPDATE requirement SET closes_at = closes_at - 20 * 86400")
    board.start()
    board.advance(15 * DAY)
    board.until(lambda: figures(board)["missed"] == 2, "they are missed")
    assert "It is recorded" in board.confirm(ann).text
    assert figures(board)["missed"] == 1
    assert "counts as not confirmed" in board.get(
        way_back(board, ann.link)[0]).text
    assert "Nothing more" not in disown(board, way_back(board, ann.link)[0]
                                        ).text
    assert figures(board) == {"required": 2, "acknowledged": 0,
                              "outstanding": 0, "missed": 2}


def test_f20_its_receipt_says_so_for_ever(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 2)
    fields = patient(board, ann)
    number = [value for name, value in fields if name == "v"][0]
    board.post(ann.link, fields + [(f"r{number}", "I will ask twice.")])
    path, = way_back(board, ann.link)
    receipt = path.rsplit("/", 1)[0]
    page = board.get(receipt)
    assert "I will ask twice." in page.text and path in page.text
    assert page.fields
    # by mail, too, the way back stands
    board.advance(FORM_SECONDS + 1)
    board.post(receipt, page.fields)
    mail = board.until(lambda: [m for m in recorder.to(ANN) if "receipt" in
                                m.message["subject"]], "the receipt")[0]
    assert ann.link in mail.text
    assert "That wasn’t me" in mail.text.replace("\n", " ")
    disown(board, path)
    page = board.get(receipt)
    assert "Taken back" in page.text and "proves no reading" in page.text
    assert "I will ask twice." not in page.text and path not in page.text
    assert not page.fields
    before = board.value("SELECT count(*) FROM notice")
    board.post(receipt, fields)
    assert board.value("SELECT count(*) FROM notice") == before
    # what is held of her says what was disowned, and has what was written
    export = board.facts("person", "export", ANN)
    assert [row["grade"] for row in export["disowned"]] == \
        ["confirmed-with-reflection"]
    board.invariants()
    board.ctl("person", "erase", ANN, "--reason", "she asked")
    board.until(lambda: board.value(
        "SELECT count(*) FROM event WHERE kind = 'person-erased'"), "erased")
    assert board.get(path).status == 410
    assert figures(board)["required"] == 2
    board.invariants()


def test_f20_a_marked_one_asks_who_it_is(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1", marking="OFFICIAL-SENSITIVE")
    ann, _ = mails(board, recorder, 2)
    board.advance(60)

    def enter(path):
        page = board.post(path, [("address", ANN)])
        board.advance(FORM_SECONDS + 1)
        return page
    page = enter(ann.link)
    board.post(ann.link, [*page.fields])
    page = enter(ann.link)
    path, = re.findall(r'href="https?://[^/"]+(/[^"]+/not-me)"', page.text)
    bare = ann.link + "/" + path.split("/", 3)[3]
    assert "That wasn" not in board.get(bare).text
    assert "Child G" not in board.get(bare).text
    old = board.get(path).fields
    board.advance(FORM_SECONDS + 1)
    assert "It counts no more" in board.post(path, [*old, ("mine", "no")]).text
    # the pass of who was in before opens nothing any more
    board.advance(1)
    assert 'name="address"' in board.get(path).text
    assert 'name="address"' in board.post(ann.link, page.fields).text
    assert figures(board)["acknowledged"] == 0
    page = enter(ann.link)
    assert "It is recorded" in board.post(ann.link, page.fields).text
    board.invariants()


@pytest.mark.parametrize("asks", ["code", "email"])
def test_f20_what_the_list_asks_is_asked_here(clocked, recorder, asks):
    board = clocked
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"], confirm=asks)
    board.start()
    board.live()
    board.brief("LTB-1")
    ann = mails(board, recorder, 1)[0]
    right = ("answer", ann.code if asks == "code" else ANN)
    board.post(ann.link, patient(board, ann) + [right])
    path, = way_back(board, ann.link)
    assert "There is a problem" in disown(board, path).text
    assert "There is a problem" in disown(board, path, ("answer", "x")).text
    assert figures(board)["acknowledged"] == 1
    assert "It counts no more" in disown(board, path, right).text
    assert figures(board)["acknowledged"] == 0
    board.invariants()


def test_f20_so_many_a_day(clocked, recorder):
    """Each is a record for ever, and a mail to the lead."""
    board = clocked
    ann, _ = confirmed(board, recorder)
    for number in range(7):
        path, = way_back(board, ann.link)
        page = disown(board, path)
        assert page.status == (200 if number < 5 else 429), number
        if number < 5:
            assert "It is recorded" in board.confirm(ann).text
    assert page.headers["Retry-After"]
    assert board.value("SELECT count(*) FROM disowned") == 5
    assert board.value("SELECT count(*) FROM notice WHERE kind = 'disowned'"
                       ) == 5
    assert figures(board)["acknowledged"] == 1
    board.advance(DAY)
    assert "It counts no more" in disown(board, path).text
    board.invariants()


def test_f20_beside_what_is_required(clocked, recorder):
    """A colleague who was passed it, and each name of a shared mailbox."""
    board = clocked
    new, desk = "new@police.example", "desk@police.example"
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann,", f"{desk},Desk,yes"],
               header="address,name,shared", domains=["police.example"])
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: recorder.to(desk) and recorder.to(ANN), "their mails")
    pass_on(board, recorder.to(ANN)[0], new)
    guest = board.until(lambda: recorder.to(new), "the guest's mail")[0]
    assert "It is recorded" in board.confirm(guest).text
    shared = recorder.to(desk)[0]
    receipts = []
    for name in ("Nia Evans", "Ali Khan"):
        page = board.post(shared.link,
                          patient(board, shared) + [("name", name)])
        receipts += re.findall(r'href="https?://[^/"]+(/[^"]+)">Your receipt',
                               page.text)
    board.advance(60)
    board.invariants()

    def counts():
        total = board.facts("report")["total"]
        return total["acknowledged"], total["wider"], total["further"]
    assert counts() == (1, 1, 1)
    assert "It counts no more" in disown(board, way_back(board, guest.link)[0]
                                         ).text
    assert counts() == (1, 0, 1)
    page = board.get(receipts[1] + "/not-me")
    assert "Ali Khan" in page.text and "Nia" not in page.text
    disown(board, receipts[1] + "/not-me")
    assert counts() == (1, 0, 0)
    disown(board, receipts[0] + "/not-me")
    assert counts() == (0, 0, 0)
    board.invariants()
    assert "It is recorded" in board.confirm(guest).text
    assert counts() == (0, 1, 0)
    board.invariants()


def test_f20_a_forged_reply_is_taken_back(board, recorder, mailbox):
    sent = begin_replies(board, recorder, mailbox)
    ann = sent["ann"]
    deliver(board, mailbox, reply(board, ann))
    told = board.until(lambda: [m for m in recorder.to(ANN) if "recorded" in
                                m.message["subject"]], "her mail")
    assert "That wasn’t me" in told[0].text.replace("\n", " ")
    assert ann.link in told[0].text
    early = reply(board, ann, "Read\n")
    board.advance(60)
    assert "It counts no more" in disown(board, way_back(board, ann.link)[0]
                                         ).text
    # one that was sent before confirms nothing, and its author is told
    deliver(board, mailbox, early)
    assert figures(board)["acknowledged"] == 0
    late = board.until(lambda: [m for m in recorder.to(ANN) if "did not" in
                                m.message["subject"]], "what it did")[0]
    assert "was taken back on your page" in late.text.replace("\n", " ")
    board.advance(60)
    deliver(board, mailbox, reply(board, ann, "READ\n"))
    assert figures(board)["acknowledged"] == 1
    board.until(lambda: len([m for m in recorder.to(ANN) if "was recorded" in
                             m.message["subject"]]) == 2, "told again")
    board.invariants()


def test_f20_every_row_is_checked(clocked, recorder):
    board = clocked
    ann, _ = confirmed(board, recorder)
    disown(board, way_back(board, ann.link)[0])
    board.invariants()
    board.stop()
    path = board.folder / "state/briefingd.db"
    whole = path.read_bytes()
    for statement in ("UPDATE disowned SET disowned_at = disowned_at + 1",
                      "UPDATE disowned SET acknowledged_at = 5",
                      "UPDATE disowned SET grade = 'confirmed-by-reply'",
                      "DELETE FROM disowned"):
        for left in board.folder.glob("state/briefingd.db-*"):
            left.unlink()
        path.write_bytes(whole)
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            db.execute(statement)
        board.ctl("evidence", "verify", code=1)


def test_f30_reminders_go_on(clocked, recorder):
    board = clocked
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"], reminders=[-3])
    board.start()
    board.live()
    board.brief("LTB-1", acknowledge_within_days=10)
    ann = mails(board, recorder, 1)[0]
    assert "It is recorded" in board.confirm(ann).text
    board.advance(DAY)
    disown(board, way_back(board, ann.link)[0])
    for _ in range(9):
        board.advance(DAY)
    board.reload()  # so that it looks at the clock now
    board.until(lambda: len(recorder.to(ANN)) == 2, "the reminder")
    assert board.value("SELECT count(*) FROM reminder") == 1
    board.invariants()


def test_f40_a_kill_keeps_what_the_page_said(clocked, recorder):
    board = clocked
    ann, _ = confirmed(board, recorder)
    page = disown(board, way_back(board, ann.link)[0])
    board.kill()
    assert "It counts no more" in page.text
    board.start()
    assert figures(board)["acknowledged"] == 0
    board.invariants()
