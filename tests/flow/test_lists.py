"""The agencies' lists: what is wrong is told by file and line, and what is in
the store stays in force until the files are right."""
import threading
import time

import pytest

from conftest import IS_SOAK

ANN, BOB = "ann@police.example", "bob@police.example"
GREAT = 100_000 if IS_SOAK else 20_000
NEVER = {"schedule": "monthly 1 03:00"}


@pytest.fixture
def office(board):
    board.list("police", [f"{ANN},Ann", f"{BOB},Bob"], **NEVER)
    board.start()
    members(board, 2)
    return board


def facts(board, name="police"):
    return next((each for each in board.facts("list", "show")
                 if each["list"] == name), {})


def members(board, count, name="police"):
    board.until(lambda: facts(board, name).get("members") == count,
                f"{name} has {count} members", 120)


def people(board, name="police"):
    return {each["address"]: each
            for each in board.facts("list", "show", name)["people"]}


def csv(board, content, name="police"):
    board.write(board.folder / "lists" / f"{name}.csv", content)


def problem(board, word):
    """The same word from the daemon, from status and from a check."""
    board.until(lambda: word in facts(board).get("problem", ""),
                f"{word} is told")
    assert word in board.ctl("status")
    assert word in board.ctl("list", "show", "police")
    board.ctl("list", "check", "police", code=1)
    assert word in board.said
    board.ctl("check", code=1)


HEAD = "address,name\n"
GOOD = HEAD + f"{ANN},Ann\n{BOB},Bob\n"
CSVS = [
    ("cut mid-line", GOOD[:-4], "police.csv:3"),
    ("cut in a quote", GOOD + '"cut@police.example,C', "police.csv:4"),
    ("no header", f"{ANN},Ann\n", "police.csv:1"),
    ("empty", "", "police.csv"),
    ("header twice", "address,name,name\n", "police.csv:1"),
    ("unknown column", "address,phone\n", "police.csv:1"),
    ("utf-16", GOOD.encode("utf-16"), "police.csv"),
    ("latin-1", GOOD.encode() + b"j\xe9@x.example,J\n", "police.csv:4"),
    ("nul", GOOD.encode() + b"a\0b@x.example,J\n", "police.csv"),
    ("binary", bytes(range(256)) * 40, "police.csv"),
    ("case twins", GOOD + "ANN@Police.Example,Ann\n", "police.csv:4"),
    ("id twins", f"id,address\n1,{ANN}\n1,{BOB}\n", "police.csv:3"),
    ("too wide", GOOD + f"c@x.example,C{',' * 100_000}\n", "police.csv:4"),
    ("long name", GOOD + f"c@x.example,{'C' * 300}\n", "police.csv:4"),
    ("no address", GOOD + ",C\n", "police.csv:4"),
    ("two addresses", GOOD + '"c@x.example;d@x.example",C\n',
     "police.csv:4"),
    ("command", GOOD + '"c@x.example\nRCPT TO:<e@x.example>",C\n',
     "police.csv:4"),
    ("date", f"address,since\n{ANN},19/11/2026\n", "police.csv:2"),
    ("status", f"address,status\n{ANN},gone\n", "police.csv:2"),
]


def test_f20_a_csv_that_is_wrong_changes_nothing(office):
    before = people(office)
    for name, content, word in CSVS:
        csv(office, content)
        print(name)
        problem(office, word)
        assert people(office) == before, name
        # mended, nothing is left of the problem
        csv(office, GOOD)
        office.until(lambda: not facts(office).get("problem"), name)
    office.ctl("list", "check")


CONFS = [
    ('unheard_of = 1;\n', "police.conf:9"),
    ('lead = "Again";\n', "police.conf:9"),
    ('deadline_days = 366;\n', "police.conf:9"),
    ('mandatory = "yes";\n', "police.conf:9"),
    ('@include "/etc/passwd"\n', "police.conf:9"),
    ('documents = "faxed";\n', "police.conf:9"),
    ('review_on = "soon";\n', "police.conf:9"),
    ('domains = [ "no domain" ];\n', "police.conf:9"),
    ('domains = [ "a.example"\n', "police.conf:"),
]


