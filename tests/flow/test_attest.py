"""Sheets that people signed on paper, by briefingctl: recorded beside reach, chased
no more, undone, erased; and evidence verify finds out what was changed by hand."""
import contextlib
import datetime
import json
import re
import signal
import sqlite3
import subprocess
import zoneinfo

import verify_pack
from board import PROGRAMS
from test_delivery import until_loaded, until_state, until_taken
from test_time import go_to, utc

DAY = 24 * 60 * 60
HALF_DAY = datetime.timedelta(hours=12)
SENT = utc(2027, 8, 23, 7)  # Monday, 08:00 in London
ANN, BOB = "ann@police.example", "bob@police.example"
ZOE, LEAD = "zoe.zwygart@police.example", "lead@police.example"
HEADER = "address,name,role,team"
ROWS = ("ann@police.example,Ann Amber,Sergeant,Team A",
        "bob@police.example,Bob Bell,Constable,Team B",
        "zoe.zwygart@police.example,Zoe Zwygart,Sergeant,Team Quux",
        "dee@police.example,Dee Dale,Constable,Team B",
        "eve@police.example,Eve Elm,Constable,Team B")
# what a scanner might have made of names: plain enough to be looked for
SCAN = b"%PDF-1.7\nsigned: Zoe Zwygart, Ann Amber, Xavier Quuxley of no list\n" \
    + bytes(range(256)) * 40
NEEDLES = (b"zoe.zwygart", b"zwygart", b"quuxley")


def circulated(board, recorder, **conf):
    board.relay(recorder)
    board.list("police", ROWS, header=HEADER, **conf)
    board.start()
    board.live()
    until_loaded(board, police=len(ROWS))
    board.brief("LTB-1")
    until_taken(board, 1)
    if "schedule" in conf:
        go_to(board, SENT)
    until_state(board, "accepted", len(ROWS))


def today(board):
    return board.now.astimezone(zoneinfo.ZoneInfo("Europe/London")) \
        .date().isoformat()


def record(board, *addresses, code=0, input=None, scan=SCAN, **changes):
    path = board.folder / "sheet"
    path.write_bytes(scan)
    values = {"--list": "police", "--date": today(board), "--scan": path} \
        | changes
    return board.ctl("attest", "record", "LTB-1",
                     *(word for pair in values.items() for word in pair),
                     *addresses, code=code, input=input)


def change(board, statement):
    with contextlib.closing(sqlite3.connect(
            board.folder / "state/briefingd.db")) as db, db:
        db.execute(statement)


def total(board, *arguments):
    return board.facts("report", *arguments)["total"]


def figures(board, *arguments):
    """All but what is attested."""
    found = board.facts("report", *arguments)
    found.pop("as_of")
    for briefing in found["briefings"]:
        for row in (*briefing["agencies"], briefing["total"]):
            row.pop("attested")
    found["total"].pop("attested")
    return found


def read_scan(board, number, code=0):
    done = subprocess.run(
        [PROGRAMS / "briefingctl", "-c", board.conf, "attest", "scan",
         str(number)], capture_output=True, env=board.environment, timeout=60)
    board.said = done.stderr.decode()
    assert done.returncode == code, board.said
    return done.stdout


def traces(board):
    return [(path.name, needle)
            for path in sorted((board.folder / "state").rglob("*"))
            if path.is_file() for needle in NEEDLES
            if needle in path.read_bytes().lower()]


