"""The drop folder: what is taken in, what waits, what is rejected and why.

Many folders stand in one drop folder where they can: each is judged by itself,
and none may stand in another's way.
"""
import datetime
import grp
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import time
import zoneinfo

import pytest

from conftest import IS_SOAK
from servers import let_through

ANN = "ann@police.example"
PDF = b"%PDF-1.4 two pages\n"
MANY = 200 if IS_SOAK else 50
NEVER = {"schedule": "monthly 1 03:00"}
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def office(board):
    """A board whose daemon runs and mails nothing by itself."""
    board.list("police", [f"{ANN},Ann"], **NEVER)
    board.start()
    return board


def mail_at_once(board, recorder):
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"])
    board.start()
    board.live()
    return board


@pytest.fixture
def mailing(board, recorder):
    """A live board that mails at once."""
    return mail_at_once(board, recorder)


def entries(board, ref=None, folder=None):
    return [each for each in board.facts("briefing", "list")
            if (ref is None or each.get("ref") == ref) and
            (folder is None or each.get("folder") == folder)]


def version(board, ref, number=1):
    """Waits for that version of a briefing."""
    def found():
        return [each for each in entries(board, ref)
                if each["version"] == number]
    return board.until(found, f"{ref} version {number}", 60)[0]


def drop(board, spoil, ref, folder=None, **values):
    """A folder that spoil(path) was let loose on, dropped in one step."""
    final = board.brief(ref, folder=f".spoilt-{ref.lower()}", **values)
    spoil(final)
    for path in final.iterdir():
        if path.is_file() and not path.is_symlink():
            board.age(path)
    place = os.path.join(os.fsencode(board.folder / "approved"),
                         os.fsencode(folder or ref.lower()))
    os.rename(final, place)
    return board.folder / "approved" / os.fsdecode(place).split("/")[-1]


def manifest(text, keep=True):
    """Adds to briefing.conf, or (keep=False) stands in its place."""
    text = text if isinstance(text, bytes) else text.encode()

    def spoil(folder):
        path = folder / "briefing.conf"
        path.write_bytes((path.read_bytes() if keep else b"") + text)
    return spoil


def without(*keys):
    def spoil(folder):
        path = folder / "briefing.conf"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines
                                if line.split(" ")[0] not in keys))
    return spoil


def summary(content):
    return lambda folder: (folder / "summary.md").write_bytes(content)


def instead(name, make):
    """make(path) in that file's place"""
    def spoil(folder):
        (folder / name).unlink(missing_ok=True)
        make(folder / name)
    return spoil


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as end:
        os.chdir(path.parent)  # its address has 108 bytes at most
        try:
            end.bind(path.name)
        finally:
            os.chdir("/")


def document(name, make, **more):
    def spoil(folder):
        text = (f'documents = ( {{ file = "{name}"; title = "Paper"; }} );\n')
        manifest(text)(folder)
        make(folder / name)
    return spoil


def sparse(size, head=PDF):
    def make(path):
        path.write_bytes(head)
        os.truncate(path, size)
    return make


def crowd(folder):
    for number in range(1100):
        (folder / f"page-{number}").touch()


LINE = r"briefing.conf:"
NESTED = "a = " + "( " * 60_000

