"""A person is erased: what names them goes, what counts stays."""
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess

from board import FORM_SECONDS, MAIL_SECONDS, PROGRAMS
from mailboxes import DONE, Maildir, returned, written

ANN = "zoe.zwygart@police.example,Zoe Zwygart,Sergeant,Team Quux"
BOB = "bob@police.example,Bob Bell,Constable,Team B"
HEADER = "address,name,role,team"
NEEDLES = (b"zoe.zwygart", b"Zwygart", b"Quux", b"I will call her")


def circulated(board, recorder, rows=(ANN, BOB)):
    board.relay(recorder)
    board.list("police", rows, header=HEADER)
    board.start()
    board.live()
    board.brief("LTB-1")
    return board.until(lambda: recorder.to("zoe.zwygart@police.example"),
                       "her mail")[0]


def reflect(board, mail, text):
    board.wait_as_readers_do(mail)
    form = board.get(mail.link)
    board.advance(FORM_SECONDS + 1)
    name = re.search(r'<textarea[^>]*name="([^"]+)"', form.text).group(1)
    page = board.post(mail.link, [*form.fields, (name, text)])
    assert page.status == 200 and "recorded" in page.text, page.text


def erase(board, address="Zoe.Zwygart@police.example"):
    return board.ctl("person", "erase", address, "--reason", "she asked us to")


def traces(board):
    """Files below the state folder that hold what names her, as any program
    sees them that reads bytes."""
    found = []
    for path in sorted((board.folder / "state").rglob("*")):
        data = path.read_bytes().lower() if path.is_file() else b""
        found += [(path.name, needle) for needle in NEEDLES
                  if needle.lower() in data]
    return found


def report(board):
    return {name: figure for name, figure in board.facts("report").items()
            if name != "as_of"}


def judged(board):
    board.invariants()
    board.ctl("evidence", "verify")


def test_f10_what_names_her_is_in_no_file(board, recorder):
    mail = circulated(board, recorder)
    reflect(board, mail, "I will call her school myself.")
    assert traces(board)
    before = report(board)
    said = erase(board)
    public_id = re.search(r"person (\w+)", said).group(1)
    assert traces(board) == []
    assert report(board) == before
    judged(board)
    # and in no log
    assert "zwygart" not in board.log.lower()
    event = board.rows("SELECT actor, body FROM event WHERE kind ="
                       " 'person-erased'")
    assert len(event) == 1 and event[0][0].startswith("operator:")
    body = json.loads(event[0][1])
    assert (body["person"], body["how"]) == (public_id, "asked")
    assert board.value("SELECT text FROM event_text t JOIN event e ON e.id ="
                       " t.event_id WHERE e.kind = 'person-erased'") == \
        "she asked us to"
    assert board.value("SELECT count(*) FROM request WHERE reason <> '' OR"
                       " argument LIKE '%zwygart%'") == 0


def test_f10_what_counts_can_be_proved(board, recorder):
    mail = circulated(board, recorder)
    board.confirm(mail)
    hashed = board.folder / "before.zip"
    board.ctl("evidence", "pack", "LTB-1", "--out", hashed)
    public_id = re.search(r"person (\w+)", erase(board)).group(1)
    proof = board.folder / "proof"
    board.ctl("evidence", "prove", "--person", public_id, "--ref", "LTB-1",
              "--out", proof)
    board.ctl("evidence", "verify", "--proof", proof)
    board.ctl("evidence", "prove", "--person", "zoe.zwygart@police.example",
              "--ref", "LTB-1", code=1)
    pack = board.folder / "pack.zip"
    board.ctl("evidence", "pack", "LTB-1", "--out", pack, "--with-names",
              "--reason", "the inspector asks")
    shutil.unpack_archive(pack, board.folder / "pack")
    names = next((board.folder / "pack").rglob("people.csv")).read_text()
    assert f"{public_id}" in names and "(erased)" in names
    assert "Bob Bell" in names and "wygart" not in names
    # her copy's hash was taken before
    copies = next((board.folder / "pack").rglob("copies.csv")).read_text()
    line = next(line for line in copies.splitlines() if public_id in line)
    assert re.search(r"\b[0-9a-f]{64}\b", line), line


def test_f10_first_what_it_would_do(board, recorder):
    circulated(board, recorder)
    said = board.ctl("person", "erase", "zoe.zwygart@police.example",
                     "--dry-run")
    assert re.search(r"identity +1\b", said)
    assert re.search(r"requirements +1\b", said.split("would stay")[1])
    assert "nothing is done yet" in said
    facts = board.facts("person", "erase", "zoe.zwygart@police.example",
                        "--dry-run")
    assert facts["goes"]["mails"] == 1 and facts["stays"]["requirements"] == 1
    assert board.value("SELECT count(*) FROM identity") == 2


