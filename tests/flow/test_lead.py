"""The page of a list's lead: numbers at once, names behind a code, and what is
recorded there."""
import re

import pytest

from board import FORM_SECONDS, MAIL_SECONDS

ANN, BOB, CY = "ann@police.example", "bob@police.example", "cy@police.example"
LEAD = "ruth@police.example"
ROWS = [f"{ANN},Ann Amadi", f"{BOB},Bob", f"{CY},Cy"]
REHEARSAL = "rehearsal@severnside.example"
DAY = 86400


class Page:
    """The lead's page, as they use it."""

    def __init__(self, board, recorder, mail):
        base = f"http://127.0.0.1:{board.port}"
        link, = set(re.findall(base + r"/l/\S+", mail.text))
        assert link in mail.html
        self.board, self.recorder = board, recorder
        self.path, self.code = link[len(base):], None

    def open(self):
        self.page = self.board.get(self.path)
        return self.page

    def post(self, what, wait=FORM_SECONDS, **fields):
        form = dict(self.page.fields).get("form", "")
        self.board.advance(wait)
        scan = fields.pop("scan", None)
        fields = {"form": form, "what": what, "code": self.code or ""} | fields
        pairs = [(name, value) for name, values in fields.items() for value in
                 (values if isinstance(values, list) else [values])]
        self.page = self.board.post(self.path, pairs) if scan is None else \
            self.upload(pairs, scan)
        return self.page

    def upload(self, pairs, scan):
        """As browsers post a form with a file."""
        mark = "----b0undary7"
        head = f'--{mark}\r\nContent-Disposition: form-data; name='
        body = "".join(f'{head}"{name}"\r\n\r\n{value}\r\n'
                       for name, value in pairs).encode()
        body += f'{head}"scan"; filename="a.pdf"\r\n\r\n'.encode()
        body += scan + f"\r\n--{mark}--\r\n".encode()
        return self.board.request("POST", self.path, body, {
            "Content-Type": f"multipart/form-data; boundary={mark}"})

    def unlock(self):
        self.open()
        before = len(codes(self.recorder))
        assert "on its way" in self.post("send-code").text, self.page.text
        mail = self.board.until(
            lambda: codes(self.recorder)[before:], "the code")[0]
        self.code = mail.code
        return self.post("people")


def other_end(token):
    """With another last digit, so that nobody signed it."""
    return token[:-1] + ("y" if token[-1] == "x" else "x")


def codes(recorder):
    return [mail for mail in recorder.to(LEAD) if "YOUR CODE" in mail.text]


def settled(board, recorder):
    """The daemon knows of all mails, and time has gone by since."""
    board.until(lambda: board.value("SELECT count(*) FROM delivery WHERE state"
                                    " = 'accepted'") == len(recorder.mails),
                "all are accepted")
    board.advance(MAIL_SECONDS)


def begin(board, recorder):
    """Three have a briefing, and the lead a link to their page."""
    board.relay(recorder)
    board.list("police", ROWS, lead="Ruth Lead", lead_address=LEAD,
               agency="Police")
    board.start()
    board.live()
    board.brief("LTB-1")
    board.until(lambda: all(recorder.to(who) for who in (ANN, BOB, CY)),
                "three mails")
    assert LEAD in board.ctl("lead", "link", "police")
    mail = board.until(lambda: recorder.to(LEAD), "the lead's mail")[0]
    settled(board, recorder)
    return Page(board, recorder, mail)


def person(page, name):
    return re.search(r'name="person" value="(\w+)">' + name, page.text)[1]


def test_f10_numbers_then_names(clocked, recorder):
    lead = begin(clocked, recorder)
    page = lead.open()
    assert page.status == 200
    assert "0/3" in page.text and "LTB-1" in page.text
    for name in (ANN, "Ann Amadi", BOB, LEAD):
        assert name not in page.text
    page = lead.unlock()
    for name in (ANN, "Ann Amadi", BOB, CY):
        assert name in page.text
    assert "3 people have not confirmed yet" in page.text
    clocked.confirm(recorder.to(ANN)[0])
    page = lead.post("people")
    assert "2 people" in page.text and ANN not in page.text
    page = lead.post("find", q="AMADI")
    assert ANN in page.text and BOB not in page.text
    page = lead.post("person", person=person(page, "Ann Amadi"))
    assert "Confirmed, on" in page.text
    clocked.invariants()