# what is done to a good folder, and what REJECTED.txt must say
BAD = {
    "no-approval": (without("approved_by", "approved_on", "approval_ref"),
                    ["approved_by", "approved_on", "approval_ref"]),
    "no-date": (without("approved_on"), ["approved_on"]),
    "blank-by": (manifest(""), []),  # filled in below
    "unknown-key": (manifest("approved = true;\n"), [LINE, "approved"]),
    "wrong-type": (manifest("publish = 1;\n"), [LINE, "publish"]),
    "out-of-range": (manifest("acknowledge_within_days = 366;\n"),
                     [LINE, "acknowledge_within_days", "365"]),
    "overflow": (manifest("acknowledge_within_days = 4294967310;\n"),
                 [LINE, "acknowledge_within_days"]),
    "duplicate": (manifest('title = "Again";\n'), [LINE, "title"]),
    "include": (manifest('@include "/etc/passwd"\n'), [LINE, "include"]),
    "nul": (manifest(b"themes = [ \"a\0b\" ];\n"), ["briefing.conf"]),
    "latin-1": (manifest(b'themes = [ "caf\xe9" ];\n'), [LINE, "UTF-8"]),
    "utf-16": (manifest("\ufeffref = \"X\";\n".encode("utf-16-le"), False),
               ["briefing.conf", "UTF-8"]),
    "empty": (manifest("", False), ["ref", "title", "approved_by"]),
    "syntax": (manifest("themes = [ \"a\" \"b\" ];\n"), [LINE]),
    "nested": (manifest(NESTED), ["briefing.conf"]),
    "binary": (manifest(bytes(range(256)) * 100, False), ["briefing.conf"]),
    "ten-mb": (manifest("#" * 10_000_000), ["briefing.conf", "at most"]),
    "too-many": (manifest("documents = ( " + ", ".join(
        f'{{ file = "{n}.pdf"; }}' for n in range(21)) + " );\n"),
        [LINE, "documents", "20"]),
    "twice": (manifest('documents = ( { file = "a.pdf"; },'
                       ' { file = "a.pdf"; } );\n'), [LINE, "named twice"]),
    "itself": (manifest('documents = ( { file = "Briefing.conf"; } );\n'),
               [LINE, "Briefing.conf"]),
    "embargo": (manifest('not_before = "tomorrow";\n'), [LINE, "not_before"]),
    "passwd": (manifest('documents = ( { file = "../../../../../etc/passwd";'
                        ' } );\n'), [LINE, "etc/passwd", "without a path"]),
    "hidden": (manifest('documents = ( { file = "..pdf"; } );\n'), [LINE]),
    "conf-fifo": (instead("briefing.conf", os.mkfifo),
                  ["briefing.conf: is not a regular file"]),
    "conf-link": (instead("briefing.conf",
                          lambda p: p.symlink_to("/etc/passwd")),
                  ["briefing.conf: is a symbolic link"]),
    "conf-folder": (instead("briefing.conf", os.mkdir),
                    ["briefing.conf: is not a regular file"]),
    "summary-fifo": (instead("summary.md", os.mkfifo),
                     ["summary.md: is not a regular file"]),
    "summary-link": (instead("summary.md",
                             lambda p: p.symlink_to("/etc/passwd")),
                     ["summary.md: is a symbolic link"]),
    "summary-device": (instead("summary.md",
                               lambda p: p.symlink_to("/dev/zero")),
                       ["summary.md: is a symbolic link"]),
    "summary-utf-16": (summary("Child G".encode("utf-16")),
                       ["summary.md", "UTF-16"]),
    "summary-latin-1": (summary(b"one\ntwo caf\xe9\n"),
                        ["summary.md:2", "UTF-8"]),
    "summary-control": (summary(b"one\ntwo\n\x1b[2Jthree\n"),
                        ["summary.md:3", "control character"]),
    "summary-blank": (summary(b" \n\n"), ["summary.md: is empty"]),
    "summary-huge": (summary(b"word " * 60_000), ["summary.md", "at most"]),
    "pdf-socket": (document("a.pdf", make_socket),
                   ["a.pdf: is not a regular file"]),
    "pdf-html": (document("a.pdf", lambda p: p.write_text("<script>")),
                 ["a.pdf", "none inside"]),
    "pdf-empty": (document("a.pdf", lambda p: p.touch()),
                  ["a.pdf: is empty"]),
    "pdf-huge": (document("a.pdf", sparse(51 * 2**20)), ["a.pdf", "50"]),
    "html": (document("a.html", lambda p: p.write_text("<script>")),
             ["a.html", "save it as PDF"]),
    "program": (document("a.sh", lambda p: p.write_text("rm")),
                ["a.sh", "allowed are pdf"]),
    "crowd": (crowd, ["more than 1000 files"]),
}
BAD["blank-by"] = (lambda folder: manifest(
    (folder / "briefing.conf").read_text().replace(
        "Minute 6.2", " ").encode(), False)(folder), [LINE, "approval_ref"])