def test_f10_recorded_reported_and_undone(board, recorder):
    circulated(board, recorder)
    before = figures(board)
    said = record(board, "Ann@police.example", "bob@police.example",
                  **{"--note": "at the early shift"})
    assert "sheet 1 is recorded" in said and "beside reach" in said
    record(board, "-", input=b"zoe.zwygart@police.example;\n\n"
           b"dee@police.example\n")
    assert figures(board) == before
    assert total(board)["attested"] == 4
    assert (total(board)["acknowledged"], total(board)["outstanding"]) == (0, 5)
    for form, said in (("text", "Attested"), ("csv", ",attested,"),
                       ("html", "Attested by lead")):
        assert said in board.ctl("report", "--format", form)
    second, first = board.facts("attest", "list", "LTB-1", "--list", "police")
    assert (first["id"], first["signed_on"]) == (1, today(board))
    assert [person["address"] for person in first["people"]] == \
        [ANN, BOB]
    assert first["note"] == "at the early shift" and "@" in first["recorded_by"]
    assert second["standing"] == 2
    assert board.facts("attest", "list", "--agency", "health") == []
    assert read_scan(board, 1) == SCAN
    # neither names nor the scan are in the ledger
    bodies = "".join(body for (body,) in board.rows("SELECT body FROM event"))
    assert "early shift" not in bodies and "Amber" not in bodies
    board.invariants()

    board.ctl("attest", "undo", "1", "--person", "BOB@police.example",
              "--reason", "was on leave")
    board.ctl("attest", "undo", "2", "--reason", "it was LTB-2's")
    assert total(board)["attested"] == 1
    shown = board.ctl("attest", "list")
    assert "was on leave" in shown and "it was LTB-2's" in shown
    board.ctl("attest", "undo", "2", "--reason", "again", code=1)
    assert "undone before" in board.said
    assert figures(board) == before
    board.invariants()
    # and recorded anew
    record(board, "bob@police.example")
    assert total(board)["attested"] == 2
    board.invariants()


def test_f10_as_of_before_and_after(clocked, recorder):
    board = clocked
    circulated(board, recorder)
    board.advance(2 * DAY)
    day = today(board)
    board.advance(2 * DAY)
    record(board, "bob@police.example", **{"--date": day})
    recorded = today(board)
    board.advance(2 * DAY)
    board.ctl("attest", "undo", "1", "--reason", "wrong")
    # by when it was known, not by when it was signed
    assert total(board, "--as-of", day)["attested"] == 0
    assert total(board, "--as-of", recorded)["attested"] == 1
    assert total(board)["attested"] == 0
    board.invariants()


def test_f20_a_pack_shows_it_without_names_or_scans(board, recorder, tmp_path):
    circulated(board, recorder)
    record(board, ANN, BOB, ZOE)
    record(board, "dee@police.example", "eve@police.example")
    board.confirm(recorder.to(ANN)[0])
    board.ctl("attest", "undo", "1", "--person", BOB, "--reason", "was ill")
    board.ctl("attest", "undo", "2", "--reason", "of LTB-2")
    path = tmp_path / "pack.zip"
    board.ctl("evidence", "pack", "LTB-1", "--out", path)
    pack = verify_pack.Pack(path, board.ctl("evidence", "key"))
    pack.check()
    assert len(pack.attested()) == 2  # Ann, who has confirmed, and Zoe
    assert json.loads(pack.text("report/reach.json"))["total"]["attested"] == 1
    everything = b"".join(pack.bytes(name) for name in pack.names)
    assert b"Quuxley" not in everything and b"Zoe" not in everything