def test_f20_what_is_recorded(clocked, recorder):
    lead = begin(clocked, recorder)
    lead.unlock()
    ann = person(lead.page, "Ann Amadi")
    page = lead.post("session", ref="LTB-1", held_on="2020-01-01",
                     setting="team meeting", reached="14", head_count="18",
                     note="")
    assert "Nothing was recorded. " in page.text and "is before" in page.text
    assert 'value="team meeting"' in page.text  # it is not typed twice
    today = clocked.value("SELECT strftime('%Y-%m-%d', max(recorded_at),"
                          " 'unixepoch') FROM event")
    page = lead.post("session", ref="LTB-1", held_on=today,
                     setting="team meeting", reached="14", head_count="18",
                     note="We spoke <b>long</b>.")
    assert "The team session is recorded" in page.text
    assert "14 of 18" in page.text and "&lt;b&gt;long" in page.text
    assert f"lead {LEAD}" in page.text
    assert clocked.facts("session", "list")[0]["recorded_by"] == f"lead {LEAD}"
    page = lead.post("undo-session", session="1", reason="")
    assert "Say why" in page.text
    page = lead.post("undo-session", session="1", reason="another day")
    assert "counts no more" in page.text and "another day" in page.text
    page = lead.post("exempt", person=ann, ref="LTB-1", reason="she wrote it")
    assert "asked of them no more" in page.text and "Let off, since" in page.text
    page = lead.post("exempt", person=ann, ref="LTB-1", reason="again")
    assert "Nothing was recorded. LTB-1 is exempt" in page.text
    page = lead.post("unexempt", person=ann, ref="LTB-1", reason="no, Bob did")
    assert "Outstanding, due by" in page.text
    page = lead.post("on-leave", person=ann, until="soon")
    assert "Nothing was recorded. Say until when" in page.text
    page = lead.post("left", person=ann)
    assert "Has left" in page.text and "Asked no more: has left" in page.text
    page = lead.post("active", person=ann)
    assert "they are back" in page.text and "Outstanding" in page.text
    page = lead.post("active", person=ann)
    assert "Nothing was recorded. Nothing was said of them" in page.text
    assert clocked.rows("SELECT DISTINCT substr(actor, 1, 5) FROM event WHERE"
                        " kind IN ('team-session-recorded', 'member-status',"
                        " 'team-session-undone', 'requirements-reopened')"
                        " AND actor <> 'briefingd'") == [("lead:",)]
    clocked.invariants()


PDF = b"%PDF-1.7\n" + bytes(range(256)) * 64


def test_f20_a_sign_in_sheet(clocked, recorder):
    lead = begin(clocked, recorder)
    page = lead.unlock()
    ann, bob = person(page, "Ann Amadi"), person(page, "Bob")
    today = clocked.value("SELECT strftime('%Y-%m-%d', max(recorded_at),"
                          " 'unixepoch') FROM event")
    page = lead.post("sheet")
    assert page.text.count('type="checkbox"') == 3
    sheet = dict(ref="LTB-1", signed_on=today, note="", addresses="")
    for wrong, why in ((dict(person=ann, scan=b""), "Choose the scan"),
                       (dict(person=ann, scan=b"GIF89a" + PDF), "JPEG"),
                       (dict(scan=PDF), "who signed"),
                       (dict(person=[ann, "1"], scan=PDF), "on the list no"),
                       (dict(scan=PDF, addresses="who@x.example"), "who@x"),
                       (dict(scan=PDF, addresses="who"), "who"),
                       (dict(person=ann, scan=PDF, signed_on="2020-01-01"),
                        "2020-01-01")):
        page = lead.post("record-sheet", **(sheet | wrong))
        assert "Nothing was recorded. " in page.text, wrong
        assert why.lower() in page.text.lower(), (why, page.text)
    assert clocked.value("SELECT count(*) FROM sheet") == 0
    large = PDF + bytes(4 * 1024 * 1024 - len(PDF))
    page = lead.post("record-sheet", person=[ann, bob], scan=large + b"x",
                     **sheet)
    assert "Nothing was recorded" in page.text
    page = lead.post("record-sheet", person=[ann], addresses=f"{BOB}\n",
                     scan=large, **{k: v for k, v in sheet.items()
                                    if k != "addresses"})
    assert "The sheet is recorded" in page.text and "2 people" in page.text
    assert "One person has not confirmed yet" in page.text
    assert f"lead {LEAD}" in page.text
    scan = lead.post("scan", sheet="1")
    assert scan.body == large
    page = lead.open()
    assert "2 of the others signed on paper" in page.text and "0/3" in page.text
    lead.unlock()
    page = lead.post("person", person=ann)
    assert "they signed a sheet on" in page.text
    page = lead.post("undo-sheet", sheet="1", person=ann, reason="not there")
    assert "attested no more" in page.text and "not there" in page.text
    page = lead.post("undo-sheet", sheet="1", person="", reason="a mix-up")
    assert "3 people have not confirmed" in page.text
    page = lead.post("undo-sheet", sheet="2", person="", reason="r")
    assert "no such sheet" in page.text
    page = lead.post("scan", sheet="2")
    assert "is gone" in page.text
    clocked.invariants()


