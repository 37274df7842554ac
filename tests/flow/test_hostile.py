"""What people and disks do to it: a clear error, and nothing lost."""
import contextlib
import os
import socket
import sqlite3
import subprocess
import time

import pytest

from conftest import IS_SOAK

ANN = "ann@police.example"
GREAT = 100_000 if IS_SOAK else 20_000


def begin(board, recorder, **conf):
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"], **conf)
    board.start()
    board.live()


def rejected(board, folder, word):
    board.until((folder / "REJECTED.txt").exists, "REJECTED.txt")
    text = (folder / "REJECTED.txt").read_text()
    assert word in text, text
    assert folder.name in board.ctl("briefing", "list")


def still_works(board, recorder):
    board.brief("LTB-99")
    board.until(lambda: any("LTB-99" in m.text for m in recorder.mails),
                "a good briefing goes")


def draft(board, **values):
    """A folder that can still be spoilt before it is dropped."""
    folder = board.brief("LTB-1", **values)
    away = board.folder / "spoilt"
    folder.rename(away)
    return away, folder


@pytest.fixture
def quiet(board, recorder):
    """Nothing is taken in while a folder is being spoilt."""
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"])
    return board


@pytest.mark.parametrize("spoil, word", [
    (lambda f: (f / "a.pdf").symlink_to("/etc/passwd"), "a.pdf"),
    (lambda f: os.mkfifo(f / "a.pdf"), "a.pdf"),
    (lambda f: (f / "a.pdf").mkdir(), "a.pdf"),
], ids=["symlink", "fifo", "folder"])
def test_f20_a_document_that_is_no_file(quiet, recorder, spoil, word):
    board = quiet
    away, folder = draft(board, documents={"a.pdf": b"%PDF"})
    (away / "a.pdf").unlink()
    spoil(away)
    for path in (*away.iterdir(), away):
        if not path.is_symlink():
            board.age(path)
    away.rename(folder)
    board.start()
    board.live()
    rejected(board, folder, word)
    assert b"root:" not in b"".join(
        p.read_bytes() for p in (board.folder / "state").rglob("*")
        if p.is_file())
    still_works(board, recorder)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..",
                                  "a/b.pdf", ""])
def test_f20_a_document_from_elsewhere(board, recorder, name):
    begin(board, recorder)
    folder = board.brief("LTB-1", named=[{"file": name, "title": "x"}])
    rejected(board, folder, "briefing.conf:")
    still_works(board, recorder)


def test_f20_a_manifest_of_10_mb(board, recorder):
    begin(board, recorder)
    folder = board.brief("LTB-1", themes=["x"])
    board.write(folder / "briefing.conf", b"# " + b"x" * 10_000_000 + b"\n")
    rejected(board, folder, "briefing.conf")
    still_works(board, recorder)


def test_f20_words_that_try_to_break_out(board, recorder):
    evil = '<script>alert(1)</script> & "quoted"'
    board.relay(recorder)
    board.list("police", [f'{ANN},"{evil.replace(chr(34), chr(34) * 2)}"'],
               from_name="O'Neil & <b>Sons</b>")
    board.start()
    board.live()
    board.brief("LTB-1", title=evil, key_messages=[evil], summary=evil)
    mail = board.until(lambda: recorder.mails, "the mail")[0]
    assert evil in mail.message["Subject"]
    assert "<script" not in mail.html
    assert "&lt;script&gt;" in mail.html
    page = board.get(mail.link)
    assert "<script" not in page.text and "&lt;script&gt;" in page.text


@pytest.mark.parametrize("title", ["Child G\r\nBcc: eve@evil.example",
                                   "Child G\nBcc: eve@evil.example"])
def test_f20_a_line_break_in_a_title_is_refused(board, recorder, title):
    begin(board, recorder)
    folder = board.brief("LTB-1", title=title)
    rejected(board, folder, "briefing.conf:3: title")
    assert recorder.offered == 0


