"""What strangers, scanners and mangled mail do to the pages."""
import re
import socket
import string
import threading

import pytest

from board import FORM_SECONDS

ANN, BOB = "ann@police.example", "bob@police.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def begin(board, recorder, lists=None):
    board.relay(recorder)
    for name, rows in (lists or {"police": [f"{ANN},Ann",
                                            f"{BOB},Bob"]}).items():
        board.list(name, rows, domains=["police.example"])
    board.start()
    board.live()


def mails(board, recorder, count):
    board.until(lambda: board.facts("status")["queue"]["accepted"] == count,
                f"{count} mails are accepted")
    return recorder.to(ANN)[-1], (recorder.to(BOB) or [None])[-1]


def count(board):
    return board.facts("report")["total"]["acknowledged"]


def everything(board):
    """All that is evidence, to see that nothing changed."""
    return [board.rows(f"SELECT * FROM {table} ORDER BY 1")
            for table in ("requirement", "event", "delivery")]


def patient(board, mail):
    """A form that a person has read; its fields."""
    board.wait_as_readers_do(mail)
    form = board.get(mail.link)
    board.advance(FORM_SECONDS + 1)
    return form.fields


def raw(board, data, seconds=10, end=False):
    """What comes back for these bytes, to the connection's end."""
    with socket.create_connection(("127.0.0.1", board.port), seconds) as link:
        answer = b""
        try:
            link.sendall(data)
            if end:
                link.shutdown(socket.SHUT_WR)
            while part := link.recv(65536):
                answer += part
        except OSError:  # cut off is an answer, too
            pass
        return answer


def test_f10_only_a_tick_and_a_post_count(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1", documents={"a.pdf": b"%PDF-1.4"})
    ann, bob = mails(board, recorder, 2)
    fields = patient(board, ann)
    before = everything(board)
    query = "?" + "&".join(f"{name}={value}" for name, value in fields)
    for path in (ann.link, ann.link + query, ann.link + "/LTB-1",
                 ann.link + "/LTB-1/1", "/c?code=" + ann.code, "/", "/b",
                 "/style.css", "/healthz", "/robots.txt"):
        for method in ("GET", "HEAD", "GET", "OPTIONS", "PUT", "DELETE",
                       "PATCH", "TRACE", "PROPFIND", "get"):
            page = board.request(method, path)
            assert page.status in (200, 404, 405, 501, 400), (method, path)
            if method == "HEAD":
                assert page.body == b""
    tick = [field for field in fields if field[0] == "v"]
    form = [field for field in fields if field[0] == "form"]
    other = patient(board, bob)
    for wrong in (
            [], tick, form,  # nothing, no form's token, no tick
            tick + [("form", "")], tick + [("form", "x" * 39)],
            tick + [("form", form[0][1][:-1] +
                     ("1" if form[0][1][-1] == "0" else "0"))],
            tick + [("form", form[0][1][::-1])],
            tick + [f for f in other if f[0] == "form"],  # another's form
            form + [("v", "999999")], form + [("v", "-1")],
            form + [("v", "1e0")], form + [("v", "")],
            form + [("v", "18446744073709551617")],
            form + [("V", tick[0][1])], form + [("v[]", tick[0][1])],
            [("form", "junk")] + form + tick):  # the first counts
        page = board.post(ann.link, wrong)
        assert page.status == 200 and "t is recorded" not in page.text, wrong
    assert everything(board) == before
    assert count(board) == 0
    # a tick twice is one, what is not ours is dropped
    page = board.post(ann.link, form + tick * 3 + [("v", "999999")])
    assert "Thank you. It is recorded." in page.text
    assert count(board) == 1
    # the second POST is harmless
    after = everything(board)
    for _ in range(3):
        assert board.post(ann.link, form + tick).status == 200
    assert everything(board) == after
    board.invariants()


def test_f10_what_comes_faster_than_a_person_is_asked_again(clocked, recorder):
    board = clocked
    begin(board, recorder, {"police": [f"{ANN},Ann"]})
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 1)
    fields = board.get(ann.link).fields
    page = board.post(ann.link, fields)
    assert "Nothing is recorded yet" in page.text
    board.advance(FORM_SECONDS + 1)
    page = board.post(ann.link, fields)
    assert "only a moment ago" in page.text
    board.wait_as_readers_do(ann)
    fields = board.get(ann.link).fields
    page = board.post(ann.link, fields)
    assert "faster than a person reads" in page.text
    assert count(board) == 0
    board.advance(FORM_SECONDS + 1)
    assert "It is recorded" in board.post(ann.link, fields).text
    # a form of yesterday's is asked again
    board.brief("LTB-2")
    ann, _ = mails(board, recorder, 2)
    fields = patient(board, ann)
    board.advance(86400 + 60)
    assert "more than a day" in board.post(ann.link, fields).text
    assert count(board) == 1


