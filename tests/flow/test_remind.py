"""Time passes: who has not confirmed is reminded, what is withdrawn is told."""
import datetime

from test_delivery import begin, until_taken
from test_time import go_to, utc

ANN, BOB = "ann@police.example", "bob@police.example"
ROWS = [f"{ANN},Ann", f"{BOB},Bob"]
DAY = datetime.timedelta(days=1)
# Monday; with 8 days it is due by the end of Tuesday 31 August 2027
SENT = utc(2027, 8, 23, 7)


def told(recorder, recipient):
    return [mail for mail in recorder.circulated if mail.recipient == recipient]


def begin_briefed(board, recorder, **conf):
    """Both got LTB-1 in Monday's slot."""
    go_to(board, SENT - DAY)
    begin(board, recorder, rows=ROWS, schedule="weekly mon 08:00",
          deadline_days=8, **conf)
    board.brief("LTB-1")
    until_taken(board, 1)
    go_to(board, SENT)
    board.until(lambda: len(recorder.circulated) == 2, "both mails")
    board.until(lambda: board.facts("status")["queue"]["accepted"] == 2,
                "both accepted")


def until_digests_end(board):
    board.until(lambda: board.value(
        "SELECT count(*) FROM digest WHERE state = 'planning'") == 0,
        "planning ends")


def test_f10_who_has_not_confirmed_is_reminded(clocked, recorder):
    board = clocked
    begin_briefed(board, recorder, reminders=[-4, -1, 1])
    assert board.confirm(recorder.to(ANN)[0]).status == 200
    # four days before is a Friday without a slot: a mail of its own
    go_to(board, SENT + 4 * DAY - datetime.timedelta(minutes=1))
    assert len(recorder.circulated) == 2
    go_to(board, SENT + 4 * DAY)
    board.until(lambda: len(recorder.circulated) == 3, "the first reminder")
    mail = recorder.to(BOB)[1]
    assert mail.message["subject"].startswith("Reminder: Child LTB-1")
    assert "Please confirm by Tuesday 31 August 2027" in mail.text
    # a day before is the bank holiday's Monday, with a slot and news: one mail
    board.brief("LTB-2")
    until_taken(board, 2)
    go_to(board, SENT + 7 * DAY)
    board.until(lambda: len(recorder.to(BOB)) == 3, "Monday's mail")
    mail = recorder.to(BOB)[2]
    assert "LTB-2" in mail.message["subject"] and "STILL TO CONFIRM" in mail.text
    board.until(lambda: len(recorder.to(ANN)) == 2, "Ann's mail")
    assert "STILL TO CONFIRM" not in recorder.to(ANN)[1].text
    # it is overdue; its link confirms what it reminds of
    go_to(board, SENT + 9 * DAY)
    board.until(lambda: len(recorder.to(BOB)) == 4, "the last reminder")
    mail = recorder.to(BOB)[3]
    assert "It was due on Tuesday 31 August 2027" in mail.text
    assert board.confirm(mail).status == 200
    assert board.value("SELECT count(*) FROM requirement"
                       " WHERE acknowledged_at IS NULL") == 2
    count = len(recorder.circulated)
    for days in range(10, 14):
        go_to(board, SENT + days * DAY)
        until_digests_end(board)
    reminders = board.rows("SELECT number FROM reminder x JOIN requirement r"
                           " ON r.id = requirement_id WHERE version_id = 1"
                           " ORDER BY 1")
    assert reminders == [(1,), (2,), (3,)]
    assert all("LTB-1" not in mail.text for mail in recorder.circulated[count:])
    assert board.value("SELECT count(*) FROM event"
                       " WHERE kind = 'reminder-planned'") >= 3
    board.invariants()
    board.ctl("evidence", "verify")


def test_f20_confirmed_while_quiet_hours_hold_the_reminder(clocked, recorder):
    board = clocked
    begin_briefed(board, recorder)
    board.list("police", ROWS, schedule="weekly mon 08:00", deadline_days=8,
               reminders=[1], quiet_hours="07:00-10:00")
    board.until(lambda: board.value("SELECT quiet_hours FROM list"),
                "the quiet hours")
    go_to(board, SENT + 9 * DAY)
    board.until(lambda: board.value("SELECT count(*) FROM reminder") == 2,
                "both reminders are planned")
    assert board.confirm(recorder.to(ANN)[0]).status == 200
    go_to(board, SENT + 9 * DAY + datetime.timedelta(hours=3))
    board.until(lambda: len(recorder.circulated) == 3, "Bob's reminder")
    assert recorder.circulated[-1].message["subject"].startswith("Reminder")
    assert len(recorder.to(ANN)) == 1


def test_f10_a_withdrawal_is_told_once(clocked, recorder):
    board = clocked
    begin_briefed(board, recorder)
    assert board.confirm(recorder.to(ANN)[0]).status == 200
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "A name in it.")
    go_to(board, SENT + DAY)
    board.until(lambda: len(recorder.circulated) == 4, "both are told")
    for address in (ANN, BOB):
        mail = recorder.to(address)[1]
        assert mail.message["subject"].startswith("Withdrawn: Child LTB-1")
        assert "A name in it." not in mail.text
    page = board.get(recorder.to(BOB)[1].link)
    assert page.status == 200 and "withdrawn" in page.text
    for days in range(2, 9):
        go_to(board, SENT + days * DAY)
        until_digests_end(board)
    assert len(recorder.circulated) == 4
    board.invariants()
    board.ctl("evidence", "verify")