@pytest.mark.parametrize("row, word", [
    ('"ann@police.example\nRCPT TO:<eve@evil.example>",Ann', "police.csv:"),
    ("ann@police.example,Ann\nbob@police", "police.csv:3"),
    ('ann@police.example,"Ann', "police.csv:"),
    ("ann@police.example,Ann\nANN@Police.example,Ann", "police.csv:3"),
    ("ann@police.example,Ann,more", "police.csv:2"),
])
def test_f20_a_csv_that_is_wrong_changes_nothing(board, recorder, row, word):
    begin(board, recorder)
    board.until(lambda: board.facts("list", "show")[0]["members"] == 1, "Ann")
    board.list("police", [row])
    board.until(lambda: board.facts("list", "show")[0].get("problem"),
                "the problem is told")
    assert word in board.facts("list", "show")[0]["problem"]
    board.ctl("list", "check", "police", code=1)
    assert word in board.said
    still_works(board, recorder)
    assert {m.recipient for m in recorder.mails} == {ANN}


def test_f30_a_great_list(board, recorder):
    begin(board, recorder, schedule="monthly 1 03:00")
    board.list("police", [f"m{i}@police.example,Member {i}"
                          for i in range(GREAT)] + [f"{ANN},Ann"],
               schedule="monthly 1 03:00")
    board.until(lambda: board.facts("list", "show")[0]["members"] == GREAT + 1,
                "all are loaded", 120)
    # and meanwhile and afterwards it answers
    assert board.get("/healthz").status == 200


def test_f20_mass_removal_waits_to_be_accepted(board, recorder):
    board.relay(recorder)
    everyone = [f"m{i}@police.example,M" for i in range(20)]
    board.list("police", everyone, schedule="monthly 1 03:00")
    board.start()

    def facts():
        return next(iter(board.facts("list", "show")), {})
    board.until(lambda: facts().get("members") == 20, "20 members")
    board.list("police", everyone[:10], schedule="monthly 1 03:00")
    board.until(lambda: facts().get("held_removals") == 10, "it is held")
    assert facts()["members"] == 20
    board.ctl("list", "accept", "police")
    board.until(lambda: facts()["members"] == 10, "it is applied")


def test_f20_a_template_that_does_not_parse(board, recorder):
    begin(board, recorder)
    folder = board.folder / "templates/mail"
    folder.mkdir()
    board.write(folder / "digest.txt", "{{#briefings}} never closed")
    board.reload()
    board.until(lambda: "mail/digest.txt" in board.log, "the log tells")
    board.ctl("check", code=1)
    assert "digest.txt" in board.said
    still_works(board, recorder)
    assert "never closed" not in recorder.mails[0].text