def test_f10_what_is_wrong_stands_beside_it_and_in_the_list(office):
    folders = {name: drop(office, spoil, f"BAD-{name}")
               for name, (spoil, _) in BAD.items()}
    # nothing of it stands in the way of what comes behind it
    office.brief("ZZZ-1", documents={"a.pdf": PDF})
    version(office, "ZZZ-1")
    for name, folder in folders.items():
        office.until((folder / "REJECTED.txt").exists, f"{name}: REJECTED.txt")
        said = (folder / "REJECTED.txt").read_text()
        for word in BAD[name][1]:
            assert word in said, f"{name}: {word!r} is not in: {said}"
        (entry,) = entries(office, folder=folder.name)
        assert entry["state"] == "rejected", name
        assert entry["detail"].strip() in said, name
        assert not entries(office, ref=f"BAD-{name}"), name
    assert office.facts("status")["folders_rejected"] == len(folders)
    assert not [path for path in (office.folder / "state").rglob("*")
                if path.is_file() and b"root:x:" in path.read_bytes()]
    # mended, each is taken and the word goes
    for name in ("no-approval", "pdf-socket", "ten-mb"):
        shutil.rmtree(folders[name])
        office.brief(f"BAD-{name}")
        version(office, f"BAD-{name}")
        assert not (folders[name] / "REJECTED.txt").exists()
    assert not entries(office, folder=folders["no-approval"].name)


def test_f20_mended_in_place(office):
    """As an officer does it: with an editor, in the drop folder."""
    folder = drop(office, without("approval_ref"), "LTB-1")
    office.until((folder / "REJECTED.txt").exists, "REJECTED.txt")
    with open(folder / "briefing.conf", "a") as file:
        file.write('approval_ref = "Minute 7";\n')
    assert version(office, "LTB-1")["approval_ref"] == "Minute 7"
    office.until(lambda: not (folder / "REJECTED.txt").exists(),
                 "the word goes")


# names of folders, and whether what is in them can be taken
NAMES = [(b"two\nlines", True), (b"\xe2\x98\x83 snow & <b>", True),
         (b"-rf", True), (b"%s%n%x", True), (b"esc\x1b[31m", True),
         (b"x" * 200, True), (b"'; DROP TABLE folder; --", True),
         (b"caf\xe9", False)]


def test_f20_folders_may_have_any_name(office):
    for number, (name, _) in enumerate(NAMES):
        drop(office, lambda folder: None, f"NAME-{number}", folder=name)
        # the same name with nothing good in it is told of as well
        drop(office, without("title"), f"BAD-{number}", folder=name + b"-bad")
    office.brief("ZZZ-1")
    version(office, "ZZZ-1")
    for number, (name, is_good) in enumerate(NAMES):
        if is_good:
            version(office, f"NAME-{number}")
    rejected = [each["folder"] for each in entries(office)
                if each.get("state") == "rejected"]
    assert len(rejected) == len(NAMES) + 1, rejected
    assert "two\nlines-bad" in rejected
    told = office.ctl("briefing", "list")
    assert "\x1b" not in told and "UTF-8" in told
    # a name can't make a line of its own in the log
    assert not [line for line in office.log.splitlines()
                if line.startswith("lines")]


@pytest.mark.skipif(not IS_ROOT, reason="root alone can become another user")
def test_f20_what_may_not_be_read_is_told_of(board):
    """root may read all, so the daemon runs as somebody else."""
    nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup",
              "--clear-groups"]
    let_through(board.folder)
    board.list("police", [f"{ANN},Ann"], **NEVER)
    board.configure()
    shutil.chown(board.folder, "nobody")
    for path in board.folder.rglob("*"):
        os.chown(path, pwd.getpwnam("nobody").pw_uid,
                 grp.getgrnam("nogroup").gr_gid)
    board.wrapper = nobody
    if subprocess.run([*nobody, "test", "-x", board.program]).returncode:
        pytest.skip("others can't get at this tree")
    board.start()
    for name in ("approved", "lists", "state"):
        (board.folder / name).chmod(0o777)

    def shut(name):
        return lambda folder: (folder / name).chmod(0)
    drop(board, lambda folder: folder.chmod(0), "SHUT-1")
    drop(board, shut("briefing.conf"), "SHUT-2")
    drop(board, document("a.pdf", lambda p: (p.write_bytes(PDF),
                                             p.chmod(0))), "SHUT-3")
    folder = drop(board, without("title"), "SHUT-4")
    folder.chmod(0o555)  # its REJECTED.txt can't be written
    drop(board, lambda folder: folder.chmod(0o755), "ZZZ-1")
    version(board, "ZZZ-1")
    for number, word in enumerate(["this folder", "briefing.conf", "a.pdf",
                                   "title"], 1):
        def told():
            return entries(board, folder=f"shut-{number}")
        entry = board.until(told, f"shut-{number} is told of")[0]
        assert entry["state"] == "rejected" and word in entry["detail"]
    (board.folder / "approved/shut-1").chmod(0o755)
    board.reload()  # nothing else rings for a change of rights
    version(board, "SHUT-1")