def test_f20_a_withdrawal_is_told_at_once(clocked, recorder):
    """Also to who had a mail today, and once; but not in quiet hours."""
    board = clocked
    begin_briefed(board, recorder)
    withdraw = ("briefing", "withdraw", "LTB-1", "--reason", "A name in it.")
    assert "is withdrawn" in board.ctl(*withdraw)
    until_digests_end(board)
    assert len(recorder.circulated) == 2
    board.list("police", ROWS, schedule="weekly mon 08:00", deadline_days=8,
               quiet_hours="07:00-10:00")
    board.until(lambda: board.value("SELECT quiet_hours FROM list"),
                "the quiet hours")
    told = board.ctl(*withdraw, "--tell-now")
    assert "was withdrawn before" in told and "is told now" in told
    board.until(lambda: board.value("SELECT count(*) FROM withdrawal_told") == 2,
                "both are to be told")
    assert len(recorder.circulated) == 2
    go_to(board, SENT + datetime.timedelta(hours=2))
    board.until(lambda: len(recorder.circulated) == 4, "both are told")
    for address in (ANN, BOB):
        mail = recorder.to(address)[1]
        assert mail.message["subject"].startswith("Withdrawn: Child LTB-1")
    board.ctl(*withdraw, "--tell-now")
    until_digests_end(board)
    for days in range(1, 8):
        go_to(board, SENT + days * DAY)
        until_digests_end(board)
    assert len(recorder.circulated) == 4
    board.invariants()


def test_f20_nobody_is_told_in_a_rehearsal(board, recorder):
    board.relay(recorder)
    board.list("police", ROWS)
    board.start()
    board.brief("LTB-1")
    board.until(lambda: len(recorder.circulated) == 2, "the rehearsal's mails")
    board.ctl("briefing", "withdraw", "LTB-1", "--reason", "A name in it.",
              "--tell-now", code=1)
    assert "in a rehearsal nobody is told" in board.said
    assert board.value("SELECT count(*) FROM briefing"
                       " WHERE withdrawn_at IS NOT NULL") == 1


def test_f10_lead_and_board_member_are_told_what_is_overdue(clocked, recorder):
    board = clocked
    begin_briefed(board, recorder, escalate_to_lead_days=3,
                  escalate_to_board_days=9, board_member="Bea Board",
                  board_member_address="bea@police.example")
    assert board.confirm(recorder.to(ANN)[0]).status == 200
    go_to(board, SENT + 10 * DAY)
    assert len(recorder.circulated) == 2
    # due on Tuesday 31 August: Friday 3 September
    go_to(board, SENT + 11 * DAY)
    lead = board.until(lambda: told(recorder, "lead@police.example"),
                       "the lead's mail")[0]
    assert "* Bob" in lead.text and "Ann" not in lead.text
    go_to(board, SENT + 17 * DAY)
    member = board.until(lambda: recorder.to("bea@police.example"),
                         "the board member's mail")[0]
    assert "Fewer than 5 people" in member.text and "Bob" not in member.text
    assert [to for to, in board.rows(
        "SELECT json_extract(body, '$.to') FROM event"
        " WHERE kind = 'escalated'")] == ["lead", "board"]
    for days in range(18, 25):
        go_to(board, SENT + days * DAY)
        until_digests_end(board)
    assert len(recorder.circulated) == 4


def test_f10_a_joiner_meets_the_back_catalogue(clocked, recorder):
    """One a week, history too; who was there before gets none of it."""
    board = clocked
    go_to(board, SENT - DAY)
    begin(board, recorder, rows=ROWS, schedule="weekly mon 08:00",
          catalogue_per_week=1)
    for number in (1, 2):
        board.brief(f"LTB-{number}", essential=True, already_circulated=True,
                    approved_on=f"2021-03-0{number}")
    board.brief("LTB-3", already_circulated=True)
    until_taken(board, 3)
    board.list("police", [f"{ANN},Ann,", f"{BOB},Bob,",
                          "cy@police.example,Cy,2027-08-01"],
               header="address,name,since", schedule="weekly mon 08:00",
               catalogue_per_week=1)
    board.until(lambda: board.facts("list", "show")[0]["members"] == 3,
                "Cy is on the list")
    for number, week in ((1, 0), (2, 7)):
        go_to(board, SENT + week * DAY)
        board.until(lambda: len(recorder.circulated) == number, f"mail {number}")
        # the newest first
        assert f"LTB-{3 - number}" in recorder.circulated[-1].text
        assert recorder.circulated[-1].recipient == "cy@police.example"
    go_to(board, SENT + 14 * DAY)
    until_digests_end(board)
    assert len(recorder.circulated) == 2
    board.invariants()
    board.ctl("evidence", "verify")