def test_f20_her_links_end_kindly(board, recorder):
    mail = circulated(board, recorder)
    form = board.get(mail.link)
    erase(board)
    board.advance(MAIL_SECONDS + 60)
    path = "/" + mail.link.split("/", 3)[3] if "://" in mail.link \
        else mail.link
    token = path.rsplit("/", 1)[1]
    for page in (board.get(path), board.post(path, form.fields),
                 board.get(f"/u/{token}"), board.get(f"/f/{token}"),
                 board.post(f"/u/{token}",
                            {"List-Unsubscribe": "One-Click"})):
        assert page.status in (404, 410), page.status
        assert "wygart" not in page.text
    assert "This link has ended" in board.get(path).text
    assert board.value("SELECT count(*) FROM requirement WHERE"
                       " acknowledged_at IS NOT NULL") == 0
    judged(board)


def test_f20_what_waits_to_go_to_her_does_not(board, recorder):
    circulated(board, recorder)
    board.configure(relay={"port": 1})
    board.reload()
    board.brief("LTB-2")
    board.until(lambda: board.value(
        "SELECT count(*) FROM delivery WHERE state = 'due'") == 2, "waiting")
    erase(board)
    board.relay(recorder)
    board.reload()
    board.until(lambda: len(recorder.to("bob@police.example")) == 2, "his mail")
    assert len(recorder.to("zoe.zwygart@police.example")) == 1
    assert board.rows("SELECT detail FROM delivery WHERE state ="
                      " 'cancelled'") == [("erased",)]
    judged(board)


def test_f20_no_list_brings_her_back(board, recorder):
    circulated(board, recorder)
    erase(board)
    shown = board.until(lambda: board.facts("list", "show",
                                            "police").get("refused_lines"),
                        "her row is refused")
    assert shown == "2"
    shown = board.ctl("list", "show", "police")
    assert "police.csv, line 2: of people who were erased" in shown
    assert re.search(r"^  \(erased\) +removed", shown, re.M)
    assert "police.csv, line 2:" in board.ctl("status")
    # as is what is wrong with the file: nothing else of her
    board.ctl("list", "check", "police", code=1)
    assert "police.csv:2: is refused: of somebody who was erased" in board.said
    assert board.said.count("\n") == 1
    assert "wygart" not in board.said.lower()
    assert "wygart" not in board.ctl("list", "show", "police")
    # neither under another name, nor in another list
    board.list("health", ["ZOE.Zwygart@POLICE.example,Z. Z.,Nurse,"],
               header=HEADER)
    board.until(lambda: board.rows("SELECT 1 FROM list WHERE name = 'health'"
                                   " AND refused_lines = '2'"), "also there")
    assert board.value("SELECT count(*) FROM identity") == 1
    assert traces(board) == []
    board.ctl("list", "check", code=1)
    assert "health.csv:2:" in board.said and "police.csv:2:" in board.said
    # of what the daemon did not read nobody knows
    board.stop()
    (board.folder / "lists/health.csv").write_text(
        f"{HEADER}\nzoe.zwygart@police.example,Z.,,\n")
    assert "the daemon has not read it yet" in \
        board.ctl("list", "check", "health")
    board.start()
    board.until(lambda: board.value(
        "SELECT csv_hash FROM list WHERE name = 'health'") == hashlib.sha256(
            (board.folder / "lists/health.csv").read_bytes()).hexdigest(),
        "it has read it")
    board.ctl("list", "check", "health", code=1)
    # until somebody says so
    board.ctl("person", "readmit", "bob@police.example", "--reason", "x",
              code=1)
    assert "nobody with that address was erased" in board.said
    board.ctl("person", "readmit", "zoe.zwygart@police.example", "--reason",
              "she works here again")
    board.until(lambda: board.value("SELECT count(*) FROM identity") == 2,
                "she is back")
    assert board.value("SELECT count(*) FROM person") == 3
    board.until(lambda: "refused_lines" not in
                board.facts("list", "show", "health"), "no row is refused")
    board.ctl("list", "check")
    assert board.value("SELECT count(*) FROM event WHERE kind ="
                       " 'person-readmitted'") == 1
    judged(board)


def told(recorder, address):
    return [mail.message["Subject"] for mail in recorder.to(address)]