def test_f20_half_a_copy_waits_until_it_is_whole_and_still(unclocked,
                                                           recorder):
    board = mail_at_once(unclocked, recorder)
    content = PDF + os.urandom(3_000_000)
    folder = board.brief("LTB-1", named=[{"file": "a.pdf", "title": "A"}])

    def waiting():
        return [each for each in entries(board, folder="ltb-1")
                if each["state"] == "waiting"]
    entry = board.until(waiting, "it waits")[0]
    assert "a.pdf" in entry["detail"]
    with open(folder / "a.pdf", "wb") as file:
        for start in range(0, len(content), 300_000):
            file.write(content[start:start + 300_000])
            file.flush()
            # slower than it looks, faster than it counts as still
            board.until(lambda end=time.monotonic() + 0.3:
                        time.monotonic() > end, "the copy goes on")
            assert not entries(board, "LTB-1")
    taken = version(board, "LTB-1")
    assert taken["documents"][0]["sha256"] == \
        hashlib.sha256(content).hexdigest()
    mail = board.until(lambda: recorder.mails, "the mail")[0]
    page = board.get(f"{mail.link}/LTB-1/1")
    assert page.body == content
    assert page.headers["Content-Type"] == "application/pdf"


def test_f20_a_copy_under_another_name_waits(unclocked):
    """Browsers and office programs leave such files while they write."""
    office = unclocked
    office.start()
    folder = office.brief("LTB-1", folder=".ltb-1")
    (folder / "a.pdf.part").write_bytes(PDF)
    folder.rename(office.folder / "approved/ltb-1")
    office.brief("LTB-2")
    version(office, "LTB-2")
    assert not entries(office, "LTB-1")
    (office.folder / "approved/ltb-1/a.pdf.part").unlink()
    version(office, "LTB-1")


def test_f20_documents_come_from_the_page_byte_by_byte(mailing, recorder):
    board = mailing
    documents = {"a.pdf": PDF + os.urandom(200_000),
                 "Übung <1>.txt": "ein Wort\n".encode(),
                 "p.png": b"\x89PNG\r\n\x1a\n" + os.urandom(1000)}
    board.brief("LTB-1", documents=documents)
    mail = board.until(lambda: recorder.mails, "the mail")[0]
    for number, content in enumerate(documents.values(), 1):
        page = board.get(f"{mail.link}/LTB-1/{number}")
        assert page.status == 200 and page.body == content
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert int(page.headers["Content-Length"]) == len(content)
    for number in ("0", "4", "-1", "1/..", "a.pdf", "1e0", "1%00", ""):
        page = board.get(f"{mail.link}/LTB-1/{number}")
        assert page.body not in documents.values(), number
    # the store lost one: said so, and nothing else is served in its place
    kept = board.folder / "state/documents" / \
        hashlib.sha256(documents["a.pdf"]).hexdigest()
    kept.unlink()
    assert board.get(f"{mail.link}/LTB-1/1").status == 503
    assert board.get(f"{mail.link}/LTB-1/2").status == 200
    assert "document" in board.log