def test_f20_what_is_wrong_is_said_and_nothing_recorded(board, recorder):
    circulated(board, recorder)
    bob = "bob@police.example"
    for changes, said in (
            ({"--list": "fire"}, "no list fire"),
            ({"--date": "2999-01-01"}, "still to come"),
            ({"--date": "2019-01-01"}, "was taken in after 2019-01-01"),
            ({"--date": "yesterday"}, "2026-11-19")):
        record(board, bob, code=1, **changes)
        assert said in board.said, board.said
    record(board, bob, "nobody@police.example", "ann@health.example", code=1)
    assert "nobody@police.example: it is asked of nobody" in board.said
    assert "ann@health.example: it is asked of nobody" in board.said
    assert "2 of 3 people" in board.said
    record(board, bob, "Bob Bell", code=1)
    assert "addresses:2:" in board.said
    for scan, said in ((b"GIF89a", "neither PDF"), (b"", "a scan"),
                       (b"%PDF-" + bytes(4 * 1024 * 1024), "4194304")):
        record(board, bob, scan=scan, code=1)
        assert said in board.said, board.said
    record(board, code=2)
    record(board, bob, code=2, **{"--agency": "police"})
    board.ctl("attest", "undo", "1", code=2)
    read_scan(board, 7, code=1)
    assert "no sheet 7" in board.said
    assert board.ctl("attest", "list") == "no sheet is recorded\n"
    assert board.value("SELECT count(*) FROM event WHERE kind IN"
                       " ('sheet-recorded', 'attested')") == 0
    assert board.value("SELECT count(*) FROM sheet_scan") == 0
    record(board, bob)
    record(board, "ann@police.example", bob, code=1)
    assert f"{bob}: they are on sheet 1 already" in board.said
    assert board.value("SELECT count(*) FROM sheet") == 1
    board.invariants()


def test_f20_who_signed_is_not_chased_until_it_is_undone(clocked, recorder):
    """Reminders and the lead's mails are about the others; who confirms all the
    same is in reach."""
    board = clocked
    go_to(board, SENT - HALF_DAY)
    circulated(board, recorder, schedule="weekly mon 08:00", deadline_days=8,
               reminders=[-4], escalate_to_lead_days=2)
    record(board, ANN, BOB, ZOE)
    board.ctl("attest", "undo", "1", "--person", ZOE, "--reason", "was ill")
    # Friday's reminders
    go_to(board, SENT + 8 * HALF_DAY)
    board.until(lambda: len(recorder.circulated) == 8, "three reminders")
    assert {mail.recipient for mail in recorder.circulated[5:]} == \
        {ZOE, "dee@police.example", "eve@police.example"}
    # Monday's mail to the lead, and what is told once it is overdue
    go_to(board, SENT + 14 * HALF_DAY)
    week = board.until(lambda: recorder.to(LEAD), "the lead's week")[0]
    assert "5 outstanding (of these 2 attested" in " ".join(week.text.split())
    go_to(board, SENT + 20 * HALF_DAY)
    overdue = board.until(lambda: recorder.to(LEAD)[1:], "the lead is told")[0]
    assert "2 more attested on paper" in overdue.text
    for mail in (week, overdue):
        assert "Zoe Zwygart" in mail.text and "Eve Elm" in mail.text
        assert "Ann Amber" not in mail.text and "Bob Bell" not in mail.text
    # on their page nothing is another
    page = board.confirm(recorder.to(ANN)[0])
    assert page.status == 200 and "recorded" in page.text
    assert (total(board)["acknowledged"], total(board)["attested"]) == (1, 1)
    board.invariants()


def test_f20_changed_by_hand_is_found_out(board, recorder):
    circulated(board, recorder)
    record(board, "ann@police.example", "bob@police.example")
    board.ctl("attest", "undo", "1", "--person", "bob@police.example",
              "--reason", "was on leave")
    board.invariants()
    board.stop()
    for statement, mend, said in (
            ("UPDATE sheet SET signed_at = signed_at - 86400",
             "UPDATE sheet SET signed_at = signed_at + 86400", "sheet 1"),
            ("UPDATE attestation SET undone_at = undone_at + 1 WHERE id = 2",
             "UPDATE attestation SET undone_at = undone_at - 1 WHERE id = 2",
             "undoing of attestation 2"),
            ("UPDATE sheet_scan SET bytes = x'2550'", None,
             "scan of sheet 1"),
            ("DELETE FROM attestation WHERE id = 1", None,
             "an attestation beside what was required")):
        change(board, statement)
        assert said in board.ctl("evidence", "verify", code=1) + board.said
        if mend:
            change(board, mend)
            board.ctl("evidence", "verify")