def test_f30_what_was_told_of_her_goes_too(board, recorder, tmp_path):
    """She has written to the board and left, her lead was told of both, a
    colleague was passed her mail; and one of them comes back late."""
    mailbox = Maildir(tmp_path)
    board.configure(mailbox=mailbox.settings)
    mail = circulated(board, recorder)
    mailbox.deliver(written(
        "zoe.zwygart@police.example", mail.sender, "Of Team Quux",
        text="I will call her school.\n\nZoe Zwygart\nTeam Quux\n"))
    board.until(lambda: mailbox.mails(DONE), "her letter is read")
    path = mail.link.replace("/a/", "/u/")
    board.wait_as_readers_do(mail)
    form = board.get(path)
    board.advance(FORM_SECONDS + 1)
    page = board.post(path, [*form.fields, ("what", "left")])
    assert "off the list" in page.text, page.text
    board.until(lambda: len(told(recorder, "lead@police.example")) == 2,
                "her lead is told of both")
    assert any(needle in (board.folder / "state" / path).read_bytes()
               for path in ("briefingd.db", "briefingd.db-wal")
               for needle in NEEDLES)
    before = report(board)
    erase(board)
    assert traces(board) == []
    assert report(board) == before
    mailbox.deliver(returned(mail, text="550 5.1.1 <zoe.zwygart@police."
                             "example>: Zoe Zwygart has left"))
    board.until(lambda: len(mailbox.mails(DONE)) == 2, "it came back late")
    assert board.value("SELECT count(*) FROM returned WHERE kind ="
                       " 'returned'") == 1
    assert board.value("SELECT count(*) FROM suppression") == 0
    assert traces(board) == []
    judged(board)


def test_f30_names_at_a_shared_mailbox(board, recorder):
    board.relay(recorder)
    board.list("police", ["desk@police.example,The desk,yes",
                          "bob@police.example,Bob Bell,"],
               header="address,name,shared")
    board.start()
    board.live()
    board.brief("LTB-1")
    mail = board.until(lambda: recorder.to("desk@police.example"), "its")[0]
    for name in ("Zoe Zwygart", "Yan Quuxley"):
        board.wait_as_readers_do(mail)
        form = board.get(mail.link)
        board.advance(FORM_SECONDS + 1)
        board.post(mail.link, [*form.fields, ("name", name)])
    assert board.value("SELECT count(*) FROM event_text WHERE name ="
                       " 'name'") == 2
    before = report(board)
    assert before["total"]["further"] == 1
    erase(board, "desk@police.example")
    assert traces(board) == []
    assert report(board) == before
    judged(board)


def test_f20_what_can_not_be_erased(board, recorder):
    circulated(board, recorder)
    board.ctl("person", "erase", "eve@police.example", "--reason", "x", code=1)
    assert "nobody has the address eve@police.example" in board.said
    board.ctl("person", "erase", "zoe.zwygart@police.example", code=2)
    board.ctl("person", "erase", "zoe.zwygart@police.example", "--reason",
              "Zoe.Zwygart@police.example asked", code=2)
    assert "can't hold the address" in board.said
    board.ctl("person", "readmit", "zoe.zwygart@police.example", code=2)
    assert board.value("SELECT count(*) FROM identity") == 2