def test_f20_the_same_content_is_one_briefing(mailing, recorder):
    board = mailing
    board.brief("LTB-1", documents={"a.pdf": PDF})
    board.until(lambda: recorder.mails, "the mail")
    # another folder, another order of the lines, CRLF in the summary
    folder = board.brief("LTB-1", folder=".again", documents={"a.pdf": PDF})
    first, *rest = (folder / "briefing.conf").read_text().splitlines()
    (folder / "briefing.conf").write_text("\r\n".join([*rest, first]))
    path = folder / "summary.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n",
                                                               b"\r\n"))
    folder.rename(board.folder / "approved/again")
    # another briefing's folder with the ref of this one: a slip
    slip = board.brief("LTB-1", folder="slip", title="Child H: another")
    board.until((slip / "REJECTED.txt").exists, "the slip is told of")
    assert "LTB-1" in (slip / "REJECTED.txt").read_text()
    board.until(lambda: "known folder=again" in board.log, "it is known")
    assert [each["version"] for each in entries(board, "LTB-1")] == [1]
    assert len(recorder.mails) == 1
    board.invariants()


def test_f20_changed_content_is_a_new_version(board, recorder):
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann", "bob@police.example,Bob"])
    board.start()
    board.live()
    board.brief("LTB-1", summary="First words.\n", documents={"a.pdf": PDF})
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 2,
                "both mails")
    old = recorder.to("bob@police.example")[0]
    board.brief("LTB-1", summary="Second words.\n", material=True,
                changes="Who to ring.", documents={"a.pdf": PDF + b"more"})
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 4,
                "both mails again")
    assert "Second words." in recorder.mails[-1].text
    assert "What changed: Who to ring." in recorder.mails[-1].text
    assert board.rows("SELECT number, r.closed_as, count(*)"
                      " FROM standing_requirement AS r"
                      " JOIN version ON version.id = version_id"
                      " GROUP BY 1, 2 ORDER BY 1") == [
        (1, "superseded", 2), (2, None, 2)]
    page = board.get(old.link)
    assert page.status == 200 and "newer version" in page.text
    assert not [name for name, _ in page.fields if name == "v"]
    assert board.get(old.link + "/LTB-1").status == 410
    assert board.get(old.link + "/LTB-1/1").status == 410
    new = recorder.to("bob@police.example")[1]
    assert board.get(new.link + "/LTB-1/1").body == PDF + b"more"
    board.invariants()


def test_f20_a_small_change_asks_nobody_again(clocked, recorder):
    """Who had the version before confirms with that mail, and sees the new
    text; who joins gets the new one."""
    board = clocked
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann", "bob@police.example,Bob"])
    board.start()
    board.live()
    board.brief("LTB-1", summary="Ring 1234.\n")
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 2,
                "both mails")
    assert board.confirm(recorder.to(ANN)[0]).status == 200
    board.brief("LTB-1", summary="Ring 5678.\n")
    board.until(lambda: board.value("SELECT count(*) FROM version") == 2,
                "the new version")
    board.list("police", [f"{ANN},Ann,", "bob@police.example,Bob,",
                          "cy@police.example,Cy,2019-01-01"],
               header="address,name,since")
    board.until(lambda: recorder.to("cy@police.example"), "Cy's mail")
    assert "Ring 5678." in recorder.to("cy@police.example")[0].text
    assert len(recorder.mails) == 3
    old = recorder.to("bob@police.example")[0]
    assert "Ring 5678." in board.get(old.link + "/LTB-1").text
    assert board.confirm(old).status == 200
    total = board.facts("report")["total"]
    assert (total["required"], total["acknowledged"], total["closed"]) == \
        (3, 2, 0)
    board.invariants()
    board.ctl("evidence", "verify")


def test_f20_not_before_holds_it_back(unclocked, recorder):
    board = mail_at_once(unclocked, recorder)
    london = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/London"))
    when = london.replace(tzinfo=None) + datetime.timedelta(seconds=9)
    board.brief("LTB-1", publish=True,
                not_before=when.isoformat(timespec="seconds"))
    board.brief("LTB-2")
    mail = board.until(lambda: recorder.mails, "the other's mail")[0]
    assert "LTB-1" not in mail.text
    assert version(board, "LTB-1")["state"] == "embargoed"
    assert "LTB-1" not in board.get("/b").text
    assert board.get("/b/LTB-1").status in (403, 404)
    board.until(lambda: len(recorder.mails) == 2, "its mail", 120)
    assert "LTB-1" in recorder.mails[1].text
    assert "LTB-1" in board.get("/b").text
    board.invariants()