def test_f20_two_browsers_at_once(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    board.brief("LTB-2")
    board.until(lambda: len({v for v, in board.rows(
        "SELECT version_id FROM requirement")}) == 2, "both are asked")
    board.until(lambda: not board.facts("status")["queue"]["due"] and
                not board.facts("status")["queue"]["sending"], "all went")
    jobs = [(mail.link, patient(board, mail)) for mail in recorder.mails]
    answers = []

    def press(link, fields):
        for _ in range(5):
            answers.append(board.post(link, fields).status)
    threads = [threading.Thread(target=press, args=job)
               for job in jobs for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {200}
    assert count(board) == 4
    assert board.value("SELECT count(*) FROM event"
                       " WHERE kind = 'acknowledged'") == 4
    board.invariants()


def mangled(link):
    token = link.split("/")[-1]
    swapped = "".join(c if c not in string.digits else "z" for c in token)
    return [token[:-1], token[:10], token[1:], token + "0", token[::-1],
            swapped, "x", "0" * 29, "%00" * 5, "%0d%0aSet-Cookie:%20a=b",
            "'; DROP TABLE delivery; --", "%ff%fe", "a" * 3000, "%2e%2e",
            token[:5] + "=\r\n".encode().hex(), "%3Cscript%3E"]


def test_f20_links_that_mail_broke(board, recorder):
    begin(board, recorder, {"police": [f"{ANN},Ann"]})
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 1)
    # what a mail program does, and the link still opens
    for link in (ann.link.upper(), ann.link + ".", ann.link + "%3E",
                 ann.link + ")", ann.link + "/", ann.link + "%20",
                 ann.link + "?utm_source=x&fbclid=%ff",
                 ann.link.replace("0", "o").replace("1", "l"),
                 ann.link[:12] + "%0A" + ann.link[12:],
                 ann.link[:12] + "%20" + ann.link[12:]):
        page = board.get(link)
        assert (page.status, "Child LTB-1" in page.text) in (
            (200, True), (400, False)), link
        if page.status == 400:
            assert "%0A" in link, link
    for token in mangled(ann.link):
        for path in (f"/a/{token}", f"/a/{token}/LTB-1", f"/a/{token}/LTB-1/1"):
            page = board.get(path.replace(" ", "%20"))
            assert page.status in (400, 404, 414), (path, page.status)
            assert "LTB" not in page.text and "<script" not in page.text
            if page.status == 404:
                assert "/c\"" in page.text, path
        if "%" not in token and " " not in token:
            assert board.post(f"/a/{token}", []).status in (404, 414)


def test_f20_short_codes(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, bob = mails(board, recorder, 2)
    for code in (ann.code, ann.code.upper(), ann.code.replace("-", " "),
                 " " + ann.code.replace("-", "") + " "):
        page = board.post("/c", [("code", code)])
        assert page.status == 303
        assert page.headers["Location"].endswith(ann.link)
    for code in ("", "x", ann.code[:-1], "<script>alert(1)</script>",
                 "0" * 5000, "\u2603" * 12):
        page = board.post("/c", [("code", code)])
        assert page.status == 200 and "<script" not in page.text
    # guesses are limited, even a right one, and links go on working
    guess = bob.code[:10] + "zzzz"
    states = [board.post("/c", [("code", guess)]).status for _ in range(25)]
    assert states[0] == 200 and states[-1] == 429
    page = board.post("/c", [("code", ann.code)])
    assert page.status == 429 and int(page.headers["Retry-After"]) > 0
    assert board.get(ann.link).status == 200
    assert "It is recorded" in board.confirm(ann).text
    board.advance(3600)
    assert board.post("/c", [("code", ann.code)]).status == 303


def test_f20_marked_content_comes_after_the_address(clocked, recorder):
    board = clocked
    begin(board, recorder)
    secret = "Fallbeispiel-Schulze"
    board.brief("LTB-1", marking="OFFICIAL-SENSITIVE", summary=secret,
                title="Child Q: " + secret, key_messages=[secret],
                documents={"a.pdf": b"%PDF-1.4 " + secret.encode()})
    ann, bob = mails(board, recorder, 2)
    assert ann.message["Subject"].startswith("OFFICIAL-SENSITIVE")
    assert "See the child" not in ann.text
    board.wait_as_readers_do(ann)
    paths = [ann.link, ann.link + "/LTB-1", ann.link + "/LTB-1/1"]
    for path in paths:
        page = board.get(path)
        assert secret not in page.text and secret.encode() not in page.body
        assert 'name="address"' in page.text
    for wrong in (BOB, "ann@police.example.evil.example", "ann", "",
                  "ann@police.example\r\nX: y", "' OR 1=1 --"):
        page = board.post(ann.link, [("address", wrong)])
        assert secret not in page.text and "Recorded" not in page.text, wrong
    page = board.post(ann.link, [("address", "  ANN@Police.EXAMPLE ")])
    assert page.status == 200 and secret in page.text
    fields = page.fields
    inner = re.search(r'href="[^"]*(/a/[^"]*/LTB-1)"', page.text)[1]
    assert secret in board.get(inner).text
    assert secret.encode() in board.get(inner + "/1").body
    # her pass opens her own pages only, and no longer than it says
    stolen = bob.link + inner[inner.index("."):]
    assert secret not in board.get(stolen).text
    assert secret not in board.get(stolen + "/LTB-1").text
    board.advance(FORM_SECONDS + 1)
    assert count(board) == 0
    assert "It is recorded" in board.post(ann.link, fields).text
    assert count(board) == 1
    board.advance(7 * 86400)
    assert secret not in board.get(inner).text
    # guesses of addresses are limited; Bob's own page is not touched
    states = [board.post(ann.link, [("address", BOB)]).status
              for _ in range(8)]
    assert states[-1] == 429
    assert board.post(bob.link, [("address", BOB)]).status == 200


@pytest.mark.parametrize("asks", ["code", "email"])
def test_f20_a_list_asks_for_more_than_a_tick(clocked, recorder, asks):
    board = clocked
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann", f"{BOB},Bob"], confirm=asks)
    board.start()
    board.live()
    board.brief("LTB-1")
    ann, bob = mails(board, recorder, 2)
    right, other = {"code": (ann.code, bob.code), "email": (ANN, BOB)}[asks]
    assert {"code": "the code below as well",
            "email": "your work address as well"}[asks] in \
        " ".join(ann.text.split())
    fields = patient(board, ann)
    before = everything(board)
    for wrong in (None, "", other, "<script>", "' OR 1=1 --", "x" * 5000):
        answer = [] if wrong is None else [("answer", wrong)]
        page = board.post(ann.link, fields + answer)
        assert "Nothing is recorded yet" in page.text, wrong
        assert "<script" not in page.text
    # the fifth is one too many: not even the right one is taken now
    board.post(ann.link, fields + [("answer", other)])
    page = board.post(ann.link, fields + [("answer", right)])
    assert page.status == 429 and int(page.headers["Retry-After"]) > 0
    assert everything(board) == before
    # and nobody is locked out: neither of the link, nor for long
    board.advance(300)
    fields = patient(board, ann)
    page = board.post(ann.link, fields + [("answer", f" {right.upper()} ")])
    assert "It is recorded" in page.text
    assert count(board) == 1


def test_f20_a_receipt_to_print_and_by_mail(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, bob = mails(board, recorder, 2)
    fields = patient(board, ann)
    version = dict(fields)["v"]
    page = board.post(ann.link, fields + [
        (f"r{version}", "I will see each child\r\n<b>alone</b>.")])
    path = re.search(r'href="[^"]*(/a/[^"]*/LTB-1/[0-9a-z]{20})"',
                     page.text)[1]
    receipt = board.get(path)
    number = path.split("/")[-1]
    for text in ("Ann,", "Child LTB-1: seeing the child", "version 1",
                 "Minute 6.2", "Europe/London", "Confirmed with reflection",
                 "I will see each child\n&lt;b&gt;alone&lt;/b&gt;.", number):
        assert text in receipt.text, text
    assert board.value("SELECT count(*) FROM event WHERE body LIKE ?",
                       f'%"receipt":"{number}"%') == 1
    # with another's link it is nobody's
    assert board.get(path.replace(ann.link, bob.link)).status == 404
    for _ in range(2):
        page = board.post(path, receipt.fields)
        assert "on its way" in page.text
    mail = board.until(lambda: recorder.to(ANN)[1:], "the receipt")[0]
    text = " ".join(mail.text.split())
    for part in ("Ann, on the list", "Confirmed with reflection",
                 "Child LTB-1: seeing the child", "<b>alone</b>", number,
                 ann.link, ann.link.replace("/a/", "/u/")):
        assert part in text, part
    assert mail.message["Subject"] == "Your receipt for LTB-1"
    # what is marked goes by its reference only
    board.brief("LTB-2", marking="OFFICIAL-SENSITIVE", title="Child Secret")
    board.until(lambda: len(recorder.to(ANN)) == 3, "the marked one")
    marked = recorder.to(ANN)[2]
    board.wait_as_readers_do(marked)
    page = board.post(marked.link, [("address", ANN)])
    board.advance(FORM_SECONDS + 1)
    page = board.post(marked.link, page.fields)
    path = re.search(r'href="[^"]*(/a/[^"]*/LTB-2/[0-9a-z]{20})"',
                     page.text)[1]
    receipt = board.get(path)
    assert "Child Secret" in receipt.text
    assert "Child Secret" not in board.get(
        marked.link + "/LTB-2/" + path.split("/")[-1]).text
    board.post(path, receipt.fields)
    mail = board.until(lambda: recorder.to(ANN)[3:], "its receipt")[0]
    assert "Secret" not in mail.text + mail.html
    assert "protective marking" in " ".join(mail.text.split())
    assert len(recorder.to(ANN)) == 4
    board.invariants()


def test_f30_a_receipt_of_what_was_withdrawn(clocked, recorder):
    """The mail does not spread what should not be used any more."""
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    ann, _ = mails(board, recorder, 2)
    fields = patient(board, ann)
    version = dict(fields)["v"]
    page = board.post(ann.link, fields + [(f"r{version}", "Tell no names.")])
    path = re.search(r'href="[^"]*(/a/[^"]*/LTB-1/[0-9a-z]{20})"',
                     page.text)[1]
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "it names a child")
    board.post(path, board.get(path).fields)
    mail = board.until(lambda: [mail for mail in recorder.to(ANN)
                                if "receipt" in mail.message["Subject"]],
                       "the receipt")[0]
    text = " ".join(mail.text.split())
    assert "LTB-1" in text and "It was withdrawn since" in text
    for part in ("seeing the child", "no names", "protective"):
        assert part not in mail.text + mail.html
    board.invariants()


NEW, STRANGER = "new@police.example", "someone@elsewhere.example"
FORWARD_SECONDS = 120  # a link that is asked for comes within them


def pass_on(board, mail, address):
    path = mail.link.replace("/a/", "/f/")
    assert path in board.get(mail.link).text
    form = board.get(path)
    board.advance(FORM_SECONDS + 1)
    page = board.post(path, [*form.fields, ("address", address)])
    board.advance(FORWARD_SECONDS)
    board.reload()  # it looks at once, not at its next time
    board.hears("")  # a full socket would hold it up
    return page


def test_f20_a_mail_that_was_passed_on(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1", documents={"a.pdf": b"%PDF-1.4"})
    ann, bob = mails(board, recorder, 2)
    before = everything(board)
    path = ann.link.replace("/a/", "/f/")
    for method in ("GET", "HEAD"):
        board.request(method, path + "?address=" + NEW)
    assert board.rows("SELECT * FROM forward") == []
    pages = [pass_on(board, ann, who) for who in (BOB, NEW, STRANGER)]
    assert [page.status for page in pages] == [200] * 3
    assert len({page.text for page in pages}) == 1
    own = board.until(lambda: recorder.to(BOB)[1:], "Bob's own link")[0]
    assert bob.link in own.text and ann.link not in own.text
    assert bob.link.replace("/a/", "/u/") in own.text
    guest = board.until(lambda: recorder.to(NEW), "the guest's link")[0]
    board.until(lambda: board.rows("SELECT * FROM forward") == [], "the end")
    # once a day
    pass_on(board, ann, NEW)
    board.until(lambda: board.rows("SELECT * FROM forward") == [], "the end")
    assert recorder.to(STRANGER) == []
    assert len(recorder.to(NEW)) == 1
    assert board.rows("SELECT * FROM requirement ORDER BY 1") == before[0]

    link = re.search(r"/a/[0-9a-z]{29}", guest.text)[0]
    assert link not in (ann.link, bob.link)
    board.wait_as_readers_do(guest)
    form = board.get(link)
    assert "Child LTB-1" in form.text and "wider reach" in form.text
    assert "/u/" not in form.text and "/f/" not in form.text
    assert board.get(link + "/LTB-1/1").body.startswith(b"%PDF")
    board.advance(FORM_SECONDS + 1)
    for _ in range(2):  # the second is harmless
        page = board.post(link, form.fields)
        assert "It is recorded" in page.text
    receipt = re.search(r'href="[^"]*(/a/[^"]*/LTB-1/[0-9a-z]{20})"',
                        page.text)[1]
    assert "Wider reach" in board.get(receipt).text
    total = board.facts("report")["total"]
    assert (total["required"], total["acknowledged"], total["wider"]) == \
        (2, 0, 1)
    assert "It is recorded" in board.confirm(ann).text
    total = board.facts("report")["total"]
    assert (total["required"], total["acknowledged"], total["wider"]) == \
        (2, 1, 1)
    # one who joins the list afterwards is the same person
    board.list("police", [f"{ANN},Ann", f"{BOB},Bob", f"{NEW},Nia"],
               domains=["police.example"])
    board.until(lambda: board.value("SELECT count(*) FROM member") == 3,
                "she is on the list")
    assert board.value("SELECT count(*) FROM person") == 3
    board.invariants()


def test_f20_what_is_marked_and_was_passed_on(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1", marking="OFFICIAL-SENSITIVE", title="Child Secret")
    ann, _ = mails(board, recorder, 2)
    form = board.get(ann.link)
    assert ann.link.replace("/a/", "/f/") in form.text
    pass_on(board, ann, NEW)
    guest = board.until(lambda: recorder.to(NEW), "the guest's link")[0]
    assert "Secret" not in guest.text + guest.html
    link = re.search(r"/a/[0-9a-z]{29}", guest.text)[0]
    board.wait_as_readers_do(guest)
    for wrong in (ANN, STRANGER):
        assert "Secret" not in board.post(link, [("address", wrong)]).text
    page = board.post(link, [("address", NEW)])
    assert "Child Secret" in page.text
    board.advance(FORM_SECONDS + 1)
    assert "It is recorded" in board.post(link, page.fields).text
    assert board.facts("report")["total"]["wider"] == 1


def test_f20_a_shared_mailbox(clocked, recorder):
    board = clocked
    board.relay(recorder)
    desk = "duty.desk@police.example"
    board.list("police", [f"{desk},Duty desk,yes", f"{ANN},Ann,"],
               header="address,name,shared")
    board.start()
    board.live()
    board.brief("LTB-1")
    mails(board, recorder, 2)
    mail = recorder.to(desk)[0]
    receipts = set()
    for name in ("Nia Evans", "Raj Patel", "nia evans"):
        fields = patient(board, mail)
        assert "Type your own name" in board.post(mail.link, fields).text
        page = board.post(mail.link, fields + [("name", name)])
        assert "It is recorded" in page.text
        receipts |= set(re.findall(
            r'href="[^"]*(/a/[^"]*/LTB-1/[0-9a-z]{20})"', page.text))
    assert len(receipts) == 2
    assert {re.search("Nia Evans|Raj Patel", board.get(path).text)[0]
            for path in receipts} == {"Nia Evans", "Raj Patel"}
    total = board.facts("report")["total"]
    assert (total["required"], total["acknowledged"], total["further"]) == \
        (2, 1, 1)
    assert "2 people have confirmed it" in board.get(mail.link).text
    # the row no longer says it: then the page asks for no name
    board.list("police", [f"{desk},Duty desk,", f"{ANN},Ann,"],
               header="address,name,shared")
    board.until(lambda: "2 people" not in board.get(mail.link).text, "the row")
    board.invariants()


def test_f20_another_persons_briefing_can_not_be_confirmed(clocked, recorder):
    board = clocked
    begin(board, recorder, {"police": [f"{ANN},Ann"],
                            "schools": [f"{BOB},Bob"]})
    board.brief("LTB-1", audience=["police"])
    board.brief("LTB-2", audience=["schools"])
    ann, bob = mails(board, recorder, 2)
    mine, theirs = dict(patient(board, ann)), dict(patient(board, bob))
    for link, fields in ((ann.link, theirs),
                         (ann.link, {"form": mine["form"],
                                     "v": theirs["v"]}),
                         (bob.link, {"form": theirs["form"],
                                     "v": mine["v"]})):
        assert "It is recorded" not in board.post(link, fields).text
    assert count(board) == 0
    assert board.get(ann.link + "/LTB-2").status == 404
    assert board.get("/b/LTB-1").status == 404  # not published


HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
           "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer",
           "Content-Security-Policy": "default-src 'none'"}


def test_f20_every_reply_has_its_headers(board, recorder):
    begin(board, recorder, {"police": [f"{ANN},Ann"]})
    board.brief("LTB-1", publish=True, documents={"a.pdf": b"%PDF-1.4"})
    ann, _ = mails(board, recorder, 1)
    pages = [board.get(path) for path in (
        ann.link, ann.link + "/LTB-1", ann.link + "/LTB-1/1", "/a/x", "/c",
        "/b", "/b/LTB-1", "/b/LTB-1/1", "/nothing", "/healthz",
        "/a/specimen")]
    pages += [board.post(ann.link, []), board.post("/c", [("code", "x")]),
              board.post("/c", [("code", ann.code)]),
              board.request("PUT", "/c"), board.post("/b", []),
              board.request("POST", "/c", "{}",
                            {"Content-Type": "application/json"}),
              board.request("POST", "/c", "code=%ff", FORM),
              board.get("/%2e%2e/etc/passwd")]
    for page in pages:
        for name, value in HEADERS.items():
            assert value in (page.headers[name] or ""), (page.status, name)
        assert "Set-Cookie" not in page.headers
        assert "<script" not in page.text
        server = page.headers.get("Server") or ""
        assert "icrohttpd" not in server


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/a/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
    "/b/..%2f..%2fetc%2fpasswd", "/style.css/../../../etc/passwd",
    "/b/LTB-1/../../../../etc/passwd", "//etc/passwd", "/\\..\\..\\etc",
    "/b/LTB-1/..%5c1", "/style.css%00.html", "http://evil.example/etc/passwd",
    "/b/%c0%ae%c0%ae/etc/passwd"])
def test_f20_no_way_leads_out(office, path):
    """office: one daemon for them all."""
    answer = raw(office, f"GET {path} HTTP/1.1\r\nHost: x\r\n"
                         "Connection: close\r\n\r\n".encode())
    assert b"root:" not in answer
    assert answer.split(b" ")[1] in (b"400", b"404"), answer[:100]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    from conftest import _board
    for board in _board(tmp_path_factory.mktemp("pages")):
        board.start()
        yield board


HEAD = b"POST /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" \
       b"Content-Type: application/x-www-form-urlencoded\r\n"
# what is sent, and the status: None, whatever comes must be no 200
ODD = {
    # refused by what is announced, before any of it is read
    "a megabyte announced": (HEAD + b"Content-Length: 1048576\r\n\r\n",
                             [b"413"]),
    # closed: TCP may drop the answer when more comes than was wanted
    "a megabyte": (HEAD + b"Content-Length: 1048576\r\n\r\n" +
                   b"a=" + b"x" * 1048574, [b"413", b"closed"]),
    "no end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
               b"5\r\ncode=\r\n0\r\n\r\n", [b"411"]),
    "two lengths": (HEAD + b"Content-Length: 6\r\nContent-Length: 60\r\n\r\n"
                    b"code=x", None),
    "length and chunks": (HEAD + b"Content-Length: 6\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                          b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", None),
    "negative": (HEAD + b"Content-Length: -1\r\n\r\n", None),
    "enormous": (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", None),
    "many fields": (HEAD + b"Content-Length: 1500\r\n\r\n" +
                    b"a=1&" * 375, [b"400"]),
    "no form": (HEAD.replace(b"x-www-form-urlencoded", b"json") +
                b"Content-Length: 2\r\n\r\n{}", [b"415"]),
    "multipart": (HEAD.replace(b"application/x-www-form-urlencoded",
                               b"multipart/form-data; boundary=xy") +
                  b"Content-Length: 4\r\n\r\n--xy", [b"400"]),
    "nul": (b"GET /\0/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            None),
    "long header": (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " +
                    b"y" * 100_000 + b"\r\n\r\n", None),
    "long path": (b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                  None),
    "many headers": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(
        b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n", None),
    "no http": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, None),
    "smtp": (b"EHLO x\r\nMAIL FROM:<a@b>\r\n\r\n", None),
    "method": (b"BREW /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
               [b"405", b"501"]),
}


@pytest.mark.parametrize("name", ODD)
def test_f20_odd_requests(office, name):
    data, expected = ODD[name]
    answer = raw(office, data, seconds=3, end=expected is None)
    status = answer.split(b" ")[1] if answer else b"closed"
    if expected:
        assert status in expected, answer[:200]
    assert status != b"200", answer[:200]
    assert office.get("/healthz").status == 200


def test_f20_pipelined_requests_are_answered_in_order(office):
    one = b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"
    answer = raw(office, one % (b"/healthz", b"") + one % (b"/nothing", b"") +
                 one % (b"/c", b"Connection: close\r\n"))
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404", b"200"]


def test_f30_the_slow_do_not_hold_up_the_others(office):
    """Two hundred that never finish their request."""
    slow = []
    try:
        for number in range(200):
            link = socket.create_connection(("127.0.0.1", office.port), 10)
            link.sendall([b"", b"GET /c HT", HEAD + b"Content-Length: 9\r\n"
                          b"\r\ncode="][number % 3])
            slow.append(link)
        for _ in range(10):
            assert office.get("/c").status == 200
    finally:
        for link in slow:
            link.close()
    assert office.get("/healthz").status == 200


def test_f20_expired_and_withdrawn(clocked, recorder):
    board = clocked
    board.configure(evidence={"window_days": 30})
    begin(board, recorder, {"police": [f"{ANN},Ann"]})
    board.brief("LTB-1", documents={"a.pdf": b"%PDF-1.4"})
    ann, _ = mails(board, recorder, 1)
    fields = patient(board, ann)
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "a name in it")
    page = board.post(ann.link, fields)
    assert page.status == 200 and "It is recorded" not in page.text
    page = board.get(ann.link)
    assert page.status == 200 and "withdr" in page.text, page.text
    for path in ("/LTB-1", "/LTB-1/1"):
        assert board.get(ann.link + path).status == 410
    board.brief("LTB-2")
    ann, _ = mails(board, recorder, 2)
    fields = patient(board, ann)
    board.advance(31 * 86400)
    for page in (board.get(ann.link), board.post(ann.link, fields),
                 board.get(ann.link + "/LTB-2")):
        assert page.status == 410 and "ended" in page.text
    assert count(board) == 0
    board.invariants()