def test_f50_a_large_form_for_leads_alone(clocked, recorder):
    lead = begin(clocked, recorder)
    member = recorder.to(ANN)[0].link.rsplit("/", 1)[1]
    body = b"x" * 100_000
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in (f"/l/{member}", f"/a/{member}", other_end(lead.path), "/c",
                 lead.path.replace("/l/", "/a/"), "/"):
        assert clocked.request("POST", path, body, kind).status == 413, path
    page = clocked.request("POST", lead.path, body, kind)
    assert page.status == 200 and "Nothing was done" in page.text
    clocked.advance(14 * DAY)
    assert clocked.request("POST", lead.path, body, kind).status == 413


def evidence(board):
    return board.rows("SELECT id, kind, actor FROM event WHERE kind NOT LIKE"
                      " 'delivery-%' AND kind NOT LIKE 'letter-%' AND kind NOT"
                      " LIKE 'notice-%' ORDER BY id")


def test_f30_a_scanner_gets_nothing(clocked, recorder):
    lead = begin(clocked, recorder)
    before = evidence(clocked), len(recorder.mails)
    for method in ("GET", "HEAD", "GET"):
        assert clocked.request(method, lead.path).status == 200
    lead.open()
    page = lead.post("send-code", wait=0)  # at a machine's speed
    assert "faster than a person reads" in page.text
    for what in ("people", "find", "person", "left", "session", "", "x" * 99):
        page = lead.post(what, code="", person="1")
        assert "12 letters and digits" in page.text, what
        assert ANN not in page.text
    page = lead.post("left", form="", person="1")
    assert "faster" in page.text
    assert (evidence(clocked), len(recorder.mails)) == before


def two_lists(board, recorder):
    """Another lead with a page of their own, with the code for it."""
    other = "olive@school.example"
    board.list("school", ["sam@school.example,Sam Other"], lead="Olive",
               lead_address=other, agency="School")
    lead = begin(board, recorder)
    board.ctl("lead", "link", "school")
    mail = board.until(lambda: recorder.to(other), "the other lead's mail")[0]
    settled(board, recorder)
    theirs = Page(board, recorder, mail)
    theirs.open()
    theirs.post("send-code")
    theirs.code = board.until(lambda: recorder.to(other)[1:], "a code")[0].code
    page = theirs.post("find", q="Sam")
    return lead, theirs, person(page, "Sam Other")


def test_f40_own_people_only(clocked, recorder):
    lead, theirs, sam = two_lists(clocked, recorder)
    today = clocked.value("SELECT strftime('%Y-%m-%d', max(recorded_at),"
                          " 'unixepoch') FROM event")
    theirs.post("session", ref="LTB-1", held_on=today, setting="s",
                reached="1", head_count="1", note="")
    assert len(clocked.facts("session", "list")) == 1
    # neither the other's code nor their form opens it
    lead.open()
    page = lead.post("people", code=theirs.code)
    assert "not a code for this list" in page.text
    page = lead.post("people", code=recorder.to(ANN)[0].code)
    assert "not a code for this list" in page.text
    lead.unlock()
    before = evidence(clocked)
    page = lead.post("people", form=dict(theirs.page.fields)["form"])
    assert ANN not in page.text
    lead.unlock()
    for fields in (dict(person=sam), dict(person="1"), dict(person="' OR 1"),
                   dict(person="%"), dict(person=""), {}):
        for what in ("person", "left", "on-leave", "active", "exempt"):
            page = lead.post(what, ref="LTB-1", reason="r",
                             until="2099-01-01", **fields)
            assert "on your list no more" in page.text or \
                "on the list no more" in page.text, (what, fields)
            assert "Sam" not in page.text
    page = lead.post("undo-session", session="1", reason="not mine")
    assert "no such session" in page.text
    page = lead.post("find", q="%")
    assert "Nobody is found for" in page.text
    page = lead.post("find", q="<script>'\"")
    assert "&lt;script&gt;" in page.text and "<script" not in page.text
    assert evidence(clocked) == before
    clocked.invariants()


def test_f50_links_are_not_mixed_up(clocked, recorder):
    lead = begin(clocked, recorder)
    token = lead.path.rsplit("/", 1)[1]
    forged = other_end(token)
    member = recorder.to(ANN)[0].link.rsplit("/", 1)[1]
    for path in (f"/l/{member}", f"/l/{forged}", "/l/", "/l/specimen",
                 f"/a/{token}", f"/u/{token}", f"/f/{token}"):
        page = clocked.get(path)
        assert page.status in (200, 404), path
        assert "Your list" not in page.text, path
        assert "LTB-1" not in page.text and "Ann" not in page.text, path
    assert "Your list" in clocked.get(f"/L/{token.upper()}").text