def test_f20_withdrawn_between_plan_and_send(mailing, recorder):
    board = mailing
    recorder.on_mail = lambda address: "450 4.3.2 later"
    board.brief("LTB-1")
    board.until(lambda: board.facts("status")["queue"]["waiting"], "put off")
    board.brief("LTB-2")
    version(board, "LTB-2")
    board.ctl("briefing", "withdraw", "LTB-1", code=2)  # without a reason
    board.ctl("briefing", "withdraw", "LTB-9", "--reason", "no", code=1)
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "a name stood in it")
    recorder.on_mail = None
    board.until(lambda: any("LTB-2" in m.text for m in recorder.mails),
                "the other goes")
    board.until(lambda: not board.facts("status")["queue"]["due"], "all went")
    assert not any("LTB-1" in m.text for m in recorder.mails)
    assert version(board, "LTB-1")["state"] == "withdrawn"
    # its folder is still there: neither a scan nor a restart brings it back
    board.reload()
    board.stop()
    board.start()
    board.brief("LTB-3")
    board.until(lambda: any("LTB-3" in m.text for m in recorder.mails),
                "a third goes")
    assert not any("LTB-1" in m.text for m in recorder.mails)
    board.invariants()


def submit(board, *arguments, code=0, ref="LTB-1", **flags):
    values = {"title": "Child G", "approved-by": "The board",
              "approved-on": "2020-02-03", "approval-ref": "Minute 1"} | flags
    given = [word for key, value in values.items() if value is not None
             for word in (f"--{key}", value)]
    return board.ctl("submit", "--ref", ref, *given, *arguments, code=code)


def test_f10_submit_places_a_whole_folder(office):
    text, paper = office.folder / "text.md", office.folder / "paper=1.pdf"
    text.write_text("What happened.\n")
    paper.write_bytes(PDF)
    plain = office.folder / "paper.pdf"
    plain.write_bytes(PDF)
    submit(office, "--audience", "police", "--audience", "schools",
           "--theme", "neglect", "--key-message", 'See "the" child\\.',
           "--question", "What now?", "--publish", "--within", 7,
           "--not-before", "2020-03-01T08:00", text,
           f"{plain}=Two pages")
    taken = version(office, "LTB-1")
    assert taken["audience"] == ["police", "schools"] and taken["publish"]
    assert taken["documents"][0]["title"] == "Two pages"
    page = office.get("/b/LTB-1")
    assert "What happened." in page.text and "What now?" in page.text
    assert "See &quot;the&quot; child\\." in page.text or \
        'See "the" child\\.' in page.text
    assert office.get("/b/LTB-1/1").body == PDF
    # once more is a folder of its own with the same content: known
    submit(office, text, ref="LTB-2")
    submit(office, text, ref="LTB-2")
    version(office, "LTB-2")
    office.until(lambda: "known folder=" in office.log, "the second is known")
    assert [e["version"] for e in entries(office, "LTB-2")] == [1]


@pytest.mark.parametrize("arguments, flags, code, word", [
    ([], {}, 2, "summary"),
    (["text.md"], {"approved-on": None}, 1, "approved_on"),
    (["text.md"], {"approved-on": "2120-01-01"}, 1, "approved_on"),
    (["text.md"], {"approved-on": "3.2.2020"}, 1, "approved_on"),
    (["text.md"], {"title": "Child G\r\nBcc: eve@evil.example"}, 1, "title"),
    (["text.md"], {"title": "x" * 201}, 1, "title"),
    (["text.md"], {"ref": "../LTB"}, 1, "ref"),
    (["text.md"], {"marking": "SECRET"}, 1, "marking"),
    (["text.md"], {"kind": "novel"}, 1, "kind"),
    (["text.md"], {"within": "soon"}, 1, "within"),
    (["text.md"], {"within": "7; publish = true"}, 1, "within"),
    (["text.md"], {"within": "0"}, 1, "within"),
    (["text.md", "absent.pdf"], {}, 1, "absent.pdf"),
    (["absent.md"], {}, 1, "absent.md"),
    (["text.md", "text.md", "text.md"], {}, 1, "twice"),
    (["text.md", "fifo.pdf"], {}, 1, "fifo.pdf"),
    (["text.md", "--unheard-of"], {}, 2, "--unheard-of"),
    (["fifo.pdf"], {}, 1, "fifo.pdf"),
])
def test_f20_submit_places_nothing_that_is_wrong(board, arguments, flags, code,
                                                 word):
    (board.folder / "text.md").write_text("What happened.\n")
    os.mkfifo(board.folder / "fifo.pdf")
    ref = flags.pop("ref", "LTB-1")
    submit(board, *[board.folder / a if "." in a else a for a in arguments],
           code=code, ref=ref, **flags)
    assert word in board.said
    assert list((board.folder / "approved").iterdir()) == []


