"""What is held of a person, for the person."""
import json
import re

ROWS = ["ann@police.example,Ann <Amos>,2010-01-01",
        "bob@police.example,Bob Bell,2010-01-01"]


def circulated(board, recorder):
    board.relay(recorder)
    board.list("police", ROWS, header="address,name,since")
    board.start()
    board.live()
    board.brief("LTB-1")
    return board.until(lambda: recorder.to("ann@police.example"), "her mail")[0]


def test_f10_all_that_is_held_of_a_person(board, recorder):
    mail = circulated(board, recorder)
    board.confirm(mail)
    held = json.loads(board.ctl("person", "export", "Ann@Police.Example"))
    assert held["address"] == "ann@police.example"
    assert held["identity"][0]["name"] == "Ann <Amos>"
    assert [each["list"] for each in held["lists"]] == ["police"]
    duty = held["requirements"][0]
    assert (duty["ref"], duty["grade"]) == ("LTB-1", "confirmed")
    assert duty["acknowledged_at"] >= duty["required_at"] > 0
    assert held["mails"][0]["state"] == "accepted"
    assert held["attempts"][0]["code"] == 250
    public_id = held["identity"][0]["public_id"]
    kinds = {each["kind"] for each in held["events"]}
    assert {"delivery-planned", "delivery-accepted", "acknowledged"} <= kinds
    assert all(public_id in each["body"] + each["actor"]
               for each in held["events"])
    assert held["returned"] == []
    # and nothing of anyone else
    others = json.dumps(held)
    assert "bob" not in others.lower()
    assert board.value("SELECT p.public_id FROM person p JOIN identity i ON"
                       " i.person_id = p.id WHERE i.name = 'Bob Bell'") \
        not in others


def test_f10_as_a_page(board, recorder):
    circulated(board, recorder)
    page = board.ctl("person", "export", "ann@police.example", "--format",
                     "html")
    assert "Ann &lt;Amos&gt;" in page and "<Amos>" not in page
    text = re.sub(r"<[^>]+>", " ", page.split("</style>")[1])
    assert "Briefings that you were to confirm, and confirmed" in text
    assert "LTB-1" in text and "Bob" not in text
    # a moment is told as people read it
    assert not re.search(r"\b1[0-9]{9}\b", text.split("The record")[0])


def test_f20_what_can_not_be_exported(board, recorder):
    circulated(board, recorder)
    board.ctl("person", "export", "eve@police.example", code=1)
    assert "nothing is held of eve@police.example" in board.said
    board.ctl("person", "export", "no address", code=1)
    board.ctl("person", "export", code=2)
    board.ctl("person", "export", "ann@police.example", "--format", "pdf",
              code=2)
    assert "no such format: pdf" in board.said