def test_f60_it_ends(clocked, recorder):
    lead = begin(clocked, recorder)
    lead.unlock()
    code = lead.code
    clocked.advance(2 * 3600)
    page = lead.post("people")
    assert "older than two hours" in page.text and ANN not in page.text
    lead.unlock()
    assert lead.code != code
    clocked.list("police", ROWS, lead="New Lead", agency="Police",
                 lead_address="new@police.example")
    clocked.until(lambda: lead.open().status == 410, "it is another lead's")
    assert lead.post("people").status == 410
    clocked.list("police", ROWS, lead="Ruth Lead", lead_address=LEAD,
                 agency="Police")
    clocked.until(lambda: lead.open().status == 200, "it is theirs again")
    clocked.advance(14 * DAY)
    page = lead.open()
    assert page.status == 410 and "LTB-1" not in page.text


def test_f70_codes_are_not_guessed(clocked, recorder):
    lead = begin(clocked, recorder)
    lead.unlock()
    right = lead.code
    digits = [digit for digit in "0123456789" if digit != right[-1]]
    for digit in digits[:5]:
        page = lead.post("people", code=right[:-1] + digit)
        assert "not a code for this list" in page.text
    page = lead.post("people")
    assert page.status == 429 and ANN not in page.text
    clocked.advance(600)
    lead.open()
    assert ANN in lead.post("people").text
    # and no more than five mails an hour
    for _ in range(7):
        page = lead.post("send-code")
    assert "No other code was sent" in page.text
    assert "on its way" not in page.text
    clocked.until(lambda: len(codes(recorder)) >= 5, "codes")
    assert ANN in lead.post("people").text
    assert len(codes(recorder)) == 5


def test_f80_a_rehearsal_records_nothing(clocked, recorder):
    board = clocked
    board.relay(recorder)
    board.list("police", ROWS, lead="Ruth Lead", lead_address=LEAD)
    board.start()
    board.brief("LTB-1")
    there = REHEARSAL
    board.until(lambda: len(recorder.to(there)) == 3, "three mails")
    board.ctl("lead", "link", "police")
    mail = board.until(lambda: recorder.to(there)[3:], "the lead's")[0]
    settled(board, recorder)
    lead = Page(board, recorder, mail)
    assert "REHEARSAL" in lead.open().text
    lead.post("send-code")
    lead.code = board.until(lambda: recorder.to(there)[4:], "a code")[0].code
    page = lead.post("find", q="Ann")
    before = evidence(board)
    page = lead.post("left", person=person(page, "Ann Amadi"))
    assert "rehearsal, so nothing was recorded" in page.text
    assert evidence(board) == before


@pytest.mark.parametrize("stop", ["kill", "stop"])
def test_f90_what_is_recorded_stays(clocked, recorder, stop):
    lead = begin(clocked, recorder)
    lead.unlock()
    page = lead.post("left", person=person(lead.page, "Ann Amadi"))
    assert "It is recorded" in page.text
    getattr(clocked, stop)()
    clocked.start()
    assert {member["address"]: member["status"] for member in
            clocked.facts("list", "show", "police")["people"]}[ANN] == "left"
    page = lead.post("person", person=person(lead.post("find", q="Ann"),
                                             "Ann Amadi"))
    assert "Has left" in page.text
    clocked.invariants()


def test_f95_erased_as_a_lead(clocked, recorder):
    """A lead who is a member too: what they recorded stays, without them."""
    lead = begin(clocked, recorder)
    clocked.list("police", [*ROWS, f"{LEAD},Ruth Lead"], lead="Ruth Lead",
                 lead_address=LEAD, agency="Police")
    clocked.until(lambda: len(clocked.facts("list", "show", "police")
                              ["people"]) == 4, "four people")
    lead.unlock()
    lead.post("left", person=person(lead.page, "Ann Amadi"))
    assert clocked.value("SELECT count(*) FROM operator WHERE name = ?",
                         f"lead {LEAD}") == 1
    held = clocked.facts("person", "export", LEAD)
    assert [deed["kind"] for deed in held["deeds"]] == ["member-status"]
    assert [(each["list"], each["office"]) for each in held["offices"]] == \
        [("police", "lead")]
    would = clocked.facts("person", "erase", LEAD, "--dry-run")
    assert would["in_files"] == {"offices": 1}
    assert would["stays"]["deeds"] == 1
    assert "offices" not in clocked.ctl("person", "erase", LEAD, "--dry-run")
    assert "police.conf names them" in clocked.ctl("person", "erase", LEAD,
                                                   "--dry-run")
    clocked.list("police", ROWS, lead="New Lead", agency="Police",
                 lead_address="new@police.example")
    clocked.until(lambda: lead.open().status == 410, "another lead")
    clocked.ctl("person", "erase", LEAD, "--reason", "asked for it")
    assert clocked.value("SELECT count(*) FROM operator WHERE name LIKE"
                         " 'lead %@%'") == 0
    clocked.invariants()