def test_f20_erased_with_the_scan_and_counted(board, recorder):
    circulated(board, recorder)
    record(board, "zoe.zwygart@police.example", "bob@police.example",
           **{"--note": "Zoe Zwygart came late"})
    record(board, "dee@police.example", scan=b"%PDF- Dee Dale alone")
    assert traces(board)
    before, attested = figures(board), total(board)["attested"]
    shown = board.facts("person", "export", "zoe.zwygart@police.example")
    assert [(sheet["sheet"], sheet["scan"]) for sheet in shown["sheets"]] == \
        [(1, "kept")]
    # the scan shows others too: only that it is there is told
    assert "Quuxley" not in board.ctl("person", "export",
                                      "zoe.zwygart@police.example")
    said = board.ctl("person", "erase", "zoe.zwygart@police.example",
                     "--reason", "she asked us to")
    public_id = re.search(r"person (\w+)", said).group(1)
    assert traces(board) == []
    assert (figures(board), total(board)["attested"]) == (before, attested)
    second, first = board.facts("attest", "list")
    assert not first["has_scan"] and second["has_scan"]
    assert first["standing"] == 2 and first["note"] == ""
    assert {person["address"] for person in first["people"]} == \
        {"", "bob@police.example"}
    read_scan(board, 1, code=1)
    assert "somebody on it was erased" in board.said
    assert b"Dee Dale" in read_scan(board, 2)
    board.invariants()
    # she is known by her id alone, and can be taken off by it
    board.ctl("attest", "undo", "1", "--person", public_id, "--reason", "wrong")
    assert total(board)["attested"] == attested - 1
    board.invariants()
    assert "zwygart" not in board.log.lower()


def test_f20_scans_go_by_their_age(clocked, recorder):
    board = clocked
    board.configure(retention={"leavers_days": 0, "scans_days": 20})
    circulated(board, recorder)
    record(board, "zoe.zwygart@police.example")
    before = figures(board)
    board.advance(19 * DAY)
    assert board.facts("retention", "run", "--dry-run")["scans"] == 0
    board.ctl("retention", "run")
    assert read_scan(board, 1) == SCAN
    board.advance(2 * DAY)
    assert re.search(r"scans of signed sheets +1 older than 20 days",
                     board.ctl("retention", "run", "--dry-run"))
    board.reload()
    board.ctl("retention", "run")
    read_scan(board, 1, code=1)
    assert "kept for long enough" in board.said
    assert total(board)["attested"] == 1
    assert "signed: Zoe" not in \
        (board.folder / "state/briefingd.db").read_bytes().decode("latin-1")
    assert "20 days" in board.get("/privacy").text
    assert figures(board)["total"]["required"] == before["total"]["required"]
    board.invariants()


def test_f30_all_or_nothing_where_it_can_not_be_written(board, recorder):
    """Cut off in the middle of its writing, by an error or by a signal, it leaves
    nothing: no sheet, no event, no scan."""
    circulated(board, recorder)
    record(board, ANN)
    board.stop()
    kept = [("event", board.value("SELECT count(*) FROM event")),
            ("sheet", 1), ("sheet_scan", 1), ("attestation", 1)]
    path = board.folder / "sheet"
    path.write_bytes(b"%PDF-" + bytes(3 * 1024 * 1024))
    for is_killed in (False, True):
        done = subprocess.run(
            ["prlimit", "--fsize=1048576", PROGRAMS / "briefingctl", "-c",
             board.conf, "attest", "record", "LTB-1", "--list", "police",
             "--date", today(board), "--scan", path, BOB,
             "dee@police.example"], capture_output=True, timeout=60,
            env=board.environment, restore_signals=is_killed)
        assert done.returncode == (-signal.SIGXFSZ if is_killed else 1), done
        for table, count in kept:
            assert board.value(f"SELECT count(*) FROM {table}") == count
    record(board, BOB, "dee@police.example")
    board.start()
    assert total(board)["attested"] == 3
    board.invariants()
