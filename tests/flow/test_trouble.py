"""What machines and administrators do to it: it says so, and loses nothing."""
import contextlib
import os
import shutil
import sqlite3
import subprocess

import pytest

ANN, BOB = "ann@police.example", "bob@police.example"
IS_ROOT = os.geteuid() == 0


def begin(board, recorder):
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann", f"{BOB},Bob"])
    board.start()
    board.live()


def accepted(board, count):
    board.until(lambda: board.facts("status")["queue"]["accepted"] == count,
                f"{count} mails are accepted")


def fails_to_start(board, *words):
    board.start(wait=False)
    assert board.process.wait(30) == 1
    board.process = None
    for word in words:
        assert word in board.log, f"{word}: {board.log}"


@contextlib.contextmanager
def mounted(folder, *options):
    """A file system of its own at that folder."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o",
                           ",".join(["size=8m", *options]), "tmpfs",
                           str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("can't mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder, *options):
    subprocess.run(["mount", "-o", ",".join(["remount", *options]),
                    str(folder)], check=True)


def fill(path):
    with contextlib.suppress(OSError), open(path, "wb") as file:
        for size in (65536, 512):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
                    file.flush()


def test_f10_the_stores_log_begins_anew(board, recorder):
    """Beside the loop: of 16 MB it takes a few, whatever is written."""
    many = 1500
    board.relay(recorder)
    board.list("police", (f"m{i}@police.example,Member {i}" for i in range(many)))
    board.start()
    board.live()
    board.brief("LTB-1")
    log = board.folder / "state" / "briefingd.db-wal"
    sizes = []

    def is_done():
        sizes.append(log.stat().st_size)
        return board.value("SELECT count(*) FROM delivery"
                           " WHERE state = 'accepted'") == many
    board.until(is_done, "all are settled", 120)
    assert max(sizes) < 28e6, sizes
    board.invariants()


@pytest.mark.skipif(not IS_ROOT, reason="mounts a small file system")
def test_f30_a_disk_fills_up_in_the_middle(clocked, recorder):
    """Between a mail and its confirmation, and while another is taken in."""
    board = clocked
    state = board.folder / "state"
    with mounted(state):
        try:
            begin(board, recorder)
            board.brief("LTB-1")
            accepted(board, 2)
            mail = recorder.to(ANN)[0]
            board.advance(60)
            fields = board.get(mail.link).fields
            board.advance(60)
            fill(state / "filler")
            page = board.post(mail.link, fields)
            # it says the truth: recorded and durable, or not recorded
            said_yes = "It is recorded" in page.text
            assert said_yes or page.status == 503
            folder = board.brief("LTB-2", documents={
                "a.pdf": b"%PDF-1.4" + os.urandom(2**20)})
            board.until(lambda: "ltb-2" in board.log, "the log tells")
            assert not (folder / "REJECTED.txt").exists()
            (state / "filler").unlink()
            assert "It is recorded" in board.post(mail.link, fields).text \
                or said_yes
            assert board.facts("report")["total"]["acknowledged"] == 1
            board.reload()  # half a minute later it would look by itself
            accepted(board, 4)
            assert sum("LTB-2" in m.text for m in recorder.mails) == 2
            board.invariants()
            board.stop()
        finally:
            if board.is_running:
                board.kill()


@pytest.mark.skipif(not IS_ROOT, reason="mounts a file system")
def test_f30_a_disk_turns_read_only(board, recorder):
    state = board.folder / "state"
    with mounted(state):
        try:
            begin(board, recorder)
            board.brief("LTB-1")
            accepted(board, 2)
            board.stop()
            remount(state, "ro")
            fails_to_start(board, "can't start", "state",
                           "Read-only file system")
            remount(state, "rw")
            board.start()
            board.brief("LTB-2")
            accepted(board, 4)
            board.invariants()
            board.stop()
        finally:
            if board.is_running:
                board.kill()


CONFS = [
    ("unheard_of = 1;\n", "unheard_of"),
    ('board: { name = "Again"; };\n', "board"),
    ('@include "/etc/passwd"\n', "include"),
    ("relays = 25;\n", "a second time"),
    ("web: {", "briefingd.conf:"),
]


@pytest.mark.parametrize("group, key, value", [
    ("relay", "port", "25"), ("relay", "port", 65536),
    ("relay", "port", 4294967321), ("relay", "tls", "maybe"),
    ("relay", "timeout_seconds", 0), ("board", "colour", "#ffffff"),
    ("board", "time_zone", "Mars/Olympus"), ("board", "nmae", "x"),
    ("mail", "from", "nobody"), ("mail", "from", "a@b.example\r\nX: y"),
    ("web", "base", "learning.example"), ("web", "listen", "nowhere"),
    ("web", "trusted_proxies", ["all"]), ("evidence", "window_days", 0)])
def test_f20_a_setting_that_is_wrong(board, group, key, value):
    board.configure(**{group: {key: value}})
    lines = board.conf.read_text().splitlines()
    at = lines.index("relays = (" if group == "relay" else f"{group}: {{")
    line = next(number for number in range(at, len(lines))
                if lines[number].startswith(f"{key} = ")) + 1
    word = f"briefingd.conf:{line}: "
    board.ctl("check", code=1)
    assert word in board.said
    fails_to_start(board, word)


def test_f20_a_configuration_that_breaks_while_it_runs(board, recorder):
    begin(board, recorder)
    good = board.conf.read_text()
    for text, word in CONFS:
        before = board.log.count("not reloaded")
        board.write(board.conf, good + text)
        board.reload()
        board.until(lambda: board.log.count("not reloaded") > before, word)
        assert word in [line for line in board.log.splitlines()
                        if "not reloaded" in line][-1]
        board.ctl("status", code=1)
        assert f"briefingd.conf:{len(good.splitlines()) + 1}" in board.said \
            or text == "web: {"
    board.conf.unlink()
    board.reload()
    board.write(board.conf, good)
    # the old ones are in force all the while
    board.brief("LTB-1")
    accepted(board, 2)


def test_f20_secrets_that_others_may_read(board, recorder):
    begin(board, recorder)
    board.stop()
    key = board.folder / "state/keys/link.key"
    kept = key.read_text()
    key.chmod(0o644)
    fails_to_start(board, "link.key", "chmod 600")
    key.chmod(0o600)
    key.write_text("1 abc\n")
    fails_to_start(board, "link.key:1")
    key.write_text(kept)
    secret = board.folder / "password"
    secret.write_text("correct horse\n")
    secret.chmod(0o640)
    board.configure(relay={"user": "briefingd", "password_file": str(secret)})
    fails_to_start(board, str(secret), "chmod 600")
    secret.chmod(0o600)
    secret.write_text("")
    fails_to_start(board, "holds no password")
    secret.unlink()
    fails_to_start(board, "password")
    assert kept.split()[1] not in board.log
    assert "correct horse" not in board.log


def change(board, statement):
    path = board.folder / "state/briefingd.db"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)


def test_f20_stores_that_are_none_of_ours(board, recorder):
    begin(board, recorder)
    board.brief("LTB-1")
    accepted(board, 2)
    board.stop()
    path = board.folder / "state/briefingd.db"
    version = board.value("PRAGMA user_version")
    change(board, "PRAGMA user_version = 99")
    fails_to_start(board, "99", "newer version")
    board.ctl("status", code=1)
    assert "newer version" in board.said
    change(board, f"PRAGMA user_version = {version}")
    good = path.read_bytes()
    for content in (b"this is no database at all\n" * 1000,
                    good[:5000], b"\0" * len(good)):
        path.write_bytes(content)
        fails_to_start(board, "can't start")
        board.ctl("status", code=1)
        assert path.read_bytes() == content  # nothing was made of it
    path.write_bytes(good)
    board.start()
    assert board.facts("status")["queue"]["accepted"] == 2
    board.invariants()


def test_f10_a_restored_or_cloned_store_starts_paused(board, recorder):
    begin(board, recorder)
    board.brief("LTB-1")
    accepted(board, 2)
    copy = board.folder / "copy.db"
    board.ctl("backup", copy)
    assert copy.stat().st_mode & 0o077 == 0
    board.ctl("backup", board.folder / "no/where.db", code=1)
    board.brief("LTB-2")
    accepted(board, 4)
    board.stop()
    # yesterday's copy comes back: what it does not know was sent
    state = board.folder / "state"
    for path in state.glob("briefingd.db*"):
        path.unlink()
    shutil.copy(copy, state / "briefingd.db")
    board.start()
    assert "paused" in board.log and "restore" in board.log
    facts = board.facts("status")
    assert facts["paused"] and facts["paused_reason"]
    assert "paused" in board.ctl("status")
    board.until(lambda: board.facts("status")["briefings"] == 2, "taken in")
    assert len(recorder.mails) == 4
    # so is a copy of its files
    board.ctl("resume")
    board.until(lambda: len(recorder.mails) == 6, "it sends again")
    board.stop()
    shutil.copytree(state, board.folder / "clone")
    shutil.rmtree(state)
    (board.folder / "clone").rename(state)
    board.start()
    assert board.facts("status")["paused"]
    # put back into the very file, it is one all the same
    board.stop()
    before = board.log.count("restore")
    (state / "briefingd.db").write_bytes(copy.read_bytes())
    board.start()
    assert board.log.count("restore") > before
    assert board.facts("status")["paused"]
    # a restart is no resume
    board.stop()
    board.start()
    assert board.facts("status")["paused"]
    board.ctl("resume")
    board.stop()
    board.start()
    assert not board.facts("status")["paused"]


def test_f20_the_log_names_nobody(clocked, recorder):
    """At the default level, through good and bad days alike."""
    board = clocked
    recorder.on_rcpt = lambda address: \
        f"550 5.1.1 <{address}> Bob Babbage unknown" \
        if address == BOB else None
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann Anning", f"{BOB},Bob Babbage"])
    board.start()
    board.live()
    board.brief("LTB-1", marking="OFFICIAL-SENSITIVE")
    board.brief("LTB-2")
    board.until(lambda: board.facts("status")["queue"]["refused"],
                "one is refused")
    board.until(lambda: recorder.to(ANN), "the other is sent")
    accepted(board, len(recorder.to(ANN)))
    for mail in recorder.to(ANN):
        page = board.confirm(mail)
        board.get(mail.link.upper())
        board.get(mail.link + "/LTB-1/7")
        board.post("/c", [("code", mail.code)])
        board.post(mail.link, [("address", BOB)])
        assert page.status == 200
    board.list("police", [f"{ANN},Ann Anning", f"{ANN},Ann Anning",
                          "bob@police,Bob Babbage"])
    board.until(lambda: board.facts("list", "show")[0].get("problem"), "told")
    board.reload()
    board.stop()
    log = board.log.lower()
    for word in (ANN, BOB, "anning", "babbage", "bob@", "ann@"):
        assert word not in log, word
    for mail in recorder.mails:
        assert mail.link.split("/")[-1][1:12] not in log
        assert mail.code not in log
