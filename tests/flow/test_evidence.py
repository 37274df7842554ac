"""The ledger: what recipients witness, and what tampering leaves behind."""
import contextlib
import hashlib
import json
import re
import sqlite3
import zipfile

import pytest
import verify_pack

ANN, BOB = "ann@police.example", "bob@police.example"


def begin(board, server):
    board.relay(server)
    board.list("police", [f"{ANN},Ann", f"{BOB},Bob"])
    board.start()
    board.live()


def accepted(board, count):
    board.until(lambda: board.facts("status")["queue"]["accepted"] == count,
                f"{count} are settled")


def leaves(board, count):
    """The leaves as the manual says: canonical JSON of each whole event."""
    rows = board.rows("SELECT id, kind, effective_at, recorded_at, actor, body"
                      " FROM event ORDER BY id LIMIT ?", count)
    return [(f'{{"actor":"{actor}","body":{body},"effective_at":{effective},'
             f'"id":{number},"kind":"{kind}","recorded_at":{recorded}}}')
            for number, kind, effective, recorded, actor, body in rows]


def latest(board):
    key = verify_pack.parse_key(board.get("/evidence/key").text)
    note = board.get("/evidence/checkpoint").text
    return verify_pack.open_checkpoint(note, key)


def test_f10_each_mail_and_receipt_carries_a_checkpoint(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    accepted(board, 2)
    mail = recorder.to(ANN)[0]
    origin, size, root = latest(board)
    assert origin.endswith("/ledger") and size > 3
    # the mail has what the page has, and neither what came later
    shown = re.search(rf"{re.escape(origin)}\n(\d+)\n(\S+)\n", mail.text)
    assert int(shown[1]) == size
    assert verify_pack.unbase64(shown[2]) == root
    hashes = [verify_pack.leaf_hash(leaf.encode())
              for leaf in leaves(board, size)]
    assert len(hashes) == size and verify_pack.root_of(hashes) == root
    assert board.value("SELECT count(*) FROM event WHERE kind ="
                       " 'letter-made' AND id <= ?", size) == 0
    page = board.confirm(mail)
    assert f"{origin}, {size} entries, root hash {shown[2]}" in page.text
    # a second mail for what is new: a second checkpoint
    board.brief("LTB-2")
    accepted(board, 4)
    assert latest(board)[1] > size


def test_f20_a_checkpoint_a_day(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.until(lambda: board.get("/evidence/checkpoint").status == 200,
                "the first")
    count = "SELECT count(*) FROM checkpoint"
    board.ctl("pause", "--reason", "a night")
    before = board.value(count)
    board.advance(24 * 3600)
    board.until(lambda: board.value(count) == before + 1, "the next day's")
    # nothing happened on the day after, so there is nothing to sign
    board.advance(24 * 3600)
    assert board.value(count) == before + 1


def test_f20_the_key_is_kept_and_may_change(board, recorder):
    begin(board, recorder)
    board.until(lambda: board.get("/evidence/key").status == 200, "the key")
    before = board.get("/evidence/key").text
    key = board.folder / "state/keys/ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    board.stop()
    board.start()
    assert board.get("/evidence/key").text == before
    board.stop()
    key.unlink()
    board.start()
    board.brief("LTB-1")
    board.until(lambda: board.get("/evidence/key").text != before,
                "a checkpoint by the new key")
    assert latest(board)
    assert board.value("SELECT count(*) FROM event WHERE kind ="
                       " 'ledger-key'") == 2


def confirmed(board, recorder):
    """A briefing that went to two, of whom one has confirmed."""
    begin(board, recorder)
    board.brief("LTB-1", documents={"ltb-1.pdf": b"%PDF-1.4 two pages"})
    accepted(board, 2)
    board.confirm(recorder.to(ANN)[0])
    board.until(lambda: board.facts("report")["total"]["acknowledged"] == 1,
                "the confirmation")


def test_f10_head_key_verify_and_prove(clocked, recorder, tmp_path):
    board = clocked
    confirmed(board, recorder)
    head = board.facts("evidence", "head")
    key = verify_pack.parse_key(board.ctl("evidence", "key"))
    origin, size, root = verify_pack.open_checkpoint(head["note"], key)
    assert (origin, size) == (head["origin"], head["size"])
    assert size == board.value("SELECT max(id) FROM event")
    minutes = board.ctl("evidence", "head")
    assert f"{origin} had {size} entries" in minutes
    assert head["root"] in minutes and head["note"] in minutes
    # what someone kept: from the minutes, from a mail
    kept = tmp_path / "kept"
    kept.write_text(head["note"])
    mailed = tmp_path / "mailed"
    mailed.write_text(re.search(rf"{re.escape(origin)}\n\d+\n\S+\n",
                                recorder.to(ANN)[0].text)[0])
    good = board.facts("evidence", "verify", "--checkpoint", kept,
                       "--checkpoint", mailed)
    assert good["good"] and good["sealed"] == good["events"] == size
    proof = board.ctl("evidence", "prove", "--person", ANN, "--ref", "LTB-1")
    leaf = verify_pack.check_proof(proof, key)
    assert b'"kind":"acknowledged"' in leaf and b'"ref":"LTB-1"' in leaf
    file = tmp_path / "proof"
    board.ctl("evidence", "prove", "--event", 1, "--out", file)
    assert "ledger-key" in board.ctl("evidence", "verify", "--proof", file)
    assert '"id":1,' in board.facts("evidence", "verify", "--proof",
                                    file)["leaf"]
    file.write_text(file.read_text().replace("index 0", "index 1"))
    board.ctl("evidence", "verify", "--proof", file, code=1)
    board.ctl("evidence", "prove", "--person", BOB, "--ref", "LTB-1", code=1)
    assert "no acknowledgement" in board.said


def tamper(board, statement):
    path = board.folder / "state/briefingd.db"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(statement)


def found(board, *arguments):
    out = board.ctl("--json", "evidence", "verify", *arguments, code=1)
    return [each["text"] for each in json.loads(out)["findings"]]


def test_f20_tampering_is_found_and_named(clocked, recorder, tmp_path):
    board = clocked
    confirmed(board, recorder)
    kept = tmp_path / "kept"
    kept.write_text(board.facts("evidence", "head")["note"])
    board.stop()
    whole = (board.folder / "state/briefingd.db").read_bytes()

    def try_out(statement, *arguments):
        for left in board.folder.glob("state/briefingd.db-*"):
            left.unlink()
        (board.folder / "state/briefingd.db").write_bytes(whole)
        tamper(board, statement)
        return found(board, *arguments)

    ann = board.value("SELECT public_id FROM person JOIN identity ON"
                      " person_id = id WHERE address = ?", ANN)
    bob = board.value("SELECT public_id FROM person JOIN identity ON"
                      " person_id = id WHERE address = ?", BOB)
    # one row
    [text] = try_out("UPDATE requirement SET acknowledged_at ="
                     " acknowledged_at - 86400 WHERE acknowledged_at > 0")
    assert text.startswith(f"requirement of person {ann} for LTB-1 version 1:"
                           " acknowledged at")
    [text] = try_out("UPDATE requirement SET acknowledged_at = 1795000000,"
                     " grade = 'confirmed', receipt = 'x'"
                     " WHERE acknowledged_at IS NULL")
    assert bob in text and text.endswith("by the table, and by no event")
    # one leaf
    number = board.value("SELECT id FROM event WHERE kind = 'acknowledged'")
    texts = try_out("UPDATE event SET effective_at = effective_at - 1"
                    " WHERE kind = 'acknowledged'")
    assert any(text.startswith(f"event {number} (acknowledged")
               for text in texts)
    # a dropped event
    assert f"event {number} is not there: someone removed it" in \
        try_out(f"DELETE FROM event_text WHERE event_id = {number};"
                "UPDATE requirement SET event_id = NULL;"
                f"DELETE FROM event WHERE id = {number}")
    # rewritten history, with the ledger's own hashes made anew: a checkpoint
    # of the store finds it; and when those are dropped, one that was kept
    rewrite = ("UPDATE event SET effective_at = effective_at - 1 WHERE kind ="
               " 'letter-made'; DELETE FROM ledger_tile;"
               " UPDATE ledger SET size = 0;")
    texts = try_out(rewrite)
    assert "the first interval that fails" in texts[0]
    texts = try_out(rewrite + "DELETE FROM checkpoint", "--checkpoint", kept)
    assert texts == [f"{kept}: the events from 1 to {number} are not those of"
                     " this checkpoint: history was rewritten"]


def test_f10_a_pack_is_verified_with_other_tools(clocked, recorder, tmp_path):
    board = clocked
    confirmed(board, recorder)
    path, again = tmp_path / "pack.zip", tmp_path / "again.zip"
    board.ctl("evidence", "pack", "LTB-1", "--out", path)
    pack = verify_pack.Pack(path, board.ctl("evidence", "key"))
    pack.check()
    assert verify_pack.main([str(path)]) == 0
    # the same bytes for the same checkpoint, whenever
    board.advance(3600)
    board.ctl("evidence", "pack", "LTB-1", "--out", again)
    assert path.read_bytes() == again.read_bytes()
    # each copy's hash is that of what arrived
    copies = {copy["sha256"] for copy in pack.table("mail/copies.csv")}
    assert copies == {hashlib.sha256(mail.raw).hexdigest()
                      for mail in recorder.mails}
    for name in pack.names:
        assert ANN.encode() not in pack.bytes(name)
        assert b"Ann" not in pack.bytes(name)
    lines = pack.table("lists/police.csv")
    assert sorted(line["grade"] for line in lines) == ["", "confirmed"]


def repack(path, target, name, change):
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for each in old.namelist():
            data = old.read(each)
            if each != "SHA256SUMS":
                data = change(data) if each == name else data
                new.writestr(each, data)
        sums = "".join(f"{hashlib.sha256(new.read(each)).hexdigest()}  {each}\n"
                       for each in new.namelist())
        new.writestr("SHA256SUMS", sums)


def test_f20_a_changed_pack_is_found(clocked, recorder, tmp_path):
    board = clocked
    confirmed(board, recorder)
    path, other = tmp_path / "pack.zip", tmp_path / "other.zip"
    board.ctl("evidence", "pack", "LTB-1", "--out", path)
    sub = [("ledger/leaves.jsonl", b'"acknowledged', b'"acknowledgeb',
            "is not in the checkpoint"),
           ("ledger/checkpoint", b"/ledger\n", b"/ledgen\n", "forged"),
           ("ledger/checkpoints.jsonl", b'"proof":["', b'"proof":["AAAA',
            "another history"),
           ("ledger/texts.jsonl", b'"text":"', b'"text":"x', "is another"),
           ("lists/police.csv", b"confirmed,", b"confirmed-by-reply,",
            "acknowledgement is another"),
           ("report/reach.json", b'"required": 2', b'"required": 3',
            "other figures"),
           ("mail/letter-1.stored", b"child", b"adult", "not what was made")]
    for name, before, after, why in sub:
        repack(path, other, name, lambda data: data.replace(before, after))
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(other) as new:
            assert old.read(name) != new.read(name), name
        with pytest.raises((verify_pack.Trouble, ValueError)) as said:
            verify_pack.Pack(other).check()
        assert why in str(said.value) or "base64" in str(said.value), name


def test_f20_a_pack_with_names_is_recorded_and_dated(clocked, recorder,
                                                     tmp_path):
    board = clocked
    confirmed(board, recorder)
    path = tmp_path / "pack.zip"
    board.ctl("evidence", "pack", "LTB-1", "--with-names", code=2)
    board.ctl("evidence", "pack", "LTB-2", "--out", path, code=1)
    said = board.ctl("evidence", "pack", "LTB-1", "--out", path,
                     "--with-names", "--reason", "JTAI on 3 December")
    pack = verify_pack.Pack(path)
    pack.check()
    people = pack.table("names/people.csv")
    assert sorted(each["address"] for each in people) == [ANN, BOB]
    date = people[0]["destroy_on"]
    assert date in said and f"Destroy it by {date}" in pack.text("index.html")
    assert f"Destroy it by {date}" in pack.text("report/reach.html")
    [(body, reason)] = board.rows(
        "SELECT body, text FROM event JOIN event_text ON event_id = id"
        " WHERE kind = 'pack-with-names'")
    assert reason == "JTAI on 3 December" and date in body
    assert path.stat().st_mode & 0o777 == 0o600