def test_f30_killed_in_the_middle(board, recorder):
    mail = circulated(board, recorder)
    reflect(board, mail, "I will call her school myself.")
    before = report(board)
    public_id = board.value("SELECT p.public_id FROM person p JOIN identity i"
                            " ON i.person_id = p.id WHERE i.name LIKE 'Zoe%'")
    # there is a long way to walk
    board.stop()
    with sqlite3.connect(board.folder / "state" / "briefingd.db") as db:
        db.execute("INSERT INTO returned (id, sha256, place, kind,"
                   " is_understood, code, status, text, recorded_at)"
                   " VALUES (20000000, 'x', '', 'unknown', 1, 0, '', '', 0)")
    board.start()
    asking = subprocess.Popen(
        [PROGRAMS / "briefingctl", "-c", board.conf, "person", "erase",
         "zoe.zwygart@police.example", "--reason", "she asked us to"],
        env=board.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    board.until(lambda: board.value("SELECT count(*) FROM person WHERE"
                                    " erased_at IS NOT NULL"), "it begins")
    board.kill()
    assert board.value("SELECT count(*) FROM identity") == 2
    board.start()
    assert board.value("SELECT count(*) FROM identity") == 1
    asking.wait(60)
    board.until(lambda: board.value("SELECT count(*) FROM request WHERE"
                                    " done_at IS NULL") == 0, "and told so")
    assert traces(board) == []
    assert report(board) == before
    assert board.rows("SELECT json_extract(body, '$.person'),"
                      " json_extract(body, '$.how') FROM event WHERE kind ="
                      " 'person-erased'") == [(public_id, "asked")]
    judged(board)


def test_f30_a_restored_store_erases_again(board, recorder):
    mail = circulated(board, recorder)
    board.confirm(mail)
    backup = board.folder / "backup.db"
    board.ctl("backup", backup)
    erase(board)
    board.stop()
    store = board.folder / "state" / "briefingd.db"
    for path in store.parent.glob("briefingd.db*"):
        path.unlink()
    shutil.copy(backup, store)
    assert b"zwygart" in store.read_bytes().lower()
    board.start()
    assert board.value("SELECT count(*) FROM identity") == 1
    board.until(lambda: traces(board) == [], "nothing of her is left")
    assert board.rows("SELECT actor, json_extract(body, '$.how') FROM event"
                      " WHERE kind = 'person-erased'") == \
        [("briefingd", "replayed")]
    assert "person erased" in board.log
    page = board.get(mail.link)
    assert page.status == 410
    board.until(lambda: board.facts("list", "show", "police")
                .get("refused_lines"), "her row is refused here, too")
    judged(board)


def test_f40_a_line_that_was_cut_off(board, recorder):
    circulated(board, recorder)
    erase(board)
    board.stop()
    with open(board.folder / "state" / "erasures", "a") as file:
        file.write("erased 00ff")
    board.start()
    board.ctl("person", "readmit", "zoe.zwygart@police.example", "--reason",
              "she works here again")
    board.stop()
    board.start()
    board.until(lambda: board.value("SELECT count(*) FROM identity") == 2,
                "she is back, also for the next start")
    assert board.value("SELECT count(*) FROM tombstone") == 0


DAY = 24 * 60 * 60


def left(board, recorder):
    """She confirmed, wrote something, and her row was taken out."""
    mail = circulated(board, recorder)
    reflect(board, mail, "I will call her school myself.")
    board.list("police", [BOB], header=HEADER)
    board.until(lambda: board.value("SELECT count(*) FROM member WHERE"
                                    " removed_at IS NOT NULL"), "she left")


def test_f20_who_left_long_ago_goes(board, recorder):
    left(board, recorder)
    board.ctl("retention", "run")
    assert board.value("SELECT count(*) FROM identity") == 2
    board.advance(364 * DAY)
    assert board.facts("retention", "run", "--dry-run")["people"] == 0
    board.advance(2 * DAY)
    said = board.ctl("retention", "run", "--dry-run")
    assert re.search(r"no list any more +1 older than 365 days", said)
    board.reload()  # it looks now
    board.until(lambda: board.value(
        "SELECT count(*) FROM requirement WHERE missed_at IS NOT NULL") == 1,
        "his window closed")
    before = report(board)
    board.ctl("retention", "run")
    assert board.value("SELECT count(*) FROM identity") == 1
    assert board.value("SELECT count(*) FROM addressee") == 1
    assert board.value("SELECT count(*) FROM event_text WHERE name ="
                       " 'reflection'") == 0
    assert report(board) == before
    assert board.rows("SELECT json_extract(body, '$.how') FROM event WHERE"
                      " kind = 'person-erased'") == [("retention",)]
    assert board.value("SELECT sum(json_extract(body, '$.people')) FROM event"
                       " WHERE kind = 'retention-run'") == 1
    board.until(lambda: traces(board) == [], "no file has her name")
    judged(board)
    # nothing keeps her from coming back: she is somebody new
    board.list("police", [ANN, BOB], header=HEADER)
    board.until(lambda: board.value("SELECT count(*) FROM identity") == 2,
                "she is back")
    assert board.value("SELECT count(*) FROM person") == 3


def test_f20_texts_and_mails_go_by_their_age(board, recorder):
    board.configure(retention={"leavers_days": 0, "texts_days": 100,
                               "mails_days": 10})
    mail = circulated(board, recorder)
    reflect(board, mail, "I will call her school myself.")
    # but of the mails to the lead, which come each week
    texts = "SELECT count(*) FROM attempt JOIN delivery ON id = delivery_id" \
        " WHERE text <> '' AND digest_id IS NOT NULL"
    assert board.value(texts) == 2
    board.advance(11 * DAY)
    board.ctl("retention", "run")
    assert board.value(texts) == 0
    assert board.value("SELECT count(*) FROM event_text WHERE name ="
                       " 'reflection'") == 1
    board.advance(90 * DAY)
    board.ctl("retention", "run")
    assert board.value("SELECT count(*) FROM event_text WHERE name ="
                       " 'reflection'") == 0
    # who approved it, and why the board went live, is about nobody here
    assert board.value("SELECT count(*) FROM event_text WHERE name IN"
                       " ('approved_by', 'reason')") == 2
    assert board.value("SELECT count(*) FROM identity") == 2
    page = board.get("/privacy").text
    assert "100 days" in page and "10 days" in page
    assert "after you are on no list" not in page
    judged(board)


def test_f30_the_daemon_does_it_by_itself(board, recorder):
    left(board, recorder)
    board.stop()
    board.advance(366 * DAY)
    board.start()
    board.until(lambda: board.value("SELECT count(*) FROM identity") == 1,
                "she is erased")
    board.until(lambda: "retention done people=1" in board.log, "told")
    assert "zwygart" not in board.log.lower()
    assert board.rows("SELECT DISTINCT actor FROM event WHERE kind IN"
                      " ('retention-run', 'person-erased')") == \
        [("briefingd",)]
    judged(board)
