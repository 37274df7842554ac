"""What a list's lead is told each week, at the time that the list says, and how
it is looked at before."""
from test_delivery import begin, until_taken
from test_time import go_to, utc

ROWS = ["ann@police.example,Ann Ashdown", "bo@police.example,Bo Nagy"]


def weeks(recorder):
    return recorder.to("lead@police.example")


def one_of_two(board, recorder):
    """Bo has not confirmed what was sent on a Monday."""
    go_to(board, utc(2027, 5, 10, 6))
    begin(board, recorder, ROWS, lead_mail="wed 09:30")
    board.brief("LTB-1", acknowledge_within_days=20)
    until_taken(board)
    board.until(lambda: len(recorder.mails) == 2, "both mails")
    [mail] = recorder.to("ann@police.example")
    assert "It is recorded." in board.confirm(mail).text


def test_f10_it_comes_at_the_lists_own_time(clocked, recorder):
    board = clocked
    one_of_two(board, recorder)
    lead = board.facts("lead", "show", "police")
    assert lead["next_at"] == utc(2027, 5, 12, 8, 30).timestamp()
    go_to(board, utc(2027, 5, 12, 8, 29))
    assert not weeks(recorder)
    go_to(board, utc(2027, 5, 12, 8, 31))
    [mail] = board.until(lambda: weeks(recorder), "the lead's mail")
    assert "1/2, 50%; 1 outstanding" in mail.text
    assert "bo@police.example" in mail.text
    assert "Wednesdays, as long as" in mail.text.replace("\n", " ")
    go_to(board, utc(2027, 5, 17, 12))
    assert board.facts("lead", "show", "police")["next_at"] == \
        utc(2027, 5, 19, 8, 30).timestamp()
    assert len(weeks(recorder)) == 1


def test_f10_looking_at_it_sends_nothing(clocked, recorder):
    board = clocked
    one_of_two(board, recorder)
    go_to(board, utc(2027, 5, 12, 8))
    lead = board.facts("lead", "show", "police")
    assert {key: lead[key] for key in ("list", "lead", "lead_address",
                                       "reached", "goes_to", "lead_mail",
                                       "members", "unreachable")} == {
        "list": "police", "lead": "Lee Lead",
        "lead_address": "lead@police.example", "reached": True,
        "goes_to": "lead@police.example", "lead_mail": "wed 09:30",
        "members": 2, "unreachable": 0}
    [briefing] = lead["briefings"]
    assert (briefing["ref"], briefing["required"], briefing["acknowledged"],
            briefing["outstanding"]) == ("LTB-1", 2, 1, 1)
    said = board.ctl("lead", "show", "police")
    assert "Lee Lead, lead@police.example" in said
    assert "mail       reaches them" in said
    assert "LTB-1: 1/2, 50% confirmed; 1 outstanding" in said
    for options in ([], ["--html"]):
        mail = board.ctl("lead", "mail", "--preview", *options, "police")
        assert ("<html" in mail) == bool(options)
        assert "1/2, 50%" in mail and "A. Member" in mail
        # who has not confirmed is the agency's business
        assert "bo@police.example" not in mail and "Bo Nagy" not in mail
    assert board.value("SELECT count(*) FROM notice") == 0
    assert not weeks(recorder)


def test_f20_when_there_is_nothing_to_look_at(clocked, recorder):
    board = clocked
    begin(board, recorder, ROWS)
    board.ctl("lead", "mail", "--preview", "police", code=1)
    assert "no mail would go" in board.said
    for verb in (("show",), ("mail", "--preview")):
        board.ctl("lead", *verb, "nobody", code=1)
        assert "no list nobody" in board.said
    board.ctl("lead", "mail", "police", code=2)
    board.ctl("lead", "show", code=2)
    board.ctl("lead", code=2)