def test_f20_a_conf_that_is_wrong_changes_nothing(office):
    path = office.folder / "lists/police.conf"
    good = path.read_text()
    assert len(good.splitlines()) == 8
    for text, word in CONFS:
        office.write(path, good + text)
        problem(office, word)
        assert facts(office)["members"] == 2
        office.write(path, good)
        office.until(lambda: not facts(office).get("problem"), text)
    office.write(path, good.replace("monthly 1 03:00", "whenever"))
    problem(office, "police.conf:5")
    assert facts(office)["schedule"] == "monthly 1 03:00"


@pytest.mark.parametrize("name, content", [
    ("mark", b"\xef\xbb\xbf" + GOOD.encode()),
    ("crlf", GOOD.replace("\n", "\r\n").encode()),
    ("cr", GOOD.replace("\n", "\r").encode()),
    ("quoted", b'"address","name"\n"ann@police.example","Ann ""A"", B"\n'
               b'"bob@police.example",\n'),
    ("order", f'Name, ADDRESS\n"Ann",{ANN}\n\n,,\n"Bob",{BOB}\n'.encode()),
])
def test_f20_as_office_programs_write_it(board, name, content):
    board.list("police", [], **NEVER)
    csv(board, content)
    if name == "order":
        csv(board, content.replace(b",,\n", b",\n"))
    board.start()
    members(board, 2)
    assert set(people(board)) == {ANN, BOB}
    if name == "quoted":
        assert people(board)[ANN]["name"] == 'Ann "A", B'


def test_f20_names_and_domains_in_any_script(board, recorder):
    names = {"a@bücher.example": "Łukasz Żółć", "b@police.example": "明 田中",
             "c@police.example": "عمر", "d@police.example": "=cmd|'/c'!A1",
             "e@police.example": "<script>alert(1)</script>"}
    board.relay(recorder)
    board.list("police", [f"{address},{name}"
                          for address, name in names.items()])
    board.start()
    members(board, 5)
    board.live()
    board.brief("LTB-1")
    board.until(lambda: len(recorder.mails) == 5, "five mails")
    sent = {mail.recipient: mail for mail in recorder.mails}
    assert "a@xn--bcher-kva.example" in sent
    assert "Łukasz" in sent["a@xn--bcher-kva.example"].text
    assert "<script" not in sent["e@police.example"].html
    for mail in recorder.mails:
        assert mail.message["To"]


def test_f20_reload_on_change_and_on_hup(office):
    csv(office, GOOD + "cy@police.example,Cy\n")
    members(office, 3)
    office.list("schools", ["d@school.example,D"], **NEVER)
    members(office, 1, "schools")
    office.reload()
    office.until(lambda: "reloaded" in office.log, "it is reloaded")
    members(office, 3)
    # the folder away (an unmounted share) removes nothing
    (office.folder / "lists").rename(office.folder / "away")
    office.reload()
    office.until(lambda: "can't read the lists folder" in office.log, "told")
    assert facts(office)["members"] == 3 and not facts(office)["removed"]
    (office.folder / "away").rename(office.folder / "lists")
    office.reload()
    # one list's files away: it plans nothing more, its figures stay
    for ending in ("conf", "csv"):
        (office.folder / f"lists/schools.{ending}").unlink()
    office.until(lambda: facts(office, "schools")["removed"], "removed")
    assert not facts(office)["removed"]
    assert all(each["list"] != "schools"
               for each in office.facts("list", "next"))
    office.list("schools", ["d@school.example,D"], **NEVER)
    office.until(lambda: not facts(office, "schools")["removed"], "back")
    members(office, 1, "schools")


def test_f20_an_empty_csv_is_held(board):
    rows = [f"m{n}@police.example,M{n}" for n in range(20)]
    board.list("police", rows, **NEVER)
    board.start()
    members(board, 20)
    board.ctl("list", "accept", "police", code=1)  # nothing waits
    csv(board, HEAD)
    board.until(lambda: facts(board).get("held_removals") == 20, "held")
    assert "accept police" in board.ctl("status")
    # other content than what was accepted is held anew
    board.ctl("list", "accept", "police")
    members(board, 0)
    csv(board, HEAD + "".join(f"{row}\n" for row in rows))
    members(board, 20)
    # four of twenty may go without a word
    csv(board, HEAD + "".join(f"{row}\n" for row in rows[:16]))
    members(board, 16)
    assert "held_removals" not in facts(board)