def test_f20_a_port_in_use(board, recorder):
    board.relay(recorder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", board.port))
        taken.listen()
        board.start(wait=False)
        assert board.process.wait(20) == 1
        assert "web.listen" in board.log
        board.process = None


def test_f20_a_second_daemon_on_the_same_store(board, recorder):
    begin(board, recorder)
    second = subprocess.run(
        [board.process.args[0], "-c", board.conf], capture_output=True,
        env=board.environment, timeout=20)
    assert second.returncode == 1 and second.stderr
    still_works(board, recorder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_f20_a_read_only_state_folder(board, recorder):
    board.relay(recorder)
    (board.folder / "state").chmod(0o500)
    board.start(wait=False)
    assert board.process.wait(20) == 1
    assert "state" in board.log
    board.process = None


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_f30_a_full_disk(board, recorder):
    state = board.folder / "state"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs",
                              str(state)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("can't mount here")
    try:
        begin(board, recorder)
        filler = state / "filler"
        with open(filler, "wb", buffering=0) as file, \
                contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        folder = board.brief("LTB-1", documents={
            "a.pdf": b"%PDF-1.4\n" + bytes(2**20)})
        board.until(lambda: "full" in board.log.lower() or
                    "no space" in board.log.lower(), "the log tells")
        assert board.get("/healthz").status in (200, 503)
        filler.unlink()
        board.reload()  # half a minute later it would look by itself
        board.until(lambda: recorder.mails, "it goes once there is room", 120)
        assert not (folder / "REJECTED.txt").exists()
        board.stop()
    finally:
        if board.is_running:
            board.kill()
        subprocess.run(["umount", "-l", str(state)], check=True)


def write_store(board):
    """A second connection that writes; what it begins, it must end."""
    return contextlib.closing(sqlite3.connect(
        board.folder / "state" / "briefingd.db", isolation_level=None,
        timeout=10))


def test_f30_a_reload_while_the_store_is_locked(board, recorder):
    begin(board, recorder)
    with write_store(board) as store:
        store.execute("BEGIN IMMEDIATE")
        board.reload()
        board.until(lambda: "reloaded" in board.log, "the reload")
        time.sleep(1)
        store.execute("ROLLBACK")
    board.list("police", ["ann@police.example,Ann", "ben@police.example,Ben"])
    board.until(lambda: board.value("SELECT count(*) FROM member") >= 2,
                "the changed list")


def test_f30_a_start_while_the_store_is_locked(board, recorder):
    begin(board, recorder)
    board.stop()
    with write_store(board) as store:
        store.execute("BEGIN IMMEDIATE")
        board.start(wait=False)
        time.sleep(1)
        assert board.is_running, board.log
        store.execute("ROLLBACK")
    board.until(lambda: board.hears("READY=1"), "the daemon is ready")
    still_works(board, recorder)


def test_f30_a_folder_that_fails_keeps_no_other_waiting(board, recorder):
    begin(board, recorder)
    with write_store(board) as store:
        store.execute("CREATE TRIGGER no BEFORE INSERT ON folder"
                      " WHEN NEW.name = 'a-bad'"
                      " BEGIN SELECT RAISE(ABORT, 'not this one'); END")
        board.brief("LTB-1", folder="a-bad")
        board.until(lambda: "can't take folder=a-bad" in board.log, "a failure")
        board.brief("LTB-2", folder="b-good")
        board.until(lambda: "taken folder=b-good" in board.log, "the other",
                    20)
        store.execute("DROP TRIGGER no")


def test_f30_windows_close_while_a_digest_cannot_be_planned(board, recorder):
    board.relay(recorder)
    board.list("police", ["ann@police.example,Ann"], documents="attached")
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: recorder.mails, "a mail")
    board.ctl("pause", "--reason", "to lose a document")
    board.brief("LTB-2", documents={"a.pdf": b"%PDF-1.4\n"})
    board.until(lambda: "taken folder=ltb-2" in board.log, "the second")
    for path in (board.folder / "state" / "documents").iterdir():
        path.unlink()
    board.ctl("resume")
    board.until(lambda: "planning a digest" in board.log, "it can't be made")
    board.advance(200 * 86400)
    board.until(lambda: board.value(
        "SELECT count(*) FROM requirement WHERE missed_at IS NOT NULL"),
        "the negative receipt", 50)
    assert board.log.count("planning a digest") == 1


def test_f30_an_empty_lists_folder_removes_nothing(board, recorder):
    board.relay(recorder)
    board.list("police", ["ann@police.example,Ann"])
    board.start()
    board.until(lambda: "list loaded" in board.log, "the list is loaded")
    for path in (board.folder / "lists").iterdir():
        path.unlink()
    board.reload()
    board.until(lambda: "lists folder is empty" in board.log, "it is said")
    assert not board.facts("list", "show")[0]["removed"]


def test_f30_what_takes_a_restart_is_not_reloaded(board, recorder):
    board.relay(recorder)
    board.start()
    board.configure(web={"listen": "127.0.0.1:1"},
                    board={"name": "Another Partnership"})
    board.reload()
    board.until(lambda: "not reloaded: web.listen" in board.log, "it is said")
    assert "Another" not in board.get("/c").text