def test_f20_history_comes_in_without_mail(mailing, recorder):
    board = mailing
    text = board.folder / "text.md"
    text.write_text("What happened.\n")
    submit(board, "--already-circulated", "--publish", text, ref="OLD-1")
    assert version(board, "OLD-1")["state"] == "circulated"
    board.brief("LTB-1")
    mail = board.until(lambda: recorder.mails, "the new one's mail")[0]
    assert "OLD-1" not in mail.text
    assert board.value("SELECT count(*) FROM requirement") == 1
    assert board.get("/b/OLD-1").status == 200


def test_f20_words_stay_words(mailing, recorder):
    """Markup, quotes and braces in what officers write."""
    evil = "<img src=x onerror=alert(1)> {{title}} {{{name}}} ${x} &amp; \u202e"
    mailing.list("police", [f'{ANN},"<b>{{{{code}}}}</b>"'])
    mailing.brief("LTB-1", title=evil[:-1], key_messages=[evil],
                  questions=["</li></ul><script>x</script>"],
                  summary="<script>alert(2)</script>\n\n"
                          "[go](javascript:alert(3)) ![x](http://e.example)\n",
                  actions=[{"ref": "A1", "agency": "police",
                            "text": "<script>alert(4)</script>"}])
    mail = mailing.until(lambda: recorder.mails, "the mail")[0]
    pages = [mailing.get(mail.link), mailing.get(mail.link + "/LTB-1")]
    for html in [mail.html, *(page.text for page in pages)]:
        for word in ("<img", "<script", "javascript:", "onerror=alert(1)>",
                     "//e.example"):
            assert word not in html, word
        assert "{{title}}" in html or "&#123;" in html
    assert evil[:20] in mail.message["Subject"]


def test_f30_many_folders_at_once(office):
    for number in range(MANY):
        office.brief(f"LTB-{number}", documents={"a.pdf": PDF + b"%d" % number})
    begun = time.monotonic()

    def taken():
        # the loop stays free meanwhile
        assert office.get("/healthz").status == 200
        return office.facts("status")["briefings"] == MANY
    office.until(taken, "all are taken", 120)
    print(f"{MANY} folders took {time.monotonic() - begun:.1f} s")
    assert office.value("SELECT count(*) FROM version") == MANY
    assert len(list((office.folder / "state/documents").iterdir())) == MANY


def test_f30_deep_trees_and_loose_things_are_passed_by(office):
    def deepen(folder):
        path = folder
        for _ in range(300):
            path = path / "deep"
        path.mkdir(parents=True)
        (folder / "loop").symlink_to(folder)
    drop(office, deepen, "DEEP-1")
    approved = office.folder / "approved"
    (approved / "loose.pdf").write_bytes(PDF)
    (approved / "elsewhere").symlink_to("/etc")
    os.mkfifo(approved / "pipe")
    office.brief("ZZZ-1")
    version(office, "ZZZ-1")
    version(office, "DEEP-1")
    # a folder that goes while it is looked at is forgotten
    folder = office.brief("LTB-1", named=[{"file": "a.pdf", "title": "A"}])
    office.until(lambda: entries(office, folder="ltb-1"), "it waits")
    shutil.rmtree(folder)
    office.until(lambda: not entries(office, folder="ltb-1"), "forgotten")