def test_f20_movers_keep_who_they_are(board, recorder):
    board.relay(recorder)
    board.list("police", [f"1,{ANN},Ann,", f"2,{BOB},Bob,"],
               header="id,address,name,status")
    board.list("schools", ["d@school.example,D"])
    board.start()
    members(board, 2)
    members(board, 1, "schools")
    board.live()
    board.brief("LTB-1")
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 3,
                "three mails")
    # another address, the same person: asked once, and the link still opens
    old = recorder.to(ANN)[0]
    csv(board, f"id,address,name,status\n1,ann.new@police.example,Ann,\n"
               f"2,{BOB},Bob,on-leave\n")
    board.until(lambda: "ann.new@police.example" in people(board), "moved")
    assert people(board)[BOB]["status"] == "on-leave"
    assert board.get(old.link).status == 200
    # Bob moves to the other list, first here and then there
    csv(board, "id,address,name,status\n1,ann.new@police.example,Ann,left\n")
    board.until(lambda: people(board)["ann.new@police.example"]["status"] ==
                "left", "Ann left")
    csv(board, f"address,name\nd@school.example,D\n{BOB},Bob\n", "schools")
    members(board, 2, "schools")
    board.invariants()
    board.brief("LTB-2")
    board.until(lambda: any("LTB-2" in m.text
                            for m in recorder.to("d@school.example")), "D's")
    assert not any("LTB-2" in m.text
                   for m in recorder.to("ann.new@police.example"))
    assert board.value("SELECT count(*) FROM person") == 3
    board.invariants()


def test_f10_next_and_show(board):
    board.list("police", [f"{ANN},Ann"], schedule="weekly mon 08:00")
    board.list("schools", [f"{ANN},Ann"])
    board.start()
    members(board, 1)
    members(board, 1, "schools")
    slots = {each["list"]: each["next_at"]
             for each in board.facts("list", "next")}
    assert time.time() < slots["police"] < time.time() + 8 * 86400
    assert "at once" in board.ctl("list", "next", "schools")
    assert people(board, "schools")[ANN]["counted_under"] == "police"
    for arguments in (["next", "nowhere"], ["show", "nowhere"],
                      ["accept", "nowhere"], ["check", "nowhere"]):
        board.ctl("list", *arguments, code=1)
        assert "nowhere" in board.said
    board.ctl("list", "accept", code=2)


def test_f30_pages_are_answered_while_a_great_list_is_read(office):
    waits, is_over = [], threading.Event()

    def visit():
        while not is_over.is_set():
            begun = time.monotonic()
            assert office.get("/c").status == 200
            waits.append(time.monotonic() - begun)
    visitor = threading.Thread(target=visit)
    visitor.start()
    begun = time.monotonic()
    try:
        csv(office, GOOD + "".join(f"m{n}@police.example,Member {n}\n"
                                   for n in range(GREAT)))
        members(office, GREAT + 2)
    finally:
        is_over.set()
        visitor.join()
    waits.sort()
    print(f"{GREAT:,} rows in {time.monotonic() - begun:.1f} s; "
          f"{len(waits)} pages meanwhile, median {waits[len(waits) // 2]:.3f},"
          f" slowest {waits[-1]:.3f} s")
    assert len(waits) > 10
    # cut off in the middle: nothing of it is taken
    csv(office, (GOOD + "n@police.example,N\n" * 3)[:-9])
    office.until(lambda: facts(office).get("problem"), "told")
    assert facts(office)["members"] == GREAT + 2


def test_f40_changed_while_it_is_read(board, recorder):
    """A list's files change while its CSV is with an errand: the doorbell that
    rings then is not lost."""
    rows = [f"p{i}@police.example,Person {i}" for i in range(60_000)]
    board.relay(recorder)
    board.start()
    board.list("police", rows, title="First")
    board.until(lambda: "list configured list=police" in board.log, "it is read")
    board.list("police", rows[:100], title="Second")
    board.until(lambda: board.value("SELECT title FROM list") == "Second",
                "the new title", 20)
